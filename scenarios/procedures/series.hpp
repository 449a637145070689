// A series of measurements in one recording: rounds of the same steps (maps), each round at its own
// sample temperature and bias, or as repeats. Source: cavar2026 (paper 000), Conclusion: "by
// varying temperature and bias voltage ... or by monitoring the sample degradation over time".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

/// When a new temperature counts as reached.
struct Settling {
  double tolerance_k = 0.1;             // of the controller's sensor about its target
  double hold_s = 120.0;                // that long within it: the lever and the scanner follow
  double timeout_s = 7200.0;            // then the round is given up
  double expected_rate_k_per_s = 0.05;  // for the estimate of the duration only
  bool operator==(const Settling&) const = default;
};
void validate(const Settling& p);
void visit_fields(auto& visit, Settling& p) {
  visit("tolerance_k", p.tolerance_k);
  visit("hold_s", p.hold_s);
  visit("timeout_s", p.timeout_s);
  visit("expected_rate_k_per_s", p.expected_rate_k_per_s);
}

struct SeriesPlan {
  std::vector<std::string> steps{"pm_dns_map"};  // procedures of a round, in order
  int rounds = 0;                                // 0: as many as there are conditions
  std::vector<double> temperature_k;             // of each round; empty: left as it is
  std::vector<double> offset_v;    // of each round, added to the steps' offset_v; empty: none
  bool shift_reference = false;    // adds it to their reference_offset_v too: what the bias does to
                                   // the lever then divides out
  double pause_s = 0.0;            // before each round
  double clearance_m = 10.0e-6;    // tip withdrawn that far while the temperature changes
  double clearance_wait_s = 60.0;  // longest time for it
  Settling settling;
  bool operator==(const SeriesPlan&) const = default;
};
void validate(const SeriesPlan& p);
void visit_fields(auto& visit, SeriesPlan& p) {
  visit("steps", p.steps);
  visit("rounds", p.rounds);
  visit("temperature_k", p.temperature_k);
  visit("offset_v", p.offset_v);
  visit("shift_reference", p.shift_reference);
  visit("pause_s", p.pause_s);
  visit("clearance_m", p.clearance_m);
  visit("clearance_wait_s", p.clearance_wait_s);
  visit("settling", p.settling);
}

/// Each round sets its conditions, waits until they are stable, and runs every step as it would run
/// alone; the signals of step "pm_dns_map" in round 3 lie below "r03_pm_dns_map/". The conditions
/// are the signals "conditions/...", one value a round. `sections` holds the parameters of the
/// steps by name ([procedure.<step>]). Needs the role "temperature" (TemperatureController) if
/// there are temperatures, and what the steps need.
[[nodiscard]] std::unique_ptr<Procedure> make_series(const SeriesPlan& plan, const Table& sections);

}  // namespace halotwin::scenarios
