// Activation energy from peak frequencies at several temperatures.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::analysis {

/// A peak at one temperature; sigmas are of this point alone, not what all points share.
struct ArrheniusPoint {
  double temperature_k = 0.0;
  double temperature_sigma_k = 0.0;
  double frequency_hz = 0.0;
  double frequency_sigma_hz = 0.0;
};

/// What is a straight line against 1/T. conductivity: ln(f T), for f ~ sigma with sigma = q^2 N D /
/// (kB T) and D = D0 exp(-Ea / kB T); rate: ln f, for a rate of hops itself. Between them lies kB T
/// = 26 meV at 300 K: name the form with every activation energy.
enum class ArrheniusForm { conductivity, rate };
constexpr auto enumerators(ArrheniusForm) {
  return std::array<std::pair<ArrheniusForm, std::string_view>, 2>{
      {{ArrheniusForm::conductivity, "conductivity"}, {ArrheniusForm::rate, "rate"}}};
}

enum class ArrheniusStatus { complete, too_few_points };
constexpr auto enumerators(ArrheniusStatus) {
  return std::array<std::pair<ArrheniusStatus, std::string_view>, 2>{
      {{ArrheniusStatus::complete, "complete"},
       {ArrheniusStatus::too_few_points, "too_few_points"}}};
}

struct ArrheniusFit {
  ArrheniusStatus status = ArrheniusStatus::too_few_points;
  ArrheniusForm form = ArrheniusForm::conductivity;
  double activation_energy_ev = 0.0;
  double sigma_ev = 0.0;  // of the points; scaled up by sqrt(chi^2 / degrees) where that is above 1
  double frequency_300_hz = 0.0;  // of the line at 300 K
  double frequency_300_sigma_hz = 0.0;
  double chi_square = 0.0;
  int degrees_of_freedom = 0;
  std::vector<double> pulls;            // (point - line) / sigma, in the order of the points
  std::vector<double> leave_one_out;    // activation energy without this point [eV]
  double leave_one_out_sigma_ev = 0.0;  // jackknife: sqrt((n - 1)/n sum (E_i - mean)^2)
};

/// Weighted straight line  y = c - Ea x,  x = 1 / (kB T),  y = ln(f T) or ln f.
///
///   sigma_y^2 = (sigma_f / f)^2 + [(Ea / (kB T) - 1 or 0) sigma_T / T]^2,  Ea of the fit
///   (iterated)
///
/// At least three points at three temperatures; otherwise too_few_points. A frequency gives a
/// conductivity, the product N D of ion density and diffusivity: the energy is that of the product,
/// never of the mobility alone (facts b2). ParameterError for values that are not positive.
[[nodiscard]] ArrheniusFit fit_arrhenius(std::span<const ArrheniusPoint> points,
                                         ArrheniusForm form = ArrheniusForm::conductivity);

}  // namespace halotwin::analysis
