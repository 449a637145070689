#include "analysis/drift.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/group_shifts.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// Linear between the measured groups and on beyond the first and the last one.
std::vector<double> of_every_frame(const std::vector<GroupShift>& measured,
                                   std::size_t frames,
                                   Estimate GroupShift::*which) {
  std::vector<double> shift(frames, 0.0);
  std::size_t g = 0;
  for (std::size_t t = 0; t < frames && measured.size() > 1; ++t) {
    const auto now = static_cast<double>(t);
    while (g + 2 < measured.size() && now > measured[g + 1].frame) {
      ++g;
    }
    const double a = (measured[g].*which).value;
    const double b = (measured[g + 1].*which).value;
    shift[t] =
        a + (b - a) * (now - measured[g].frame) / (measured[g + 1].frame - measured[g].frame);
  }
  return shift;
}

/// See Drift::trend_x_pixels.
Estimate trend_of(const std::vector<GroupShift>& measured,
                  std::size_t frames,
                  Estimate GroupShift::*which) {
  if (measured.size() < 6) {
    return {nan, nan};
  }
  const auto n = static_cast<double>(measured.size());
  double mean_t = 0.0;
  double mean_x = 0.0;
  for (const auto& g : measured) {
    mean_t += g.frame / n;
    mean_x += (g.*which).value / n;
  }
  double tt = 0.0;
  double tx = 0.0;
  for (const auto& g : measured) {
    tt += (g.frame - mean_t) * (g.frame - mean_t);
    tx += (g.frame - mean_t) * ((g.*which).value - mean_x);
  }
  const double slope = tx / tt;
  double squares = 0.0;
  double neighbours = 0.0;
  double last = 0.0;
  for (const auto& g : measured) {
    const double rest = (g.*which).value - mean_x - slope * (g.frame - mean_t);
    squares += rest * rest;
    neighbours += rest * last;
    last = rest;
  }
  const double rho = squares > 0.0 ? std::clamp(neighbours / squares, 0.0, 0.9) : 0.0;
  const double sigma = std::sqrt(squares / (n - 2.0) / tt * (1.0 + rho) / (1.0 - rho));
  const double length = static_cast<double>(frames) - 1.0;
  return {slope * length, sigma * length};
}

bool is_drift(double distance, double sigma, const DriftParams& p) {
  return distance > p.least_drift_pixels && distance > p.significance * sigma;
}

}  // namespace

void validate(const DriftParams& p) {
  require(p.frames_per_group > 0, "frames_per_group", p.frames_per_group, "> 0");
  require(p.groups_in_reference > 0, "groups_in_reference", p.groups_in_reference, "> 0");
  require(p.largest_shift_pixels > 0, "largest_shift_pixels", p.largest_shift_pixels, "> 0");
  require(p.field_pixels >= 16, "field_pixels", p.field_pixels, ">= 16");
  require(p.least_drift_pixels >= 0.0, "least_drift_pixels", p.least_drift_pixels, ">= 0");
  require(p.significance > 0.0, "significance", p.significance, "> 0");
}

Drift measure_drift(const MovieSource& movie, const DriftParams& params, Threads threads) {
  validate(params);
  const std::size_t frames = movie.info().frames;
  Drift drift;
  drift.groups = group_shifts(movie, params, threads);
  drift.x_pixels.assign(frames, 0.0);
  drift.y_pixels.assign(frames, 0.0);
  std::vector<GroupShift> measured;
  bool significant = false;
  for (const GroupShift& g : drift.groups) {
    if (!g.measured) {
      continue;
    }
    measured.push_back(g);
    const double distance = std::hypot(g.x_pixels.value, g.y_pixels.value);
    const double sigma = std::hypot(g.x_pixels.sigma, g.y_pixels.sigma);
    drift.largest_pixels = std::max(drift.largest_pixels, distance);
    significant = significant || is_drift(distance, sigma, params);
  }
  drift.trend_x_pixels = trend_of(measured, frames, &GroupShift::x_pixels);
  drift.trend_y_pixels = trend_of(measured, frames, &GroupShift::y_pixels);
  for (const Estimate& trend : {drift.trend_x_pixels, drift.trend_y_pixels}) {
    significant = significant || is_drift(std::abs(trend.value), trend.sigma, params);
  }
  if (measured.size() < 2 || 2 * measured.size() < drift.groups.size()) {
    return drift;
  }
  drift.status = significant ? DriftStatus::found : DriftStatus::none;
  if (significant) {
    drift.x_pixels = of_every_frame(measured, frames, &GroupShift::x_pixels);
    drift.y_pixels = of_every_frame(measured, frames, &GroupShift::y_pixels);
  }
  return drift;
}

}  // namespace halotwin::analysis
