#include "analysis/steadied_movie.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t portion_bytes = std::size_t{16} << 20U;

/// Nearest whole pixels, with a hysteresis, so that an uncertain shift near a half does not make
/// the film jump to and fro.
std::vector<std::ptrdiff_t> whole(const std::vector<double>& shifts) {
  constexpr double hysteresis = 0.15;
  std::vector<std::ptrdiff_t> out;
  for (const double shift : shifts) {
    const auto nearest = static_cast<std::ptrdiff_t>(std::round(shift));
    const bool stays =
        !out.empty() && std::abs(shift - static_cast<double>(out.back())) <= 0.5 + hysteresis;
    out.push_back(stays ? out.back() : nearest);
  }
  return out;
}

/// First pixel and number of pixels that all shifts leave inside.
std::pair<std::size_t, std::size_t> common(const std::vector<std::ptrdiff_t>& shifts,
                                           std::size_t n) {
  const auto [low, high] = std::minmax_element(shifts.begin(), shifts.end());
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -*low);
  const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(n) - std::max<std::ptrdiff_t>(0, *high);
  require(end > first, fmt::format("the drift leaves none of {} pixels in common", n));
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(end - first)};
}

}  // namespace

SteadiedMovie::SteadiedMovie(const MovieSource& movie, const Drift& drift)
    : movie_(&movie),
      info_(movie.info()),
      shift_x_(whole(drift.x_pixels)),
      shift_y_(whole(drift.y_pixels)) {
  require(shift_x_.size() == info_.frames && shift_y_.size() == info_.frames,
          fmt::format("drift of {} frames for a movie of {}", shift_x_.size(), info_.frames));
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::tie(first_x_, nx) = common(shift_x_, info_.nx);
  std::tie(first_y_, ny) = common(shift_y_, info_.ny);
  std::vector<double> dark;
  for (std::size_t y = 0; y < ny && !info_.dark.empty(); ++y) {
    const auto row =
        info_.dark.begin() + static_cast<std::ptrdiff_t>((first_y_ + y) * info_.nx + first_x_);
    dark.insert(dark.end(), row, row + static_cast<std::ptrdiff_t>(nx));
  }
  info_.dark = std::move(dark);
  info_.nx = nx;
  info_.ny = ny;
}

void SteadiedMovie::read(std::size_t first_frame,
                         std::size_t count,
                         std::span<std::uint16_t> into) const {
  require_frames(info_, first_frame, count, into.size());
  const MovieInfo& whole_info = movie_->info();
  const std::size_t portion = frames_per_portion(whole_info, portion_bytes);
  std::vector<std::uint16_t> frames;
  for (std::size_t done = 0; done < count; done += portion) {
    const std::size_t some = std::min(portion, count - done);
    frames.resize(some * whole_info.pixels());
    movie_->read(first_frame + done, some, frames);
    for (std::size_t t = 0; t < some; ++t) {
      const std::size_t at = first_frame + done + t;
      const auto x0 = static_cast<std::ptrdiff_t>(first_x_) + shift_x_[at];
      const auto y0 = static_cast<std::ptrdiff_t>(first_y_) + shift_y_[at];
      for (std::size_t y = 0; y < info_.ny; ++y) {
        const auto from =
            frames.begin() + static_cast<std::ptrdiff_t>(t * whole_info.pixels()) +
            (y0 + static_cast<std::ptrdiff_t>(y)) * static_cast<std::ptrdiff_t>(whole_info.nx) + x0;
        std::copy(
            from,
            from + static_cast<std::ptrdiff_t>(info_.nx),
            into.begin() + static_cast<std::ptrdiff_t>((done + t) * info_.pixels() + y * info_.nx));
      }
    }
  }
}

}  // namespace halotwin::analysis
