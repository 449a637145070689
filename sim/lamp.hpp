// Light that falls on the whole field: what it was set to and when, and how its power wanders. Kept
// as a history, since a camera hands out frames that were exposed a while ago.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace halotwin::sim {

struct LampWander {
  double drift_per_s = 0.0;      // relative, while it is on
  double fluctuation_rms = 0.0;  // relative
  double fluctuation_time_s = 60.0;
};

class Lamp {
 public:
  /// `number` tells the noise of several lamps of one world apart.
  Lamp(const LampWander& wander, std::uint64_t seed, std::uint32_t number)
      : wander_(wander), seed_(seed), number_(number) {}

  /// From now on; 0 is off. Times rise.
  void set(double now_s, double irradiance_w_per_m2, double wavelength_m);

  /// What it is set to at a time, and its wavelength.
  [[nodiscard]] double set_irradiance_w_per_m2(double time_s) const;
  [[nodiscard]] double wavelength_m(double time_s) const;
  /// What really falls on the sample [W/m^2]:
  ///   E(t) = E_set (1 + d t_on + s n(t)),  d drift, t_on time lit so far, s rms of the
  ///   fluctuation, n(t) standard normal at every multiple of the fluctuation time, joined by
  ///   great-circle arcs so that its variance is 1 everywhere
  [[nodiscard]] double irradiance_w_per_m2(double time_s) const;
  /// Mean of E over a short window; a switch inside it is weighed by its time. Between switches E
  /// is taken in the middle.
  [[nodiscard]] double mean_irradiance_w_per_m2(double from_s, double to_s) const;
  /// Time lit so far [s] and what fell on the sample so far, wandering left out [J/m^2].
  [[nodiscard]] double lit_s(double time_s) const;
  [[nodiscard]] double exposure_j_per_m2(double time_s) const;

  /// A fixed number of values: the last changes.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);
  static constexpr std::size_t kept_changes = 16;
  static constexpr std::size_t saved_values = 1 + 5 * kept_changes;

 private:
  struct Change {
    double at_s = 0.0;
    double irradiance_w_per_m2 = 0.0;
    double wavelength_m = 0.0;
    double lit_before_s = 0.0;
    double exposure_before_j_per_m2 = 0.0;
  };
  [[nodiscard]] Change in_force(double time_s) const;

  LampWander wander_;
  std::uint64_t seed_;
  std::uint32_t number_;
  std::vector<Change> changes_;  // rising; the oldest are forgotten
};

}  // namespace halotwin::sim
