// Inner products of many traces with many others. Internal to analysis/.
#pragma once

#include <cstddef>
#include <span>

namespace halotwin::analysis::kernels {

/// Lengths are padded with zeros to a multiple of this.
inline constexpr std::size_t trace_padding = 16;
[[nodiscard]] constexpr std::size_t padded_frames(std::size_t frames) {
  return (frames + trace_padding - 1) / trace_padding * trace_padding;
}

/// out[i * b.size() + j] = sum_t a_i[t] b_j[t] over `length` (a multiple of trace_padding) values.
///
/// One order of summation for every pair, whatever else is in the call and whatever the instruction
/// set: eight partial sums over portions of 1024 frames, then over the portions. Relative error
/// about 1e-6 of the product of the norms.
void dot_products(std::span<const float* const> a,
                  std::span<const float* const> b,
                  std::size_t length,
                  float* out);

/// The same for one pair: the same bits.
[[nodiscard]] float dot(const float* a, const float* b, std::size_t length);

}  // namespace halotwin::analysis::kernels
