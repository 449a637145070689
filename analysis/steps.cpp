#include "analysis/steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Sums that give the squared deviation of any part of a trace at once.
class Deviations {
 public:
  explicit Deviations(std::span<const float> trace) : sum_(1, 0.0), squares_(1, 0.0) {
    double mean = 0.0;
    for (const float x : trace) {
      mean += static_cast<double>(x);
    }
    mean_ = mean / static_cast<double>(trace.size());
    for (const float value : trace) {
      const double x = static_cast<double>(value) - mean_;
      sum_.push_back(sum_.back() + x);
      squares_.push_back(squares_.back() + x * x);
    }
  }
  [[nodiscard]] double mean(std::size_t first, std::size_t end) const {
    return mean_ + (sum_[end] - sum_[first]) / static_cast<double>(end - first);
  }
  /// Sum of (x - mean)^2 over [first, end).
  [[nodiscard]] double cost(std::size_t first, std::size_t end) const {
    const double s = sum_[end] - sum_[first];
    return std::max(0.0,
                    squares_[end] - squares_[first] - s * s / static_cast<double>(end - first));
  }

 private:
  double mean_ = 0.0;
  std::vector<double> sum_;
  std::vector<double> squares_;
};

/// previous[t]: where the last segment of the best division of [0, t) begins.
std::vector<std::size_t> best_division(const Deviations& x, std::size_t n, double penalty) {
  std::vector<double> best(n + 1, 0.0);
  std::vector<std::size_t> previous(n + 1, 0);
  std::vector<std::size_t> candidates{0};
  std::vector<double> value;
  best[0] = -penalty;
  for (std::size_t t = 1; t <= n; ++t) {
    value.resize(candidates.size());
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      value[c] = best[candidates[c]] + x.cost(candidates[c], t);
      if (value[c] < lowest) {
        lowest = value[c];
        previous[t] = candidates[c];
      }
    }
    best[t] = lowest + penalty;
    std::size_t kept = 0;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      if (value[c] <= best[t]) {
        candidates[kept++] = candidates[c];
      }
    }
    candidates.resize(kept);
    candidates.push_back(t);
  }
  return previous;
}

/// Both terms of step_threshold(), integrated over s = ln(t / (1 - t)), t = the share of the
/// record before the step or inside the stay.
double false_alarm_of(double u, double frames) {
  const auto density = [](double z) {
    return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
  };
  const auto overshoot = [](double x) { return std::exp(-0.583 * x); };
  const double b = std::numbers::sqrt2 * u;
  const double edge = std::log(frames - 1.0);
  constexpr int nodes = 100;
  const double width = 2.0 * edge / nodes;
  double step = 0.0;
  double stay = 0.0;
  for (int i = 0; i < nodes; ++i) {
    const double t = 1.0 / (1.0 + std::exp(edge - (i + 0.5) * width));
    const double root = std::sqrt(frames * t * (1.0 - t));
    step += width * overshoot(u / root);
    stay += width * std::pow(overshoot(b / root), 2) / t;
  }
  return u * density(u) * step + 0.5 * b * b * b * density(b) * stay;
}

}  // namespace

void require_finite(std::span<const float> trace) {
  require(std::all_of(trace.begin(), trace.end(), [](float x) { return std::isfinite(x); }),
          "a trace has values that are not finite");
}

void validate(const StepOptions& options) {
  require(options.false_alarm > 0.0 && options.false_alarm < 1.0,
          "false_alarm",
          options.false_alarm,
          "> 0 and < 1");
  require(options.noise >= 0.0 && std::isfinite(options.noise), "noise", options.noise, ">= 0");
}

double noise_from_differences(std::span<const float> trace) {
  if (trace.size() < 3) {
    return 0.0;
  }
  std::vector<double> d;
  d.reserve(trace.size() - 1);
  for (std::size_t t = 1; t < trace.size(); ++t) {
    d.push_back(static_cast<double>(trace[t]) - static_cast<double>(trace[t - 1]));
  }
  const double middle = median_of(d);
  double squares = 0.0;
  for (double& x : d) {
    squares += x * x;
    x = std::abs(x - middle);
  }
  const double robust = median_of(d) / (0.6744897501960817 * std::numbers::sqrt2);
  // more than half of the differences equal: values too coarse for a median
  return robust > 0.0 ? robust : std::sqrt(squares / (2.0 * static_cast<double>(d.size())));
}

double step_threshold(double false_alarm, std::size_t frames) {
  validate(StepOptions{.false_alarm = false_alarm});
  const double n = std::max(3.0, static_cast<double>(frames));
  double low = 1.8;  // above the maximum of the formula
  double high = 12.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (false_alarm_of(middle, n) > false_alarm ? low : high) = middle;
  }
  return high;
}

Steps find_steps(std::span<const float> trace, const StepOptions& options) {
  validate(options);
  require_finite(trace);
  Steps steps;
  if (trace.empty()) {
    return steps;
  }
  const std::size_t n = trace.size();
  const double u = step_threshold(options.false_alarm, n);
  steps.penalty = u * u;
  steps.noise = options.noise > 0.0 ? options.noise : noise_from_differences(trace);
  const Deviations x(trace);
  if (steps.noise == 0.0) {  // all values equal
    steps.segments = {{0, n, x.mean(0, n)}};
    return steps;
  }
  const auto previous = best_division(x, n, steps.penalty * steps.noise * steps.noise);
  for (std::size_t end = n; end > 0; end = previous[end]) {
    steps.segments.push_back({previous[end], end - previous[end], x.mean(previous[end], end)});
  }
  std::reverse(steps.segments.begin(), steps.segments.end());
  return steps;
}

std::vector<Dwell> dwells_of(const Steps& steps, double threshold) {
  std::vector<Dwell> dwells;
  for (const Segment& segment : steps.segments) {
    const bool high = segment.mean > threshold;
    if (!dwells.empty() && dwells.back().high == high) {
      dwells.back().count += segment.count;
    } else {
      dwells.push_back({segment.first, segment.count, high, false});
    }
  }
  if (!dwells.empty()) {
    dwells.front().censored = true;
    dwells.back().censored = true;
  }
  return dwells;
}

MeanDwell mean_dwell(const std::vector<Dwell>& dwells, bool high) {
  MeanDwell mean{nan, nan, 0};
  double total = 0.0;
  for (std::size_t i = 0; i < dwells.size(); ++i) {
    if (dwells[i].high == high) {
      total += static_cast<double>(dwells[i].count);
      mean.ends += i + 1 < dwells.size() ? 1U : 0U;
    }
  }
  if (mean.ends > 0) {
    mean.frames = total / static_cast<double>(mean.ends);
    mean.sigma = mean.frames / std::sqrt(static_cast<double>(mean.ends));
  }
  return mean;
}

}  // namespace halotwin::analysis
