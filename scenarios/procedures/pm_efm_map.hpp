// PM-EFM image: PM-DNS at a single stimulus frequency, scanned. The second lock-in stays at its
// frequency and gives X and Y through its auxiliary outputs to the microscope, whose scanner
// records them.
// Source: cavar2026 (paper 000), Fig. 6 and section "Measurement procedure".
#pragma once

#include <array>
#include <memory>

#include "scenarios/procedures/image_scan.hpp"
#include "scenarios/procedures/tapping.hpp"

namespace halotwin::scenarios {

struct PmEfmMapPlan : ImageScanPlan, TappingPlan {
  double frequency_hz = 800.0;      // cavar2026, Fig. 6: high signal and short settling
  double drive_peak_v = 1.0;        // 2 V peak to peak: the paper's "about 2 V"
  double offset_v = 0.0;            // nulls the film's contact potential, known from KPFM
  double reference_offset_v = 0.0;  // the same over the metal
  double time_constant_s = 0.7e-3;  // 11 of them are the time of a pixel (1 s, 128 columns)
  int filter_order = 4;
  double aux_scale = 20.0;                     // wanted at the outputs: V per V of X and Y
  double phase_scale_v_per_rad = 1.0;          // auxiliary output of lock-in 1
  int phase_output = 1;                        // which of its outputs goes on to lock-in 2
  double mechanical_time_constant_s = 3.0e-6;  // of lock-in 1: passes twice the frequency
  int mechanical_filter_order = 4;
  double input_range_v = 1.0;
  std::array<double, 2> reference_m{-2.0e-6, 0.0};  // bare metal beside the film (the scratch)
  int reference_readings = 256;
  double reference_interval_s = 0.02;
  bool operator==(const PmEfmMapPlan&) const = default;
};
void validate(const PmEfmMapPlan& p);
void visit_fields(auto& visit, PmEfmMapPlan& p) {
  visit_fields(visit, static_cast<ImageScanPlan&>(p));
  visit_fields(visit, static_cast<TappingPlan&>(p));
  visit("frequency_hz", p.frequency_hz);
  visit("drive_peak_v", p.drive_peak_v);
  visit("offset_v", p.offset_v);
  visit("reference_offset_v", p.reference_offset_v);
  visit("time_constant_s", p.time_constant_s);
  visit("filter_order", p.filter_order);
  visit("aux_scale", p.aux_scale);
  visit("phase_scale_v_per_rad", p.phase_scale_v_per_rad);
  visit("phase_output", p.phase_output);
  visit("mechanical_time_constant_s", p.mechanical_time_constant_s);
  visit("mechanical_filter_order", p.mechanical_filter_order);
  visit("input_range_v", p.input_range_v);
  visit("reference_m", p.reference_m);
  visit("reference_readings", p.reference_readings);
  visit("reference_interval_s", p.reference_interval_s);
}

/// Needs the roles "afm" (ProbeMicroscope with scanner and the signals aux_1, aux_2),
/// "lockin_mechanical" and "lockin_electrical" (LockIn), the latter's auxiliary outputs 1 and 2
/// plugged into the microscope's user inputs 1 and 2.
[[nodiscard]] std::unique_ptr<Procedure> make_pm_efm_map(const PmEfmMapPlan& plan);

}  // namespace halotwin::scenarios
