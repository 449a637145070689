#include "analysis/switching_rates.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "analysis/two_levels.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// By how many frames tau comes out too long because frames are means; see the declaration.
constexpr double integration_frames = 0.35;

/// Index 0 = low, 1 = high.
using Pair = std::array<double, 2>;

struct Model {
  Pair mean{};
  Pair variance{};
  Pair leave{};  // probability per frame: [0] low to high, [1] high to low
  Pair start{0.5, 0.5};
};

/// Expected sums given the trace (E step).
struct Expected {
  Pair frames{};   // good frames on each level
  Pair stays{};    // frames on each level that have a next frame
  Pair leaves{};   // switches away from each level
  Pair sum{};      // of the values
  Pair squares{};  // of the deviations from the former means
  Pair first{};
  double log_likelihood = 0.0;
};

class Trellis {
 public:
  Trellis(std::span<const float> trace, std::span<const std::uint8_t> valid)
      : trace_(trace), valid_(valid), forward_(trace.size()), emission_(trace.size()) {}

  [[nodiscard]] bool good(std::size_t t) const { return valid_.empty() || valid_[t] == 1; }

  Expected run(const Model& m) {
    Expected e;
    emit(m, e.log_likelihood);
    forward(m, e.log_likelihood);
    backward(m, e);
    return e;
  }

 private:
  /// Likelihood of each frame on each level, divided by the larger.
  void emit(const Model& m, double& log_likelihood) {
    for (std::size_t t = 0; t < trace_.size(); ++t) {
      if (!good(t)) {
        emission_[t] = {1.0, 1.0};
        continue;
      }
      Pair log_density{};
      for (std::size_t s = 0; s < 2; ++s) {
        const double d = static_cast<double>(trace_[t]) - m.mean[s];
        log_density[s] = -0.5 * (d * d / m.variance[s] + std::log(m.variance[s]));
      }
      const double top = std::max(log_density[0], log_density[1]);
      log_likelihood += top;
      emission_[t] = {std::exp(log_density[0] - top), std::exp(log_density[1] - top)};
    }
  }

  void forward(const Model& m, double& log_likelihood) {
    Pair state = m.start;
    for (std::size_t t = 0; t < trace_.size(); ++t) {
      if (t > 0) {
        state = {state[0] * (1.0 - m.leave[0]) + state[1] * m.leave[1],
                 state[0] * m.leave[0] + state[1] * (1.0 - m.leave[1])};
      }
      state = {state[0] * emission_[t][0], state[1] * emission_[t][1]};
      const double sum = state[0] + state[1];
      log_likelihood += std::log(sum);
      state = {state[0] / sum, state[1] / sum};
      forward_[t] = state;
    }
  }

  void backward(const Model& m, Expected& e) const {
    Pair later{1.0, 1.0};  // likelihood of what follows, up to a factor
    for (std::size_t t = trace_.size(); t-- > 0;) {
      Pair share{forward_[t][0] * later[0], forward_[t][1] * later[1]};
      const double sum = share[0] + share[1];
      share = {share[0] / sum, share[1] / sum};
      for (std::size_t s = 0; s < 2 && good(t); ++s) {
        const double x = static_cast<double>(trace_[t]);
        e.frames[s] += share[s];
        e.sum[s] += share[s] * x;
        e.squares[s] += share[s] * (x - m.mean[s]) * (x - m.mean[s]);
      }
      if (t == 0) {
        e.first = share;
        break;
      }
      const Pair here{emission_[t][0] * later[0], emission_[t][1] * later[1]};
      const Pair& before = forward_[t - 1];
      const double up = before[0] * m.leave[0] * here[1];
      const double down = before[1] * m.leave[1] * here[0];
      const double low = before[0] * (1.0 - m.leave[0]) * here[0];
      const double high = before[1] * (1.0 - m.leave[1]) * here[1];
      const double all = up + down + low + high;
      e.leaves[0] += up / all;
      e.leaves[1] += down / all;
      e.stays[0] += (up + low) / all;
      e.stays[1] += (down + high) / all;
      later = {here[0] * (1.0 - m.leave[0]) + here[1] * m.leave[0],
               here[0] * m.leave[1] + here[1] * (1.0 - m.leave[1])};
      const double scale = later[0] + later[1];
      later = {later[0] / scale, later[1] / scale};
    }
  }

  std::span<const float> trace_;
  std::span<const std::uint8_t> valid_;
  std::vector<Pair> forward_;
  std::vector<Pair> emission_;
};

Model first_guess(const TwoLevelShape& shape) {
  Model m;
  m.mean = {shape.low, shape.high};
  const double within = shape.variance - shape.high_fraction * (1.0 - shape.high_fraction) *
                                             (shape.high - shape.low) * (shape.high - shape.low);
  m.variance.fill(std::max({within, shape.noise_variance, 1e-4 * shape.variance}));
  m.leave.fill(0.05);
  return m;
}

/// The M step. Variances cannot fall below a hundredth of the trace's: a level of one value.
Model improved(const Model& m, const Expected& e, double variance) {
  Model next = m;
  for (std::size_t s = 0; s < 2; ++s) {
    if (e.frames[s] > 1e-9) {
      next.mean[s] = e.sum[s] / e.frames[s];
      const double shift = next.mean[s] - m.mean[s];
      next.variance[s] = std::max(e.squares[s] / e.frames[s] - shift * shift, 1e-4 * variance);
    }
    next.leave[s] = std::clamp(e.leaves[s] / std::max(e.stays[s], 1e-9), 1e-12, 1.0 - 1e-12);
  }
  next.start = e.first;
  return next;
}

void set_unresolved(SwitchingRates& r, SwitchingStatus status) {
  r.status = status;
  r.to_high_hz = r.to_high_sigma_hz = r.to_low_hz = r.to_low_sigma_hz = nan;
  r.tau_s = r.tau_sigma_s = r.low_share = nan;
}

void set_rates(SwitchingRates& r, const Model& m, const Expected& e, double frame_period_s) {
  const double p = m.leave[0];
  const double q = m.leave[1];
  if (p + q >= 0.95) {  // no memory from frame to frame
    set_unresolved(r, SwitchingStatus::too_fast);
    return;
  }
  const double sum_hz = -std::log1p(-(p + q)) / frame_period_s;
  r.to_high_hz = sum_hz * p / (p + q);
  r.to_low_hz = sum_hz * q / (p + q);
  r.tau_s = 1.0 / sum_hz;
  const double integration = integration_frames * frame_period_s / r.tau_s;
  r.to_high_sigma_hz = r.to_high_hz * std::hypot(1.0 / std::sqrt(e.leaves[0]), integration);
  r.to_low_sigma_hz = r.to_low_hz * std::hypot(1.0 / std::sqrt(e.leaves[1]), integration);
  const double counted =
      std::hypot(r.to_high_hz / std::sqrt(e.leaves[0]), r.to_low_hz / std::sqrt(e.leaves[1])) *
      r.tau_s;
  r.tau_sigma_s = r.tau_s * std::hypot(counted, integration);
  r.low_share = r.to_low_hz / sum_hz;
  r.status = SwitchingStatus::resolved;
}

std::vector<float> good_values(std::span<const float> trace, std::span<const std::uint8_t> valid) {
  std::vector<float> values;
  for (std::size_t t = 0; t < trace.size(); ++t) {
    if (valid.empty() || valid[t] == 1) {
      values.push_back(trace[t]);
    }
  }
  return values;
}

}  // namespace

void validate(const SwitchingOptions& options) {
  require(std::isfinite(options.noise_variance), "noise_variance is not finite");
  require_range("least_explained", options.least_explained, 0.0, 2.0);
  require(options.least_switches >= 2.0, "least_switches", options.least_switches, ">= 2");
  require(options.most_iterations > 0, "most_iterations", options.most_iterations, "> 0");
}

std::string_view name_of(SwitchingStatus status) {
  switch (status) {
    case SwitchingStatus::resolved:
      return "resolved";
    case SwitchingStatus::no_two_levels:
      return "no_two_levels";
    case SwitchingStatus::too_few_switches:
      return "too_few_switches";
    case SwitchingStatus::too_fast:
      return "too_fast";
    case SwitchingStatus::not_converged:
      return "not_converged";
  }
  return "?";
}

SwitchingRates fit_switching(std::span<const float> trace,
                             double frame_period_s,
                             const SwitchingOptions& options,
                             std::span<const std::uint8_t> valid) {
  validate(options);
  require_positive("frame_period_s", frame_period_s);
  require(valid.empty() || valid.size() == trace.size(),
          fmt::format("{} validity marks for {} frames", valid.size(), trace.size()));
  const auto shape = two_level_shape(good_values(trace, valid), options.noise_variance);
  SwitchingRates r;
  r.low = shape.low;
  r.high = shape.high;
  r.explained = shape.explained;
  if (!(shape.explained >= options.least_explained)) {
    set_unresolved(r, SwitchingStatus::no_two_levels);
    return r;
  }
  Trellis trellis(trace, valid);
  Model model = first_guess(shape);
  Expected expected = trellis.run(model);
  bool converged = false;
  for (int i = 0; i < options.most_iterations && !converged; ++i) {
    model = improved(model, expected, shape.variance);
    const double former = expected.log_likelihood;
    expected = trellis.run(model);
    converged = expected.log_likelihood - former < 1e-4;
  }
  r.low = model.mean[0];
  r.high = model.mean[1];
  r.low_sd = std::sqrt(model.variance[0]);
  r.high_sd = std::sqrt(model.variance[1]);
  r.switches = expected.leaves[0] + expected.leaves[1];
  if (!converged) {
    set_unresolved(r, SwitchingStatus::not_converged);
  } else if (r.low >= r.high) {
    set_unresolved(r, SwitchingStatus::no_two_levels);
  } else if (r.switches < options.least_switches) {
    set_unresolved(r, SwitchingStatus::too_few_switches);
  } else {
    set_rates(r, model, expected, frame_period_s);
  }
  return r;
}

}  // namespace halotwin::analysis
