#include "analysis/grain_contrast.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t least_grains = 10;
constexpr double tail_percent = 95.0;

std::vector<double> times(const std::vector<double>& values,
                          std::span<const std::uint32_t> counts) {
  std::vector<double> out;
  for (std::size_t g = 0; g < values.size(); ++g) {
    for (std::uint32_t k = 0; k < counts[g]; ++k) {
      out.push_back(values[g]);
    }
  }
  return out;
}

Estimate of(const BootstrapResult& r) {
  return {r.value, r.sigma};
}

}  // namespace

void validate(const GrainContrastParams& p) {
  require_range("least_pixels", p.least_pixels, 2, 100000);
  require_range("upper_percent", p.upper_percent, 50.0, 100.0);
  require_range("replicates", p.replicates, 2, 100000);
}

GrainContrast grain_contrast(const MapView& map,
                             const std::vector<std::int32_t>& label,
                             std::size_t grains,
                             double noise,
                             const GrainContrastParams& params) {
  validate(params);
  require(map.values.size() == label.size(), "one label per pixel expected");
  GrainContrast out;
  out.within.assign(label.size(), nan);
  std::vector<double> sum(grains, 0.0);
  std::vector<double> square(grains, 0.0);
  std::vector<double> count(grains, 0.0);
  const auto each = [&](const auto& visit) {
    for (std::size_t p = 0; p < label.size(); ++p) {
      if (label[p] >= 0 && std::isfinite(map.values[p])) {
        visit(p, static_cast<std::size_t>(label[p]));
      }
    }
  };
  each([&](std::size_t p, std::size_t g) {
    sum[g] += map.values[p];
    count[g] += 1.0;
  });
  each([&](std::size_t p, std::size_t g) {
    out.within[p] = map.values[p] - sum[g] / count[g];
    square[g] += out.within[p] * out.within[p];
  });
  for (std::size_t g = 0; g < grains; ++g) {
    const bool enough = count[g] >= static_cast<double>(params.least_pixels);
    const double variance = enough ? square[g] / (count[g] - 1.0) - noise * noise : nan;
    out.rms.push_back(enough ? std::sqrt(std::max(variance, 0.0)) : nan);
  }
  return out;
}

ContrastGrowth contrast_growth(const GrainContrast& before,
                               const GrainContrast& after,
                               const GrainContrastParams& params) {
  validate(params);
  require(before.rms.size() == after.rms.size() && before.within.size() == after.within.size(),
          "both maps need the same grains");
  std::vector<double> a;
  std::vector<double> b;
  for (std::size_t g = 0; g < before.rms.size(); ++g) {
    if (std::isfinite(before.rms[g]) && std::isfinite(after.rms[g])) {
      a.push_back(before.rms[g]);
      b.push_back(after.rms[g]);
    }
  }
  ContrastGrowth out{a.size(), {nan, nan}, {nan, nan}, {nan, nan}};
  if (a.size() < least_grains) {
    return out;
  }
  const BootstrapOptions options{params.replicates, params.seed};
  const auto factor = [&](double percent) {
    return of(bootstrap(
        a.size(),
        [&](std::span<const std::uint32_t> counts) {
          return percentile(times(b, counts), percent) / median(times(a, counts));
        },
        options));
  };
  out.typical = factor(50.0);
  out.upper = factor(params.upper_percent);
  std::vector<double> u;
  std::vector<double> v;
  for (std::size_t p = 0; p < before.within.size(); ++p) {
    if (std::isfinite(before.within[p]) && std::isfinite(after.within[p])) {
      u.push_back(std::abs(before.within[p]));
      v.push_back(std::abs(after.within[p]));
    }
  }
  out.tail = {percentile(v, tail_percent) / percentile(u, tail_percent), nan};
  return out;
}

double pass_noise(const MapView& forward, const MapView& backward) {
  require(forward.values.size() == backward.values.size(), "both passes need the same pixels");
  std::vector<double> difference;
  for (std::size_t p = 0; p < forward.values.size(); ++p) {
    const double d = forward.values[p] - backward.values[p];
    if (std::isfinite(d)) {
      difference.push_back(d);
    }
  }
  return difference.size() > 1 ? standard_deviation(difference) / std::sqrt(2.0) : nan;
}

}  // namespace halotwin::analysis
