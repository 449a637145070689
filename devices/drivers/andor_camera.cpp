#include "devices/drivers/andor_camera.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/drivers/andor_cooler.hpp"
#include "devices/drivers/andor_link.hpp"
#include "devices/drivers/andor_setup.hpp"
#include "devices/drivers/camera_settings.hpp"
#include "devices/drivers/exposure_times.hpp"

namespace halotwin::devices {

namespace {

class AndorDriver final : public AndorCamera {
 public:
  AndorDriver(int index, Clock& clock, const std::string& role, const AndorParams& params)
      : clock_(&clock),
        link_(andor::load(params.library, role), index, params.config, role),
        setup_(link_, params),
        cooler_(link_, setup_.has_cooler()),
        address_(fmt::format("andor://{}", index)) {
    if (params.temperature_k) {
      cooler_.set_target_k(*params.temperature_k);
    }
    close_shutter("open");
    settings_ = setup_.apply(within(setup_.limits(), {}, role));
  }

  ~AndorDriver() override {
    try {
      stop();
    } catch (const DeviceError&) {  // it has vanished: there is nothing to stop
    }
  }
  AndorDriver(const AndorDriver&) = delete;
  AndorDriver& operator=(const AndorDriver&) = delete;

  [[nodiscard]] Identity identity() const override {
    Identity who = setup_.identity();
    who.address = address_;
    return who;
  }
  [[nodiscard]] CameraLimits limits() const override { return setup_.limits(); }
  [[nodiscard]] CameraSettings settings() const override { return settings_; }

  CameraSettings configure(const CameraSettings& wanted) override {
    constexpr const char* operation = "configure";
    require_idle(operation);
    CameraSettings all = within(setup_.limits(), wanted, link_.role());
    all.exposure_s = wanted.exposure_s;  // the new settings have limits of their own
    all.gain = wanted.gain;
    known_ = false;
    try {
      settings_ = setup_.apply(all);
    } catch (const DeviceError&) {
      setup_.apply(settings_);  // some of it may be set
      known_ = true;
      throw;
    }
    known_ = true;
    return settings_;
  }

  void start(std::uint64_t frames) override {
    constexpr const char* operation = "start";
    require_idle(operation);
    if (!known_) {
      link_.refuse(operation, "the settings are not known since configuring failed");
    }
    cooler_.require_cold(operation);
    setup_.prepare(settings_, frames);
    running_ = true;  // from here on there is something to end
    try {
      const Duration opening = setup_.set_shutter(operation, true);
      clock_->sleep(opening);
      times_ = ExposureTimes(clock_->now());
      next_ = 1;
      wanted_ = frames;
      started_ = true;
      link_.call(operation, link_.api().start_acquisition);
    } catch (const DeviceError&) {
      running_ = false;
      close_shutter(operation);
      throw;
    }
  }

  void software_trigger() override {
    constexpr const char* operation = "trigger";
    if (!running() || settings_.trigger != Trigger::software) {
      link_.refuse(operation, "not waiting for a software trigger");
    }
    link_.call(operation, link_.api().send_software_trigger);
  }

  std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                      Duration timeout,
                                      const std::stop_token& stop) override {
    constexpr const char* operation = "read frame";
    const CameraRegion& r = settings_.region;
    const std::size_t count = std::size_t{r.width / r.binning} * (r.height / r.binning);
    if (pixels.size() < count) {
      link_.refuse(operation, "too few pixels");
    }
    const Duration give_up = clock_->now() + timeout;
    for (;;) {
      clock_->sleep(Duration::zero(), stop);
      const bool due = started_ && (wanted_ == 0 || frames_read() < wanted_);
      const bool active = due && running_ && link_.status(operation) == andor::acquiring;
      if (due && link_.take(operation, next_, pixels.first(count))) {
        return describe();
      }
      if (due && running_ && !active) {
        ended_by_itself(operation);
      }
      const Duration left = give_up - clock_->now();
      if (left <= Duration::zero()) {
        return std::nullopt;
      }
      if (active) {
        wait(operation, left, stop);
      } else {
        clock_->sleep(left, stop);
      }
    }
  }

  void stop() override {
    if (running_) {
      end("stop");
    }
  }

  void make_safe() override { end("make safe"); }

  void set_target_k(double temperature_k) override { cooler_.set_target_k(temperature_k); }
  [[nodiscard]] double temperature_k() override { return cooler_.temperature_k(); }
  [[nodiscard]] bool stable() override { return cooler_.stable(); }

 private:
  /// Waits for news of the series, not longer than others may be kept waiting for us.
  void wait(const char* operation, Duration left, const std::stop_token& stop) {
    constexpr auto longest = std::chrono::milliseconds(10);
    constexpr Duration at_once = std::chrono::microseconds(100);
    constexpr Duration pause = std::chrono::milliseconds(1);
    const auto slice =
        std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, longest));
    const Duration asked = clock_->now();
    link_.wait(operation, static_cast<int>(slice.count()), stop);
    if (clock_->now() - asked < at_once) {  // old news, or a library that does not wait
      clock_->sleep(std::min(left, pause), stop);
    }
  }

  [[nodiscard]] std::uint64_t frames_read() const { return static_cast<std::uint64_t>(next_) - 1; }

  /// Whether a series goes on; one that is complete is ended.
  bool running() {
    if (running_) {
      std::int32_t acquired = 0;
      link_.call("ask for progress", link_.api().get_total_number_images_acquired, &acquired);
      const bool complete =
          wanted_ > 0 && acquired >= 0 && static_cast<std::uint64_t>(acquired) >= wanted_;
      if (complete || link_.status("ask for progress") != andor::acquiring) {
        stop();
      }
    }
    return running_;
  }

  void require_idle(const char* operation) {
    if (running()) {
      link_.refuse(operation, "the camera is acquiring");
    }
  }

  /// Ends the series and closes the shutter, whatever of both fails.
  void end(const char* operation) {
    std::exception_ptr first;
    try {
      link_.abort(operation);
      running_ = false;
    } catch (const DeviceError&) {
      first = std::current_exception();
    }
    try {
      close_shutter(operation);
    } catch (const DeviceError&) {
      first = first ? first : std::current_exception();
    }
    if (first) {
      std::rethrow_exception(first);
    }
  }

  void close_shutter(const char* operation) {
    static_cast<void>(setup_.set_shutter(operation, false));
  }

  [[noreturn]] void ended_by_itself(const char* operation) {
    const andor::Code status = link_.status(operation);
    stop();
    link_.refuse(operation,
                 fmt::format("the series ended by itself after {} frames: {}",
                             frames_read(),
                             andor::text_of(status)),
                 Retry::yes);
  }

  /// The frame that was just taken.
  FrameInfo describe() {
    const std::uint64_t number = frames_read();
    ++next_;
    if (wanted_ > 0 && frames_read() >= wanted_) {
      stop();
    }
    const CameraRegion& r = settings_.region;
    const Duration latest = clock_->now() - from_seconds(settings_.exposure_s + setup_.readout_s());
    const Duration begin = times_.next(
        latest,
        settings_.trigger == Trigger::internal
            ? std::optional(from_seconds(settings_.frame_period_s * static_cast<double>(number)))
            : std::nullopt);
    return {number, begin, r.width / r.binning, r.height / r.binning, false};
  }

  Clock* clock_;
  andor::Link link_;
  andor::Setup setup_;
  andor::Cooler cooler_;
  std::string address_;
  CameraSettings settings_;
  bool known_ = true;         // what is set is settings_
  bool started_ = false;      // ever
  bool running_ = false;      // to be ended by us
  std::uint64_t wanted_ = 0;  // 0: until stop
  std::int32_t next_ = 1;     // image of the library
  ExposureTimes times_{Duration::zero()};
};

}  // namespace

std::unique_ptr<AndorCamera> open_andor_camera(int index,
                                               Clock& clock,
                                               const std::string& role,
                                               const AndorParams& params) {
  return std::make_unique<AndorDriver>(index, clock, role, params);
}

}  // namespace halotwin::devices
