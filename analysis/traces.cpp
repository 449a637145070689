#include "analysis/traces.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "analysis/trace_kernels.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t chunk_pixels = 64;
constexpr std::size_t chunk_frames = 256;
// A trace that is a multiple of the field's mean leaves rounding errors only.
constexpr double least_share_left = 1e-12;

struct Margin {
  std::size_t first = 0;
  std::size_t size = 0;
};

// Pixels of a side of `size` that are seen at every shift from `low` to `high`.
Margin common_side(std::size_t size, int low, int high) {
  const auto before = static_cast<std::size_t>(std::max(0, -low));
  const auto after = static_cast<std::size_t>(std::max(0, high));
  return {before, size > before + after ? size - before - after : 0};
}

double mean_of(std::span<const float> x) {
  double sum = 0.0;
  for (const float v : x) {
    sum += static_cast<double>(v);
  }
  return sum / static_cast<double>(x.size());
}

}  // namespace

TraceBuilder::TraceBuilder(
    std::size_t nx, std::size_t ny, std::size_t frames, TraceOptions options, Threads threads)
    : movie_nx_(nx),
      movie_ny_(ny),
      movie_frames_(frames),
      options_(std::move(options)),
      threads_(threads) {
  require(nx > 0 && ny > 0, "a movie needs at least one pixel");
  require_positive("pixel_m", options_.pixel_m);
  require(options_.use_frame.empty() || options_.use_frame.size() == frames,
          fmt::format("use_frame has {} values for {} frames", options_.use_frame.size(), frames));
  require(
      options_.frame_shift.empty() || options_.frame_shift.size() == frames,
      fmt::format("frame_shift has {} values for {} frames", options_.frame_shift.size(), frames));
  PixelShift low;
  PixelShift high;
  for (std::size_t t = 0; t < frames; ++t) {
    if (!options_.use_frame.empty() && options_.use_frame[t] == 0) {
      continue;
    }
    ++out_.frames;
    if (!options_.frame_shift.empty()) {
      const PixelShift s = options_.frame_shift[t];
      low = {std::min(low.x, s.x), std::min(low.y, s.y)};
      high = {std::max(high.x, s.x), std::max(high.y, s.y)};
    }
  }
  require(
      out_.frames > 1,
      fmt::format("correlation needs at least two frames; {} of {} are used", out_.frames, frames));
  const Margin x = common_side(nx, low.x, high.x);
  const Margin y = common_side(ny, low.y, high.y);
  require(x.size > 0 && y.size > 0,
          "the shifts of the frames leave no pixel that all of them show");
  out_.nx = x.size;
  out_.ny = y.size;
  out_.first_x = x.first;
  out_.first_y = y.first;
  out_.pixel_m = options_.pixel_m;
  out_.stride = kernels::padded_frames(out_.frames);
  out_.z.assign(out_.pixels() * out_.stride, 0.0F);
}

void TraceBuilder::add(std::span<const std::uint16_t> frames) {
  const std::size_t size = movie_nx_ * movie_ny_;
  require(frames.size() % size == 0,
          fmt::format(
              "{} pixels are not whole frames of {} x {}", frames.size(), movie_nx_, movie_ny_));
  const std::size_t count = frames.size() / size;
  require(seen_ + count <= movie_frames_,
          fmt::format("{} frames given for a movie of {} frames", seen_ + count, movie_frames_));
  for_each_chunk(out_.ny, 1, threads_, [&](std::size_t first, std::size_t last) {
    fill_rows(frames, first, last);
  });
  for (std::size_t t = seen_; t < seen_ + count; ++t) {
    used_ += options_.use_frame.empty() || options_.use_frame[t] != 0 ? 1 : 0;
  }
  seen_ += count;
}

void TraceBuilder::fill_rows(std::span<const std::uint16_t> frames,
                             std::size_t first,
                             std::size_t last) {
  constexpr std::size_t group = 32;  // pixels: one cache line of a frame
  const std::size_t size = movie_nx_ * movie_ny_;
  for (std::size_t y = first; y < last; ++y) {
    for (std::size_t x = 0; x < out_.nx; x += group) {
      const std::size_t count = std::min(group, out_.nx - x);
      std::size_t into = used_;
      for (std::size_t t = 0; t < frames.size() / size; ++t) {
        if (!options_.use_frame.empty() && options_.use_frame[seen_ + t] == 0) {
          continue;
        }
        const PixelShift s =
            options_.frame_shift.empty() ? PixelShift{} : options_.frame_shift[seen_ + t];
        const auto row = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(y + out_.first_y) +
                                                  static_cast<std::ptrdiff_t>(s.y));
        const auto column = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(x + out_.first_x) +
                                                     static_cast<std::ptrdiff_t>(s.x));
        const std::uint16_t* from = frames.data() + t * size + row * movie_nx_ + column;
        float* to = out_.z.data() + (y * out_.nx + x) * out_.stride + into;
        for (std::size_t k = 0; k < count; ++k) {
          to[k * out_.stride] = static_cast<float>(from[k]);
        }
        ++into;
      }
    }
  }
}

void TraceBuilder::find_common_mode() {
  auto& m = out_.common_mode;
  m.assign(out_.frames, 0.0);
  // sums of whole numbers below 2^53: exact
  for_each_chunk(out_.frames, chunk_frames, threads_, [&](std::size_t first, std::size_t last) {
    for (std::size_t p = 0; p < out_.pixels(); ++p) {
      const float* x = out_.data(p);
      for (std::size_t t = first; t < last; ++t) {
        m[t] += static_cast<double>(x[t]);
      }
    }
  });
  for (double& v : m) {
    v /= static_cast<double>(out_.pixels());
  }
}

void TraceBuilder::normalise(std::size_t pixel) {
  const std::span<float> x(out_.z.data() + pixel * out_.stride, out_.frames);
  const double mean = mean_of(x);
  double square = 0.0;
  for (const float v : x) {
    const double d = static_cast<double>(v) - mean;
    square += d * d;
  }
  double q = 0.0;
  double m_mean = 0.0;
  const double before = square;
  if (!out_.common_mode.empty() && square > 0.0) {
    for (const double v : out_.common_mode) {
      m_mean += v;
    }
    m_mean /= static_cast<double>(out_.frames);
    double xm = 0.0;
    double mm = 0.0;
    for (std::size_t t = 0; t < out_.frames; ++t) {
      const double dm = out_.common_mode[t] - m_mean;
      xm += (static_cast<double>(x[t]) - mean) * dm;
      mm += dm * dm;
    }
    q = mm > 0.0 ? xm / mm : 0.0;
    square = std::max(0.0, square - q * xm);
  }
  const bool constant = !(square > least_share_left * before);
  out_.mean_counts[pixel] = mean;
  out_.variance[pixel] = constant ? 0.0 : square / static_cast<double>(out_.frames);
  out_.constant[pixel] = constant ? 1 : 0;
  const double scale = constant ? 0.0 : 1.0 / std::sqrt(square);
  for (std::size_t t = 0; t < out_.frames; ++t) {
    const double common = q == 0.0 ? 0.0 : q * (out_.common_mode[t] - m_mean);
    x[t] = static_cast<float>((static_cast<double>(x[t]) - mean - common) * scale);
  }
}

Traces TraceBuilder::finish() && {
  require(seen_ == movie_frames_, fmt::format("{} of {} frames have come", seen_, movie_frames_));
  const std::size_t n = out_.pixels();
  out_.mean_counts.resize(n);
  out_.variance.resize(n);
  out_.constant.resize(n);
  if (options_.remove_common_mode) {
    find_common_mode();
  }
  for_each_chunk(n, chunk_pixels, threads_, [&](std::size_t first, std::size_t last) {
    for (std::size_t p = first; p < last; ++p) {
      normalise(p);
    }
  });
  return std::move(out_);
}

double correlation(const Traces& traces, std::size_t p, std::size_t q) {
  if (traces.constant[p] != 0 || traces.constant[q] != 0) {
    return nan;
  }
  return static_cast<double>(kernels::dot(traces.data(p), traces.data(q), traces.stride));
}

std::vector<double> mean_trace(const Traces& traces, std::span<const std::size_t> pixels) {
  require(!pixels.empty(), "a mean trace needs at least one pixel");
  return weighted_trace(
      traces, pixels, std::vector<double>(pixels.size(), 1.0 / static_cast<double>(pixels.size())));
}

std::vector<double> weighted_trace(const Traces& traces,
                                   std::span<const std::size_t> pixels,
                                   std::span<const double> shares) {
  require(pixels.size() == shares.size(), "one share per pixel expected");
  std::vector<double> out(traces.frames, 0.0);
  double level = 0.0;
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    const std::size_t p = pixels[k];
    const double scale =
        std::sqrt(traces.variance[p] * static_cast<double>(traces.frames)) * shares[k];
    const float* z = traces.data(p);
    for (std::size_t t = 0; t < traces.frames; ++t) {
      out[t] += scale * static_cast<double>(z[t]);
    }
    level += traces.mean_counts[p] * shares[k];
  }
  for (double& v : out) {
    v += level;
  }
  return out;
}

std::vector<float> normalised(std::span<const double> trace, std::size_t stride) {
  require(trace.size() <= stride, "a trace is longer than its stride");
  double mean = 0.0;
  for (const double v : trace) {
    mean += v / static_cast<double>(trace.size());
  }
  double square = 0.0;
  for (const double v : trace) {
    square += (v - mean) * (v - mean);
  }
  const double rounding = 1e-12 * std::abs(mean);
  const bool constant = !(square > rounding * rounding * static_cast<double>(trace.size()));
  const double scale = constant ? 0.0 : 1.0 / std::sqrt(square);
  std::vector<float> out(stride, 0.0F);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    out[t] = static_cast<float>((trace[t] - mean) * scale);
  }
  return out;
}

CorrelationMap correlation_map(const Traces& traces, Threads threads) {
  CorrelationMap out;
  out.nx = traces.nx;
  out.ny = traces.ny;
  out.intensity = traces.mean_counts;
  out.variance = traces.variance;
  out.r.fill(std::vector<double>(traces.pixels(), nan));
  for_each_chunk(traces.ny, 1, threads, [&](std::size_t first, std::size_t last) {
    for (std::size_t p = first * traces.nx; p < last * traces.nx; ++p) {
      const auto x = static_cast<std::ptrdiff_t>(p % traces.nx);
      const auto y = static_cast<std::ptrdiff_t>(p / traces.nx);
      for (std::size_t k = 0; k < neighbour_steps.size(); ++k) {
        const std::ptrdiff_t u = x + neighbour_steps[k].x;
        const std::ptrdiff_t v = y + neighbour_steps[k].y;
        if (u >= 0 && u < static_cast<std::ptrdiff_t>(traces.nx) &&
            v < static_cast<std::ptrdiff_t>(traces.ny)) {
          const std::size_t q =
              static_cast<std::size_t>(v) * traces.nx + static_cast<std::size_t>(u);
          out.r[k][p] = correlation(traces, p, q);
        }
      }
    }
  });
  out.mean_r = mean_over_neighbours(out.nx, out.ny, out.r);
  return out;
}

Traces crop(const Traces& traces,
            std::size_t first_x,
            std::size_t first_y,
            std::size_t nx,
            std::size_t ny) {
  require(nx > 0 && ny > 0 && first_x + nx <= traces.nx && first_y + ny <= traces.ny,
          fmt::format("no {} x {} pixels from ({}, {}) in a field of {} x {}",
                      nx,
                      ny,
                      first_x,
                      first_y,
                      traces.nx,
                      traces.ny));
  Traces out;
  out.nx = nx;
  out.ny = ny;
  out.first_x = traces.first_x + first_x;
  out.first_y = traces.first_y + first_y;
  out.frames = traces.frames;
  out.stride = traces.stride;
  out.pixel_m = traces.pixel_m;
  out.common_mode = traces.common_mode;
  out.z.reserve(nx * ny * traces.stride);
  for (std::size_t y = first_y; y < first_y + ny; ++y) {
    const std::size_t from = y * traces.nx + first_x;
    out.z.insert(out.z.end(), traces.data(from), traces.data(from) + nx * traces.stride);
    for (std::size_t p = from; p < from + nx; ++p) {
      out.mean_counts.push_back(traces.mean_counts[p]);
      out.variance.push_back(traces.variance[p]);
      out.constant.push_back(traces.constant[p]);
    }
  }
  return out;
}

}  // namespace halotwin::analysis
