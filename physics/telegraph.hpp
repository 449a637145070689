// Random telegraph process: a defect that switches between "off" and "on" (quenching) at constant
// rates, seen through frames of finite exposure; and ensembles of defects with distributed rates.
//
// With k_on (off -> on), k_off (on -> off), duty p = k_on / (k_on + k_off), tau = 1 / (k_on +
// k_off): mean p, variance p (1 - p), autocovariance p (1 - p) exp(-|t| / tau). Spectral densities
// are one-sided. Source: Machlup, J. Appl. Phys. 25, 341 (1954).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/parallel.hpp"
#include "base/random.hpp"

namespace halotwin::physics {

struct TelegraphParams {
  double on_rate_per_s = 1.0;   // k_on, off -> on
  double off_rate_per_s = 1.0;  // k_off, on -> off
  bool operator==(const TelegraphParams&) const = default;
};
/// Rates finite and not negative, not both zero.
void validate(const TelegraphParams& p);
void visit_fields(auto& visit, TelegraphParams& p) {
  visit("on_rate_per_s", p.on_rate_per_s);
  visit("off_rate_per_s", p.off_rate_per_s);
}

/// p = k_on / (k_on + k_off).
[[nodiscard]] double duty(const TelegraphParams& p);
/// tau = 1 / (k_on + k_off) [s]; its corner is at 1 / (2 pi tau).
[[nodiscard]] double correlation_time_s(const TelegraphParams& p);
/// The process of given duty (0 to 1) and correlation time.
[[nodiscard]] TelegraphParams telegraph_of(double duty, double correlation_time_s);

/// S(f) = 4 p (1 - p) tau / (1 + (2 pi f tau)^2) [1/Hz] of the unaveraged process.
[[nodiscard]] double telegraph_psd(const TelegraphParams& p, double frequency_hz);

/// Covariance of the occupations of two frames of length T whose starts are `lag` T apart, exposure
/// without gaps, x = T / tau:
///   lag 0: 2 p (1 - p) (x - 1 + e^-x) / x^2,   lag m: p (1 - p) ((1 - e^-x) / x)^2 e^-(m - 1) x
[[nodiscard]] double frame_covariance(const TelegraphParams& p, double frame_s, std::size_t lag);

/// Density of the sequence of frame occupations [1/Hz], 0 <= f <= 1 / (2 T): averaging inside the
/// frame and aliasing included, exact.
[[nodiscard]] double frame_psd(const TelegraphParams& p, double frame_s, double frequency_hz);

/// One realisation, followed forward in time. Dwell times are draws of the stream (seed,
/// Purpose::telegraph, entity), so that a trace depends on nothing else.
class TelegraphTrace {
 public:
  /// Starts in the stationary state: on with probability p at time 0.
  TelegraphTrace(const TelegraphParams& p, std::uint64_t seed, std::uint32_t entity);

  /// Goes on to `time_s` (not before the present); returns the time spent on since the last call,
  /// exact however often it switched. Work: the number of switches.
  double occupied_until(double time_s);
  /// To just after the next switch, at next_switch_s() (infinite if there is none: not to be
  /// called then).
  void pass_switch();
  [[nodiscard]] double next_switch_s() const { return next_switch_s_; }
  [[nodiscard]] bool on() const { return on_; }
  [[nodiscard]] double time_s() const { return time_s_; }
  [[nodiscard]] std::uint64_t switches() const { return switches_; }

 private:
  void draw_dwell();

  TelegraphParams params_;
  RandomStream draw_;
  bool on_ = false;
  double time_s_ = 0.0;
  double next_switch_s_ = 0.0;
  std::uint64_t switches_ = 0;
};

/// Fraction on (0 to 1) in each of `frames` frames of `frame_s`, from time 0.
[[nodiscard]] std::vector<float> frame_occupation(const TelegraphParams& p,
                                                  std::uint64_t seed,
                                                  std::uint32_t entity,
                                                  double frame_s,
                                                  std::size_t frames);

/// Occupations of many defects, frame by frame: value(frame, defect) at [frame * defects + defect].
/// Defect i draws as entity first_entity + i; any number of threads gives the same bits.
[[nodiscard]] std::vector<float> frame_occupations(std::span<const TelegraphParams> defects,
                                                   std::uint64_t seed,
                                                   std::uint32_t first_entity,
                                                   double frame_s,
                                                   std::size_t frames,
                                                   Threads threads = {});

/// How correlation times are spread over an ensemble.
enum class TimeDistribution {
  single,      // all equal
  log_normal,  // median and sigma of ln tau
  power_law    // density of ln tau ~ tau^exponent between two ends; exponent 0: log-uniform
};
[[nodiscard]] constexpr auto enumerators(TimeDistribution) {
  return std::array<std::pair<TimeDistribution, std::string_view>, 3>{
      {{TimeDistribution::single, "single"},
       {TimeDistribution::log_normal, "log_normal"},
       {TimeDistribution::power_law, "power_law"}}};
}

struct TelegraphEnsembleParams {
  TimeDistribution times = TimeDistribution::single;
  double median_time_s = 1.0;     // single and log_normal
  double sigma_ln = 0.3;          // log_normal
  double shortest_time_s = 5e-3;  // power_law
  double longest_time_s = 60.0;
  double exponent = 0.0;   // rates with density p(k) ~ k^-m: exponent m - 1, spectrum ~ f^-m
  double duty_low = 0.5;   // duties are uniform between these
  double duty_high = 0.5;  // independent of tau
  bool operator==(const TelegraphEnsembleParams&) const = default;
};
void validate(const TelegraphEnsembleParams& p);
void visit_fields(auto& visit, TelegraphEnsembleParams& p) {
  visit("times", p.times);
  visit("median_time_s", p.median_time_s);
  visit("sigma_ln", p.sigma_ln);
  visit("shortest_time_s", p.shortest_time_s);
  visit("longest_time_s", p.longest_time_s);
  visit("exponent", p.exponent);
  visit("duty_low", p.duty_low);
  visit("duty_high", p.duty_high);
}

/// The defect `entity` of an ensemble: draws of (seed, Purpose::telegraph_rates, entity).
[[nodiscard]] TelegraphParams draw_telegraph(const TelegraphEnsembleParams& p,
                                             std::uint64_t seed,
                                             std::uint32_t entity);

/// Expected S(f) of one member [1/Hz]: <p (1 - p)> times the mean of 4 tau / (1 + (2 pi f tau)^2)
/// over the distribution of tau. Log-uniform times have the closed form
///   <p (1 - p)> 2 / (pi f ln(t2 / t1)) [atan(2 pi f t2) - atan(2 pi f t1)],
/// 1/f between the corners; otherwise quadrature over ln tau, relative error below 1e-6.
/// N independent members: N times that.
[[nodiscard]] double ensemble_psd(const TelegraphEnsembleParams& p, double frequency_hz);

}  // namespace halotwin::physics
