// Addresses of Andor's cameras.
#pragma once

#include <string_view>

#include "devices/drivers/andor_camera.hpp"

namespace halotwin::devices {

struct AndorAddress {
  int index = 0;
  AndorParams params{};
};

/// "0?temperature_k=203.15&readout_mhz=10&preamp_gain=2.4&config=FOLDER&library=FILE", everything
/// behind the number as wanted. Throws ParameterError with the part that is wrong.
[[nodiscard]] AndorAddress parse_andor_address(std::string_view text);

}  // namespace halotwin::devices
