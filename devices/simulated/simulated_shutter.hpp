// A beam or light shutter of the simulated bench: a blade that takes its time.
#pragma once

#include <string>

#include "devices/shutter.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

struct ShutterParams {
  double travel_time_s = 10.0e-3;  // from closed to open and back; blade shutters, data sheets
  bool operator==(const ShutterParams&) const = default;
};
void validate(const ShutterParams& p);
void visit_fields(auto& visit, ShutterParams& p) {
  visit("travel_time_s", p.travel_time_s);
}

/// The blade moves evenly; a command on the way turns it round where it is.
class SimulatedShutter final : public Shutter {
 public:
  SimulatedShutter(sim::World& world, const ShutterParams& params, std::string role);

  [[nodiscard]] Identity identity() const override;
  /// Closes and waits for it.
  void make_safe() override;
  void start_open() override;
  void start_close() override;
  [[nodiscard]] ShutterState state() override;
  bool wait(Duration timeout, const std::stop_token& stop) override;

  /// Open part of the aperture at this moment, 0 to 1.
  [[nodiscard]] double open_fraction() const;

 private:
  void move_to(double fraction);
  [[nodiscard]] Duration left() const;

  sim::World* world_;
  ShutterParams params_;
  std::string role_;
  double target_fraction_ = 0.0;
  Duration end_{};  // of the present or last motion
};

}  // namespace halotwin::devices::simulated
