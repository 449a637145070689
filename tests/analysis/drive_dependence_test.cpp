// The lever's answer to a strong stimulus is measured at two drives and taken out.
#include "analysis/drive_dependence.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

using Complex = std::complex<double>;
const std::vector<double> f = log_spacing(100.0, 8000.0, 24);
constexpr double corner_hz = 125.0;
constexpr double ratio = 0.7;

// Excess at full drive of a surface whose signal is `strength` times that of metal.
Complex excess(double x, double strength) {
  const Complex h = 1.0 / Complex(1.0, x / corner_hz);
  return strength * strength * (0.012 - 0.2 * h * h * h - 0.11 * std::norm(h));
}

Complex film(double x) {
  return 0.7 * (1.0 + 0.2 / Complex(1.0, x / 1200.0));
}

// Reading of a drive of `part` of the full one, over a surface that answers with r.
Complex reading(double x, Complex r, double part) {
  const double square = part * part;
  const Complex linear = 0.15 * square * r / Complex(1.0, x / corner_hz);
  return linear / (1.0 - excess(x, square * std::abs(r)));
}

std::vector<std::complex<float>> sweeps(Complex (*r)(double), double part, int repeats) {
  std::vector<std::complex<float>> out;
  for (int k = 0; k < 2 * repeats; ++k) {
    for (const double x : f) {
      out.emplace_back(reading(x, r(x), part));
    }
  }
  return out;
}

Complex metal(double /*x*/) {
  return 1.0;
}

// As recorded: [metal, film][repeat][ratio, 1][up, down][frequency].
std::vector<std::complex<float>> check_sweeps(int repeats, double noise) {
  std::vector<std::complex<float>> out;
  RandomStream draw(3, Purpose::bootstrap, 1, 0);
  for (Complex (*r)(double) : {&metal, &film}) {
    for (int k = 0; k < repeats; ++k) {
      for (const double part : {ratio, 1.0}) {
        for (const std::complex<float> z : sweeps(r, part, 1)) {
          const double re = noise * draw.normal();
          const double im = noise * draw.normal();
          out.push_back(z + std::complex<float>(Complex(re, im)));
        }
      }
    }
  }
  return out;
}

double worst_loss(const ReferenceSweep& reference, const TransferOptions& options) {
  const auto map = sweeps(&film, 1.0, 1);
  const auto cube = calibrate(map, f, reference, options);
  double worst = 0.0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double true_loss = -film(f[i]).imag();
    worst = std::max(
        worst, std::abs(static_cast<double>(cube.values[i]) * cube.fast_response - true_loss));
  }
  return worst;
}

TEST(DriveDependence, ItIsTakenOutOfMapAndReference) {
  const auto readings = check_sweeps(2, 0.0);
  const DriveExcess measured = measure_excess({readings, ratio, corner_hz}, f);
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(std::abs(measured.metal.relative[i] - excess(f[i], 1.0)), 0.0, 1e-3);
  }
  const ReferenceSweep reference = mean_reference(sweeps(&metal, 1.0, 2), f.size());
  TransferOptions options;
  const double before = worst_loss(reference, options);
  options.excess_per_v2 = excess_per_square(measured);
  const double after = worst_loss(without_excess(reference, measured), options);
  EXPECT_GT(before, 0.02);
  EXPECT_LT(after, 0.001);
}

TEST(DriveDependence, ALinearLeverHasNone) {
  std::vector<std::complex<float>> readings;
  for (Complex (*r)(double) : {&metal, &film}) {
    for (const double part : {ratio, 1.0}) {
      for (int direction = 0; direction < 2; ++direction) {
        for (const double x : f) {
          readings.emplace_back(part * part * r(x) / Complex(1.0, x / corner_hz));
        }
      }
    }
  }
  const DriveExcess measured = measure_excess({readings, ratio, corner_hz}, f);
  EXPECT_LT(measured.metal.largest(), 1e-5);
  EXPECT_LT(measured.film.largest(), 1e-5);
}

TEST(DriveDependence, NoiseIsInTheSigma) {
  const auto quiet = check_sweeps(2, 0.0);
  const auto noisy = check_sweeps(200, 3e-4);
  const DriveExcess clean = measure_excess({quiet, ratio, corner_hz}, f);
  const DriveExcess measured = measure_excess({noisy, ratio, corner_hz}, f);
  double squares = 0.0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const Complex pull =
        (measured.metal.relative[i] - clean.metal.relative[i]) / measured.metal.sigma[i];
    squares += std::norm(pull) / (2.0 * static_cast<double>(f.size()));
    EXPECT_LT(std::abs(pull), 5.0) << f[i];
  }
  EXPECT_GT(squares, 0.02);  // the sigma is no wild upper limit
  const ReferenceSweep reference = mean_reference(sweeps(&metal, 1.0, 2), f.size());
  const ReferenceSweep corrected = without_excess(reference, measured);
  EXPECT_NEAR(corrected.relative_sigma[0],
              std::hypot(measured.metal.sigma[0], measured.film.sigma[0]),
              1e-6);
}

TEST(DriveDependence, BrokenChecksAreRefused) {
  auto readings = check_sweeps(1, 0.0);
  EXPECT_THROW((void)measure_excess({readings, 1.0, corner_hz}, f), ParameterError);
  EXPECT_THROW(
      (void)measure_excess({std::span(readings).first(readings.size() - 1), ratio, corner_hz}, f),
      ParameterError);
  readings[3] = {std::numeric_limits<float>::quiet_NaN(), 0.0F};
  EXPECT_THROW((void)measure_excess({readings, ratio, corner_hz}, f), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
