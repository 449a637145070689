#include "devices/simulated/simulated_lock_in.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "base/require.hpp"
#include "base/settling.hpp"
#include "physics/low_pass.hpp"

namespace halotwin::devices::simulated {

void validate(const LockInModel& p) {
  require(!p.model.empty(), "model is empty (e.g. \"MFLI\")");
  require_positive("max_reference_hz", p.max_reference_hz);
  require_positive("min_time_constant_s", p.min_time_constant_s);
  require(p.max_time_constant_s >= p.min_time_constant_s,
          "max_time_constant_s",
          p.max_time_constant_s,
          ">= min_time_constant_s");
  require_range("max_harmonic", p.max_harmonic, 1, 100000);
  require_range("max_filter_order", p.max_filter_order, 1, 8);
  require_positive("max_input_range_v", p.max_input_range_v);
  require_positive("max_output_peak_v", p.max_output_peak_v);
  require_range("input_noise_v_per_sqrt_hz", p.input_noise_v_per_sqrt_hz, 0.0, 1.0);
}

LockInModel hf2li() {
  LockInModel model;
  model.model = "HF2LI";
  model.max_reference_hz = 50.0e6;
  model.min_time_constant_s = 0.8e-6;
  model.max_input_range_v = 1.5;
  return model;
}

LockInModel mfli() {
  return {};
}

void strike(sim::World& world, const std::string& role, const char* operation) {
  if (const auto fault = world.faults().strike(role, operation, world.now_s())) {
    const bool lost = *fault == sim::FaultKind::link_lost;
    throw DeviceError(role,
                      operation,
                      lost ? "link lost (injected fault)" : "no answer in time (injected fault)",
                      lost ? Retry::no : Retry::yes);
  }
}

namespace {

constexpr double max_aux_v = 10.0;  // maker's data sheets

std::string aux_port(const std::string& role, std::size_t channel) {
  return fmt::format("{}.aux_{}", role, channel + 1);
}

}  // namespace

SimulatedLockIn::SimulatedLockIn(sim::World& world,
                                 ProbeChain& chain,
                                 const LockInModel& model,
                                 std::string role)
    : world_(&world), chain_(&chain), model_(model), role_(std::move(role)) {
  validate(model_);
  const std::string source = world.wiring().source_of(role_ + ".input");
  if (source == "afm.deflection") {
    input_ = Input::deflection;
  } else if (source == "afm.lateral") {
    input_ = Input::lateral;
  } else if (source.ends_with(".phase")) {
    input_ = Input::phase;
  } else {
    require(source.empty(),
            fmt::format("cable \"{}\" -> \"{}.input\": a simulated lock-in takes "
                        "\"afm.deflection\", \"afm.lateral\" or the \".phase\" of another lock-in",
                        source,
                        role_));
  }
  drives_tip_ = world.wiring().source_of("afm.tip_bias") == role_ + ".output";
  for (std::size_t channel = 0; channel < aux_channels; ++channel) {
    chain_->offer_output(aux_port(role_, channel), [this, channel] { return aux_v(channel); });
  }
}

SimulatedLockIn::~SimulatedLockIn() {
  for (std::size_t channel = 0; channel < aux_channels; ++channel) {
    chain_->take_back_output(aux_port(role_, channel));
  }
}

void SimulatedLockIn::check_fault(const char* operation) {
  strike(*world_, role_, operation);
}

Identity SimulatedLockIn::identity() const {
  return {"halotwin", "simulated " + model_.model, "twin-" + role_, "", "sim:"};
}

void SimulatedLockIn::make_safe() {
  check_fault("make safe");
  output_ = LockInOutput{};
  apply();
}

LockInLimits SimulatedLockIn::limits() const {
  return {{1.0e-3, model_.max_reference_hz},
          {model_.min_time_constant_s, model_.max_time_constant_s},
          model_.max_harmonic,
          model_.max_filter_order,
          {1.0e-3, model_.max_input_range_v},
          model_.max_output_peak_v,
          model_.max_output_peak_v};
}

LockInSettings SimulatedLockIn::configure(const LockInSettings& wanted) {
  check_fault("configure");
  for (const double value :
       {wanted.reference_hz, wanted.time_constant_s, wanted.input_range_v, wanted.phase_rad}) {
    if (!std::isfinite(value)) {
      throw DeviceError(role_, "configure", "a setting is not a number", Retry::no);
    }
  }
  const LockInLimits limit = limits();
  settings_ = wanted;
  settings_.reference_hz =
      std::clamp(wanted.reference_hz, limit.reference_hz.low, limit.reference_hz.high);
  settings_.time_constant_s =
      std::clamp(wanted.time_constant_s, limit.time_constant_s.low, limit.time_constant_s.high);
  settings_.input_range_v =
      std::clamp(wanted.input_range_v, limit.input_range_v.low, limit.input_range_v.high);
  settings_.harmonic = std::clamp(wanted.harmonic, 1, limit.max_harmonic);
  settings_.filter_order = std::clamp(wanted.filter_order, 1, limit.max_filter_order);
  apply();
  return settings_;
}

double SimulatedLockIn::set_reference_hz(double frequency_hz) {
  check_fault("set reference");
  if (!std::isfinite(frequency_hz)) {
    throw DeviceError(role_, "set reference", "the frequency is not a number", Retry::no);
  }
  settings_.reference_hz = std::clamp(frequency_hz, 1.0e-3, model_.max_reference_hz);
  apply();
  return settings_.reference_hz;
}

LockInOutput SimulatedLockIn::set_output(const LockInOutput& wanted) {
  check_fault("set output");
  const double peak = std::abs(wanted.amplitude_peak_v) + std::abs(wanted.offset_v);
  if (!(peak <= model_.max_output_peak_v)) {
    throw DeviceError(
        role_,
        "set output",
        fmt::format("{} V peak is beyond the generator's {} V", peak, model_.max_output_peak_v),
        Retry::no);
  }
  output_ = wanted;
  apply();
  return output_;
}

AuxOutput SimulatedLockIn::set_aux_output(int channel, const AuxOutput& wanted) {
  check_fault("set aux output");
  if (channel < 0 || static_cast<std::size_t>(channel) >= aux_channels) {
    throw DeviceError(
        role_, "set aux output", fmt::format("no auxiliary output {}", channel), Retry::no);
  }
  if (!std::isfinite(wanted.scale_v_per_unit) || !std::isfinite(wanted.offset_v)) {
    throw DeviceError(role_, "set aux output", "a setting is not a number", Retry::no);
  }
  aux_[static_cast<std::size_t>(channel)] = wanted;
  apply();
  return wanted;
}

// Brings what this instrument contributes to the chain up to date.
void SimulatedLockIn::apply() {
  ChainSettings chain = chain_->settings();
  if (input_ == Input::deflection) {
    chain.lock_in_1.order = settings_.filter_order;
    chain.lock_in_1.time_constant_s = settings_.time_constant_s;
    const auto* const phase = std::find_if(aux_.begin(), aux_.end(), [](const AuxOutput& aux) {
      return aux.quantity == AuxQuantity::phase;
    });
    chain.lock_in_1.connected = phase != aux_.end();
    chain.lock_in_1.scale_v_per_rad =
        phase != aux_.end() ? phase->scale_v_per_unit : aux_[0].scale_v_per_unit;
  }
  if (input_ == Input::phase) {
    chain.lock_in_2.order = settings_.filter_order;
    chain.lock_in_2.time_constant_s = settings_.time_constant_s;
    chain.lock_in_2.harmonic = settings_.harmonic;
    chain.lock_in_2.reference_hz = settings_.reference_hz;
  }
  if (input_ == Input::lateral) {
    chain.lateral.connected = true;
    chain.lateral.order = settings_.filter_order;
    chain.lateral.time_constant_s = settings_.time_constant_s;
    chain.lateral.harmonic = settings_.harmonic;
    chain.lateral.reference_hz = settings_.reference_hz;
  }
  if (drives_tip_) {
    chain.electrical.frequency_hz = settings_.reference_hz;
    chain.electrical.amplitude_peak_v = output_.on ? output_.amplitude_peak_v : 0.0;
    chain.electrical.offset_v = output_.on ? output_.offset_v : 0.0;
  }
  chain_->change(chain);
}

LockInReading SimulatedLockIn::read() {
  check_fault("read");
  return now();
}

// What an auxiliary output carries at this moment.
double SimulatedLockIn::aux_v(std::size_t channel) {
  const AuxOutput& aux = aux_[channel];
  if (aux.quantity == AuxQuantity::off) {
    return 0.0;
  }
  const LockInReading reading = now();
  double quantity = 0.0;
  switch (aux.quantity) {
    case AuxQuantity::off:
      break;
    case AuxQuantity::x:
      quantity = reading.x_v;
      break;
    case AuxQuantity::y:
      quantity = reading.y_v;
      break;
    case AuxQuantity::magnitude:
      quantity = std::hypot(reading.x_v, reading.y_v);
      break;
    case AuxQuantity::phase:
      quantity = std::atan2(reading.y_v, reading.x_v);
      break;
  }
  return std::clamp(aux.scale_v_per_unit * quantity + aux.offset_v, -max_aux_v, max_aux_v);
}

LockInReading SimulatedLockIn::now() {
  LockInReading reading;
  reading.time = world_->clock().now();
  reading.frequency_hz = settings_.harmonic * settings_.reference_hz;
  if (input_ == Input::open) {
    return reading;
  }
  ChainOutput out;
  if (input_ == Input::lateral) {
    out.phasor_v = chain_->lateral().phasor_v();
    out.input_peak_v = chain_->lateral().input_peak_v();
  } else {
    out = chain_->read();
  }
  std::complex<double> phasor = out.phasor_v;
  if (input_ == Input::deflection) {
    const auto& mechanical = chain_->settings().mechanical;
    phasor = std::polar(mechanical.amplitude_m * mechanical.deflection_v_per_m,
                        out.mechanical_phase_rad);
  }
  if (settings_.phase_rad != 0.0) {
    phasor *= std::polar(1.0, -settings_.phase_rad);
  }
  if (input_ != Input::deflection && out.input_peak_v > settings_.input_range_v) {
    reading.overload = true;
    const double scale =
        settings_.input_range_v / out.input_peak_v;  // a clipped sine loses about this
    phasor *= scale;
  }
  reading.x_v = phasor.real();
  reading.y_v = phasor.imag();
  return reading;
}

std::vector<LockInReading> SimulatedLockIn::sweep(std::span<const SweepStep> steps,
                                                  const std::stop_token& stop) {
  return sweep_in_steps(*this, world_->clock(), steps, stop);
}

Duration SimulatedLockIn::settling_time(double relative_error) const {
  return from_seconds(settings_.time_constant_s *
                      settling_time_constants(settings_.filter_order, relative_error));
}

std::vector<double> SimulatedLockIn::save() const {
  std::vector<double> state{static_cast<double>(settings_.reference),
                            settings_.reference_hz,
                            static_cast<double>(settings_.harmonic),
                            settings_.phase_rad,
                            settings_.time_constant_s,
                            static_cast<double>(settings_.filter_order),
                            settings_.input_range_v,
                            static_cast<double>(settings_.coupling),
                            output_.on ? 1.0 : 0.0,
                            output_.amplitude_peak_v,
                            output_.offset_v};
  for (const AuxOutput& aux : aux_) {
    state.insert(state.end(),
                 {static_cast<double>(aux.quantity), aux.scale_v_per_unit, aux.offset_v});
  }
  return state;
}

void SimulatedLockIn::load(std::span<const double> state) {
  require(state.size() == 11 + 3 * aux_channels, "the saved state of a lock-in has a wrong size");
  settings_ = {static_cast<Reference>(static_cast<int>(state[0])),
               state[1],
               static_cast<int>(state[2]),
               state[3],
               state[4],
               static_cast<int>(state[5]),
               state[6],
               static_cast<Coupling>(static_cast<int>(state[7]))};
  output_ = {state[8] != 0.0, state[9], state[10]};
  for (std::size_t channel = 0; channel < aux_channels; ++channel) {
    const std::size_t at = 11 + 3 * channel;
    aux_[channel] = {
        static_cast<AuxQuantity>(static_cast<int>(state[at])), state[at + 1], state[at + 2]};
  }
}

}  // namespace halotwin::devices::simulated
