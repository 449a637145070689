#include "analysis/two_lines.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr int steps = 8;  // of the grid on each side
constexpr int refinements = 4;

double loss(double f_hz, double position_hz) {
  const double x = f_hz / position_hz;
  return 2.0 * x / (1.0 + x * x);
}

struct Trial {
  double square = std::numeric_limits<double>::infinity();  // weighted residual
  double low = 0.0;
  double high = 0.0;
};

/// Best non-negative heights for given positions.
Trial heights(const SpectrumView& s, double low_hz, double high_hz) {
  double aa = 0.0;
  double ab = 0.0;
  double bb = 0.0;
  double ay = 0.0;
  double by = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < s.values.size(); ++i) {
    const double sigma = s.sigmas.empty() ? 1.0 : s.sigmas[i];
    const double w = sigma > 0.0 ? 1.0 / (sigma * sigma) : 1.0;
    const double a = loss(s.frequencies_hz[i], low_hz);
    const double b = loss(s.frequencies_hz[i], high_hz);
    aa += w * a * a;
    ab += w * a * b;
    bb += w * b * b;
    ay += w * a * s.values[i];
    by += w * b * s.values[i];
    yy += w * s.values[i] * s.values[i];
  }
  const double determinant = aa * bb - ab * ab;
  Trial t;
  t.low = determinant > 0.0 ? (bb * ay - ab * by) / determinant : 0.0;
  t.high = determinant > 0.0 ? (aa * by - ab * ay) / determinant : 0.0;
  if (t.low < 0.0) {
    t.low = 0.0;
    t.high = std::max(0.0, by / bb);
  } else if (t.high < 0.0) {
    t.high = 0.0;
    t.low = std::max(0.0, ay / aa);
  }
  t.square = yy - 2.0 * (t.low * ay + t.high * by) + t.low * t.low * aa +
             2.0 * t.low * t.high * ab + t.high * t.high * bb;
  return t;
}

}  // namespace

void validate(const TwoLineSearch& p) {
  require_positive("low_guess_hz", p.low_guess_hz);
  require(p.high_guess_hz > p.low_guess_hz, "high_guess_hz", p.high_guess_hz, "> low_guess_hz");
  require_range("factor", p.factor, 1.0, 10.0);
}

TwoLines fit_two_lines(const SpectrumView& s, const TwoLineSearch& search) {
  validate(search);
  TwoLines best;
  if (s.values.size() < 5) {
    return best;
  }
  const double reach = std::log(search.factor);
  const double low_centre = std::log(search.low_guess_hz);
  const double high_centre = std::log(search.high_guess_hz);
  double low = low_centre;
  double high = high_centre;
  double step = reach / steps;
  Trial found;
  for (int turn = 0; turn < refinements; ++turn) {
    const double from_low = low;
    const double from_high = high;
    for (int i = -steps; i <= steps; ++i) {
      for (int j = -steps; j <= steps; ++j) {
        const double u = std::clamp(from_low + i * step, low_centre - reach, low_centre + reach);
        const double v = std::clamp(from_high + j * step, high_centre - reach, high_centre + reach);
        const Trial t = heights(s, std::exp(u), std::exp(v));
        if (t.square < found.square) {
          found = t;
          low = u;
          high = v;
        }
      }
    }
    step /= steps;
  }
  best.known = std::isfinite(found.square);
  best.low_hz.value = std::exp(low);
  best.high_hz.value = std::exp(high);
  const double least = 1e-6 * reach;
  best.low_inside = best.known && std::abs(low - low_centre) < reach - least;
  best.high_inside = best.known && std::abs(high - high_centre) < reach - least;
  best.low_height.value = found.low;
  best.high_height.value = found.high;
  best.ratio.value =
      found.low > 0.0 ? found.high / found.low : std::numeric_limits<double>::infinity();
  best.residual = std::sqrt(std::max(0.0, found.square) / static_cast<double>(s.values.size()));
  return best;
}

}  // namespace halotwin::analysis
