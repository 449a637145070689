#include "data/imports/nanonis_grid.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "data/imports/file_bytes.hpp"
#include "data/imports/foreign_text.hpp"

namespace halotwin::data::imports {

namespace {

constexpr std::string_view end_tag = ":HEADER_END:";

/// Memory for pixels that a stopped grid lacks: bounded by what it has.
constexpr std::size_t most_missing_ratio = 64;
constexpr std::size_t always_allowed_bytes = std::size_t{16} << 20U;

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return trimmed(text);
}

/// A value in quotation marks may go on over several lines.
void read_header(std::string_view text, ForeignScan& scan) {
  scan.header_text = utf8_of(text);
  bool goes_on = false;
  for (const std::string_view line : lines_of(scan.header_text)) {
    const std::size_t equals = line.find('=');
    if (goes_on) {
      scan.header.back().second += "\n" + std::string(line);
      goes_on = !line.ends_with('"');
    } else if (equals != std::string_view::npos) {
      const std::string_view value = trimmed(line.substr(equals + 1));
      scan.header.emplace_back(trimmed(line.substr(0, equals)), value);
      goes_on = value.starts_with('"') && (value.size() < 2 || !value.ends_with('"'));
    }
  }
  for (auto& [key, value] : scan.header) {
    value = std::string(unquoted(value));
  }
}

std::size_t whole(std::string_view file,
                  const ForeignScan& scan,
                  const char* key,
                  std::size_t most) {
  const std::string_view text = header_value(scan, key);
  const auto value = whole_of(text);
  if (!value || *value > most) {
    refuse(file, fmt::format("{} is \"{}\": a number of at most {} expected", key, text, most));
  }
  return *value;
}

std::vector<std::string> list_of(const ForeignScan& scan, const char* key) {
  std::vector<std::string> names;
  const std::string_view text = header_value(scan, key);
  for (const std::string_view name :
       text.empty() ? std::vector<std::string_view>() : split(text, ';')) {
    names.emplace_back(trimmed(name));
  }
  return names;
}

void read_frame(std::string_view file, const ForeignScan& scan, NanonisGrid& grid) {
  const std::string_view text = header_value(scan, "Grid dim");
  const auto sides = split(text, 'x');
  const std::size_t nx = sides.size() == 2 ? whole_of(sides[0]).value_or(0) : 0;
  const std::size_t ny = sides.size() == 2 ? whole_of(sides[1]).value_or(0) : 0;
  if (nx == 0 || ny == 0 || nx > most_pixels || ny > most_pixels) {
    refuse(file,
           fmt::format("Grid dim is \"{}\": two numbers from 1 to {} expected", text, most_pixels));
  }
  grid.nx = nx;
  grid.ny = ny;
  const std::string_view settings = header_value(scan, "Grid settings");
  std::vector<double> numbers;
  for (const std::string_view field : split(settings, ';')) {
    numbers.push_back(number_of(field).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  const bool finite =
      std::all_of(numbers.begin(), numbers.end(), [](double v) { return std::isfinite(v); });
  if (!finite || numbers.size() != 5) {
    refuse(file,
           fmt::format("Grid settings is \"{}\": centre x; y; width; height; angle expected",
                       settings));
  }
  grid.centre_x = numbers[0];
  grid.centre_y = numbers[1];
  grid.width = numbers[2];
  grid.height = numbers[3];
  grid.angle_deg = numbers[4];
}

void read_lists(std::string_view file, const ForeignScan& scan, NanonisGrid& grid) {
  grid.points = whole(file, scan, "Points", longest_file / 4);
  grid.channels = list_of(scan, "Channels");
  if (grid.points == 0 || grid.channels.empty() || grid.channels.size() > most_channels) {
    refuse(file,
           fmt::format("{} channels of {} points: at least one of each expected",
                       grid.channels.size(),
                       grid.points));
  }
  grid.parameters = list_of(scan, "Fixed parameters");
  const auto more = list_of(scan, "Experiment parameters");
  grid.parameters.insert(grid.parameters.end(), more.begin(), more.end());
  const std::size_t count = whole(file, scan, "# Parameters (4 byte)", most_channels);
  if (grid.parameters.size() > count) {
    refuse(file,
           fmt::format(
               "# Parameters (4 byte) is {}, but {} are named", count, grid.parameters.size()));
  }
  while (grid.parameters.size() < count) {
    grid.parameters.push_back(fmt::format("parameter {}", grid.parameters.size() + 1));
  }
  const std::size_t curves = 4 * grid.channels.size() * grid.points;
  if (!header_value(scan, "Experiment size (bytes)").empty()) {
    const std::size_t size = whole(file, scan, "Experiment size (bytes)", longest_file);
    if (size != curves && size != curves + 4 * count) {
      refuse(file,
             fmt::format("Experiment size (bytes) is {}: {} expected of {} channels of {} points",
                         size,
                         curves,
                         grid.channels.size(),
                         grid.points));
    }
  }
}

void read_numbers(std::string_view file,
                  std::string_view data,
                  NanonisGrid& grid,
                  ForeignScan& scan) {
  const std::size_t pixel_bytes = 4 * grid.pixel_numbers();
  const std::size_t pixels = grid.nx * grid.ny;
  grid.there = data.size() / pixel_bytes;
  if (data.size() % pixel_bytes != 0 || grid.there > pixels || grid.there == 0) {
    refuse(file,
           fmt::format("has {} bytes of data: {} pixels of {} bytes expected, or fewer whole ones",
                       data.size(),
                       pixels,
                       pixel_bytes));
  }
  const double needed = static_cast<double>(pixels) * static_cast<double>(pixel_bytes);
  if (needed >
          static_cast<double>(std::max(always_allowed_bytes, most_missing_ratio * data.size())) ||
      needed > static_cast<double>(longest_file)) {
    refuse(file,
           fmt::format("names {} pixels of {} bytes, but has {}: more than can be meant",
                       pixels,
                       pixel_bytes,
                       grid.there));
  }
  if (is_other_order(data, 0, data.size() / 4, ByteOrder::big)) {
    refuse(file, "its numbers make sense in the opposite byte order only: big-endian expected");
  }
  if (grid.there < pixels) {
    scan.warnings.push_back(
        fmt::format("only {} of {} pixels were measured: the others are NaN", grid.there, pixels));
  }
  grid.numbers.assign(pixels * grid.pixel_numbers(), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < grid.there * grid.pixel_numbers(); ++i) {
    grid.numbers[i] = number_at<float>(data, 4 * i, ByteOrder::big);
  }
}

}  // namespace

NanonisGrid read_grid(std::string_view file, std::string_view bytes, ForeignScan& scan) {
  const std::size_t end = bytes.substr(0, longest_header).find(end_tag);
  if (end == std::string_view::npos) {
    refuse(file, "is no Nanonis grid, or cut off: no line :HEADER_END:");
  }
  std::size_t data_at = end + end_tag.size();
  data_at += bytes.substr(data_at).starts_with("\r\n") ? 2 : 0;
  read_header(bytes.substr(0, end), scan);
  NanonisGrid grid;
  read_frame(file, scan, grid);
  read_lists(file, scan, grid);
  read_numbers(file, bytes.substr(data_at), grid, scan);
  return grid;
}

}  // namespace halotwin::data::imports
