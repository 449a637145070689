#include "scenarios/procedures/bias_spectroscopy.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

void validate(const BiasSpectroscopyPlan& p) {
  validate(static_cast<const TappingPlan&>(p));
  require_range("columns", p.columns, 1, 65536);
  require_range("rows", p.rows, 1, 65536);
  require_range("step_m", p.step_m, 1e-11, 1e-3);
  for (const double value : {p.first_pixel_m[0], p.first_pixel_m[1]}) {
    require_range("first_pixel_m", value, -1e-2, 1e-2);
  }
  for (const double value : {p.reference_m[0], p.reference_m[1]}) {
    require_range("reference_m", value, -1e-2, 1e-2);
  }
  require_range("reference_repeats", p.reference_repeats, 0, 10000);
  require_range("from_v", p.from_v, -100.0, 100.0);
  require_range("to_v", p.to_v, -100.0, 100.0);
  require(p.from_v < p.to_v, "to_v", p.to_v, "above from_v");
  require_range("points", p.points, 5, 65536);
  require_range("initial_settling_s", p.initial_settling_s, 0.0, 1e4);
  require_range("settling_s", p.settling_s, 0.0, 1e3);
  require_range("integration_s", p.integration_s, 1e-6, 1e3);
  require_range("z_offset_m", p.z_offset_m, -1e-6, 1e-6);
}

namespace {

using devices::PointSpectroscopy;
using devices::ProbeMicroscope;
using devices::SpectroscopyCurve;

constexpr const char* name = "bias_spectroscopy";
constexpr std::size_t tune_values = 5;
constexpr double approach_and_withdrawal_s = 0.4;  // of the twin

/// Of the tune at its resonance, between the two frequencies beside it.
double phase_on_resonance(const devices::TuneResult& tune) {
  const auto& f = tune.frequency_hz;
  const auto above = std::upper_bound(f.begin(), f.end(), tune.resonance_hz);
  const auto k = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(above - f.begin(), 1, static_cast<std::ptrdiff_t>(f.size()) - 1));
  const double part = (tune.resonance_hz - f[k - 1]) / (f[k] - f[k - 1]);
  return tune.phase_rad[k - 1] + part * (tune.phase_rad[k] - tune.phase_rad[k - 1]);
}

class BiasSpectroscopy final : public Procedure {
 public:
  explicit BiasSpectroscopy(const BiasSpectroscopyPlan& plan) : plan_(plan), tapping_(plan, name) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  struct Curves {
    std::vector<float> phase_rad, amplitude_m;  // (direction, bias)
  };
  [[nodiscard]] double curve_s() const;
  [[nodiscard]] Point place_of(std::size_t unit) const;
  void set_up(ProbeMicroscope& afm);
  void tune(ProbeMicroscope& afm, const RunContext& context);
  [[nodiscard]] Curves sweep(ProbeMicroscope& afm, const RunContext& context) const;
  void measure_reference(ProbeMicroscope& afm, const RunContext& context);
  void measure(ProbeMicroscope& afm, const RunContext& context, std::size_t unit);

  BiasSpectroscopyPlan plan_;
  Tapping tapping_;
  devices::SpectroscopySettings settings_;
  std::size_t amplitude_ = 0;  // index of the signal
  data::SignalId phase_, curve_amplitude_, topography_, mechanical_, time_, reference_, tune_;
};

double BiasSpectroscopy::curve_s() const {
  return plan_.initial_settling_s + 2.0 * plan_.points * (plan_.settling_s + plan_.integration_s);
}

Estimate BiasSpectroscopy::estimate() const {
  Estimate e;
  e.units = static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  e.readings = 4 * e.units * static_cast<std::size_t>(plan_.points);  // two signals, two directions
  e.bytes_per_reading = 4.0;
  const double place_s = plan_.step_m / plan_.move_speed_m_per_s + approach_and_withdrawal_s +
                         plan_.dwell_s + curve_s();
  e.duration =
      from_seconds(static_cast<double>(e.units) * place_s + plan_.reference_repeats * curve_s());
  return e;
}

void BiasSpectroscopy::describe(data::RecordingHeader& header) const {
  header.procedure = name;
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

void BiasSpectroscopy::define(data::RecordingWriter& recording) {
  using data::Axis;
  using data::ElementType;
  const auto along = [&](const char* axis, double first_m, int count) {
    return Axis{
        axis,
        "m",
        linear_spacing(
            first_m, first_m + plan_.step_m * (count - 1), static_cast<std::size_t>(count))};
  };
  const Axis x = along("x", plan_.first_pixel_m[0], plan_.columns);
  const Axis y = along("y", plan_.first_pixel_m[1], plan_.rows);
  const Axis direction{"direction", "1", {0.0, 1.0}, "direction (0 = rising, 1 = falling)"};
  const Axis bias{"bias",
                  "V",
                  linear_spacing(plan_.from_v, plan_.to_v, static_cast<std::size_t>(plan_.points)),
                  "bias (V)"};
  phase_ = recording.add_signal({.group = "phase",
                                 .type = ElementType::f32,
                                 .unit = "rad",
                                 .axes = {y, x, direction, bias},
                                 .title = "phase of the lever against the bias",
                                 .long_name = "phase (rad)",
                                 .description = "the bias rises along its axis in both directions",
                                 .is_default_plot = true});
  curve_amplitude_ = recording.add_signal({.group = "amplitude",
                                           .type = ElementType::f32,
                                           .unit = "m",
                                           .axes = {y, x, direction, bias},
                                           .title = "amplitude of the lever against the bias"});
  const auto image = [&](const char* group, ElementType type, const char* unit, const char* title) {
    return recording.add_signal({.group = group,
                                 .type = type,
                                 .unit = unit,
                                 .axes = {y, x},
                                 .interpretation = data::Interpretation::image,
                                 .title = title});
  };
  topography_ = image("topography", ElementType::f32, "m", "topography");
  mechanical_ = image("mechanical_amplitude", ElementType::f32, "m", "mechanical amplitude");
  time_ = image("pixel_time", ElementType::f64, "s", "start of the pixel");
  if (plan_.reference_repeats > 0) {
    const auto repeats = static_cast<std::size_t>(plan_.reference_repeats);
    reference_ = recording.add_signal(
        {.group = "reference",
         .type = ElementType::f32,
         .unit = "rad",
         .axes = {Axis{"repeat", "1", linear_spacing(0, plan_.reference_repeats - 1, repeats)},
                  direction,
                  bias},
         .title = "phase against the bias over bare metal"});
  }
  tune_ = recording.add_signal({.group = "tune",
                                .type = ElementType::f64,
                                .unit = "1",
                                .axes = {{"quantity", "1", {0, 1, 2, 3, 4}}},
                                .title = "cantilever tune",
                                .description = "resonance (Hz), quality factor, phase on resonance "
                                               "(rad), free amplitude (m), drive (Hz)"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

Point BiasSpectroscopy::place_of(std::size_t unit) const {
  const auto columns = static_cast<std::size_t>(plan_.columns);
  const std::size_t row = unit / columns;
  return {plan_.first_pixel_m[0] + plan_.step_m * static_cast<double>(unit % columns),
          plan_.first_pixel_m[1] + plan_.step_m * static_cast<double>(row)};
}

void BiasSpectroscopy::set_up(ProbeMicroscope& afm) {
  require(afm.spectroscopy() != nullptr, "the microscope of this bench has no point spectroscopy");
  amplitude_ = find_signal(afm.signals(), "afm", "amplitude");
  settings_ = {.swept = devices::SweptQuantity::bias,
               .from = plan_.from_v,
               .to = plan_.to_v,
               .points = static_cast<std::size_t>(plan_.points),
               .backward_too = true,
               .initial_settling_s = plan_.initial_settling_s,
               .settling_s = plan_.settling_s,
               .integration_s = plan_.integration_s,
               .z_offset_m = plan_.z_offset_m,
               .signal_indices = {find_signal(afm.signals(), "afm", "phase"), amplitude_}};
}

void BiasSpectroscopy::tune(ProbeMicroscope& afm, const RunContext& context) {
  if (context.first_unit > 0) {  // taken up again: as in the first part
    std::vector<double> kept(tune_values);
    context.recording.read(tune_, {0}, std::span<double>(kept));
    tapping_.drive(afm, kept[4]);
    return;
  }
  const devices::TuneResult found = tapping_.tune(afm, context);
  const std::vector<double> record{found.resonance_hz,
                                   found.quality_factor,
                                   phase_on_resonance(found),
                                   found.free_amplitude_m,
                                   afm.drive().settings().frequency_hz};
  context.recording.write(tune_, {0}, std::span<const double>(record));
}

BiasSpectroscopy::Curves BiasSpectroscopy::sweep(ProbeMicroscope& afm,
                                                 const RunContext& context) const {
  const SpectroscopyCurve curve = afm.spectroscopy()->run(settings_, context.stop);
  const std::size_t n = settings_.points;
  const double step_v = (plan_.to_v - plan_.from_v) / (plan_.points - 1);
  bool as_planned = curve.swept_forward.size() == n && curve.swept_backward.size() == n;
  for (std::size_t k = 0; k < n && as_planned; ++k) {
    const double wanted_v = plan_.from_v + step_v * static_cast<double>(k);
    as_planned = std::abs(curve.swept_forward[k] - wanted_v) < 0.1 * step_v &&
                 std::abs(curve.swept_backward[n - 1 - k] - wanted_v) < 0.1 * step_v;
  }
  if (!as_planned) {
    throw devices::DeviceError("afm",
                               "run spectroscopy",
                               "the bias was not swept as asked for, there and back",
                               devices::Retry::no);
  }
  Curves out;
  const auto take = [&](std::size_t signal, std::vector<float>& to) {
    const std::vector<double>& rising = curve.forward.at(signal);
    const std::vector<double>& falling = curve.backward.at(signal);
    to.assign(rising.begin(), rising.end());
    to.insert(to.end(), falling.rbegin(), falling.rend());
  };
  take(0, out.phase_rad);
  take(1, out.amplitude_m);
  return out;
}

void BiasSpectroscopy::measure_reference(ProbeMicroscope& afm, const RunContext& context) {
  if (plan_.reference_repeats == 0) {
    return;
  }
  tapping_.approach(afm, context, {plan_.reference_m[0], plan_.reference_m[1]});
  for (std::size_t k = 0; k < static_cast<std::size_t>(plan_.reference_repeats); ++k) {
    const Curves curves = sweep(afm, context);
    context.recording.write(reference_, {k}, std::span<const float>(curves.phase_rad));
  }
  tapping_.withdraw(afm, context);
  tapping_.say(context, Level::info, "curves over metal done");
}

void BiasSpectroscopy::measure(ProbeMicroscope& afm, const RunContext& context, std::size_t unit) {
  const std::size_t iy = unit / static_cast<std::size_t>(plan_.columns);
  const std::size_t ix = unit % static_cast<std::size_t>(plan_.columns);
  const double start_s = seconds(context.bench.clock().now());
  tapping_.approach(afm, context, place_of(unit));
  if (context.unit_measured) {
    context.unit_measured(unit);
  }
  const double height_m = afm.height().height_m();
  std::array<double, 1> amplitude_m{};
  afm.signals().read(std::array{amplitude_}, amplitude_m);
  const Curves curves = sweep(afm, context);
  tapping_.withdraw(afm, context);
  context.recording.write(phase_, {iy, ix}, std::span<const float>(curves.phase_rad));
  context.recording.write(curve_amplitude_, {iy, ix}, std::span<const float>(curves.amplitude_m));
  context.recording.write_value(topography_, {iy, ix}, height_m);
  context.recording.write_value(mechanical_, {iy, ix}, amplitude_m[0]);
  context.recording.write_value(time_, {iy, ix}, start_s);
}

void BiasSpectroscopy::run(const RunContext& context) {
  auto& afm = context.bench.get<ProbeMicroscope>("afm", "probe microscope");
  set_up(afm);
  tapping_.set_feedback(afm);
  tune(afm, context);
  if (context.first_unit == 0) {
    measure_reference(afm, context);
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  const std::size_t units = estimate().units;
  for (std::size_t unit = context.first_unit; unit < units; ++unit) {
    measure(afm, context, unit);
    if (context.unit_recorded) {
      context.unit_recorded(unit + 1);
    }
  }
}

}  // namespace

std::unique_ptr<Procedure> make_bias_spectroscopy(const BiasSpectroscopyPlan& plan) {
  validate(plan);
  return std::make_unique<BiasSpectroscopy>(plan);
}

}  // namespace halotwin::scenarios
