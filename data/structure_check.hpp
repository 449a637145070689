// Guards the structure of a file against damage. Internal to data/.
//
// HDF5 1.10 trusts what it reads: a flipped bit in a group or a text can end the program. So behind
// the end of what HDF5 calls the file lies a short table: where the structure is (all that is no
// plain numbers) and its checksum. HDF5 and its tools ignore the table; a program that changes the
// file cuts it off, and then nothing is checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/h5.hpp"

namespace halotwin::data {

/// The parts of a file that hold no plain numbers: superblock, groups, attributes, texts.
[[nodiscard]] std::vector<h5::Extent> structure_of(h5::Id file, std::uint64_t file_bytes);

/// Appends the table to a file that is flushed or closed, in place of an older one.
void append_structure_table(h5::Id file, int descriptor);
void append_structure_table(const std::filesystem::path& path);
/// Throws DataError if there is a table and the structure is not as it says.
void check_structure(const std::filesystem::path& path);

}  // namespace halotwin::data
