// One operation as it stands on a tape. Internal to devices/replay.
#pragma once

#include <istream>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace halotwin::devices {

/// What is asked of an instrument.
/// As JSON compares them, and a NaN (what an instrument does not know) is the same as another.
[[nodiscard]] bool same_values(const nlohmann::json& a, const nlohmann::json& b);

struct TapeRequest {  // NOLINT(bugprone-exception-escape): moving JSON throws nothing
  std::string role;
  std::string operation;
  nlohmann::json arguments;
  bool operator==(const TapeRequest& other) const {
    return role == other.role && operation == other.operation &&
           same_values(arguments, other.arguments);
  }
};

struct TapeEntry {
  TapeRequest request;
  Duration time{};  // since the start of the run, at the end of the operation
  nlohmann::json answer;
  std::optional<nlohmann::json> failure{};
};

/// The next CBOR item; discarded if it is damaged.
[[nodiscard]] nlohmann::json read_item(std::istream& from);
[[nodiscard]] bool at_end(std::istream& from);
/// Nothing if what comes next is no operation: damage, or the end.
[[nodiscard]] std::optional<TapeEntry> read_entry(std::istream& from);

/// The beginning of a value, to be read by a person.
[[nodiscard]] std::string text_of(const nlohmann::json& value);
/// Where two lists of arguments (or tables of settings) differ first, in words; "" if they do not.
[[nodiscard]] std::string difference(const nlohmann::json& on_tape, const nlohmann::json& asked);

/// a + b, both of them any number that may stand on a tape; nothing beyond 292 years.
[[nodiscard]] std::optional<Duration> sum(Duration a, Duration b);

/// Moves the instants of an answer: what answers hold under "time" and "exposure_start". (Durations
/// are answers by themselves.)
void shift_instants(nlohmann::json& answer, Duration by);

}  // namespace halotwin::devices
