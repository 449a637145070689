// Which contact potential a Kelvin loop nulls at a place: the local one, weighted by what of the
// probe senses it.
#pragma once

#include <cstddef>
#include <vector>

#include "base/grid.hpp"
#include "physics/tip_footprint.hpp"
#include "sim/specimen.hpp"

namespace halotwin::devices::simulated {

/// V_null = sum_j w_j V_j: the electrostatic signal sum_j w_j (V_dc - V_j) is nought.
///
/// w is TipFootprint, of <C''> for heterodyne and sideband detection and of <C'> for amplitude
/// detection, where the lever's half and more of the weight sees the mean film. Site by site within
/// +-3.2 lateral half-widths, by blocks of 8 x 8 sites up to 0.6 um, the film's mean beyond. On
/// bare metal everything sees the metal.
class KelvinSensor {
 public:
  KelvinSensor(const sim::Specimen& specimen,
               const physics::TipParams& tip,
               const physics::OrbitParams& orbit,
               physics::FootprintOf quantity);

  /// Takes the film's present state for the blocks and the mean; the sites are always the present
  /// ones.
  void refresh();
  [[nodiscard]] double nulled_potential_v(Point at);

  /// Share of the weight from inside the window of single sites.
  [[nodiscard]] double near_share() const { return near_share_; }

 private:
  // A function of rho, tabulated over rho^2.
  struct RadialTable {
    std::vector<double> values;
    double per_m2 = 0.0;
    [[nodiscard]] double at(double rho2_m2) const;
  };
  struct Sum {
    double weight = 0.0;
    double weighted_v = 0.0;
  };
  static RadialTable tabulate(const physics::TipFootprint& footprint, double reach_m, double area);
  [[nodiscard]] Sum sum_sites(Point at);
  [[nodiscard]] Sum sum_blocks(Point at) const;

  const sim::Specimen* specimen_;
  double window_m_;
  double near_share_ = 0.0;
  RadialTable near_;  // times the area of a site
  RadialTable far_;   // times the area of a block
  Grid blocks_;
  std::vector<double> block_v_;
  double mean_v_ = 0.0;
  sim::LocalSites sites_;
};

}  // namespace halotwin::devices::simulated
