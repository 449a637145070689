#include "physics/telegraph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using constants::pi;

namespace {

// 2 (x - 1 + e^-x) / x^2: variance of a frame's mean against that of the process
double averaged_variance(double x) {
  if (x < 1e-3) {
    return 1.0 - x / 3.0 + x * x / 12.0;
  }
  return 2.0 * (x + std::expm1(-x)) / (x * x);
}

double lorentzian(double time_s, double frequency_hz) {
  const double w = 2.0 * pi * frequency_hz * time_s;
  return 4.0 * time_s / (1.0 + w * w);
}

// mean over ln tau from low to high of weight(ln tau) lorentzian(tau); Simpson: the integrand is
// smooth on the scale of one e-fold
template <class Weight>
double mean_over_log_time(double low, double high, double frequency_hz, const Weight& weight) {
  const int steps = 64 * std::max(1, static_cast<int>(std::ceil(high - low)));
  const double step = (high - low) / steps;
  double sum = 0.0;
  double norm = 0.0;
  for (int i = 0; i <= steps; ++i) {
    const double at = low + i * step;
    const double end = i == 0 || i == steps ? 1.0 : 2.0 + 2.0 * (i % 2);
    const double w = end * weight(at);
    sum += w * lorentzian(std::exp(at), frequency_hz);
    norm += w;
  }
  return sum / norm;
}

double mean_duty_variance(const TelegraphEnsembleParams& p) {
  const double a = p.duty_low;
  const double b = p.duty_high;
  return 0.5 * (a + b) - (a * a + a * b + b * b) / 3.0;
}

double draw_time_s(const TelegraphEnsembleParams& p, RandomStream& draw) {
  const double u = draw.uniform();
  switch (p.times) {
    case TimeDistribution::log_normal:
      return p.median_time_s * std::exp(p.sigma_ln * draw.normal());
    case TimeDistribution::power_law: {
      const double span = std::log(p.longest_time_s / p.shortest_time_s);
      const double a = p.exponent * span;
      // inverse of the distribution function (e^{a s} - 1) / (e^a - 1), s = ln(tau / t1) / span
      const double s = std::abs(a) < 1e-9 ? u : std::log1p(u * std::expm1(a)) / a;
      return p.shortest_time_s * std::exp(span * s);
    }
    case TimeDistribution::single:
      break;
  }
  return p.median_time_s;
}

}  // namespace

void validate(const TelegraphParams& p) {
  require_range("on_rate_per_s", p.on_rate_per_s, 0.0, 1e12);
  require_range("off_rate_per_s", p.off_rate_per_s, 0.0, 1e12);
  require(p.on_rate_per_s + p.off_rate_per_s > 0.0, "one of the rates of a telegraph is > 0");
}

double duty(const TelegraphParams& p) {
  return p.on_rate_per_s / (p.on_rate_per_s + p.off_rate_per_s);
}

double correlation_time_s(const TelegraphParams& p) {
  return 1.0 / (p.on_rate_per_s + p.off_rate_per_s);
}

TelegraphParams telegraph_of(double duty, double correlation_time_s) {
  require_range("duty", duty, 0.0, 1.0);
  require_positive("correlation_time_s", correlation_time_s);
  return {duty / correlation_time_s, (1.0 - duty) / correlation_time_s};
}

double telegraph_psd(const TelegraphParams& p, double frequency_hz) {
  return duty(p) * (1.0 - duty(p)) * lorentzian(correlation_time_s(p), frequency_hz);
}

double frame_covariance(const TelegraphParams& p, double frame_s, std::size_t lag) {
  require_positive("frame_s", frame_s);
  const double x = frame_s / correlation_time_s(p);
  const double variance = duty(p) * (1.0 - duty(p));
  if (lag == 0) {
    return variance * averaged_variance(x);
  }
  const double part = -std::expm1(-x) / x;
  return variance * part * part * std::exp(-x * static_cast<double>(lag - 1));
}

double frame_psd(const TelegraphParams& p, double frame_s, double frequency_hz) {
  // 2 T [c0 + 2 sum_m c_m cos(m w)], c_m = c_1 q^(m-1); the sum of q^(m-1) cos(m w) is
  // (cos w - q) / (1 - 2 q cos w + q^2)
  const double q = std::exp(-frame_s / correlation_time_s(p));
  const double w = 2.0 * pi * frequency_hz * frame_s;
  const double half = std::sin(0.5 * w);
  const double lost = 1.0 - q;
  const double denominator = lost * lost + 4.0 * q * half * half;
  const double cosine = lost - 2.0 * half * half;
  return 2.0 * frame_s *
         (frame_covariance(p, frame_s, 0) +
          2.0 * frame_covariance(p, frame_s, 1) * cosine / denominator);
}

TelegraphTrace::TelegraphTrace(const TelegraphParams& p, std::uint64_t seed, std::uint32_t entity)
    : params_(p), draw_(seed, Purpose::telegraph, entity) {
  validate(p);
  on_ = draw_.uniform() < duty(p);
  draw_dwell();
}

void TelegraphTrace::draw_dwell() {
  const double rate = on_ ? params_.off_rate_per_s : params_.on_rate_per_s;
  next_switch_s_ = rate > 0.0 ? next_switch_s_ + draw_.exponential() / rate
                              : std::numeric_limits<double>::infinity();
}

void TelegraphTrace::pass_switch() {
  time_s_ = next_switch_s_;
  on_ = !on_;
  ++switches_;
  draw_dwell();
}

double TelegraphTrace::occupied_until(double time_s) {
  require(time_s >= time_s_, "time_s", time_s, "not before the present");
  double occupied = 0.0;
  while (next_switch_s_ < time_s) {
    occupied += on_ ? next_switch_s_ - time_s_ : 0.0;
    pass_switch();
  }
  occupied += on_ ? time_s - time_s_ : 0.0;
  time_s_ = time_s;
  return occupied;
}

std::vector<float> frame_occupation(const TelegraphParams& p,
                                    std::uint64_t seed,
                                    std::uint32_t entity,
                                    double frame_s,
                                    std::size_t frames) {
  return frame_occupations(std::span(&p, 1), seed, entity, frame_s, frames);
}

std::vector<float> frame_occupations(std::span<const TelegraphParams> defects,
                                     std::uint64_t seed,
                                     std::uint32_t first_entity,
                                     double frame_s,
                                     std::size_t frames,
                                     Threads threads) {
  require_positive("frame_s", frame_s);
  std::vector<float> out(defects.size() * frames);
  for_each_chunk(defects.size(), 64, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      TelegraphTrace trace(defects[i], seed, first_entity + static_cast<std::uint32_t>(i));
      for (std::size_t k = 0; k < frames; ++k) {
        const double on_s = trace.occupied_until(static_cast<double>(k + 1) * frame_s);
        out[k * defects.size() + i] = static_cast<float>(std::clamp(on_s / frame_s, 0.0, 1.0));
      }
    }
  });
  return out;
}

void validate(const TelegraphEnsembleParams& p) {
  require_positive("median_time_s", p.median_time_s);
  require_range("sigma_ln", p.sigma_ln, 0.0, 5.0);
  require_positive("shortest_time_s", p.shortest_time_s);
  require(p.longest_time_s > p.shortest_time_s,
          "longest_time_s",
          p.longest_time_s,
          "> shortest_time_s");
  require_range("exponent", p.exponent, -3.0, 3.0);
  require_range("duty_low", p.duty_low, 0.0, 1.0);
  require_range("duty_high", p.duty_high, p.duty_low, 1.0);
}

TelegraphParams draw_telegraph(const TelegraphEnsembleParams& p,
                               std::uint64_t seed,
                               std::uint32_t entity) {
  validate(p);
  RandomStream draw(seed, Purpose::telegraph_rates, entity);
  const double duty = draw.uniform(p.duty_low, p.duty_high);
  return telegraph_of(duty, draw_time_s(p, draw));
}

double ensemble_psd(const TelegraphEnsembleParams& p, double frequency_hz) {
  validate(p);
  require(frequency_hz >= 0.0, "frequency_hz", frequency_hz, ">= 0");
  const double variance = mean_duty_variance(p);
  const double median = std::log(p.median_time_s);
  const double low = std::log(p.shortest_time_s);
  const double high = std::log(p.longest_time_s);
  switch (p.times) {
    case TimeDistribution::log_normal:
      if (p.sigma_ln > 0.0) {
        const auto gauss = [&](double at) {
          const double z = (at - median) / p.sigma_ln;
          return std::exp(-0.5 * z * z);
        };
        const double reach = 8.0 * p.sigma_ln;
        return variance * mean_over_log_time(median - reach, median + reach, frequency_hz, gauss);
      }
      break;
    case TimeDistribution::power_law: {
      if (p.exponent == 0.0 && frequency_hz > 0.0) {
        const double w = 2.0 * pi * frequency_hz;
        const double span = std::atan(w * p.longest_time_s) - std::atan(w * p.shortest_time_s);
        return variance * 4.0 * span / (w * (high - low));
      }
      const auto power = [&](double at) { return std::exp(p.exponent * (at - low)); };
      return variance * mean_over_log_time(low, high, frequency_hz, power);
    }
    case TimeDistribution::single:
      break;
  }
  return variance * lorentzian(p.median_time_s, frequency_hz);
}

}  // namespace halotwin::physics
