// What a DC bias, a built-in 'local prebias' or a large drive changes in the response of an ionic
// film under a tip (plate model: the film behind a gap).
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "physics/pnp_film.hpp"
#include "physics/pnp_harmonics.hpp"

namespace halotwin::physics {

// PM-DNS reads the force gradient at 2 w with the ions frozen at the mechanical frequency. For
// plates it is proportional to the square of the charge on the tip, Q^2, whatever the film does, so
//
//   R*(w) = 2 [Q^2]_2w / (C_inf V0)^2        [.]_2w the phasor at 2 w, V = V_dc + V0 cos w t
//
// R* = 1 for frozen ions, r*^2 = (C* / C_inf)^2 for a linear film (ion_response.hpp has the same
// r*). A biased film has Q_0 and a second harmonic of its own, and both are of order V0^2:
//
//   R* = (Q_1^2 + 4 Q_0 Q_2) / (C_inf V0)^2 + ...   (Q_2 from PnpSpectrum::second_harmonic)
//
// The bias is the voltage between tip and film's back contact, contact potential subtracted. A
// film under a KPFM loop that nulls the field in the gap has V_dc = 0 here.

/// One species on a fixed background behind a gap: density, diffusivity, film thickness, gap.
[[nodiscard]] PnpFilmParams vacancy_film(double density_per_m3,
                                         double diffusivity_m2_per_s,
                                         double thickness_m,
                                         double gap_m,
                                         double relative_permittivity = 30.0,
                                         double temperature_k = 300.0);

/// R*(w) for a small drive (V0 -> 0) on the film at rest under `bias_v`, exact to that order,
/// 4 Q_0 Q_2 included. film.gap_m > 0; no steric limit.
[[nodiscard]] std::vector<std::complex<double>> pnp_gap_response(
    const PnpFilmParams& film, double bias_v, std::span<const double> frequency_hz);

/// The part (C* / C_inf)^2 alone: what a linear model of the biased film would give.
[[nodiscard]] std::vector<std::complex<double>> pnp_gap_linear_response(
    const PnpFilmParams& film, double bias_v, std::span<const double> frequency_hz);

/// What a bias (and a drive) does, at one frequency, against the unbiased linear film (R_0):
/// R / R_0 - 1 as a complex number, and in the words of a measurement.
struct GapResponseChange {
  double frequency_hz = 0.0;
  std::complex<double> unbiased;  // R_0*
  std::complex<double> response;  // R*
  [[nodiscard]] std::complex<double> relative() const { return response / unbiased - 1.0; }
  /// Of the modulus, |R| / |R_0| - 1.
  [[nodiscard]] double modulus() const { return std::abs(response) / std::abs(unbiased) - 1.0; }
  /// Of the loss channel, Im R / Im R_0 - 1.
  [[nodiscard]] double loss() const { return response.imag() / unbiased.imag() - 1.0; }
};

/// Small drive under a bias, by pnp_gap_response: a few ms for 64 frequencies.
[[nodiscard]] std::vector<GapResponseChange> pnp_bias_change(const PnpFilmParams& film,
                                                             double bias_v,
                                                             std::span<const double> frequency_hz);

/// Any drive and bias, by integration in time to the periodic state: 0.02 to 0.5 s for each
/// frequency. |response / unbiased| is the factor of the 2 w signal against the linear film; with
/// bias_v = 0 that of the drive alone.
[[nodiscard]] GapResponseChange pnp_drive_change(const PnpFilmParams& film,
                                                 const SineDrive& drive,
                                                 const SineOptions& options = {});

/// Maximum of the loss channel, -Im R*(f), for a small drive under a bias: what a PM-DNS spectrum
/// shows of the film. A bias depletes the film next to an electrode: the maximum falls and moves
/// to higher frequencies. NaN and 0 if there is none between 1/100 and 1000 times the unbiased
/// film's sigma / (2 pi eps0 (eps_r + h / z)).
struct LossPeak {
  double frequency_hz = 0.0;
  double height = 0.0;
};
[[nodiscard]] LossPeak pnp_gap_loss_peak(const PnpFilmParams& film, double bias_v);

/// V0 eps0 / (q z h): at this N a voltage V0 across the gap needs the charge of all ions of the
/// film. A film with N well above it is linear.
[[nodiscard]] double linear_density_per_m3(const PnpFilmParams& film, double amplitude_v);

}  // namespace halotwin::physics
