#include "devices/drivers/labone_api.hpp"

#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "devices/device.hpp"

namespace halotwin::devices::labone {

namespace {

void* open_first(const std::vector<std::string>& names, const std::string& role) {
  std::vector<std::string> reasons;
  for (const std::string& name : names) {
    if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      return library;
    }
    const char* reason = dlerror();
    reasons.emplace_back(reason != nullptr ? reason : name.c_str());
  }
  throw DeviceError(role,
                    "open",
                    fmt::format("the library of LabOne cannot be loaded ({}); it comes with the "
                                "maker's LabOne, in API/C/lib",
                                fmt::join(reasons, "; ")),
                    Retry::no);
}

class Finder {
 public:
  explicit Finder(void* library) : library_(library) {}

  template <class Function>
  void find(const char* name, Function& function) {
    void* found = dlsym(library_, name);
    if (found == nullptr) {
      missing_.emplace_back(name);
    }
    function = reinterpret_cast<Function>(found);
  }
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }

 private:
  void* library_;
  std::vector<std::string> missing_;
};

}  // namespace

std::shared_ptr<const Api> load(const std::string& library, const std::string& role) {
  const std::vector<std::string> names =
      library.empty() ? std::vector<std::string>{"libziAPI-linux64.so", "libziAPI.so"}
                      : std::vector<std::string>{library};
  Finder finder(open_first(names, role));
  auto api = std::make_shared<Api>();
  finder.find("ziAPIInit", api->init);
  finder.find("ziAPIDestroy", api->destroy);
  finder.find("ziAPIConnectEx", api->connect_ex);
  finder.find("ziAPIDisconnect", api->disconnect);
  finder.find("ziAPIConnectDevice", api->connect_device);
  finder.find("ziAPIGetValueD", api->get_value_d);
  finder.find("ziAPISetValueD", api->set_value_d);
  finder.find("ziAPIGetValueI", api->get_value_i);
  finder.find("ziAPISetValueI", api->set_value_i);
  finder.find("ziAPIGetValueString", api->get_value_string);
  finder.find("ziAPIGetValueB", api->get_value_b);
  finder.find("ziAPIGetDemodSample", api->get_demod_sample);
  finder.find("ziAPISync", api->sync);
  finder.find("ziAPIAllocateEventEx", api->allocate_event_ex);
  finder.find("ziAPIDeallocateEventEx", api->deallocate_event_ex);
  finder.find("ziAPISubscribe", api->subscribe);
  finder.find("ziAPIUnSubscribe", api->unsubscribe);
  finder.find("ziAPIPollDataEx", api->poll_data_ex);
  finder.find("ziAPIGetError", api->get_error);
  if (!finder.missing().empty()) {
    throw DeviceError(
        role,
        "open",
        fmt::format("the library {} lacks {}", library, fmt::join(finder.missing(), ", ")),
        Retry::no);
  }
  return api;
}

}  // namespace halotwin::devices::labone
