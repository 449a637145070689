// Which places of the sample the probe's force gradient comes from: the lateral weight.
#pragma once

#include <span>
#include <vector>

#include "physics/tip_sample.hpp"

namespace halotwin::physics {

/// What is weighted: the force gradient (<C''>) or the force itself (<C'>, amplitude KPFM).
enum class FootprintOf { curvature, gradient };

/// Radial weight of the frozen-ion force gradient on the sample plane, tabulated once; or of the
/// force, which reaches much further: its cone part falls as rho^-2 and the lever has the most.
///
///   R*(x) = int weight(|x - x'|) R*_local(x') d^2x' + lever_share * (mean over the sample)
///
/// Apex: image charges of a sphere over a plane give the surface charge density sigma(rho, z) per
/// volt exactly. The stress on the plane is sigma^2 / (2 eps0), so -sigma^2 / eps0 integrates to
/// C', and first-order perturbation (dC = -(1/eps0) int sigma^2 db dA for a change db of h / eps)
/// makes it the sensitivity to the place rho. Over the orbit:
///   w_apex(rho) ~ -(1 / (pi A)) int_0^{2 pi} [sigma(rho, u_c + A cos x)^2 / eps0] cos x dx
/// Cone: Hudlet's field lines are arcs; the ring of the cone at height H above the plane ends at
///   rho = R cos th - u' tan th + H / cos th,  u' = u_c + a, H >= u',
/// and adds 2 (H - u' + b) / S^3 dH, S^2 = H^2 - A^2, which sums to the cone's <C''>.
/// For the force: sigma(rho)^2 / eps0 averaged over the orbit, and (H - u' + b) H / S^3 dH up to
/// the height of the cone, which sums to <C'>.
/// The apex is normalised to its share of <C''>, so that apex, cone and lever shares sum to 1.
///
/// Approximations: local response (each place answers as a plate capacitor with its own film;
/// lateral currents and fields inside the film are left out: good for films thin against rho), weak
/// contrast (the places do not change each other's sigma), the film enters by h / eps_r only, the
/// arcs' ends do not move with the orbit. Half width 11.5 nm for R 25 nm, orbit 10 nm / 3 nm,
/// h / eps_r 2.5 nm. Beyond about 3 R the apex weight is slightly negative (charge moves inwards as
/// the tip comes near); the cone outweighs it there.
class TipFootprint {
 public:
  /// `film_gap_m` = h / eps_r of the film. Costs about a millisecond.
  TipFootprint(const TipParams& tip,
               const OrbitParams& orbit,
               double film_gap_m,
               FootprintOf quantity = FootprintOf::curvature);

  /// Share of <C''> (or <C'>) per area at distance rho [1/m^2]: apex + cone (interpolated, 0 beyond
  /// the table's end).
  [[nodiscard]] double weight_per_m2(double rho_m) const;
  [[nodiscard]] double apex_weight_per_m2(double rho_m) const;
  [[nodiscard]] double cone_weight_per_m2(double rho_m) const;
  /// Share from inside a circle of radius rho: the apex and cone parts, without the lever.
  [[nodiscard]] double enclosed_share(double rho_m) const;

  /// Parts of <C''> [F/m^2].
  [[nodiscard]] const ProbeParts& curvature() const { return curvature_; }
  /// Shares of apex, cone and lever in the quantity that is weighted; their sum is 1.
  [[nodiscard]] const ProbeParts& shares() const { return shares_; }
  /// Radius at which the apex weight is half of its value at the centre [m].
  [[nodiscard]] double half_width_m() const { return half_width_m_; }
  /// Radius that holds half of the cone's share [m].
  [[nodiscard]] double cone_half_share_radius_m() const { return cone_half_share_radius_m_; }
  /// Radii of the table, ascending from 0.
  [[nodiscard]] std::span<const double> radii_m() const { return radii_m_; }

 private:
  void tabulate_apex(double amplitude_m, double centre_gap_m);
  [[nodiscard]] double enclosed_cone(double rho_m) const;

  FootprintOf quantity_;
  ProbeParts curvature_;
  ProbeParts shares_;
  double apex_radius_m_ = 0.0;
  std::vector<double> radii_m_;
  std::vector<double> apex_per_m2_;
  std::vector<double> apex_enclosed_;  // share inside each radius
  struct ConeArcs {
    double foot_m = 0.0;  // R cos th - u' tan th
    double cosine = 1.0;
    double offset_m = 0.0;  // b - u'
    double first_m = 0.0;   // u'
    double last_m = 0.0;    // top of the cone
    double amplitude_m = 0.0;
    double scale = 0.0;  // 2 pi eps0 K / (the quantity)
  } cone_;
  double half_width_m_ = 0.0;
  double cone_half_share_radius_m_ = 0.0;
};

}  // namespace halotwin::physics
