// Factorisation and the whole PM-DNS analysis. The cubes are statistically those of a common
// benchmark (grains, boundaries, hot grains, 2 % noise); HALOTWIN_NMF_CUBE=file.f32 replaces the
// cube of the factorisation by one from a file of the same size.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

#include <benchmark/benchmark.h>

#include "analysis/correlation_sums.hpp"
#include "analysis/nmf.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace {

using namespace halotwin;
using namespace halotwin::analysis;

struct Cube {
  std::size_t side;
  std::vector<double> frequencies_hz;
  std::vector<float> values;
  std::vector<float> weights;  // [pixel][4], the truth
};

double line(double f, double centre, double width) {
  const double x = std::log(f / centre) / width;
  return std::exp(-0.5 * x * x);
}

std::vector<double> shapes(const std::vector<double>& f, std::size_t rank) {
  std::vector<double> h;
  for (std::size_t k = 0; k < rank; ++k) {
    for (const double x : f) {
      h.push_back(k == 0   ? line(x, 1000, 0.35)
                  : k == 1 ? line(x, 2000, 0.30) + 0.35 * line(x, 1250, 0.25)
                  : k == 2 ? 1.0 / (1.0 + std::pow(x / 180.0, 1.5))
                           : line(x, 4500, 0.30));
    }
  }
  return h;
}

/// Distances to the two nearest of the grain centres, found in the cells around the pixel.
Cube make_cube(std::size_t side, std::size_t channels, std::size_t rank, double noise = 0.02) {
  Cube cube{side, log_spacing(100.0, 8000.0, channels), {}, {}};
  const std::size_t cells = std::max<std::size_t>(2, side / 12);
  RandomStream draw(7, Purpose::test_data);
  struct Grain {
    double x, y, tone;
    bool hot;
  };
  std::vector<Grain> grains(cells * cells);
  for (std::size_t i = 0; i < grains.size(); ++i) {
    const double pitch = static_cast<double>(side) / static_cast<double>(cells);
    grains[i] = {(static_cast<double>(i % cells) + draw.uniform()) * pitch,
                 (static_cast<double>(i / cells) + draw.uniform()) * pitch,
                 draw.uniform(0.6, 1.0),
                 draw.uniform() < 0.15};
  }
  const auto h = shapes(cube.frequencies_hz, rank);
  cube.weights.resize(side * side * 4);
  for (std::size_t p = 0; p < side * side; ++p) {
    const auto x = static_cast<double>(p % side);
    const auto y = static_cast<double>(p / side);
    double first = std::numeric_limits<double>::max();
    double second = first;
    const Grain* own = grains.data();
    const auto cx = static_cast<std::ptrdiff_t>(p % side * cells / side);
    const auto cy = static_cast<std::ptrdiff_t>(p / side * cells / side);
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, cy - 2); j <= cy + 2; ++j) {
      for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, cx - 2); i <= cx + 2; ++i) {
        if (i >= static_cast<std::ptrdiff_t>(cells) || j >= static_cast<std::ptrdiff_t>(cells)) {
          continue;
        }
        const Grain& g = grains[static_cast<std::size_t>(j) * cells + static_cast<std::size_t>(i)];
        const double d = std::hypot(g.x - x, g.y - y);
        if (d < first) {
          second = first;
          first = d;
          own = &g;
        } else {
          second = std::min(second, d);
        }
      }
    }
    const double gap = (second - first) / 2.5;
    const double boundary = std::exp(-gap * gap);
    const double hot = own->hot ? 1.0 : 0.0;
    const double w[4] = {own->tone * (1 - 0.7 * boundary) + 0.8 * hot,
                         0.15 + 1.1 * boundary,
                         0.3 * (1 - own->tone) + 0.25 * hot,
                         0.5 * own->tone * boundary + 0.1 * hot};
    for (std::size_t k = 0; k < 4; ++k) {
      cube.weights[p * 4 + k] = static_cast<float>(w[k]);
    }
  }
  cube.values.resize(side * side * channels);
  double top = 0.0;
  std::vector<double> row(channels);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t p = 0; p < side * side; ++p) {
      RandomStream pixel(8, Purpose::test_data, static_cast<std::uint32_t>(p));
      for (std::size_t c = 0; c < channels; ++c) {
        double v = 0.0;
        for (std::size_t k = 0; k < rank; ++k) {
          v += static_cast<double>(cube.weights[p * 4 + k]) * h[k * channels + c];
        }
        if (pass == 0) {
          top = std::max(top, v);
        } else {
          v = std::max(0.0, v + noise * top * pixel.normal());
          cube.values[p * channels + c] = static_cast<float>(v);
        }
      }
    }
  }
  return cube;
}

/// Arguments: side, channels, rank, random starts, threads.
void factorization(benchmark::State& state) {
  const auto side = static_cast<std::size_t>(state.range(0));
  const auto channels = static_cast<std::size_t>(state.range(1));
  Cube cube = make_cube(side, channels, static_cast<std::size_t>(state.range(2)));
  if (const char* name = std::getenv("HALOTWIN_NMF_CUBE")) {
    if (std::FILE* file = std::fopen(name, "rb")) {
      if (std::fread(cube.values.data(), sizeof(float), cube.values.size(), file) !=
          cube.values.size()) {
        state.SkipWithError("file has another size");
      }
      std::fclose(file);
    }
  }
  NmfOptions options;
  options.rank = static_cast<int>(state.range(2));
  options.random_starts = static_cast<int>(state.range(3));
  const Threads threads{static_cast<int>(state.range(4))};
  NmfWorkspace workspace;
  NmfResult result = factorize({cube.values, channels}, options, threads, workspace);
  for (auto _ : state) {
    result = factorize({cube.values, channels}, options, threads, workspace);
    benchmark::ClobberMemory();
  }
  state.counters["residual"] = result.relative_residual;
  state.counters["sweeps"] = result.sweeps;
}
BENCHMARK(factorization)
    ->Args({128, 64, 2, 0, 1})
    ->Args({128, 64, 2, 0, 2})
    ->Args({128, 64, 3, 0, 2})
    ->Args({128, 64, 4, 0, 2})
    ->Args({512, 128, 2, 0, 2})
    ->Args({512, 128, 3, 0, 1})
    ->Args({512, 128, 3, 0, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

/// The whole pipeline on readings made from the same cube: loss = value / 6, reference = 1.
/// Arguments: side, channels, threads.
void pm_dns(benchmark::State& state) {
  const auto side = static_cast<std::size_t>(state.range(0));
  const auto channels = static_cast<std::size_t>(state.range(1));
  std::vector<std::complex<float>> readings(side * side * 2 * channels);
  std::vector<double> frequencies_hz;
  {
    const Cube cube = make_cube(side, channels, 2);
    frequencies_hz = cube.frequencies_hz;
    for (std::size_t p = 0; p < side * side; ++p) {
      RandomStream draw(9, Purpose::test_data, static_cast<std::uint32_t>(p));
      for (std::size_t i = 0; i < 2 * channels; ++i) {
        const auto noise = static_cast<float>(0.02 * draw.normal());
        const float loss = cube.values[p * channels + i % channels] / 6.0F;
        readings[p * 2 * channels + i] = {1.0F + noise, -loss - noise};
      }
    }
  }
  const std::vector<std::complex<float>> reference(4 * channels, {1.0F, 0.0F});
  const std::vector<float> topography(side * side, 1e-9F);
  PmDnsInput input;
  input.nx = side;
  input.ny = side;
  input.frequencies_hz = frequencies_hz;
  input.demodulated = readings;
  input.reference = reference;
  input.topography_m = topography;
  double used = 0.0;
  double residual = 0.0;
  for (auto _ : state) {
    const auto result = analyse_pm_dns(input, {}, {static_cast<int>(state.range(2))});
    used = static_cast<double>(result.used_pixels);
    residual = result.nmf.relative_residual;
    benchmark::ClobberMemory();
  }
  state.counters["used_pixels"] = used;
  state.counters["residual"] = residual;
}
BENCHMARK(pm_dns)
    ->Args({128, 64, 2})
    ->Args({512, 128, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

// Correlation map of a movie in memory: 4000 frames of side x side pixels of 16 bits.
void correlation_of_a_movie(benchmark::State& state) {
  const auto side = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t frames = 4000;
  std::vector<std::uint16_t> movie(frames * side * side);
  RandomStream draw(3, Purpose::test_data);
  for (std::uint16_t& v : movie) {
    v = static_cast<std::uint16_t>(500.0 + 400.0 * draw.uniform(0.0, 1.0));
  }
  double mean = 0.0;
  for (auto _ : state) {
    CorrelationSums sums(side, side, {static_cast<int>(state.range(1))});
    sums.add(movie);
    mean = correlation_map(sums).mean_r[side + 1];
    benchmark::ClobberMemory();
  }
  state.counters["r"] = mean;
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(2 * movie.size()));
}
BENCHMARK(correlation_of_a_movie)
    ->Args({256, 1})
    ->Args({256, 2})
    ->Args({512, 1})
    ->Args({512, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

}  // namespace
