#include "physics/defocus.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

namespace {

constexpr double rays_beyond_rad = 50.0;

/// Nodes and weights of Gauss and Legendre on 0..1 (Newton's method on P_n).
struct GaussRule {
  explicit GaussRule(std::size_t n) : node(n), weight(n) {
    const auto order = static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      double x = std::cos(constants::pi * (static_cast<double>(i) + 0.75) / (order + 0.5));
      double slope = 1.0;
      for (int step = 0; step < 100; ++step) {
        double last = 1.0;
        double now = x;
        for (std::size_t k = 2; k <= n; ++k) {
          const auto d = static_cast<double>(k);
          const double next = ((2.0 * d - 1.0) * x * now - (d - 1.0) * last) / d;
          last = now;
          now = next;
        }
        slope = order * (x * now - last) / (x * x - 1.0);
        const double change = now / slope;
        x -= change;
        if (std::abs(change) < 1e-15) {
          break;
        }
      }
      node[i] = 0.5 * (1.0 + x);
      weight[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
  }
  std::vector<double> node;
  std::vector<double> weight;
};

/// k z of the phase, and the largest phase in the pupil against its middle [rad].
double phase_scale(const MicroscopeParams& p, double defocus_m) {
  return constants::two_pi / p.emission_wavelength_m * std::abs(defocus_m);
}
double peak_phase_rad(const MicroscopeParams& p, double defocus_m) {
  const double n = p.immersion_index;
  const double na = p.numerical_aperture;
  return phase_scale(p, defocus_m) * (n - std::sqrt(n * n - na * na));
}

/// Mean of cos[W(x + s, y) - W(x - s, y)] over what both pupils cover.
double lens_mean(const MicroscopeParams& p, double scale_rad, double s, const GaussRule& rule) {
  const double n2 = p.immersion_index * p.immersion_index;
  const double na2 = p.numerical_aperture * p.numerical_aperture;
  const double half_height = std::sqrt(std::max((1.0 - s) * (1.0 + s), 0.0));
  double sum = 0.0;
  double area = 0.0;
  for (std::size_t j = 0; j < rule.node.size(); ++j) {
    const double t = 0.5 * constants::pi * rule.node[j];
    const double y = half_height * std::sin(t);
    const double width = std::max(std::sqrt(std::max(1.0 - y * y, 0.0)) - s, 0.0);
    const double strip = rule.weight[j] * std::cos(t) * width;
    double along = 0.0;
    for (std::size_t i = 0; i < rule.node.size(); ++i) {
      const double x = width * rule.node[i];
      const double q_plus = std::sqrt(n2 - na2 * ((x + s) * (x + s) + y * y));
      const double q_minus = std::sqrt(n2 - na2 * ((x - s) * (x - s) + y * y));
      along += rule.weight[i] * std::cos(scale_rad * 4.0 * na2 * x * s / (q_plus + q_minus));
    }
    sum += strip * along;
    area += strip;
  }
  return s > 0.0 && area > 0.0 ? sum / area : 1.0;
}

/// Minimum of a function on low..high: the best of a scan, then golden sections around it.
double minimum(const std::function<double(double)>& f, double low, double high) {
  constexpr int steps = 64;
  const double step = (high - low) / steps;
  int best = 0;
  double least = f(low);
  for (int i = 1; i <= steps; ++i) {
    const double value = f(low + i * step);
    if (value < least) {
      least = value;
      best = i;
    }
  }
  double a = low + std::max(best - 1, 0) * step;
  double b = low + std::min(best + 1, steps) * step;
  constexpr double golden = 0.6180339887498949;
  for (int i = 0; i < 40; ++i) {
    const double left = b - golden * (b - a);
    const double right = a + golden * (b - a);
    (f(left) < f(right) ? b : a) = f(left) < f(right) ? right : left;
  }
  return 0.5 * (a + b);
}

}  // namespace

DefocusedTransfer::DefocusedTransfer(const MicroscopeParams& p, double defocus_m)
    : s_per_frequency_m_(p.emission_wavelength_m / (2.0 * p.numerical_aperture)) {
  validate(p);
  require_range("defocus_m", defocus_m, -1.0, 1.0);
  if (defocus_m == 0.0) {
    return;
  }
  const double phase_rad = peak_phase_rad(p, defocus_m);
  const double most_rad = std::min(phase_rad, rays_beyond_rad);
  const auto intervals = static_cast<std::size_t>(128.0 + 16.0 * std::ceil(most_rad));
  const GaussRule rule(static_cast<std::size_t>(24.0 + std::ceil(most_rad)));
  ratio_.resize(intervals + 1);
  for (std::size_t i = 0; i <= intervals; ++i) {
    const double s = static_cast<double>(i) / static_cast<double>(intervals);
    ratio_[i] = phase_rad > rays_beyond_rad
                    ? geometric_transfer(p, defocus_m, s / s_per_frequency_m_)
                    : lens_mean(p, phase_scale(p, defocus_m), s, rule);
  }
}

double DefocusedTransfer::operator()(double per_m) const {
  const double s = std::abs(per_m) * s_per_frequency_m_;
  if (ratio_.empty() || s >= 1.0) {
    return 1.0;
  }
  // cubic through four neighbours; the ratio is even in s
  const double place = s * static_cast<double>(ratio_.size() - 1);
  const auto i = static_cast<std::ptrdiff_t>(place);
  const double t = place - static_cast<double>(i);
  const auto last = static_cast<std::ptrdiff_t>(ratio_.size()) - 1;
  const auto at = [&](std::ptrdiff_t k) {
    return ratio_[static_cast<std::size_t>(std::min(std::abs(k), last))];
  };
  const double a = at(i - 1);
  const double b = at(i);
  const double c = at(i + 1);
  const double d = at(i + 2);
  return b +
         0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)));
}

double geometric_transfer(const MicroscopeParams& p, double defocus_m, double per_m) {
  const double n2 = p.immersion_index * p.immersion_index;
  const double na2 = p.numerical_aperture * p.numerical_aperture;
  const double scale = constants::two_pi * std::abs(per_m * defocus_m);
  const double steepest = std::sqrt(na2 / (n2 - na2));
  const GaussRule rule(
      static_cast<std::size_t>(std::min(32.0 + std::ceil(0.5 * scale * steepest), 2048.0)));
  double sum = 0.0;
  for (std::size_t i = 0; i < rule.node.size(); ++i) {
    const double rho = rule.node[i];
    const double tangent = std::sqrt(na2 / (n2 - na2 * rho * rho)) * rho;
    sum += rule.weight[i] * 2.0 * rho * std::cyl_bessel_j(0.0, scale * tangent);
  }
  return sum;
}

double strehl_ratio(const MicroscopeParams& p, double defocus_m) {
  validate(p);
  if (defocus_m == 0.0) {
    return 1.0;
  }
  const double n = p.immersion_index;
  const double na = p.numerical_aperture;
  const double scale = phase_scale(p, defocus_m);
  const GaussRule rule(
      static_cast<std::size_t>(std::min(32.0 + peak_phase_rad(p, defocus_m), 2048.0)));
  std::complex<double> sum;
  for (std::size_t i = 0; i < rule.node.size(); ++i) {
    // int_0^1 exp(iW) du, u = rho^2
    const double u = rule.node[i];
    sum += rule.weight[i] * std::polar(1.0, scale * (std::sqrt(n * n - na * na * u) - n));
  }
  return std::norm(sum);
}

double mean_tan_squared(const MicroscopeParams& p) {
  const double share = std::pow(p.numerical_aperture / p.immersion_index, 2.0);
  return share < 1e-4 ? 0.5 * share * (1.0 + 2.0 / 3.0 * share) : -1.0 - std::log1p(-share) / share;
}

double gaussian_defocus_m(const MicroscopeParams& p, double defocus_m) {
  if (defocus_m == 0.0) {
    return 0.0;
  }
  MicroscopeParams airy = p;
  airy.psf_shape = PsfShape::airy;
  const DefocusedTransfer ratio(airy, defocus_m);
  constexpr int points = 200;
  const double band_per_m = 2.0 * p.numerical_aperture / p.emission_wavelength_m;
  std::vector<double> frequency;
  std::vector<double> weight;
  std::vector<double> wanted;
  for (int i = 0; i < points; ++i) {
    const double f = (i + 0.5) / points * band_per_m;
    const double transfer = optical_transfer(airy, f);
    frequency.push_back(f);
    weight.push_back(transfer * transfer * f);
    wanted.push_back(ratio(f));
  }
  const auto misfit = [&](double d_m) {
    double sum = 0.0;
    for (std::size_t i = 0; i < frequency.size(); ++i) {
      const double x = constants::pi * d_m * frequency[i];
      const double miss = wanted[i] - std::exp(-2.0 * x * x);
      sum += weight[i] * miss * miss;
    }
    return sum;
  };
  // what second moments tell is the most
  return minimum(misfit, 0.0, std::abs(defocus_m) * std::sqrt(0.5 * mean_tan_squared(p)));
}

}  // namespace halotwin::physics
