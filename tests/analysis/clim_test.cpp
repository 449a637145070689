// The whole CLIM analysis on movies of which all is known: squares that switch as one, with photon
// noise.
#include "analysis/pipelines/clim.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "analysis/score.hpp"
#include "base/errors.hpp"
#include "tests/analysis/telegraph.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t side = 24;
constexpr std::size_t square = 6;  // pixels: 16 squares
constexpr double gain = 4.0;       // counts per electron
constexpr double offset = 100.0;

std::size_t square_of(std::size_t p) {
  return p / side / square * (side / square) + p % side / square;
}

struct Scene {
  std::size_t frames = 1000;
  double contrast = 0.3;  // of the switching
  double electrons = 400.0;
  bool noise = true;
};

MovieInMemory movie_of(const Scene& scene, std::vector<std::uint8_t> valid = {}) {
  constexpr std::size_t squares = (side / square) * (side / square);
  std::vector<std::vector<float>> level;
  for (std::size_t k = 0; k < squares; ++k) {
    Telegraph t;
    t.high_frames = 15.0;
    t.low_frames = 15.0;
    t.noise = 0.0;
    t.frames = scene.frames;
    level.push_back(telegraph_trace(t, k));
  }
  RandomStream random(7, Purpose::test_data, 2);
  std::vector<std::uint16_t> counts;
  for (std::size_t t = 0; t < scene.frames; ++t) {
    for (std::size_t p = 0; p < side * side; ++p) {
      const double on = static_cast<double>(level[square_of(p)][t]);
      const double e = scene.electrons * (1.0 - scene.contrast * on);
      const double noisy = e + (scene.noise ? std::sqrt(e) * random.normal() : 0.0);
      counts.push_back(static_cast<std::uint16_t>(std::lround(offset + gain * noisy)));
    }
  }
  MovieInfo info;
  info.frames = scene.frames;
  info.nx = side;
  info.ny = side;
  info.frame_period_s = 0.03;
  info.pixel_m = 100e-9;
  info.counts_per_electron = gain;
  info.excess_factor = 1.0;
  info.read_noise_e = 0.0;
  info.offset_counts = offset;
  info.saturation_counts = 65535;
  info.valid = std::move(valid);
  return {info, counts};
}

ClimOptions small() {
  ClimOptions o;
  o.decay.reach_m = 0.8e-6;
  o.decay_pixels = 50;
  return o;
}

TEST(Clim, FindsTheSquaresThatSwitchAsOne) {
  const ClimResult r = analyse_clim(movie_of({}), small(), {2});
  std::vector<int> truth;
  for (std::size_t p = 0; p < side * side; ++p) {
    truth.push_back(static_cast<int>(square_of(p)));
  }
  EXPECT_EQ(r.clusters.count(), 16U);
  EXPECT_GT(compare_labels(truth, r.clusters.label).adjusted_rand, 0.99);
  EXPECT_GT(compare_labels(truth, r.deterministic.label).adjusted_rand, 0.99);
  EXPECT_NEAR(r.diameter_m.value, 2.0 * std::sqrt(36.0 / 3.14159265) * 100e-9, 1e-9);
}

// Variance of the signal (0.3 x 400)^2 / 4 less what frames average away, that of the noise 340.
TEST(Clim, KnowsHowMuchIsNoise) {
  const ClimResult r = analyse_clim(movie_of({}), small(), {2});
  ASSERT_TRUE(r.quality.noise_known);
  EXPECT_NEAR(r.reliability[side * 2 + 2], 0.91, 0.02);
  EXPECT_NEAR(r.signal_e[side * 2 + 2], 340.0, 10.0);
  const std::size_t inside = side * 2 + 2;  // all neighbours in the same square
  EXPECT_NEAR(r.map.mean_r[inside], r.reliability[inside], 0.02);
  EXPECT_NEAR(r.disattenuated[inside], 1.0, 0.01);
  EXPECT_LT(std::abs(r.shifted_r), 0.15);  // 1000 frames, correlated over 7: 0.09
}

TEST(Clim, PublishedVariantsStandBesideTheBetterOnes) {
  ClimOptions options = small();
  options.weigh_traces = true;
  const MovieInMemory movie = movie_of({});
  const ClimResult weighed = analyse_clim(movie, options, {2});
  const ClimResult plain = analyse_clim(movie, small(), {2});
  ASSERT_EQ(weighed.table.trace.size(), plain.table.trace.size());
  EXPECT_NE(weighed.table.trace[0], plain.table.trace[0]);
  EXPECT_EQ(plain.pairs.size(), plain.clusters.count());
  // windows of three periods smear a spectrum that falls as 1/f^2, but not to another scale
  const auto large = std::find_if(plain.spectra.begin(), plain.spectra.end(), [](const auto& s) {
    return !s.published.frequency_hz.empty();
  });
  ASSERT_NE(large, plain.spectra.end());
  double ratio = 0.0;
  for (std::size_t i = 0; i < large->published.density.size(); ++i) {
    const double hz = large->published.frequency_hz[i];
    const auto at = static_cast<std::size_t>(
        std::lower_bound(plain.spectra_hz.begin(), plain.spectra_hz.end() - 1, hz) -
        plain.spectra_hz.begin());
    ratio += std::log(large->published.density[i] / large->density[at]) /
             static_cast<double>(large->published.density.size());
  }
  EXPECT_LT(std::abs(ratio), std::log(2.0));
}

TEST(Clim, NoiseAloneHasNoClusters) {
  Scene still;
  still.contrast = 0.0;
  const ClimResult r = analyse_clim(movie_of(still), small(), {2});
  EXPECT_EQ(r.clusters.count(), 0U);
  EXPECT_TRUE(r.spectra.empty());
  EXPECT_LT(r.valleys.median_gain.value, 0.02);  // the best single one is the largest of several
  static_cast<void>(findings_of(r));             // says so, and does not fail
}

TEST(Clim, SpectraOfSquaresAreThoseOfTheirSwitching) {
  Scene scene;
  scene.frames = 4000;
  const ClimResult r = analyse_clim(movie_of(scene), small(), {2});
  ASSERT_EQ(r.spectra.size(), 16U);
  double mean_time = 0.0;
  std::size_t single = 0;
  for (const ClusterSpectrum& s : r.spectra) {
    single += s.single_time ? 1U : 0U;
    mean_time += s.lorentzian.time_s() / 16.0;
  }
  EXPECT_GE(single, 14U);
  EXPECT_NEAR(mean_time, 0.03 * 7.5, 0.03);
}

TEST(Clim, SquaresHaveTwoLevels) {
  const ClimResult r = analyse_clim(movie_of({}), small(), {2});
  EXPECT_GT(r.level_traces, 5U);
  EXPECT_GT(r.levels.explained.median, 0.9);
  EXPECT_LT(r.levels.excess_kurtosis.median, -1.2);
}

TEST(Clim, ThreadsDoNotMatter) {
  const Findings one = findings_of(analyse_clim(movie_of({}), small(), {1}));
  const Findings three = findings_of(analyse_clim(movie_of({}), small(), {3}));
  ASSERT_EQ(one.values.size(), three.values.size());
  for (std::size_t i = 0; i < one.values.size(); ++i) {
    if (std::isfinite(one.values[i].value)) {
      EXPECT_EQ(one.values[i].value, three.values[i].value) << one.values[i].name;
    }
  }
}

TEST(Clim, LeavesDroppedFramesOut) {
  std::vector<std::uint8_t> valid(1000, 1);
  valid[10] = 0;
  valid[500] = 0;
  const ClimResult r = analyse_clim(movie_of({}, valid), small(), {2});
  EXPECT_EQ(r.quality.frames_used, 998U);
  EXPECT_EQ(r.quality.frames_left_out, 2U);
  EXPECT_EQ(findings_of(r).warnings.front(), "2 dropped or incomplete frames left out");
}

TEST(Clim, FirstFramesGiveClustersAndAllFramesTheirSpectra) {
  ClimOptions o = small();
  o.first_frames = 300;
  const ClimResult r = analyse_clim(movie_of({}), o, {2});
  EXPECT_EQ(r.quality.frames_used, 300U);
  ASSERT_FALSE(r.spectra.empty());
  EXPECT_NEAR(r.spectra_hz.front(), 2.0 / (1000 * 0.03), 0.01);
}

TEST(Clim, TakesTheMiddleOfALargeMovie) {
  ClimOptions o = small();
  o.field_pixels = 16;
  const ClimResult r = analyse_clim(movie_of({}), o, {2});
  EXPECT_EQ(r.nx, 16U);
  EXPECT_EQ(r.first_x, 4U);
  const ClimResult whole = analyse_clim(movie_of({}), small(), {2});
  EXPECT_EQ(r.map.intensity[0], whole.map.intensity[4 * side + 4]);
}

TEST(Clim, RefusesTooFewFrames) {
  Scene scene;
  scene.frames = 8;
  EXPECT_THROW(static_cast<void>(analyse_clim(movie_of(scene), small())), ParameterError);
}

TEST(Clim, AnUnknownCameraIsSaidSo) {
  Scene scene;
  scene.frames = 200;
  const MovieInMemory known = movie_of(scene);
  MovieInfo info = known.info();
  info.counts_per_electron = 0.0;
  std::vector<std::uint16_t> counts(info.frames * info.pixels());
  known.read(0, info.frames, counts);
  const ClimResult r = analyse_clim(MovieInMemory(info, counts), small());
  EXPECT_FALSE(r.quality.noise_known);
  EXPECT_TRUE(r.disattenuated.empty());
  EXPECT_FALSE(findings_of(r).warnings.empty());
}

}  // namespace
}  // namespace halotwin::analysis
