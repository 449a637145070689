// Names, room and renaming of files. Internal to data/.
#pragma once

#include <cstdint>
#include <filesystem>

namespace halotwin::data {

/// `map.nxs.part` for `map.nxs`.
[[nodiscard]] std::filesystem::path part_of(const std::filesystem::path& path);
/// `map.nxs` for either.
[[nodiscard]] std::filesystem::path without_part(const std::filesystem::path& path);

/// Makes an empty file that nobody else is writing; one that exists is only replaced if `replace`.
/// Throws DataError that says why not.
void make_empty_file(const std::filesystem::path& path, bool replace);
/// Throws DataError unless the file system of `file` has room for `bytes` more.
void require_room(const std::filesystem::path& file, std::uint64_t bytes);
/// Brings the data to the disk, then renames over what there was.
void publish(const std::filesystem::path& part, const std::filesystem::path& path);

}  // namespace halotwin::data
