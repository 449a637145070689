#include "analysis/peaks.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

const std::vector<double> f = log_spacing(100.0, 8000.0, 64);

std::vector<double> spectrum(double (*y)(double)) {
  std::vector<double> v;
  for (const double x : f) {
    v.push_back(y(x));
  }
  return v;
}

double debye(double x, double centre) {
  return x / centre / (1.0 + x * x / (centre * centre));
}

TEST(ThreePointPeak, IsExactForAParabolaInTheLogarithm) {
  const auto v = spectrum([](double x) {
    const double u = std::log(x / 1234.0);
    return 2.0 - 3.0 * u * u;
  });
  const auto top = static_cast<std::size_t>(std::max_element(v.begin(), v.end()) - v.begin());
  const auto peak = three_point_peak({f, v, {}}, top);
  ASSERT_TRUE(peak.usable());
  EXPECT_NEAR(peak.position_hz, 1234.0, 1e-8);
  EXPECT_NEAR(peak.height, 2.0, 1e-12);
}

TEST(WidePeak, FindsADebyePeakWithoutBias) {
  // Symmetric in ln f; what is left comes from the grid, not from the shape.
  for (const double centre : {400.0, 584.0, 1000.0, 1500.0}) {
    std::vector<double> v;
    for (const double x : f) {
      v.push_back(debye(x, centre));
    }
    const auto peak = wide_peak({f, v, {}}, 1.3 * centre);
    ASSERT_TRUE(peak.usable());
    EXPECT_NEAR(peak.position_hz / centre, 1.0, 2e-3);
  }
}

TEST(WidePeak, ErrorCoversTheScatterOverNoise) {
  std::vector<double> v(f.size());
  const std::vector<double> sigma(f.size(), 0.01);
  std::vector<double> positions;
  double stated = 0.0;
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    RandomStream draw(3, Purpose::test_data, trial);
    for (std::size_t i = 0; i < f.size(); ++i) {
      v[i] = debye(f[i], 900.0) + 0.01 * draw.normal();
    }
    const auto peak = wide_peak({f, v, sigma}, 900.0);
    ASSERT_TRUE(peak.usable());
    positions.push_back(peak.position_hz);
    stated += peak.position_sigma_hz / 300.0;
  }
  // The window follows the vertex, which the first-order error leaves out.
  EXPECT_NEAR(standard_deviation(positions) / stated, 1.0, 0.3);
}

TEST(ThreePointPeak, ErrorCoversTheScatterOverNoise) {
  std::vector<double> positions;
  std::vector<double> v(f.size());
  const std::vector<double> sigma(f.size(), 0.002);
  double stated = 0.0;
  for (std::uint32_t trial = 0; trial < 400; ++trial) {
    RandomStream draw(4, Purpose::test_data, trial);
    for (std::size_t i = 0; i < f.size(); ++i) {
      const double u = std::log(f[i] / 1003.0) / 0.2;
      v[i] = std::exp(-0.5 * u * u) + 0.002 * draw.normal();
    }
    const auto peak = three_point_peak({f, v, sigma}, 33);
    ASSERT_TRUE(peak.usable());
    positions.push_back(peak.position_hz);
    stated += peak.position_sigma_hz / 400.0;
  }
  // 400 trials: 3.5 % standard error.
  EXPECT_NEAR(standard_deviation(positions) / stated, 1.0, 0.15);
}

TEST(FindPeaks, FindsTwoLinesNearTheirGuesses) {
  const auto v = spectrum([](double x) {
    const double a = std::log(x / 1050.0) / 0.2;
    const double b = std::log(x / 1950.0) / 0.2;
    return std::exp(-0.5 * a * a) + 0.5 * std::exp(-0.5 * b * b);
  });
  const auto peaks = find_peaks({f, v, {}}, std::vector<double>{1000.0, 2000.0});
  ASSERT_TRUE(peaks[0].usable());
  ASSERT_TRUE(peaks[1].usable());
  EXPECT_NEAR(peaks[0].position_hz, 1050.0, 15.0);
  EXPECT_NEAR(peaks[1].position_hz, 1950.0, 40.0);
}

TEST(FindPeaks, TwoDebyeLinesAFactorTwoApartAreNotResolved) {
  // Debye loss peaks merge below a ratio of 5.8.
  const auto v = spectrum([](double x) { return debye(x, 1000.0) + debye(x, 2000.0); });
  const auto peaks = find_peaks({f, v, {}}, std::vector<double>{1000.0, 2000.0});
  EXPECT_EQ(peaks[0].status, PeakStatus::not_resolved);
  EXPECT_EQ(peaks[1].status, PeakStatus::not_resolved);
  EXPECT_GT(peaks[1].height, 0.0);
}

TEST(FindPeaks, NoiseOnASlopeIsNoPeak) {
  const std::vector<double> sigma(f.size(), 0.01);
  int found = 0;
  for (std::uint32_t trial = 0; trial < 100; ++trial) {
    RandomStream draw(5, Purpose::test_data, trial);
    std::vector<double> v;
    for (const double x : f) {
      v.push_back(1.0 - 0.1 * std::log(x / 100.0) + 0.01 * draw.normal());
    }
    for (const auto& p : find_peaks({f, v, sigma}, std::vector<double>{1000.0, 2000.0})) {
      found += p.usable() ? 1 : 0;
    }
  }
  EXPECT_LE(found, 10);  // of 200
}

TEST(FindPeaks, EmptyAndShortSpectraHaveNoData) {
  const auto peaks = find_peaks({}, std::vector<double>{1000.0});
  EXPECT_EQ(peaks[0].status, PeakStatus::no_data);
}

TEST(ValueAt, InterpolatesInTheLogarithm) {
  const std::vector<double> x{100.0, 1000.0};
  const std::vector<double> y{0.0, 1.0};
  EXPECT_NEAR(value_at({x, y, {}}, std::sqrt(1e5)).value, 0.5, 1e-12);
  EXPECT_EQ(value_at({x, y, {}}, 50.0).value, 0.0);
}

}  // namespace
}  // namespace halotwin::analysis
