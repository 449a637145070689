#include "data/files.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/errors.hpp"

namespace halotwin::data {

namespace {

std::string reason() {
  return std::generic_category().message(errno);
}

std::string readable(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  return bytes < 1000000000 ? fmt::format("{:.1f} MB", value / 1e6)
                            : fmt::format("{:.1f} GB", value / 1e9);
}

}  // namespace

std::filesystem::path part_of(const std::filesystem::path& path) {
  auto part = path;
  part += ".part";
  return part;
}

std::filesystem::path without_part(const std::filesystem::path& path) {
  return path.extension() == ".part" ? path.parent_path() / path.stem() : path;
}

std::filesystem::path new_of(const std::filesystem::path& path) {
  auto name = path;
  name += ".new";
  return name;
}

FileLock::FileLock(const std::filesystem::path& path)
    : file_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (file_ < 0) {
    throw DataError(fmt::format("{}: cannot be changed: {}", path.string(), reason()));
  }
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(file_, F_OFD_SETLK, &whole) != 0) {
    const bool held = errno == EAGAIN || errno == EACCES;
    const std::string why = held ? "is being written by another program" : reason();
    close(file_);
    throw DataError(fmt::format("{}: {}", path.string(), why));
  }
}

FileLock::~FileLock() {
  if (file_ >= 0) {
    close(file_);
  }
}

FileLock make_empty_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {
    const FileLock unused(path);
    std::filesystem::remove(path, error);
  }
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    throw DataError(fmt::format("{}: cannot be created: {}", path.string(), reason()));
  }
  close(file);
  return FileLock(path);
}

void require_room(const std::filesystem::path& file, std::uint64_t bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(file, error);
  if (!error && space.available < bytes) {
    throw DataError(fmt::format("{}: needs {}, but only {} are free on that disk",
                                without_part(file).string(),
                                readable(bytes),
                                readable(space.available)));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      limit.rlim_cur < bytes) {
    throw DataError(fmt::format("{}: needs {}, but files may have at most {} here (ulimit -f)",
                                without_part(file).string(),
                                readable(bytes),
                                readable(limit.rlim_cur)));
  }
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    throw DataError(fmt::format(
        "{}: cannot be renamed to {}: {}", from.string(), to.string(), error.message()));
  }
}

void publish(const std::filesystem::path& part, const std::filesystem::path& path) {
  const int file = open(part.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  const std::string why = synced ? std::string() : reason();
  if (file >= 0) {
    close(file);
  }
  if (!synced) {
    throw DataError(fmt::format("{}: cannot be brought to the disk: {}", part.string(), why));
  }
  rename_file(part, path);
}

}  // namespace halotwin::data
