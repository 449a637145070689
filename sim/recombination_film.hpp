// The film that shines: carriers between the grain boundaries of the specimen, and centres on them
// that switch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "physics/carrier_film.hpp"
#include "physics/carrier_frames.hpp"
#include "physics/telegraph.hpp"
#include "sim/microstructure.hpp"
#include "sim/recombination_params.hpp"

namespace halotwin::sim {

/// One centre, as placed.
struct SwitchingCentre {
  Point at{};
  std::size_t node = 0;
  double strength_m2_per_s = 0.0;  // kappa of its node
  physics::TelegraphParams rates;
  bool strong = false;  // of the second population
};

/// Nodes of side node_m on the same grains as every other instrument sees, from the corner of the
/// native grid; carriers cannot pass its rim. Losses are drawn per grain, transfer velocities per
/// boundary, centres on the nodes along boundaries; all from the specimen's seed.
class RecombinationFilm {
 public:
  RecombinationFilm(const RecombinationParams& params,
                    const Microstructure& structure,
                    std::uint64_t seed);

  [[nodiscard]] const RecombinationParams& params() const { return params_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] const Image<std::int32_t>& grains() const { return grains_; }
  /// At the reference light.
  [[nodiscard]] const physics::CarrierFilm& carriers() const { return carriers_; }
  [[nodiscard]] const std::vector<SwitchingCentre>& centres() const { return centres_; }
  [[nodiscard]] std::vector<physics::RecombinationCentre> sinks() const;
  /// Share of the time that each centre is on.
  [[nodiscard]] std::vector<double> duties() const;

 private:
  RecombinationParams params_;
  std::uint64_t seed_;
  Grid grid_;
  Image<std::int32_t> grains_;
  physics::CarrierFilm carriers_;
  std::vector<SwitchingCentre> centres_;
};

/// The occupations of all centres in windows of time, followed forward on the clock of the world
/// from its time 0.
class CentreActivity {
 public:
  explicit CentreActivity(const RecombinationFilm& film) : film_(&film) {}

  /// Share of each window [start, start + exposure] that each centre is on: values (window,
  /// centre). Windows rise and do not overlap. Going back in time starts again from 0.
  void occupations(std::span<const double> start_s,
                   double exposure_s,
                   std::span<float> out,
                   Threads threads = {});

 private:
  const RecombinationFilm* film_;
  std::vector<physics::TelegraphTrace> traces_;
  double reached_s_ = 0.0;
};

/// Radiative rates of the film in the frames of a camera.
class FilmEmission {
 public:
  /// `relative_light`: photons per area and time over those of the reference light.
  FilmEmission(const RecombinationFilm& film, double relative_light, Threads threads = {});

  /// Frames in one call start from each other, so calls must be cut at the same frames to give the
  /// same bits; those of a movie at multiples of chunk_frames.
  static constexpr std::size_t chunk_frames = 40;
  /// k2 n (n + p0) [1/(m^3 s)], mean over each exposure: values (frame, node).
  void rates(std::span<const double> start_s, double exposure_s, std::span<float> out);

  [[nodiscard]] double relative_light() const { return relative_light_; }
  /// The exponent of small changes of light: emission goes as s (s n + p0) / (n + p0), n the mean
  /// density of the film. (Neglected: the change of the share k2 n / k1 of radiative losses.)
  [[nodiscard]] double response(double s) const;
  /// Density with each centre on for its duty [1/m^3].
  [[nodiscard]] const std::vector<float>& mean_density() const { return mean_density_; }

 private:
  /// Rates for occupations (window, centre): values (window, node).
  void solve(std::span<const float> occupations, std::span<float> out) const;
  [[nodiscard]] double density_alone(std::size_t node, double sinks_per_s) const;
  void solve_alone(std::span<const float> occupations, std::span<float> out) const;

  const RecombinationFilm* film_;
  double relative_light_;
  Threads threads_;
  CentreActivity activity_;
  physics::CarrierFilm lit_;
  std::unique_ptr<physics::CarrierFrames> solver_;  // none without diffusion
  std::vector<float> mean_density_;
  double film_density_per_m3_ = 0.0;  // its mean
};

}  // namespace halotwin::sim
