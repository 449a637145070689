#include "analysis/pipelines/pfm.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

using Complex = std::complex<double>;
using constants::pi;
constexpr std::size_t side = 96;

struct Scan {
  std::vector<Complex> forward, backward;
  [[nodiscard]] PfmInput input() const { return {side, side, 1e-8, 1e-8, forward, backward}; }
};

// Three orientations with phasors of their own: a and b in stripes on the left, a and c on the
// right.
Scan crystal(double noise, unsigned seed, Complex a, Complex b, Complex c) {
  Scan scan;
  RandomStream draw(seed, Purpose::test_data);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool left = x < side / 2;
      const double angle = (left ? 20.0 : 90.0) * pi / 180.0;
      const double across = -std::sin(angle) * static_cast<double>(x) +
                            std::cos(angle) * static_cast<double>(y) + 0.3;
      const bool second = std::fmod(across / 13.7 + 100.0, 1.0) < 0.5;
      const Complex z = second ? (left ? b : c) : a;
      scan.forward.push_back(z + noise * Complex(draw.normal(), draw.normal()));
      scan.backward.push_back(z + noise * Complex(draw.normal(), draw.normal()));
    }
  }
  return scan;
}

TEST(Pfm, FindsThreeLevelsTheirPhasesAndTheAngle) {
  const Scan scan =
      crystal(0.05, 1, std::polar(1.0, -0.5 * pi), std::polar(2.0, 2.8), std::polar(4.0, -2.8));
  const PfmResult r = analyse_pfm(scan.input(), {});
  ASSERT_EQ(r.levels.levels.size(), 3U);
  EXPECT_NEAR(r.levels.levels[0].value.value, 1.0, 0.02);
  EXPECT_NEAR(r.levels.levels[1].value.value, 2.0, 0.02);
  EXPECT_NEAR(r.levels.levels[2].value.value, 4.0, 0.02);
  EXPECT_NEAR(r.level_phase_rad[0], -0.5 * pi, 0.02);
  EXPECT_NEAR(r.level_phase_rad[1], 2.8, 0.02);
  EXPECT_NEAR(r.level_phase_rad[2], -2.8, 0.02);
  EXPECT_NEAR(r.stripes.angle_deg().value, 70.0, 3.0);
  EXPECT_NEAR(r.noise_v, 0.05 / std::sqrt(2.0), 0.002);
  EXPECT_EQ(r.null_levels, 1U);
  EXPECT_EQ(r.null_families, 0U);
  EXPECT_GT(r.wall_share, 0.1);
}

TEST(Pfm, OppositeSignsAreOneLevelOfTheAmplitudeAndTwoOfThePhasor) {
  const Scan scan = crystal(0.05, 2, 1.0, -1.0, -1.0);
  const PfmResult r = analyse_pfm(scan.input(), {});
  EXPECT_EQ(r.levels.levels.size(), 1U);
  EXPECT_EQ(r.principal_levels, 2U);
}

TEST(Pfm, NoiseHasOneLevelAndNoStripes) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Scan scan = crystal(0.1, seed, 0.0, 0.0, 0.0);
    const PfmResult r = analyse_pfm(scan.input(), {});
    EXPECT_EQ(r.levels.levels.size(), 1U) << seed;
    EXPECT_TRUE(r.stripes.families.empty()) << seed;
    EXPECT_LT(r.wall_share, 0.01);
  }
}

TEST(Pfm, WithoutAWayBack) {
  Scan scan = crystal(0.05, 3, 1.0, 2.0, 4.0);
  scan.backward.clear();
  const PfmResult r = analyse_pfm(scan.input(), {});
  EXPECT_EQ(r.levels.levels.size(), 3U);
  EXPECT_EQ(r.noise_v, 0.0);
}

TEST(Pfm, BadInput) {
  const Scan scan = crystal(0.05, 4, 1.0, 2.0, 4.0);
  PfmInput input = scan.input();
  input.nx = side + 1;
  EXPECT_THROW(static_cast<void>(analyse_pfm(input, {})), ParameterError);
  PfmOptions options;
  options.wall_range = 2.0;
  EXPECT_THROW(validate(options), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
