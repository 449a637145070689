// Frame numbers from the counter of a camera that starts anywhere and wraps.
#pragma once

#include <cstdint>
#include <optional>

namespace halotwin::devices {

/// GigE Vision counts blocks 1 to 65535 and goes on at 1 (0 is no number); version 2 of it and USB3
/// Vision count in 64 bits and do not wrap.
class FrameCounter {
 public:
  /// `wraps`: a 16-bit counter as long as no id above 65535 was seen.
  explicit FrameCounter(bool wraps) : wraps_(wraps) {}

  /// Number of the frame, 0 for the first one that is seen; gaps of the counter stay gaps (those of
  /// more than 65534 frames are not seen in 16 bits). Nothing: a frame that came already, or, where
  /// the counter does not wrap, an earlier one.
  std::optional<std::uint64_t> number(std::uint64_t id) {
    constexpr std::uint64_t period = 65535;
    wraps_ = wraps_ && id <= period;
    std::uint64_t step = 0;
    if (!seen_) {
      seen_ = true;
    } else if (id > last_id_) {
      step = id - last_id_;
    } else if (wraps_ && id < last_id_ && id > 0) {
      step = id + period - last_id_;
    } else {
      return std::nullopt;
    }
    last_id_ = id;
    number_ += step;
    return number_;
  }

 private:
  bool wraps_;
  bool seen_ = false;
  std::uint64_t last_id_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace halotwin::devices
