#include "analysis/transient.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "analysis/uncertainty.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t min_lines = 12;  // three parameters and a plateau to measure the noise on

/// Least squares of residual = c + a exp(-y / L) for a given L.
struct DecayFit {
  double offset = 0.0;
  double amplitude = 0.0;
  double chi2 = 0.0;
};

DecayFit fit_decay(std::span<const double> line, std::span<const double> value, double length) {
  Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
  Eigen::Vector2d right = Eigen::Vector2d::Zero();
  double squares = 0.0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const Eigen::Vector2d row(1.0, std::exp(-line[i] / length));
    normal += row * row.transpose();
    right += row * value[i];
    squares += value[i] * value[i];
  }
  const Eigen::Vector2d c = normal.ldlt().solve(right);
  return {c(0), c(1), std::max(0.0, squares - c.dot(right))};
}

double best_length(std::span<const double> line, std::span<const double> value) {
  const double longest = 0.5 * (line.back() + 1.0);
  auto chi2 = [&](double ln_length) { return fit_decay(line, value, std::exp(ln_length)).chi2; };
  constexpr std::size_t scan_points = 60;
  const auto grid = log_spacing(1.0, std::max(2.0, longest), scan_points);
  std::size_t best = 0;
  for (std::size_t i = 1; i < grid.size(); ++i) {
    if (chi2(std::log(grid[i])) < chi2(std::log(grid[best]))) {
      best = i;
    }
  }
  double low = std::log(grid[best > 0 ? best - 1 : 0]);
  double high = std::log(grid[std::min(best + 1, grid.size() - 1)]);
  constexpr double golden = 0.6180339887498949;
  for (int i = 0; i < 40; ++i) {  // interval shrinks by 1e-8
    const double a = high - golden * (high - low);
    const double b = low + golden * (high - low);
    (chi2(a) < chi2(b) ? high : low) = chi2(a) < chi2(b) ? b : a;
  }
  return std::exp(0.5 * (low + high));
}

/// Standard deviation of the residual between neighbouring lines, the decay taken off: free of slow
/// trends, and of the steps of the decay itself.
double line_noise(std::span<const double> line,
                  std::span<const double> value,
                  const DecayFit& fit,
                  double length) {
  const auto rest = [&](std::size_t i) {
    return value[i] - fit.amplitude * std::exp(-line[i] / length);
  };
  std::vector<double> steps;
  for (std::size_t i = 1; i < value.size(); ++i) {
    steps.push_back(rest(i) - rest(i - 1));
  }
  return standard_deviation(steps) / std::sqrt(2.0);
}

/// Covariance of (amplitude, L) from the Jacobian, noise `sigma` per line, c marginalised.
Eigen::Matrix3d covariance(std::span<const double> line,
                           double amplitude,
                           double length,
                           double sigma) {
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  for (const double y : line) {
    const double e = std::exp(-y / length);
    const Eigen::Vector3d row(1.0, e, amplitude * e * y / (length * length));
    normal += row * row.transpose();
  }
  return sigma * sigma * normal.completeOrthogonalDecomposition().pseudoInverse();
}

}  // namespace

void validate(const TransientParams& p) {
  require_positive("residual_below_hz", p.residual_below_hz);
  require_positive("fit_above_hz", p.fit_above_hz);
  require_range("threshold_fraction", p.threshold_fraction, 1e-6, 1.0);
  require_range("components", p.components, 0, 64);
  require_range("detection_sigmas", p.detection_sigmas, 1.0, 100.0);
}

std::size_t Transient::lines_to_exclude() const {
  return status == TransientStatus::found && end_line > 0.0
             ? static_cast<std::size_t>(std::ceil(end_line))
             : 0;
}

namespace {

struct Bands {
  std::vector<Eigen::Index> slow;
  std::vector<Eigen::Index> fast;
};

Bands bands_of(std::span<const double> f, const TransientParams& params) {
  Bands bands;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f[i] < params.residual_below_hz) {
      bands.slow.push_back(static_cast<Eigen::Index>(i));
    } else if (f[i] > params.fit_above_hz) {
      bands.fast.push_back(static_cast<Eigen::Index>(i));
    }
  }
  return bands;
}

/// Linear prediction of the slow channels' mean from the fast channels.
struct Prediction {
  Eigen::RowVectorXd centre;
  Eigen::MatrixXd components;  // fast channels x components
  Eigen::VectorXd slopes;
  Eigen::VectorXd slope_sigmas;  // of the regression
  double offset = 0.0;

  [[nodiscard]] double operator()(const Eigen::RowVectorXd& fast) const {
    return offset + ((fast - centre) * components).dot(slopes);
  }
};

/// Trained on samples x fast channels and the slow mean of each sample.
Prediction train(const Eigen::MatrixXd& fast, const Eigen::VectorXd& slow, Eigen::Index wanted) {
  Prediction p;
  p.centre = fast.colwise().mean();
  const Eigen::MatrixXd deviation = fast.rowwise() - p.centre;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> axes(deviation.transpose() * deviation);
  const Eigen::Index count =
      std::min({wanted, fast.cols(), std::max<Eigen::Index>(fast.rows() - 2, 0)});
  p.components = axes.eigenvectors().rightCols(count);
  p.offset = slow.mean();
  if (count == 0 || deviation.isZero(0.0)) {  // nothing to learn from: the mean
    p.components = Eigen::MatrixXd::Zero(fast.cols(), 1);
    p.slopes = Eigen::VectorXd::Zero(1);
    p.slope_sigmas = Eigen::VectorXd::Zero(1);
    return p;
  }
  const Eigen::MatrixXd scores = deviation * p.components;
  p.slopes =
      scores.completeOrthogonalDecomposition().solve(Eigen::VectorXd(slow.array() - p.offset));
  const Eigen::VectorXd rest = slow.array() - p.offset - (scores * p.slopes).array();
  const auto dof = static_cast<double>(std::max<Eigen::Index>(1, slow.size() - count - 1));
  const double variance = rest.squaredNorm() / dof;
  p.slope_sigmas =
      (variance / scores.colwise().squaredNorm().array().max(1e-300)).sqrt().transpose();
  return p;
}

/// Mean below `residual_below_hz` of each line, less its prediction; empty if the bands or the
/// samples do not suffice. `by_slope`: what one sigma of each slope of the prediction adds.
struct UltraslowResidual {
  std::vector<double> line;
  std::vector<std::vector<double>> by_slope;  // [slope][line]
};
UltraslowResidual ultraslow_residual(const RowArray& lines,
                                     std::span<const double> f,
                                     const RowArray& later,
                                     const TransientParams& params) {
  const Bands bands = bands_of(f, params);
  if (bands.slow.empty() || bands.fast.empty() || later.rows() < 1) {
    return {};
  }
  const Prediction predict = train(later.matrix()(Eigen::all, bands.fast),
                                   later.matrix()(Eigen::all, bands.slow).rowwise().mean(),
                                   params.components);
  UltraslowResidual residual;
  residual.by_slope.resize(static_cast<std::size_t>(predict.slopes.size()));
  for (Eigen::Index y = 0; y < lines.rows(); ++y) {
    const Eigen::RowVectorXd fast = lines.matrix()(y, bands.fast);
    residual.line.push_back(lines.matrix()(y, bands.slow).mean() - predict(fast));
    const Eigen::RowVectorXd scores = (fast - predict.centre) * predict.components;
    for (Eigen::Index k = 0; k < scores.size(); ++k) {
      residual.by_slope[static_cast<std::size_t>(k)].push_back(scores(k) * predict.slope_sigmas(k));
    }
  }
  return residual;
}

}  // namespace

Transient find_transient(const RowArray& line_means,
                         std::span<const double> frequencies_hz,
                         const RowArray& later,
                         const TransientParams& params) {
  validate(params);
  require(line_means.cols() == static_cast<Eigen::Index>(frequencies_hz.size()) &&
              (later.rows() == 0 || later.cols() == line_means.cols()),
          "lines, later samples and frequencies have different numbers of channels");
  Transient t;
  const UltraslowResidual residual = ultraslow_residual(line_means, frequencies_hz, later, params);
  t.residual = residual.line;
  std::vector<double> line;
  std::vector<double> value;
  for (std::size_t y = 0; y < t.residual.size(); ++y) {
    if (std::isfinite(t.residual[y])) {
      line.push_back(static_cast<double>(y));
      value.push_back(t.residual[y]);
    }
  }
  if (line.size() < min_lines) {
    t.status = TransientStatus::too_few_lines;
    return t;
  }
  Eigen::ArrayXd plateau = Eigen::ArrayXd::Zero(line_means.cols());
  double plateau_lines = 0.0;
  for (std::size_t i = line.size() / 2; i < line.size(); ++i) {
    plateau += line_means.row(static_cast<Eigen::Index>(line[i])).transpose();
    plateau_lines += 1.0;
  }
  const double threshold = params.threshold_fraction * (plateau / plateau_lines).maxCoeff();
  const double length = best_length(line, value);
  const DecayFit fit = fit_decay(line, value, length);
  const auto dof = static_cast<double>(line.size() - 3);
  const double sigma = std::max(line_noise(line, value, fit, length), std::sqrt(fit.chi2 / dof));
  const Eigen::Matrix3d cov = covariance(line, fit.amplitude, length, sigma);
  // Significance with L held: amplitude and L are strongly correlated where the decay is short.
  const double spread = standard_deviation(value);
  const double gain = spread * spread * static_cast<double>(value.size() - 1) - fit.chi2;
  t.amplitude = fit.amplitude;
  t.amplitude_sigma = std::sqrt(std::max(0.0, cov(1, 1)));
  t.decay_lines = length;
  const bool is_significant =
      gain > params.detection_sigmas * params.detection_sigmas * sigma * sigma;
  if (!is_significant || !(threshold > 0.0) || std::abs(fit.amplitude) <= threshold) {
    t.status = TransientStatus::none;
    return t;
  }
  t.status = TransientStatus::found;
  const double ratio = std::log(std::abs(fit.amplitude) / threshold);
  t.end_line = length * ratio;
  const double by_amplitude = length / fit.amplitude;
  double variance = by_amplitude * by_amplitude * cov(1, 1) + ratio * ratio * cov(2, 2) +
                    2.0 * by_amplitude * ratio * cov(1, 2);
  // A slope of the prediction that is off adds a decay of its own, where the ultraslow response
  // reaches into the fast channels: it moves all lines together.
  for (const auto& change : residual.by_slope) {
    std::vector<double> moved;
    for (std::size_t i = 0; i < line.size(); ++i) {
      moved.push_back(value[i] + change[static_cast<std::size_t>(line[i])]);
    }
    const double other_length = best_length(line, moved);
    const double other = std::abs(fit_decay(line, moved, other_length).amplitude);
    const double shift = other_length * std::log(other / threshold) - t.end_line;
    variance += other > threshold ? shift * shift : 0.0;
  }
  t.end_sigma = std::sqrt(std::max(0.0, variance));
  return t;
}

}  // namespace halotwin::analysis
