#include "scenarios/procedures/pm_dns_map.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"

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

void validate(const PmDnsMapPlan& p) {
  require_range("columns", p.columns, 1, 65536);
  require_range("rows", p.rows, 1, 65536);
  require_range("step_m", p.step_m, 1e-11, 1e-3);
  for (const double value : {p.first_pixel_m[0], p.first_pixel_m[1]}) {
    require_range("first_pixel_m", value, -1e-2, 1e-2);
  }
  for (const double value : {p.reference_m[0], p.reference_m[1]}) {
    require_range("reference_m", value, -1e-2, 1e-2);
  }
  require_range("reference_repeats", p.reference_repeats, 1, 10000);
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
  require_positive("mechanical_time_constant_s", p.mechanical_time_constant_s);
  require_range("mechanical_filter_order", p.mechanical_filter_order, 1, 8);
  require_positive("input_range_v", p.input_range_v);
  static_cast<void>(plan_sweep(p));
}

std::vector<SweepStep> plan_sweep(const PmDnsMapPlan& plan) {
  std::vector<SweepStep> steps;
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
  for (SweepStep& step : steps) {
    step.time_constant_s *= stretch;
    step.wait = from_seconds(plan.settle_time_constants * step.time_constant_s);
  }
  return steps;
}

namespace {

using devices::LockIn;
using devices::ProbeMicroscope;

std::vector<double> positions(double first_m, double step_m, int count) {
  return linear_spacing(first_m, first_m + step_m * (count - 1), static_cast<std::size_t>(count));
}

class PmDnsMap final : public Procedure {
 public:
  explicit PmDnsMap(const PmDnsMapPlan& plan) : plan_(plan), steps_(plan_sweep(plan)) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  struct Instruments {
    ProbeMicroscope& afm;
    LockIn& mechanical;
    LockIn& electrical;
    Clock& clock;
  };
  struct Pixel {
    std::vector<std::complex<float>> readings;  // (direction, frequency)
    double start_s = 0.0;
    double height_m = 0.0;
    double amplitude_m = 0.0;
    bool overload = false;
  };

  [[nodiscard]] std::size_t points() const { return steps_.size(); }
  void configure_lock_ins(const Instruments& with);
  void tune(const Instruments& with, const RunContext& context);
  void measure_reference(const Instruments& with, const RunContext& context);
  void approach(const Instruments& with, const RunContext& context, Point at);
  void withdraw(const Instruments& with, const RunContext& context);
  void sweep(const Instruments& with, const std::stop_token& stop, Pixel& pixel);
  void measure_pixel(const Instruments& with,
                     const RunContext& context,
                     std::size_t unit,
                     Pixel& pixel);
  void record(data::RecordingWriter& recording, std::size_t unit, const Pixel& pixel);
  void record_mean(data::RecordingWriter& recording);
  void step_to(const Instruments& with, const SweepStep& step);
  void define_sweep_settings(data::RecordingWriter& recording);

  PmDnsMapPlan plan_;
  std::vector<SweepStep> steps_;
  devices::LockInSettings electrical_settings_;
  std::size_t amplitude_signal_ = 0;
  std::vector<float> row_amplitude_, row_phase_;
  data::SignalId demodulated_, amplitude_, phase_, topography_, mechanical_, time_, overload_,
      reference_, mean_, tune_;
};

Estimate PmDnsMap::estimate() const {
  Duration sweep{};
  for (const SweepStep& step : steps_) {
    sweep += 2 * step.wait;
  }
  const auto pixels =
      static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  // approach and retract depend on the instrument; 0.4 s is what the twin's takes
  const Duration pixel =
      sweep + from_seconds(plan_.dwell_s + 0.4 + plan_.step_m / plan_.move_speed_m_per_s);
  Estimate e;
  e.units = pixels;
  e.readings = 2 * pixels * points();
  e.duration = pixel * static_cast<std::int64_t>(pixels) + sweep * plan_.reference_repeats;
  return e;
}

void PmDnsMap::describe(data::RecordingHeader& header) const {
  header.procedure = "pm_dns_map";
  header.definition = "NXafm";
  header.experiment_technique = "AFM";
  header.scan_mode = "tapping mode";
  header.units_total = estimate().units;
  header.unit_word = "pixel";
  header.scan = data::ScanArea{plan_.first_pixel_m[0],
                               plan_.first_pixel_m[0] + plan_.step_m * (plan_.columns - 1),
                               plan_.first_pixel_m[1],
                               plan_.first_pixel_m[1] + plan_.step_m * (plan_.rows - 1),
                               static_cast<std::size_t>(plan_.columns),
                               static_cast<std::size_t>(plan_.rows)};
}

void PmDnsMap::define(data::RecordingWriter& recording) {
  using data::Axis;
  using data::ElementType;
  using data::Interpretation;
  const Axis x{"x", "m", positions(plan_.first_pixel_m[0], plan_.step_m, plan_.columns)};
  const Axis y{"y", "m", positions(plan_.first_pixel_m[1], plan_.step_m, plan_.rows)};
  const Axis frequency{
      "frequency", "Hz", frequencies(plan_.frequencies), "stimulus frequency (Hz)"};
  const Axis direction{"direction", "1", {0.0, 1.0}, "direction (0 = upward sweep, 1 = downward)"};
  const Axis repeat{
      "repeat",
      "1",
      linear_spacing(
          0, plan_.reference_repeats - 1, static_cast<std::size_t>(plan_.reference_repeats))};

  demodulated_ =
      recording.add_signal({.group = "demodulated",
                            .type = ElementType::complex64,
                            .unit = "V",
                            .axes = {y, x, direction, frequency},
                            .title = "lock-in 2, second harmonic of the mechanical phase",
                            .description = "x + i y, peak amplitude, time dependence exp(+i w t)"});
  amplitude_ =
      recording.add_signal({.group = "amplitude",
                            .type = ElementType::f32,
                            .unit = "V",
                            .axes = {y, x, frequency},
                            .title = "PM-DNS amplitude",
                            .long_name = "amplitude (V)",
                            .description = "modulus of the mean of the two sweep directions",
                            .is_default_plot = true});
  phase_ = recording.add_signal({.group = "phase",
                                 .type = ElementType::f32,
                                 .unit = "rad",
                                 .axes = {y, x, frequency},
                                 .title = "PM-DNS phase"});
  const auto image = [&](const char* group, ElementType type, const char* unit, const char* title) {
    return recording.add_signal({.group = group,
                                 .type = type,
                                 .unit = unit,
                                 .axes = {y, x},
                                 .interpretation = Interpretation::image,
                                 .title = title});
  };
  topography_ = image("topography", ElementType::f32, "m", "topography");
  mechanical_ = image("mechanical_amplitude", ElementType::f32, "m", "mechanical amplitude");
  time_ = image("pixel_time", ElementType::f64, "s", "start of the pixel");
  overload_ = image("overload", ElementType::u8, "1", "readings overloaded");
  reference_ = recording.add_signal({.group = "reference",
                                     .type = ElementType::complex64,
                                     .unit = "V",
                                     .axes = {repeat, direction, frequency},
                                     .title = "reference sweep over bare metal"});
  mean_ = recording.add_signal({.group = "mean_spectrum",
                                .type = ElementType::f32,
                                .unit = "V",
                                .axes = {frequency},
                                .title = "mean PM-DNS amplitude"});
  tune_ = recording.add_signal(
      {.group = "tune",
       .type = ElementType::f64,
       .unit = "1",
       .axes = {Axis{"quantity", "1", {0, 1, 2, 3, 4, 5}}},
       .title = "cantilever tune",
       .description = "resonance (Hz), its sigma (Hz), quality factor, its sigma, free "
                      "amplitude (m), drive frequency used (Hz)"});
  define_sweep_settings(recording);
}

void PmDnsMap::define_sweep_settings(data::RecordingWriter& recording) {
  Table sweep;
  Array taus;
  Array waits;
  for (const SweepStep& step : steps_) {
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
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

void PmDnsMap::configure_lock_ins(const Instruments& with) {
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
  with.mechanical.set_aux_output(0,
                                 {devices::AuxQuantity::phase, plan_.phase_scale_v_per_rad, 0.0});

  electrical_settings_ = {};
  electrical_settings_.harmonic = 2;
  electrical_settings_.filter_order = plan_.filter_order;
  electrical_settings_.input_range_v = plan_.input_range_v;
  electrical_settings_.coupling = devices::Coupling::ac;
  step_to(with, steps_.front());
  with.electrical.set_output({true, plan_.drive_peak_v, plan_.offset_v});
}

void PmDnsMap::step_to(const Instruments& with, const SweepStep& step) {
  electrical_settings_.reference_hz = step.frequency_hz;
  electrical_settings_.time_constant_s = step.time_constant_s;
  static_cast<void>(with.electrical.configure(electrical_settings_));
}

void PmDnsMap::tune(const Instruments& with, const RunContext& context) {
  devices::CantileverDrive& drive = with.afm.drive();
  devices::DriveSettings settings = drive.settings();
  settings.on = true;
  settings.amplitude_v = plan_.mechanical_drive_v;
  if (context.first_unit >
      0) {  // taken up again: the drive of the first part, so that all pixels are alike
    std::vector<double> kept(6);
    context.recording.read(tune_, {0}, std::span<double>(kept));
    settings.frequency_hz = kept[5];
    drive.configure(settings);
    return;
  }
  drive.configure(settings);
  const devices::TuneResult found = drive.tune(plan_.tune_centre_hz,
                                               plan_.tune_span_hz,
                                               static_cast<std::size_t>(plan_.tune_points),
                                               context.stop);
  settings.frequency_hz = found.resonance_hz + plan_.drive_detuning_hz;
  drive.configure(settings);
  const std::vector<double> record{found.resonance_hz,
                                   found.resonance_sigma_hz,
                                   found.quality_factor,
                                   found.quality_factor_sigma,
                                   found.free_amplitude_m,
                                   settings.frequency_hz};
  context.recording.write(tune_, {0}, std::span<const double>(record));
  context.bench.events().write(
      {with.clock.now(),
       Level::info,
       "pm_dns_map",
       fmt::format("tuned: resonance {:.1f} Hz, quality factor {:.1f}, drive at {:.1f} Hz",
                   found.resonance_hz,
                   found.quality_factor,
                   settings.frequency_hz)});
}

void PmDnsMap::approach(const Instruments& with, const RunContext& context, Point at) {
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
    context.bench.events().write({with.clock.now(),
                                  Level::warning,
                                  "pm_dns_map",
                                  fmt::format("{}; trying once more", error.what())});
    withdraw(with, context);
    with.afm.height().approach(timeout, context.stop);
  }
  with.clock.sleep(from_seconds(plan_.dwell_s), context.stop);
}

void PmDnsMap::withdraw(const Instruments& with, const RunContext& context) {
  with.afm.height().withdraw(
      plan_.withdraw_m, from_seconds(plan_.approach_timeout_s), context.stop);
}

void PmDnsMap::sweep(const Instruments& with, const std::stop_token& stop, Pixel& pixel) {
  const std::size_t n = points();
  pixel.readings.resize(2 * n);
  const auto take = [&](std::size_t slot, const SweepStep& step) {
    step_to(with, step);
    with.clock.sleep(step.wait, stop);
    const devices::LockInReading reading = with.electrical.read();
    pixel.readings[slot] = {static_cast<float>(reading.x_v), static_cast<float>(reading.y_v)};
    pixel.overload = pixel.overload || reading.overload;
  };
  for (std::size_t i = 0; i < n; ++i) {
    take(i, steps_[i]);
  }
  for (std::size_t i = n; i-- > 0;) {
    take(n + i, steps_[i]);
  }
}

void PmDnsMap::measure_reference(const Instruments& with, const RunContext& context) {
  Pixel pixel;
  with.electrical.set_output({true, plan_.drive_peak_v, plan_.reference_offset_v});
  approach(with, context, {plan_.reference_m[0], plan_.reference_m[1]});
  for (std::size_t repeat = 0; repeat < static_cast<std::size_t>(plan_.reference_repeats);
       ++repeat) {
    sweep(with, context.stop, pixel);
    context.recording.write(
        reference_, {repeat}, std::span<const std::complex<float>>(pixel.readings));
  }
  withdraw(with, context);
  context.bench.events().write(
      {with.clock.now(),
       pixel.overload ? Level::warning : Level::info,
       "pm_dns_map",
       pixel.overload ? "reference sweep overloaded: raise procedure.pm_dns_map.input_range_v"
                      : "reference sweep over metal done"});
}

void PmDnsMap::measure_pixel(const Instruments& with,
                             const RunContext& context,
                             std::size_t unit,
                             Pixel& pixel) {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t ix = unit % columns;
  const std::size_t iy = unit / columns;
  const Point at{plan_.first_pixel_m[0] + plan_.step_m * static_cast<double>(ix),
                 plan_.first_pixel_m[1] + plan_.step_m * static_cast<double>(iy)};
  pixel.start_s = seconds(with.clock.now());
  pixel.overload = false;
  approach(with, context, at);
  pixel.height_m = with.afm.height().height_m();
  const std::array<std::size_t, 1> index{amplitude_signal_};
  with.afm.signals().read(index, std::span(&pixel.amplitude_m, 1));
  if (context.unit_measured) {
    context.unit_measured(unit);
  }
  sweep(with, context.stop, pixel);
  withdraw(with, context);
}

void PmDnsMap::record(data::RecordingWriter& recording, std::size_t unit, const Pixel& pixel) {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t iy = unit / columns;
  const std::size_t ix = unit % columns;
  const std::size_t n = points();
  for (std::size_t i = 0; i < n; ++i) {
    const std::complex<float> mean = 0.5F * (pixel.readings[i] + pixel.readings[n + i]);
    row_amplitude_[i] = std::abs(mean);
    row_phase_[i] = std::arg(mean);
  }
  recording.write(demodulated_, {iy, ix}, std::span<const std::complex<float>>(pixel.readings));
  recording.write(amplitude_, {iy, ix}, std::span<const float>(row_amplitude_));
  recording.write(phase_, {iy, ix}, std::span<const float>(row_phase_));
  recording.write_value(topography_, {iy, ix}, pixel.height_m);
  recording.write_value(mechanical_, {iy, ix}, pixel.amplitude_m);
  recording.write_value(overload_, {iy, ix}, pixel.overload ? 1.0 : 0.0);
  recording.write_value(time_, {iy, ix}, pixel.start_s);
}

void PmDnsMap::record_mean(data::RecordingWriter& recording) {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  std::vector<double> sum(points(), 0.0);
  std::vector<float> row(columns * points());
  for (std::size_t iy = 0; iy < static_cast<std::size_t>(plan_.rows); ++iy) {
    recording.read(amplitude_, {iy}, std::span<float>(row));
    for (std::size_t ix = 0; ix < columns; ++ix) {
      for (std::size_t i = 0; i < points(); ++i) {
        sum[i] += row[ix * points() + i];
      }
    }
  }
  const double pixels = static_cast<double>(plan_.columns) * plan_.rows;
  std::vector<float> mean(points());
  std::transform(sum.begin(), sum.end(), mean.begin(), [&](double s) {
    return static_cast<float>(s / pixels);
  });
  recording.write(mean_, {0}, std::span<const float>(mean));
}

void PmDnsMap::run(const RunContext& context) {
  const Instruments with{context.bench.get<ProbeMicroscope>("afm", "probe microscope"),
                         context.bench.get<LockIn>("lockin_mechanical", "lock-in amplifier"),
                         context.bench.get<LockIn>("lockin_electrical", "lock-in amplifier"),
                         context.bench.clock()};
  amplitude_signal_ = devices::find_signal(with.afm.signals(), "afm", "amplitude");
  row_amplitude_.resize(points());
  row_phase_.resize(points());

  devices::FeedbackSettings feedback = with.afm.height().settings();
  feedback.setpoint_fraction = plan_.setpoint_fraction;
  with.afm.height().configure(feedback);
  tune(with, context);
  configure_lock_ins(with);
  if (context.first_unit == 0) {
    measure_reference(with, context);
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  Pixel pixel;
  const std::size_t units = estimate().units;
  for (std::size_t unit = context.first_unit; unit < units; ++unit) {
    measure_pixel(with, context, unit, pixel);
    record(context.recording, unit, pixel);
    if (context.unit_recorded) {
      context.unit_recorded(unit + 1);
    }
  }
  record_mean(context.recording);
}

}  // namespace

std::unique_ptr<Procedure> make_pm_dns_map(const PmDnsMapPlan& plan) {
  validate(plan);
  return std::make_unique<PmDnsMap>(plan);
}

}  // namespace halotwin::scenarios
