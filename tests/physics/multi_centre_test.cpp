#include "physics/multi_centre.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "physics/carrier_film.hpp"

namespace halotwin::physics {
namespace {

MultiCentreParams three() {
  MultiCentreParams p;
  p.centre_per_s = {4e6, 8e6, 2e6};
  return p;
}

TEST(MultiCentre, DensityFulfilsTheBalance) {
  for (const double k2 : {0.0, 1e-16, 1e-13}) {
    MultiCentreParams p = three();
    p.bimolecular_m3_per_s = k2;
    p.background_per_m3 = 2e21;
    const double k = total_loss_per_s(p, std::vector<double>{1.0, 0.0, 0.5});
    EXPECT_DOUBLE_EQ(k, 13e6);
    const double n = mixed_density_per_m3(p, k);
    EXPECT_NEAR((k * n + mixed_emission_per_m3_s(p, k)) / p.generation_per_m3_s, 1.0, 1e-12);
  }
}

// PL ~ 1/k^2 without background carriers, ~ 1/k with many.
TEST(MultiCentre, EmissionHasItsTwoLimits) {
  MultiCentreParams p;
  p.bimolecular_m3_per_s = 1e-20;
  EXPECT_NEAR(mixed_emission_per_m3_s(p, 8e6) / mixed_emission_per_m3_s(p, 16e6), 4.0, 1e-4);
  p.bimolecular_m3_per_s = 1e-26;
  p.background_per_m3 = 1e27;  // k2 p0 << k, p0 >> n
  EXPECT_NEAR(mixed_emission_per_m3_s(p, 8e6) / mixed_emission_per_m3_s(p, 16e6), 2.0, 1e-4);
}

// A centre divides the level of whatever the others are doing; its step is smaller when they are
// on.
TEST(MultiCentre, LevelsDoNotAdd) {
  const auto level = emission_levels(three());
  ASSERT_EQ(level.size(), 8u);
  const double alone = level[0] - level[1];
  const double beside = level[2] - level[3];
  EXPECT_GT(alone, 2.0 * beside);
  EXPECT_GT(level[0], level[4]);
  EXPECT_GT(level[4], level[1]);
  EXPECT_GT(level[1], level[2]);
}

// One node of a film is a well-mixed volume.
TEST(MultiCentre, IsAFilmOfOneNode) {
  const MultiCentreParams p = three();
  CarrierFilm film = film_of_fields(1,
                                    1,
                                    50e-9,
                                    false,
                                    std::vector<double>{5e-5},
                                    std::vector<double>{p.loss_per_s},
                                    std::vector<double>{p.generation_per_m3_s});
  film.bimolecular_m3_per_s = p.bimolecular_m3_per_s;
  std::vector<RecombinationCentre> centres;
  for (const double k : p.centre_per_s) {
    centres.push_back({0, k * 50e-9 * 50e-9});
  }
  const std::vector<double> on = {1.0, 1.0, 0.0};
  EXPECT_NEAR(
      steady_density(film, centres, on)[0] / mixed_density_per_m3(p, total_loss_per_s(p, on)),
      1.0,
      1e-10);
}

// Mean and variance of frames far shorter than the dwell times are the stationary ones, within four
// standard errors of 1000 repeats; of frames far longer: the mean, without variance.
TEST(MultiCentre, FramesHaveTheStationaryMoments) {
  const MultiCentreParams p = three();
  const std::vector<double> duties = {0.3, 0.5, 0.6};
  const EmissionMoments exact = emission_moments(p, duties);
  for (const double frame : {1e-4, 300.0}) {
    const std::vector<TelegraphParams> centres = {
        telegraph_of(0.3, 0.1), telegraph_of(0.5, 0.2), telegraph_of(0.6, 0.05)};
    std::vector<double> x;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
      x.push_back(emission_frames(p, centres, seed, 0, frame, 1)[0] / exact.mean_per_m3_s);
    }
    double mean = 0.0;
    double square = 0.0;
    double fourth = 0.0;
    for (const double v : x) {
      mean += v / 1000.0;
    }
    for (const double v : x) {
      square += std::pow(v - mean, 2) / 1000.0;
      fourth += std::pow(v - mean, 4) / 1000.0;
    }
    EXPECT_NEAR(mean, 1.0, 4.0 * std::sqrt(square / 1000.0)) << frame;
    const double variance = exact.variance / std::pow(exact.mean_per_m3_s, 2);
    if (frame < 1.0) {
      EXPECT_NEAR(
          square, variance, 4.0 * std::sqrt((fourth - square * square) / 1000.0) + 0.01 * variance);
    } else {
      EXPECT_LT(square, 0.01 * variance);
    }
  }
}

// Averaging the light is not the light of the averaged occupation: with fast switching the latter
// is too dark or too bright, by what the curvature of 1/k^2 says.
TEST(MultiCentre, LightOfTheMeanOccupationIsNotTheMeanLight) {
  MultiCentreParams p;
  p.centre_per_s = {20e6};
  const std::vector<TelegraphParams> fast = {telegraph_of(0.5, 1e-4)};
  const double frames = emission_frames(p, fast, 1, 0, 10.0, 1)[0];
  const double mean = emission_moments(p, std::vector<double>{0.5}).mean_per_m3_s;
  const double of_mean = mixed_emission_per_m3_s(p, total_loss_per_s(p, std::vector<double>{0.5}));
  EXPECT_NEAR(frames / mean, 1.0, 0.02);
  EXPECT_GT(mean, 1.5 * of_mean);
}

// A frame without switches has one of the levels; the sum over frames is the time average.
TEST(MultiCentre, FramesWithoutSwitchesShowTheLevels) {
  const MultiCentreParams p = three();
  const auto levels = emission_levels(p);
  const std::vector<TelegraphParams> slow(3, telegraph_of(0.5, 5.0));
  const auto x = emission_frames(p, slow, 4, 0, 0.01, 2000);
  std::size_t on_level = 0;
  for (const double v : x) {
    for (const double level : levels) {
      on_level += std::abs(v / level - 1.0) < 1e-9 ? 1 : 0;
    }
  }
  EXPECT_GT(on_level, 1950u);
  EXPECT_LT(on_level, 2000u);
}

TEST(MultiCentre, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(MultiCentreParams{}));
  EXPECT_THROW(validate(MultiCentreParams{.loss_per_s = 0.0}), ParameterError);
  EXPECT_THROW((void)total_loss_per_s(three(), std::vector<double>{1.0}), ParameterError);
  MultiCentreParams many;
  many.centre_per_s.assign(21, 1.0);
  EXPECT_THROW((void)emission_levels(many), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
