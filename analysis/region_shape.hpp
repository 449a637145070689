// Sizes of sets of pixels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::analysis {

/// Diameter of the circle of the same area: 2 sqrt(n / pi) pixels. [m]
[[nodiscard]] double equivalent_diameter_m(std::size_t pixels, double pixel_m);

/// Longest Feret diameter: the longest distance between corners of the pixels (indices into a
/// field of width `nx`). One pixel: sqrt(2) pixels. 0 for no pixels. [m]
[[nodiscard]] double feret_diameter_m(std::span<const std::size_t> pixels,
                                      std::size_t nx,
                                      double pixel_m);

/// Pixels that are joined to `start` by sides through pixels with `inside` != 0 (nx columns);
/// in ascending order; none if `start` is not inside.
[[nodiscard]] std::vector<std::size_t> connected_region(std::span<const unsigned char> inside,
                                                        std::size_t nx,
                                                        std::size_t start);

}  // namespace halotwin::analysis
