#include "physics/dielectric_response.hpp"

#include <cmath>
#include <complex>
#include <functional>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;
using Model = Complex (*)(const RelaxationParams&, double);

struct Case {
  Model model;
  RelaxationParams params;
};

class Relaxations : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] double loss(double w) const {
    return -GetParam().model(GetParam().params, w).imag();
  }
};

TEST_P(Relaxations, ObeyKramersAndKronig) {
  // eps'(w) - eps_inf = (2/pi) P int x eps''(x) / (x^2 - w^2) dx; P int dx / (x^2 - w^2) = 0 takes
  // the pole out; x = w e^s
  const RelaxationParams& p = GetParam().params;
  for (const double wt : {0.03, 1.0, 4.0}) {
    const double w = wt / p.relaxation_time_s;
    const double step = 0.02;
    const double at_w = loss(w);
    double sum = 0.0;
    for (double s = -70.0 + 0.5 * step; s < 70.0; s += step) {
      const double r = std::exp(s);
      sum += (r * r * loss(r * w) - r * at_w) / (r * r - 1.0) * step;
    }
    EXPECT_NEAR(GetParam().model(p, w).real() - p.high_frequency_permittivity,
                2.0 / pi * sum,
                1e-6 * p.strength);
  }
}

TEST_P(Relaxations, ObeyTheSumRuleOfTheLoss) {
  // De = (2/pi) int eps'' d ln w
  const RelaxationParams& p = GetParam().params;
  double sum = 0.0;
  const double step = 0.02;
  for (double s = -70.0; s < 70.0; s += step) {
    sum += loss(std::exp(s) / p.relaxation_time_s) * step;
  }
  EXPECT_NEAR(2.0 / pi * sum, p.strength, 1e-6 * p.strength);
}

TEST_P(Relaxations, HaveTheirLimitsAndAreLossy) {
  const RelaxationParams& p = GetParam().params;
  EXPECT_NEAR(GetParam().model(p, 0.0).real(), p.high_frequency_permittivity + p.strength, 1e-12);
  EXPECT_NEAR(
      std::abs(GetParam().model(p, 1e30)), p.high_frequency_permittivity, 1e-6 * p.strength);
  for (double w = 1.0; w < 1e8; w *= 3.0) {
    EXPECT_GT(loss(w), 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    Relaxations,
    testing::Values(Case{debye, {}},
                    Case{cole_cole, {.width_exponent = 0.7}},
                    Case{havriliak_negami, {.width_exponent = 0.8, .skew_exponent = 0.6}},
                    Case{havriliak_negami, {.width_exponent = 0.6, .skew_exponent = 1.4}}));

TEST(Debye, LossPeaksAtOneWithHalfTheStepAndKnownWidth) {
  const RelaxationParams p{.strength = 10.0, .relaxation_time_s = 1.0};
  EXPECT_NEAR(-debye(p, 1.0).imag(), 5.0, 1e-14);
  // half height at x / (1 + x^2) = 1/4: x = 2 +- sqrt 3
  EXPECT_NEAR(-debye(p, 2.0 + std::sqrt(3.0)).imag(), 2.5, 1e-14);
  EXPECT_NEAR(2.0 * std::log10(2.0 + std::sqrt(3.0)), 1.144, 5e-4);
}

TEST(Debye, IsTheCommonLimitOfTheOthers) {
  const RelaxationParams p;
  for (const double w : {1e2, 6e3, 1e6}) {
    EXPECT_LT(std::abs(cole_cole(p, w) - debye(p, w)), 1e-13 * p.strength);
    EXPECT_LT(std::abs(havriliak_negami(p, w) - debye(p, w)), 1e-12 * p.strength);
    const RelaxationParams wide{.width_exponent = 0.7};
    EXPECT_LT(std::abs(havriliak_negami(wide, w) - cole_cole(wide, w)), 1e-12 * p.strength);
  }
}

TEST(Debye, TwoEqualLossPeaksSeparateAtAFactorOfFivePointEight) {
  const double limit = std::pow(1.0 + std::sqrt(2.0), 2);
  const auto maxima = [](double ratio) {
    int count = 0;
    double before = 0.0;
    double last = 0.0;
    for (double s = -4.0; s < 4.0; s += 1e-3) {
      const double x = std::exp(s);
      const double slow = x * std::sqrt(ratio);
      const double fast = x / std::sqrt(ratio);
      const double y = slow / (1.0 + slow * slow) + fast / (1.0 + fast * fast);
      count += last > before && last >= y ? 1 : 0;
      before = last;
      last = y;
    }
    return count;
  };
  EXPECT_EQ(maxima(0.98 * limit), 1);
  EXPECT_EQ(maxima(1.02 * limit), 2);
}

TEST(Ions, HaveTheTabulatedConductivities) {
  // conductivity that puts the loss peak at f: half-space and film of 500 nm behind 20 nm, eps_r 30
  const struct {
    double f, half_space, film, diffusivity;
  } rows[] = {{600, 1.03e-6, 1.84e-6, 1.7e-12},
              {1e3, 1.72e-6, 3.06e-6, 2.8e-12},
              {2e3, 3.45e-6, 6.12e-6, 5.6e-12}};
  for (const auto& row : rows) {
    EXPECT_NEAR(1.0 / (2.0 * pi * half_space_time_s(30.0, row.half_space)), row.f, 0.005 * row.f);
    EXPECT_NEAR(1.0 / (2.0 * pi * film_behind_gap_time_s(30.0, row.film, 500e-9, 20e-9)),
                row.f,
                0.005 * row.f);
    EXPECT_NEAR(ionic_conductivity_s_per_m(1e23, row.diffusivity, 300.0),
                row.half_space,
                0.03 * row.half_space);
  }
}

TEST(Ions, HaveTheTabulatedDebyeLengths) {
  const double nm[] = {207.0, 65.0, 21.0, 6.5, 2.1};
  double density = 1e21;
  for (const double expected : nm) {
    EXPECT_NEAR(debye_length_m(30.0, density, 300.0) * 1e9, expected, 0.02 * expected);
    density *= 10.0;
  }
  // golden numbers of the blocking-electrode film
  const double d = 3.9e-13 * thermal_voltage_v(300.0);
  const double lam = debye_length_m(24.0, 1e23, 300.0);
  EXPECT_NEAR(lam * 1e9, 18.517, 1e-3);
  EXPECT_NEAR(d, 1.00823e-14, 1e-19);
  EXPECT_NEAR(blocking_electrodes_time_s(lam, 500e-9, d), 0.45915, 1e-5);
}

TEST(Ions, MaxwellTimeIsTheDiffusionTimeOverOneDebyeLength) {
  const double sigma = ionic_conductivity_s_per_m(1e24, 2.8e-13, 300.0);
  const double lam = debye_length_m(30.0, 1e24, 300.0);
  EXPECT_NEAR(dielectric_time_s(30.0, sigma) / (lam * lam / 2.8e-13), 1.0, 1e-12);
  EXPECT_NEAR(-conductive_permittivity(30.0, sigma, 1.0 / dielectric_time_s(30.0, sigma)).imag(),
              30.0,
              1e-9);
}

TEST(Ions, ShiftBlueByTheTabulatedEnergies) {
  const auto rate = [](double ea) { return arrhenius_diffusivity_m2_per_s(1.0, ea, 300.0); };
  EXPECT_NEAR(rate(0.29 - 0.0047) / rate(0.29), 1.2, 0.002);
  EXPECT_NEAR(rate(0.29 - 0.018) / rate(0.29), 2.0, 0.02);
  const double sigma = ionic_conductivity_s_per_m(MobileIonParams{}, 300.0);
  EXPECT_NEAR(1.0 / (2.0 * pi * half_space_time_s(30.0, sigma)), 1e3, 30.0);
}

TEST(RelaxationParamsTest, RefusesWhatIsNotPassive) {
  EXPECT_NO_THROW(validate(RelaxationParams{}));
  EXPECT_NO_THROW(validate(MobileIonParams{}));
  EXPECT_THROW(validate(RelaxationParams{.width_exponent = 1.2}), ParameterError);
  EXPECT_THROW(validate(RelaxationParams{.width_exponent = 0.8, .skew_exponent = 1.3}),
               ParameterError);
  EXPECT_THROW(validate(MobileIonParams{.density_per_m3 = -1.0}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
