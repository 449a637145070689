// What every PM-DNS procedure does: tune the cantilever, set up both lock-ins, approach, dwell,
// sweep the stimulus up and down, withdraw. Source: cavar2026 (paper 000), section "Measurement
// procedure".
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grid.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

enum class Spacing { linear, log };
constexpr std::array<std::pair<Spacing, std::string_view>, 2> enumerators(Spacing) {
  return {{{Spacing::linear, "linear"}, {Spacing::log, "log"}}};
}

/// Frequencies of the electrical stimulus.
struct FrequencyGrid {
  double from_hz = 100.0;
  double to_hz = 8000.0;  // cavar2026: 100 Hz to 8 kHz
  int points = 64;
  Spacing spacing = Spacing::log;
  bool operator==(const FrequencyGrid&) const = default;
};
void validate(const FrequencyGrid& p);
void visit_fields(auto& visit, FrequencyGrid& p) {
  visit("from_hz", p.from_hz);
  visit("to_hz", p.to_hz);
  visit("points", p.points);
  visit("spacing", p.spacing);
}
[[nodiscard]] std::vector<double> frequencies(const FrequencyGrid& grid);

/// How a place is measured; the plans of the procedures add where.
struct PmDnsSweepPlan {
  // mechanical side
  double setpoint_fraction = 0.8;
  double mechanical_drive_v = 0.1;  // 12.5 nm free amplitude at 125 nm/V
  double drive_detuning_hz = 0.0;   // from the resonance that the tune finds
  double tune_centre_hz = 75.0e3;
  double tune_span_hz = 4.0e3;
  int tune_points = 81;
  double move_speed_m_per_s = 2.0e-6;
  double withdraw_m = 200.0e-9;
  double approach_timeout_s = 30.0;
  double dwell_s = 0.6;  // height feedback settles before the sweep
  // electrical side
  FrequencyGrid frequencies;
  double drive_peak_v = 1.0;        // 2 V peak to peak: the paper's "about 2 V"
  double offset_v = 0.0;            // dc that nulls the film's contact potential, known from KPFM
  double reference_offset_v = 0.0;  // the same over the metal
  double sweep_time_s = 2.1;        // per direction; 0 = as short as the settle rule allows
  double settle_time_constants = 11.0;  // 0.5 % of the step between neighbours is left (4 stages)
  double time_constant_periods = 0.6;   // of the stimulus, before clamping and stretching
  double min_time_constant_s = 1.0e-3;
  double max_time_constant_s = 5.0e-3;
  int filter_order = 4;
  double phase_scale_v_per_rad = 1.0;          // auxiliary output of lock-in 1
  int phase_output = 1;                        // which of its outputs goes on to lock-in 2
  double mechanical_time_constant_s = 3.0e-6;  // of lock-in 1: passes twice the highest frequency
  int mechanical_filter_order = 4;
  double input_range_v = 1.0;
  bool operator==(const PmDnsSweepPlan&) const = default;
};
void validate(const PmDnsSweepPlan& p);
void visit_fields(auto& visit, PmDnsSweepPlan& p) {
  visit("setpoint_fraction", p.setpoint_fraction);
  visit("mechanical_drive_v", p.mechanical_drive_v);
  visit("drive_detuning_hz", p.drive_detuning_hz);
  visit("tune_centre_hz", p.tune_centre_hz);
  visit("tune_span_hz", p.tune_span_hz);
  visit("tune_points", p.tune_points);
  visit("move_speed_m_per_s", p.move_speed_m_per_s);
  visit("withdraw_m", p.withdraw_m);
  visit("approach_timeout_s", p.approach_timeout_s);
  visit("dwell_s", p.dwell_s);
  visit("frequencies", p.frequencies);
  visit("drive_peak_v", p.drive_peak_v);
  visit("offset_v", p.offset_v);
  visit("reference_offset_v", p.reference_offset_v);
  visit("sweep_time_s", p.sweep_time_s);
  visit("settle_time_constants", p.settle_time_constants);
  visit("time_constant_periods", p.time_constant_periods);
  visit("min_time_constant_s", p.min_time_constant_s);
  visit("max_time_constant_s", p.max_time_constant_s);
  visit("filter_order", p.filter_order);
  visit("phase_scale_v_per_rad", p.phase_scale_v_per_rad);
  visit("phase_output", p.phase_output);
  visit("mechanical_time_constant_s", p.mechanical_time_constant_s);
  visit("mechanical_filter_order", p.mechanical_filter_order);
  visit("input_range_v", p.input_range_v);
}

/// The settle rule: tau = clamp(periods / f, min, max), then all stretched by one factor so that
/// the waits, each `settle_time_constants` tau, fill `sweep_time_s`. A sweep time that is shorter
/// than the rule needs is a ParameterError.
[[nodiscard]] std::vector<devices::SweepStep> plan_sweep(const PmDnsSweepPlan& plan);

/// A place as measured.
struct PmDnsSpot {
  std::vector<std::complex<float>> readings;  // (direction, frequency)
  double start_s = 0.0;
  double height_m = 0.0;
  double amplitude_m = 0.0;
  bool overload = false;
};

/// The instruments of PM-DNS: the roles "afm" (ProbeMicroscope), "lockin_mechanical" and
/// "lockin_electrical" (LockIn).
struct PmDnsInstruments {
  explicit PmDnsInstruments(const RunContext& context);
  devices::ProbeMicroscope& afm;
  devices::LockIn& mechanical;
  devices::LockIn& electrical;
  Clock& clock;
  std::size_t amplitude_signal;  // of the microscope
};

/// The steps of a PM-DNS measurement, for procedures to put together. `procedure` names them in
/// events.
class PmDnsSweeper {
 public:
  PmDnsSweeper(const PmDnsSweepPlan& plan, std::string procedure);

  [[nodiscard]] std::size_t points() const { return steps_.size(); }
  /// Up and down.
  [[nodiscard]] Duration sweep_time() const;
  /// Approach, dwell, sweep and retract at a place `travel_m` away. What approach and retract take
  /// depends on the instrument; the twin's is assumed.
  [[nodiscard]] Duration spot_time(double travel_m) const;

  /// The axes frequency and direction of the readings.
  [[nodiscard]] data::Axis frequency_axis() const;
  [[nodiscard]] static data::Axis direction_axis();
  /// Signal "tune", and the collections with the settings of both lock-ins.
  void define(data::RecordingWriter& recording);

  void set_feedback(const PmDnsInstruments& with, double setpoint_fraction) const;
  /// Tunes and sets the drive, `drive_detuning_hz` beside the resonance found; a run that is taken
  /// up again gets the drive of its first part, so that all of it is alike.
  void tune(const PmDnsInstruments& with, const RunContext& context);
  /// Of the cantilever drive since tune(), before a procedure changes it.
  [[nodiscard]] const devices::DriveSettings& tuned_drive() const { return tuned_drive_; }
  /// Free amplitude on resonance, as the tune found it.
  [[nodiscard]] double tuned_amplitude_m() const { return tuned_amplitude_m_; }
  void configure_lock_ins(const PmDnsInstruments& with);
  void set_stimulus(const PmDnsInstruments& with, double offset_v) const;
  /// The same with another drive than the plan's.
  static void set_stimulus(const PmDnsInstruments& with, double offset_v, double drive_peak_v);
  /// Moves there, approaches (twice if it has to) and dwells.
  void approach(const PmDnsInstruments& with, const RunContext& context, Point at) const;
  void withdraw(const PmDnsInstruments& with, const RunContext& context) const;
  void sweep(const PmDnsInstruments& with, const std::stop_token& stop, PmDnsSpot& spot);
  /// Approach, dwell, sweep, withdraw. Calls `engaged`, if any, when the tip is on the sample.
  void measure(const PmDnsInstruments& with,
               const RunContext& context,
               Point at,
               const std::function<void()>& engaged,
               PmDnsSpot& spot);
  void say(const PmDnsInstruments& with,
           const RunContext& context,
           Level level,
           const std::string& text) const;

 private:
  PmDnsSweepPlan plan_;
  std::string procedure_;
  std::vector<devices::SweepStep> steps_;  // up
  std::vector<devices::SweepStep> both_ways_;
  devices::DriveSettings tuned_drive_;
  double tuned_amplitude_m_ = 0.0;
  data::SignalId tune_;
};

}  // namespace halotwin::scenarios
