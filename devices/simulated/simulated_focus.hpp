// The drive that moves the objective along its axis: a stage of one axis "z" that the simulated
// camera sees through.
#pragma once

#include <memory>
#include <string>

#include "devices/simulated/simulated_stage.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// Defaults: a piezo positioner of an objective, 100 um of travel with sensor (data sheets of that
/// class: settled in tens of ms, repeatability of some nm); in focus. Backlash is that of the guide
/// and mount outside of the sensor's loop, estimate. The focus does not drift.
struct FocusParams {
  double best_m = 0.0;   // where the film is sharp, reached from below
  double start_m = 0.0;  // where the operator left it
  double low_m = -50e-6;
  double high_m = 50e-6;
  double speed_m_per_s = 1e-3;
  double overshoot_m = 20e-9;
  double settling_time_s = 10e-3;
  double tolerance_m = 10e-9;
  double repeatability_m = 3e-9;
  double backlash_m = 20e-9;
  bool operator==(const FocusParams&) const = default;
};
void validate(const FocusParams& p);
void visit_fields(auto& visit, FocusParams& p) {
  visit("best_m", p.best_m);
  visit("start_m", p.start_m);
  visit("low_m", p.low_m);
  visit("high_m", p.high_m);
  visit("speed_m_per_s", p.speed_m_per_s);
  visit("overshoot_m", p.overshoot_m);
  visit("settling_time_s", p.settling_time_s);
  visit("tolerance_m", p.tolerance_m);
  visit("repeatability_m", p.repeatability_m);
  visit("backlash_m", p.backlash_m);
}

/// The stage; the world knows from now on how far the film is from focus: position - best_m, and
/// the backlash more after a move downwards. (While it moves the course is taken as even.)
[[nodiscard]] std::unique_ptr<SimulatedStage> make_focus(sim::World& world,
                                                         const FocusParams& params,
                                                         std::string role);

}  // namespace halotwin::devices::simulated
