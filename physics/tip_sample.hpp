// Capacitance gradients of a conical tip over a thin film on a conductor, and averages over its
// orbit.
#pragma once

namespace halotwin::physics {

/// Conical tip with a round apex on a rectangular lever.
struct TipParams {
  double apex_radius_m = 25e-9;       // coated tip, new; 30 to 60 nm after wear
  double half_cone_angle_deg = 20.0;  // 20 to 25
  double cone_height_m = 15e-6;       // 15 to 17 um
  double lever_length_m = 225e-6;     // Multi75E-G
  double lever_width_m = 28e-6;
  bool operator==(const TipParams&) const = default;
};
void validate(const TipParams& p);
/// The same with an apex radius that is larger by `growth_m`.
[[nodiscard]] TipParams blunter(TipParams p, double growth_m);
void visit_fields(auto& visit, TipParams& p) {
  visit("apex_radius_m", p.apex_radius_m);
  visit("half_cone_angle_deg", p.half_cone_angle_deg);
  visit("cone_height_m", p.cone_height_m);
  visit("lever_length_m", p.lever_length_m);
  visit("lever_width_m", p.lever_width_m);
}

/// Mechanical oscillation of the apex: z(t) = z_c + A cos(w t), z_c = A + closest approach.
struct OrbitParams {
  double amplitude_m = 10e-9;        // at work, not free; 10 to 50 nm in use
  double closest_approach_m = 3e-9;  // apex to film surface; at 5 nm and more contrast is lost
  bool operator==(const OrbitParams&) const = default;
};
void validate(const OrbitParams& p);
void visit_fields(auto& visit, OrbitParams& p) {
  visit("amplitude_m", p.amplitude_m);
  visit("closest_approach_m", p.closest_approach_m);
}
[[nodiscard]] double orbit_centre_m(const OrbitParams& p);

/// The three parts of a quantity of the probe, and their sum.
struct ProbeParts {
  double apex = 0.0;
  double cone = 0.0;
  double lever = 0.0;
  [[nodiscard]] double total() const { return apex + cone + lever; }
  [[nodiscard]] double apex_share() const { return apex / total(); }
};

/// C'(z) [F/m] and C''(z) [F/m^2] of the probe.
///
///   apex   C' = -2 pi eps0 R a / [u (u + a)]
///   cone   C' = -2 pi eps0 K { ln[L / (u + a)] - 1 + b / (u + a) }
///   lever  C' = -eps0 A_l / (u + L)^2
///
///   u    `gap_m`: z + h / eps_r for a film of thickness h on a conductor, z over metal
///   a    R (1 - sin th);  b  R cos^2 th / sin th;  K  1 / ln(tan(th/2))^2
///
/// Apex: |C'| and C'' are 2 to 6 % above the exact sphere-plane values for th -> 0, z 0.2 R to 2 R.
/// Film formula: h up to 20 to 50 nm; thicker ones by an effective depth of 2 to 4 R. The lever is
/// a plate without tilt.
///
/// Source: Hudlet et al., Eur. Phys. J. B 2, 5 (1998); film: Fumagalli et al., Appl. Phys. Lett.
/// 91, 243110 (2007).
[[nodiscard]] ProbeParts capacitance_gradient(const TipParams& p, double gap_m);
[[nodiscard]] ProbeParts capacitance_curvature(const TipParams& p, double gap_m);

/// Curvature that an oscillating tip feels [F/m^2]: the first Fourier component of C' over the
/// orbit, which replaces C'' in dk = -(1/2) C'' V^2 for any A (at first order in dk).
///
///   <C''> = (1 / (pi A)) int_0^{2 pi} C'(u_c + A cos x) cos x dx
///
///   apex   4 pi eps0 R { 1 / [S1 (c1 + S1)] - 1 / [S2 (c2 + S2)] }
///   cone   4 pi eps0 K (1 + b / S2) / (c2 + S2)
///   lever  2 eps0 A_l / S3^3
///
///   u_c  `centre_gap_m`: z_c + h / eps_r, above A
///   c1   u_c;  c2  u_c + a;  c3  u_c + L;  S_i  sqrt(c_i^2 - A^2)
///
/// Closed form of the integral; A -> 0 gives C''(u_c).
[[nodiscard]] ProbeParts orbit_averaged_curvature(const TipParams& p,
                                                  double amplitude_m,
                                                  double centre_gap_m);

/// The mean of C' over the orbit [F/m]: bends the lever by C' V^2 / (2 k).
[[nodiscard]] ProbeParts orbit_averaged_gradient(const TipParams& p,
                                                 double amplitude_m,
                                                 double centre_gap_m);

/// What the bending of the lever adds to the gradient [N/m per V^4]:
///
///   dk = -(1/2) <C''> V^2 - B V^4,   B = (d<C''>/du_c) <C'> / (4 k)
///
/// The force (1/2) <C'> V^2 pulls the tip nearer, quasi-statically (electrical drive far below the
/// resonance). First order in 1/k: 1.5 % of dk at 1 V, 3 N/m, orbit 10 nm / 3 nm. With this, A as
/// it is under the drive and the lever `stiffened` by the static gradient, the small-signal form
/// agrees with the equation of motion at 1 kHz to 0.05 % at 1 V and 0.7 % at 2 V (Q 100 to 200).
[[nodiscard]] double bending_coefficient(const TipParams& p,
                                         double stiffness_n_per_m,
                                         double amplitude_m,
                                         double centre_gap_m);

/// C [F], C' [F/m], C'' [F/m^2] of a sphere over a metal plane: the judge of the apex formula.
///   C = 4 pi eps0 R sinh al sum_{n>=1} 1 / sinh(n al),  cosh al = 1 + z / R
/// The derivatives are those of the series, term by term.
struct SpherePlane {
  double capacitance_f = 0.0;
  double gradient_f_per_m = 0.0;
  double curvature_f_per_m2 = 0.0;
};
[[nodiscard]] SpherePlane sphere_plane(double radius_m, double gap_m);

}  // namespace halotwin::physics
