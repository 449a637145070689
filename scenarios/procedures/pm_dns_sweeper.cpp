#include "scenarios/procedures/pm_dns_sweeper.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/require.hpp"
#include "scenarios/procedures/lock_in_output.hpp"

namespace halotwin::scenarios {

void validate(const FrequencyGrid& p) {
  require_range("from_hz", p.from_hz, 1e-3, 1e6);
  require_range("to_hz", p.to_hz, 1e-3, 1e6);
  require_range("points", p.points, 2, 100000);
  require(p.to_hz > p.from_hz, "to_hz", p.to_hz, fmt::format("> from_hz = {}", p.from_hz));
}

std::vector<double> frequencies(const FrequencyGrid& grid) {
  const auto points = static_cast<std::size_t>(grid.points);
  return grid.spacing == Spacing::log ? log_spacing(grid.from_hz, grid.to_hz, points)
                                      : linear_spacing(grid.from_hz, grid.to_hz, points);
}

void validate(const PmDnsSweepPlan& p) {
  require_range("setpoint_fraction", p.setpoint_fraction, 0.05, 0.99);
  require_range("mechanical_drive_v", p.mechanical_drive_v, 1e-6, 10.0);
  require_range("drive_detuning_hz", p.drive_detuning_hz, -1e5, 1e5);
  require_positive("tune_centre_hz", p.tune_centre_hz);
  require_positive("tune_span_hz", p.tune_span_hz);
  require_range("tune_points", p.tune_points, 5, 100000);
  require_positive("move_speed_m_per_s", p.move_speed_m_per_s);
  require_positive("withdraw_m", p.withdraw_m);
  require_positive("approach_timeout_s", p.approach_timeout_s);
  require_range("dwell_s", p.dwell_s, 0.0, 1e5);
  validate(p.frequencies);
  require_range("drive_peak_v", p.drive_peak_v, 0.0, 100.0);
  require_range("offset_v", p.offset_v, -100.0, 100.0);
  require_range("reference_offset_v", p.reference_offset_v, -100.0, 100.0);
  require_range("sweep_time_s", p.sweep_time_s, 0.0, 1e6);
  require_range("settle_time_constants", p.settle_time_constants, 0.1, 1e3);
  require_range("time_constant_periods", p.time_constant_periods, 1e-3, 1e3);
  require_positive("min_time_constant_s", p.min_time_constant_s);
  require(p.max_time_constant_s >= p.min_time_constant_s,
          "max_time_constant_s",
          p.max_time_constant_s,
          ">= min_time_constant_s");
  require_range("filter_order", p.filter_order, 1, 8);
  require_positive("phase_scale_v_per_rad", p.phase_scale_v_per_rad);
  require_range("phase_output", p.phase_output, 1, 4);
  require_positive("mechanical_time_constant_s", p.mechanical_time_constant_s);
  require_range("mechanical_filter_order", p.mechanical_filter_order, 1, 8);
  require_positive("input_range_v", p.input_range_v);
  static_cast<void>(plan_sweep(p));
}

std::vector<devices::SweepStep> plan_sweep(const PmDnsSweepPlan& plan) {
  std::vector<devices::SweepStep> steps;
  double total_s = 0.0;
  for (const double frequency : frequencies(plan.frequencies)) {
    const double tau = std::clamp(
        plan.time_constant_periods / frequency, plan.min_time_constant_s, plan.max_time_constant_s);
    steps.push_back({frequency, tau, {}});
    total_s += plan.settle_time_constants * tau;
  }
  const double stretch = plan.sweep_time_s > 0.0 ? plan.sweep_time_s / total_s : 1.0;
  require(stretch >= 1.0 - 1e-9,
          "sweep_time_s",
          plan.sweep_time_s,
          fmt::format(">= {:.3f}, what the settle rule needs, or 0", total_s));
  for (devices::SweepStep& step : steps) {
    step.time_constant_s *= stretch;
    step.wait = from_seconds(plan.settle_time_constants * step.time_constant_s);
  }
  return steps;
}

PmDnsInstruments::PmDnsInstruments(const RunContext& context)
    : afm(context.bench.get<devices::ProbeMicroscope>("afm", "probe microscope")),
      mechanical(context.bench.get<devices::LockIn>("lockin_mechanical", "lock-in amplifier")),
      electrical(context.bench.get<devices::LockIn>("lockin_electrical", "lock-in amplifier")),
      clock(context.bench.clock()),
      amplitude_signal(devices::find_signal(afm.signals(), "afm", "amplitude")) {}

PmDnsSweeper::PmDnsSweeper(const PmDnsSweepPlan& plan, std::string procedure)
    : plan_(plan), procedure_(std::move(procedure)), steps_(plan_sweep(plan)), both_ways_(steps_) {
  both_ways_.insert(both_ways_.end(), steps_.rbegin(), steps_.rend());
}

Duration PmDnsSweeper::sweep_time() const {
  Duration sweep{};
  for (const devices::SweepStep& step : steps_) {
    sweep += 2 * step.wait;
  }
  return sweep;
}

Duration PmDnsSweeper::spot_time(double travel_m) const {
  // approach and retract depend on the instrument; 0.4 s is what the twin's takes
  return sweep_time() + from_seconds(plan_.dwell_s + 0.4 + travel_m / plan_.move_speed_m_per_s);
}

data::Axis PmDnsSweeper::frequency_axis() const {
  return {"frequency", "Hz", frequencies(plan_.frequencies), "stimulus frequency (Hz)"};
}

data::Axis PmDnsSweeper::direction_axis() {
  return {"direction", "1", {0.0, 1.0}, "direction (0 = upward sweep, 1 = downward)"};
}

void PmDnsSweeper::define(data::RecordingWriter& recording) {
  tune_ = recording.add_signal(
      {.group = "tune",
       .type = data::ElementType::f64,
       .unit = "1",
       .axes = {data::Axis{"quantity", "1", {0, 1, 2, 3, 4, 5}}},
       .title = "cantilever tune",
       .description = "resonance (Hz), its sigma (Hz), quality factor, its sigma, free "
                      "amplitude (m), drive frequency used (Hz)"});
  Table sweep;
  Array taus;
  Array waits;
  for (const devices::SweepStep& step : steps_) {
    taus.push_back(Value{step.time_constant_s, {}});
    waits.push_back(Value{seconds(step.wait), {}});
  }
  sweep.set("time_constant_s", Value{taus, {}});
  sweep.set("settling_s", Value{waits, {}});
  sweep.set("filter_order", Value{std::int64_t{plan_.filter_order}, {}});
  sweep.set("harmonic", Value{std::int64_t{2}, {}});
  sweep.set("drive_peak_v", Value{plan_.drive_peak_v, {}});
  sweep.set("offset_v", Value{plan_.offset_v, {}});
  sweep.set("input_range_v", Value{plan_.input_range_v, {}});
  recording.add_collection("instrument/lockin_electrical", sweep, "NXcollection");
  Table mechanical;
  mechanical.set("time_constant_s", Value{plan_.mechanical_time_constant_s, {}});
  mechanical.set("filter_order", Value{std::int64_t{plan_.mechanical_filter_order}, {}});
  mechanical.set("phase_scale_v_per_rad", Value{plan_.phase_scale_v_per_rad, {}});
  recording.add_collection("instrument/lockin_mechanical", mechanical, "NXcollection");
}

void PmDnsSweeper::say(const PmDnsInstruments& with,
                       const RunContext& context,
                       Level level,
                       const std::string& text) const {
  context.bench.events().write({with.clock.now(), level, procedure_, text});
}

void PmDnsSweeper::set_feedback(const PmDnsInstruments& with, double setpoint_fraction) const {
  devices::FeedbackSettings feedback = with.afm.height().settings();
  feedback.setpoint_fraction = setpoint_fraction;
  with.afm.height().configure(feedback);
}

void PmDnsSweeper::configure_lock_ins(const PmDnsInstruments& with) {
  devices::LockInSettings mechanical;
  mechanical.reference = devices::Reference::external;  // the AFM's mechanical drive
  mechanical.reference_hz = with.afm.drive().settings().frequency_hz;
  mechanical.time_constant_s = plan_.mechanical_time_constant_s;
  mechanical.filter_order = plan_.mechanical_filter_order;
  const devices::LockInSettings applied = with.mechanical.configure(mechanical);
  require(std::abs(applied.time_constant_s / plan_.mechanical_time_constant_s - 1.0) < 0.5,
          fmt::format("lockin_mechanical has no time constant near {} s (it took {} s)",
                      plan_.mechanical_time_constant_s,
                      applied.time_constant_s));
  send_phase(with.mechanical, plan_.phase_output, plan_.phase_scale_v_per_rad);

  static_cast<void>(with.electrical.configure({.reference_hz = steps_.front().reference_hz,
                                               .harmonic = 2,
                                               .time_constant_s = steps_.front().time_constant_s,
                                               .filter_order = plan_.filter_order,
                                               .input_range_v = plan_.input_range_v,
                                               .coupling = devices::Coupling::ac}));
  set_stimulus(with, plan_.offset_v);
}

void PmDnsSweeper::set_stimulus(const PmDnsInstruments& with, double offset_v) const {
  set_stimulus(with, offset_v, plan_.drive_peak_v);
}

void PmDnsSweeper::set_stimulus(const PmDnsInstruments& with,
                                double offset_v,
                                double drive_peak_v) {
  with.electrical.set_output({true, drive_peak_v, offset_v});
}

void PmDnsSweeper::tune(const PmDnsInstruments& with, const RunContext& context) {
  devices::CantileverDrive& drive = with.afm.drive();
  devices::DriveSettings settings = drive.settings();
  settings.on = true;
  settings.amplitude_v = plan_.mechanical_drive_v;
  if (context.first_unit >
      0) {  // taken up again: the drive of the first part, so that all pixels are alike
    std::vector<double> kept(6);
    context.recording.read(tune_, {0}, std::span<double>(kept));
    settings.frequency_hz = kept[5];
    tuned_amplitude_m_ = kept[4];
    tuned_drive_ = drive.configure(settings);
    return;
  }
  drive.configure(settings);
  const devices::TuneResult found = drive.tune(plan_.tune_centre_hz,
                                               plan_.tune_span_hz,
                                               static_cast<std::size_t>(plan_.tune_points),
                                               context.stop);
  settings.frequency_hz = found.resonance_hz + plan_.drive_detuning_hz;
  tuned_drive_ = drive.configure(settings);
  tuned_amplitude_m_ = found.free_amplitude_m;
  const std::vector<double> record{found.resonance_hz,
                                   found.resonance_sigma_hz,
                                   found.quality_factor,
                                   found.quality_factor_sigma,
                                   found.free_amplitude_m,
                                   settings.frequency_hz};
  context.recording.write(tune_, {0}, std::span<const double>(record));
  say(with,
      context,
      Level::info,
      fmt::format("tuned: resonance {:.1f} Hz, quality factor {:.1f}, drive at {:.1f} Hz",
                  found.resonance_hz,
                  found.quality_factor,
                  settings.frequency_hz));
}

void PmDnsSweeper::approach(const PmDnsInstruments& with,
                            const RunContext& context,
                            Point at) const {
  devices::TipPositioner& xy = with.afm.positioner();
  const Duration travel = xy.start_move(at, plan_.move_speed_m_per_s);
  if (!xy.wait_move(2 * travel + from_seconds(1.0), context.stop)) {
    throw devices::DeviceError(
        "afm", "move", "the tip did not arrive in time", devices::Retry::yes);
  }
  const Duration timeout = from_seconds(plan_.approach_timeout_s);
  try {
    with.afm.height().approach(timeout, context.stop);
  } catch (const devices::DeviceError& error) {
    if (error.retry() == devices::Retry::no) {
      throw;
    }
    say(with, context, Level::warning, fmt::format("{}; trying once more", error.what()));
    withdraw(with, context);
    with.afm.height().approach(timeout, context.stop);
  }
  with.clock.sleep(from_seconds(plan_.dwell_s), context.stop);
}

void PmDnsSweeper::withdraw(const PmDnsInstruments& with, const RunContext& context) const {
  with.afm.height().withdraw(
      plan_.withdraw_m, from_seconds(plan_.approach_timeout_s), context.stop);
}

void PmDnsSweeper::sweep(const PmDnsInstruments& with,
                         const std::stop_token& stop,
                         PmDnsSpot& spot) {
  const std::vector<devices::LockInReading> taken = with.electrical.sweep(both_ways_, stop);
  const std::size_t n = points();
  spot.readings.resize(2 * n);
  for (std::size_t k = 0; k < taken.size(); ++k) {
    const std::size_t slot = k < n ? k : 3 * n - 1 - k;  // down again, stored by frequency
    spot.readings[slot] = {static_cast<float>(taken[k].x_v), static_cast<float>(taken[k].y_v)};
    spot.overload = spot.overload || taken[k].overload;
  }
}

void PmDnsSweeper::measure(const PmDnsInstruments& with,
                           const RunContext& context,
                           Point at,
                           const std::function<void()>& engaged,
                           PmDnsSpot& spot) {
  spot.start_s = seconds(with.clock.now());
  spot.overload = false;
  approach(with, context, at);
  spot.height_m = with.afm.height().height_m();
  const std::array<std::size_t, 1> index{with.amplitude_signal};
  with.afm.signals().read(index, std::span(&spot.amplitude_m, 1));
  if (engaged) {
    engaged();
  }
  sweep(with, context.stop, spot);
  withdraw(with, context);
}

}  // namespace halotwin::scenarios
