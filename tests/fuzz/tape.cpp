// Tapes of instruments, and what plays them.
#include "devices/replay/tape.hpp"

#include "base/errors.hpp"
#include "devices/replay/taped_devices.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

void play(devices::Tape& tape) {
  const auto tried = [](const auto& work) {
    static_cast<void>(accepted<devices::DeviceError>(work));
  };
  const auto lock_in = devices::taped(std::unique_ptr<devices::LockIn>(), tape, "lockin");
  const auto probe = devices::taped(std::unique_ptr<devices::ProbeMicroscope>(), tape, "afm");
  for (int k = 0; k < 3; ++k) {
    tried([&] { static_cast<void>(lock_in->identity()); });
    tried([&] { static_cast<void>(lock_in->limits()); });
    tried([&] { lock_in->configure({.reference_hz = 55.0}); });
    tried([&] { static_cast<void>(lock_in->read()); });
    tried([&] { static_cast<void>(probe->signals().signals()); });
    tried([&] { static_cast<void>(probe->scanner()->data(0, devices::ScanDirection::forward)); });
    tried([&] { probe->positioner().start_move({1e-9 * k, 0.0}, 1e-6); });
    tried([&] { lock_in->make_safe(); });
  }
}

const Target target("tape", [](std::string_view bytes) {
  const MemoryFile file(bytes);
  for (const double nearest_m : {0.0, 1e-9}) {
    static_cast<void>(accepted<ParameterError>([&] {
      const auto tape = devices::Tape::replay(file.path(), {.nearest_m = nearest_m});
      static_cast<void>(accepted<devices::DeviceError>([&] { play(*tape); }));
    }));
  }
});

}  // namespace
}  // namespace halotwin::fuzz
