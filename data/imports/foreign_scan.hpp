// Scans and spectra in files of other programs, as one simple structure: channels on axes.
// Internal to data/.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/table.hpp"
#include "data/recording_header.hpp"
#include "data/signal.hpp"

namespace halotwin::data::imports {

/// Float as it stands in the file, double where a unit was converted.
using ChannelValues = std::variant<std::vector<float>, std::vector<double>>;

struct ForeignChannel {
  std::string label;  // as the file has it
  std::string name;   // of the signal, "current_backward"
  std::string unit;   // SI
  std::vector<Axis> axes;
  ChannelValues values;  // row-major, slowest axis first
  Interpretation interpretation = Interpretation::image;
  std::string description{};  // direction, and what was turned round
};

struct ForeignScan {
  std::string kind;       // "Nanonis scan"
  std::string procedure;  // "imported_scan" or "imported_spectra"
  std::string technique = "scanning probe microscopy";
  std::string title;
  std::string unit_word = "pixel";
  std::vector<ForeignChannel> channels;
  std::vector<std::pair<std::string, std::string>> header;  // keys and values as in the file
  std::string header_text;                                  // UTF-8
  std::optional<std::chrono::nanoseconds> recorded;         // since 1970, local time of the file
  std::optional<ScanArea> area;
  Table about;                        // frame and directions, names with units
  std::vector<std::string> warnings;  // lower case, one line
};

/// What a header says of `key`, without blanks around it; "" if it is not there.
[[nodiscard]] std::string_view header_value(const ForeignScan& scan, std::string_view key);

/// Throws DataError "<file>: <what>" in one line, whatever `what` quotes from the file.
[[noreturn]] void refuse(std::string_view file, const std::string& what);

/// `count` centres of equal pixels that share `extent` around `centre`. Refuses what is not finite,
/// not positive (a single pixel may have no extent), or too small to ascend.
[[nodiscard]] Axis frame_axis(
    std::string_view file, const char* name, double centre, double extent, std::size_t count);
/// origin + step * i, ascending.
[[nodiscard]] Axis stepped_axis(std::string_view file,
                                const std::string& name,
                                const std::string& unit,
                                double origin,
                                double step,
                                std::size_t count);
/// 0, 1, 2 ...
[[nodiscard]] Axis index_axis(const std::string& name, std::size_t count);

/// The values times `factor`: float if the factor is 1.
[[nodiscard]] ChannelValues scaled(std::vector<float> values, double factor);
[[nodiscard]] ChannelValues scaled(std::vector<double> values, double factor);

enum class Mirror : unsigned { none = 0, rows = 1, columns = 2, both = 3 };
/// An image (y, x) with its rows or columns turned round.
[[nodiscard]] std::vector<float> mirrored(std::span<const float> image,
                                          std::size_t nx,
                                          Mirror mirror);

/// The largest file that is read (bytes), and the longest header.
inline constexpr std::size_t longest_file = std::size_t{4} << 30U;
inline constexpr std::size_t longest_header = std::size_t{4} << 20U;
/// The largest number of pixels along a side, and of channels.
inline constexpr std::size_t most_pixels = 65536;
inline constexpr std::size_t most_channels = 1024;

// The readers. `file` is for messages, `bytes` the whole file. All throw DataError in one line that
// names the file and what was expected; sizes are checked against the bytes before anything is
// allocated.

/// Nanonis scan (.sxm). Signals (y, x), y and x in m ascending; rows of a scan downward and pixels
/// of the way back are turned round.
[[nodiscard]] ForeignScan read_sxm(std::string_view file, std::string_view bytes);
/// Nanonis spectroscopy (.dat). Signals (point, sweep) with one point.
[[nodiscard]] ForeignScan read_dat(std::string_view file, std::string_view bytes);
/// Nanonis grid spectroscopy (.3ds). Signals (y, x, sweep), parameters as (y, x).
[[nodiscard]] ForeignScan read_3ds(std::string_view file, std::string_view bytes);
/// Igor binary wave (.ibw), versions 2 and 5 of real numbers, either byte order.
[[nodiscard]] ForeignScan read_ibw(std::string_view file, std::string_view bytes);
/// Gwyddion simple field (.gsf). One signal (y, x); row 0 is the top.
[[nodiscard]] ForeignScan read_gsf(std::string_view file, std::string_view bytes);

using ScanReader = ForeignScan (*)(std::string_view file, std::string_view bytes);

struct ScanFormat {
  const char* name;       // "Nanonis scan"
  const char* extension;  // ".sxm"
  const char* contents;   // for lists
  bool (*begins)(std::string_view first_bytes);
  ScanReader read;
};

[[nodiscard]] std::span<const ScanFormat> scan_formats();

}  // namespace halotwin::data::imports
