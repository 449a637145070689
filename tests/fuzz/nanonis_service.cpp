// Clients of a served microscope with a lock-in module: requests one after another, as they come
// over the wire.
#include "devices/servers/nanonis_service.hpp"

#include "devices/wire/byte_stream.hpp"
#include "tests/fuzz/held_clock.hpp"
#include "tests/fuzz/held_lock_in.hpp"
#include "tests/fuzz/held_probe.hpp"

namespace halotwin::fuzz {
namespace {

void check_answer(std::string_view request, const std::string& answer) {
  if (answer.empty()) {
    return;
  }
  const devices::nanonis::Header header = devices::nanonis::decode_header(answer);
  expect(header.command == devices::nanonis::decode_header(request).command,
         "the answer names its request");
  expect(answer.size() == devices::nanonis::header_bytes + header.body_bytes,
         "an answer has its length");
}

const Target target("nanonis_service", [](std::string_view bytes) {
  HeldProbe probe;
  HeldClock clock;
  HeldLockIn lock_in;
  devices::NanonisService service(probe);
  service.add_lock_in(lock_in);
  static_cast<void>(accepted<devices::WireError>([&] {
    for (;;) {
      const std::size_t size = devices::nanonis_request_bytes(bytes);
      if (size == 0 || size > bytes.size()) {
        return;
      }
      const std::string_view request = bytes.substr(0, size);
      bytes.remove_prefix(size);
      for (int asked = 0; asked < 2; ++asked) {
        if (const auto answer = service.answer(request, std::chrono::milliseconds(asked))) {
          check_answer(request, *answer);
          break;
        }
        service.let_pass(clock, std::chrono::milliseconds(1));
      }
    }
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
