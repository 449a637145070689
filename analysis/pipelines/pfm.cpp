#include "analysis/pipelines/pfm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

using Complex = std::complex<double>;

void validate(const PfmOptions& p) {
  validate(p.levels);
  validate(p.stripes);
  require_range("wall_sigmas", p.wall_sigmas, 0.0, 1e6);
  require_range("wall_range", p.wall_range, 0.0, 1.0);
}

namespace {

std::vector<double> moduli(const std::vector<Complex>& z) {
  std::vector<double> out(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    out[i] = std::abs(z[i]);
  }
  return out;
}

bool known(const Complex& z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

double noise_of(const std::vector<Complex>& difference) {
  std::vector<double> parts;
  for (const Complex& z : difference) {
    if (known(z)) {
      parts.push_back(z.real());
      parts.push_back(z.imag());
    }
  }
  return parts.empty() ? 0.0 : robust_deviation(parts);
}

// 1 where a pixel differs from one of its four neighbours by more than `limit`.
std::vector<std::uint8_t> walls_of(const std::vector<Complex>& z,
                                   std::size_t nx,
                                   std::size_t ny,
                                   double limit) {
  std::vector<std::uint8_t> wall(z.size(), 0);
  const auto compare = [&](std::size_t a, std::size_t b) {
    if (std::abs(z[a] - z[b]) > limit) {
      wall[a] = 1;
      wall[b] = 1;
    }
  };
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x < nx; ++x) {
      const std::size_t here = y * nx + x;
      if (x + 1 < nx) {
        compare(here, here + 1);
      }
      if (y + 1 < ny) {
        compare(here, here + nx);
      }
    }
  }
  return wall;
}

// The values without the walls, unless there is too little else.
std::vector<double> without(std::vector<double> values,
                            const std::vector<std::uint8_t>& wall,
                            double& share) {
  const auto walls = std::count(wall.begin(), wall.end(), std::uint8_t{1});
  share = static_cast<double>(walls) / static_cast<double>(std::max<std::size_t>(wall.size(), 1));
  if (share > 0.7) {
    return values;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (wall[i] != 0) {
      values[i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return values;
}

std::vector<Complex> shuffled(std::vector<Complex> values, std::uint64_t seed) {
  RandomStream draw(seed, Purpose::held_out, 1);
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[draw.index(static_cast<std::uint32_t>(i))]);
  }
  return values;
}

// Projection on the direction in which the phasors vary most.
std::vector<double> principal(const std::vector<Complex>& z) {
  Complex mean;
  double count = 0.0;
  for (const Complex& v : z) {
    if (known(v)) {
      mean += v;
      count += 1.0;
    }
  }
  mean /= std::max(count, 1.0);
  Complex square;  // <(z - m)^2>: twice the direction of largest variance
  for (const Complex& v : z) {
    if (known(v)) {
      square += (v - mean) * (v - mean);
    }
  }
  const Complex turn = std::polar(1.0, -0.5 * std::arg(square));
  std::vector<double> out(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    out[i] = ((z[i] - mean) * turn).real();
  }
  return out;
}

}  // namespace

PfmResult analyse_pfm(const PfmInput& input, const PfmOptions& options, Threads threads) {
  validate(options);
  const std::size_t pixels = input.nx * input.ny;
  require(input.forward.size() == pixels, "a PFM image needs nx * ny values");
  require(input.backward.empty() || input.backward.size() == pixels,
          "the way back needs as many values as the way there");
  PfmResult r;
  std::vector<Complex> mean(pixels);
  std::vector<Complex> difference(input.backward.size());
  for (std::size_t i = 0; i < pixels; ++i) {
    mean[i] =
        input.backward.empty() ? input.forward[i] : 0.5 * (input.forward[i] + input.backward[i]);
    if (!input.backward.empty()) {
      difference[i] = 0.5 * (input.forward[i] - input.backward[i]);
    }
  }
  r.amplitude_v = moduli(mean);
  r.phase_rad.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    r.phase_rad[i] = std::arg(mean[i]);
  }
  r.noise_v = noise_of(difference);
  std::vector<double> finite;
  for (const double a : r.amplitude_v) {
    if (std::isfinite(a)) {
      finite.push_back(a);
    }
  }
  const double range = finite.empty() ? 0.0 : percentile(finite, 95.0) - percentile(finite, 5.0);
  // two pixels differ by two components of twice the variance: 2 noise is one standard deviation
  const std::vector<std::uint8_t> wall =
      walls_of(mean,
               input.nx,
               input.ny,
               std::max(options.wall_sigmas * 2.0 * r.noise_v, options.wall_range * range));
  r.levels = find_levels(
      without(r.amplitude_v, wall, r.wall_share), input.nx, input.ny, options.levels, threads);
  const auto stripes_of = [&](const std::vector<Complex>& z) {
    std::array<std::vector<double>, 2> parts;
    for (const Complex& v : z) {
      parts[0].push_back(v.real());
      parts[1].push_back(v.imag());
    }
    const std::array<std::span<const double>, 2> channels{parts[0], parts[1]};
    return find_stripes(
        channels, input.nx, input.ny, input.step_x_m, input.step_y_m, options.stripes, threads);
  };
  r.stripes = stripes_of(mean);
  std::vector<Complex> sum(r.levels.levels.size());
  for (std::size_t i = 0; i < pixels; ++i) {
    if (r.levels.labels[i] >= 0) {
      sum[static_cast<std::size_t>(r.levels.labels[i])] += mean[i];
    }
  }
  for (const Complex& s : sum) {
    r.level_phase_rad.push_back(std::arg(s));
  }
  LevelParams once = options.levels;
  once.replicates = 0;
  double share = 0.0;
  r.principal_levels =
      find_levels(without(principal(mean), wall, share), input.nx, input.ny, once, threads)
          .levels.size();
  if (!difference.empty()) {
    r.null_levels =
        find_levels(without(moduli(difference), wall, share), input.nx, input.ny, once, threads)
            .levels.size();
  }
  r.null_families = stripes_of(shuffled(mean, options.stripes.seed)).families.size();
  return r;
}

}  // namespace halotwin::analysis
