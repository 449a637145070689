#include "analysis/movie_map.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t portion_bytes = std::size_t{32} << 20U;
constexpr std::size_t pairs_of_null = 500;

/// Traces of pixels and their neighbours to the east, all over the field.
class Pairs {
 public:
  explicit Pairs(const MovieInfo& info) {
    const std::size_t apart = std::max<std::size_t>(1, info.pixels() / pairs_of_null);
    for (std::size_t p = apart / 2; p < info.pixels(); p += apart) {
      if (p % info.nx + 1 < info.nx) {
        pixels_.push_back(p);
      }
    }
    traces_.resize(2 * pixels_.size());
  }

  void add(std::span<const std::uint16_t> frame) {
    for (std::size_t k = 0; k < pixels_.size(); ++k) {
      traces_[2 * k].push_back(frame[pixels_[k]]);
      traces_[2 * k + 1].push_back(frame[pixels_[k] + 1]);
    }
  }

  /// Median Pearson r of each pair, the second trace turned by half a record.
  [[nodiscard]] double shifted_r() const {
    std::vector<double> found;
    for (std::size_t k = 0; k < pixels_.size(); ++k) {
      const double r = shifted(traces_[2 * k], traces_[2 * k + 1]);
      if (std::isfinite(r)) {
        found.push_back(r);
      }
    }
    return found.empty() ? nan : median(found);
  }

 private:
  static double shifted(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b) {
    const auto n = static_cast<double>(a.size());
    const std::size_t half = a.size() / 2;
    double sum_a = 0.0;
    double sum_b = 0.0;
    double aa = 0.0;
    double bb = 0.0;
    double ab = 0.0;
    for (std::size_t t = 0; t < a.size(); ++t) {
      const double x = static_cast<double>(a[t]) - a[0];
      const double y = static_cast<double>(b[(t + half) % b.size()]) - b[0];
      sum_a += x;
      sum_b += y;
      aa += x * x;
      bb += y * y;
      ab += x * y;
    }
    const double scale = (aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n);
    return scale > 0.0 ? (ab - sum_a * sum_b / n) / std::sqrt(scale) : nan;
  }

  std::vector<std::size_t> pixels_;
  std::vector<std::vector<std::uint16_t>> traces_;
};

/// body(first, count) for each run of frames that are used.
template <class Body>
void for_each_run(std::span<const std::uint8_t> use, const Body& body) {
  for (std::size_t t = 0; t < use.size();) {
    const auto begin = use.begin() + static_cast<std::ptrdiff_t>(t);
    const auto end = std::find_if(begin, use.end(), [&](auto u) { return u != *begin; });
    const auto count = static_cast<std::size_t>(end - begin);
    if (*begin != 0) {
      body(t, count);
    }
    t += count;
  }
}

}  // namespace

MovieMap map_movie(const MovieSource& movie, std::int64_t first_frames, Threads threads) {
  const MovieInfo& info = movie.info();
  const std::vector<std::uint8_t> use = frames_to_use(info, first_frames);
  MovieMap out;
  out.quality = quality_of(info, use);
  CorrelationSums sums(info.nx, info.ny, threads);
  FrameCounter counter(info.pixels(), info.saturation_counts);
  Pairs pairs(info);
  const std::size_t portion = frames_per_portion(info, portion_bytes);
  std::vector<std::uint16_t> frames;
  std::vector<std::uint16_t> coming;  // the next portion is read while this one is summed
  const auto read = [&](std::size_t first) {
    coming.resize(std::min(portion, info.frames - first) * info.pixels());
    movie.read(first, coming.size() / info.pixels(), coming);
  };
  const auto sum = [&](std::size_t first) {
    counter.add(frames, threads);
    const std::span<const std::uint16_t> all(frames);
    const auto used = std::span(use).subspan(first, frames.size() / info.pixels());
    for_each_run(used, [&](std::size_t from, std::size_t n) {
      sums.add(all.subspan(from * info.pixels(), n * info.pixels()));
      for (std::size_t t = from; t < from + n; ++t) {
        pairs.add(all.subspan(t * info.pixels(), info.pixels()));
      }
    });
  };
  read(0);
  for (std::size_t first = 0; first < info.frames; first += portion) {
    std::swap(frames, coming);
    for_each_chunk(2, 1, threads, [&](std::size_t begin, std::size_t end) {
      if (begin == 0 && first + portion < info.frames) {
        read(first + portion);
      }
      if (end == 2) {
        sum(first);
      }
    });
  }
  out.map = correlation_map(sums);
  out.mean_frame = counter.mean_frame();
  out.quality.saturated_share = counter.saturated_share();
  out.quality.constant_pixels =
      static_cast<std::size_t>(std::count(out.map.variance.begin(), out.map.variance.end(), 0.0));
  out.shifted_r = pairs.shifted_r();
  return out;
}

}  // namespace halotwin::analysis
