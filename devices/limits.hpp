// Limits of a bench, checked before a command goes out to an instrument, whatever the instrument
// itself would allow.
#pragma once

#include <memory>
#include <string>

#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"

namespace halotwin::devices {

/// What the operator allows. The defaults protect a perovskite film and a soft lever.
struct BenchLimits {
  double bias_peak_v =
      3.0;  // |offset| + amplitude of any source on tip or sample; the papers use about 2 V
  double current_a = 1.0e-6;        // compliance of any source
  double bias_ramp_v_per_s = 10.0;  // when a source is brought to zero
  double frame_half_width_m =
      50.0e-6;  // positions of tip and scan frames, around the centre of the scanner
  double irradiance_w_per_m2 = 1.0e4;  // ten suns
  double exposure_s = 10.0;            // one camera frame
  double stage_travel_m = 25.0e-3;     // |position| of a stage axis in metres
  double temperature_low_k = 250.0;    // of the sample
  double temperature_high_k = 360.0;   // organic perovskites degrade from about 85 degrees on
  bool operator==(const BenchLimits&) const = default;
};
void validate(const BenchLimits& p);
void visit_fields(auto& visit, BenchLimits& p) {
  visit("bias_peak_v", p.bias_peak_v);
  visit("current_a", p.current_a);
  visit("bias_ramp_v_per_s", p.bias_ramp_v_per_s);
  visit("frame_half_width_m", p.frame_half_width_m);
  visit("irradiance_w_per_m2", p.irradiance_w_per_m2);
  visit("exposure_s", p.exposure_s);
  visit("stage_travel_m", p.stage_travel_m);
  visit("temperature_low_k", p.temperature_low_k);
  visit("temperature_high_k", p.temperature_high_k);
}

/// Each returns a device of the same interface that checks every command against the limits and
/// throws DeviceError (no retry), naming limit and value, before the instrument hears of it.
/// Devices without a limit pass unguarded.
[[nodiscard]] std::unique_ptr<LockIn> guard(std::unique_ptr<LockIn> device,
                                            const BenchLimits& limits,
                                            std::string role);
[[nodiscard]] std::unique_ptr<ProbeMicroscope> guard(std::unique_ptr<ProbeMicroscope> device,
                                                     const BenchLimits& limits,
                                                     std::string role);
[[nodiscard]] std::unique_ptr<BiasSource> guard(std::unique_ptr<BiasSource> device,
                                                const BenchLimits& limits,
                                                std::string role);
[[nodiscard]] std::unique_ptr<LightSource> guard(std::unique_ptr<LightSource> device,
                                                 const BenchLimits& limits,
                                                 std::string role);
[[nodiscard]] std::unique_ptr<Camera> guard(std::unique_ptr<Camera> device,
                                            const BenchLimits& limits,
                                            std::string role);
[[nodiscard]] std::unique_ptr<Stage> guard(std::unique_ptr<Stage> device,
                                           const BenchLimits& limits,
                                           std::string role);
[[nodiscard]] std::unique_ptr<TemperatureController> guard(
    std::unique_ptr<TemperatureController> device, const BenchLimits& limits, std::string role);

}  // namespace halotwin::devices
