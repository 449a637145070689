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

void XyOutputs::define(data::RecordingWriter& recording) {
  signal_ = recording.add_signal(
      {.group = "output_scale",
       .type = data::ElementType::f64,
       .unit = "1",
       .axes = {{"output", "1", {1, 2}}},
       .title = "scale of the lock-in's outputs",
       .description = "volt at output 1 per volt of X, at output 2 per volt of Y (peak)"});
}

void XyOutputs::send(devices::LockIn& lock_in,
                     double wanted_scale,
                     data::RecordingWriter& recording) {
  using devices::AuxQuantity;
  constexpr std::array quantities{AuxQuantity::x, AuxQuantity::y};
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    const devices::AuxOutput applied =
        lock_in.set_aux_output(static_cast<int>(i), {quantities.at(i), wanted_scale, 0.0});
    require(applied.quantity == quantities.at(i) && applied.offset_v == 0.0 &&
                std::isnormal(applied.scale_v_per_unit),
            fmt::format("output {} of the lock-in cannot carry {}", i + 1, i == 0 ? "X" : "Y"));
    scales_.at(i) = applied.scale_v_per_unit;
  }
  recording.write(signal_, {0}, std::span<const double>(scales_));
}

std::vector<std::complex<float>> XyOutputs::phasors(std::span<const float> volts_1,
                                                    std::span<const float> volts_2) const {
  const auto per_volt_1 = static_cast<float>(1.0 / scales_[0]);
  const auto per_volt_2 = static_cast<float>(1.0 / scales_[1]);
  std::vector<std::complex<float>> out(volts_1.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = {volts_1[i] * per_volt_1, volts_2[i] * per_volt_2};
  }
  return out;
}

}  // namespace halotwin::scenarios
