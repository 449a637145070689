// What clusters of CLIM are worth: silhouettes, sizes, mean traces; and the threshold chosen by
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/clusters.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

struct Cluster {
  int label = 0;
  std::size_t seed = 0;  // pixel
  std::size_t pixels = 0;
  double area_m2 = 0.0;
  double diameter_m = 0.0;  // of the circle of the same area
  double feret_m = 0.0;     // longest Feret diameter
  double x_m = 0.0;         // mean of the pixels' centres; pixel (0, 0) of the traces at 0
  double y_m = 0.0;
  double intensity_counts = 0.0;
  double mean_r = 0.0;      // of all pairs of its pixels
  double silhouette = 0.0;  // mean over its pixels
  bool at_border = false;   // touches the field's edge: its size is a lower bound
};

struct ClusterTable {
  std::vector<Cluster> clusters;           // label 1, 2 ...
  std::vector<std::vector<double>> trace;  // mean of each cluster's pixels [counts]
  std::vector<double> share;               // [y][x] of a pixel in that mean; 0 in no cluster
  std::vector<double> silhouette;          // [y][x]; NaN in no cluster
  double mean_silhouette = 0.0;            // over all pixels, 0 in no cluster
  double clustered_share = 0.0;            // of all pixels
};

/// Silhouette of correlations (public program of CLIM):
///
///   s = (r_own - r_2) / max(r_own, r_2)
///
/// r_own = r of the pixel with the mean trace of its cluster (itself included), r_2 = largest r
/// with those of the nearest other clusters: nine, by distance of centroids, so that ten count with
/// its own. With no other cluster r_2 = 0; s = 0 where max(r_own, r_2) <= 0. Not the silhouette of
/// Rousseeuw (1987), which is built on distances; s may exceed 1 where r_2 < 0. Mean r of all n
/// (n - 1) / 2 pairs: (|sum z|^2 - n) / (n (n - 1)), exact.
[[nodiscard]] ClusterTable describe_clusters(const Traces& traces,
                                             const ClusterMap& map,
                                             Threads threads = {});

/// Means of the clusters weighted by the silhouettes of their pixels instead (public program of
/// CLIM, an option): pixels below `least` have no share. A cluster of none above keeps its plain
/// mean.
void weigh_by_silhouette(const Traces& traces,
                         const ClusterMap& map,
                         ClusterTable& table,
                         double least = 0.05);

/// Pearson r of pairs of a cluster's pixels.
struct PairCorrelations {
  double lowest = 0.0;
  double median = 0.0;
  double highest = 0.0;
};
/// Of each cluster; of all pairs, or of `most_pairs` drawn at random where there are more. NaN for
/// one pixel.
[[nodiscard]] std::vector<PairCorrelations> pair_correlations(const Traces& traces,
                                                              const ClusterMap& map,
                                                              std::uint64_t seed,
                                                              Threads threads = {},
                                                              std::size_t most_pairs = 2000);

/// Mean of the diameters weighted by area over clusters of at least `least_pixels`; the plain mean
/// counts fragments. Sigma by bootstrap over clusters, grown by small_sample_factor of (sum A)^2 /
/// sum A^2 clusters, at least two. NaN if there are none.
[[nodiscard]] Estimate area_weighted_diameter(std::span<const Cluster> clusters,
                                              std::size_t least_pixels = 5,
                                              const BootstrapOptions& options = {});

struct ThresholdScanOptions {
  double first = 0.25;  // published: 0.40, where the best one often stands at the edge
  double last = 0.70;
  double step = 0.05;
  std::size_t side_pixels = 128;  // of the central square that is clustered; all if smaller
};

struct ThresholdPoint {
  double threshold = 0.0;
  std::size_t clusters = 0;
  double mean_silhouette = 0.0;  // over all pixels of the square, 0 in no cluster
  double clustered_share = 0.0;
  double objective = 0.0;  // mean_silhouette x clustered_share
};

/// The "self-optimised" threshold: the one of the scan with the largest objective (equals: the
/// lowest).
struct ThresholdScan {
  std::vector<ThresholdPoint> points;
  std::size_t best = 0;
  bool at_edge = false;  // first or last point: the optimum may lie outside
  [[nodiscard]] double threshold() const { return points[best].threshold; }
};
[[nodiscard]] ThresholdScan scan_thresholds(const Traces& traces,
                                            const ClusterParams& params = {},
                                            const ThresholdScanOptions& options = {},
                                            Threads threads = {});

}  // namespace halotwin::analysis
