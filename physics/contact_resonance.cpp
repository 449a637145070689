#include "physics/contact_resonance.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;
using constants::pi;

namespace {

constexpr double free_bending = 1.8751040687119611;    // 1 + cos x cosh x = 0
constexpr double pinned_bending = 3.9266023120479188;  // tan x = tanh x

// Root of a function that rises from below to above nought in [low, high].
template <class F>
double bisect(const F& f, double low, double high) {
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (f(middle) < 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double shear_modulus_pa(double modulus_pa, double poisson_ratio) {
  return modulus_pa / (2.0 * (1.0 + poisson_ratio));
}

void require_ratio(double stiffness_ratio) {
  require(stiffness_ratio >= 0.0, "stiffness_ratio", stiffness_ratio, ">= 0");
}

}  // namespace

void validate(const ContactParams& p) {
  require_range("sample_modulus_pa", p.sample_modulus_pa, 1e6, 2e12);
  require_range("sample_poisson_ratio", p.sample_poisson_ratio, 0.0, 0.5);
  require_range("tip_modulus_pa", p.tip_modulus_pa, 1e6, 2e12);
  require_range("tip_poisson_ratio", p.tip_poisson_ratio, 0.0, 0.5);
}

void validate(const TorsionParams& p) {
  require_range("free_resonance_hz", p.free_resonance_hz, 1e3, 1e8);
  require_range("stiffness_n_per_m", p.stiffness_n_per_m, 1e-3, 1e6);
  require_range("quality_factor", p.quality_factor, 1.0, 1e6);
  require_range("detection_noise_m_per_sqrt_hz", p.detection_noise_m_per_sqrt_hz, 0.0, 1e-9);
  require_range("temperature_k", p.temperature_k, 0.0, 2000.0);
}

double reduced_modulus_pa(const ContactParams& p) {
  return 1.0 / ((1.0 - p.sample_poisson_ratio * p.sample_poisson_ratio) / p.sample_modulus_pa +
                (1.0 - p.tip_poisson_ratio * p.tip_poisson_ratio) / p.tip_modulus_pa);
}

double reduced_shear_modulus_pa(const ContactParams& p) {
  return 1.0 /
         ((2.0 - p.sample_poisson_ratio) /
              shear_modulus_pa(p.sample_modulus_pa, p.sample_poisson_ratio) +
          (2.0 - p.tip_poisson_ratio) / shear_modulus_pa(p.tip_modulus_pa, p.tip_poisson_ratio));
}

double contact_radius_m(const ContactParams& p, double tip_radius_m, double load_n) {
  return load_n <= 0.0 ? 0.0 : std::cbrt(0.75 * load_n * tip_radius_m / reduced_modulus_pa(p));
}

double normal_contact_stiffness_n_per_m(const ContactParams& p, double contact_radius_m) {
  return 2.0 * reduced_modulus_pa(p) * contact_radius_m;
}

double lateral_contact_stiffness_n_per_m(const ContactParams& p, double contact_radius_m) {
  return 8.0 * reduced_shear_modulus_pa(p) * contact_radius_m;
}

double bending_wave_number(double stiffness_ratio) {
  require_ratio(stiffness_ratio);
  // divided by x^3 + 3 ratio, so that any ratio keeps its digits
  const auto f = [stiffness_ratio](double x) {
    const double free = 1.0 + std::cos(x) * std::cosh(x);
    const double pinned = std::sin(x) * std::cosh(x) - std::cos(x) * std::sinh(x);
    const double weight = 3.0 * stiffness_ratio / (x * x * x + 3.0 * stiffness_ratio);
    return -((1.0 - weight) * free + weight * pinned);
  };
  return bisect(f, free_bending * (1.0 - 1e-12), pinned_bending * (1.0 + 1e-12));
}

double bending_frequency_ratio(double stiffness_ratio) {
  const double ratio = bending_wave_number(stiffness_ratio) / free_bending;
  return ratio * ratio;
}

double static_stiffness_n_per_m(double first_mode_stiffness_n_per_m) {
  return 12.0 * first_mode_stiffness_n_per_m / std::pow(free_bending, 4.0);
}

double torsion_wave_number(double stiffness_ratio) {
  require_ratio(stiffness_ratio);
  const auto f = [stiffness_ratio](double y) {  // times -sin y, below nought at first
    return -(y * std::cos(y) + stiffness_ratio * std::sin(y)) / (1.0 + stiffness_ratio);
  };
  return bisect(f, 0.5 * pi * (1.0 - 1e-12), pi);
}

double torsion_frequency_ratio(double stiffness_ratio) {
  return torsion_wave_number(stiffness_ratio) / (0.5 * pi);
}

TorsionContact::TorsionContact(const TorsionParams& p, double lateral_stiffness_n_per_m)
    : params_(p),
      ratio_(lateral_stiffness_n_per_m / p.stiffness_n_per_m),
      wave_number_(torsion_wave_number(ratio_)),
      resonance_hz_(p.free_resonance_hz * wave_number_ / (0.5 * pi)) {}

Complex TorsionContact::denominator(double frequency_hz) const {
  const double w = 0.5 * pi * frequency_hz / params_.free_resonance_hz;
  const Complex y = std::sqrt(Complex(w * w, -w * wave_number_ / params_.quality_factor));
  return ratio_ + (std::abs(y) < 1e-6 ? Complex(1.0) : y / std::tan(y));
}

Complex TorsionContact::transfer(double frequency_hz) const {
  return ratio_ / denominator(frequency_hz);
}

Complex TorsionContact::compliance_m_per_n(double frequency_hz) const {
  return 1.0 / (params_.stiffness_n_per_m * denominator(frequency_hz));
}

double TorsionContact::participation() const {
  const double s = std::sin(wave_number_);
  return 2.0 * ratio_ / (wave_number_ * (wave_number_ / (s * s) - std::cos(wave_number_) / s));
}

double TorsionContact::thermal_psd(double frequency_hz) const {
  return -4.0 * constants::boltzmann_j_per_k * params_.temperature_k *
         compliance_m_per_n(frequency_hz).imag() / (2.0 * pi * frequency_hz);
}

Complex contact_oscillator(double frequency_hz, double resonance_hz, double quality_factor) {
  const double r = frequency_hz / resonance_hz;
  return 1.0 / Complex(1.0 - r * r, r / quality_factor);
}

}  // namespace halotwin::physics
