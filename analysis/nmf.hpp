// Non-negative matrix factorisation of spectra: which few shapes, in which amounts.
//
//   minimise ||X - W H||^2 over W >= 0 (pixels x rank), H >= 0 (rank x channels)
//
//   X   spectra, negative values count as zero   [any unit]
//   W   weights                                  [unit of X, with the basis normalised]
//   H   basis spectra                            [1 at the maximum, or unit sum]
//
// Method: alternating exact half steps. Given H, each pixel's weights are the solution of a
// non-negative least-squares problem in `rank` unknowns: for rank <= 4 by trying all 2^rank sets of
// non-zero weights, above by coordinate descent (HALS: Cichocki & Phan, IEICE Trans. E92-A, 708,
// 2009). Most sweeps run on the projection of X on its leading right singular vectors, the last
// ones on X itself. Starts: NNDSVDa (Boutsidis & Gallopoulos, Pattern Recognit. 41, 1350, 2008)
// from the eigenvectors of X^T X with the largest entry positive, and random ones.
//
// The factorisation is unique only if every component is alone in some pixel and absent from some
// channel (Donoho & Stodden 2003); see nmf_rank.hpp for the band of equally good answers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/spectra.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

enum class NmfScale { peak, sum };
constexpr auto enumerators(NmfScale) {
  return std::array<std::pair<NmfScale, std::string_view>, 2>{
      {{NmfScale::peak, "peak"}, {NmfScale::sum, "sum"}}};
}

struct NmfOptions {
  int rank = 2;                    // paper 000: two components for the triple-cation film
  int random_starts = 3;           // beside the NNDSVDa start; the best one is kept
  int max_sweeps = 500;            // per start; rank 3 with overlapping lines needs about 100
  double tolerance = 1e-7;         // stop: relative decrease of the squared residual in 10 sweeps
  int compressed_directions = 10;  // singular vectors kept for the bulk of the sweeps; 0 = none
  int full_sweeps = 3;             // at most, on the data themselves, after the compressed ones
  NmfScale scale = NmfScale::peak;
  std::uint64_t seed = 1;  // of the random starts
};
void visit_fields(auto& visit, NmfOptions& p) {
  visit("rank", p.rank);
  visit("random_starts", p.random_starts);
  visit("max_sweeps", p.max_sweeps);
  visit("tolerance", p.tolerance);
  visit("compressed_directions", p.compressed_directions);
  visit("full_sweeps", p.full_sweeps);
  visit("scale", p.scale);
  visit("seed", p.seed);
}
void validate(const NmfOptions& p);

enum class NmfStop { converged, sweep_limit, zero_data };
constexpr auto enumerators(NmfStop) {
  return std::array<std::pair<NmfStop, std::string_view>, 3>{{{NmfStop::converged, "converged"},
                                                              {NmfStop::sweep_limit, "sweep_limit"},
                                                              {NmfStop::zero_data, "zero_data"}}};
}

struct NmfResult {
  RowArray basis;                  // rank x channels, ordered by peak channel, low to high
  RowArrayF weights;               // pixels x rank
  double relative_residual = 0.0;  // ||X - W H|| / ||X||
  int sweeps = 0;                  // of the start that was kept
  NmfStop stop = NmfStop::converged;
  std::vector<double> start_residuals;  // one per start, before the sweeps on the full data
  std::vector<double> singular_values;  // all of X, descending; for the choice of the rank
  std::vector<double> residual_trace;   // after each sweep of the kept start, full sweeps included
};

/// Memory that factorize() fills; keep one for repeated calls on data of one size.
class NmfWorkspace {
 public:
  NmfWorkspace();
  ~NmfWorkspace();
  NmfWorkspace(NmfWorkspace&&) noexcept;
  NmfWorkspace& operator=(NmfWorkspace&&) noexcept;
  struct Buffers;
  [[nodiscard]] Buffers& buffers() { return *buffers_; }

 private:
  std::unique_ptr<Buffers> buffers_;
};

/// Factorises `spectra` (finite values; ParameterError otherwise). Same bits for any number of
/// threads.
[[nodiscard]] NmfResult factorize(const SpectraView& spectra,
                                  const NmfOptions& options = {},
                                  Threads threads = {});
[[nodiscard]] NmfResult factorize(const SpectraView& spectra,
                                  const NmfOptions& options,
                                  Threads threads,
                                  NmfWorkspace& workspace);

/// Weights of `spectra` for a given non-negative basis (rank x channels): the exact half step.
[[nodiscard]] RowArrayF solve_weights(const SpectraView& spectra,
                                      const RowArray& basis,
                                      Threads threads = {});

}  // namespace halotwin::analysis
