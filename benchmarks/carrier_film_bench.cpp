// Carriers of a film with switching centres: is a movie of 4000 frames of 256 x 256 pixels (512 x
// 512 nodes) below 60 s on two cores, and one of 512 x 512 pixels below 5 minutes?
#include <cmath>
#include <vector>

#include <benchmark/benchmark.h>

#include "physics/carrier_frames.hpp"
#include "physics/telegraph.hpp"

namespace halotwin::physics {
namespace {

constexpr double step = 50e-9;

/// Grains as cells of a sheared lattice, about `diameter` nodes wide.
Image<std::int32_t> grains(std::size_t n, double diameter) {
  Image<std::int32_t> out(n, n);
  const double across = std::round(static_cast<double>(n) / diameter);
  const auto width = static_cast<double>(n);
  for (std::size_t iy = 0; iy < n; ++iy) {
    for (std::size_t ix = 0; ix < n; ++ix) {
      const double x = static_cast<double>(ix) + std::sin(0.37 * static_cast<double>(iy));
      const double y = static_cast<double>(iy) + std::sin(0.29 * static_cast<double>(ix));
      const double column = std::fmod(std::floor(x / width * across) + across, across);
      const double row = std::fmod(std::floor(y / width * across) + across, across);
      out(ix, iy) = static_cast<std::int32_t>(row * across + column);
    }
  }
  return out;
}

struct Film {
  CarrierFilm film;
  std::vector<RecombinationCentre> centres;
  std::vector<double> mean;
  std::vector<float> occupations;
};

Film make_film(std::size_t n, bool triple_cation, std::size_t frames) {
  CarrierFilmParams p;
  p.periodic = true;
  CentreParams weak;
  TelegraphEnsembleParams rates;
  rates.times = TimeDistribution::log_normal;
  rates.median_time_s = 2.2;
  if (triple_cation) {
    p.diffusivity_m2_per_s = 2e-5;
    p.loss_per_s = 9.2e6;
    p.transfer_m_per_s = 15.0;
    weak = {4.75e12, 0.5e-6, 0.5};
    rates.times = TimeDistribution::power_law;
    rates.exponent = 0.1;
  }
  const auto map = grains(n, triple_cation ? 3.0 : 5.6);
  const auto nodes = boundary_nodes(map, true);
  const double area = static_cast<double>(n * n) * step * step;
  Film f;
  f.film = make_carrier_film(p, map, step, 1);
  f.centres = place_centres(weak, nodes, area, 1);
  if (triple_cation) {
    const auto strong = place_centres({0.25e12, 8e-6, 0.3}, nodes, area, 1, 1'000'000);
    f.centres.insert(f.centres.end(), strong.begin(), strong.end());
  }
  std::vector<TelegraphParams> defects;
  for (std::uint32_t i = 0; i < f.centres.size(); ++i) {
    defects.push_back(draw_telegraph(rates, 1, i));
    f.mean.push_back(duty(defects.back()));
  }
  f.occupations = frame_occupations(defects, 1, 0, 0.03, frames);
  return f;
}

// Arguments: nodes along a side, triple cation or not. 40 frames, one thread.
void frames_of_a_movie(benchmark::State& state) {
  constexpr std::size_t frames = 40;
  const auto n = static_cast<std::size_t>(state.range(0));
  const Film f = make_film(n, state.range(1) != 0, frames);
  const CarrierFrames solver(f.film, f.centres, f.mean);
  std::vector<float> light(frames * n * n / 4);
  for (auto _ : state) {
    solver.emission(f.occupations, 2, light);
    benchmark::DoNotOptimize(light.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(frames) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(frames_of_a_movie)
    ->Args({256, 0})
    ->Args({512, 0})
    ->Args({512, 1})
    ->Args({1024, 0})
    ->Args({1024, 1})
    ->Unit(benchmark::kMillisecond);

void full_solution(benchmark::State& state) {
  const Film f = make_film(static_cast<std::size_t>(state.range(0)), false, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(steady_density(f.film, f.centres, f.mean));
  }
}
BENCHMARK(full_solution)->Arg(256)->Unit(benchmark::kMillisecond);

// 4000 frames of 1000 centres with times from 5 ms to 60 s.
void occupations(benchmark::State& state) {
  TelegraphEnsembleParams rates;
  rates.times = TimeDistribution::power_law;
  std::vector<TelegraphParams> defects;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    defects.push_back(draw_telegraph(rates, 1, i));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(frame_occupations(defects, 1, 0, 0.03, 4000));
  }
}
BENCHMARK(occupations)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halotwin::physics
