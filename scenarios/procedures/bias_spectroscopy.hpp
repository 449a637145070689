// Bias spectroscopy on a grid: at each place the phase of the lever against the bias of the tip, a
// parabola around the contact potential. What a Kelvin loop finds while it scans, one place at a
// time and without a modulation.
#pragma once

#include <array>
#include <memory>

#include "scenarios/procedures/tapping.hpp"

namespace halotwin::scenarios {

struct BiasSpectroscopyPlan : TappingPlan {
  int columns = 8;
  int rows = 8;
  double step_m = 24.0e-9;
  std::array<double, 2> first_pixel_m{0.0, 0.0};    // centre of pixel (0, 0), scanner coordinates
  std::array<double, 2> reference_m{-2.0e-6, 0.0};  // bare metal beside the film (the scratch)
  int reference_repeats = 8;                        // curves over it; 0: none
  double from_v = -0.9;                             // around +0.6 V, usual of Pt over these films
  double to_v = 2.1;
  int points = 61;
  double initial_settling_s = 0.1;
  double settling_s = 4.0e-3;      // six ring times of the lever
  double integration_s = 16.0e-3;  // of a reading
  double z_offset_m = 0.0;         // away from the sample
  bool operator==(const BiasSpectroscopyPlan&) const = default;
};
void validate(const BiasSpectroscopyPlan& p);
void visit_fields(auto& visit, BiasSpectroscopyPlan& p) {
  visit("columns", p.columns);
  visit("rows", p.rows);
  visit("step_m", p.step_m);
  visit("first_pixel_m", p.first_pixel_m);
  visit("reference_m", p.reference_m);
  visit("reference_repeats", p.reference_repeats);
  visit("from_v", p.from_v);
  visit("to_v", p.to_v);
  visit("points", p.points);
  visit("initial_settling_s", p.initial_settling_s);
  visit("settling_s", p.settling_s);
  visit("integration_s", p.integration_s);
  visit("z_offset_m", p.z_offset_m);
  visit_fields(visit, static_cast<TappingPlan&>(p));
}

/// Tune; curves over the metal reference; at each place move, approach, dwell, sweep the bias there
/// and back with the height held, withdraw. Needs the role "afm" (ProbeMicroscope with point
/// spectroscopy and the signals "phase" and "amplitude"). The unit is a pixel; the axis of the bias
/// rises in both directions.
[[nodiscard]] std::unique_ptr<Procedure> make_bias_spectroscopy(const BiasSpectroscopyPlan& plan);

}  // namespace halotwin::scenarios
