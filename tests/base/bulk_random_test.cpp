#include "base/bulk_random.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace halotwin {
namespace {

constexpr std::size_t draws = 200'000;

double normal_below(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

/// Kolmogorov's distance of a sample from a continuous distribution, times sqrt(n): 1.95 is
/// exceeded by chance once in 1000 (two-sided, asymptotic); seeds are fixed.
double kolmogorov(std::vector<double> sample, const std::function<double(double)>& below) {
  std::sort(sample.begin(), sample.end());
  double distance = 0.0;
  const auto n = static_cast<double>(sample.size());
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double f = below(sample[i]);
    distance = std::max({distance,
                         std::abs(f - static_cast<double>(i) / n),
                         std::abs(f - static_cast<double>(i + 1) / n)});
  }
  return distance * std::sqrt(n);
}

// Wilson and Hilferty 1931; 4 standard deviations.
void expect_chi2(double chi2, double dof) {
  const double variance = 2.0 / (9.0 * dof);
  EXPECT_NEAR(std::cbrt(chi2 / dof), 1.0 - variance, 4.0 * std::sqrt(variance));
}

double poisson_probability(double mean, double k) {
  return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0));
}

RC_GTEST_PROP(BulkStreamProperty, GivesTheWordsOfTheSameRandomStream, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto entity = *rc::gen::arbitrary<std::uint32_t>();
  const auto step = *rc::gen::arbitrary<std::uint64_t>() & 0xffff'ffff'ffffU;
  RandomStream one(seed, Purpose::test_data, entity, step);
  BulkStream many(seed, Purpose::test_data, entity, step);
  for (int i = 0; i < 300; ++i) {
    RC_ASSERT(many.word() == one.bits());
  }
}

TEST(Ziggurat, ClosesAtTheTopWithLayersOfEqualArea) {
  const auto& z = detail::ziggurat();
  const double tail = z.edge[1];
  const double area = z.edge[0] * std::exp(-0.5 * tail * tail);
  for (std::size_t i = 1; i < detail::Ziggurat::layers; ++i) {
    const double low = std::exp(-0.5 * z.edge[i] * z.edge[i]);
    const double high = std::exp(-0.5 * z.edge[i + 1] * z.edge[i + 1]);
    EXPECT_NEAR(z.edge[i] * (high - low), area, 1e-9 * area) << "layer " << i;
  }
}

TEST(BulkNormal, HasTheDistributionFunctionAndTheTailsOfTheNormal) {
  BulkStream draw(31, Purpose::test_data);
  std::vector<double> sample(draws);
  std::generate(sample.begin(), sample.end(), [&] { return draw.normal(); });
  EXPECT_LT(kolmogorov(sample, normal_below), 1.95);
  // beyond the last layer and beyond 3: 4 standard deviations of the binomial count
  BulkStream more(32, Purpose::test_data);
  constexpr double n = 4e6;
  double beyond_3 = 0.0;
  double beyond_tail = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    const double x = more.normal();
    sum += x;
    beyond_3 += std::abs(x) > 3.0 ? 1.0 : 0.0;
    beyond_tail += std::abs(x) > 3.7 ? 1.0 : 0.0;
  }
  EXPECT_NEAR(sum, 0.0, 4.0 * std::sqrt(n));
  EXPECT_NEAR(
      beyond_3, 2.0 * n * normal_below(-3.0), 4.0 * std::sqrt(2.0 * n * normal_below(-3.0)));
  EXPECT_NEAR(
      beyond_tail, 2.0 * n * normal_below(-3.7), 4.0 * std::sqrt(2.0 * n * normal_below(-3.7)));
}

TEST(PoissonTables, HoldThePoissonProbabilities) {
  for (std::size_t mean = 1; mean < detail::PoissonTables::means; ++mean) {
    std::vector<double> probability(detail::PoissonTables::cells, 0.0);
    for (const auto& cell : detail::poisson_tables().cell[mean]) {
      const double share = static_cast<double>(cell.limit) * 0x1.0p-25;
      probability[cell.below] += share / detail::PoissonTables::cells;
      probability[cell.above] += (1.0 - share) / detail::PoissonTables::cells;
    }
    for (std::size_t k = 0; k < probability.size(); ++k) {
      // 128 cells, each rounded to 2^-25
      EXPECT_NEAR(probability[k],
                  poisson_probability(static_cast<double>(mean), static_cast<double>(k)),
                  0x1.0p-25)
          << "mean " << mean << ", count " << k;
    }
  }
}

class BulkPoissonMean : public testing::TestWithParam<double> {};

TEST_P(BulkPoissonMean, HasThePoissonProbabilities) {
  const double mean = GetParam();
  BulkStream draw(33, Purpose::test_data);
  std::vector<double> count(static_cast<std::size_t>(mean + 12.0 * std::sqrt(mean) + 20.0), 0.0);
  for (std::size_t i = 0; i < draws; ++i) {
    count[std::min<std::size_t>(draw.poisson(mean), count.size() - 1)] += 1.0;
  }
  double chi2 = 0.0;
  double bins = 0.0;
  for (std::size_t k = 0; k < count.size(); ++k) {
    const double expected = draws * poisson_probability(mean, static_cast<double>(k));
    if (expected > 20.0) {
      chi2 += std::pow(count[k] - expected, 2) / expected;
      bins += 1.0;
    }
  }
  expect_chi2(chi2, bins - 1.0);
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge,
                         BulkPoissonMean,
                         testing::Values(0.004, 0.3, 1.0, 2.7, 16.5, 31.99, 32.01, 120.0, 1000.0));

/// The Q of BulkStream::poisson, in double, and the normal at which it reaches x.
double asymptotic_count(double mean, double w) {
  const double s = std::sqrt(mean);
  return mean + s * w + (2.0 + w * w) / 6.0 - w * (2.0 + w * w) / (72.0 * s) +
         (7.0 * w * w / 810.0 + std::pow(w, 4) / 270.0 - 8.0 / 405.0) / mean;
}
double normal_where(double mean, double count) {
  double low = -5.5;
  double high = 8.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (asymptotic_count(mean, middle) < count ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

TEST(BulkPoisson, DistanceOfTheAsymptoticFormIsAsStated) {
  double before = 2e-5;
  for (const double mean : {32.0, 64.0, 256.0, 1024.0}) {
    double distance = 0.0;
    const double reach = 5.0 * std::sqrt(mean);
    for (double k = std::floor(mean - reach); k < mean + reach; k += 1.0) {
      const double p =
          normal_below(normal_where(mean, k + 1.0)) - normal_below(normal_where(mean, k));
      distance += 0.5 * std::abs(p - poisson_probability(mean, k));
    }
    EXPECT_LT(distance, before) << "mean " << mean;
    before = distance / 2.0;  // falls at least as 1 / mean
  }
}

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};

Moments moments_of(const std::vector<double>& sample) {
  Moments m;
  for (const double v : sample) {
    m.mean += v / static_cast<double>(sample.size());
  }
  for (const double v : sample) {
    m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(sample.size());
  }
  return m;
}

TEST(BulkPoisson, KeepsMeanAndVarianceAtHugeMeans) {
  for (const double mean : {1e5, 1e8}) {
    BulkStream draw(34, Purpose::test_data);
    std::vector<double> sample(draws);
    std::generate(sample.begin(), sample.end(), [&] { return double{1.0} * draw.poisson(mean); });
    const Moments m = moments_of(sample);
    EXPECT_NEAR(m.mean, mean, 4.0 * std::sqrt(mean / draws));
    EXPECT_NEAR(m.variance, mean, 4.0 * mean * std::sqrt(2.0 / draws));
  }
}

TEST(BulkExponential, HasItsDistributionFunction) {
  BulkStream draw(35, Purpose::test_data);
  std::vector<double> sample(draws);
  std::generate(sample.begin(), sample.end(), [&] { return draw.exponential(); });
  EXPECT_LT(kolmogorov(sample, [](double x) { return -std::expm1(-x); }), 1.95);
}

TEST(BulkGamma, OfIntegerShapeHasErlangsDistribution) {
  for (const int shape : {1, 2, 5}) {
    BulkStream draw(36, Purpose::test_data);
    std::vector<double> sample(draws);
    std::generate(sample.begin(), sample.end(), [&] { return draw.gamma(shape); });
    EXPECT_LT(kolmogorov(sample,
                         [&](double x) {
                           double term = std::exp(-x);
                           double above = 0.0;
                           for (int k = 0; k < shape; ++k) {
                             above += term;
                             term *= x / (k + 1);
                           }
                           return 1.0 - above;
                         }),
              1.95)
        << "shape " << shape;
  }
}

TEST(BulkGamma, HasMeanAndVarianceOfItsShape) {
  for (const double shape : {0.3, 0.97, 1.4, 30.0, 700.0}) {
    BulkStream draw(37, Purpose::test_data);
    std::vector<double> sample(draws);
    std::generate(sample.begin(), sample.end(), [&] { return draw.gamma(shape); });
    const Moments m = moments_of(sample);
    EXPECT_NEAR(m.mean, shape, 4.0 * std::sqrt(shape / draws));
    // fourth central moment of the gamma distribution: (3 + 6 / shape) shape^2
    EXPECT_NEAR(m.variance, shape, 4.0 * shape * std::sqrt((2.0 + 6.0 / shape) / draws));
  }
}

}  // namespace
}  // namespace halotwin
