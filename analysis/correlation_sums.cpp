#include "analysis/correlation_sums.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "analysis/correlation_kernels.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t band_rows = 16;
constexpr std::size_t most_frames = std::size_t{1} << 31U;  // 2^31 squares of 16 bits fit 63 bits

bool has_neighbour(std::size_t x, std::size_t y, std::size_t nx, std::size_t ny, NeighbourStep s) {
  return !(s.x > 0 && x + 1 >= nx) && !(s.x < 0 && x == 0) && !(s.y > 0 && y + 1 >= ny);
}

std::size_t neighbour(std::size_t pixel, std::size_t nx, NeighbourStep s) {
  return pixel + static_cast<std::size_t>(s.y) * nx + static_cast<std::size_t>(s.x + 1) - 1;
}

// Mean over the neighbours of a quantity of pairs; pairs that are NaN are left out.
template <class OfPair>
std::vector<double> mean_of_pairs(std::size_t nx, std::size_t ny, const OfPair& of_pair) {
  std::vector<double> sum(nx * ny, 0.0);
  std::vector<int> count(nx * ny, 0);
  for (std::size_t k = 0; k < neighbour_steps.size(); ++k) {
    for (std::size_t p = 0; p < sum.size(); ++p) {
      if (!has_neighbour(p % nx, p / nx, nx, ny, neighbour_steps[k])) {
        continue;
      }
      const std::size_t q = neighbour(p, nx, neighbour_steps[k]);
      const double value = of_pair(p, q, k);
      if (!std::isnan(value)) {
        sum[p] += value;
        sum[q] += value;
        ++count[p];
        ++count[q];
      }
    }
  }
  for (std::size_t p = 0; p < sum.size(); ++p) {
    sum[p] = count[p] > 0 ? sum[p] / count[p] : nan;
  }
  return sum;
}

}  // namespace

CorrelationSums::CorrelationSums(std::size_t nx, std::size_t ny, Threads threads)
    : nx_(nx), ny_(ny), threads_(threads) {
  require(nx > 0 && ny > 0, "a movie needs at least one pixel");
  sum_.assign(nx * ny, 0);
  square_.assign(nx * ny, 0);
  product_.fill(std::vector<std::int64_t>(nx * ny, 0));
}

void CorrelationSums::add(std::span<const std::uint16_t> frames) {
  const std::size_t size = nx_ * ny_;
  require(frames.size() % size == 0,
          fmt::format("{} pixels are not whole frames of {} x {}", frames.size(), nx_, ny_));
  if (frames.empty()) {
    return;
  }
  require(frames_ + frames.size() / size <= most_frames, "a movie of more than 2^31 frames");
  if (reference_.empty()) {
    reference_.assign(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(size));
  }
  for_each_chunk(ny_, band_rows, threads_, [&](std::size_t first, std::size_t last) {
    add_band(frames, first, last);
  });
  frames_ += frames.size() / size;
}

void CorrelationSums::add_band(std::span<const std::uint16_t> frames,
                               std::size_t first,
                               std::size_t last) {
  const std::size_t size = nx_ * ny_;
  const std::size_t total = frames.size() / size;
  const bool paired = instructions_ == Instructions::best && kernels::has_paired_rows();
  kernels::PairedRow here;
  kernels::PairedRow below;
  for (std::size_t t = 0; t < total; t += kernels::block_frames) {
    const std::size_t count = std::min(kernels::block_frames, total - t);
    const auto row_of = [&](std::size_t y) -> kernels::RowFrames {
      if (y >= ny_) {
        return {};
      }
      return {frames.data() + t * size + y * nx_, reference_.data() + y * nx_, size, count, nx_};
    };
    if (paired) {
      kernels::pair_row(row_of(first), here);
    }
    for (std::size_t y = first; y < last; ++y) {
      const bool bottom = y + 1 == ny_;
      kernels::RowSums into{sum_.data() + y * nx_, square_.data() + y * nx_, {}};
      for (std::size_t k = 0; k < into.product.size(); ++k) {
        into.product[k] = product_[k].data() + y * nx_;
      }
      if (paired && !bottom) {
        kernels::pair_row(row_of(y + 1), below);
      }
      if (paired && here.is_paired() && (bottom || below.is_paired())) {
        kernels::add_paired_row(here, bottom ? nullptr : &below, nx_, count, into);
      } else {
        kernels::add_row_plain(row_of(y), row_of(y + 1), into);
      }
      std::swap(here, below);
    }
  }
}

double CorrelationSums::mean(std::size_t pixel) const {
  return reference_[pixel] + static_cast<double>(sum_[pixel]) / static_cast<double>(frames_);
}

double CorrelationSums::variance(std::size_t pixel) const {
  const auto n = static_cast<double>(frames_);
  const double s = static_cast<double>(sum_[pixel]) / n;
  return std::max(0.0, static_cast<double>(square_[pixel]) / n - s * s);
}

double CorrelationSums::covariance(std::size_t pixel, Neighbour to) const {
  const auto k = static_cast<std::size_t>(to);
  const auto n = static_cast<double>(frames_);
  const std::size_t other = neighbour(pixel, nx_, neighbour_steps[k]);
  return static_cast<double>(product_[k][pixel]) / n -
         static_cast<double>(sum_[pixel]) / n * (static_cast<double>(sum_[other]) / n);
}

CorrelationMap correlation_map(const CorrelationSums& sums) {
  require(sums.frames() > 1, "a correlation map needs at least two frames");
  CorrelationMap out;
  out.nx = sums.nx();
  out.ny = sums.ny();
  const std::size_t n = out.nx * out.ny;
  out.intensity.resize(n);
  out.variance.resize(n);
  out.r.fill(std::vector<double>(n, nan));
  for (std::size_t p = 0; p < n; ++p) {
    out.intensity[p] = sums.mean(p);
    out.variance[p] = sums.variance(p);
  }
  out.mean_r =
      mean_of_pairs(out.nx, out.ny, [&](std::size_t p, std::size_t q, std::size_t k) -> double {
        const double scale = out.variance[p] * out.variance[q];
        const double r = scale > 0.0 ? sums.covariance(p, Neighbour{static_cast<std::uint8_t>(k)}) /
                                           std::sqrt(scale)
                                     : nan;
        out.r[k][p] = r;
        return r;
      });
  return out;
}

std::vector<double> mean_over_neighbours(std::size_t nx,
                                         std::size_t ny,
                                         const std::array<std::vector<double>, 4>& r) {
  return mean_of_pairs(nx, ny, [&](std::size_t p, std::size_t, std::size_t k) { return r[k][p]; });
}

std::vector<double> disattenuated(const CorrelationMap& map, std::span<const double> reliability) {
  require(reliability.size() == map.mean_r.size(), "one reliability per pixel expected");
  return mean_of_pairs(map.nx, map.ny, [&](std::size_t p, std::size_t q, std::size_t k) {
    return map.r[k][p] / std::sqrt(reliability[p] * reliability[q]);
  });
}

}  // namespace halotwin::analysis
