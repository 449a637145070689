// The closed-form engine against the equations of motion: response, settling and noise of the
// PM-DNS chain.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/time_domain_chain.hpp"
#include "sim/world.hpp"

namespace halotwin::validation {

/// What both engines are set to. One case per combination of the lists.
struct EnginesPlan {
  Point tip{};
  double amplitude_m = 10e-9;
  double mean_gap_m = 13e-9;
  double resonance_hz = 75e3;
  double drive_peak_v = 0.2;  // small, so that the lever's answer is linear: below 0.1 % of excess
  double offset_v = 0.0;
  double lock_in_1_scale_v_per_rad = 1.0;
  std::vector<double> frequencies_hz;     // of the stimulus, in the order of the sweep
  std::vector<double> detunings_hz{0.0};  // drive minus resonance
  std::vector<double> quality_factors{150.0};
  std::vector<double> lock_in_1_time_constants_s{3e-6};
  double cycles_per_time_constant = 0.6;  // lock-in 2: tau = clamp(this / f, 1 ms, 5 ms)
  double wait_time_constants = 11.0;      // after each step of the sweep
  double loop_integral_per_s = 0.0;       // height feedback; 0 and 0: none
  double loop_proportional = 0.0;
};

struct EnginesRow {
  double frequency_hz = 0.0;
  double detuning_hz = 0.0;
  double quality_factor = 0.0;
  double lock_in_1_time_constant_s = 0.0;
  double time_constant_s = 0.0;
  std::complex<double> harmonic_v;
  std::complex<double> time_domain_v;
  /// time domain / harmonic
  [[nodiscard]] double amplitude_ratio() const;
  [[nodiscard]] double phase_difference_deg() const;
};

/// The sweep of PM-DNS with both engines; the world has no noise. Case by case, then along the
/// sweep.
[[nodiscard]] std::vector<EnginesRow> compare_responses(
    const sim::World& world,
    const devices::simulated::ChainParams& params,
    const EnginesPlan& plan,
    const devices::simulated::TimeDomainOptions& options = {},
    Threads threads = {});

struct SettlingRow {
  double time_constants = 0.0;  // since the step of the frequency
  std::complex<double> harmonic_v;
  std::complex<double> time_domain_v;
  double full_scale_v = 0.0;  // modulus of the settled reading
};

/// The readings after a step between the first two frequencies of the plan (first detuning, first
/// quality factor, first time constant).
[[nodiscard]] std::vector<SettlingRow> compare_settling(
    const sim::World& world,
    const devices::simulated::ChainParams& params,
    const EnginesPlan& plan,
    const std::vector<double>& time_constants);

struct NoiseRow {
  double frequency_hz = 0.0;  // of the stimulus; the noise is that at twice this frequency
  double harmonic_v2_per_hz = 0.0;
  double time_domain_v2_per_hz = 0.0;
  double relative_sigma = 0.0;  // of the time domain, from the number of independent readings
  [[nodiscard]] double ratio() const { return time_domain_v2_per_hz / harmonic_v2_per_hz; }
};

/// One-sided density of the noise at the input of lock-in 2, from `readings` readings five time
/// constants apart (twenty times as many from the closed form), with the stimulus off and the
/// world's noise on; first detuning, first quality factor.
[[nodiscard]] std::vector<NoiseRow> compare_noise(const sim::World& world,
                                                  const devices::simulated::ChainParams& params,
                                                  const EnginesPlan& plan,
                                                  std::size_t readings = 6000,
                                                  Threads threads = {});

}  // namespace halotwin::validation
