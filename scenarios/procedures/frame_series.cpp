#include "scenarios/procedures/frame_series.hpp"

namespace halotwin::scenarios {

Duration frame_timeout(double frame_period_s) {
  return from_seconds(4.0 * frame_period_s + frame_patience_s);
}

int take_frames(devices::Camera& camera,
                int count,
                std::span<std::uint16_t> buffer,
                const std::stop_token& stop,
                const std::function<void(std::span<const std::uint16_t>)>& whole_frame) {
  const Duration timeout = frame_timeout(camera.settings().frame_period_s);
  camera.start(static_cast<std::uint64_t>(count));
  int good = 0;
  for (int k = 0; k < count; ++k) {
    const auto frame = camera.next_frame(buffer, timeout, stop);
    if (!frame) {
      break;  // the last ones were lost
    }
    if (!frame->incomplete) {
      ++good;
      whole_frame(buffer);
    }
  }
  camera.stop();
  return good;
}

}  // namespace halotwin::scenarios
