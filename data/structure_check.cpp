#include "data/structure_check.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/checksum.hpp"

namespace halotwin::data {

namespace {

/// The last bytes of a file that has a table.
struct Tail {
  std::uint64_t checksum = 0;  // of the structure, then of the table before this
  std::uint64_t extents = 0;
  std::uint64_t magic = 0;
};
constexpr std::uint64_t tail_magic = 0x31435453574f4c48;  // "HLOWSTC1"

/// Of the superblock: says whether a writer has the file open, and changes when it closes.
constexpr h5::Extent superblock_flags{20, 4};

/// Longer parts are divided: numbers that were replaced leave room that nothing uses.
constexpr std::uint64_t most_at_once = std::uint64_t{1} << 20U;

std::uint64_t size_of(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) {
    throw DataError(std::generic_category().message(errno));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

struct Descriptor {
  Descriptor(const std::filesystem::path& path, int flags)
      : number(open(path.c_str(), flags | O_CLOEXEC)) {
    if (number < 0) {
      throw DataError(fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(number); }
  int number;
};

/// The table at the end of a file; empty if there is none. `bytes` becomes the length of the file
/// without it.
std::vector<h5::Extent> read_table(int descriptor, std::uint64_t& bytes, Tail& tail) {
  bytes = size_of(descriptor);
  if (bytes < sizeof(tail)) {
    return {};
  }
  h5::read_at(descriptor, bytes - sizeof(tail), &tail, sizeof(tail));
  const std::uint64_t room = (bytes - sizeof(tail)) / sizeof(h5::Extent);
  if (tail.magic != tail_magic || tail.extents == 0 || tail.extents > room) {
    return {};
  }
  std::vector<h5::Extent> table(tail.extents);
  bytes -= sizeof(tail) + table.size() * sizeof(h5::Extent);
  h5::read_at(descriptor, bytes, table.data(), table.size() * sizeof(h5::Extent));
  return table;
}

std::uint64_t checksum_of(int descriptor,
                          const std::vector<h5::Extent>& table,
                          std::uint64_t file_bytes) {
  std::uint64_t sum = checksum(std::as_bytes(std::span(table)));
  std::vector<std::byte> buffer;
  for (const auto& extent : table) {
    if (extent.offset > file_bytes || extent.bytes > file_bytes - extent.offset) {
      return 0;
    }
    buffer.resize(extent.bytes);
    h5::read_at(descriptor, extent.offset, buffer.data(), buffer.size());
    sum = checksum(buffer, sum);
  }
  return sum;
}

}  // namespace

std::vector<h5::Extent> structure_of(h5::Id file, std::uint64_t file_bytes) {
  std::vector<h5::Extent> numbers;
  for (const auto& name : h5::datasets_below(file, "/")) {
    if (h5::count_of(file, name) > 0 && !h5::is_variable_text(file, name)) {
      numbers.push_back(h5::extent_of(file, name));
    }
  }
  numbers.push_back({file_bytes, 0});
  std::sort(numbers.begin(), numbers.end(), [](const h5::Extent& a, const h5::Extent& b) {
    return a.offset < b.offset;
  });
  std::vector<h5::Extent> gaps;
  std::uint64_t end = 0;
  for (const auto& extent : numbers) {
    for (; end < extent.offset; end += std::min(most_at_once, extent.offset - end)) {
      gaps.push_back({end, std::min(most_at_once, extent.offset - end)});
    }
    end = std::max(end, extent.offset + extent.bytes);
  }
  return gaps;
}

void append_structure_table(h5::Id file, int descriptor) {
  std::uint64_t bytes = 0;
  Tail tail;
  (void)read_table(descriptor, bytes, tail);  // an older one is written over
  auto table = structure_of(file, bytes);
  if (table.front().offset == 0 &&
      table.front().bytes > superblock_flags.offset + superblock_flags.bytes) {
    const std::uint64_t after = superblock_flags.offset + superblock_flags.bytes;
    table.insert(table.begin() + 1, {after, table.front().bytes - after});
    table.front().bytes = superblock_flags.offset;
  }
  tail = {checksum_of(descriptor, table, bytes), table.size(), tail_magic};
  h5::write_at(descriptor, bytes, table.data(), table.size() * sizeof(h5::Extent));
  bytes += table.size() * sizeof(h5::Extent);
  h5::write_at(descriptor, bytes, &tail, sizeof(tail));
  if (ftruncate(descriptor, static_cast<off_t>(bytes + sizeof(tail))) != 0) {
    throw DataError(std::generic_category().message(errno));
  }
}

void append_structure_table(const std::filesystem::path& path) {
  const h5::Handle file = h5::open_to_read(path);
  const Descriptor descriptor(path, O_RDWR);
  append_structure_table(file.get(), descriptor.number);
}

void check_structure(const std::filesystem::path& path) {
  const Descriptor descriptor(path, O_RDONLY);
  std::uint64_t bytes = 0;
  Tail tail;
  const auto table = read_table(descriptor.number, bytes, tail);
  if (!table.empty() && checksum_of(descriptor.number, table, bytes) != tail.checksum) {
    throw DataError(
        fmt::format("{}: is damaged (its structure fails the checksum)", path.string()));
  }
}

}  // namespace halotwin::data
