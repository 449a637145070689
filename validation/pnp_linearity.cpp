#include "validation/pnp_linearity.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <string>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/pnp_admittance.hpp"
#include "physics/pnp_gap_response.hpp"
#include "physics/pnp_harmonics.hpp"

namespace halotwin::validation {

namespace {

constexpr double conductivity_s_per_m = 1e-6;
constexpr const char* film_text =
    "plate model: 500 nm film, relative permittivity 30, 1e-6 S/m whatever the density, 20 nm of "
    "air";

LinearityPoint linearity_point(double amplitude_v, double density_per_m3, double ratio) {
  const physics::PnpFilmParams film = linearity_film(density_per_m3);
  const double peak_hz =
      0.5 / constants::pi /
      physics::film_behind_gap_time_s(
          film.relative_permittivity, conductivity_s_per_m, film.thickness_m, film.gap_m);
  physics::SineOptions options;
  options.grid.cells = 200;
  options.samples = 64;
  const auto r = physics::pnp_sine_response(film, {0.0, amplitude_v, ratio * peak_hz}, options);
  const std::complex<double> linear =
      physics::pnp_capacitance(film, 2.0 * constants::pi * ratio * peak_hz);
  const std::complex<double> charge = r.capacitance / linear;
  // Q^2 / (2 eps0) of a linear film at 2 w: |C* V0|^2 / (4 eps0)
  const double force =
      std::norm(linear * amplitude_v) / (4.0 * constants::vacuum_permittivity_f_per_m);
  return {density_per_m3,
          ratio,
          std::abs(charge),
          std::arg(charge) * 180.0 / constants::pi,
          std::abs(r.charge[3] / r.charge[1]),
          std::abs(r.force[2]) / force};
}

// The curve of this name, added if it is not there.
Curve& curve_of(CurvePlot& plot, const std::string& name) {
  for (Curve& curve : plot.curves) {
    if (curve.name == name) {
      return curve;
    }
  }
  plot.curves.push_back({name, {}, {}});
  return plot.curves.back();
}

std::string density_text(double density_per_m3) {
  return fmt::format("{:.0e} ions per m^3", density_per_m3);
}

}  // namespace

physics::PnpFilmParams linearity_film(double density_per_m3) {
  const double temperature_k = 300.0;
  const double diffusivity = conductivity_s_per_m * physics::thermal_voltage_v(temperature_k) /
                             (constants::elementary_charge_c * density_per_m3);
  return physics::vacancy_film(density_per_m3, diffusivity, 500e-9, 20e-9, 30.0, temperature_k);
}

std::vector<LinearityPoint> linearity(double amplitude_v,
                                      std::span<const double> density_per_m3,
                                      std::span<const double> frequency_ratio) {
  std::vector<LinearityPoint> points;
  for (const double density : density_per_m3) {
    for (const double ratio : frequency_ratio) {
      points.push_back(linearity_point(amplitude_v, density, ratio));
    }
  }
  return points;
}

CurvePlot linearity_plot(double amplitude_v, const std::vector<LinearityPoint>& points) {
  CurvePlot plot;
  plot.title = fmt::format("Is the ionic response linear at {:g} V?", amplitude_v);
  plot.caption = fmt::format(
      "Force at twice the drive frequency against that of a linear film, large-signal "
      "Poisson-Nernst-Planck; {}. f_peak: loss maximum of the linear film.",
      film_text);
  plot.x_label = "mobile ions (1/m^3)";
  plot.y_label = "2w force / linear";
  plot.log_x = true;
  plot.horizontal_lines = {1.0};
  for (const LinearityPoint& p : points) {
    Curve& curve = curve_of(plot, fmt::format("f / f_peak = {:g}", p.frequency_ratio));
    curve.x.push_back(p.density_per_m3);
    curve.y.push_back(p.force);
  }
  return plot;
}

std::vector<BiasPoint> bias_effect(std::span<const double> density_per_m3,
                                   std::span<const double> bias_v) {
  std::vector<BiasPoint> points;
  for (const double density : density_per_m3) {
    const physics::PnpFilmParams film = linearity_film(density);
    const physics::LossPeak rest = physics::pnp_gap_loss_peak(film, 0.0);
    const std::array<double, 1> at{rest.frequency_hz};
    for (const double bias : bias_v) {
      const physics::LossPeak peak = physics::pnp_gap_loss_peak(film, bias);
      points.push_back({density,
                        bias,
                        peak.frequency_hz / rest.frequency_hz,
                        peak.height / rest.height,
                        1.0 + physics::pnp_bias_change(film, bias, at).front().modulus()});
    }
  }
  return points;
}

CurvePlot bias_height_plot(const std::vector<BiasPoint>& points) {
  CurvePlot plot;
  plot.title = "What a bias makes of the loss peak: height";
  plot.caption = fmt::format(
      "Maximum of -Im R* for a small drive against that of the unbiased film, second order of the "
      "charge included; {}. The bias is what is left of voltage and contact potential.",
      film_text);
  plot.x_label = "bias (V)";
  plot.y_label = "peak height / unbiased";
  for (const BiasPoint& p : points) {
    Curve& curve = curve_of(plot, density_text(p.density_per_m3));
    curve.x.push_back(p.bias_v);
    curve.y.push_back(p.peak_height);
  }
  return plot;
}

CurvePlot bias_frequency_plot(const std::vector<BiasPoint>& points) {
  CurvePlot plot = bias_height_plot({});
  plot.title = "What a bias makes of the loss peak: frequency";
  plot.y_label = "peak frequency / unbiased";
  plot.log_y = true;
  for (const BiasPoint& p : points) {
    if (std::isfinite(p.peak_frequency)) {
      Curve& curve = curve_of(plot, density_text(p.density_per_m3));
      curve.x.push_back(p.bias_v);
      curve.y.push_back(p.peak_frequency);
    }
  }
  return plot;
}

}  // namespace halotwin::validation
