// Frames and values of the Nanonis TCP programming interface (SPECS Zurich): big-endian, a header
// of 40 bytes, values one after another, and in every response an error block at the end. Source:
// "Nanonis SPM Control Software TCP Protocol", 2021, 2024 and 2025.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin::devices::nanonis {

/// One connection each at this port and the three that follow.
inline constexpr std::uint16_t first_port = 6501;
inline constexpr std::size_t header_bytes = 40;
inline constexpr std::size_t longest_name = 32;
inline constexpr std::size_t longest_body = 100'000'000;

struct Header {
  std::string command;
  std::size_t body_bytes = 0;
  bool wants_answer = true;  // of a request
  bool operator==(const Header&) const = default;
};

/// The first 40 bytes of a request or a response. Throws WireError (garbled) if they are fewer, the
/// name is not printable ASCII padded with zeros, or the body is longer than `longest_body`.
[[nodiscard]] Header decode_header(std::string_view bytes);

/// Throws ParameterError for a name that does not fit, or a body that is too long.
[[nodiscard]] std::string encode_request(std::string_view command,
                                         std::string_view body,
                                         bool wants_answer = true);
[[nodiscard]] std::string encode_response(std::string_view command, std::string_view body);

/// A table of 32-bit floats, row by row.
struct Table {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values;
  bool operator==(const Table&) const = default;
};

/// Puts values one after another into a body.
class Writer {
 public:
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& i32(std::int32_t value);
  /// Rounded to 32 bits.
  Writer& f32(double value);
  Writer& f64(double value);
  /// Length, then the characters.
  Writer& text(std::string_view value);
  /// Size of all elements with their lengths, number of elements, elements as text().
  Writer& texts(std::span<const std::string> values);
  /// Number, then the elements.
  Writer& i32s(std::span<const std::int32_t> values);
  Writer& f32s(std::span<const float> values);
  /// Rows, columns, elements.
  Writer& table(const Table& value);
  /// The error block: status 0 without, 1 with a description.
  Writer& no_error();
  Writer& error(std::string_view description);

  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  std::string body_;
};

/// Takes values out of a body in their order. Every length is held against what is there before
/// anything is allocated; what does not fit throws WireError (garbled).
class Reader {
 public:
  /// `body` must outlive it.
  explicit Reader(std::string_view body) : rest_(body) {}

  [[nodiscard]] std::uint16_t u16();
  [[nodiscard]] std::uint32_t u32();
  [[nodiscard]] std::int32_t i32();
  [[nodiscard]] double f32();
  [[nodiscard]] double f64();
  [[nodiscard]] std::string text();
  [[nodiscard]] std::vector<std::string> texts();
  [[nodiscard]] std::vector<std::int32_t> i32s();
  [[nodiscard]] std::vector<float> f32s();
  [[nodiscard]] Table table();
  /// The error block, which must be the end of the body; the description of an error, if there is
  /// one.
  [[nodiscard]] std::optional<std::string> error();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// Throws unless everything was taken.
  void end() const;

 private:
  [[nodiscard]] std::string_view take(std::size_t bytes);
  /// A number of elements of that size each, of which there must be as many bytes.
  [[nodiscard]] std::size_t count(std::size_t element_bytes);

  std::string_view rest_;
};

}  // namespace halotwin::devices::nanonis
