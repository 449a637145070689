// A lock-in of ours that answers as a HF2LI or MFLI through the shim of the maker's library.
//
// Needs HALOTWIN_LABONE_SHIM, the path of the shim.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

#include "devices/drivers/labone_api.hpp"
#include "devices/drivers/labone_lock_in.hpp"
#include "tests/shims/labone_shim.hpp"

namespace halotwin::test {

class LaboneBench {
 public:
  LaboneBench(devices::LockIn& lock_in,
              Clock& clock,
              const std::string& model,
              const std::string& options = "")
      : instrument_{.lock_in = &lock_in,
                    .clock = &clock,
                    .serial = "dev" + std::to_string(next_serial()),
                    .model = model,
                    .options = options,
                    .before = {},
                    .spoil_event = {}} {
    attach(true);
  }
  LaboneBench(const LaboneBench&) = delete;
  LaboneBench& operator=(const LaboneBench&) = delete;
  ~LaboneBench() { attach(false); }

  [[nodiscard]] std::uint16_t port() const {
    return instrument_.model == "HF2LI" ? devices::labone::hf2_port : devices::labone::mf_port;
  }
  [[nodiscard]] std::unique_ptr<devices::LockIn> open(const devices::LaboneParts& parts = {}) {
    return devices::open_labone_lock_in(HALOTWIN_LABONE_SHIM,
                                        shim_host,
                                        port(),
                                        instrument_.serial,
                                        *instrument_.clock,
                                        "lockin",
                                        parts);
  }
  /// To spoil calls.
  ShimInstrument& instrument() { return instrument_; }

 private:
  static int next_serial() {
    static int last = 1000;
    return ++last;
  }
  void attach(bool attached) {
    void* library = dlopen(HALOTWIN_LABONE_SHIM, RTLD_NOW | RTLD_LOCAL);
    void* found = library != nullptr ? dlsym(library, shim_attach_name) : nullptr;
    if (found == nullptr) {
      throw std::runtime_error("no shim at " HALOTWIN_LABONE_SHIM);
    }
    reinterpret_cast<ShimAttach>(found)(&instrument_, attached);
    // stays loaded, as the maker's library does
  }

  ShimInstrument instrument_;
};

}  // namespace halotwin::test
