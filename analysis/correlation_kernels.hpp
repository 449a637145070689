// Sums of correlation_sums.hpp for one row of pixels and some frames.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace halotwin::analysis::kernels {

/// Where the sums of a row go: nx values each.
struct RowSums {
  std::int64_t* sum = nullptr;
  std::int64_t* square = nullptr;
  std::array<std::int64_t*, 4> product{};  // order of Neighbour
};

/// One row of `count` frames; frame t begins at frames + t * stride.
struct RowFrames {
  const std::uint16_t* frames = nullptr;
  const std::uint16_t* reference = nullptr;
  std::size_t stride = 0;
  std::size_t count = 0;
  std::size_t nx = 0;
};

/// Plain version, for any difference. `below` has nx = 0 at the last row.
void add_row_plain(const RowFrames& here, const RowFrames& below, const RowSums& into);

/// Frames of one row as differences of 16 bits, two frames side by side:
///   word[(pair * width + 1 + x) * 2 + (t % 2)],  zeros left and right of the row and for a missing
/// last frame.
struct PairedRow {
  std::vector<std::int16_t> words;
  std::size_t width = 0;      // nx rounded up, and a margin on both sides
  std::uint32_t largest = 0;  // no |d| is larger
  [[nodiscard]] bool is_paired() const { return largest < (1U << 15U); }  // |d| fit words
  [[nodiscard]] bool is_small() const { return largest < (1U << 12U); }   // sums fit 31 bits
};
inline constexpr std::size_t block_frames = 64;

/// True if this processor has what the two functions below need (AVX2).
[[nodiscard]] bool has_paired_rows();
/// At most block_frames frames.
void pair_row(const RowFrames& row, PairedRow& out);
/// As add_row_plain, of rows that are paired; `below` null at the last row.
void add_paired_row(const PairedRow& here,
                    const PairedRow* below,
                    std::size_t nx,
                    std::size_t frames,
                    const RowSums& into);

}  // namespace halotwin::analysis::kernels
