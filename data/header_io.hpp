// The header of a recording in the file, and back. Internal to data/.
#pragma once

#include <string>
#include <string_view>

#include "data/h5.hpp"
#include "data/recording_header.hpp"

namespace halotwin::data {

/// Root attributes and the entry with all that the header says.
void write_header(h5::Id file, const RecordingHeader& header, const std::string& file_name);
[[nodiscard]] RecordingHeader read_header(h5::Id file);

/// Root attributes of any file of ours; `entry` becomes the default one.
void write_root(h5::Id file,
                std::string_view format,
                std::string_view entry,
                const Software& software,
                const std::string& file_name,
                bool simulated);
/// Throws DataError if the file is of another kind or a newer version.
void require_format(h5::Id file, const std::string& file_name, std::string_view format);

}  // namespace halotwin::data
