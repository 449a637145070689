#include "analysis/pipelines/bias_spectroscopy.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Dense>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr int most_steps = 50;
constexpr double five_sigma = 5.0;

/// In u = (x - middle) / half, where all powers are of one size.
struct Scaled {
  double middle = 0.0;
  double half = 1.0;
  std::vector<double> u, y, w;
};

Scaled scaled(std::span<const double> x, std::span<const double> y, std::span<const double> w) {
  Scaled out;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double weight = w.empty() ? 1.0 : w[k];
    if (std::isfinite(y[k]) && weight > 0.0) {
      out.u.push_back(x[k]);
      out.y.push_back(y[k]);
      out.w.push_back(weight);
    }
  }
  if (!out.u.empty()) {
    const auto [low, high] = std::minmax_element(out.u.begin(), out.u.end());
    out.middle = 0.5 * (*low + *high);
    out.half = std::max(0.5 * (*high - *low), 1e-300);
  }
  for (double& u : out.u) {
    u = (u - out.middle) / out.half;
  }
  return out;
}

using Normal = Eigen::Matrix4d;
using Step = Eigen::Vector4d;

/// Parameters: apex, curvature, offset, quartic.
double residual(const Scaled& s, const Step& p, std::size_t k) {
  const double d2 = std::pow(s.u[k] - p[0], 2.0);
  return s.y[k] - p[2] - d2 * (p[1] + p[3] * d2);
}

/// One step of Gauss and Newton; the normal matrix goes out for the uncertainties.
Step gauss_newton(const Scaled& s, const Step& p, bool with_quartic, Normal& normal) {
  normal.setZero();
  Step right = Step::Zero();
  for (std::size_t k = 0; k < s.u.size(); ++k) {
    const double d = s.u[k] - p[0];
    const Step slope(-2.0 * p[1] * d - 4.0 * p[3] * d * d * d, d * d, 1.0, d * d * d * d);
    normal += s.w[k] * slope * slope.transpose();
    right += s.w[k] * residual(s, p, k) * slope;
  }
  if (!with_quartic) {
    normal.row(3).setZero();
    normal.col(3).setZero();
    normal(3, 3) = 1.0;
    right[3] = 0.0;
  }
  return normal.ldlt().solve(right);
}

/// The parabola alone, which is linear.
Step first_guess(const Scaled& s) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  for (std::size_t k = 0; k < s.u.size(); ++k) {
    const Eigen::Vector3d base(1.0, s.u[k], s.u[k] * s.u[k]);
    normal += s.w[k] * base * base.transpose();
    right += s.w[k] * s.y[k] * base;
  }
  const Eigen::Vector3d c = normal.ldlt().solve(right);
  const double apex = -c[1] / (2.0 * c[2]);
  return {std::clamp(std::isfinite(apex) ? apex : 0.0, -1.0, 1.0), c[2], c[0], 0.0};
}

struct Direction {
  std::vector<double> detuning_hz, weights;
};

/// Equal noise of the phase makes noise of the detuning that goes as 1 / sin^2.
Direction detuning_of(const BiasSpectroscopyInput& in,
                      std::span<const double> phase_rad,
                      const BiasSpectroscopyOptions& options) {
  Direction out;
  for (const double phase : phase_rad) {
    const double sine = std::cos(phase - in.lever.phase_on_resonance_rad);
    const bool seen = sine >= options.least_sine;  // not where there is no number
    out.detuning_hz.push_back(seen ? detuning_hz(in.lever, phase) : 0.0);
    out.weights.push_back(seen ? std::pow(sine, 4.0) : 0.0);
  }
  return out;
}

PlaceOfSpectroscopy place_of(const BiasSpectroscopyInput& in,
                             std::span<const double> phase_rad,
                             const BiasSpectroscopyOptions& options) {
  const std::size_t n = in.bias_v.size();
  std::array<ParabolaFit, 2> fits;
  for (std::size_t way = 0; way < 2; ++way) {
    const Direction curve = detuning_of(in, phase_rad.subspan(way * n, n), options);
    fits[way] = fit_parabola(in.bias_v, curve.detuning_hz, curve.weights, options.bending);
    const double apex = fits[way].apex.value;
    if (!fits[way].found || !(apex > in.bias_v.front() && apex < in.bias_v.back())) {
      return {{nan, nan}, {nan, nan}, {nan, nan}};
    }
  }
  const auto mean_of = [](const Estimate& a, const Estimate& b) -> Estimate {
    return {0.5 * (a.value + b.value), 0.5 * std::hypot(a.sigma, b.sigma)};
  };
  return {mean_of(fits[0].apex, fits[1].apex),
          mean_of(fits[0].curvature, fits[1].curvature),
          {fits[0].apex.value - fits[1].apex.value,
           std::hypot(fits[0].apex.sigma, fits[1].apex.sigma)}};
}

/// A curve at another order of its points.
std::vector<double> shuffled(std::span<const double> curve,
                             std::uint64_t seed,
                             std::size_t entity) {
  std::vector<double> out(curve.begin(), curve.end());
  RandomStream draw(seed, Purpose::bootstrap, static_cast<std::uint32_t>(entity), 1);
  for (std::size_t k = out.size(); k > 1; --k) {
    std::swap(out[k - 1], out[draw.index(static_cast<std::uint32_t>(k))]);
  }
  return out;
}

bool known(const PlaceOfSpectroscopy& place) {
  return std::isfinite(place.potential_v.value);
}

std::vector<double> of_known(const std::vector<PlaceOfSpectroscopy>& places, auto value) {
  std::vector<double> out;
  for (const PlaceOfSpectroscopy& place : places) {
    if (known(place)) {
      out.push_back(value(place));
    }
  }
  return out;
}

Estimate mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  return values.empty() ? Estimate{nan, nan}
                        : Estimate{mean(values), standard_deviation(values) / std::sqrt(n)};
}

void sum_up(BiasSpectroscopyResult& r) {
  const auto potentials = of_known(r.places, [](const auto& p) { return p.potential_v.value; });
  const auto hysteresis = of_known(r.places, [](const auto& p) { return p.hysteresis_v.value; });
  r.mean_v = mean_of(potentials);
  r.mean_hysteresis_v = mean_of(hysteresis);
  r.mean_curvature = mean_of(of_known(r.places, [](const auto& p) { return p.curvature.value; }));
  const auto in_sigmas = of_known(r.places, [&](const auto& p) {
    return (p.hysteresis_v.value - r.mean_hysteresis_v.value) / p.hysteresis_v.sigma;
  });
  if (in_sigmas.size() > 2) {
    r.excess_scatter = standard_deviation(in_sigmas);
    const double factor = std::max(r.excess_scatter, 1.0);
    for (PlaceOfSpectroscopy& place : r.places) {
      for (Estimate* e : {&place.potential_v, &place.curvature, &place.hysteresis_v}) {
        e->sigma *= factor;
      }
    }
  }
  const auto sigmas = of_known(r.places, [](const auto& p) { return p.potential_v.sigma; });
  if (!sigmas.empty()) {
    r.noise_v = median(sigmas);
    double noise2 = 0.0;
    for (const double s : sigmas) {
      noise2 += s * s / static_cast<double>(sigmas.size());
    }
    const double deviation = standard_deviation(potentials);
    r.contrast_v = std::sqrt(std::max(deviation * deviation - noise2, 0.0));
  }
}

}  // namespace

void validate(const BiasSpectroscopyOptions& p) {
  require_range("least_sine", p.least_sine, 1e-3, 0.9);
}

ParabolaFit fit_parabola(std::span<const double> x,
                         std::span<const double> y,
                         std::span<const double> weights,
                         bool with_quartic) {
  require(x.size() == y.size() && (weights.empty() || weights.size() == x.size()),
          "a parabola needs as many values as places");
  const Scaled s = scaled(x, y, weights);
  const std::size_t parameters = with_quartic ? 4 : 3;
  ParabolaFit fit;
  if (s.u.size() < parameters + 1) {
    return fit;
  }
  Step p = first_guess(s);
  Normal normal;
  bool ended = false;
  for (int step = 0; step < most_steps && !ended; ++step) {
    const Step by = gauss_newton(s, p, with_quartic, normal);
    p += by;
    ended = std::abs(by[0]) < 1e-10;
    if (!p.allFinite() || std::abs(p[0]) > 2.0) {
      return fit;
    }
  }
  if (!ended) {
    return fit;
  }
  double squares = 0.0;
  for (std::size_t k = 0; k < s.u.size(); ++k) {
    squares += s.w[k] * std::pow(residual(s, p, k), 2.0);
  }
  const double variance = squares / static_cast<double>(s.u.size() - parameters);
  static_cast<void>(gauss_newton(s, p, with_quartic, normal));
  const Normal covariance = variance * normal.inverse();
  const double h2 = s.half * s.half;
  fit.apex = {s.middle + s.half * p[0], s.half * std::sqrt(covariance(0, 0))};
  fit.curvature = {p[1] / h2, std::sqrt(covariance(1, 1)) / h2};
  fit.offset = p[2];
  fit.quartic = p[3] / (h2 * h2);
  fit.scatter = std::sqrt(variance);
  fit.found = std::isfinite(fit.apex.sigma) &&
              std::abs(fit.curvature.value) > five_sigma * fit.curvature.sigma;
  return fit;
}

double detuning_hz(const LeverTune& lever, double phase_rad) {
  const double r = lever.drive_hz / lever.resonance_hz;
  // cot(p - pi/2) = -tan(p)
  const double k =
      r * r - 1.0 + r / lever.quality_factor * std::tan(phase_rad - lever.phase_on_resonance_rad);
  return k > -1.0 ? lever.resonance_hz * (std::sqrt(1.0 + k) - 1.0) : -lever.resonance_hz;
}

BiasSpectroscopyResult analyse_bias_spectroscopy(const BiasSpectroscopyInput& input,
                                                 const BiasSpectroscopyOptions& options) {
  validate(options);
  const std::size_t n = input.bias_v.size();
  require(
      n >= 5 && input.phase_rad.size() % (2 * n) == 0 && input.reference_rad.size() % (2 * n) == 0,
      "curves in two directions of at least five points expected");
  BiasSpectroscopyResult r;
  std::size_t resolved = 0;
  std::size_t resolved_shuffled = 0;
  for (std::size_t k = 0; k < input.phase_rad.size() / (2 * n); ++k) {
    const auto curve = input.phase_rad.subspan(2 * n * k, 2 * n);
    const bool measured =
        std::all_of(curve.begin(), curve.end(), [](double v) { return std::isfinite(v); });
    r.places.push_back(place_of(input, curve, options));
    if (measured) {
      ++r.measured;
      resolved += known(r.places.back()) ? 1 : 0;
      std::vector<double> mixed = shuffled(curve.first(n), options.seed, 2 * k);
      const std::vector<double> back = shuffled(curve.last(n), options.seed, 2 * k + 1);
      mixed.insert(mixed.end(), back.begin(), back.end());
      resolved_shuffled += known(place_of(input, mixed, options)) ? 1 : 0;
    }
  }
  if (r.measured == 0) {
    throw DataError("no place was measured");
  }
  r.resolved = static_cast<double>(resolved) / static_cast<double>(r.measured);
  r.null_resolved = static_cast<double>(resolved_shuffled) / static_cast<double>(r.measured);
  sum_up(r);
  r.metal_v = r.against_metal_v = {nan, nan};
  std::vector<double> metal;
  for (std::size_t k = 0; k < input.reference_rad.size() / (2 * n); ++k) {
    const auto place = place_of(input, input.reference_rad.subspan(2 * n * k, 2 * n), options);
    if (known(place)) {
      metal.push_back(place.potential_v.value);
    }
  }
  if (metal.size() > 1) {
    r.metal_v = mean_of(metal);
    r.against_metal_v = {r.mean_v.value - r.metal_v.value,
                         std::hypot(r.mean_v.sigma, r.metal_v.sigma)};
  }
  return r;
}

}  // namespace halotwin::analysis
