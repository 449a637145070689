// Clients of a served lock-in: first byte even SR865A, odd SR830; then lines.
#include "devices/servers/srs_service.hpp"

#include "tests/fuzz/held_lock_in.hpp"

namespace halotwin::fuzz {
namespace {

const Target target("srs_service", [](std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  HeldLockIn lock_in;
  devices::SrsService service(lock_in,
                              *devices::srs::find_model(bytes[0] % 2 == 0 ? "SR865A" : "SR830"));
  bytes.remove_prefix(1);
  while (!bytes.empty()) {
    const std::string answer = service.answer(take_line(bytes));
    expect(answer.empty() || answer.find('\n') == answer.size() - 1, "an answer is one line");
  }
});

}  // namespace
}  // namespace halotwin::fuzz
