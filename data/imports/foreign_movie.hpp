// Movies in files of other programs, read frame by frame: TIFF of every kind and datasets of HDF5
// files. Internal to data/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "data/tiff_reader.hpp"

namespace halotwin::data {

class ForeignMovie {
 public:
  virtual ~ForeignMovie() = default;
  /// Of a movie in HDF5 type f64 stands for all numbers but uint8, uint16 and float32.
  [[nodiscard]] virtual const TiffMovieInfo& info() const = 0;
  /// "ImageJ TIFF", "HDF5 dataset /raw/movie".
  [[nodiscard]] virtual std::string kind() const = 0;
  /// Frame `frame` into width x height values, as they are in the file. Throws DataError.
  virtual void read(std::size_t frame, std::span<double> out) = 0;
  /// The same for movies of uint8 and uint16.
  virtual void read(std::size_t frame, std::span<std::uint16_t> out) = 0;

 protected:
  ForeignMovie() = default;
  ForeignMovie(const ForeignMovie&) = default;
  ForeignMovie& operator=(const ForeignMovie&) = default;
};

/// Opens `path`, TIFF or HDF5 by its first bytes. `dataset`: which of an HDF5 file; "" = the only
/// one of three dimensions and numbers. Throws DataError that names the file and what was expected.
[[nodiscard]] std::unique_ptr<ForeignMovie> open_foreign_movie(const std::filesystem::path& path,
                                                               const std::string& dataset);

/// A dataset (frame, y, x) of an HDF5 file. Pixel size and frame period come from the axes of an
/// NXdata group around it, if it is the signal of one.
/// A file that was cut off is refused; flipped bits in compressed data or in texts of variable
/// length can crash the HDF5 library itself (seen with 1.10.8).
[[nodiscard]] std::unique_ptr<ForeignMovie> open_h5_movie(const std::filesystem::path& path,
                                                          const std::string& dataset);

}  // namespace halotwin::data
