// The output filter of a lock-in: n equal RC stages, their response, settling, noise and exact
// propagation.
#pragma once

#include <array>
#include <complex>
#include <span>

namespace halotwin::physics {

inline constexpr int max_low_pass_order = 8;

/// n cascaded one-pole stages of equal time constant, as in HF2LI and MFLI demodulators (order 1 to
/// 8).
struct LowPassParams {
  int order = 4;
  double time_constant_s = 1e-3;
  bool operator==(const LowPassParams&) const = default;
};
void validate(const LowPassParams& p);
void visit_fields(auto& visit, LowPassParams& p) {
  visit("order", p.order);
  visit("time_constant_s", p.time_constant_s);
}

/// H(w) = (1 + i w tau)^-n.
[[nodiscard]] std::complex<double> low_pass_response(const LowPassParams& p, double rad_per_s);

/// Noise-equivalent bandwidth [Hz]: int |H|^2 df over f > 0 = 1/(4 tau), 1/(8 tau), 3/(32 tau),
/// 5/(64 tau) ...
[[nodiscard]] double noise_equivalent_bandwidth_hz(const LowPassParams& p);
/// -3 dB bandwidth [Hz]: sqrt(2^{1/n} - 1) / (2 pi tau).
[[nodiscard]] double bandwidth_3db_hz(const LowPassParams& p);

/// Outputs of the stages; stage[order - 1] is the filter's output.
struct LowPassState {
  std::array<std::complex<double>, max_low_pass_order> stage{};
};

/// One term of an input u(t) = sum_j A_j exp(lambda_j t), t = 0 at the start of the step.
struct ExponentialTerm {
  std::complex<double> amplitude;
  std::complex<double> rate_per_s;
};

/// Propagates all stages exactly over `duration_s` under a sum of exponentials (closed form, no
/// steps; also where lambda = -1/tau). Allocates nothing; below a microsecond for 5 terms and 4
/// stages. Steady parts: settle at once by `steady_state`.
void advance(const LowPassParams& p,
             LowPassState& state,
             std::span<const ExponentialTerm> input,
             double duration_s);

/// The stages after a long time under the same input (terms that decay faster than the filter have
/// no steady part and are not allowed): y_k = sum_j A_j / (1 + lambda_j tau)^k.
[[nodiscard]] LowPassState steady_state(const LowPassParams& p,
                                        std::span<const ExponentialTerm> input);

/// Real lower-triangular factor of a covariance of the stages.
struct LowPassNoiseFactor {
  std::array<std::array<double, max_low_pass_order>, max_low_pass_order> lower{};
  int order = 0;
};

/// What white noise adds to the stages in x = dt / tau time constants, per sqrt(S / tau), where S
/// is the TWO-SIDED density of the input [V^2/Hz]. The covariance is (j, k from 0)
///
///   Q(x)[j][k] = int_0^x s^{j+k} e^{-2s} ds / (j! k!) = Q_inf - A Q_inf A^T
///   Q_inf[j][k] = (j+k)! / (j! k! 2^{j+k+1})
///
/// computed from the integral, which keeps its digits for small x; x = infinity gives Q_inf.
/// Advance first, then add factor * (standard normals): readings at any spacing then have the exact
/// joint statistics. A signal at f with one-sided density S1 gives each of X and Y, scaled to peak
/// amplitude, the two-sided density S = S1, thus the variance S1 / (2 tau) for one stage.
[[nodiscard]] LowPassNoiseFactor noise_factor(int order, double time_constants);

/// state += scale * factor * normals; X from the first `order` normals, Y from the next `order`.
void add_noise(const LowPassNoiseFactor& factor,
               double scale,
               std::span<const double> normals,
               LowPassState& state);

/// Exact step of one stage for an input that is linear within the step:
///   y1 = decay y0 + gain_old u0 + gain_new u1
/// Cascaded stage by stage (each takes the one before as linear) it is second order in the step.
struct FirstOrderHold {
  FirstOrderHold() = default;
  FirstOrderHold(double time_constant_s, double step_s);

  double decay = 1.0;
  double gain_old = 0.0;
  double gain_new = 0.0;

  template <class T>
  [[nodiscard]] T operator()(const T& y, const T& u_old, const T& u_new) const {
    return decay * y + gain_old * u_old + gain_new * u_new;
  }
};

}  // namespace halotwin::physics
