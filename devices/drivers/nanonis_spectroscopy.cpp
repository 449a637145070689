#include "devices/drivers/nanonis_spectroscopy.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Repeat;
using nanonis::Writer;

constexpr const char* operation = "run spectroscopy";
constexpr std::size_t most_points = 65536;
constexpr std::size_t most_signals = 64;
constexpr double longest_s = 1.0e5;
constexpr double rounding = 1e-5;  // relative; 32 bits
constexpr Duration patience = std::chrono::minutes(1);
constexpr std::string_view backward_mark = "[bwd]";
constexpr std::uint16_t yes = 1;  // where 0 is "no change"
constexpr std::uint16_t no = 2;

bool agree(double asked, double applied) {
  return std::abs(asked - applied) <= rounding * std::abs(asked);
}

/// "Amplitude [bwd] (m)" and "Amplitude (m) [bwd]" as "Amplitude (m)".
std::string without_mark(std::string name) {
  const std::size_t at = name.find(backward_mark);
  if (at != std::string::npos) {
    const std::size_t from = at > 0 && name[at - 1] == ' ' ? at - 1 : at;
    name.erase(from, at + backward_mark.size() - from);
  }
  return name;
}

double ways(const SpectroscopySettings& s) {
  return s.backward_too ? 2.0 : 1.0;
}

}  // namespace

/// Bias spectroscopy has a Z offset among its times.
struct NanonisSpectroscopy::Timing {
  double z_average_s = 0.0;
  double z_offset_m = 0.0;
  double initial_settling_s = 0.0;
  double slew_per_s = 0.0;
  double settling_s = 0.0;
  double integration_s = 0.0;
  double end_settling_s = 0.0;
  double z_control_s = 0.0;
};

struct NanonisSpectroscopy::Module {
  SweptQuantity swept;
  std::string name;
  [[nodiscard]] std::string command(std::string_view verb) const {
    return fmt::format("{}.{}", name, verb);
  }
  [[nodiscard]] bool of_bias() const { return swept == SweptQuantity::bias; }
  /// What the range is set to: limits of the bias; offset before the sweep, then its length.
  [[nodiscard]] std::array<double, 2> range(const SpectroscopySettings& s) const {
    return of_bias() ? std::array{s.from, s.to} : std::array{s.z_offset_m + s.from, s.to - s.from};
  }
};

struct NanonisSpectroscopy::Rows {
  std::vector<std::string> names;
  nanonis::Table table;
};

const NanonisSpectroscopy::Module& NanonisSpectroscopy::module_of(SweptQuantity swept) {
  static const Module bias{SweptQuantity::bias, "BiasSpectr"};
  static const Module height{SweptQuantity::height, "ZSpectr"};
  return swept == SweptQuantity::bias ? bias : height;
}

bool NanonisSpectroscopy::is_there(NanonisLink& link, const char* asked_by) {
  try {
    link.ask(asked_by, "BiasSpectr.LimitsGet", Writer(), [](Reader& in) {
      static_cast<void>(in.f32());
      return in.f32();
    });
    return true;
  } catch (const DeviceError& error) {
    if (error.retry() == Retry::yes) {
      throw;
    }
    return false;
  }
}

void NanonisSpectroscopy::check(const SpectroscopySettings& s) const {
  if (s.points < 2 || s.points > most_points || s.signal_indices.empty() ||
      s.signal_indices.size() > most_signals) {
    link_->refuse(operation,
                  fmt::format("{} points of {} signals (must be 2 to {}, 1 to {})",
                              s.points,
                              s.signal_indices.size(),
                              most_points,
                              most_signals));
  }
  for (const double value : {s.from, s.to, s.z_offset_m}) {
    if (!std::isfinite(value)) {
      link_->refuse(operation, fmt::format("a limit or offset is {}", value));
    }
  }
  const double points_s = static_cast<double>(s.points) * (s.settling_s + s.integration_s);
  if (!(s.initial_settling_s >= 0.0 && s.settling_s >= 0.0 && s.integration_s > 0.0 &&
        s.initial_settling_s + ways(s) * points_s <= longest_s)) {
    link_->refuse(operation,
                  fmt::format("settling of {} s and {} s, integration of {} s: must be 0 or more, "
                              "above 0, and {} s together at most",
                              s.initial_settling_s,
                              s.settling_s,
                              s.integration_s,
                              longest_s));
  }
}

NanonisSpectroscopy::Timing NanonisSpectroscopy::timing(const Module& module) const {
  return link_->ask(operation, module.command("TimingGet"), Writer(), [&](Reader& in) {
    Timing out;
    out.z_average_s = nanonis::finite_f32(in);
    out.z_offset_m = module.of_bias() ? nanonis::finite_f32(in) : 0.0;
    for (double* value : {&out.initial_settling_s,
                          &out.slew_per_s,
                          &out.settling_s,
                          &out.integration_s,
                          &out.end_settling_s,
                          &out.z_control_s}) {
      *value = nanonis::finite_f32(in);
    }
    return out;
  });
}

void NanonisSpectroscopy::set_timing(const Module& module, const SpectroscopySettings& s) {
  const Timing now = timing(module);  // the rest stays as it was set up at the controller
  Writer times;
  times.f32(now.z_average_s);
  if (module.of_bias()) {
    times.f32(s.z_offset_m);
  }
  times.f32(s.initial_settling_s).f32(now.slew_per_s).f32(s.settling_s).f32(s.integration_s);
  times.f32(now.end_settling_s).f32(now.z_control_s);
  link_->tell(operation, module.command("TimingSet"), times);
  const Timing applied = timing(module);
  if (!agree(s.initial_settling_s, applied.initial_settling_s) ||
      !agree(s.settling_s, applied.settling_s) || !agree(s.integration_s, applied.integration_s) ||
      (module.of_bias() && !agree(s.z_offset_m, applied.z_offset_m))) {
    link_->refuse(operation,
                  fmt::format("times are {}, {} and {} s, offset {} m; asked for were {}, {}, {} s "
                              "and {} m",
                              applied.initial_settling_s,
                              applied.settling_s,
                              applied.integration_s,
                              applied.z_offset_m,
                              s.initial_settling_s,
                              s.settling_s,
                              s.integration_s,
                              s.z_offset_m));
  }
}

void NanonisSpectroscopy::set_up(const Module& module, const SpectroscopySettings& s) {
  std::vector<std::int32_t> slots;
  for (const std::size_t index : s.signal_indices) {
    slots.push_back(signals_->slot(operation, index));
  }
  link_->tell(operation, module.command("Open"), Writer());
  link_->tell(operation, module.command("ChsSet"), Writer().i32s(slots));
  const std::uint16_t backward = s.backward_too ? yes : no;
  const auto points = static_cast<std::int32_t>(s.points);
  if (module.of_bias()) {
    link_->tell(
        operation,
        "BiasSpectr.PropsSet",
        Writer().u16(no).i32(1).u16(backward).i32(points).f32(s.z_offset_m).u16(no).u16(no));
    // the bias goes back, the height is held
    link_->tell(operation, "BiasSpectr.AdvPropsSet", Writer().u16(yes).u16(yes).u16(no).u16(no));
  } else {
    link_->tell(operation,
                "ZSpectr.PropsSet",
                Writer().u16(backward).i32(points).u16(1).u16(no).u16(no).u16(no));
    link_->tell(operation, "ZSpectr.AdvPropsSet", Writer().f32(0.0).u16(no).u16(no).u16(yes));
  }
  const std::array<double, 2> range = module.range(s);
  link_->tell(operation,
              module.command(module.of_bias() ? "LimitsSet" : "RangeSet"),
              Writer().f32(range[0]).f32(range[1]));
  set_timing(module, s);
  read_back(module, s);
}

void NanonisSpectroscopy::read_back(const Module& module, const SpectroscopySettings& s) {
  struct Props {
    std::int32_t points = 0;
    unsigned backward = 0;
    std::int32_t sweeps = 0;
  };
  const bool old = link_->release() == 0;
  const Props props = link_->ask(operation, module.command("PropsGet"), Writer(), [&](Reader& in) {
    Props out;
    const auto lists = [&](int count) {
      for (int k = 0; k < count; ++k) {
        static_cast<void>(in.texts());
      }
    };
    if (module.of_bias()) {
      static_cast<void>(in.u16());  // save all
      out.sweeps = in.i32();
    }
    out.backward = in.u16();
    out.points = in.i32();
    lists(old ? 3 : 2);
    if (!module.of_bias() && !old) {
      out.sweeps = in.u16();
    }
    const int rest = module.of_bias() ? (old ? 0 : 2) : (old ? 2 : 3);
    for (int k = 0; k < rest; ++k) {
      static_cast<void>(in.u16());
    }
    out.sweeps = !module.of_bias() && old ? 1 : out.sweeps;  // not told
    return out;
  });
  if (static_cast<std::size_t>(props.points) != s.points ||
      (props.backward != 0) != s.backward_too || props.sweeps != 1) {
    link_->refuse(operation,
                  fmt::format("the controller has {} points, backward {}, {} sweeps; asked for "
                              "were {}, {}, 1",
                              props.points,
                              props.backward,
                              props.sweeps,
                              s.points,
                              s.backward_too ? 1 : 0));
  }
  const std::array<double, 2> range = module.range(s);
  const auto applied = link_->ask(operation,
                                  module.command(module.of_bias() ? "LimitsGet" : "RangeGet"),
                                  Writer(),
                                  [](Reader& in) {
                                    const double first = nanonis::finite_f32(in);
                                    return std::array{first, nanonis::finite_f32(in)};
                                  });
  if (!agree(range[0], applied[0]) || !agree(range[1], applied[1])) {
    link_->refuse(
        operation,
        fmt::format(
            "the range is {}, {} instead of {}, {}", applied[0], applied[1], range[0], range[1]));
  }
}

Duration NanonisSpectroscopy::expected_time(const SpectroscopySettings& s) const {
  check(s);
  const Timing t = timing(module_of(s.swept));
  const double slewing_s =
      t.slew_per_s > 0.0 ? 2.0 * ways(s) * std::abs(s.to - s.from) / t.slew_per_s : 0.0;
  const double rest_s = t.z_average_s + t.end_settling_s + t.z_control_s + slewing_s;
  return from_seconds(s.initial_settling_s + std::clamp(rest_s, 0.0, longest_s) +
                      ways(s) * static_cast<double>(s.points) * (s.settling_s + s.integration_s));
}

NanonisSpectroscopy::Rows NanonisSpectroscopy::start(const Module& module,
                                                     const SpectroscopySettings& s,
                                                     const std::stop_token& stop) {
  return link_->ask(
      operation,
      module.command("Start"),
      Writer().u32(1).text(""),
      [](Reader& in) -> Rows {
        std::vector<std::string> names = in.texts();
        nanonis::Table table = in.table();
        static_cast<void>(in.f32s());  // parameters
        return {std::move(names), std::move(table)};
      },
      {.repeat = Repeat::no, .longer = 2 * expected_time(s) + patience, .stop = stop});
}

std::vector<double> NanonisSpectroscopy::row(const Rows& rows,
                                             const std::string& name,
                                             const SpectroscopySettings& s) {
  const auto found = std::find(rows.names.begin(), rows.names.end(), name);
  const auto k = static_cast<std::size_t>(found - rows.names.begin());
  if (found == rows.names.end() || k >= rows.table.rows) {
    link_->garbled(operation,
                   module_of(s.swept).command("Start"),
                   fmt::format("there is no \"{:.60}\" in the curve", name));
  }
  std::vector<double> out;
  for (std::size_t c = 0; c < rows.table.columns; ++c) {
    out.push_back(static_cast<double>(rows.table.values[k * rows.table.columns + c]));
  }
  return out;
}

// Backward rows stand at the places of the first row: turned round, they are in the order of
// acquisition.
SpectroscopyCurve NanonisSpectroscopy::curve(const Rows& rows, const SpectroscopySettings& s) {
  if (rows.table.columns != s.points || rows.names.empty()) {
    throw DeviceError(
        link_->role(),
        operation,
        fmt::format("the sweep ended with {} of {} points", rows.table.columns, s.points),
        Retry::yes);
  }
  Rows back;  // of the other direction, under the names of the first
  back.table = rows.table;
  for (const std::string& name : rows.names) {
    const bool marked = name.find(backward_mark) != std::string::npos;
    back.names.push_back(marked ? without_mark(name) : "");
  }
  SpectroscopyCurve out;
  out.swept_forward = row(rows, rows.names.front(), s);
  if (s.swept == SweptQuantity::height) {  // from where it counts is not said
    const double zero_m = out.swept_forward.front() - s.from;
    for (double& value : out.swept_forward) {
      value -= zero_m;
    }
  }
  const auto take = [&](const Rows& of, std::size_t index) {
    std::vector<double> values = row(of, signals_->name_at(signals_->slot(operation, index)), s);
    for (double& value : values) {
      value *= signals_->scale(index);
    }
    return values;
  };
  for (const std::size_t index : s.signal_indices) {
    out.forward.push_back(take(rows, index));
    if (s.backward_too) {
      out.backward.push_back(take(back, index));
      std::reverse(out.backward.back().begin(), out.backward.back().end());
    }
  }
  if (s.backward_too) {
    out.swept_backward.assign(out.swept_forward.rbegin(), out.swept_forward.rend());
  }
  const auto finite = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  if (!finite(out.swept_forward) || !std::all_of(out.forward.begin(), out.forward.end(), finite) ||
      !std::all_of(out.backward.begin(), out.backward.end(), finite)) {
    throw DeviceError(
        link_->role(), operation, "the sweep ended early: values are missing", Retry::yes);
  }
  return out;
}

void NanonisSpectroscopy::give_up(const Module& module, double bias_v) {
  try {
    link_->tell(operation, module.command("Stop"), Writer());
    if (link_->ask(operation, "Bias.Get", Writer(), nanonis::finite_f32) != bias_v) {
      link_->tell(operation, "Bias.Set", Writer().f32(bias_v));
    }
  } catch (const DeviceError&) {  // the first error says what is wrong
  }
}

void NanonisSpectroscopy::stop() {
  for (const SweptQuantity swept : {SweptQuantity::bias, SweptQuantity::height}) {
    link_->tell("make safe", module_of(swept).command("Stop"), Writer());
  }
}

SpectroscopyCurve NanonisSpectroscopy::run(const SpectroscopySettings& settings,
                                           const std::stop_token& stop) {
  check(settings);
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  const Module& module = module_of(settings.swept);
  const double bias_v = link_->ask(operation, "Bias.Get", Writer(), nanonis::finite_f32);
  set_up(module, settings);
  try {
    return curve(start(module, settings, stop), settings);
  } catch (const std::runtime_error&) {
    give_up(module, bias_v);
    throw;
  }
}

}  // namespace halotwin::devices
