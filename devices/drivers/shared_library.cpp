#include "devices/drivers/shared_library.hpp"

#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "devices/device.hpp"

namespace halotwin::devices {

SharedLibrary::SharedLibrary(const std::vector<std::string>& names,
                             std::string role,
                             const std::string& hint)
    : role_(std::move(role)) {
  std::vector<std::string> reasons;
  for (const std::string& name : names) {
    library_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ != nullptr) {
      name_ = name;
      return;
    }
    const char* reason = dlerror();
    reasons.emplace_back(reason != nullptr ? reason : name.c_str());
  }
  throw DeviceError(
      role_,
      "open",
      fmt::format("the maker's library cannot be loaded ({}); {}", fmt::join(reasons, "; "), hint),
      Retry::no);
}

void* SharedLibrary::find_address(const char* name) {
  void* found = dlsym(library_, name);
  if (found == nullptr) {
    missing_.emplace_back(name);
  }
  return found;
}

void SharedLibrary::require_all() const {
  if (!missing_.empty()) {
    throw DeviceError(role_,
                      "open",
                      fmt::format("the library {} lacks {}", name_, fmt::join(missing_, ", ")),
                      Retry::no);
  }
}

}  // namespace halotwin::devices
