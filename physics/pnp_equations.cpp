#include "physics/pnp_equations.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/pnp_flux.hpp"

namespace halotwin::physics {

PnpEquations::PnpEquations(const PnpFilmParams& film, const PnpGridParams& grid)
    : film_(film),
      grid_(pnp_grid(film, grid)),
      thermal_voltage_v_(physics::thermal_voltage_v(film.temperature_k)),
      charge_scale_(film.relative_permittivity * constants::vacuum_permittivity_f_per_m *
                    thermal_voltage_v_) {
  for (const PnpSpecies& s : film_.species) {
    density_scale_ += s.density_per_m3;
    fixed_ -= s.valence * s.density_per_m3;
  }
  fixed_ /= density_scale_;
  screening_ = constants::elementary_charge_c * density_scale_ / charge_scale_;
  site_limit_ = film_.site_density_per_m3 / density_scale_;
  gap_coupling_per_m_ = film_.gap_m > 0.0 ? 1.0 / (film_.relative_permittivity * film_.gap_m) : 0.0;
}

std::vector<double> PnpEquations::neutral_state(double voltage_v) const {
  const std::size_t ns = species();
  std::vector<double> y(size());
  for (std::size_t j = 0; j < points(); ++j) {
    for (std::size_t i = 0; i < ns; ++i) {
      y[j * stride() + i] = film_.species[i].density_per_m3 / density_scale_;
    }
    if (steric()) {
      y[j * stride() + ns] = -std::log1p(-1.0 / site_limit_);
    }
  }
  solve_potential(y, voltage_v);
  return y;
}

// rho of a point in units of q N.
double PnpEquations::net_charge(std::span<const double> y, std::size_t point) const {
  double rho = fixed_;
  for (std::size_t i = 0; i < species(); ++i) {
    rho += film_.species[i].valence * y[point * stride() + i];
  }
  return rho;
}

void PnpEquations::solve_potential(std::span<double> y, double voltage_v) const {
  double slope = -charge_c_per_m2(y, voltage_v) / charge_scale_;  // at x = 0
  double phi = voltage_v / thermal_voltage_v_ +
               (gap_coupling_per_m_ > 0.0 ? slope / gap_coupling_per_m_ : 0.0);
  for (std::size_t j = 0; j < points(); ++j) {
    y[(j + 1) * stride() - 1] = phi;
    slope -= screening_ * grid_.width_m[j] * net_charge(y, j);
    if (j + 1 < points()) {
      phi += slope * grid_.cell_m[j];
    }
  }
}

void PnpEquations::face_fluxes(std::span<const double> y, std::span<double> out) const {
  const std::size_t ns = species();
  const std::size_t step = stride();
  for (std::size_t j = 0; j + 1 < points(); ++j) {
    const double* left = &y[j * step];
    const double* right = left + step;
    const double potential = right[step - 1] - left[step - 1];
    const double crowding = steric() ? right[ns] - left[ns] : 0.0;
    for (std::size_t i = 0; i < ns; ++i) {
      const PnpSpecies& s = film_.species[i];
      out[j * ns + i] = s.diffusivity_m2_per_s / grid_.cell_m[j] *
                        face_flux_value(left[i], right[i], s.valence * potential + crowding);
    }
  }
}

void PnpEquations::rates(std::span<const double> y, std::span<double> rate) const {
  const std::vector<double> zero(size());
  std::vector<double> change(size());
  residual(0.0, y, zero, change);
  std::fill(rate.begin(), rate.end(), 0.0);
  for (std::size_t j = 0; j < points(); ++j) {
    for (std::size_t i = 0; i < species(); ++i) {
      rate[j * stride() + i] = -change[j * stride() + i] / grid_.width_m[j];
    }
  }
}

void PnpEquations::steric_residual(std::span<const double> y, std::span<double> out) const {
  const std::size_t ns = species();
  for (std::size_t j = 0; j < points(); ++j) {
    double filled = 0.0;
    for (std::size_t i = 0; i < ns; ++i) {
      filled += y[j * stride() + i];
    }
    const std::size_t at = j * stride() + ns;
    out[at] = filled + site_limit_ * std::expm1(-y[at]);
  }
}

void PnpEquations::poisson_residual(double voltage_v,
                                    std::span<const double> y,
                                    std::span<double> out) const {
  const std::size_t step = stride();
  const std::size_t last = size() - 1;
  double slope = 0.0;  // of the cell before
  for (std::size_t j = 0; j + 1 < points(); ++j) {
    const std::size_t at = (j + 1) * step - 1;
    const double next = (y[at + step] - y[at]) / grid_.cell_m[j];
    out[at] = next - slope + screening_ * grid_.width_m[j] * net_charge(y, j);
    slope = next;
  }
  const double applied = voltage_v / thermal_voltage_v_ - y[step - 1];
  if (gap_coupling_per_m_ > 0.0) {
    out[step - 1] += gap_coupling_per_m_ * applied;
  } else {
    out[step - 1] = applied;
  }
  out[last] = y[last];
}

void PnpEquations::residual(double voltage_v,
                            std::span<const double> y,
                            std::span<const double> rate,
                            std::span<double> out) const {
  const std::size_t ns = species();
  std::vector<double> flux((points() - 1) * ns);
  face_fluxes(y, flux);
  for (std::size_t i = 0; i < ns; ++i) {
    double before = 0.0;
    for (std::size_t j = 0; j < points(); ++j) {
      const double after = j + 1 < points() ? flux[j * ns + i] : 0.0;
      const std::size_t at = j * stride() + i;
      out[at] = grid_.width_m[j] * rate[at] + after - before;
      before = after;
    }
  }
  if (steric()) {
    steric_residual(y, out);
  }
  poisson_residual(voltage_v, y, out);
}

void PnpEquations::flux_derivatives(std::span<const double> y, const BandJacobian& out) const {
  const std::size_t ns = species();
  const std::size_t step = stride();
  for (std::size_t j = 0; j + 1 < points(); ++j) {
    const std::size_t a = j * step;
    const std::size_t b = a + step;
    const double potential = y[b + step - 1] - y[a + step - 1];
    const double crowding = steric() ? y[b + ns] - y[a + ns] : 0.0;
    for (std::size_t i = 0; i < ns; ++i) {
      const PnpSpecies& s = film_.species[i];
      const double rate = s.diffusivity_m2_per_s / grid_.cell_m[j];
      const FaceFlux f = face_flux(y[a + i], y[b + i], s.valence * potential + crowding);
      const auto add = [&](std::size_t column, double value) {
        out(a + i, column) += rate * value;
        out(b + i, column) -= rate * value;
      };
      add(a + i, f.by_left);
      add(b + i, f.by_right);
      add(a + step - 1, -s.valence * f.by_drop);
      add(b + step - 1, s.valence * f.by_drop);
      if (steric()) {
        add(a + ns, -f.by_drop);
        add(b + ns, f.by_drop);
      }
    }
  }
}

void PnpEquations::poisson_derivatives(const BandJacobian& out) const {
  const std::size_t step = stride();
  const bool contact = gap_coupling_per_m_ == 0.0;
  for (std::size_t j = contact ? 1 : 0; j + 1 < points(); ++j) {
    const std::size_t row = (j + 1) * step - 1;
    for (std::size_t i = 0; i < species(); ++i) {
      out(row, j * step + i) = screening_ * grid_.width_m[j] * film_.species[i].valence;
    }
    const double after = 1.0 / grid_.cell_m[j];
    const double before = j > 0 ? 1.0 / grid_.cell_m[j - 1] : gap_coupling_per_m_;
    out(row, row + step) = after;
    out(row, row) = -after - before;
    if (j > 0) {
      out(row, row - step) = before;
    }
  }
  if (contact) {
    out(step - 1, step - 1) = -1.0;
  }
  out(size() - 1, size() - 1) = 1.0;
}

void PnpEquations::jacobian(double alpha,
                            std::span<const double> y,
                            const BandJacobian& out) const {
  const std::size_t ns = species();
  for (std::size_t j = 0; j < points(); ++j) {
    const std::size_t at = j * stride();
    for (std::size_t i = 0; i < ns; ++i) {
      out(at + i, at + i) += alpha * grid_.width_m[j];
    }
    if (steric()) {
      for (std::size_t i = 0; i < ns; ++i) {
        out(at + ns, at + i) = 1.0;
      }
      out(at + ns, at + ns) = -site_limit_ * std::exp(-y[at + ns]);
    }
  }
  flux_derivatives(y, out);
  poisson_derivatives(out);
}

void PnpEquations::keep_ions(double alpha, std::span<const double> b, std::span<double> x) const {
  for (std::size_t i = 0; i < species(); ++i) {
    double missing = 0.0;
    for (std::size_t j = 0; j < points(); ++j) {
      const std::size_t at = j * stride() + i;
      missing += b[at] / alpha - grid_.width_m[j] * x[at];
    }
    for (std::size_t j = 0; j < points(); ++j) {
      x[j * stride() + i] += missing / film_.thickness_m;
    }
  }
}

double PnpEquations::charge_c_per_m2(std::span<const double> y, double voltage_v) const {
  double moment = 0.0;
  for (std::size_t j = 0; j < points(); ++j) {
    moment += grid_.width_m[j] * net_charge(y, j) * (film_.thickness_m - grid_.position_m[j]);
  }
  const double length = film_.thickness_m + film_.relative_permittivity * film_.gap_m;
  return charge_scale_ / length * (voltage_v / thermal_voltage_v_ - screening_ * moment);
}

double PnpEquations::ions_per_m2(std::span<const double> y, std::size_t which) const {
  double sum = 0.0;
  for (std::size_t j = 0; j < points(); ++j) {
    sum += grid_.width_m[j] * y[j * stride() + which];
  }
  return density_scale_ * sum;
}

}  // namespace halotwin::physics
