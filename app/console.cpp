#include "app/console.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/require.hpp"

namespace halotwin::app {

namespace {

constexpr auto between_bars = std::chrono::milliseconds(100);
constexpr auto between_lines = std::chrono::seconds(10);

spdlog::logger& logger() {
  static const auto made = [] {
    auto log = spdlog::stderr_color_mt("halotwin");
    log->set_pattern("%^%v%$");
    log->set_level(spdlog::level::info);
    return log;
  }();
  return *made;
}

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

bool plain_for_shell(std::string_view word) {
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,+@%";
  return !word.empty() && word.find_first_not_of(harmless) == std::string_view::npos;
}

}  // namespace

std::string duration_text(double time_s) {
  if (time_s < 60.0) {
    return fmt::format("{:.{}f} s", time_s, time_s < 10.0 ? 1 : 0);
  }
  const auto minutes = std::llround(time_s / 60.0);
  if (minutes < 60) {
    return fmt::format("{} min", minutes);
  }
  if (minutes < 2880) {  // two days
    return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  }
  return fmt::format("{} d {} h", minutes / 1440, minutes % 1440 / 60);
}

std::string bytes_text(double bytes) {
  if (bytes < 1e3) {
    return fmt::format("{:.0f} B", bytes);
  }
  for (const char* unit : {"kB", "MB", "GB"}) {
    bytes /= 1e3;
    if (bytes < 999.5) {
      return fmt::format("{:.3g} {}", bytes, unit);
    }
  }
  return fmt::format("{:.4g} TB", bytes / 1e3);
}

std::size_t line_width() {
  constexpr std::size_t usual = 100;
  constexpr std::size_t least = 60;
  constexpr std::size_t most = 140;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return usual;
  }
  return std::clamp<std::size_t>(size.ws_col, least, most);
}

std::string command_text(int argc, const char* const* argv) {
  std::string text = "halotwin";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    text += plain_for_shell(word) ? " " + word : " '" + word + "'";
  }
  return text;
}

Threads threads_from(int count) {
  require_range("--threads", count, 0, 1024);
  const unsigned all = std::thread::hardware_concurrency();
  return {count > 0 ? count : std::max(1, static_cast<int>(all))};
}

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  clear();
}

void Console::write(const Event& event) {
  clear();
  const std::string_view kind = event.level == Level::warning ? "warning: "
                                : event.level == Level::error ? "error: "
                                                              : "";
  const std::string line = fmt::format(
      "{:>9}  {}: {}{}", duration_text(seconds(event.time)), event.source, kind, event.text);
  logger().log(level_of(event.level), "{}", line);
}

void Console::note(const std::string& line) {
  clear();
  logger().info("{}", line);
}

void Console::clear() {
  if (drawn_) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    drawn_ = false;
  }
}

void Console::progress(std::size_t done, std::size_t total, double lab_time_s) {
  const Time now = std::chrono::steady_clock::now();
  if (!started_) {
    started_ = true;
    start_ = now;
    shown_ = now;
    first_done_ = done;
    return;
  }
  if (now - shown_ < (terminal_ ? Time::duration(between_bars) : Time::duration(between_lines)) ||
      done <= first_done_) {
    return;
  }
  shown_ = now;
  const double each_s = seconds_between(start_, now) / static_cast<double>(done - first_done_);
  draw(done, total, lab_time_s, each_s * static_cast<double>(total - done));
}

void Console::status(const std::string& line) {
  const Time now = std::chrono::steady_clock::now();
  if (!started_) {
    started_ = true;
    shown_ = now;
  }
  if (terminal_) {
    clear();
    fmt::print(stderr, "{}\x1b[K", line.substr(0, line_width() - 1));
    std::fflush(stderr);
    drawn_ = true;
  } else if (now - shown_ >= between_lines) {
    logger().info("{}", line);
    shown_ = now;
  }
}

void Console::draw(std::size_t done, std::size_t total, double lab_time_s, double left_s) {
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const std::string numbers = fmt::format("{:3.0f} %  {} in the laboratory, {} left here",
                                          std::floor(100.0 * part),
                                          duration_text(lab_time_s),
                                          duration_text(left_s));
  if (!terminal_) {
    logger().info("{}", numbers);
    return;
  }
  constexpr std::size_t width = 30;
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  fmt::print(stderr, "\r[{:<{}}] {}\x1b[K", std::string(full, '#'), width, numbers);
  std::fflush(stderr);
  drawn_ = true;
}

void print_error(const std::string& message) {
  std::string line;
  for (const char c : message) {
    line += c == '\n' ? std::string("; ") : std::string(1, c);
  }
  fmt::print(stderr, "halotwin: {}\n", line);
}

}  // namespace halotwin::app
