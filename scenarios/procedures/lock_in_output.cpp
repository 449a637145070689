#include "scenarios/procedures/lock_in_output.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"

namespace halotwin::scenarios {

void send_phase(devices::LockIn& lock_in, int number, double scale_v_per_rad) {
  const devices::AuxOutput applied =
      lock_in.set_aux_output(number - 1, {devices::AuxQuantity::phase, scale_v_per_rad, 0.0});
  constexpr double tolerance = 1e-3;
  require(std::abs(applied.scale_v_per_unit / scale_v_per_rad - 1.0) < tolerance,
          fmt::format("phase_scale_v_per_rad = {} (the lock-in has {:.6g} at output {})",
                      scale_v_per_rad,
                      applied.scale_v_per_unit,
                      number));
}

}  // namespace halotwin::scenarios
