#include "analysis/movie_map.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t nx = 40;
constexpr std::size_t ny = 30;

/// Pixels flicker with their row: r of neighbours in a row about 0.8; each has noise of its own.
MovieInMemory movie_of(std::size_t frames, std::vector<std::uint8_t> valid = {}) {
  RandomStream draw(5, Purpose::test_data, 3);
  std::vector<std::uint16_t> counts;
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t y = 0; y < ny; ++y) {
      const double row = 100.0 * draw.normal();
      for (std::size_t x = 0; x < nx; ++x) {
        counts.push_back(static_cast<std::uint16_t>(2000.0 + row + 50.0 * draw.normal()));
      }
    }
  }
  MovieInfo info;
  info.frames = frames;
  info.nx = nx;
  info.ny = ny;
  info.frame_period_s = 0.03;
  info.pixel_m = 100e-9;
  info.valid = std::move(valid);
  return {info, counts};
}

TEST(MovieMap, IsTheMapOfTheSumsOverAllFrames) {
  const MovieInMemory movie = movie_of(300);
  const MovieMap found = map_movie(movie, 0, {2});
  std::vector<std::uint16_t> all(300 * nx * ny);
  movie.read(0, 300, all);
  CorrelationSums sums(nx, ny, {});
  sums.add(all);
  EXPECT_EQ(found.map.mean_r, correlation_map(sums).mean_r);
  EXPECT_EQ(found.map.intensity, correlation_map(sums).intensity);
  EXPECT_EQ(found.quality.frames_used, 300U);
  EXPECT_EQ(found.mean_frame.size(), 300U);
}

TEST(MovieMap, NullHasNoCorrelation) {
  const MovieMap found = map_movie(movie_of(1000), 0, {2});
  EXPECT_NEAR(found.map.r[0][nx + 1], 0.8, 0.03);  // 100^2 / (100^2 + 50^2)
  EXPECT_LT(std::abs(found.shifted_r), 0.02);      // 1 / sqrt(1000) = 0.03 for one of 390 pairs
}

// Frames that are not valid hold anything; they must not count.
TEST(MovieMap, LeavesOutInvalidAndLateFrames) {
  std::vector<std::uint8_t> valid(200, 1);
  valid[0] = 0;
  valid[77] = 0;
  valid[78] = 0;
  const MovieMap found = map_movie(movie_of(200, valid), 150, {});
  EXPECT_EQ(found.quality.frames_used, 147U);
  EXPECT_EQ(found.quality.frames_left_out, 3U);
  const MovieInMemory movie = movie_of(200);
  CorrelationSums sums(nx, ny, {});
  std::vector<std::uint16_t> frame(nx * ny);
  for (std::size_t t = 0; t < 150; ++t) {
    if (valid[t] == 1) {
      movie.read(t, 1, frame);
      sums.add(frame);
    }
  }
  EXPECT_EQ(found.map.mean_r, correlation_map(sums).mean_r);
}

TEST(MovieMap, SameBitsForAnyNumberOfThreads) {
  const MovieInMemory movie = movie_of(120);
  EXPECT_EQ(map_movie(movie, 0, {1}).map.mean_r, map_movie(movie, 0, {4}).map.mean_r);
}

TEST(MovieMap, TellsOfSaturatedAndConstantPixels) {
  MovieInfo info = movie_of(20).info();
  info.saturation_counts = 4000;
  std::vector<std::uint16_t> counts(20 * nx * ny);
  movie_of(20).read(0, 20, counts);
  for (std::size_t t = 0; t < 20; ++t) {
    counts[t * nx * ny + 7] = 4000;
  }
  const MovieMap found = map_movie(MovieInMemory(info, counts), 0, {});
  EXPECT_EQ(found.quality.constant_pixels, 1U);
  EXPECT_NEAR(found.quality.saturated_share, 1.0 / (nx * ny), 1e-12);
  EXPECT_TRUE(std::isnan(found.map.mean_r[7]));
  EXPECT_EQ(warnings_of(found.quality).size(), 3U);  // gain unknown as well
}

TEST(MovieMap, RefusesTooFewFrames) {
  EXPECT_THROW(static_cast<void>(map_movie(movie_of(15))), ParameterError);
  EXPECT_THROW(static_cast<void>(map_movie(movie_of(40), 10)), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
