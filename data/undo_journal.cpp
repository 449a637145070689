#include "data/undo_journal.hpp"

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/checksum.hpp"
#include "data/h5.hpp"
#include "data/result_writer.hpp"
#include "data/structure_check.hpp"

namespace halotwin::data {

namespace {

constexpr std::uint64_t journal_magic = 0x31304f444e555448;  // "HTUNDO01"

std::filesystem::path journal_of(const std::filesystem::path& file) {
  auto journal = file;
  journal += ".undo";
  return journal;
}

std::string reason() {
  return std::generic_category().message(errno);
}

std::uint64_t size_of(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0) {
    throw DataError(reason());
  }
  return static_cast<std::uint64_t>(status.st_size);
}

class Bytes {
 public:
  void put(std::uint64_t value) { append(&value, sizeof(value)); }
  char* extend(std::uint64_t size) {
    bytes.resize(bytes.size() + size);
    return bytes.data() + bytes.size() - size;
  }
  bool get(std::uint64_t& value) {
    const char* from = take(sizeof(value));
    if (from != nullptr) {
      std::memcpy(&value, from, sizeof(value));
    }
    return from != nullptr;
  }
  const char* take(std::uint64_t size) {
    if (size > bytes.size() - position) {
      return nullptr;
    }
    position += size;
    return bytes.data() + position - size;
  }
  [[nodiscard]] std::uint64_t hash(std::uint64_t size) const {
    return checksum(std::as_bytes(std::span(bytes)).first(size));
  }

  std::vector<char> bytes;
  std::uint64_t position = 0;

 private:
  void append(const void* from, std::size_t size) { std::memcpy(extend(size), from, size); }
};

void write_journal(const std::filesystem::path& path, int file) {
  const std::uint64_t size = size_of(file);
  Bytes journal;
  journal.put(journal_magic);
  journal.put(size);
  const h5::Handle structured = h5::open_to_read(path);
  for (const auto& gap : structure_of(structured.get(), size)) {
    journal.put(gap.offset);
    journal.put(gap.bytes);
    h5::read_at(file, gap.offset, journal.extend(gap.bytes), gap.bytes);
  }
  journal.put(journal.hash(journal.bytes.size()));
  const auto name = journal_of(path);
  const int out = open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) {
    throw DataError(fmt::format("{}: cannot be created: {}", name.string(), reason()));
  }
  try {
    h5::write_at(out, 0, journal.bytes.data(), journal.bytes.size());
    if (fsync(out) != 0) {
      throw DataError(fmt::format("{}: {}", name.string(), reason()));
    }
  } catch (...) {
    close(out);
    std::error_code error;
    std::filesystem::remove(name, error);
    throw;
  }
  close(out);
}

/// Puts back what the journal holds; a journal that was not finished is of no meaning, because the
/// change had not begun.
void undo(const std::filesystem::path& path, int file) {
  const auto name = journal_of(path);
  const int in = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) {
    return;
  }
  Bytes journal;
  const std::uint64_t length = size_of(in);
  h5::read_at(in, 0, journal.extend(length), length);
  close(in);
  std::uint64_t magic = 0;
  std::uint64_t size = 0;
  std::uint64_t hash = 0;
  const bool whole =
      length >= 24 && journal.get(magic) && magic == journal_magic &&
      (std::memcpy(&hash, journal.bytes.data() + length - 8, 8), hash == journal.hash(length - 8));
  if (whole && journal.get(size)) {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    while (journal.position < length - 8 && journal.get(offset) && journal.get(bytes)) {
      const char* from = journal.take(bytes);
      h5::write_at(file, offset, from, bytes);
    }
    if (ftruncate(file, static_cast<off_t>(size)) != 0 || fsync(file) != 0) {
      throw DataError(fmt::format("{}: {}", path.string(), reason()));
    }
  }
  std::filesystem::remove(name);
}

}  // namespace

UndoJournal::UndoJournal(const std::filesystem::path& file) : file_(file), lock_(file) {
  undo(file_, lock_.descriptor());
  write_journal(file_, lock_.descriptor());
}

UndoJournal::~UndoJournal() {
  if (!kept_) {
    try {
      undo(file_, lock_.descriptor());
    } catch (...) {
      return;  // the journal stays; the next opening tries again
    }
  }
}

void UndoJournal::keep() {
  if (fsync(lock_.descriptor()) != 0) {
    throw DataError(fmt::format("{}: {}", file_.string(), reason()));
  }
  std::filesystem::remove(journal_of(file_));
  kept_ = true;
}

bool recover_interrupted_update(const std::filesystem::path& recording) {
  std::error_code error;
  if (!std::filesystem::exists(journal_of(recording), error) ||
      !std::filesystem::exists(recording, error)) {
    return false;
  }
  const FileLock lock(recording);
  undo(recording, lock.descriptor());
  return true;
}

}  // namespace halotwin::data
