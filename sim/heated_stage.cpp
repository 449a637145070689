#include "sim/heated_stage.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin::sim {

void validate(const HeatedStageParams& p) {
  require_range("rate_k_per_s", p.rate_k_per_s, 1e-6, 100.0);
  require_range("time_constant_s", p.time_constant_s, 1e-3, 1e6);
  require_range("surface_lag_fraction", p.surface_lag_fraction, 0.0, 0.5);
}

namespace {

constexpr double there_k = 1e-4;

// dT/dt = (S(t) - T)/tau for `time_s` with S = set_point + slope t
double follow(double from_k, double set_point_k, double slope, double tau_s, double time_s) {
  const double steady = set_point_k - slope * tau_s;  // of the linear part
  return steady + slope * time_s + (from_k - steady) * std::exp(-time_s / tau_s);
}

}  // namespace

HeatedStage::HeatedStage(const HeatedStageParams& params, double surroundings_k)
    : params_((validate(params), params)),
      surroundings_k_(surroundings_k),
      target_k_(surroundings_k),
      from_k_(surroundings_k),
      set_point_k_(surroundings_k) {}

void HeatedStage::set_target(double target_k, double now_s) {
  require_positive("target_k", target_k);
  from_k_ = temperature_k(now_s);
  set_point_k_ = from_k_;  // the ramp begins where the stage is
  since_s_ = now_s;
  target_k_ = target_k;
  on_ = true;
}

void HeatedStage::switch_off(double now_s) {
  from_k_ = temperature_k(now_s);
  set_point_k_ = surroundings_k_;  // nothing holds the rate
  since_s_ = now_s;
  target_k_ = surroundings_k_;
  on_ = false;
}

double HeatedStage::temperature_k(double now_s) const {
  const double time_s = now_s - since_s_;
  const double way = target_k_ - set_point_k_;
  const double ramp_s = std::abs(way) / params_.rate_k_per_s;
  const double slope = std::copysign(params_.rate_k_per_s, way);
  const double tau = params_.time_constant_s;
  const double end = follow(from_k_, set_point_k_, slope, tau, std::min(time_s, ramp_s));
  const double now =
      time_s <= ramp_s ? end : target_k_ + (end - target_k_) * std::exp(-(time_s - ramp_s) / tau);
  return std::abs(now - target_k_) < there_k && time_s >= ramp_s ? target_k_ : now;
}

double HeatedStage::surface_k(double now_s) const {
  const double stage = temperature_k(now_s);
  return stage + params_.surface_lag_fraction * (surroundings_k_ - stage);
}

std::vector<double> HeatedStage::save() const {
  return {on_ ? 1.0 : 0.0, target_k_, since_s_, from_k_, set_point_k_};
}

void HeatedStage::load(std::span<const double> state) {
  require(state.size() == saved_values, "the saved state of the stage has a wrong size");
  on_ = state[0] != 0.0;
  target_k_ = state[1];
  since_s_ = state[2];
  from_k_ = state[3];
  set_point_k_ = state[4];
}

}  // namespace halotwin::sim
