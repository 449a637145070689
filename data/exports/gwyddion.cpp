#include "data/exports/gwyddion.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/files.hpp"

namespace halotwin::data {

namespace {

// The serialised objects of a .gwy file: name, length, components. Lengths come first, so long
// arrays give their length at once and their numbers when the file is written.

class GwyObject {
 public:
  using Numbers = std::function<void(std::ostream&)>;

  explicit GwyObject(std::string name) : name_(std::move(name)) {}

  void add(const std::string& key, std::int32_t value) { plain(key, 'i', value); }
  void add(const std::string& key, double value) { plain(key, 'd', value); }
  void add(const std::string& key, bool value) { plain(key, 'b', static_cast<char>(value)); }
  void add(const std::string& key, const std::string& text) {
    head(key, 's') += text.substr(0, text.find('\0'));
    parts_.back().bytes += '\0';
  }
  void add(const std::string& key, GwyObject object) {
    head(key, 'o');
    parts_.back().objects.push_back(std::move(object));
  }
  void add_array(const std::string& key, GwyObject object) {
    plain(key, 'O', std::uint32_t{1});
    parts_.back().objects.push_back(std::move(object));
  }
  void add_numbers(const std::string& key, std::size_t count, Numbers numbers) {
    plain(key, 'D', static_cast<std::uint32_t>(count));
    parts_.back().count = count;
    parts_.back().numbers = std::move(numbers);
  }
  void add_numbers(const std::string& key, std::vector<double> values) {
    const std::size_t count = values.size();
    add_numbers(key, count, [values = std::move(values)](std::ostream& out) {
      out.write(reinterpret_cast<const char*>(values.data()),
                static_cast<std::streamsize>(8 * values.size()));
    });
  }

  void write(std::ostream& out) const {
    const auto length = static_cast<std::uint32_t>(content_bytes());
    out.write(name_.c_str(), static_cast<std::streamsize>(name_.size() + 1));
    out.write(reinterpret_cast<const char*>(&length), sizeof(length));
    for (const auto& part : parts_) {
      out.write(part.bytes.data(), static_cast<std::streamsize>(part.bytes.size()));
      for (const auto& object : part.objects) {
        object.write(out);
      }
      if (part.numbers) {
        part.numbers(out);
      }
    }
  }
  [[nodiscard]] std::uint64_t bytes() const { return name_.size() + 5 + content_bytes(); }

 private:
  struct Part {
    std::string bytes;
    std::vector<GwyObject> objects{};
    std::size_t count = 0;
    Numbers numbers{};
  };
  std::string& head(const std::string& key, char type) {
    parts_.push_back({key + '\0' + type});
    return parts_.back().bytes;
  }
  template <class T>
  void plain(const std::string& key, char type, T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    head(key, type).append(raw, sizeof(T));
  }
  [[nodiscard]] std::uint64_t content_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& part : parts_) {
      sum += part.bytes.size() + 8 * part.count;
      for (const auto& object : part.objects) {
        sum += object.bytes();
      }
    }
    return sum;
  }

  std::string name_;
  std::vector<Part> parts_;
};

/// Extent of an axis whose values are the centres of its elements.
struct Span {
  double length = 1.0;
  double offset = 0.0;
};

Span span_of(const Axis& axis) {
  const auto n = static_cast<double>(axis.values.size());
  if (axis.values.size() < 2) {
    return {1.0, axis.values.front() - 0.5};
  }
  const double step = (axis.values.back() - axis.values.front()) / (n - 1.0);
  return {n * step, axis.values.front() - 0.5 * step};
}

bool is_even(const Axis& axis) {
  const auto& v = axis.values;
  if (v.size() < 3) {
    return true;
  }
  const double step = (v.back() - v.front()) / static_cast<double>(v.size() - 1);
  for (std::size_t i = 1; i < v.size(); ++i) {
    if (std::abs(v[i] - v.front() - static_cast<double>(i) * step) > 1e-6 * step) {
      return false;
    }
  }
  return true;
}

GwyObject unit(const std::string& word) {
  GwyObject object("GwySIUnit");
  object.add("unitstr", word == "1" ? std::string() : word);
  return object;
}

/// A lateral image: values and, where something is missing, the mask.
struct Picture {
  std::string title;
  const SignalSpec* spec = nullptr;
  const Axis* y = nullptr;
  const Axis* x = nullptr;
  std::vector<double> values;
  std::vector<double> missing;  // empty if nothing is
};

/// Replaces what was not measured by the smallest measured value, and masks it.
void mask_missing(Picture& picture, double fill) {
  double smallest = std::numeric_limits<double>::infinity();
  bool any = false;
  const auto is_missing = [&](double v) { return !std::isfinite(v) || v == fill; };
  for (const double v : picture.values) {
    any = any || is_missing(v);
    smallest = is_missing(v) ? smallest : std::min(smallest, v);
  }
  if (!any) {
    return;
  }
  picture.missing.assign(picture.values.size(), 0.0);
  for (std::size_t i = 0; i < picture.values.size(); ++i) {
    if (is_missing(picture.values[i])) {
      picture.missing[i] = 1.0;
      picture.values[i] = std::isfinite(smallest) ? smallest : 0.0;
    }
  }
}

double fill_of(ElementType type) {
  switch (type) {
    case ElementType::u8:
      return 255.0;
    case ElementType::u16:
      return 65535.0;
    case ElementType::u32:
      return 4294967295.0;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

/// Gwyddion's rows begin at the top of the picture, ours at the smallest y.
template <class T>
void put_top_row_first(std::vector<T>& values, std::size_t nx) {
  for (std::size_t low = 0, high = values.size() / nx; low + 1 < high; ++low) {
    --high;
    const auto row = [&](std::size_t iy) {
      return values.begin() + static_cast<std::ptrdiff_t>(iy * nx);
    };
    std::swap_ranges(row(low), row(low + 1), row(high));
  }
}

GwyObject data_field(const Picture& picture,
                     const std::string& value_unit,
                     std::vector<double> values) {
  const Span x = span_of(*picture.x);
  const Span y = span_of(*picture.y);
  GwyObject field("GwyDataField");
  field.add("xres", static_cast<std::int32_t>(picture.x->values.size()));
  field.add("yres", static_cast<std::int32_t>(picture.y->values.size()));
  field.add("xreal", x.length);
  field.add("yreal", y.length);
  field.add("xoff", x.offset);
  field.add("yoff", y.offset);
  field.add("si_unit_xy", unit(picture.x->unit));
  field.add("si_unit_z", unit(value_unit));
  put_top_row_first(values, picture.x->values.size());
  field.add_numbers("data", std::move(values));
  return field;
}

GwyObject meta(const SignalReader& reader, const SignalSpec& spec) {
  GwyObject object("GwyContainer");
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) {
      object.add(key, text);
    }
  };
  add("Signal", spec.group);
  add("Label", spec.long_name);
  add("Description", spec.description);
  add("Source file", reader.path().filename().string());
  if (const auto* recording = dynamic_cast<const RecordingReader*>(&reader)) {
    const RecordingHeader& header = recording->header();
    add("Title", header.title);
    add("Sample", header.sample.name);
    add("Data origin", header.sample.simulated ? "simulated data" : "measured data");
    add("Start time", iso8601(header.start_since_epoch));
    add("Procedure", header.procedure);
    add("Seed", fmt::format("{}", header.seed));
    add("Program", header.software.program + " " + header.software.version);
    add("State", recording->progress_text());
  }
  return object;
}

bool is_lateral(const Axis& y, const Axis& x) {
  return y.name == "y" && x.name == "x";
}

/// (y, x), or one picture for each step of (k, y, x).
std::vector<Picture> pictures_of(const SignalReader& reader, const SignalSpec& spec) {
  std::vector<Picture> pictures;
  const std::size_t rank = spec.axes.size();
  const bool stack = rank == 3;
  if ((rank != 2 && !stack) || !is_lateral(spec.axes[rank - 2], spec.axes[rank - 1])) {
    return pictures;
  }
  const auto all = reader.read<double>(spec.group);
  const std::size_t layers = stack ? spec.axes.front().values.size() : 1;
  const std::size_t size = all.size() / layers;
  for (std::size_t k = 0; k < layers; ++k) {
    Picture picture;
    picture.title =
        stack ? fmt::format(
                    "{}, {} {:g}", spec.title, spec.axes.front().name, spec.axes.front().values[k])
              : spec.title;
    picture.spec = &spec;
    picture.y = &spec.axes[rank - 2];
    picture.x = &spec.axes[rank - 1];
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(k * size);
    picture.values.assign(first, first + static_cast<std::ptrdiff_t>(size));
    mask_missing(picture, fill_of(spec.type));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

/// Complex (y, x), as the two outputs of a lock-in.
std::vector<Picture> quadratures_of(const SignalReader& reader, const SignalSpec& spec) {
  std::vector<Picture> pictures;
  if (spec.axes.size() != 2 || !is_lateral(spec.axes[0], spec.axes[1])) {
    return pictures;
  }
  const auto all = reader.read<std::complex<float>>(spec.group);
  for (const bool imaginary : {false, true}) {
    Picture picture;
    picture.title = fmt::format("{}, {}", spec.title, imaginary ? "Y" : "X");
    picture.spec = &spec;
    picture.y = &spec.axes[0];
    picture.x = &spec.axes[1];
    for (const std::complex<float> z : all) {
      picture.values.push_back(static_cast<double>(imaginary ? z.imag() : z.real()));
    }
    mask_missing(picture, fill_of(spec.type));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

void add_picture(GwyObject& top, int channel, Picture picture, GwyObject about) {
  const std::string at = fmt::format("/{}/", channel);
  top.add(at + "data/title", picture.title);
  top.add(at + "data/visible", channel == 0);
  top.add(at + "meta", std::move(about));
  if (!picture.missing.empty()) {
    top.add(at + "mask", data_field(picture, "", std::move(picture.missing)));
  }
  const std::string value_unit = picture.spec->unit;
  top.add(at + "data", data_field(picture, value_unit, std::move(picture.values)));
}

/// Values of (y, x, channel), written channel by channel as Gwyddion wants them.
void write_planes(std::ostream& out,
                  const std::vector<float>& values,
                  std::size_t nx,
                  std::size_t channels) {
  std::vector<double> plane(values.size() / channels);
  for (std::size_t z = 0; z < channels; ++z) {
    for (std::size_t p = 0; p < plane.size(); ++p) {
      const float v = values[p * channels + z];
      plane[p] = std::isfinite(v) ? static_cast<double>(v) : 0.0;  // volumes have no mask
    }
    put_top_row_first(plane, nx);
    out.write(reinterpret_cast<const char*>(plane.data()),
              static_cast<std::streamsize>(8 * plane.size()));
  }
}

/// The mean over the channels, as the picture that stands for a volume.
Picture preview_of(const SignalSpec& spec, const std::vector<float>& values) {
  const std::size_t channels = spec.axes[2].values.size();
  Picture picture;
  picture.spec = &spec;
  picture.y = &spec.axes[0];
  picture.x = &spec.axes[1];
  picture.values.resize(values.size() / channels);
  for (std::size_t p = 0; p < picture.values.size(); ++p) {
    double sum = 0.0;
    for (std::size_t z = 0; z < channels; ++z) {
      sum += static_cast<double>(values[p * channels + z]);
    }
    picture.values[p] = sum / static_cast<double>(channels);
  }
  mask_missing(picture, std::numeric_limits<double>::quiet_NaN());
  return picture;
}

GwyObject calibration(const Axis& axis) {
  GwyObject line("GwyDataLine");
  line.add("res", static_cast<std::int32_t>(axis.values.size()));
  line.add("real", span_of(axis).length);
  line.add("off", 0.0);
  line.add("si_unit_x", unit(""));
  line.add("si_unit_y", unit(axis.unit));
  line.add_numbers("data", axis.values);
  return line;
}

GwyObject brick_of(const SignalReader& reader, const SignalSpec& spec) {
  const Axis& y = spec.axes[0];
  const Axis& x = spec.axes[1];
  const Axis& z = spec.axes[2];
  GwyObject brick("GwyBrick");
  const Axis* axes[] = {&x, &y, &z};
  const std::string letters = "xyz";
  for (std::size_t i = 0; i < 3; ++i) {
    const Span span = span_of(*axes[i]);
    const std::string letter(1, letters[i]);
    brick.add(letter + "res", static_cast<std::int32_t>(axes[i]->values.size()));
    brick.add(letter + "real", span.length);
    brick.add(letter + "off", span.offset);
    brick.add("si_unit_" + letter, unit(axes[i]->unit));
  }
  brick.add("si_unit_w", unit(spec.unit));
  if (!is_even(z)) {
    brick.add_array("calibration", calibration(z));
  }
  const std::size_t count = count_of(spec);
  const std::size_t channels = z.values.size();
  brick.add_numbers(
      "data",
      count,
      [&reader, group = spec.group, nx = x.values.size(), channels](std::ostream& out) {
        write_planes(out, reader.read<float>(group), nx, channels);
      });
  return brick;
}

void add_brick(GwyObject& top, int number, const SignalReader& reader, const SignalSpec& spec) {
  const std::string at = fmt::format("/brick/{}", number);
  Picture preview = preview_of(spec, reader.read<float>(spec.group));
  top.add(at + "/title", spec.title);
  top.add(at + "/visible", number == 0);
  top.add(at + "/meta", meta(reader, spec));
  top.add(at + "/preview", data_field(preview, spec.unit, std::move(preview.values)));
  top.add(at, brick_of(reader, spec));
}

/// Writes `out` under a temporary name first.
void write_file(const std::filesystem::path& out,
                Overwrite overwrite,
                const std::function<void(std::ostream&)>& write) {
  std::error_code error;
  if (overwrite == Overwrite::no && std::filesystem::exists(out, error)) {
    throw DataError(
        fmt::format("{}: exists already (not overwritten without --force)", out.string()));
  }
  const auto part = part_of(out);
  const FileLock lock = make_empty_file(part);
  try {
    std::ofstream stream(part, std::ios::binary);
    write(stream);
    stream.close();
    if (!stream) {
      throw DataError(fmt::format(
          "{}: cannot be written: {}", out.string(), std::generic_category().message(errno)));
    }
    publish(part, out);
  } catch (...) {
    std::filesystem::remove(part, error);
    throw;
  }
}

}  // namespace

void export_gwy(const SignalReader& recording,
                const std::filesystem::path& out,
                Overwrite overwrite) {
  GwyObject top("GwyContainer");
  int channels = 0;
  int bricks = 0;
  for (const auto& name : recording.signals()) {
    const SignalSpec spec = recording.spec(name);
    const bool complex = spec.type == ElementType::complex64;
    for (auto& picture : complex ? quadratures_of(recording, spec) : pictures_of(recording, spec)) {
      add_picture(top, channels++, std::move(picture), meta(recording, spec));
    }
    if (!complex && spec.axes.size() == 3 && is_lateral(spec.axes[0], spec.axes[1])) {
      add_brick(top, bricks++, recording, spec);
    }
  }
  if (channels + bricks == 0) {
    throw DataError(fmt::format("{}: no images or volumes to export", recording.path().string()));
  }
  constexpr std::uint64_t longest = 0xFFFFFFFFU;  // lengths in the format have 32 bits
  if (top.bytes() > longest) {
    throw DataError(fmt::format("{}: too large for a Gwyddion file (4 GB)", out.string()));
  }
  require_room(std::filesystem::absolute(out).parent_path(), top.bytes());
  write_file(out, overwrite, [&](std::ostream& stream) {
    stream << "GWYP";
    top.write(stream);
  });
}

void export_gsf(const SignalReader& recording,
                std::string_view signal,
                const std::filesystem::path& out,
                Overwrite overwrite) {
  const SignalSpec spec = recording.spec(signal);
  if (spec.axes.size() != 2 || spec.type == ElementType::complex64) {
    throw DataError(fmt::format("signal \"{}\" is no image of real numbers", signal));
  }
  const Span y = span_of(spec.axes[0]);
  const Span x = span_of(spec.axes[1]);
  const auto one_line = [](std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  };
  std::string head = "Gwyddion Simple Field 1.0\n";
  head +=
      fmt::format("XRes = {}\nYRes = {}\n", spec.axes[1].values.size(), spec.axes[0].values.size());
  head += fmt::format("XReal = {}\nYReal = {}\nXOffset = {}\nYOffset = {}\n",
                      x.length,
                      y.length,
                      x.offset,
                      y.offset);
  head += fmt::format("XYUnits = {}\n", spec.axes[1].unit == "1" ? "" : spec.axes[1].unit);
  head += fmt::format("ZUnits = {}\n", spec.unit == "1" ? "" : spec.unit);
  head += fmt::format("Title = {}\n", one_line(spec.title));
  head.append(4 - head.size() % 4, '\0');
  auto values = recording.read<float>(signal);
  put_top_row_first(values, spec.axes[1].values.size());
  write_file(out, overwrite, [&](std::ostream& stream) {
    stream.write(head.data(), static_cast<std::streamsize>(head.size()));
    stream.write(reinterpret_cast<const char*>(values.data()),
                 static_cast<std::streamsize>(4 * values.size()));
  });
}

}  // namespace halotwin::data
