// Inner loops of the factorisation, over chunks of pixels. Internal to analysis/.
//
// Pixels are handled in tiles of 16 (one lane each). Every function has one order of summation, so
// that the wide and the narrow instruction sets give the same bits. Namespace `plain` holds the
// judges: the same quantities by the shortest code in double precision.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::analysis::kernels {

inline constexpr std::size_t tile_pixels = 16;
inline constexpr std::size_t max_rank = 16;
inline constexpr std::size_t max_exact_rank = 4;  // 2^4 sets; above, coordinate descent
/// Channels are padded with zeros to a multiple of this.
inline constexpr std::size_t channel_padding = 32;

[[nodiscard]] constexpr std::size_t padded(std::size_t channels) {
  return (channels + channel_padding - 1) / channel_padding * channel_padding;
}

/// Rows of spectra, not padded; values are clipped at zero and multiplied by `scale` when read.
struct Rows {
  const float* values = nullptr;
  std::size_t pixels = 0;
  std::size_t channels = 0;
  float scale = 1.0F;
};

struct GramSums {
  double squares = 0.0;  // sum of x^2
  double sum = 0.0;      // sum of x
};

/// gram[i * padded + j] += sum over rows of x_i x_j for i <= j (other entries are not meant).
GramSums add_gram(const Rows& rows, std::span<float> gram);

/// q[tile][direction][16] = projections of the rows on `directions` (padded x lanes, lanes = 16).
void project(const Rows& rows, std::span<const float> directions, std::size_t kept, float* q);

/// Normal equations of the weights, B w = a with w >= 0, prepared for a given B = H H^T.
struct WeightSolver {
  std::size_t rank = 0;
  std::vector<float> inverses;  // [set][rank][rank] of each set of non-zero weights (rank <= 4)
  std::vector<float> normal;    // B, for coordinate descent
  std::vector<float> inverse_diagonal;
};
[[nodiscard]] WeightSolver prepare_solver(std::span<const double> normal, std::size_t rank);

/// What the basis half step needs: X^T W and W^T W, summed over a chunk.
struct SweepSums {
  std::span<double> xw;  // [rank][width]
  std::span<double> ww;  // [rank][rank]
};

/// One half step on projected data: weights of `tiles` tiles from a = q^T c (c: kept x rank), then
/// the sums (width = kept). `state` keeps the weights [tile][rank][16] between sweeps where the
/// solver is iterative (rank > 4); else it may be null.
void sweep_tiles(const float* q,
                 std::size_t tiles,
                 std::size_t kept,
                 std::span<const float> c,
                 const WeightSolver& solver,
                 float* state,
                 const SweepSums& sums);

/// One half step on the data (width = padded channels). `basis` is channels-major, padded x lanes
/// with lanes = 4, 8 or 16 >= rank. `weights` (pixels x rank, may be null) gets the weights times
/// `weight_scale`.
void sweep_rows(const Rows& rows,
                std::span<const float> basis,
                const WeightSolver& solver,
                float* state,
                float* weights,
                float weight_scale,
                const SweepSums& sums);
[[nodiscard]] constexpr std::size_t basis_lanes(std::size_t rank) {
  return rank <= 4 ? 4 : (rank <= 8 ? 8 : 16);
}

/// For each column: w >= 0 that minimises w^T B w / 2 - a^T w, in double; a and w are
/// [rank][columns]. Exact for rank <= 4; above, coordinate descent from the given w.
void solve_nonnegative_columns(std::span<const double> normal,
                               std::span<const double> a,
                               std::span<double> w,
                               std::size_t columns);

namespace plain {

/// Exact solution by trying every set of non-zero weights, in double.
[[nodiscard]] std::vector<double> solve_nonnegative(std::span<const double> normal,
                                                    std::span<const double> a);
[[nodiscard]] std::vector<double> gram(const Rows& rows);

}  // namespace plain

}  // namespace halotwin::analysis::kernels
