#include "analysis/focus.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/Dense>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// Differences between pixels two apart, along x and along y.
std::vector<float> differences(std::span<const std::uint16_t> frame,
                               std::span<const double> dark,
                               std::size_t nx,
                               std::size_t ny) {
  const auto at = [&](std::size_t i) { return frame[i] - (dark.empty() ? 0.0 : dark[i]); };
  std::vector<float> out;
  out.reserve((nx - 2) * ny + nx * (ny - 2));
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x + 2 < nx; ++x) {
      out.push_back(static_cast<float>(at(y * nx + x + 2) - at(y * nx + x)));
    }
  }
  for (std::size_t i = 0; i + 2 * nx < nx * ny; ++i) {
    out.push_back(static_cast<float>(at(i + 2 * nx) - at(i)));
  }
  return out;
}

double dot(std::span<const float> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

Estimate sharpness(std::span<const std::uint16_t> frames,
                   std::span<const double> dark,
                   std::size_t nx,
                   std::size_t ny) {
  const std::size_t pixels = nx * ny;
  require(nx >= 3 && ny >= 3 && frames.size() % pixels == 0 && frames.size() / pixels >= 3 &&
              (dark.empty() || dark.size() == pixels),
          "sharpness needs at least 3 frames of at least 3 x 3 pixels");
  const std::size_t count = frames.size() / pixels;
  std::vector<std::vector<float>> d;
  std::vector<double> signal;
  const double dark_sum = std::accumulate(dark.begin(), dark.end(), 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    const auto frame = frames.subspan(k * pixels, pixels);
    d.push_back(differences(frame, dark, nx, ny));
    signal.push_back((std::accumulate(frame.begin(), frame.end(), 0.0) - dark_sum) /
                     static_cast<double>(pixels));
  }
  const std::size_t n = d.front().size();
  std::vector<double> total(n, 0.0);
  std::vector<double> square(count, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      const double value = d[k][i];
      total[i] += value;
      square[k] += value * value;
    }
  }
  const double whole = std::inner_product(total.begin(), total.end(), total.begin(), 0.0);
  const double squares = std::accumulate(square.begin(), square.end(), 0.0);
  const double signals = std::accumulate(signal.begin(), signal.end(), 0.0);
  // sum over pairs of `left` frames, with the sum of their signals
  const auto normalised = [&](double pairs, double sum, std::size_t left) {
    const auto frames_left = static_cast<double>(left);
    const double mean = sum / frames_left;
    return pairs / (frames_left * (frames_left - 1.0) * static_cast<double>(n) *
                    std::max(mean * mean, 1e-12));
  };
  std::vector<double> without;
  for (std::size_t k = 0; k < count; ++k) {
    const double pairs = whole - 2.0 * dot(d[k], total) - squares + 2.0 * square[k];
    without.push_back(normalised(pairs, signals - signal[k], count - 1));
  }
  const double level = signals / static_cast<double>(count);
  const double spread =
      std::accumulate(signal.begin(), signal.end(), 0.0, [&](double sum, double one) {
        return sum + (one - level) * (one - level);
      });
  const double level_sigma =
      std::sqrt(spread / (static_cast<double>(count) * (static_cast<double>(count) - 1.0)));
  if (!(level > 5.0 * level_sigma)) {
    return {0.0, std::numeric_limits<double>::infinity()};
  }
  const double centre = mean(without);
  const double scatter =
      std::accumulate(without.begin(), without.end(), 0.0, [&](double sum, double s) {
        return sum + (s - centre) * (s - centre);
      });
  const auto frames_all = static_cast<double>(count);
  return {normalised(whole - squares, signals, count),
          std::sqrt(scatter * (frames_all - 1.0) / frames_all)};
}

namespace {

/// The curve on positions that are scaled to -1 ... 1.
class FocusCurve {
 public:
  FocusCurve(std::span<const double> position_m, std::span<const Estimate> sharpness)
      : middle_(0.5 * (position_m.front() + position_m.back())),
        half_(0.5 * (position_m.back() - position_m.front())) {
    for (std::size_t i = 0; i < position_m.size(); ++i) {
      x_.push_back((position_m[i] - middle_) / half_);
      y_.push_back(sharpness[i].value);
    }
    const auto [low, high] = std::minmax_element(y_.begin(), y_.end());
    scale_ = std::max(*high - *low, 1e-300);
  }

  /// From the best of a scan of z0 and w, by damped steps (Levenberg and Marquardt).
  void fit() {
    for (int i = 0; i <= 40; ++i) {
      for (const double w : {0.15, 0.25, 0.4, 0.7, 1.2}) {
        const Eigen::Vector4d start = with_best_heights(-1.2 + 0.06 * i, w);
        if (start[1] > 0.0 && (!started_ || misfit(start) < misfit(p_))) {
          p_ = start;
          started_ = true;
        }
      }
    }
    double damping = 1e-3;
    for (int step = 0; started_ && step < 200 && damping < 1e12; ++step) {
      const auto [normal, gradient] = equations();
      Eigen::Matrix4d damped = normal;
      damped.diagonal() *= 1.0 + damping;
      const Eigen::Vector4d next = p_ + damped.ldlt().solve(gradient);
      if (next.allFinite() && next[3] > 0.02 && next[3] < 5.0 && misfit(next) < misfit(p_)) {
        p_ = next;
        damping *= 0.2;
      } else {
        damping *= 5.0;
      }
    }
  }

  [[nodiscard]] bool risen() const { return started_ && p_[1] > 0.0; }
  [[nodiscard]] double best_m() const { return middle_ + half_ * p_[2]; }
  [[nodiscard]] double width_m() const { return half_ * p_[3]; }
  [[nodiscard]] double height() const { return scale_ * p_[1]; }
  [[nodiscard]] double background() const { return scale_ * p_[0]; }
  /// Standard deviation of one sharpness about the curve.
  [[nodiscard]] double scatter() const {
    const auto freedom = static_cast<double>(x_.size()) - 4.0;
    return started_ && freedom > 0.0 ? scale_ * std::sqrt(misfit(p_) / freedom) : 0.0;
  }
  [[nodiscard]] double best_sigma_m(double sharpness_sigma) const {
    Eigen::Matrix4d normal = equations().first;
    normal.diagonal() *= 1.0 + 1e-9;  // height, width and background may be one in a short range
    return half_ * sharpness_sigma / scale_ * std::sqrt(std::max(normal.inverse()(2, 2), 0.0));
  }

 private:
  using Equations = std::pair<Eigen::Matrix4d, Eigen::Vector4d>;
  [[nodiscard]] static double bell(double x, const Eigen::Vector4d& p) {
    const double u = (x - p[2]) / p[3];
    return std::exp(-0.5 * u * u);
  }
  [[nodiscard]] double miss(std::size_t i, const Eigen::Vector4d& p) const {
    return y_[i] / scale_ - p[0] - p[1] * bell(x_[i], p);
  }
  [[nodiscard]] double misfit(const Eigen::Vector4d& p) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      sum += miss(i, p) * miss(i, p);
    }
    return sum;
  }
  [[nodiscard]] Eigen::Vector4d with_best_heights(double centre, double w) const {
    Eigen::Vector4d p(0.0, 0.0, centre, w);
    Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
    Eigen::Vector2d right = Eigen::Vector2d::Zero();
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const Eigen::Vector2d row(1.0, bell(x_[i], p));
      normal += row * row.transpose();
      right += row * (y_[i] / scale_);
    }
    normal.diagonal() *= 1.0 + 1e-9;
    const Eigen::Vector2d heights = normal.ldlt().solve(right);
    p.head<2>() = heights;
    return p;
  }
  [[nodiscard]] Equations equations() const {
    Equations out{Eigen::Matrix4d::Zero(), Eigen::Vector4d::Zero()};
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const double g = bell(x_[i], p_);
      const double u = (x_[i] - p_[2]) / p_[3];
      const Eigen::Vector4d row(1.0, g, p_[1] * g * u / p_[3], p_[1] * g * u * u / p_[3]);
      out.first += row * row.transpose();
      out.second += row * miss(i, p_);
    }
    return out;
  }

  double middle_;
  double half_;
  double scale_ = 1.0;
  std::vector<double> x_;
  std::vector<double> y_;
  bool started_ = false;
  Eigen::Vector4d p_ = Eigen::Vector4d::Zero();  // background, height, place, width
};

}  // namespace

FocusFit fit_focus(std::span<const double> position_m, std::span<const Estimate> sharpness) {
  const std::size_t n = position_m.size();
  require(n >= 5 && sharpness.size() == n && std::is_sorted(position_m.begin(), position_m.end()) &&
              position_m.front() < position_m.back(),
          "a focus is fitted to at least 5 ascending positions");
  std::vector<double> values;
  double variance = 0.0;
  for (const Estimate& s : sharpness) {
    values.push_back(s.value);
    variance += s.sigma * s.sigma / static_cast<double>(n);
  }
  const auto sharpest =
      static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
  FocusCurve curve(position_m, sharpness);
  curve.fit();
  const double noise = std::max(curve.scatter(), std::sqrt(variance));
  FocusFit fit;
  fit.best_m = {position_m[sharpest], nan};
  fit.significance = (values[sharpest] - percentile(values, 25.0)) /
                     std::max({noise, sharpness[sharpest].sigma, 1e-300});
  if (fit.significance < 5.0) {
    return fit;
  }
  fit.width_m = curve.width_m();
  fit.height = curve.height();
  fit.background = curve.background();
  const double half_step_m =
      0.5 * (position_m.back() - position_m.front()) / static_cast<double>(n - 1);
  const double best_m = curve.best_m();
  const bool inside = curve.risen() && best_m > position_m.front() + half_step_m &&
                      best_m < position_m.back() - half_step_m;
  fit.status = inside ? FocusStatus::found : FocusStatus::at_edge;
  if (inside) {
    fit.best_m = {best_m, curve.best_sigma_m(noise)};
  }
  return fit;
}

namespace {

constexpr std::size_t none = ~std::size_t{0};

/// Mean of all sweeps but one.
std::vector<Estimate> mean_sweep(std::span<const std::vector<Estimate>> sweeps,
                                 std::size_t left_out) {
  std::vector<Estimate> mean(sweeps.front().size());
  const auto count = static_cast<double>(sweeps.size() - (left_out == none ? 0 : 1));
  for (std::size_t r = 0; r < sweeps.size(); ++r) {
    for (std::size_t i = 0; r != left_out && i < mean.size(); ++i) {
      mean[i].value += sweeps[r][i].value / count;
      mean[i].sigma = std::hypot(mean[i].sigma, sweeps[r][i].sigma / count);
    }
  }
  return mean;
}

}  // namespace

FocusFit fit_focus(std::span<const double> position_m,
                   std::span<const std::vector<Estimate>> sweeps) {
  require(!sweeps.empty() && std::all_of(sweeps.begin(),
                                         sweeps.end(),
                                         [&](const std::vector<Estimate>& sweep) {
                                           return sweep.size() == position_m.size();
                                         }),
          "every sweep through focus needs one sharpness at each position");
  FocusFit fit = fit_focus(position_m, mean_sweep(sweeps, none));
  if (fit.status != FocusStatus::found || sweeps.size() < 3) {
    return fit;
  }
  std::vector<double> without;
  for (std::size_t r = 0; r < sweeps.size(); ++r) {
    FocusCurve curve(position_m, mean_sweep(sweeps, r));
    curve.fit();
    without.push_back(curve.best_m());
  }
  const double centre = mean(without);
  double squares = 0.0;
  for (const double best_m : without) {
    squares += (best_m - centre) * (best_m - centre);
  }
  const auto count = static_cast<double>(sweeps.size());
  fit.best_m.sigma = std::max(fit.best_m.sigma, std::sqrt(squares * (count - 1.0) / count));
  return fit;
}

}  // namespace halotwin::analysis
