#include "analysis/trace_kernels.hpp"

#include <algorithm>

#include "base/clones.hpp"

// Every function that passes a vector by value is inlined: there is no calling convention to
// change.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace halotwin::analysis::kernels {

namespace {

using Vec8 = float __attribute__((vector_size(32), aligned(4), may_alias));

constexpr std::size_t lanes = 8;
constexpr std::size_t portion = 1024;  // frames; 64 traces of this length stay in the second cache
constexpr std::size_t rows = 4;        // 4 x 3 sums fill the 16 registers of AVX2
constexpr std::size_t columns = 3;

HALOTWIN_INLINE float fold(const Vec8& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/// Adds the products over `count` frames of `Rows` x `Columns` pairs to `sums`.
template <std::size_t Rows, std::size_t Columns>
HALOTWIN_INLINE void add_block(const float* const (&a)[Rows],
                               const float* const (&b)[Columns],
                               std::size_t count,
                               float (&sums)[Rows][Columns]) {
  // unrolled so that all sums are registers
  Vec8 sum[Rows][Columns] = {};
  for (std::size_t t = 0; t < count; t += lanes) {
    Vec8 left[Rows];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < Rows; ++i) {
      left[i] = *reinterpret_cast<const Vec8*>(a[i] + t);
    }
#pragma GCC unroll 4
    for (std::size_t j = 0; j < Columns; ++j) {
      const Vec8 right = *reinterpret_cast<const Vec8*>(b[j] + t);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < Rows; ++i) {
        sum[i][j] += left[i] * right;
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < Columns; ++j) {
      sums[i][j] = fold(sum[i][j]);
    }
  }
}

}  // namespace

HALOTWIN_CLONES
void dot_products(std::span<const float* const> a,
                  std::span<const float* const> b,
                  std::size_t length,
                  float* out) {
  std::fill_n(out, a.size() * b.size(), 0.0F);
  for (std::size_t first = 0; first < length; first += portion) {
    const std::size_t count = std::min(portion, length - first);
    for (std::size_t j = 0; j < b.size(); j += columns) {
      const float* right[columns];
      for (std::size_t k = 0; k < columns; ++k) {
        right[k] = b[std::min(j + k, b.size() - 1)] + first;
      }
      for (std::size_t i = 0; i < a.size(); i += rows) {
        const float* left[rows];
        for (std::size_t k = 0; k < rows; ++k) {
          left[k] = a[std::min(i + k, a.size() - 1)] + first;
        }
        float sums[rows][columns];
        add_block<rows, columns>(left, right, count, sums);
        for (std::size_t k = i; k < std::min(i + rows, a.size()); ++k) {
          for (std::size_t l = j; l < std::min(j + columns, b.size()); ++l) {
            out[k * b.size() + l] += sums[k - i][l - j];
          }
        }
      }
    }
  }
}

HALOTWIN_CLONES
float dot(const float* a, const float* b, std::size_t length) {
  float total = 0.0F;
  for (std::size_t first = 0; first < length; first += portion) {
    const float* left[1] = {a + first};
    const float* right[1] = {b + first};
    float sums[1][1];
    add_block<1, 1>(left, right, std::min(portion, length - first), sums);
    total += sums[0][0];
  }
  return total;
}

}  // namespace halotwin::analysis::kernels
