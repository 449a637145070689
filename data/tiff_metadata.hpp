// What the texts inside a TIFF say about a movie: OME-XML and the lines that ImageJ writes.
// Internal to data/. Both take any bytes; what cannot be understood is left out, never guessed.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace halotwin::data {

/// What the planes of a stack are, as the file says it.
enum class PlaneAxis { unknown, time, depth };

struct TiffDescription {
  std::optional<double> pixel_width_m;
  std::optional<double> pixel_height_m;
  std::optional<double> frame_period_s;
  std::optional<double> exposure_s;
  /// Metres in the unit of XResolution and YResolution (ImageJ).
  std::optional<double> resolution_unit_m;
  std::vector<double> frame_times_s;  // OME DeltaT of every plane, or empty
  std::size_t channels = 1;
  std::size_t slices = 1;
  std::size_t frames = 1;
  std::optional<std::size_t> planes;  // how many planes the text speaks of
  PlaneAxis axis = PlaneAxis::unknown;
};

/// Begins with an XML declaration or comment and has an element OME.
[[nodiscard]] bool is_ome_xml(std::string_view text);
[[nodiscard]] bool is_imagej_text(std::string_view text);

[[nodiscard]] TiffDescription parse_ome_xml(std::string_view text);
[[nodiscard]] TiffDescription parse_imagej_text(std::string_view text);

/// How many elements <Pixels> (image series) an OME-XML has.
[[nodiscard]] std::size_t ome_series(std::string_view text);

/// "um", "micron", "nm", ... in metres; "ms", "sec", "min", ... in seconds. Nothing for "pixel",
/// "inch" and unknown words.
[[nodiscard]] std::optional<double> length_unit_m(std::string_view word);
[[nodiscard]] std::optional<double> time_unit_s(std::string_view word);

}  // namespace halotwin::data
