#include "scenarios/procedures/pm_dns_control.hpp"

#include <cmath>
#include <complex>
#include <span>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

void validate(const PmDnsControlPlan& p) {
  require_range("columns", p.columns, 1, 65536);
  require_range("rows", p.rows, 1, 65536);
  require_range("step_m", p.step_m, 1e-11, 1e-3);
  for (const double value : {p.first_pixel_m[0], p.first_pixel_m[1]}) {
    require_range("first_pixel_m", value, -1e-2, 1e-2);
  }
  for (const double value : {p.reference_m[0], p.reference_m[1]}) {
    require_range("reference_m", value, -1e-2, 1e-2);
  }
  require(p.drive_offsets_hz.size() >= 2 && p.drive_offsets_hz.size() <= 64,
          "drive_offsets_hz (must be 2 to 64 values: one sweep cannot be compared)");
  for (const double value : p.drive_offsets_hz) {
    require_range("drive_offsets_hz", value, -1e5, 1e5);
  }
  require(p.setpoint_fractions.empty() || p.setpoint_fractions.size() == p.drive_offsets_hz.size(),
          "setpoint_fractions (must be empty or one for each of drive_offsets_hz)");
  for (const double value : p.setpoint_fractions) {
    require_range("setpoint_fractions", value, 0.05, 0.99);
  }
  require_range("free_amplitude_m", p.free_amplitude_m, 0.0, 1e-6);
  require_range("max_drive_v", p.max_drive_v, 1e-6, 10.0);
  require_range("reference_repeats", p.reference_repeats, 0, 10000);
  validate(static_cast<const PmDnsSweepPlan&>(p));
}

namespace {

constexpr double amplitude_wait_s = 0.05;  // ten ring times of a lever with Q = 1000 at 75 kHz

class PmDnsControl final : public Procedure {
 public:
  explicit PmDnsControl(const PmDnsControlPlan& plan)
      : plan_(plan), sweeper_(plan, "pm_dns_control") {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  [[nodiscard]] std::size_t settings() const { return plan_.drive_offsets_hz.size(); }
  [[nodiscard]] std::size_t places() const {
    return static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  }
  [[nodiscard]] Point place_of(std::size_t unit) const;
  void choose_drives(const PmDnsInstruments& with, const RunContext& context);
  [[nodiscard]] double setpoint(std::size_t setting) const;
  void apply(const PmDnsInstruments& with, std::size_t setting) const;
  static void hold_feedback(const PmDnsInstruments& with);
  void measure_reference(const PmDnsInstruments& with, const RunContext& context);
  void measure_place(const PmDnsInstruments& with, const RunContext& context, std::size_t unit);
  void record_mean(data::RecordingWriter& recording);

  PmDnsControlPlan plan_;
  PmDnsSweeper sweeper_;
  std::vector<devices::DriveSettings> drives_;  // of each setting
  data::SignalId demodulated_, topography_, mechanical_, time_, overload_, reference_, mean_,
      conditions_;
};

Estimate PmDnsControl::estimate() const {
  Estimate e;
  e.units = places();
  e.unit_word = "place";
  e.readings = 2 * places() * settings() * sweeper_.points();
  const auto sweeps = static_cast<std::int64_t>(settings());
  e.duration = sweeper_.spot_time(plan_.step_m) * (sweeps * static_cast<std::int64_t>(places())) +
               sweeper_.sweep_time() * (sweeps * plan_.reference_repeats);
  return e;
}

void PmDnsControl::describe(data::RecordingHeader& header) const {
  header.procedure = "pm_dns_control";
  header.definition = "NXafm";
  header.experiment_technique = "AFM";
  header.scan_mode = "tapping mode";
  header.units_total = places();
  header.unit_word = "place";
  header.scan = data::ScanArea{plan_.first_pixel_m[0],
                               plan_.first_pixel_m[0] + plan_.step_m * (plan_.columns - 1),
                               plan_.first_pixel_m[1],
                               plan_.first_pixel_m[1] + plan_.step_m * (plan_.rows - 1),
                               static_cast<std::size_t>(plan_.columns),
                               static_cast<std::size_t>(plan_.rows)};
}

data::Axis counted(const char* name, std::size_t count) {
  return {name, "1", linear_spacing(0.0, static_cast<double>(count) - 1.0, count)};
}

void PmDnsControl::define(data::RecordingWriter& recording) {
  using data::Axis;
  using data::ElementType;
  const auto positions = [&](double first_m, int count) {
    return linear_spacing(
        first_m, first_m + plan_.step_m * (count - 1), static_cast<std::size_t>(count));
  };
  const Axis x{"x", "m", positions(plan_.first_pixel_m[0], plan_.columns)};
  const Axis y{"y", "m", positions(plan_.first_pixel_m[1], plan_.rows)};
  const Axis setting = counted("setting", settings());  // drive offsets need not ascend
  const Axis frequency = sweeper_.frequency_axis();
  const Axis direction = PmDnsSweeper::direction_axis();
  demodulated_ =
      recording.add_signal({.group = "demodulated",
                            .type = ElementType::complex64,
                            .unit = "V",
                            .axes = {y, x, setting, direction, frequency},
                            .title = "lock-in 2, second harmonic of the mechanical phase",
                            .description = "x + i y, peak amplitude, time dependence exp(+i w t)"});
  mean_ = recording.add_signal({.group = "mean_spectrum",
                                .type = ElementType::f32,
                                .unit = "V",
                                .axes = {setting, frequency},
                                .title = "mean over the places, one line for each drive offset",
                                .long_name = "amplitude (V)",
                                .is_default_plot = true});
  const auto image = [&](const char* group, ElementType type, const char* unit, const char* title) {
    return recording.add_signal({.group = group,
                                 .type = type,
                                 .unit = unit,
                                 .axes = {y, x},
                                 .interpretation = data::Interpretation::image,
                                 .title = title});
  };
  topography_ = image("topography", ElementType::f32, "m", "topography");
  time_ = image("pixel_time", ElementType::f64, "s", "start of the place");
  overload_ = image("overload", ElementType::u8, "1", "readings overloaded");
  mechanical_ = recording.add_signal({.group = "mechanical_amplitude",
                                      .type = ElementType::f32,
                                      .unit = "m",
                                      .axes = {y, x, setting},
                                      .title = "mechanical amplitude"});
  conditions_ = recording.add_signal(
      {.group = "conditions",
       .type = ElementType::f64,
       .unit = "1",
       .axes = {setting, counted("quantity", 4)},
       .title = "mechanical drive of each setting",
       .description = "drive frequency (Hz), drive amplitude (V), free amplitude (m), setpoint "
                      "(fraction of it)"});
  if (plan_.reference_repeats > 0) {
    reference_ = recording.add_signal(
        {.group = "reference",
         .type = ElementType::complex64,
         .unit = "V",
         .axes = {setting,
                  counted("repeat", static_cast<std::size_t>(plan_.reference_repeats)),
                  direction,
                  frequency},
         .title = "reference sweeps over bare metal"});
  }
  sweeper_.define(recording);
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

Point PmDnsControl::place_of(std::size_t unit) const {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t row = unit / columns;
  return {plan_.first_pixel_m[0] + plan_.step_m * static_cast<double>(unit % columns),
          plan_.first_pixel_m[1] + plan_.step_m * static_cast<double>(row)};
}

// The drive's voltage is set by the free amplitude that it gives, not by what the tune says of the
// resonance: that is what is being checked.
void PmDnsControl::choose_drives(const PmDnsInstruments& with, const RunContext& context) {
  drives_.assign(settings(), sweeper_.tuned_drive());
  if (context.first_unit > 0) {
    std::vector<double> kept(4 * settings());
    for (std::size_t k = 0; k < settings(); ++k) {
      context.recording.read(conditions_, {k}, std::span(kept).subspan(4 * k, 4));
      drives_[k].frequency_hz = kept[4 * k];
      drives_[k].amplitude_v = kept[4 * k + 1];
    }
    return;
  }
  const auto amplitude_at = [&](const devices::DriveSettings& drive) {
    with.afm.drive().configure(drive);
    with.clock.sleep(from_seconds(amplitude_wait_s), context.stop);
    double amplitude_m = 0.0;
    const std::array<std::size_t, 1> index{with.amplitude_signal};
    with.afm.signals().read(index, std::span(&amplitude_m, 1));
    return amplitude_m;
  };
  const double wanted_m =
      plan_.free_amplitude_m > 0.0 ? plan_.free_amplitude_m : sweeper_.tuned_amplitude_m();
  for (std::size_t k = 0; k < settings(); ++k) {
    devices::DriveSettings& drive = drives_[k];
    drive.frequency_hz += plan_.drive_offsets_hz[k];
    const double free_m = amplitude_at(drive);
    const double needed_v = drive.amplitude_v * wanted_m / free_m;
    if (!(needed_v <= plan_.max_drive_v)) {
      throw devices::DeviceError(
          "afm",
          "set drive",
          fmt::format("at {:.1f} Hz, {:+.0f} Hz from the tuned drive, the lever hardly moves: {} m "
                      "at {} V",
                      drive.frequency_hz,
                      plan_.drive_offsets_hz[k],
                      free_m,
                      drive.amplitude_v),
          devices::Retry::no);
    }
    drive.amplitude_v = needed_v;
    const std::vector<double> record{
        drive.frequency_hz, needed_v, amplitude_at(drive), setpoint(k)};
    context.recording.write(conditions_, {k}, std::span<const double>(record));
  }
}

double PmDnsControl::setpoint(std::size_t setting) const {
  return plan_.setpoint_fractions.empty() ? plan_.setpoint_fraction
                                          : plan_.setpoint_fractions[setting];
}

void PmDnsControl::apply(const PmDnsInstruments& with, std::size_t setting) const {
  with.afm.drive().configure(drives_[setting]);
  sweeper_.set_feedback(with, setpoint(setting));
}

void PmDnsControl::hold_feedback(const PmDnsInstruments& with) {
  devices::FeedbackSettings feedback = with.afm.height().settings();
  feedback.mode = devices::FeedbackMode::hold;
  with.afm.height().configure(feedback);
}

void PmDnsControl::measure_reference(const PmDnsInstruments& with, const RunContext& context) {
  PmDnsSpot spot;
  sweeper_.set_stimulus(with, plan_.reference_offset_v);
  for (std::size_t k = 0; k < settings(); ++k) {
    apply(with, k);
    sweeper_.approach(with, context, {plan_.reference_m[0], plan_.reference_m[1]});
    if (plan_.hold_feedback) {
      hold_feedback(with);
    }
    for (std::size_t repeat = 0; repeat < static_cast<std::size_t>(plan_.reference_repeats);
         ++repeat) {
      sweeper_.sweep(with, context.stop, spot);
      context.recording.write(
          reference_, {k, repeat}, std::span<const std::complex<float>>(spot.readings));
    }
    sweeper_.withdraw(with, context);
  }
  sweeper_.set_stimulus(with, plan_.offset_v);
  sweeper_.say(with,
               context,
               spot.overload ? Level::warning : Level::info,
               spot.overload ? "reference sweeps overloaded: raise "
                               "procedure.pm_dns_control.input_range_v"
                             : "reference sweeps over metal done");
}

void PmDnsControl::measure_place(const PmDnsInstruments& with,
                                 const RunContext& context,
                                 std::size_t unit) {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t iy = unit / columns;
  const std::size_t ix = unit % columns;
  PmDnsSpot spot;
  bool overload = false;
  for (std::size_t k = 0; k < settings(); ++k) {
    apply(with, k);
    const auto engaged = [&] {
      if (plan_.hold_feedback) {
        hold_feedback(with);
      }
      if (k == 0 && context.unit_measured) {
        context.unit_measured(unit);
      }
    };
    sweeper_.measure(with, context, place_of(unit), engaged, spot);
    context.recording.write(
        demodulated_, {iy, ix, k}, std::span<const std::complex<float>>(spot.readings));
    context.recording.write_value(mechanical_, {iy, ix, k}, spot.amplitude_m);
    if (k == 0) {
      context.recording.write_value(topography_, {iy, ix}, spot.height_m);
      context.recording.write_value(time_, {iy, ix}, spot.start_s);
    }
    overload = overload || spot.overload;
  }
  context.recording.write_value(overload_, {iy, ix}, overload ? 1.0 : 0.0);
}

void PmDnsControl::record_mean(data::RecordingWriter& recording) {
  const std::size_t n = sweeper_.points();
  const auto columns = static_cast<std::size_t>(plan_.columns);
  std::vector<std::complex<double>> sum(settings() * n);
  std::vector<std::complex<float>> place(settings() * 2 * n);
  for (std::size_t unit = 0; unit < places(); ++unit) {
    recording.read(
        demodulated_, {unit / columns, unit % columns}, std::span<std::complex<float>>(place));
    for (std::size_t i = 0; i < place.size(); ++i) {
      sum[i / (2 * n) * n + i % n] += std::complex<double>(place[i]);
    }
  }
  std::vector<float> mean(n);
  for (std::size_t k = 0; k < settings(); ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      mean[i] =
          static_cast<float>(std::abs(sum[k * n + i]) / (2.0 * static_cast<double>(places())));
    }
    recording.write(mean_, {k}, std::span<const float>(mean));
  }
}

void PmDnsControl::run(const RunContext& context) {
  const PmDnsInstruments with(context);
  sweeper_.set_feedback(with, plan_.setpoint_fraction);
  sweeper_.tune(with, context);
  sweeper_.configure_lock_ins(with);
  choose_drives(with, context);
  if (context.first_unit == 0 && plan_.reference_repeats > 0) {
    measure_reference(with, context);
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  for (std::size_t unit = context.first_unit; unit < places(); ++unit) {
    measure_place(with, context, unit);
    if (context.unit_recorded) {
      context.unit_recorded(unit + 1);
    }
  }
  record_mean(context.recording);
}

}  // namespace

std::unique_ptr<Procedure> make_pm_dns_control(const PmDnsControlPlan& plan) {
  validate(plan);
  return std::make_unique<PmDnsControl>(plan);
}

}  // namespace halotwin::scenarios
