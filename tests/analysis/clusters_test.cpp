#include "analysis/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/cluster_table.hpp"
#include "analysis/region_shape.hpp"
#include "analysis/score.hpp"
#include "base/errors.hpp"
#include "tests/analysis/synthetic_traces.hpp"

namespace halotwin::analysis {
namespace {

using synthetic::Film;
using synthetic::only;
using synthetic::pixel_m;

// Squares of `side` pixels, each with a source of its own.
struct Squares {
  Film film;
  std::size_t side = 6;
  [[nodiscard]] std::size_t across() const { return film.nx / side; }
  [[nodiscard]] std::size_t of(std::size_t x, std::size_t y) const {
    return y / side * across() + x / side;
  }
  [[nodiscard]] std::vector<int> labels() const {
    std::vector<int> out;
    for (std::size_t p = 0; p < film.nx * film.ny; ++p) {
      out.push_back(static_cast<int>(of(p % film.nx, p / film.nx)));
    }
    return out;
  }
  [[nodiscard]] std::vector<std::uint16_t> frames() const {
    const std::size_t n = across() * (film.ny / side);
    return synthetic::movie(
        film, n, [&](std::size_t x, std::size_t y) { return only(of(x, y), n); });
  }
};

const std::vector<MemberTest> all_tests = {
    MemberTest::random_members, MemberTest::spaced_members, MemberTest::mean_trace};

TEST(Clusters, PerfectSquaresAreFoundExactly) {
  Squares s{{24, 18}};
  s.film.noise = 20.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const CorrelationMap map = correlation_map(t);
  for (const MemberTest test : all_tests) {
    ClusterParams params;
    params.test = test;
    const ClusterMap found = grow_clusters(t, map, params);
    EXPECT_EQ(found.count(), 12U);
    EXPECT_EQ(compare_labels(found.label, s.labels()).adjusted_rand, 1.0);
    EXPECT_EQ(std::count(found.label.begin(), found.label.end(), 0), 0);
  }
}

TEST(Clusters, FluctuationsWithoutACommonSourceGiveNone) {
  const Film f{20, 20};
  const auto m =
      synthetic::movie(f, 1, [](std::size_t, std::size_t) { return std::vector<double>{0.0}; });
  const Traces t = synthetic::traces(f, m);
  EXPECT_EQ(grow_clusters(t, correlation_map(t)).count(), 0U);
}

TEST(Clusters, AChainOfNeighboursIsCutByTheMembersTest) {
  // source k reaches from column 4 k - 4 to 4 k + 4: neighbours follow each other everywhere, the
  // ends of the strip do not
  Film f{40, 6, 1500};
  f.noise = 20.0;
  const auto m = synthetic::movie(f, 11, [](std::size_t x, std::size_t) {
    std::vector<double> w(11);
    for (std::size_t k = 0; k < w.size(); ++k) {
      const double d = std::abs(static_cast<double>(x) - 4.0 * static_cast<double>(k));
      w[k] = std::max(0.0, 1.0 - d / 4.0);
    }
    return w;
  });
  const Traces t = synthetic::traces(f, m);
  const CorrelationMap map = correlation_map(t);
  for (const MemberTest test : all_tests) {
    ClusterParams params;
    params.test = test;
    const std::size_t with = grow_clusters(t, map, params).count();
    params.least_share = 0.0;  // no test of members, so neighbours alone decide
    const std::size_t without = grow_clusters(t, map, params).count();
    EXPECT_GT(with, 3U);
    EXPECT_EQ(without, test == MemberTest::mean_trace ? with : 1U);
  }
}

TEST(Clusters, SmallOnesAreDiscarded) {
  // a source in a square of 2 x 2 pixels, below the least of five
  Film f{12, 12};
  f.noise = 20.0;
  const auto m = synthetic::movie(f, 1, [](std::size_t x, std::size_t y) {
    return std::vector<double>{x / 2 == 2 && y / 2 == 3 ? 1.0 : 0.0};
  });
  const Traces t = synthetic::traces(f, m);
  const CorrelationMap map = correlation_map(t);
  ClusterParams params;
  EXPECT_EQ(grow_clusters(t, map, params).count(), 0U);
  params.least_pixels = 4;
  const ClusterMap found = grow_clusters(t, map, params);
  ASSERT_EQ(found.count(), 1U);
  EXPECT_EQ(std::count(found.label.begin(), found.label.end(), 1), 4);
}

RC_GTEST_PROP(ClustersProperty, ConstantPixelsAreInNone, ()) {
  Squares s{{12, 12, 200}};
  s.film.noise = 20.0;
  auto m = s.frames();
  const auto dead = *rc::gen::inRange<std::size_t>(0, 144);
  for (std::size_t t = 0; t < s.film.frames; ++t) {
    m[t * 144 + dead] = 500;
  }
  const Traces t = synthetic::traces(s.film, m);
  ClusterParams params;
  params.test = *rc::gen::elementOf(all_tests);
  params.prune_below = -1.0;
  params.threshold = *rc::gen::element(-1.0, 0.0, 0.5);
  const ClusterMap found = grow_clusters(t, correlation_map(t), params);
  RC_ASSERT(found.label[dead] == 0);
  RC_ASSERT(found.count() > 0U);
}

RC_GTEST_PROP(ClustersProperty, EachPixelIsInOneClusterOfTheStatedSize, ()) {
  Squares s{{18, 12, 150}};
  s.film.noise = *rc::gen::element(50.0, 200.0, 400.0);
  s.film.seed = *rc::gen::inRange<std::uint64_t>(1, 1000);
  const Traces t = synthetic::traces(s.film, s.frames());
  ClusterParams params;
  params.threshold = *rc::gen::element(0.25, 0.5, 0.7);
  params.test = *rc::gen::elementOf(all_tests);
  params.seed = *rc::gen::inRange<std::int64_t>(1, 100);
  const CorrelationMap map = correlation_map(t);
  const ClusterMap found = grow_clusters(t, map, params);
  std::size_t members = 0;
  for (std::size_t k = 0; k < found.count(); ++k) {
    RC_ASSERT(found.members[k].size() >= 5U);
    members += found.members[k].size();
    for (const std::size_t p : found.members[k]) {
      RC_ASSERT(found.label[p] == static_cast<int>(k) + 1);
    }
  }
  RC_ASSERT(static_cast<std::ptrdiff_t>(members) ==
            static_cast<std::ptrdiff_t>(found.label.size()) -
                std::count(found.label.begin(), found.label.end(), 0));
  RC_ASSERT(grow_clusters(t, map, params).label == found.label);
}

TEST(Clusters, TheDrawMattersOnlyForTheRandomTest) {
  Squares s{{36, 36, 150}, 9};
  s.film.noise = 220.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const CorrelationMap map = correlation_map(t);
  for (const MemberTest test : all_tests) {
    ClusterParams params;
    params.threshold = 0.4;
    params.test = test;
    const auto first = grow_clusters(t, map, params).label;
    params.seed = 2;
    EXPECT_EQ(grow_clusters(t, map, params).label == first, test != MemberTest::random_members);
  }
}

TEST(ClusterTable, GivesSizesTracesAndPairCorrelations) {
  Squares s{{18, 12}};
  s.film.noise = 100.0;
  const auto m = s.frames();
  const Traces t = synthetic::traces(s.film, m);
  const ClusterMap found = grow_clusters(t, correlation_map(t));
  ASSERT_EQ(found.count(), 6U);
  const ClusterTable table = describe_clusters(t, found);
  for (std::size_t k = 0; k < 6; ++k) {
    const Cluster& c = table.clusters[k];
    EXPECT_EQ(c.pixels, 36U);
    EXPECT_DOUBLE_EQ(c.area_m2, 36 * pixel_m * pixel_m);
    EXPECT_NEAR(c.diameter_m, 2.0 * std::sqrt(36.0 / 3.14159265358979) * pixel_m, 1e-15);
    EXPECT_NEAR(c.feret_m, std::sqrt(72.0) * pixel_m, 1e-15);
    EXPECT_TRUE(c.at_border);
    EXPECT_NEAR(c.intensity_counts, 2000.0, 30.0);
    EXPECT_EQ(c.label, found.label[c.seed]);
    double sum = 0.0;
    for (const std::size_t p : found.members[k]) {
      for (const std::size_t q : found.members[k]) {
        sum += p == q ? 0.0 : correlation(t, p, q);
      }
    }
    EXPECT_NEAR(c.mean_r, sum / (36.0 * 35.0), 1e-6);
    EXPECT_NEAR(c.mean_r, 0.8, 0.05);
    double frame = 0.0;
    for (const std::size_t p : found.members[k]) {
      frame += m[17 * 216 + p] / 36.0;
    }
    EXPECT_NEAR(table.trace[k][17], frame, 1e-3);
  }
  EXPECT_EQ(table.clustered_share, 1.0);
}

TEST(ClusterTable, SilhouetteFollowsItsDefinition) {
  Squares s{{18, 12}};
  s.film.noise = 150.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const ClusterMap found = grow_clusters(t, correlation_map(t));
  const ClusterTable table = describe_clusters(t, found);
  ASSERT_EQ(found.count(), 6U);  // fewer than ten: all are compared
  double mean = 0.0;
  for (std::size_t p = 0; p < t.pixels(); ++p) {
    const auto own = static_cast<std::size_t>(found.label[p] - 1);
    const std::vector<double> z(t.of(p).begin(), t.of(p).end());
    const double r_own = pearson(z, table.trace[own]);
    double other = -1.0;
    for (std::size_t k = 0; k < 6; ++k) {
      other = k == own ? other : std::max(other, pearson(z, table.trace[k]));
    }
    EXPECT_NEAR(table.silhouette[p], (r_own - other) / r_own, 1e-5);
    mean += table.silhouette[p] / static_cast<double>(t.pixels());
  }
  EXPECT_NEAR(table.mean_silhouette, mean, 1e-12);
}

// Among all pairs of a perfect square r scatters about its mean; drawing some of them gives the
// same middle.
TEST(ClusterTable, PairsScatterAboutTheirMean) {
  Squares s{{24, 18}};
  s.film.noise = 60.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const ClusterMap map = grow_clusters(t, correlation_map(t), {});
  ASSERT_GT(map.count(), 0U);
  const ClusterTable table = describe_clusters(t, map);
  const auto all = pair_correlations(t, map, 1, {2}, 100000);
  const auto some = pair_correlations(t, map, 1, {}, 100);
  ASSERT_EQ(all.size(), map.count());
  for (std::size_t k = 0; k < all.size(); ++k) {
    EXPECT_LT(all[k].lowest, all[k].median);
    EXPECT_LT(all[k].median, all[k].highest);
    EXPECT_NEAR(all[k].median, table.clusters[k].mean_r, 0.02);
    EXPECT_NEAR(some[k].median, all[k].median, 0.02);
    EXPECT_GE(some[k].lowest, all[k].lowest);
    EXPECT_LE(some[k].highest, all[k].highest);
  }
}

TEST(ClusterTable, SilhouettesWeighTraces) {
  Squares s{{24, 18}};
  s.film.noise = 60.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const ClusterMap map = grow_clusters(t, correlation_map(t), {});
  ClusterTable table = describe_clusters(t, map);
  const auto plain = table.trace;
  // equal silhouettes: nothing changes
  ClusterTable even = table;
  std::fill(even.silhouette.begin(), even.silhouette.end(), 0.5);
  weigh_by_silhouette(t, map, even);
  // one pixel alone has a silhouette: its own trace is left
  ClusterTable single = table;
  std::fill(single.silhouette.begin(), single.silhouette.end(), 0.01);
  const std::size_t chosen = map.members[0][3];
  single.silhouette[chosen] = 0.9;
  weigh_by_silhouette(t, map, single);
  for (std::size_t i = 0; i < t.frames; ++i) {
    EXPECT_NEAR(even.trace[0][i], plain[0][i], 1e-9);
    const double own =
        t.mean_counts[chosen] + std::sqrt(t.variance[chosen] * static_cast<double>(t.frames)) *
                                    static_cast<double>(t.of(chosen)[i]);
    EXPECT_NEAR(single.trace[0][i], own, 1e-9);
    EXPECT_EQ(single.trace[1][i], plain[1][i]);  // none above: the plain mean
  }
  EXPECT_EQ(single.share[chosen], 1.0);
}

TEST(ClusterTable, ThreadsGiveTheSameBits) {
  Squares s{{30, 30, 200}};
  s.film.noise = 200.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  const ClusterMap found = grow_clusters(t, correlation_map(t));
  const ClusterTable one = describe_clusters(t, found, {1});
  const ClusterTable three = describe_clusters(t, found, {3});
  EXPECT_EQ(one.mean_silhouette, three.mean_silhouette);
  EXPECT_EQ(one.trace, three.trace);
  const ThresholdScan a = scan_thresholds(t, {}, {}, {1});
  const ThresholdScan b = scan_thresholds(t, {}, {}, {3});
  for (std::size_t k = 0; k < a.points.size(); ++k) {
    EXPECT_EQ(a.points[k].objective, b.points[k].objective);
  }
}

TEST(ClusterTable, DiametersAreWeightedByArea) {
  const auto cluster = [](std::size_t n) {
    Cluster c;
    c.pixels = n;
    c.area_m2 = static_cast<double>(n);
    c.diameter_m = std::sqrt(static_cast<double>(n));
    return c;
  };
  const std::vector<Cluster> list = {cluster(100), cluster(25), cluster(4)};
  EXPECT_NEAR(area_weighted_diameter(list).value, (100.0 * 10.0 + 25.0 * 5.0) / 125.0, 1e-12);
  EXPECT_GT(area_weighted_diameter(list).sigma, 0.0);
  EXPECT_TRUE(std::isnan(area_weighted_diameter(std::vector<Cluster>{cluster(3)}).value));
}

TEST(ThresholdScan, FindsTheThresholdThatKeepsNeighboursApart) {
  // neighbouring squares share a source: r = 0.55 across, 0.9 inside
  Squares s{{36, 36, 800}, 9};
  s.film.noise = 60.0;
  const auto m = synthetic::movie(s.film, 17, [&](std::size_t x, std::size_t y) {
    std::vector<double> w = only(s.of(x, y), 17);
    w[16] = 1.2;
    return w;
  });
  const Traces t = synthetic::traces(s.film, m);
  const ThresholdScan scan = scan_thresholds(t);
  ASSERT_EQ(scan.points.size(), 10U);
  EXPECT_NEAR(scan.points.front().threshold, 0.25, 1e-12);
  EXPECT_NEAR(scan.points.back().threshold, 0.70, 1e-12);
  EXPECT_EQ(scan.points.front().clusters, 1U);
  EXPECT_EQ(scan.points.back().clusters, 16U);
  for (const ThresholdPoint& p : scan.points) {
    EXPECT_NEAR(p.objective, p.mean_silhouette * p.clustered_share, 1e-12);
    EXPECT_LE(p.objective, scan.points[scan.best].objective);
  }
}

TEST(ThresholdScan, SaysWhenTheBestStandsAtTheEdge) {
  Squares s{{18, 18, 300}};
  s.film.noise = 250.0;
  const Traces t = synthetic::traces(s.film, s.frames());
  // r inside is 0.39: thresholds above it leave pixels out, so the lowest is best
  const ThresholdScan scan = scan_thresholds(t);
  EXPECT_TRUE(scan.at_edge);
  EXPECT_NEAR(scan.threshold(), 0.25, 1e-12);
  ThresholdScanOptions wider;
  wider.first = 0.05;
  EXPECT_FALSE(scan_thresholds(t, {}, wider).at_edge);
  EXPECT_THROW(static_cast<void>(scan_thresholds(t, {}, {.step = 0.0})), ParameterError);
}

TEST(RegionShape, FeretIsTheLongestDistanceOfCorners) {
  EXPECT_DOUBLE_EQ(feret_diameter_m(std::vector<std::size_t>{23}, 10, 2.0), 2.0 * std::sqrt(2.0));
  // five in a row; a right angle of 3 by 4
  EXPECT_DOUBLE_EQ(feret_diameter_m(std::vector<std::size_t>{11, 12, 13, 14, 15}, 10, 1.0),
                   std::sqrt(26.0));
  EXPECT_DOUBLE_EQ(feret_diameter_m(std::vector<std::size_t>{0, 10, 20, 30, 31, 32}, 10, 1.0), 5.0);
  EXPECT_DOUBLE_EQ(equivalent_diameter_m(1, 1.0), 2.0 / std::sqrt(3.14159265358979323846));
}

TEST(RegionShape, RegionsAreJoinedBySides) {
  // 1 1 0
  // 0 0 1
  const std::vector<unsigned char> inside = {1, 1, 0, 0, 0, 1};
  EXPECT_EQ(connected_region(inside, 3, 0), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(connected_region(inside, 3, 5), (std::vector<std::size_t>{5}));
  EXPECT_TRUE(connected_region(inside, 3, 2).empty());
}

}  // namespace
}  // namespace halotwin::analysis
