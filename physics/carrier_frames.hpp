// Steady states of a carrier film for thousands of frames that differ in the occupation of its
// recombination centres: multigrid from the state of the frame before.
//
// Conjugate gradients, preconditioned by one cycle of multigrid whose coarse unknowns end at
// barriers (carrier_multigrid.hpp). k2 n^2 enters with its tangent at the mean state on the left
// and its exact remainder on the right. Single precision; steady_density is the judge.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "physics/carrier_film.hpp"

namespace halotwin::physics {

struct CarrierFrameOptions {
  double tolerance = 1e-3;  // of the error in the energy norm before the last step
  int maximum_cycles = 60;  // per frame
  std::size_t chunk_frames =
      40;  // frames of a chunk start from each other, the first from the mean
};

/// The result depends neither on threads nor, if every call begins at a multiple of chunk_frames,
/// on how the frames of a movie are spread over calls. Memory: about 90 bytes per node and thread.
class CarrierFrames {
 public:
  /// `mean_occupation`: one value per centre, about the mean of what will be asked for (it decides
  /// the speed, not the result).
  CarrierFrames(const CarrierFilm& film,
                std::span<const RecombinationCentre> centres,
                std::span<const double> mean_occupation,
                const CarrierFrameOptions& options = {});
  ~CarrierFrames();
  CarrierFrames(const CarrierFrames&) = delete;
  CarrierFrames& operator=(const CarrierFrames&) = delete;

  /// Density of the mean state [1/m^3].
  [[nodiscard]] std::vector<float> mean_density() const;

  /// Densities for `occupations`, values (frame, centre): values (frame, node) [1/m^3]. Throws
  /// std::runtime_error if a frame needs more than maximum_cycles.
  void densities(std::span<const float> occupations,
                 std::span<float> density_per_m3,
                 Threads threads = {}) const;

  /// The same, radiative rate k2 n (n + p0) averaged over pixels of `binning` x `binning` nodes:
  /// values (frame, pixel) [1/(m^3 s)].
  void emission(std::span<const float> occupations,
                std::size_t binning,
                std::span<float> rate_per_m3_s,
                Threads threads = {}) const;

  /// Cycles of frame 0, 1, ... of one chunk (for benchmarks and tests).
  [[nodiscard]] std::vector<int> cycles(std::span<const float> occupations) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::physics
