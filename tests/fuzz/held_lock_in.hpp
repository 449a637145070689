// A lock-in that keeps what it is told, and takes nothing that no instrument could.
#pragma once

#include <cmath>

#include "devices/lock_in.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {

class HeldLockIn final : public devices::LockIn {
 public:
  [[nodiscard]] devices::Identity identity() const override { return {}; }
  void make_safe() override { output_ = {}; }
  [[nodiscard]] devices::LockInLimits limits() const override {
    return {.reference_hz = {1e-3, 5e5},
            .time_constant_s = {1e-6, 3e4},
            .max_harmonic = 99,
            .max_filter_order = 4,
            .input_range_v = {1e-9, 2.0},
            .max_output_peak_v = 10.0,
            .max_output_offset_v = 5.0};
  }
  devices::LockInSettings configure(const devices::LockInSettings& wanted) override {
    expect(limits().reference_hz.contains(wanted.reference_hz) && std::isfinite(wanted.phase_rad) &&
               limits().time_constant_s.contains(wanted.time_constant_s) &&
               limits().input_range_v.contains(wanted.input_range_v),
           "settings are within the limits");
    expect(wanted.harmonic >= 1 && wanted.filter_order >= 1 && wanted.filter_order <= 4,
           "harmonic and order are possible");
    return settings_ = wanted;
  }
  [[nodiscard]] devices::LockInSettings settings() const override { return settings_; }
  double set_reference_hz(double frequency_hz) override {
    expect(limits().reference_hz.contains(frequency_hz), "the frequency is within the limits");
    return settings_.reference_hz = frequency_hz;
  }
  devices::LockInOutput set_output(const devices::LockInOutput& wanted) override {
    expect(wanted.amplitude_peak_v >= 0.0 && std::isfinite(wanted.amplitude_peak_v) &&
               std::isfinite(wanted.offset_v),
           "the output is finite");
    if (wanted.amplitude_peak_v + std::abs(wanted.offset_v) > limits().max_output_peak_v) {
      throw devices::DeviceError("lock-in", "set output", "too much", devices::Retry::no);
    }
    return output_ = wanted;
  }
  [[nodiscard]] devices::LockInOutput output() const override { return output_; }
  [[nodiscard]] devices::LockInReading read() override {
    return {.x_v = 1e-3, .y_v = -2e-3, .frequency_hz = settings_.reference_hz, .overload = true};
  }
  std::vector<devices::LockInReading> sweep(std::span<const devices::SweepStep>,
                                            const std::stop_token&) override {
    return {};
  }
  [[nodiscard]] Duration settling_time(double) const override { return {}; }
  devices::AuxOutput set_aux_output(int, const devices::AuxOutput& wanted) override {
    expect(std::isfinite(wanted.scale_v_per_unit) && std::isfinite(wanted.offset_v),
           "the auxiliary output is finite");
    return wanted;
  }
  [[nodiscard]] devices::SampleStream* stream() override { return nullptr; }

 private:
  devices::LockInSettings settings_;
  devices::LockInOutput output_;
};

}  // namespace halotwin::fuzz
