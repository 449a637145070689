// Names, room and renaming of files. Internal to data/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

namespace halotwin::data {

/// `map.nxs.part` for `map.nxs`.
[[nodiscard]] std::filesystem::path part_of(const std::filesystem::path& path);
/// `map.nxs` for either.
[[nodiscard]] std::filesystem::path without_part(const std::filesystem::path& path);

/// `map.nxs.new` for `map.nxs`: a recording whose structure is not whole yet.
[[nodiscard]] std::filesystem::path new_of(const std::filesystem::path& path);

/// Keeps other programs of ours from changing a file; who only reads is not hindered, and HDF5's
/// own kind of lock is another one, so that viewers can open a file while it is written.
class FileLock {
 public:
  FileLock() = default;
  /// Throws DataError if the file cannot be opened for writing or is locked.
  explicit FileLock(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock();
  [[nodiscard]] int descriptor() const { return file_; }

 private:
  int file_ = -1;
};

/// Makes an empty file and locks it; one that exists and is not locked is replaced. Throws
/// DataError that says why not.
[[nodiscard]] FileLock make_empty_file(const std::filesystem::path& path);
/// Throws DataError unless the file system of `file` has room for `bytes` more.
void require_room(const std::filesystem::path& file, std::uint64_t bytes);
/// Replaces what `to` was. Throws DataError.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Brings the data to the disk, then renames over what there was.
void publish(const std::filesystem::path& part, const std::filesystem::path& path);

}  // namespace halotwin::data
