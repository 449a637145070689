#include "analysis/pipelines/pm_dns_selection.hpp"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

/// One channel, half of the spectra at 0 and half at 1 with a spread of their own, and noise.
struct Film {
  std::vector<float> truth;
  std::vector<float> measured;
  std::vector<float> difference;
  std::vector<std::uint32_t> rows;
};

Film film(double noise, std::uint64_t seed) {
  constexpr std::size_t pixels = 40000;
  Film f;
  RandomStream draw(seed, Purpose::bootstrap, 0);
  for (std::size_t i = 0; i < pixels; ++i) {
    const double s = (i % 2 == 0 ? 0.0 : 1.0) + 0.3 * draw.normal();
    const double up = s + noise * std::sqrt(2.0) * draw.normal();
    const double down = s + noise * std::sqrt(2.0) * draw.normal();
    f.truth.push_back(static_cast<float>(s));
    f.measured.push_back(static_cast<float>(0.5 * (up + down)));
    f.difference.push_back(static_cast<float>(0.5 * (up - down)));
  }
  f.rows.resize(pixels);
  std::iota(f.rows.begin(), f.rows.end(), 0U);
  return f;
}

/// Class 1: above 1.
std::vector<std::uint8_t> above_one(const Film& f, double share) {
  std::vector<std::uint8_t> label;
  for (std::size_t i = 0; i < f.measured.size(); ++i) {
    const double chosen =
        static_cast<double>(f.measured[i]) + share * static_cast<double>(f.difference[i]);
    label.push_back(chosen > 1.0 ? 1 : 0);
  }
  return label;
}

Labelling label(const Film& f) {
  Labelling out{above_one(f, 0.0), {}};
  for (const double t : added_noise) {
    out.noisier.push_back(above_one(f, t));
    out.noisier.push_back(above_one(f, -t));
  }
  return out;
}

double mean_above_one(const std::vector<float>& values) {
  double sum = 0.0;
  double count = 0.0;
  for (const float v : values) {
    sum += v > 1.0F ? static_cast<double>(v) : 0.0;
    count += v > 1.0F ? 1.0 : 0.0;
  }
  return sum / count;
}

TEST(NoiseChoice, TakesMostOfTheBiasOutOfAClassMean) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Film f = film(0.1, seed);
    const double truth = mean_above_one(f.truth);
    const Labelling labels = label(f);
    const double plain = label_means({f.measured, 1}, f.rows, labels.own, 2)[1][0];
    const double freed =
        means_without_noise_choice({f.measured, 1}, {f.difference, 1}, f.rows, labels, 2)[1][0];
    EXPECT_GT(plain - truth, 0.008);
    EXPECT_LT(std::abs(freed - truth), 0.5 * (plain - truth));
  }
}

TEST(NoiseChoice, ChangesNothingWithoutNoise) {
  const Film f = film(0.0, 4);
  const Labelling labels = label(f);
  const double freed =
      means_without_noise_choice({f.measured, 1}, {f.difference, 1}, f.rows, labels, 2)[1][0];
  EXPECT_NEAR(freed, mean_above_one(f.truth), 1e-6);
}

TEST(NoiseChoice, KeepsThePlainMeansWithoutDifferences) {
  const Film f = film(0.1, 5);
  const Labelling labels{above_one(f, 0.0), {}};
  EXPECT_EQ(means_without_noise_choice({f.measured, 1}, {}, f.rows, labels, 2),
            label_means({f.measured, 1}, f.rows, labels.own, 2));
}

}  // namespace
}  // namespace halotwin::analysis
