// The Kelvin loop: KelvinCtrl.
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

constexpr double degrees_of_a_turn = 360.0;

}  // namespace

KelvinController& NanonisService::kelvin() const {
  if (microscope_->kelvin() == nullptr) {
    refuse("there is no Kelvin controller");
  }
  return *microscope_->kelvin();
}

// The settings come one by one: the microscope is given them as soon as they make sense together.
void NanonisService::change_kelvin(const std::function<void(KelvinState&)>& edit) {
  KelvinController& controller = kelvin();
  const KelvinState before = kelvin_;
  edit(kelvin_);
  KelvinSettings wanted = kelvin_.settings;
  if (!(wanted.modulation_hz > 0.0) || !(wanted.time_constant_s > 0.0)) {
    return;
  }
  wanted.modulation_peak_v = kelvin_.modulated ? wanted.modulation_peak_v : 0.0;
  try {
    controller.configure(wanted);
  } catch (const DeviceError&) {
    kelvin_ = before;
    throw;
  }
}

void NanonisService::add_kelvin() {
  if (microscope_->kelvin() == nullptr) {
    return;  // a controller without this module does not know its commands
  }
  add("KelvinCtrl.CtrlOnOffSet", "", [this](Reader& in, Writer&) {
    const bool on = in.u32() != 0;
    in.end();
    kelvin().set_on(on);
    kelvin_.on = on;
  });
  add("KelvinCtrl.CtrlOnOffGet", "u", [this](Reader& in, Writer& out) {
    in.end();
    out.u32(kelvin_.on ? 1 : 0);
  });
  add("KelvinCtrl.GainSet", "", [this](Reader& in, Writer&) {
    const double gain = in.f32();
    const double time_s = in.f32();
    const unsigned slope = in.u16();
    in.end();
    if (slope > 1 || !(gain >= 0.0 && std::isfinite(gain)) ||
        !(time_s > 0.0 && std::isfinite(time_s))) {
      refuse("the gain must be 0 or more, the time constant above 0 and the slope positive");
    }
    change_kelvin([&](KelvinState& k) {
      k.settings.proportional_gain = gain;
      k.settings.time_constant_s = time_s;
    });
  });
  add("KelvinCtrl.GainGet", "ffh", [this](Reader& in, Writer& out) {
    in.end();
    out.f32(kelvin_.settings.proportional_gain).f32(kelvin_.settings.time_constant_s).u16(1);
  });
  // The loop finds its own phase: that of the modulation is kept without effect.
  add("KelvinCtrl.ModParamsSet", "", [this](Reader& in, Writer&) {
    const double frequency_hz = in.f32();
    const double peak_v = in.f32();
    const double phase_deg = in.f32();
    in.end();
    if (!(frequency_hz > 0.0 && std::isfinite(frequency_hz)) ||
        !(peak_v >= 0.0 && std::isfinite(peak_v)) || !std::isfinite(phase_deg)) {
      refuse(
          fmt::format("a modulation of {} V at {} Hz and {} deg", peak_v, frequency_hz, phase_deg));
    }
    change_kelvin([&](KelvinState& k) {
      k.settings.modulation_hz = frequency_hz;
      k.settings.modulation_peak_v = peak_v;
      k.phase_deg = std::remainder(phase_deg, degrees_of_a_turn);
    });
  });
  add("KelvinCtrl.ModParamsGet", "fff", [this](Reader& in, Writer& out) {
    in.end();
    out.f32(kelvin_.settings.modulation_hz).f32(kelvin_.settings.modulation_peak_v);
    out.f32(kelvin_.phase_deg);
  });
  add("KelvinCtrl.ModOnOffSet", "", [this](Reader& in, Writer&) {
    const unsigned ac = in.u16();
    const bool modulated = in.u16() != 0;
    in.end();
    if (ac > 2) {
      refuse(fmt::format("no AC mode {} (0, 1, 2)", ac));
    }
    change_kelvin([&](KelvinState& k) {
      k.ac = ac == 0 ? k.ac : ac == 1;
      k.modulated = modulated;
    });
  });
  add("KelvinCtrl.ModOnOffGet", "hh", [this](Reader& in, Writer& out) {
    in.end();
    out.u16(kelvin_.ac ? 1 : 0).u16(kelvin_.modulated ? 1 : 0);
  });
  add("KelvinCtrl.CtrlSignalSet", "", [this](Reader& in, Writer&) {
    const std::size_t slot = slot_of(in.i32());
    in.end();
    const auto mode = kelvin_slots.find(slot);
    if (mode == kelvin_slots.end()) {
      refuse(fmt::format("\"{}\" does not tell the contact potential", slots_[slot].name));
    }
    change_kelvin([&](KelvinState& k) { k.settings.mode = mode->second; });
  });
  add("KelvinCtrl.CtrlSignalGet", "i", [this](Reader& in, Writer& out) {
    in.end();
    for (const auto& [slot, mode] : kelvin_slots) {
      if (mode == kelvin_.settings.mode) {
        out.i32(static_cast<std::int32_t>(slot));
      }
    }
  });
  add("KelvinCtrl.BiasLimitsSet", "", [this](Reader& in, Writer&) {
    const double high_v = in.f32();
    const double low_v = in.f32();
    in.end();
    if (!(low_v < high_v)) {
      refuse(fmt::format("bias from {} to {} V", low_v, high_v));
    }
    change_kelvin([&](KelvinState& k) { k.settings.bias_v = {low_v, high_v}; });
  });
  add("KelvinCtrl.BiasLimitsGet", "ff", [this](Reader& in, Writer& out) {
    in.end();
    out.f32(kelvin_.settings.bias_v.high).f32(kelvin_.settings.bias_v.low);
  });
}

}  // namespace halotwin::devices
