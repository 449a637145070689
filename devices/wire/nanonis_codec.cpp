#include "devices/wire/nanonis_codec.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices::nanonis {

namespace {

[[noreturn]] void garbled(const std::string& what) {
  throw WireError(WireFault::garbled, what);
}

template <class Unsigned>
void put(std::string& out, Unsigned value) {
  for (std::size_t k = sizeof(Unsigned); k-- > 0;) {
    out += static_cast<char>((value >> (8U * k)) & 0xFFU);
  }
}

template <class Unsigned>
Unsigned get(std::string_view bytes) {
  Unsigned value = 0;
  for (std::size_t k = 0; k < sizeof(Unsigned); ++k) {
    value = static_cast<Unsigned>((value << 8U) | static_cast<unsigned char>(bytes[k]));
  }
  return value;
}

std::int32_t size_of(std::size_t size) {
  if (size > longest_body) {
    throw ParameterError(
        fmt::format("{} bytes or elements are too many for a Nanonis frame, which "
                    "holds {}",
                    size,
                    longest_body));
  }
  return static_cast<std::int32_t>(size);
}

void put_floats(std::string& out, std::span<const float> values) {
  const std::size_t before = out.size();
  out.resize(before + 4 * values.size());
  char* to = out.data() + before;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    *to++ = static_cast<char>(bits >> 24U);
    *to++ = static_cast<char>((bits >> 16U) & 0xFFU);
    *to++ = static_cast<char>((bits >> 8U) & 0xFFU);
    *to++ = static_cast<char>(bits & 0xFFU);
  }
}

std::vector<float> get_floats(std::string_view bytes) {
  std::vector<float> out(bytes.size() / 4);
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = std::bit_cast<float>(get<std::uint32_t>(bytes.substr(4 * k, 4)));
  }
  return out;
}

std::string frame(std::string_view command, std::string_view body, std::uint16_t flag) {
  if (command.empty() || command.size() > longest_name) {
    throw ParameterError(fmt::format(
        "\"{}\" is no name of a Nanonis command: 1 to {} characters", command, longest_name));
  }
  std::string out;
  out.reserve(header_bytes + body.size());
  out += command;
  out.resize(longest_name, '\0');
  put(out, static_cast<std::uint32_t>(size_of(body.size())));
  put(out, flag);
  put(out, std::uint16_t{0});
  out += body;
  return out;
}

}  // namespace

Header decode_header(std::string_view bytes) {
  if (bytes.size() < header_bytes) {
    garbled(fmt::format("a header of {} bytes, not {}", bytes.size(), header_bytes));
  }
  const std::string_view field = bytes.substr(0, longest_name);
  const std::string_view name = field.substr(0, field.find('\0'));
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), printable) ||
      field.find_first_not_of('\0', name.size()) != std::string_view::npos) {
    garbled("a header without the name of a command");
  }
  const auto size = get<std::uint32_t>(bytes.substr(longest_name, 4));
  if (size > longest_body) {  // also a negative one
    garbled(fmt::format("{}: a body of {} bytes is announced", name, size));
  }
  return {std::string(name), size, get<std::uint16_t>(bytes.substr(longest_name + 4, 2)) != 0};
}

std::string encode_request(std::string_view command, std::string_view body, bool wants_answer) {
  return frame(command, body, wants_answer ? 1 : 0);
}

std::string encode_response(std::string_view command, std::string_view body) {
  return frame(command, body, 0);
}

Writer& Writer::u16(std::uint16_t value) {
  put(body_, value);
  return *this;
}

Writer& Writer::u32(std::uint32_t value) {
  put(body_, value);
  return *this;
}

Writer& Writer::i32(std::int32_t value) {
  return u32(static_cast<std::uint32_t>(value));
}

Writer& Writer::f32(double value) {
  return u32(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

Writer& Writer::f64(double value) {
  put(body_, std::bit_cast<std::uint64_t>(value));
  return *this;
}

Writer& Writer::text(std::string_view value) {
  i32(size_of(value.size()));
  body_ += value;
  return *this;
}

Writer& Writer::texts(std::span<const std::string> values) {
  std::size_t bytes = 0;
  for (const std::string& value : values) {
    bytes += 4 + value.size();
  }
  i32(size_of(bytes));
  i32(size_of(values.size()));
  for (const std::string& value : values) {
    text(value);
  }
  return *this;
}

Writer& Writer::i32s(std::span<const std::int32_t> values) {
  i32(size_of(values.size()));
  for (const std::int32_t value : values) {
    i32(value);
  }
  return *this;
}

Writer& Writer::f32s(std::span<const float> values) {
  i32(size_of(values.size()));
  put_floats(body_, values);
  return *this;
}

Writer& Writer::table(const Table& value) {
  i32(size_of(value.rows));
  i32(size_of(value.columns));
  put_floats(body_, value.values);
  return *this;
}

Writer& Writer::no_error() {
  return u32(0).i32(0);
}

Writer& Writer::error(std::string_view description) {
  return u32(1).text(description);
}

std::string_view Reader::take(std::size_t bytes) {
  if (rest_.size() < bytes) {
    garbled(fmt::format("the body ends {} bytes too early", bytes - rest_.size()));
  }
  const std::string_view out = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return out;
}

std::size_t Reader::count(std::size_t element_bytes) {
  const std::int32_t number = i32();
  if (number < 0 || static_cast<std::size_t>(number) > rest_.size() / element_bytes) {
    garbled(fmt::format("{} elements are announced, of which there are not so many", number));
  }
  return static_cast<std::size_t>(number);
}

std::uint16_t Reader::u16() {
  return get<std::uint16_t>(take(2));
}

std::uint32_t Reader::u32() {
  return get<std::uint32_t>(take(4));
}

std::int32_t Reader::i32() {
  return static_cast<std::int32_t>(u32());
}

double Reader::f32() {
  return std::bit_cast<float>(u32());
}

double Reader::f64() {
  return std::bit_cast<double>(get<std::uint64_t>(take(8)));
}

std::string Reader::text() {
  return std::string(take(count(1)));
}

std::vector<std::string> Reader::texts() {
  const std::int32_t bytes = i32();
  const std::int32_t number = i32();
  if (bytes < 0 || number < 0 || static_cast<std::size_t>(bytes) > rest_.size() ||
      number > bytes / 4) {
    garbled(fmt::format("a list of {} texts in {} bytes", number, bytes));
  }
  Reader list(take(static_cast<std::size_t>(bytes)));
  std::vector<std::string> out;
  out.reserve(static_cast<std::size_t>(number));
  for (std::int32_t k = 0; k < number; ++k) {
    out.push_back(list.text());
  }
  list.end();
  return out;
}

std::vector<std::int32_t> Reader::i32s() {
  std::vector<std::int32_t> out(count(4));
  for (std::int32_t& value : out) {
    value = i32();
  }
  return out;
}

std::vector<float> Reader::f32s() {
  return get_floats(take(4 * count(4)));
}

Table Reader::table() {
  const std::int32_t rows = i32();
  const std::int32_t columns = i32();
  if (rows < 0 || columns < 0 || (rows == 0) != (columns == 0)) {
    garbled(fmt::format("a table of {} x {}", rows, columns));
  }
  const auto r = static_cast<std::size_t>(rows);
  const auto c = static_cast<std::size_t>(columns);
  if (c != 0 && r > rest_.size() / 4 / c) {
    garbled(fmt::format("a table of {} x {} is announced, which is not there", rows, columns));
  }
  return {r, c, get_floats(take(4 * r * c))};
}

std::optional<std::string> Reader::error() {
  const std::uint32_t status = u32();
  std::string description = text();
  end();
  if (status == 0) {
    return std::nullopt;
  }
  return description.empty() ? "an error without description" : std::move(description);
}

void Reader::end() const {
  if (!rest_.empty()) {
    garbled(fmt::format("{} bytes too many in the body", rest_.size()));
  }
}

}  // namespace halotwin::devices::nanonis
