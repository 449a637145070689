// The signal chain as the simulated AFM and lock-ins share it: keeps its time equal to the world's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "devices/simulated/lateral_chain.hpp"
#include "devices/simulated/signal_chain.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

class ProbeChain {
 public:
  ProbeChain(sim::World& world,
             std::unique_ptr<SignalChain> engine,
             const physics::TipParams& tip = {},
             const ContactModel& contact = {});

  [[nodiscard]] const ChainSettings& settings() const { return settings_; }
  /// Lets the engine catch up with the clock, then applies the new settings.
  void change(const ChainSettings& settings);
  /// Lets the engine catch up, then reads.
  [[nodiscard]] ChainOutput read();
  [[nodiscard]] bool phase_is_noisy() const { return engine_->phase_is_noisy(); }
  /// The lateral signal, up to date.
  [[nodiscard]] LateralChain& lateral();

  /// Analogue outputs that cables can start from: "lockin_electrical.aux_1". An instrument offers
  /// its own and takes them back before it goes.
  void offer_output(const std::string& port, std::function<double()> voltage);
  void take_back_output(const std::string& port) { outputs_.erase(port); }
  /// Present voltage of an output [V]; 0 if nobody offers it.
  [[nodiscard]] double output_v(const std::string& port) const;

  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  void catch_up();
  void expose();

  sim::World* world_;
  std::unique_ptr<SignalChain> engine_;
  LateralChain lateral_;
  ChainSettings settings_;
  Duration reached_{};
  std::map<std::string, std::function<double()>> outputs_;
};

}  // namespace halotwin::devices::simulated
