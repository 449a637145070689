// Igor binary waves (.ibw): headers, labels and notes. Layout: WaveMetrics, Igor technical note 003
// (2-byte aligned structures BinHeader2, WaveHeader2, BinHeader5, WaveHeader5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_order.hpp"

namespace halotwin {

/// Whether the bytes begin like a wave: a known version, and whole headers with a sound checksum.
[[nodiscard]] bool begins_ibw(std::string_view first_bytes);

/// What both versions say. A version 2 wave has one dimension.
struct IgorHeader {
  int version = 0;
  ByteOrder order = ByteOrder::little;
  std::string name;
  int type = 0;             // number format, bits of NT_*
  std::size_t points = 0;   // of all dimensions
  std::size_t data_at = 0;  // offsets and sizes in bytes
  std::size_t data_bytes = 0;
  std::size_t note_at = 0;
  std::size_t note_bytes = 0;
  std::size_t units_at = 0;  // long units: of the data, then of the dimensions
  std::array<std::size_t, 5> unit_bytes{};
  std::size_t labels_at = 0;  // of dimension 0; those of 1, 2, 3 follow
  std::array<std::size_t, 4> label_bytes{};
  std::array<std::size_t, 4> size{};  // 0 ends
  std::array<double, 4> step{};
  std::array<double, 4> start{};
  std::string data_unit;
  std::array<std::string, 4> unit{};
  std::uint32_t modified_s = 0;  // since 1904-01-01, local time
};

/// Throws DataError for what is no wave, another version, a wrong checksum, or sizes that do not
/// fit each other or the file.
[[nodiscard]] IgorHeader read_igor_header(std::string_view file, std::string_view bytes);

/// Bytes of one number of this type; 0 for text, complex and unknown types.
[[nodiscard]] std::size_t igor_number_bytes(int type);

/// Labels of the steps of a dimension, as far as there are any.
[[nodiscard]] std::vector<std::string> igor_labels(std::string_view bytes,
                                                   const IgorHeader& header,
                                                   std::size_t dimension);

/// The note of a wave in UTF-8, and its lines "Key: value", which end in CR.
using IgorNote = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string igor_note(std::string_view bytes, const IgorHeader& header);
[[nodiscard]] IgorNote igor_note_entries(std::string_view note);

}  // namespace halotwin
