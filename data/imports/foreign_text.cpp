#include "data/imports/foreign_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace halotwin::data::imports {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether a word begins at `i`: "ZSensor" at S, "HeightTrace" at T, but not inside "DC" or "M1".
bool begins_word(std::string_view label, std::size_t i) {
  if (i == 0 || !is_upper(label[i])) {
    return false;
  }
  const char before = label[i - 1];
  const bool next_is_lower = i + 1 < label.size() && is_lower(label[i + 1]);
  return is_lower(before) || is_digit(before) || (is_upper(before) && next_is_lower);
}

/// Numbers of a date or time between single separators; nothing if anything else is in the text.
std::optional<std::vector<std::size_t>> fields_of(std::string_view text, char separator) {
  std::vector<std::size_t> fields;
  for (const std::string_view field : split(text, separator)) {
    const auto value = whole_of(field);
    if (!value || field.size() > 4) {
      return std::nullopt;
    }
    fields.push_back(*value);
  }
  return fields;
}

std::optional<std::chrono::sys_days> day_of(std::string_view date) {
  const bool iso = date.find('-') != std::string_view::npos;
  auto fields = fields_of(date, iso ? '-' : '.');
  if (!fields || fields->size() != 3) {
    return std::nullopt;
  }
  if (!iso) {
    std::swap((*fields)[0], (*fields)[2]);
  }
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>((*fields)[0])),
                                        std::chrono::month(static_cast<unsigned>((*fields)[1])),
                                        std::chrono::day(static_cast<unsigned>((*fields)[2]))};
  if (!day.ok() || (*fields)[0] < 1970 || (*fields)[0] > 2200) {
    return std::nullopt;
  }
  return std::chrono::sys_days(day);
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) {
      ++at;
    }
    words.push_back(text.substr(begin, at - begin));
  }
  return words;
}

std::optional<std::size_t> whole_of(std::string_view text) {
  text = trimmed(text);
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string signal_name_of(std::string_view label) {
  constexpr std::size_t longest = 60;
  std::string name;
  for (std::size_t i = 0; i < label.size() && name.size() < longest; ++i) {
    const char c = label[i];
    const bool stays = is_lower(c) || is_upper(c) || is_digit(c);
    if ((!stays || begins_word(label, i)) && !name.empty() && name.back() != '_') {
      name += '_';
    }
    if (stays) {
      name += lower(c);
    }
  }
  while (!name.empty() && name.back() == '_') {
    name.pop_back();
  }
  if (name.empty()) {
    return "channel";
  }
  return is_digit(name.front()) ? "channel_" + name : name;
}

std::optional<std::chrono::nanoseconds> time_of(std::string_view date, std::string_view time) {
  const auto day = day_of(trimmed(date));
  std::string_view clock = trimmed(time);
  const bool afternoon = clock.ends_with("PM") || clock.ends_with("pm");
  const bool twelve = afternoon || clock.ends_with("AM") || clock.ends_with("am");
  if (twelve) {
    clock = trimmed(clock.substr(0, clock.size() - 2));
  }
  const std::size_t point = clock.find('.');
  const auto fraction =
      point == std::string_view::npos
          ? 0.0
          : number_of("0" + std::string(clock.substr(point))).value_or(0.0);  // of a second
  const auto fields = fields_of(clock.substr(0, point), ':');
  if (!day || !fields || fields->size() < 2 || fields->size() > 3) {
    return std::nullopt;
  }
  std::size_t hour = (*fields)[0];
  const std::size_t second = fields->size() == 3 ? (*fields)[2] : 0;
  if (twelve && (hour < 1 || hour > 12)) {
    return std::nullopt;
  }
  hour = twelve ? hour % 12 + (afternoon ? 12 : 0) : hour;
  if (hour > 23 || (*fields)[1] > 59 || second > 60 || !(fraction >= 0.0 && fraction < 1.0)) {
    return std::nullopt;
  }
  return day->time_since_epoch() + std::chrono::hours(hour) + std::chrono::minutes((*fields)[1]) +
         std::chrono::seconds(second) +
         std::chrono::nanoseconds(static_cast<std::int64_t>(std::round(fraction * 1e9)));
}

std::optional<std::chrono::nanoseconds> time_of(std::string_view date_and_time) {
  const std::string_view text = trimmed(date_and_time);
  const std::size_t gap = text.find_first_of(" T\t");
  if (gap == std::string_view::npos) {
    return std::nullopt;
  }
  return time_of(text.substr(0, gap), text.substr(gap + 1));
}

}  // namespace halotwin::data::imports
