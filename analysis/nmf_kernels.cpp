#include "analysis/nmf_kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/clones.hpp"

// Every function that passes a vector by value is inlined: there is no calling convention to
// change.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace halotwin::analysis::kernels {

namespace {

using Vec16 = float __attribute__((vector_size(64), aligned(4), may_alias));
using Vec8 = float __attribute__((vector_size(32), aligned(4), may_alias));
using Vec4 = float __attribute__((vector_size(16), aligned(4), may_alias));

using Bits16 = std::int32_t __attribute__((vector_size(64), aligned(4), may_alias));

// Selections by sign bits: vector comparisons would be taken apart lane by lane in the clones.
HALOTWIN_INLINE Bits16 bits(const Vec16& v) {
  return reinterpret_cast<const Bits16&>(v);
}
HALOTWIN_INLINE Vec16 as_float(const Bits16& b) {
  return reinterpret_cast<const Vec16&>(b);
}
/// All ones where v has its sign bit set.
HALOTWIN_INLINE Bits16 negative(const Vec16& v) {
  return bits(v) >> 31;
}
HALOTWIN_INLINE Vec16 clip(const Vec16& v) {
  return as_float(bits(v) & ~negative(v));
}
HALOTWIN_INLINE Vec16 choose(const Bits16& mask, const Vec16& yes, const Vec16& no) {
  return as_float((bits(yes) & mask) | (bits(no) & ~mask));
}

template <class V>
HALOTWIN_INLINE V& at(float* p) {
  return *reinterpret_cast<V*>(p);
}
template <class V>
HALOTWIN_INLINE const V& at(const float* p) {
  return *reinterpret_cast<const V*>(p);
}

constexpr std::size_t gram_tile_rows = 32;
constexpr std::size_t flush_tiles = 32;  // float sums over 512 pixels, then double
constexpr int descent_sweeps = 4;        // per half step, for rank > 4

/// Clipped, scaled, padded copy of some rows; rows beyond the data are zero.
HALOTWIN_INLINE void load_tile(
    const Rows& rows, std::size_t first, std::size_t tile_rows, std::size_t width, float* tile) {
  for (std::size_t r = 0; r < tile_rows; ++r) {
    float* out = tile + r * width;
    if (first + r >= rows.pixels) {
      std::memset(out, 0, width * sizeof(float));
      continue;
    }
    const float* in = rows.values + (first + r) * rows.channels;
    std::size_t c = 0;
    for (; c + 16 <= rows.channels; c += 16) {
      at<Vec16>(out + c) = clip(at<Vec16>(in + c) * rows.scale);
    }
    for (; c < rows.channels; ++c) {
      const float x = in[c] * rows.scale;
      out[c] = x < 0.0F ? 0.0F : x;
    }
    for (; c < width; ++c) {
      out[c] = 0.0F;
    }
  }
}

HALOTWIN_INLINE double fold(const Vec16& v) {
  double sum = 0.0;
  for (int i = 0; i < 16; ++i) {
    sum += static_cast<double>(v[i]);
  }
  return sum;
}

/// gram += tile^T tile for the blocks on and above the diagonal.
HALOTWIN_INLINE void add_tile_products(const float* tile, std::size_t width, float* gram) {
  for (std::size_t j = 0; j < width; j += 32) {
    for (std::size_t i = 0; i < j + 32; i += 4) {
      Vec16 sum[4][2] = {};
      for (std::size_t r = 0; r < gram_tile_rows; ++r) {
        const float* row = tile + r * width;
        const Vec16 right0 = at<Vec16>(row + j);
        const Vec16 right1 = at<Vec16>(row + j + 16);
        for (std::size_t k = 0; k < 4; ++k) {
          sum[k][0] += row[i + k] * right0;
          sum[k][1] += row[i + k] * right1;
        }
      }
      for (std::size_t k = 0; k < 4; ++k) {
        at<Vec16>(gram + (i + k) * width + j) += sum[k][0];
        at<Vec16>(gram + (i + k) * width + j + 16) += sum[k][1];
      }
    }
  }
}

/// out[row][lane] = sum over channels of tile[row][c] coefficients[c][lane], 8 rows at a time.
template <class V>
HALOTWIN_INLINE void multiply_tile(const float* tile,
                                   std::size_t width,
                                   const float* coefficients,
                                   float* out) {
  constexpr std::size_t lanes = sizeof(V) / sizeof(float);
  for (std::size_t r = 0; r < tile_pixels; r += 8) {
    V sum[8] = {};
    const float* rows = tile + r * width;
    for (std::size_t c = 0; c < width; ++c) {
      const V h = at<V>(coefficients + c * lanes);
      for (std::size_t k = 0; k < 8; ++k) {
        sum[k] += rows[k * width + c] * h;
      }
    }
    for (std::size_t k = 0; k < 8; ++k) {
      at<V>(out + (r + k) * lanes) = sum[k];
    }
  }
}

/// Non-negative weights of 16 pixels, exact: among all sets of non-zero weights whose solution is
/// not negative, the one with the largest a^T w (the lowest residual).
template <int K>
HALOTWIN_INLINE void solve_exact(const Vec16* a, const float* inverses, Vec16* w) {
  Vec16 best{};
  for (int k = 0; k < K; ++k) {
    w[k] = Vec16{};
  }
  for (unsigned set = 1; set < (1U << K); ++set) {
    const float* inverse = inverses + static_cast<std::size_t>(set) * K * K;
    Vec16 trial[K];
    Vec16 gain{};
    Bits16 signs{};
    for (int i = 0; i < K; ++i) {
      trial[i] = Vec16{};
      if ((set >> i & 1U) != 0) {
        for (int j = 0; j < K; ++j) {
          if ((set >> j & 1U) != 0) {
            trial[i] += inverse[i * K + j] * a[j];
          }
        }
        signs |= bits(trial[i]);
        gain += trial[i] * a[i];
      }
    }
    gain = as_float(bits(gain) & ~(signs >> 31));
    const Bits16 better = negative(best - gain);
    for (int i = 0; i < K; ++i) {
      w[i] = choose(better, trial[i], w[i]);
    }
    best = choose(better, gain, best);
  }
}

/// Coordinate descent on 16 pixels from the weights at hand.
HALOTWIN_INLINE void descend(const Vec16* a, const WeightSolver& solver, Vec16* w) {
  const std::size_t rank = solver.rank;
  for (int sweep = 0; sweep < descent_sweeps; ++sweep) {
    for (std::size_t j = 0; j < rank; ++j) {
      Vec16 gradient = a[j];
      for (std::size_t l = 0; l < rank; ++l) {
        gradient -= solver.normal[j * rank + l] * w[l];
      }
      w[j] = clip(w[j] + gradient * solver.inverse_diagonal[j]);
    }
  }
}

/// Weights of one tile; K = 0: any rank, iterative, with the weights kept in `state`.
template <int K>
HALOTWIN_INLINE void solve_tile(const Vec16* a,
                                const WeightSolver& solver,
                                float* state,
                                Vec16* w) {
  if constexpr (K > 0) {
    solve_exact<K>(a, solver.inverses.data(), w);
  } else {
    for (std::size_t k = 0; k < solver.rank; ++k) {
      w[k] = at<Vec16>(state + k * tile_pixels);
    }
    descend(a, solver, w);
    for (std::size_t k = 0; k < solver.rank; ++k) {
      at<Vec16>(state + k * tile_pixels) = w[k];
    }
  }
}

template <int K>
// NOLINTNEXTLINE(readability-function-cognitive-complexity): written out, so that it vectorises
HALOTWIN_INLINE void sweep_tiles_of(const float* q,
                                    std::size_t tiles,
                                    std::size_t kept,
                                    const float* c,
                                    const WeightSolver& solver,
                                    float* state,
                                    const SweepSums& sums) {
  constexpr std::size_t capacity = K > 0 ? static_cast<std::size_t>(K) : max_rank;
  const std::size_t rank = K > 0 ? static_cast<std::size_t>(K) : solver.rank;
  for (std::size_t begin = 0; begin < tiles; begin += flush_tiles) {
    Vec16 qw[capacity * 16] = {};
    Vec16 ww[capacity * capacity] = {};
    for (std::size_t t = begin; t < std::min(tiles, begin + flush_tiles); ++t) {
      const float* tile = q + t * kept * tile_pixels;
      Vec16 a[capacity] = {};
      for (std::size_t d = 0; d < kept; ++d) {
        const Vec16 x = at<Vec16>(tile + d * tile_pixels);
        for (std::size_t k = 0; k < rank; ++k) {
          a[k] += c[d * rank + k] * x;
        }
      }
      Vec16 w[capacity];
      solve_tile<K>(a, solver, state == nullptr ? nullptr : state + t * rank * tile_pixels, w);
      for (std::size_t d = 0; d < kept; ++d) {
        const Vec16 x = at<Vec16>(tile + d * tile_pixels);
        for (std::size_t k = 0; k < rank; ++k) {
          qw[d * rank + k] += w[k] * x;
        }
      }
      for (std::size_t k = 0; k < rank; ++k) {
        for (std::size_t l = k; l < rank; ++l) {
          ww[k * rank + l] += w[k] * w[l];
        }
      }
    }
    for (std::size_t k = 0; k < rank; ++k) {
      for (std::size_t d = 0; d < kept; ++d) {
        sums.xw[k * kept + d] += fold(qw[d * rank + k]);
      }
      for (std::size_t l = k; l < rank; ++l) {
        sums.ww[k * rank + l] += fold(ww[k * rank + l]);
      }
    }
  }
}

template <int K, class V>
// NOLINTNEXTLINE(readability-function-cognitive-complexity): written out, so that it vectorises
HALOTWIN_INLINE void sweep_rows_of(const Rows& rows,
                                   const float* basis,
                                   const WeightSolver& solver,
                                   float* state,
                                   float* weights,
                                   float weight_scale,
                                   const SweepSums& sums,
                                   float* tile,
                                   float* partial) {
  constexpr std::size_t lanes = sizeof(V) / sizeof(float);
  constexpr std::size_t capacity = K > 0 ? static_cast<std::size_t>(K) : max_rank;
  const std::size_t rank = K > 0 ? static_cast<std::size_t>(K) : solver.rank;
  const std::size_t width = padded(rows.channels);
  const std::size_t tiles = (rows.pixels + tile_pixels - 1) / tile_pixels;
  for (std::size_t begin = 0; begin < tiles; begin += flush_tiles) {
    std::memset(partial, 0, rank * width * sizeof(float));
    Vec16 ww[capacity * capacity] = {};
    for (std::size_t t = begin; t < std::min(tiles, begin + flush_tiles); ++t) {
      const std::size_t first = t * tile_pixels;
      load_tile(rows, first, tile_pixels, width, tile);
      float products[tile_pixels * lanes];
      multiply_tile<V>(tile, width, basis, products);
      float columns[capacity * tile_pixels] = {};
      for (std::size_t k = 0; k < rank; ++k) {
        for (std::size_t i = 0; i < tile_pixels; ++i) {
          columns[k * tile_pixels + i] = products[i * lanes + k];
        }
      }
      const Vec16* a = reinterpret_cast<const Vec16*>(columns);
      Vec16 w[capacity];
      solve_tile<K>(a, solver, state == nullptr ? nullptr : state + t * rank * tile_pixels, w);
      float flat[capacity * tile_pixels];
      for (std::size_t k = 0; k < rank; ++k) {
        at<Vec16>(flat + k * tile_pixels) = w[k];
        for (std::size_t l = k; l < rank; ++l) {
          ww[k * rank + l] += w[k] * w[l];
        }
      }
      if (weights != nullptr) {
        for (std::size_t i = 0; i < std::min(tile_pixels, rows.pixels - first); ++i) {
          for (std::size_t k = 0; k < rank; ++k) {
            weights[(first + i) * rank + k] = flat[k * tile_pixels + i] * weight_scale;
          }
        }
      }
      for (std::size_t c = 0; c < width; c += 16) {
        Vec16 sum[capacity];
        for (std::size_t k = 0; k < rank; ++k) {
          sum[k] = at<Vec16>(partial + k * width + c);
        }
        for (std::size_t i = 0; i < tile_pixels; ++i) {
          const Vec16 x = at<Vec16>(tile + i * width + c);
          for (std::size_t k = 0; k < rank; ++k) {
            sum[k] += flat[k * tile_pixels + i] * x;
          }
        }
        for (std::size_t k = 0; k < rank; ++k) {
          at<Vec16>(partial + k * width + c) = sum[k];
        }
      }
    }
    for (std::size_t i = 0; i < rank * width; ++i) {
      sums.xw[i] += static_cast<double>(partial[i]);
    }
    for (std::size_t k = 0; k < rank; ++k) {
      for (std::size_t l = k; l < rank; ++l) {
        sums.ww[k * rank + l] += fold(ww[k * rank + l]);
      }
    }
  }
}

/// Inverse of `normal` restricted to the bits of `set`, zero elsewhere (Gauss-Jordan without
/// pivoting: the matrix is positive definite); false and all zero if it is nearly singular.
bool invert_set(std::span<const double> normal,
                std::size_t rank,
                unsigned set,
                std::span<double> inverse) {
  // Below this share of a diagonal element, single precision has no digit left in the solution.
  constexpr double smallest_pivot = 1e-6;
  std::array<double, max_rank * max_rank> left{};
  std::fill(inverse.begin(), inverse.end(), 0.0);
  const auto in = [&](std::size_t i) { return (set >> i & 1U) != 0; };
  for (std::size_t i = 0; i < rank; ++i) {
    for (std::size_t j = 0; j < rank; ++j) {
      left[i * rank + j] = in(i) && in(j) ? normal[i * rank + j] : 0.0;
    }
    inverse[i * rank + i] = in(i) ? 1.0 : 0.0;
  }
  for (std::size_t p = 0; p < rank; ++p) {
    if (!in(p)) {
      continue;
    }
    const double pivot = left[p * rank + p];
    if (!(pivot > smallest_pivot * normal[p * rank + p])) {
      std::fill(inverse.begin(), inverse.end(), 0.0);
      return false;
    }
    for (std::size_t j = 0; j < rank; ++j) {
      left[p * rank + j] /= pivot;
      inverse[p * rank + j] /= pivot;
    }
    for (std::size_t i = 0; i < rank; ++i) {
      if (i != p && in(i)) {
        const double factor = left[i * rank + p];
        for (std::size_t j = 0; j < rank; ++j) {
          left[i * rank + j] -= factor * left[p * rank + j];
          inverse[i * rank + j] -= factor * inverse[p * rank + j];
        }
      }
    }
  }
  return true;
}

/// Inverses of all sets, [set][rank][rank].
std::vector<double> invert_sets(std::span<const double> normal, std::size_t rank) {
  std::vector<double> inverses((std::size_t{1} << rank) * rank * rank, 0.0);
  for (unsigned set = 1; set < (1U << rank); ++set) {
    invert_set(normal, rank, set, std::span(inverses).subspan(set * rank * rank, rank * rank));
  }
  return inverses;
}

/// The set with the largest gain among those without a negative weight.
void best_of_sets(std::span<const double> inverses,
                  std::span<const double> a,
                  std::span<double> best) {
  const std::size_t rank = a.size();
  std::array<double, max_rank> trial{};
  double best_gain = 0.0;
  std::fill(best.begin(), best.end(), 0.0);
  for (unsigned set = 1; set < (1U << rank); ++set) {
    const double* inverse = inverses.data() + set * rank * rank;
    double gain = 0.0;
    bool feasible = true;
    for (std::size_t i = 0; i < rank; ++i) {
      trial[i] = 0.0;
      for (std::size_t j = 0; j < rank; ++j) {
        trial[i] += inverse[i * rank + j] * a[j];
      }
      feasible = feasible && trial[i] >= 0.0;
      gain += trial[i] * a[i];
    }
    if (feasible && gain > best_gain) {
      best_gain = gain;
      std::copy_n(trial.begin(), rank, best.begin());
    }
  }
}

}  // namespace

HALOTWIN_CLONES GramSums add_gram(const Rows& rows, std::span<float> gram) {
  const std::size_t width = padded(rows.channels);
  std::vector<float> tile(gram_tile_rows * width);
  GramSums sums;
  for (std::size_t first = 0; first < rows.pixels; first += gram_tile_rows) {
    load_tile(rows, first, gram_tile_rows, width, tile.data());
    add_tile_products(tile.data(), width, gram.data());
    Vec16 squares{};
    Vec16 sum{};
    const std::size_t raw_rows = std::min(gram_tile_rows, rows.pixels - first);
    const float* raw = rows.values + first * rows.channels;
    const std::size_t raw_values = raw_rows * rows.channels;
    Vec16 zeros{};  // becomes NaN if any value is not finite
    std::size_t n = 0;
    for (; n + 16 <= raw_values; n += 16) {
      zeros += at<Vec16>(raw + n) * 0.0F;
    }
    for (; n < raw_values; ++n) {
      zeros[0] += raw[n] * 0.0F;
    }
    for (std::size_t i = 0; i < gram_tile_rows * width; i += 16) {
      const Vec16 x = at<Vec16>(tile.data() + i);
      squares += x * x;
      sum += x;
    }
    sums.squares += fold(squares) + fold(zeros);
    sums.sum += fold(sum);
  }
  return sums;
}

HALOTWIN_CLONES void project(const Rows& rows,
                             std::span<const float> directions,
                             std::size_t kept,
                             float* q) {
  const std::size_t width = padded(rows.channels);
  std::vector<float> tile(tile_pixels * width);
  for (std::size_t first = 0; first < rows.pixels; first += tile_pixels) {
    load_tile(rows, first, tile_pixels, width, tile.data());
    float products[tile_pixels * 16];
    multiply_tile<Vec16>(tile.data(), width, directions.data(), products);
    float* out = q + first * kept;
    for (std::size_t d = 0; d < kept; ++d) {
      for (std::size_t i = 0; i < tile_pixels; ++i) {
        out[d * tile_pixels + i] = products[i * 16 + d];
      }
    }
  }
}

WeightSolver prepare_solver(std::span<const double> normal, std::size_t rank) {
  WeightSolver solver;
  solver.rank = rank;
  if (rank <= max_exact_rank) {
    const auto inverses = invert_sets(normal, rank);
    solver.inverses.resize(inverses.size());
    std::transform(inverses.begin(), inverses.end(), solver.inverses.begin(), [](double v) {
      return static_cast<float>(v);
    });
    return solver;
  }
  solver.normal.resize(rank * rank);
  std::transform(normal.begin(), normal.end(), solver.normal.begin(), [](double v) {
    return static_cast<float>(v);
  });
  solver.inverse_diagonal.resize(rank);
  for (std::size_t j = 0; j < rank; ++j) {
    const double diagonal = normal[j * rank + j];
    solver.inverse_diagonal[j] = diagonal > 0.0 ? static_cast<float>(1.0 / diagonal) : 0.0F;
  }
  return solver;
}

HALOTWIN_CLONES void sweep_tiles(const float* q,
                                 std::size_t tiles,
                                 std::size_t kept,
                                 std::span<const float> c,
                                 const WeightSolver& solver,
                                 float* state,
                                 const SweepSums& sums) {
  switch (solver.rank) {
    case 1:
      return sweep_tiles_of<1>(q, tiles, kept, c.data(), solver, state, sums);
    case 2:
      return sweep_tiles_of<2>(q, tiles, kept, c.data(), solver, state, sums);
    case 3:
      return sweep_tiles_of<3>(q, tiles, kept, c.data(), solver, state, sums);
    case 4:
      return sweep_tiles_of<4>(q, tiles, kept, c.data(), solver, state, sums);
    default:
      return sweep_tiles_of<0>(q, tiles, kept, c.data(), solver, state, sums);
  }
}

HALOTWIN_CLONES void sweep_rows(const Rows& rows,
                                std::span<const float> basis,
                                const WeightSolver& solver,
                                float* state,
                                float* weights,
                                float weight_scale,
                                const SweepSums& sums) {
  const std::size_t width = padded(rows.channels);
  std::vector<float> memory((tile_pixels + solver.rank) * width);
  float* tile = memory.data();
  float* part = tile + tile_pixels * width;
  const float* h = basis.data();
  switch (solver.rank) {
    case 1:
      return sweep_rows_of<1, Vec4>(
          rows, h, solver, state, weights, weight_scale, sums, tile, part);
    case 2:
      return sweep_rows_of<2, Vec4>(
          rows, h, solver, state, weights, weight_scale, sums, tile, part);
    case 3:
      return sweep_rows_of<3, Vec4>(
          rows, h, solver, state, weights, weight_scale, sums, tile, part);
    case 4:
      return sweep_rows_of<4, Vec4>(
          rows, h, solver, state, weights, weight_scale, sums, tile, part);
    default:
      return solver.rank <= 8
                 ? sweep_rows_of<0, Vec8>(
                       rows, h, solver, state, weights, weight_scale, sums, tile, part)
                 : sweep_rows_of<0, Vec16>(
                       rows, h, solver, state, weights, weight_scale, sums, tile, part);
  }
}

void solve_nonnegative_columns(std::span<const double> normal,
                               std::span<const double> a,
                               std::span<double> w,
                               std::size_t columns) {
  const std::size_t rank = a.size() / columns;
  const bool exact = rank <= max_exact_rank;
  const auto inverses = exact ? invert_sets(normal, rank) : std::vector<double>{};
  std::array<double, max_rank> in{};
  std::array<double, max_rank> out{};
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t k = 0; k < rank; ++k) {
      in[k] = a[k * columns + c];
      out[k] = w[k * columns + c];
    }
    if (exact) {
      best_of_sets(inverses, std::span(in).first(rank), std::span(out).first(rank));
    }
    for (int sweep = 0; sweep < (exact ? 0 : descent_sweeps); ++sweep) {
      for (std::size_t j = 0; j < rank; ++j) {
        double gradient = in[j];
        for (std::size_t l = 0; l < rank; ++l) {
          gradient -= normal[j * rank + l] * out[l];
        }
        const double diagonal = normal[j * rank + j];
        out[j] = diagonal > 0.0 ? std::max(0.0, out[j] + gradient / diagonal) : 0.0;
      }
    }
    for (std::size_t k = 0; k < rank; ++k) {
      w[k * columns + c] = out[k];
    }
  }
}

namespace plain {

std::vector<double> solve_nonnegative(std::span<const double> normal, std::span<const double> a) {
  std::vector<double> w(a.size());
  best_of_sets(invert_sets(normal, a.size()), a, w);
  return w;
}

std::vector<double> gram(const Rows& rows) {
  const std::size_t m = rows.channels;
  std::vector<double> g(m * m, 0.0);
  for (std::size_t p = 0; p < rows.pixels; ++p) {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        const auto x = static_cast<double>(std::max(0.0F, rows.values[p * m + i] * rows.scale));
        const auto y = static_cast<double>(std::max(0.0F, rows.values[p * m + j] * rows.scale));
        g[i * m + j] += x * y;
      }
    }
  }
  return g;
}

}  // namespace plain

}  // namespace halotwin::analysis::kernels
