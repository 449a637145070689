// Frames of an EMCCD: 256 x 256 pixels, 4000 of them are one movie. Counter: nanoseconds of
// processor time per pixel. Images of 256 x 256 nodes on 128 x 128 pixels (12.8 um).
#include <vector>

#include <benchmark/benchmark.h>

#include "physics/emccd.hpp"
#include "physics/microscope_optics.hpp"

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

void form_image(benchmark::State& state) {
  MicroscopeParams p;
  p.psf_shape = state.range(0) == 0 ? PsfShape::gaussian : PsfShape::airy;
  const ImageFormation camera(p, 256, 256, 50e-9, FilmBorder::periodic);
  const std::vector<float> emission(256 * 256, 100.0F);
  std::vector<float> image(camera.pixels_x() * camera.pixels_y());
  for (auto _ : state) {
    camera.form(emission, image);
    benchmark::DoNotOptimize(image.data());
  }
}

BENCHMARK(form_image)->ArgName("airy")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
