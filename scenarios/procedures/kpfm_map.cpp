#include "scenarios/procedures/kpfm_map.hpp"

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

void validate(const KpfmMapPlan& p) {
  validate(static_cast<const ImageScanPlan&>(p));
  validate(static_cast<const TappingPlan&>(p));
  require_positive("second_tune_centre_hz", p.second_tune_centre_hz);
  require_positive("second_tune_span_hz", p.second_tune_span_hz);
  require_range("second_tune_points", p.second_tune_points, 5, 100000);
  require_range("sideband_hz", p.sideband_hz, 1.0, 1e6);
  require_range("modulation_peak_v", p.modulation_peak_v, 1e-6, 100.0);
  require_range("bias_range_v", p.bias_range_v, 1e-3, 100.0);
  require_range("proportional_gain", p.proportional_gain, 1e-9, 1e9);
  require_range("loop_time_constant_s", p.loop_time_constant_s, 1e-9, 1e3);
  require_range("loop_settle_s", p.loop_settle_s, 0.0, 1e4);
  for (const double value : p.reference_m) {
    require_range("reference_m", value, -1e-2, 1e-2);
  }
  require_range("reference_readings", p.reference_readings, 1, 100000);
  require_range("reference_interval_s", p.reference_interval_s, 1e-4, 1e3);
}

namespace {

using devices::ProbeMicroscope;

constexpr const char* name = "kpfm_map";

std::vector<ImageChannel> channels() {
  return {{"z", "topography", "m", "topography", ""},
          {"contact_potential",
           "contact_potential",
           "V",
           "contact potential difference",
           "V_sample - V_tip, as the Kelvin loop holds it, mean over a pixel"}};
}

class KpfmMap final : public Procedure {
 public:
  explicit KpfmMap(const KpfmMapPlan& plan)
      : plan_(plan), tapping_(plan, name), scan_(plan, channels(), name) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  void tune(ProbeMicroscope& afm, const RunContext& context);
  [[nodiscard]] double modulation_hz() const;
  void close_loop(ProbeMicroscope& afm, const RunContext& context) const;
  void measure_reference(ProbeMicroscope& afm, const RunContext& context);

  KpfmMapPlan plan_;
  Tapping tapping_;
  ImageScan scan_;
  double first_hz_ = 0.0;
  double second_hz_ = 0.0;
  data::SignalId tune_, reference_;
};

Estimate KpfmMap::estimate() const {
  Estimate e;
  scan_.price(e);
  e.duration =
      scan_.duration() + from_seconds(2.0 * (plan_.dwell_s + plan_.loop_settle_s) +
                                      plan_.reference_readings * plan_.reference_interval_s);
  return e;
}

void KpfmMap::describe(data::RecordingHeader& header) const {
  scan_.describe(header);
  header.scan_mode = "tapping mode";
}

void KpfmMap::define(data::RecordingWriter& recording) {
  scan_.define(recording);
  reference_ = recording.add_signal(
      {.group = "reference",
       .type = data::ElementType::f64,
       .unit = "V",
       .axes = {{"repeat",
                 "1",
                 linear_spacing(0,
                                plan_.reference_readings - 1,
                                static_cast<std::size_t>(plan_.reference_readings))}},
       .title = "contact potential over bare metal"});
  tune_ = recording.add_signal(
      {.group = "tune",
       .type = data::ElementType::f64,
       .unit = "1",
       .axes = {{"quantity", "1", {0, 1, 2, 3, 4}}},
       .title = "cantilever tune",
       .description = "first resonance (Hz), its quality factor, second resonance (Hz), its "
                      "quality factor, electrical modulation (Hz)"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

// The electrical drive so that the lock-in listens on a resonance.
double KpfmMap::modulation_hz() const {
  switch (plan_.method) {
    case KelvinMethod::heterodyne:
      return second_hz_ - first_hz_;
    case KelvinMethod::sideband:
      return plan_.sideband_hz;
    case KelvinMethod::amplitude:
      break;
  }
  return second_hz_;
}

void KpfmMap::tune(ProbeMicroscope& afm, const RunContext& context) {
  if (context.first_unit > 0) {  // taken up again: as in the first part
    std::vector<double> kept(5);
    context.recording.read(tune_, {0}, std::span<double>(kept));
    first_hz_ = kept[0];
    second_hz_ = kept[2];
    tapping_.drive(afm, first_hz_);
    return;
  }
  const devices::TuneResult first = tapping_.tune(afm, context);
  const devices::TuneResult second =
      afm.drive().tune(plan_.second_tune_centre_hz,
                       plan_.second_tune_span_hz,
                       static_cast<std::size_t>(plan_.second_tune_points),
                       context.stop);
  first_hz_ = first.resonance_hz;
  second_hz_ = second.resonance_hz;
  require(second_hz_ > first_hz_,
          fmt::format("procedure.kpfm_map.second_tune_centre_hz = {} (found no second resonance "
                      "there)",
                      plan_.second_tune_centre_hz));
  tapping_.drive(afm, first_hz_);
  const std::vector<double> record{
      first_hz_, first.quality_factor, second_hz_, second.quality_factor, modulation_hz()};
  context.recording.write(tune_, {0}, std::span<const double>(record));
  tapping_.say(context,
               Level::info,
               fmt::format("second resonance {:.1f} Hz, quality factor {:.1f}; electrical drive at "
                           "{:.1f} Hz",
                           second_hz_,
                           second.quality_factor,
                           modulation_hz()));
}

void KpfmMap::close_loop(ProbeMicroscope& afm, const RunContext& context) const {
  devices::KelvinController* kelvin = afm.kelvin();
  require(kelvin != nullptr, "the microscope of this bench has no Kelvin controller");
  devices::KelvinSettings settings;
  settings.mode = plan_.method == KelvinMethod::heterodyne ? devices::KelvinMode::heterodyne
                  : plan_.method == KelvinMethod::sideband ? devices::KelvinMode::sideband
                                                           : devices::KelvinMode::amplitude;
  settings.modulation_hz = modulation_hz();
  settings.modulation_peak_v = plan_.modulation_peak_v;
  settings.proportional_gain = plan_.proportional_gain;
  settings.time_constant_s = plan_.loop_time_constant_s;
  settings.bias_v = {-plan_.bias_range_v, plan_.bias_range_v};
  kelvin->configure(settings);
  kelvin->set_on(true);
  context.bench.clock().sleep(from_seconds(plan_.loop_settle_s), context.stop);
}

void KpfmMap::measure_reference(ProbeMicroscope& afm, const RunContext& context) {
  tapping_.approach(afm, context, {plan_.reference_m[0], plan_.reference_m[1]});
  close_loop(afm, context);
  std::vector<double> readings;
  for (int i = 0; i < plan_.reference_readings; ++i) {
    context.bench.clock().sleep(from_seconds(plan_.reference_interval_s), context.stop);
    readings.push_back(afm.kelvin()->contact_potential_v());
  }
  context.recording.write(reference_, {0}, std::span<const double>(readings));
  afm.kelvin()->set_on(false);
  tapping_.withdraw(afm, context);
  tapping_.say(context, Level::info, "contact potential over metal measured");
}

void KpfmMap::run(const RunContext& context) {
  auto& afm = context.bench.get<ProbeMicroscope>("afm", "probe microscope");
  tapping_.set_feedback(afm);
  tune(afm, context);
  if (context.first_unit == 0) {
    measure_reference(afm, context);
  }
  tapping_.approach(afm, context, scan_.start_place(context.first_unit));
  close_loop(afm, context);
  scan_.run(afm, context);
  afm.kelvin()->set_on(false);
  tapping_.withdraw(afm, context);
}

}  // namespace

std::unique_ptr<Procedure> make_kpfm_map(const KpfmMapPlan& plan) {
  validate(plan);
  return std::make_unique<KpfmMap>(plan);
}

}  // namespace halotwin::scenarios
