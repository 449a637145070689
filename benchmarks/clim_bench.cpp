// Spatial analysis of photoluminescence movies: traces, correlation maps, clusters, decay lengths.
// The movie has regions about 1 um wide, each with slow fluctuations of its own, and shot noise.
#include <cmath>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "analysis/climsci.hpp"
#include "analysis/cluster_table.hpp"
#include "analysis/clusters.hpp"
#include "analysis/correlation_sums.hpp"
#include "analysis/power_spectrum.hpp"
#include "analysis/spectrum_fit.hpp"
#include "analysis/traces.hpp"
#include "analysis/valleys.hpp"
#include "base/parallel.hpp"
#include "base/random.hpp"

namespace {

using namespace halotwin;
using namespace halotwin::analysis;

constexpr std::size_t frames = 4000;
constexpr std::size_t region = 10;  // pixels between sources
constexpr Threads threads{2};

/// Each pixel: weights of the four nearest sources (bilinear) and noise; r of neighbours about 0.8.
std::vector<std::uint16_t> movie(std::size_t side) {
  const std::size_t across = side / region + 2;
  RandomStream draw(3, Purpose::test_data);
  std::vector<double> source(across * across, 0.0);
  std::vector<double> noise(side * side);
  std::vector<std::uint16_t> out(side * side * frames);
  std::size_t at = 0;
  for (std::size_t t = 0; t < frames; ++t) {
    for (double& s : source) {
      s = 0.98 * s + 0.2 * draw.normal();
    }
    draw.fill_normal(noise);
    for (std::size_t y = 0; y < side; ++y) {
      for (std::size_t x = 0; x < side; ++x) {
        const double u = static_cast<double>(x % region) / static_cast<double>(region);
        const double v = static_cast<double>(y % region) / static_cast<double>(region);
        const double* s = source.data() + y / region * across + x / region;
        const double common =
            (1 - v) * ((1 - u) * s[0] + u * s[1]) + v * ((1 - u) * s[across] + u * s[across + 1]);
        const double counts = 2000.0 + 200.0 * common + 70.0 * noise[y * side + x];
        out[at++] = static_cast<std::uint16_t>(counts);
      }
    }
  }
  return out;
}

Traces make_traces(std::size_t side, const std::vector<std::uint16_t>& counts) {
  TraceOptions options;
  options.pixel_m = 100e-9;
  TraceBuilder builder(side, side, frames, options, threads);
  const std::size_t portion = 100 * side * side;
  for (std::size_t at = 0; at < counts.size(); at += portion) {
    builder.add(std::span(counts).subspan(at, portion));
  }
  return std::move(builder).finish();
}

const std::vector<std::uint16_t>& frames_of(std::size_t side) {
  static std::vector<std::uint16_t> kept;
  if (kept.size() != side * side * frames) {
    kept = movie(side);
  }
  return kept;
}

const Traces& traces_of(std::size_t side) {
  static Traces kept;
  if (kept.nx != side) {
    kept = Traces{};
    kept = make_traces(side, frames_of(side));
  }
  return kept;
}

std::size_t side_of(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void exact_map(benchmark::State& state) {
  const auto& counts = frames_of(side_of(state));
  for (auto _ : state) {
    CorrelationSums sums(side_of(state), side_of(state), threads);
    sums.add(counts);
    benchmark::DoNotOptimize(correlation_map(sums).mean_r.data());
  }
}

void traces(benchmark::State& state) {
  const auto& counts = frames_of(side_of(state));
  for (auto _ : state) {
    benchmark::DoNotOptimize(make_traces(side_of(state), counts).z.data());
  }
}

void map_of_traces(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  for (auto _ : state) {
    benchmark::DoNotOptimize(correlation_map(t, threads).mean_r.data());
  }
}

void correlation_image_of_one(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  for (auto _ : state) {
    benchmark::DoNotOptimize(correlation_image(t, t.pixels() / 2, threads).data());
  }
}

void clusters(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  const CorrelationMap map = correlation_map(t, threads);
  ClusterMap found;
  for (auto _ : state) {
    found = grow_clusters(t, map);
    benchmark::DoNotOptimize(describe_clusters(t, found, threads).mean_silhouette);
  }
  state.counters["clusters"] = static_cast<double>(found.count());
}

void threshold_scan(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  for (auto _ : state) {
    benchmark::DoNotOptimize(scan_thresholds(t, {}, {}, threads).best);
  }
}

void decay_lengths(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  const DecayParams params{0.5, static_cast<double>(state.range(1)) * 100e-9};
  DecaySummary summary;
  for (auto _ : state) {
    const DecaySet set = decay_map(t, params, {}, threads);
    state.PauseTiming();
    summary = summarise(set, t, params);
    state.ResumeTiming();
  }
  state.counters["diameter_nm"] = summary.diameter_m.value * 1e9;
}

void valleys(benchmark::State& state) {
  const Traces& t = traces_of(side_of(state));
  const CorrelationMap map = correlation_map(t, threads);
  for (auto _ : state) {
    benchmark::DoNotOptimize(test_valleys(t, map, {}, {}, threads).minima);
  }
}

/// Spectrum, Lorentzian and power law of 1000 traces of 4000 frames: what D8 asks of a film.
void spectra_and_fits(benchmark::State& state) {
  constexpr std::size_t traces_count = 1000;
  constexpr double frame_time_s = 0.03;
  RandomStream draw(4, Purpose::test_data);
  std::vector<double> values;
  for (std::size_t k = 0; k < traces_count; ++k) {
    double slow = 0.0;
    for (std::size_t t = 0; t < frames; ++t) {
      slow = 0.98 * slow + 0.02 * draw.normal();
      values.push_back(slow + 0.05 * draw.normal());
    }
  }
  const Periodogram plan(frames, {frame_time_s, 20});
  const double white = white_density(0.05 * 0.05, frame_time_s);
  for (auto _ : state) {
    const std::vector<double> density = plan.densities(values, threads);
    const SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), frame_time_s);
    const std::size_t bins = plan.frequency_hz().size();
    std::vector<double> found(traces_count);
    for_each_chunk(traces_count, 16, threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        const auto of = std::span(density).subspan(k * bins, bins);
        found[k] =
            fitter.lorentzian(of, white).time_s() + fitter.power_law(of, white).exponent.value;
      }
    });
    benchmark::DoNotOptimize(found.data());
  }
}

void set_up(benchmark::internal::Benchmark* b) {
  b->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
}
BENCHMARK(spectra_and_fits)->Apply(set_up);
BENCHMARK(exact_map)->Arg(128)->Arg(256)->Apply(set_up);
BENCHMARK(traces)->Arg(128)->Arg(256)->Apply(set_up);
BENCHMARK(map_of_traces)->Arg(128)->Arg(256)->Apply(set_up);
BENCHMARK(correlation_image_of_one)->Arg(128)->Arg(256)->Apply(set_up);
BENCHMARK(clusters)->Arg(128)->Arg(256)->Apply(set_up);
BENCHMARK(threshold_scan)->Arg(128)->Apply(set_up);
BENCHMARK(valleys)->Arg(128)->Apply(set_up);
BENCHMARK(decay_lengths)->Args({128, 30})->Args({256, 15})->Args({256, 30})->Apply(set_up);

}  // namespace
