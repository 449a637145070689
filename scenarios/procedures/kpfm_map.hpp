// KPFM image: topography and contact potential difference, with the Kelvin loop closed.
// Source: cavar2026 (paper 000), section "Kelvin probe force microscopy": electrical stimulus at
// the difference of the cantilever's first two resonances, read on the second.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "scenarios/procedures/image_scan.hpp"
#include "scenarios/procedures/tapping.hpp"

namespace halotwin::scenarios {

enum class KelvinMethod { heterodyne, sideband, amplitude };
constexpr std::array<std::pair<KelvinMethod, std::string_view>, 3> enumerators(KelvinMethod) {
  return {{{KelvinMethod::heterodyne, "heterodyne"},
           {KelvinMethod::sideband, "sideband"},
           {KelvinMethod::amplitude, "amplitude"}}};
}

struct KpfmMapPlan : ImageScanPlan, TappingPlan {
  KelvinMethod method = KelvinMethod::heterodyne;
  double second_tune_centre_hz = 470.0e3;  // 6.27 times the first resonance
  double second_tune_span_hz = 20.0e3;
  int second_tune_points = 161;
  double sideband_hz = 2.0e3;       // electrical drive of the sideband method
  double modulation_peak_v = 2.0;   // cavar2026, Discussion: about 2 V
  double bias_range_v = 1.0;        // of the loop; together with the modulation below 3 V
  double proportional_gain = 10.0;  // with 2 V, 10 nm / 3 nm: a loop of about 100 Hz
  double loop_time_constant_s = 5e-5;
  double loop_settle_s = 0.2;
  std::array<double, 2> reference_m{-2.0e-6, 0.0};  // bare metal beside the film (the scratch)
  int reference_readings = 64;
  double reference_interval_s = 0.02;
  bool operator==(const KpfmMapPlan&) const = default;
};
void validate(const KpfmMapPlan& p);
void visit_fields(auto& visit, KpfmMapPlan& p) {
  visit_fields(visit, static_cast<ImageScanPlan&>(p));
  visit_fields(visit, static_cast<TappingPlan&>(p));
  visit("method", p.method);
  visit("second_tune_centre_hz", p.second_tune_centre_hz);
  visit("second_tune_span_hz", p.second_tune_span_hz);
  visit("second_tune_points", p.second_tune_points);
  visit("sideband_hz", p.sideband_hz);
  visit("modulation_peak_v", p.modulation_peak_v);
  visit("bias_range_v", p.bias_range_v);
  visit("proportional_gain", p.proportional_gain);
  visit("loop_time_constant_s", p.loop_time_constant_s);
  visit("loop_settle_s", p.loop_settle_s);
  visit("reference_m", p.reference_m);
  visit("reference_readings", p.reference_readings);
  visit("reference_interval_s", p.reference_interval_s);
}

/// Tune both resonances, measure the contact potential of the metal reference, approach the film,
/// close the loop, scan. Needs the role "afm" (ProbeMicroscope with scanner and Kelvin controller).
[[nodiscard]] std::unique_ptr<Procedure> make_kpfm_map(const KpfmMapPlan& plan);

}  // namespace halotwin::scenarios
