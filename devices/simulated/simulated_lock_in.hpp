// A lock-in amplifier of the simulated bench, with the ranges of a HF2LI or MFLI.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/lock_in.hpp"
#include "devices/simulated/probe_chain.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

struct LockInModel {
  std::string model = "MFLI";
  double max_reference_hz = 500.0e3;
  double min_time_constant_s = 0.3e-6;
  double max_time_constant_s = 80.0;
  int max_harmonic = 1023;
  int max_filter_order = 8;
  double max_input_range_v = 3.0;
  double max_output_peak_v = 10.0;
  double input_noise_v_per_sqrt_hz = 5.0e-9;  // maker's data sheet, above 1 kHz
  bool operator==(const LockInModel&) const = default;
};
void validate(const LockInModel& p);
void visit_fields(auto& visit, LockInModel& p) {
  visit("model", p.model);
  visit("max_reference_hz", p.max_reference_hz);
  visit("min_time_constant_s", p.min_time_constant_s);
  visit("max_time_constant_s", p.max_time_constant_s);
  visit("max_harmonic", p.max_harmonic);
  visit("max_filter_order", p.max_filter_order);
  visit("max_input_range_v", p.max_input_range_v);
  visit("max_output_peak_v", p.max_output_peak_v);
  visit("input_noise_v_per_sqrt_hz", p.input_noise_v_per_sqrt_hz);
}
/// HF2LI: 50 MHz, time constants from 0.8 us; its part here is lock-in 1.
[[nodiscard]] LockInModel hf2li();
[[nodiscard]] LockInModel mfli();

/// A simulated lock-in offers its auxiliary outputs as "<role>.aux_1" (channel 0) to
/// "<role>.aux_4"; the cable "<role>.phase" is channel 0 set to the phase.
inline constexpr std::size_t aux_channels = 4;  // of HF2LI and MFLI

class SimulatedLockIn final : public LockIn {
 public:
  /// `role` decides, through the world's cables, what the input sees: the AFM's deflection, the
  /// other lock-in's phase output, or nothing.
  SimulatedLockIn(sim::World& world, ProbeChain& chain, const LockInModel& model, std::string role);
  ~SimulatedLockIn() override;

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] LockInLimits limits() const override;
  LockInSettings configure(const LockInSettings& wanted) override;
  [[nodiscard]] LockInSettings settings() const override { return settings_; }
  double set_reference_hz(double frequency_hz) override;
  LockInOutput set_output(const LockInOutput& wanted) override;
  [[nodiscard]] LockInOutput output() const override { return output_; }
  [[nodiscard]] LockInReading read() override;
  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override;
  [[nodiscard]] Duration settling_time(double relative_error) const override;
  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override;
  [[nodiscard]] SampleStream* stream() override { return nullptr; }

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  enum class Input { open, deflection, phase, lateral };
  void check_fault(const char* operation);
  void apply();
  [[nodiscard]] LockInReading now();
  [[nodiscard]] double aux_v(std::size_t channel);

  sim::World* world_;
  ProbeChain* chain_;
  LockInModel model_;
  std::string role_;
  Input input_ = Input::open;
  bool drives_tip_ = false;
  LockInSettings settings_;
  LockInOutput output_;
  std::array<AuxOutput, aux_channels> aux_;
};

/// Throws the DeviceError of an injected fault if one strikes this operation now.
void strike(sim::World& world, const std::string& role, const char* operation);

}  // namespace halotwin::devices::simulated
