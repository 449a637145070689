// Control sweep of PM-DNS: the same places swept with the mechanical drive at several frequencies
// and, if wanted, setpoints. A peak of the sample stays where it is; a sideband of a detuned drive
// moves by half the change. Source: physics-facts a2, b5; feasibility study of PM-DNS, section 6.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "scenarios/procedure.hpp"
#include "scenarios/procedures/pm_dns_sweeper.hpp"

namespace halotwin::scenarios {

struct PmDnsControlPlan : PmDnsSweepPlan {
  int columns = 6;
  int rows = 6;
  double step_m = 50.0e-9;  // half a grain: the places stand for the film
  std::array<double, 2> first_pixel_m{0.0, 0.0};
  /// Of each setting, from the tuned drive; the first one is that of a map. The study's four.
  std::vector<double> drive_offsets_hz{0.0, -300.0, 300.0, -600.0};
  /// Of each setting; empty: setpoint_fraction everywhere. The gap belongs to the sample's
  /// response: another setpoint is another response.
  std::vector<double> setpoint_fractions;
  /// Free amplitude that the drive's voltage is set to at each frequency, so that orbit and gap are
  /// alike; 0: that of the tune.
  double free_amplitude_m = 0.0;
  double max_drive_v = 10.0;
  /// Height feedback on hold during the sweeps: off resonance it answers to the amplitude at twice
  /// the stimulus, with peaks of its own.
  bool hold_feedback = true;
  std::array<double, 2> reference_m{-2.0e-6, 0.0};  // bare metal beside the film
  int reference_repeats = 0;  // of each setting; the analysis does not need it
  bool operator==(const PmDnsControlPlan&) const = default;
};
void validate(const PmDnsControlPlan& p);
void visit_fields(auto& visit, PmDnsControlPlan& p) {
  visit("columns", p.columns);
  visit("rows", p.rows);
  visit("step_m", p.step_m);
  visit("first_pixel_m", p.first_pixel_m);
  visit("drive_offsets_hz", p.drive_offsets_hz);
  visit("setpoint_fractions", p.setpoint_fractions);
  visit("free_amplitude_m", p.free_amplitude_m);
  visit("max_drive_v", p.max_drive_v);
  visit("hold_feedback", p.hold_feedback);
  visit("reference_m", p.reference_m);
  visit("reference_repeats", p.reference_repeats);
  visit_fields(visit, static_cast<PmDnsSweepPlan&>(p));
}

/// Needs the roles of PmDnsInstruments. Unit: a place, with the sweeps of all settings one after
/// the other, so that what changes slowly changes for all. The quality factor is not changed: few
/// instruments can.
[[nodiscard]] std::unique_ptr<Procedure> make_pm_dns_control(const PmDnsControlPlan& plan);

}  // namespace halotwin::scenarios
