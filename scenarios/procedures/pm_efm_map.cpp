#include "scenarios/procedures/pm_efm_map.hpp"

#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/lock_in.hpp"
#include "scenarios/procedures/lock_in_output.hpp"

namespace halotwin::scenarios {

void validate(const PmEfmMapPlan& p) {
  validate(static_cast<const ImageScanPlan&>(p));
  validate(static_cast<const TappingPlan&>(p));
  require_range("frequency_hz", p.frequency_hz, 1e-3, 1e6);
  require_range("drive_peak_v", p.drive_peak_v, 0.0, 100.0);
  require_range("offset_v", p.offset_v, -100.0, 100.0);
  require_range("reference_offset_v", p.reference_offset_v, -100.0, 100.0);
  require_positive("time_constant_s", p.time_constant_s);
  require_range("filter_order", p.filter_order, 1, 8);
  require_range("aux_scale", p.aux_scale, 1e-6, 1e6);
  require_positive("phase_scale_v_per_rad", p.phase_scale_v_per_rad);
  require_range("phase_output", p.phase_output, 1, 4);
  require_positive("mechanical_time_constant_s", p.mechanical_time_constant_s);
  require_range("mechanical_filter_order", p.mechanical_filter_order, 1, 8);
  require_positive("input_range_v", p.input_range_v);
  for (const double value : p.reference_m) {
    require_range("reference_m", value, -1e-2, 1e-2);
  }
  require_range("reference_readings", p.reference_readings, 1, 100000);
  require_range("reference_interval_s", p.reference_interval_s, 1e-4, 1e3);
}

namespace {

using devices::LockIn;
using devices::ProbeMicroscope;

constexpr const char* name = "pm_efm_map";
enum Channel : std::size_t { height, x_voltage, y_voltage };

std::vector<ImageChannel> channels() {
  return {{"z", "topography", "m", "topography", ""}, {"aux_1"}, {"aux_2"}};
}

class PmEfmMap final : public Procedure {
 public:
  explicit PmEfmMap(const PmEfmMapPlan& plan)
      : plan_(plan), tapping_(plan, name), scan_(plan, channels(), name) {}

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
  };

  void tune(const Instruments& with, const RunContext& context);
  void configure_lock_ins(const Instruments& with, const RunContext& context);
  void set_stimulus(const Instruments& with, double offset_v) const;
  void measure_reference(const Instruments& with, const RunContext& context);
  void record(data::RecordingWriter& recording, const ScannedLine& line);

  PmEfmMapPlan plan_;
  Tapping tapping_;
  ImageScan scan_;
  XyOutputs outputs_;
  data::SignalId demodulated_, backward_, amplitude_, reference_, tune_;
};

Estimate PmEfmMap::estimate() const {
  Estimate e;
  scan_.price(e);
  e.duration =
      scan_.duration() +
      from_seconds(2.0 * plan_.dwell_s + plan_.reference_readings * plan_.reference_interval_s);
  return e;
}

void PmEfmMap::describe(data::RecordingHeader& header) const {
  scan_.describe(header);
  header.scan_mode = "tapping mode";
}

void PmEfmMap::define(data::RecordingWriter& recording) {
  using data::ElementType;
  scan_.define(recording);
  outputs_.define(recording);
  auto spec = scan_.image("demodulated",
                          ElementType::complex64,
                          "V",
                          "lock-in 2, second harmonic of the mechanical phase");
  spec.description = "x + i y, peak amplitude, time dependence exp(+i w t)";
  demodulated_ = recording.add_signal(spec);
  spec.group = "demodulated_backward";
  spec.title += ", way back";
  backward_ = recording.add_signal(spec);
  auto amplitude = scan_.image("amplitude", ElementType::f32, "V", "PM-EFM amplitude");
  amplitude.is_default_plot = true;
  amplitude_ = recording.add_signal(amplitude);
  reference_ = recording.add_signal(
      {.group = "reference",
       .type = ElementType::complex64,
       .unit = "V",
       .axes = {{"repeat",
                 "1",
                 linear_spacing(0,
                                plan_.reference_readings - 1,
                                static_cast<std::size_t>(plan_.reference_readings))}},
       .title = "readings over bare metal"});
  tune_ =
      recording.add_signal({.group = "tune",
                            .type = ElementType::f64,
                            .unit = "1",
                            .axes = {{"quantity", "1", {0, 1, 2}}},
                            .title = "cantilever tune",
                            .description = "resonance (Hz), quality factor, free amplitude (m)"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

void PmEfmMap::tune(const Instruments& with, const RunContext& context) {
  if (context.first_unit > 0) {  // taken up again: the drive of the first part
    std::vector<double> kept(3);
    context.recording.read(tune_, {0}, std::span<double>(kept));
    tapping_.drive(with.afm, kept[0]);
    return;
  }
  const devices::TuneResult found = tapping_.tune(with.afm, context);
  const std::vector<double> record{
      found.resonance_hz, found.quality_factor, found.free_amplitude_m};
  context.recording.write(tune_, {0}, std::span<const double>(record));
}

void PmEfmMap::configure_lock_ins(const Instruments& with, const RunContext& context) {
  devices::LockInSettings mechanical;
  mechanical.reference = devices::Reference::external;  // the AFM's mechanical drive
  mechanical.reference_hz = with.afm.drive().settings().frequency_hz;
  mechanical.time_constant_s = plan_.mechanical_time_constant_s;
  mechanical.filter_order = plan_.mechanical_filter_order;
  with.mechanical.configure(mechanical);
  send_phase(with.mechanical, plan_.phase_output, plan_.phase_scale_v_per_rad);
  devices::LockInSettings electrical;
  electrical.reference_hz = plan_.frequency_hz;
  electrical.harmonic = 2;
  electrical.time_constant_s = plan_.time_constant_s;
  electrical.filter_order = plan_.filter_order;
  electrical.input_range_v = plan_.input_range_v;
  electrical.coupling = devices::Coupling::ac;
  with.electrical.configure(electrical);
  outputs_.send(with.electrical, plan_.aux_scale, context.recording);
}

void PmEfmMap::set_stimulus(const Instruments& with, double offset_v) const {
  with.electrical.set_output({true, plan_.drive_peak_v, offset_v});
}

// Through the lock-in itself: what the cables to the microscope do to X and Y is the same.
void PmEfmMap::measure_reference(const Instruments& with, const RunContext& context) {
  set_stimulus(with, plan_.reference_offset_v);
  tapping_.approach(with.afm, context, {plan_.reference_m[0], plan_.reference_m[1]});
  context.bench.clock().sleep(with.electrical.settling_time(1e-3), context.stop);
  std::vector<std::complex<float>> readings;
  bool overload = false;
  for (int i = 0; i < plan_.reference_readings; ++i) {
    context.bench.clock().sleep(from_seconds(plan_.reference_interval_s), context.stop);
    const devices::LockInReading reading = with.electrical.read();
    readings.emplace_back(static_cast<float>(reading.x_v), static_cast<float>(reading.y_v));
    overload = overload || reading.overload;
  }
  context.recording.write(reference_, {0}, std::span<const std::complex<float>>(readings));
  tapping_.withdraw(with.afm, context);
  tapping_.say(context,
               overload ? Level::warning : Level::info,
               overload ? "reference overloaded: raise procedure.pm_efm_map.input_range_v"
                        : "reference over metal done");
}

void PmEfmMap::record(data::RecordingWriter& recording, const ScannedLine& line) {
  const auto there = outputs_.phasors(line.forward[x_voltage], line.forward[y_voltage]);
  const auto back = outputs_.phasors(line.backward[x_voltage], line.backward[y_voltage]);
  std::vector<float> amplitude(there.size());
  for (std::size_t i = 0; i < there.size(); ++i) {
    amplitude[i] = std::abs(there[i]);
  }
  recording.write(demodulated_, {line.row, 0}, std::span<const std::complex<float>>(there));
  recording.write(backward_, {line.row, 0}, std::span<const std::complex<float>>(back));
  recording.write(amplitude_, {line.row, 0}, std::span<const float>(amplitude));
}

void PmEfmMap::run(const RunContext& context) {
  const Instruments with{context.bench.get<ProbeMicroscope>("afm", "probe microscope"),
                         context.bench.get<LockIn>("lockin_mechanical", "lock-in amplifier"),
                         context.bench.get<LockIn>("lockin_electrical", "lock-in amplifier")};
  tapping_.set_feedback(with.afm);
  tune(with, context);
  configure_lock_ins(with, context);
  if (context.first_unit == 0) {
    measure_reference(with, context);
  }
  set_stimulus(with, plan_.offset_v);
  tapping_.approach(with.afm, context, scan_.start_place(context.first_unit));
  scan_.run(with.afm, context, [&](const ScannedLine& line) { record(context.recording, line); });
  tapping_.withdraw(with.afm, context);
}

}  // namespace

std::unique_ptr<Procedure> make_pm_efm_map(const PmEfmMapPlan& plan) {
  validate(plan);
  return std::make_unique<PmEfmMap>(plan);
}

}  // namespace halotwin::scenarios
