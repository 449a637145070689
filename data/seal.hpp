// SHA-256 over the datasets below a group. Internal to data/.
#pragma once

#include <filesystem>
#include <string>

#include "data/h5.hpp"

namespace halotwin::data {

/// Lower-case hexadecimal SHA-256 over all datasets below `entry`, in the order of their paths:
/// path, units, shape, bytes (texts as text). Left out is what may change after the end of a run:
/// results (analysis_*), the seal itself, the status. Streams; holds one megabyte.
[[nodiscard]] std::string hash_of_entry(h5::Id file, const std::string& entry);

/// Of the bytes of any file. Streams. Throws DataError if it cannot be read.
[[nodiscard]] std::string hash_of_file(const std::filesystem::path& path);

inline constexpr std::size_t hash_length = 64;
/// The seal of a recording: hash of its truth. The seal of a truth: hash of its recording.
inline constexpr const char* recording_seal = "/entry/seal/truth_sha256";
inline constexpr const char* truth_seal = "/truth/seal/recording_sha256";
void make_seal(h5::Id file, const std::string& path);
void write_seal(h5::Id file, const std::string& path, const std::string& hash);
/// "" if the file was not sealed yet.
[[nodiscard]] std::string read_seal(h5::Id file, const std::string& path);

}  // namespace halotwin::data
