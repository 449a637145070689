#include "tests/shims/andor_head.hpp"

#include <algorithm>

namespace halotwin::test {

namespace andor = devices::andor;

namespace {

constexpr int software = 10;
constexpr int kinetic = 3;

}  // namespace

bool AndorHead::is(const char* function, int value) const {
  const auto found = shim.chosen.find(function);
  return found != shim.chosen.end() && found->second == value;
}

std::size_t AndorHead::pixels() const {
  return std::size_t{region.width / region.binning} * (region.height / region.binning);
}

bool AndorHead::acquiring() {
  return status() == andor::acquiring;
}

AndorHead::Code AndorHead::status() {
  drain(Duration::zero());
  return fault_ != 0 ? fault_ : started_ ? andor::acquiring : andor::idle;
}

std::optional<devices::CameraSettings> AndorHead::applied() {
  for (const char* needed : {"SetReadMode",
                             "SetAcquisitionMode",
                             "SetADChannel",
                             "SetOutputAmplifier",
                             "SetHSSpeed",
                             "SetVSSpeed",
                             "SetTriggerMode"}) {
    if (!shim.chosen.contains(needed)) {
      return std::nullopt;
    }
  }
  if (region.width == 0 || !is("SetReadMode", 4)) {
    return std::nullopt;
  }
  const int gain = shim.chosen.contains("SetEMCCDGain") ? shim.chosen["SetEMCCDGain"] : 0;
  const auto exposure = static_cast<double>(exposure_s);
  const double one_after_the_other =
      is("SetFrameTransferMode", 1) ? 0.0 : exposure + shim.readout_s;
  const devices::CameraSettings wanted{
      .exposure_s = exposure,
      .frame_period_s = std::max(static_cast<double>(cycle_s), one_after_the_other),
      .gain = std::max(1.0, static_cast<double>(gain)),
      .region = region,
      .trigger = is("SetTriggerMode", 0)          ? devices::Trigger::internal
                 : is("SetTriggerMode", software) ? devices::Trigger::software
                                                  : devices::Trigger::external};
  try {
    return shim.camera->configure(wanted);
  } catch (const devices::DeviceError&) {
    return std::nullopt;
  }
}

AndorHead::Code AndorHead::start() {
  if (!applied()) {
    return andor::error_ack;
  }
  const bool counted = is("SetAcquisitionMode", kinetic);
  if (is("SetTriggerMode", software) && (counted || !is("SetFrameTransferMode", 0))) {
    return andor::invalid_mode;
  }
  if (counted && !shim.chosen.contains("SetNumberKinetics")) {
    return andor::error_ack;
  }
  forget_images();
  total_ = read_ = signalled_ = 0;
  fault_ = 0;
  shim.camera->start(counted ? static_cast<std::uint64_t>(shim.chosen["SetNumberKinetics"]) : 0);
  started_ = true;
  return andor::success;
}

AndorHead::Code AndorHead::abort() {
  if (!acquiring()) {
    return andor::idle;
  }
  shim.camera->stop();
  drain(Duration::zero());
  started_ = false;
  return andor::success;
}

AndorHead::Code AndorHead::trigger() {
  if (!is("SetTriggerMode", software)) {
    return andor::invalid_mode;
  }
  if (!acquiring()) {
    return andor::idle;
  }
  shim.camera->software_trigger();
  return andor::success;
}

void AndorHead::drain(Duration wait) {
  if (!started_) {
    return;
  }
  std::vector<std::uint16_t> frame(pixels());
  try {
    while (shim.camera->next_frame(frame, wait, {})) {
      wait = Duration::zero();
      ++total_;
      ring_.push_back(frame);
      if (ring_.size() > static_cast<std::size_t>(shim.ring_frames)) {
        ring_.pop_front();
      }
    }
  } catch (const devices::DeviceError&) {
    started_ = false;
    fault_ = andor::acq_buffer;
  }
  if (is("SetAcquisitionMode", kinetic) && total_ >= shim.chosen["SetNumberKinetics"]) {
    started_ = false;
  }
}

AndorHead::Code AndorHead::wait(int ms) {
  if (cancelled.exchange(false)) {
    return andor::no_new_data;
  }
  drain(Duration::zero());
  if (signalled_ == total_) {
    drain(std::chrono::milliseconds(ms));
  }
  const bool something = signalled_ < total_;
  signalled_ = total_;
  return something ? andor::success : andor::no_new_data;
}

AndorHead::Code AndorHead::new_images(std::int32_t& first, std::int32_t& last) {
  drain(Duration::zero());
  first = std::max(read_ + 1, oldest());
  last = total_;
  return first <= last ? andor::success : andor::no_new_data;
}

AndorHead::Code AndorHead::images(std::int32_t first,
                                  std::int32_t last,
                                  std::uint16_t* to,
                                  std::uint32_t size,
                                  std::int32_t& valid_first,
                                  std::int32_t& valid_last) {
  drain(Duration::zero());
  if (first < oldest() || first > total_) {
    return andor::p1_invalid;
  }
  if (last < first || last > total_) {
    return andor::p1_invalid + 1;
  }
  if (size != static_cast<std::size_t>(last - first + 1) * pixels()) {
    return andor::p1_invalid + 3;
  }
  for (std::int32_t image = first; image <= last; ++image) {
    const auto& from = ring_[static_cast<std::size_t>(image - oldest())];
    to = std::copy(from.begin(), from.end(), to);
  }
  read_ = std::max(read_, last);
  valid_first = first;
  valid_last = last;
  return andor::success;
}

std::int32_t AndorHead::acquired() {
  drain(Duration::zero());
  return total_;
}

}  // namespace halotwin::test
