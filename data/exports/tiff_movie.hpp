// Export of a movie for ImageJ, Fiji and everything that reads TIFF.
#pragma once

#include <filesystem>

#include "data/recording_header.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::data {

/// Writes the signal `movie` (frame, y, x) of a recording of procedure pl_movie as OME-TIFF that
/// ImageJ opens too, with pixel size, frame period, exposure and the time stamps of frame_time;
/// BigTIFF only beyond 4 GiB. Frame by frame. Frames marked as dropped are there as they were
/// recorded. Throws DataError if there is no movie, `out` exists and Overwrite::no, or cannot be
/// written; nothing half-written stays.
void export_tiff_movie(const RecordingReader& recording,
                       const std::filesystem::path& out,
                       Overwrite overwrite = Overwrite::no);

}  // namespace halotwin::data
