// Images as the software of Asylum Research saves them: an Igor binary wave of version 5 of 32-bit
// floats, points of the line x lines x channels, with channel names as labels of the third
// dimension and settings in the note. Both ways are stored in order of x, lines in order of y,
// upward.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/grid.hpp"
#include "base/igor_wave.hpp"

namespace halotwin {

struct IgorLayer {
  std::string label;  // "HeightTrace"
  Image<float> image;
};

struct IgorImage {
  std::string name;                 // of the wave
  std::array<double, 2> step_m{};   // x, y
  std::array<double, 2> start_m{};  // of the first point
  std::vector<IgorLayer> layers{};  // of one size, at least one point each
  IgorNote note{};                  // keys and values without line ends
};

/// Throws DataError "<file>: <what>" for what is no such image, or is cut off.
[[nodiscard]] IgorImage read_igor_image(std::string_view file, std::string_view bytes);

/// The bytes of a file, little-endian, in metres; labels are cut at 31 characters. `modified_s`:
/// seconds since 1904-01-01.
[[nodiscard]] std::string write_igor_image(const IgorImage& image, std::uint32_t modified_s);

/// What the note says of `key`; "" if it is not there.
[[nodiscard]] std::string_view note_value(const IgorNote& note, std::string_view key);

}  // namespace halotwin
