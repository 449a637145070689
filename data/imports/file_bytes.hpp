// Numbers in the bytes of a file, in either byte order. Internal to data/.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace halotwin::data::imports {

enum class ByteOrder { little, big };

/// The number at `at`. The caller has made sure that its bytes are there.
template <class T>
[[nodiscard]] T number_at(std::string_view bytes, std::size_t at, ByteOrder order) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof(T)> raw{};
  std::memcpy(raw.data(), bytes.data() + at, sizeof(T));
  if (order == ByteOrder::big) {
    std::reverse(raw.begin(), raw.end());
  }
  return std::bit_cast<T>(raw);
}

/// `count` numbers from `at` on.
template <class T>
[[nodiscard]] std::vector<T> numbers_at(std::string_view bytes,
                                        std::size_t at,
                                        std::size_t count,
                                        ByteOrder order) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = number_at<T>(bytes, at + i * sizeof(T), order);
  }
  return values;
}

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
