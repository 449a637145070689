// The lock-in module: LockIn, and Signals.RangeGet and CalibrGet of its signals.
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "devices/lock_in.hpp"
#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

constexpr double degree = constants::pi / 180.0;
constexpr double degrees_of_a_turn = 360.0;
constexpr std::int32_t highest_order = 8;
constexpr std::int32_t no_change = -1;

// Where its signals are.
constexpr std::size_t bias_slot = 24;
constexpr std::size_t input_slot = 40;
constexpr std::size_t x_slot = 86;
constexpr std::size_t y_slot = 87;

/// Time constant of a low-pass from its cutoff, and back.
double inverse(double time_or_frequency) {
  return 1.0 / (2.0 * constants::pi * time_or_frequency);
}

}  // namespace

struct NanonisService::LockInModule {
  LockIn& lock_in;
  std::optional<std::size_t> x{};  // signals of the microscope
  std::optional<std::size_t> y{};
  LockInOutput output{};  // on: modulated; the offset is the bias
  double high_pass_hz = 1.0;
  std::int32_t high_pass_order = 0;
  bool polar = false;  // R and phi instead of X and Y
  std::uint64_t read_for = 0;
  LockInReading reading{};  // of that request

  void apply_output() const {
    lock_in.set_output({.on = output.on || output.offset_v != 0.0,
                        .amplitude_peak_v = output.on ? output.amplitude_peak_v : 0.0,
                        .offset_v = output.offset_v});
  }
  const LockInReading& read(std::uint64_t request) {
    if (read_for != request) {
      reading = lock_in.read();
      read_for = request;
    }
    return reading;
  }
};

void NanonisService::add_lock_in(LockIn& lock_in, const std::string& x, const std::string& y) {
  const auto module =
      std::make_shared<LockInModule>(LockInModule{.lock_in = lock_in, .output = lock_in.output()});
  if (!module->output.on) {
    module->output.offset_v = 0.0;
  }
  LockInSettings settings = lock_in.settings();
  settings.input_range_v = lock_in.limits().input_range_v.high;
  settings = lock_in.configure(settings);
  module->high_pass_order = settings.coupling == Coupling::ac ? 1 : 0;
  if (const auto carried_x = find(x), carried_y = find(y); carried_x && carried_y) {
    lock_in.set_aux_output(0, {.quantity = AuxQuantity::x});
    lock_in.set_aux_output(1, {.quantity = AuxQuantity::y});
    module->x = carried_x;
    module->y = carried_y;
  }
  slots_[input_slot] = {"Input 1 (V)", std::nullopt, [] { return 0.0; }};
  show_pair(module);
  const auto ranges = [module, this](std::int32_t index) {
    const LockInLimits limit = module->lock_in.limits();
    const std::size_t slot = slot_of(index);
    if (slot != bias_slot && slot != input_slot) {
      refuse(fmt::format("the range of \"{}\" is not known", slots_[slot].name));
    }
    return slot == bias_slot ? limit.max_output_peak_v : limit.input_range_v.high;
  };
  add("Signals.RangeGet", "ff", [ranges](Reader& in, Writer& out) {
    const double most = ranges(in.i32());
    in.end();
    out.f32(most).f32(-most);
  });
  add("Signals.CalibrGet", "ff", [ranges](Reader& in, Writer& out) {
    static_cast<void>(ranges(in.i32()));
    in.end();
    out.f32(1.0).f32(0.0);
  });
  add_modulator(module);
  add_demodulator(module);
  add_filters(module);
}

void NanonisService::show_pair(const std::shared_ptr<LockInModule>& module) {
  const auto value = [module, this](auto quantity) {
    return [module, quantity, this] { return quantity(module->read(requests_)); };
  };
  if (module->polar) {
    slots_[x_slot] = {"LI Demod 1 R (V)", std::nullopt, value([](const LockInReading& r) {
                        return std::hypot(r.x_v, r.y_v);
                      })};
    slots_[y_slot] = {"LI Demod 1 Phi (deg)", std::nullopt, value([](const LockInReading& r) {
                        return std::atan2(r.y_v, r.x_v) / degree;
                      })};
  } else {
    slots_[x_slot] = {
        "LI Demod 1 X (V)", module->x, value([](const LockInReading& r) { return r.x_v; })};
    slots_[y_slot] = {
        "LI Demod 1 Y (V)", module->y, value([](const LockInReading& r) { return r.y_v; })};
  }
}

void NanonisService::add_to_first(const std::string& name,
                                  const std::string& reply,
                                  std::function<void(Reader&, Writer&)> run) {
  add(name, reply, [this, run = std::move(run)](Reader& in, Writer& out) {
    if (const std::int32_t number = in.i32(); number != 1) {
      refuse(fmt::format("number {} (there is only 1)", number));
    }
    run(in, out);
  });
}

void NanonisService::add_fixed(const std::string& name, std::int32_t only) {
  add_to_first(name + "Get", "i", [=](Reader& in, Writer& out) {
    in.end();
    out.i32(only);
  });
  add_to_first(name + "Set", "", [=, this](Reader& in, Writer&) {
    const std::int32_t wanted = in.i32();
    in.end();
    if (wanted != only) {
      refuse(fmt::format("{} instead of {}", wanted, only));
    }
  });
}

void NanonisService::add_modulator(const std::shared_ptr<LockInModule>& module) {
  // What the generator refuses is not kept.
  const auto change = [module](const auto& edit) {
    const LockInOutput before = module->output;
    edit(module->output);
    try {
      module->apply_output();
    } catch (const DeviceError&) {
      module->output = before;
      throw;
    }
  };
  add_fixed("LockIn.ModSignal", bias_slot);
  add_fixed("LockIn.ModPhasReg", 1);
  add_fixed("LockIn.ModHarmonic", 1);
  add_to_first("LockIn.ModOnOffGet", "u", [=](Reader& in, Writer& out) {
    in.end();
    out.u32(module->output.on ? 1 : 0);
  });
  add_to_first("LockIn.ModOnOffSet", "", [=](Reader& in, Writer&) {
    const bool on = in.u32() != 0;
    in.end();
    change([&](LockInOutput& o) { o.on = on; });
  });
  add_to_first("LockIn.ModAmpGet", "f", [=](Reader& in, Writer& out) {
    in.end();
    out.f32(module->output.amplitude_peak_v);
  });
  add_to_first("LockIn.ModAmpSet", "", [=, this](Reader& in, Writer&) {
    const double amplitude_v = in.f32();
    in.end();
    const double most = module->lock_in.limits().max_output_peak_v;
    if (!(amplitude_v >= 0.0 && amplitude_v <= most)) {
      refuse(fmt::format("an amplitude of {} V (0 to {})", amplitude_v, most));
    }
    change([&](LockInOutput& o) { o.amplitude_peak_v = amplitude_v; });
  });
  add_to_first("LockIn.ModPhasGet", "f", [=](Reader& in, Writer& out) {
    in.end();
    out.f32(0.0);
  });
  add_to_first("LockIn.ModPhasSet", "", [=, this](Reader& in, Writer&) {
    const double phase_deg = in.f32();
    in.end();
    if (phase_deg != 0.0) {
      refuse(fmt::format("{} deg (the modulation has phase 0)", phase_deg));
    }
  });
  add_to_first("LockIn.ModPhasFreqGet", "d", [=](Reader& in, Writer& out) {
    in.end();
    out.f64(module->lock_in.settings().reference_hz);
  });
  add_to_first("LockIn.ModPhasFreqSet", "", [=, this](Reader& in, Writer&) {
    const double frequency_hz = in.f64();
    in.end();
    const Range range = module->lock_in.limits().reference_hz;
    if (!range.contains(frequency_hz)) {
      refuse(fmt::format("{} Hz ({} to {})", frequency_hz, range.low, range.high));
    }
    module->lock_in.set_reference_hz(frequency_hz);
  });
  add("Bias.Set", "", [=, this](Reader& in, Writer&) {
    const double bias_v = in.f32();
    in.end();
    if (!std::isfinite(bias_v)) {
      refuse(fmt::format("a bias of {} V", bias_v));
    }
    change([&](LockInOutput& o) { o.offset_v = bias_v; });
  });
}

void NanonisService::add_demodulator(const std::shared_ptr<LockInModule>& module) {
  const auto change = [module](const auto& edit) {
    LockInSettings wanted = module->lock_in.settings();
    edit(wanted);
    module->lock_in.configure(wanted);
  };
  add_fixed("LockIn.DemodSignal", input_slot);
  add_fixed("LockIn.DemodPhasReg", 1);
  add_to_first("LockIn.DemodHarmonicGet", "i", [=](Reader& in, Writer& out) {
    in.end();
    out.i32(module->lock_in.settings().harmonic);
  });
  add_to_first("LockIn.DemodHarmonicSet", "", [=, this](Reader& in, Writer&) {
    const std::int32_t harmonic = in.i32();
    in.end();
    const int most = module->lock_in.limits().max_harmonic;
    if (harmonic < 1 || harmonic > most) {
      refuse(fmt::format("harmonic {} (1 to {})", harmonic, most));
    }
    change([&](LockInSettings& s) { s.harmonic = harmonic; });
  });
  add_to_first("LockIn.DemodPhasGet", "f", [=](Reader& in, Writer& out) {
    in.end();
    out.f32(module->lock_in.settings().phase_rad / degree);
  });
  add_to_first("LockIn.DemodPhasSet", "", [=, this](Reader& in, Writer&) {
    const double phase_deg = in.f32();
    in.end();
    if (!std::isfinite(phase_deg)) {
      refuse(fmt::format("a phase of {} deg", phase_deg));
    }
    change([&](LockInSettings& s) {
      s.phase_rad = std::remainder(phase_deg, degrees_of_a_turn) * degree;
    });
  });
  add_to_first("LockIn.DemodRTSignalsGet", "u", [=](Reader& in, Writer& out) {
    in.end();
    out.u32(module->polar ? 1 : 0);
  });
  add_to_first("LockIn.DemodRTSignalsSet", "", [=, this](Reader& in, Writer&) {
    const unsigned pair = in.u32();
    in.end();
    if (pair > 1) {
      refuse(fmt::format("no pair {} (0, 1)", pair));
    }
    module->polar = pair == 1;
    show_pair(module);
  });
}

void NanonisService::add_filters(const std::shared_ptr<LockInModule>& module) {
  const auto check = [this](std::int32_t order, std::int32_t lowest, double cutoff_hz) {
    if ((order != no_change && (order < lowest || order > highest_order)) ||
        !(cutoff_hz >= 0.0 && std::isfinite(cutoff_hz))) {
      refuse(fmt::format("a filter of order {} at {} Hz", order, cutoff_hz));
    }
  };
  add_to_first("LockIn.DemodLPFilterGet", "if", [=](Reader& in, Writer& out) {
    in.end();
    const LockInSettings now = module->lock_in.settings();
    out.i32(now.filter_order).f32(inverse(now.time_constant_s));
  });
  add_to_first("LockIn.DemodLPFilterSet", "", [=, this](Reader& in, Writer&) {
    const std::int32_t order = in.i32();
    const double cutoff_hz = in.f32();
    in.end();
    check(order, 1, cutoff_hz);
    const LockInLimits limit = module->lock_in.limits();
    LockInSettings wanted = module->lock_in.settings();
    wanted.filter_order = order == no_change ? wanted.filter_order : order;
    wanted.time_constant_s = cutoff_hz == 0.0 ? wanted.time_constant_s : inverse(cutoff_hz);
    if (wanted.filter_order > limit.max_filter_order ||
        !limit.time_constant_s.contains(wanted.time_constant_s)) {
      refuse(fmt::format("a low-pass of order {} at {} Hz", order, cutoff_hz));
    }
    module->lock_in.configure(wanted);
  });
  add_to_first("LockIn.DemodHPFilterGet", "if", [=](Reader& in, Writer& out) {
    in.end();
    out.i32(module->high_pass_order).f32(module->high_pass_hz);
  });
  add_to_first("LockIn.DemodHPFilterSet", "", [=](Reader& in, Writer&) {
    const std::int32_t order = in.i32();
    const double cutoff_hz = in.f32();
    in.end();
    check(order, 0, cutoff_hz);
    module->high_pass_order = order == no_change ? module->high_pass_order : order;
    module->high_pass_hz = cutoff_hz == 0.0 ? module->high_pass_hz : cutoff_hz;
    LockInSettings wanted = module->lock_in.settings();
    wanted.coupling = module->high_pass_order > 0 ? Coupling::ac : Coupling::dc;
    module->lock_in.configure(wanted);
  });
  add_to_first("LockIn.DemodSyncFilterGet", "u", [=](Reader& in, Writer& out) {
    in.end();
    out.u32(0);
  });
  add_to_first("LockIn.DemodSyncFilterSet", "", [=, this](Reader& in, Writer&) {
    const bool on = in.u32() != 0;
    in.end();
    if (on) {
      refuse("there is no synchronous filter");
    }
  });
}

}  // namespace halotwin::devices
