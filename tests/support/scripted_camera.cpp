#include "tests/support/scripted_camera.hpp"

#include <algorithm>
#include <cmath>

namespace halotwin::test {

using devices::CameraSettings;
using devices::DeviceError;
using devices::FrameInfo;
using devices::Retry;
using devices::Trigger;

namespace {

void refuse_unless(bool holds, const char* operation, const char* cause) {
  if (!holds) {
    throw DeviceError("scripted camera", operation, cause, Retry::no);
  }
}

}  // namespace

devices::Identity ScriptedCamera::identity() const {
  return {"halotwin", "scripted camera", "1", "", "test:"};
}

devices::CameraLimits ScriptedCamera::limits() const {
  return {.sensor_width = script_.sensor_width,
          .sensor_height = script_.sensor_height,
          .exposure_s = {1.0e-5, 60.0},
          .gain = {1.0, 300.0},
          .saturation_counts = 65535,
          .ring_buffer_frames = script_.ring_buffer_frames};
}

CameraSettings ScriptedCamera::configure(const CameraSettings& wanted) {
  catch_up();
  refuse_unless(!running_, "configure", "the camera is acquiring");
  refuse_unless(std::isfinite(wanted.exposure_s) && std::isfinite(wanted.frame_period_s) &&
                    std::isfinite(wanted.gain),
                "configure",
                "a setting is not a number");
  CameraSettings applied = wanted;
  devices::CameraRegion& r = applied.region;
  refuse_unless(r.left < script_.sensor_width && r.top < script_.sensor_height && r.binning >= 1,
                "configure",
                "the region begins outside of the sensor");
  r.width = r.width == 0 ? script_.sensor_width - r.left : r.width;
  r.height = r.height == 0 ? script_.sensor_height - r.top : r.height;
  refuse_unless(r.width <= script_.sensor_width - r.left &&
                    r.height <= script_.sensor_height - r.top && r.width >= r.binning &&
                    r.height >= r.binning,
                "configure",
                "the region does not fit the sensor");
  const devices::CameraLimits limit = limits();
  applied.exposure_s = std::clamp(wanted.exposure_s, limit.exposure_s.low, limit.exposure_s.high);
  applied.gain = std::clamp(wanted.gain, limit.gain.low, limit.gain.high);
  applied.frame_period_s = std::max(wanted.frame_period_s, applied.exposure_s + script_.readout_s);
  settings_ = applied;
  return settings_;
}

void ScriptedCamera::start(std::uint64_t frames) {
  catch_up();
  refuse_unless(!running_, "start", "the camera is acquiring");
  running_ = true;
  overrun_ = false;
  wanted_frames_ = frames;
  exposed_ = 0;
  frames_.clear();
  next_exposure_ = clock_->now();
}

void ScriptedCamera::software_trigger() {
  refuse_unless(running_ && settings_.trigger == Trigger::software,
                "trigger",
                "not waiting for a software trigger");
  catch_up();
  expose();
}

void ScriptedCamera::external_trigger() {
  catch_up();
  if (running_ && settings_.trigger == Trigger::external) {
    expose();
  }
}

// One exposure that begins now; a trigger during the one before is lost, as at a real camera.
void ScriptedCamera::expose() {
  if (more() && clock_->now() >= next_exposure_) {
    frames_.push_back({.number = exposed_++, .exposure_start = clock_->now()});
    next_exposure_ = clock_->now() + from_seconds(settings_.frame_period_s);
  }
}

Duration ScriptedCamera::arrival(const FrameInfo& frame) const {
  return frame.exposure_start + from_seconds(settings_.exposure_s + script_.readout_s);
}

// Exposes what the camera has exposed by itself up to now, and loses what the ring cannot hold.
void ScriptedCamera::catch_up() {
  while (running_ && settings_.trigger == Trigger::internal && more() &&
         next_exposure_ <= clock_->now()) {
    frames_.push_back({.number = exposed_++, .exposure_start = next_exposure_});
    next_exposure_ += from_seconds(settings_.frame_period_s);
  }
  std::erase_if(frames_, [&](const FrameInfo& f) { return script_.dropped.contains(f.number); });
  const auto arrived = std::count_if(frames_.begin(), frames_.end(), [&](const FrameInfo& f) {
    return arrival(f) <= clock_->now();
  });
  if (static_cast<std::size_t>(arrived) > script_.ring_buffer_frames) {
    overrun_ = true;
  }
  if (running_ && !more() && next_exposure_ <= clock_->now()) {
    running_ = false;  // the series is complete; unread frames stay
  }
}

std::optional<FrameInfo> ScriptedCamera::next_frame(std::span<std::uint16_t> pixels,
                                                    Duration timeout,
                                                    const std::stop_token& stop) {
  const auto& r = settings_.region;
  const std::uint32_t width = (r.width == 0 ? script_.sensor_width : r.width) / r.binning;
  const std::uint32_t height = (r.height == 0 ? script_.sensor_height : r.height) / r.binning;
  refuse_unless(pixels.size() >= std::size_t{width} * height, "read frame", "too few pixels");
  const Duration give_up = clock_->now() + timeout;
  clock_->sleep(Duration::zero(), stop);
  while (true) {
    catch_up();
    if (overrun_) {
      throw DeviceError("scripted camera", "read frame", "the ring buffer ran over", Retry::no);
    }
    if (!frames_.empty() && arrival(frames_.front()) <= clock_->now()) {
      FrameInfo frame = frames_.front();
      frames_.pop_front();
      frame.width = width;
      frame.height = height;
      frame.incomplete = script_.incomplete.contains(frame.number);
      fill(frame, pixels);
      return frame;
    }
    const Duration left = give_up - clock_->now();
    if (left <= Duration::zero()) {
      return std::nullopt;
    }
    const bool exposing = running_ && settings_.trigger == Trigger::internal && more();
    Duration next = give_up;
    if (!frames_.empty()) {
      next = arrival(frames_.front());
    } else if (exposing) {
      next = std::max(next_exposure_, clock_->now() + Duration(1));
    }
    clock_->sleep(std::min(next - clock_->now(), left), stop);
  }
}

void ScriptedCamera::fill(const FrameInfo& frame, std::span<std::uint16_t> pixels) const {
  const auto& r = settings_.region;
  std::size_t k = 0;
  for (std::uint32_t y = 0; y < frame.height; ++y) {
    for (std::uint32_t x = 0; x < frame.width; ++x) {
      std::uint32_t sum = 0;
      for (std::uint32_t dy = 0; dy < r.binning; ++dy) {
        for (std::uint32_t dx = 0; dx < r.binning; ++dx) {
          sum += script_.picture(
              frame.number, r.left + x * r.binning + dx, r.top + y * r.binning + dy);
        }
      }
      pixels[k++] = static_cast<std::uint16_t>(std::min<std::uint32_t>(sum, 65535));
    }
  }
}

void ScriptedCamera::stop() {
  catch_up();
  running_ = false;
  std::erase_if(frames_, [&](const FrameInfo& f) { return arrival(f) > clock_->now(); });
}

}  // namespace halotwin::test
