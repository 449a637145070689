// KPFM and PM-EFM images: noise from the two ways, spots, ratio to metal.
#include "analysis/pipelines/kpfm.hpp"

#include <cmath>
#include <complex>

#include <gtest/gtest.h>

#include "analysis/pipelines/pm_efm.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t side = 96;

// Stripes of two levels with round spots inside the upper ones, and noise.
struct Scene {
  std::vector<double> forward = std::vector<double>(side * side);
  std::vector<double> backward = forward;
  std::vector<std::pair<double, double>> places;
};

Scene scene(double noise, bool with_spots, std::uint64_t seed = 1) {
  Scene s;
  if (with_spots) {
    s.places = {{24, 20}, {24, 60}, {72, 30}, {72, 75}, {25, 85}};
  }
  RandomStream draw(seed, Purpose::test_data);
  for (std::size_t p = 0; p < side * side; ++p) {
    const auto x = static_cast<double>(p % side);
    const auto y = static_cast<double>(p / side);
    double v = std::sin(2.0 * 3.14159265 * x / 48.0) > 0.0 ? 1.0 : 0.0;
    for (const auto& [px, py] : s.places) {
      const double shifted = px - 12.0;  // middle of a stripe
      v += 1.2 * std::exp(-0.5 * ((x - shifted) * (x - shifted) + (y - py) * (y - py)) / 6.0);
    }
    s.forward[p] = v + noise * draw.normal();
    s.backward[p] = v + noise * draw.normal();
  }
  return s;
}

TEST(KpfmImage, NoiseOfAPixelComesFromTheTwoWays) {
  const Scene s = scene(0.2, false);
  const TwoWayImage image = combine({side, side, s.forward, s.backward}, 1.0);
  EXPECT_NEAR(image.noise, 0.2 / std::sqrt(2.0), 0.01);
  EXPECT_LT(image.smooth_noise, 0.4 * image.noise);
  EXPECT_NEAR(image.contrast, 0.5, 0.05);
}

TEST(KpfmImage, LagIsHalfTheShiftBetweenTheWays) {
  Scene s = scene(0.02, true);
  const Scene clean = scene(0.0, true);
  for (std::size_t p = 0; p < side * side; ++p) {
    const std::size_t x = p % side;
    const std::size_t row = p - x;
    s.forward[p] = clean.forward[row + (x > 0 ? x - 1 : 0)];
    s.backward[p] = clean.forward[row + std::min(x + 1, side - 1)];
  }
  EXPECT_NEAR(combine({side, side, s.forward, s.backward}, 1.0).lag_pixels.value, 1.0, 0.1);
}

TEST(Spots, AreFoundAndNothingElse) {
  for (const bool with : {true, false}) {
    const Scene s = scene(0.1, with);
    const TwoWayImage image = combine({side, side, s.forward, s.backward}, 1.0);
    const auto spots = find_spots(
        {image.mean, side, side}, {image.half_difference, side, side}, SpotSign::brighter);
    ASSERT_EQ(spots.size(), s.places.size());
    for (const Spot& spot : spots) {
      bool near = false;
      for (const auto& [x, y] : s.places) {
        near = near || std::hypot(static_cast<double>(spot.x) - (x - 12.0),
                                  static_cast<double>(spot.y) - y) < 2.0;
      }
      EXPECT_TRUE(near) << spot.x << ", " << spot.y;
    }
    EXPECT_EQ(spots_in_common(spots, spots, 1.0), spots.size());
  }
}

TEST(Spots, OfTheOtherSignAreOthers) {
  const Scene s = scene(0.1, true);
  const TwoWayImage image = combine({side, side, s.forward, s.backward}, 1.0);
  EXPECT_TRUE(
      find_spots({image.mean, side, side}, {image.half_difference, side, side}, SpotSign::darker)
          .empty());
}

TEST(Kpfm, MetalIsTheZero) {
  const Scene s = scene(0.05, false);
  const std::vector<double> metal{0.21, 0.19, 0.2, 0.2};
  const KpfmResult r = analyse_kpfm({{side, side, s.forward, s.backward}, {}, metal});
  EXPECT_NEAR(r.against_metal_v.value, r.mean_v.value - 0.2, 1e-12);
  EXPECT_TRUE(r.topography_m.empty());
}

// domes on a square raster; each has its own potential
TEST(Kpfm, GrainsOfTheTopographyCarryThePotential) {
  std::vector<double> height(side * side);
  std::vector<double> potential(side * side);
  RandomStream draw(3, Purpose::test_data);
  std::vector<double> of_grain(64);
  for (double& v : of_grain) {
    v = 0.02 * draw.normal();
  }
  for (std::size_t p = 0; p < side * side; ++p) {
    const std::size_t x = p % side;
    const std::size_t y = p / side;
    const double dx = static_cast<double>(x % 12) - 5.5;
    const double dy = static_cast<double>(y % 12) - 5.5;
    height[p] = -3e-10 * (dx * dx + dy * dy);
    potential[p] = of_grain[y / 12 * 8 + x / 12] + 0.005 * draw.normal();
  }
  // rows of a regular raster differ by the domes themselves
  const KpfmResult r = analyse_kpfm({{side, side, potential, potential}, height, {}},
                                    {.row_alignment = RowAlignment::none});
  EXPECT_EQ(r.grains.grains, 64U);
  EXPECT_NEAR(r.grain_contrast_v, 0.02, 0.004);
  EXPECT_GT(r.grain_share, 0.8);
  EXPECT_LT(r.grain_share_null.value, 0.75 * r.grain_share);
}

TEST(PmEfm, LossIsAgainstMetalAtTheSameFrequency) {
  const std::complex<float> metal(0.02F, 0.03F);
  const std::complex<float> response(0.6F, -0.1F);
  const std::vector<std::complex<float>> image(side * side, metal * response);
  const std::vector<std::complex<float>> reference(8, metal);
  const PmEfmResult r = analyse_pm_efm({side, side, image, image, reference});
  EXPECT_NEAR(r.loss.mean[77], 0.1, 1e-6);
  EXPECT_NEAR(r.amplitude.mean[77], std::hypot(0.6, 0.1), 1e-6);
  EXPECT_THROW(analyse_pm_efm({side, side, image, image, {}}), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
