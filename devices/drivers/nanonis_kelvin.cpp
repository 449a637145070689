// The Kelvin loop.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

/// Three values, of which some commands have two.
using Values = std::array<double, 3>;

Values three(Reader& in) {
  const double a = nanonis::finite_f32(in);
  const double b = nanonis::finite_f32(in);
  return {a, b, nanonis::finite_f32(in)};
}

Values two(Reader& in) {
  const double a = nanonis::finite_f32(in);
  return {a, nanonis::finite_f32(in), 0.0};
}

std::string_view signal_of(KelvinMode mode) {
  switch (mode) {
    case KelvinMode::heterodyne:
      return "KPFM heterodyne";
    case KelvinMode::sideband:
      return "KPFM sideband";
    case KelvinMode::amplitude:
      break;
  }
  return "KPFM amplitude";
}

double bias_v(NanonisLink& link, const char* operation) {
  return link.ask(operation, "Bias.Get", Writer(), nanonis::finite_f32);
}

}  // namespace

bool NanonisKelvin::is_there(NanonisLink& link, const char* operation) {
  try {
    link.ask(operation, "KelvinCtrl.CtrlOnOffGet", Writer(), [](Reader& in) { return in.u32(); });
    return true;
  } catch (const DeviceError& error) {
    if (error.retry() == Retry::yes) {
      throw;
    }
    return false;
  }
}

void NanonisKelvin::choose(KelvinMode mode) {
  if (const auto slot = signals_->find_slot(signal_of(mode))) {
    link_->tell("configure Kelvin loop", "KelvinCtrl.CtrlSignalSet", Writer().i32(*slot));
  }
}

// What is as it was asked for but for 32 bits is given back as it was asked for.
KelvinSettings NanonisKelvin::read_back(const KelvinSettings& wanted) {
  constexpr const char* operation = "configure Kelvin loop";
  const auto told = [](double asked, double applied) {
    return static_cast<double>(static_cast<float>(asked)) == applied ? asked : applied;
  };
  const Values modulation = link_->ask(operation, "KelvinCtrl.ModParamsGet", Writer(), three);
  const Values gain = link_->ask(operation, "KelvinCtrl.GainGet", Writer(), [](Reader& in) {
    const Values values = two(in);
    static_cast<void>(in.u16());  // slope
    return values;
  });
  const Values limits = link_->ask(operation, "KelvinCtrl.BiasLimitsGet", Writer(), two);
  return {.mode = wanted.mode,
          .modulation_hz = told(wanted.modulation_hz, modulation[0]),
          .modulation_peak_v = told(wanted.modulation_peak_v, modulation[1]),
          .proportional_gain = told(wanted.proportional_gain, gain[0]),
          .time_constant_s = told(wanted.time_constant_s, gain[1]),
          .bias_v = {told(wanted.bias_v.low, limits[1]), told(wanted.bias_v.high, limits[0])}};
}

KelvinSettings NanonisKelvin::configure(const KelvinSettings& wanted) {
  constexpr const char* operation = "configure Kelvin loop";
  if (!(wanted.modulation_hz > 0.0 && std::isfinite(wanted.modulation_hz)) ||
      !(wanted.modulation_peak_v >= 0.0 && std::isfinite(wanted.modulation_peak_v))) {
    link_->refuse(operation,
                  fmt::format("modulation of {} V at {} Hz (must be 0 or more, above 0)",
                              wanted.modulation_peak_v,
                              wanted.modulation_hz));
  }
  if (!(wanted.proportional_gain >= 0.0 && std::isfinite(wanted.proportional_gain)) ||
      !(wanted.time_constant_s > 0.0 && std::isfinite(wanted.time_constant_s))) {
    link_->refuse(operation, "the gain must be 0 or more and the time constant above 0");
  }
  if (!(wanted.bias_v.low < wanted.bias_v.high) || !std::isfinite(wanted.bias_v.low) ||
      !std::isfinite(wanted.bias_v.high)) {
    link_->refuse(operation,
                  fmt::format("bias from {} to {} V", wanted.bias_v.low, wanted.bias_v.high));
  }
  choose(wanted.mode);
  const double phase_deg =
      link_->ask(operation, "KelvinCtrl.ModParamsGet", Writer(), three)[2];  // stays
  // Without modulation first: no two of old and new settings together may be too much.
  const auto modulate = [&](double peak_v) {
    link_->tell(operation,
                "KelvinCtrl.ModParamsSet",
                Writer().f32(wanted.modulation_hz).f32(peak_v).f32(phase_deg));
  };
  modulate(0.0);
  link_->tell(operation,
              "KelvinCtrl.BiasLimitsSet",
              Writer().f32(wanted.bias_v.high).f32(wanted.bias_v.low));
  link_->tell(operation,
              "KelvinCtrl.GainSet",
              Writer().f32(wanted.proportional_gain).f32(wanted.time_constant_s).u16(0));
  modulate(wanted.modulation_peak_v);
  return read_back(wanted);
}

void NanonisKelvin::set_on(bool on) {
  constexpr const char* operation = "switch Kelvin loop";
  const auto is_on = [&] {
    return link_->ask(operation, "KelvinCtrl.CtrlOnOffGet", Writer(), [](Reader& in) {
      return in.u32();
    }) == 1;
  };
  const bool was_on = is_on();
  if (on && !was_on) {
    bias_before_v_ = bias_v(*link_, operation);
    link_->tell(operation, "KelvinCtrl.ModOnOffSet", Writer().u16(0).u16(1));
  }
  if (on != was_on) {
    link_->tell(operation, "KelvinCtrl.CtrlOnOffSet", Writer().u32(on ? 1 : 0));
    if (is_on() != on) {
      link_->refuse(operation, fmt::format("the loop is {}", on ? "off" : "on"));
    }
  }
  if (!on && was_on) {
    link_->tell(operation, "KelvinCtrl.ModOnOffSet", Writer().u16(0).u16(0));
    const double before_v = bias_before_v_.value_or(0.0);
    if (bias_v(*link_, operation) != before_v) {  // it stayed where the loop had it
      link_->tell(operation, "Bias.Set", Writer().f32(before_v));
    }
    bias_before_v_.reset();
  }
}

double NanonisKelvin::contact_potential_v() {
  return bias_v(*link_, "read contact potential");
}

}  // namespace halotwin::devices
