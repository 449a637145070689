#include "analysis/stripes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const StripeParams& p) {
  require_range("gradient_pixels", p.gradient_pixels, 0.5, 100.0);
  require_range("tensor_pixels", p.tensor_pixels, 0.5, 100.0);
  require_range("kernel_deg", p.kernel_deg, 0.5, 30.0);
  require_range("smallest_height", p.smallest_height, 0.0, 1.0);
  require_range("smallest_density", p.smallest_density, 0.0, 180.0);
  require_range("significance", p.significance, 0.0, 100.0);
  require_range("raster_deg", p.raster_deg, 0.0, 90.0);
  require_range("block_side_pixels", p.block_side_pixels, 1, 4096);
  require_range("replicates", p.replicates, 2, 10000);
}

Estimate StripeResult::angle_deg() const {
  if (families.size() < 2) {
    return {std::numeric_limits<double>::quiet_NaN(), 0.0};
  }
  const Estimate& a = families[0].direction_deg;
  const Estimate& b = families[1].direction_deg;
  const double apart = std::abs(std::remainder(a.value - b.value, 180.0));
  return {apart, std::hypot(a.sigma, b.sigma)};
}

namespace {

constexpr std::size_t bins = 180;  // of one degree
using Density = std::array<double, bins>;
using Map = std::vector<double>;

double centre_deg(std::size_t bin) {
  return static_cast<double>(bin) + 0.5;
}

struct Kernel {
  std::vector<double> weight;  // at -reach .. reach
  std::ptrdiff_t reach = 0;
};

Kernel gaussian(double pixels, bool derivative) {
  Kernel k;
  k.reach = static_cast<std::ptrdiff_t>(std::ceil(3.5 * pixels));
  double norm = 0.0;
  for (std::ptrdiff_t i = -k.reach; i <= k.reach; ++i) {
    const auto u = static_cast<double>(i);
    const double g = std::exp(-0.5 * u * u / (pixels * pixels));
    k.weight.push_back(derivative ? -u * g : g);
    norm += derivative ? u * u * g : g;
  }
  for (double& w : k.weight) {
    w /= norm;
  }
  return k;
}

// One pass along x (dx = 1) or y; beyond the edge the nearest pixel. Correlation, so that a
// derivative kernel's sign is turned.
Map filtered(const Map& in, std::size_t nx, std::size_t ny, const Kernel& k, bool along_x) {
  Map out(in.size());
  const auto last = static_cast<std::ptrdiff_t>((along_x ? nx : ny) - 1);
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x < nx; ++x) {
      double sum = 0.0;
      for (std::ptrdiff_t i = -k.reach; i <= k.reach; ++i) {
        const auto here = static_cast<std::ptrdiff_t>(along_x ? x : y);
        const auto at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(here + i, 0, last));
        sum += k.weight[static_cast<std::size_t>(i + k.reach)] *
               in[along_x ? y * nx + at : at * nx + x];
      }
      out[y * nx + x] = sum;
    }
  }
  return out;
}

Density smoothed(const Density& histogram, double kernel_deg) {
  const Kernel k = gaussian(kernel_deg, false);
  Density out{};
  constexpr auto period = static_cast<std::ptrdiff_t>(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    for (std::ptrdiff_t i = -k.reach; i <= k.reach; ++i) {
      const std::ptrdiff_t turned = (static_cast<std::ptrdiff_t>(b) + i + 4 * period) % period;
      const auto at = static_cast<std::size_t>(turned);
      out[b] += k.weight[static_cast<std::size_t>(i + k.reach)] * histogram[at];
    }
  }
  return out;
}

// Mean direction of the histogram around `near_deg`, with a Gaussian window that follows it.
double refined(const Density& histogram, double near_deg, double window_deg) {
  double at = near_deg;
  for (int i = 0; i < 30; ++i) {
    double sum = 0.0;
    double moment = 0.0;
    for (std::size_t b = 0; b < bins; ++b) {
      const double d = std::remainder(centre_deg(b) - at, 180.0);
      const double w = histogram[b] * std::exp(-0.5 * d * d / (window_deg * window_deg));
      sum += w;
      moment += w * d;
    }
    if (sum <= 0.0) {
      return at;
    }
    at += 2.0 * moment / sum;  // a window as wide as the peak halves the step
    if (std::abs(moment / sum) < 1e-6) {
      break;
    }
  }
  return at - 180.0 * std::floor(at / 180.0);
}

struct Peak {
  double at_deg = 0.0;
  double height = 0.0;
};

std::vector<Peak> peaks_of(const Density& density, double smallest) {
  const double top = *std::max_element(density.begin(), density.end());
  std::vector<Peak> peaks;
  for (std::size_t b = 0; b < bins; ++b) {
    const double left = density[(b + bins - 1) % bins];
    const double right = density[(b + 1) % bins];
    if (density[b] > left && density[b] >= right && density[b] >= smallest * top) {
      peaks.push_back({centre_deg(b), density[b]});
    }
  }
  std::sort(
      peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.height > b.height; });
  return peaks;
}

struct Directions {
  std::vector<Density> of_block;
  Density all{};
  std::vector<float> local_deg;
};

// Adds the tensor of the gradient of one channel; `unknown` grows where it was not measured.
struct Tensor {
  Map xx, xy, yy, unknown;
};

void add_channel(std::span<const double> values,
                 std::size_t nx,
                 std::size_t ny,
                 std::array<double, 2> step,
                 double gradient_pixels,
                 Tensor& tensor) {
  double mean = 0.0;
  std::size_t count = 0;
  for (const double v : values) {
    if (std::isfinite(v)) {
      mean += v;
      ++count;
    }
  }
  mean = count > 0 ? mean / static_cast<double>(count) : 0.0;
  Map filled(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool known = std::isfinite(values[i]);
    filled[i] = known ? values[i] - mean : 0.0;
    tensor.unknown[i] = std::max(tensor.unknown[i], known ? 0.0 : 1.0);
  }
  const Kernel smooth = gaussian(gradient_pixels, false);
  Kernel slope = gaussian(gradient_pixels, true);
  for (double& w : slope.weight) {
    w = -w;  // correlation
  }
  const Map gx = filtered(filtered(filled, nx, ny, slope, true), nx, ny, smooth, false);
  const Map gy = filtered(filtered(filled, nx, ny, smooth, true), nx, ny, slope, false);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = gx[i] / step[0];
    const double y = gy[i] / step[1];
    tensor.xx[i] += x * x;
    tensor.xy[i] += x * y;
    tensor.yy[i] += y * y;
  }
}

// Histogram of directions, weighted by the strength of the edges, block by block.
Directions directions_of(Channels channels,
                         std::size_t nx,
                         std::size_t ny,
                         std::array<double, 2> step,
                         const StripeParams& params) {
  const std::size_t pixels = nx * ny;
  Tensor tensor{Map(pixels), Map(pixels), Map(pixels), Map(pixels)};
  for (const std::span<const double> values : channels) {
    add_channel(values, nx, ny, step, params.gradient_pixels, tensor);
  }
  auto& [xx, xy, yy, unknown] = tensor;
  const Kernel wide = gaussian(params.tensor_pixels, false);
  for (Map* map : {&xx, &xy, &yy, &unknown}) {
    *map = filtered(filtered(*map, nx, ny, wide, true), nx, ny, wide, false);
  }
  std::vector<std::uint8_t> valid(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    valid[i] = unknown[i] < 0.01 ? 1 : 0;
  }
  const BlockMap blocks =
      spatial_blocks(nx, ny, static_cast<std::size_t>(params.block_side_pixels), valid);
  Directions out;
  out.of_block.assign(blocks.count, Density{});
  out.local_deg.assign(pixels, std::numeric_limits<float>::quiet_NaN());
  double strongest = 0.0;
  for (std::size_t i = 0; i < pixels; ++i) {
    strongest = std::max(strongest, valid[i] != 0 ? std::hypot(xx[i] - yy[i], 2.0 * xy[i]) : 0.0);
  }
  for (std::size_t i = 0; i < pixels; ++i) {
    const double strength = std::hypot(xx[i] - yy[i], 2.0 * xy[i]);
    if (valid[i] == 0 || strength <= 0.0) {
      continue;
    }
    const double across = 0.5 * std::atan2(2.0 * xy[i], xx[i] - yy[i]) * 180.0 / constants::pi;
    double along = across + 90.0;
    along -= 180.0 * std::floor(along / 180.0);
    const auto bin = std::min(static_cast<std::size_t>(along), bins - 1);
    const double weight = std::sqrt(strength);  // as the step across the edge
    out.of_block[static_cast<std::size_t>(blocks.block[i])][bin] += weight;
    out.all[bin] += weight;
    if (strength > 0.05 * strongest) {
      out.local_deg[i] = static_cast<float>(along);
    }
  }
  return out;
}

}  // namespace

StripeResult find_stripes(Channels channels,
                          std::size_t nx,
                          std::size_t ny,
                          double step_x_m,
                          double step_y_m,
                          const StripeParams& params,
                          Threads threads) {
  validate(params);
  for (const std::span<const double> values : channels) {
    require(values.size() == nx * ny, "a map of stripes needs nx * ny values");
  }
  require_positive("step_x_m", step_x_m);
  require_positive("step_y_m", step_y_m);
  StripeResult result;
  if (nx < 8 || ny < 8) {
    return result;
  }
  // in units of the step, so that no power of a small length is lost
  const Directions found = directions_of(channels, nx, ny, {1.0, step_y_m / step_x_m}, params);
  result.local_direction_deg = found.local_deg;
  const double total = std::accumulate(found.all.begin(), found.all.end(), 0.0);
  if (total <= 0.0) {
    return result;
  }
  const double per_bin = total / static_cast<double>(bins);
  const Density density = smoothed(found.all, params.kernel_deg);
  for (std::size_t b = 0; b < bins; ++b) {
    result.direction_deg.push_back(centre_deg(b));
    result.density.push_back(density[b] / per_bin);
  }
  const std::vector<Peak> peaks = peaks_of(density, params.smallest_height);
  const double window = 2.0 * params.kernel_deg;
  std::vector<double> start(peaks.size());
  for (std::size_t k = 0; k < peaks.size(); ++k) {
    start[k] = refined(found.all, peaks[k].at_deg, window);
  }
  // per replicate and peak: direction and height over the mean density
  const auto replicates = static_cast<std::size_t>(params.replicates);
  std::vector<std::vector<Peak>> drawn(replicates, std::vector<Peak>(peaks.size()));
  for_each_chunk(replicates, 8, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto counts =
          bootstrap_counts(found.of_block.size(), params.seed, static_cast<std::uint32_t>(r));
      Density sum{};
      for (std::size_t block = 0; block < counts.size(); ++block) {
        for (std::size_t b = 0; counts[block] > 0 && b < bins; ++b) {
          sum[b] += static_cast<double>(counts[block]) * found.of_block[block][b];
        }
      }
      const double mean = std::accumulate(sum.begin(), sum.end(), 0.0) / static_cast<double>(bins);
      const Density smooth = smoothed(sum, params.kernel_deg);
      for (std::size_t k = 0; k < peaks.size(); ++k) {
        const auto bin = static_cast<std::size_t>(peaks[k].at_deg);
        drawn[r][k] = {refined(sum, start[k], window), mean > 0.0 ? smooth[bin] / mean : nan};
      }
    }
  });
  for (std::size_t k = 0; k < peaks.size(); ++k) {
    std::vector<double> direction;
    std::vector<double> height;
    for (const auto& replicate : drawn) {
      direction.push_back(std::remainder(replicate[k].at_deg - start[k], 180.0));
      height.push_back(replicate[k].height);
    }
    const double excess = peaks[k].height / per_bin - 1.0;
    const double significance = excess / std::max(standard_deviation(height), 1e-12);
    if (significance < params.significance || excess + 1.0 < params.smallest_density) {
      continue;
    }
    double share = 0.0;
    for (std::size_t b = 0; b < bins; ++b) {
      if (std::abs(std::remainder(centre_deg(b) - start[k], 180.0)) <= 2.0 * params.kernel_deg) {
        share += found.all[b] / total;
      }
    }
    result.families.push_back(
        {{start[k], std::hypot(standard_deviation(direction), params.raster_deg)},
         share,
         significance});
  }
  return result;
}

StripeResult find_stripes(std::span<const double> values,
                          std::size_t nx,
                          std::size_t ny,
                          double step_x_m,
                          double step_y_m,
                          const StripeParams& params,
                          Threads threads) {
  const std::array<std::span<const double>, 1> channels{values};
  return find_stripes(channels, nx, ny, step_x_m, step_y_m, params, threads);
}

}  // namespace halotwin::analysis
