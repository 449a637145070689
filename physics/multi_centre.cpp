#include "physics/multi_centre.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/ordered_sum.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

namespace {

constexpr std::size_t most_centres = 20;

/// Centres that switch, followed from one switch to the next.
struct Switching {
  std::vector<TelegraphTrace> traces;
  double time_s = 0.0;

  [[nodiscard]] std::size_t next() const {
    std::size_t first = 0;
    for (std::size_t i = 1; i < traces.size(); ++i) {
      if (traces[i].next_switch_s() < traces[first].next_switch_s()) {
        first = i;
      }
    }
    return first;
  }
};

}  // namespace

void validate(const MultiCentreParams& p) {
  require_positive("loss_per_s", p.loss_per_s);
  require_range("bimolecular_m3_per_s", p.bimolecular_m3_per_s, 0.0, 1e-12);
  require_range("background_per_m3", p.background_per_m3, 0.0, 1e28);
  require_positive("generation_per_m3_s", p.generation_per_m3_s);
  for (const double k : p.centre_per_s) {
    require_range("centre_per_s", k, 0.0, 1e15);
  }
}

double total_loss_per_s(const MultiCentreParams& p, std::span<const double> occupation) {
  require(occupation.size() == p.centre_per_s.size(), "occupation has one value per centre");
  double sum = p.loss_per_s;
  for (std::size_t i = 0; i < occupation.size(); ++i) {
    sum += p.centre_per_s[i] * occupation[i];
  }
  return sum;
}

double mixed_density_per_m3(const MultiCentreParams& p, double loss_per_s) {
  const double linear = loss_per_s + p.bimolecular_m3_per_s * p.background_per_m3;
  return 2.0 * p.generation_per_m3_s /
         (linear +
          std::sqrt(linear * linear + 4.0 * p.bimolecular_m3_per_s * p.generation_per_m3_s));
}

double mixed_emission_per_m3_s(const MultiCentreParams& p, double loss_per_s) {
  const double n = mixed_density_per_m3(p, loss_per_s);
  return p.bimolecular_m3_per_s * n * (n + p.background_per_m3);
}

std::vector<double> emission_levels(const MultiCentreParams& p) {
  validate(p);
  const std::size_t centres = p.centre_per_s.size();
  require(centres <= most_centres, "levels are for at most 20 centres");
  std::vector<double> levels(std::size_t{1} << centres);
  for (std::size_t state = 0; state < levels.size(); ++state) {
    double loss = p.loss_per_s;
    for (std::size_t i = 0; i < centres; ++i) {
      loss += (state >> i & 1U) != 0 ? p.centre_per_s[i] : 0.0;
    }
    levels[state] = mixed_emission_per_m3_s(p, loss);
  }
  return levels;
}

EmissionMoments emission_moments(const MultiCentreParams& p, std::span<const double> duty) {
  require(duty.size() == p.centre_per_s.size(), "duty has one value per centre");
  const std::vector<double> levels = emission_levels(p);
  std::vector<double> weight(levels.size(), 1.0);
  for (std::size_t state = 0; state < levels.size(); ++state) {
    for (std::size_t i = 0; i < duty.size(); ++i) {
      weight[state] *= (state >> i & 1U) != 0 ? duty[i] : 1.0 - duty[i];
    }
  }
  std::vector<double> part(levels.size());
  std::transform(levels.begin(), levels.end(), weight.begin(), part.begin(), std::multiplies<>());
  EmissionMoments out;
  out.mean_per_m3_s = ordered_sum(part);
  for (std::size_t state = 0; state < levels.size(); ++state) {
    const double d = levels[state] - out.mean_per_m3_s;
    part[state] = weight[state] * d * d;
  }
  out.variance = ordered_sum(part);
  return out;
}

std::vector<double> emission_frames(const MultiCentreParams& p,
                                    std::span<const TelegraphParams> centres,
                                    std::uint64_t seed,
                                    std::uint32_t first_entity,
                                    double frame_s,
                                    std::size_t frames) {
  validate(p);
  require(centres.size() == p.centre_per_s.size(), "one telegraph per centre");
  require_positive("frame_s", frame_s);
  Switching switching;
  for (std::size_t i = 0; i < centres.size(); ++i) {
    switching.traces.emplace_back(centres[i], seed, first_entity + static_cast<std::uint32_t>(i));
  }
  const auto emission = [&] {
    double loss = p.loss_per_s;
    for (std::size_t i = 0; i < centres.size(); ++i) {
      loss += switching.traces[i].on() ? p.centre_per_s[i] : 0.0;
    }
    return mixed_emission_per_m3_s(p, loss);
  };
  double level = emission();
  std::vector<double> out(frames);
  for (std::size_t k = 0; k < frames; ++k) {
    const double end_s = static_cast<double>(k + 1) * frame_s;
    double sum = 0.0;
    while (!centres.empty()) {
      TelegraphTrace& trace = switching.traces[switching.next()];
      const double at_s = trace.next_switch_s();
      if (at_s >= end_s) {
        break;
      }
      sum += level * (at_s - switching.time_s);
      switching.time_s = at_s;
      trace.pass_switch();
      level = emission();
    }
    sum += level * (end_s - switching.time_s);
    switching.time_s = end_s;
    out[k] = sum / frame_s;
  }
  return out;
}

}  // namespace halotwin::physics
