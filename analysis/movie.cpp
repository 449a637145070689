#include "analysis/movie.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const MovieInfo& info) {
  require(info.frames > 0 && info.pixels() > 0,
          fmt::format(
              "movie of {} frames, {} x {} pixels: it is empty", info.frames, info.nx, info.ny));
  require_positive("frame_period_s", info.frame_period_s);
  require_positive("pixel_m", info.pixel_m);
  require(info.frame_time_s.size() == info.frames,
          fmt::format("movie of {} frames with {} time stamps: one per frame expected",
                      info.frames,
                      info.frame_time_s.size()));
  require(info.valid.size() == info.frames,
          fmt::format("movie of {} frames with {} validity marks: one per frame expected",
                      info.frames,
                      info.valid.size()));
  require(info.dark.empty() || info.dark.size() == info.pixels(),
          fmt::format("dark frame of {} values for {} pixels", info.dark.size(), info.pixels()));
}

void complete_frame_lists(MovieInfo& info) {
  if (info.frame_time_s.empty()) {
    info.frame_times_are_measured = false;
    for (std::size_t t = 0; t < info.frames; ++t) {
      info.frame_time_s.push_back(static_cast<double>(t) * info.frame_period_s);
    }
  }
  if (info.valid.empty()) {
    info.valid.assign(info.frames, 1);
  }
}

MovieInMemory::MovieInMemory(MovieInfo info, std::vector<std::uint16_t> counts)
    : info_(std::move(info)), counts_(std::move(counts)) {
  complete_frame_lists(info_);
  validate(info_);
  require(counts_.size() == info_.frames * info_.pixels(),
          fmt::format("movie of {} frames of {} x {} pixels with {} values",
                      info_.frames,
                      info_.nx,
                      info_.ny,
                      counts_.size()));
}

void MovieInMemory::read(std::size_t first_frame,
                         std::size_t count,
                         std::span<std::uint16_t> into) const {
  require_frames(info_, first_frame, count, into.size());
  const auto from = counts_.begin() + static_cast<std::ptrdiff_t>(first_frame * info_.pixels());
  std::copy(from, from + static_cast<std::ptrdiff_t>(into.size()), into.begin());
}

Background background_of(const MovieInfo& info) {
  Background background;
  const double offset = std::isfinite(info.offset_counts) ? info.offset_counts : 0.0;
  background.known = std::isfinite(info.offset_counts);
  background.counts.assign(info.pixels(), offset);
  const bool whole =
      !info.dark.empty() &&
      std::all_of(info.dark.begin(), info.dark.end(), [](double d) { return std::isfinite(d); });
  background.known = background.known || whole;
  for (std::size_t p = 0; p < info.dark.size(); ++p) {
    if (std::isfinite(info.dark[p])) {
      background.counts[p] = info.dark[p];
    }
  }
  return background;
}

std::size_t frames_per_portion(const MovieInfo& info, std::size_t bytes) {
  const std::size_t frame_bytes = std::max<std::size_t>(1, info.pixels()) * sizeof(std::uint16_t);
  return std::max<std::size_t>(1, bytes / frame_bytes);
}

void require_frames(const MovieInfo& info,
                    std::size_t first_frame,
                    std::size_t count,
                    std::size_t values) {
  require(first_frame <= info.frames && count <= info.frames - first_frame,
          fmt::format("frames {} to {} of a movie of {} frames",
                      first_frame,
                      first_frame + count,
                      info.frames));
  require(
      values == count * info.pixels(),
      fmt::format(
          "room for {} values for {} frames of {} x {} pixels", values, count, info.nx, info.ny));
}

}  // namespace halotwin::analysis
