#include "analysis/control_peaks.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "analysis/peaks.hpp"
#include "analysis/transfer.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double ln10 = 2.302585092994046;
constexpr double widest_fit_decades = 0.35;  // peaks.hpp, wide_peak
constexpr double narrowest_fit_decades = 0.06;

double probability_above(double value, double limit, double sigma) {
  return sigma > 0.0 ? 0.5 * std::erfc(-(value - limit) / (sigma * std::sqrt(2.0)))
                     : (value > limit ? 1.0 : 0.0);
}

/// A spectrum with the covariance of its channels.
struct Loss {
  std::vector<double> values;
  Eigen::MatrixXd covariance;

  [[nodiscard]] Estimate drop(std::size_t from, std::size_t to) const {
    const auto i = static_cast<Eigen::Index>(from);
    const auto j = static_cast<Eigen::Index>(to);
    const double variance = covariance(i, i) + covariance(j, j) - 2.0 * covariance(i, j);
    return {values[from] - values[to], std::sqrt(std::max(0.0, variance))};
  }
  [[nodiscard]] std::vector<double> sigmas() const {
    std::vector<double> out;
    for (Eigen::Index i = 0; i < covariance.rows(); ++i) {
      out.push_back(std::sqrt(std::max(0.0, covariance(i, i))));
    }
    return out;
  }
};

/// Weighted by a Gaussian along ln f; linear, so that the covariance goes with it.
Loss smoothed(std::span<const double> frequencies_hz, const Loss& loss, double decades) {
  const auto n = static_cast<Eigen::Index>(frequencies_hz.size());
  Eigen::MatrixXd weights = Eigen::MatrixXd::Identity(n, n);
  if (decades > 0.0) {
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        const double apart = std::log(frequencies_hz[static_cast<std::size_t>(i)] /
                                      frequencies_hz[static_cast<std::size_t>(j)]) /
                             (decades * ln10);
        weights(i, j) = std::exp(-0.5 * apart * apart);
      }
      weights.row(i) /= weights.row(i).sum();
    }
  }
  const Eigen::VectorXd values = weights * Eigen::Map<const Eigen::VectorXd>(loss.values.data(), n);
  return {{values.begin(), values.end()}, weights * loss.covariance * weights.transpose()};
}

struct Maximum {
  std::size_t top = 0;
  Estimate rise;                    // above the higher of the valleys beside it
  double half_width_decades = 0.0;  // at half of the rise, the narrower side
};

/// Lowest channel between `top` and the next higher one (or the edge) in direction `step`.
std::size_t valley_beside(const Loss& loss, std::size_t top, int step) {
  std::size_t low = top;
  for (auto i = static_cast<std::ptrdiff_t>(top) + step;
       i >= 0 && i < static_cast<std::ptrdiff_t>(loss.values.size());
       i += step) {
    const auto c = static_cast<std::size_t>(i);
    if (loss.values[c] > loss.values[top]) {
      break;
    }
    if (loss.values[c] < loss.values[low]) {
      low = c;
    }
  }
  return low;
}

double half_width(std::span<const double> frequencies_hz, const Loss& loss, const Maximum& peak) {
  double narrowest = widest_fit_decades;
  for (const int step : {-1, 1}) {
    auto i = static_cast<std::ptrdiff_t>(peak.top);
    while (i + step >= 0 && i + step < static_cast<std::ptrdiff_t>(loss.values.size()) &&
           loss.values[peak.top] - loss.values[static_cast<std::size_t>(i)] <
               0.5 * peak.rise.value) {
      i += step;
    }
    narrowest = std::min(narrowest,
                         std::abs(std::log10(frequencies_hz[static_cast<std::size_t>(i)] /
                                             frequencies_hz[peak.top])));
  }
  return std::max(narrowest, narrowest_fit_decades);
}

std::vector<Maximum> maxima(std::span<const double> frequencies_hz, const Loss& loss) {
  std::vector<Maximum> out;
  for (std::size_t i = 1; i + 1 < loss.values.size(); ++i) {
    if (!(loss.values[i] > loss.values[i - 1] && loss.values[i] >= loss.values[i + 1])) {
      continue;
    }
    const Estimate left = loss.drop(i, valley_beside(loss, i, -1));
    const Estimate right = loss.drop(i, valley_beside(loss, i, 1));
    Maximum peak{i, left.value < right.value ? left : right, 0.0};
    peak.half_width_decades = half_width(frequencies_hz, loss, peak);
    out.push_back(peak);
  }
  return out;
}

/// Position by a parabola as wide as the peak, on the spectrum as it is.
Estimate position_of(std::span<const double> frequencies_hz,
                     const Loss& loss,
                     const Maximum& peak) {
  const std::vector<double> sigmas = loss.sigmas();
  const double at_hz = frequencies_hz[peak.top];
  const Peak fitted =
      wide_peak({frequencies_hz, loss.values, sigmas}, at_hz, peak.half_width_decades);
  const bool near =
      fitted.usable() && std::abs(std::log10(fitted.position_hz / at_hz)) < peak.half_width_decades;
  if (near) {
    return {fitted.position_hz, fitted.position_sigma_hz};
  }
  return {at_hz, 0.5 * (frequencies_hz[peak.top + 1] - frequencies_hz[peak.top - 1])};
}

std::vector<ControlPeak> sample_peaks(std::span<const double> frequencies_hz,
                                      const Loss& loss,
                                      const ControlPeakOptions& options) {
  std::vector<ControlPeak> out;
  const Loss smooth = smoothed(frequencies_hz, loss, options.smoothing_decades);
  for (const Maximum& peak : maxima(frequencies_hz, smooth)) {
    const double probability =
        probability_above(peak.rise.value, options.min_rise, peak.rise.sigma);
    if (probability >= options.min_probability) {
      out.push_back(
          {PeakOrigin::sample, position_of(frequencies_hz, loss, peak), peak.rise, probability});
    }
  }
  return out;
}

}  // namespace

void validate(const ControlPeakOptions& p) {
  require_range("min_rise", p.min_rise, 0.0, 1.0);
  require_range("min_probability", p.min_probability, 0.5, 1.0);
  require_range("smoothing_decades", p.smoothing_decades, 0.0, 1.0);
}

std::vector<ControlPeak> control_peaks(std::span<const double> frequencies_hz,
                                       double drive_hz,
                                       const ControlFit& fit,
                                       const ControlPeakOptions& options) {
  validate(options);
  std::vector<ControlPeak> out;
  if (fit.status == ControlFitStatus::no_data) {
    return out;
  }
  out = sample_peaks(frequencies_hz, {fit.loss, fit.loss_covariance}, options);
  constexpr double least_detuning = 0.486;  // half widths: sideband_of()
  const double half_width_hz =
      0.5 * (drive_hz - fit.detuning_hz.value) / std::max(fit.quality.value, 1.0);
  const double detuning = std::abs(fit.detuning_hz.value);
  const Sideband sideband = sideband_of(detuning, half_width_hz);
  const double probability =
      probability_above(detuning, least_detuning * half_width_hz, fit.detuning_hz.sigma);
  const bool in_band = sideband.present && sideband.stimulus_hz > frequencies_hz.front() &&
                       sideband.stimulus_hz < frequencies_hz.back();
  if (in_band && probability >= options.min_probability) {
    const Sideband beside = sideband_of(detuning + fit.detuning_hz.sigma, half_width_hz);
    out.push_back({PeakOrigin::instrument,
                   {sideband.stimulus_hz, std::abs(beside.stimulus_hz - sideband.stimulus_hz)},
                   {sideband.rise, std::abs(beside.rise - sideband.rise)},
                   probability});
  }
  std::sort(out.begin(), out.end(), [](const ControlPeak& a, const ControlPeak& b) {
    return a.position_hz.value < b.position_hz.value;
  });
  return out;
}

std::vector<ControlPeak> follow_peaks(const ControlSweeps& sweeps,
                                      double tuned_resonance_hz,
                                      double tuned_quality,
                                      double fast_from_hz,
                                      const ControlPeakOptions& options) {
  validate(options);
  const std::size_t n = sweeps.frequencies_hz.size();
  std::vector<std::vector<ControlPeak>> found;
  for (std::size_t k = 0; k < sweeps.drive_hz.size(); ++k) {
    std::vector<std::complex<double>> divided;
    std::vector<double> sigma;
    double fast = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double f = sweeps.frequencies_hz[i];
      const std::complex<double> filter =
          sweeps.time_constant_s > 0.0
              ? low_pass_response(2.0 * f, sweeps.time_constant_s, sweeps.filter_order)
              : 1.0;
      const std::complex<double> lever =
          filter *
          lever_phase_response(tuned_resonance_hz, tuned_quality, sweeps.drive_hz[k], 2.0 * f);
      divided.push_back(sweeps.readings[k * n + i] / lever);
      sigma.push_back(sweeps.sigmas[k * n + i] / std::abs(lever));
      if (f >= fast_from_hz || i + 1 == n) {
        fast += divided.back().real();
        count += 1.0;
      }
    }
    fast /= count;
    Loss loss{{},
              Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n))};
    for (std::size_t i = 0; i < n; ++i) {
      loss.values.push_back(-divided[i].imag() / fast);
      const auto c = static_cast<Eigen::Index>(i);
      loss.covariance(c, c) = sigma[i] * sigma[i] / (fast * fast);
    }
    found.push_back(sample_peaks(sweeps.frequencies_hz, loss, options));
  }
  std::vector<ControlPeak> out;
  for (ControlPeak peak : found.front()) {
    double moved = 0.0;    // sum of change times change of the drive
    double changed = 0.0;  // sum of its square
    for (std::size_t k = 1; k < found.size(); ++k) {
      if (found[k].empty()) {
        continue;
      }
      const auto nearest = std::min_element(
          found[k].begin(), found[k].end(), [&](const ControlPeak& a, const ControlPeak& b) {
            return std::abs(a.position_hz.value - peak.position_hz.value) <
                   std::abs(b.position_hz.value - peak.position_hz.value);
          });
      const double change = sweeps.drive_hz[k] - sweeps.drive_hz[0];
      moved += change * (nearest->position_hz.value - peak.position_hz.value);
      changed += change * change;
    }
    const bool follows = changed > 0.0 && std::abs(moved / changed) > 0.25;
    peak.origin = follows ? PeakOrigin::instrument : PeakOrigin::sample;
    out.push_back(peak);
  }
  return out;
}

}  // namespace halotwin::analysis
