// A function of time from its Laplace transform.
#pragma once

#include <complex>
#include <functional>

namespace halotwin::physics {

using LaplaceTransform = std::function<std::complex<double>(std::complex<double>)>;

/// f(t) from F(s) = int_0^inf f(t) e^{-st} dt, fixed Talbot contour with M nodes:
///
///   f(t) = (r/M) { F(r) e^{rt} / 2 + sum_{k=1}^{M-1} Re[ e^{ts_k} F(s_k) (1 + i sigma_k) ] }
///   r = 2 M / (5 t),  th_k = k pi / M,  s_k = r th_k (cot th_k + i),
///   sigma_k = th_k + (th_k cot th_k - 1) cot th_k
///
/// For t > 0 and an F whose singularities lie on the negative real axis (relaxations). In double
/// precision about 10 digits with 24 to 32 nodes; more nodes lose digits to e^{2M/5}.
/// Source: abate2004.
[[nodiscard]] double inverse_laplace(const LaplaceTransform& transform,
                                     double time_s,
                                     int nodes = 32);

}  // namespace halotwin::physics
