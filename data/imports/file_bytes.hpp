// Files of numbers that do not tell their byte order. Internal to data/.
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "base/byte_order.hpp"

namespace halotwin::data::imports {

/// Whether `count` 32-bit floats make sense in the other byte order only: most are beyond 1e-30 to
/// 1e30 as they stand, and hardly any the other way. Zeros and NaN say nothing.
[[nodiscard]] inline bool is_other_order(std::string_view bytes,
                                         std::size_t at,
                                         std::size_t count,
                                         ByteOrder order) {
  constexpr std::size_t most_looked_at = 65536;
  const auto other = order == ByteOrder::big ? ByteOrder::little : ByteOrder::big;
  const auto is_absurd = [&](std::size_t i, ByteOrder as) {
    const float size = std::abs(number_at<float>(bytes, at + 4 * i, as));
    return (size > 0.0F && size < 1e-30F) || size > 1e30F;
  };
  const std::size_t stride = count / most_looked_at + 1;
  std::size_t here = 0;
  std::size_t there = 0;
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < count; i += stride) {
    here += is_absurd(i, order) ? 1U : 0U;
    there += is_absurd(i, other) ? 1U : 0U;
    ++looked_at;
  }
  return 2 * here > looked_at && 100 * there <= looked_at;
}

}  // namespace halotwin::data::imports
