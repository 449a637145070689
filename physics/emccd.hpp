// An electron-multiplying CCD: mean photons per pixel -> counts of one frame.
//
//   electrons   N ~ Poisson(QE photons + dark rate x exposure + clock-induced charge), + cosmic
//   pixel well  N <- min(N, well)
//   register    M = electrons behind n stages, each of which doubles an electron with probability
//   p;
//               mean gain G = (1 + p)^n
//   counts      round((min(M, register well) + read noise) / sensitivity + offset), 0 ... 2^bits -
//   1
//
// For Poisson N of mean S (no clipping) the register gives mean S G and variance S G^2 F^2 with the
// excess noise factor of a branching process of n equal stages (D; Robbins and Hadwen 2003, IEEE
// TED 50, 1227, in the form 2 (G - 1) G^{-(n+1)/n} + 1/G, which is the same)
//
//   F^2 = (2 G - 1 + p) / ((1 + p) G)      -> (2 G - 1) / G for p -> 0, -> 2 / (1 + p) for G -> inf
//
// Not modelled: smear, charge transfer losses, charge generated inside the register, ageing of the
// gain, spread of gain between stages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/grid.hpp"
#include "base/parallel.hpp"

namespace halotwin::physics {

/// How the register is drawn. `compound` is quick and has mean and variance of the n stages
/// exactly, the shape of one electron's output within 0.5 % (largest distance of the distribution
/// functions, gain 2 to 1000; tests compute it). `stage_by_stage` follows every electron: the
/// judge, some microseconds per electron and pixel.
enum class RegisterModel { compound, stage_by_stage };
[[nodiscard]] constexpr auto enumerators(RegisterModel) {
  return std::array{std::pair{RegisterModel::compound, std::string_view("compound")},
                    std::pair{RegisterModel::stage_by_stage, std::string_view("stage_by_stage")}};
}

/// Defaults: a back-illuminated 512 x 512 sensor of the iXon class (physics-facts e3).
struct EmccdParams {
  double quantum_efficiency = 0.87;        // at 760 nm: 0.85 to 0.9
  double dark_electrons_per_s = 1e-3;      // per pixel, cooled: 1e-4 to 1e-2
  double clock_induced_electrons = 5e-3;   // per pixel and frame: 0.002 to 0.02
  double em_gain = 100.0;                  // real gain G; 1 = register not clocked up
  int register_stages = 536;               // Hirsch et al. 2013, PLoS ONE 8, e53671
  double read_noise_rms_electrons = 50.0;  // of the output amplifier, behind the register, 10 MHz
  double electrons_per_count = 12.0;       // behind the register (estimate)
  double offset_counts = 200.0;            // (estimate)
  int bits = 16;
  double pixel_well_electrons = 1.8e5;      // 9e4 to 1.8e5
  double register_well_electrons = 7.3e5;   // 0.7 to 8e5
  double hot_pixel_fraction = 1e-4;         // (estimate)
  double hot_pixel_electrons_per_s = 20.0;  // mean of an exponential distribution (estimate)
  double cosmic_flux_per_m2_s = 170.0;      // muons at sea level: about 1 per cm^2 and minute
  double sensor_pixel_m = 16e-6;
  double active_depth_m = 15e-6;  // of silicon that collects charge (estimate)
  bool shot_noise = true;         // off: electrons are the rounded mean
  bool gain_noise = true;         // off: M = G N
  RegisterModel register_model = RegisterModel::compound;
  bool operator==(const EmccdParams&) const = default;
};
void validate(const EmccdParams& p);
void visit_fields(auto& visit, EmccdParams& p) {
  visit("quantum_efficiency", p.quantum_efficiency);
  visit("dark_electrons_per_s", p.dark_electrons_per_s);
  visit("clock_induced_electrons", p.clock_induced_electrons);
  visit("em_gain", p.em_gain);
  visit("register_stages", p.register_stages);
  visit("read_noise_rms_electrons", p.read_noise_rms_electrons);
  visit("electrons_per_count", p.electrons_per_count);
  visit("offset_counts", p.offset_counts);
  visit("bits", p.bits);
  visit("pixel_well_electrons", p.pixel_well_electrons);
  visit("register_well_electrons", p.register_well_electrons);
  visit("hot_pixel_fraction", p.hot_pixel_fraction);
  visit("hot_pixel_electrons_per_s", p.hot_pixel_electrons_per_s);
  visit("cosmic_flux_per_m2_s", p.cosmic_flux_per_m2_s);
  visit("sensor_pixel_m", p.sensor_pixel_m);
  visit("active_depth_m", p.active_depth_m);
  visit("shot_noise", p.shot_noise);
  visit("gain_noise", p.gain_noise);
  visit("register_model", p.register_model);
}

/// Probability p = G^{1/n} - 1 that one stage doubles an electron.
[[nodiscard]] double doubling_probability(double em_gain, int stages);
/// F^2 of the register for Poisson electrons (see above); 1 at gain 1.
[[nodiscard]] double excess_noise_factor(double em_gain, int stages);

/// Mean and variance of one pixel's counts without clipping, hot pixels and cosmic events; the
/// variance of rounding, 1/12, included.
struct CountStatistics {
  double mean_counts = 0.0;
  double variance_counts2 = 0.0;
};
[[nodiscard]] CountStatistics expected_counts(const EmccdParams& p,
                                              double mean_photons,
                                              double exposure_s);

/// A sensor of `width` x `height` pixels; row by row. Randomness is counted, not stored: streams
/// shot_noise (electrons) and gain_register (register and output amplifier), entity
/// device << 16 | row, step = number of the frame; cosmic events are row 65535 of shot_noise; hot
/// pixels come from dark_current. So a frame depends on (seed, device, frame number) and its
/// photons only, and each row on its own photons only.
class Emccd {
 public:
  Emccd(const EmccdParams& p,
        std::size_t width,
        std::size_t height,
        std::uint64_t seed,
        std::uint16_t device = 0);

  /// `mean_photons` and `counts`: width x height values. Throws ParameterError for a mean that is
  /// negative or not finite, or other sizes. Same bits for any number of threads.
  void expose(std::span<const float> mean_photons,
              double exposure_s,
              std::uint64_t frame,
              std::span<std::uint16_t> counts,
              Threads threads = {}) const;

  /// Dark electrons per second of each pixel, hot ones included: part of the truth.
  [[nodiscard]] const Image<float>& dark_map() const { return dark_; }

 private:
  EmccdParams p_;
  std::uint64_t seed_;
  std::uint32_t entity_;
  Image<float> dark_;  // electrons per second
};

}  // namespace halotwin::physics
