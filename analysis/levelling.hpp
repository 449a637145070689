// Levelling of height maps: rows first, then plane. Corrections are returned, so that they can be
// stored beside the result. Names as in Gwyddion. Maps of potential, phase or amplitude are not
// levelled: an offset is physics there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::analysis {

/// A map that is changed in place: values[y * nx + x]; NaN = not measured, left as it is.
struct MapRef {
  std::span<double> values;
  std::size_t nx = 0;
  std::size_t ny = 0;
};

/// Pixels with mask != 0 are used to find a correction; an empty mask uses all. Corrections apply
/// to every pixel.
using Mask = std::span<const std::uint8_t>;

enum class RowAlignment { none, mean, median, median_of_differences };
constexpr auto enumerators(RowAlignment) {
  return std::array<std::pair<RowAlignment, std::string_view>, 4>{
      {{RowAlignment::none, "none"},
       {RowAlignment::mean, "mean"},
       {RowAlignment::median, "median"},
       {RowAlignment::median_of_differences, "median_of_differences"}}};
}

/// Polynomial x^i y^j of the pixel coordinates scaled to [-1, 1], i + j <= degree.
struct PolynomialTerm {
  int power_x = 0;
  int power_y = 0;
  double coefficient = 0.0;  // unit of the map
};

/// Least-squares polynomial of total degree `degree` (1 = plane), subtracted. Terms that the used
/// pixels cannot determine (one line, one pixel) come out as zero.
std::vector<PolynomialTerm> level_polynomial(MapRef map, int degree, Mask mask = {});
std::vector<PolynomialTerm> level_plane(MapRef map, Mask mask = {});

/// Subtracts one value per row; returns these. Rows without a used pixel get the value of the row
/// before. median_of_differences: medians of the differences between vertical neighbours, summed,
/// with their mean over the rows removed, so that the mean height stays.
std::vector<double> align_rows(MapRef map, RowAlignment method, Mask mask = {});

/// Subtracts the minimum of the used pixels; returns it.
double fix_zero(MapRef map, Mask mask = {});

}  // namespace halotwin::analysis
