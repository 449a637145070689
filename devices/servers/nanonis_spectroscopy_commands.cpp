// Point spectroscopy: BiasSpectr and ZSpectr.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr std::int32_t most_points = 65536;
constexpr std::size_t most_channels = 64;
constexpr double longest_s = 3600.0;
const std::array<std::string, 3> fixed_parameters{"X (m)", "Y (m)", "Z (m)"};

enum Choice : std::uint16_t { no_change = 0, on = 1, off = 2 };

/// "Amplitude (m)" -> "Amplitude [bwd] (m)".
std::string marked_backward(std::string name) {
  const std::size_t unit = name.rfind(" (");
  name.insert(unit == std::string::npos ? name.size() : unit, " [bwd]");
  return name;
}

double seconds_of(const SpectroscopySettings& s) {
  const double ways = s.backward_too ? 2.0 : 1.0;
  return s.initial_settling_s +
         ways * static_cast<double>(s.points) * (s.settling_s + s.integration_s);
}

/// Rows of a reply, each of as many floats.
class Rows {
 public:
  explicit Rows(std::size_t columns) { table_.columns = columns; }
  void add(std::string name, const std::vector<double>& values) {
    names_.push_back(std::move(name));
    for (const double value : values) {
      table_.values.push_back(static_cast<float>(value));
    }
    ++table_.rows;
  }
  void write(Writer& out, bool with_data) const {
    out.texts(names_).table(with_data ? table_ : nanonis::Table{});
  }

 private:
  std::vector<std::string> names_;
  nanonis::Table table_;
};

std::vector<double> turned_round(std::vector<double> values) {
  std::reverse(values.begin(), values.end());
  return values;
}

}  // namespace

void NanonisService::add_spectroscopy() {
  if (microscope_->spectroscopy() == nullptr) {
    return;  // a controller without these modules does not know their commands
  }
  bias_sweep_.settings.swept = SweptQuantity::bias;
  height_sweep_.settings.swept = SweptQuantity::height;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].signal && bias_sweep_.channels.empty()) {
      bias_sweep_.channels = height_sweep_.channels = {static_cast<std::int32_t>(slot)};
    }
  }
  add_bias_properties();
  add_height_properties();
  add_channels("BiasSpectr.", bias_sweep_);
  add_channels("ZSpectr.", height_sweep_);
  add_times("BiasSpectr.", bias_sweep_);
  add_times("ZSpectr.", height_sweep_);
  add_start("BiasSpectr.", bias_sweep_);
  add_start("ZSpectr.", height_sweep_);
}

void NanonisService::add_channels(const std::string& module, SpectroscopyState& state) {
  add(module + "Open", "", [](Reader& in, Writer&) { in.end(); });
  add(module + "ChsSet", "", [this, &state](Reader& in, Writer&) {
    const std::vector<std::int32_t> channels = in.i32s();
    in.end();
    const std::set<std::int32_t> different(channels.begin(), channels.end());
    if (channels.empty() || channels.size() > most_channels ||
        different.size() != channels.size()) {
      refuse(
          fmt::format("{} channels (must be 1 to {}, each once)", channels.size(), most_channels));
    }
    for (const std::int32_t channel : channels) {
      static_cast<void>(slot_of(channel));
    }
    state.channels = channels;
  });
  add(module + "ChsGet", "Iis", [this, &state](Reader& in, Writer& out) {
    in.end();
    out.i32s(state.channels);
    std::vector<std::string> names;
    std::size_t bytes = 0;
    for (const std::int32_t channel : state.channels) {
      names.push_back(slots_[static_cast<std::size_t>(channel)].name);
      bytes += 4 + names.back().size();
    }
    out.i32(static_cast<std::int32_t>(bytes));  // of 2024: without their number
    for (const std::string& name : names) {
      out.text(name);
    }
  });
}

void NanonisService::add_bias_properties() {
  SpectroscopySettings& s = bias_sweep_.settings;
  add("BiasSpectr.PropsSet", "", [this, &s](Reader& in, Writer&) {
    static_cast<void>(in.u16());  // nothing is saved
    const std::int32_t sweeps = in.i32();
    const unsigned backward = in.u16();
    const std::int32_t points = in.i32();
    const double offset_m = in.f32();
    static_cast<void>(in.u16());
    static_cast<void>(in.u16());
    in.end();
    if (sweeps < 0 || sweeps > 1 || backward > off || points < 0 || points == 1 ||
        points > most_points || !std::isfinite(offset_m)) {
      refuse(
          fmt::format("{} sweeps of {} points (must be 1, 2 to {})", sweeps, points, most_points));
    }
    s.points = points == 0 ? s.points : static_cast<std::size_t>(points);
    s.backward_too = backward == no_change ? s.backward_too : backward == on;
    s.z_offset_m = offset_m;
  });
  add("BiasSpectr.PropsGet", "hihiSShh", [&s](Reader& in, Writer& out) {
    in.end();
    out.u16(0).i32(1).u16(s.backward_too ? 1 : 0).i32(static_cast<std::int32_t>(s.points));
    out.texts({}).texts(fixed_parameters).u16(0).u16(0);
  });
  add("BiasSpectr.AdvPropsSet", "", [this](Reader& in, Writer&) {
    const unsigned reset = in.u16();
    const unsigned hold = in.u16();
    static_cast<void>(in.u16());
    static_cast<void>(in.u16());
    in.end();
    if (reset == off || hold == off) {
      refuse("the bias always goes back, and the height is always held");
    }
  });
  add("BiasSpectr.AdvPropsGet", "hhhh", [](Reader& in, Writer& out) {
    in.end();
    out.u16(1).u16(1).u16(0).u16(0);
  });
  add("BiasSpectr.LimitsSet", "", [this, &s](Reader& in, Writer&) {
    const double from_v = in.f32();
    const double to_v = in.f32();
    in.end();
    if (!std::isfinite(from_v) || !std::isfinite(to_v)) {
      refuse(fmt::format("from {} to {} V", from_v, to_v));
    }
    s.from = from_v;
    s.to = to_v;
  });
  add("BiasSpectr.LimitsGet", "ff", [&s](Reader& in, Writer& out) {
    in.end();
    out.f32(s.from).f32(s.to);
  });
}

void NanonisService::add_height_properties() {
  SpectroscopySettings& s = height_sweep_.settings;
  add("ZSpectr.PropsSet", "", [this, &s](Reader& in, Writer&) {
    const unsigned backward = in.u16();
    const std::int32_t points = in.i32();
    const unsigned sweeps = in.u16();
    static_cast<void>(in.u16());
    static_cast<void>(in.u16());
    static_cast<void>(in.u16());
    in.end();
    if (sweeps > 1 || backward > off || points < 0 || points == 1 || points > most_points) {
      refuse(
          fmt::format("{} sweeps of {} points (must be 1, 2 to {})", sweeps, points, most_points));
    }
    s.points = points == 0 ? s.points : static_cast<std::size_t>(points);
    s.backward_too = backward == no_change ? s.backward_too : backward == on;
  });
  add("ZSpectr.PropsGet", "hiSShhhh", [&s](Reader& in, Writer& out) {
    in.end();
    out.u16(s.backward_too ? 1 : 0).i32(static_cast<std::int32_t>(s.points));
    out.texts({}).texts(fixed_parameters).u16(1).u16(0).u16(0).u16(0);
  });
  add("ZSpectr.AdvPropsSet", "", [this](Reader& in, Writer&) {
    const double pause_s = in.f32();
    static_cast<void>(in.u16());
    static_cast<void>(in.u16());
    const unsigned reset = in.u16();
    in.end();
    if (pause_s != 0.0 || reset == off) {
      refuse("there is no pause between both ways, and the height always goes back");
    }
  });
  add("ZSpectr.AdvPropsGet", "fhhh", [](Reader& in, Writer& out) {
    in.end();
    out.f32(0.0).u16(0).u16(0).u16(1);
  });
  add("ZSpectr.RangeSet", "", [this, &s](Reader& in, Writer&) {
    const double offset_m = in.f32();
    const double distance_m = in.f32();
    in.end();
    if (!std::isfinite(offset_m) || !std::isfinite(distance_m)) {
      refuse(fmt::format("{} m from an offset of {} m", distance_m, offset_m));
    }
    s.z_offset_m = offset_m;
    s.from = 0.0;
    s.to = distance_m;
  });
  add("ZSpectr.RangeGet", "ff", [&s](Reader& in, Writer& out) {
    in.end();
    out.f32(s.z_offset_m).f32(s.to);
  });
}

// Bias spectroscopy has its Z offset among them.
void NanonisService::add_times(const std::string& module, SpectroscopyState& state) {
  const bool with_offset = state.settings.swept == SweptQuantity::bias;
  add(module + "TimingSet", "", [this, &state, with_offset](Reader& in, Writer&) {
    SpectroscopyState wanted = state;
    SpectroscopySettings& s = wanted.settings;
    wanted.idle[0] = in.f32();
    s.z_offset_m = with_offset ? in.f32() : s.z_offset_m;
    s.initial_settling_s = in.f32();
    wanted.idle[1] = in.f32();
    s.settling_s = in.f32();
    s.integration_s = in.f32();
    wanted.idle[2] = in.f32();
    wanted.idle[3] = in.f32();
    in.end();
    const bool idle = std::all_of(wanted.idle.begin(), wanted.idle.end(), [](double value) {
      return value >= 0.0 && std::isfinite(value);
    });
    if (!idle || !std::isfinite(s.z_offset_m) || !(s.initial_settling_s >= 0.0) ||
        !(s.settling_s >= 0.0) || !(s.integration_s > 0.0) ||
        !std::isfinite(s.initial_settling_s + s.settling_s + s.integration_s)) {
      refuse("times must be 0 or more, and above 0 for the integration");
    }
    state = wanted;
  });
  add(module + "TimingGet",
      with_offset ? "ffffffff" : "fffffff",
      [&state, with_offset](Reader& in, Writer& out) {
        in.end();
        const SpectroscopySettings& s = state.settings;
        out.f32(state.idle[0]);
        if (with_offset) {
          out.f32(s.z_offset_m);
        }
        out.f32(s.initial_settling_s).f32(state.idle[1]).f32(s.settling_s).f32(s.integration_s);
        out.f32(state.idle[2]).f32(state.idle[3]);
      });
}

void NanonisService::add_start(const std::string& module, SpectroscopyState& state) {
  add(module + "Start", "STF", [this, &state](Reader& in, Writer& out) {
    const bool with_data = in.u32() != 0;
    static_cast<void>(in.text());  // nothing is saved
    in.end();
    SpectroscopySettings settings = state.settings;
    if (!(seconds_of(settings) <= longest_s)) {
      refuse(fmt::format(
          "a sweep of {:.3g} s (must be {} s at most)", seconds_of(settings), longest_s));
    }
    for (const std::int32_t channel : state.channels) {
      if (const auto& signal = slots_[static_cast<std::size_t>(channel)].signal) {
        settings.signal_indices.push_back(*signal);
      }
    }
    if (settings.signal_indices.empty()) {
      refuse("none of the channels changes");
    }
    follow_scan();
    if (scan_.running) {
      refuse("a scan is under way");
    }
    const bool of_bias = settings.swept == SweptQuantity::bias;
    SpectroscopyCurve curve = microscope_->spectroscopy()->run(settings, {});
    if (!of_bias) {
      for (double& value : curve.swept_forward) {
        value += settings.z_offset_m;
      }
    }
    Rows rows(curve.swept_forward.size());
    rows.add(of_bias ? "Bias calc (V)" : "Z rel (m)", curve.swept_forward);
    const auto add_rows = [&](const std::vector<std::vector<double>>& values, bool backward) {
      std::size_t next = 0;
      for (const std::int32_t channel : state.channels) {
        const Slot& slot = slots_[static_cast<std::size_t>(channel)];
        const std::vector<double> row =
            slot.signal ? values.at(next++)
                        : std::vector<double>(curve.swept_forward.size(), slot.value());
        rows.add(backward ? marked_backward(slot.name) : slot.name,
                 backward ? turned_round(row) : row);
      }
    };
    add_rows(curve.forward, false);
    if (settings.backward_too) {
      add_rows(curve.backward, true);
    }
    rows.write(out, with_data);
    const Point at = microscope_->positioner().position();
    const auto narrow = [](double value) { return static_cast<float>(value); };
    out.f32s(std::array{narrow(at.x_m), narrow(at.y_m), narrow(microscope_->height().height_m())});
  });
  // A sweep is over when its start is answered.
  add(module + "Stop", "", [](Reader& in, Writer&) { in.end(); });
  add(module + "StatusGet", "u", [](Reader& in, Writer& out) {
    in.end();
    out.u32(0);
  });
}

}  // namespace halotwin::devices
