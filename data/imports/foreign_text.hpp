// Text in files of other programs: lines, numbers, dates, labels with units. Internal to data/.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace halotwin::data::imports {

/// Between blanks and tabs.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text);

/// A whole number >= 0.
[[nodiscard]] std::optional<std::size_t> whole_of(std::string_view text);

/// A name for a signal: "LI Demod 1 X" -> "li_demod_1_x", "ZSensor" -> "z_sensor". At most 60
/// characters; "channel" if nothing is left.
[[nodiscard]] std::string signal_name_of(std::string_view label);

/// "28.03.2019" or "2019-03-28" with "14:01:34", "14:01:34.5" or "2:01:34 PM". The files name no
/// time zone: the result is as if it was UTC. Nothing if it is no date of the years 1970 to 2200.
[[nodiscard]] std::optional<std::chrono::nanoseconds> time_of(std::string_view date,
                                                              std::string_view time);
/// Date and time in one text, "28.03.2019 14:01:34".
[[nodiscard]] std::optional<std::chrono::nanoseconds> time_of(std::string_view date_and_time);

}  // namespace halotwin::data::imports
