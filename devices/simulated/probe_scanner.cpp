#include <algorithm>
#include <cmath>
#include <limits>

#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr double converter_steps = 16777216.0;  // 24 bits over the scan range: 5 pm

}  // namespace

ScanFrame ProbeScanner::configure(const ScanFrame& wanted, std::span<const std::size_t> indices) {
  s_->strike("set frame");
  const double half = 0.5 * s_->params.scan_range_m;
  const double reach = 0.5 * std::hypot(wanted.width_m, wanted.height_m);
  if (wanted.columns == 0 || wanted.rows == 0 || !std::isfinite(wanted.angle_rad) ||
      !(wanted.line_time_s > 0.0 && wanted.line_time_s < 1.0e6) || !(wanted.width_m > 0.0) ||
      !(wanted.height_m > 0.0) || !(std::abs(wanted.centre.x_m) + reach <= half) ||
      !(std::abs(wanted.centre.y_m) + reach <= half)) {
    throw DeviceError(
        s_->role, "set frame", "the frame is empty or beyond the scanner's range", Retry::no);
  }
  if (wanted.columns > 65536 || wanted.rows > 65536) {
    throw DeviceError(s_->role, "set frame", "more than 65536 pixels on a side", Retry::no);
  }
  frame_ = wanted;
  indices_.assign(indices.begin(), indices.end());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  images_.assign(2 * indices_.size(), Image<float>(frame_.columns, frame_.rows, nan));
  line_places_.assign(frame_.columns, Point{});
  line_ = 0;
  scanning_ = false;
  on_pixel_ = false;
  return frame_;
}

void ProbeScanner::start() {
  s_->strike("start scan");
  if (indices_.empty()) {
    throw DeviceError(s_->role, "start scan", "no frame and signals configured", Retry::no);
  }
  if (!s_->engaged) {
    throw DeviceError(s_->role, "start scan", "the tip is not engaged", Retry::no);
  }
  for (Image<float>& image : images_) {
    image.values.assign(image.values.size(), std::numeric_limits<float>::quiet_NaN());
  }
  line_ = 0;
  pixel_ = 0;
  on_pixel_ = false;
  line_start_ = s_->world->clock().now();
  scanning_ = true;
}

std::size_t ProbeScanner::wait_line(Duration timeout, const std::stop_token& stop) {
  s_->strike("scan line");
  sim::VirtualClock& clock = s_->world->clock();
  const Duration give_up = clock.now() + timeout;
  const double dt_s = frame_.line_time_s / static_cast<double>(frame_.columns);
  while (scanning_) {
    if (!on_pixel_) {
      enter_pixel();
    }
    const Duration due = line_start_ + from_seconds(dt_s * static_cast<double>(pixel_ + 1));
    clock.sleep(std::min(due, give_up) - clock.now(), stop);
    if (due > give_up) {
      break;
    }
    read_pixel();
    if (++pixel_ == 2 * frame_.columns) {
      pixel_ = 0;
      line_start_ = due;
      scanning_ = ++line_ < frame_.rows;
      s_->kelvin->end_pixels();
      break;
    }
  }
  return line_;
}

void ProbeScanner::stop() {
  scanning_ = false;
  s_->kelvin->end_pixels();
}

Image<float> ProbeScanner::data(std::size_t signal_index, ScanDirection direction) const {
  for (std::size_t k = 0; k < indices_.size(); ++k) {
    if (indices_[k] == signal_index) {
      return images_[2 * k + (direction == ScanDirection::backward ? 1U : 0U)];
    }
  }
  throw DeviceError(s_->role, "scan data", "this signal was not scanned", Retry::no);
}

std::size_t ProbeScanner::column() const {
  return pixel_ >= frame_.columns ? 2 * frame_.columns - 1 - pixel_ : pixel_;
}

// Forward over the columns of the present line, then back. The tip stands on a pixel for the time
// of a pixel; what it has then is the pixel's value.
void ProbeScanner::enter_pixel() {
  const double u =
      (static_cast<double>(column()) + 0.5) / static_cast<double>(frame_.columns) - 0.5;
  const double v = (static_cast<double>(line_) + 0.5) / static_cast<double>(frame_.rows) - 0.5;
  const double c = std::cos(frame_.angle_rad);
  const double s = std::sin(frame_.angle_rad);
  const double dx = u * frame_.width_m;
  const double dy = v * frame_.height_m;
  // in steps of the scanner's converter: the rest of a frame, set anew, has the same places
  const double step = s_->params.scan_range_m / converter_steps;
  s_->motion.move({std::round((frame_.centre.x_m + c * dx + s * dy) / step) * step,
                   std::round((frame_.centre.y_m - s * dx + c * dy) / step) * step},
                  s_->world->clock().now(),
                  Duration::zero());
  ++s_->place;
  s_->settle();
  s_->kelvin->begin_pixel(pixel_ == 0);
  on_pixel_ = true;
}

void ProbeScanner::read_pixel() {
  const std::size_t way = pixel_ >= frame_.columns ? 1U : 0U;
  const Point here = s_->on_sample(s_->now_at());
  Point& place = line_places_[column()];
  place = way == 0 ? here : Point{0.5 * (place.x_m + here.x_m), 0.5 * (place.y_m + here.y_m)};
  for (std::size_t k = 0; k < indices_.size(); ++k) {
    images_[2 * k + way](column(), line_) = static_cast<float>(signals_->value(indices_[k]));
  }
  on_pixel_ = false;
}

}  // namespace halotwin::devices::simulated
