// The whole simulated set-up: the World, the signal chain and the instruments, opened as "sim:".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/parallel.hpp"
#include "devices/device.hpp"
#include "devices/simulated/probe_chain.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "devices/simulated/simulated_camera.hpp"
#include "devices/simulated/simulated_focus.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "devices/simulated/simulated_temperature.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

struct SimulatedBenchParams {
  sim::SpecimenParams specimen;
  sim::Surroundings surroundings;
  std::vector<sim::Cable> cables = sim::pm_dns_cables();
  std::vector<sim::Fault> faults;
  ProbeParams afm;
  LockInModel lockin_mechanical = hf2li();
  LockInModel lockin_electrical = mfli();
  TemperatureModel temperature;
  CameraParams camera;
  FocusParams focus;
  LightSourceParams light;
  BiasSourceParams bias;
};

/// Owns what the simulated instruments share. Make it, then take each device by its role; it must
/// outlive them.
class SimulatedBench {
 public:
  SimulatedBench(const SimulatedBenchParams& params, std::uint64_t seed, Threads threads = {});

  /// Roles: "afm", "lockin_mechanical", "lockin_electrical", "temperature", "camera", "light",
  /// "focus", "bias". Each may be taken once; the device is not guarded by limits yet. Throws
  /// ParameterError for another role.
  [[nodiscard]] std::unique_ptr<ProbeMicroscope> take_probe(const std::string& role);
  [[nodiscard]] std::unique_ptr<LockIn> take_lock_in(const std::string& role);
  [[nodiscard]] std::unique_ptr<TemperatureController> take_temperature(const std::string& role);
  [[nodiscard]] std::unique_ptr<Camera> take_camera(const std::string& role);
  [[nodiscard]] std::unique_ptr<LightSource> take_light(const std::string& role);
  [[nodiscard]] std::unique_ptr<Stage> take_stage(const std::string& role);
  [[nodiscard]] std::unique_ptr<BiasSource> take_bias(const std::string& role);

  [[nodiscard]] sim::World& world() { return world_; }
  [[nodiscard]] const sim::World& world() const { return world_; }
  /// Where on the sample the tip is, drift and creep included.
  [[nodiscard]] Point true_tip_position() const;
  /// The same for each column of the scanner's last line; empty before the first.
  [[nodiscard]] std::span<const Point> true_tip_line() const;
  /// Apex radius as it is now [m], and what the tip adds to every contact potential [V].
  [[nodiscard]] double true_tip_radius_m() const;
  [[nodiscard]] double true_tip_potential_v() const;

  /// Of the sample and its leads, across the bias source [S].
  [[nodiscard]] double true_load_siemens() const { return params_.bias.load_siemens; }

  [[nodiscard]] Threads threads() const { return threads_; }
  /// The camera that was taken; nothing if none was.
  [[nodiscard]] const SimulatedCamera* camera() const { return camera_; }

  /// The complete simulated state (world, chain, instruments), for resuming a run to the same bits.
  /// The order of load(): first take all devices, then load, then run the procedure.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  SimulatedBenchParams params_;
  Threads threads_;
  sim::World world_;
  ProbeChain chain_;
  SimulatedProbe* probe_ = nullptr;
  SimulatedTemperature* temperature_ = nullptr;
  SimulatedCamera* camera_ = nullptr;
  SimulatedLightSource* light_ = nullptr;
  SimulatedStage* focus_ = nullptr;
  SimulatedBiasSource* bias_ = nullptr;
  std::vector<std::pair<std::string, SimulatedLockIn*>> lock_ins_;
};

}  // namespace halotwin::devices::simulated
