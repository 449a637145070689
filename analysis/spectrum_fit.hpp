// Stretched Lorentzian and power law fitted to power spectra of blinking traces, and the choice
// between them.
//
//   L:  S(f) = A / (1 + (f/f0)^beta) + C,   tau = 1 / (2 pi f0)        P:  S(f) = A / f^beta + C
//
// (paper 004, equations 1 and 2, with the white noise C of the detector, which is known.) Densities
// are distributed as chi^2: fitted is ln P - [psi(nu/2) - ln(nu/2)] with the variance psi'(nu/2).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <Eigen/Core>

#include "analysis/power_spectrum.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

struct LorentzianFit {
  Estimate amplitude;  // A
  Estimate corner_hz;  // f0; sigma is f0 times that of ln f0
  Estimate exponent;   // beta
  double chi_squared = 0.0;
  bool converged = false;
  [[nodiscard]] double time_s() const;
};
struct PowerLawFit {
  Estimate amplitude;  // at 1 Hz
  Estimate exponent;
  double chi_squared = 0.0;
  bool converged = false;
};

/// Fits of spectra that share frequencies and degrees of freedom. With a `frame_time_s` the model
/// is seen through frames of this time without gaps: sinc^2(f dt), folded at the Nyquist frequency
/// (three orders). Throws ParameterError for fewer than 5 frequencies and for negative `white` (C).
class SpectrumFitter {
 public:
  SpectrumFitter(std::span<const double> frequency_hz,
                 std::span<const double> freedom,
                 double frame_time_s = 0.0);
  /// Levenberg-Marquardt in (ln A, ln f0, beta), from the best of f0 all over the band.
  /// Bounds: f0 in [f_min/30, 3 f_max], beta in [0.3, 4].
  [[nodiscard]] LorentzianFit lorentzian(std::span<const double> density, double white) const;
  [[nodiscard]] PowerLawFit power_law(std::span<const double> density, double white) const;

 private:
  class Problem;
  [[nodiscard]] Eigen::ArrayXd target(std::span<const double> density, double white) const;
  [[nodiscard]] Eigen::Vector3d best_start(const Eigen::ArrayXd& target, double white) const;
  [[nodiscard]] double plateau(const Eigen::ArrayXd& density, double ln_corner, double white) const;

  Eigen::ArrayXXd log_f_;      // [order folded on the frequency][frequency]
  Eigen::ArrayXXd weight_;     // sinc^2 of these
  Eigen::ArrayXd bias_;        // psi(nu/2) - ln(nu/2)
  Eigen::ArrayXd inverse_sd_;  // psi'(nu/2)^(-1/2)
  double ln_f_min_ = 0.0;
  double ln_f_max_ = 0.0;
  std::vector<double> start_ln_corner_;  // corners all over the band
  Eigen::ArrayXXd start_shape_;          // [frequency][corner]: L of unit amplitude, beta 2
};

/// Rule L2: single-time switching if AIC prefers L by more than 2, its corner lies above
/// `corner_hz` (a 120 s record: 0.05 Hz) and beta >= 1.7. Frozen; chosen on simulated films of
/// which all centres had one time (94 to 100 % of the clusters called so) or times over four
/// decades (26 to 30 %).
struct SaturationRule {
  double least_gain = 2.0;  // of AIC = chi^2 + 2 k
  double corner_hz = 0.05;
  double exponent = 1.7;
};
[[nodiscard]] bool saturates(const LorentzianFit& l,
                             const PowerLawFit& p,
                             const SaturationRule& rule = {});

}  // namespace halotwin::analysis
