#include "devices/drivers/served_clock.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/device.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

/// The twin computes while it sleeps: not too long between two answers.
constexpr Duration longest_step = std::chrono::seconds(10);

class ServedClock final : public Clock {
 public:
  ServedClock(Connect connect, std::string address)
      : connect_(std::move(connect)), address_(std::move(address)) {
    const std::string who = ask("open", "*IDN?");
    if (!who.starts_with("halotwin,clock,")) {
      fail("open", fmt::format("\"{}\" answers, no clock of a served twin", who));
    }
    speed_ = number("open", ask("open", "SPEED?"));
  }

  [[nodiscard]] Duration now() const override {
    return Duration(std::llround(number("read time", ask("read time", "TIME?"))));
  }

  void sleep(Duration duration, const std::stop_token& stop) override {
    if (speed_ > 0.0) {
      wall_.sleep(from_seconds(seconds(duration) / speed_), stop);
      return;
    }
    while (duration > Duration::zero()) {
      if (stop.stop_requested()) {
        throw Interrupted("stopped on request");
      }
      const Duration step = std::min(duration, longest_step);
      static_cast<void>(number("sleep", ask("sleep", fmt::format("SLEEP {}", step.count()))));
      duration -= step;
    }
  }

  [[nodiscard]] ClockKind kind() const override {
    return speed_ > 0.0 ? ClockKind::paced : ClockKind::virtual_time;
  }
  [[nodiscard]] bool stands_at_instruments() const override { return speed_ == 0.0; }

 private:
  [[noreturn]] void fail(const char* operation, const std::string& cause) const {
    throw DeviceError("clock", operation, fmt::format("{}: {}", address_, cause), Retry::no);
  }
  /// A lost connection is opened again; a question that was lost with it is asked once more.
  std::string ask(const char* operation, const std::string& line) const {
    for (int left = line.ends_with('?') ? 1 : 0;; --left) {
      try {
        if (!stream_) {
          stream_ = connect_();
        }
        stream_->send(line + "\n");
        return stream_->receive_until('\n');
      } catch (const WireError& error) {
        stream_.reset();
        if (error.fault() != WireFault::closed || left == 0) {
          fail(operation, error.what());
        }
      }
    }
  }
  double number(const char* operation, const std::string& text) const {
    const auto value = parse_number(text);
    if (!value || *value < 0.0) {
      fail(operation, fmt::format("answered \"{}\", no number", text));
    }
    return *value;
  }

  Connect connect_;
  std::string address_;
  mutable std::unique_ptr<ByteStream> stream_;
  double speed_ = 0.0;
  WallClock wall_;
};

}  // namespace

std::unique_ptr<Clock> open_served_clock(const Connect& connect, const std::string& address) {
  return std::make_unique<ServedClock>(connect, address);
}

}  // namespace halotwin::devices
