// Nanonis scans (.sxm). Header of ":TAG:" lines, each followed by the lines of its value, ended by
// :SCANIT_END:, blank lines and the bytes 1A 04; then 32-bit floats, channel by channel, forward
// before backward, each in the order in which it was measured: lines from the bottom for a scan
// upward, from the top for one downward; pixels of the way back from the right. (Gwyddion,
// nanonis.c, turns them round by the same rule.)
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "data/imports/file_bytes.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"

namespace halotwin::data::imports {

namespace {

constexpr std::string_view end_tag = ":SCANIT_END:";
constexpr std::string_view data_mark = "\x1A\x04";

struct Parts {
  std::string_view header;
  std::size_t data_at = 0;
};

Parts parts_of(std::string_view file, std::string_view bytes) {
  if (!bytes.starts_with(":NANONIS_VERSION:")) {
    refuse(file, "is no Nanonis scan: it does not begin with :NANONIS_VERSION:");
  }
  const std::size_t end = bytes.substr(0, longest_header).find(end_tag);
  if (end == std::string_view::npos) {
    refuse(file, "is cut off: its header has no :SCANIT_END:");
  }
  std::size_t at = end + end_tag.size();
  while (at < bytes.size() && (bytes[at] == '\r' || bytes[at] == '\n' || bytes[at] == ' ')) {
    ++at;
  }
  if (!bytes.substr(at).starts_with(data_mark)) {
    refuse(file, "the bytes 1A 04 do not follow :SCANIT_END:");
  }
  return {bytes.substr(0, end), at + data_mark.size()};
}

void read_tags(std::string_view text, ForeignScan& scan) {
  scan.header_text = utf8_of(text);
  for (const std::string_view line : lines_of(scan.header_text)) {
    const std::string_view bare = trimmed(line);
    if (bare.size() > 2 && bare.front() == ':' && bare.back() == ':') {
      scan.header.emplace_back(bare.substr(1, bare.size() - 2), "");
    } else if (!scan.header.empty()) {
      std::string& value = scan.header.back().second;
      value += value.empty() ? "" : "\n";
      value += line;
    }
  }
}

void require_floats(std::string_view file, const ForeignScan& scan) {
  const auto words = words_of(header_value(scan, "SCANIT_TYPE"));
  const bool known = words.size() == 2 && words[0] == "FLOAT" &&
                     (words[1] == "MSBFIRST" || words[1] == "LSBFIRST");
  if (!known) {
    refuse(file,
           fmt::format("SCANIT_TYPE is \"{}\": FLOAT MSBFIRST or FLOAT LSBFIRST expected",
                       header_value(scan, "SCANIT_TYPE")));
  }
}

/// Old files say LSBFIRST and mean the opposite (Gwyddion reads all as MSBFIRST): then the numbers
/// decide.
ByteOrder order_of(std::string_view file,
                   ForeignScan& scan,
                   std::string_view bytes,
                   std::size_t at,
                   std::size_t count) {
  const bool msb = header_value(scan, "SCANIT_TYPE").ends_with("MSBFIRST");
  const ByteOrder order = msb ? ByteOrder::big : ByteOrder::little;
  if (!is_other_order(bytes, at, count, order)) {
    return order;
  }
  if (msb) {
    refuse(file, "its numbers make sense in the opposite byte order only: FLOAT MSBFIRST expected");
  }
  scan.warnings.emplace_back(
      "SCANIT_TYPE says LSBFIRST, but the numbers make sense as MSBFIRST only: read so");
  return ByteOrder::big;
}

std::pair<std::size_t, std::size_t> pixels_of(std::string_view file, ForeignScan& scan) {
  const auto words = words_of(header_value(scan, "SCAN_PIXELS"));
  const std::size_t nx = words.size() == 2 ? whole_of(words[0]).value_or(0) : 0;
  const std::size_t ny = words.size() == 2 ? whole_of(words[1]).value_or(0) : 0;
  if (nx == 0 || ny == 0 || nx > most_pixels || ny > most_pixels) {
    refuse(file,
           fmt::format("SCAN_PIXELS is \"{}\": two numbers from 1 to {} expected",
                       header_value(scan, "SCAN_PIXELS"),
                       most_pixels));
  }
  const auto contradicts = [&](const char* key, std::size_t n) {
    const auto other = whole_of(header_value(scan, key));
    return other && *other != n;
  };
  if (contradicts("Scan>pixels/line", nx) || contradicts("Scan>lines", ny)) {
    scan.warnings.push_back(
        fmt::format("SCAN_PIXELS says {} pixels in each of {} lines, the settings of the scan say "
                    "\"{}\" and \"{}\": the former is taken",
                    nx,
                    ny,
                    header_value(scan, "Scan>pixels/line"),
                    header_value(scan, "Scan>lines")));
  }
  return {nx, ny};
}

/// Two lengths; `otherwise` if the tag is not there.
std::pair<double, double> lengths_of(std::string_view file,
                                     const ForeignScan& scan,
                                     const char* tag,
                                     const char* otherwise) {
  const std::string_view text = header_value(scan, tag);
  const auto words = words_of(text.empty() ? std::string_view(otherwise) : text);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double a = words.size() == 2 ? number_of(words[0]).value_or(nan) : nan;
  const double b = words.size() == 2 ? number_of(words[1]).value_or(nan) : nan;
  if (!std::isfinite(a) || !std::isfinite(b)) {
    refuse(file, fmt::format("{} is \"{}\": two lengths in m expected", tag, text));
  }
  return {a, b};
}

struct Image {
  std::string label;
  SiUnit unit{};
  bool backward = false;
};

/// The images in the order of the file.
std::vector<Image> images_of(std::string_view file, const ForeignScan& scan) {
  std::vector<Image> images;
  for (const std::string_view line : lines_of(header_value(scan, "DATA_INFO"))) {
    const bool tabs = trimmed(line).find('\t') != std::string_view::npos;
    auto fields = tabs ? split(trimmed(line), '\t') : words_of(line);
    if (trimmed(line).empty() || trimmed(fields[0]) == "Channel") {
      continue;
    }
    if (fields.size() < 4) {
      refuse(file,
             fmt::format("DATA_INFO has the line \"{}\": channel, name, unit, direction expected",
                         trimmed(line).substr(0, 80)));
    }
    const std::string_view way = trimmed(fields[3]);
    const bool both = way == "both";
    const bool forward = both || way == "fwd" || way == "forward";
    const bool backward = both || way == "bwd" || way == "backward";
    if (!forward && !backward) {
      refuse(file,
             fmt::format("DATA_INFO has the direction \"{}\": both, fwd or bwd expected", way));
    }
    const std::string label(trimmed(fields[1]));
    for (const bool is_back : {false, true}) {
      if (is_back ? backward : forward) {
        images.push_back({label, si_unit_of(fields[2]), is_back});
      }
    }
  }
  if (images.empty() || images.size() > most_channels) {
    refuse(
        file,
        fmt::format("DATA_INFO names {} images: 1 to {} expected", images.size(), most_channels));
  }
  return images;
}

bool is_upward(std::string_view file, const ForeignScan& scan) {
  const std::string_view way = header_value(scan, "SCAN_DIR");
  if (way != "up" && way != "down") {
    refuse(file, fmt::format("SCAN_DIR is \"{}\": up or down expected", way));
  }
  return way == "up";
}

void describe(ForeignScan& scan,
              bool up,
              std::pair<double, double> centre,
              std::pair<double, double> range) {
  scan.about.set("slow_scan_direction", Value{std::string(up ? "up" : "down"), {}});
  scan.about.set("row_order",
                 Value{std::string(up ? "as measured: row 0 was the first, y points up"
                                      : "turned round: row 0 was the last, y points up"),
                       {}});
  scan.about.set("centre_x_m", Value{centre.first, {}});
  scan.about.set("centre_y_m", Value{centre.second, {}});
  scan.about.set("width_m", Value{range.first, {}});
  scan.about.set("height_m", Value{range.second, {}});
  const auto angle = number_of(header_value(scan, "SCAN_ANGLE"));
  if (angle && std::isfinite(*angle)) {
    scan.about.set("scan_angle_deg", Value{*angle, {}});
    if (*angle != 0.0) {
      scan.warnings.push_back(fmt::format(
          "the frame is turned by {:g} deg: x and y run along its sides, about its centre",
          *angle));
    }
  }
  const auto duration = number_of(header_value(scan, "ACQ_TIME"));
  if (duration && std::isfinite(*duration)) {
    scan.about.set("acquisition_time_s", Value{*duration, {}});
  }
}

}  // namespace

ForeignScan read_sxm(std::string_view file, std::string_view bytes) {
  const Parts parts = parts_of(file, bytes);
  ForeignScan scan;
  scan.kind = "Nanonis scan";
  scan.procedure = "imported_scan";
  read_tags(parts.header, scan);
  require_floats(file, scan);
  const auto [nx, ny] = pixels_of(file, scan);
  const auto images = images_of(file, scan);
  const std::size_t expected = 4 * nx * ny * images.size();
  if (bytes.size() - parts.data_at != expected) {
    refuse(file,
           fmt::format("has {} bytes of data: {} expected of {} images of {} x {} pixels",
                       bytes.size() - parts.data_at,
                       expected,
                       images.size(),
                       nx,
                       ny));
  }
  const ByteOrder order = order_of(file, scan, bytes, parts.data_at, expected / 4);
  const bool up = is_upward(file, scan);
  const auto range = lengths_of(file, scan, "SCAN_RANGE", "");
  const auto centre = lengths_of(file, scan, "SCAN_OFFSET", "0 0");
  const Axis x = frame_axis(file, "x", centre.first, range.first, nx);
  const Axis y = frame_axis(file, "y", centre.second, range.second, ny);
  std::size_t at = parts.data_at;
  for (const Image& image : images) {
    const auto mirror = static_cast<Mirror>((up ? 0U : 1U) + (image.backward ? 2U : 0U));
    const auto raw = numbers_at<float>(bytes, at, nx * ny, order);
    at += 4 * nx * ny;
    scan.channels.push_back(
        {.label = image.label + (image.backward ? " (backward)" : " (forward)"),
         .name = signal_name_of(image.label) + (image.backward ? "_backward" : ""),
         .unit = image.unit.unit,
         .axes = {y, x},
         .values = scaled(mirrored(raw, nx, mirror), image.unit.factor),
         .description = fmt::format("{}; {}",
                                    image.backward ? "way back, pixels turned round so that x rises"
                                                   : "way forth, pixels as measured",
                                    up ? "lines as measured, upward"
                                       : "measured downward, lines turned round so that y rises")});
  }
  describe(scan, up, centre, range);
  scan.recorded = time_of(header_value(scan, "REC_DATE"), header_value(scan, "REC_TIME"));
  scan.area =
      ScanArea{x.values.front(), x.values.back(), y.values.front(), y.values.back(), nx, ny};
  scan.title = fmt::format("Nanonis scan, {}", up ? "upward" : "downward");
  return scan;
}

}  // namespace halotwin::data::imports
