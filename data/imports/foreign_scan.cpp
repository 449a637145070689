#include "data/imports/foreign_scan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/igor_wave.hpp"
#include "data/imports/foreign_text.hpp"

namespace halotwin::data::imports {

namespace {

template <class T>
ChannelValues times(std::vector<T> values, double factor) {
  if (factor == 1.0) {
    return values;
  }
  std::vector<double> out;
  out.reserve(values.size());
  for (const T value : values) {
    out.push_back(factor * static_cast<double>(value));
  }
  return out;
}

bool begins_sxm(std::string_view bytes) {
  return bytes.starts_with(":NANONIS_VERSION:");
}
bool begins_dat(std::string_view bytes) {
  return bytes.starts_with("Experiment\t");
}
bool begins_3ds(std::string_view bytes) {
  const auto lines = lines_of(bytes);
  return std::any_of(
      lines.begin(), lines.end(), [](std::string_view l) { return l.starts_with("Grid dim="); });
}
bool begins_gsf(std::string_view bytes) {
  return bytes.starts_with("Gwyddion Simple Field ");
}

constexpr std::array formats{
    ScanFormat{"Nanonis scan", ".sxm", "images, forward and backward", begins_sxm, read_sxm},
    ScanFormat{"Nanonis spectroscopy", ".dat", "curves at one point", begins_dat, read_dat},
    ScanFormat{"Nanonis grid", ".3ds", "a curve in each pixel", begins_3ds, read_3ds},
    ScanFormat{"Igor wave", ".ibw", "curves, images of Asylum", begins_ibw, read_ibw},
    ScanFormat{"Gwyddion field", ".gsf", "one image", begins_gsf, read_gsf}};

}  // namespace

std::span<const ScanFormat> scan_formats() {
  return formats;
}

std::string_view header_value(const ForeignScan& scan, std::string_view key) {
  for (const auto& [name, value] : scan.header) {
    if (name == key) {
      return trimmed(value);
    }
  }
  return {};
}

void refuse(std::string_view file, const std::string& what) {
  constexpr std::size_t longest = 300;
  std::string line = utf8_of(std::string_view(what).substr(0, longest));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; }, ' ');
  throw DataError(fmt::format("{}: {}", file, line));
}

Axis stepped_axis(std::string_view file,
                  const std::string& name,
                  const std::string& unit,
                  double origin,
                  double step,
                  std::size_t count) {
  Axis axis{name, unit, std::vector<double>(count), {}};
  for (std::size_t i = 0; i < count; ++i) {
    axis.values[i] = origin + step * static_cast<double>(i);
  }
  const auto& v = axis.values;
  const bool finite = std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
  if (!finite || std::adjacent_find(v.begin(), v.end(), std::greater_equal<>()) != v.end()) {
    refuse(file,
           fmt::format("axis {} of {} points from {:g} in steps of {:g} {}: finite numbers that "
                       "ascend expected",
                       name,
                       count,
                       origin,
                       step,
                       unit));
  }
  return axis;
}

Axis frame_axis(
    std::string_view file, const char* name, double centre, double extent, std::size_t count) {
  if (count == 1 && extent == 0.0) {  // a single line
    return stepped_axis(file, name, "m", centre, 1.0, 1);
  }
  const double step = extent / static_cast<double>(count);
  const double half = 0.5 * static_cast<double>(count - 1);
  if (!(std::isfinite(extent) && extent > 0.0)) {
    refuse(file, fmt::format("the frame is {:g} m along {}: a length > 0 expected", extent, name));
  }
  return stepped_axis(file, name, "m", centre - half * step, step, count);
}

Axis index_axis(const std::string& name, std::size_t count) {
  Axis axis{name, "1", std::vector<double>(count), {}};
  for (std::size_t i = 0; i < count; ++i) {
    axis.values[i] = static_cast<double>(i);
  }
  return axis;
}

ChannelValues scaled(std::vector<float> values, double factor) {
  return times(std::move(values), factor);
}

ChannelValues scaled(std::vector<double> values, double factor) {
  return times(std::move(values), factor);
}

std::vector<float> mirrored(std::span<const float> image, std::size_t nx, Mirror mirror) {
  const std::size_t ny = image.size() / nx;
  const bool rows = mirror == Mirror::rows || mirror == Mirror::both;
  const bool columns = mirror == Mirror::columns || mirror == Mirror::both;
  std::vector<float> out(image.size());
  for (std::size_t j = 0; j < ny; ++j) {
    const auto from = image.subspan(j * nx, nx);
    const auto to = out.begin() + static_cast<std::ptrdiff_t>((rows ? ny - 1 - j : j) * nx);
    if (columns) {
      std::copy(from.rbegin(), from.rend(), to);
    } else {
      std::copy(from.begin(), from.end(), to);
    }
  }
  return out;
}

}  // namespace halotwin::data::imports
