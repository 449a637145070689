// The engine that integrates the equations of motion: tip voltage, film, lever and both lock-ins,
// sample by sample.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/signal_chain.hpp"
#include "devices/simulated/tip_response.hpp"
#include "physics/cantilever.hpp"
#include "physics/low_pass.hpp"
#include "physics/resonance_drift.hpp"
#include "physics/tip_sample.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

struct TimeDomainOptions {
  int steps_per_period = 32;  // of the mechanical drive; a multiple of 4. 32: 0.1 % at 8 kHz
  int groups = 8;             // of film sites of alike response below the tip; 1 to 8
};
void validate(const TimeDomainOptions& p);

/// C'(u) of the probe [F/m] between two gaps u = z + h / eps_r: cubics through values and slopes at
/// 513 nodes. Relative error below 1e-5 where u > 9 intervals; beyond the ends the value of the
/// end.
class GradientTable {
 public:
  GradientTable() = default;
  GradientTable(const physics::TipParams& tip, double lowest_m, double highest_m);

  [[nodiscard]] double operator()(double gap_m) const {
    double at = (gap_m - lowest_m_) * per_m_;
    at = at > 0.0 ? at : 0.0;
    at = at < last ? at : last;
    const int i = static_cast<int>(at);
    const double t = at - static_cast<double>(i);
    const auto& c = cubic_[static_cast<std::size_t>(i)];
    return (c[0] + c[1] * t) + (c[2] + c[3] * t) * (t * t);
  }

 private:
  static constexpr int intervals = 512;
  static constexpr double last = intervals * (1.0 - 1e-12);
  double lowest_m_ = 0.0;
  double per_m_ = 0.0;
  std::vector<std::array<double, 4>> cubic_{1};
};

/// The film below the tip: per group g the voltage v_g = V + u_g + sum_k a_k y_k + a_t y_t that
/// acts on the frozen-ion capacitor (physics/ion_response.hpp), y_t' = 2 pi f_t (V - y_t).
class FilmStates {
 public:
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t lines = sim::max_lines;
  using Lanes = std::array<double, lanes>;

  /// Takes up the groups of a place. The states stay, group by group, as the groups are ordered.
  void take(std::span<const ResponseGroup> groups, double transient_hz, double step_s);
  void set_transient(double amplitude) { slow_strength_ = amplitude; }
  /// The states after a long time under a constant voltage.
  void settle(double voltage_v);
  /// One step of a voltage that is linear in it; returns sum_g share_g v_g^2 [V^2] at its end.
  double operator()(double v_old, double v_new);
  [[nodiscard]] double square(double voltage_v) const;

  static void visit_state(auto& self, auto&& visit) {
    for (std::size_t g = 0; g < lanes; ++g) {
      visit(self.ion_v_[g]);
      for (std::size_t k = 0; k < lines; ++k) {
        visit(self.line_v_[k][g]);
        visit(self.line_v_per_s_[k][g]);
      }
    }
    visit(self.slow_v_);
  }

 private:
  void step_lines(double v_old, double v_new);

  std::vector<ResponseGroup> groups_;
  Lanes share_{}, decay_{}, gain_old_{}, gain_new_{};
  std::array<Lanes, lines> strength_{}, lag_s_{};
  std::array<std::array<Lanes, 4>, lines> matrix_{};
  std::size_t line_count_ = 0;
  double per_step_s_ = 0.0;
  physics::FirstOrderHold slow_;
  double slow_strength_ = 0.0;
  Lanes ion_v_{};
  std::array<Lanes, lines> line_v_{}, line_v_per_s_{};
  double slow_v_ = 0.0;
};

/// Standard normals by number: draw n is a function of (seed, purpose, n) alone.
class NormalDraws {
 public:
  NormalDraws(std::uint64_t seed, Purpose purpose) : seed_(seed), purpose_(purpose) {}
  [[nodiscard]] double operator()(std::uint64_t number);

 private:
  std::uint64_t seed_;
  Purpose purpose_;
  std::uint64_t block_ = ~std::uint64_t{0};
  std::array<double, 64> values_{};
};

/// The cascaded stages of a lock-in's filter with the linear hold, and their last input.
struct SampledLowPass {
  std::complex<double> input;
  physics::LowPassState stages;

  void step(const physics::FirstOrderHold& hold, int order, std::complex<double> next);
  void settle(std::complex<double> value);
  static void visit_state(auto& self, auto&& visit) {
    visit(self.input);
    for (auto& stage : self.stages.stage) {
      visit(stage);
    }
  }
};

/// m x'' + (m w0 / Q) x' + k (1 + 2 y) x = F0 cos th_d + (1/2) C'(z_c + h/eps_r + x)
/// sum_g w_g v_g^2 + F_thermal - F_mean
///
///   x    deflection from the rest of the orbit's centre z_c, away from the sample [m]
///   y    1/f noise of the relative resonance frequency
///   F0   = A / |chi(w_m)| of the lever as the static field leaves it: A is the amplitude at work
///   F_mean  mean electrostatic force, of orbit and stimulus: the height feedback has taken up the
///        mean bending, so that z_c is the centre at work
///
/// With a height loop the base moves by z: C'(z_c + z + ...), and the drive follows as F0 (1 + z /
/// A), which is what intermittent contact does to the amplitude (slope 1 against the gap;
/// LeverAtWork). The controller's detector takes the amplitude at the drive's frequency through two
/// stages of its own.
///
/// Split step: half a kick by the force, the exact damped free motion, half a kick, at 32 steps a
/// mechanical period. Lock-in 1 takes every step; its phase is formed, and lock-in 2 sampled, four
/// times a period ("tick"), more often where lock-in 1 is so fast that its ripple would alias.
/// Thermal force and detection noise come once a tick, as impulses: white, as the lock-ins see
/// them. The removed offset (AC coupling) is the static phase, approached at the lever's own rate,
/// so that it starts and stays settled.
/// There is no contact force: a tip nearer than 0.25 nm feels the gradient of that gap. While not
/// engaged nothing is integrated: the lever is at its free steady state, lock-in 2 decays exactly.
/// Sources: physics-facts a2 to a5; feasibility study of PM-DNS, section 9.
class TimeDomainChain final : public SignalChain {
 public:
  TimeDomainChain(const sim::World& world,
                  const ChainParams& params,
                  const TimeDomainOptions& options = {});

  void advance(double dt_s) override;
  void change(const ChainSettings& settings) override;
  [[nodiscard]] ChainOutput output() override;
  [[nodiscard]] bool phase_is_noisy() const override { return true; }
  [[nodiscard]] std::vector<double> save() const override;
  void load(std::span<const double> state) override;

 private:
  static constexpr int ticks_per_period = 4;
  static constexpr int max_steps_per_tick = 64;
  using TickArray = std::array<double, max_steps_per_tick + 1>;  // 0: its start

  [[nodiscard]] double now_s() const;
  [[nodiscard]] physics::CantileverParams lever() const;
  void mark_phases();
  void start_grid(double owed_s);
  void engage();
  void take_settings();
  [[nodiscard]] double take_place();
  void take_noise();
  void tick();
  void generate(TickArray& square_v2);
  void move_lever(const TickArray& square_v2, TickArray& deflection_m);
  void demodulate(const TickArray& deflection_m, int first);
  void read_phase(int step);
  void take_loop();
  void hold_height();
  void let_flicker(double passed_s, std::uint64_t entity);
  static void visit_state(auto& self, auto&& visit);

  const sim::World* world_;
  ChainParams params_;
  int steps_;  // per tick
  int group_count_;
  TipResponse response_;
  ChainSettings settings_;

  // fixed by the settings
  double step_s_ = 0.0;
  double tick_s_ = 0.0;
  int steps_per_reading_ = 1;  // of the phase
  double reading_s_ = 0.0;
  physics::DampedOscillatorStep motion_{1.0, 1.0, 0.1};
  std::vector<double> drive_cos_, drive_sin_;  // of one period
  double drive_n_ = 0.0;
  double held_n_ = 0.0;    // against the mean electrostatic force
  double turn_cos_ = 1.0;  // the generator's turn in a step
  double turn_sin_ = 0.0;
  std::uint64_t grouped_revision_ = ~std::uint64_t{0};
  double grouped_step_s_ = -1.0;
  double centre_gap_m_ = -1.0;
  double table_growth_m_ = 0.0;
  double table_amplitude_m_ = -1.0;
  GradientTable gradient_;
  double bias_v_ = 0.0;
  physics::FirstOrderHold hold_1_, hold_2_;
  double offset_gain_ = 0.0;
  bool has_loop_ = false;
  double loop_integral_ = 0.0;  // per reading
  double loop_proportional_ = 0.0;
  physics::FirstOrderHold hold_detector_;
  std::array<double, 4> piezo_{};
  double thermal_kick_m_per_s_ = 0.0;
  double detection_impulse_m_ = 0.0;
  double input_noise_v_ = 0.0;
  std::vector<physics::CorrelatedPart> flicker_parts_;
  NormalDraws thermal_draws_, detection_draws_, input_draws_;

  // the state
  std::int64_t whole_ns_ = 0;  // since the start of the grid of samples
  double part_ns_ = 0.0;
  double owed_s_ = 0.0;    // time that lay between the last sample of the old grid and its end
  double marked_s_ = 0.0;  // when the two phases below were right
  double generator_rad_ = 0.0;
  double reference_rad_ = 0.0;
  std::int64_t ticks_ = 0;       // on this grid
  std::uint64_t all_ticks_ = 0;  // since the start: numbers the random draws
  std::uint64_t flickers_ = 0;
  std::uint64_t readings_ = 0;
  int quarter_ = 0;  // of the mechanical period
  double voltage_v_ = 0.0;
  FilmStates film_;
  physics::OscillatorState motion_state_;
  std::vector<double> flicker_;
  SampledLowPass lock_in_1_, lock_in_2_, detector_;
  double loop_sum_m_ = 0.0;  // of the controller's integrator
  double loop_error_m_ = 0.0;
  double base_m_ = 0.0;  // z
  double base_m_per_s_ = 0.0;
  double phase_rad_ = 0.0;  // unwrapped
  double offset_rad_ = 0.0;
  double target_offset_rad_ = 0.0;
  double phase_sum_rad_ = 0.0;
  std::int64_t phases_ = 0;
  double input_peak_v_ = 0.0;
};

}  // namespace halotwin::devices::simulated
