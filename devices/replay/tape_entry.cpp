#include "devices/replay/tape_entry.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "devices/replay/cbor_item.hpp"

namespace halotwin::devices {

using nlohmann::json;

namespace {

json without_nan(json value) {
  if (value.is_structured()) {
    for (json& part : value) {
      part = without_nan(std::move(part));
    }
  }
  return value.is_number_float() && std::isnan(value.get<double>()) ? json() : value;
}

}  // namespace

std::string text_of(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  constexpr std::size_t most = 60;
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

json read_item(std::istream& from) {
  const auto item = read_cbor_item(from);
  return item ? json::from_cbor(*item, true, false) : json(json::value_t::discarded);
}

bool at_end(std::istream& from) {
  return from.peek() == std::istream::traits_type::eof();
}

std::optional<TapeEntry> read_entry(std::istream& from) {
  if (at_end(from)) {
    return std::nullopt;
  }
  const json item = read_item(from);
  const bool whole = item.is_array() && (item.size() == 5 || item.size() == 6) &&
                     item[0].is_string() && item[1].is_string() && item[2].is_number_integer() &&
                     item[2].get<std::int64_t>() >= 0 && item[3].is_array();
  if (!whole) {
    return std::nullopt;
  }
  TapeEntry entry{{item[0].get<std::string>(), item[1].get<std::string>(), item[3]},
                  Duration(item[2].get<std::int64_t>()),
                  item[4]};
  if (item.size() == 6) {
    entry.failure = item[5];
  }
  return entry;
}

bool same_values(const json& a, const json& b) {
  return a == b || without_nan(a) == without_nan(b);
}

std::string difference(const json& on_tape, const json& asked) {
  const json patch = json::diff(without_nan(on_tape), without_nan(asked));
  if (patch.empty()) {
    return {};
  }
  const std::string path = patch[0].at("path").get<std::string>();
  const json::json_pointer at(path);
  const auto value = [&](const json& from) {
    return from.contains(at) ? text_of(from.at(at)) : std::string("nothing");
  };
  return fmt::format("{} is {}, on the tape {}", path, value(asked), value(on_tape));
}

std::optional<Duration> sum(Duration a, Duration b) {
  const bool fits = b >= Duration::zero() ? a <= Duration::max() - b : a >= Duration::min() - b;
  return fits ? std::optional(a + b) : std::nullopt;
}

void shift_instants(json& answer, Duration by) {
  for (const auto& item : answer.items()) {
    const std::string& name = item.key();
    json& value = item.value();
    const bool instant = name == "time" || name == "exposure_start";
    if (answer.is_object() && instant && value.is_number_integer()) {
      value = sum(Duration(value.get<std::int64_t>()), by).value_or(Duration::max()).count();
    } else if (value.is_structured()) {
      shift_instants(value, by);
    }
  }
}

}  // namespace halotwin::devices
