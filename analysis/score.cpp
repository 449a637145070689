#include "analysis/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// Ranks from 1, ties share their mean.
std::vector<double> mid_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] < values[b];
  });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]]) {
      ++j;
    }
    for (std::size_t k = i; k < j; ++k) {
      ranks[order[k]] = 0.5 * static_cast<double>(i + j + 1);
    }
    i = j;
  }
  return ranks;
}

double variance(std::span<const double> v) {
  const double s = standard_deviation(v);
  return s * s;
}

double pairs(double n) {
  return 0.5 * n * (n - 1.0);
}

double entropy_nats(const std::map<int, double>& counts, double n) {
  double h = 0.0;
  for (const auto& [label, count] : counts) {
    h -= count / n * std::log(count / n);
  }
  return h;
}

}  // namespace

Estimate roc_auc(std::span<const double> scores, std::span<const std::uint8_t> positive) {
  require(scores.size() == positive.size(), "one label per score expected");
  std::vector<double> yes;
  std::vector<double> no;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    require(!std::isnan(scores[i]), "scores hold NaN");
    (positive[i] != 0 ? yes : no).push_back(scores[i]);
  }
  require(!yes.empty() && !no.empty(), "AUC needs positive and negative items");
  std::vector<double> all = yes;
  all.insert(all.end(), no.begin(), no.end());
  const auto rank = mid_ranks(all);
  const auto rank_yes = mid_ranks(yes);
  const auto rank_no = mid_ranks(no);
  const auto m = static_cast<double>(yes.size());
  const auto n = static_cast<double>(no.size());
  // Share of the other kind that lies below (yes) or above (no) each item.
  std::vector<double> beats(yes.size());
  std::vector<double> beaten(no.size());
  for (std::size_t i = 0; i < yes.size(); ++i) {
    beats[i] = (rank[i] - rank_yes[i]) / n;
  }
  for (std::size_t i = 0; i < no.size(); ++i) {
    beaten[i] = 1.0 - (rank[yes.size() + i] - rank_no[i]) / m;
  }
  return {mean(beats), std::sqrt(variance(beats) / m + variance(beaten) / n)};
}

LabelAgreement compare_labels(std::span<const int> a, std::span<const int> b) {
  require(a.size() == b.size() && !a.empty(), "two labels for each of at least one item expected");
  std::map<std::pair<int, int>, double> joint;
  std::map<int, double> rows;
  std::map<int, double> columns;
  for (std::size_t i = 0; i < a.size(); ++i) {
    joint[{a[i], b[i]}] += 1.0;
    rows[a[i]] += 1.0;
    columns[b[i]] += 1.0;
  }
  const auto n = static_cast<double>(a.size());
  double together = 0.0;
  double information = 0.0;
  for (const auto& [labels, count] : joint) {
    together += pairs(count);
    information += count / n * std::log(count * n / (rows[labels.first] * columns[labels.second]));
  }
  const auto sum_pairs = [](const std::map<int, double>& counts) {
    return std::accumulate(counts.begin(), counts.end(), 0.0, [](double s, const auto& c) {
      return s + pairs(c.second);
    });
  };
  const double in_a = sum_pairs(rows);
  const double in_b = sum_pairs(columns);
  const double expected = n > 1.0 ? in_a * in_b / pairs(n) : 0.0;
  const double highest = 0.5 * (in_a + in_b);
  const double h_a = entropy_nats(rows, n);
  const double h_b = entropy_nats(columns, n);
  LabelAgreement result;
  result.adjusted_rand = highest == expected ? 1.0 : (together - expected) / (highest - expected);
  result.normalised_information = h_a + h_b > 0.0 ? 2.0 * information / (h_a + h_b) : 1.0;
  result.variation_bits = std::max(0.0, (h_a + h_b - 2.0 * information) / std::log(2.0));
  return result;
}

double spectral_angle(std::span<const double> a, std::span<const double> b) {
  require(a.size() == b.size() && !a.empty(), "spectra of one length expected");
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  require(aa > 0.0 && bb > 0.0, "a zero spectrum has no angle");
  // 2 atan2 of difference and sum of the unit vectors: exact also for tiny angles.
  double difference = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] / std::sqrt(aa);
    const double y = b[i] / std::sqrt(bb);
    difference += (x - y) * (x - y);
    sum += (x + y) * (x + y);
  }
  return 2.0 * std::atan2(std::sqrt(difference), std::sqrt(sum));
}

BasisMatch match_bases(const RowArray& truth, const RowArray& found) {
  require(truth.rows() == found.rows() && truth.cols() == found.cols(),
          "bases of one shape expected");
  require_range("rank", static_cast<double>(truth.rows()), 1, 8);
  const auto k = static_cast<std::size_t>(truth.rows());
  const auto m = static_cast<std::size_t>(truth.cols());
  std::vector<double> angle(k * k);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      angle[i * k + j] = spectral_angle({truth.data() + i * m, m}, {found.data() + j * m, m});
    }
  }
  std::vector<std::size_t> order(k);
  std::iota(order.begin(), order.end(), std::size_t{0});
  BasisMatch best;
  double best_sum = std::numeric_limits<double>::infinity();
  do {
    double sum = 0.0;
    for (std::size_t i = 0; i < k; ++i) {
      sum += angle[i * k + order[i]];
    }
    if (sum < best_sum) {
      best_sum = sum;
      best.found_row = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  for (std::size_t i = 0; i < k; ++i) {
    best.angle_rad.push_back(angle[i * k + best.found_row[i]]);
  }
  return best;
}

double pearson(std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size() && x.size() >= 2, "at least two pairs expected");
  const double mx = mean(x);
  const double my = mean(y);
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  require(xx > 0.0 && yy > 0.0, "a constant has no correlation");
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

double spearman(std::span<const double> x, std::span<const double> y) {
  return pearson(mid_ranks(x), mid_ranks(y));
}

Estimate block_pearson(std::span<const double> x,
                       std::span<const double> y,
                       const BlockMap& blocks,
                       const BootstrapOptions& options,
                       Threads threads) {
  require(x.size() == y.size() && x.size() == blocks.block.size(), "one block per pair expected");
  require(blocks.count > 0, "no block holds a valid pixel");
  // Sums of each block about the means of all, so that large offsets do not cost digits.
  struct Moments {
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
  };
  std::vector<Moments> moments(blocks.count);
  Moments offset;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (blocks.block[i] >= 0) {
      offset.n += 1.0;
      offset.x += x[i];
      offset.y += y[i];
    }
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (blocks.block[i] >= 0) {
      Moments& m = moments[static_cast<std::size_t>(blocks.block[i])];
      const double u = x[i] - offset.x / offset.n;
      const double v = y[i] - offset.y / offset.n;
      m.n += 1.0;
      m.x += u;
      m.y += v;
      m.xx += u * u;
      m.xy += u * v;
      m.yy += v * v;
    }
  }
  const auto statistic = [&](std::span<const std::uint32_t> counts) {
    Moments s;
    for (std::size_t b = 0; b < moments.size(); ++b) {
      const double c = counts[b];
      s.n += c * moments[b].n;
      s.x += c * moments[b].x;
      s.y += c * moments[b].y;
      s.xx += c * moments[b].xx;
      s.xy += c * moments[b].xy;
      s.yy += c * moments[b].yy;
    }
    const double xx = s.xx - s.x * s.x / s.n;
    const double yy = s.yy - s.y * s.y / s.n;
    return (s.xy - s.x * s.y / s.n) / std::sqrt(xx * yy);  // NaN for a constant replicate
  };
  const auto result = bootstrap(blocks.count, statistic, options, threads);
  require(std::isfinite(result.value), "a constant has no correlation");
  return {result.value, result.sigma};
}

Coverage coverage(std::span<const double> estimates,
                  std::span<const double> sigmas,
                  std::span<const double> truths,
                  double z) {
  require(
      !estimates.empty() && estimates.size() == sigmas.size() && estimates.size() == truths.size(),
      "estimate, sigma and truth for each of at least one item expected");
  std::vector<double> pulls;
  double inside = 0.0;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    require_positive("sigma", sigmas[i]);
    pulls.push_back((estimates[i] - truths[i]) / sigmas[i]);
    inside += std::abs(pulls.back()) <= z ? 1.0 : 0.0;
  }
  const auto n = static_cast<double>(pulls.size());
  const double share = inside / n;
  return {share, std::sqrt(share * (1.0 - share) / n), mean(pulls), standard_deviation(pulls)};
}

}  // namespace halotwin::analysis
