// Creep of a piezo scanner: after a move it goes on moving, ever more slowly, the same way.
#pragma once

#include <array>
#include <cstddef>

namespace halotwin::physics {

struct PiezoCreepParams {
  // Share of a move that is added in each decade of time. Piezo ceramics alone 0.01 to 0.02
  // (physik2006); a scanner under the control of its position sensors keeps about a hundredth
  // (estimate)
  double per_decade = 2.0e-4;
  double start_s = 0.1;  // t0, where the law starts (physik2006)
  double end_s = 1.0e5;  // slowest relaxation; "after a few hours a few percent" (physik2006)
  bool operator==(const PiezoCreepParams&) const = default;
};
void validate(const PiezoCreepParams& p);
void visit_fields(auto& visit, PiezoCreepParams& p) {
  visit("per_decade", p.per_decade);
  visit("start_s", p.start_s);
  visit("end_s", p.end_s);
}

/// Creep of one axis, as a sum of relaxations, so that moves superpose and the state stays small.
///
///   x(t) = u(t) + sum_k w_k q_k(t),   dq_k/dt = (u - q_k) / tau_k
///
/// u what is commanded. A step u0 from rest gives the logarithmic law
///   x(t) = u0 [1 + g log10(1 + t / t0)],   t << t_end,
/// since ln(1 + t / t0) = int (1 - exp(-t / tau)) exp(-t0 / tau) dln(tau) (Frullani), of which the
/// tau_k, two in a decade up to t_end, are the trapezoidal rule: w_k = g exp(-t0 / tau_k) / 2. It
/// is within 2e-3 of the law up to t_end / 100; beyond t_end it ends at g log10(t_end / t0), about.
///
/// Sources: law and g: physik2006; linear creep as a sum of relaxations: Croft, Shed, Devasia, J.
/// Dyn. Sys. Meas. Control 123, 35 (2001), croft2001.
class PiezoCreep {
 public:
  static constexpr std::size_t max_relaxations = 24;
  using State = std::array<double, max_relaxations>;  // q_k [m]; all 0: at rest at u = 0

  explicit PiezoCreep(const PiezoCreepParams& p);

  /// The commanded position goes from `from_m` to `to_m` in `duration_s`, at a constant speed.
  /// Exact, so that times may be split or joined.
  void advance(State& state, double from_m, double to_m, double duration_s) const;
  /// How far the scanner is ahead of what is commanded [m].
  [[nodiscard]] double deviation_m(const State& state) const;
  /// At rest at `position_m` for ever.
  [[nodiscard]] State settled(double position_m) const;

 private:
  std::size_t count_ = 0;
  std::array<double, max_relaxations> time_s_{};
  std::array<double, max_relaxations> weight_{};
};

}  // namespace halotwin::physics
