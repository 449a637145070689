// The World: specimen, virtual clock, random seed, cables, faults, and what the instruments do to
// the sample.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grid.hpp"
#include "physics/piezo_creep.hpp"
#include "physics/resonance_drift.hpp"
#include "sim/faults.hpp"
#include "sim/focus.hpp"
#include "sim/heated_stage.hpp"
#include "sim/lamp.hpp"
#include "sim/specimen.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/wiring.hpp"

namespace halotwin::sim {

/// harmonic: closed-form small-signal response with exact settling and noise statistics;
/// time_domain: the equations of motion and the filters, sample by sample.
enum class Engine { harmonic, time_domain };
constexpr std::array<std::pair<Engine, std::string_view>, 2> enumerators(Engine) {
  return {{{Engine::harmonic, "harmonic"}, {Engine::time_domain, "time-domain"}}};
}

/// Surroundings of the experiment, and which disturbances are on. Each can be switched off.
struct Surroundings {
  Engine engine = Engine::harmonic;
  double pace = 0.0;  // times real time; 0 = as fast as possible
  bool thermal_noise = true;
  bool detection_noise = true;
  bool flicker_noise = true;    // 1/f noise of the resonance frequency
  bool height_noise = true;     // residual error of the height feedback
  bool height_dynamics = true;  // finite bandwidth of the height feedback; off: it follows at once
  bool resonance_drift = true;
  bool shot_noise = true;  // of cameras: photons, the gain register, clock-induced charge, cosmics
  bool read_noise = true;  // of cameras
  bool lamp_noise = true;  // fluctuation and ageing of lamps
  bool lateral_drift = true;
  double drift_x_m_per_s =
      0.3e-13;  // 2.6 nm in 24 h after thermal equilibration; closed-loop scanner, estimate
  double drift_y_m_per_s = 0.2e-13;
  double drift_wander_m = 1.0e-9;  // slow wandering on top (period drift_period_s), estimate
  double drift_period_s = 6.0 * 3600.0;
  bool piezo_creep = true;
  physics::PiezoCreepParams creep;          // of the scanner, lateral; its sensor does not show it
  physics::ResonanceDriftParams resonance;  // temperature and 1/f noise of the lever's resonance
  double lever_warming_fraction = 0.5;      // of the sample's deviation from 300 K; estimate
  double thermal_drift_x_m_per_k = 0.0;     // the sample moves when it is heated; an operator
  double thermal_drift_y_m_per_k = 0.0;     // who follows a mark leaves about nothing
  double offset_x_m = 0.0;  // the sample was taken out and put back: its place x + offset_x_m lies
  double offset_y_m = 0.0;  // where the scanner says x
  bool operator==(const Surroundings&) const = default;
};
void validate(const Surroundings& p);
void visit_fields(auto& visit, Surroundings& p) {
  visit("engine", p.engine);
  visit("pace", p.pace);
  visit("thermal_noise", p.thermal_noise);
  visit("detection_noise", p.detection_noise);
  visit("flicker_noise", p.flicker_noise);
  visit("height_noise", p.height_noise);
  visit("height_dynamics", p.height_dynamics);
  visit("resonance_drift", p.resonance_drift);
  visit("shot_noise", p.shot_noise);
  visit("read_noise", p.read_noise);
  visit("lamp_noise", p.lamp_noise);
  visit("lateral_drift", p.lateral_drift);
  visit("drift_x_m_per_s", p.drift_x_m_per_s);
  visit("drift_y_m_per_s", p.drift_y_m_per_s);
  visit("drift_wander_m", p.drift_wander_m);
  visit("drift_period_s", p.drift_period_s);
  visit("piezo_creep", p.piezo_creep);
  visit("creep", p.creep);
  visit("resonance", p.resonance);
  visit("lever_warming_fraction", p.lever_warming_fraction);
  visit("thermal_drift_x_m_per_k", p.thermal_drift_x_m_per_k);
  visit("thermal_drift_y_m_per_k", p.thermal_drift_y_m_per_k);
  visit("offset_x_m", p.offset_x_m);
  visit("offset_y_m", p.offset_y_m);
}

/// What is done to the sample at this moment; instruments write it, advancing time turns it into
/// dose.
struct Exposure {
  Point place{};
  double radius_m = 12.0e-9;  // lateral half-width of the tip's field
  bool under_bias = false;    // tip engaged and its generator on
  double bias_peak_v = 0.0;   // of the generator
  bool kelvin_bias = false;   // the same of the Kelvin loop, where ions can follow its modulation
};

/// What befell an instrument without its telling: for the log of the session.
struct Happening {
  Duration at{};
  std::string text;
};

class World {
 public:
  World(const Surroundings& surroundings,
        std::vector<Cable> cables,
        std::vector<Fault> faults,
        Specimen specimen,
        std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] VirtualClock& clock() { return clock_; }
  [[nodiscard]] double now_s() const { return seconds(clock_.now()); }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
  [[nodiscard]] const Wiring& wiring() const { return wiring_; }
  [[nodiscard]] FaultSchedule& faults() { return faults_; }
  [[nodiscard]] const Specimen& specimen() const { return specimen_; }
  [[nodiscard]] Exposure& exposure() { return exposure_; }

  void happened(std::string text) { happenings_.push_back({clock_.now(), std::move(text)}); }
  /// What has happened since the last call; load() forgets it.
  [[nodiscard]] std::vector<Happening> take_happenings() { return std::exchange(happenings_, {}); }

  /// How far the sample has moved under the scanner since the scenario's coordinates were laid [m],
  /// offset and drift together: what is under the tip is position + drift().
  [[nodiscard]] Point drift() const { return drift(now_s()); }
  /// The same at another time, if the temperature stays.
  [[nodiscard]] Point drift(double time_s) const;
  /// Relative deviation of the cantilever's resonance from its value at the start.
  [[nodiscard]] double relative_resonance_shift() const;

  /// The stage below the sample. Off, and the sample at its film's temperature_k, unless an
  /// instrument drives it.
  void install_stage(const HeatedStageParams& params);
  [[nodiscard]] HeatedStage& stage() { return stage_; }
  [[nodiscard]] const HeatedStage& stage() const { return stage_; }
  /// A lamp over the whole field, dark until its light source sets it; it stays where it is.
  [[nodiscard]] Lamp& install_lamp(const LampWander& wander, std::uint32_t number);
  [[nodiscard]] const std::deque<Lamp>& lamps() const { return lamps_; }
  /// The focus of an objective, driven by a stage; it stays where it is.
  [[nodiscard]] Focus& install_focus(double defocus_m) { return focus_.emplace(defocus_m); }
  /// How far the film lies from focus [m]; 0 if nothing drives it.
  [[nodiscard]] double defocus_m(double time_s) const {
    return focus_ ? focus_->defocus_m(time_s) : 0.0;
  }
  /// How much warmer the lever is than in its parameters, by the sample below it [K].
  [[nodiscard]] double lever_warming_k() const;

  /// Time, drift and the specimen's state, for resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  void advance(Duration duration);

  Surroundings surroundings_;
  Wiring wiring_;
  FaultSchedule faults_;
  Specimen specimen_;
  HeatedStage stage_;
  std::deque<Lamp> lamps_;
  std::optional<Focus> focus_;
  std::uint64_t seed_;
  Exposure exposure_;
  std::array<double, 8> wander_phase_rad_{};
  VirtualClock clock_;
  std::vector<Happening> happenings_;
};

}  // namespace halotwin::sim
