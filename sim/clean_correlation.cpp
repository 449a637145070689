#include "sim/clean_correlation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/require.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t kinds = 6;
struct Step {
  std::ptrdiff_t x = 0;
  std::ptrdiff_t y = 0;
};
constexpr std::array<Step, 4> steps{Step{1, 0}, Step{-1, 1}, Step{0, 1}, Step{1, 1}};

/// Columns that have a neighbour a step away.
struct Columns {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Columns columns(Step step, std::size_t nx) {
  return {step.x < 0 ? std::size_t{1} : 0, step.x > 0 ? nx - 1 : nx};
}

}  // namespace

CleanCorrelation::CleanCorrelation(std::size_t nx, std::size_t ny)
    : nx_(nx), ny_(ny), sums_(kinds * nx * ny, 0.0) {}

void CleanCorrelation::add(std::span<const float> image) {
  const std::size_t n = nx_ * ny_;
  require(image.size() == n, "the image has the size of the correlation map");
  ++frames_;
  double* sum = sums_.data();
  double* square = sum + n;
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = static_cast<double>(image[i]);
    sum[i] += v;
    square[i] += v * v;
  }
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const Columns there = columns(steps[k], nx_);
    double* product = sum + (2 + k) * n;
    for (std::size_t iy = 0; iy + static_cast<std::size_t>(steps[k].y) < ny_; ++iy) {
      const float* row = image.data() + iy * nx_;
      const float* other = row + steps[k].y * static_cast<std::ptrdiff_t>(nx_) + steps[k].x;
      double* to = product + iy * nx_;
      for (std::size_t ix = there.begin; ix < there.end; ++ix) {
        to[ix] += static_cast<double>(row[ix]) * static_cast<double>(other[ix]);
      }
    }
  }
}

Image<float> CleanCorrelation::mean() const {
  Image<float> out(nx_, ny_, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < out.size() && frames_ > 0; ++i) {
    out.values[i] = static_cast<float>(sums_[i] / static_cast<double>(frames_));
  }
  return out;
}

Image<float> CleanCorrelation::deviation() const {
  const std::size_t n = nx_ * ny_;
  const auto frames = static_cast<double>(frames_);
  Image<float> out(nx_, ny_, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < n && frames_ > 0; ++i) {
    const double mean = sums_[i] / frames;
    out.values[i] =
        static_cast<float>(std::sqrt(std::max(sums_[n + i] / frames - mean * mean, 0.0)));
  }
  return out;
}

Image<float> CleanCorrelation::map() const {
  const std::size_t n = nx_ * ny_;
  const auto frames = static_cast<double>(frames_);
  std::vector<double> sum(n, 0.0);
  std::vector<double> count(n, 0.0);
  const auto variance = [&](std::size_t i) { return sums_[n + i] - sums_[i] * sums_[i] / frames; };
  // below rounding of the sums a trace is constant
  const auto constant = [&](std::size_t i) { return variance(i) <= 1e-12 * sums_[n + i]; };
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const Columns there = columns(steps[k], nx_);
    for (std::size_t iy = 0; iy + static_cast<std::size_t>(steps[k].y) < ny_; ++iy) {
      for (std::size_t ix = there.begin; ix < there.end; ++ix) {
        const std::size_t i = iy * nx_ + ix;
        const auto j = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i) + steps[k].x +
                                                steps[k].y * static_cast<std::ptrdiff_t>(nx_));
        if (frames_ < 2 || constant(i) || constant(j)) {
          continue;
        }
        const double covariance = sums_[(2 + k) * n + i] - sums_[i] * sums_[j] / frames;
        const double r = covariance / std::sqrt(variance(i) * variance(j));
        for (const std::size_t pixel : {i, j}) {
          sum[pixel] += r;
          count[pixel] += 1.0;
        }
      }
    }
  }
  Image<float> out(nx_, ny_, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < n; ++i) {
    out.values[i] = count[i] > 0.0 ? static_cast<float>(sum[i] / count[i]) : out.values[i];
  }
  return out;
}

std::vector<double> CleanCorrelation::save() const {
  std::vector<double> state{
      static_cast<double>(nx_), static_cast<double>(ny_), static_cast<double>(frames_)};
  state.insert(state.end(), sums_.begin(), sums_.end());
  return state;
}

void CleanCorrelation::load(std::span<const double> state) {
  require(
      state.size() >= 3 && state[0] >= 0.0 && state[1] >= 0.0 &&
          static_cast<double>(state.size() - 3) == static_cast<double>(kinds) * state[0] * state[1],
      "the saved state of the clean correlation is damaged");
  nx_ = static_cast<std::size_t>(state[0]);
  ny_ = static_cast<std::size_t>(state[1]);
  frames_ = static_cast<std::size_t>(state[2]);
  sums_.assign(state.begin() + 3, state.end());
}

}  // namespace halotwin::sim
