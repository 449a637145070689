#include "analysis/arrhenius.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr double k_ev = 8.617333262e-5;
const std::vector<double> temperatures{270, 285, 300, 315, 330};

/// f = f300 (300 / T) exp[-Ea / kB (1/T - 1/300)], or without the factor 300 / T.
std::vector<ArrheniusPoint> exact(double energy_ev, double f300_hz, ArrheniusForm form) {
  std::vector<ArrheniusPoint> points;
  for (const double t : temperatures) {
    const double factor = form == ArrheniusForm::conductivity ? 300.0 / t : 1.0;
    const double f = f300_hz * factor * std::exp(-energy_ev / k_ev * (1.0 / t - 1.0 / 300.0));
    points.push_back({t, 0.0, f, 0.01 * f});
  }
  return points;
}

RC_GTEST_PROP(Arrhenius, GivesBackEnergyAndFrequencyOfExactPoints, ()) {
  const double energy = *rc::gen::inRange(0, 1000) * 1e-3;
  const double f300 = *rc::gen::inRange(1, 10000) * 1.0;
  for (const ArrheniusForm form : {ArrheniusForm::conductivity, ArrheniusForm::rate}) {
    const ArrheniusFit fit = fit_arrhenius(exact(energy, f300, form), form);
    RC_ASSERT(std::abs(fit.activation_energy_ev - energy) < 1e-9);
    RC_ASSERT(std::abs(fit.frequency_300_hz / f300 - 1.0) < 1e-9);
    RC_ASSERT(fit.chi_square < 1e-12);
  }
}

TEST(Arrhenius, FormsDifferByTheThermalEnergy) {
  const auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  const double rate = fit_arrhenius(points, ArrheniusForm::rate).activation_energy_ev;
  EXPECT_NEAR(0.29 - rate, k_ev * 300.0, 0.02 * k_ev * 300.0);
}

TEST(Arrhenius, ErrorIsThatOfAWeightedLine) {
  const auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  double mean = 0.0;
  double square = 0.0;
  for (const double t : temperatures) {
    const double x = 1.0 / (k_ev * t);
    mean += x / 5.0;
    square += x * x / 5.0;
  }
  EXPECT_NEAR(fit_arrhenius(points).sigma_ev, 0.01 / std::sqrt(5.0 * (square - mean * mean)), 1e-9);
}

TEST(Arrhenius, PullsAreStandardNormalAndScatterWidensTheError) {
  constexpr int repeats = 400;
  double sum = 0.0;
  int inside = 0;
  for (int r = 0; r < repeats; ++r) {
    auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
    RandomStream draw(1, Purpose::test_data, static_cast<std::uint32_t>(r));
    for (auto& p : points) {
      p.frequency_hz *= std::exp(0.01 * draw.normal());
    }
    const ArrheniusFit fit = fit_arrhenius(points);
    const double pull = (fit.activation_energy_ev - 0.29) / fit.sigma_ev;
    sum += pull;
    inside += std::abs(pull) < 1.0 ? 1 : 0;
    EXPECT_EQ(fit.pulls.size(), points.size());
  }
  EXPECT_NEAR(sum / repeats, 0.0, 4.0 / std::sqrt(repeats));
  // wider than 68 %: errors are only ever scaled up
  EXPECT_GT(inside, 0.66 * repeats);
  EXPECT_LT(inside, 0.85 * repeats);

  auto bent = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  bent[2].frequency_hz *= 1.3;
  const ArrheniusFit fit = fit_arrhenius(bent);
  EXPECT_GT(fit.chi_square, 100.0);
  EXPECT_GT(fit.sigma_ev,
            5.0 * fit_arrhenius(exact(0.29, 1000.0, ArrheniusForm::conductivity)).sigma_ev);
}

TEST(Arrhenius, ErrorOfTheTemperatureCounts) {
  auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  const double without = fit_arrhenius(points).sigma_ev;
  for (auto& p : points) {
    p.temperature_sigma_k = 1.0;  // d ln f / dT = Ea/kT^2 - 1/T = 3.4 % per kelvin
  }
  EXPECT_NEAR(fit_arrhenius(points).sigma_ev / without, std::hypot(1.0, 3.4), 0.2);
}

TEST(Arrhenius, LeaveOneOutFindsThePointThatMakesTheSlope) {
  auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  points.back().frequency_hz *= 1.2;
  const ArrheniusFit fit = fit_arrhenius(points);
  EXPECT_NEAR(fit.leave_one_out.back(), 0.29, 1e-9);
  EXPECT_GT(fit.leave_one_out_sigma_ev, 0.01);
}

TEST(Arrhenius, NeedsThreeTemperatures) {
  auto points = exact(0.29, 1000.0, ArrheniusForm::conductivity);
  points.resize(2);
  EXPECT_EQ(fit_arrhenius(points).status, ArrheniusStatus::too_few_points);
  points.push_back(points.front());
  EXPECT_EQ(fit_arrhenius(points).status, ArrheniusStatus::too_few_points);
  points.push_back({300.0, 0.0, 0.0, 1.0});
  EXPECT_THROW((void)fit_arrhenius(points), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
