// Is the ionic response linear at the voltages of an experiment? Numbers and pictures for rows.
#pragma once

#include <span>
#include <vector>

#include "physics/pnp_film.hpp"
#include "validation/plot.hpp"

namespace halotwin::validation {

/// 500 nm, eps_r 30, sigma 1e-6 S/m whatever the density, behind 20 nm: the film of the checks.
[[nodiscard]] physics::PnpFilmParams linearity_film(double density_per_m3);

/// One film under one sine, against the linear film.
struct LinearityPoint {
  double density_per_m3 = 0.0;
  double frequency_ratio = 0.0;  // f / f_peak of a plate film behind a gap
  double charge = 0.0;           // |C1| / linear
  double phase_deg = 0.0;        // of C1 against linear
  double third = 0.0;            // H3 / H1 of the charge
  double force = 0.0;            // 2 w force / linear
};

/// Densities x frequency ratios, densities outside; 0.02 to 0.2 s of processor time a point.
[[nodiscard]] std::vector<LinearityPoint> linearity(double amplitude_v,
                                                    std::span<const double> density_per_m3,
                                                    std::span<const double> frequency_ratio);

/// 2 w force / linear over the density, a curve for each frequency ratio.
[[nodiscard]] CurvePlot linearity_plot(double amplitude_v,
                                       const std::vector<LinearityPoint>& points);

/// The unbiased loss peak of linearity_film and what a bias makes of it.
struct BiasPoint {
  double density_per_m3 = 0.0;
  double bias_v = 0.0;
  double peak_frequency = 0.0;  // / unbiased; NaN if there is no maximum left
  double peak_height = 0.0;     // / unbiased
  double modulus = 0.0;         // |R*| / |R0*| at the unbiased peak, V0 -> 0
};
[[nodiscard]] std::vector<BiasPoint> bias_effect(std::span<const double> density_per_m3,
                                                 std::span<const double> bias_v);

/// Height and frequency of the loss peak over the bias, a curve for each density.
[[nodiscard]] CurvePlot bias_height_plot(const std::vector<BiasPoint>& points);
[[nodiscard]] CurvePlot bias_frequency_plot(const std::vector<BiasPoint>& points);

}  // namespace halotwin::validation
