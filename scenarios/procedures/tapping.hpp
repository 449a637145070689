// Intermittent contact as a careful operator sets it up: tune, drive, setpoint, approach.
#pragma once

#include <string>

#include "devices/probe_microscope.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

struct TappingPlan {
  double setpoint_fraction = 0.8;
  double mechanical_drive_v = 0.1;  // 12.5 nm free amplitude at 125 nm/V
  double tune_centre_hz = 75.0e3;
  double tune_span_hz = 4.0e3;
  int tune_points = 81;
  double move_speed_m_per_s = 2.0e-6;
  double withdraw_m = 200.0e-9;
  double approach_timeout_s = 30.0;
  double dwell_s = 0.6;  // height feedback settles after an approach
  bool operator==(const TappingPlan&) const = default;
};
void validate(const TappingPlan& p);
void visit_fields(auto& visit, TappingPlan& p) {
  visit("setpoint_fraction", p.setpoint_fraction);
  visit("mechanical_drive_v", p.mechanical_drive_v);
  visit("tune_centre_hz", p.tune_centre_hz);
  visit("tune_span_hz", p.tune_span_hz);
  visit("tune_points", p.tune_points);
  visit("move_speed_m_per_s", p.move_speed_m_per_s);
  visit("withdraw_m", p.withdraw_m);
  visit("approach_timeout_s", p.approach_timeout_s);
  visit("dwell_s", p.dwell_s);
}

/// The steps, for procedures to put together. `procedure` names them in events.
class Tapping {
 public:
  Tapping(const TappingPlan& plan, std::string procedure);

  /// Setpoint of the height feedback on the amplitude.
  void set_feedback(devices::ProbeMicroscope& afm) const;
  /// Tunes around the plan's centre and drives there.
  devices::TuneResult tune(devices::ProbeMicroscope& afm, const RunContext& context) const;
  /// Drives at a frequency that is known.
  void drive(devices::ProbeMicroscope& afm, double frequency_hz) const;
  /// Moves there, approaches (twice if it has to) and dwells.
  void approach(devices::ProbeMicroscope& afm, const RunContext& context, Point at) const;
  void withdraw(devices::ProbeMicroscope& afm, const RunContext& context) const;
  void say(const RunContext& context, Level level, const std::string& text) const;

 private:
  TappingPlan plan_;
  std::string procedure_;
};

}  // namespace halotwin::scenarios
