// A current-voltage curve of a sample between two electrodes, before it is biased for hours: what
// current flows, whether it is ohmic, and whether both directions agree.
#pragma once

#include <memory>
#include <vector>

#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

struct CurrentVoltagePlan {
  double peak_v = 1.0;        // of the triangle 0, +peak, -peak, 0
  int steps = 20;             // from 0 to the peak; 4 times as many in all, and the first at 0
  double ramp_v_per_s = 0.5;  // between two steps
  double settle_s = 0.5;      // at each, before it is read
  double compliance_a = 1e-6;
  bool operator==(const CurrentVoltagePlan&) const = default;
};
void validate(const CurrentVoltagePlan& p);
void visit_fields(auto& visit, CurrentVoltagePlan& p) {
  visit("peak_v", p.peak_v);
  visit("steps", p.steps);
  visit("ramp_v_per_s", p.ramp_v_per_s);
  visit("settle_s", p.settle_s);
  visit("compliance_a", p.compliance_a);
}

/// The levels of the triangle [V], 4 steps + 1 of them, in their order.
[[nodiscard]] std::vector<double> triangle_v(const CurrentVoltagePlan& plan);

/// Needs the role "bias". The unit is a step. Signals along the steps: "set_voltage", "voltage" and
/// "current" as read, "time" since the first step, "compliance" (1: the current limit held the
/// voltage down). The first step at which it does is the last that is measured: an event tells it,
/// the rest stays empty (NaN), and the run ends as it always does, at zero with the output off. A
/// run that is taken up again ramps to its next step.
[[nodiscard]] std::unique_ptr<Procedure> make_current_voltage(const CurrentVoltagePlan& plan);

}  // namespace halotwin::scenarios
