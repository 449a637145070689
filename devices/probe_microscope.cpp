#include "devices/probe_microscope.hpp"

namespace halotwin::devices {

std::size_t find_signal(const SignalReader& reader,
                        const std::string& device,
                        const std::string& name) {
  const std::vector<Signal> all = reader.signals();
  std::string known;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) {
      return i;
    }
    known += (known.empty() ? "" : ", ") + all[i].name;
  }
  throw DeviceError(
      device, "find signal", "no signal \"" + name + "\" (there are: " + known + ")", Retry::no);
}

}  // namespace halotwin::devices
