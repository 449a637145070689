// The numbers of a Nanonis grid, before they become channels. Internal to data/.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/imports/foreign_scan.hpp"

namespace halotwin::data::imports {

struct NanonisGrid {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::size_t points = 0;
  std::vector<std::string> parameters;
  std::vector<std::string> channels;
  std::size_t there = 0;  // pixels in the file
  double centre_x = 0.0;
  double centre_y = 0.0;
  double width = 0.0;
  double height = 0.0;
  double angle_deg = 0.0;
  std::vector<float> numbers;  // of all pixels; NaN where there is none

  [[nodiscard]] std::size_t pixel_numbers() const {
    return parameters.size() + channels.size() * points;
  }
  [[nodiscard]] float at(std::size_t pixel, std::size_t k) const {
    return numbers[pixel * pixel_numbers() + k];
  }
  [[nodiscard]] std::optional<std::size_t> parameter(std::string_view name) const {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    return found == parameters.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - parameters.begin()));
  }
};

/// Header into `scan`, numbers into the grid; sizes are checked against the bytes first. Throws
/// DataError.
[[nodiscard]] NanonisGrid read_grid(std::string_view file,
                                    std::string_view bytes,
                                    ForeignScan& scan);

}  // namespace halotwin::data::imports
