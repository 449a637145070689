// What a controller answers to the driver of its lock-in module.
#include "devices/drivers/nanonis_lock_in.hpp"

#include <cmath>
#include <memory>

#include "tests/fuzz/held_clock.hpp"
#include "tests/fuzz/nanonis_answers.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

void work(devices::LockIn& lock_in) {
  const auto tried = [](const auto& operation) {
    static_cast<void>(accepted<devices::DeviceError>(operation));
  };
  const devices::LockInLimits limit = lock_in.limits();
  expect(limit.max_output_peak_v > 0.0 && limit.input_range_v.low > 0.0, "limits that can be");
  tried([&] { lock_in.configure({.reference_hz = 1e3, .harmonic = 2}); });
  tried([&] { lock_in.set_reference_hz(2e3); });
  tried([&] { lock_in.set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.1}); });
  tried([&] {
    const devices::LockInReading reading = lock_in.read();
    expect(std::isfinite(reading.x_v) && std::isfinite(reading.y_v), "readings are numbers");
  });
  const devices::LockInSettings now = lock_in.settings();
  expect(now.time_constant_s > 0.0 && now.filter_order >= 1, "the filter settles");
  expect(lock_in.settling_time(0.01) > Duration::zero(), "and takes its time");
  tried([&] { lock_in.make_safe(); });
}

const Target target("nanonis_lock_in", [](std::string_view bytes) {
  HeldClock clock;
  static_cast<void>(accepted<devices::DeviceError>([&] {
    work(*devices::open_nanonis_lock_in([&] { return std::make_unique<NanonisAnswers>(bytes); },
                                        clock,
                                        "lockin",
                                        "nanonis://fuzz"));
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
