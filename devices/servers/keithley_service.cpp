#include "devices/servers/keithley_service.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t longest_queue = 10;
constexpr std::size_t most_headers = 256;  // that are remembered

// Errors and events, appendix B of the manual.
constexpr int bad_syntax = -102;
constexpr int wrong_type = -104;
constexpr int too_many_parameters = -108;
constexpr int missing_parameter = -109;
constexpr int unknown_header = -113;
constexpr int out_of_range = -222;
constexpr int illegal_value = -224;
constexpr int queue_overflow = -350;
constexpr int no_reading = -230;
constexpr int output_is_off = 803;
constexpr std::array<std::pair<int, std::string_view>, 11> error_texts{
    {{0, "No error"},
     {bad_syntax, "Syntax error"},
     {wrong_type, "Data type error"},
     {too_many_parameters, "Parameter not allowed"},
     {missing_parameter, "Missing parameter"},
     {unknown_header, "Undefined header"},
     {out_of_range, "Parameter data out of range"},
     {illegal_value, "Illegal parameter value"},
     {no_reading, "Data corrupt or stale"},
     {queue_overflow, "Queue overflow"},
     {output_is_off, "Not permitted with OUTPUT off"}}};

// Bits of *ESR? and *STB?.
constexpr std::uint32_t operation_complete = 1U << 0U;
constexpr std::uint32_t device_error = 1U << 3U;
constexpr std::uint32_t execution_error = 1U << 4U;
constexpr std::uint32_t command_error = 1U << 5U;
constexpr std::uint32_t power_on = 1U << 7U;
constexpr std::uint32_t errors_there = 1U << 2U;
constexpr std::uint32_t events_there = 1U << 5U;

// Bits of the status word of a reading.
constexpr std::uint32_t in_compliance = 1U << 3U;
constexpr std::uint32_t measured_volts = 1U << 11U;
constexpr std::uint32_t measured_amperes = 1U << 12U;
constexpr std::uint32_t sourced_volts = 1U << 14U;

const Words all_functions{"VOLTage", "CURRent", "RESistance"};
const Words all_elements{"VOLTage", "CURRent", "RESistance", "TIME", "STATus"};

std::string text_of(double value) {
  return fmt::format("{:+.6E}", value);
}

std::uint32_t bit_of(int error) {
  const int hundred = -error / 100;
  return error > 0      ? device_error
         : hundred == 1 ? command_error
         : hundred == 2 ? execution_error
                        : device_error;
}

/// The word of a list that this is, in its short form; nothing if none.
std::optional<std::string> word_of(const Words& words, std::string_view given) {
  const auto found = std::find_if(
      words.begin(), words.end(), [&](const auto& word) { return scpi::is_word(word, given); });
  if (found == words.end()) {
    return std::nullopt;
  }
  const auto small =
      std::find_if(found->begin(), found->end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return std::string(found->begin(), small);
}

}  // namespace

KeithleyService::KeithleyService(BiasSource& source, const source_meter::Model& model)
    : source_(&source), model_(&model), event_status_(power_on) {
  add_common();
  add_errors();
  add_source();
  add_sense();
  add_kept();
  reset();
}

void KeithleyService::add(std::string pattern, Handler handler) {
  entries_.push_back({std::move(pattern), std::move(handler)});
}

void KeithleyService::add_question(const std::string& pattern,
                                   const std::function<std::string()>& answer) {
  add(pattern, [answer](const scpi::Command& c) -> Answer {
    if (!c.query) {
      throw Refused{unknown_header};
    }
    return answer();
  });
}

void KeithleyService::add_action(const std::string& pattern, const std::function<void()>& work) {
  add(pattern, [work](const scpi::Command& c) -> Answer {
    if (c.query) {
      throw Refused{unknown_header};
    }
    work();
    return std::nullopt;
  });
}

void KeithleyService::add_setting(const std::string& pattern,
                                  const std::function<std::string()>& get,
                                  const std::function<void(const std::string&)>& set) {
  add(pattern, [get, set](const scpi::Command& c) -> Answer {
    if (c.query) {
      return get();
    }
    if (c.arguments.size() != 1) {
      throw Refused{c.arguments.empty() ? missing_parameter : too_many_parameters};
    }
    set(c.arguments[0]);
    return std::nullopt;
  });
}

void KeithleyService::add_number(const std::string& pattern,
                                 Range range,
                                 const std::function<double()>& get,
                                 const std::function<void(double)>& set) {
  add_setting(
      pattern,
      [get] { return text_of(get()); },
      [range, set](const std::string& text) {
        const auto value = parse_number(text);
        if (!value) {
          throw Refused{wrong_type};
        }
        if (!range.contains(*value)) {
          throw Refused{out_of_range};
        }
        set(*value);
      });
}

void KeithleyService::add_flag(const std::string& pattern,
                               const std::function<bool()>& get,
                               const std::function<void(bool)>& set) {
  add_setting(
      pattern,
      [get] { return std::string(get() ? "1" : "0"); },
      [set](const std::string& text) {
        const bool on = scpi::is_word("ON", text) || text == "1";
        if (!on && !scpi::is_word("OFF", text) && text != "0") {
          throw Refused{illegal_value};
        }
        set(on);
      });
}

void KeithleyService::keep_number(const std::string& pattern, Range range, double reset) {
  const auto kept = std::make_shared<double>(reset);
  resets_.emplace_back([kept, reset] { *kept = reset; });
  add_number(
      pattern, range, [kept] { return *kept; }, [kept](double value) { *kept = value; });
}

void KeithleyService::keep_flag(const std::string& pattern, bool reset) {
  const auto kept = std::make_shared<bool>(reset);
  resets_.emplace_back([kept, reset] { *kept = reset; });
  add_flag(
      pattern, [kept] { return *kept; }, [kept](bool value) { *kept = value; });
}

void KeithleyService::keep_word(const std::string& pattern, const Words& words) {
  const std::string reset = word_of(words, words.front()).value_or("");
  const auto kept = std::make_shared<std::string>(reset);
  resets_.emplace_back([kept, reset] { *kept = reset; });
  add_setting(
      pattern,
      [kept] { return *kept; },
      [kept, words](const std::string& text) {
        const auto word = word_of(words, text);
        if (!word) {
          throw Refused{illegal_value};
        }
        *kept = *word;
      });
}

void KeithleyService::keep_mask(const std::string& pattern) {
  constexpr double all = 65535.0;
  const auto kept = std::make_shared<double>(0.0);
  add_setting(
      pattern,
      [kept] { return fmt::format("{:.0f}", *kept); },
      [kept](const std::string& text) {
        const auto value = parse_whole(text);
        if (!value || *value < 0 || *value > all) {
          throw Refused{value ? out_of_range : wrong_type};
        }
        *kept = *value;
      });
}

void KeithleyService::add_common() {
  add_question("*IDN", [this] {
    return fmt::format("{} INC.,{},halotwin,C00 twin", source_meter::vendor, model_->name);
  });
  add_action("*RST", [this] { reset(); });
  add_action("*CLS", [this] {
    errors_.clear();
    event_status_ = 0;
  });
  add_question("*ESR", [this] { return std::to_string(std::exchange(event_status_, 0U)); });
  add_question("*STB", [this] {
    return std::to_string((errors_.empty() ? 0U : errors_there) +
                          (event_status_ == 0 ? 0U : events_there));
  });
  add("*OPC", [this](const scpi::Command& c) -> Answer {
    event_status_ |= c.query ? 0U : operation_complete;
    return c.query ? Answer("1") : std::nullopt;
  });
  add_question("*TST", [] { return std::string("0"); });
  for (const char* mask : {"*ESE", "*SRE", "STATus:MEASurement:ENABle"}) {
    keep_mask(mask);
  }
}

void KeithleyService::add_errors() {
  for (const char* queue : {"SYSTem:ERRor:[NEXT]", "STATus:QUEue:[NEXT]"}) {
    add_question(queue, [this] { return next_error(); });
  }
  for (const char* clear : {"STATus:QUEue:CLEar", "SYSTem:CLEar"}) {
    add_action(clear, [this] { errors_.clear(); });
  }
  add_question("SYSTem:ERRor:COUNt", [this] { return std::to_string(errors_.size()); });
}

void KeithleyService::add_source() {
  add_setting(
      "SOURce:FUNCtion:[MODE]",
      [] { return std::string("VOLT"); },
      [](const std::string& text) {
        if (!scpi::is_word("VOLTage", text)) {
          throw Refused{illegal_value};  // there is no current source behind it
        }
      });
  add_number(
      "SOURce:VOLTage:[LEVel]:[IMMediate]:[AMPLitude]",
      {-model_->max_voltage_v, model_->max_voltage_v},
      [this] { return settings_.voltage_v; },
      [this](double v) { apply([v](BiasSettings& s) { s.voltage_v = v; }); });
  add_number(
      "SENSe:CURRent:[DC]:PROTection:[LEVel]",
      {-model_->max_current_a, model_->max_current_a},
      [this] { return settings_.compliance_a; },
      [this](double a) {
        if (std::abs(a) < source_meter::least_compliance_a) {
          throw Refused{out_of_range};
        }
        apply([a](BiasSettings& s) { s.compliance_a = std::abs(a); });
      });
  add_flag(
      "OUTPut:[STATe]",
      [this] { return settings_.on; },
      [this](bool on) { apply([on](BiasSettings& s) { s.on = on; }); });
  add_flag(
      "SOURce:CLEar:AUTO", [this] { return auto_off_; }, [this](bool on) { auto_off_ = on; });
  add_action("SOURce:CLEar:[IMMediate]", [this] { apply([](BiasSettings& s) { s.on = false; }); });
}

void KeithleyService::add_sense() {
  add("SENSe:FUNCtion:[ON]", [this](const scpi::Command& c) -> Answer {
    if (c.query) {
      return fmt::format("\"{}:DC\"", fmt::join(functions_, ":DC\",\""));
    }
    choose_functions(c);
    return std::nullopt;
  });
  add_flag(
      "SENSe:FUNCtion:CONCurrent",
      [this] { return concurrent_; },
      [this](bool on) {
        concurrent_ = on;
        if (!on) {
          functions_ = {"VOLT"};
        }
      });
  add("FORMat:ELEMents", [this](const scpi::Command& c) -> Answer {
    if (c.query) {
      return fmt::format("{}", fmt::join(elements_, ","));
    }
    choose_elements(c);
    return std::nullopt;
  });
  add_question("SENSe:CURRent:[DC]:PROTection:TRIPped", [this] {
    return std::string(settings_.on && source_->read().compliance ? "1" : "0");
  });
  for (const char* measure : {"READ", "MEASure"}) {
    add_question(measure, [this] { return last_reading_.emplace(take_reading()); });
  }
  add_action("INITiate:[IMMediate]", [this] { last_reading_ = take_reading(); });
  add_question("FETCh", [this] {
    if (!last_reading_) {
      throw Refused{no_reading};
    }
    return *last_reading_;
  });
}

void KeithleyService::add_kept() {
  const Range volts{-model_->max_voltage_v, model_->max_voltage_v};
  const Range amperes{-model_->max_current_a, model_->max_current_a};
  constexpr double longest_s = 999.9999;
  keep_word("SOURce:VOLTage:MODE", {"FIXed"});
  keep_number("SOURce:VOLTage:RANGe", volts, 21.0);
  keep_flag("SOURce:VOLTage:RANGe:AUTO", true);
  keep_number("SOURce:DELay", {0.0, longest_s}, 0.0);
  keep_flag("SOURce:DELay:AUTO", true);
  keep_number("SENSe:CURRent:[DC]:RANGe:[UPPer]", amperes, source_meter::reset_compliance_a);
  keep_flag("SENSe:CURRent:[DC]:RANGe:AUTO", true);
  keep_number("SENSe:CURRent:[DC]:NPLCycles", {0.01, 10.0}, 1.0);
  keep_number("SENSe:VOLTage:[DC]:RANGe:[UPPer]", volts, 21.0);
  keep_flag("SENSe:VOLTage:[DC]:RANGe:AUTO", true);
  keep_number("SENSe:VOLTage:[DC]:NPLCycles", {0.01, 10.0}, 1.0);
  keep_number("SENSe:RESistance:RANGe:[UPPer]", {0.0, 210e6}, 210e3);
  keep_flag("SENSe:RESistance:RANGe:AUTO", true);
  keep_number("SENSe:RESistance:NPLCycles", {0.01, 10.0}, 1.0);
  keep_word("SENSe:RESistance:MODE", {"MANual"});
  keep_word("SENSe:AVERage:TCONtrol", {"REPeat", "MOVing"});
  keep_number("SENSe:AVERage:COUNt", {1.0, 100.0}, 10.0);
  keep_flag("SENSe:AVERage:[STATe]", false);
  keep_word("OUTPut:SMODe", {"NORMal", "HIMPedance", "ZERO", "GUARd"});
  keep_word("FORMat:[DATA]", {"ASCii"});
  keep_flag("SYSTem:RSENse", false);
  keep_flag("SYSTem:AZERo:[STATe]", true);
  keep_flag("DISPlay:ENABle", true);
  keep_word("ROUTe:TERMinals", {"FRONt", "REAR"});
  keep_word("ARM:SOURce", {"IMMediate"});
  keep_word("TRIGger:SOURce", {"IMMediate"});
  keep_number("ARM:COUNt", {1.0, 1.0}, 1.0);
  keep_number("TRIGger:COUNt", {1.0, 1.0}, 1.0);
  for (const char* nothing : {"*WAI",
                              "STATus:PRESet",
                              "ABORt",
                              "SYSTem:LOCal",
                              "SYSTem:REMote",
                              "SYSTem:BEEPer:[IMMediate]"}) {
    add_action(nothing, [] {});
  }
}

void KeithleyService::reset() {
  source_->make_safe();
  settings_ = {.on = false,
               .voltage_v = 0.0,
               .ramp_v_per_s = 0.0,
               .compliance_a =
                   std::min(source_meter::reset_compliance_a, source_->limits().max_compliance_a)};
  concurrent_ = true;
  auto_off_ = false;
  functions_ = {"CURR"};
  elements_ = {"VOLT", "CURR", "RES", "TIME", "STAT"};
  last_reading_.reset();
  for (const auto& one : resets_) {
    one();
  }
}

void KeithleyService::complain(int code) {
  event_status_ |= bit_of(code);
  if (errors_.size() < longest_queue) {
    errors_.push_back(code);
  } else {
    errors_.back() = queue_overflow;
  }
}

std::string KeithleyService::next_error() {
  int code = 0;
  if (!errors_.empty()) {
    code = errors_.front();
    errors_.pop_front();
  }
  const auto* text = std::find_if(
      error_texts.begin(), error_texts.end(), [&](const auto& e) { return e.first == code; });
  return fmt::format("{},\"{}\"", code, text == error_texts.end() ? "" : text->second);
}

void KeithleyService::apply(const std::function<void(BiasSettings&)>& edit) {
  BiasSettings wanted = settings_;
  edit(wanted);
  if (wanted.compliance_a > source_meter::max_compliance_a(*model_, wanted.voltage_v)) {
    throw Refused{out_of_range};
  }
  source_->configure(wanted);  // also with the output off: it says what it would not take
  settings_ = wanted;
}

void KeithleyService::choose_functions(const scpi::Command& command) {
  Words chosen = concurrent_ ? functions_ : Words{};
  for (const std::string& argument : command.arguments) {
    std::string_view name = scpi::unquoted(argument);
    name = name.substr(0, name.find(':'));  // "CURR:DC"
    const auto word = word_of(all_functions, name);
    if (!word) {
      throw Refused{illegal_value};
    }
    if (std::find(chosen.begin(), chosen.end(), *word) == chosen.end()) {
      chosen.push_back(*word);
    }
  }
  if (command.arguments.empty()) {
    throw Refused{missing_parameter};
  }
  if (!concurrent_ && chosen.size() > 1) {
    throw Refused{too_many_parameters};
  }
  functions_ = chosen;
}

void KeithleyService::choose_elements(const scpi::Command& command) {
  Words chosen;
  for (const std::string& element : all_elements) {  // always in this order
    for (const std::string& argument : command.arguments) {
      if (!word_of(all_elements, argument)) {
        throw Refused{illegal_value};
      }
      if (scpi::is_word(element, argument)) {
        chosen.push_back(*word_of(all_elements, element));
        break;
      }
    }
  }
  if (chosen.empty()) {
    throw Refused{missing_parameter};
  }
  elements_ = chosen;
}

bool KeithleyService::measures(const std::string& function) const {
  return std::find(functions_.begin(), functions_.end(), function) != functions_.end();
}

std::string KeithleyService::take_reading() {
  if (auto_off_ && !settings_.on) {
    apply([](BiasSettings& s) { s.on = true; });
  }
  if (!settings_.on) {
    throw Refused{output_is_off};
  }
  const BiasReading now = source_->read();
  if (auto_off_) {
    apply([](BiasSettings& s) { s.on = false; });
  }
  const auto status = sourced_volts + (now.compliance ? in_compliance : 0U) +
                      (measures("VOLT") ? measured_volts : 0U) +
                      (measures("CURR") ? measured_amperes : 0U);
  const bool ohms = measures("RES") && now.current_a != 0.0;
  const std::map<std::string, double> values{
      {"VOLT", measures("VOLT") ? now.voltage_v : settings_.voltage_v},
      {"CURR", measures("CURR") ? now.current_a : source_meter::not_a_number},
      {"RES", ohms ? now.voltage_v / now.current_a : source_meter::not_a_number},
      {"TIME", seconds(now.time)},
      {"STAT", static_cast<double>(status)}};
  Words parts;
  for (const std::string& element : elements_) {
    parts.push_back(text_of(values.at(element)));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

KeithleyService::Answer KeithleyService::run(const scpi::Command& command) {
  if (command.header.empty()) {
    throw Refused{bad_syntax};
  }
  auto known = found_.find(command.header);
  if (known == found_.end()) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
      return scpi::is_header(e.pattern, command.header);
    });
    if (entry == entries_.end()) {
      throw Refused{unknown_header};
    }
    if (found_.size() >= most_headers) {
      found_.clear();
    }
    known = found_.emplace(command.header, entry->handler).first;
  }
  return known->second(command);
}

std::string KeithleyService::answer(std::string_view line) {
  Words answers;
  for (const scpi::Command& command : scpi::parse(line)) {
    int error = 0;
    try {
      if (auto text = run(command)) {
        answers.push_back(std::move(*text));
      }
    } catch (const Refused& refused) {
      error = refused.code;
    } catch (const DeviceError&) {
      error = out_of_range;
    }
    if (error != 0) {
      complain(error);
      if (bit_of(error) == command_error) {
        break;  // the rest of the message is not read
      }
    }
  }
  return answers.empty() ? "" : fmt::format("{}\n", fmt::join(answers, ";"));
}

}  // namespace halotwin::devices
