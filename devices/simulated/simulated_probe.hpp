// The atomic force microscope of the simulated bench.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/probe_microscope.hpp"
#include "devices/simulated/lateral_chain.hpp"
#include "devices/simulated/probe_chain.hpp"
#include "physics/cantilever.hpp"
#include "physics/eigenmode.hpp"
#include "physics/height_loop.hpp"
#include "physics/tip_sample.hpp"
#include "physics/tip_wear.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// The Kelvin controller's own lock-in.
struct KelvinModel {
  int filter_order = 4;
  double filter_time_constant_s = 0.1e-3;  // 700 Hz: as wide as the second mode's own response
  double max_modulation_hz = 5.0e6;        // usual of fast controllers
  double max_bias_v = 10.0;
  bool operator==(const KelvinModel&) const = default;
};
void validate(const KelvinModel& p);
void visit_fields(auto& visit, KelvinModel& p) {
  visit("filter_order", p.filter_order);
  visit("filter_time_constant_s", p.filter_time_constant_s);
  visit("max_modulation_hz", p.max_modulation_hz);
  visit("max_bias_v", p.max_bias_v);
}

struct ProbeParams {
  physics::CantileverParams cantilever;
  physics::SecondModeParams second_mode;
  physics::TipParams tip;
  physics::TipWearParams wear;  // off: the tip stays new
  double drive_response_m_per_v =
      125.0e-9;  // free amplitude on resonance per volt of drive: 12.5 nm at 0.1 V
  double deflection_v_per_m = 1.0e7;  // deflection output; 100 nm/V, usual
  double closest_approach_m =
      3.0e-9;  // of the orbit at the setpoint (feasibility study, section 2)
  double max_speed_m_per_s = 1.0e-4;
  double approach_time_s = 0.3;  // from the withdrawn position until the setpoint is reached
  double withdraw_time_s = 0.1;
  double gap_error_rms_m =
      0.03e-9;  // residual error of the feedback, one draw per approach (estimate)
  double height_noise_rms_m = 0.1e-9;  // of the height sensor in one reading (estimate)
  double tune_dwell_s = 0.02;          // per frequency of a tune
  /// A fault: after the first tune the lever's resonance is that much higher (a particle lost or
  /// picked up, or another peak tuned to), so that every drive is detuned without anybody's knowing
  double resonance_shift_after_tune_hz = 0.0;
  double scan_range_m = 90.0e-6;  // closed-loop scanner
  KelvinModel kelvin;
  ContactModel contact;
  physics::HeightLoopParams height_loop;
  bool operator==(const ProbeParams&) const = default;
};
void validate(const ProbeParams& p);
void visit_fields(auto& visit, ProbeParams& p) {
  visit("cantilever", p.cantilever);
  visit("second_mode", p.second_mode);
  visit("tip", p.tip);
  visit("wear", p.wear);
  visit("drive_response_m_per_v", p.drive_response_m_per_v);
  visit("deflection_v_per_m", p.deflection_v_per_m);
  visit("closest_approach_m", p.closest_approach_m);
  visit("max_speed_m_per_s", p.max_speed_m_per_s);
  visit("approach_time_s", p.approach_time_s);
  visit("withdraw_time_s", p.withdraw_time_s);
  visit("gap_error_rms_m", p.gap_error_rms_m);
  visit("height_noise_rms_m", p.height_noise_rms_m);
  visit("tune_dwell_s", p.tune_dwell_s);
  visit("resonance_shift_after_tune_hz", p.resonance_shift_after_tune_hz);
  visit("scan_range_m", p.scan_range_m);
  visit("kelvin", p.kelvin);
  visit("contact", p.contact);
  visit("height_loop", p.height_loop);
}

class SimulatedProbe final : public ProbeMicroscope {
 public:
  SimulatedProbe(sim::World& world,
                 ProbeChain& chain,
                 const ProbeParams& params,
                 const std::string& role);
  ~SimulatedProbe() override;

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] TipPositioner* find_positioner() override;
  [[nodiscard]] HeightControl* find_height() override;
  [[nodiscard]] CantileverDrive* find_drive() override;
  [[nodiscard]] SignalReader& signals() override;
  [[nodiscard]] ImageScanner* scanner() override;
  [[nodiscard]] PointSpectroscopy* spectroscopy() override;
  [[nodiscard]] KelvinController* kelvin() override;

  /// Where on the sample the tip is, drift and creep included: what the truth is recorded for.
  [[nodiscard]] Point true_position() const;
  /// The same for each column of the scanner's last line: the mean of there and back.
  [[nodiscard]] std::span<const Point> true_line() const;
  /// Apex radius as it is now [m], and what the tip adds to every contact potential [V].
  [[nodiscard]] double tip_radius_m() const;
  [[nodiscard]] double tip_potential_v() const;

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace halotwin::devices::simulated
