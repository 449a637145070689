// One point of a PM-DNS sweep, 37 ms of simulated time, with each engine. Counters: deviation of
// the integrated reading from the closed form in percent, and steps of the
// lever per second.
#include <cmath>
#include <complex>

#include <benchmark/benchmark.h>

#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/time_domain_chain.hpp"

namespace {

using namespace halotwin;
using namespace halotwin::devices::simulated;

constexpr double point_s = 37e-3;  // mean time of a point in the map of 24 h
constexpr double frequency_hz = 1e3;

struct Bench {
  Bench(sim::ResponseKind response, bool noise)
      : world(surroundings(noise), {}, {}, sim::Specimen(film(response), 1), 1) {
    settings.mechanical.engaged = true;
    settings.mechanical.tip = {150e-9, 150e-9};
    settings.electrical = {
        frequency_hz, 0.2, world.specimen().contact_potential_v(settings.mechanical.tip)};
    settings.lock_in_2.reference_hz = frequency_hz;
  }
  static sim::SpecimenParams film(sim::ResponseKind response) {
    sim::SpecimenParams p;
    p.response = response;
    p.microstructure.width_m = 300e-9;
    p.microstructure.height_m = 300e-9;
    return p;
  }
  static sim::Surroundings surroundings(bool noise) {
    sim::Surroundings s;
    s.thermal_noise = s.detection_noise = s.flicker_noise = noise;
    return s;
  }

  sim::World world;
  ChainSettings settings;
};

// Steps between two frequencies, so that every point pays for its change of settings.
std::complex<double> point(SignalChain& chain, Bench& bench, bool odd) {
  bench.settings.electrical.frequency_hz = odd ? 1.05 * frequency_hz : frequency_hz;
  bench.settings.lock_in_2.reference_hz = bench.settings.electrical.frequency_hz;
  chain.change(bench.settings);
  chain.advance(point_s);
  return chain.output().phasor_v;
}

void time_domain_point(benchmark::State& state) {
  const bool noise = state.range(1) != 0;
  Bench bench(
      state.range(0) == 0 ? sim::ResponseKind::physical : sim::ResponseKind::phenomenological,
      noise);
  TimeDomainChain chain(bench.world, {});
  HarmonicChain judge(bench.world, {});
  point(chain, bench, true);
  point(judge, bench, true);
  const double deviation = std::abs(point(chain, bench, false) / point(judge, bench, false) - 1.0);
  bool odd = false;
  for (auto _ : state) {
    odd = !odd;
    benchmark::DoNotOptimize(point(chain, bench, odd));
  }
  if (!noise) {
    state.counters["deviation_percent"] = 100.0 * deviation;
  }
  state.counters["steps"] = benchmark::Counter(
      point_s * bench.settings.mechanical.drive_hz * TimeDomainOptions{}.steps_per_period,
      benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(time_domain_point)
    ->ArgNames({"lines", "noise"})
    ->ArgsProduct({{0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

void harmonic_point(benchmark::State& state) {
  Bench bench(sim::ResponseKind::physical, true);
  HarmonicChain chain(bench.world, {});
  bool odd = false;
  for (auto _ : state) {
    odd = !odd;
    benchmark::DoNotOptimize(point(chain, bench, odd));
  }
}
BENCHMARK(harmonic_point)->Unit(benchmark::kMicrosecond);

}  // namespace
