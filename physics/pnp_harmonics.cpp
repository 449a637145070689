#include "physics/pnp_harmonics.hpp"

#include <cmath>
#include <vector>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/pnp_spectrum.hpp"
#include "physics/pnp_transient.hpp"

namespace halotwin::physics {

namespace {

using Complex = std::complex<double>;
using Harmonics = std::array<Complex, SineResponse::harmonics>;

// Of one period of samples, sample k at phase begin + 2 pi (k + 1) / n.
Harmonics harmonics_of(const std::vector<double>& samples, double begin_rad) {
  Harmonics h{};
  const auto n = static_cast<double>(samples.size());
  for (std::size_t m = 0; m < h.size(); ++m) {
    const auto order = static_cast<double>(m);
    for (std::size_t k = 0; k < samples.size(); ++k) {
      const double phase = begin_rad + 2.0 * constants::pi * static_cast<double>(k + 1) / n;
      h[m] += samples[k] * std::polar(m == 0 ? 1.0 / n : 2.0 / n, -order * phase);
    }
  }
  return h;
}

double change(const Complex& now, const Complex& before) {
  return std::abs(now - before) / std::abs(now);
}

}  // namespace

void validate(const SineDrive& p) {
  require_range("bias_v", p.bias_v, -1e3, 1e3);
  require_range("amplitude_v", p.amplitude_v, 1e-6, 1e3);
  require_range("frequency_hz", p.frequency_hz, 1e-9, 1e12);
}

SineResponse pnp_sine_response(const PnpFilmParams& film,
                               const SineDrive& drive,
                               const SineOptions& options) {
  validate(drive);
  require_range("samples", options.samples, 32, 65536);
  const double w = 2.0 * constants::pi * drive.frequency_hz;
  const PnpSpectrum linear(film, drive.bias_v, options.grid);
  const Complex ionic = linear.capacitance(w) - linear.frozen_capacitance_f_per_m2();
  const double begin = 0.5 * constants::pi - std::arg(ionic);
  const Waveform voltage = [&](double t) {
    return drive.bias_v + drive.amplitude_v * std::cos(w * t + begin);
  };
  PnpTransient transient(film, options.grid, options.time);
  transient.settle(drive.bias_v);
  SineResponse r;
  std::vector<double> times(static_cast<std::size_t>(options.samples));
  while (r.periods < options.periods_limit && !r.periodic) {
    for (std::size_t k = 0; k < times.size(); ++k) {
      times[k] = (r.periods + static_cast<double>(k + 1) / options.samples) / drive.frequency_hz;
    }
    const std::vector<double> charge = transient.run(voltage, times);
    std::vector<double> pressure(charge);
    for (double& f : pressure) {
      f *= 0.5 * f / constants::vacuum_permittivity_f_per_m;
    }
    const Harmonics q = harmonics_of(charge, begin);
    const Harmonics f = harmonics_of(pressure, begin);
    r.periodic = r.periods > 0 && change(q[1], r.charge[1]) < options.periodicity &&
                 change(f[2], r.force[2]) < options.periodicity;
    r.charge = q;
    r.force = f;
    ++r.periods;
  }
  r.capacitance = r.charge[1] / drive.amplitude_v;
  r.work = transient.summary();
  return r;
}

}  // namespace halotwin::physics
