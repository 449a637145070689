#include "devices/drivers/scpi_source.hpp"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "devices/drivers/text_link.hpp"
#include "devices/wire/scpi.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

using Lines = std::vector<std::string>;

constexpr int most_errors = 64;  // the queue of the instrument holds 10
constexpr Duration ramp_step = std::chrono::milliseconds(20);
constexpr std::size_t elements = 5;  // of a reading: voltage, current, resistance, time, status

const Lines as_voltage_source{":SOUR:FUNC VOLT",
                              ":SOUR:VOLT:MODE FIX",
                              ":SOUR:VOLT:RANG:AUTO 1",
                              ":SOUR:CLE:AUTO 0",
                              ":SENS:FUNC:CONC 1",
                              ":SENS:FUNC 'VOLT','CURR'",
                              ":SENS:CURR:RANG:AUTO 1",
                              ":FORM:ELEM VOLT,CURR,RES,TIME,STAT"};

/// What rounding to the steps of a range may make of a level.
bool same_level(double read_v, double wanted_v) {
  return std::abs(read_v - wanted_v) <= 1e-4 + 1e-3 * std::abs(wanted_v);
}

class ScpiSource final : public BiasSource {
 public:
  ScpiSource(Connect connect,
             Clock& clock,
             std::string role,
             const std::string& address,
             const source_meter::Model& model)
      : clock_(&clock),
        model_(&model),
        link_(std::move(connect),
              std::move(role),
              address,
              std::string(model.name),
              [this](const Identity& who) {
                prepared_ = false;
                return who.vendor.starts_with(source_meter::vendor) && who.model == model_->name;
              }) {
    constexpr const char* operation = "open";
    link_.open(operation);
    static_cast<void>(pending(operation));  // the errors of others
    const std::vector<std::string> state =
        ask(operation, {}, {":SOUR:FUNC?", ":OUTP?", ":SOUR:VOLT?", ":SENS:CURR:PROT?"});
    on_ = flag(operation, state[1]);
    if (on_ && !scpi::is_word("VOLTage", trimmed(state[0]))) {
      link_.refuse(operation, "it is a current source with its output on");
    }
    level_v_ = on_ ? number(operation, state[2]) : 0.0;
    settings_ = {.on = on_,
                 .voltage_v = level_v_,
                 .ramp_v_per_s = 0.0,
                 .compliance_a = number(operation, state[3])};
    begin_ramp(level_v_);
  }

  [[nodiscard]] Identity identity() const override { return link_.identity(); }
  [[nodiscard]] BiasLimits limits() const override {
    return {{-model_->max_voltage_v, model_->max_voltage_v}, model_->max_current_a, 0.0};
  }
  [[nodiscard]] BiasSettings settings() const override { return settings_; }

  BiasSettings configure(const BiasSettings& wanted) override {
    constexpr const char* operation = "configure";
    check(operation, wanted);
    go_on(operation);
    prepare(operation);
    const double compliance_a =
        number(operation,
               ask(operation,
                   {fmt::format(":SENS:CURR:PROT {:.6e}", wanted.compliance_a)},
                   {":SENS:CURR:PROT?"})[0]);
    if (!(std::abs(compliance_a - wanted.compliance_a) <= 1e-3 * wanted.compliance_a)) {
      link_.refuse(operation,
                   fmt::format("the current limit is {} A, not {} A as it was set",
                               compliance_a,
                               wanted.compliance_a));
    }
    settings_.compliance_a = compliance_a;
    if (wanted.on && !on_) {
      switch_on(operation);
    }
    settings_ = wanted;
    settings_.compliance_a = compliance_a;
    begin_ramp(wanted.on ? wanted.voltage_v : 0.0);
    go_on(operation);
    return settings_;
  }

  [[nodiscard]] bool ramping() override {
    go_on("ramping");
    return level_v_ != goal_v_;
  }

  [[nodiscard]] BiasReading read() override {
    constexpr const char* operation = "read";
    go_on(operation);
    if (!on_) {
      if (flag(operation, ask(operation, {}, {":OUTP?"})[0])) {
        link_.refuse(operation, "the output is on, which nobody here switched on");
      }
      return {.time = clock_->now()};
    }
    prepare(operation);
    const std::vector<std::string> answers =
        ask(operation, {}, {":READ?", ":SENS:CURR:PROT:TRIP?"});
    std::vector<double> values;
    for (const std::string_view value : scpi::split(answers[0], ',')) {
      values.push_back(number(operation, value));
    }
    if (values.size() != elements) {
      link_.garbled(operation, answers[0]);
    }
    for (const double value : {values[0], values[1]}) {
      if (std::abs(value) >= source_meter::overflow) {
        link_.refuse(operation, "beyond the measuring range");
      }
    }
    return {.time = clock_->now(),
            .voltage_v = values[0],
            .current_a = values[1],
            .compliance = flag(operation, answers[1])};
  }

  void make_safe() override {
    constexpr const char* operation = "make safe";
    settings_.on = false;
    settings_.voltage_v = 0.0;
    try {
      begin_ramp(0.0);
      for (go_on(operation); on_; go_on(operation)) {
        clock_->sleep(ramp_step);
      }
    } catch (const DeviceError&) {  // then at once
    }
    switch_off(operation);
  }

 private:
  void check(const char* operation, const BiasSettings& wanted) const {
    const double most_a = source_meter::max_compliance_a(*model_, wanted.voltage_v);
    if (!limits().voltage_v.contains(wanted.voltage_v) ||
        !(wanted.compliance_a > 0.0 && wanted.compliance_a <= most_a) ||
        !(wanted.ramp_v_per_s >= 0.0)) {
      link_.refuse(operation,
                   fmt::format("{} V, {} A, {} V/s (must be within +-{} V, 0 to {} A, >= 0 V/s)",
                               wanted.voltage_v,
                               wanted.compliance_a,
                               wanted.ramp_v_per_s,
                               model_->max_voltage_v,
                               most_a));
    }
  }

  /// The function is changed only where it is another: that would switch the output off.
  void prepare(const char* operation) {
    if (prepared_) {
      return;
    }
    const std::string function = ask(operation, {}, {":SOUR:FUNC?"})[0];
    const bool voltage = scpi::is_word("VOLTage", trimmed(function));
    ask(operation,
        Lines(as_voltage_source.begin() + (voltage ? 1 : 0), as_voltage_source.end()),
        {});
    prepared_ = true;
  }

  void switch_on(const char* operation) {
    set_level(operation, 0.0, ":OUTP 1", true);
    on_ = true;
    level_v_ = 0.0;
  }

  void switch_off(const char* operation) {
    set_level(operation, 0.0, ":OUTP 0", false);
    on_ = false;
    level_v_ = 0.0;
    goal_v_ = 0.0;
  }

  /// The level, another command, and whether both were done.
  void set_level(const char* operation, double level_v, const char* also, bool on_then) {
    Lines commands{fmt::format(":SOUR:VOLT {:.6e}", level_v)};
    if (also != nullptr) {
      commands.emplace_back(also);
    }
    const std::vector<std::string> now = ask(operation, commands, {":SOUR:VOLT?", ":OUTP?"});
    const double read_v = number(operation, now[0]);
    if (!same_level(read_v, level_v)) {
      link_.refuse(operation,
                   fmt::format("the level is {} V, not {} V as it was set", read_v, level_v));
    }
    const bool on = flag(operation, now[1]);
    if (on != on_then) {
      on_ = on;
      link_.refuse(operation,
                   on ? "the output is on, though it was switched off"
                      : "the output is off, which nobody here switched off");
    }
  }

  void begin_ramp(double goal_v) {
    start_ = clock_->now();
    start_v_ = level_v_;
    goal_v_ = on_ ? goal_v : level_v_;
  }

  /// Sets the level that is due now, and switches off at the end of the way to zero.
  void go_on(const char* operation) {
    const double way_v = goal_v_ - start_v_;
    const double rate = settings_.ramp_v_per_s;
    const double passed_v = rate * seconds(clock_->now() - start_);
    const double due_v = rate > 0.0 && passed_v < std::abs(way_v)
                             ? start_v_ + std::copysign(passed_v, way_v)
                             : goal_v_;
    if (due_v != level_v_) {
      set_level(operation, due_v, nullptr, true);
      level_v_ = due_v;
    }
    if (on_ && !settings_.on && level_v_ == goal_v_) {
      switch_off(operation);
    }
  }

  /// Sends commands and questions in one message, at its end whether anything was refused; the
  /// answers, one for each question.
  std::vector<std::string> ask(const char* operation,
                               const Lines& commands,
                               const Lines& questions) {
    Lines message = commands;
    message.insert(message.end(), questions.begin(), questions.end());
    message.emplace_back(":SYST:ERR?");
    const std::string line = answer_to(operation, fmt::format("{}", fmt::join(message, ";")));
    std::vector<std::string> answers;
    for (const std::string_view part : scpi::split(line, ';')) {
      answers.emplace_back(part);
    }
    const auto error = scpi::parse_error(answers.back());
    if (!error) {
      link_.garbled(operation, line);
    }
    if (error->code != 0) {
      const std::string more = pending(operation);
      link_.refuse(operation,
                   fmt::format("{} says {} {}{}{}",
                               model_->name,
                               error->code,
                               error->text,
                               more.empty() ? "" : ", ",
                               more));
    }
    answers.pop_back();
    if (answers.size() != questions.size()) {
      link_.garbled(operation, line);
    }
    return answers;
  }

  /// An instrument that stops reading a message at an error of syntax does not answer: then its
  /// queue is asked for the reason.
  std::string answer_to(const char* operation, const std::string& message) {
    try {
      return link_.ask(operation, message);
    } catch (const DeviceError& error) {
      std::string said;
      try {
        said = pending(operation);
      } catch (const DeviceError&) {  // it does not answer at all
      }
      if (said.empty()) {
        throw;
      }
      link_.refuse(operation, fmt::format("{}; {} says {}", error.cause(), model_->name, said));
    }
  }

  /// Empties the error queue; what was in it.
  std::string pending(const char* operation) {
    std::string all;
    for (int k = 0; k < most_errors; ++k) {
      const std::string line = link_.ask(operation, ":SYST:ERR?");
      const auto error = scpi::parse_error(line);
      if (!error) {
        link_.garbled(operation, line);
      }
      if (error->code == 0) {
        break;
      }
      all += fmt::format("{}{} {}", all.empty() ? "" : ", ", error->code, error->text);
    }
    return all;
  }

  double number(const char* operation, std::string_view text) {
    const auto value = parse_number(text);
    if (!value) {
      link_.garbled(operation, std::string(text));
    }
    return *value;
  }
  bool flag(const char* operation, std::string_view text) {
    const auto value = parse_whole(text);
    if (!value || (*value != 0 && *value != 1)) {
      link_.garbled(operation, std::string(text));
    }
    return *value == 1;
  }

  Clock* clock_;
  const source_meter::Model* model_;
  bool prepared_ = false;  // on this connection
  TextLink link_;
  BiasSettings settings_;
  bool on_ = false;  // the output, as it was last seen
  double level_v_ = 0.0;
  double start_v_ = 0.0;  // of the ramp
  double goal_v_ = 0.0;
  Duration start_{};
};

}  // namespace

std::unique_ptr<BiasSource> open_scpi_source(Connect connect,
                                             Clock& clock,
                                             const std::string& role,
                                             const std::string& address,
                                             const source_meter::Model& model) {
  try {
    return std::make_unique<ScpiSource>(std::move(connect), clock, role, address, model);
  } catch (const WireError& error) {
    throw DeviceError(role, "open", error.what(), Retry::yes);
  }
}

}  // namespace halotwin::devices
