// A camera served over GigE Vision on the loopback interface, whose time is the computer's.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "devices/servers/genicam_server.hpp"

namespace halotwin::test {

/// The port of GigE Vision is one for the whole computer: tests that use it wait for one another.
class GigePort {
 public:
  GigePort() : file_(open("/tmp/halotwin_gige_vision.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    flock(file_, LOCK_EX);
  }
  ~GigePort() { close(file_); }
  GigePort(const GigePort&) = delete;
  GigePort& operator=(const GigePort&) = delete;

 private:
  int file_;
};

/// The wall clock, on which a sleep takes a quarter of a second more: what has to be there after it
/// has had the time to cross the network of a busy computer.
class LeisurelyClock final : public Clock {
 public:
  [[nodiscard]] Duration now() const override { return wall_.now(); }
  void sleep(Duration duration, const std::stop_token& stop) override {
    wall_.sleep(duration + std::chrono::milliseconds(duration > Duration::zero() ? 250 : 0), stop);
  }
  [[nodiscard]] ClockKind kind() const override { return ClockKind::wall; }

 private:
  WallClock wall_;
};

class GigeTwin {
 public:
  /// `world`: the clock that the camera lives by, simulated.
  GigeTwin(Clock& world, devices::Camera& camera)
      : world_(&world),
        server_(camera,
                "127.0.0.1",
                "TWIN01",
                [this](const std::function<void()>& work) { turn(work); }),
        thread_([this](const std::stop_token& stop) { server_.run(stop); }) {}

  [[nodiscard]] const devices::GenicamServer& server() const { return server_; }
  [[nodiscard]] Clock& clock() { return leisurely_; }
  /// As if its cable were pulled.
  void vanish() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  /// Brings the world to the time of now, and works in it.
  void turn(const std::function<void()>& work) {
    const std::scoped_lock lock(mutex_);
    const Duration due = wall_.now();
    if (due > world_->now()) {
      world_->sleep(due - world_->now());
    }
    work();
  }

  GigePort port_;
  std::mutex mutex_;
  WallClock wall_;
  LeisurelyClock leisurely_;
  Clock* world_;
  devices::GenicamServer server_;
  std::jthread thread_;
};

}  // namespace halotwin::test
