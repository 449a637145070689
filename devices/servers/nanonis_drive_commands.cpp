// The drive of the lever: PLL 1 without its loops, and its frequency sweep.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

constexpr double degree = constants::pi / 180.0;
constexpr std::int32_t most_sweep_points = 100'000;

std::vector<float> floats(const std::vector<double>& values, double scale) {
  std::vector<float> out;
  out.reserve(values.size());
  for (const double value : values) {
    out.push_back(static_cast<float>(value * scale));
  }
  return out;
}

}  // namespace

void NanonisService::change_drive(const std::function<void(DriveSettings&)>& edit) {
  DriveSettings wanted = microscope_->drive().settings();
  edit(wanted);
  microscope_->drive().configure(wanted);
}

void NanonisService::add_drive() {
  const auto first = [this](std::int32_t index) {
    if (index != 1) {
      refuse(fmt::format("there is no PLL {}, only 1", index));
    }
  };
  const auto settings = [this] { return microscope_->drive().settings(); };
  add("PLL.OutOnOffGet", "u", [=](Reader& in, Writer& out) {
    first(in.i32());
    in.end();
    out.u32(settings().on ? 1 : 0);
  });
  add("PLL.OutOnOffSet", "", [=, this](Reader& in, Writer&) {
    first(in.i32());
    const bool on = in.u32() != 0;
    in.end();
    change_drive([&](DriveSettings& s) { s.on = on; });
  });
  add("PLL.ExcitationGet", "f", [=](Reader& in, Writer& out) {
    first(in.i32());
    in.end();
    out.f32(settings().amplitude_v);
  });
  add("PLL.ExcitationSet", "", [=, this](Reader& in, Writer&) {
    first(in.i32());
    const double amplitude_v = in.f32();
    in.end();
    change_drive([&](DriveSettings& s) { s.amplitude_v = amplitude_v; });
  });
  add("PLL.CenterFreqGet", "d", [=](Reader& in, Writer& out) {
    first(in.i32());
    in.end();
    out.f64(settings().frequency_hz);
  });
  add("PLL.CenterFreqSet", "", [=, this](Reader& in, Writer&) {
    first(in.i32());
    const double frequency_hz = in.f64();
    in.end();
    change_drive([&](DriveSettings& s) { s.frequency_hz = frequency_hz; });
  });
  add("PLL.FreqShiftGet", "f", [=](Reader& in, Writer& out) {
    first(in.i32());
    in.end();
    out.f32(0.0);
  });
  add("PLL.DemodPhasRefGet", "f", [=](Reader& in, Writer& out) {
    first(in.u16());
    in.end();
    out.f32(-settings().phase_rad / degree);
  });
  add("PLL.DemodPhasRefSet", "", [=, this](Reader& in, Writer&) {
    first(in.u16());
    const double phase_deg = in.f32();
    in.end();
    change_drive([&](DriveSettings& s) { s.phase_rad = -phase_deg * degree; });
  });
  add("PLL.InpCalibrGet", "f", [=, this](Reader& in, Writer& out) {
    first(in.i32());
    in.end();
    out.f32(microscope_->drive().sensitivity_m_per_v());
  });
  for (const char* loop : {"PLL.AmpCtrlOnOff", "PLL.PhasCtrlOnOff"}) {
    add(std::string(loop) + "Get", "u", [=](Reader& in, Writer& out) {
      first(in.i32());
      in.end();
      out.u32(0);
    });
    add(std::string(loop) + "Set", "", [=, this](Reader& in, Writer&) {
      first(in.i32());
      const bool on = in.u32() != 0;
      in.end();
      if (on) {
        refuse("amplitude and frequency of the drive have no loops of their own");
      }
    });
  }
}

void NanonisService::add_sweep() {
  add("PLL.FreqRangeGet", "f", [this](Reader& in, Writer& out) {
    static_cast<void>(in.i32());
    in.end();
    out.f32(sweep_range_hz_);
  });
  add("PLL.FreqRangeSet", "", [this](Reader& in, Writer&) {
    static_cast<void>(in.i32());
    const double range_hz = in.f32();
    in.end();
    if (!(range_hz > 0.0 && std::isfinite(range_hz))) {
      refuse(fmt::format("a range of {} Hz (must be > 0)", range_hz));
    }
    sweep_range_hz_ = range_hz;
  });
  add("PLLFreqSwp.Open", "", [](Reader& in, Writer&) {
    static_cast<void>(in.i32());
    in.end();
  });
  add("PLLFreqSwp.ParamsGet", "iff", [this](Reader& in, Writer& out) {
    static_cast<void>(in.i32());
    in.end();
    out.i32(sweep_points_).f32(sweep_period_s_).f32(sweep_settling_s_);
  });
  add("PLLFreqSwp.ParamsSet", "", [this](Reader& in, Writer&) {
    static_cast<void>(in.i32());
    const std::int32_t points = in.i32();
    const double period_s = in.f32();
    const double settling_s = in.f32();
    in.end();
    if (points < 2 || points > most_sweep_points || !(period_s >= 0.0) || !(settling_s >= 0.0)) {
      refuse(fmt::format("{} points (2 to {}), {} s and {} s (0 or more)",
                         points,
                         most_sweep_points,
                         period_s,
                         settling_s));
    }
    sweep_points_ = points;
    sweep_period_s_ = period_s;  // kept: the microscope has its own
    sweep_settling_s_ = settling_s;
  });
  add("PLLFreqSwp.Start", "STddffii", [this](Reader& in, Writer& out) {
    static_cast<void>(in.i32());
    const bool with_data = in.u32() != 0;
    const bool upwards = in.u32() != 0;
    in.end();
    CantileverDrive& drive = microscope_->drive();
    const double excitation_v = drive.settings().amplitude_v;
    const TuneResult tune = drive.tune(drive.settings().frequency_hz,
                                       sweep_range_hz_,
                                       static_cast<std::size_t>(sweep_points_),
                                       {});
    std::array<std::vector<float>, 3> rows{floats(tune.frequency_hz, 1.0),
                                           floats(tune.amplitude_m, 1.0),
                                           floats(tune.phase_rad, 1.0 / degree)};
    nanonis::Table data;
    if (with_data) {
      data.rows = rows.size();
      data.columns = tune.frequency_hz.size();
      for (std::vector<float>& row : rows) {
        if (!upwards) {
          std::reverse(row.begin(), row.end());
        }
        data.values.insert(data.values.end(), row.begin(), row.end());
      }
    }
    const auto top = std::max_element(tune.amplitude_m.begin(), tune.amplitude_m.end());
    const double top_phase_deg =
        tune.phase_rad.at(static_cast<std::size_t>(top - tune.amplitude_m.begin())) / degree;
    const double nm_per_mv =
        excitation_v > 0.0 ? tune.free_amplitude_m * 1e9 / (excitation_v * 1e3) : 0.0;
    const auto points = static_cast<std::int32_t>(tune.frequency_hz.size());
    out.texts(std::array<std::string, 3>{"Frequency (Hz)", "Amplitude (m)", "Phase (deg)"});
    out.table(data).f64(tune.resonance_hz).f64(tune.quality_factor).f32(top_phase_deg);
    out.f32(nm_per_mv).i32(points).i32(points);
  });
  add("PLLFreqSwp.Stop", "", [](Reader& in, Writer&) {
    static_cast<void>(in.i32());
    in.end();
  });
}

}  // namespace halotwin::devices
