#include "base/igor_image.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin {

namespace {

constexpr std::size_t bin_header = 64;
constexpr std::size_t headers = bin_header + 320;
constexpr std::size_t label_length = 32;
constexpr int type_f32 = 2;

/// A number of the headers, in its place.
template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

void put_text(std::string& bytes, std::size_t at, std::string_view text, std::size_t room) {
  const std::string_view part = text.substr(0, room - 1);
  std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string note_text(const IgorNote& note) {
  std::string text;
  for (const auto& [key, value] : note) {
    text += fmt::format("{}: {}\r", key, value);
  }
  return text;
}

/// The 192 words of both headers add up to 0.
void set_checksum(std::string& bytes) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < headers; at += 2) {
    sum += number_at<std::uint16_t>(bytes, at, ByteOrder::little);
  }
  put(bytes, 2, static_cast<std::uint16_t>(0U - sum));
}

}  // namespace

IgorImage read_igor_image(std::string_view file, std::string_view bytes) {
  const IgorHeader h = read_igor_header(file, bytes);
  if (h.type != type_f32 || h.size[2] == 0 || h.size[3] != 0) {
    throw DataError(fmt::format(
        "{}: is no image: 32-bit floats in columns, lines and channels expected", file));
  }
  const std::vector<std::string> labels = igor_labels(bytes, h, 2);
  if (labels.size() != h.size[2]) {
    throw DataError(fmt::format("{}: {} names for {} channels", file, labels.size(), h.size[2]));
  }
  IgorImage out{h.name, {h.step[0], h.step[1]}, {h.start[0], h.start[1]}, {}, {}};
  const std::size_t count = h.size[0] * h.size[1];
  for (std::size_t k = 0; k < labels.size(); ++k) {
    Image<float> image;
    image.nx = h.size[0];
    image.ny = h.size[1];
    image.values = numbers_at<float>(bytes, h.data_at + k * count * sizeof(float), count, h.order);
    out.layers.push_back({labels[k], std::move(image)});
  }
  out.note = igor_note_entries(igor_note(bytes, h));
  return out;
}

std::string write_igor_image(const IgorImage& image, std::uint32_t modified_s) {
  require(!image.layers.empty() && image.layers.front().image.size() > 0, "an empty Igor image");
  const std::size_t nx = image.layers.front().image.nx;
  const std::size_t ny = image.layers.front().image.ny;
  const std::size_t layers = image.layers.size();
  const std::size_t data_bytes = nx * ny * layers * sizeof(float);
  const std::string note = note_text(image.note);
  std::string out(headers, '\0');
  put<std::int16_t>(out, 0, 5);
  put(out, 4, static_cast<std::int32_t>(headers - bin_header + data_bytes));
  put(out, 12, static_cast<std::int32_t>(note.size()));
  put(out, 44, static_cast<std::int32_t>(label_length * (layers + 1)));
  constexpr std::size_t wave = bin_header;
  put(out, wave + 4, modified_s);
  put(out, wave + 8, modified_s);
  put(out, wave + 12, static_cast<std::int32_t>(nx * ny * layers));
  put<std::int16_t>(out, wave + 16, type_f32);
  put<std::int16_t>(out, wave + 26, 1);
  put_text(out, wave + 28, image.name, label_length);
  put_text(out, wave + 148, "m", 4);
  const std::array<std::size_t, 3> size{nx, ny, layers};
  for (std::size_t d = 0; d < size.size(); ++d) {
    put(out, wave + 68 + 4 * d, static_cast<std::int32_t>(size[d]));
    put(out, wave + 84 + 8 * d, d < 2 ? image.step_m[d] : 1.0);
    put(out, wave + 116 + 8 * d, d < 2 ? image.start_m[d] : 0.0);
    put_text(out, wave + 152 + 4 * d, d < 2 ? "m" : "", 4);
  }
  set_checksum(out);
  out.reserve(out.size() + data_bytes + note.size() + label_length * (layers + 1));
  for (const IgorLayer& layer : image.layers) {
    require(layer.image.nx == nx && layer.image.ny == ny, "layers of an Igor image differ in size");
    out.append(reinterpret_cast<const char*>(layer.image.values.data()),
               layer.image.values.size() * sizeof(float));
  }
  out += note;
  std::size_t label_at = out.size() + label_length;  // the first is that of the dimension
  out.resize(out.size() + label_length * (layers + 1), '\0');
  for (const IgorLayer& layer : image.layers) {
    put_text(out, label_at, layer.label, label_length);
    label_at += label_length;
  }
  return out;
}

std::string_view note_value(const IgorNote& note, std::string_view key) {
  for (const auto& [name, value] : note) {
    if (name == key) {
      return value;
    }
  }
  return {};
}

}  // namespace halotwin
