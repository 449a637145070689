#include "scenarios/procedures/pm_dns_map.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

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
  require_range("drive_check_repeats", p.drive_check_repeats, 0, 10000);
  require_range("drive_check_ratio", p.drive_check_ratio, 0.2, 0.95);
  require(p.drive_check_repeats == 0 || p.drive_peak_v > 0.0,
          "drive_check_repeats",
          p.drive_check_repeats,
          "0 without a drive");
  validate(static_cast<const PmDnsSweepPlan&>(p));
}

namespace {

std::vector<double> positions(double first_m, double step_m, int count) {
  return linear_spacing(first_m, first_m + step_m * (count - 1), static_cast<std::size_t>(count));
}

class PmDnsMap final : public Procedure {
 public:
  explicit PmDnsMap(const PmDnsMapPlan& plan) : plan_(plan), sweeper_(plan, "pm_dns_map") {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  [[nodiscard]] Point place_of(std::size_t unit) const;
  void measure_reference(const PmDnsInstruments& with, const RunContext& context);
  void check_drive(const PmDnsInstruments& with, const RunContext& context);
  void record(data::RecordingWriter& recording, std::size_t unit, const PmDnsSpot& pixel);
  void record_mean(data::RecordingWriter& recording);

  PmDnsMapPlan plan_;
  PmDnsSweeper sweeper_;
  std::vector<float> row_amplitude_, row_phase_;
  data::SignalId demodulated_, amplitude_, phase_, topography_, mechanical_, time_, overload_,
      reference_, mean_, drive_check_;
};

Estimate PmDnsMap::estimate() const {
  const auto pixels =
      static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  Estimate e;
  e.units = pixels;
  e.readings = 2 * pixels * sweeper_.points();
  e.duration = sweeper_.spot_time(plan_.step_m) * static_cast<std::int64_t>(pixels) +
               sweeper_.sweep_time() * (plan_.reference_repeats + 4 * plan_.drive_check_repeats);
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
  const Axis frequency = sweeper_.frequency_axis();
  const Axis direction = PmDnsSweeper::direction_axis();
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
  if (plan_.drive_check_repeats > 0) {
    drive_check_ = recording.add_signal(
        {.group = "drive_check",
         .type = ElementType::complex64,
         .unit = "V",
         .axes = {Axis{"surface", "1", {0.0, 1.0}, "surface (0 = metal, 1 = middle of the map)"},
                  Axis{"repeat",
                       "1",
                       linear_spacing(0,
                                      plan_.drive_check_repeats - 1,
                                      static_cast<std::size_t>(plan_.drive_check_repeats))},
                  Axis{"drive",
                       "V",
                       {plan_.drive_check_ratio * plan_.drive_peak_v, plan_.drive_peak_v},
                       "peak drive (V)"},
                  direction,
                  frequency},
         .title = "sweeps at two drives, after the map"});
  }
  mean_ = recording.add_signal({.group = "mean_spectrum",
                                .type = ElementType::f32,
                                .unit = "V",
                                .axes = {frequency},
                                .title = "mean PM-DNS amplitude"});
  sweeper_.define(recording);
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

Point PmDnsMap::place_of(std::size_t unit) const {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t row = unit / columns;
  return {plan_.first_pixel_m[0] + plan_.step_m * static_cast<double>(unit % columns),
          plan_.first_pixel_m[1] + plan_.step_m * static_cast<double>(row)};
}

void PmDnsMap::measure_reference(const PmDnsInstruments& with, const RunContext& context) {
  PmDnsSpot spot;
  sweeper_.set_stimulus(with, plan_.reference_offset_v);
  sweeper_.approach(with, context, {plan_.reference_m[0], plan_.reference_m[1]});
  for (std::size_t repeat = 0; repeat < static_cast<std::size_t>(plan_.reference_repeats);
       ++repeat) {
    sweeper_.sweep(with, context.stop, spot);
    context.recording.write(
        reference_, {repeat}, std::span<const std::complex<float>>(spot.readings));
  }
  sweeper_.withdraw(with, context);
  sweeper_.set_stimulus(with, plan_.offset_v);
  sweeper_.say(with,
               context,
               spot.overload ? Level::warning : Level::info,
               spot.overload
                   ? "reference sweep overloaded: raise procedure.pm_dns_map.input_range_v"
                   : "reference sweep over metal done");
}

// In turn at both drives, so that what drifts is alike in both.
void PmDnsMap::check_drive(const PmDnsInstruments& with, const RunContext& context) {
  if (plan_.drive_check_repeats == 0) {
    return;
  }
  const Point middle =
      place_of(static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows / 2) +
               static_cast<std::size_t>(plan_.columns / 2));
  const std::array<Point, 2> places{Point{plan_.reference_m[0], plan_.reference_m[1]}, middle};
  const std::array<double, 2> offsets_v{plan_.reference_offset_v, plan_.offset_v};
  PmDnsSpot spot;
  for (std::size_t surface = 0; surface < places.size(); ++surface) {
    PmDnsSweeper::set_stimulus(with, offsets_v[surface], plan_.drive_peak_v);
    sweeper_.approach(with, context, places[surface]);
    for (std::size_t repeat = 0; repeat < static_cast<std::size_t>(plan_.drive_check_repeats);
         ++repeat) {
      for (std::size_t drive = 0; drive < 2; ++drive) {
        PmDnsSweeper::set_stimulus(
            with,
            offsets_v[surface],
            plan_.drive_peak_v * (drive == 0 ? plan_.drive_check_ratio : 1.0));
        sweeper_.sweep(with, context.stop, spot);
        context.recording.write(drive_check_,
                                {surface, repeat, drive},
                                std::span<const std::complex<float>>(spot.readings));
      }
    }
    sweeper_.withdraw(with, context);
  }
  PmDnsSweeper::set_stimulus(with, plan_.offset_v, plan_.drive_peak_v);
  sweeper_.say(with, context, Level::info, "check at two drives done");
}

void PmDnsMap::record(data::RecordingWriter& recording, std::size_t unit, const PmDnsSpot& pixel) {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t iy = unit / columns;
  const std::size_t ix = unit % columns;
  const std::size_t n = sweeper_.points();
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
  std::vector<double> sum(sweeper_.points(), 0.0);
  std::vector<float> row(columns * sweeper_.points());
  for (std::size_t iy = 0; iy < static_cast<std::size_t>(plan_.rows); ++iy) {
    recording.read(amplitude_, {iy}, std::span<float>(row));
    for (std::size_t ix = 0; ix < columns; ++ix) {
      for (std::size_t i = 0; i < sweeper_.points(); ++i) {
        sum[i] += row[ix * sweeper_.points() + i];
      }
    }
  }
  const double pixels = static_cast<double>(plan_.columns) * plan_.rows;
  std::vector<float> mean(sweeper_.points());
  std::transform(sum.begin(), sum.end(), mean.begin(), [&](double s) {
    return static_cast<float>(s / pixels);
  });
  recording.write(mean_, {0}, std::span<const float>(mean));
}

void PmDnsMap::run(const RunContext& context) {
  const PmDnsInstruments with(context);
  row_amplitude_.resize(sweeper_.points());
  row_phase_.resize(sweeper_.points());

  sweeper_.set_feedback(with, plan_.setpoint_fraction);
  sweeper_.tune(with, context);
  sweeper_.configure_lock_ins(with);
  if (context.first_unit == 0) {
    measure_reference(with, context);
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  PmDnsSpot pixel;
  const std::size_t units = estimate().units;
  for (std::size_t unit = context.first_unit; unit < units; ++unit) {
    const auto engaged = [&] {
      if (context.unit_measured) {
        context.unit_measured(unit);
      }
    };
    sweeper_.measure(with, context, place_of(unit), engaged, pixel);
    record(context.recording, unit, pixel);
    if (context.unit_recorded) {
      context.unit_recorded(unit + 1);
    }
  }
  check_drive(with, context);
  record_mean(context.recording);
}

}  // namespace

std::unique_ptr<Procedure> make_pm_dns_map(const PmDnsMapPlan& plan) {
  validate(plan);
  return std::make_unique<PmDnsMap>(plan);
}

}  // namespace halotwin::scenarios
