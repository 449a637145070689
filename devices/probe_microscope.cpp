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

namespace {

template <class Part>
Part& required(ProbeMicroscope& microscope, Part* part, const char* what) {
  if (part == nullptr) {
    const Identity who = microscope.identity();
    throw DeviceError("microscope",
                      what,
                      "needed here, but not offered by " + who.model + " at " + who.address,
                      Retry::no);
  }
  return *part;
}

}  // namespace

TipPositioner& ProbeMicroscope::positioner() {
  return required(*this, find_positioner(), "positioning of the tip");
}
HeightControl& ProbeMicroscope::height() {
  return required(*this, find_height(), "control of the height");
}
CantileverDrive& ProbeMicroscope::drive() {
  return required(*this, find_drive(), "drive of the cantilever");
}

}  // namespace halotwin::devices
