// The signal chain as the simulated AFM and lock-ins share it: keeps its time equal to the world's.
#pragma once

#include <memory>
#include <vector>

#include "devices/simulated/signal_chain.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

class ProbeChain {
 public:
  ProbeChain(sim::World& world, std::unique_ptr<SignalChain> engine);

  [[nodiscard]] const ChainSettings& settings() const { return settings_; }
  /// Lets the engine catch up with the clock, then applies the new settings.
  void change(const ChainSettings& settings);
  /// Lets the engine catch up, then reads.
  [[nodiscard]] ChainOutput read();

  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  void catch_up();
  void expose();

  sim::World* world_;
  std::unique_ptr<SignalChain> engine_;
  ChainSettings settings_;
  Duration reached_{};
};

}  // namespace halotwin::devices::simulated
