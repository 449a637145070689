#include "devices/servers/camera_feed.hpp"

#include <utility>

#include "base/errors.hpp"

namespace halotwin::devices {

namespace {

constexpr std::size_t most_frames = 64;  // that wait for somebody; more wait in the camera
constexpr auto between_looks = std::chrono::microseconds(200);
constexpr auto while_idle = std::chrono::milliseconds(20);

}  // namespace

void CameraFeed::begin(const CameraSettings& settings) {
  const std::scoped_lock lock(mutex_);
  order_ = {++series_begun_, settings, 0};
  frames_.clear();
  changed_.notify_all();
}

void CameraFeed::trigger() {
  const std::scoped_lock lock(mutex_);
  ++order_.triggers;
  changed_.notify_all();
}

std::optional<CameraFeed::Frame> CameraFeed::take(Duration timeout) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, timeout, [this] { return !frames_.empty(); })) {
    return std::nullopt;
  }
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

std::string CameraFeed::last_error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

void CameraFeed::fail(const std::string& cause) {
  const std::scoped_lock lock(mutex_);
  error_ = cause;
  ++lost_;
}

void CameraFeed::stop_camera() {
  if (std::exchange(running_, 0) != 0) {
    turn_([this] { camera_->stop(); });
  }
}

void CameraFeed::start(const Order& order) {
  running_ = 0;
  turn_([&] {
    camera_->stop();
    const CameraSettings applied = camera_->configure(order.settings);
    const CameraRegion& wants = order.settings.region;
    if (applied.region != wants) {
      throw DeviceError("camera", "configure", "the camera has no such region", Retry::no);
    }
    pixels_.resize(std::size_t{wants.width / wants.binning} * (wants.height / wants.binning));
    camera_->start(0);
  });
  running_ = order.series;
  last_number_.reset();
}

std::optional<FrameInfo> CameraFeed::next() {
  std::optional<FrameInfo> info;
  turn_([&] { info = camera_->next_frame(pixels_, Duration::zero(), {}); });
  return info && info->incomplete ? std::nullopt : info;
}

std::optional<CameraFeed::Frame> CameraFeed::work(const Order& order) {
  if (order.series != running_) {
    start(order);
  }
  for (int i = 0; i < order.triggers; ++i) {
    turn_([this] { camera_->software_trigger(); });
  }
  const auto info = next();
  if (!info) {
    return std::nullopt;
  }
  id_ += last_number_ ? info->number - *last_number_ : 1;
  last_number_ = info->number;
  return Frame{id_, info->exposure_start, pixels_};
}

void CameraFeed::run(const std::stop_token& stop, const std::function<bool()>& wanted) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    Order order = order_;
    order_.triggers = 0;
    id_ += std::exchange(lost_, 0);
    const bool full = frames_.size() >= most_frames;
    lock.unlock();
    const bool on = order.series != 0 && wanted();
    std::optional<Frame> frame;
    auto pause = std::chrono::duration_cast<Duration>(on ? between_looks : while_idle);
    try {
      if (!on) {
        stop_camera();
      } else if (!full) {
        frame = work(order);
      }
    } catch (const std::exception& error) {
      fail(error.what());
      running_ = 0;
      pause = while_idle;
    }
    lock.lock();
    if (order_.series != order.series) {
      continue;  // another one was begun meanwhile
    }
    if (!on) {
      order_ = {};
    }
    if (frame) {
      frames_.push_back(std::move(*frame));
      changed_.notify_all();
    } else {
      changed_.wait_for(
          lock, stop, pause, [&] { return order_.series != order.series || order_.triggers > 0; });
    }
  }
  order_ = {};
  lock.unlock();
  stop_camera();
}

}  // namespace halotwin::devices
