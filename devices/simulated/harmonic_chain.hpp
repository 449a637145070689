// The closed-form engine: exact small-signal response, filter memory and noise statistics, at any
// spacing of readings.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "devices/simulated/lever_modulation.hpp"
#include "devices/simulated/signal_chain.hpp"
#include "devices/simulated/tip_response.hpp"
#include "physics/cantilever.hpp"
#include "physics/height_loop.hpp"
#include "physics/low_pass.hpp"
#include "physics/tip_sample.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// Parameters that both engines share.
struct ChainParams {
  physics::CantileverParams cantilever;
  physics::TipParams tip;
  physics::OrbitParams nominal_orbit;
  double input_noise_v_per_sqrt_hz = 5.0e-9;  // of lock-in 2
  physics::HeightLoopParams height_loop;
};

/// Phase of the lever, to first order in dk around the operating point (the static part shifts the
/// resonance):
///
///   phi(t) = Re[ Phi_1 e^{i th} + Phi_2 e^{2 i th} ] + Im[ eps e^{lambda t} ],   th = generator
///   phase, Phi_n = (dPhi/dk)(n w_e) dk_n,   dk_1 = -<C''> r(0) r*(f) DV V0 + ...,   dk_2 = -(1/4)
///   <C''> R*(f) V0^2 + ..., lambda = -g + i (w_0 - w_m)
///
/// The dots: bending of the lever (V^4, physics::gradient_harmonics), the height loop and, where
/// the stimulus is strong, the difference to the full force over the orbit (LeverModulation). eps
/// is the lever's free transient: at a change of settings its envelope (amplitude + i phase) is
/// continuous. Lock-in 1 multiplies each term by its response (its own memory of microseconds is
/// left out). Lock-in 2 multiplies by 2 e^{-i h th_r} and filters: every term is an exponential, so
/// the n stages are propagated in closed form. Noise: white over the band of lock-in 2, with the
/// density of the phase noise at h f_r; the joint statistics of readings at any spacing are exact.
/// Film and ion transients after a change of frequency (below the lever's ring time) are left out.
/// AC coupling: the static phase does not reach lock-in 2. Sources: physics-facts a2, a3, a5;
/// cavar2026 eqs. 1-3.
class HarmonicChain final : public SignalChain {
 public:
  HarmonicChain(const sim::World& world, const ChainParams& params);

  void advance(double dt_s) override;
  void change(const ChainSettings& settings) override;
  [[nodiscard]] ChainOutput output() override;
  [[nodiscard]] bool phase_is_noisy() const override { return false; }
  [[nodiscard]] std::vector<double> save() const override;
  void load(std::span<const double> state) override;

 private:
  // Steady modulation of the lever's envelope at the first and second harmonic of the generator.
  struct Steady {
    std::array<std::complex<double>, 2> phase{};
    std::array<std::complex<double>, 2> amplitude{};
    double mean_phase_rad = 0.0;
  };
  [[nodiscard]] Steady steady_state();
  void correct_strong(const LeverAtWork& work,
                      const physics::GradientHarmonics& rigid,
                      Steady& steady);
  [[nodiscard]] const physics::HeightLoop* loop();
  [[nodiscard]] double log_slope(double gap_m);
  [[nodiscard]] std::complex<double> envelope(const Steady& steady) const;
  [[nodiscard]] std::complex<double> lock_in_1(std::complex<double> rate_per_s) const;
  [[nodiscard]] double noise_density() const;
  void settle_pending();
  void propagate_signal(double dt_s);
  void propagate_noise(double dt_s);

  const sim::World* world_;
  ChainParams params_;
  TipResponse response_;
  StrongStimulus strong_;
  std::optional<physics::HeightLoop> loop_;
  physics::HeightGains gains_;
  double slope_gap_m_ = -1.0;
  double slope_amplitude_m_ = -1.0;
  double slope_growth_m_ = 0.0;
  double slope_per_m_ = 0.0;
  ChainSettings settings_;
  bool pending_ = false;  // the settings changed and the steady state was not worked out yet
  Steady steady_;
  std::complex<double> transient_;  // eps at the present moment
  double generator_rad_ = 0.0;      // th
  double reference_rad_ = 0.0;      // th_r
  physics::LowPassState signal_;
  physics::LowPassState noise_;
  std::uint64_t noise_steps_ = 0;
  double noise_density_ = 0.0;  // of the input of lock-in 2 [V^2/Hz], one-sided
  physics::LowPassNoiseFactor factor_;
  double factor_time_constants_ = -1.0;
};

}  // namespace halotwin::devices::simulated
