#include "devices/replay/cbor_item.hpp"

#include <algorithm>
#include <cstdint>

namespace halotwin::devices {

namespace {

constexpr int deepest = 32;
constexpr std::uint64_t portion_bytes = 65536;  // what is allocated before it is there

bool copy(std::istream& from, std::uint64_t count, std::string& to) {
  while (count > 0) {
    const std::uint64_t now = std::min(count, portion_bytes);
    const std::size_t before = to.size();
    to.resize(before + now);
    if (!from.read(to.data() + before, static_cast<std::streamsize>(now))) {
      return false;
    }
    count -= now;
  }
  return true;
}

enum Kind : unsigned { bytes = 2, text = 3, list = 4, map = 5, tag = 6 };

struct Head {
  unsigned kind = 0;
  std::uint64_t value = 0;  // a number, or how many
};

std::optional<Head> copy_head(std::istream& from, std::string& to) {
  const std::size_t at = to.size();
  if (!copy(from, 1, to)) {
    return std::nullopt;
  }
  const unsigned first = static_cast<unsigned char>(to[at]);
  Head head{first >> 5U, first & 0x1FU};
  constexpr unsigned one_byte = 24;
  constexpr unsigned eight_bytes = 27;
  if (head.value > eight_bytes) {
    return std::nullopt;
  }
  if (head.value >= one_byte) {
    const std::size_t size = std::size_t{1} << (head.value - one_byte);
    if (!copy(from, size, to)) {
      return std::nullopt;
    }
    head.value = 0;
    for (std::size_t k = 1; k <= size; ++k) {
      head.value = (head.value << 8U) | static_cast<unsigned char>(to[at + k]);
    }
  }
  return head;
}

bool copy_item(std::istream& from, std::string& to, int depth) {
  const auto head = copy_head(from, to);
  if (!head || head->kind == tag || depth > deepest) {
    return false;
  }
  if (head->kind == bytes || head->kind == text) {
    return copy(from, head->value, to);
  }
  if (head->kind == list || head->kind == map) {
    for (std::uint64_t k = 0; k < head->value; ++k) {
      if (!copy_item(from, to, depth + 1) ||
          (head->kind == map && !copy_item(from, to, depth + 1))) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> read_cbor_item(std::istream& from) {
  std::string item;
  return copy_item(from, item, 0) ? std::optional(std::move(item)) : std::nullopt;
}

}  // namespace halotwin::devices
