// Ion transport: is a spectrum of 100 frequencies below 5 ms, a large-signal run of 600 times x 400
// cells below 0.2 s?
#include <cmath>
#include <vector>

#include <benchmark/benchmark.h>

#include "physics/dielectric_response.hpp"
#include "physics/pnp_admittance.hpp"
#include "physics/pnp_gap_response.hpp"
#include "physics/pnp_spectrum.hpp"
#include "physics/pnp_transient.hpp"

namespace halotwin::physics {
namespace {

constexpr double diffusivity = 1.00823e-14;

PnpFilmParams film(int species) {
  PnpFilmParams p;  // 500 nm, 24, 300 K
  p.species = {{1e23, diffusivity, -1}};
  if (species == 2) {
    p.species.push_back({1e23, diffusivity, 1});
  }
  return p;
}

double charging_time_s(const PnpFilmParams& p) {
  return blocking_electrodes_time_s(debye_length_m(p), p.thickness_m, diffusivity);
}

std::vector<double> hundred_frequencies(const PnpFilmParams& p) {
  std::vector<double> w;
  for (int k = 0; k < 100; ++k) {
    w.push_back(std::pow(10.0, -2.0 + 0.06 * k) / charging_time_s(p));
  }
  return w;
}

void exact_spectrum(benchmark::State& state) {
  const PnpFilmParams p = film(1);
  const auto w = hundred_frequencies(p);
  for (auto _ : state) {
    for (const double at : w) {
      benchmark::DoNotOptimize(pnp_capacitance(p, at));
    }
  }
}
BENCHMARK(exact_spectrum)->Unit(benchmark::kMillisecond);

// Arguments: species, bias in V. Grid, state at rest and linearisation included.
void spectrum_of_100_frequencies(benchmark::State& state) {
  const PnpFilmParams p = film(static_cast<int>(state.range(0)));
  const auto w = hundred_frequencies(p);
  for (auto _ : state) {
    benchmark::DoNotOptimize(PnpSpectrum(p, static_cast<double>(state.range(1))).capacitance(w));
  }
}
BENCHMARK(spectrum_of_100_frequencies)
    ->Args({1, 0})
    ->Args({1, 1})
    ->Args({2, 0})
    ->Unit(benchmark::kMillisecond);

// 600 times x 400 cells: a step over six charging times. Arguments: species, millivolts, sites.
void step_600_times_400_cells(benchmark::State& state) {
  PnpFilmParams p = film(static_cast<int>(state.range(0)));
  p.site_density_per_m3 = state.range(2) != 0 ? 1e25 : 0.0;
  const double v = 1e-3 * static_cast<double>(state.range(1));
  std::vector<double> times;
  for (int k = 1; k <= 600; ++k) {
    times.push_back(0.01 * k * charging_time_s(p));
  }
  long steps = 0;
  for (auto _ : state) {
    PnpTransient transient(p);
    benchmark::DoNotOptimize(transient.run([v](double) { return v; }, times));
    steps = transient.summary().steps;
  }
  state.counters["steps"] = static_cast<double>(steps);
}
BENCHMARK(step_600_times_400_cells)
    ->Args({1, 1000, 0})
    ->Args({2, 300, 0})
    ->Args({2, 1000, 1})
    ->Unit(benchmark::kMillisecond);

// 600 times x 400 cells: two periods of 2 V sine.
void sine_600_times_400_cells(benchmark::State& state) {
  const PnpFilmParams p = film(1);
  const double w = 1.0 / charging_time_s(p);
  std::vector<double> times;
  for (int k = 1; k <= 600; ++k) {
    times.push_back(2.0 * 2.0 * 3.14159265358979 / w * k / 600.0);
  }
  for (auto _ : state) {
    PnpTransient transient(p);
    benchmark::DoNotOptimize(transient.run([w](double t) { return 2.0 * std::sin(w * t); }, times));
  }
}
BENCHMARK(sine_600_times_400_cells)->Unit(benchmark::kMillisecond);

// 64 frequencies of a biased film behind a gap, second order included.
void bias_change_64_frequencies(benchmark::State& state) {
  PnpFilmParams p = film(1);
  p.gap_m = 20e-9;
  p.species[0].diffusivity_m2_per_s = 2.6e-12;
  std::vector<double> f;
  for (int k = 0; k < 64; ++k) {
    f.push_back(100.0 * std::pow(80.0, k / 63.0));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(pnp_bias_change(p, 1.0, f));
  }
}
BENCHMARK(bias_change_64_frequencies)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace halotwin::physics
