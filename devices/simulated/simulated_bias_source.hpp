// A voltage source with current reading of the simulated bench, on an ohmic load.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "devices/bias_source.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// A source meter of the 2400 class in its 20 V range (data sheet) across a film.
struct BiasSourceParams {
  double max_voltage_v = 21.0;
  double max_compliance_a = 1.05;
  double max_ramp_v_per_s = 1.0e3;    // a step to 20 V settles in about 20 ms; 0 = at once
  double load_siemens = 1.0e-9;       // of sample and leads; lateral perovskite device in the dark
  double current_noise_a = 50.0e-12;  // rms of one reading, 1 uA range at one line period
  bool operator==(const BiasSourceParams&) const = default;
};
void validate(const BiasSourceParams& p);
void visit_fields(auto& visit, BiasSourceParams& p) {
  visit("max_voltage_v", p.max_voltage_v);
  visit("max_compliance_a", p.max_compliance_a);
  visit("max_ramp_v_per_s", p.max_ramp_v_per_s);
  visit("load_siemens", p.load_siemens);
  visit("current_noise_a", p.current_noise_a);
}

/// Load I = G V. Where G |V| would exceed the compliance, the current stays there and the voltage
/// falls to I / G. Switching off ramps to zero first, then opens the output.
class SimulatedBiasSource final : public BiasSource {
 public:
  /// `number` tells the noise of several sources of one world apart.
  SimulatedBiasSource(sim::World& world,
                      const BiasSourceParams& params,
                      std::string role,
                      std::uint32_t number = 0);

  [[nodiscard]] Identity identity() const override;
  /// Ramps to zero at the rate of the present settings, waits for it and switches off.
  void make_safe() override;
  [[nodiscard]] BiasLimits limits() const override;
  BiasSettings configure(const BiasSettings& wanted) override;
  [[nodiscard]] BiasSettings settings() const override { return settings_; }
  [[nodiscard]] bool ramping() override;
  [[nodiscard]] BiasReading read() override;

  /// The complete state, and back.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  void apply(const BiasSettings& settings);
  [[nodiscard]] double source_v() const;

  sim::World* world_;
  BiasSourceParams params_;
  std::string role_;
  std::uint32_t number_;
  BiasSettings settings_;
  double start_v_ = 0.0;
  double target_v_ = 0.0;
  Duration start_{};
  Duration end_{};
  std::uint64_t readings_ = 0;
};

}  // namespace halotwin::devices::simulated
