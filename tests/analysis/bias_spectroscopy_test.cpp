// Parabolas of the detuning against the bias, with their uncertainty; what is no parabola.
#include "analysis/pipelines/bias_spectroscopy.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

const std::vector<double> bias_v = linear_spacing(-0.9, 2.1, 61);

/// phi = -atan2(r / Q, 1 + k - r^2), the lever's formula, with an offset of the controller's.
double phase_of(const LeverTune& lever, double relative_stiffness) {
  const double r = lever.drive_hz / lever.resonance_hz;
  return -std::atan2(r / lever.quality_factor, 1.0 + relative_stiffness - r * r) +
         lever.phase_on_resonance_rad + 0.5 * constants::pi;
}

/// A curve there and back of a place with this potential; `quartic` is the bending.
std::vector<double> curve(const LeverTune& lever,
                          double potential_v,
                          double noise_rad,
                          RandomStream& draw,
                          double quartic = 0.0,
                          double hysteresis_v = 0.0) {
  std::vector<double> out;
  for (const int way : {0, 1}) {
    const double apex_v = potential_v + (way == 0 ? 0.5 : -0.5) * hysteresis_v;
    for (const double v : bias_v) {
      const double d2 = (v - apex_v) * (v - apex_v);
      out.push_back(phase_of(lever, -2.3e-3 * d2 * (1.0 + quartic * d2)) +
                    noise_rad * draw.normal());
    }
  }
  return out;
}

TEST(Parabola, IsFoundExactly) {
  std::vector<double> y;
  for (const double v : bias_v) {
    const double d = v - 0.37;
    y.push_back(3.0 - 80.0 * d * d - 1.5 * d * d * d * d);
  }
  const ParabolaFit fit = fit_parabola(bias_v, y, {}, true);
  EXPECT_TRUE(fit.found);
  EXPECT_NEAR(fit.apex.value, 0.37, 1e-9);
  EXPECT_NEAR(fit.curvature.value, -80.0, 1e-6);
  EXPECT_NEAR(fit.quartic, -1.5, 1e-6);
  EXPECT_NEAR(fit.offset, 3.0, 1e-7);
  // off its middle a parabola alone is drawn aside by the fourth power
  EXPECT_GT(std::abs(fit_parabola(bias_v, y, {}, false).apex.value - 0.37), 1e-3);
}

TEST(Parabola, SigmasAreThoseOfManyRepeats) {
  for (const bool quartic : {false, true}) {
    constexpr int repeats = 2000;
    double squares = 0.0;
    double pulls = 0.0;
    double curvature_pulls = 0.0;
    for (int k = 0; k < repeats; ++k) {
      RandomStream draw(1, Purpose::test_data, static_cast<std::uint32_t>(k));
      std::vector<double> y;
      for (const double v : bias_v) {
        y.push_back(-80.0 * (v - 0.5) * (v - 0.5) + 2.0 * draw.normal());
      }
      const ParabolaFit fit = fit_parabola(bias_v, y, {}, quartic);
      squares += std::pow(fit.apex.value - 0.5, 2.0);
      pulls += std::pow((fit.apex.value - 0.5) / fit.apex.sigma, 2.0);
      curvature_pulls += std::pow((fit.curvature.value + 80.0) / fit.curvature.sigma, 2.0);
    }
    EXPECT_NEAR(std::sqrt(pulls / repeats), 1.0, 0.07) << quartic;
    EXPECT_NEAR(std::sqrt(curvature_pulls / repeats), 1.0, 0.07) << quartic;
    EXPECT_LT(std::sqrt(squares / repeats), 4e-3);
  }
}

TEST(Parabola, PointsOfNoWeightDoNotCount) {
  std::vector<double> y;
  std::vector<double> weights(bias_v.size(), 1.0);
  for (const double v : bias_v) {
    y.push_back(-80.0 * (v - 0.5) * (v - 0.5));
  }
  y[3] = 1e6;
  weights[3] = 0.0;
  y[5] = nan;
  EXPECT_NEAR(fit_parabola(bias_v, y, weights, true).apex.value, 0.5, 1e-9);
}

TEST(Parabola, IsNotFoundWhereThereIsNone) {
  std::vector<double> line;
  std::vector<double> noise;
  RandomStream draw(1, Purpose::test_data);
  for (const double v : bias_v) {
    line.push_back(v + 0.1 * draw.normal());
    noise.push_back(draw.normal());
  }
  EXPECT_FALSE(fit_parabola(bias_v, line, {}, true).found);
  EXPECT_FALSE(fit_parabola(bias_v, noise, {}, true).found);
  const std::vector<double> few{1.0, 2.0, 3.0};
  EXPECT_FALSE(fit_parabola(few, few, {}, false).found);
  EXPECT_FALSE(fit_parabola(bias_v, std::vector<double>(61, 1.0), {}, true).found);
}

TEST(Detuning, IsWhatThePhaseOfTheLeverTells) {
  for (const double drive_hz : {75e3, 75.1e3, 74.8e3}) {
    LeverTune lever;
    lever.drive_hz = drive_hz;
    lever.phase_on_resonance_rad = 0.4;  // whatever the controller's phases count from
    for (const double k : {0.0, 1e-3, -5e-3}) {
      EXPECT_NEAR(detuning_hz(lever, phase_of(lever, k)),
                  lever.resonance_hz * (std::sqrt(1.0 + k) - 1.0),
                  1e-6);
    }
  }
}

struct Film {
  std::vector<double> phase_rad, potential_v;
};

Film film(double noise_rad, double quartic = 0.0, double hysteresis_v = 0.0) {
  Film out;
  for (std::uint32_t k = 0; k < 200; ++k) {
    RandomStream draw(1, Purpose::test_data, k);
    out.potential_v.push_back(0.55 + 0.02 * draw.normal());
    const auto one = curve({}, out.potential_v.back(), noise_rad, draw, quartic, hysteresis_v);
    out.phase_rad.insert(out.phase_rad.end(), one.begin(), one.end());
  }
  return out;
}

TEST(BiasSpectroscopy, GivesThePotentialsWithTheirUncertainty) {
  const Film truth = film(5e-3, 0.01);
  const BiasSpectroscopyResult r =
      analyse_bias_spectroscopy({.bias_v = bias_v, .phase_rad = truth.phase_rad});
  EXPECT_EQ(r.measured, 200U);
  EXPECT_EQ(r.resolved, 1.0);
  EXPECT_LT(r.null_resolved, 0.02);
  double pulls = 0.0;
  for (std::size_t k = 0; k < 200; ++k) {
    const Estimate& v = r.places[k].potential_v;
    pulls += std::pow((v.value - truth.potential_v[k]) / v.sigma, 2.0) / 200.0;
  }
  EXPECT_NEAR(std::sqrt(pulls), 1.0, 0.2);
  EXPECT_NEAR(r.excess_scatter, 1.0, 0.2);
  EXPECT_NEAR(r.contrast_v, 0.02, 0.003);
  EXPECT_NEAR(r.mean_v.value, 0.55, 4.0 * r.mean_v.sigma);
  EXPECT_NEAR(r.mean_curvature.value, -0.5 * 75e3 * 2.3e-3, 1.0);
  EXPECT_LT(std::abs(r.mean_hysteresis_v.value), 4.0 * r.mean_hysteresis_v.sigma);
  EXPECT_TRUE(std::isnan(r.against_metal_v.value));
}

TEST(BiasSpectroscopy, HysteresisIsRisingLessFalling) {
  const Film truth = film(1e-3, 0.0, 0.01);
  const BiasSpectroscopyResult r =
      analyse_bias_spectroscopy({.bias_v = bias_v, .phase_rad = truth.phase_rad});
  EXPECT_NEAR(r.mean_hysteresis_v.value, 0.01, 1e-3);
}

TEST(BiasSpectroscopy, MetalIsTakenOff) {
  const Film truth = film(1e-3);
  std::vector<double> metal;
  for (std::uint32_t k = 1000; k < 1004; ++k) {
    RandomStream draw(1, Purpose::test_data, k);
    const auto one = curve({}, 0.6, 1e-3, draw);
    metal.insert(metal.end(), one.begin(), one.end());
  }
  const BiasSpectroscopyResult r = analyse_bias_spectroscopy(
      {.bias_v = bias_v, .phase_rad = truth.phase_rad, .reference_rad = metal});
  EXPECT_NEAR(r.metal_v.value, 0.6, 1e-3);
  EXPECT_NEAR(r.against_metal_v.value, r.mean_v.value - r.metal_v.value, 1e-12);
}

// The null: nothing pulls at the lever.
TEST(BiasSpectroscopy, WithoutAFieldNothingIsFound) {
  std::vector<double> phase_rad;
  RandomStream draw(1, Purpose::test_data);
  for (std::size_t k = 0; k < 100 * 2 * bias_v.size(); ++k) {
    phase_rad.push_back(-0.5 * constants::pi + 5e-3 * draw.normal());
  }
  const BiasSpectroscopyResult r =
      analyse_bias_spectroscopy({.bias_v = bias_v, .phase_rad = phase_rad});
  EXPECT_LT(r.resolved, 0.02);
}

TEST(BiasSpectroscopy, PlacesThatWereNotMeasuredAreLeftOut) {
  Film truth = film(1e-3);
  for (std::size_t k = 0; k < 2 * bias_v.size(); ++k) {
    truth.phase_rad[k] = nan;
  }
  const BiasSpectroscopyResult r =
      analyse_bias_spectroscopy({.bias_v = bias_v, .phase_rad = truth.phase_rad});
  EXPECT_EQ(r.measured, 199U);
  EXPECT_TRUE(std::isnan(r.places[0].potential_v.value));
  EXPECT_EQ(r.resolved, 1.0);
  const std::vector<double> none(2 * bias_v.size(), nan);
  EXPECT_THROW(static_cast<void>(analyse_bias_spectroscopy({.bias_v = bias_v, .phase_rad = none})),
               DataError);
  EXPECT_THROW(static_cast<void>(analyse_bias_spectroscopy(
                   {.bias_v = bias_v, .phase_rad = std::span(none).first(61)})),
               ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
