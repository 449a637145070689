// Records of wires, and a driver's side that plays them.
#include "devices/wire/wire_record.hpp"

#include "base/errors.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

void play(const devices::Connect& connect) {
  const auto stream = connect();
  for (int k = 0; k < 8; ++k) {
    const auto tried = [](const auto& work) {
      static_cast<void>(accepted<devices::WireError>(work));
    };
    tried([&] { stream->send("FREQ?\n"); });
    tried([&] { static_cast<void>(stream->receive_until('\n')); });
    tried([&] { static_cast<void>(stream->receive(4)); });
  }
}

const Target target("wire_record", [](std::string_view bytes) {
  if (const auto plain = devices::unescaped(bytes)) {
    expect(devices::unescaped(devices::escaped(*plain)) == *plain, "escapes lose nothing");
  }
  expect(devices::unescaped(devices::escaped(bytes)) == bytes, "escapes lose nothing");
  const MemoryFile file(bytes);
  static_cast<void>(accepted<ParameterError>([&] {
    const devices::Connect connect = devices::played(file.path(), "lockin");
    static_cast<void>(accepted<devices::WireError>([&] { play(connect); }));
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
