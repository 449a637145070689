// Counter-based random streams: a random number is a function of (seed, purpose, entity, step,
// draw), not the next of a sequence, so that results depend neither on threads nor on the order of
// computation.
//
// Generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) as implemented by Random123. Key =
// seed; counter = (block of draws, low half of step, entity, purpose << 16 | bits 32..47 of step).
// Streams differ by construction.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace halotwin {

/// What a stream is for. Never renumber: old files replay by these numbers. Groups leave gaps.
enum class Purpose : std::uint16_t {
  // specimen
  grain_sites = 0x0100,
  grain_sizes,
  grain_properties,
  hotspot_choice,
  inclusions,
  topography,
  surface_potential,
  degradation_nuclei,
  sample_structure,  // twins, stars, meshes, granules
  // instruments: probe
  height_feedback = 0x0200,
  deflection_noise,
  thermal_motion,
  resonance_drift,
  lateral_drift,
  lock_in_noise,
  phase_flicker,
  stage_jitter,
  current_noise,
  kelvin_noise,
  lateral_noise,
  temperature_sensor,
  // instruments: photons and electrons
  shot_noise = 0x0300,
  gain_register,
  dark_current,
  lamp_fluctuation,
  beam_current,
  // faults
  fault_schedule = 0x0400,
  // analysis
  nmf_start = 0x0800,
  bootstrap,
  held_out,
  cluster_members,
  pixel_choice,
  pixel_pairs,
  // validation and tests
  validation_repeat = 0x0900,
  test_data,
  // carriers and their recombination centres
  telegraph = 0x0a00,
  telegraph_rates,
  carrier_loss,
  boundary_transfer,
  centre_sites,
  centre_strengths,
};

/// One stream of draws. Cheap to make (no state is seeded), cheap to drop.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed,
               Purpose purpose,
               std::uint32_t entity = 0,
               std::uint64_t step = 0);

  /// 32 random bits.
  [[nodiscard]] std::uint32_t bits();
  /// 53-bit uniform in [0, 1).
  [[nodiscard]] double uniform();
  [[nodiscard]] double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal; two uniforms make two normals (Box-Muller), one kept for the next call.
  [[nodiscard]] double normal();
  /// Exponential of mean 1.
  [[nodiscard]] double exponential();
  /// Integer in [0, n).
  [[nodiscard]] std::uint32_t index(std::uint32_t n);
  /// Poisson counts of the given mean: inversion up to 30, transformed rejection (Hoermann 1993,
  /// PTRS) above.
  [[nodiscard]] std::uint64_t poisson(double mean);
  /// Fills with standard normals, the same numbers as repeated calls of normal().
  void fill_normal(std::span<double> out);

 private:
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0.0;
};

/// Ten rounds of Philox4x32, for the known-answer test.
[[nodiscard]] std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key);

}  // namespace halotwin
