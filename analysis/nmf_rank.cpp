#include "analysis/nmf_rank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/score.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t max_scan_pixels = 32768;  // enough for ranks that a person can look at

/// Every `stride`-th pixel from `first`, and of these every `channel_stride`-th channel.
std::vector<float> pick(const SpectraView& x,
                        std::size_t first,
                        std::size_t stride,
                        std::size_t first_channel,
                        std::size_t channel_stride) {
  std::vector<float> out;
  for (std::size_t p = first; p < x.pixels(); p += stride) {
    const auto row = x.row(p);
    for (std::size_t c = first_channel; c < x.channels; c += channel_stride) {
      out.push_back(row[c]);
    }
  }
  return out;
}

RowArray pick_columns(const RowArray& basis, std::size_t first) {
  const auto n = (static_cast<std::size_t>(basis.cols()) + 1 - first) / 2;
  RowArray out(basis.rows(), static_cast<Eigen::Index>(n));
  for (std::size_t c = 0; c < n; ++c) {
    out.col(static_cast<Eigen::Index>(c)) = basis.col(static_cast<Eigen::Index>(2 * c + first));
  }
  return out;
}

/// Squared error and square of the channels of parity `scored`, predicted from the other ones.
std::pair<double, double> predict(const SpectraView& test,
                                  const RowArray& basis,
                                  std::size_t scored,
                                  Threads threads) {
  const std::size_t seen = 1 - scored;
  const auto known = pick(test, 0, 1, seen, 2);
  const RowArray known_basis = pick_columns(basis, seen);
  const RowArray hidden_basis = pick_columns(basis, scored);
  const RowArrayF weights =
      solve_weights({known, static_cast<std::size_t>(known_basis.cols())}, known_basis, threads);
  const auto hidden = pick(test, 0, 1, scored, 2);
  const Eigen::Map<const RowArrayF> data(
      hidden.data(), static_cast<Eigen::Index>(test.pixels()), hidden_basis.cols());
  const Eigen::MatrixXf model = weights.matrix() * hidden_basis.matrix().cast<float>();
  const Eigen::ArrayXXd clipped = data.max(0.0F).cast<double>();
  return {(clipped - model.array().cast<double>()).square().sum(), clipped.square().sum()};
}

}  // namespace

double singular_value_threshold(double aspect) {
  require_range("aspect", aspect, 0.0, 1.0);
  const double b = aspect;
  return std::sqrt(2.0 * (b + 1.0) + 8.0 * b / ((b + 1.0) + std::sqrt(b * b + 14.0 * b + 1.0)));
}

int significant_rank(std::span<const double> singular_values,
                     std::size_t pixels,
                     std::size_t channels,
                     double sigma) {
  require(pixels > 0 && channels > 0, "at least one pixel and channel expected");
  require_range("sigma", sigma, 0.0, std::numeric_limits<double>::max());
  const auto larger = static_cast<double>(std::max(pixels, channels));
  const auto smaller = static_cast<double>(std::min(pixels, channels));
  const double threshold = singular_value_threshold(smaller / larger) * std::sqrt(larger) * sigma;
  // Single-precision data have no digits below this share of the largest value.
  const double floor = singular_values.empty() ? 0.0
                                               : 1e-5 * *std::max_element(singular_values.begin(),
                                                                          singular_values.end());
  return static_cast<int>(std::count_if(singular_values.begin(),
                                        singular_values.end(),
                                        [&](double s) { return s > threshold && s > floor; }));
}

std::vector<RankStep> scan_rank(const SpectraView& spectra,
                                int max_rank,
                                const NmfOptions& options,
                                Threads threads) {
  require_range("max_rank", max_rank, 1, 16);
  require(spectra.pixels() >= 2 && spectra.channels >= 2,
          "a scan of the rank needs two pixels and two channels");
  const std::size_t stride = (spectra.pixels() + max_scan_pixels - 1) / max_scan_pixels;
  const auto all = pick(spectra, 0, stride, 0, 1);
  const SpectraView view{all, spectra.channels};
  const std::vector<float> halves[2] = {pick(view, 0, 2, 0, 1), pick(view, 1, 2, 0, 1)};
  std::vector<RankStep> steps;
  for (int rank = 1; rank <= max_rank; ++rank) {
    NmfOptions with_rank = options;
    with_rank.rank = rank;
    RankStep step;
    step.rank = rank;
    step.relative_residual = factorize(view, with_rank, threads).relative_residual;
    double error = 0.0;
    double square = 0.0;
    for (std::size_t h = 0; h < 2; ++h) {
      const NmfResult fit = factorize({halves[h], spectra.channels}, with_rank, threads);
      for (std::size_t scored = 0; scored < 2; ++scored) {
        const auto [e, s] = predict({halves[1 - h], spectra.channels}, fit.basis, scored, threads);
        error += e;
        square += s;
      }
    }
    step.held_out_residual = square > 0.0 ? std::sqrt(error / square) : 0.0;
    steps.push_back(step);
  }
  return steps;
}

FeasibleBand feasible_band(const NmfResult& rank_two, double tail) {
  require(rank_two.basis.rows() == 2, "the band is defined for two components");
  require_range("tail", tail, 0.0, 0.5);
  const Eigen::Array2d sums = rank_two.basis.rowwise().sum();
  FeasibleBand band;
  if (!(sums(0) > 0.0 && sums(1) > 0.0)) {
    return band;  // one component is empty: nothing to mix
  }
  std::vector<double> positions;
  for (Eigen::Index i = 0; i < rank_two.weights.rows(); ++i) {
    const double low = static_cast<double>(rank_two.weights(i, 0)) * sums(0);
    const double high = static_cast<double>(rank_two.weights(i, 1)) * sums(1);
    if (low + high > 0.0) {
      positions.push_back(high / (low + high));
    }
  }
  if (positions.empty()) {
    return band;
  }
  band.low_inner = percentile(positions, 100.0 * tail);
  band.high_inner = percentile(positions, 100.0 * (1.0 - tail));
  const Eigen::ArrayXd h0 = rank_two.basis.row(0) / sums(0);
  const Eigen::ArrayXd h1 = rank_two.basis.row(1) / sums(1);
  double low_outer = -std::numeric_limits<double>::infinity();
  double high_outer = std::numeric_limits<double>::infinity();
  for (Eigen::Index c = 0; c < h0.size(); ++c) {
    const double rise = h1(c) - h0(c);
    if (rise > 0.0) {
      low_outer = std::max(low_outer, -h0(c) / rise);
    } else if (rise < 0.0) {
      high_outer = std::min(high_outer, -h0(c) / rise);
    }
  }
  if (!std::isfinite(low_outer) || !std::isfinite(high_outer)) {
    return band;  // equal shapes
  }
  band.low_outer = low_outer;
  band.high_outer = high_outer;
  const auto angle = [&](double from, double to) {
    const Eigen::ArrayXd a = (1.0 - from) * h0 + from * h1;
    const Eigen::ArrayXd b = (1.0 - to) * h0 + to * h1;
    return spectral_angle({a.data(), static_cast<std::size_t>(a.size())},
                          {b.data(), static_cast<std::size_t>(b.size())});
  };
  band.low_angle_rad = angle(band.low_outer, band.low_inner);
  band.high_angle_rad = angle(band.high_inner, band.high_outer);
  return band;
}

}  // namespace halotwin::analysis
