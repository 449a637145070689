#include "devices/simulated/simulated_bench.hpp"

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/time_domain_chain.hpp"

namespace halotwin::devices::simulated {

namespace {

std::unique_ptr<SignalChain> make_engine(const sim::World& world,
                                         const SimulatedBenchParams& params) {
  ChainParams chain;
  chain.cantilever = params.afm.cantilever;
  chain.tip = params.afm.tip;
  chain.nominal_orbit.closest_approach_m = params.afm.closest_approach_m;
  chain.height_loop = params.afm.height_loop;
  chain.input_noise_v_per_sqrt_hz = params.lockin_electrical.input_noise_v_per_sqrt_hz;
  if (world.surroundings().engine == sim::Engine::time_domain) {
    return std::make_unique<TimeDomainChain>(world, chain);
  }
  return std::make_unique<HarmonicChain>(world, chain);
}

}  // namespace

SimulatedBench::SimulatedBench(const SimulatedBenchParams& params,
                               std::uint64_t seed,
                               Threads threads)
    : params_(params),
      threads_(threads),
      world_(params.surroundings,
             params.cables,
             params.faults,
             sim::Specimen(params.specimen, seed, threads),
             seed),
      chain_(world_, make_engine(world_, params), params.afm.tip, params.afm.contact) {}

std::unique_ptr<ProbeMicroscope> SimulatedBench::take_probe(const std::string& role) {
  require(role == "afm" && probe_ == nullptr,
          "the simulated bench has one microscope, of role \"afm\"");
  auto probe = std::make_unique<SimulatedProbe>(world_, chain_, params_.afm, role);
  probe_ = probe.get();
  return probe;
}

std::unique_ptr<LockIn> SimulatedBench::take_lock_in(const std::string& role) {
  require(role == "lockin_mechanical" || role == "lockin_electrical",
          "the simulated bench has no lock-in of role \"" + role +
              "\" (there are: lockin_mechanical, lockin_electrical)");
  const LockInModel& model =
      role == "lockin_mechanical" ? params_.lockin_mechanical : params_.lockin_electrical;
  auto device = std::make_unique<SimulatedLockIn>(world_, chain_, model, role);
  lock_ins_.emplace_back(role, device.get());
  return device;
}

std::unique_ptr<TemperatureController> SimulatedBench::take_temperature(const std::string& role) {
  require(role == "temperature" && temperature_ == nullptr,
          "the simulated bench has one temperature controller, of role \"temperature\"");
  auto device = std::make_unique<SimulatedTemperature>(world_, params_.temperature, role);
  temperature_ = device.get();
  return device;
}

std::unique_ptr<Camera> SimulatedBench::take_camera(const std::string& role) {
  require(role == "camera" && camera_ == nullptr,
          "the simulated bench has one camera, of role \"camera\"");
  auto device = std::make_unique<SimulatedCamera>(world_, params_.camera, role, threads_);
  camera_ = device.get();
  return device;
}

std::unique_ptr<LightSource> SimulatedBench::take_light(const std::string& role) {
  require(role == "light" && light_ == nullptr,
          "the simulated bench has one light source, of role \"light\"");
  auto device = std::make_unique<SimulatedLightSource>(world_, params_.light, role);
  light_ = device.get();
  return device;
}

std::unique_ptr<Stage> SimulatedBench::take_stage(const std::string& role) {
  require(role == "focus" && focus_ == nullptr,
          "the simulated bench has one stage, of role \"focus\"");
  auto device = make_focus(world_, params_.focus, role);
  focus_ = device.get();
  return device;
}

std::unique_ptr<BiasSource> SimulatedBench::take_bias(const std::string& role) {
  require(role == "bias" && bias_ == nullptr,
          "the simulated bench has one bias source, of role \"bias\"");
  auto device = std::make_unique<SimulatedBiasSource>(world_, params_.bias, role);
  bias_ = device.get();
  return device;
}

Point SimulatedBench::true_tip_position() const {
  return probe_ == nullptr ? Point{} : probe_->true_position();
}

std::span<const Point> SimulatedBench::true_tip_line() const {
  return probe_ == nullptr ? std::span<const Point>{} : probe_->true_line();
}

double SimulatedBench::true_tip_radius_m() const {
  return probe_ == nullptr ? params_.afm.tip.apex_radius_m : probe_->tip_radius_m();
}

double SimulatedBench::true_tip_potential_v() const {
  return probe_ == nullptr ? 0.0 : probe_->tip_potential_v();
}

namespace {

void append(std::vector<double>& state, const std::vector<double>& part) {
  state.push_back(static_cast<double>(part.size()));
  state.insert(state.end(), part.begin(), part.end());
}

std::span<const double> next_part(std::span<const double>& rest) {
  require(!rest.empty() && rest[0] >= 0.0 && rest[0] < static_cast<double>(rest.size()),
          "the saved state of the simulated bench is damaged");
  const auto size = static_cast<std::size_t>(rest[0]);
  const auto part = rest.subspan(1, size);
  rest = rest.subspan(1 + size);
  return part;
}

}  // namespace

std::vector<double> SimulatedBench::save() const {
  std::vector<double> state;
  append(state, world_.save());
  append(state, probe_ == nullptr ? std::vector<double>{} : probe_->save());
  for (const auto& entry : lock_ins_) {
    append(state, entry.second->save());
  }
  append(state, temperature_ == nullptr ? std::vector<double>{} : temperature_->save());
  if (camera_ != nullptr) {
    append(state, camera_->save());
  }
  if (light_ != nullptr) {
    append(state, light_->save());
  }
  if (focus_ != nullptr) {
    append(state, focus_->save());
  }
  if (bias_ != nullptr) {
    append(state, bias_->save());
  }
  append(state, chain_.save());
  return state;
}

void SimulatedBench::load(std::span<const double> state) {
  world_.load(next_part(state));
  const auto probe = next_part(state);
  if (probe_ != nullptr) {
    probe_->load(probe);
  }
  for (const auto& entry : lock_ins_) {
    entry.second->load(next_part(state));
  }
  const auto temperature = next_part(state);
  if (temperature_ != nullptr) {
    temperature_->load(temperature);
  }
  if (camera_ != nullptr) {
    camera_->load(next_part(state));
  }
  if (light_ != nullptr) {
    light_->load(next_part(state));
  }
  if (focus_ != nullptr) {
    focus_->load(next_part(state));
  }
  if (bias_ != nullptr) {
    bias_->load(next_part(state));
  }
  chain_.load(next_part(state));
}

}  // namespace halotwin::devices::simulated
