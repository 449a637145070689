// What a film has become under bias and with time, site by site: physics/degradation.hpp on the
// sites of a Specimen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/grid.hpp"
#include "physics/degradation.hpp"
#include "sim/microstructure.hpp"
#include "sim/site_model.hpp"
#include "sim/specimen_params.hpp"

namespace halotwin::sim {

/// A seed of degradation on the surface of a grain, near its boundary.
struct DegradationNucleus {
  std::int32_t grain = -1;
  Point at{};
  double radius_m = 0.0;
};

/// The change of one site against fresh film.
struct SiteChange {
  double density_ratio = 1.0;    // of the mobile ions
  double inclusion_share = 0.0;  // area share of PbI2, present
  double grown_share = 0.0;      // the same, above what was there
};

/// Stress (seconds below the biased tip at the reference bias and temperature) on coarse cells, and
/// the closed forms in it. The stress of a place is what its cell has received times the part of
/// the cell that the field covers at once (pi r^2 / cell area), between cells bilinear. Ions move
/// within a grain as one, so their stress is that at the grain's centre and their number in the
/// grain is conserved; PbI2 goes with the stress of the place.
///
/// What can be asked is the state at the last update, every `update_s` of laboratory time: whatever
/// was computed from it stays valid until updates() grows, also over a stop and a resumption.
class Degradation {
 public:
  /// `cells`: of the stress. The nuclei of a grain depend on the seed and the grain only.
  Degradation(const Microstructure& film,
              const SiteFields& fresh,
              const SpecimenParams& params,
              const Grid& cells,
              std::uint64_t seed);

  /// Bias `bias_v` (peak; 0: none) for `duration_s` in the disc of `radius_m` around `at`; ageing
  /// everywhere. `age_s`: of the film, after the step.
  struct Step {
    double duration_s = 0.0;
    double age_s = 0.0;
    Point at{};
    double radius_m = 0.0;
    double bias_v = 0.0;
    double temperature_k = 300.0;
  };
  /// Returns whether what can be asked is new.
  bool advance(const Step& step);

  [[nodiscard]] SiteChange change(std::size_t site, double fresh_inclusions) const;

  /// Stress at a place and of a grain, at the last update [s].
  [[nodiscard]] double stress_s(Point at) const;
  [[nodiscard]] double grain_stress_s(std::int32_t grain) const;
  [[nodiscard]] const std::vector<DegradationNucleus>& nuclei() const { return nuclei_; }

  [[nodiscard]] std::vector<double> save() const;
  [[nodiscard]] std::size_t saved_values() const;
  void load(std::span<const double> state);

 private:
  void place_nuclei(const Microstructure& film, const SpecimenParams& params, std::uint64_t seed);
  void make_end_state(const Microstructure& film,
                      const SiteFields& fresh,
                      const SpecimenParams& params);
  void show();

  physics::DegradationParams params_;
  Grid sites_;
  Grid cells_;
  std::vector<DegradationNucleus> nuclei_;
  std::vector<Point> centres_;       // of the grains
  std::vector<std::int32_t> grain_;  // of each site
  std::vector<float> defects_;       // of each site, 1 = fresh boundary
  std::vector<float> end_ratio_;     // of each site: density in the end over the fresh one
  // the state: as booked, and as it was at the last update
  Image<double> booked_;
  Image<double> shown_;
  double aged_s_ = 0.0;
  double shown_aged_s_ = 0.0;
  // from the shown state
  std::vector<double> grain_stress_s_;
  bool pristine_ = true;
};

}  // namespace halotwin::sim
