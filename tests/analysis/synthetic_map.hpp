// A PM-DNS map with known components, for tests: square grains with boundaries between them, hot
// grains, two resonance lines, lever and lock-in filters, noise.
#pragma once

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {

struct SyntheticParams {
  std::size_t nx = 48;
  std::size_t ny = 48;
  std::size_t channels = 48;
  double noise = 0.01;           // of one sweep, relative to the fast response
  double boundary_shift = 1.12;  // of the 1 kHz line
  double boundary_second = 0.5;  // extra 2 kHz line at boundaries
  double hot_factor = 1.8;       // height of the 1 kHz line in hot grains
  double transient = 0.0;        // amplitude of the ultraslow response in line 0
  double decay_lines = 10.0;
  std::uint64_t seed = 1;
};

struct SyntheticMap {
  SyntheticParams params;
  std::vector<double> frequencies_hz;
  std::vector<std::complex<float>> demodulated;
  std::vector<std::complex<float>> reference;
  std::vector<float> topography_m;
  std::vector<PixelClass> truth;

  [[nodiscard]] PmDnsInput input() const {
    PmDnsInput in;
    in.nx = params.nx;
    in.ny = params.ny;
    in.frequencies_hz = frequencies_hz;
    in.demodulated = demodulated;
    in.reference = reference;
    in.topography_m = topography_m;
    in.step_m = 12e-9;
    return in;
  }
};

/// Oscillator of height `height` in the loss channel at its centre.
inline std::complex<double> resonance(double f, double centre, double quality, double height) {
  return height / quality * centre * centre /
         std::complex<double>(centre * centre - f * f, f * centre / quality);
}

inline SyntheticMap make_map(const SyntheticParams& p) {
  using Complex = std::complex<double>;
  SyntheticMap map;
  map.params = p;
  map.frequencies_hz = log_spacing(100.0, 8000.0, p.channels);
  const auto transfer = [](double f) {
    return 0.01 / Complex(1.0, f / 250.0) / std::pow(Complex(1.0, 2e-5 * f), 4);
  };
  for (std::uint32_t repeat = 0; repeat < 4; ++repeat) {
    RandomStream draw(p.seed, Purpose::test_data, 1U << 30, repeat);
    for (int direction = 0; direction < 2; ++direction) {
      for (const double f : map.frequencies_hz) {
        const Complex z = transfer(f) * 1.3 * (1.0 + 1e-4 * Complex(draw.normal(), draw.normal()));
        map.reference.emplace_back(z);
      }
    }
  }
  constexpr std::size_t pitch = 12;
  for (std::size_t i = 0; i < p.nx * p.ny; ++i) {
    const std::size_t x = i % p.nx;
    const std::size_t y = i / p.nx;
    const bool boundary = x % pitch < 3 || y % pitch < 3;
    RandomStream grain(
        p.seed, Purpose::test_data, static_cast<std::uint32_t>((y / pitch) * 64 + x / pitch), 99);
    const bool hot = !boundary && (x / pitch + 2 * (y / pitch)) % 7 == 3;
    const double tone = (hot ? p.hot_factor : 1.0) * grain.uniform(0.9, 1.1);
    map.truth.push_back(boundary ? PixelClass::boundary
                                 : (hot ? PixelClass::hotspot : PixelClass::grain));
    map.topography_m.push_back(
        static_cast<float>(1e-9 * static_cast<double>(x) + (boundary ? 0.0 : 20e-9)));
    RandomStream draw(p.seed, Purpose::test_data, static_cast<std::uint32_t>(i));
    for (int direction = 0; direction < 2; ++direction) {
      for (const double f : map.frequencies_hz) {
        Complex r = 1.0 +
                    resonance(f, boundary ? 1000.0 * p.boundary_shift : 1000.0, 3.0, 0.15 * tone) +
                    resonance(f, 2000.0, 3.0, 0.05 + (boundary ? 0.15 * p.boundary_second : 0.0));
        r -= Complex(
            0.0,
            p.transient * std::exp(-static_cast<double>(y) / p.decay_lines) / (1.0 + f * f / 1e4));
        r += p.noise * (1.0 + f / 2000.0) * Complex(draw.normal(), draw.normal());
        map.demodulated.emplace_back(transfer(f) * 0.8 * r);
      }
    }
  }
  return map;
}

inline void forget_pixel(SyntheticMap& map, std::size_t pixel) {
  const std::size_t length = 2 * map.frequencies_hz.size();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(map.demodulated.begin() + static_cast<std::ptrdiff_t>(pixel * length),
              length,
              std::complex<float>(nan, nan));
}

}  // namespace halotwin::analysis
