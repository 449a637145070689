#include "physics/tip_sample.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/probe_geometry.hpp"

namespace halotwin::physics {

using constants::pi;
constexpr double eps0 = constants::vacuum_permittivity_f_per_m;

void validate(const TipParams& p) {
  require_range("apex_radius_m", p.apex_radius_m, 1e-9, 10e-6);
  require_range("half_cone_angle_deg", p.half_cone_angle_deg, 1.0, 60.0);
  require_range("cone_height_m", p.cone_height_m, 1e-7, 1e-3);
  require_range("lever_length_m", p.lever_length_m, 1e-6, 1e-2);
  require_range("lever_width_m", p.lever_width_m, 1e-6, 1e-2);
  require(p.cone_height_m > 10.0 * p.apex_radius_m,
          "cone_height_m",
          p.cone_height_m,
          "more than ten apex radii");
}

TipParams blunter(TipParams p, double growth_m) {
  p.apex_radius_m += growth_m;
  return p;
}

void validate(const OrbitParams& p) {
  require_range("amplitude_m", p.amplitude_m, 1e-11, 1e-6);
  require_range("closest_approach_m", p.closest_approach_m, 1e-10, 1e-5);
}

double orbit_centre_m(const OrbitParams& p) {
  return p.amplitude_m + p.closest_approach_m;
}

ProbeGeometry probe_geometry(const TipParams& p) {
  const double th = p.half_cone_angle_deg * pi / 180.0;
  const double log_tan = std::log(std::tan(0.5 * th));
  return {.shoulder_m = p.apex_radius_m * (1.0 - std::sin(th)),
          .cone_length_m = p.apex_radius_m * std::cos(th) * std::cos(th) / std::sin(th),
          .apex_factor = 2.0 * pi * eps0 * p.apex_radius_m,
          .cone_factor = 2.0 * pi * eps0 / (log_tan * log_tan),
          .lever_factor = eps0 * p.lever_length_m * p.lever_width_m,
          .angle_rad = th};
}

ProbeParts capacitance_gradient(const TipParams& p, double gap_m) {
  const ProbeGeometry g = probe_geometry(p);
  const double x = gap_m + g.shoulder_m;
  const double y = gap_m + p.cone_height_m;
  return {-g.apex_factor * g.shoulder_m / (gap_m * x),
          -g.cone_factor * (std::log(p.cone_height_m / x) - 1.0 + g.cone_length_m / x),
          -g.lever_factor / (y * y)};
}

ProbeParts capacitance_curvature(const TipParams& p, double gap_m) {
  const ProbeGeometry g = probe_geometry(p);
  const double x = gap_m + g.shoulder_m;
  const double y = gap_m + p.cone_height_m;
  return {g.apex_factor * (1.0 / (gap_m * gap_m) - 1.0 / (x * x)),
          g.cone_factor * (1.0 / x + g.cone_length_m / (x * x)),
          2.0 * g.lever_factor / (y * y * y)};
}

namespace {

// sqrt(c^2 - A^2) without loss of digits near A
double orbit_root(double c, double amplitude) {
  return std::sqrt((c - amplitude) * (c + amplitude));
}

}  // namespace

ProbeParts orbit_averaged_curvature(const TipParams& p, double amplitude_m, double centre_gap_m) {
  const ProbeGeometry g = probe_geometry(p);
  const double c1 = centre_gap_m;
  const double c2 = c1 + g.shoulder_m;
  const double s1 = orbit_root(c1, amplitude_m);
  const double s2 = orbit_root(c2, amplitude_m);
  const double s3 = orbit_root(c1 + p.cone_height_m, amplitude_m);
  return {2.0 * g.apex_factor * (1.0 / (s1 * (c1 + s1)) - 1.0 / (s2 * (c2 + s2))),
          2.0 * g.cone_factor * (1.0 + g.cone_length_m / s2) / (c2 + s2),
          2.0 * g.lever_factor / (s3 * s3 * s3)};
}

ProbeParts orbit_averaged_gradient(const TipParams& p, double amplitude_m, double centre_gap_m) {
  const ProbeGeometry g = probe_geometry(p);
  const double c2 = centre_gap_m + g.shoulder_m;
  const double c3 = centre_gap_m + p.cone_height_m;
  const double s1 = orbit_root(centre_gap_m, amplitude_m);
  const double s2 = orbit_root(c2, amplitude_m);
  const double s3 = orbit_root(c3, amplitude_m);
  // means over the orbit: 1/x -> 1/S, ln x -> ln((c + S)/2), 1/x^2 -> c/S^3
  const double log_mean = std::log(2.0 * p.cone_height_m / (c2 + s2));
  return {-g.apex_factor * (1.0 / s1 - 1.0 / s2),
          -g.cone_factor * (log_mean - 1.0 + g.cone_length_m / s2),
          -g.lever_factor * c3 / (s3 * s3 * s3)};
}

double bending_coefficient(const TipParams& p,
                           double stiffness_n_per_m,
                           double amplitude_m,
                           double centre_gap_m) {
  const ProbeGeometry g = probe_geometry(p);
  const double c1 = centre_gap_m;
  const double c2 = c1 + g.shoulder_m;
  const double c3 = c1 + p.cone_height_m;
  const double s1 = orbit_root(c1, amplitude_m);
  const double s2 = orbit_root(c2, amplitude_m);
  const double s3 = orbit_root(c3, amplitude_m);
  // d/dc of 2/[S (c + S)] is -2/S^3, of 2/(c + S) -2/[S (c + S)], of 2/S^3 -6 c/S^5
  const double slope =
      -2.0 * g.apex_factor * (1.0 / (s1 * s1 * s1) - 1.0 / (s2 * s2 * s2)) -
      2.0 * g.cone_factor * (1.0 / (s2 * (c2 + s2)) + g.cone_length_m / (s2 * s2 * s2)) -
      6.0 * g.lever_factor * c3 / (s3 * s3 * s3 * s3 * s3);
  return slope * orbit_averaged_gradient(p, amplitude_m, centre_gap_m).total() /
         (4.0 * stiffness_n_per_m);
}

SpherePlane sphere_plane(double radius_m, double gap_m) {
  require_positive("radius_m", radius_m);
  require_positive("gap_m", gap_m);
  // with f = sinh(al), s = sinh(n al), c = cosh(n al), dal/dz = 1/(R f):
  //   t = f/s,  dt/dal = cosh/s - n f c/s^2,  d2t/dal2 = f/s - 2 n cosh c/s^2 + n^2 f (1 + c^2)/s^3
  const double excess = gap_m / radius_m;
  const double f = std::sqrt(excess * (2.0 + excess));
  const double al = std::log1p(excess + f);
  const double ch = 1.0 + excess;
  const int terms = 2 + static_cast<int>(std::ceil(45.0 / al));
  double sum = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (int n = terms; n >= 1; --n) {
    const double s = std::sinh(n * al);
    const double c = std::cosh(n * al);
    const double q = n * c / s;
    sum += f / s;
    first += (ch - f * q) / s;
    second += (f - 2.0 * ch * q + f * (n / s * (n / s) + q * q)) / s;
  }
  const double scale = 4.0 * pi * eps0 * radius_m;
  const double slope = 1.0 / (radius_m * f);  // dal/dz
  const double bend = -ch / (radius_m * radius_m * f * f * f);
  return {scale * sum, scale * first * slope, scale * (second * slope * slope + first * bend)};
}

}  // namespace halotwin::physics
