// Defocus of a wide-field objective: what a film loses of its contrast when it does not lie in the
// plane that the objective sees sharply.
//
// A point at distance z from that plane reaches the pupil with the phase
//
//   W(rho) = k z [sqrt(n^2 - (NA rho)^2) - n],   k = 2 pi / lambda, rho in 0..1
//
// (scalar, sine condition, pupil of even amplitude as in the Airy pattern, so that z = 0 is that
// pattern; Stokseth 1969, J. Opt. Soc. Am. 59, 1314, equation 2, at high aperture). The optical
// transfer function is the autocorrelation of the pupil exp(iW) (Hopkins 1955, Proc. R. Soc. A 231,
// 91):
//
//   OTF(s; z) = (1/pi) int int cos[W(x + s, y) - W(x - s, y)] dx dy,   s = f lambda / (2 NA)
//
// over the part that both pupils cover. Depends on |z|; OTF(0; z) = 1: no light is lost. Left out:
// polarisation, spherical aberration by layers of other index (both below what a real objective
// has), and the thickness of the film.
#pragma once

#include <vector>

#include "physics/microscope_optics.hpp"

namespace halotwin::physics {

/// OTF(f; z) / OTF(f; 0), tabulated over s and interpolated by cubics (error below 1e-4). Beyond a
/// phase of 50 rad in the pupil (8.8 um at NA 0.95) by rays instead, which are within 0.02 there.
class DefocusedTransfer {
 public:
  DefocusedTransfer(const MicroscopeParams& p, double defocus_m);
  /// At a spatial frequency [1/m]; 1 at z = 0 and beyond the band.
  [[nodiscard]] double operator()(double per_m) const;

 private:
  double s_per_frequency_m_;
  std::vector<double> ratio_;  // from s = 0 to 1; empty in focus
};

/// The same by rays: int_0^1 2 rho J0(2 pi f z tan theta) d rho, n sin theta = NA rho. For blurs
/// larger than the Airy pattern.
[[nodiscard]] double geometric_transfer(const MicroscopeParams& p, double defocus_m, double per_m);

/// Intensity on the axis over that in focus, |int_0^1 2 rho exp(iW) d rho|^2.
[[nodiscard]] double strehl_ratio(const MicroscopeParams& p, double defocus_m);

/// Mean of tan^2(theta) over the pupil: rays spread by z sqrt(mean / 2) along x.
[[nodiscard]] double mean_tan_squared(const MicroscopeParams& p);

/// Standard deviation d [m] by which defocus widens the Gaussian that stands for an Airy pattern,
/// sigma(z)^2 = sigma(0)^2 + d^2: least squares of exp(-2 pi^2 d^2 f^2) against the ratio above,
/// both times OTF(f; 0), over the band. 0 in focus. Second moments would tell
/// z sqrt(mean_tan_squared / 2), which holds for f -> 0 only: near focus most of that is faint rays
/// far out, and the picture would come out much too dull. The transfer function is off by at most
/// 0.11 up to |z| = 2 lambda / NA^2 (most at 0.6); contrast that defocus reverses is missing.
[[nodiscard]] double gaussian_defocus_m(const MicroscopeParams& p, double defocus_m);

}  // namespace halotwin::physics
