// Movies with known correlations: pixels that share sources, with independent noise.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/traces.hpp"
#include "base/random.hpp"

namespace halotwin::analysis::synthetic {

inline constexpr double pixel_m = 100e-9;

/// Weight of each source in a pixel.
using Mixture = std::function<std::vector<double>(std::size_t x, std::size_t y)>;

struct Film {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::size_t frames = 600;
  double level = 2000.0;     // counts
  double amplitude = 200.0;  // standard deviation of a source of weight one
  double noise = 100.0;      // standard deviation of independent noise
  std::uint64_t seed = 1;
};

/// Sources are white normal noise in time. [t][y][x]
inline std::vector<std::uint16_t> movie(const Film& f, std::size_t sources, const Mixture& of) {
  RandomStream draw(f.seed, Purpose::test_data, 61);
  std::vector<std::vector<double>> weights;
  for (std::size_t p = 0; p < f.nx * f.ny; ++p) {
    weights.push_back(of(p % f.nx, p / f.nx));
  }
  std::vector<std::uint16_t> out;
  std::vector<double> source(sources);
  for (std::size_t t = 0; t < f.frames; ++t) {
    draw.fill_normal(source);
    for (const auto& w : weights) {
      double value = f.level + f.noise * draw.normal();
      for (std::size_t k = 0; k < w.size(); ++k) {
        value += f.amplitude * w[k] * source[k];
      }
      out.push_back(static_cast<std::uint16_t>(std::lround(value)));
    }
  }
  return out;
}

inline Traces traces(const Film& f,
                     const std::vector<std::uint16_t>& frames,
                     TraceOptions options = {},
                     Threads threads = {}) {
  options.pixel_m = pixel_m;
  TraceBuilder builder(f.nx, f.ny, f.frames, options, threads);
  builder.add(frames);
  return std::move(builder).finish();
}

/// One of `count` sources each.
inline std::vector<double> only(std::size_t source, std::size_t count) {
  std::vector<double> w(count, 0.0);
  w[source] = 1.0;
  return w;
}

}  // namespace halotwin::analysis::synthetic
