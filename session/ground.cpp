#include "session/ground.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/require.hpp"
#include "devices/replay/taped_devices.hpp"

namespace halotwin::session {

namespace {

/// With --force an older file goes.
void make_way(const std::filesystem::path& file, const RunOptions& options) {
  if (options.overwrite == data::Overwrite::yes) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
}

/// A clock that shows more.
class ShiftedClock final : public Clock {
 public:
  ShiftedClock(std::unique_ptr<Clock> clock, Duration shift)
      : clock_(std::move(clock)), shift_(shift) {}
  [[nodiscard]] Duration now() const override { return clock_->now() + shift_; }
  void sleep(Duration duration, const std::stop_token& stop) override {
    clock_->sleep(duration, stop);
  }
  [[nodiscard]] ClockKind kind() const override { return clock_->kind(); }
  [[nodiscard]] bool stands_at_instruments() const override {
    return clock_->stands_at_instruments();
  }

 private:
  std::unique_ptr<Clock> clock_;
  Duration shift_;
};

Duration shift_of(const Clock& clock, const Begun& begun) {
  const Duration since_start =
      clock.kind() == ClockKind::wall ? time_of_day() - begun.start_since_epoch : begun.last;
  return std::max(Duration::zero(), since_start - clock.now());
}

}  // namespace

Ground make_ground(const Scenario& scenario,
                   const RunOptions& options,
                   const std::optional<Begun>& begun) {
  const bool instruments = devices::kind_of(scenario.devices) == devices::BenchKind::instruments;
  require(scenario.wire_faults.empty() || instruments,
          "wire_fault: simulated instruments and tapes have no wires (halotwin serve has)");
  require(options.wire.empty() || instruments,
          "--record-wire: simulated instruments and tapes have no wires");
  Ground ground;
  switch (devices::kind_of(scenario.devices)) {
    case devices::BenchKind::simulated:
      ground.start_since_epoch = parse_instant(scenario.info.start);
      ground.simulated = std::make_unique<devices::simulated::SimulatedBench>(
          scenario.simulated, scenario.info.seed, options.threads);
      break;
    case devices::BenchKind::instruments:
      if (!options.wire.empty()) {
        make_way(options.wire, options);
        ground.wire = devices::WireRecord::create(options.wire);
      }
      ground.clock = devices::open_clock(scenario.clock, ground.wire);
      if (begun) {
        const Duration shift = shift_of(*ground.clock, *begun);
        ground.clock = std::make_unique<ShiftedClock>(std::move(ground.clock), shift);
      }
      ground.start_since_epoch =
          begun ? begun->start_since_epoch : time_of_day() - ground.clock->now();
      break;
    case devices::BenchKind::replay:
      require(!begun,
              "a tape is played from its beginning only: run it again (halotwin run ... --force)");
      require(options.tape.empty(), "--tape: this run plays a tape already");
      ground.tape = devices::open_replay(scenario.devices);
      ground.start_since_epoch = ground.tape->head().start_since_epoch;
      break;
  }
  if (!options.tape.empty()) {
    make_way(options.tape, options);
    const Clock& clock = *ground.untaped_clock();
    ground.tape =
        devices::Tape::record(options.tape, {clock.kind(), ground.start_since_epoch}, clock);
  }
  if (ground.tape) {
    ground.taped_clock = devices::taped_clock(ground.untaped_clock(), *ground.tape);
  }
  return ground;
}

}  // namespace halotwin::session
