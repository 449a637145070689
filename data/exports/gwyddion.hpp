// Exports for Gwyddion: .gwy with all images and spectral cubes of a recording, .gsf with one
// image.
#pragma once

#include <filesystem>
#include <string_view>

#include "data/recording_header.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::data {

/// Writes every signal (y, x) as an image (a complex one as two: X and Y) and every real signal
/// (y, x, channel) as a volume, with axes, units and titles; unmeasured pixels are masked. Results
/// of analyses are included. Throws DataError if `out` exists and Overwrite::no, or cannot be
/// written; nothing half-written stays.
void export_gwy(const SignalReader& recording,
                const std::filesystem::path& out,
                Overwrite overwrite = Overwrite::no);

/// One image as a Gwyddion simple field (single precision).
void export_gsf(const SignalReader& recording,
                std::string_view signal,
                const std::filesystem::path& out,
                Overwrite overwrite = Overwrite::no);

}  // namespace halotwin::data
