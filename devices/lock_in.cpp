#include "devices/lock_in.hpp"

namespace halotwin::devices {

std::vector<LockInReading> sweep_in_steps(LockIn& lock_in,
                                          Clock& clock,
                                          std::span<const SweepStep> steps,
                                          const std::stop_token& stop) {
  LockInSettings settings = lock_in.settings();
  std::vector<LockInReading> readings;
  readings.reserve(steps.size());
  for (const SweepStep& step : steps) {
    settings.reference_hz = step.reference_hz;
    settings.time_constant_s = step.time_constant_s;
    lock_in.configure(settings);
    clock.sleep(step.wait, stop);
    readings.push_back(lock_in.read());
  }
  return readings;
}

}  // namespace halotwin::devices
