// One camera behind the stand-in for Andor's library: its settings, and its ring buffer of frames
// that the twin's camera exposes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "tests/shims/andor_shim.hpp"

namespace halotwin::test {

class AndorHead {
 public:
  using Code = devices::andor::Code;

  AndorHead(ShimCamera& camera, int number) : shim(camera), handle(number) {}

  ShimCamera& shim;
  const int handle;
  std::atomic<bool> cancelled{false};
  devices::CameraRegion region{};  // width 0: not set
  float exposure_s = 0.0F;
  float cycle_s = 0.0F;

  [[nodiscard]] bool acquiring();
  [[nodiscard]] Code status();
  /// What the camera makes of the settings; nothing where it refuses them or some are missing.
  [[nodiscard]] std::optional<devices::CameraSettings> applied();
  [[nodiscard]] Code start();
  [[nodiscard]] Code abort();
  [[nodiscard]] Code trigger();
  [[nodiscard]] Code wait(int ms);
  [[nodiscard]] Code new_images(std::int32_t& first, std::int32_t& last);
  [[nodiscard]] Code images(std::int32_t first,
                            std::int32_t last,
                            std::uint16_t* to,
                            std::uint32_t size,
                            std::int32_t& valid_first,
                            std::int32_t& valid_last);
  [[nodiscard]] std::int32_t acquired();
  void forget_images() { ring_.clear(); }

 private:
  [[nodiscard]] bool is(const char* function, int value) const;
  [[nodiscard]] std::size_t pixels() const;
  /// Takes what the camera has exposed, waiting at most so long for one frame.
  void drain(Duration wait);
  [[nodiscard]] std::int32_t oldest() const {
    return total_ - static_cast<std::int32_t>(ring_.size()) + 1;
  }

  bool started_ = false;
  Code fault_ = 0;
  std::int32_t total_ = 0;
  std::int32_t read_ = 0;       // last image that was handed out
  std::int32_t signalled_ = 0;  // last image that a wait has told of
  std::deque<std::vector<std::uint16_t>> ring_;
};

}  // namespace halotwin::test
