// The simulated sample: one film that every instrument can look at, with its fields and its hidden,
// evolving state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "sim/degradation.hpp"
#include "sim/dose.hpp"
#include "sim/interpolate.hpp"
#include "sim/recombination_film.hpp"
#include "sim/site_model.hpp"
#include "sim/specimen_params.hpp"
#include "sim/structure.hpp"
#include "sim/time_factors.hpp"

namespace halotwin::sim {

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
  double bias_v = 0.0;  // peak of the drive: what degrades
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
  /// As made: what instruments feel now is asked site by site with present().
  [[nodiscard]] const SiteFields& sites() const { return sites_; }

  /// The response of a site at present, at the film's temperature_k; see time_factors().
  void present(std::size_t site, SiteResponse& out) const;
  [[nodiscard]] float present_height_m(std::size_t site) const;
  [[nodiscard]] float present_contact_potential_v(std::size_t site) const;
  [[nodiscard]] float present_ion_density_per_m3(std::size_t site) const;
  [[nodiscard]] TimeFactors time_factors() const { return factors_; }
  /// Grows when present() or time_factors() may give something new: what was gathered before is
  /// then stale. (The ultraslow transient is asked at each evaluation and does not count.)
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  /// Temperature of the film; at the start that of its parameters. Times and frequencies follow at
  /// once (time_factors()), and so does the contact potential.
  [[nodiscard]] double temperature_k() const { return temperature_k_; }
  void set_temperature_k(double temperature_k);

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
  /// The same as a tip reports it that is blunter by `blunter_by_m` than a new one, to which the
  /// film's height is what it is: dilated by a ball of that radius. (Dilations by two balls are one
  /// by a ball with the sum of the radii.) Bare metal is flat.
  [[nodiscard]] double height_m(Point at, double blunter_by_m) const;
  [[nodiscard]] double contact_potential_v(Point at) const;

  /// Lets time and dose act: books the dose and moves the ultraslow transient on. What happened
  /// under bias depends on the sum of the bias-times only, so steps may be joined or split.
  void advance(const DoseStep& step);
  [[nodiscard]] double age_s() const { return age_s_; }
  [[nodiscard]] const DoseLedger& dose() const { return dose_; }
  /// What bias and time have made of the film; none if the effect is off.
  [[nodiscard]] const std::optional<Degradation>& degradation() const { return degradation_; }
  /// Carriers and recombination centres; none if clim.on is false.
  [[nodiscard]] const RecombinationFilm* recombination() const { return recombination_.get(); }
  /// Present amplitude of the ultraslow relaxation, from the time under bias on the film (not on
  /// the metal beside it); 0 if its switch is off.
  [[nodiscard]] double transient_amplitude() const;
  /// The evolving state, for resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  Specimen(const SpecimenParams& params, Structure structure, std::uint64_t seed, Threads threads);
  void degrade(const SiteChange& change, SiteResponse& out) const;
  /// A contact potential as made, at the present temperature: its ionic part goes with T.
  [[nodiscard]] float at_temperature_v(float as_made_v) const;

  SpecimenParams params_;
  Microstructure film_;
  SiteFields sites_;
  double metal_edge_x_m_ = 0.0;
  double age_s_ = 0.0;
  double temperature_k_;
  TimeFactors factors_;
  std::uint64_t revision_ = 0;
  DoseLedger dose_;
  std::optional<Degradation> degradation_;
  std::shared_ptr<const RecombinationFilm> recombination_;
};

}  // namespace halotwin::sim
