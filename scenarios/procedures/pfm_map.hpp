// Lateral piezoresponse force microscopy: the tip in contact, its voltage near the contact
// resonance, lateral amplitude and phase line by line.
#pragma once

#include <memory>

#include "scenarios/procedure.hpp"
#include "scenarios/procedures/image_scan.hpp"

namespace halotwin::scenarios {

/// Source: cavar2026 (paper 000), Methods, Piezoelectric force microscopy.
struct PfmMapPlan : ImageScanPlan {
  double setpoint_deflection_m = 30e-9;  // load = stiffness * this
  double integral_rate_per_s = 2000.0;   // of the height feedback: in contact it can be fast
  double proportional_gain = 1.0;
  double approach_timeout_s = 30.0;
  double withdraw_m = 1e-6;
  double move_speed_m_per_s = 2e-6;
  double drive_peak_v = 2.0;
  double offset_v = 0.0;  // on the tip; nulls the contact potential, as KPFM shows it
  // The search for the contact resonance: lateral amplitude against frequency, the mean over places
  // along the map's diagonal
  double search_from_hz = 1.0e6;
  double search_to_hz = 2.0e6;
  int search_points = 201;
  int search_places = 5;
  double drive_offset_fraction = 0.0;  // of the found resonance: > 0 drives above it
  double time_constant_s = 0.5e-3;     // of the lock-in; a fraction of a pixel's time
  int filter_order = 4;
  double settle_time_constants = 12.0;  // per point of the search
  double input_range_v = 0.3;
  double output_scale = 10.0;  // wanted at the outputs: V per V of X and Y
  bool operator==(const PfmMapPlan&) const = default;
};
void validate(const PfmMapPlan& p);
void visit_fields(auto& visit, PfmMapPlan& p) {
  visit_fields(visit, static_cast<ImageScanPlan&>(p));
  visit("setpoint_deflection_m", p.setpoint_deflection_m);
  visit("integral_rate_per_s", p.integral_rate_per_s);
  visit("proportional_gain", p.proportional_gain);
  visit("approach_timeout_s", p.approach_timeout_s);
  visit("withdraw_m", p.withdraw_m);
  visit("move_speed_m_per_s", p.move_speed_m_per_s);
  visit("drive_peak_v", p.drive_peak_v);
  visit("offset_v", p.offset_v);
  visit("search_from_hz", p.search_from_hz);
  visit("search_to_hz", p.search_to_hz);
  visit("search_points", p.search_points);
  visit("search_places", p.search_places);
  visit("drive_offset_fraction", p.drive_offset_fraction);
  visit("time_constant_s", p.time_constant_s);
  visit("filter_order", p.filter_order);
  visit("settle_time_constants", p.settle_time_constants);
  visit("input_range_v", p.input_range_v);
  visit("output_scale", p.output_scale);
}

/// Signals: `lateral_x`, `lateral_y` (V at the lock-in, peak; exp(+i w t) of the tip's voltage),
/// `lateral_amplitude`, `topography`, `deflection`, each with `_backward`; `output_scale` as
/// applied; `contact_search` (complex, place by frequency); `contact_tune`: resonance (Hz), its
/// width (Hz), drive frequency (Hz). Unit: a line. A run that is taken up again keeps the drive
/// frequency of its first part.
[[nodiscard]] std::unique_ptr<Procedure> make_pfm_map(const PfmMapPlan& plan);

}  // namespace halotwin::scenarios
