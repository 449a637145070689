#include "scenarios/procedures/series.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/temperature_controller.hpp"

namespace halotwin::scenarios {

void validate(const Settling& p) {
  require_range("tolerance_k", p.tolerance_k, 1e-3, 10.0);
  require_range("hold_s", p.hold_s, 0.0, 1e5);
  require_range("timeout_s", p.timeout_s, 1.0, 1e6);
  require_range("expected_rate_k_per_s", p.expected_rate_k_per_s, 1e-6, 100.0);
}

namespace {

constexpr int max_rounds = 1000;

std::size_t rounds_of(const SeriesPlan& p) {
  const std::size_t conditions = std::max(p.temperature_k.size(), p.offset_v.size());
  return p.rounds > 0 ? static_cast<std::size_t>(p.rounds) : conditions;
}

}  // namespace

void validate(const SeriesPlan& p) {
  require(!p.steps.empty(), "steps is empty (name the procedures of a round)");
  for (const std::string& step : p.steps) {
    require(step != "series", "steps = \"series\" (a series cannot hold another)");
  }
  require_range("rounds", p.rounds, 0, max_rounds);
  const std::size_t rounds = rounds_of(p);
  require(rounds > 0 && rounds <= max_rounds,
          fmt::format("rounds = {} (must be 1 to {}, or follow from temperature_k or offset_v)",
                      rounds,
                      max_rounds));
  const auto fits = [&](const char* name, std::size_t count) {
    require(
        count == 0 || count == rounds,
        fmt::format(
            "{} has {} values (must be one for each of {} rounds, or none)", name, count, rounds));
  };
  fits("temperature_k", p.temperature_k.size());
  fits("offset_v", p.offset_v.size());
  for (const double t : p.temperature_k) {
    require_range("temperature_k", t, 1.0, 2000.0);
  }
  for (const double v : p.offset_v) {
    require_range("offset_v", v, -100.0, 100.0);
  }
  require_range("pause_s", p.pause_s, 0.0, 1e7);
  require_range("clearance_m", p.clearance_m, 1e-9, 1e-2);
  require_positive("clearance_wait_s", p.clearance_wait_s);
  validate(p.settling);
}

namespace {

using devices::TemperatureController;

/// Adds to a value of a section; false if it has no such value.
bool add_to(Table& section, const std::string& key, double more) {
  const Value* own = section.find(key);
  const auto* number = own == nullptr ? nullptr : std::get_if<double>(&own->data);
  if (number == nullptr) {
    return false;
  }
  section.set(key, Value{*number + more, {}});
  return true;
}

class Series final : public Procedure {
 public:
  Series(const SeriesPlan& plan, const Table& sections);

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }
  [[nodiscard]] std::vector<Step> steps() const override;

 private:
  struct Part {
    std::size_t round = 0;
    std::string label;
    std::string name;
    std::unique_ptr<Procedure> procedure;
    std::size_t units = 0;
  };

  [[nodiscard]] std::string title_of(const Part& part) const;
  [[nodiscard]] double offset_v(std::size_t round) const {
    return plan_.offset_v.empty() ? 0.0 : plan_.offset_v[round];
  }
  void begin_round(const RunContext& context, std::size_t round);
  void go_to_temperature(const RunContext& context, std::size_t round);
  static void run_part(const RunContext& context, const Part& part, std::size_t first);
  static void say(const RunContext& context, const std::string& text);

  SeriesPlan plan_;
  std::size_t rounds_;
  std::vector<Part> parts_;
  data::SignalId set_temperature_, temperature_, offset_, start_;
};

Series::Series(const SeriesPlan& plan, const Table& sections)
    : plan_(plan), rounds_(rounds_of(plan)) {
  for (std::size_t round = 0; round < rounds_; ++round) {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const std::string& name = plan_.steps[s];
      const Table* own = sections.table_at(name);
      auto procedure = make_procedure(name, own == nullptr ? Table{} : *own);
      if (!plan_.offset_v.empty()) {
        Table section = procedure->parameters();
        const bool shifted = add_to(section, "offset_v", offset_v(round));
        require(shifted || plan_.steps.size() > 1,
                fmt::format("offset_v: the step {} has no offset to change", name));
        if (plan_.shift_reference) {
          add_to(section, "reference_offset_v", offset_v(round));
        }
        procedure = make_procedure(name, section);
      }
      const auto before = std::count(
          plan_.steps.begin(), plan_.steps.begin() + static_cast<std::ptrdiff_t>(s), name);
      const std::string again = before > 0 ? fmt::format("_{}", before + 1) : "";
      const std::size_t units = procedure->estimate().units;
      parts_.push_back({round,
                        fmt::format("r{:02}_{}{}", round, name, again),
                        name,
                        std::move(procedure),
                        units});
    }
  }
}

std::string Series::title_of(const Part& part) const {
  std::string title = fmt::format("round {}: {}", part.round, part.name);
  if (!plan_.temperature_k.empty()) {
    title += fmt::format(" at {:g} K", plan_.temperature_k[part.round]);
  }
  if (!plan_.offset_v.empty()) {
    title += fmt::format(", {:+g} V", plan_.offset_v[part.round]);
  }
  return title;
}

Estimate Series::estimate() const {
  Estimate total;
  total.unit_word = parts_.front().procedure->estimate().unit_word;
  for (const Part& part : parts_) {
    const Estimate one = part.procedure->estimate();
    total.duration += one.duration;
    total.units += one.units;
    total.readings += one.readings;
    total.unit_word = one.unit_word == total.unit_word ? total.unit_word : "unit";
  }
  total.duration += from_seconds(plan_.pause_s) * static_cast<std::int64_t>(rounds_);
  constexpr double start_k = 300.0;  // unknown before the start; near enough for an estimate
  double last_k = start_k;
  for (const double t : plan_.temperature_k) {
    total.duration += from_seconds(plan_.settling.hold_s +
                                   std::abs(t - last_k) / plan_.settling.expected_rate_k_per_s);
    last_k = t;
  }
  return total;
}

std::vector<Step> Series::steps() const {
  std::vector<Step> all;
  for (const Part& part : parts_) {
    all.push_back({part.label, part.name, part.procedure->parameters()});
  }
  return all;
}

void Series::describe(data::RecordingHeader& header) const {
  std::optional<data::ScanArea> area;
  const Estimate total = estimate();
  for (const Part& part : parts_) {
    data::RecordingHeader one;
    part.procedure->describe(one);
    header.sections.push_back({.scope = part.label,
                               .procedure = part.name,
                               .title = title_of(part),
                               .units = part.units,
                               .unit_word = one.unit_word,
                               .scan = one.scan});
    if (header.definition.empty()) {
      header.definition = one.definition;
      header.experiment_technique = one.experiment_technique;
      header.scan_mode = one.scan_mode;
    }
    if (area && one.scan) {
      area->x_start_m = std::min(area->x_start_m, one.scan->x_start_m);
      area->x_end_m = std::max(area->x_end_m, one.scan->x_end_m);
      area->y_start_m = std::min(area->y_start_m, one.scan->y_start_m);
      area->y_end_m = std::max(area->y_end_m, one.scan->y_end_m);
      area->points_x = std::max(area->points_x, one.scan->points_x);
      area->points_y = std::max(area->points_y, one.scan->points_y);
    } else if (one.scan) {
      area = one.scan;
    }
  }
  header.procedure = "series";
  header.units_total = total.units;
  header.unit_word = total.unit_word;
  header.scan = area;
}

void Series::define(data::RecordingWriter& recording) {
  for (const Part& part : parts_) {
    recording.set_scope(part.label);
    part.procedure->define(recording);
  }
  recording.set_scope({});
  const data::Axis round{
      "round", "1", linear_spacing(0.0, static_cast<double>(rounds_ - 1), rounds_)};
  const auto add = [&](const char* group, const char* unit, const char* title) {
    return recording.add_signal({.group = std::string("conditions/") + group,
                                 .type = data::ElementType::f64,
                                 .unit = unit,
                                 .axes = {round},
                                 .title = title});
  };
  set_temperature_ = add("set_temperature", "K", "temperature that was asked for");
  temperature_ = add("temperature", "K", "mean of the temperature sensor before the first step");
  offset_ = add("offset", "V", "bias added to that of the steps");
  start_ = add("start", "s", "start of the first step");
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

void Series::say(const RunContext& context, const std::string& text) {
  context.bench.events().write({context.bench.clock().now(), Level::info, "series", text});
}

void Series::go_to_temperature(const RunContext& context, std::size_t round) {
  auto& controller =
      context.bench.get<TemperatureController>("temperature", "temperature controller");
  auto& afm = context.bench.get<devices::ProbeMicroscope>("afm", "probe microscope");
  afm.height().withdraw(plan_.clearance_m, from_seconds(plan_.clearance_wait_s), context.stop);
  const double target = plan_.temperature_k[round];
  controller.set_target_k(target);
  if (!controller.wait_stable(plan_.settling.tolerance_k,
                              from_seconds(plan_.settling.hold_s),
                              from_seconds(plan_.settling.timeout_s),
                              context.stop)) {
    throw devices::DeviceError("temperature",
                               "wait until stable",
                               fmt::format("not within {} K of {} K for {} s after {} s",
                                           plan_.settling.tolerance_k,
                                           target,
                                           plan_.settling.hold_s,
                                           plan_.settling.timeout_s),
                               devices::Retry::yes);
  }
  constexpr int readings = 10;
  double sum = 0.0;
  for (int i = 0; i < readings; ++i) {
    context.bench.clock().sleep(from_seconds(1.0), context.stop);
    sum += controller.temperature_k();
  }
  const double mean = sum / readings;
  context.recording.write_value(set_temperature_, {round}, target);
  context.recording.write_value(temperature_, {round}, mean);
  say(context,
      fmt::format("round {}: {:.2f} K asked for, sensor at {:.2f} K", round, target, mean));
}

void Series::begin_round(const RunContext& context, std::size_t round) {
  context.bench.clock().sleep(from_seconds(plan_.pause_s), context.stop);
  if (!plan_.temperature_k.empty()) {
    go_to_temperature(context, round);
  }
  context.recording.write_value(offset_, {round}, offset_v(round));
  context.recording.write_value(start_, {round}, seconds(context.bench.clock().now()));
  if (!plan_.offset_v.empty()) {
    say(context,
        fmt::format("round {}: bias {:+.3f} V beside that of the steps", round, offset_v(round)));
  }
}

/// Runs a step whose first unit is unit `first` of the series. Taken up again inside of it, the
/// step gets the saved state back when it is set up; later steps must not, they set up anew.
void Series::run_part(const RunContext& context, const Part& part, std::size_t first) {
  const bool taken_up = context.first_unit > first;
  const RunContext shifted{
      .bench = context.bench,
      .recording = context.recording,
      .stop = context.stop,
      .first_unit = taken_up ? context.first_unit - first : 0,
      .instruments_ready = taken_up ? context.instruments_ready : std::function<void()>{},
      .unit_measured =
          [&](std::size_t unit) {
            if (context.unit_measured) {
              context.unit_measured(first + unit);
            }
          },
      .unit_recorded =
          [&](std::size_t done) {
            if (context.unit_recorded) {
              context.unit_recorded(first + done);
            }
          }};
  part.procedure->run(shifted);
}

void Series::run(const RunContext& context) {
  if (!plan_.temperature_k.empty()) {  // a missing controller is told before anything moves
    static_cast<void>(
        context.bench.get<TemperatureController>("temperature", "temperature controller"));
  }
  std::size_t first = 0;
  std::size_t round = rounds_;  // none yet
  for (const Part& part : parts_) {
    // Stopped after the last unit of a step: the step is run once more, to do what comes after its
    // units.
    const bool over = context.first_unit > first + part.units;
    const bool begun = context.first_unit > first;
    if (!over) {
      if (!begun && part.round != round) {
        begin_round(context, part.round);
      }
      run_part(context, part, first);
    }
    round = part.round;
    first += part.units;
  }
}

}  // namespace

std::unique_ptr<Procedure> make_series(const SeriesPlan& plan, const Table& sections) {
  validate(plan);
  return std::make_unique<Series>(plan, sections);
}

}  // namespace halotwin::scenarios
