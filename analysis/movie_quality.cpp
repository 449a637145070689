#include "analysis/movie_quality.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/detector_noise.hpp"
#include "base/clones.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t least_frames = 16;

struct FrameSums {
  std::uint64_t counts = 0;
  std::uint64_t saturated = 0;
};

constexpr std::size_t run_pixels = 32768;  // so many 16-bit counts add up to less than 2^32

HALOTWIN_CLONES FrameSums sum_frame(std::span<const std::uint16_t> frame, std::uint32_t limit) {
  FrameSums out;
  for (std::size_t first = 0; first < frame.size(); first += run_pixels) {
    std::uint32_t counts = 0;
    std::uint32_t saturated = 0;
    for (const std::uint16_t c : frame.subspan(first, std::min(run_pixels, frame.size() - first))) {
      counts += c;
      saturated += c >= limit ? 1U : 0U;
    }
    out.counts += counts;
    out.saturated += saturated;
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> frames_to_use(const MovieInfo& info, std::int64_t first_frames) {
  std::vector<std::uint8_t> use = info.valid;
  if (first_frames > 0 && static_cast<std::size_t>(first_frames) < use.size()) {
    std::fill(use.begin() + first_frames, use.end(), std::uint8_t{0});
  }
  const auto good = std::count(use.begin(), use.end(), std::uint8_t{1});
  require(static_cast<std::size_t>(good) >= least_frames,
          fmt::format("{} usable frames (needed: {})", good, least_frames));
  return use;
}

MovieQuality quality_of(const MovieInfo& info, std::span<const std::uint8_t> use) {
  MovieQuality q;
  q.frames_used = static_cast<std::size_t>(std::count(use.begin(), use.end(), std::uint8_t{1}));
  q.frames_left_out =
      static_cast<std::size_t>(std::count(info.valid.begin(), info.valid.end(), std::uint8_t{0}));
  q.noise_known = noise_is_known(info);
  return q;
}

std::vector<std::string> warnings_of(const MovieQuality& q) {
  std::vector<std::string> out;
  if (q.frames_left_out > 0) {
    out.push_back(fmt::format("{} dropped or incomplete frames left out", q.frames_left_out));
  }
  if (q.saturated_share > 0.0) {
    out.push_back(fmt::format("{:.3g} % of the values are saturated", 100.0 * q.saturated_share));
  }
  if (q.constant_pixels > 0) {
    out.push_back(fmt::format("{} pixels never change and have no correlation", q.constant_pixels));
  }
  if (!q.noise_known) {
    out.emplace_back(
        "gain or excess factor of the camera unknown: detector noise is not taken out");
  }
  return out;
}

void FrameCounter::add(std::span<const std::uint16_t> frames, Threads threads) {
  constexpr std::uint32_t never = 65536;
  std::vector<FrameSums> sums(frames.size() / pixels_);
  for_each_chunk(sums.size(), 1, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = begin; t < end; ++t) {
      sums[t] =
          sum_frame(frames.subspan(t * pixels_, pixels_), saturation_ > 0 ? saturation_ : never);
    }
  });
  for (const FrameSums& s : sums) {
    mean_.push_back(static_cast<double>(s.counts) / static_cast<double>(pixels_));
    saturated_ += s.saturated;
  }
}

double FrameCounter::saturated_share() const {
  const double values = static_cast<double>(pixels_) * static_cast<double>(mean_.size());
  return values > 0.0 ? static_cast<double>(saturated_) / values : 0.0;
}

}  // namespace halotwin::analysis
