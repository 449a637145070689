// Frames of an EMCCD: 256 x 256 pixels, 4000 of them are one movie. Counter: nanoseconds of
// processor time per pixel.
#include <vector>

#include <benchmark/benchmark.h>

#include "physics/emccd.hpp"

namespace {

using namespace halotwin;
using namespace halotwin::physics;

void expose(benchmark::State& state) {
  constexpr std::size_t side = 256;
  EmccdParams p;
  p.em_gain = static_cast<double>(state.range(1));
  const Emccd sensor(p, side, side, 1);
  std::vector<float> light(side * side);
  for (std::size_t i = 0; i < light.size(); ++i) {  // 0.5 to 1.5 of the mean
    light[i] = static_cast<float>(state.range(0)) * (0.5F + static_cast<float>(i % 1013) / 1013.0F);
  }
  std::vector<std::uint16_t> counts(light.size());
  std::uint64_t frame = 0;
  for (auto _ : state) {
    sensor.expose(light, 0.03, frame++, counts);
    benchmark::DoNotOptimize(counts.data());
  }
  state.counters["per_pixel"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * side * side,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(expose)
    ->ArgNames({"photons", "gain"})
    ->Args({0, 100})
    ->Args({10, 100})
    ->Args({600, 1})
    ->Args({600, 10})
    ->Args({600, 100})
    ->Unit(benchmark::kMillisecond);

}  // namespace
