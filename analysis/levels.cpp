#include "analysis/levels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const LevelParams& p) {
  require_range("max_components", p.max_components, 1, 12);
  require_range("bins", p.bins, 16, 4096);
  require_range("valley_ratio", p.valley_ratio, 0.05, 1.0);
  require_range("smallest_share", p.smallest_share, 0.0, 0.5);
  require_range("block_side_pixels", p.block_side_pixels, 1, 1024);
  require_range("replicates", p.replicates, 0, 10000);
}

namespace {

constexpr int max_steps = 200;
constexpr double enough = 1e-6;  // change of the log likelihood per pixel

// Bins [0, count) of unit width; values are measured in bins.
using Histogram = std::vector<double>;

struct Component {
  double weight = 0.0;
  double mean = 0.0;
  double deviation = 1.0;
};
using Mixture = std::vector<Component>;

double density(const Component& c, double x) {
  const double t = (x - c.mean) / c.deviation;
  return c.weight / (c.deviation * std::sqrt(2.0 * constants::pi)) * std::exp(-0.5 * t * t);
}

double density(const Mixture& mixture, double x) {
  double sum = 0.0;
  for (const Component& c : mixture) {
    sum += density(c, x);
  }
  return sum;
}

double centre(std::size_t bin) {
  return static_cast<double>(bin) + 0.5;
}

// Expectation maximisation; returns the log likelihood.
double fit(const Histogram& histogram, Mixture& mixture) {
  const double total = std::accumulate(histogram.begin(), histogram.end(), 0.0);
  double before = -std::numeric_limits<double>::infinity();
  double likelihood = before;
  std::vector<double> part(mixture.size());
  for (int step = 0; step < max_steps; ++step) {
    std::vector<double> s0(mixture.size(), 0.0);
    std::vector<double> s1 = s0;
    std::vector<double> s2 = s0;
    likelihood = 0.0;
    for (std::size_t b = 0; b < histogram.size(); ++b) {
      if (histogram[b] <= 0.0) {
        continue;
      }
      const double x = centre(b);
      double sum = 1e-300;
      for (std::size_t k = 0; k < mixture.size(); ++k) {
        part[k] = density(mixture[k], x);
        sum += part[k];
      }
      likelihood += histogram[b] * std::log(sum);
      for (std::size_t k = 0; k < mixture.size(); ++k) {
        const double n = histogram[b] * part[k] / sum;
        s0[k] += n;
        s1[k] += n * x;
        s2[k] += n * x * x;
      }
    }
    for (std::size_t k = 0; k < mixture.size(); ++k) {
      const double n = std::max(s0[k], 1e-9);
      const double mean = s1[k] / n;
      // a component no narrower than half a bin: beyond it the histogram says nothing
      const double variance = std::max(s2[k] / n - mean * mean, 0.25);
      mixture[k] = {s0[k] / total, mean, std::sqrt(variance)};
    }
    if (std::abs(likelihood - before) < enough * total) {
      break;
    }
    before = likelihood;
  }
  return likelihood;
}

double quantile(const Histogram& histogram, double share) {
  const double wanted = share * std::accumulate(histogram.begin(), histogram.end(), 0.0);
  double sum = 0.0;
  for (std::size_t b = 0; b < histogram.size(); ++b) {
    if (sum + histogram[b] >= wanted && histogram[b] > 0.0) {
      return static_cast<double>(b) + (wanted - sum) / histogram[b];
    }
    sum += histogram[b];
  }
  return static_cast<double>(histogram.size());
}

Mixture from_quantiles(const Histogram& histogram, std::size_t count) {
  Mixture start;
  const double width = quantile(histogram, 0.84) - quantile(histogram, 0.16);
  for (std::size_t k = 0; k < count; ++k) {
    const double at = (static_cast<double>(k) + 0.5) / static_cast<double>(count);
    start.push_back({1.0 / static_cast<double>(count),
                     quantile(histogram, at),
                     std::max(0.5 * width / static_cast<double>(count), 0.5)});
  }
  return start;
}

Mixture split_widest(const Mixture& mixture) {
  Mixture start = mixture;
  const auto widest =
      std::max_element(start.begin(), start.end(), [](const Component& a, const Component& b) {
        return a.weight * a.deviation < b.weight * b.deviation;
      });
  Component half = *widest;
  half.weight *= 0.5;
  half.deviation *= 0.6;
  const double shift = 0.8 * widest->deviation;
  Component other = half;
  half.mean -= shift;
  other.mean += shift;
  *widest = half;
  start.push_back(other);
  return start;
}

struct Fitted {
  Mixture mixture;
  std::vector<double> information;
  std::vector<Mixture> all;  // of 1, 2, ... components
};

// `starts`: the mixtures of a histogram that is nearly the same.
Fitted best_mixture(const Histogram& histogram,
                    int max_components,
                    const std::vector<Mixture>& starts = {}) {
  const double total = std::accumulate(histogram.begin(), histogram.end(), 0.0);
  Fitted best;
  Mixture smaller;
  double best_information = std::numeric_limits<double>::infinity();
  for (int k = 1; k <= max_components; ++k) {
    const auto index = static_cast<std::size_t>(k);
    Mixture mixture = starts.empty() ? from_quantiles(histogram, index) : starts[index - 1];
    double likelihood = fit(histogram, mixture);
    if (k > 2 && starts.empty()) {
      Mixture other = split_widest(smaller);
      const double other_likelihood = fit(histogram, other);
      if (other_likelihood > likelihood) {
        likelihood = other_likelihood;
        mixture = other;
      }
    }
    smaller = mixture;
    best.all.push_back(mixture);
    const double information = (3.0 * k - 1.0) * std::log(total) - 2.0 * likelihood;
    best.information.push_back(information);
    if (information < best_information) {
      best_information = information;
      best.mixture = mixture;
    }
  }
  std::sort(best.mixture.begin(), best.mixture.end(), [](const Component& a, const Component& b) {
    return a.mean < b.mean;
  });
  return best;
}

// Where the mixture's density has its summits and the valleys between them, in bins.
struct Relief {
  std::vector<double> summit;
  std::vector<double> valley;  // one less
};

Relief relief_of(const Mixture& mixture, std::size_t bins, const LevelParams& params) {
  constexpr std::size_t fine = 8;  // points a bin
  std::vector<double> height(bins * fine);
  for (std::size_t i = 0; i < height.size(); ++i) {
    height[i] = density(mixture, (static_cast<double>(i) + 0.5) / fine);
  }
  const auto at = [](std::size_t i) { return (static_cast<double>(i) + 0.5) / fine; };
  std::vector<std::size_t> summits;
  std::vector<std::size_t> valleys;
  for (std::size_t i = 0; i < height.size(); ++i) {
    const bool left = i == 0 || height[i] > height[i - 1];
    const bool right = i + 1 == height.size() || height[i] >= height[i + 1];
    if (left && right) {
      if (!summits.empty()) {
        const auto low =
            std::min_element(height.begin() + static_cast<std::ptrdiff_t>(summits.back()),
                             height.begin() + static_cast<std::ptrdiff_t>(i));
        valleys.push_back(static_cast<std::size_t>(low - height.begin()));
      }
      summits.push_back(i);
    }
  }
  // the shallowest valley goes first, with the lower of its summits; then what holds too few pixels
  const auto drop = [&](std::size_t v) {
    const bool lower_left = height[summits[v]] < height[summits[v + 1]];
    summits.erase(summits.begin() + static_cast<std::ptrdiff_t>(lower_left ? v : v + 1));
    valleys.erase(valleys.begin() + static_cast<std::ptrdiff_t>(v));
  };
  while (!valleys.empty()) {
    std::size_t worst = 0;
    double worst_ratio = 0.0;
    for (std::size_t v = 0; v < valleys.size(); ++v) {
      const double ratio =
          height[valleys[v]] / std::min(height[summits[v]], height[summits[v + 1]]);
      if (ratio > worst_ratio) {
        worst_ratio = ratio;
        worst = v;
      }
    }
    if (worst_ratio <= params.valley_ratio) {
      break;
    }
    drop(worst);
  }
  const auto share = [&](std::size_t k) {
    const std::size_t from = k == 0 ? 0 : valleys[k - 1];
    const std::size_t to = k + 1 == summits.size() ? height.size() : valleys[k];
    return std::accumulate(height.begin() + static_cast<std::ptrdiff_t>(from),
                           height.begin() + static_cast<std::ptrdiff_t>(to),
                           0.0) /
           fine;
  };
  for (std::size_t k = 0; k < summits.size() && summits.size() > 1;) {
    if (share(k) >= params.smallest_share) {
      ++k;
      continue;
    }
    const bool to_left =
        k > 0 && (k + 1 == summits.size() || height[valleys[k - 1]] > height[valleys[k]]);
    summits.erase(summits.begin() + static_cast<std::ptrdiff_t>(k));
    valleys.erase(valleys.begin() + static_cast<std::ptrdiff_t>(to_left ? k - 1 : k));
    k = 0;
  }
  Relief relief;
  for (const std::size_t i : summits) {
    relief.summit.push_back(at(i));
  }
  for (const std::size_t i : valleys) {
    relief.valley.push_back(at(i));
  }
  return relief;
}

// Mean and width of a level without the wings that belong to the walls: the pixels within 1.5
// standard deviations of its summit, where the deviation is that of the inner half.
struct Centre {
  double mean = 0.0;
  double deviation = 0.0;
  double share = 0.0;
};

std::vector<Centre> centres_of(const Histogram& histogram, const Relief& relief) {
  const double total = std::accumulate(histogram.begin(), histogram.end(), 0.0);
  std::vector<Centre> centres;
  for (std::size_t k = 0; k < relief.summit.size(); ++k) {
    const double from = k == 0 ? 0.0 : relief.valley[k - 1];
    const double to =
        k + 1 == relief.summit.size() ? static_cast<double>(histogram.size()) : relief.valley[k];
    Histogram own(histogram.size(), 0.0);
    for (std::size_t b = 0; b < histogram.size(); ++b) {
      own[b] = centre(b) >= from && centre(b) < to ? histogram[b] : 0.0;
    }
    const double n = std::accumulate(own.begin(), own.end(), 0.0);
    if (n <= 0.0) {
      continue;
    }
    const double middle = quantile(own, 0.5);
    const double half = std::max(0.5 * (quantile(own, 0.75) - quantile(own, 0.25)), 0.5);
    const double deviation = half / 0.6745;
    double s0 = 0.0;
    double s1 = 0.0;
    for (std::size_t b = 0; b < own.size(); ++b) {
      if (std::abs(centre(b) - middle) <= 1.5 * deviation) {
        s0 += own[b];
        s1 += own[b] * centre(b);
      }
    }
    centres.push_back({s0 > 0.0 ? s1 / s0 : middle, deviation, n / total});
  }
  return centres;
}

struct Scale {
  double low = 0.0;
  double per_bin = 1.0;
  [[nodiscard]] double bins(double value) const { return (value - low) / per_bin; }
  [[nodiscard]] double value(double bins) const { return low + bins * per_bin; }
};

Scale scale_of(std::span<const double> finite, int bins) {
  const std::vector<double> sorted = [&] {
    std::vector<double> s(finite.begin(), finite.end());
    std::sort(s.begin(), s.end());
    return s;
  }();
  const double low = sorted_percentile(sorted, 0.05);
  const double high = sorted_percentile(sorted, 99.95);
  const double margin = 0.02 * (high - low);
  const double width = high - low + 2.0 * margin;
  return {low - margin, width > 0.0 ? width / bins : 1.0};
}

// The levels with the spread of those replicates that have as many, and the share of these.
void add_levels(const std::vector<Centre>& centres,
                const std::vector<std::vector<Centre>>& drawn,
                const Scale& scale,
                LevelResult& result) {
  std::size_t same = 0;
  std::vector<std::vector<double>> spread(centres.size());
  for (const auto& replicate : drawn) {
    if (replicate.size() == centres.size()) {
      ++same;
      for (std::size_t k = 0; k < centres.size(); ++k) {
        spread[k].push_back(replicate[k].mean);
      }
    }
  }
  result.support =
      drawn.empty() ? 0.0 : static_cast<double>(same) / static_cast<double>(drawn.size());
  for (std::size_t k = 0; k < centres.size(); ++k) {
    const double sigma = spread[k].size() > 1 ? standard_deviation(spread[k]) * scale.per_bin : 0.0;
    result.levels.push_back({{scale.value(centres[k].mean), sigma},
                             centres[k].deviation * scale.per_bin,
                             centres[k].share});
  }
}

}  // namespace

LevelResult find_levels(std::span<const double> values,
                        std::size_t nx,
                        std::size_t ny,
                        const LevelParams& params,
                        Threads threads) {
  validate(params);
  require(values.size() == nx * ny, "a map of levels needs nx * ny values");
  LevelResult result;
  result.labels.assign(values.size(), -1);
  std::vector<std::uint8_t> valid(values.size());
  std::vector<double> finite;
  for (std::size_t i = 0; i < values.size(); ++i) {
    valid[i] = std::isfinite(values[i]) ? 1 : 0;
    if (valid[i] != 0) {
      finite.push_back(values[i]);
    }
  }
  if (finite.size() < 16) {
    return result;
  }
  const Scale scale = scale_of(finite, params.bins);
  const auto bins = static_cast<std::size_t>(params.bins);
  const BlockMap blocks =
      spatial_blocks(nx, ny, static_cast<std::size_t>(params.block_side_pixels), valid);
  std::vector<Histogram> of_block(blocks.count, Histogram(bins, 0.0));
  Histogram histogram(bins, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (valid[i] == 0) {
      continue;
    }
    const double at = scale.bins(values[i]);
    if (at >= 0.0 && at < static_cast<double>(bins)) {
      of_block[static_cast<std::size_t>(blocks.block[i])][static_cast<std::size_t>(at)] += 1.0;
      histogram[static_cast<std::size_t>(at)] += 1.0;
    }
  }
  const Fitted fitted = best_mixture(histogram, params.max_components);
  const Relief relief = relief_of(fitted.mixture, bins, params);
  const std::vector<Centre> centres = centres_of(histogram, relief);
  result.information = fitted.information;
  result.components = static_cast<int>(fitted.mixture.size());

  // the replicates: number of levels and their centres
  const auto replicates = static_cast<std::size_t>(params.replicates);
  std::vector<std::vector<Centre>> drawn(replicates);
  for_each_chunk(replicates, 1, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const auto counts =
          bootstrap_counts(blocks.count, params.seed, static_cast<std::uint32_t>(r));
      Histogram sum(bins, 0.0);
      for (std::size_t b = 0; b < blocks.count; ++b) {
        for (std::size_t i = 0; counts[b] > 0 && i < bins; ++i) {
          sum[i] += static_cast<double>(counts[b]) * of_block[b][i];
        }
      }
      const Fitted again = best_mixture(sum, params.max_components, fitted.all);
      drawn[r] = centres_of(sum, relief_of(again.mixture, bins, params));
    }
  });
  add_levels(centres, drawn, scale, result);
  for (std::size_t k = 1; k < result.levels.size(); ++k) {
    const Level& a = result.levels[k - 1];
    const Level& b = result.levels[k];
    const double apart = (b.value.value - a.value.value) /
                         std::sqrt(0.5 * (a.deviation * a.deviation + b.deviation * b.deviation));
    result.separation = k == 1 ? apart : std::min(result.separation, apart);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (valid[i] != 0) {
      const double at = scale.bins(values[i]);
      result.labels[i] = static_cast<std::int8_t>(
          std::upper_bound(relief.valley.begin(), relief.valley.end(), at) - relief.valley.begin());
    }
  }
  return result;
}

}  // namespace halotwin::analysis
