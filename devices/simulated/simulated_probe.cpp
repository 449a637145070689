#include "devices/simulated/simulated_probe.hpp"

#include "base/require.hpp"
#include "devices/simulated/probe_kelvin.hpp"
#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/probe_spectroscopy.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const ProbeParams& p) {
  validate(p.cantilever);
  validate(p.second_mode);
  validate(p.tip);
  validate(p.wear);
  require_positive("drive_response_m_per_v", p.drive_response_m_per_v);
  require_positive("deflection_v_per_m", p.deflection_v_per_m);
  require_range("closest_approach_m", p.closest_approach_m, 0.2e-9, 1e-6);
  require_positive("max_speed_m_per_s", p.max_speed_m_per_s);
  require_range("approach_time_s", p.approach_time_s, 0.0, 3600.0);
  require_range("withdraw_time_s", p.withdraw_time_s, 0.0, 3600.0);
  require_range("gap_error_rms_m", p.gap_error_rms_m, 0.0, 1e-8);
  require_range("height_noise_rms_m", p.height_noise_rms_m, 0.0, 1e-7);
  require_positive("tune_dwell_s", p.tune_dwell_s);
  require_range("resonance_shift_after_tune_hz",
                p.resonance_shift_after_tune_hz,
                -0.5 * p.cantilever.resonance_hz,
                0.5 * p.cantilever.resonance_hz);
  require_positive("scan_range_m", p.scan_range_m);
  validate(p.kelvin);
  validate(p.contact);
  validate(p.height_loop);
}

struct SimulatedProbe::Parts {
  Parts(sim::World& world, ProbeChain& chain, const ProbeParams& params, const std::string& role)
      : state(world, chain, params, role),
        kelvin(state),
        positioner(state),
        height(state),
        drive(state),
        signals(state),
        scanner(state, signals),
        spectroscopy(state, signals) {}
  ProbeState state;
  ProbeKelvin kelvin;
  ProbePositioner positioner;
  ProbeHeight height;
  ProbeDrive drive;
  ProbeSignals signals;
  ProbeScanner scanner;
  ProbeSpectroscopy spectroscopy;
};

SimulatedProbe::SimulatedProbe(sim::World& world,
                               ProbeChain& chain,
                               const ProbeParams& params,
                               const std::string& role) {
  validate(params);
  parts_ = std::make_unique<Parts>(world, chain, params, role);
}

SimulatedProbe::~SimulatedProbe() = default;

Identity SimulatedProbe::identity() const {
  return {"halotwin", "simulated AFM", "twin-" + parts_->state.role, "", "sim:"};
}

void SimulatedProbe::make_safe() {
  ProbeState& s = parts_->state;
  s.strike("make safe");
  parts_->scanner.stop();
  parts_->kelvin.switch_off();
  s.engaged = false;
  s.feedback.mode = FeedbackMode::off;
  s.motion.stop(s.world->clock().now());
  s.settle();
}

TipPositioner* SimulatedProbe::find_positioner() {
  return &parts_->positioner;
}
HeightControl* SimulatedProbe::find_height() {
  return &parts_->height;
}
CantileverDrive* SimulatedProbe::find_drive() {
  return &parts_->drive;
}
SignalReader& SimulatedProbe::signals() {
  return parts_->signals;
}
ImageScanner* SimulatedProbe::scanner() {
  return &parts_->scanner;
}
PointSpectroscopy* SimulatedProbe::spectroscopy() {
  return &parts_->spectroscopy;
}
KelvinController* SimulatedProbe::kelvin() {
  return &parts_->kelvin;
}

Point SimulatedProbe::true_position() const {
  return parts_->state.on_sample(parts_->state.now_at());
}

std::span<const Point> SimulatedProbe::true_line() const {
  return parts_->scanner.line_places();
}

double SimulatedProbe::tip_radius_m() const {
  return parts_->state.tip.radius_m();
}

double SimulatedProbe::tip_potential_v() const {
  return parts_->state.tip.potential_v();
}

std::vector<double> SimulatedProbe::save() const {
  std::vector<double> all = parts_->state.save();
  const std::vector<double> kelvin = parts_->kelvin.save();
  all.insert(all.end(), kelvin.begin(), kelvin.end());
  return all;
}

void SimulatedProbe::load(std::span<const double> state) {
  const std::size_t kelvin = parts_->kelvin.save().size();
  require(state.size() > kelvin, "the saved state of the microscope has a wrong size");
  parts_->state.load(state.first(state.size() - kelvin));
  parts_->kelvin.load(state.last(kelvin));
}

}  // namespace halotwin::devices::simulated
