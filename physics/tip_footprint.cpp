#include "physics/tip_footprint.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/probe_geometry.hpp"

namespace halotwin::physics {

using constants::pi;

namespace {

constexpr std::size_t table_size = 601;
constexpr double table_end_radii = 100.0;  // in apex radii; the apex weight falls as rho^-6
constexpr int orbit_nodes = 24;  // over half of the orbit; exact to rounding for c / A > 1.1

// Equal steps in asinh(rho / R): fine at the apex, wide far away.
double table_step() {
  return std::asinh(table_end_radii) / static_cast<double>(table_size - 1);
}

struct Image {
  double strength;  // q_n / q_1 times height, in units of length
  double height_sq;
};

// Image charges of a sphere of radius 1 at gap z over a plane (lengths in radii).
std::vector<Image> sphere_images(double gap) {
  const double d = 1.0 + gap;
  std::vector<Image> images;
  double q = 1.0;
  double h = d;
  while (q > 1e-8 && images.size() < 4000) {
    images.push_back({q * h, h * h});
    q /= d + h;
    h = d - 1.0 / (d + h);
  }
  return images;
}

double charge_density(const std::vector<Image>& images, double rho) {
  double sum = 0.0;
  for (const Image& image : images) {
    const double s = rho * rho + image.height_sq;
    sum += image.strength / (s * std::sqrt(s));
  }
  return sum;
}

double interpolate(const std::vector<double>& table, double position) {
  const auto i = static_cast<std::size_t>(position);
  if (i + 1 >= table.size()) {
    return 0.0;
  }
  const double f = position - static_cast<double>(i);
  return (1.0 - f) * table[i] + f * table[i + 1];
}

// The argument where a falling function of one variable passes `value`.
template <class F>
double where_falls(const F& f, double value, double low, double high) {
  for (int i = 0; i < 60; ++i) {
    const double mid = 0.5 * (low + high);
    (f(mid) > value ? low : high) = mid;
  }
  return 0.5 * (low + high);
}

}  // namespace

TipFootprint::TipFootprint(const TipParams& tip,
                           const OrbitParams& orbit,
                           double film_gap_m,
                           FootprintOf quantity)
    : quantity_(quantity),
      curvature_(
          orbit_averaged_curvature(tip, orbit.amplitude_m, orbit_centre_m(orbit) + film_gap_m)),
      apex_radius_m_(tip.apex_radius_m) {
  validate(tip);
  validate(orbit);
  require(film_gap_m >= 0.0, "film_gap_m", film_gap_m, "0 or more");
  const double centre_gap_m = orbit_centre_m(orbit) + film_gap_m;
  const ProbeParts whole = quantity == FootprintOf::curvature
                               ? curvature_
                               : orbit_averaged_gradient(tip, orbit.amplitude_m, centre_gap_m);
  shares_ = {whole.apex / whole.total(), whole.cone / whole.total(), whole.lever / whole.total()};
  tabulate_apex(orbit.amplitude_m, centre_gap_m);
  const ProbeGeometry g = probe_geometry(tip);
  const double first = centre_gap_m + g.shoulder_m;
  cone_ = {.foot_m = tip.apex_radius_m * std::cos(g.angle_rad) - first * std::tan(g.angle_rad),
           .cosine = std::cos(g.angle_rad),
           .offset_m = g.cone_length_m - first,
           .first_m = first,
           .last_m = quantity == FootprintOf::curvature ? std::numeric_limits<double>::infinity()
                                                        : first + tip.cone_height_m,
           .amplitude_m = orbit.amplitude_m,
           .scale = g.cone_factor / std::abs(whole.total())};
  half_width_m_ = where_falls([this](double rho) { return apex_weight_per_m2(rho); },
                              0.5 * apex_per_m2_[0],
                              0.0,
                              10.0 * apex_radius_m_);
  cone_half_share_radius_m_ =
      where_falls([&](double rho) { return shares_.cone - enclosed_cone(rho); },
                  0.5 * shares_.cone,
                  0.0,
                  tip.cone_height_m);
}

void TipFootprint::tabulate_apex(double amplitude_m, double centre_gap_m) {
  const double amplitude = amplitude_m / apex_radius_m_;
  const double centre = centre_gap_m / apex_radius_m_;
  radii_m_.resize(table_size);
  apex_per_m2_.assign(table_size, 0.0);
  apex_enclosed_.assign(table_size, 0.0);
  for (std::size_t i = 0; i < table_size; ++i) {
    radii_m_[i] = apex_radius_m_ * std::sinh(table_step() * static_cast<double>(i));
  }
  for (int node = 0; node < orbit_nodes; ++node) {
    const double c = std::cos(pi * (node + 0.5) / orbit_nodes);
    const auto images = sphere_images(centre + amplitude * c);
    for (std::size_t i = 0; i < table_size; ++i) {
      const double sigma = charge_density(images, radii_m_[i] / apex_radius_m_);
      apex_per_m2_[i] -= sigma * sigma * (quantity_ == FootprintOf::curvature ? c : -1.0);
    }
  }
  // enclosed share by the trapezoidal rule in s = asinh(rho / R): rho drho = R^2 sinh s cosh s ds
  const double step = table_step();
  const auto ring = [&](std::size_t i) {
    return pi * apex_radius_m_ * apex_radius_m_ * std::sinh(2.0 * step * static_cast<double>(i)) *
           apex_per_m2_[i];
  };
  for (std::size_t i = 1; i < table_size; ++i) {
    apex_enclosed_[i] = apex_enclosed_[i - 1] + 0.5 * step * (ring(i - 1) + ring(i));
  }
  const double scale = shares_.apex / apex_enclosed_.back();
  for (std::size_t i = 0; i < table_size; ++i) {
    apex_per_m2_[i] *= scale;
    apex_enclosed_[i] *= scale;
  }
}

double TipFootprint::apex_weight_per_m2(double rho_m) const {
  return interpolate(apex_per_m2_, std::asinh(rho_m / apex_radius_m_) / table_step());
}

double TipFootprint::cone_weight_per_m2(double rho_m) const {
  const double h = (rho_m - cone_.foot_m) * cone_.cosine;
  if (h < cone_.first_m || h > cone_.last_m) {
    return 0.0;
  }
  const double s2 = (h - cone_.amplitude_m) * (h + cone_.amplitude_m);
  const double arm = quantity_ == FootprintOf::curvature ? 2.0 : h;
  return cone_.scale * arm * (h + cone_.offset_m) / (s2 * std::sqrt(s2)) * cone_.cosine /
         (2.0 * pi * rho_m);
}

double TipFootprint::weight_per_m2(double rho_m) const {
  return apex_weight_per_m2(rho_m) + cone_weight_per_m2(rho_m);
}

double TipFootprint::enclosed_cone(double rho_m) const {
  const double h = std::clamp((rho_m - cone_.foot_m) * cone_.cosine, cone_.first_m, cone_.last_m);
  // int H dH / S^3 = -1/S,  int dH / S^3 = -1 / [S (H + S)] + const
  if (quantity_ == FootprintOf::gradient) {
    // int H^2 dH / S^3 = ln(H + S) - H/S
    const auto force = [this](double x) {
      const double s = std::sqrt((x - cone_.amplitude_m) * (x + cone_.amplitude_m));
      return std::log(x + s) - (x + cone_.offset_m) / s;
    };
    return cone_.scale * (force(h) - force(cone_.first_m));
  }
  const auto primitive = [this](double x) {
    const double s = std::sqrt((x - cone_.amplitude_m) * (x + cone_.amplitude_m));
    return 1.0 / s + cone_.offset_m / (s * (x + s));
  };
  return cone_.scale * 2.0 * (primitive(cone_.first_m) - primitive(h));
}

double TipFootprint::enclosed_share(double rho_m) const {
  const double position = std::asinh(rho_m / apex_radius_m_) / table_step();
  const double apex = position >= static_cast<double>(table_size - 1)
                          ? apex_enclosed_.back()
                          : interpolate(apex_enclosed_, position);
  return apex + enclosed_cone(rho_m);
}

}  // namespace halotwin::physics
