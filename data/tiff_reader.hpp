// Movies in TIFF files, frame by frame: plain stacks, ImageJ, OME-TIFF, BigTIFF; strips or tiles,
// either order of bytes; uncompressed, LZW, deflate, PackBits or ZSTD. Made for files from
// elsewhere: whatever is wrong is one DataError that names file, frame and reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/signal.hpp"
#include "data/tiff_metadata.hpp"

namespace halotwin::data {

enum class TiffKind { plain, imagej, ome };
[[nodiscard]] std::string_view name_of(TiffKind kind);

struct TiffMovieInfo {
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t frames = 0;
  ElementType type = ElementType::u16;  // u8, u16 or f32
  TiffKind kind = TiffKind::plain;
  bool big = false;  // BigTIFF
  // As the file says it; nothing is taken from the resolution of a plain TIFF, which is for
  // printers
  PlaneAxis axis = PlaneAxis::unknown;
  std::optional<double> pixel_width_m;
  std::optional<double> pixel_height_m;
  std::optional<double> frame_period_s;
  std::optional<double> exposure_s;
  std::vector<double> frame_times_s;  // of every frame (OME), or empty
};

/// Opens a movie and looks at every frame's directory. Throws DataError for a file that is missing,
/// no TIFF or truncated; one frame only; frames of different sizes or types; colour; channels or
/// depth beside time; values other than uint8, uint16, float32; lossy or unknown compression; a
/// text that speaks of another number of frames than there are.
class TiffMovieReader {
 public:
  explicit TiffMovieReader(const std::filesystem::path& path);
  TiffMovieReader(TiffMovieReader&&) noexcept;
  TiffMovieReader& operator=(TiffMovieReader&&) noexcept;
  ~TiffMovieReader();

  [[nodiscard]] const TiffMovieInfo& info() const;

  /// Frame `frame` (from 0) into width x height values, row by row from the top. Every type fits a
  /// float without loss. Throws DataError for damaged data and for a value that is not finite.
  void read_frame(std::size_t frame, std::span<float> out);
  /// The same for movies of whole numbers; DataError for float32.
  void read_frame(std::size_t frame, std::span<std::uint16_t> out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What the user says about a movie; it goes before what the file says.
struct GivenCalibration {
  std::optional<double> pixel_m;
  std::optional<double> frame_period_s;  // also says that the planes are frames
};

struct MovieCalibration {
  double pixel_width_m = 0.0;
  double pixel_height_m = 0.0;
  double frame_period_s = 0.0;
  bool pixel_is_given = false;  // by the user
  bool period_is_given = false;
};

/// Pixel size and frame period of a movie. Throws DataError that says what must be given where the
/// file does not say it, or calls its planes slices of a volume.
[[nodiscard]] MovieCalibration calibration_of(const TiffMovieInfo& info,
                                              const GivenCalibration& given,
                                              std::string_view file);

}  // namespace halotwin::data
