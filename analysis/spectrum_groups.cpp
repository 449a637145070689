#include "analysis/spectrum_groups.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analysis/classify.hpp"
#include "analysis/uncertainty.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t otsu_bins = 512;
constexpr std::uint32_t reference_entities = 3U << 29U;  // beside the streams of the blocks

Grouping split_by_intensity(std::span<const float> intensity) {
  Grouping g{{"dim", "bright"}, {}};
  const double cut = otsu_threshold(intensity);
  for (const float v : intensity) {
    g.label.push_back(static_cast<double>(v) > cut ? 1 : 0);
  }
  return g;
}

Grouping by_component(const RowArrayF& weights) {
  Grouping g;
  for (Eigen::Index k = 0; k < weights.cols(); ++k) {
    g.names.push_back(fmt::format("component {}", k + 1));
  }
  for (const int k : dominant_component(weights)) {
    g.label.push_back(static_cast<std::uint8_t>(k));
  }
  return g;
}

Grouping by_component_and_intensity(const RowArrayF& weights, std::span<const float> intensity) {
  Grouping g{{"bulk", "bright", "high"}, {}};
  std::vector<Eigen::Index> dominant(intensity.size());
  for (std::size_t i = 0; i < dominant.size(); ++i) {
    weights.row(static_cast<Eigen::Index>(i)).maxCoeff(&dominant[i]);
  }
  const Eigen::Index last = weights.cols() - 1;
  std::vector<float> rest;
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    if (dominant[i] != last) {
      rest.push_back(intensity[i]);
    }
  }
  const double cut = rest.empty() ? 0.0 : otsu_threshold(rest);
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    const bool bright = static_cast<double>(intensity[i]) > cut;
    g.label.push_back(dominant[i] == last ? 2 : static_cast<std::uint8_t>(bright ? 1 : 0));
  }
  return g;
}

Grouping by_shape(const RowArrayF& weights, std::span<const float> intensity, double dim_below) {
  Grouping g{{"low", "high", "dim"}, {}};
  const std::vector<float> all(intensity.begin(), intensity.end());
  const double dim = dim_below * percentile(std::span<const float>(all), 50.0);
  std::vector<float> share(intensity.size());
  std::vector<float> bright;
  for (std::size_t i = 0; i < share.size(); ++i) {
    const float high = weights(static_cast<Eigen::Index>(i), weights.cols() - 1);
    share[i] = intensity[i] > 0.0F ? high / intensity[i] : 0.0F;
    if (static_cast<double>(intensity[i]) >= dim) {
      bright.push_back(share[i]);
    }
  }
  const double cut = bright.empty() ? 0.5 : otsu_threshold(bright);
  for (std::size_t i = 0; i < share.size(); ++i) {
    const bool high = static_cast<double>(share[i]) > cut;
    g.label.push_back(
        static_cast<double>(intensity[i]) < dim ? 2 : static_cast<std::uint8_t>(high ? 1 : 0));
  }
  return g;
}

/// What is read from the mean spectrum of one group.
struct Reading {
  std::vector<double> mean;
  Peak wide;
  double intensity = 0.0;
  TwoLines two_lines;
};

class Reader {
 public:
  Reader(std::span<const double> frequencies_hz, const GroupOptions& options)
      : f_(frequencies_hz),
        first_(static_cast<std::size_t>(std::lower_bound(f_.begin(), f_.end(), options.lowest_hz) -
                                        f_.begin())),
        options_(&options) {}

  [[nodiscard]] Reading operator()(std::vector<double> mean, std::span<const double> sigma) const {
    Reading r;
    r.mean = std::move(mean);
    if (r.mean.empty()) {
      return r;
    }
    const std::span<const double> above = std::span<const double>(r.mean).subspan(first_);
    const SpectrumView s{f_.subspan(first_), above, sigma.empty() ? sigma : sigma.subspan(first_)};
    if (!above.empty()) {
      const auto top = std::max_element(above.begin(), above.end()) - above.begin();
      r.wide = wide_peak(
          s, s.frequencies_hz[static_cast<std::size_t>(top)], options_->wide_half_width_decades);
    }
    r.intensity =
        std::accumulate(r.mean.begin(), r.mean.end(), 0.0) / static_cast<double>(r.mean.size());
    r.two_lines = fit_two_lines(s, options_->two_lines);
    return r;
  }

 private:
  std::span<const double> f_;
  std::size_t first_;  // channel of the fits
  const GroupOptions* options_;
};

/// Standard deviation of value(reading) over the replicates where it is finite; -1 if too few.
template <class Value>
double spread_of(std::size_t replicates, const Value& value) {
  std::vector<double> values;
  for (std::size_t r = 0; r < replicates; ++r) {
    const double v = value(r);
    if (std::isfinite(v)) {
      values.push_back(v);
    }
  }
  return 2 * values.size() >= replicates && values.size() > 1 ? standard_deviation(values) : -1.0;
}

double log_shift(const Reading& of, const Reading& against) {
  return of.wide.usable() && against.wide.usable()
             ? std::log(of.wide.position_hz / against.wide.position_hz)
             : std::nan("");
}

using Replicates = std::vector<std::vector<Reading>>;  // [replicate][group]

void set_errors(SpectrumGroup& group, std::size_t k, const Replicates& repeats) {
  const std::size_t n = repeats.size();
  const auto spread = [&](const auto& of) {
    return spread_of(n, [&](std::size_t r) { return of(repeats[r][k]); });
  };
  group.wide.position_sigma_hz = std::max(
      group.wide.position_sigma_hz,
      spread([](const Reading& r) { return r.wide.usable() ? r.wide.position_hz : std::nan(""); }));
  group.intensity.sigma = spread([](const Reading& r) { return r.intensity; });
  TwoLines& t = group.two_lines;
  t.low_hz.sigma = spread([](const Reading& r) { return r.two_lines.low_hz.value; });
  t.high_hz.sigma = spread([](const Reading& r) { return r.two_lines.high_hz.value; });
  t.low_height.sigma = spread([](const Reading& r) { return r.two_lines.low_height.value; });
  t.high_height.sigma = spread([](const Reading& r) { return r.two_lines.high_height.value; });
  t.ratio.sigma = spread([](const Reading& r) { return r.two_lines.ratio.value; });
}

void set_comparison(SpectrumGroup& group,
                    const Reading& own,
                    const Reading& first,
                    std::size_t k,
                    const Replicates& repeats) {
  const std::size_t n = repeats.size();
  group.shift = {log_shift(own, first), spread_of(n, [&](std::size_t r) {
                   return log_shift(repeats[r][k], repeats[r][0]);
                 })};
  group.intensity_ratio = {own.intensity / first.intensity, spread_of(n, [&](std::size_t r) {
                             return repeats[r][k].intensity / repeats[r][0].intensity;
                           })};
  for (std::size_t c = 0; c < own.mean.size(); ++c) {
    group.ratio.push_back(own.mean[c] / first.mean[c]);
    group.ratio_sigma.push_back(spread_of(n, [&](std::size_t r) {
      const auto& a = repeats[r][k].mean;
      const auto& b = repeats[r][0].mean;
      return a.empty() || b.empty() ? std::nan("") : a[c] / b[c];
    }));
  }
}

}  // namespace

void validate(const GroupOptions& p) {
  require_range("smoothing_pixels", p.smoothing_pixels, 0, 100);
  require_range("dim_below", p.dim_below, 0.0, 1.0);
  require_positive("wide_half_width_decades", p.wide_half_width_decades);
  require_range("lowest_hz", p.lowest_hz, 0.0, 1e6);
  require_range("replicates", p.replicates, 2, 1e6);
  validate(p.two_lines);
}

double otsu_threshold(std::span<const float> values) {
  require(!values.empty(), "a threshold needs at least one value");
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const auto least = static_cast<double>(*low);
  const double width = (static_cast<double>(*high) - least) / otsu_bins;
  if (!(width > 0.0)) {
    return least;
  }
  std::vector<double> count(otsu_bins, 0.0);
  for (const float v : values) {
    const auto bin = static_cast<std::size_t>((static_cast<double>(v) - least) / width);
    count[std::min(bin, otsu_bins - 1)] += 1.0;
  }
  const auto total = static_cast<double>(values.size());
  double sum = 0.0;
  for (std::size_t b = 0; b < otsu_bins; ++b) {
    sum += count[b] * static_cast<double>(b);
  }
  double below = 0.0;
  double sum_below = 0.0;
  double best = -1.0;
  std::size_t cut = 0;
  for (std::size_t b = 0; b + 1 < otsu_bins; ++b) {
    below += count[b];
    sum_below += count[b] * static_cast<double>(b);
    if (below == 0.0 || below == total) {
      continue;
    }
    const double apart = sum_below / below - (sum - sum_below) / (total - below);
    const double between = below * (total - below) * apart * apart;
    if (between > best) {
      best = between;
      cut = b;
    }
  }
  return least + width * static_cast<double>(cut + 1);
}

Grouping group_by_weights(const RowArrayF& weights, const GroupOptions& options) {
  validate(options);
  const Eigen::ArrayXf total = weights.rowwise().sum();
  const std::span<const float> intensity(total.data(), static_cast<std::size_t>(total.size()));
  if (intensity.empty()) {
    return {};
  }
  switch (options.rule) {
    case GroupRule::none:
      return {};
    case GroupRule::all:
      return {{"all"}, std::vector<std::uint8_t>(intensity.size(), 0)};
    case GroupRule::intensity:
      return split_by_intensity(intensity);
    case GroupRule::component:
      return by_component(weights);
    case GroupRule::component_and_intensity:
      return by_component_and_intensity(weights, intensity);
    case GroupRule::shape:
      return by_shape(weights, intensity, options.dim_below);
  }
  return {};
}

std::vector<SpectrumGroup> read_groups(const SpectraView& spectra,
                                       std::span<const double> frequencies_hz,
                                       const Grouping& grouping,
                                       std::span<const std::int32_t> block,
                                       std::size_t blocks,
                                       std::span<const double> noise_sigma,
                                       std::span<const double> common_sigma,
                                       std::uint64_t seed,
                                       const GroupOptions& options,
                                       Threads threads) {
  const std::size_t labels = grouping.names.size();
  if (labels == 0) {
    return {};
  }
  const ClassSums sums(spectra, block, blocks, grouping.label, labels, threads);
  const Reader read(frequencies_hz, options);
  std::vector<std::vector<double>> noise(labels);
  for (std::size_t k = 0; k < labels; ++k) {
    const double root = std::sqrt(static_cast<double>(std::max<std::size_t>(1, sums.pixels(k))));
    for (const double s : noise_sigma) {
      noise[k].push_back(s / root);
    }
  }
  Replicates repeats(blocks > 1 ? static_cast<std::size_t>(options.replicates) : 0);
  for_each_chunk(repeats.size(), 1, threads, [&](std::size_t r, std::size_t) {
    const auto replicate = static_cast<std::uint32_t>(r);
    const auto counts = bootstrap_counts(blocks, seed, replicate);
    RandomStream draw(seed, Purpose::bootstrap, reference_entities | replicate);
    std::vector<double> common;
    for (const double sigma : common_sigma) {
      common.push_back(sigma * draw.normal());
    }
    for (std::size_t k = 0; k < labels; ++k) {
      std::vector<double> mean = sums.mean(k, counts);
      for (std::size_t c = 0; c < std::min(mean.size(), common.size()); ++c) {
        mean[c] += common[c];
      }
      repeats[r].push_back(read(std::move(mean), noise[k]));
    }
  });
  std::vector<SpectrumGroup> groups;
  std::vector<Reading> own;
  for (std::size_t k = 0; k < labels; ++k) {
    own.push_back(read(sums.mean(k), noise[k]));
    SpectrumGroup g;
    g.name = grouping.names[k];
    g.pixels = sums.pixels(k);
    if (g.pixels > 0) {
      g.mean = own[k].mean;
      g.sigma = noise[k];
      for (std::size_t c = 0; c < g.mean.size(); ++c) {
        g.sigma[c] =
            std::max(g.sigma[c], spread_of(repeats.size(), [&](std::size_t r) {
                       return repeats[r][k].mean.empty() ? std::nan("") : repeats[r][k].mean[c];
                     }));
      }
      g.wide = own[k].wide;
      g.intensity.value = own[k].intensity;
      g.two_lines = own[k].two_lines;
      set_errors(g, k, repeats);
    }
    if (k > 0 && g.pixels > 0 && !own[0].mean.empty()) {
      set_comparison(g, own[k], own[0], k, repeats);
    }
    groups.push_back(std::move(g));
  }
  return groups;
}

}  // namespace halotwin::analysis
