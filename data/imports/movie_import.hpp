// A movie of somebody else's camera becomes a recording of procedure pl_movie, which the same
// pipeline analyses. Frame by frame: the file may be larger than the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/recording_header.hpp"
#include "data/tiff_reader.hpp"

namespace halotwin::data {

/// What the user knows of the camera; what is left out stays unknown in the recording.
struct GivenCamera {
  std::optional<double> counts_per_electron;  // per photoelectron, EM gain included
  std::optional<double> excess_factor;        // 2 with EM gain, 1 without
  std::optional<double> read_noise_e;         // referred to photoelectrons
  std::optional<double> offset_counts;
  std::optional<double> saturation_counts;
  std::optional<double> exposure_s;
};

struct MovieImport {
  std::filesystem::path source;  // TIFF or HDF5
  std::filesystem::path output;
  std::string dataset{};         // of an HDF5 file; "" = the only one that can be meant
  std::filesystem::path dark{};  // movie of dark frames of the same size, may be empty
  std::string dark_dataset{};
  GivenCalibration calibration{};
  GivenCamera camera{};
  Overwrite overwrite = Overwrite::no;
  std::string command_line{};
  Software software{};
  /// Called before each frame with the number that is done; may throw Interrupted.
  std::function<void(std::size_t done, std::size_t total)> progress{};
};

struct ImportedMovie {
  std::size_t frames = 0;
  std::size_t ny = 0;
  std::size_t nx = 0;
  double pixel_m = 0.0;
  double frame_period_s = 0.0;
  std::string kind;                // "ImageJ TIFF"
  std::string sha256;              // of the source
  std::vector<std::string> notes;  // what a user must know; in the recording too
};

/// Reads `job.source` and writes `job.output`: signals movie (frame, y, x) uint16, and frame_time,
/// frame_number if the file has time stamps that can be used; collections instrument/camera (what
/// is known) and import (file name, kind, SHA-256, notes). Values must be 0 to 65535; fractions are
/// rounded, and a note says so. Throws DataError or ParameterError in one line that names the file
/// and what was expected; then nothing is left behind.
ImportedMovie import_movie(const MovieImport& job);

}  // namespace halotwin::data
