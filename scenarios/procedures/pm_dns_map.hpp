// PM-DNS map: at every pixel approach, dwell, sweep the stimulus up and down, retract.
// Source: cavar2026 (paper 000), section "Measurement procedure".
#pragma once

#include <array>
#include <memory>

#include "scenarios/procedure.hpp"
#include "scenarios/procedures/pm_dns_sweeper.hpp"

namespace halotwin::scenarios {

struct PmDnsMapPlan : PmDnsSweepPlan {
  int columns = 128;
  int rows = 128;
  double step_m = 12.0e-9;
  std::array<double, 2> first_pixel_m{0.0, 0.0};    // centre of pixel (0, 0), scanner coordinates
  std::array<double, 2> reference_m{-2.0e-6, 0.0};  // bare metal beside the film (the scratch)
  // The reference's noise is common to all pixels: 64 sweeps leave an eighth of one sweep's
  int reference_repeats = 64;
  // After the map: sweeps over metal and over its middle, in turn at drive_peak_v and at
  // drive_check_ratio times that, so that the analysis can take out the lever's answer to a strong
  // stimulus (analysis/drive_dependence.hpp). 0: none
  int drive_check_repeats = 0;
  double drive_check_ratio = 0.7;
  bool operator==(const PmDnsMapPlan&) const = default;
};
void validate(const PmDnsMapPlan& p);
void visit_fields(auto& visit, PmDnsMapPlan& p) {
  visit("columns", p.columns);
  visit("rows", p.rows);
  visit("step_m", p.step_m);
  visit("first_pixel_m", p.first_pixel_m);
  visit("reference_m", p.reference_m);
  visit("reference_repeats", p.reference_repeats);
  visit("drive_check_repeats", p.drive_check_repeats);
  visit("drive_check_ratio", p.drive_check_ratio);
  visit_fields(visit, static_cast<PmDnsSweepPlan&>(p));
}

/// Needs the roles "afm" (ProbeMicroscope), "lockin_mechanical" and "lockin_electrical" (LockIn).
[[nodiscard]] std::unique_ptr<Procedure> make_pm_dns_map(const PmDnsMapPlan& plan);

}  // namespace halotwin::scenarios
