// The heated and cooled stage below the sample: where its temperature is at any time after a new
// target, in closed form.
#pragma once

#include <span>
#include <vector>

namespace halotwin::sim {

/// The set point runs to the target at a limited rate, the stage follows it with one time constant:
///
///   dT/dt = (S(t) - T) / tau,   S(t) = S0 +- r t up to the target
///
/// A variable-temperature stage of an AFM (Peltier and heater); every figure an estimate within
/// what makers state.
struct HeatedStageParams {
  double rate_k_per_s = 0.1;          // 6 K/min
  double time_constant_s = 60.0;      // of sample and holder
  double surface_lag_fraction = 0.0;  // the film's surface misses this part of stage - surroundings
  bool operator==(const HeatedStageParams&) const = default;
};
void validate(const HeatedStageParams& p);
void visit_fields(auto& visit, HeatedStageParams& p) {
  visit("rate_k_per_s", p.rate_k_per_s);
  visit("time_constant_s", p.time_constant_s);
  visit("surface_lag_fraction", p.surface_lag_fraction);
}

class HeatedStage {
 public:
  /// Off: at the temperature of the surroundings.
  HeatedStage(const HeatedStageParams& params, double surroundings_k);

  /// From `now_s` on the stage goes to `target_k`.
  void set_target(double target_k, double now_s);
  /// Heater and cooler off: the stage relaxes to the surroundings.
  void switch_off(double now_s);

  [[nodiscard]] bool on() const { return on_; }
  [[nodiscard]] double target_k() const { return target_k_; }
  /// Where the stage is [K]; within a tenth of a millikelvin of the target it counts as there.
  [[nodiscard]] double temperature_k(double now_s) const;
  /// At the film's surface [K].
  [[nodiscard]] double surface_k(double now_s) const;

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);
  static constexpr std::size_t saved_values = 5;

 private:
  HeatedStageParams params_;
  double surroundings_k_;
  bool on_ = false;
  double target_k_;
  double since_s_ = 0.0;  // when the present target was set
  double from_k_;         // of the stage then
  double set_point_k_;    // then
};

}  // namespace halotwin::sim
