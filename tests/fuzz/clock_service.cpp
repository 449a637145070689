// Clients of the clock of a served twin: first byte even: time stands until they sleep; then lines.
#include "devices/servers/clock_service.hpp"

#include "tests/fuzz/held_clock.hpp"

namespace halotwin::fuzz {
namespace {

const Target target("clock_service", [](std::string_view bytes) {
  constexpr std::size_t longest = 4096;  // each line may let a day pass
  if (bytes.empty() || bytes.size() > longest) {
    return;
  }
  HeldClock clock;
  devices::ClockService service(clock, bytes[0] % 2 == 0 ? 0.0 : 1.0);
  bytes.remove_prefix(1);
  while (!bytes.empty()) {
    const std::string answer = service.answer(take_line(bytes));
    expect(answer.empty() || answer.find('\n') == answer.size() - 1, "an answer is one line");
  }
});

}  // namespace
}  // namespace halotwin::fuzz
