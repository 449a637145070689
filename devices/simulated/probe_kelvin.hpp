// The Kelvin controller of the simulated microscope. Internal: users see simulated_probe.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "devices/simulated/kelvin_sensor.hpp"
#include "devices/simulated/probe_state.hpp"
#include "physics/kelvin.hpp"

namespace halotwin::devices::simulated {

/// The loop lives in the world's time: whenever something changes or is read it first catches up,
/// exactly, under the contact potential of the place where the tip was (physics::KelvinLoop). Its
/// gain is that of the nominal orbit: residual errors of the height feedback do not change it. Ions
/// follow neither the modulation nor, here, the loop's bias (with r(0) the loop would be up to a
/// fifth faster). While the tip is withdrawn or nothing reaches the detector the loop holds.
class ProbeKelvin final : public KelvinController, public PlaceFollower {
 public:
  explicit ProbeKelvin(ProbeState& state);

  KelvinSettings configure(const KelvinSettings& wanted) override;
  void set_on(bool on) override;
  [[nodiscard]] double contact_potential_v() override;

  void catch_up() override;
  void changed() override;
  [[nodiscard]] bool on() const override { return on_; }
  [[nodiscard]] double bias_v() override;
  [[nodiscard]] double signal_v() override;
  void begin_pixel(bool first) override;
  void end_pixels() override { pixel_start_.reset(); }

  void switch_off();
  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  [[nodiscard]] double nominal_amplitude_m() const;
  [[nodiscard]] physics::KelvinOperation operation() const;
  [[nodiscard]] KelvinSensor& sensor();
  void rebuild();
  [[nodiscard]] const physics::LinearStep& step_of(Duration duration);
  void step(const physics::LinearStep& with);

  ProbeState* s_;
  KelvinSettings settings_;
  bool on_ = false;
  Duration reached_{};
  std::uint64_t steps_ = 0;
  std::vector<double> state_;  // of the loop; kept while it is off
  double held_v_ = 0.0;        // what the output is while the loop does not run
  double input_v_ = 0.0;       // contact potential under the tip
  std::optional<Duration> pixel_start_;

  std::unique_ptr<KelvinSensor> sensor_;
  double sensor_amplitude_m_ = 0.0;
  bool sensor_of_force_ = false;
  physics::KelvinOperation built_for_;
  double sensor_growth_m_ = 0.0;
  double built_growth_m_ = 0.0;  // of the tip's radius that the loop was built for
  double built_steps_ = 0.0;     // drift of the resonance that the loop was built for
  std::optional<physics::KelvinLoop> loop_;
  std::map<std::int64_t, physics::LinearStep> step_cache_;  // by duration in ns
};

}  // namespace halotwin::devices::simulated
