#include "scenarios/procedures/current_voltage.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/bias_source.hpp"

namespace halotwin::scenarios {

void validate(const CurrentVoltagePlan& p) {
  require_range("peak_v", p.peak_v, 1e-6, 1e4);
  require_range("steps", p.steps, 1, 100'000);
  require_range("ramp_v_per_s", p.ramp_v_per_s, 1e-6, 1e6);
  require_range("settle_s", p.settle_s, 0.0, 1e5);
  require_range("compliance_a", p.compliance_a, 1e-12, 10.0);
}

std::vector<double> triangle_v(const CurrentVoltagePlan& plan) {
  std::vector<double> levels;
  const int n = plan.steps;
  for (int k = 0; k <= 4 * n; ++k) {
    const int part = k <= n ? k : k <= 3 * n ? 2 * n - k : k - 4 * n;
    levels.push_back(plan.peak_v * part / n);
  }
  return levels;
}

namespace {

using devices::BiasReading;
using devices::BiasSource;

constexpr const char* name = "current_voltage";
constexpr Duration look_again = std::chrono::milliseconds(20);  // while the source ramps
constexpr double patience = 3.0;                                // times the ramp, and some more
constexpr double more_patience_s = 10.0;

class CurrentVoltage final : public Procedure {
 public:
  explicit CurrentVoltage(const CurrentVoltagePlan& plan)
      : plan_(plan), levels_v_(triangle_v(plan)) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  void go_to(const RunContext& context, BiasSource& bias, double level_v) const;
  BiasReading measure(const RunContext& context, BiasSource& bias, std::size_t step);

  CurrentVoltagePlan plan_;
  std::vector<double> levels_v_;
  data::SignalId set_, voltage_, current_, time_, compliance_, start_;
};

Estimate CurrentVoltage::estimate() const {
  Estimate e;
  e.units = levels_v_.size();
  e.unit_word = "step";
  e.readings = levels_v_.size();
  e.bytes_per_reading = 33.0;
  e.duration = from_seconds(4.0 * plan_.peak_v / plan_.ramp_v_per_s +
                            static_cast<double>(e.units) * plan_.settle_s);
  return e;
}

void CurrentVoltage::describe(data::RecordingHeader& header) const {
  header.procedure = name;
  header.experiment_technique = "current-voltage curve";
  header.units_total = levels_v_.size();
  header.unit_word = "step";
}

void CurrentVoltage::define(data::RecordingWriter& recording) {
  using data::ElementType;
  const data::Axis step{
      "step",
      "1",
      linear_spacing(0.0, static_cast<double>(levels_v_.size() - 1), levels_v_.size())};
  const auto add = [&](const char* group, const char* unit, const char* title) {
    return recording.add_signal({.group = group,
                                 .type = ElementType::f64,
                                 .unit = unit,
                                 .axes = {step},
                                 .title = title,
                                 .is_default_plot = std::string_view(group) == "current"});
  };
  set_ = add("set_voltage", "V", "voltage as it was set");
  voltage_ = add("voltage", "V", "voltage as it was read");
  current_ = add("current", "A", "current through the sample");
  time_ = add("time", "s", "of the reading, from the start of the first step");
  compliance_ = recording.add_signal({.group = "compliance",
                                      .type = ElementType::u8,
                                      .unit = "1",
                                      .axes = {step},
                                      .title = "1: the current limit held the voltage down"});
  start_ = recording.add_signal({.group = "start",
                                 .type = ElementType::f64,
                                 .unit = "s",
                                 .axes = {{"quantity", "1", {0}}},
                                 .title = "start of the first step on the clock of the bench"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

void CurrentVoltage::go_to(const RunContext& context, BiasSource& bias, double level_v) const {
  Clock& clock = context.bench.clock();
  const double way_v = std::abs(level_v - bias.settings().voltage_v);
  bias.configure({.on = true,
                  .voltage_v = level_v,
                  .ramp_v_per_s = plan_.ramp_v_per_s,
                  .compliance_a = plan_.compliance_a});
  const double most_s = patience * way_v / plan_.ramp_v_per_s + more_patience_s;
  const Duration latest = clock.now() + from_seconds(most_s);
  while (bias.ramping()) {
    if (clock.now() > latest) {
      throw devices::DeviceError("bias",
                                 "ramp",
                                 fmt::format("not at {} V after {:.3g} s", level_v, most_s),
                                 devices::Retry::yes);
    }
    clock.sleep(look_again, context.stop);
  }
  clock.sleep(from_seconds(plan_.settle_s), context.stop);
}

BiasReading CurrentVoltage::measure(const RunContext& context, BiasSource& bias, std::size_t step) {
  go_to(context, bias, levels_v_[step]);
  if (context.unit_measured) {
    context.unit_measured(step);
  }
  const BiasReading reading = bias.read();
  std::vector<double> start(1);
  context.recording.read(start_, {0}, std::span<double>(start));
  context.recording.write_value(set_, {step}, levels_v_[step]);
  context.recording.write_value(voltage_, {step}, reading.voltage_v);
  context.recording.write_value(current_, {step}, reading.current_a);
  context.recording.write_value(time_, {step}, seconds(reading.time) - start[0]);
  context.recording.write_value(compliance_, {step}, reading.compliance ? 1.0 : 0.0);
  return reading;
}

void CurrentVoltage::run(const RunContext& context) {
  auto& bias = context.bench.get<BiasSource>("bias", "bias source");
  Clock& clock = context.bench.clock();
  bias.make_safe();
  if (context.first_unit == 0) {
    context.recording.write_value(start_, {0}, seconds(clock.now()));
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  for (std::size_t step = context.first_unit; step < levels_v_.size(); ++step) {
    const BiasReading reading = measure(context, bias, step);
    if (reading.compliance) {
      context.bench.events().write(
          {clock.now(),
           Level::warning,
           name,
           fmt::format("the current limit of {:.3g} A is reached at {:.4g} V (set: {:.4g} V): no "
                       "further step of {}",
                       plan_.compliance_a,
                       reading.voltage_v,
                       levels_v_[step],
                       levels_v_.size())});
    }
    if (context.unit_recorded) {
      context.unit_recorded(reading.compliance ? levels_v_.size() : step + 1);
    }
    if (reading.compliance) {
      break;
    }
  }
  bias.make_safe();
}

}  // namespace

std::unique_ptr<Procedure> make_current_voltage(const CurrentVoltagePlan& plan) {
  validate(plan);
  return std::make_unique<CurrentVoltage>(plan);
}

}  // namespace halotwin::scenarios
