// What the user sees: log lines and progress on stderr, results on stdout.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/event_log.hpp"
#include "base/parallel.hpp"

namespace halotwin::app {

/// "23 h 59 min", "2.5 s".
[[nodiscard]] std::string duration_text(double time_s);
/// "1.2 GB".
[[nodiscard]] std::string bytes_text(double bytes);
/// Columns of the terminal on stdout between 60 and 140; 100 if it is none.
[[nodiscard]] std::size_t line_width();
/// Joined by blanks, with quotes where the shell needs them.
[[nodiscard]] std::string command_text(int argc, const char* const* argv);
/// All of the computer's for 0; throws ParameterError for a number that cannot be meant.
[[nodiscard]] Threads threads_from(int count);

/// Shows events as log lines, and how far a run is: a bar with the remaining time on a terminal, a
/// plain line now and then otherwise.
class Console final : public EventLog {
 public:
  Console();
  ~Console() override;
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void write(const Event& event) override;
  void note(const std::string& line);
  void progress(std::size_t done, std::size_t total, double lab_time_s);
  /// What is being done now: one line that the next one replaces on a terminal, a line every ten
  /// seconds otherwise.
  void status(const std::string& line);
  /// Removes the bar.
  void clear();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void draw(std::size_t done, std::size_t total, double lab_time_s, double left_s);

  bool terminal_;
  bool drawn_ = false;
  std::size_t first_done_ = 0;
  bool started_ = false;
  Time start_{};
  Time shown_{};
};

/// One line on stderr, whatever the text holds.
void print_error(const std::string& message);

}  // namespace halotwin::app
