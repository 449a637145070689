#include "analysis/pipelines/current_voltage.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

struct Curve {
  std::vector<double> set_v, voltage_v, current_a;
  std::vector<std::uint8_t> compliance;
  [[nodiscard]] CurrentVoltageResult analyse() const {
    return analyse_current_voltage({set_v, voltage_v, current_a, compliance});
  }
};

/// Triangle 0, 1, -1, 0 V; `loop_a` more current while the voltage falls.
Curve curve(
    double siemens, double offset_a, double loop_a, double noise_a, std::uint64_t seed = 1) {
  constexpr int steps = 20;
  RandomStream draw(seed, Purpose::test_data);
  Curve out;
  for (int k = 0; k <= 4 * steps; ++k) {
    const bool falling = k > steps && k <= 3 * steps;
    const int part = falling ? 2 * steps - k : k <= steps ? k : k - 4 * steps;
    const double v = static_cast<double>(part) / steps;
    out.set_v.push_back(v);
    out.voltage_v.push_back(v);
    out.current_a.push_back(siemens * v + offset_a + (falling ? loop_a : 0.0) +
                            noise_a * draw.normal());
    out.compliance.push_back(0);
  }
  return out;
}

TEST(LineFit, OfPointsOnALineIsThatLine) {
  const std::vector<double> v{-1.0, 0.5, 2.0, 7.0};
  std::vector<double> a;
  for (const double x : v) {
    a.push_back(3.0 * x - 2.0);
  }
  const LineFit fit = fit_line(v, a);
  EXPECT_NEAR(fit.conductance_siemens.value, 3.0, 1e-12);
  EXPECT_NEAR(fit.offset_a.value, -2.0, 1e-12);
  EXPECT_NEAR(fit.scatter_a, 0.0, 1e-12);
  EXPECT_THROW(static_cast<void>(fit_line(std::vector{1.0, 1.0, 1.0}, std::vector{1.0, 2.0, 3.0})),
               ParameterError);
}

TEST(CurrentVoltage, ItsErrorsMayBeBelieved) {
  constexpr std::size_t repeats = 400;
  std::vector<double> found, sigmas, offsets, offset_sigmas, none, none_sigmas;
  for (std::size_t k = 0; k < repeats; ++k) {
    const auto r = curve(1e-9, 2e-12, 0.0, 5e-11, k).analyse();
    found.push_back(r.both.conductance_siemens.value);
    sigmas.push_back(r.both.conductance_siemens.sigma);
    offsets.push_back(r.both.offset_a.value);
    offset_sigmas.push_back(r.both.offset_a.sigma);
    none.push_back(r.hysteresis_siemens.value);
    none_sigmas.push_back(r.hysteresis_siemens.sigma);
  }
  const auto expect_calibrated =
      [](const std::vector<double>& values, const std::vector<double>& errors, double truth) {
        const Coverage c = coverage(values, errors, std::vector<double>(repeats, truth));
        EXPECT_NEAR(c.share, 0.683, 4.0 * std::sqrt(0.683 * 0.317 / repeats));
        EXPECT_NEAR(c.pull_mean, 0.0, 4.0 / std::sqrt(repeats));
      };
  expect_calibrated(found, sigmas, 1e-9);
  expect_calibrated(offsets, offset_sigmas, 2e-12);
  expect_calibrated(none, none_sigmas, 0.0);
}

TEST(CurrentVoltage, TellsTheTwoDirectionsApart) {
  const auto r = curve(1e-9, 0.0, 3e-10, 1e-12).analyse();
  EXPECT_NEAR(r.hysteresis_a.value, -3e-10, 5.0 * r.hysteresis_a.sigma);
  EXPECT_NEAR(r.hysteresis_siemens.value, 0.0, 5.0 * r.hysteresis_siemens.sigma);
  EXPECT_EQ(r.rising.points + r.falling.points + 1, r.both.points) << "the first has no direction";
  EXPECT_EQ(r.falling.points, 40U);
}

TEST(CurrentVoltage, NullFollowsNoOhmicLoad) {
  const auto r = curve(1e-9, 1e-10, 0.0, 0.0).analyse();
  EXPECT_NEAR(r.null_siemens.value, 0.0, 1e-20);
  EXPECT_NEAR(r.both.conductance_siemens.value, 1e-9, 1e-18);
}

TEST(CurrentVoltage, StepsAtTheCurrentLimitCountForNothing) {
  Curve c = curve(1e-9, 0.0, 0.0, 0.0);
  for (std::size_t k = 10; k < c.current_a.size(); ++k) {
    c.compliance[k] = k == 10 ? 1 : 255;
    c.voltage_v[k] = k == 10 ? 0.01 : nan;
    c.current_a[k] = k == 10 ? 5e-10 : nan;
  }
  const auto r = c.analyse();
  EXPECT_EQ(r.left_out, 71U);
  EXPECT_NEAR(r.both.conductance_siemens.value, 1e-9, 1e-18);
  EXPECT_EQ(r.falling.points, 0U);
  EXPECT_TRUE(std::isnan(r.hysteresis_siemens.value));
  EXPECT_TRUE(std::isnan(r.null_siemens.value));
  for (std::size_t k = 2; k < c.current_a.size(); ++k) {
    c.compliance[k] = 1;
  }
  EXPECT_THROW(static_cast<void>(c.analyse()), DataError);
}

}  // namespace
}  // namespace halotwin::analysis
