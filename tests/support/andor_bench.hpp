// A camera of ours that answers as Andor's through the shim of the maker's library.
//
// Needs HALOTWIN_ANDOR_SHIM, the path of the shim.
#pragma once

#include <memory>
#include <stdexcept>

#include <dlfcn.h>

#include "devices/drivers/andor_camera.hpp"
#include "tests/shims/andor_shim.hpp"

namespace halotwin::test {

class AndorBench {
 public:
  AndorBench(devices::Camera& camera, Clock& clock) {
    shim_.camera = &camera;
    shim_.clock = &clock;
    index_ = attach(true);
  }
  AndorBench(const AndorBench&) = delete;
  AndorBench& operator=(const AndorBench&) = delete;
  ~AndorBench() { attach(false); }

  [[nodiscard]] std::unique_ptr<devices::AndorCamera> open(devices::AndorParams params = {}) {
    params.library = HALOTWIN_ANDOR_SHIM;
    return devices::open_andor_camera(index_, *shim_.clock, "camera", params);
  }
  /// To look at, and to spoil calls.
  ShimCamera& shim() { return shim_; }

 private:
  int attach(bool attached) {
    void* library = dlopen(HALOTWIN_ANDOR_SHIM, RTLD_NOW | RTLD_LOCAL);
    void* found = library != nullptr ? dlsym(library, shim_attach_camera_name) : nullptr;
    if (found == nullptr) {
      throw std::runtime_error("no shim at " HALOTWIN_ANDOR_SHIM);
    }
    return reinterpret_cast<ShimAttachCamera>(found)(&shim_, attached);
    // stays loaded, as the maker's library does
  }

  ShimCamera shim_;
  int index_ = 0;
};

}  // namespace halotwin::test
