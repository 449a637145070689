#include "data/tiff_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "data/files.hpp"

namespace halotwin::data {

namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie");

constexpr std::uint64_t first_frame = 16;  // room for the header of either kind
constexpr std::uint64_t classic_limit = 0xffffffffU;

// Types of TIFF fields.
constexpr std::uint16_t ascii = 2;
constexpr std::uint16_t short_number = 3;
constexpr std::uint16_t long_number = 4;
constexpr std::uint16_t rational = 5;
constexpr std::uint16_t long8_number = 16;

struct Field {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 1;
  std::uint64_t value = 0;  // or the offset of what does not fit
};

/// num / den with both below 2^32, as near to x as a den of a power of ten allows.
std::pair<std::uint32_t, std::uint32_t> fraction(double x) {
  double den = 1.0;
  while (den < 1e9 && x * den * 10.0 < 4e9 && std::abs(x * den - std::round(x * den)) > 1e-9) {
    den *= 10.0;
  }
  const double num = std::clamp(std::round(x * den), 1.0, 4294967295.0);
  return {static_cast<std::uint32_t>(num), static_cast<std::uint32_t>(den)};
}

std::string xml_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += code < 0x20 || code > 0x7e ? '?' : c;  // a TIFF text is ASCII
    }
  }
  return out;
}

template <class T>
void add(std::string& bytes, T value) {
  std::array<char, sizeof(T)> raw{};
  std::memcpy(raw.data(), &value, sizeof(T));
  bytes.append(raw.data(), raw.size());
}

/// One directory; `next` is the offset of the next one.
std::string directory(const std::vector<Field>& fields, std::uint64_t next, bool big) {
  std::string bytes;
  big ? add(bytes, std::uint64_t{fields.size()})
      : add(bytes, static_cast<std::uint16_t>(fields.size()));
  for (const Field& field : fields) {
    add(bytes, field.tag);
    add(bytes, field.type);
    if (big) {
      add(bytes, field.count);
      add(bytes, field.value);
    } else {
      add(bytes, static_cast<std::uint32_t>(field.count));
      add(bytes, static_cast<std::uint32_t>(field.value));
    }
  }
  big ? add(bytes, next) : add(bytes, static_cast<std::uint32_t>(next));
  return bytes;
}

std::uint64_t directory_bytes(std::size_t fields, bool big) {
  return big ? 16 + 20 * fields : 6 + 12 * fields;
}

}  // namespace

TiffMovieWriter::TiffMovieWriter(std::filesystem::path path,
                                 TiffMovieSpec spec,
                                 Overwrite overwrite)
    : path_(std::move(path)), spec_(std::move(spec)) {
  require_range("width of a frame", static_cast<double>(spec_.width), 1.0, 1e6);
  require_range("height of a frame", static_cast<double>(spec_.height), 1.0, 1e6);
  require_range("pixel_m", spec_.pixel_m, 1e-12, 1.0);
  require_range("frame_period_s", spec_.frame_period_s, 1e-9, 1e9);
  require(!spec_.exposure_s || (*spec_.exposure_s > 0.0 && std::isfinite(*spec_.exposure_s)),
          "exposure_s of a movie must be > 0");
  require(spec_.type == ElementType::u8 || spec_.type == ElementType::u16 ||
              spec_.type == ElementType::f32,
          "a TIFF movie has values of type u8, u16 or f32");
  require(spec_.width * spec_.height * size_in_bytes(spec_.type) < (std::uint64_t{1} << 31U),
          "a frame of a TIFF movie must be smaller than 2 GiB");
  std::error_code error;
  if (overwrite == Overwrite::no && std::filesystem::exists(path_, error)) {
    throw DataError(fmt::format("{}: exists already", path_.string()));
  }
  file_.open(part_of(path_), std::ios::binary | std::ios::trunc);
  if (!file_) {
    throw DataError(fmt::format("{}: cannot be written", path_.string()));
  }
  const std::array<char, first_frame> room{};
  put(room.data(), room.size());
}

TiffMovieWriter::~TiffMovieWriter() {
  if (!finished_) {
    file_.close();
    std::error_code error;
    std::filesystem::remove(part_of(path_), error);
  }
}

void TiffMovieWriter::put(const void* bytes, std::size_t size) {
  file_.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  if (!file_) {
    throw DataError(fmt::format("{}: cannot be written: no room?", path_.string()));
  }
  position_ += size;
}

void TiffMovieWriter::append(ElementType type,
                             const void* values,
                             std::size_t count,
                             std::optional<double> time_s) {
  if (finished_ || type != spec_.type || count != spec_.width * spec_.height) {
    throw DataError(fmt::format("{}: frame {} does not fit the movie: {} x {} values of {}",
                                path_.string(),
                                frames_ + 1,
                                spec_.width,
                                spec_.height,
                                name_of(spec_.type)));
  }
  const bool timed = frames_ == 0 ? time_s.has_value() : !times_s_.empty();
  if (timed != time_s.has_value() || (time_s && !std::isfinite(*time_s))) {
    throw DataError(fmt::format("{}: either every frame has a time or none has", path_.string()));
  }
  put(values, count * size_in_bytes(type));
  ++frames_;
  if (time_s) {
    times_s_.push_back(*time_s);
  }
}

void TiffMovieWriter::write_frame(std::span<const std::uint8_t> values,
                                  std::optional<double> time_s) {
  append(ElementType::u8, values.data(), values.size(), time_s);
}
void TiffMovieWriter::write_frame(std::span<const std::uint16_t> values,
                                  std::optional<double> time_s) {
  append(ElementType::u16, values.data(), values.size(), time_s);
}
void TiffMovieWriter::write_frame(std::span<const float> values, std::optional<double> time_s) {
  append(ElementType::f32, values.data(), values.size(), time_s);
}

std::string TiffMovieWriter::ome_xml() const {
  const char* type = spec_.type == ElementType::u8    ? "uint8"
                     : spec_.type == ElementType::u16 ? "uint16"
                                                      : "float";
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 "
      "http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\" Creator=\"{}\">"
      "<Image ID=\"Image:0\" Name=\"{}\">"
      "<Pixels ID=\"Pixels:0\" DimensionOrder=\"XYZCT\" Type=\"{}\" BigEndian=\"false\" "
      "SizeX=\"{}\" SizeY=\"{}\" SizeZ=\"1\" SizeC=\"1\" SizeT=\"{}\" "
      "PhysicalSizeX=\"{:.15g}\" PhysicalSizeXUnit=\"&#181;m\" "
      "PhysicalSizeY=\"{:.15g}\" PhysicalSizeYUnit=\"&#181;m\" "
      "TimeIncrement=\"{}\" TimeIncrementUnit=\"s\">"
      "<Channel ID=\"Channel:0:0\" SamplesPerPixel=\"1\"/>"
      "<TiffData IFD=\"0\" PlaneCount=\"{}\"/>",
      xml_text(spec_.software),
      xml_text(spec_.name),
      type,
      spec_.width,
      spec_.height,
      frames_,
      spec_.pixel_m * 1e6,
      spec_.pixel_m * 1e6,
      spec_.frame_period_s,
      frames_);
  for (std::size_t i = 0; i < frames_ && (!times_s_.empty() || spec_.exposure_s); ++i) {
    xml += fmt::format("<Plane TheZ=\"0\" TheC=\"0\" TheT=\"{}\"", i);
    if (!times_s_.empty()) {
      xml += fmt::format(" DeltaT=\"{}\" DeltaTUnit=\"s\"", times_s_[i]);
    }
    if (spec_.exposure_s) {
      xml += fmt::format(" ExposureTime=\"{}\" ExposureTimeUnit=\"s\"", *spec_.exposure_s);
    }
    xml += "/>";
  }
  return xml + "</Pixels></Image></OME>";
}

std::string TiffMovieWriter::imagej_text() const {
  return fmt::format(
      "ImageJ=1.53t\nimages={}\nframes={}\nhyperstack=true\nmode=grayscale\nunit=um\n"
      "finterval={}\nloop=false\n",
      frames_,
      frames_,
      spec_.frame_period_s);
}

void TiffMovieWriter::write_directories(bool big) {
  const std::uint64_t frame_bytes = spec_.width * spec_.height * size_in_bytes(spec_.type);
  const auto put_text = [&](std::uint16_t tag, std::string text) {
    text.push_back('\0');
    while (text.size() < 9) {
      text.push_back('\0');  // longer than a field, so that it always lies elsewhere
    }
    const Field field{tag, ascii, text.size(), position_};
    if (text.size() % 2 != 0) {
      text.push_back('\0');
    }
    put(text.data(), text.size());
    return field;
  };
  if (position_ % 2 != 0) {
    put("", 1);
  }
  const Field ome = put_text(270, ome_xml());
  const Field imagej = put_text(270, imagej_text());
  const Field software = put_text(305, spec_.software.empty() ? "halotwin" : spec_.software);
  // Pixels per micrometre. A rational fits the field of a BigTIFF and lies elsewhere in a classic.
  const auto [num, den] = fraction(1e-6 / spec_.pixel_m);
  std::uint64_t resolution = std::uint64_t{num} | (std::uint64_t{den} << 32U);
  if (!big) {
    const std::uint64_t at = position_;
    put(&resolution, sizeof(resolution));
    resolution = at;
  }
  const std::uint16_t offset_type = big ? long8_number : long_number;
  const std::uint64_t format = spec_.type == ElementType::f32 ? 3 : 1;
  const std::uint64_t first_directory = position_;
  for (std::size_t i = 0; i < frames_; ++i) {
    std::vector<Field> fields{{256, long_number, 1, spec_.width},
                              {257, long_number, 1, spec_.height},
                              {258, short_number, 1, 8 * size_in_bytes(spec_.type)},
                              {259, short_number, 1, 1},
                              {262, short_number, 1, 1}};
    if (i == 0) {
      fields.insert(fields.end(), {ome, imagej});
    }
    fields.insert(fields.end(),
                  {{273, offset_type, 1, first_frame + i * frame_bytes},
                   {277, short_number, 1, 1},
                   {278, long_number, 1, spec_.height},
                   {279, offset_type, 1, frame_bytes},
                   {282, rational, 1, resolution},
                   {283, rational, 1, resolution},
                   {296, short_number, 1, 1}});
    if (i == 0) {
      fields.push_back(software);
    }
    fields.push_back({339, short_number, 1, format});
    const bool last = i + 1 == frames_;
    const std::string bytes =
        directory(fields, last ? 0 : position_ + directory_bytes(fields.size(), big), big);
    put(bytes.data(), bytes.size());
  }
  std::string header = "II";
  if (big) {
    add(header, std::uint16_t{43});
    add(header, std::uint16_t{8});
    add(header, std::uint16_t{0});
    add(header, first_directory);
  } else {
    add(header, std::uint16_t{42});
    add(header, static_cast<std::uint32_t>(first_directory));
  }
  file_.seekp(0);
  put(header.data(), header.size());
}

void TiffMovieWriter::finish() {
  if (finished_ || frames_ == 0) {
    throw DataError(fmt::format("{}: a movie needs a frame", path_.string()));
  }
  // Texts and directories: at most 256 bytes per frame for each of the two, plus 4 KiB.
  const std::uint64_t end = position_ + 4096 + frames_ * (256 + directory_bytes(16, false));
  write_directories(spec_.big == BigTiff::always || end > classic_limit);
  file_.close();
  if (!file_) {
    throw DataError(fmt::format("{}: cannot be written: no room?", path_.string()));
  }
  publish(part_of(path_), path_);
  finished_ = true;
}

}  // namespace halotwin::data
