#include "physics/resonance_drift.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using constants::pi;
constexpr double day_s = 86400.0;

void validate(const ResonanceDriftParams& p) {
  require_range("temperature_coefficient_per_k", p.temperature_coefficient_per_k, -1e-2, 1e-2);
  require_range("warm_up_k", p.warm_up_k, -100.0, 100.0);
  require_positive("warm_up_time_s", p.warm_up_time_s);
  require_range("daily_peak_k", p.daily_peak_k, 0.0, 100.0);
  require_range("daily_phase_rad", p.daily_phase_rad, -2.0 * pi, 2.0 * pi);
  require_range("flicker_coefficient", p.flicker_coefficient, 0.0, 1e-4);
}

double temperature_change_k(const ResonanceDriftParams& p, double time_s) {
  return -p.warm_up_k * std::expm1(-time_s / p.warm_up_time_s) +
         p.daily_peak_k * (std::sin(2.0 * pi * time_s / day_s + p.daily_phase_rad) -
                           std::sin(p.daily_phase_rad));
}

double relative_resonance_shift(const ResonanceDriftParams& p, double time_s) {
  return p.temperature_coefficient_per_k * temperature_change_k(p, time_s);
}

double flicker_frequency_psd(const ResonanceDriftParams& p, double frequency_hz) {
  return p.flicker_coefficient / frequency_hz;
}

double flicker_phase_psd(const ResonanceDriftParams& p,
                         const CantileverParams& lever,
                         double frequency_hz) {
  const double slope = 2.0 * lever.quality_factor;
  const double x = 2.0 * pi * frequency_hz / amplitude_decay_per_s(lever);
  return slope * slope * flicker_frequency_psd(p, frequency_hz) / (1.0 + x * x);
}

std::vector<CorrelatedPart> flicker_parts(double flicker_coefficient,
                                          double lowest_hz,
                                          double highest_hz) {
  require_positive("lowest_hz", lowest_hz);
  require(highest_hz > lowest_hz, "highest_hz", highest_hz, "> lowest_hz");
  const int parts = 1 + static_cast<int>(std::ceil(2.0 * std::log10(highest_hz / lowest_hz)));
  const double ratio = std::pow(highest_hz / lowest_hz, 1.0 / (parts - 1));
  std::vector<CorrelatedPart> out;
  for (int i = 0; i < parts; ++i) {
    out.push_back({1.0 / (2.0 * pi * lowest_hz * std::pow(ratio, i)),
                   std::sqrt(flicker_coefficient * std::log(ratio))});
  }
  return out;
}

double correlated_psd(std::span<const CorrelatedPart> parts, double frequency_hz) {
  double sum = 0.0;
  for (const CorrelatedPart& part : parts) {
    const double x = 2.0 * pi * frequency_hz * part.correlation_time_s;
    sum += 4.0 * part.rms * part.rms * part.correlation_time_s / (1.0 + x * x);
  }
  return sum;
}

}  // namespace halotwin::physics
