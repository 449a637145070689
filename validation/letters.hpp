// Letters of a UTF-8 text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace halotwin::validation {

/// True for a byte that begins a letter: others continue a UTF-8 sequence and take no room.
[[nodiscard]] constexpr bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

[[nodiscard]] inline std::size_t letters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_letter));
}

}  // namespace halotwin::validation
