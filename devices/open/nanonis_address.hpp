// Addresses of Nanonis controllers: "host:port" of the microscope,
// "host:port?modulator=1&demodulator=1&output=Bias&input=Input 3" of the lock-in module.
#pragma once

#include <string_view>

#include "devices/drivers/nanonis_lock_in.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

struct NanonisAddress {
  Endpoint at;
  NanonisLockInParams module{};
  bool names_module = false;  // has options
};

/// What follows the "nanonis://". Throws ParameterError.
[[nodiscard]] NanonisAddress parse_nanonis_address(std::string_view text);

}  // namespace halotwin::devices
