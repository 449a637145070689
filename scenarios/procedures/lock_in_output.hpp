// The phase of a lock-in as a voltage for the next one.
#pragma once

#include "devices/lock_in.hpp"

namespace halotwin::scenarios {

/// Sends the demodulated phase to output `number` (1, 2 ...). Throws ParameterError if the
/// instrument has another scale there than the one that the readings will be divided by.
void send_phase(devices::LockIn& lock_in, int number, double scale_v_per_rad);

}  // namespace halotwin::scenarios
