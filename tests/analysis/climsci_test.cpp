#include "analysis/climsci.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "tests/analysis/synthetic_traces.hpp"

namespace halotwin::analysis {
namespace {

using synthetic::Film;
using synthetic::pixel_m;

// Independent sources on every pixel, blurred by a Gaussian of standard deviation s pixels:
// r(d) = exp(-d^2 / (4 s^2)) R, R the share of the variance that is not noise.
struct Blurred {
  Film film;
  double s = 2.0;
  double reliability = 1.0;

  [[nodiscard]] Traces traces() const {
    const auto margin = static_cast<std::size_t>(4.0 * s);
    const std::size_t wx = film.nx + 2 * margin;
    const std::size_t wy = film.ny + 2 * margin;
    std::vector<double> kernel;
    double norm = 0.0;
    for (std::size_t k = 0; k <= 2 * margin; ++k) {
      const double d = static_cast<double>(k) - static_cast<double>(margin);
      kernel.push_back(std::exp(-d * d / (2.0 * s * s)));
      norm += kernel.back() * kernel.back();
    }
    RandomStream draw(film.seed, Purpose::test_data, 77);
    std::vector<double> field(wx * wy);
    std::vector<double> rows(film.nx * wy);
    std::vector<std::uint16_t> out;
    for (std::size_t t = 0; t < film.frames; ++t) {
      draw.fill_normal(field);
      for (std::size_t y = 0; y < wy; ++y) {
        for (std::size_t x = 0; x < film.nx; ++x) {
          double sum = 0.0;
          for (std::size_t k = 0; k < kernel.size(); ++k) {
            sum += kernel[k] * field[y * wx + x + k];
          }
          rows[y * film.nx + x] = sum;
        }
      }
      for (std::size_t y = 0; y < film.ny; ++y) {
        for (std::size_t x = 0; x < film.nx; ++x) {
          double sum = 0.0;
          for (std::size_t k = 0; k < kernel.size(); ++k) {
            sum += kernel[k] * rows[(y + k) * film.nx + x];
          }
          const double value =
              std::sqrt(reliability) * sum / norm + std::sqrt(1.0 - reliability) * draw.normal();
          out.push_back(static_cast<std::uint16_t>(std::lround(20000.0 + 2000.0 * value)));
        }
      }
    }
    return synthetic::traces(film, out);
  }
  /// Where r falls to `level`. [pixels]
  [[nodiscard]] double radius(double level) const {
    return 2.0 * s * std::sqrt(std::log(reliability / level));
  }
};

const DecayParams near_by{0.5, 10 * pixel_m};

TEST(Climsci, FindsTheRadiusOfAKnownDecay) {
  const Blurred sample{{32, 32, 1500}};
  const Traces t = sample.traces();
  const DecaySet set = decay_map(t, near_by);
  const DecaySummary all = summarise(set, t, near_by);
  const double radius = sample.radius(0.5);  // 3.33 pixels
  EXPECT_NEAR(all.radius_m.value / pixel_m, radius, 0.1);
  EXPECT_NEAR(all.diameter_m.value / pixel_m, 2.0 * radius, 0.35);
  EXPECT_GT(all.feret_m.value, all.diameter_m.value);
  EXPECT_NEAR(all.drop_per_pixel.value, 0.5 / radius, 0.01);
  EXPECT_GT(all.radius_m.sigma, 0.0);
  EXPECT_EQ(all.count, t.pixels());
  // mean over the eight neighbours: distances 1 and sqrt 2
  const double first = 0.5 * (std::exp(-1.0 / 16.0) + std::exp(-2.0 / 16.0));
  EXPECT_NEAR(all.first_drop.value, 1.0 - first, 0.01);
  for (std::size_t k = 1; k <= 6; ++k) {
    const double d = set.mean_profile.distance_m[k] / pixel_m;
    EXPECT_NEAR(d, static_cast<double>(k), 0.25);
    EXPECT_NEAR(set.mean_profile.r[k], std::exp(-d * d / 16.0), 0.02) << k;
  }
  EXPECT_NEAR(set.mean_profile.r[10], 0.0, 0.02);
}

TEST(Climsci, DividingByTheNoiseCeilingGivesTheCleanDecay) {
  Blurred noisy{{32, 32, 1500}};
  noisy.reliability = 0.7;
  const Traces t = noisy.traces();
  const DecaySummary measured = summarise(decay_map(t, near_by), t, near_by);
  EXPECT_NEAR(measured.radius_m.value / pixel_m, noisy.radius(0.5), 0.1);
  const std::vector<double> reliability(t.pixels(), 0.7);
  const DecaySummary corrected = summarise(decay_map(t, near_by, reliability), t, near_by);
  const double clean = Blurred{}.radius(0.5);
  EXPECT_NEAR(corrected.radius_m.value / pixel_m, clean, 0.1);
  EXPECT_GT(clean - noisy.radius(0.5), 0.8);
  // the first drop of the measured decay is noise, the corrected one is not
  EXPECT_GT(measured.first_drop.value, 0.35);
  EXPECT_NEAR(corrected.first_drop.value, 0.09, 0.02);
}

TEST(Climsci, PixelsAloneGiveTheNumbersOfTheMap) {
  const Traces t = Blurred{{21, 13, 200}}.traces();
  const DecaySet map = decay_map(t, near_by);
  std::vector<std::size_t> pixels;
  for (std::size_t p = 0; p < t.pixels(); p += 5) {
    pixels.push_back(p);
  }
  const DecaySet some = decays(t, pixels, near_by, {}, {2});
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    const Decay& a = some.pixels[k];
    const Decay& b = map.pixels[pixels[k]];
    EXPECT_EQ(a.pixel, b.pixel);
    EXPECT_EQ(a.domain_pixels, b.domain_pixels);
    EXPECT_EQ(a.radius_m, b.radius_m);
    EXPECT_EQ(a.feret_m, b.feret_m);
    EXPECT_EQ(a.first_drop, b.first_drop);
    EXPECT_EQ(a.open, b.open);
  }
  const CorrelationMap neighbours = correlation_map(t);
  EXPECT_NEAR(map.pixels[40].first_drop, 1.0 - neighbours.mean_r[40], 1e-6);
  EXPECT_EQ(decay_profile(t, pixels[3], near_by).r[0], 1.0);
}

RC_GTEST_PROP(ClimsciProperty, ThreadsGiveTheSameBits, ()) {
  const Traces t = Blurred{
      {*rc::gen::inRange<std::size_t>(2, 20),
       *rc::gen::inRange<std::size_t>(2, 20),
       40}}.traces();
  const DecayParams params{0.5, 4 * pixel_m};
  const DecaySet one = decay_map(t, params, {}, {1});
  const DecaySet three = decay_map(t, params, {}, {3});
  for (std::size_t p = 0; p < t.pixels(); ++p) {
    RC_ASSERT(one.pixels[p].domain_pixels == three.pixels[p].domain_pixels);
    RC_ASSERT(one.pixels[p].first_drop == three.pixels[p].first_drop);
  }
  RC_ASSERT(one.mean_profile.r[1] == three.mean_profile.r[1]);
}

RC_GTEST_PROP(ClimsciProperty, AMirroredFilmHasMirroredDecays, ()) {
  const Film f{11, 7, 60};
  const Traces t = Blurred{f}.traces();
  // mirror the traces themselves
  Traces turned = t;
  for (std::size_t p = 0; p < t.pixels(); ++p) {
    const std::size_t q = p / 11 * 11 + 10 - p % 11;
    std::copy_n(t.data(q), t.stride, turned.z.begin() + static_cast<std::ptrdiff_t>(p * t.stride));
  }
  const auto pixel = *rc::gen::inRange<std::size_t>(0, 77);
  const std::size_t other = pixel / 11 * 11 + 10 - pixel % 11;
  const Decay a = decays(t, std::vector{pixel}, near_by).pixels[0];
  const Decay b = decays(turned, std::vector{other}, near_by).pixels[0];
  RC_ASSERT(a.domain_pixels == b.domain_pixels);
  RC_ASSERT(a.feret_m == b.feret_m);
  RC_ASSERT(std::abs(a.first_drop - b.first_drop) < 1e-12);
}

TEST(Climsci, ImageIsSymmetricAndOneAtThePixel) {
  const Traces t = Blurred{{12, 9, 100}}.traces();
  const std::vector<double> a = correlation_image(t, 17, {2});
  const std::vector<double> b = correlation_image(t, 60);
  EXPECT_EQ(a[17], 1.0);
  EXPECT_EQ(a[60], b[17]);
  EXPECT_THROW(static_cast<void>(correlation_image(t, 108)), ParameterError);
}

TEST(Climsci, UnknownPixelsHaveNoDecayAndAreLeftOutOfOthers) {
  const Traces t = Blurred{{20, 20, 300}}.traces();
  std::vector<double> reliability(t.pixels(), 1.0);
  const std::size_t dead = 10 * 20 + 10;
  reliability[dead] = std::nan("");
  const DecaySet with = decay_map(t, near_by, reliability);
  EXPECT_EQ(with.pixels[dead].domain_pixels, 0U);
  EXPECT_TRUE(std::isnan(with.pixels[dead].radius_m));
  EXPECT_TRUE(std::isnan(with.pixels[dead].diameter_m));
  const DecaySet without = decay_map(t, near_by);
  EXPECT_EQ(with.pixels[dead + 1].domain_pixels + 1, without.pixels[dead + 1].domain_pixels);
  EXPECT_EQ(summarise(with, t, near_by).count, t.pixels() - 1);
}

TEST(Climsci, RegionsCutByTheFieldOrTheWindowSaySo) {
  const Traces t = Blurred{{32, 32, 800}}.traces();
  const std::vector<std::size_t> pixels = {0, 16 * 32 + 16};
  const DecaySet wide = decays(t, pixels, near_by);
  EXPECT_TRUE(wide.pixels[0].open);
  EXPECT_FALSE(wide.pixels[1].open);
  const DecayParams narrow{0.5, 2 * pixel_m};
  const DecaySet cut = decays(t, pixels, narrow);
  EXPECT_TRUE(cut.pixels[1].open);
  EXPECT_TRUE(std::isnan(cut.pixels[1].radius_m));
  EXPECT_EQ(summarise(cut, t, narrow).open_share, 1.0);
  EXPECT_THROW(static_cast<void>(decays(t, pixels, {0.5, 0.5 * pixel_m})), ParameterError);
}

TEST(Climsci, RandomPixelsAreDifferentOnesAboveTheLevel) {
  std::vector<double> map(400);
  for (std::size_t p = 0; p < map.size(); ++p) {
    map[p] = p % 3 == 0 ? 0.9 : (p % 3 == 1 ? 0.2 : std::nan(""));
  }
  const auto chosen = random_pixels(map, 20, 20, {50, 0.5, 2, 7});
  EXPECT_EQ(chosen.size(), 50U);
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    EXPECT_EQ(chosen[k] % 3, 0U);
    EXPECT_GE(chosen[k] % 20, 2U);
    EXPECT_LT(chosen[k] / 20, 18U);
    EXPECT_TRUE(k == 0 || chosen[k] > chosen[k - 1]);
  }
  EXPECT_EQ(chosen, random_pixels(map, 20, 20, {50, 0.5, 2, 7}));
  EXPECT_NE(chosen, random_pixels(map, 20, 20, {50, 0.5, 2, 8}));
  EXPECT_EQ(random_pixels(map, 20, 20, {}).size(), 134U);
}

}  // namespace
}  // namespace halotwin::analysis
