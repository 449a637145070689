// The simulated sample: one film that every instrument can look at, with its fields and its hidden,
// evolving state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "sim/dose.hpp"
#include "sim/microstructure.hpp"
#include "sim/specimen_params.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {

/// Fields on the sites of the native grid, row-major, one array per quantity.
///
/// Response `physical`: the film charge follows r* = (1 + i w t) / (1 - b_a/Z + i w t) with
/// b_a = share * h_eff / eps_r, in two phases side by side: the perovskite (area 1 -
/// inclusion_share) and the PbI2 interface (area inclusion_share); both have the same active share.
/// Response `phenomenological`: r* = 1 + sum_k a_k f_k^2 / (f_k^2 - f^2 + i f f_k / q), k = 1, 2.
struct SiteFields {
  std::vector<float> active_share;                   // ion-active part of the film below the tip
  std::vector<float> relaxation_time_s;              // perovskite: t = eps / sigma
  std::vector<float> interface_time_s;               // PbI2 interface: t = eps / sigma
  std::vector<float> inclusion_share;                // area share of the PbI2 interface, 0 to 1
  std::array<std::vector<float>, 2> line_hz;         // f_k
  std::array<std::vector<float>, 2> line_amplitude;  // a_k, relative to the fast response
  std::vector<float>
      ion_density_per_m3;  // vacancies, averaged over the film: share * density inside
  std::vector<float> diffusivity_m2_per_s;
  std::vector<float> contact_potential_v;  // V_sample - V_tip, from the same ion density
  std::vector<float> height_m;             // above the mean plane of the film
};

/// Contiguous sites of one row of the native grid around a place.
struct SiteRow {
  std::size_t first = 0;  // index of the first site in every field
  std::size_t count = 0;
  double offset_x_m = 0.0;  // of the first site from the place
  double offset_y_m = 0.0;
};

/// The sites around a place. Reuse one object: it allocates only when it has to grow.
struct LocalSites {
  std::vector<SiteRow> rows;
  std::size_t count = 0;
  bool on_metal = false;  // bare metal: no sites, r* = 1
};

/// What the specimen receives while the clock makes one step.
struct DoseStep {
  double duration_s = 0.0;
  Point at{};
  double radius_m = 0.0;  // of the exposed disc
  bool under_bias = false;
  double light_w = 0.0;
  double photons_per_s = 0.0;
};

/// Share of the ultraslow relaxation that is left after `bias_time_s` under bias:
/// amplitude exp(-bias_time / time constant), added to r* as a / (1 + i f / f_t).
[[nodiscard]] double transient_amplitude(const TransientParams& params, double bias_time_s);

class Specimen {
 public:
  Specimen(const SpecimenParams& params, std::uint64_t seed, Threads threads = {});

  [[nodiscard]] const SpecimenParams& params() const { return params_; }
  [[nodiscard]] const Microstructure& film() const { return film_; }
  [[nodiscard]] const Grid& grid() const { return film_.grid; }
  [[nodiscard]] const SiteFields& sites() const { return sites_; }

  /// Beside the film lies bare metal (the scratch down to the ITO): r* = 1, flat, constant
  /// potential.
  [[nodiscard]] bool on_metal(Point at) const { return at.x_m < metal_edge_x_m_; }
  /// Where a reference measurement is taken: metal, a micrometre from the film's edge.
  [[nodiscard]] Point reference_position() const;
  /// Whether `at` can be measured: on the modelled film or on the metal.
  [[nodiscard]] bool covers(Point at) const;

  /// The sites within the square of half side `radius_m` around `at`, cut at the grid's edge.
  /// Throws ParameterError if `at` is not covered.
  void gather(Point at, double radius_m, LocalSites& out) const;

  /// Height of the surface [m] and contact potential [V] at a place (bilinear between sites).
  [[nodiscard]] double height_m(Point at) const;
  [[nodiscard]] double contact_potential_v(Point at) const;

  /// Lets time and dose act: books the dose and moves the ultraslow transient on. What happened
  /// under bias depends on the sum of the bias-times only, so steps may be joined or split.
  void advance(const DoseStep& step);
  [[nodiscard]] double age_s() const { return age_s_; }
  [[nodiscard]] const DoseLedger& dose() const { return dose_; }
  /// Present amplitude of the ultraslow relaxation, from the time under bias on the film (not on
  /// the metal beside it); 0 if its switch is off.
  [[nodiscard]] double transient_amplitude() const;
  /// The evolving state, for resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  SpecimenParams params_;
  Microstructure film_;
  SiteFields sites_;
  double metal_edge_x_m_ = 0.0;
  double age_s_ = 0.0;
  DoseLedger dose_;
};

/// One true field, sampled.
struct TruthField {
  std::string name;
  std::string unit;  // "" = dimensionless
  Image<float> values;
};
using TruthMaps = std::vector<TruthField>;

/// True fields at `positions` (row-major, nx columns and ny rows; NaN positions give NaN): grain,
/// boundary_distance, junction_distance, hotspot, ion_density, diffusivity, relaxation_frequency,
/// active_share, inclusion_share, contact_potential, height. On metal: grain -1, the rest NaN or 0.
[[nodiscard]] TruthMaps truth_maps(const Specimen& specimen,
                                   std::size_t nx,
                                   std::size_t ny,
                                   std::span<const Point> positions);

/// The same on the specimen's native grid.
[[nodiscard]] TruthMaps native_truth(const Specimen& specimen);

}  // namespace halotwin::sim
