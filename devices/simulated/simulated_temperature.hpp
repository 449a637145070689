// The controller of the heated and cooled sample stage of the simulated bench.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "devices/temperature_controller.hpp"
#include "sim/heated_stage.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// A Peltier and heater stage below the scanner; every figure an estimate within what makers state.
struct TemperatureModel {
  sim::HeatedStageParams stage;
  double low_k = 250.0;
  double high_k = 400.0;
  double sensor_noise_rms_k = 0.01;
  double sensor_offset_k = 0.1;  // the sensor shows that much too high
  bool operator==(const TemperatureModel&) const = default;
};
void validate(const TemperatureModel& p);
void visit_fields(auto& visit, TemperatureModel& p) {
  visit("stage", p.stage);
  visit("low_k", p.low_k);
  visit("high_k", p.high_k);
  visit("sensor_noise_rms_k", p.sensor_noise_rms_k);
  visit("sensor_offset_k", p.sensor_offset_k);
}

/// The controller holds its sensor at the target, so that the stage is off by the sensor's offset.
/// Safe state: heater and cooler off, the stage drifts to the surroundings.
class SimulatedTemperature final : public TemperatureController {
 public:
  SimulatedTemperature(sim::World& world, const TemperatureModel& model, std::string role);

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] Range range_k() const override { return {model_.low_k, model_.high_k}; }
  [[nodiscard]] double max_rate_k_per_s() const override { return model_.stage.rate_k_per_s; }
  void set_target_k(double temperature_k) override;
  [[nodiscard]] double target_k() const override;
  [[nodiscard]] double temperature_k() override;
  bool wait_stable(double tolerance_k,
                   Duration hold,
                   Duration timeout,
                   const std::stop_token& stop) override;

  /// For resuming a run to the same bits; the stage itself belongs to the world.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  sim::World* world_;
  TemperatureModel model_;
  std::string role_;
  std::uint64_t readings_ = 0;
};

}  // namespace halotwin::devices::simulated
