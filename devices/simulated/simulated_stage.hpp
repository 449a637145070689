// A motorised stage of the simulated bench: finite speed, overshoot, settling, backlash.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "devices/stage.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// One linear axis. Defaults: a stepper stage with encoder on the motor, data sheets of the 25 mm
/// class.
struct StageAxisParams {
  std::string name = "x";
  std::string unit = "m";  // or "rad"; all lengths below are in it
  double low = -12.5e-3;
  double high = 12.5e-3;
  double start = 0.0;                // inside the range, or the end next to it
  double speed_per_s = 2.0e-3;       // the fastest, and the speed at the start
  double overshoot = 1.0e-6;         // beyond the target at the end of the travel
  double settling_time_s = 20.0e-3;  // time constant with which the overshoot dies out
  double tolerance = 0.1e-6;         // a move ends when it is this close
  double repeatability = 30.0e-9;    // rms of where the encoder stops
  double backlash = 0.5e-6;          // of the spindle: the carriage lags by half of it
  bool operator==(const StageAxisParams&) const = default;
};
void validate(const StageAxisParams& p);
void visit_fields(auto& visit, StageAxisParams& p) {
  visit("name", p.name);
  visit("unit", p.unit);
  visit("low", p.low);
  visit("high", p.high);
  visit("start", p.start);
  visit("speed_per_s", p.speed_per_s);
  visit("overshoot", p.overshoot);
  visit("settling_time_s", p.settling_time_s);
  visit("tolerance", p.tolerance);
  visit("repeatability", p.repeatability);
  visit("backlash", p.backlash);
}

struct StageParams {
  std::vector<StageAxisParams> axes{{.name = "x"}, {.name = "y"}};
  bool operator==(const StageParams&) const = default;
};
void validate(const StageParams& p);
void visit_fields(auto& visit, StageParams& p) {
  visit("axes", p.axes);
}

/// A move as it will be, or the place where one was stopped; encoder readings.
struct StageTravel {
  std::size_t axis = 0;
  Duration start{};
  Duration standing{};
  double from = 0.0;
  double to = 0.0;
  bool downwards = false;  // the last travel of this axis
};

/// Encoder of an axis during a move of length d to `end` (the target and an error of the
/// repeatability's size), with overshoot o <= |d| / 10 in the direction of travel:
///
///   travel: even, at the speed set, to end + o;   then  end + o exp(-t / settling time),
///   standing as soon as the second term is below half the tolerance
class SimulatedStage final : public Stage {
 public:
  /// `number` tells the noise of several stages of one world apart.
  SimulatedStage(sim::World& world,
                 const StageParams& params,
                 std::string role,
                 std::uint32_t number = 0);

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] std::vector<StageAxis> axes() const override;
  [[nodiscard]] double position(std::size_t axis) override;
  double set_speed(std::size_t axis, double speed_per_s) override;
  [[nodiscard]] double speed(std::size_t axis) override;
  void start_move(std::size_t axis, double target) override;
  /// At a limit where the encoder shows an end of the range within the tolerance.
  [[nodiscard]] AxisState state(std::size_t axis) override;
  bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) override;
  void stop_move(std::size_t axis) override;

  /// Where the carriage really is: the encoder less half the backlash in the direction of the last
  /// travel.
  [[nodiscard]] double true_position(std::size_t axis) const;
  /// Whoever must know where the carriage goes: told of every move and stop.
  void on_travel(std::function<void(const StageTravel&)> listener) {
    listener_ = std::move(listener);
  }

  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  struct Motion {
    double from = 0.0;
    double end = 0.0;
    double overshoot = 0.0;  // signed
    double direction = 1.0;  // of the last travel, +1 or -1
    double speed_per_s = 0.0;
    Duration start{};
    Duration travelled{};  // moment at which end + overshoot is reached
    Duration standing{};
    std::uint64_t moves = 0;
  };
  [[nodiscard]] const Motion& motion(std::size_t axis, const char* operation) const;
  [[nodiscard]] double encoder(const Motion& m, const StageAxisParams& p) const;
  void halt(std::size_t axis);
  void tell(std::size_t axis) const;

  sim::World* world_;
  StageParams params_;
  std::string role_;
  std::uint32_t number_;
  std::vector<Motion> motions_;
  std::function<void(const StageTravel&)> listener_;
};

}  // namespace halotwin::devices::simulated
