// The streams of base/random.hpp for inner loops over many pixels: the same words (same key and
// counter), drawn in blocks, and samplers that need few of them. A normal costs one word, a Poisson
// count of any mean two, a gamma variate three on average.
//
// RandomStream and BulkStream give different numbers for the same distribution: a model keeps to
// one of them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/random.hpp"

namespace halotwin {

namespace detail {

/// Layers of equal area under exp(-x^2 / 2) (Marsaglia and Tsang 2000, "The ziggurat method for
/// generating random variables"; Doornik 2005 for the order of tests).
struct Ziggurat {
  static constexpr std::size_t layers = 256;
  std::array<double, layers + 1> edge{};  // of layer i; edge[1] begins the tail
  std::array<double, layers> inner{};     // edge[i + 1] / edge[i]: accepted without a look
};
[[nodiscard]] const Ziggurat& ziggurat();

/// Poisson distributions of mean 1 ... 31 for drawing by Walker's alias method, one word each: the
/// upper 7 bits choose a cell, the others between its two counts.
struct PoissonTables {
  static constexpr std::size_t cells = 128;
  static constexpr std::size_t means = 32;
  struct Cell {
    std::uint32_t limit = 0;  // of the lower 25 bits
    std::uint16_t below = 0;
    std::uint16_t above = 0;
  };
  std::array<std::array<Cell, cells>, means> cell{};
};
[[nodiscard]] const PoissonTables& poisson_tables();

}  // namespace detail

class BulkStream {
 public:
  BulkStream(std::uint64_t seed, Purpose purpose, std::uint32_t entity = 0, std::uint64_t step = 0);

  /// The same words as RandomStream::bits() of the same stream.
  [[nodiscard]] std::uint32_t word() {
    if (used_ == buffer_.size()) {
      refill();
    }
    return buffer_[used_++];
  }
  /// 32-bit uniform in the open interval (0, 1).
  [[nodiscard]] double uniform() { return (static_cast<double>(word()) + 0.5) * 0x1.0p-32; }
  /// Exponential of mean 1; the greatest value is 22.9 (probability 1.2e-10 beyond).
  [[nodiscard]] double exponential() { return -std::log(uniform()); }

  /// Standard normal by the ziggurat, steps of 2^-23 of a layer.
  [[nodiscard]] double normal() {
    const std::uint32_t w = word();
    const std::size_t layer = w & 255U;
    const double position =
        static_cast<double>(static_cast<std::int32_t>(w & 0xffffff00U)) * 0x1.0p-31 + 0x1.0p-24;
    if (std::abs(position) < ziggurat_->inner[layer]) {
      return position * ziggurat_->edge[layer];
    }
    return rare_normal(layer, position);
  }

  /// Poisson count. Mean below 32: exact, as the sum of an integer mean by a table and a rest below
  /// 1 by inversion. Above: floor of the asymptotic inverse Q of the distribution function at a
  /// normal w (Giles 2016, ACM TOMS 42, 10, eq. for Q_N3),
  ///   Q = m + s w + (2 + w^2)/6 - (2 w + w^3)/(72 s) + (7 w^2/810 + w^4/270 - 8/405)/m, s = sqrt m
  /// whose total variation distance from the Poisson distribution is below 2e-5 at m = 32 and falls
  /// (tests/base/bulk_random_test.cpp computes it). `mean` from 0 to 4e9, not checked here.
  [[nodiscard]] std::uint32_t poisson(double mean) {
    return mean < 32.0 ? poisson_below_32(mean) : poisson_above_32(mean);
  }

  /// Gamma variate of mean `shape` (scale 1), shape > 0: Marsaglia and Tsang 2000, "A simple method
  /// for generating gamma variables"; below 1 with the factor U^{1/shape}.
  [[nodiscard]] double gamma(double shape) {
    if (shape < 1.0) {
      const double factor = std::pow(uniform(), 1.0 / shape);
      return factor * gamma(shape + 1.0);
    }
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / (3.0 * std::sqrt(d));
    while (true) {
      const double x = normal();
      const double root = 1.0 + c * x;
      if (root <= 0.0) {
        continue;
      }
      const double v = root * root * root;
      const double u = uniform();
      const double x2 = x * x;
      if (u < 1.0 - 0.0331 * x2 * x2 || std::log(u) < 0.5 * x2 + d * (1.0 - v + std::log(v))) {
        return d * v;
      }
    }
  }

 private:
  [[nodiscard]] double rare_normal(std::size_t layer, double position);
  [[nodiscard]] std::uint32_t poisson_below_32(double mean) {
    const auto whole = static_cast<std::uint32_t>(mean);
    std::uint32_t count = 0;
    if (whole > 0) {
      const std::uint32_t w = word();
      const auto& cell = poisson_->cell[whole][w >> 25U];
      count = (w & 0x1ffffffU) < cell.limit ? cell.below : cell.above;
    }
    const double rest = mean - static_cast<double>(whole);
    if (rest > 0.0) {
      double u = uniform();
      double term = std::exp(-rest);
      for (std::uint32_t k = 1; u > term && k < 40; ++k) {
        u -= term;
        ++count;
        term *= rest / static_cast<double>(k);
      }
    }
    return count;
  }
  [[nodiscard]] std::uint32_t poisson_above_32(double mean) {
    const double w = normal();
    const double w2 = w * w;
    const double s = std::sqrt(mean);
    const double inverse = 1.0 / s;
    const double q = mean + s * w + (2.0 + w2) * (1.0 / 6.0) +
                     inverse * (-w * (2.0 + w2) * (1.0 / 72.0) +
                                inverse * (w2 * (7.0 / 810.0 + w2 * (1.0 / 270.0)) - 8.0 / 405.0));
    return q > 0.0 ? static_cast<std::uint32_t>(q) : 0U;
  }
  void refill();

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  const detail::Ziggurat* ziggurat_;
  const detail::PoissonTables* poisson_;
  std::size_t used_;
  std::array<std::uint32_t, 128> buffer_{};
};

}  // namespace halotwin
