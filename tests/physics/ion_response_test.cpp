#include "physics/ion_response.hpp"

#include <cmath>
#include <complex>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/cantilever.hpp"
#include "physics/contact_potential.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/tip_sample.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;
constexpr double eps0 = constants::vacuum_permittivity_f_per_m;
constexpr double nm = 1e-9;

TEST(IonResponse, IsThePlateCapacitorWithFrozenIons) {
  const IonFilmParams film{
      .thickness_m = 500 * nm, .relative_permittivity = 30.0, .active_share = 1.0};
  const double sigma = 3e-6;
  const double gap = 20 * nm;
  const IonCoupling c = ion_coupling(film, dielectric_time_s(30.0, sigma), gap, 0.0);
  for (const double f : {1.0, 1e3, 1e6}) {
    const double w = 2.0 * pi * f;
    const Complex eps = conductive_permittivity(30.0, sigma, w);
    const Complex plate = (gap + 500 * nm / 30.0) / (gap + 500 * nm / eps);
    EXPECT_LT(std::abs(physical_response(c, w) - plate), 1e-12);
    const double area = 1e-14;
    const double curvature = 2.0 * eps0 * area / std::pow(gap + 500 * nm / 30.0, 3);
    const Complex second =
        gradient_harmonics(curvature, 1.0, physical_response(c, w), {.dc_v = 0.0, .ac_v = 2.0})
            .second_n_per_m;
    EXPECT_LT(std::abs(second / plate_gradient_2w(area, gap, 500 * nm, 30.0, eps, 2.0) - 1.0),
              1e-12);
  }
  EXPECT_NEAR(1.0 / relaxation_rate_per_s(c) / film_behind_gap_time_s(30.0, sigma, 500 * nm, gap),
              1.0,
              1e-12);
}

TEST(IonResponse, LiesBetweenTheScreenedAndTheFrozenFilm) {
  const IonFilmParams film;
  const IonCoupling c = ion_coupling(film, 1e-4, 13 * nm, 10 * nm);
  // half of b = 2.5 nm against Z = sqrt(15.5^2 - 10^2) nm
  EXPECT_NEAR(c.ratio, 1.25 / std::sqrt(140.25), 1e-12);
  EXPECT_NEAR(physical_response(c, 0.0).real(), 1.0 / (1.0 - c.ratio), 1e-14);
  EXPECT_LT(std::abs(physical_response(c, 1e12) - 1.0), 1e-6);
  const IonFilmParams none{.active_share = 0.0};
  EXPECT_EQ(physical_response(ion_coupling(none, 1e-4, 13 * nm, 10 * nm), 1e3), Complex(1.0));
}

TEST(IonResponse, OrbitGapIsTheHarmonicMeanOverTheOrbit) {
  double sum = 0.0;
  const int n = 256;
  for (int i = 0; i < n; ++i) {
    sum += 1.0 / ((13.0 + 2.5 + 10.0 * std::cos(2.0 * pi * i / n)) * nm);
  }
  EXPECT_NEAR(orbit_gap_m(13 * nm, 2.5 * nm, 10 * nm) * sum / n, 1.0, 1e-12);
}

TEST(GradientHarmonics, AreTheFourierComponentsOfTheSquaredVoltage) {
  const double curvature = 9e-3;
  const TipVoltage v{.dc_v = 0.3, .ac_v = 1.5};
  const double r0 = 1.12;
  const Complex r{1.05, -0.06};
  const double bending = 1e-3;
  const GradientHarmonics g = gradient_harmonics(curvature, r0, r, v, bending);
  double mean = 0.0;
  Complex first = 0.0;
  Complex second = 0.0;
  const int n = 64;
  for (int i = 0; i < n; ++i) {
    const double x = 2.0 * pi * i / n;
    const double effective = r0 * v.dc_v + (r * v.ac_v * std::polar(1.0, x)).real();
    const double square = effective * effective;
    const double dk = -0.5 * curvature * square - bending * square * square;
    mean += dk / n;
    first += 2.0 * dk * std::polar(1.0, -x) / static_cast<double>(n);
    second += 2.0 * dk * std::polar(1.0, -2.0 * x) / static_cast<double>(n);
  }
  EXPECT_NEAR(g.static_n_per_m, mean, 1e-16);
  EXPECT_LT(std::abs(g.first_n_per_m - first), 1e-16);
  EXPECT_LT(std::abs(g.second_n_per_m - second), 1e-16);
}

// A plate on a lever over a conducting film, all equations in time: returns the change of stiffness
// at 2 w_e that the phase of the motion shows.
struct PlateBench {
  CantileverParams lever{.resonance_hz = 75e3, .stiffness_n_per_m = 3.0, .quality_factor = 100.0};
  double thickness_m = 300 * nm;
  double eps_r = 30.0;
  double sigma = 0.0;
  double area_m2 = 0.0;
  double centre_m = 20 * nm;
  double amplitude_m = 0.2 * nm;
  double ac_v = 0.5;
  double electrical_hz = 1e3;
};

// `force_n(z, v, dt)` advances the film by dt and returns the electrostatic force.
struct Measured {
  Complex phase;     // Phi at 2 w_e [rad]
  Complex gradient;  // Phi / (phase response of the undisturbed lever) [N/m]
  double amplitude_m = 0.0;
};

template <class Force>
Measured measure(const PlateBench& b, Force&& force_n) {
  const int per_period = 64;
  const double dt = 1.0 / (b.lever.resonance_hz * per_period);
  const DampedOscillatorStep step(b.lever, dt);
  const double w = resonance_rad_per_s(b.lever);
  const double we = 2.0 * pi * b.electrical_hz;
  const double drive_n = b.lever.stiffness_n_per_m * b.amplitude_m / b.lever.quality_factor;
  const double window_s = 2.0 / b.electrical_hz;
  const auto n_start = std::llround(8e-3 / dt);
  const auto n_end = n_start + std::llround(window_s / dt);
  // started on the steady orbit: chi = -i Q/k
  OscillatorState x{0.0, b.amplitude_m * w};
  Complex carrier = 0.0;
  Complex upper = 0.0;
  Complex lower = 0.0;
  double electric_n = force_n(b.centre_m, b.ac_v, dt);
  for (long long i = 0; i < n_end; ++i) {
    const double t = static_cast<double>(i) * dt;
    if (i >= n_start) {
      const Complex c = 2.0 * x.displacement_m * std::polar(1.0, -w * t);
      carrier += c;
      upper += c * std::polar(1.0, -2.0 * we * t);
      lower += c * std::polar(1.0, 2.0 * we * t);
    }
    const auto force = [&](double time) { return drive_n * std::cos(w * time) + electric_n; };
    x.velocity_m_per_s += step.kick_s_per_kg * force(t);
    x = step(x);
    electric_n = force_n(b.centre_m + x.displacement_m, b.ac_v * std::cos(we * (t + dt)), dt);
    x.velocity_m_per_s += step.kick_s_per_kg * force(t + dt);
  }
  const Complex phi = Complex(0.0, -1.0) * (upper / carrier - std::conj(lower / carrier));
  return {phi,
          phi / phase_response(b.lever, b.lever.resonance_hz, 2.0 * we),
          std::abs(carrier) / static_cast<double>(n_end - n_start)};
}

template <class GapField>
Complex measured_gradient(const PlateBench& b, GapField&& gap_field) {
  return measure(b,
                 [&](double gap, double v, double dt) {
                   const double field = gap_field(gap, v, dt);
                   return -0.5 * eps0 * b.area_m2 * field * field;
                 })
      .gradient;
}

TEST(PlateOverLossyFilm, MovingLeverMeasuresTheFrozenIonGradient) {
  PlateBench b;
  const double slow_peak_hz = 800.0;
  b.sigma = 2.0 * pi * slow_peak_hz * eps0 * (b.eps_r + b.thickness_m / b.centre_m);
  const double frozen = b.centre_m + b.thickness_m / b.eps_r;
  // small: Q dk / k about 0.005
  b.area_m2 = 6e-4 * std::pow(frozen, 3) / (2.0 * eps0);
  b.ac_v = 1.0;
  double charge = 0.0;  // conducted to the film's surface [C/m^2]
  double last_field = 0.0;
  const Complex measured = measured_gradient(b, [&](double gap, double v, double dt) {
    // D = eps E + charge, V = gap D / eps0 + h E, d charge / dt = sigma E (trapezoidal in E)
    const double scale = b.thickness_m + gap * b.eps_r;
    const double half = 0.5 * dt * b.sigma;
    const double e = (v - gap * (charge + half * last_field) / eps0) / (scale + gap * half / eps0);
    charge += half * (last_field + e);
    last_field = e;
    return b.eps_r * e + charge / eps0;
  });
  const Complex eps = conductive_permittivity(b.eps_r, b.sigma, 2.0 * pi * b.electrical_hz);
  const Complex plate =
      plate_gradient_2w(b.area_m2, b.centre_m, b.thickness_m, b.eps_r, eps, b.ac_v);
  EXPECT_LT(std::abs(measured / plate - 1.0), 0.01);
  // the derivative of C(eps*) along z, ions not frozen, is far from it
  const Complex naive = plate * frozen / (b.centre_m + b.thickness_m / eps);
  EXPECT_GT(std::abs(measured / naive - 1.0), 0.15);
}

TEST(PlateOverLossyFilm, LargeOrbitIsTheClosedForm) {
  PlateBench b;
  b.amplitude_m = 10 * nm;
  b.centre_m = 13 * nm;
  b.ac_v = 0.3;
  const IonFilmParams film{
      .thickness_m = 75 * nm, .relative_permittivity = 30.0, .active_share = 0.5};
  const double equivalent = equivalent_gap_m(film);
  const double z = orbit_gap_m(b.centre_m, equivalent, b.amplitude_m);
  const double curvature = 1e-2;
  b.area_m2 = curvature * z * z * z / (2.0 * eps0);  // <C''> of a plate: 2 eps0 A / Z^3
  const double t = 1.5e-4;
  double u = 0.0;
  double last_v = b.ac_v;
  const Complex measured = measured_gradient(b, [&](double gap, double v, double dt) {
    const IonCoupling now{film.active_share * equivalent / (gap + equivalent), t};
    u = IonVoltageStep(now, dt)(u, last_v, v);
    last_v = v;
    return (v + u) / (gap + equivalent);
  });
  const IonCoupling c = ion_coupling(film, t, b.centre_m, b.amplitude_m);
  const Complex r = physical_response(c, 2.0 * pi * b.electrical_hz);
  const Complex model =
      gradient_harmonics(curvature, physical_response(c, 0.0), r, {.dc_v = 0.0, .ac_v = b.ac_v})
          .second_n_per_m;
  EXPECT_LT(std::abs(measured / model - 1.0), 0.01);
}

// The whole probe over a film without ions, no quantity taken as small: what the linear form leaves
// out.
class LargeDrive : public testing::TestWithParam<double> {};

TEST_P(LargeDrive, BendingExplainsTheExcessOverTheLinearForm) {
  const TipParams tip;
  PlateBench b;
  b.lever.quality_factor = GetParam();
  b.amplitude_m = 10 * nm;
  b.centre_m = 13 * nm;
  b.ac_v = 1.0;
  const double u = b.centre_m + 2.5 * nm;
  const Measured m = measure(b, [&](double gap, double v, double) {
    return 0.5 * capacitance_gradient(tip, gap + 2.5 * nm).total() * v * v;
  });
  // at the amplitude that the static gradient leaves (a feedback would hold it)
  const double curvature = orbit_averaged_curvature(tip, m.amplitude_m, u).total();
  const double bending = bending_coefficient(tip, b.lever.stiffness_n_per_m, m.amplitude_m, u);
  const TipVoltage v{.dc_v = 0.0, .ac_v = b.ac_v};
  const Complex linear = gradient_harmonics(curvature, 1.0, 1.0, v).second_n_per_m;
  EXPECT_GT(std::abs(m.gradient / linear - 1.0), 0.01);
  const GradientHarmonics g = gradient_harmonics(curvature, 1.0, 1.0, v, bending);
  const Complex phase = g.second_n_per_m * phase_response(stiffened(b.lever, g.static_n_per_m),
                                                          b.lever.resonance_hz,
                                                          4.0 * pi * b.electrical_hz);
  EXPECT_LT(std::abs(m.phase / phase - 1.0), 1e-3);
}
INSTANTIATE_TEST_SUITE_P(QualityFactors, LargeDrive, testing::Values(100.0, 150.0, 200.0));

TEST(IonVoltageStep, SettlesToTheResponse) {
  const IonCoupling c{0.3, 2e-4};
  const double f = 700.0;
  const int n = 400;
  const double dt = 1.0 / (f * n);
  const IonVoltageStep step(c, dt);
  double u = 0.0;
  Complex sum = 0.0;
  for (int i = 0; i < 20 * n; ++i) {
    const double x = 2.0 * pi * i / n;
    if (i >= 19 * n) {
      sum += 2.0 * (std::cos(x) + u) * std::polar(1.0, -x) / static_cast<double>(n);
    }
    u = step(u, std::cos(x), std::cos(x + 2.0 * pi / n));
  }
  // interpolation error of the linear hold: (2 pi / n)^2 / 12
  EXPECT_LT(std::abs(sum - physical_response(c, 2.0 * pi * f)), 1e-4);
}

TEST(ResponseLineStepTest, SettlesToTheResponse) {
  const ResponseLine line{.strength = 0.4, .frequency_hz = 1000.0, .quality = 3.0};
  const int n = 400;
  for (const double f : {300.0, 1000.0, 2500.0}) {
    const double dt = 1.0 / (f * n);
    const ResponseLineStep step(line, dt);
    LineState y;
    Complex sum = 0.0;
    const int periods = 60;
    for (int i = 0; i < periods * n; ++i) {
      const double x = 2.0 * pi * i / n;
      if (i >= (periods - 1) * n) {
        sum += 2.0 * (std::cos(x) + line.strength * y.value_v) * std::polar(1.0, -x) /
               static_cast<double>(n);
      }
      y = step(y, std::cos(x), std::cos(x + 2.0 * pi / n));
    }
    EXPECT_LT(std::abs(sum - phenomenological_response({&line, 1}, f)), 1e-4);
  }
}

TEST(ResponseLineStepTest, IsExactForRamps) {
  const ResponseLine line{.strength = 1.0, .frequency_hz = 1000.0, .quality = 2.0};
  // u = v0 + s t: one long step equals many short ones
  const ResponseLineStep whole(line, 3e-4);
  const ResponseLineStep part(line, 3e-6);
  const LineState one = whole({0.1, 50.0}, 1.0, 1.6);
  LineState many{0.1, 50.0};
  for (int i = 0; i < 100; ++i) {
    many = part(many, 1.0 + 0.006 * i, 1.0 + 0.006 * (i + 1));
  }
  EXPECT_NEAR(one.value_v, many.value_v, 1e-11);
  EXPECT_NEAR(one.rate_v_per_s / many.rate_v_per_s, 1.0, 1e-9);
}

TEST(PhenomenologicalResponse, ResolvesTwoLinesAnOctaveApart) {
  const std::vector<ResponseLine> lines{{0.1, 1000.0, 3.0}, {0.1, 2000.0, 3.0}};
  int maxima = 0;
  double before = 0.0;
  double last = 0.0;
  for (double f = 100.0; f < 8000.0; f *= 1.002) {
    const Complex r = phenomenological_response(lines, f);
    const double loss = -(r * r).imag();
    maxima += last > before && last >= loss ? 1 : 0;
    before = last;
    last = loss;
  }
  EXPECT_EQ(maxima, 2);
  EXPECT_NEAR(phenomenological_response(lines, 0.0).real(), 1.2, 1e-12);
  EXPECT_LT(std::abs(phenomenological_response(lines, 1e7) - 1.0), 1e-6);
}

TEST(ContactPotential, FallsByATemperatureVoltagePerEFoldOfNegativeDefects) {
  const ContactPotentialParams p;
  const double reference = contact_potential_difference_v(p, p.reference_density_per_m3);
  EXPECT_NEAR(reference, 0.6, 1e-12);
  EXPECT_NEAR(contact_potential_difference_v(p, 1e25) - reference, -0.05953, 1e-5);
  EXPECT_NEAR(
      contact_potential_difference_v({.charge_number = 1}, 1e25) - reference, 0.05953, 1e-5);
  EXPECT_THROW(validate(ContactPotentialParams{.charge_number = 0}), ParameterError);
}

TEST(IonFilmParamsTest, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(IonFilmParams{}));
  EXPECT_NO_THROW(validate(ResponseLine{}));
  EXPECT_THROW(validate(IonFilmParams{.active_share = 1.5}), ParameterError);
  EXPECT_THROW(validate(ResponseLine{.quality = 0.4}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
