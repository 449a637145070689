#include "analysis/classify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "analysis/uncertainty.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const ClassificationParams& p) {
  auto copy = p;
  const auto check = [](std::string_view name, auto& value) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, double>) {
      require_range(name, value, 0.0, 100.0);
    }
  };
  visit_fields(check, copy);
  require(p.total_low_percentile < p.total_high_percentile,
          "total_low_percentile must be below total_high_percentile");
}

std::vector<PixelClass> classify(const RowArrayF& weights, const ClassificationParams& params) {
  validate(params);
  const auto n = static_cast<std::size_t>(weights.rows());
  const Eigen::Index last = weights.cols() - 1;
  std::vector<PixelClass> classes(n, PixelClass::not_considered);
  if (n == 0) {
    return classes;
  }
  std::vector<float> total(n);
  for (std::size_t i = 0; i < n; ++i) {
    total[i] = weights.row(static_cast<Eigen::Index>(i)).sum();
  }
  const double total_low = percentile(total, params.total_low_percentile);
  const double total_high = percentile(total, params.total_high_percentile);
  std::vector<std::size_t> valid;
  std::vector<float> low;
  std::vector<float> high;
  std::vector<float> ratio;
  for (std::size_t i = 0; i < n; ++i) {
    const auto t = static_cast<double>(total[i]);
    if (t >= total_low && t <= total_high) {
      valid.push_back(i);
      low.push_back(weights(static_cast<Eigen::Index>(i), 0));
      high.push_back(weights(static_cast<Eigen::Index>(i), last));
      ratio.push_back(low.back() > 0.0F ? high.back() / low.back()
                                        : std::numeric_limits<float>::max());
    }
  }
  if (last == 0) {
    for (const std::size_t i : valid) {
      classes[i] = PixelClass::grain;
    }
    return classes;
  }
  if (valid.empty()) {
    return classes;
  }
  const double hot_low = percentile(low, params.hotspot_low_percentile);
  const double hot_high = percentile(high, params.hotspot_high_percentile);
  const double hot_ratio = percentile(ratio, 50.0);
  const double boundary_high = percentile(high, params.boundary_high_percentile);
  const double boundary_low = percentile(low, params.boundary_low_percentile);
  const double grain_low = percentile(low, params.grain_low_percentile);
  const double grain_high = percentile(high, params.grain_high_percentile);
  for (std::size_t v = 0; v < valid.size(); ++v) {
    const auto lo = static_cast<double>(low[v]);
    const auto hi = static_cast<double>(high[v]);
    const bool not_blue = params.hotspot_rule == HotspotRule::percentile
                              ? hi <= hot_high
                              : static_cast<double>(ratio[v]) <= hot_ratio;
    auto& c = classes[valid[v]];
    if (lo >= hot_low && not_blue) {
      c = PixelClass::hotspot;
    } else if (hi >= boundary_high && lo <= boundary_low) {
      c = PixelClass::boundary;
    } else if (lo >= grain_low && lo < hot_low && hi < grain_high) {
      c = PixelClass::grain;
    }
  }
  return classes;
}

std::vector<int> dominant_component(const RowArrayF& weights) {
  const Eigen::ArrayXd means = weights.cast<double>().colwise().mean();
  std::vector<int> dominant(static_cast<std::size_t>(weights.rows()), 0);
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    double best = -1.0;
    for (Eigen::Index k = 0; k < weights.cols(); ++k) {
      const double relative = means(k) > 0.0 ? static_cast<double>(weights(i, k)) / means(k) : 0.0;
      if (relative > best) {
        best = relative;
        dominant[static_cast<std::size_t>(i)] = static_cast<int>(k);
      }
    }
  }
  return dominant;
}

ClassSums::ClassSums(const SpectraView& spectra,
                     std::span<const std::int32_t> block,
                     std::size_t blocks,
                     std::span<const std::uint8_t> label,
                     std::size_t classes,
                     Threads threads)
    : blocks_(blocks),
      classes_(classes),
      channels_(spectra.channels),
      sums_(classes * blocks * spectra.channels, 0.0F),
      numbers_(classes * blocks, 0) {
  require(block.size() == spectra.pixels() && label.size() == spectra.pixels(),
          "one block and one label per spectrum expected");
  // Pixels of each block in their order, so that each block is summed by one thread.
  std::vector<std::size_t> begin(blocks + 1, 0);
  for (const std::int32_t b : block) {
    if (b >= 0) {
      ++begin[static_cast<std::size_t>(b) + 1];
    }
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    begin[b + 1] += begin[b];
  }
  std::vector<std::uint32_t> order(begin[blocks]);
  auto next = begin;
  for (std::size_t p = 0; p < block.size(); ++p) {
    if (block[p] >= 0) {
      order[next[static_cast<std::size_t>(block[p])]++] = static_cast<std::uint32_t>(p);
    }
  }
  constexpr std::size_t blocks_at_once = 16;
  for_each_chunk(blocks, blocks_at_once, threads, [&](std::size_t first, std::size_t last) {
    for (std::size_t b = first; b < last; ++b) {
      for (std::size_t i = begin[b]; i < begin[b + 1]; ++i) {
        const std::size_t p = order[i];
        if (label[p] >= classes_) {
          continue;
        }
        const std::size_t slot = label[p] * blocks_ + b;
        ++numbers_[slot];
        float* sum = sums_.data() + slot * channels_;
        const float* row = spectra.row(p).data();
        for (std::size_t c = 0; c < channels_; ++c) {
          sum[c] += row[c];
        }
      }
    }
  });
}

std::size_t ClassSums::pixels(std::size_t label) const {
  std::size_t n = 0;
  for (std::size_t b = 0; b < blocks_; ++b) {
    n += numbers_[label * blocks_ + b];
  }
  return n;
}

std::vector<double> ClassSums::mean(std::size_t label,
                                    std::span<const std::uint32_t> counts) const {
  std::vector<double> total(channels_, 0.0);
  double number = 0.0;
  for (std::size_t b = 0; b < blocks_; ++b) {
    const std::size_t slot = label * blocks_ + b;
    const double times = counts.empty() ? 1.0 : static_cast<double>(counts[b]);
    if (times == 0.0 || numbers_[slot] == 0) {
      continue;
    }
    number += times * numbers_[slot];
    const float* sum = sums_.data() + slot * channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
      total[c] += times * static_cast<double>(sum[c]);
    }
  }
  if (number == 0.0) {
    return {};
  }
  for (double& t : total) {
    t /= number;
  }
  return total;
}

}  // namespace halotwin::analysis
