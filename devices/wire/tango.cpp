#include "devices/wire/tango.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/table.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace halotwin::devices::tango {

namespace {

constexpr std::size_t longest_address = 4096;
constexpr std::size_t most_devices = 16;  // axes of a stage

constexpr Key low{"low", Means::fixed, false, "", "least value, if the attribute tells none"};
constexpr Key high{"high", Means::fixed, false, "", "greatest value, if the attribute tells none"};

std::string_view word_of(Means means) {
  switch (means) {
    case Means::attribute:
      return "attribute";
    case Means::attribute_or_fixed:
      return "attribute, or a number with its unit";
    case Means::fixed:
      return "a number with its unit";
    case Means::command:
      return "command";
    case Means::text:
      return "text";
  }
  return "";
}

std::string device_of(std::string_view text, std::string_view address) {
  const auto parts = split(text, '/');
  const bool good =
      parts.size() == 3 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        return !part.empty() && std::all_of(part.begin(), part.end(), [](unsigned char c) {
          return c > ' ' && c < 127 && c != '#' && c != ':';
        });
      });
  require(good, fmt::format("\"{}\": \"{}\" is no device (must be dom/fam/mem)", address, text));
  return std::string(text);
}

void add_names(Address& out, std::string_view options, std::string_view address, Kind kind) {
  std::vector<std::string> known{"names"};
  for (const Key& key : keys_of(kind)) {
    known.emplace_back(key.key);
  }
  std::map<std::string, std::string> given;
  for (const std::string_view option : split(options, '&')) {
    const auto equals = option.find('=');
    const std::string key(option.substr(0, equals));
    require(equals != std::string_view::npos && equals + 1 < option.size(),
            fmt::format("\"{}\": \"{}\" (must be key=name)", address, option));
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string near = nearest(key, known);
      throw ParameterError(fmt::format("\"{}\": unknown key \"{}\" ({})",
                                       address,
                                       key,
                                       near.empty()
                                           ? fmt::format("known: {}", fmt::join(known, ", "))
                                           : fmt::format("did you mean \"{}\"?", near)));
    }
    require(given.emplace(key, option.substr(equals + 1)).second,
            fmt::format("\"{}\": \"{}\" twice", address, key));
  }
  if (const auto preset = given.find("names"); preset != given.end()) {
    require(preset->second == "halotwin",
            fmt::format(
                "\"{}\": names={} (the only set of names is halotwin)", address, preset->second));
    given.erase(preset);
    for (const Key& key : keys_of(kind)) {
      if (!key.served.empty()) {
        out.names.emplace(key.key, key.served);
      }
    }
  }
  for (const auto& [key, name] : given) {
    out.names[key] = name;
  }
}

}  // namespace

std::string_view name_of(State state) {
  constexpr std::array<std::string_view, 14> names{"ON",
                                                   "OFF",
                                                   "CLOSE",
                                                   "OPEN",
                                                   "INSERT",
                                                   "EXTRACT",
                                                   "MOVING",
                                                   "STANDBY",
                                                   "FAULT",
                                                   "INIT",
                                                   "RUNNING",
                                                   "ALARM",
                                                   "DISABLE",
                                                   "UNKNOWN"};
  const auto index = static_cast<std::size_t>(state);
  return index < names.size() ? names[index] : "UNKNOWN";
}

const std::vector<Key>& keys_of(Kind kind) {
  using enum Means;
  static const std::vector<Key> stage{
      {"position", attribute, true, "Position", "where it is; writing it starts a move"},
      {"velocity", attribute_or_fixed, true, "Velocity", "speed of the moves"},
      {"tolerance", attribute_or_fixed, true, "Tolerance", "how close to its target a move ends"},
      {"stop", command, true, "Stop", "stops a move"},
      {"axis", text, false, "", "name of the axis; else the last part of the device's name"},
      low,
      high};
  static const std::vector<Key> shutter{{"open", command, true, "Open", "opens it"},
                                        {"close", command, true, "Close", "closes it"}};
  static const std::vector<Key> bias{
      {"voltage", attribute, true, "Voltage", "of the output; its set point is what is wanted"},
      {"current", attribute, true, "Current", "that flows"},
      {"ramp", attribute_or_fixed, true, "Ramp", "rate of change; 0: as fast as it goes"},
      {"compliance", attribute_or_fixed, true, "Compliance", "limit of the current"},
      {"on", command, true, "On", "closes the output"},
      {"off", command, true, "Off", "opens the output"},
      low,
      high};
  static const std::vector<Key> light{
      {"irradiance", attribute, true, "Irradiance", "at the sample, while it is on"},
      {"wavelength", attribute_or_fixed, true, "Wavelength", "of the light"},
      {"on", command, true, "On", "light on"},
      {"off", command, true, "Off", "light off"},
      {"irradiance_per_unit",
       fixed,
       false,
       "",
       "irradiance for 1 of the attribute, if that is no irradiance (mW, %)"},
      low,
      high};
  static const std::vector<Key> temperature{
      {"temperature", attribute, true, "Temperature", "of the sensor"},
      {"target", attribute, true, "TargetTemperature", "where it goes to"},
      {"rate", attribute_or_fixed, true, "Rate", "fastest change"},
      {"off", command, true, "Off", "heater and cooler off"},
      {"on", command, false, "", "before a new target, if it needs that"},
      low,
      high};
  switch (kind) {
    case Kind::stage_axis:
      return stage;
    case Kind::shutter:
      return shutter;
    case Kind::bias_source:
      return bias;
    case Kind::light_source:
      return light;
    case Kind::temperature_controller:
      return temperature;
  }
  return stage;
}

bool is_fixed(std::string_view name) {
  return !name.empty() && (std::isdigit(static_cast<unsigned char>(name[0])) != 0 ||
                           name[0] == '+' || name[0] == '-' || name[0] == '.');
}

Address parse_place(std::string_view address) {
  require(address.starts_with(scheme) && address.size() <= longest_address,
          fmt::format("\"{}\" is no address of a TANGO device", address.substr(0, 60)));
  const std::string_view where = address.substr(scheme.size(), address.find('?') - scheme.size());
  const auto slash = where.find('/');
  require(slash != std::string_view::npos,
          fmt::format("\"{}\" names no device (must be tango://host:port/dom/fam/mem)", address));
  Address out;
  out.server = parse_endpoint(where.substr(0, slash));
  for (const std::string_view device : split(where.substr(slash + 1), ',')) {
    out.devices.push_back(device_of(device, address));
  }
  return out;
}

Address parse_address(std::string_view address, Kind kind) {
  Address out = parse_place(address);
  require(
      out.devices.size() == 1 || (kind == Kind::stage_axis && out.devices.size() <= most_devices),
      fmt::format("\"{}\": one device (a stage: at most {} axes)", address, most_devices));
  if (const auto options = address.find('?'); options != std::string_view::npos) {
    add_names(out, address.substr(options + 1), address, kind);
  }
  for (const Key& key : keys_of(kind)) {
    const auto found = out.names.find(std::string(key.key));
    if (found == out.names.end() || key.means == Means::attribute_or_fixed ||
        key.means == Means::text) {
      continue;
    }
    require(
        is_fixed(found->second) == (key.means == Means::fixed),
        fmt::format(
            "\"{}\": {}={} (must be: {})", address, key.key, found->second, word_of(key.means)));
  }
  return out;
}

std::vector<std::string> missing_keys(const Address& address, Kind kind) {
  std::vector<std::string> missing;
  for (const Key& key : keys_of(kind)) {
    if (key.needed && !address.has(std::string(key.key))) {
      missing.push_back(fmt::format("{} ({}: {})", key.key, word_of(key.means), key.description));
    }
  }
  return missing;
}

AttributeName parse_attribute(std::string_view text) {
  const auto bracket = text.find('[');
  if (bracket == std::string_view::npos) {
    return {std::string(text), ""};
  }
  require(bracket > 0 && text.ends_with(']') && bracket + 2 < text.size(),
          fmt::format("\"{}\" (must be NAME or NAME[UNIT])", text));
  return {std::string(text.substr(0, bracket)),
          std::string(text.substr(bracket + 1, text.size() - bracket - 2))};
}

Unit unit_of(std::string_view unit, std::string_view si) {
  constexpr std::array celsius{"degC",
                               "\xC2\xB0"
                               "C",
                               "C",
                               "Celsius",
                               "celsius",
                               "deg C"};
  constexpr std::array degrees{"\xC2\xB0", "degree", "degrees", "deg"};
  constexpr std::array microns{"micron", "microns"};
  const auto is_one_of = [&](const auto& words) {
    return std::find(words.begin(), words.end(), unit) != words.end();
  };
  require(!unit.empty() && !is_fixed(unit),
          fmt::format("unit \"{}\" (must be one of {})", unit, si));
  if (si == "K" && is_one_of(celsius)) {
    return {1.0, 273.15};
  }
  if (si == "m" && is_one_of(microns)) {
    return {units::um, 0.0};
  }
  if (si == "rad") {
    if (is_one_of(degrees)) {
      return {units::deg, 0.0};
    }
    require(unit.ends_with("rad"), fmt::format("unit \"{}\" (must be an angle)", unit));
  }
  return {parse_quantity("1 " + std::string(unit), si), 0.0};
}

}  // namespace halotwin::devices::tango
