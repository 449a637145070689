#include "analysis/peaks.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double ln10 = 2.302585092994046;

void check(const SpectrumView& s) {
  require(s.values.size() == s.frequencies_hz.size(), "one value per frequency expected");
  require(s.sigmas.empty() || s.sigmas.size() == s.values.size(),
          "one sigma per frequency expected");
}

double sigma_of(const SpectrumView& s, std::size_t i) {
  return s.sigmas.empty() ? 0.0 : s.sigmas[i];
}

/// Lowest value between `from` and the next channel higher than values[from], walking in
/// `step`; false if the walk ends at the edge without meeting higher ground.
bool valley(const SpectrumView& s, std::size_t from, int step, std::size_t& lowest) {
  lowest = from;
  auto i = static_cast<std::ptrdiff_t>(from) + step;
  for (; i >= 0 && i < static_cast<std::ptrdiff_t>(s.values.size()); i += step) {
    const auto c = static_cast<std::size_t>(i);
    if (s.values[c] > s.values[from]) {
      return true;
    }
    if (s.values[c] < s.values[lowest]) {
      lowest = c;
    }
  }
  return false;
}

/// A maximum stands out if, on each side, the valley before higher ground (or before the edge of
/// the band) lies `sigmas` standard deviations of the difference below it.
bool stands_out(const SpectrumView& s, std::size_t top, double sigmas) {
  for (const int step : {-1, 1}) {
    std::size_t low = top;
    (void)valley(s, top, step, low);
    const double drop = s.values[top] - s.values[low];
    if (!(drop > 0.0) || drop < sigmas * std::hypot(sigma_of(s, top), sigma_of(s, low))) {
      return false;
    }
  }
  return true;
}

}  // namespace

void validate(const PeakSearch& p) {
  require_range("search_factor", p.search_factor, 1.0, 100.0);
  require_range("prominence_sigmas", p.prominence_sigmas, 0.0, 100.0);
}

Peak three_point_peak(const SpectrumView& s, std::size_t top) {
  check(s);
  Peak peak;
  if (top == 0 || top + 1 >= s.values.size()) {
    peak.status = PeakStatus::not_resolved;
    return peak;
  }
  // Newton form in u = ln f - ln f_top: y = y1 + slope u + curve u^2, through three channels.
  const double u0 = std::log(s.frequencies_hz[top - 1] / s.frequencies_hz[top]);
  const double u2 = std::log(s.frequencies_hz[top + 1] / s.frequencies_hz[top]);
  const double y0 = s.values[top - 1] - s.values[top];
  const double y2 = s.values[top + 1] - s.values[top];
  const double det = u0 * u2 * (u2 - u0);  // < 0
  const double slope = (y0 * u2 * u2 - y2 * u0 * u0) / det;
  const double curve = (y2 * u0 - y0 * u2) / det;
  if (!(curve < 0.0)) {
    peak.status = PeakStatus::not_resolved;
    peak.height = s.values[top];
    peak.height_sigma = sigma_of(s, top);
    return peak;
  }
  const double u = -slope / (2.0 * curve);
  peak.status = PeakStatus::resolved;
  peak.position_hz = s.frequencies_hz[top] * std::exp(u);
  peak.height = s.values[top] + slope * u + curve * u * u;
  // du/dy = -(dslope + 2 u dcurve) / (2 curve); the channel in the middle enters with minus both.
  const double du0 = -(u2 * u2 / det + 2.0 * u * (-u2 / det)) / (2.0 * curve);
  const double du2 = -(-u0 * u0 / det + 2.0 * u * (u0 / det)) / (2.0 * curve);
  const double du1 = -du0 - du2;
  const double h0 = (u2 * u2 * u - u2 * u * u) / det;
  const double h2 = (-u0 * u0 * u + u0 * u * u) / det;
  const double s0 = sigma_of(s, top - 1);
  const double s1 = sigma_of(s, top);
  const double s2 = sigma_of(s, top + 1);
  peak.position_sigma_hz = peak.position_hz * std::hypot(du0 * s0, du1 * s1, du2 * s2);
  peak.height_sigma = std::hypot(h0 * s0, (1.0 - h0 - h2) * s1, h2 * s2);
  return peak;
}

Peak wide_peak(const SpectrumView& s, double guess_hz, double half_width_decades) {
  check(s);
  require_positive("guess_hz", guess_hz);
  require_positive("half_width_decades", half_width_decades);
  constexpr int max_recentrings = 50;
  constexpr double settled = 1e-6;  // of ln f
  const double half = half_width_decades * ln10;
  Peak peak;
  peak.status = PeakStatus::not_resolved;
  double centre = std::log(guess_hz);
  for (int turn = 0; turn < max_recentrings; ++turn) {
    Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
    Eigen::Vector3d right = Eigen::Vector3d::Zero();
    Eigen::Matrix3d scatter = Eigen::Matrix3d::Zero();
    int used = 0;
    for (std::size_t i = 0; i < s.values.size(); ++i) {
      const double u = (std::log(s.frequencies_hz[i]) - centre) / half;
      if (std::abs(u) >= 1.0) {
        continue;
      }
      const double w = 1.0 - u * u;
      const Eigen::Vector3d row(1.0, u, u * u);
      normal += w * row * row.transpose();
      scatter += w * w * sigma_of(s, i) * sigma_of(s, i) * row * row.transpose();
      right += w * row * s.values[i];
      ++used;
    }
    const Eigen::FullPivLU<Eigen::Matrix3d> lu(normal);
    if (used < 4 || lu.rcond() < 1e-10) {
      return peak;
    }
    const Eigen::Vector3d c = lu.solve(right);
    if (!(c(2) < 0.0)) {
      return peak;
    }
    const double u = -c(1) / (2.0 * c(2));
    const double step = std::clamp(u, -0.5, 0.5) * half;
    centre += step;
    if (std::abs(step) < settled || turn + 1 == max_recentrings) {
      const bool inside =
          centre > std::log(s.frequencies_hz.front()) && centre < std::log(s.frequencies_hz.back());
      if (!inside || std::abs(u) >= 0.5) {
        return peak;
      }
      const Eigen::Matrix3d inverse = lu.inverse();
      const Eigen::Matrix3d covariance = inverse * scatter * inverse;
      const Eigen::Vector3d g(0.0, -1.0 / (2.0 * c(2)), c(1) / (2.0 * c(2) * c(2)));
      peak.status = PeakStatus::resolved;
      peak.position_hz = std::exp(centre);
      peak.position_sigma_hz =
          peak.position_hz * half * std::sqrt(std::max(0.0, g.dot(covariance * g)));
      peak.height = c(0) - c(1) * c(1) / (4.0 * c(2));
      peak.height_sigma = std::sqrt(std::max(0.0, covariance(0, 0)));
      return peak;
    }
  }
  return peak;
}

std::vector<Peak> find_peaks(const SpectrumView& s,
                             std::span<const double> guesses_hz,
                             const PeakSearch& search) {
  check(s);
  validate(search);
  std::vector<Peak> peaks;
  for (const double guess : guesses_hz) {
    require_positive("guess_hz", guess);
    Peak peak;
    if (s.values.size() < 3) {
      peaks.push_back(peak);
      continue;
    }
    std::size_t top = 0;
    for (std::size_t i = 1; i + 1 < s.values.size(); ++i) {
      const double ratio = s.frequencies_hz[i] / guess;
      const bool near = ratio <= search.search_factor && ratio >= 1.0 / search.search_factor;
      const bool is_maximum = s.values[i] >= s.values[i - 1] && s.values[i] >= s.values[i + 1];
      if (near && is_maximum && (top == 0 || s.values[i] > s.values[top])) {
        top = i;
      }
    }
    if (top != 0 && stands_out(s, top, search.prominence_sigmas)) {
      peak = three_point_peak(s, top);
    } else {
      const Estimate there = value_at(s, guess);
      peak.status = PeakStatus::not_resolved;
      peak.height = there.value;
      peak.height_sigma = there.sigma;
    }
    peaks.push_back(peak);
  }
  return peaks;
}

Estimate value_at(const SpectrumView& s, double frequency_hz) {
  check(s);
  require(!s.values.empty(), "value of an empty spectrum");
  const auto f = s.frequencies_hz;
  const auto above = std::lower_bound(f.begin(), f.end(), frequency_hz);
  if (above == f.begin()) {
    return {s.values.front(), sigma_of(s, 0)};
  }
  if (above == f.end()) {
    return {s.values.back(), sigma_of(s, s.values.size() - 1)};
  }
  const auto i = static_cast<std::size_t>(above - f.begin());
  const double part = std::log(frequency_hz / f[i - 1]) / std::log(f[i] / f[i - 1]);
  return {(1.0 - part) * s.values[i - 1] + part * s.values[i],
          std::hypot((1.0 - part) * sigma_of(s, i - 1), part * sigma_of(s, i))};
}

}  // namespace halotwin::analysis
