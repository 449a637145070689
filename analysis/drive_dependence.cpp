#include "analysis/drive_dependence.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

using Complex = std::complex<double>;
constexpr int terms = 5;
constexpr double least_variance_share = 0.05;  // of the mean variance: the scatter is a guess
constexpr double least_relative_sigma = 1e-6;  // rounding of the recorded floats

bool finite(Complex z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}

/// Mean of a channel over repeats and directions at one drive, and the variance of its real and
/// imaginary part.
struct Level {
  Complex mean;
  double variance = 0.0;
  std::size_t repeats = 0;
};

Level level_of(const DriveCheck& check,
               std::size_t m,
               std::size_t repeats,
               std::size_t surface,
               std::size_t drive,
               std::size_t channel) {
  std::vector<Complex> good;
  double directions = 0.0;  // |up - down|^2
  for (std::size_t r = 0; r < repeats; ++r) {
    const std::size_t first = (((surface * repeats + r) * 2 + drive) * 2) * m + channel;
    const Complex up(check.readings[first]);
    const Complex down(check.readings[first + m]);
    if (finite(up) && finite(down)) {
      good.push_back(0.5 * (up + down));
      directions += std::norm(up - down);
    }
  }
  Level level;
  level.repeats = good.size();
  if (good.empty()) {
    return level;
  }
  const auto n = static_cast<double>(good.size());
  for (const Complex z : good) {
    level.mean += z / n;
  }
  double scatter = 0.25 * directions / n;
  if (good.size() > 1) {
    scatter = 0.0;
    for (const Complex z : good) {
      scatter += std::norm(z - level.mean) / (n - 1.0);
    }
  }
  level.variance = 0.5 * scatter / n;
  return level;
}

std::array<Complex, terms> shapes_of(double frequency_hz, double corner_hz) {
  const Complex h = 1.0 / Complex(1.0, frequency_hz / corner_hz);
  const double square = std::norm(h);
  return {1.0, h * h, h * h * h, square, h * square};
}

/// Weighted least squares of real coefficients; replaces `excess.relative` by the fit.
void smooth(std::span<const double> frequencies_hz, double corner_hz, SurfaceExcess& excess) {
  const std::size_t m = frequencies_hz.size();
  double mean_variance = 0.0;
  for (const double s : excess.sigma) {
    mean_variance += s * s / static_cast<double>(m);
  }
  Eigen::Matrix<double, terms, terms> normal = Eigen::Matrix<double, terms, terms>::Zero();
  Eigen::Matrix<double, terms, 1> right = Eigen::Matrix<double, terms, 1>::Zero();
  std::vector<std::array<Complex, terms>> shapes;
  for (std::size_t i = 0; i < m; ++i) {
    shapes.push_back(shapes_of(frequencies_hz[i], corner_hz));
    const double weight = 1.0 / std::max({excess.sigma[i] * excess.sigma[i],
                                          least_variance_share * mean_variance,
                                          least_relative_sigma * least_relative_sigma});
    for (int a = 0; a < terms; ++a) {
      const Complex own = shapes[i][static_cast<std::size_t>(a)];
      for (int b = 0; b < terms; ++b) {
        const Complex other = shapes[i][static_cast<std::size_t>(b)];
        normal(a, b) += weight * (own.real() * other.real() + own.imag() * other.imag());
      }
      right(a) += weight *
                  (own.real() * excess.relative[i].real() + own.imag() * excess.relative[i].imag());
    }
  }
  const Eigen::LDLT<Eigen::Matrix<double, terms, terms>> solver(normal);
  const Eigen::Matrix<double, terms, 1> found = solver.solve(right);
  for (std::size_t i = 0; i < m; ++i) {
    Complex value;
    Eigen::Matrix<double, terms, 1> real;
    Eigen::Matrix<double, terms, 1> imag;
    for (int a = 0; a < terms; ++a) {
      const Complex shape = shapes[i][static_cast<std::size_t>(a)];
      value += found(a) * shape;
      real(a) = shape.real();
      imag(a) = shape.imag();
    }
    const double variance = std::max(real.dot(solver.solve(real)), imag.dot(solver.solve(imag)));
    excess.relative[i] = value;
    excess.sigma[i] = std::sqrt(std::max(variance, 0.0));
  }
}

SurfaceExcess measure_surface(const DriveCheck& check,
                              std::span<const double> frequencies_hz,
                              std::size_t repeats,
                              std::size_t surface,
                              double corner_hz) {
  const std::size_t m = frequencies_hz.size();
  const double p2 = check.drive_ratio * check.drive_ratio;
  const double p4 = p2 * p2;
  SurfaceExcess excess;
  for (std::size_t i = 0; i < m; ++i) {
    const Level full = level_of(check, m, repeats, surface, 1, i);
    const Level weak = level_of(check, m, repeats, surface, 0, i);
    require(full.repeats > 0 && weak.repeats > 0,
            "the check of the drive has a channel without a finite reading");
    require(std::abs(full.mean) > 0.0 && std::abs(weak.mean) > 0.0,
            "the check of the drive has a channel that is zero");
    const Complex ratio = full.mean * p2 / weak.mean;  // h / l
    const Complex linear = (1.0 - p4) / (ratio - p4);  // D0 / h
    excess.relative.push_back(1.0 - linear);
    // d(D0/h) = (1 - p^4) / (ratio - p^4)^2 d(ratio)
    const double of_ratio = std::abs(ratio) * std::sqrt(full.variance / std::norm(full.mean) +
                                                        weak.variance / std::norm(weak.mean));
    excess.sigma.push_back((1.0 - p4) / std::norm(ratio - p4) * of_ratio);
    excess.square_v2.push_back(std::norm(full.mean));
  }
  smooth(frequencies_hz, corner_hz, excess);
  return excess;
}

}  // namespace

double SurfaceExcess::largest() const {
  double largest = 0.0;
  for (const Complex b : relative) {
    largest = std::max(largest, std::abs(b));
  }
  return largest;
}

DriveExcess measure_excess(const DriveCheck& check, std::span<const double> frequencies_hz) {
  const std::size_t m = frequencies_hz.size();
  require(m > terms, "a check of the drive needs six frequencies or more");
  require_range("drive_ratio", check.drive_ratio, 0.2, 0.95);
  require(!check.readings.empty() && check.readings.size() % (8 * m) == 0,
          "the check of the drive must be [2 surfaces][repeat][2 drives][2 directions][frequency]");
  const std::size_t repeats = check.readings.size() / (8 * m);
  const double corner_hz =
      check.lever_corner_hz > 0.0 ? check.lever_corner_hz : 1.25 * frequencies_hz.front();
  return {measure_surface(check, frequencies_hz, repeats, 0, corner_hz),
          measure_surface(check, frequencies_hz, repeats, 1, corner_hz)};
}

ReferenceSweep without_excess(const ReferenceSweep& reference, const DriveExcess& excess) {
  require(reference.up.size() == excess.metal.relative.size(),
          "reference and check of the drive have different numbers of frequencies");
  ReferenceSweep out = reference;
  for (std::size_t i = 0; i < out.up.size(); ++i) {
    const Complex per_v2 = excess.metal.relative[i] / excess.metal.square_v2[i];
    out.up[i] *= 1.0 - per_v2 * std::norm(out.up[i]);
    out.down[i] *= 1.0 - per_v2 * std::norm(out.down[i]);
    out.relative_sigma[i] =
        std::hypot(out.relative_sigma[i], excess.metal.sigma[i], excess.film.sigma[i]);
  }
  return out;
}

std::vector<Complex> excess_per_square(const DriveExcess& excess) {
  std::vector<Complex> out;
  for (std::size_t i = 0; i < excess.film.relative.size(); ++i) {
    out.push_back(excess.film.relative[i] / excess.film.square_v2[i]);
  }
  return out;
}

}  // namespace halotwin::analysis
