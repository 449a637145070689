#include "analysis/pipelines/kpfm.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/grain_contrast.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

std::vector<double> finite_of(std::span<const double> values) {
  std::vector<double> out;
  std::copy_if(values.begin(), values.end(), std::back_inserter(out), [](double v) {
    return std::isfinite(v);
  });
  return out;
}

double deviation_of(std::span<const double> values) {
  const std::vector<double> all = finite_of(values);
  return all.size() > 1 ? standard_deviation(all) : 0.0;
}

double without_noise(double deviation, double noise) {
  return std::sqrt(std::max(deviation * deviation - noise * noise, 0.0));
}

// Labels and distances of a map, laid elsewhere: rolled around by whole pixels.
struct Laid {
  std::vector<std::int32_t> label;
  std::vector<double> distance;
};

Laid rolled(const GrainMap& grains, std::size_t nx, std::size_t dx, std::size_t dy) {
  const std::size_t ny = grains.label.size() / nx;
  Laid out{grains.label, grains.distance_pixels};
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x < nx; ++x) {
      const std::size_t from = (y + dy) % ny * nx + (x + dx) % nx;
      out.label[y * nx + x] = grains.label[from];
      out.distance[y * nx + x] = grains.distance_pixels[from];
    }
  }
  return out;
}

struct GrainMeans {
  std::vector<double> mean, sigma;
  double contrast = 0.0;
  double share = 0.0;  // of the variance
};

// Of the variance of the pixels inside grains, what the means of the grains explain.
double explained_share(const std::vector<double>& values,
                       const Laid& laid,
                       const std::vector<double>& grain_mean,
                       const KpfmOptions& options) {
  std::vector<double> all;
  std::vector<double> within;
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (laid.label[p] < 0 || !(laid.distance[p] >= options.interior_pixels)) {
      continue;
    }
    const double rest = values[p] - grain_mean[static_cast<std::size_t>(laid.label[p])];
    if (std::isfinite(rest)) {
      all.push_back(values[p]);
      within.push_back(rest);
    }
  }
  const double whole = deviation_of(all);
  const double left = deviation_of(within);
  return whole > 0.0 ? 1.0 - left * left / (whole * whole) : 0.0;
}

GrainMeans means_of(const std::vector<double>& values,
                    double noise,
                    const Laid& laid,
                    std::size_t grains,
                    const KpfmOptions& options) {
  std::vector<double> sum(grains, 0.0);
  std::vector<double> count(grains, 0.0);
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (laid.label[p] >= 0 && std::isfinite(values[p]) &&
        laid.distance[p] >= options.interior_pixels) {
      sum[static_cast<std::size_t>(laid.label[p])] += values[p];
      count[static_cast<std::size_t>(laid.label[p])] += 1.0;
    }
  }
  GrainMeans out{std::vector<double>(grains, nan), std::vector<double>(grains, nan)};
  double mean_variance = 0.0;
  double used = 0.0;
  for (std::size_t g = 0; g < grains; ++g) {
    if (count[g] >= options.least_grain_pixels) {
      out.mean[g] = sum[g] / count[g];
      out.sigma[g] = noise / std::sqrt(count[g]);
      mean_variance += out.sigma[g] * out.sigma[g];
      used += 1.0;
    }
  }
  if (used > 1.0) {
    out.contrast = without_noise(deviation_of(out.mean), std::sqrt(mean_variance / used));
    out.share = explained_share(values, laid, out.mean, options);
  }
  return out;
}

double boundary_contrast(const std::vector<double>& values,
                         const Laid& laid,
                         const KpfmOptions& options) {
  std::array<double, 2> sum{};
  std::array<double, 2> count{};
  for (std::size_t p = 0; p < values.size(); ++p) {
    const bool at = laid.distance[p] <= options.boundary_pixels;
    if (std::isfinite(values[p]) && (at || laid.distance[p] >= options.interior_pixels)) {
      sum[at ? 0 : 1] += values[p];
      count[at ? 0 : 1] += 1.0;
    }
  }
  return count[0] > 0.0 && count[1] > 0.0 ? sum[0] / count[0] - sum[1] / count[1] : nan;
}

void look_at_grains(const KpfmInput& input, const KpfmOptions& options, KpfmResult& r) {
  const std::size_t nx = input.potential_v.nx;
  const std::size_t ny = input.potential_v.ny;
  r.topography_m.assign(input.topography_m.begin(), input.topography_m.end());
  const MapRef map{r.topography_m, nx, ny};
  static_cast<void>(align_rows(map, options.row_alignment));
  static_cast<void>(level_plane(map));
  r.grains = find_grains({r.topography_m, nx, ny}, options.grains);
  const Laid here{r.grains.label, r.grains.distance_pixels};
  GrainMeans means = means_of(r.potential.mean, r.potential.noise, here, r.grains.grains, options);
  r.grain_mean_v = std::move(means.mean);
  r.grain_sigma_v = std::move(means.sigma);
  r.grain_contrast_v = means.contrast;
  r.grain_share = means.share;
  r.boundary_contrast_v = boundary_contrast(r.potential.mean, here, options);
  std::vector<double> share;
  std::vector<double> boundary;
  for (int k = 0; k < options.null_repeats; ++k) {
    RandomStream draw(options.seed, Purpose::bootstrap, static_cast<std::uint32_t>(k), 1);
    const Laid other = rolled(r.grains,
                              nx,
                              draw.index(static_cast<std::uint32_t>(nx)),
                              draw.index(static_cast<std::uint32_t>(ny)));
    share.push_back(
        means_of(r.potential.mean, r.potential.noise, other, r.grains.grains, options).share);
    boundary.push_back(boundary_contrast(r.potential.mean, other, options));
  }
  const std::vector<double> known = finite_of(boundary);
  if (!share.empty()) {
    r.grain_share_null = {mean(share), standard_deviation(share)};
  }
  if (!known.empty()) {
    r.boundary_contrast_null_v = {mean(known), standard_deviation(known)};
  }
}

}  // namespace

void validate(const KpfmOptions& p) {
  require_range("smoothing_pixels", p.smoothing_pixels, 0.0, 50.0);
  validate(p.grains);
  require_range("least_grain_pixels", p.least_grain_pixels, 1, 1000000);
  require_range("interior_pixels", p.interior_pixels, 0.0, 1000.0);
  require_range("boundary_pixels", p.boundary_pixels, 0.0, 1000.0);
  validate(p.spots);
  require_range("null_repeats", p.null_repeats, 0, 10000);
}

TwoWayImage combine(const TwoWays& ways, double smoothing_pixels) {
  const std::size_t n = ways.nx * ways.ny;
  require(ways.forward.size() == n && (ways.backward.empty() || ways.backward.size() == n),
          "the two ways of a scan must have nx * ny pixels");
  TwoWayImage image;
  image.mean.assign(ways.forward.begin(), ways.forward.end());
  if (!ways.backward.empty()) {
    image.half_difference.resize(n);
    for (std::size_t p = 0; p < n; ++p) {
      image.mean[p] = 0.5 * (ways.forward[p] + ways.backward[p]);
      image.half_difference[p] = 0.5 * (ways.forward[p] - ways.backward[p]);
    }
    const MapView forward{ways.forward, ways.nx, ways.ny};
    const MapView backward{ways.backward, ways.nx, ways.ny};
    image.noise = pass_noise(forward, backward) / std::sqrt(2.0);
    const Registration shift =
        register_maps(forward, backward, {.largest_shift_pixels = 8, .detrend_degree = 1});
    if (shift.found()) {  // late on both ways: the way back lies to the left
      image.lag_pixels = {-0.5 * shift.shift_x_pixels.value, 0.5 * shift.shift_x_pixels.sigma};
    }
    image.smooth_noise =
        deviation_of(smoothed({image.half_difference, ways.nx, ways.ny}, smoothing_pixels));
  }
  image.smooth = smoothed({image.mean, ways.nx, ways.ny}, smoothing_pixels);
  image.contrast = without_noise(deviation_of(image.smooth), image.smooth_noise);
  return image;
}

KpfmResult analyse_kpfm(const KpfmInput& input, const KpfmOptions& options) {
  validate(options);
  KpfmResult r;
  r.potential = combine(input.potential_v, options.smoothing_pixels);
  const std::vector<double> known = finite_of(r.potential.mean);
  require(!known.empty(), "no pixel of the contact potential was measured");
  const auto blocks = static_cast<double>(known.size()) / 64.0;  // of 8 x 8 pixels, about a grain
  r.mean_v = {mean(known), standard_deviation(known) / std::sqrt(std::max(blocks, 1.0))};
  r.against_metal_v = {nan, nan};
  if (input.reference_v.size() > 1) {
    const double metal = mean(input.reference_v);
    const double sigma = standard_deviation(input.reference_v) /
                         std::sqrt(static_cast<double>(input.reference_v.size()));
    r.against_metal_v = {r.mean_v.value - metal, std::hypot(r.mean_v.sigma, sigma)};
  }
  if (!input.topography_m.empty()) {
    require(input.topography_m.size() == r.potential.mean.size(),
            "topography and contact potential differ in size");
    look_at_grains(input, options, r);
  }
  if (!r.potential.half_difference.empty()) {
    const std::size_t nx = input.potential_v.nx;
    const std::size_t ny = input.potential_v.ny;
    r.spots = find_spots({r.potential.mean, nx, ny},
                         {r.potential.half_difference, nx, ny},
                         SpotSign::brighter,
                         options.spots);
    r.null_spots = find_spots({r.potential.half_difference, nx, ny},
                              {r.potential.half_difference, nx, ny},
                              SpotSign::brighter,
                              options.spots)
                       .size();
  }
  return r;
}

}  // namespace halotwin::analysis
