// Igor binary waves. In the data the first dimension runs fastest. Images of Asylum Research:
// dimension 0 = point of the line (x), 1 = line (y), 2 = channel with a label ("HeightRetrace");
// both ways are stored in order of x, lines in order of y, upward (Gwyddion turns them round for
// its pictures, whose y points down). Note: "Key: value" lines that end in CR.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/igor_wave.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"

namespace halotwin::data::imports {

namespace {

/// Of a channel of an Asylum image, by the beginning of its name. Source: Gwyddion, igorfile.c, and
/// the file asylum_scan.ibw, whose header says "m" for all layers.
std::string_view asylum_unit(std::string_view name) {
  struct Known {
    std::string_view begin;
    std::string_view unit;
  };
  static constexpr std::array known{Known{"Height", "m"},
                                    Known{"ZSensor", "m"},
                                    Known{"Deflection", "m"},
                                    Known{"Amplitude", "m"},
                                    Known{"Phase", "deg"},
                                    Known{"Current", "A"},
                                    Known{"Frequency", "Hz"},
                                    Known{"Capacitance", "F"},
                                    Known{"Potential", "V"},
                                    Known{"Count", "counts"},
                                    Known{"QFactor", "1"}};
  for (const Known& one : known) {
    if (name.starts_with(one.begin)) {
      return one.unit;
    }
  }
  return {};
}

template <class From, class To>
std::vector<To> converted(std::string_view bytes,
                          std::size_t at,
                          std::size_t count,
                          ByteOrder order) {
  std::vector<To> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<To>(number_at<From>(bytes, at + i * sizeof(From), order));
  }
  return values;
}

/// Points `first` to `first + count` in the order of the file: f32 stays, the rest becomes f64.
ChannelValues values_of(std::string_view bytes,
                        const IgorHeader& h,
                        std::size_t first,
                        std::size_t count,
                        double factor) {
  const std::size_t at = h.data_at + first * igor_number_bytes(h.type);
  switch (h.type) {
    case 2:
      return scaled(numbers_at<float>(bytes, at, count, h.order), factor);
    case 4:
      return scaled(numbers_at<double>(bytes, at, count, h.order), factor);
    case 8:
      return scaled(converted<std::int8_t, float>(bytes, at, count, h.order), factor);
    case 0x48:
      return scaled(converted<std::uint8_t, float>(bytes, at, count, h.order), factor);
    case 0x10:
      return scaled(converted<std::int16_t, float>(bytes, at, count, h.order), factor);
    case 0x50:
      return scaled(converted<std::uint16_t, float>(bytes, at, count, h.order), factor);
    case 0x20:
      return scaled(converted<std::int32_t, double>(bytes, at, count, h.order), factor);
    case 0x60:
      return scaled(converted<std::uint32_t, double>(bytes, at, count, h.order), factor);
    case 0x80:
      return scaled(converted<std::int64_t, double>(bytes, at, count, h.order), factor);
    default:
      return scaled(converted<std::uint64_t, double>(bytes, at, count, h.order), factor);
  }
}

void read_note(std::string_view bytes, const IgorHeader& h, ForeignScan& scan) {
  scan.header_text = igor_note(bytes, h);
  scan.header = igor_note_entries(scan.header_text);
}

void read_time(const IgorHeader& h, ForeignScan& scan) {
  scan.recorded = time_of(header_value(scan, "Date"), header_value(scan, "Time"));
  if (scan.recorded) {
    scan.about.set("time_source", Value{std::string("Date and Time of the note"), {}});
  } else if (h.modified_s != 0) {
    constexpr std::int64_t from_1904_to_1970_s = 2082844800;
    const std::int64_t since_1970 = static_cast<std::int64_t>(h.modified_s) - from_1904_to_1970_s;
    if (since_1970 > 0) {
      scan.recorded = std::chrono::seconds(since_1970);
      scan.about.set("time_source", Value{std::string("last change of the wave"), {}});
    }
  }
}

/// An axis of the wave with a falling scale turned round; `reversed` says so.
Axis wave_axis(std::string_view file,
               const IgorHeader& h,
               std::size_t d,
               const std::string& name,
               bool& reversed) {
  const SiUnit unit = si_unit_of(h.unit[d]);
  const double step = unit.factor * h.step[d];
  const double start = unit.factor * h.start[d];
  const auto last = static_cast<double>(h.size[d] - 1);
  reversed = step < 0.0;
  if (h.size[d] > 1 || step != 0.0) {
    return reversed ? stepped_axis(file, name, unit.unit, start + step * last, -step, h.size[d])
                    : stepped_axis(file, name, unit.unit, start, step, h.size[d]);
  }
  return stepped_axis(file, name, unit.unit, start, 1.0, h.size[d]);
}

std::string axis_name_of(const std::string& unit) {
  const SiUnit si = si_unit_of(unit);
  if (si.unit == "s") {
    return "time";
  }
  if (si.unit == "Hz") {
    return "frequency";
  }
  if (si.unit == "1") {
    return "index";
  }
  return si.unit == "V" ? "bias" : "x";
}

template <class T>
void turn(std::vector<T>& values, std::size_t nx, bool rows, bool columns) {
  const std::size_t ny = values.size() / nx;
  const auto row = [&](std::size_t j) {
    return values.begin() + static_cast<std::ptrdiff_t>(j * nx);
  };
  for (std::size_t j = 0; columns && j < ny; ++j) {
    std::reverse(row(j), row(j + 1));
  }
  for (std::size_t j = 0; rows && j < ny / 2; ++j) {
    std::swap_ranges(row(j), row(j + 1), row(ny - 1 - j));
  }
}

struct Layer {
  std::string label;
  std::string name;
  SiUnit unit{};
  std::string way;
};

Layer layer_of(const std::string& label, const IgorHeader& h, ForeignScan& scan, bool is_asylum) {
  Layer layer{label, label, {}, {}};
  if (label.ends_with("Retrace")) {
    layer.name = label.substr(0, label.size() - 7);
    layer.way = "way back (retrace), stored in order of x";
  } else if (label.ends_with("Trace")) {
    layer.name = label.substr(0, label.size() - 5);
    layer.way = "way forth (trace)";
  }
  if (!is_asylum) {
    layer.unit = si_unit_of(h.data_unit);
  } else {
    const std::string_view stated = header_value(scan, layer.name + "Unit");
    const std::string_view unit = stated.empty() ? asylum_unit(layer.name) : stated;
    if (unit.empty()) {
      scan.warnings.push_back(fmt::format("no unit is known of channel {}", label));
    }
    layer.unit = si_unit_of(unit);
  }
  layer.name = signal_name_of(layer.name) + (label.ends_with("Retrace") ? "_backward" : "");
  return layer;
}

void read_curves(std::string_view file,
                 std::string_view bytes,
                 const IgorHeader& h,
                 ForeignScan& scan) {
  scan.kind = fmt::format("Igor wave, version {}", h.version);
  scan.procedure = "imported_spectra";
  scan.unit_word = "curve";
  bool reversed = false;
  const Axis x = wave_axis(file, h, 0, axis_name_of(h.unit[0]), reversed);
  const auto labels = igor_labels(bytes, h, 1);
  const std::size_t curves = std::max<std::size_t>(1, h.size[1]);
  for (std::size_t k = 0; k < curves; ++k) {
    ForeignChannel channel;
    channel.label = h.size[1] == 0 ? h.name : labels[k];
    channel.name = signal_name_of(channel.label);
    const SiUnit unit = si_unit_of(h.data_unit);
    channel.unit = unit.unit;
    channel.axes = {x};
    channel.interpretation = Interpretation::spectrum;
    channel.values = values_of(bytes, h, k * h.size[0], h.size[0], unit.factor);
    std::visit([&](auto& v) { turn(v, v.size(), false, reversed); }, channel.values);
    channel.description = reversed ? "points turned round, so that the axis rises" : "";
    scan.channels.push_back(std::move(channel));
  }
}

void read_images(std::string_view file,
                 std::string_view bytes,
                 const IgorHeader& h,
                 ForeignScan& scan) {
  const bool is_asylum = !header_value(scan, "ScanSize").empty();
  scan.kind =
      fmt::format("{}, version {}", is_asylum ? "Asylum Research image" : "Igor wave", h.version);
  scan.technique = is_asylum ? "AFM" : scan.technique;
  scan.procedure = "imported_scan";
  bool columns = false;
  bool rows = false;
  const Axis x = wave_axis(file, h, 0, "x", columns);
  const Axis y = wave_axis(file, h, 1, "y", rows);
  const auto labels = igor_labels(bytes, h, 2);
  const std::size_t layers = std::max<std::size_t>(1, h.size[2]);
  for (std::size_t k = 0; k < layers; ++k) {
    const bool has_label = k < labels.size() && !labels[k].empty();
    const Layer layer = layer_of(has_label     ? labels[k]
                                 : layers == 1 ? h.name
                                               : fmt::format("layer {}", k + 1),
                                 h,
                                 scan,
                                 is_asylum);
    ForeignChannel channel;
    channel.label = layer.label;
    channel.name = layer.name;
    channel.unit = layer.unit.unit;
    channel.axes = {y, x};
    const std::size_t count = h.size[0] * h.size[1];
    channel.values = values_of(bytes, h, k * count, count, layer.unit.factor);
    std::visit([&](auto& v) { turn(v, h.size[0], rows, columns); }, channel.values);
    channel.description = layer.way;
    scan.channels.push_back(std::move(channel));
  }
  if (x.unit == "m" && y.unit == "m") {
    scan.area = ScanArea{
        x.values.front(), x.values.back(), y.values.front(), y.values.back(), h.size[0], h.size[1]};
  }
  if (const auto down = number_of(header_value(scan, "ScanDown"))) {
    scan.about.set("slow_scan_direction", Value{std::string(*down != 0.0 ? "down" : "up"), {}});
  }
  if (const auto angle = number_of(header_value(scan, "ScanAngle"));
      angle && std::isfinite(*angle)) {
    scan.about.set("scan_angle_deg", Value{*angle, {}});
  }
  scan.about.set("row_order",
                 Value{std::string("lines in order of y, upward, as in the file"), {}});
}

}  // namespace

ForeignScan read_ibw(std::string_view file, std::string_view bytes) {
  const IgorHeader h = read_igor_header(file, bytes);
  if (h.size[3] > 0) {
    refuse(file, "a wave of four dimensions: curves, images or stacks of images expected");
  }
  if (h.size[2] > most_channels) {
    refuse(file, fmt::format("{} layers: at most {} expected", h.size[2], most_channels));
  }
  ForeignScan scan;
  scan.title = h.name.empty() ? "wave" : h.name;
  read_note(bytes, h, scan);
  read_time(h, scan);
  const bool curves = h.size[1] == 0 || (h.size[2] == 0 && h.size[1] <= most_channels &&
                                         igor_labels(bytes, h, 1).size() == h.size[1]);
  if (!curves && (h.size[0] > most_pixels || h.size[1] > most_pixels)) {
    refuse(
        file,
        fmt::format(
            "{} x {} pixels: at most {} along a side expected", h.size[0], h.size[1], most_pixels));
  }
  curves ? read_curves(file, bytes, h, scan) : read_images(file, bytes, h, scan);
  return scan;
}

}  // namespace halotwin::data::imports
