#include "analysis/drift.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/steadied_movie.hpp"
#include "base/errors.hpp"
#include "tests/analysis/telegraph.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t side = 48, frames = 240;
constexpr DriftParams params{.frames_per_group = 30};

struct Scene {
  double speed_x = 0.0;  // pixels per frame
  double speed_y = 0.0;
  double structure = 400.0;  // counts
  bool blinks = true;
  std::uint64_t seed = 1;
};

/// Spots that blink on a uniform ground, at exact positions, with shot noise.
MovieInMemory movie_of(const Scene& scene) {
  constexpr std::size_t spots = 30;
  RandomStream random(scene.seed, Purpose::test_data, 3);
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::vector<float>> brightness;
  for (std::uint64_t s = 0; s < spots; ++s) {
    x.push_back(random.uniform(-6.0, side + 6.0));
    y.push_back(random.uniform(-6.0, side + 6.0));
    brightness.push_back(telegraph_trace({.high_frames = 8.0,
                                          .low_frames = 8.0,
                                          .low = scene.blinks ? 0.5 : 1.0,
                                          .noise = 0.0,
                                          .frames = frames},
                                         100 * scene.seed + s));
  }
  MovieInfo info;
  info.frames = frames;
  info.ny = info.nx = side;
  info.frame_period_s = 0.03;
  info.pixel_m = 1e-7;
  std::vector<std::uint16_t> counts;
  std::vector<double> wave_x(side);
  std::vector<double> image(side * side);
  for (std::size_t t = 0; t < frames; ++t) {
    image.assign(side * side, 200.0);
    for (std::size_t s = 0; s < spots; ++s) {
      const double cx = x[s] + scene.speed_x * static_cast<double>(t);
      const double cy = y[s] + scene.speed_y * static_cast<double>(t);
      for (std::size_t i = 0; i < side; ++i) {
        wave_x[i] = std::exp(-std::pow(static_cast<double>(i) - cx, 2) / 8.0);
      }
      for (std::size_t j = 0; j < side; ++j) {
        const double row = scene.structure * static_cast<double>(brightness[s][t]) *
                           std::exp(-std::pow(static_cast<double>(j) - cy, 2) / 8.0);
        for (std::size_t i = 0; i < side; ++i) {
          image[j * side + i] += row * wave_x[i];
        }
      }
    }
    for (const double mean : image) {
      counts.push_back(
          static_cast<std::uint16_t>(std::max(0.0, mean + std::sqrt(mean) * random.normal())));
    }
  }
  return {info, counts};
}

/// Root mean square error of the shift of the frames, against the first group's middle.
double error_of(const Drift& drift, const Scene& scene) {
  double squares = 0.0;
  for (std::size_t t = 0; t < frames; ++t) {
    const double time = static_cast<double>(t) - 14.5;
    squares += std::pow(drift.x_pixels[t] - scene.speed_x * time, 2) +
               std::pow(drift.y_pixels[t] - scene.speed_y * time, 2);
  }
  return std::sqrt(squares / frames);
}

TEST(Drift, OfAStillFilmIsNone) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto drift = measure_drift(movie_of({.seed = seed}), params);
    EXPECT_EQ(drift.status, DriftStatus::none) << drift.largest_pixels;
    EXPECT_LT(drift.largest_pixels, 0.5);
    EXPECT_FALSE(std::abs(drift.trend_x_pixels.value) >= 5.0 * drift.trend_x_pixels.sigma);
    EXPECT_EQ(drift.x_pixels, std::vector<double>(frames, 0.0));
  }
}

TEST(Drift, IsFoundUnderBlinking) {
  const Scene scene{.speed_x = 0.02, .speed_y = -0.011};
  const auto drift = measure_drift(movie_of(scene), params);
  EXPECT_EQ(drift.status, DriftStatus::found);
  EXPECT_EQ(drift.groups.size(), 8U);
  EXPECT_LT(error_of(drift, scene), 0.25);
  const auto& last = drift.groups.back();
  EXPECT_NEAR(last.x_pixels.value, 4.2, 5.0 * last.x_pixels.sigma);
  EXPECT_NEAR(drift.trend_x_pixels.value, 0.02 * (frames - 1), 5.0 * drift.trend_x_pixels.sigma);
  EXPECT_NEAR(drift.trend_y_pixels.value, -0.011 * (frames - 1), 5.0 * drift.trend_y_pixels.sigma);
}

TEST(Drift, IsFoundToATenthOfAPixelWithoutBlinking) {
  const Scene scene{.speed_x = -0.015, .speed_y = 0.03, .blinks = false};
  EXPECT_LT(error_of(measure_drift(movie_of(scene), params), scene), 0.1);
}

TEST(Drift, WithoutStructureIsNotMeasurable) {
  const auto drift = measure_drift(movie_of({.speed_x = 0.02, .structure = 0.0}), params);
  EXPECT_EQ(drift.status, DriftStatus::not_measurable);
  EXPECT_EQ(drift.x_pixels, std::vector<double>(frames, 0.0));
  EXPECT_EQ(measure_drift(movie_of({}), {.frames_per_group = 200}).status,
            DriftStatus::not_measurable);  // one group only
}

TEST(Drift, BadFramesAreLeftOut) {
  const auto movie = movie_of({.speed_x = 0.02, .blinks = false});
  MovieInfo info = movie.info();
  std::vector<std::uint16_t> counts(frames * info.pixels());
  movie.read(0, frames, counts);
  for (std::size_t t = 60; t < 90; ++t) {  // a whole group
    info.valid[t] = 0;
    std::fill_n(counts.begin() + static_cast<std::ptrdiff_t>(t * info.pixels()), info.pixels(), 9);
  }
  const auto drift = measure_drift(MovieInMemory(info, counts), params);
  EXPECT_FALSE(drift.groups[2].measured);
  EXPECT_LT(error_of(drift, {.speed_x = 0.02}), 0.1);
}

TEST(SteadiedMovie, MovesByWholePixelsAndKeepsEveryValue) {
  const auto movie = movie_of({.seed = 2});
  Drift drift;
  drift.status = DriftStatus::found;
  drift.x_pixels.assign(frames, 0.0);
  drift.y_pixels.assign(frames, 0.0);
  for (std::size_t t = 100; t < frames; ++t) {
    drift.x_pixels[t] = 2.4;
    drift.y_pixels[t] = -0.7;
  }
  const SteadiedMovie steady(movie, drift);
  EXPECT_EQ(steady.info().nx, side - 2);
  EXPECT_EQ(steady.info().ny, side - 1);
  EXPECT_EQ(steady.first_x(), 0U);
  EXPECT_EQ(steady.first_y(), 1U);
  std::vector<std::uint16_t> before(side * side);
  std::vector<std::uint16_t> after(2 * (side - 2) * (side - 1));
  steady.read(99, 2, after);
  movie.read(99, 1, before);
  EXPECT_EQ(after[5 * (side - 2) + 7], before[6 * side + 7]);
  movie.read(100, 1, before);
  EXPECT_EQ(after[(side - 1) * (side - 2) + 5 * (side - 2) + 7], before[5 * side + 9]);
  drift.x_pixels[101] = 1.6;  // to and fro about a half: no jump
  drift.x_pixels[102] = 1.4;
  drift.x_pixels[103] = 1.3;
  const SteadiedMovie jumping(movie, drift);
  std::vector<std::uint16_t> same((side - 2) * (side - 1));
  jumping.read(102, 1, same);
  movie.read(102, 1, before);
  EXPECT_EQ(same[5 * (side - 2) + 7], before[5 * side + 9]);
  jumping.read(103, 1, same);
  movie.read(103, 1, before);
  EXPECT_EQ(same[5 * (side - 2) + 7], before[5 * side + 8]);
  drift.x_pixels[3] = 100.0;
  EXPECT_THROW(SteadiedMovie(movie, drift), ParameterError);
  drift.x_pixels.pop_back();
  EXPECT_THROW(SteadiedMovie(movie, drift), ParameterError);
}

TEST(SteadiedMovie, OfADriftingFilmStaysWithinHalfAPixel) {
  const Scene scene{.speed_x = 0.02, .speed_y = -0.01, .blinks = false, .seed = 4};
  const auto movie = movie_of(scene);
  const SteadiedMovie steady(movie, measure_drift(movie, params));
  EXPECT_LT(steady.info().nx, side - 3);
  const auto rest = measure_drift(steady, params);
  EXPECT_LT(rest.largest_pixels, 0.75);
}

}  // namespace
}  // namespace halotwin::analysis
