#include "devices/drivers/genicam_camera.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "devices/drivers/camera_settings.hpp"
#include "devices/drivers/exposure_times.hpp"
#include "devices/drivers/frame_counter.hpp"
#include "devices/drivers/genicam_link.hpp"

namespace halotwin::devices {

namespace {

class GenicamCamera final : public Camera {
 public:
  GenicamCamera(const std::string& name,
                Clock& clock,
                std::string role,
                const GenicamParams& params)
      : clock_(&clock),
        role_(std::move(role)),
        params_(params),
        link_(name, role_),
        identity_(link_.identity()),
        limits_(link_.limits()),
        settings_(link_.read()),
        counter_(link_.counter_wraps()) {
    if (params.ring_buffer_frames < 1 || params.ring_buffer_frames > 1'000'000) {
      refuse("open", "the ring buffer must hold 1 to 1000000 frames");
    }
    limits_.ring_buffer_frames = params.ring_buffer_frames;
    identity_.address = "genicam://" + name;
  }

  ~GenicamCamera() override {
    try {
      stop();
    } catch (const DeviceError&) {  // it has vanished: there is nothing to stop
    }
  }
  GenicamCamera(const GenicamCamera&) = delete;
  GenicamCamera& operator=(const GenicamCamera&) = delete;

  [[nodiscard]] Identity identity() const override { return identity_; }
  [[nodiscard]] CameraLimits limits() const override { return limits_; }
  [[nodiscard]] CameraSettings settings() const override { return settings_; }

  CameraSettings configure(const CameraSettings& wanted) override {
    constexpr const char* operation = "configure";
    link_.check(operation);
    if (running()) {
      refuse(operation, "the camera is acquiring");
    }
    const CameraSettings all = within(limits_, wanted, role_);
    try {
      link_.apply(all, params_.packet_bytes);
    } catch (const DeviceError&) {
      settings_ = link_.read();  // some of it may be set
      throw;
    }
    settings_ = link_.read();
    return settings_;
  }

  void start(std::uint64_t frames) override {
    constexpr const char* operation = "start";
    link_.check(operation);
    if (running()) {
      refuse(operation, "the camera is acquiring");
    }
    counter_ = FrameCounter(link_.counter_wraps());
    wanted_ = frames;
    times_ = ExposureTimes(clock_->now());
    complete_ = false;
    link_.begin(params_.ring_buffer_frames, frames);
    sign_of_life_ = clock_->now();
    started_ = true;
    running_ = true;
  }

  void software_trigger() override {
    link_.check("trigger");
    if (!running() || settings_.trigger != Trigger::software) {
      refuse("trigger", "not waiting for a software trigger");
    }
    link_.software_trigger();
  }

  std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                      Duration timeout,
                                      const std::stop_token& stop) override {
    constexpr const char* operation = "read frame";
    const CameraRegion& r = settings_.region;
    if (pixels.size() < std::size_t{r.width / r.binning} * (r.height / r.binning)) {
      refuse(operation, "too few pixels");
    }
    const Duration give_up = clock_->now() + timeout;
    constexpr Duration slice = std::chrono::milliseconds(10);
    for (;;) {
      if (stop.stop_requested()) {
        throw Interrupted("stopped on request");
      }
      if (!complete_ && link_.overrun()) {
        refuse(operation, "the ring buffer ran over");
      }
      const Duration left = give_up - clock_->now();
      const Duration wait = std::clamp(left, Duration::zero(), slice);
      if (!started_) {
        clock_->sleep(wait, stop);
      }
      if (const auto frame = link_.take(pixels, wait)) {
        sign_of_life_ = clock_->now();
        if (const auto info = describe(*frame)) {
          return info;
        }
      } else {
        check_silence(operation);
        if (left <= Duration::zero()) {
          return std::nullopt;
        }
      }
    }
  }

  void stop() override {
    if (running_) {
      running_ = false;
      link_.end();
    }
  }

  void make_safe() override {
    running_ = false;
    link_.end();
  }

 private:
  [[noreturn]] void refuse(const char* operation, const std::string& cause) const {
    throw DeviceError(role_, operation, cause, Retry::no);
  }

  /// A camera that sends nothing for long is called.
  void check_silence(const char* operation) {
    link_.check(operation);
    constexpr Duration long_time = std::chrono::seconds(1);
    if (clock_->now() - sign_of_life_ > long_time) {
      link_.call(operation);
      sign_of_life_ = clock_->now();
    }
  }

  /// Whether a series goes on; one of which all frames have come is ended.
  bool running() {
    if (running_ && wanted_ > 0 && link_.arrived() >= wanted_) {
      stop();
    }
    return running_;
  }

  /// Nothing: a frame that does not belong to the series.
  std::optional<FrameInfo> describe(const GenicamLink::Frame& frame) {
    const auto number = counter_.number(frame.id);
    if (!number || complete_) {
      return std::nullopt;
    }
    if (wanted_ > 0 && *number + 1 >= wanted_) {
      complete_ = true;
      stop();
      if (*number >= wanted_) {
        return std::nullopt;
      }
    }
    const Duration exposed =
        clock_->now() - frame.age - from_seconds(settings_.exposure_s);  // at the latest
    const auto camera = Duration(static_cast<std::int64_t>(frame.camera_ns));
    const Duration begin =
        times_.next(exposed, camera > Duration::zero() ? std::optional(camera) : std::nullopt);
    return FrameInfo{*number, begin, link_.frame_width(), link_.frame_height(), frame.incomplete};
  }

  Clock* clock_;
  std::string role_;
  GenicamParams params_;
  GenicamLink link_;
  Identity identity_;
  CameraLimits limits_;
  CameraSettings settings_;
  FrameCounter counter_;
  bool started_ = false;  // ever
  bool running_ = false;
  bool complete_ = false;     // all frames of the series were handed out
  std::uint64_t wanted_ = 0;  // 0: until stop
  Duration sign_of_life_{};
  ExposureTimes times_{Duration::zero()};
};

}  // namespace

std::unique_ptr<Camera> open_genicam_camera(const std::string& id_or_address,
                                            Clock& clock,
                                            const std::string& role,
                                            const GenicamParams& params) {
  return std::make_unique<GenicamCamera>(id_or_address, clock, role, params);
}

}  // namespace halotwin::devices
