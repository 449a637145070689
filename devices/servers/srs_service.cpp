#include "devices/servers/srs_service.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/constants.hpp"
#include "devices/servers/clock_service.hpp"

namespace halotwin::devices {

namespace {

constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double degree = constants::pi / 180.0;
constexpr std::uint32_t execution_error = 1U << 4U;
constexpr std::uint32_t command_error = 1U << 5U;
constexpr std::uint32_t power_on = 1U << 7U;

std::string text_of(double value) {
  return fmt::format("{:.12g}", value);
}

/// Into (-180, 180].
double wrapped_deg(double deg) {
  return -std::remainder(-deg, 360.0);
}

}  // namespace

SrsService::SrsService(LockIn& lock_in, const srs::Model& model, Clock* clock)
    : lock_in_(&lock_in), model_(&model), aux_v_(4, 0.0), event_status_(power_on) {
  displays_ = model.family == srs::Family::sr86x ? std::vector{0, 1, 2, 3} : std::vector{1, 2};
  add_common();
  add_signal();
  add_status();
  if (model.family == srs::Family::sr86x) {
    add_sr86x();
  } else {
    add_sr830();
  }
  if (clock != nullptr) {
    add_number("SLEEP",
               "NS",
               {0.0, static_cast<double>(longest_served_sleep.count())},
               {},
               [clock](double ns) { clock->sleep(Duration(std::llround(ns))); });
  }
}

void SrsService::add_number(const std::string& name,
                            std::string_view unit,
                            Range range,
                            std::function<double()> get,
                            std::function<void(double)> set) {
  add(name,
      [unit, range, get = std::move(get), set = std::move(set)](const TextCommand& c) -> Answer {
        if (c.query && get) {
          return text_of(get());
        }
        const auto value =
            c.arguments.size() == 1 ? parse_quantity(c.arguments[0], unit) : std::nullopt;
        if (!value || !range.contains(*value) || !set) {
          throw Refused{};
        }
        set(*value);
        return std::nullopt;
      });
}

void SrsService::add_code(const std::string& name,
                          int last,
                          std::function<int()> get,
                          std::function<void(int)> set) {
  add(name, [last, get = std::move(get), set = std::move(set)](const TextCommand& c) -> Answer {
    if (c.query) {
      return std::to_string(get());
    }
    const auto value = c.arguments.size() == 1 ? parse_whole(c.arguments[0]) : std::nullopt;
    if (!value || *value < 0 || *value > last) {
      throw Refused{};
    }
    set(*value);
    return std::nullopt;
  });
}

void SrsService::keep(const std::string& name, int last, int value) {
  kept_[name] = value;
  add_code(
      name, last, [this, name] { return kept_[name]; }, [this, name](int v) { kept_[name] = v; });
}

void SrsService::change(const std::function<void(LockInSettings&)>& edit) {
  LockInSettings wanted = lock_in_->settings();
  edit(wanted);
  lock_in_->configure(wanted);
  if (outputs_used_) {  // their scale follows the sensitivity
    show_at_outputs();
  }
}

void SrsService::drive(double amplitude_rms_v, double offset_v) {
  const bool on = amplitude_rms_v > model_->min_output_rms_v * (1.0 + 1e-9) || offset_v != 0.0;
  lock_in_->set_output(
      {.on = on, .amplitude_peak_v = amplitude_rms_v * sqrt_2, .offset_v = offset_v});
}

LockInReading SrsService::read() {
  const LockInReading reading = lock_in_->read();
  if (reading.overload) {
    lock_in_status_ |= 1U << static_cast<unsigned>(srs::overload_bit(model_->family));
  }
  return reading;
}

void SrsService::add_common() {
  const LockInLimits own = lock_in_->limits();
  const Range hz{std::max(1e-3, own.reference_hz.low),
                 std::min(model_->max_reference_hz, own.reference_hz.high)};
  add("*IDN", [this](const TextCommand&) -> Answer {
    return fmt::format("Stanford_Research_Systems,{},halotwin,v1.00", model_->name);
  });
  add_number(
      "FREQ",
      "HZ",
      hz,
      [this] { return lock_in_->settings().reference_hz; },
      [this](double f) { lock_in_->set_reference_hz(f); });
  add_number(
      "PHAS",
      "DEG",
      {-360000.0, 360000.0},
      [this] { return wrapped_deg(lock_in_->settings().phase_rad / degree); },
      [this](double d) { change([&](auto& s) { s.phase_rad = wrapped_deg(d) * degree; }); });
  add_number(
      "SLVL",
      "V",
      {model_->min_output_rms_v, model_->max_output_rms_v},
      [this] {
        const LockInOutput o = lock_in_->output();
        return o.on ? std::max(model_->min_output_rms_v, o.amplitude_peak_v / sqrt_2)
                    : model_->min_output_rms_v;
      },
      [this](double v) { drive(v, lock_in_->output().on ? lock_in_->output().offset_v : 0.0); });
  add("HARM", [this](const TextCommand& c) -> Answer {
    if (c.query) {
      return std::to_string(lock_in_->settings().harmonic);
    }
    const auto n = c.arguments.size() == 1 ? parse_whole(c.arguments[0]) : std::nullopt;
    const int most = std::min(model_->max_harmonic, lock_in_->limits().max_harmonic);
    if (!n || *n < 1 || *n > most) {
      throw Refused{};
    }
    change([&](auto& s) { s.harmonic = *n; });
    return std::nullopt;
  });
}

void SrsService::add_signal() {
  add_code(
      "OFLT",
      static_cast<int>(model_->time_constants_s.size()) - 1,
      [this] {
        return srs::nearest_index(model_->time_constants_s, lock_in_->settings().time_constant_s);
      },
      [this](int k) {
        change([&](auto& s) {
          s.time_constant_s = model_->time_constants_s[static_cast<std::size_t>(k)];
        });
      });
  add_code(
      "OFSL",
      3,
      [this] { return std::min(4, lock_in_->settings().filter_order) - 1; },
      [this](int k) { change([&](auto& s) { s.filter_order = k + 1; }); });
  add_code(
      "ICPL",
      1,
      [this] { return lock_in_->settings().coupling == Coupling::dc ? 1 : 0; },
      [this](int k) {
        change([&](auto& s) { s.coupling = k == 1 ? Coupling::dc : Coupling::ac; });
      });
  keep("IGND", 1);
  keep("SYNC", 1);
  add("SNAP", [this](const TextCommand& c) -> Answer {
    const std::size_t most = model_->family == srs::Family::sr86x ? 3 : 6;
    if (!c.query || c.arguments.size() < 2 || c.arguments.size() > most) {
      throw Refused{};
    }
    return parameters(c.arguments);
  });
  add("OUTP", [this](const TextCommand& c) -> Answer {
    if (!c.query || c.arguments.size() != 1) {
      throw Refused{};
    }
    return parameters(c.arguments);
  });
  add("APHS", [this](const TextCommand&) -> Answer {
    const LockInReading now = read();
    change([&](auto& s) { s.phase_rad += std::atan2(now.y_v, now.x_v); });
    return std::nullopt;
  });
}

double SrsService::parameter(int code, const LockInReading& reading) {
  const double x = reading.x_v / sqrt_2;
  const double y = reading.y_v / sqrt_2;
  const bool new_family = model_->family == srs::Family::sr86x;
  const auto amplitude = [&] {
    const LockInOutput o = lock_in_->output();
    return o.on ? o.amplitude_peak_v / sqrt_2 : 0.0;
  };
  switch (new_family ? code : code - 1) {
    case 0:
      return x;
    case 1:
      return y;
    case 2:
      return std::hypot(x, y);
    case 3:
      return std::atan2(y, x) / degree;
    case 4:
    case 5:
    case 6:
    case 7:
      return 0.0;  // nothing at the auxiliary inputs
    default:
      break;
  }
  if (!new_family) {
    switch (code) {
      case 9:
        return lock_in_->settings().reference_hz;
      case 10:
        return parameter(displays_[0], reading);
      case 11:
        return parameter(displays_[1], reading);
      default:
        throw Refused{};
    }
  }
  switch (code) {
    case 10:
      return aux_v_[0];
    case 11:
      return aux_v_[1];
    case 12:
      return wrapped_deg(lock_in_->settings().phase_rad / degree);
    case 13:
      return amplitude();
    case 14:
      return lock_in_->output().on ? lock_in_->output().offset_v : 0.0;
    case 15:
    case 16:
      return lock_in_->settings().reference_hz;
    default:
      throw Refused{};  // noise of X and Y is not measured
  }
}

int SrsService::parameter_code(const std::string& text) const {
  const auto code = model_->family == srs::Family::sr86x ? parse_choice(text, srs::sr86x_parameters)
                                                         : parse_whole(text);
  if (!code || *code < (model_->family == srs::Family::sr86x ? 0 : 1)) {
    throw Refused{};
  }
  return *code;
}

std::string SrsService::parameters(const std::vector<std::string>& which) {
  const LockInReading reading = read();  // one instant for all
  std::vector<std::string> values;
  for (const std::string& name : which) {
    values.push_back(fmt::format("{:.9e}", parameter(parameter_code(name), reading)));
  }
  return fmt::format("{}", fmt::join(values, ","));
}

void SrsService::add_sr86x() {
  const auto internal_hz = [this] { return lock_in_->settings().reference_hz; };
  handlers_["FREQINT"] = handlers_["FREQ"];
  add_number("FREQEXT", "HZ", {0.0, 0.0}, internal_hz, {});
  add_number("FREQDET",
             "HZ",
             {0.0, 0.0},
             [this] {
               const LockInSettings s = lock_in_->settings();
               return s.reference_hz * s.harmonic;
             },
             {});
  add_number(
      "SOFF",
      "V",
      {-model_->max_offset_v, model_->max_offset_v},
      [this] { return lock_in_->output().on ? lock_in_->output().offset_v : 0.0; },
      [this](double v) {
        const LockInOutput o = lock_in_->output();
        drive(o.on ? o.amplitude_peak_v / sqrt_2 : model_->min_output_rms_v, v);
      });
  add_code(
      "RSRC",
      3,
      [this] { return lock_in_->settings().reference == Reference::external ? 1 : 0; },
      [this](int k) {
        if (k > 1) {
          throw Refused{};  // dual and chopper reference
        }
        change([&](auto& s) { s.reference = k == 1 ? Reference::external : Reference::internal; });
      });
  add_code(
      "IRNG",
      4,
      [this] {
        return srs::covering_index(model_->input_ranges_v, lock_in_->settings().input_range_v);
      },
      [this](int k) {
        change([&](auto& s) {
          s.input_range_v = model_->input_ranges_v[static_cast<std::size_t>(k)];
        });
      });
  add_sr86x_outputs();
  for (const char* name : {"IVMD", "ISRC", "ICUR", "ADVFILT", "REFM", "REFZ", "TBMODE"}) {
    keep(name, 1);
  }
  keep("RTRG", 2);
  add("ENBW", [this](const TextCommand&) -> Answer {
    const LockInSettings s = lock_in_->settings();
    double b = 0.25 / s.time_constant_s;
    for (int k = 1; k < s.filter_order; ++k) {
      b *= (2.0 * k - 1.0) / (2.0 * k);
    }
    return text_of(b);
  });
  add("CDSP", [this](const TextCommand& c) -> Answer {
    const auto channel = c.arguments.empty() ? std::nullopt : parse_whole(c.arguments[0]);
    if (!channel || *channel < 0 || *channel > 3 || c.arguments.size() != (c.query ? 1U : 2U)) {
      throw Refused{};
    }
    int& shown = displays_[static_cast<std::size_t>(*channel)];
    if (c.query) {
      return std::to_string(shown);
    }
    shown = parameter_code(c.arguments[1]);
    return std::nullopt;
  });
  const auto shown = [this] {
    std::vector<std::string> codes;
    for (const int code : displays_) {
      codes.push_back(std::to_string(code));
    }
    return codes;
  };
  add("SNAPD", [this, shown](const TextCommand&) -> Answer { return parameters(shown()); });
  add("OUTR", [this, shown](const TextCommand& c) -> Answer {
    const auto channel = c.arguments.size() == 1 ? parse_whole(c.arguments[0]) : std::nullopt;
    if (!c.query || !channel || *channel < 0 || *channel > 3) {
      throw Refused{};
    }
    return parameters({shown()[static_cast<std::size_t>(*channel)]});
  });
  add("ARNG", [this](const TextCommand&) -> Answer {
    const LockInReading now = read();
    const double wanted = 1.5 * std::hypot(now.x_v, now.y_v);
    const int k = srs::covering_index(model_->input_ranges_v, wanted);
    change([&](auto& s) { s.input_range_v = model_->input_ranges_v[static_cast<std::size_t>(k)]; });
    return std::nullopt;
  });
  add("ASCL", [this](const TextCommand&) -> Answer {
    const LockInReading now = read();
    set_scale(srs::covering_index(srs::sr86x_sensitivities_v(),
                                  1.25 * std::hypot(now.x_v, now.y_v) / sqrt_2));
    return std::nullopt;
  });
}

void SrsService::add_sr830() {
  add_code(
      "FMOD",
      1,
      [this] { return lock_in_->settings().reference == Reference::internal ? 1 : 0; },
      [this](int k) {
        change([&](auto& s) { s.reference = k == 1 ? Reference::internal : Reference::external; });
      });
  add_code(
      "SENS",
      26,
      [this] {
        return srs::covering_index(model_->input_ranges_v, lock_in_->settings().input_range_v);
      },
      [this](int k) {
        change([&](auto& s) {
          s.input_range_v = model_->input_ranges_v[static_cast<std::size_t>(k)];
        });
      });
  keep("ISRC", 3);
  keep("ILIN", 3);
  keep("RMOD", 2, 1);
  keep("RSLP", 2);
  keep("OUTX", 1);
  keep("OVRM", 1);
  add_sr830_outputs();
  add("OUTR", [this](const TextCommand& c) -> Answer {
    const auto channel = c.arguments.size() == 1 ? parse_whole(c.arguments[0]) : std::nullopt;
    if (!c.query || !channel || *channel < 1 || *channel > 2) {
      throw Refused{};
    }
    return parameters({std::to_string(displays_[static_cast<std::size_t>(*channel) - 1])});
  });
  add("AGAN", [this](const TextCommand&) -> Answer {
    const LockInReading now = read();
    const double wanted = 1.25 * std::hypot(now.x_v, now.y_v);
    const int k = srs::covering_index(model_->input_ranges_v, wanted);
    change([&](auto& s) { s.input_range_v = model_->input_ranges_v[static_cast<std::size_t>(k)]; });
    return std::nullopt;
  });
}

void SrsService::add_status() {
  add("*CLS", [this](const TextCommand&) -> Answer {
    event_status_ = 0;
    lock_in_status_ = 0;
    return std::nullopt;
  });
  add("*RST", [this](const TextCommand&) -> Answer {
    lock_in_->make_safe();
    lock_in_->configure(LockInSettings{});
    return std::nullopt;
  });
  add("*OPC", [](const TextCommand& c) -> Answer { return c.query ? Answer("1") : std::nullopt; });
  add("*TST", [](const TextCommand&) -> Answer { return "0"; });
  add("*ESR", [this](const TextCommand&) -> Answer {
    return std::to_string(std::exchange(event_status_, 0));
  });
  add("*STB", [this](const TextCommand&) -> Answer {
    return std::to_string((lock_in_status_ != 0 ? 8U : 0U) + (event_status_ != 0 ? 32U : 0U));
  });
  add("LIAS", [this](const TextCommand&) -> Answer {
    read();
    return std::to_string(std::exchange(lock_in_status_, 0));
  });
  add("ERRS", [](const TextCommand&) -> Answer { return "0"; });
  add("CUROVLDSTAT", [this](const TextCommand&) -> Answer {
    const LockInReading now = read();
    const auto bit = static_cast<unsigned>(srs::overload_bit(model_->family));
    return std::to_string(now.overload ? 1U << bit : 0U);
  });
  for (const char* name : {"*ESE", "*SRE", "LIAE", "ERRE"}) {
    keep(name, 65535);
  }
  keep("*PSC", 1, 1);
  const int first_aux = model_->family == srs::Family::sr86x ? 0 : 1;
  add("AUXV", [this, first_aux](const TextCommand& c) -> Answer {
    const auto channel = c.arguments.empty() ? std::nullopt : parse_whole(c.arguments[0]);
    if (!channel || *channel < first_aux || *channel > first_aux + 3 ||
        c.arguments.size() != (c.query ? 1U : 2U)) {
      throw Refused{};
    }
    double& value = aux_v_[static_cast<std::size_t>(*channel - first_aux)];
    if (c.query) {
      return text_of(value);
    }
    const auto wanted = parse_quantity(c.arguments[1], "V");
    if (!wanted || std::abs(*wanted) > srs::highest_aux_v) {
      throw Refused{};
    }
    value = *wanted;
    return std::nullopt;
  });
  add("OAUX", [first_aux](const TextCommand& c) -> Answer {
    const auto channel = c.arguments.size() == 1 ? parse_whole(c.arguments[0]) : std::nullopt;
    if (!c.query || !channel || *channel < first_aux || *channel > first_aux + 3) {
      throw Refused{};
    }
    return text_of(0.0);
  });
}

SrsService::Answer SrsService::run(const TextCommand& command) {
  const auto found = handlers_.find(command.name);
  if (found == handlers_.end()) {
    event_status_ |= command_error;
    return std::nullopt;
  }
  try {
    return found->second(command);
  } catch (const Refused&) {
    event_status_ |= execution_error;
  } catch (const DeviceError&) {
    event_status_ |= execution_error;
  }
  return std::nullopt;
}

std::string SrsService::answer(std::string_view line) {
  const auto commands = parse_commands(line);
  if (commands.empty()) {
    return fmt::format("{} of halotwin\n", model_->name);
  }
  std::vector<std::string> answers;
  for (const auto& command : commands) {
    if (!command) {
      event_status_ |= command_error;
      continue;
    }
    if (auto text = run(*command)) {
      answers.push_back(std::move(*text));
    }
  }
  return answers.empty() ? "" : fmt::format("{}\n", fmt::join(answers, ";"));
}

}  // namespace halotwin::devices
