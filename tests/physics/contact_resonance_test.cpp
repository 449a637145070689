#include "physics/contact_resonance.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;

// Finite elements (cubic Hermite) for a clamped beam of unit length, E I and mass with a spring at
// its end: the independent judge. Returns f / f1 of the first mode, f1 from the same elements.
double bending_by_elements(double stiffness_ratio, int elements) {
  const int size = 2 * elements;
  Eigen::MatrixXd stiffness = Eigen::MatrixXd::Zero(size, size);
  Eigen::MatrixXd mass = Eigen::MatrixXd::Zero(size, size);
  const double l = 1.0 / elements;
  Eigen::Matrix4d k;
  k << 12, 6 * l, -12, 6 * l, 6 * l, 4 * l * l, -6 * l, 2 * l * l, -12, -6 * l, 12, -6 * l, 6 * l,
      2 * l * l, -6 * l, 4 * l * l;
  k /= l * l * l;
  Eigen::Matrix4d m;
  m << 156, 22 * l, 54, -13 * l, 22 * l, 4 * l * l, 13 * l, -3 * l * l, 54, 13 * l, 156, -22 * l,
      -13 * l, -3 * l * l, -22 * l, 4 * l * l;
  m *= l / 420.0;
  for (int e = 0; e < elements; ++e) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        const int a = 2 * e - 2 + i;
        const int b = 2 * e - 2 + j;
        if (a >= 0 && b >= 0) {  // the clamped end has no freedom
          stiffness(a, b) += k(i, j);
          mass(a, b) += m(i, j);
        }
      }
    }
  }
  const auto first = [&] {
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> solver(stiffness, mass);
    return std::sqrt(solver.eigenvalues()(0));
  };
  const double free = first();
  stiffness(size - 2, size - 2) += 3.0 * stiffness_ratio;
  return first() / free;
}

TEST(BendingContact, HasTheKnownLimits) {
  EXPECT_NEAR(bending_frequency_ratio(0.0), 1.0, 1e-9);
  EXPECT_NEAR(bending_frequency_ratio(1e12), 4.385, 5e-4);
  EXPECT_THROW(static_cast<void>(bending_frequency_ratio(-1.0)), ParameterError);
}

TEST(BendingContact, AgreesWithFiniteElementsOfFourthOrder) {
  for (const double ratio : {0.1, 1.0, 10.0, 46.0, 300.0, 1e4}) {
    const double exact = bending_frequency_ratio(ratio);
    const double coarse = std::abs(bending_by_elements(ratio, 4) - exact);
    const double fine = std::abs(bending_by_elements(ratio, 8) - exact);
    EXPECT_LT(fine, 2e-4 * exact) << ratio;
    EXPECT_GT(coarse / fine, 11.0) << ratio;  // fourth order: 16
    EXPECT_LT(coarse / fine, 22.0) << ratio;
  }
}

TEST(BendingContact, SoftSpringAddsToTheModesStiffness) {
  const double k1 = 3.0;  // of the first mode
  const double k = 1e-3;
  const double ratio = bending_frequency_ratio(k / static_stiffness_n_per_m(k1));
  EXPECT_NEAR(ratio * ratio - 1.0, k / k1, 1e-6);  // Rayleigh, first order
}

TEST(TorsionContact, HasTheKnownLimits) {
  EXPECT_NEAR(torsion_frequency_ratio(0.0), 1.0, 1e-9);
  EXPECT_NEAR(torsion_frequency_ratio(1e12), 2.0, 1e-9);
}

// A chain of discs on springs, clamped at one end.
TEST(TorsionContact, AgreesWithAChainOfDiscs) {
  for (const double ratio : {0.05, 0.37, 2.0, 30.0}) {
    const int n = 400;
    Eigen::VectorXd diagonal = Eigen::VectorXd::Constant(n, 2.0 * n * n);
    Eigen::VectorXd off = Eigen::VectorXd::Constant(n - 1, -1.0 * n * n);
    // the last disc is half as heavy: its row in mass-weighted coordinates
    diagonal(n - 1) = 2.0 * (n * n + ratio * n);
    off(n - 2) = -std::sqrt(2.0) * n * n;
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
    solver.computeFromTridiagonal(diagonal, off, Eigen::EigenvaluesOnly);
    EXPECT_NEAR(torsion_wave_number(ratio), std::sqrt(solver.eigenvalues()(0)), 2e-5) << ratio;
  }
}

RC_GTEST_PROP(ContactModes, FrequencyRisesWithStiffnessBetweenTheLimits, ()) {
  const double a = std::pow(10.0, *rc::gen::inRange(-300, 500) / 100.0);
  const double b = a * (1.0 + *rc::gen::inRange(1, 100) / 100.0);
  RC_ASSERT(bending_frequency_ratio(a) < bending_frequency_ratio(b));
  RC_ASSERT(torsion_frequency_ratio(a) < torsion_frequency_ratio(b));
  RC_ASSERT(bending_frequency_ratio(a) > 1.0 && bending_frequency_ratio(b) < 4.3852);
  RC_ASSERT(torsion_frequency_ratio(a) > 1.0 && torsion_frequency_ratio(b) < 2.0);
}

TEST(HertzContact, StiffnessIsTheSlopeOfTheForce) {
  const ContactParams p;
  const double radius = 25e-9;
  const double load = 90e-9;
  // F = (4/3) E* sqrt(R) d^(3/2), d = a^2 / R
  const auto depth = [&](double f) {
    const double a = contact_radius_m(p, radius, f);
    return a * a / radius;
  };
  const double slope = 2e-3 * load / (depth(load * 1.001) - depth(load * 0.999));
  EXPECT_NEAR(
      normal_contact_stiffness_n_per_m(p, contact_radius_m(p, radius, load)) / slope, 1.0, 1e-5);
  EXPECT_NEAR(
      contact_radius_m(p, radius, 8.0 * load) / contact_radius_m(p, radius, load), 2.0, 1e-12);
  EXPECT_EQ(contact_radius_m(p, radius, 0.0), 0.0);
  // Mindlin: k_lat / k = 2 (1 - nu) / (2 - nu) for a stiff tip
  ContactParams stiff = p;
  stiff.tip_modulus_pa = 2e12;
  stiff.sample_modulus_pa = 1e8;
  EXPECT_NEAR(lateral_contact_stiffness_n_per_m(stiff, 1e-9) /
                  normal_contact_stiffness_n_per_m(stiff, 1e-9),
              2.0 * 0.7 / 1.7,
              1e-3);
}

TEST(TorsionContact, StaticTransferIsASpringDivider) {
  const TorsionContact contact({}, 120.0);
  EXPECT_NEAR(contact.transfer(1.0).real(), 120.0 / 440.0, 1e-6);
  EXPECT_NEAR(contact.compliance_m_per_n(1.0).real(), 1.0 / 440.0, 1e-8);
}

TEST(TorsionContact, FirstModeIsADrivenOscillator) {
  const TorsionParams params{.quality_factor = 1000.0};
  const TorsionContact contact(params, 120.0);
  const double f_r = contact.resonance_hz();
  const double p = contact.participation();
  for (const double offset : {-2.0, -0.5, 0.0, 0.5, 2.0}) {  // in half-widths
    const double f = f_r * (1.0 + 0.5 * offset / params.quality_factor);
    const Complex exact = contact.transfer(f);
    const Complex mode = p * contact_oscillator(f, f_r, params.quality_factor);
    EXPECT_LT(std::abs(exact - mode), 0.01 * std::abs(exact)) << offset;
  }
  EXPECT_NEAR(std::arg(contact.transfer(f_r)), -0.5 * pi, 0.01);
}

TEST(TorsionContact, FactsFormOfAmplitudeAndPhase) {
  const double f_r = 1.3e6;
  const double q = 80.0;
  for (const double f : {1.1e6, 1.29e6, 1.3e6, 1.32e6}) {
    const double w = 2.0 * pi * f;
    const double w_r = 2.0 * pi * f_r;
    const Complex h = contact_oscillator(f, f_r, q);
    EXPECT_NEAR(
        std::abs(h), w_r * w_r / std::hypot(w_r * w_r - w * w, w_r * w / q), 1e-9 * std::abs(h));
    EXPECT_NEAR(std::arg(h), -std::atan2(w_r * w / q, w_r * w_r - w * w), 1e-12);
  }
}

// Equipartition over all modes: the integral of the thermal noise is kB T times the static
// compliance.
TEST(TorsionContact, ThermalNoiseObeysEquipartition) {
  const TorsionParams params{.quality_factor = 20.0};
  const TorsionContact contact(params, 120.0);
  double sum = 0.0;
  const double step = 2e3;
  const double end = 400e6;
  for (double f = 0.5 * step; f < end; f += step) {
    sum += contact.thermal_psd(f) * step;
  }
  const double whole =
      constants::boltzmann_j_per_k * params.temperature_k * contact.compliance_m_per_n(1.0).real();
  // modes above the end hold about 2 / (pi^2 n) of kB T / k_t, n = 166 modes
  EXPECT_NEAR(sum / whole, 1.0, 5e-3);
  EXPECT_LT(sum, whole);
}

TEST(ContactParams, AreChecked) {
  EXPECT_THROW(validate(ContactParams{.sample_modulus_pa = 0.0}), ParameterError);
  EXPECT_THROW(validate(ContactParams{.sample_poisson_ratio = 0.6}), ParameterError);
  EXPECT_THROW(validate(TorsionParams{.quality_factor = 0.5}), ParameterError);
  EXPECT_NO_THROW(validate(TorsionParams{}));
}

}  // namespace
}  // namespace halotwin::physics
