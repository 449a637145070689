// Frames and bodies of the Nanonis protocol: first the number of values, then a letter for the kind
// of each, then a frame. What can be read is what a writer would have written.
#include "devices/wire/nanonis_codec.hpp"

#include "devices/wire/byte_stream.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

using namespace devices::nanonis;

void take(char kind, Reader& in, Writer& out) {
  switch (kind) {
    case 'h':
      out.u16(in.u16());
      return;
    case 'u':
      out.u32(in.u32());
      return;
    case 'i':
      out.i32(in.i32());
      return;
    case 's':
      out.text(in.text());
      return;
    case 'S':
      out.texts(in.texts());
      return;
    case 'I':
      out.i32s(in.i32s());
      return;
    case 'F':
      out.f32s(in.f32s());
      return;
    case 'T':
      out.table(in.table());
      return;
    default:
      out.f64(in.f64());
  }
}

const Target target("nanonis_codec", [](std::string_view bytes) {
  const std::size_t count = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]) % 16;
  if (bytes.size() < 1 + count) {
    return;
  }
  const std::string_view kinds = bytes.substr(1, count);
  bytes.remove_prefix(1 + count);
  static_cast<void>(accepted<devices::WireError>([&] {
    const Header header = decode_header(bytes);
    expect(header.body_bytes <= longest_body, "lengths are bounded");
    expect(decode_header(encode_request(header.command, "")).command == header.command,
           "a name that can be read can be written");
    const std::string_view body = bytes.substr(header_bytes).substr(0, header.body_bytes);
    Reader in(body);
    Writer out;
    for (const char kind : kinds) {
      take(kind, in, out);
    }
    expect(body.substr(0, out.body().size()) == out.body(), "what was read is what is there");
    static_cast<void>(in.error());
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
