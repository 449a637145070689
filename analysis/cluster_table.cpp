#include "analysis/cluster_table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/field_median.hpp"
#include "analysis/region_shape.hpp"
#include "analysis/trace_kernels.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t compared_clusters = 10;  // own included
constexpr std::size_t most_thresholds = 200;

// The cluster itself, then the nearest others.
std::vector<std::size_t> nearest(const std::vector<Cluster>& clusters, std::size_t own) {
  const auto distance = [&](std::size_t k) {
    return std::hypot(clusters[k].x_m - clusters[own].x_m, clusters[k].y_m - clusters[own].y_m);
  };
  std::vector<std::pair<double, std::size_t>> others;
  for (std::size_t k = 0; k < clusters.size(); ++k) {
    if (k != own) {
      others.emplace_back(distance(k), k);
    }
  }
  const std::size_t kept = std::min(compared_clusters - 1, others.size());
  std::partial_sort(
      others.begin(), others.begin() + static_cast<std::ptrdiff_t>(kept), others.end());
  std::vector<std::size_t> out = {own};
  for (std::size_t k = 0; k < kept; ++k) {
    out.push_back(others[k].second);
  }
  return out;
}

double silhouette(std::span<const float> r) {
  const auto own = static_cast<double>(r[0]);
  const double other =
      r.size() > 1 ? static_cast<double>(*std::max_element(r.begin() + 1, r.end())) : 0.0;
  const double scale = std::max(own, other);
  return scale > 0.0 ? (own - other) / scale : 0.0;
}

Cluster geometry(const Traces& traces, const std::vector<std::size_t>& members, int label) {
  Cluster c;
  c.label = label;
  c.seed = members.front();
  c.pixels = members.size();
  const auto n = static_cast<double>(c.pixels);
  c.area_m2 = n * traces.pixel_m * traces.pixel_m;
  c.diameter_m = equivalent_diameter_m(c.pixels, traces.pixel_m);
  c.feret_m = feret_diameter_m(members, traces.nx, traces.pixel_m);
  for (const std::size_t p : members) {
    const std::size_t x = p % traces.nx;
    const std::size_t y = p / traces.nx;
    c.x_m += static_cast<double>(x) * traces.pixel_m / n;
    c.y_m += static_cast<double>(y) * traces.pixel_m / n;
    c.intensity_counts += traces.mean_counts[p] / n;
    c.at_border |= x == 0 || y == 0 || x + 1 == traces.nx || y + 1 == traces.ny;
  }
  return c;
}

double mean_pair_correlation(const Traces& traces, const std::vector<std::size_t>& members) {
  if (members.size() < 2) {
    return 1.0;
  }
  std::vector<double> sum(traces.frames, 0.0);
  double own = 0.0;  // sum of |z|^2: n but for rounding
  for (const std::size_t p : members) {
    const std::span<const float> z = traces.of(p);
    for (std::size_t t = 0; t < sum.size(); ++t) {
      const auto v = static_cast<double>(z[t]);
      sum[t] += v;
      own += v * v;
    }
  }
  double square = 0.0;
  for (const double v : sum) {
    square += v * v;
  }
  const auto n = static_cast<double>(members.size());
  return (square - own) / (n * (n - 1.0));
}

}  // namespace

ClusterTable describe_clusters(const Traces& traces, const ClusterMap& map, Threads threads) {
  require(map.nx == traces.nx && map.ny == traces.ny,
          "clusters and traces are of different fields");
  ClusterTable out;
  const std::size_t count = map.count();
  out.clusters.resize(count);
  out.trace.resize(count);
  out.silhouette.assign(traces.pixels(), nan);
  out.share.assign(traces.pixels(), 0.0);
  std::vector<std::vector<float>> unit(count);
  for_each_chunk(count, 1, threads, [&](std::size_t k, std::size_t) {
    out.clusters[k] = geometry(traces, map.members[k], static_cast<int>(k) + 1);
    out.clusters[k].mean_r = mean_pair_correlation(traces, map.members[k]);
    out.trace[k] = mean_trace(traces, map.members[k]);
    for (const std::size_t p : map.members[k]) {
      out.share[p] = 1.0 / static_cast<double>(map.members[k].size());
    }
    unit[k] = normalised(out.trace[k], traces.stride);
  });
  for_each_chunk(count, 1, threads, [&](std::size_t k, std::size_t) {
    const std::vector<std::size_t>& members = map.members[k];
    std::vector<const float*> means;
    for (const std::size_t other : nearest(out.clusters, k)) {
      means.push_back(unit[other].data());
    }
    std::vector<const float*> rows;
    for (const std::size_t p : members) {
      rows.push_back(traces.data(p));
    }
    std::vector<float> r(rows.size() * means.size());
    kernels::dot_products(rows, means, traces.stride, r.data());
    double sum = 0.0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const double s = silhouette({r.data() + i * means.size(), means.size()});
      out.silhouette[members[i]] = s;
      sum += s;
    }
    out.clusters[k].silhouette = sum / static_cast<double>(members.size());
  });
  std::size_t clustered = 0;
  double sum = 0.0;
  for (const double s : out.silhouette) {
    clustered += std::isnan(s) ? 0 : 1;
    sum += std::isnan(s) ? 0.0 : s;
  }
  const auto pixels = static_cast<double>(traces.pixels());
  out.mean_silhouette = sum / pixels;
  out.clustered_share = static_cast<double>(clustered) / pixels;
  return out;
}

void weigh_by_silhouette(const Traces& traces,
                         const ClusterMap& map,
                         ClusterTable& table,
                         double least) {
  require(map.count() == table.clusters.size(), "the table is of other clusters");
  for (std::size_t k = 0; k < map.count(); ++k) {
    std::vector<double> shares;
    double sum = 0.0;
    for (const std::size_t p : map.members[k]) {
      shares.push_back(table.silhouette[p] >= least ? table.silhouette[p] : 0.0);
      sum += shares.back();
    }
    if (!(sum > 0.0)) {
      continue;
    }
    for (std::size_t i = 0; i < shares.size(); ++i) {
      shares[i] /= sum;
      table.share[map.members[k][i]] = shares[i];
    }
    table.trace[k] = weighted_trace(traces, map.members[k], shares);
  }
}

std::vector<PairCorrelations> pair_correlations(const Traces& traces,
                                                const ClusterMap& map,
                                                std::uint64_t seed,
                                                Threads threads,
                                                std::size_t most_pairs) {
  require(most_pairs > 0, "most_pairs must be positive");
  std::vector<PairCorrelations> out(map.count());
  for_each_chunk(map.count(), 1, threads, [&](std::size_t k, std::size_t) {
    const std::vector<std::size_t>& members = map.members[k];
    const std::size_t n = members.size();
    if (n < 2) {
      out[k] = {nan, nan, nan};
      return;
    }
    const auto r_of = [&](std::size_t a, std::size_t b) {
      return static_cast<double>(
          kernels::dot(traces.data(members[a]), traces.data(members[b]), traces.stride));
    };
    std::vector<double> r;
    if (n * (n - 1) / 2 <= most_pairs) {
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = a + 1; b < n; ++b) {
          r.push_back(r_of(a, b));
        }
      }
    } else {
      RandomStream draw(seed, Purpose::pixel_pairs, static_cast<std::uint32_t>(k));
      const auto count = static_cast<std::uint32_t>(n);
      while (r.size() < most_pairs) {
        const std::size_t a = draw.index(count);
        const std::size_t b = draw.index(count);
        if (a != b) {
          r.push_back(r_of(a, b));
        }
      }
    }
    const auto [low, high] = std::minmax_element(r.begin(), r.end());
    out[k] = {*low, median(r), *high};
  });
  return out;
}

Estimate area_weighted_diameter(std::span<const Cluster> clusters,
                                std::size_t least_pixels,
                                const BootstrapOptions& options) {
  std::vector<Cluster> kept;
  std::copy_if(clusters.begin(), clusters.end(), std::back_inserter(kept), [&](const Cluster& c) {
    return c.pixels >= least_pixels;
  });
  if (kept.empty()) {
    return {nan, nan};
  }
  const BootstrapResult result = bootstrap(
      kept.size(),
      [&](std::span<const std::uint32_t> counts) {
        double area = 0.0;
        double sum = 0.0;
        for (std::size_t k = 0; k < kept.size(); ++k) {
          area += counts[k] * kept[k].area_m2;
          sum += counts[k] * kept[k].area_m2 * kept[k].diameter_m;
        }
        return sum / area;
      },
      options);
  double area = 0.0;
  double squares = 0.0;
  for (const Cluster& c : kept) {
    area += c.area_m2;
    squares += c.area_m2 * c.area_m2;
  }
  const double effective = area * area / squares;  // clusters, by their areas
  return {result.value, result.sigma * small_sample_factor(std::max(2.0, effective))};
}

ThresholdScan scan_thresholds(const Traces& traces,
                              const ClusterParams& params,
                              const ThresholdScanOptions& options,
                              Threads threads) {
  require_positive("threshold step", options.step);
  require(options.last >= options.first, "the scan of thresholds ends before it begins");
  require(options.side_pixels > 0, "side_pixels must be positive");
  const auto steps = static_cast<std::size_t>((options.last - options.first) / options.step + 1e-6);
  require(steps < most_thresholds, "a scan of more than 200 thresholds");
  const std::size_t nx = std::min(traces.nx, options.side_pixels);
  const std::size_t ny = std::min(traces.ny, options.side_pixels);
  const bool whole = nx == traces.nx && ny == traces.ny;
  const Traces centre =
      whole ? Traces{} : crop(traces, (traces.nx - nx) / 2, (traces.ny - ny) / 2, nx, ny);
  const Traces& used = whole ? traces : centre;
  const CorrelationMap map = correlation_map(used, threads);
  ThresholdScan out;
  out.points.resize(steps + 1);
  for_each_chunk(out.points.size(), 1, threads, [&](std::size_t k, std::size_t) {
    ClusterParams at = params;
    at.threshold = options.first + static_cast<double>(k) * options.step;
    const ClusterMap clusters = grow_clusters(used, map, at);
    const ClusterTable table = describe_clusters(used, clusters);
    out.points[k] = {at.threshold,
                     clusters.count(),
                     table.mean_silhouette,
                     table.clustered_share,
                     table.mean_silhouette * table.clustered_share};
  });
  for (std::size_t k = 1; k < out.points.size(); ++k) {
    if (out.points[k].objective > out.points[out.best].objective) {
      out.best = k;
    }
  }
  out.at_edge = out.best == 0 || out.best + 1 == out.points.size();
  return out;
}

}  // namespace halotwin::analysis
