// The tip as it is now: new, worn, or changed at a stroke. Internal: users see simulated_probe.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "physics/tip_sample.hpp"
#include "physics/tip_wear.hpp"

namespace halotwin::devices::simulated {

/// Its apex stays a sphere on the same cone; its shortening (1.9 times the growth of the radius at
/// 20 degrees) is taken up by the height feedback and left out of the height signal.
class ProbeTip {
 public:
  ProbeTip(const physics::TipParams& fresh, const physics::TipWearParams& wear);

  /// Takes off what `taps` taps and a path of `path_m` under `load_n` take; nothing unless wear is
  /// on.
  void use(double taps, double load_n, double path_m);
  /// Something broke off or was picked up. The radius stays within least_radius_m and the cone's.
  void change(double radius_change_m, double potential_change_v);

  [[nodiscard]] double radius_m() const { return radius_m_; }
  /// By how much the radius is above that of the new tip, as electrostatics and contact feel it:
  /// in steps of 0.27 % of the radius, so that footprints are not tabulated at every tap. 0: new.
  [[nodiscard]] double felt_growth_m() const;
  /// By how much the tip is blunter than new, for the topography [m]; 0 if it is sharper.
  [[nodiscard]] double blunter_by_m() const;
  /// Added to the contact potential that the tip measures [V].
  [[nodiscard]] double potential_v() const { return potential_v_; }

  static constexpr double least_radius_m = 2.0e-9;

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const { return {radius_m_, potential_v_}; }
  void load(std::span<const double> state);

 private:
  physics::TipParams fresh_;
  physics::TipWearParams wear_;
  double radius_m_;
  double potential_v_ = 0.0;
};

}  // namespace halotwin::devices::simulated
