#include "physics/laplace_inversion.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

double inverse_laplace(const LaplaceTransform& transform, double time_s, int nodes) {
  require_positive("time_s", time_s);
  require_range("nodes", nodes, 4, 40);
  const double r = 2.0 * nodes / (5.0 * time_s);
  double sum = 0.5 * std::exp(r * time_s) * transform(r).real();
  for (int k = 1; k < nodes; ++k) {
    const double th = k * constants::pi / nodes;
    const double cot = 1.0 / std::tan(th);
    const std::complex<double> s = r * th * std::complex<double>(cot, 1.0);
    const double sigma = th + (th * cot - 1.0) * cot;
    sum += (std::exp(s * time_s) * transform(s) * std::complex<double>(1.0, sigma)).real();
  }
  return sum * r / nodes;
}

}  // namespace halotwin::physics
