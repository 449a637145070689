#include "devices/simulated/probe_chain.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin::devices::simulated {

ProbeChain::ProbeChain(sim::World& world,
                       std::unique_ptr<SignalChain> engine,
                       const physics::TipParams& tip,
                       const ContactModel& contact)
    : world_(&world),
      engine_(std::move(engine)),
      lateral_(world, tip, contact),
      reached_(world.clock().now()) {
  engine_->change(settings_);
}

void ProbeChain::catch_up() {
  const Duration now = world_->clock().now();
  if (now > reached_) {
    engine_->advance(seconds(now - reached_));
    lateral_.advance(seconds(now - reached_));
    reached_ = now;
  }
}

void ProbeChain::change(const ChainSettings& settings) {
  catch_up();
  if (settings == settings_) {
    return;
  }
  settings_ = settings;
  engine_->change(settings_);
  lateral_.change(settings_);
  expose();
}

void ProbeChain::expose() {
  sim::Exposure& exposure = world_->exposure();
  const auto& v = settings_.electrical;
  exposure.place = settings_.mechanical.tip;
  exposure.bias_peak_v = std::abs(v.amplitude_peak_v);
  exposure.under_bias = (settings_.mechanical.engaged || settings_.mechanical.contact) &&
                        (v.amplitude_peak_v != 0.0 || v.dc_v() != 0.0);
}

ChainOutput ProbeChain::read() {
  catch_up();
  return engine_->output();
}

LateralChain& ProbeChain::lateral() {
  catch_up();
  return lateral_;
}

void ProbeChain::offer_output(const std::string& port, std::function<double()> voltage) {
  outputs_[port] = std::move(voltage);
}

double ProbeChain::output_v(const std::string& port) const {
  const auto found = outputs_.find(port);
  return found == outputs_.end() ? 0.0 : found->second();
}

std::vector<double> ProbeChain::save() const {
  const auto& m = settings_.mechanical;
  const auto& e = settings_.electrical;
  const auto& a = settings_.lock_in_1;
  const auto& b = settings_.lock_in_2;
  const auto& l = settings_.lateral;
  const std::int64_t whole_s = reached_.count() / 1'000'000'000;
  const std::int64_t rest_ns = reached_.count() % 1'000'000'000;
  std::vector<double> state{static_cast<double>(whole_s),
                            static_cast<double>(rest_ns),
                            m.engaged ? 1.0 : 0.0,
                            m.tip.x_m,
                            m.tip.y_m,
                            static_cast<double>(m.place),
                            m.drive_hz,
                            m.resonance_hz,
                            m.amplitude_m,
                            m.mean_gap_m,
                            e.frequency_hz,
                            e.amplitude_peak_v,
                            e.offset_v,
                            static_cast<double>(a.order),
                            a.time_constant_s,
                            a.scale_v_per_rad,
                            a.connected ? 1.0 : 0.0,
                            static_cast<double>(b.harmonic),
                            static_cast<double>(b.order),
                            b.time_constant_s,
                            b.reference_hz,
                            m.loop_integral_per_s,
                            m.loop_proportional,
                            m.contact ? 1.0 : 0.0,
                            m.load_n,
                            m.tip_growth_m,
                            m.tip_potential_v,
                            l.connected ? 1.0 : 0.0,
                            static_cast<double>(l.order),
                            l.time_constant_s,
                            static_cast<double>(l.harmonic),
                            l.reference_hz};
  const std::vector<double> lateral = lateral_.save();
  state.insert(state.end(), lateral.begin(), lateral.end());
  const std::vector<double> engine = engine_->save();
  state.insert(state.end(), engine.begin(), engine.end());
  return state;
}

void ProbeChain::load(std::span<const double> state) {
  constexpr std::size_t own = 32;
  const std::size_t lateral = lateral_.save().size();
  require(state.size() >= own + lateral, "the saved state of the signal chain is too short");
  std::size_t i = 0;
  const auto next = [&] { return state[i++]; };
  const double whole_s = next();
  const double rest_ns = next();
  reached_ = Duration(static_cast<std::int64_t>(whole_s) * 1'000'000'000 +
                      static_cast<std::int64_t>(rest_ns));
  auto& m = settings_.mechanical;
  auto& e = settings_.electrical;
  auto& a = settings_.lock_in_1;
  auto& b = settings_.lock_in_2;
  auto& l = settings_.lateral;
  m.engaged = next() != 0.0;
  m.tip.x_m = next();
  m.tip.y_m = next();
  m.place = static_cast<std::uint64_t>(next());
  m.drive_hz = next();
  m.resonance_hz = next();
  m.amplitude_m = next();
  m.mean_gap_m = next();
  e.frequency_hz = next();
  e.amplitude_peak_v = next();
  e.offset_v = next();
  a.order = static_cast<int>(next());
  a.time_constant_s = next();
  a.scale_v_per_rad = next();
  a.connected = next() != 0.0;
  b.harmonic = static_cast<int>(next());
  b.order = static_cast<int>(next());
  b.time_constant_s = next();
  b.reference_hz = next();
  m.loop_integral_per_s = next();
  m.loop_proportional = next();
  m.contact = next() != 0.0;
  m.load_n = next();
  m.tip_growth_m = next();
  m.tip_potential_v = next();
  l.connected = next() != 0.0;
  l.order = static_cast<int>(next());
  l.time_constant_s = next();
  l.harmonic = static_cast<int>(next());
  l.reference_hz = next();
  engine_->change(settings_);
  lateral_.change(settings_);
  lateral_.load(state.subspan(own, lateral));
  engine_->load(state.subspan(own + lateral));
  expose();
}

}  // namespace halotwin::devices::simulated
