#include "physics/pnp_gap_response.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/pnp_spectrum.hpp"

namespace halotwin::physics {

namespace {

using Complex = std::complex<double>;

void require_gap(const PnpFilmParams& film) {
  require_positive("gap_m", film.gap_m);
}

std::vector<double> angular(std::span<const double> frequency_hz) {
  std::vector<double> w;
  w.reserve(frequency_hz.size());
  for (const double f : frequency_hz) {
    require_positive("frequency_hz", f);
    w.push_back(2.0 * constants::pi * f);
  }
  return w;
}

}  // namespace

PnpFilmParams vacancy_film(double density_per_m3,
                           double diffusivity_m2_per_s,
                           double thickness_m,
                           double gap_m,
                           double relative_permittivity,
                           double temperature_k) {
  PnpFilmParams film;
  film.thickness_m = thickness_m;
  film.relative_permittivity = relative_permittivity;
  film.temperature_k = temperature_k;
  film.gap_m = gap_m;
  film.species = {{density_per_m3, diffusivity_m2_per_s, 1}};
  validate(film);
  return film;
}

std::vector<Complex> pnp_gap_linear_response(const PnpFilmParams& film,
                                             double bias_v,
                                             std::span<const double> frequency_hz) {
  require_gap(film);
  const PnpSpectrum spectrum(film, bias_v);
  std::vector<Complex> r = spectrum.capacitance(angular(frequency_hz));
  for (Complex& c : r) {
    c /= spectrum.frozen_capacitance_f_per_m2();
    c *= c;
  }
  return r;
}

std::vector<Complex> pnp_gap_response(const PnpFilmParams& film,
                                      double bias_v,
                                      std::span<const double> frequency_hz) {
  require_gap(film);
  const PnpSpectrum spectrum(film, bias_v);
  const std::vector<double> w = angular(frequency_hz);
  std::vector<Complex> r = spectrum.capacitance(w);
  const double frozen = spectrum.frozen_capacitance_f_per_m2();
  for (std::size_t k = 0; k < r.size(); ++k) {
    r[k] *= r[k];
    if (bias_v != 0.0) {
      r[k] += 4.0 * spectrum.bias_charge_c_per_m2() * spectrum.second_harmonic(w[k]);
    }
    r[k] /= frozen * frozen;
  }
  return r;
}

std::vector<GapResponseChange> pnp_bias_change(const PnpFilmParams& film,
                                               double bias_v,
                                               std::span<const double> frequency_hz) {
  const std::vector<Complex> before = pnp_gap_response(film, 0.0, frequency_hz);
  const std::vector<Complex> after = pnp_gap_response(film, bias_v, frequency_hz);
  std::vector<GapResponseChange> change;
  for (std::size_t k = 0; k < after.size(); ++k) {
    change.push_back({frequency_hz[k], before[k], after[k]});
  }
  return change;
}

GapResponseChange pnp_drive_change(const PnpFilmParams& film,
                                   const SineDrive& drive,
                                   const SineOptions& options) {
  const std::vector<double> frequency_hz{drive.frequency_hz};
  const Complex before = pnp_gap_linear_response(film, 0.0, frequency_hz).front();
  const SineResponse r = pnp_sine_response(film, drive, options);
  // [Q^2]_2w = 2 eps0 F_2w
  const double frozen = frozen_capacitance_f_per_m2(film) * drive.amplitude_v;
  return {drive.frequency_hz,
          before,
          4.0 * constants::vacuum_permittivity_f_per_m * r.force[2] / (frozen * frozen)};
}

LossPeak pnp_gap_loss_peak(const PnpFilmParams& film, double bias_v) {
  require_gap(film);
  constexpr int per_decade = 24;
  constexpr int count = 5 * per_decade + 1;
  const double expected = conductivity_s_per_m(film) / (2.0 * constants::pi) /
                          (constants::vacuum_permittivity_f_per_m *
                           (film.relative_permittivity + film.thickness_m / film.gap_m));
  std::vector<double> f;
  for (int k = 0; k < count; ++k) {
    f.push_back(expected * std::pow(10.0, -2.0 + static_cast<double>(k) / per_decade));
  }
  const std::vector<Complex> r = pnp_gap_response(film, bias_v, f);
  std::size_t best = 0;
  for (std::size_t k = 1; k < r.size(); ++k) {
    best = r[k].imag() < r[best].imag() ? k : best;
  }
  if (best == 0 || best + 1 == r.size() || r[best].imag() >= 0.0) {
    return {std::nan(""), 0.0};
  }
  // parabola through three points in log f
  const double left = -r[best - 1].imag();
  const double top = -r[best].imag();
  const double right = -r[best + 1].imag();
  const double shift = 0.5 * (left - right) / (left - 2.0 * top + right);
  return {f[best] * std::pow(10.0, shift / per_decade), top - 0.25 * (left - right) * shift};
}

double linear_density_per_m3(const PnpFilmParams& film, double amplitude_v) {
  require_gap(film);
  return std::abs(amplitude_v) * constants::vacuum_permittivity_f_per_m /
         (constants::elementary_charge_c * film.gap_m * film.thickness_m);
}

}  // namespace halotwin::physics
