// Numbers in the bytes of a file, in either byte order.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace halotwin {

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

}  // namespace halotwin
