#include "base/settling.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin {

double settling_error(int order, double time_constants) {
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k < order; ++k) {
    term *= time_constants / k;
    sum += term;
  }
  return std::exp(-time_constants) * sum;
}

double settling_time_constants(int order, double error) {
  require(error > 0.0 && error < 1.0, "error", error, "between 0 and 1");
  double low = 0.0;
  double high = 800.0;
  while (high - low > 1e-12 * high) {
    const double mid = 0.5 * (low + high);
    (settling_error(order, mid) > error ? low : high) = mid;
  }
  return 0.5 * (low + high);
}

}  // namespace halotwin
