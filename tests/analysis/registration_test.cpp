#include "analysis/registration.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

/// A smooth random landscape that can be asked anywhere: waves of 6 to 25 pixels.
class Landscape {
 public:
  explicit Landscape(std::uint64_t seed) {
    RandomStream draw(seed, Purpose::test_data, 1);
    for (Wave& w : waves_) {
      const double k = 2 * constants::pi / draw.uniform(6.0, 25.0);
      const double angle = draw.uniform(0.0, 2 * constants::pi);
      w = {k * std::cos(angle), k * std::sin(angle), draw.uniform(0.0, 2 * constants::pi)};
    }
  }
  [[nodiscard]] double at(double x, double y) const {
    double sum = 0.0;
    for (const Wave& w : waves_) {
      sum += std::cos(w.kx * x + w.ky * y + w.phase);
    }
    return sum / std::sqrt(0.5 * static_cast<double>(waves_.size()));
  }
  [[nodiscard]] std::vector<double> map(
      std::size_t nx, std::size_t ny, double shift_x, double shift_y, double slow_x = 0.0) const {
    std::vector<double> out;
    for (std::size_t y = 0; y < ny; ++y) {
      const double place = static_cast<double>(y) / static_cast<double>(ny - 1) - 0.5;
      for (std::size_t x = 0; x < nx; ++x) {
        out.push_back(at(static_cast<double>(x) - shift_x - slow_x * place,
                         static_cast<double>(y) - shift_y));
      }
    }
    return out;
  }

 private:
  struct Wave {
    double kx = 0.0, ky = 0.0, phase = 0.0;
  };
  std::array<Wave, 40> waves_{};
};

void add_noise(std::vector<double>& map, double sigma, std::uint64_t seed) {
  RandomStream draw(seed, Purpose::test_data, 2);
  for (double& v : map) {
    v += sigma * draw.normal();
  }
}

constexpr std::size_t n = 64;

TEST(Registration, FindsASubPixelShiftExactlyWithoutNoise) {
  const Landscape land(1);
  const auto first = land.map(n, n, 0, 0);
  for (const auto& [dx, dy] : {std::pair{2.37, -3.61}, std::pair{0.0, 0.0}, std::pair{-0.5, 5.5}}) {
    const auto second = land.map(n, n, dx, dy);
    const Registration r = register_maps({first, n, n}, {second, n, n});
    ASSERT_TRUE(r.found());
    EXPECT_NEAR(r.shift_x_pixels.value, dx, 1e-2);
    EXPECT_NEAR(r.shift_y_pixels.value, dy, 1e-2);
    EXPECT_NEAR(r.gain, 1.0, 0.02);
  }
}

RC_GTEST_PROP(RegistrationProperty, ScaleOffsetAndPlaneDoNotMatter, ()) {
  const Landscape land(*rc::gen::inRange<std::uint64_t>(1, 50));
  const double dx = *rc::gen::inRange(-25, 26) / 10.0;
  const double dy = *rc::gen::inRange(-25, 26) / 10.0;
  const double gain = std::pow(10.0, *rc::gen::inRange(-90, 91) / 10.0);
  constexpr std::size_t side = 48;
  RegistrationParams p;
  p.largest_shift_pixels = 5;
  const auto first = land.map(side, side, 0, 0);
  auto second = land.map(side, side, dx, dy);
  const Registration plain = register_maps({first, side, side}, {second, side, side}, p);
  for (std::size_t k = 0; k < second.size(); ++k) {
    second[k] = gain * (second[k] + 3.0 + 0.1 * static_cast<double>(k % side));
  }
  const Registration scaled = register_maps({first, side, side}, {second, side, side}, p);
  RC_ASSERT(plain.found() == scaled.found());
  RC_PRE(plain.found());  // a few landscapes have too few structures to be significant
  RC_ASSERT(std::abs(scaled.shift_x_pixels.value - plain.shift_x_pixels.value) < 1e-4);
  RC_ASSERT(std::abs(scaled.shift_y_pixels.value - plain.shift_y_pixels.value) < 1e-4);
  RC_ASSERT(std::abs(scaled.gain / gain / plain.gain - 1.0) < 1e-3);
}

TEST(Registration, ErrorsAreThoseOfRepeatedMeasurements) {
  for (const double noise : {0.3, 1.0}) {
    std::vector<double> pulls;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const Landscape land(seed);
      auto first = land.map(n, n, 0, 0);
      auto second = land.map(n, n, 1.3, -0.6);
      add_noise(first, noise, 2 * seed);
      add_noise(second, noise, 2 * seed + 1);
      const Registration r = register_maps({first, n, n}, {second, n, n});
      ASSERT_TRUE(r.found());
      pulls.push_back((r.shift_x_pixels.value - 1.3) / r.shift_x_pixels.sigma);
      pulls.push_back((r.shift_y_pixels.value + 0.6) / r.shift_y_pixels.sigma);
    }
    EXPECT_NEAR(mean(pulls), 0.0, 0.35) << "noise " << noise;
    EXPECT_NEAR(standard_deviation(pulls), 1.0, 0.3) << "noise " << noise;
  }
}

TEST(Registration, RefusesMapsWithNothingInCommon) {
  int false_alarms = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto first = Landscape(seed).map(n, n, 0, 0);
    const auto second = Landscape(seed + 1000).map(n, n, 0, 0);
    const Registration r = register_maps({first, n, n}, {second, n, n});
    false_alarms += r.found() ? 1 : 0;
  }
  EXPECT_EQ(false_alarms, 0);
  std::vector<double> noise(n * n);
  add_noise(noise, 1.0, 3);
  const auto land = Landscape(1).map(n, n, 0, 0);
  EXPECT_EQ(register_maps({land, n, n}, {noise, n, n}).status,
            RegistrationStatus::no_common_structure);
}

TEST(Registration, SaysWhenTheShiftLiesBeyondTheSearch) {
  const Landscape land(4);
  RegistrationParams p;
  p.largest_shift_pixels = 3;
  const auto first = land.map(n, n, 0, 0);
  const Registration r = register_maps({first, n, n}, {land.map(n, n, 4.6, 0), n, n}, p);
  EXPECT_FALSE(r.found());
}

TEST(Registration, ConstantAndMissingMapsAreNotFound) {
  const std::vector<double> flat(n * n, 1.0);
  EXPECT_FALSE(register_maps({flat, n, n}, {flat, n, n}).found());
  const std::vector<double> missing(n * n, nan);
  const auto land = Landscape(1).map(n, n, 0, 0);
  EXPECT_EQ(register_maps({land, n, n}, {missing, n, n}).status, RegistrationStatus::too_small);
  EXPECT_FALSE(register_maps({}, {}).found());
  EXPECT_THROW((void)register_maps({land, n, n + 1}, {land, n, n}), ParameterError);
}

TEST(Registration, AnInvertedMapMatchesOnlyIfAskedFor) {
  const Landscape land(5);
  const auto first = land.map(n, n, 0, 0);
  auto second = land.map(n, n, 1.4, 2.2);
  for (double& v : second) {
    v = -v;
  }
  RegistrationParams p;
  p.either_sign = true;
  const Registration r = register_maps({first, n, n}, {second, n, n}, p);
  ASSERT_TRUE(r.found());
  EXPECT_NEAR(r.shift_x_pixels.value, 1.4, 5e-3);
  EXPECT_LT(r.gain, 0.0);
  const Registration other = register_maps({first, n, n}, {second, n, n});
  EXPECT_TRUE(!other.found() || std::abs(other.shift_x_pixels.value - 1.4) > 0.5);
}

TEST(Registration, SlowDriftIsFoundBesideTheShift) {
  const Landscape land(6);
  const auto first = land.map(n, n, 0, 0);
  const auto second = land.map(n, n, 0.8, -1.1, 1.5);
  RegistrationParams p;
  p.slow_drift = true;
  const Registration r = register_maps({first, n, n}, {second, n, n}, p);
  ASSERT_TRUE(r.found());
  EXPECT_NEAR(r.shift_x_pixels.value, 0.8, 0.02);
  EXPECT_NEAR(r.slow_x_pixels.value, 1.5, 0.05);
  EXPECT_NEAR(r.slow_y_pixels.value, 0.0, 0.05);
}

TEST(Registration, ResamplingBringsTheSecondMapBackAndFillsNothing) {
  const Landscape land(7);
  const auto first = land.map(n, n, 0, 0);
  auto second = land.map(n, n, 3.3, -2.2);
  second[20 * n + 30] = nan;
  const Registration r = register_maps({first, n, n}, {second, n, n});
  ASSERT_TRUE(r.found());
  const auto back = on_first({second, n, n}, r, n, n);
  std::size_t known = 0;
  for (std::size_t p = 0; p < back.size(); ++p) {
    if (std::isfinite(back[p])) {
      ++known;
      EXPECT_NEAR(back[p], first[p], 0.06);
    }
  }
  EXPECT_LT(known, n * n);
  EXPECT_GT(known, (n - 8) * (n - 8));
  EXPECT_TRUE(std::isnan(back[22 * n + 27]));  // the missing pixel
  EXPECT_TRUE(std::isnan(back[10 * n + n - 1]));
}

TEST(Registration, SameBitsForAnyNumberOfThreads) {
  const Landscape land(8);
  const auto first = land.map(n, n, 0, 0);
  const auto second = land.map(n, n, 1.1, 0.3);
  const Registration one = register_maps({first, n, n}, {second, n, n}, {}, {1});
  const Registration three = register_maps({first, n, n}, {second, n, n}, {}, {3});
  EXPECT_EQ(one.shift_x_pixels.value, three.shift_x_pixels.value);
  EXPECT_EQ(one.shift_y_pixels.sigma, three.shift_y_pixels.sigma);
  EXPECT_EQ(one.significance, three.significance);
}

}  // namespace
}  // namespace halotwin::analysis
