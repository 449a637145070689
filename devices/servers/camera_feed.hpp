// The frames of a camera for a server that must not wait for them: the instruments may take long to
// come to a turn, and the camera long to make a frame, while clients ask for other things.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "devices/camera.hpp"

namespace halotwin::devices {

/// Works the camera in the thread of run(), from which any other thread takes the frames.
class CameraFeed {
 public:
  /// Runs `work` while nobody else uses the instruments.
  using Turn = std::function<void(const std::function<void()>& work)>;
  /// The camera must not wait in next_frame() with no timeout, and is used in turns only.
  CameraFeed(Camera& camera, Turn turn) : camera_(&camera), turn_(std::move(turn)) {}

  struct Frame {
    std::uint64_t id = 0;  // from 1, over all series; a gap means frames lost or incomplete
    Duration exposure_start{};
    std::vector<std::uint16_t> pixels;
  };

  /// Another series, from now on; frames that nobody took are dropped. Returns at once.
  void begin(const CameraSettings& settings);
  /// One more frame of a series that is triggered by software.
  void trigger();
  /// The oldest frame, waiting at most `timeout` of the computer's time.
  std::optional<Frame> take(Duration timeout);
  /// Why the last frame did not come; "" if all did.
  [[nodiscard]] std::string last_error() const;
  /// Says so itself, and counts a frame lost.
  void fail(const std::string& cause);
  /// Works until a stop is requested; then the series is stopped. A series ends when it is no
  /// longer `wanted`, which is asked now and then.
  void run(const std::stop_token& stop, const std::function<bool()>& wanted);

 private:
  struct Order {
    std::uint64_t series = 0;  // 0: none
    CameraSettings settings{};
    int triggers = 0;
  };
  void stop_camera();
  /// In turn: starts the series if it is new, and takes a frame if one is there.
  std::optional<Frame> work(const Order& order);
  void start(const Order& order);
  [[nodiscard]] std::optional<FrameInfo> next();

  Camera* camera_;
  Turn turn_;

  mutable std::mutex mutex_;  // of what follows, never held during a turn
  std::condition_variable_any changed_;
  Order order_;
  std::uint64_t series_begun_ = 0;
  std::deque<Frame> frames_;
  std::string error_;
  std::uint64_t lost_ = 0;

  // of the thread of run()
  std::uint64_t running_ = 0;  // series; 0: none
  std::optional<std::uint64_t> last_number_;
  std::uint64_t id_ = 0;
  std::vector<std::uint16_t> pixels_;
};

}  // namespace halotwin::devices
