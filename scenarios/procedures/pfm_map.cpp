#include "scenarios/procedures/pfm_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "scenarios/procedures/lock_in_output.hpp"

namespace halotwin::scenarios {

void validate(const PfmMapPlan& p) {
  validate(static_cast<const ImageScanPlan&>(p));
  require_range("setpoint_deflection_m", p.setpoint_deflection_m, 1e-11, 1e-6);
  require_range("integral_rate_per_s", p.integral_rate_per_s, 0.0, 1e6);
  require_range("proportional_gain", p.proportional_gain, 0.0, 1e6);
  require_positive("approach_timeout_s", p.approach_timeout_s);
  require_positive("withdraw_m", p.withdraw_m);
  require_positive("move_speed_m_per_s", p.move_speed_m_per_s);
  require_range("drive_peak_v", p.drive_peak_v, 0.0, 100.0);
  require_range("offset_v", p.offset_v, -100.0, 100.0);
  require_positive("search_from_hz", p.search_from_hz);
  require(p.search_to_hz > p.search_from_hz,
          "search_to_hz",
          p.search_to_hz,
          fmt::format("> search_from_hz = {}", p.search_from_hz));
  require_range("search_points", p.search_points, 5, 100000);
  require_range("search_places", p.search_places, 1, 1000);
  require_range("drive_offset_fraction", p.drive_offset_fraction, -0.5, 0.5);
  require_positive("time_constant_s", p.time_constant_s);
  require_range("filter_order", p.filter_order, 1, 8);
  require_range("settle_time_constants", p.settle_time_constants, 0.1, 1e3);
  require_positive("input_range_v", p.input_range_v);
  require_positive("output_scale", p.output_scale);
}

namespace {

using devices::LockIn;
using devices::ProbeMicroscope;

constexpr const char* procedure_name = "pfm_map";
constexpr std::size_t tune_values = 3;
// Channels of the scan.
constexpr std::size_t x_channel = 0;
constexpr std::size_t y_channel = 1;

std::vector<ImageChannel> channels() {
  return {{"aux_1"},
          {"aux_2"},
          {"z", "topography", "m", "topography"},
          {"deflection", "deflection", "m", "deflection: setpoint and error of the feedback"}};
}

class PfmMap final : public Procedure {
 public:
  explicit PfmMap(const PfmMapPlan& plan) : plan_(plan), scan_(plan, channels(), procedure_name) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  struct Instruments {
    ProbeMicroscope& afm;
    LockIn& lock_in;
    Clock& clock;
  };
  // Both ways of one quantity.
  struct Pair {
    data::SignalId forward;
    data::SignalId backward;
  };

  [[nodiscard]] std::vector<double> search_hz() const {
    return linear_spacing(
        plan_.search_from_hz, plan_.search_to_hz, static_cast<std::size_t>(plan_.search_points));
  }
  [[nodiscard]] Pair add_pair(data::RecordingWriter& recording,
                              const std::string& group,
                              const std::string& title,
                              bool is_default) const;
  void say(const Instruments& with, const RunContext& context, const std::string& text) const;
  void configure(const Instruments& with, const RunContext& context, double frequency_hz);
  void go_to(const Instruments& with, const RunContext& context, Point at) const;
  void engage(const Instruments& with, const RunContext& context) const;
  [[nodiscard]] double find_resonance(const Instruments& with, const RunContext& context);
  void record_lateral(data::RecordingWriter& recording, const ScannedLine& line) const;

  PfmMapPlan plan_;
  ImageScan scan_;
  XyOutputs outputs_;
  Pair x_, y_, amplitude_;
  data::SignalId search_, tune_;
};

Estimate PfmMap::estimate() const {
  Estimate e;
  scan_.price(e);
  const auto search =
      static_cast<std::size_t>(plan_.search_points) * static_cast<std::size_t>(plan_.search_places);
  e.readings += search;
  e.duration = scan_.duration() + from_seconds(static_cast<double>(search) *
                                               plan_.settle_time_constants * plan_.time_constant_s);
  return e;
}

void PfmMap::describe(data::RecordingHeader& header) const {
  scan_.describe(header);
  header.scan_mode = "contact mode";
}

PfmMap::Pair PfmMap::add_pair(data::RecordingWriter& recording,
                              const std::string& group,
                              const std::string& title,
                              bool is_default) const {
  data::SignalSpec spec = scan_.image(group, data::ElementType::f32, "V", title);
  spec.description = "peak, at the input of the lock-in; exp(+i w t) of the tip's voltage";
  spec.is_default_plot = is_default;
  Pair pair;
  pair.forward = recording.add_signal(spec);
  spec.group += "_backward";
  spec.title += ", way back";
  spec.is_default_plot = false;
  pair.backward = recording.add_signal(spec);
  return pair;
}

void PfmMap::define(data::RecordingWriter& recording) {
  using data::Axis;
  amplitude_ = add_pair(recording, "lateral_amplitude", "lateral PFM amplitude", true);
  x_ = add_pair(recording, "lateral_x", "lateral PFM, in phase", false);
  y_ = add_pair(recording, "lateral_y", "lateral PFM, in quadrature", false);
  scan_.define(recording);
  outputs_.define(recording);
  const auto places = static_cast<std::size_t>(plan_.search_places);
  search_ = recording.add_signal(
      {.group = "contact_search",
       .type = data::ElementType::complex64,
       .unit = "V",
       .axes = {Axis{"place", "1", linear_spacing(0.0, plan_.search_places - 1.0, places)},
                Axis{"frequency", "Hz", search_hz()}},
       .title = "lateral signal against frequency, in contact",
       .description = "x + i y, peak amplitude, exp(+i w t) of the tip's voltage"});
  tune_ = recording.add_signal({.group = "contact_tune",
                                .type = data::ElementType::f64,
                                .unit = "1",
                                .axes = {Axis{"quantity", "1", {0, 1, 2}}},
                                .title = "contact resonance",
                                .description = "resonance (Hz), full width of the power at half "
                                               "maximum (Hz), drive frequency used (Hz)"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

void PfmMap::say(const Instruments& with,
                 const RunContext& context,
                 const std::string& text) const {
  context.bench.events().write({with.clock.now(), Level::info, procedure_name, text});
}

void PfmMap::configure(const Instruments& with, const RunContext& context, double frequency_hz) {
  devices::FeedbackSettings feedback = with.afm.height().settings();
  feedback.quantity = devices::FeedbackQuantity::deflection;
  feedback.setpoint_deflection_m = plan_.setpoint_deflection_m;
  feedback.integral_rate_per_s = plan_.integral_rate_per_s;
  feedback.proportional_gain = plan_.proportional_gain;
  with.afm.height().configure(feedback);
  devices::DriveSettings drive = with.afm.drive().settings();
  drive.on = false;  // nothing but the voltage shakes the tip
  with.afm.drive().configure(drive);
  devices::LockInSettings settings;
  settings.reference_hz = frequency_hz;
  settings.time_constant_s = plan_.time_constant_s;
  settings.filter_order = plan_.filter_order;
  settings.input_range_v = plan_.input_range_v;
  const devices::LockInSettings applied = with.lock_in.configure(settings);
  require(std::abs(applied.reference_hz / frequency_hz - 1.0) < 1e-3,
          fmt::format("lockin_mechanical cannot work at {} Hz (it took {} Hz)",
                      frequency_hz,
                      applied.reference_hz));
  outputs_.send(with.lock_in, plan_.output_scale, context.recording);
  with.lock_in.set_output({true, plan_.drive_peak_v, plan_.offset_v});
}

void PfmMap::go_to(const Instruments& with, const RunContext& context, Point at) const {
  devices::TipPositioner& positioner = with.afm.positioner();
  const Duration needed = positioner.start_move(at, plan_.move_speed_m_per_s);
  positioner.wait_move(needed + std::chrono::seconds(1), context.stop);
}

void PfmMap::engage(const Instruments& with, const RunContext& context) const {
  with.afm.height().approach(from_seconds(plan_.approach_timeout_s), context.stop);
}

// Lateral amplitude against frequency at some places of the map, the tip in contact; the summit of
// the mean power, by a parabola through three points of its logarithm.
double PfmMap::find_resonance(const Instruments& with, const RunContext& context) {
  const std::vector<double> frequency = search_hz();
  const Duration wait = from_seconds(plan_.settle_time_constants * plan_.time_constant_s);
  std::vector<double> power(frequency.size(), 0.0);
  std::vector<std::complex<float>> row(frequency.size());
  for (int place = 0; place < plan_.search_places; ++place) {
    const double part = (place + 0.5) / plan_.search_places;
    go_to(with,
          context,
          {plan_.first_pixel_m[0] + part * plan_.step_m * (plan_.columns - 1),
           plan_.first_pixel_m[1] + part * plan_.step_m * (plan_.rows - 1)});
    engage(with, context);
    for (std::size_t i = 0; i < frequency.size(); ++i) {
      with.lock_in.set_reference_hz(frequency[i]);
      with.clock.sleep(wait, context.stop);
      const devices::LockInReading reading = with.lock_in.read();
      row[i] = {static_cast<float>(reading.x_v), static_cast<float>(reading.y_v)};
      power[i] += reading.x_v * reading.x_v + reading.y_v * reading.y_v;
    }
    with.afm.height().withdraw(
        plan_.withdraw_m, from_seconds(plan_.approach_timeout_s), context.stop);
    context.recording.write(
        search_, {static_cast<std::size_t>(place)}, std::span<const std::complex<float>>(row));
  }
  const auto top =
      static_cast<std::size_t>(std::max_element(power.begin(), power.end()) - power.begin());
  double resonance = frequency[top];
  if (top > 0 && top + 1 < power.size() && power[top - 1] > 0.0 && power[top + 1] > 0.0) {
    const double a = std::log(power[top - 1]);
    const double b = std::log(power[top]);
    const double c = std::log(power[top + 1]);
    const double bend = a - 2.0 * b + c;
    resonance += bend < 0.0 ? 0.5 * (a - c) / bend * (frequency[1] - frequency[0]) : 0.0;
  }
  std::size_t low = top;
  std::size_t high = top;
  while (low > 0 && power[low] > 0.5 * power[top]) {
    --low;
  }
  while (high + 1 < power.size() && power[high] > 0.5 * power[top]) {
    ++high;
  }
  const double drive = resonance * (1.0 + plan_.drive_offset_fraction);
  const std::array<double, tune_values> record{resonance, frequency[high] - frequency[low], drive};
  context.recording.write(tune_, {0}, std::span<const double>(record));
  say(with,
      context,
      fmt::format(
          "contact resonance at {:.1f} kHz, driven at {:.1f} kHz", resonance / 1e3, drive / 1e3));
  return drive;
}

void PfmMap::record_lateral(data::RecordingWriter& recording, const ScannedLine& line) const {
  for (const bool forward : {true, false}) {
    const auto& scanned = forward ? line.forward : line.backward;
    const auto phasors = outputs_.phasors(scanned[x_channel], scanned[y_channel]);
    std::vector<float> x;
    std::vector<float> y;
    std::vector<float> amplitude;
    for (const std::complex<float>& phasor : phasors) {
      x.push_back(phasor.real());
      y.push_back(phasor.imag());
      amplitude.push_back(std::abs(phasor));
    }
    const auto write = [&](const Pair& pair, const std::vector<float>& values) {
      recording.write(
          forward ? pair.forward : pair.backward, {line.row}, std::span<const float>(values));
    };
    write(x_, x);
    write(y_, y);
    write(amplitude_, amplitude);
  }
}

void PfmMap::run(const RunContext& context) {
  const Instruments with{context.bench.get<ProbeMicroscope>("afm", "probe microscope"),
                         context.bench.get<LockIn>("lockin_mechanical", "lock-in amplifier"),
                         context.bench.clock()};
  configure(with, context, plan_.search_from_hz);
  double drive_hz = 0.0;
  if (context.first_unit == 0) {
    drive_hz = find_resonance(with, context);
  } else {  // taken up again: the drive of the first part, so that all lines are alike
    std::array<double, tune_values> kept{};
    context.recording.read(tune_, {0}, std::span<double>(kept));
    drive_hz = kept[2];
  }
  with.lock_in.set_reference_hz(drive_hz);
  go_to(with, context, scan_.start_place(context.first_unit));
  engage(with, context);
  scan_.run(
      with.afm, context, [&](const ScannedLine& line) { record_lateral(context.recording, line); });
  with.afm.height().withdraw(
      plan_.withdraw_m, from_seconds(plan_.approach_timeout_s), context.stop);
}

}  // namespace

std::unique_ptr<Procedure> make_pfm_map(const PfmMapPlan& plan) {
  validate(plan);
  return std::make_unique<PfmMap>(plan);
}

}  // namespace halotwin::scenarios
