// A tape: every operation of every instrument of a run, with what it answered and when. A bench of
// the tape alone answers as the instruments did.
//
// File: a sequence of CBOR items (RFC 8742). First {"format": "halotwin tape", "version": 1,
// "clock": ..., "start_ns": ...}, then one array per operation: [role, operation, time in ns since
// the start, arguments, answer], and a sixth item {"cause", "retry"} if it failed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "devices/replay/tape_types.hpp"

namespace halotwin::devices {

struct TapeHead {
  ClockKind clock = ClockKind::virtual_time;
  std::chrono::nanoseconds start_since_epoch{};  // instant of time 0
};

/// How a tape is played.
struct Playing {
  double speed = 0.0;      // 0: as fast as possible, 1: with the original timing
  double nearest_m = 0.0;  // > 0: the tip may be sent to recorded points in any order, and as far
                           // beside one as this; what is recorded of the nearest one is played
};

struct TapeEntry;
struct TapeRequest;

class Tape {
 public:
  /// Writes a new file; times are those of `clock`, which must outlive it. Throws ParameterError if
  /// the file exists or cannot be written.
  static std::unique_ptr<Tape> record(const std::filesystem::path& file,
                                      const TapeHead& head,
                                      const Clock& clock);
  /// Throws ParameterError if this is no tape.
  static std::unique_ptr<Tape> replay(const std::filesystem::path& file,
                                      const Playing& playing = {});
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  [[nodiscard]] bool replaying() const;
  [[nodiscard]] const TapeHead& head() const;
  [[nodiscard]] const std::filesystem::path& file() const;
  /// Of the operation that was played last. It never goes back: a point that is played out of order
  /// takes as long as it took.
  [[nodiscard]] Duration time() const;

  /// True if this operation comes next, or if the tape records.
  [[nodiscard]] bool expects(const std::string& role, const char* operation);

  /// Recording: calls `inner`, and keeps what it returned or the DeviceError that it threw.
  /// Replaying: returns that, without calling it. Throws DeviceError if the tape holds another
  /// operation here, or nothing more, or (recording) cannot be written.
  template <class Inner, class... Arguments>
  auto call(const std::string& role,
            const char* operation,
            const Inner& inner,
            const Arguments&... arguments) {
    using Answer = std::invoke_result_t<Inner>;
    nlohmann::json given = nlohmann::json::array({arguments...});
    if (replaying()) {
      const nlohmann::json answer = next(role, operation, given);
      if constexpr (!std::is_void_v<Answer>) {
        return decode<Answer>(role, operation, answer);
      } else {
        return;
      }
    }
    try {
      if constexpr (std::is_void_v<Answer>) {
        inner();
        keep(role, operation, std::move(given), nullptr);
      } else {
        Answer answer = inner();
        keep(role, operation, std::move(given), answer);
        return answer;
      }
    } catch (const DeviceError& error) {
      keep_failure(role, operation, std::move(given), error);
      throw;
    }
  }

 private:
  struct State;
  explicit Tape(std::unique_ptr<State> state);

  nlohmann::json next(const std::string& role,
                      const char* operation,
                      const nlohmann::json& arguments);
  /// To the point that stands for the one that is asked; what comes next, or what is done elsewhere
  /// after the last point. Both throw DeviceError if there is none.
  void go_to_point(const TapeRequest& asked);
  TapeEntry entry_for(const TapeRequest& asked);
  void keep(const std::string& role,
            const char* operation,
            nlohmann::json arguments,
            nlohmann::json answer);
  void keep_failure(const std::string& role,
                    const char* operation,
                    nlohmann::json arguments,
                    const DeviceError& error);
  void write(const nlohmann::json& entry);
  [[noreturn]] void fail(const std::string& role,
                         const std::string& operation,
                         const std::string& cause) const;

  template <class Answer>
  Answer decode(const std::string& role,
                const char* operation,
                const nlohmann::json& answer) const {
    try {
      return answer.get<Answer>();
    } catch (const nlohmann::json::exception&) {
      fail(role, operation, "what it holds is no answer to this operation");
    }
  }

  std::unique_ptr<State> state_;
};

}  // namespace halotwin::devices
