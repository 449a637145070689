// A lamp, LED or laser of the simulated bench, whose power wanders.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "devices/light_source.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// A fibre-coupled diode laser; every stability figure is an estimate within what data sheets
/// promise.
struct LightSourceParams {
  double max_irradiance_w_per_m2 = 1.0e5;
  double shortest_wavelength_m = 450.0e-9;  // equal to the longest: not tunable
  double longest_wavelength_m = 450.0e-9;
  double drift_per_s = -3.0e-7;      // relative, while it is on: -1 % in 9 h of ageing
  double fluctuation_rms = 2.0e-3;   // relative
  double fluctuation_time_s = 60.0;  // over which it forgets: the mount's temperature
  bool operator==(const LightSourceParams&) const = default;
};
void validate(const LightSourceParams& p);
void visit_fields(auto& visit, LightSourceParams& p) {
  visit("max_irradiance_w_per_m2", p.max_irradiance_w_per_m2);
  visit("shortest_wavelength_m", p.shortest_wavelength_m);
  visit("longest_wavelength_m", p.longest_wavelength_m);
  visit("drift_per_s", p.drift_per_s);
  visit("fluctuation_rms", p.fluctuation_rms);
  visit("fluctuation_time_s", p.fluctuation_time_s);
}

class SimulatedLightSource final : public LightSource {
 public:
  /// `number` tells the noise of several sources of one world apart.
  SimulatedLightSource(sim::World& world,
                       const LightSourceParams& params,
                       std::string role,
                       std::uint32_t number = 0);

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] LightLimits limits() const override;
  LightSettings configure(const LightSettings& wanted) override;
  [[nodiscard]] LightSettings settings() const override { return settings_; }

  /// What really falls on the sample at this moment [W/m^2], see sim::Lamp.
  [[nodiscard]] double true_irradiance_w_per_m2() const;

  /// Its settings; its history is part of the world.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  sim::World* world_;
  sim::Lamp* lamp_ = nullptr;
  LightSourceParams params_;
  std::string role_;
  LightSettings settings_;
};

}  // namespace halotwin::devices::simulated
