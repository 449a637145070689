// What a bench stands on: a simulated world, instruments and a clock, or a tape of them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "devices/open/open_bench.hpp"
#include "devices/replay/tape.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "devices/wire/wire_record.hpp"
#include "session/run.hpp"

namespace halotwin::session {

struct Ground {
  std::unique_ptr<devices::simulated::SimulatedBench> simulated;
  std::shared_ptr<devices::WireRecord> wire;  // of instruments, or null
  std::unique_ptr<Clock> clock;               // of instruments
  std::unique_ptr<devices::Tape> tape;        // hears a run, or plays one
  std::unique_ptr<Clock> taped_clock;
  std::chrono::nanoseconds start_since_epoch{};  // instant at which the clock is 0

  [[nodiscard]] Clock* untaped_clock() const {
    return simulated ? &simulated->world().clock() : clock.get();
  }
  [[nodiscard]] Clock& bench_clock() const { return taped_clock ? *taped_clock : *untaped_clock(); }
};

/// How far an unfinished run had come.
struct Begun {
  std::chrono::nanoseconds start_since_epoch{};
  Duration last{};  // on its clock
};

/// Throws ParameterError for options that this kind of bench does not have, and for a tape that
/// would have to go on in its middle; DeviceError for a clock that does not answer. The time of a
/// run that is taken up again goes on: by the time of day with the computer's clock, and never
/// before `last` with another.
[[nodiscard]] Ground make_ground(const Scenario& scenario,
                                 const RunOptions& options,
                                 const std::optional<Begun>& begun);

}  // namespace halotwin::session
