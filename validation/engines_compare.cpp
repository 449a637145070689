#include "validation/engines_compare.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/low_pass.hpp"

namespace halotwin::validation {

using devices::simulated::ChainParams;
using devices::simulated::ChainSettings;
using devices::simulated::HarmonicChain;
using devices::simulated::SignalChain;
using devices::simulated::TimeDomainChain;
using devices::simulated::TimeDomainOptions;

namespace {

constexpr double first_wait_s = 0.1;  // for the start's own transients; 20 of the longest 5 ms

struct Case {
  double detuning_hz;
  double quality_factor;
  double lock_in_1_time_constant_s;
};

std::vector<Case> cases_of(const EnginesPlan& plan) {
  require(!plan.frequencies_hz.empty() && !plan.detunings_hz.empty() &&
              !plan.quality_factors.empty() && !plan.lock_in_1_time_constants_s.empty(),
          "a comparison of the engines needs a value in every list");
  std::vector<Case> cases;
  for (const double tau : plan.lock_in_1_time_constants_s) {
    for (const double q : plan.quality_factors) {
      for (const double detuning : plan.detunings_hz) {
        cases.push_back({detuning, q, tau});
      }
    }
  }
  return cases;
}

ChainSettings settings_of(const EnginesPlan& plan, const Case& one) {
  ChainSettings s;
  s.mechanical.engaged = true;
  s.mechanical.tip = plan.tip;
  s.mechanical.resonance_hz = plan.resonance_hz;
  s.mechanical.drive_hz = plan.resonance_hz + one.detuning_hz;
  s.mechanical.amplitude_m = plan.amplitude_m;
  s.mechanical.mean_gap_m = plan.mean_gap_m;
  s.mechanical.loop_integral_per_s = plan.loop_integral_per_s;
  s.mechanical.loop_proportional = plan.loop_proportional;
  s.electrical.amplitude_peak_v = plan.drive_peak_v;
  s.electrical.offset_v = plan.offset_v;
  s.lock_in_1.time_constant_s = one.lock_in_1_time_constant_s;
  s.lock_in_1.scale_v_per_rad = plan.lock_in_1_scale_v_per_rad;
  return s;
}

void tune(const EnginesPlan& plan, double frequency_hz, ChainSettings& s) {
  s.electrical.frequency_hz = frequency_hz;
  s.lock_in_2.reference_hz = frequency_hz;
  s.lock_in_2.time_constant_s =
      std::clamp(plan.cycles_per_time_constant / frequency_hz, 1e-3, 5e-3);
}

ChainParams with_quality(ChainParams params, double quality_factor) {
  params.cantilever.quality_factor = quality_factor;
  return params;
}

std::vector<std::complex<double>> sweep(SignalChain& chain,
                                        const EnginesPlan& plan,
                                        const Case& one) {
  ChainSettings s = settings_of(plan, one);
  tune(plan, plan.frequencies_hz.front(), s);
  chain.change(s);
  chain.advance(first_wait_s);
  std::vector<std::complex<double>> readings;
  for (const double f : plan.frequencies_hz) {
    tune(plan, f, s);
    chain.change(s);
    chain.advance(plan.wait_time_constants * s.lock_in_2.time_constant_s);
    readings.push_back(chain.output().phasor_v);
  }
  return readings;
}

// Second moment about the mean of readings five time constants apart, as a density of the input.
double noise_density(SignalChain& chain,
                     const ChainSettings& settings,
                     std::size_t readings,
                     double spacing_s) {
  chain.change(settings);
  chain.advance(first_wait_s);
  std::complex<double> sum;
  double squares = 0.0;
  for (std::size_t i = 0; i < readings; ++i) {
    chain.advance(spacing_s);
    const std::complex<double> z = chain.output().phasor_v;
    sum += z;
    squares += std::norm(z);
  }
  const auto n = static_cast<double>(readings);
  const double variance = (squares - std::norm(sum) / n) / (n - 1.0);
  const double bandwidth_hz = physics::noise_equivalent_bandwidth_hz(
      {settings.lock_in_2.order, settings.lock_in_2.time_constant_s});
  return variance / (4.0 * bandwidth_hz);  // X and Y, each with twice the density of one side
}

}  // namespace

double EnginesRow::amplitude_ratio() const {
  return std::abs(time_domain_v) / std::abs(harmonic_v);
}

double EnginesRow::phase_difference_deg() const {
  return std::arg(time_domain_v / harmonic_v) * 180.0 / constants::pi;
}

std::vector<EnginesRow> compare_responses(const sim::World& world,
                                          const ChainParams& params,
                                          const EnginesPlan& plan,
                                          const TimeDomainOptions& options,
                                          Threads threads) {
  const std::vector<Case> cases = cases_of(plan);
  const std::size_t points = plan.frequencies_hz.size();
  std::vector<EnginesRow> rows(cases.size() * points);
  for_each_chunk(cases.size(), 1, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      const ChainParams own = with_quality(params, cases[c].quality_factor);
      HarmonicChain harmonic(world, own);
      TimeDomainChain time_domain(world, own, options);
      const auto closed = sweep(harmonic, plan, cases[c]);
      const auto integrated = sweep(time_domain, plan, cases[c]);
      for (std::size_t i = 0; i < points; ++i) {
        ChainSettings s;
        tune(plan, plan.frequencies_hz[i], s);
        rows[c * points + i] = {plan.frequencies_hz[i],
                                cases[c].detuning_hz,
                                cases[c].quality_factor,
                                cases[c].lock_in_1_time_constant_s,
                                s.lock_in_2.time_constant_s,
                                closed[i],
                                integrated[i]};
      }
    }
  });
  return rows;
}

std::vector<SettlingRow> compare_settling(const sim::World& world,
                                          const ChainParams& params,
                                          const EnginesPlan& plan,
                                          const std::vector<double>& time_constants) {
  const Case one = cases_of(plan).front();
  require(plan.frequencies_hz.size() >= 2, "a step of the frequency needs two frequencies");
  std::vector<SettlingRow> rows(time_constants.size());
  const ChainParams own = with_quality(params, one.quality_factor);
  HarmonicChain harmonic(world, own);
  TimeDomainChain time_domain(world, own);
  for (SignalChain* chain :
       {static_cast<SignalChain*>(&harmonic), static_cast<SignalChain*>(&time_domain)}) {
    ChainSettings s = settings_of(plan, one);
    tune(plan, plan.frequencies_hz[0], s);
    chain->change(s);
    chain->advance(first_wait_s);
    tune(plan, plan.frequencies_hz[1], s);
    chain->change(s);
    double reached = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      chain->advance((time_constants[i] - reached) * s.lock_in_2.time_constant_s);
      reached = time_constants[i];
      const std::complex<double> z = chain->output().phasor_v;
      rows[i].time_constants = reached;
      (chain == &harmonic ? rows[i].harmonic_v : rows[i].time_domain_v) = z;
    }
    chain->advance(first_wait_s);
    const double settled = std::abs(chain->output().phasor_v);
    for (SettlingRow& row : rows) {
      row.full_scale_v = settled;
    }
  }
  return rows;
}

std::vector<NoiseRow> compare_noise(const sim::World& world,
                                    const ChainParams& params,
                                    const EnginesPlan& plan,
                                    std::size_t readings,
                                    Threads threads) {
  require(readings >= 2, "readings", static_cast<double>(readings), "at least 2");
  const Case one = cases_of(plan).front();
  const ChainParams own = with_quality(params, one.quality_factor);
  std::vector<NoiseRow> rows(plan.frequencies_hz.size());
  for_each_chunk(rows.size(), 1, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const double f = plan.frequencies_hz[i];
      ChainSettings s = settings_of(plan, one);
      s.electrical = {f, 0.0, plan.offset_v};
      s.lock_in_2.reference_hz = f;
      // the lever's 1/f^2 bends the density by 0.6 / (2 pi 2f tau)^2 across the band: below 0.8 %
      s.lock_in_2.time_constant_s = std::max(0.7 / f, 2.5e-4);
      const double spacing_s = 5.0 * s.lock_in_2.time_constant_s;
      HarmonicChain harmonic(world, own);
      TimeDomainChain time_domain(world, own);
      rows[i] = {f,
                 noise_density(harmonic, s, 20 * readings, spacing_s),
                 noise_density(time_domain, s, readings, spacing_s),
                 1.0 / std::sqrt(static_cast<double>(readings))};
    }
  });
  return rows;
}

}  // namespace halotwin::validation
