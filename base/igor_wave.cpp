#include "base/igor_wave.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/text.hpp"

namespace halotwin {

namespace {

constexpr std::size_t longest_file = std::size_t{4} << 30U;
constexpr std::size_t longest_note = std::size_t{4} << 20U;
constexpr std::size_t label_length = 32;
constexpr std::size_t headers_bytes_2 = 16 + 110;
constexpr std::size_t headers_bytes_5 = 64 + 320;
constexpr std::size_t padding_2 = 16;

[[noreturn]] void refuse(std::string_view file, const std::string& what) {
  throw DataError(fmt::format("{}: {}", file, what));
}

struct Kind {
  int version = 0;
  ByteOrder order = ByteOrder::little;
};

/// The low byte of the version is never 0.
Kind kind_of(std::string_view bytes) {
  if (bytes.size() < 2) {
    return {};
  }
  const auto order = bytes[0] == '\0' ? ByteOrder::big : ByteOrder::little;
  return {number_at<std::int16_t>(bytes, 0, order), order};
}

std::size_t headers_bytes(int version) {
  return version == 5 ? headers_bytes_5 : headers_bytes_2;
}

/// The 16-bit words of both headers add up to 0.
bool checksum_holds(std::string_view bytes, Kind kind) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < headers_bytes(kind.version); at += 2) {
    sum += number_at<std::uint16_t>(bytes, at, kind.order);
  }
  return (sum & 0xFFFFU) == 0;
}

/// Reads fields one after the other, by offset.
class Fields {
 public:
  Fields(std::string_view file, std::string_view bytes, ByteOrder order)
      : file_(file), bytes_(bytes), order_(order) {}

  template <class T>
  [[nodiscard]] T at(std::size_t offset) const {
    return number_at<T>(bytes_, offset, order_);
  }
  /// A size of 32 bits that must not be negative.
  [[nodiscard]] std::size_t size(std::size_t offset, const char* what) const {
    const auto value = at<std::int32_t>(offset);
    if (value < 0) {
      refuse(file_, fmt::format("{} is {}: a size >= 0 expected", what, value));
    }
    return static_cast<std::size_t>(value);
  }
  [[nodiscard]] std::string text(std::size_t offset, std::size_t length) const {
    const std::string_view field = bytes_.substr(offset, length);
    return utf8_of(field.substr(0, field.find('\0')));
  }

 private:
  std::string_view file_;
  std::string_view bytes_;
  ByteOrder order_;
};

IgorHeader read_2(const Fields& in, IgorHeader h) {
  constexpr std::size_t wave = 16;
  h.data_at = headers_bytes_2;
  h.data_bytes = in.size(2, "wfmSize");
  h.note_bytes = in.size(6, "noteSize");
  h.type = in.at<std::int16_t>(wave);
  h.name = in.text(wave + 6, 20);
  h.data_unit = in.text(wave + 34, 4);
  h.unit[0] = in.text(wave + 38, 4);
  h.points = in.size(wave + 42, "npnts");
  h.size[0] = h.points;
  h.step[0] = in.at<double>(wave + 48);
  h.start[0] = in.at<double>(wave + 56);
  h.modified_s = in.at<std::uint32_t>(wave + 102);
  return h;
}

IgorHeader read_5(const Fields& in, IgorHeader h) {
  constexpr std::size_t wave = 64;
  h.data_at = headers_bytes_5;
  h.data_bytes = in.size(4, "wfmSize");
  const std::size_t formula = in.size(8, "formulaSize");
  h.note_bytes = in.size(12, "noteSize");
  h.unit_bytes[0] = in.size(16, "dataEUnitsSize");
  std::size_t units = h.unit_bytes[0];
  for (std::size_t d = 0; d < 4; ++d) {
    h.unit_bytes[d + 1] = in.size(20 + 4 * d, "dimEUnitsSize");
    units += h.unit_bytes[d + 1];
    h.label_bytes[d] = in.size(36 + 4 * d, "dimLabelsSize");
    h.size[d] = in.size(wave + 68 + 4 * d, "nDim");
    h.step[d] = in.at<double>(wave + 84 + 8 * d);
    h.start[d] = in.at<double>(wave + 116 + 8 * d);
    h.unit[d] = in.text(wave + 152 + 4 * d, 4);
  }
  h.note_at = formula;  // relative to the end of the data, until that is known
  h.units_at = formula + h.note_bytes;
  h.labels_at = formula + h.note_bytes + units;
  h.modified_s = in.at<std::uint32_t>(wave + 8);
  h.points = in.size(wave + 12, "npnts");
  h.type = in.at<std::int16_t>(wave + 16);
  h.name = in.text(wave + 28, 32);
  h.data_unit = in.text(wave + 148, 4);
  return h;
}

/// wfmSize of version 2 counts a padding of 16 bytes in the header's place.
void check_sizes(std::string_view file, std::string_view bytes, IgorHeader& h) {
  const std::size_t header_bytes = h.version == 5 ? 320 : 110 + padding_2;
  const std::size_t number = igor_number_bytes(h.type);
  if (number == 0) {
    refuse(file, fmt::format("numbers of type {:#x}: real numbers expected", h.type));
  }
  std::size_t points = h.size[0];
  for (std::size_t d = 1; d < 4 && h.size[d] > 0; ++d) {
    points = points > longest_file ? points : points * h.size[d];
  }
  if (points == 0 || points != h.points) {
    refuse(
        file,
        fmt::format("{} points in dimensions of {}: a wave with data expected", h.points, points));
  }
  if (h.data_bytes != header_bytes + points * number) {
    refuse(file,
           fmt::format("wfmSize is {}: {} expected of {} points of {} bytes",
                       h.data_bytes,
                       header_bytes + points * number,
                       points,
                       number));
  }
  h.data_bytes = points * number;
  const std::size_t end = h.data_at + h.data_bytes + (h.version == 5 ? 0 : padding_2);
  h.note_at += end;
  h.units_at += end;
  h.labels_at += end;
  std::size_t needed = std::max(h.note_at + h.note_bytes, h.labels_at);
  for (const std::size_t labels : h.label_bytes) {
    needed += labels;
  }
  if (h.data_at + h.data_bytes > bytes.size() ||
      (h.note_bytes > 0 || h.version == 5 ? needed : end) > bytes.size()) {
    refuse(file,
           fmt::format("is cut off: {} bytes instead of at least {}",
                       bytes.size(),
                       std::max(needed, h.data_at + h.data_bytes)));
  }
  if (h.note_bytes > longest_note) {
    refuse(file,
           fmt::format("a note of {} bytes: at most {} expected", h.note_bytes, longest_note));
  }
}

/// Units of more than three letters stand behind the note.
void read_long_units(const Fields& in, IgorHeader& h) {
  std::size_t at = h.units_at;
  for (std::size_t i = 0; i < h.unit_bytes.size(); ++i) {
    if (h.unit_bytes[i] > 0) {
      (i == 0 ? h.data_unit : h.unit[i - 1]) = in.text(at, h.unit_bytes[i]);
    }
    at += h.unit_bytes[i];
  }
}

}  // namespace

std::size_t igor_number_bytes(int type) {
  switch (type) {
    case 2:     // f32
    case 0x20:  // i32
    case 0x60:  // u32
      return 4;
    case 4:     // f64
    case 0x80:  // i64
    case 0xC0:  // u64
      return 8;
    case 8:     // i8
    case 0x48:  // u8
      return 1;
    case 0x10:  // i16
    case 0x50:  // u16
      return 2;
    default:
      return 0;
  }
}

bool begins_ibw(std::string_view first_bytes) {
  const Kind kind = kind_of(first_bytes);
  return (kind.version == 2 || kind.version == 5) &&
         first_bytes.size() >= headers_bytes(kind.version) && checksum_holds(first_bytes, kind);
}

IgorHeader read_igor_header(std::string_view file, std::string_view bytes) {
  const Kind kind = kind_of(bytes);
  if (kind.version == 1 || kind.version == 3) {
    refuse(file,
           fmt::format("an Igor wave of version {}: versions 2 and 5 are read", kind.version));
  }
  if (kind.version != 2 && kind.version != 5) {
    refuse(file, "is no Igor wave: it does not begin with version 2 or 5");
  }
  if (bytes.size() < headers_bytes(kind.version)) {
    refuse(file,
           fmt::format("is cut off: {} bytes, headers of {} expected",
                       bytes.size(),
                       headers_bytes(kind.version)));
  }
  if (!checksum_holds(bytes, kind)) {
    refuse(file, "the checksum of its headers does not hold: damaged, or no Igor wave");
  }
  const Fields in(file, bytes, kind.order);
  IgorHeader start;
  start.version = kind.version;
  start.order = kind.order;
  IgorHeader header = kind.version == 5 ? read_5(in, start) : read_2(in, start);
  check_sizes(file, bytes, header);
  read_long_units(in, header);
  return header;
}

std::vector<std::string> igor_labels(std::string_view bytes,
                                     const IgorHeader& header,
                                     std::size_t dimension) {
  std::size_t at = header.labels_at;
  for (std::size_t d = 0; d < dimension; ++d) {
    at += header.label_bytes[d];
  }
  std::vector<std::string> labels;
  const std::size_t there =
      std::min(header.label_bytes[dimension] / label_length, header.size[dimension] + 1);
  for (std::size_t i = 1; i < there; ++i) {
    const std::string_view field = bytes.substr(at + i * label_length, label_length);
    labels.push_back(utf8_of(trimmed(field.substr(0, field.find('\0')))));
  }
  return labels;
}

std::string igor_note(std::string_view bytes, const IgorHeader& header) {
  return utf8_of(bytes.substr(header.note_at, header.note_bytes));
}

IgorNote igor_note_entries(std::string_view note) {
  IgorNote entries;
  for (const std::string_view line : lines_of(note)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      entries.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
  }
  return entries;
}

}  // namespace halotwin
