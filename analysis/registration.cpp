#include "analysis/registration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <Eigen/Dense>

#include "analysis/levelling.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::ptrdiff_t least_pixels = 64;
// Of the Gaussian that must fall on measured pixels: at an edge the mean lies off its pixel.
constexpr double smallest_weight = 0.95;
constexpr int most_iterations = 40;
constexpr int full_steps = 10;
constexpr double converged_pixels = 1e-5;
constexpr double settled_pixels = 5e-3;  // of what goes to and fro at the edges; errors are larger

/// A map of zero mean with its mask, ready for sums over shifts.
struct Prepared {
  std::vector<double> values;  // NaN where not measured
  std::vector<double> filled;  // 0 there
  std::vector<double> known;   // 1 or 0
  std::ptrdiff_t nx = 0;
  std::ptrdiff_t ny = 0;
};

Prepared prepare(const MapView& map, const RegistrationParams& p) {
  require(map.values.size() == map.nx * map.ny, "map has another size than nx x ny");
  Prepared out;
  out.nx = static_cast<std::ptrdiff_t>(map.nx);
  out.ny = static_cast<std::ptrdiff_t>(map.ny);
  std::vector<double> level(map.values.begin(), map.values.end());
  level_polynomial({level, map.nx, map.ny}, p.detrend_degree);
  out.values = smoothed({level, map.nx, map.ny}, p.smoothing_pixels, smallest_weight);
  for (const double v : out.values) {
    out.filled.push_back(std::isfinite(v) ? v : 0.0);
    out.known.push_back(std::isfinite(v) ? 1.0 : 0.0);
  }
  return out;
}

struct Correlation {
  double pixels = 0.0;
  double value = 0.0;  // 0 if a map is constant there
};

/// Correlation of first(x) with second(x + shift) over the pixels that both have.
Correlation correlate(const Prepared& a, const Prepared& b, std::ptrdiff_t dx, std::ptrdiff_t dy) {
  double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  const std::ptrdiff_t x0 = std::max<std::ptrdiff_t>(0, -dx);
  const std::ptrdiff_t x1 = std::min(a.nx, b.nx - dx);
  const std::ptrdiff_t y1 = std::min(a.ny, b.ny - dy);
  for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, -dy); y < y1; ++y) {
    const double* va = a.filled.data() + y * a.nx;
    const double* ka = a.known.data() + y * a.nx;
    const double* vb = b.filled.data() + (y + dy) * b.nx + dx;
    const double* kb = b.known.data() + (y + dy) * b.nx + dx;
    for (std::ptrdiff_t x = x0; x < x1; ++x) {
      const double both = ka[x] * kb[x];
      n += both;
      sa += both * va[x];
      sb += both * vb[x];
      saa += both * va[x] * va[x];
      sbb += both * vb[x] * vb[x];
      sab += both * va[x] * vb[x];
    }
  }
  if (n < 2.0) {
    return {n, 0.0};
  }
  const double spread = (saa - sa * sa / n) * (sbb - sb * sb / n);
  return {n, spread > 0.0 ? (sab - sa * sb / n) / std::sqrt(spread) : 0.0};
}

/// Correlations at all whole shifts up to `reach`, row by row of the shifts.
class Surface {
 public:
  Surface(const Prepared& a, const Prepared& b, int reach, Threads threads)
      : reach_(reach), side_(static_cast<std::size_t>(2 * reach + 1)), values_(side_ * side_) {
    for_each_chunk(side_, 1, threads, [&](std::size_t begin, std::size_t) {
      const auto dy = static_cast<std::ptrdiff_t>(begin) - reach;
      for (std::size_t i = 0; i < side_; ++i) {
        values_[begin * side_ + i] = correlate(a, b, static_cast<std::ptrdiff_t>(i) - reach, dy);
      }
    });
  }
  [[nodiscard]] const Correlation& at(std::ptrdiff_t dx, std::ptrdiff_t dy) const {
    return values_[static_cast<std::size_t>(dy + reach_) * side_ +
                   static_cast<std::size_t>(dx + reach_)];
  }
  [[nodiscard]] std::ptrdiff_t reach() const { return reach_; }
  [[nodiscard]] const std::vector<Correlation>& values() const { return values_; }

 private:
  std::ptrdiff_t reach_;
  std::size_t side_;
  std::vector<Correlation> values_;
};

/// Bartlett: independent pixels per pixel, 1 / sum_k rho_1(k) rho_2(k).
double independent_share(const Surface& first, const Surface& second) {
  double sum = 0.0;
  for (std::size_t k = 0; k < first.values().size(); ++k) {
    sum += first.values()[k].value * second.values()[k].value;
  }
  return 1.0 / std::max(sum, 1.0);
}

struct Sample {
  double value = nan;
  double slope_x = 0.0;
  double slope_y = 0.0;
};

/// Weights of Keys' cubic convolution (a = -1/2) for the part t, and their derivatives.
struct Cubic {
  explicit Cubic(double t)
      : weight{((-0.5 * t + 1.0) * t - 0.5) * t,
               (1.5 * t - 2.5) * t * t + 1.0,
               ((-1.5 * t + 2.0) * t + 0.5) * t,
               (0.5 * t - 0.5) * t * t},
        slope{(-1.5 * t + 2.0) * t - 0.5,
              (4.5 * t - 5.0) * t,
              (-4.5 * t + 4.0) * t + 0.5,
              (1.5 * t - 1.0) * t} {}
  std::array<double, 4> weight;
  std::array<double, 4> slope;
};

/// NaN unless all sixteen pixels around are measured.
Sample sample(
    std::span<const double> values, std::ptrdiff_t nx, std::ptrdiff_t ny, double x, double y) {
  const double fx = std::floor(x);
  const double fy = std::floor(y);
  const auto ix = static_cast<std::ptrdiff_t>(fx);
  const auto iy = static_cast<std::ptrdiff_t>(fy);
  if (ix < 1 || iy < 1 || ix + 2 >= nx || iy + 2 >= ny) {
    return {};
  }
  const Cubic cx(x - fx);
  const Cubic cy(y - fy);
  Sample out{0.0, 0.0, 0.0};
  for (std::size_t j = 0; j < 4; ++j) {
    const double* row = values.data() + (iy + static_cast<std::ptrdiff_t>(j) - 1) * nx + (ix - 1);
    double v = 0.0;
    double s = 0.0;
    for (std::size_t i = 0; i < 4; ++i) {
      v += cx.weight[i] * row[i];
      s += cx.slope[i] * row[i];
    }
    out.value += cy.weight[j] * v;
    out.slope_x += cy.weight[j] * s;
    out.slope_y += cy.slope[j] * v;
  }
  return out;
}

/// Where a line stands between the first (-1/2) and the last (+1/2) of its map.
double line_place(std::ptrdiff_t y, std::ptrdiff_t ny) {
  return ny > 1 ? static_cast<double>(y) / static_cast<double>(ny - 1) - 0.5 : 0.0;
}

/// Powers x^i y^j, i + j <= degree, of a place in [-1, 1]^2; the constant first.
class Background {
 public:
  explicit Background(int degree) {
    for (int sum = 0; sum <= degree; ++sum) {
      for (int j = 0; j <= sum; ++j) {
        powers_.push_back({sum - j, j});
      }
    }
  }
  [[nodiscard]] Eigen::Index terms() const { return static_cast<Eigen::Index>(powers_.size()); }
  void fill(double x, double y, Eigen::VectorXd& out, Eigen::Index from) const {
    for (const auto& [i, j] : powers_) {
      out(from++) = std::pow(x, i) * std::pow(y, j);
    }
  }

 private:
  std::vector<std::pair<int, int>> powers_;
};

/// Least squares of second(x) = gain * first(x - shift) + polynomial(x).
class Refinement {
 public:
  Refinement(const Prepared& first, const Prepared& second, const RegistrationParams& p)
      : first_(first),
        second_(second),
        background_(p.detrend_degree),
        shifts_(p.slow_drift ? 4 : 2),
        side_(p.block_side_pixels),
        parameters_(Eigen::VectorXd::Zero(shifts_ + 1 + background_.terms())) {}

  /// Gauss-Newton from the whole-pixel shift; false if it does not converge near it.
  bool run(double dx, double dy) {
    parameters_(0) = dx;
    parameters_(1) = dy;
    double last = 0.0;
    for (int k = 0; k < most_iterations; ++k) {
      if (!sum(k > 0)) {
        return false;
      }
      // Pixels enter and leave at the edges as the shift changes, which can keep full steps going
      // to and fro: later ones are shorter.
      const double share = k < full_steps ? 1.0 : 0.5;
      const Eigen::VectorXd step = share * normal_.ldlt().solve(right_);
      parameters_ += step;
      if (!step.allFinite() || std::abs(parameters_(0) - dx) > 2.0 ||
          std::abs(parameters_(1) - dy) > 2.0) {
        return false;
      }
      last = step.head(shifts_).cwiseAbs().maxCoeff();
      if (k > 1 && last < converged_pixels) {
        return true;
      }
    }
    return last < settled_pixels;
  }

  void fill(Registration& out) {
    const Eigen::MatrixXd inverse = slope_of_gradient().inverse();
    sum(true);
    // Blocks that hold data, and how many are left beside the parameters.
    const auto blocks =
        static_cast<double>((gradient_.colwise().squaredNorm().array() > 0).count());
    const double left = std::max(blocks - static_cast<double>(parameters_.size()), 1.0);
    const Eigen::MatrixXd covariance =
        blocks / left * inverse * (gradient_ * gradient_.transpose()) * inverse.transpose();
    const auto of = [&](Eigen::Index k) {
      return Estimate{parameters_(k), std::sqrt(std::max(covariance(k, k), 0.0))};
    };
    out.shift_x_pixels = of(0);
    out.shift_y_pixels = of(1);
    if (shifts_ == 4) {
      out.slow_x_pixels = of(2);
      out.slow_y_pixels = of(3);
    }
    out.gain = parameters_(shifts_);
    out.overlap = pixels_ / static_cast<double>(first_.nx * first_.ny);
  }

 private:
  /// Normal equations at the present parameters; the first time only gain and polynomial move.
  bool sum(bool with_shifts) {
    const Eigen::Index n = parameters_.size();
    const std::ptrdiff_t columns = (second_.nx + side_ - 1) / side_;
    const std::ptrdiff_t rows = (second_.ny + side_ - 1) / side_;
    normal_ = Eigen::MatrixXd::Zero(n, n);
    gradient_ = Eigen::MatrixXd::Zero(n, columns * rows);
    pixels_ = 0.0;
    Eigen::VectorXd slope(n);
    for (std::ptrdiff_t y = 0; y < second_.ny; ++y) {
      for (std::ptrdiff_t x = 0; x < second_.nx; ++x) {
        const double target = second_.values[static_cast<std::size_t>(y * second_.nx + x)];
        if (std::isfinite(target) && slope_at(x, y, with_shifts, slope)) {
          pixels_ += 1.0;
          const double model = slope.tail(n - shifts_).dot(parameters_.tail(n - shifts_));
          normal_.selfadjointView<Eigen::Lower>().rankUpdate(slope);
          gradient_.col(y / side_ * columns + x / side_) += slope * (target - model);
        }
      }
    }
    normal_ = normal_.selfadjointView<Eigen::Lower>();
    for (Eigen::Index k = 0; k < shifts_ && !with_shifts; ++k) {
      normal_(k, k) = 1.0;
    }
    right_ = gradient_.rowwise().sum();
    return pixels_ >= static_cast<double>(least_pixels);
  }

  /// Derivatives of the model at one pixel; false where the first map has nothing to give.
  bool slope_at(std::ptrdiff_t x,
                std::ptrdiff_t y,
                bool with_shifts,
                Eigen::VectorXd& slope) const {
    const double line = line_place(y, second_.ny);
    const Sample s = sample(first_.values,
                            first_.nx,
                            first_.ny,
                            static_cast<double>(x) - shift(0, line),
                            static_cast<double>(y) - shift(1, line));
    if (!std::isfinite(s.value)) {
      return false;
    }
    const double gain = with_shifts ? parameters_(shifts_) : 0.0;
    slope(0) = -gain * s.slope_x;
    slope(1) = -gain * s.slope_y;
    if (shifts_ == 4) {
      slope(2) = slope(0) * line;
      slope(3) = slope(1) * line;
    }
    slope(shifts_) = s.value;
    background_.fill(2.0 * line_place(x, second_.nx), 2.0 * line, slope, shifts_ + 1);
    return true;
  }

  /// Minus the derivative of the gradient by the parameters. By the shifts from differences over
  /// half a pixel: noise of the first map steepens single slopes (so J^T J is too large), but not
  /// the gradient as a whole.
  Eigen::MatrixXd slope_of_gradient() {
    constexpr double half_pixel = 0.25;
    sum(true);
    Eigen::MatrixXd out = normal_;
    const Eigen::VectorXd centre = parameters_;
    for (Eigen::Index k = 0; k < shifts_; ++k) {
      parameters_(k) = centre(k) + half_pixel;
      sum(true);
      const Eigen::VectorXd after = right_;
      parameters_(k) = centre(k) - half_pixel;
      sum(true);
      out.col(k) = (right_ - after) / (2.0 * half_pixel);
      parameters_ = centre;
    }
    return out;
  }

  [[nodiscard]] double shift(Eigen::Index axis, double line) const {
    return parameters_(axis) + (shifts_ == 4 ? parameters_(axis + 2) * line : 0.0);
  }

  const Prepared& first_;
  const Prepared& second_;
  Background background_;
  Eigen::Index shifts_;
  std::ptrdiff_t side_;
  Eigen::VectorXd parameters_;  // shift x, y, (slow x, y,) gain, polynomial
  Eigen::MatrixXd normal_;
  Eigen::MatrixXd gradient_;  // of each block
  Eigen::VectorXd right_;
  double pixels_ = 0.0;
};

struct Best {
  std::ptrdiff_t dx = 0;
  std::ptrdiff_t dy = 0;
  Correlation correlation;
};

std::optional<Best> best_shift(const Surface& surface, bool either_sign, double least) {
  std::optional<Best> best;
  const std::ptrdiff_t reach = surface.reach();
  double highest = -std::numeric_limits<double>::infinity();
  for (std::ptrdiff_t dy = -reach; dy <= reach; ++dy) {
    for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx) {
      const Correlation& c = surface.at(dx, dy);
      const double height = either_sign ? std::abs(c.value) : c.value;
      if (c.pixels >= least && height > highest) {
        highest = height;
        best = Best{dx, dy, c};
      }
    }
  }
  return best;
}

}  // namespace

void validate(const RegistrationParams& p) {
  require_range("largest_shift_pixels", p.largest_shift_pixels, 1, 200);
  require_range("smoothing_pixels", p.smoothing_pixels, 0.0, 20.0);
  require_range("detrend_degree", p.detrend_degree, 0, 5);
  require_range("significance", p.significance, 0.0, 100.0);
  require_range("least_overlap", p.least_overlap, 0.01, 1.0);
  require_range("block_side_pixels", p.block_side_pixels, 1, 1000);
}

std::vector<double> smoothed(const MapView& map, double sigma_pixels, double least_weight) {
  std::vector<double> out(map.values.begin(), map.values.end());
  if (!(sigma_pixels > 0.0)) {
    return out;
  }
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(3.0 * sigma_pixels));
  std::vector<double> kernel;
  for (std::ptrdiff_t k = -reach; k <= reach; ++k) {
    const double u = static_cast<double>(k) / sigma_pixels;
    kernel.push_back(std::exp(-0.5 * u * u));
  }
  const double total = std::accumulate(kernel.begin(), kernel.end(), 0.0);
  for (double& k : kernel) {
    k /= total;
  }
  const auto nx = static_cast<std::ptrdiff_t>(map.nx);
  const auto ny = static_cast<std::ptrdiff_t>(map.ny);
  std::vector<double> weight(out.size());
  for (std::size_t p = 0; p < out.size(); ++p) {
    weight[p] = std::isfinite(out[p]) ? 1.0 : 0.0;
    out[p] = weight[p] > 0.0 ? out[p] : 0.0;
  }
  const auto along = [&](std::vector<double>& v, std::ptrdiff_t stride) {
    const std::vector<double> in = v;
    for (std::ptrdiff_t p = 0; p < nx * ny; ++p) {
      const std::ptrdiff_t place = stride == 1 ? p % nx : p / nx;
      const std::ptrdiff_t length = stride == 1 ? nx : ny;
      double sum = 0.0;
      for (std::ptrdiff_t k = std::max(-reach, -place); k <= std::min(reach, length - 1 - place);
           ++k) {
        sum += kernel[static_cast<std::size_t>(k + reach)] *
               in[static_cast<std::size_t>(p + k * stride)];
      }
      v[static_cast<std::size_t>(p)] = sum;
    }
  };
  for (auto* v : {&out, &weight}) {
    along(*v, 1);
    along(*v, nx);
  }
  for (std::size_t p = 0; p < out.size(); ++p) {
    const bool known = std::isfinite(map.values[p]) && weight[p] >= least_weight;
    out[p] = known ? out[p] / weight[p] : nan;
  }
  return out;
}

namespace {

/// Fisher's z of a correlation of n independent pairs, in its standard deviations: a few features
/// that match well are no chance, though r sqrt(n) cannot exceed sqrt(n).
double significance_of(double correlation, double n) {
  constexpr double largest = 1.0 - 1e-9;
  return std::atanh(std::min(std::abs(correlation), largest)) * std::sqrt(std::max(n - 3.0, 0.0));
}

}  // namespace

Registration register_maps(const MapView& first,
                           const MapView& second,
                           const RegistrationParams& params,
                           Threads threads) {
  validate(params);
  Registration out;
  if (first.values.empty() || second.values.empty()) {
    return out;
  }
  const Prepared a = prepare(first, params);
  const Prepared b = prepare(second, params);
  const double smaller = static_cast<double>(std::min(a.nx * a.ny, b.nx * b.ny));
  const int reach = params.largest_shift_pixels;
  const Surface surface(a, b, reach, threads);
  const auto best =
      best_shift(surface,
                 params.either_sign,
                 std::max(params.least_overlap * smaller, static_cast<double>(least_pixels)));
  if (!best) {
    return out;
  }
  out.correlation = best->correlation.value;
  out.overlap = best->correlation.pixels / static_cast<double>(a.nx * a.ny);
  const double share =
      independent_share(Surface(a, a, reach, threads), Surface(b, b, reach, threads));
  out.significance = significance_of(out.correlation, best->correlation.pixels * share);
  if (!(out.significance >= params.significance)) {
    out.status = RegistrationStatus::no_common_structure;
    return out;
  }
  if (std::abs(best->dx) == reach || std::abs(best->dy) == reach) {
    out.status = RegistrationStatus::beyond_range;
    return out;
  }
  Refinement refinement(a, b, params);
  if (!refinement.run(static_cast<double>(best->dx), static_cast<double>(best->dy))) {
    out.status = RegistrationStatus::no_common_structure;
    return out;
  }
  refinement.fill(out);
  out.status = RegistrationStatus::found;
  return out;
}

std::vector<double> on_first(const MapView& second,
                             const Registration& registration,
                             std::size_t nx,
                             std::size_t ny) {
  require(registration.found(), "the maps are not registered");
  const auto columns = static_cast<std::ptrdiff_t>(second.nx);
  const auto rows = static_cast<std::ptrdiff_t>(second.ny);
  std::vector<double> out(nx * ny, nan);
  for (std::size_t p = 0; p < out.size(); ++p) {
    const auto iy = static_cast<std::ptrdiff_t>(p / nx);
    const double place = line_place(iy, rows);
    const double x = static_cast<double>(p % nx) + registration.shift_x_pixels.value +
                     registration.slow_x_pixels.value * place;
    const double y = static_cast<double>(iy) + registration.shift_y_pixels.value +
                     registration.slow_y_pixels.value * place;
    out[p] = sample(second.values, columns, rows, x, y).value;
  }
  return out;
}

}  // namespace halotwin::analysis
