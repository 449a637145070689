#include "devices/simulated/simulated_bias_source.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const BiasSourceParams& p) {
  require_positive("max_voltage_v", p.max_voltage_v);
  require_positive("max_compliance_a", p.max_compliance_a);
  require_range("max_ramp_v_per_s", p.max_ramp_v_per_s, 0.0, 1.0e9);
  require_range("load_siemens", p.load_siemens, 0.0, 1.0e3);
  require_range("current_noise_a", p.current_noise_a, 0.0, 1.0);
}

SimulatedBiasSource::SimulatedBiasSource(sim::World& world,
                                         const BiasSourceParams& params,
                                         std::string role,
                                         std::uint32_t number)
    : world_(&world), params_(params), role_(std::move(role)), number_(number) {
  validate(params_);
  settings_.compliance_a = std::min(settings_.compliance_a, params_.max_compliance_a);
}

Identity SimulatedBiasSource::identity() const {
  return {"halotwin", "simulated bias source", "twin-" + role_, "", "sim:"};
}

BiasLimits SimulatedBiasSource::limits() const {
  return {{-params_.max_voltage_v, params_.max_voltage_v},
          params_.max_compliance_a,
          params_.max_ramp_v_per_s};
}

BiasSettings SimulatedBiasSource::configure(const BiasSettings& wanted) {
  strike(*world_, role_, "configure");
  if (!limits().voltage_v.contains(wanted.voltage_v) ||
      !(wanted.compliance_a > 0.0 && wanted.compliance_a <= params_.max_compliance_a) ||
      !(wanted.ramp_v_per_s >= 0.0)) {
    throw DeviceError(role_,
                      "configure",
                      fmt::format("{} V, {} A, {} V/s (must be within +-{} V, 0 to {} A, >= 0 V/s)",
                                  wanted.voltage_v,
                                  wanted.compliance_a,
                                  wanted.ramp_v_per_s,
                                  params_.max_voltage_v,
                                  params_.max_compliance_a),
                      Retry::no);
  }
  BiasSettings applied = wanted;
  if (params_.max_ramp_v_per_s > 0.0 &&
      !(wanted.ramp_v_per_s > 0.0 && wanted.ramp_v_per_s < params_.max_ramp_v_per_s)) {
    applied.ramp_v_per_s = params_.max_ramp_v_per_s;
  }
  apply(applied);
  return settings_;
}

void SimulatedBiasSource::apply(const BiasSettings& settings) {
  start_v_ = source_v();
  start_ = world_->clock().now();
  target_v_ = settings.on ? settings.voltage_v : 0.0;
  settings_ = settings;
  const double rate = settings.ramp_v_per_s;
  end_ = start_ +
         (rate > 0.0 ? from_seconds(std::abs(target_v_ - start_v_) / rate) : Duration::zero());
}

double SimulatedBiasSource::source_v() const {
  const Duration now = world_->clock().now();
  if (now >= end_) {
    return target_v_;
  }
  return start_v_ + (target_v_ - start_v_) * (seconds(now - start_) / seconds(end_ - start_));
}

bool SimulatedBiasSource::ramping() {
  strike(*world_, role_, "ramping");
  return world_->clock().now() < end_;
}

BiasReading SimulatedBiasSource::read() {
  strike(*world_, role_, "read");
  BiasReading reading;
  reading.time = world_->clock().now();
  reading.voltage_v = source_v();
  reading.current_a = params_.load_siemens * reading.voltage_v;
  if (std::abs(reading.current_a) > settings_.compliance_a) {
    reading.compliance = true;
    reading.current_a = std::copysign(settings_.compliance_a, reading.voltage_v);
    reading.voltage_v = reading.current_a / params_.load_siemens;
  }
  RandomStream draw(world_->seed(), Purpose::current_noise, number_, readings_++);
  reading.current_a += params_.current_noise_a * draw.normal();
  return reading;
}

void SimulatedBiasSource::make_safe() {
  strike(*world_, role_, "make safe");
  BiasSettings off = settings_;
  off.on = false;
  off.voltage_v = 0.0;
  apply(off);
  world_->clock().sleep(end_ - start_);
}

std::vector<double> SimulatedBiasSource::save() const {
  return {settings_.on ? 1.0 : 0.0,
          settings_.voltage_v,
          settings_.ramp_v_per_s,
          settings_.compliance_a,
          start_v_,
          target_v_,
          seconds(start_),
          seconds(end_),
          static_cast<double>(readings_)};
}

void SimulatedBiasSource::load(std::span<const double> state) {
  require(state.size() == save().size(), "the saved state of the bias source is damaged");
  settings_ = {.on = state[0] != 0.0,
               .voltage_v = state[1],
               .ramp_v_per_s = state[2],
               .compliance_a = state[3]};
  start_v_ = state[4];
  target_v_ = state[5];
  start_ = from_seconds(state[6]);
  end_ = from_seconds(state[7]);
  readings_ = static_cast<std::uint64_t>(state[8]);
}

}  // namespace halotwin::devices::simulated
