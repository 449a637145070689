#include "devices/simulated/simulated_temperature.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const TemperatureModel& p) {
  validate(p.stage);
  require_range("low_k", p.low_k, 1.0, 2000.0);
  require_range("high_k", p.high_k, p.low_k, 2000.0);
  require_range("sensor_noise_rms_k", p.sensor_noise_rms_k, 0.0, 10.0);
  require_range("sensor_offset_k", p.sensor_offset_k, -10.0, 10.0);
}

SimulatedTemperature::SimulatedTemperature(sim::World& world,
                                           const TemperatureModel& model,
                                           std::string role)
    : world_(&world), model_((validate(model), model)), role_(std::move(role)) {
  world.install_stage(model.stage);
}

Identity SimulatedTemperature::identity() const {
  return {"halotwin", "simulated temperature stage", "twin-" + role_, "", "sim:"};
}

void SimulatedTemperature::make_safe() {
  strike(*world_, role_, "make safe");
  world_->stage().switch_off(world_->now_s());
}

void SimulatedTemperature::set_target_k(double temperature_k) {
  strike(*world_, role_, "set target");
  if (!range_k().contains(temperature_k)) {
    throw DeviceError(
        role_,
        "set target",
        fmt::format("{} K (must be {} to {} K)", temperature_k, model_.low_k, model_.high_k),
        Retry::no);
  }
  world_->stage().set_target(temperature_k - model_.sensor_offset_k, world_->now_s());
}

double SimulatedTemperature::target_k() const {
  const sim::HeatedStage& stage = world_->stage();
  return stage.target_k() + (stage.on() ? model_.sensor_offset_k : 0.0);
}

double SimulatedTemperature::temperature_k() {
  strike(*world_, role_, "read");
  RandomStream draw(world_->seed(), Purpose::temperature_sensor, 0, readings_++);
  return world_->stage().temperature_k(world_->now_s()) + model_.sensor_offset_k +
         model_.sensor_noise_rms_k * draw.normal();
}

bool SimulatedTemperature::wait_stable(double tolerance_k,
                                       Duration hold,
                                       Duration timeout,
                                       const std::stop_token& stop) {
  strike(*world_, role_, "wait until stable");
  if (!(tolerance_k > 0.0)) {
    throw DeviceError(role_, "wait until stable", "the tolerance must be > 0", Retry::no);
  }
  constexpr Duration period = std::chrono::seconds(1);  // of the sensor
  sim::VirtualClock& clock = world_->clock();
  const Duration give_up = clock.now() + timeout;
  Duration within_since = clock.now();
  const auto look = [&] {
    if (std::abs(temperature_k() - target_k()) > tolerance_k) {
      within_since = clock.now() + period;
    }
  };
  look();
  while (clock.now() < within_since + hold) {
    if (clock.now() >= give_up) {
      return false;
    }
    clock.sleep(std::min(period, give_up - clock.now()), stop);
    look();
  }
  return within_since <= clock.now();
}

std::vector<double> SimulatedTemperature::save() const {
  return {static_cast<double>(readings_)};
}

void SimulatedTemperature::load(std::span<const double> state) {
  require(state.size() == 1, "the saved state of the temperature controller has a wrong size");
  readings_ = static_cast<std::uint64_t>(state[0]);
}

}  // namespace halotwin::devices::simulated
