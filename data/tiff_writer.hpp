// Movies as OME-TIFF that ImageJ also opens with its calibration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/recording_header.hpp"
#include "data/signal.hpp"

namespace halotwin::data {

/// Beyond 4 GiB a file must be BigTIFF, which plain ImageJ does not open (Bio-Formats does).
enum class BigTiff { when_needed, always };

struct TiffMovieSpec {
  std::size_t width = 0;
  std::size_t height = 0;
  ElementType type = ElementType::u16;  // u8, u16 or f32
  double pixel_m = 0.0;                 // in the sample plane
  double frame_period_s = 0.0;
  std::optional<double> exposure_s;
  std::string name;      // of the image
  std::string software;  // that made it
  BigTiff big = BigTiff::when_needed;
};

/// Writes frame by frame into `path`.part; finish() adds directories and texts and gives the file
/// its name. Without finish() the part is removed. Uncompressed, one strip per frame, frames one
/// after the other, little-endian. The first directory has two descriptions, OME-XML and ImageJ's
/// lines, so that tifffile, Bio-Formats and plain ImageJ find time axis, pixel size and frame
/// period (libtiff cannot write a tag twice, hence a writer of our own).
class TiffMovieWriter {
 public:
  /// Throws DataError if `path` exists and Overwrite::no, or cannot be written; ParameterError for
  /// a spec that cannot be meant.
  TiffMovieWriter(std::filesystem::path path,
                  TiffMovieSpec spec,
                  Overwrite overwrite = Overwrite::no);
  TiffMovieWriter(const TiffMovieWriter&) = delete;
  TiffMovieWriter& operator=(const TiffMovieWriter&) = delete;
  ~TiffMovieWriter();

  /// width x height values of the movie's type, row by row from the top; `time_s` since the first
  /// frame if it is known (then for every frame). Throws DataError.
  void write_frame(std::span<const std::uint8_t> values, std::optional<double> time_s = {});
  void write_frame(std::span<const std::uint16_t> values, std::optional<double> time_s = {});
  void write_frame(std::span<const float> values, std::optional<double> time_s = {});
  [[nodiscard]] std::size_t frames() const { return frames_; }

  /// At least one frame must have been written. Throws DataError.
  void finish();

 private:
  void append(ElementType type,
              const void* values,
              std::size_t count,
              std::optional<double> time_s);
  void put(const void* bytes, std::size_t size);
  [[nodiscard]] std::string ome_xml() const;
  [[nodiscard]] std::string imagej_text() const;
  void write_directories(bool big);

  std::filesystem::path path_;
  TiffMovieSpec spec_;
  std::ofstream file_;
  std::uint64_t position_ = 0;
  std::size_t frames_ = 0;
  std::vector<double> times_s_;
  bool finished_ = false;
};

}  // namespace halotwin::data
