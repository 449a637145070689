#include "analysis/spectrum_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Dense>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <unsupported/Eigen/NonLinearOptimization>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double lowest_exponent = 0.3;
constexpr double highest_exponent = 4.0;
constexpr int fold_orders = 3;
constexpr double starts_apart = 0.25 * 2.302585092994046;  // a quarter of a decade
constexpr int amplitude_steps = 2;

double sinc_squared(double x) {
  const double u = constants::pi * x;
  return std::abs(u) < 1e-8 ? 1.0 : std::pow(std::sin(u) / u, 2.0);
}

}  // namespace

double LorentzianFit::time_s() const {
  return 1.0 / (2.0 * constants::pi * corner_hz.value);
}

SpectrumFitter::SpectrumFitter(std::span<const double> frequency_hz,
                               std::span<const double> freedom,
                               double frame_time_s) {
  require(frequency_hz.size() == freedom.size() && frequency_hz.size() >= 5,
          "a fit of a spectrum needs at least 5 frequencies");
  const double dt = frame_time_s;
  const Eigen::Index orders = dt > 0.0 ? 2 * fold_orders + 1 : 1;
  const Eigen::Index middle = orders / 2;
  const auto bins = static_cast<Eigen::Index>(frequency_hz.size());
  log_f_.resize(orders, bins);
  weight_.resize(orders, bins);
  bias_.resize(bins);
  inverse_sd_.resize(bins);
  for (Eigen::Index i = 0; i < bins; ++i) {
    const double frequency = frequency_hz[static_cast<std::size_t>(i)];
    const double nu = freedom[static_cast<std::size_t>(i)];
    require(frequency > 0.0 && nu > 0.0, "frequencies must be positive");
    for (Eigen::Index k = 0; k < orders; ++k) {
      const double order = static_cast<double>(k - middle);
      const double f = dt > 0.0 ? std::abs(frequency + order / dt) : frequency;
      log_f_(k, i) = std::log(f);
      weight_(k, i) = dt > 0.0 ? sinc_squared(f * dt) : 1.0;
    }
    bias_(i) = boost::math::digamma(0.5 * nu) - std::log(0.5 * nu);
    inverse_sd_(i) = 1.0 / std::sqrt(boost::math::trigamma(0.5 * nu));
  }
  ln_f_min_ = log_f_.row(middle).minCoeff();
  ln_f_max_ = log_f_.row(middle).maxCoeff();
  for (double corner = ln_f_min_; corner <= ln_f_max_; corner += starts_apart) {
    start_ln_corner_.push_back(corner);
  }
  start_shape_.resize(bins, static_cast<Eigen::Index>(start_ln_corner_.size()));
  for (Eigen::Index c = 0; c < start_shape_.cols(); ++c) {
    const double corner = start_ln_corner_[static_cast<std::size_t>(c)];
    const Eigen::ArrayXXd power = (2.0 * (log_f_ - corner)).exp();
    start_shape_.col(c) = (weight_ / (1.0 + power)).colwise().sum().transpose();
  }
}

Eigen::ArrayXd SpectrumFitter::target(std::span<const double> density, double white) const {
  require(density.size() == static_cast<std::size_t>(bias_.size()),
          "one density per frequency expected");
  require(white >= 0.0, "the white noise of a spectrum must not be negative");
  const Eigen::Map<const Eigen::ArrayXd> seen(density.data(), bias_.size());
  return seen.max(std::max(1e-3 * white, 1e-300)).log() - bias_;
}

// The sum of squares has other minima, at corners beyond the band and between its lowest lines,
// which are few and noisy. So corners all over the band are tried, each with its best amplitude.
Eigen::Vector3d SpectrumFitter::best_start(const Eigen::ArrayXd& target, double white) const {
  double least = std::numeric_limits<double>::infinity();
  Eigen::Vector3d best = Eigen::Vector3d::Zero();
  const Eigen::ArrayXd density = (target + bias_).exp();
  Eigen::ArrayXd model;
  Eigen::ArrayXd total;
  Eigen::ArrayXd residual;
  for (Eigen::Index c = 0; c < start_shape_.cols(); ++c) {
    const double corner = start_ln_corner_[static_cast<std::size_t>(c)];
    double ln_a = std::log(plateau(density, corner, white));
    double chi_squared = 0.0;
    for (int k = 0; k < amplitude_steps; ++k) {  // Gauss-Newton in ln A alone
      model = std::exp(ln_a) * start_shape_.col(c);
      total = model + white;
      residual = (total.log() - target) * inverse_sd_;
      model *= inverse_sd_ / total;  // slope of the residuals
      const double norm = model.square().sum();
      const double step = norm > 0.0 ? std::clamp((model * residual).sum() / norm, -3.0, 3.0) : 0.0;
      ln_a -= step;
      chi_squared = (residual - step * model).square().sum();
    }
    if (chi_squared < least) {
      least = chi_squared;
      best = Eigen::Vector3d(ln_a, 2.0, corner);
    }
  }
  return best;
}

// Mean density up to a corner, above the white noise.
double SpectrumFitter::plateau(const Eigen::ArrayXd& density,
                               double ln_corner,
                               double white) const {
  const auto ln_f = log_f_.row(log_f_.rows() / 2);
  double sum = density(0);
  Eigen::Index lines = 1;
  while (lines < density.size() && ln_f(lines) <= ln_corner) {
    sum += density(lines++);
  }
  return std::max(sum / static_cast<double>(lines) - white, 1e-3 * white + 1e-300);
}

// Residuals of both models, with their derivatives. x = (ln A, beta) or (ln A, beta, ln f0);
// outside of the bounds nothing changes.
class SpectrumFitter::Problem {
 public:
  Problem(const SpectrumFitter& fitter, Eigen::ArrayXd target, double white, int parameters)
      : fitter_(&fitter),
        target_(std::move(target)),
        white_(white),
        parameters_(parameters),
        low_ln_f_(fitter.ln_f_min_ - std::log(30.0)),
        high_ln_f_(fitter.ln_f_max_ + std::log(3.0)) {}

  [[nodiscard]] int values() const { return static_cast<int>(target_.size()); }
  [[nodiscard]] static double exponent(const Eigen::VectorXd& x) {
    return std::clamp(x(1), lowest_exponent, highest_exponent);
  }
  [[nodiscard]] double ln_corner(const Eigen::VectorXd& x) const {
    return parameters_ == 3 ? std::clamp(x(2), low_ln_f_, high_ln_f_) : 0.0;
  }

  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& residual) {
    evaluate(x);
    residual = (total_.log() - target_) * fitter_->inverse_sd_;
    return 0;
  }
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& jacobian) {
    evaluate(x);
    scale_ = fitter_->inverse_sd_ / total_;
    jacobian.col(0) = scale_ * (total_ - white_);
    part_ *= power_ / (one() + power_);
    at_.resize(0);  // part_ is used up
    if (parameters_ == 3) {
      const double inside = ln_corner(x) == x(2) ? 1.0 : 0.0;
      jacobian.col(2) = inside * exponent(x) * scale_ * part_.colwise().sum().transpose();
    }
    part_ *= fitter_->log_f_ - ln_corner(x);
    const double inside = exponent(x) == x(1) ? 1.0 : 0.0;
    jacobian.col(1) = -inside * scale_ * part_.colwise().sum().transpose();
    return 0;
  }

 private:
  [[nodiscard]] double one() const { return parameters_ == 3 ? 1.0 : 0.0; }

  // The solver asks for the residuals and then for their derivatives of the same place.
  void evaluate(const Eigen::VectorXd& x) {
    if (at_.size() == x.size() && at_ == x) {
      return;
    }
    at_ = x;
    const double amplitude = std::exp(std::clamp(x(0), -700.0, 700.0));
    power_ = (exponent(x) * (fitter_->log_f_ - ln_corner(x))).exp();
    part_ = amplitude * fitter_->weight_ / (one() + power_);
    total_ = part_.colwise().sum().transpose() + white_;
  }

  const SpectrumFitter* fitter_;
  Eigen::ArrayXd target_;
  double white_;
  int parameters_;
  double low_ln_f_;
  double high_ln_f_;
  Eigen::VectorXd at_;
  Eigen::ArrayXXd power_;  // (f/f0)^beta
  Eigen::ArrayXXd part_;   // of the density, by order
  Eigen::ArrayXd total_;
  Eigen::ArrayXd scale_;
};

namespace {

struct Minimum {
  Eigen::VectorXd x;
  Eigen::VectorXd sigma;
  double chi_squared = 0.0;
  bool converged = false;
};

template <class Problem>
Minimum minimise(Problem& problem, Eigen::VectorXd x) {
  Eigen::LevenbergMarquardt<Problem> solver(problem);
  solver.parameters.maxfev = 100;
  solver.parameters.factor = 0.3;  // of the first step: a longer one may end beyond the bounds
  solver.parameters.xtol = 1e-6;
  solver.parameters.ftol = 1e-6;
  const auto status = solver.minimize(x);
  Minimum out;
  out.converged = status != Eigen::LevenbergMarquardtSpace::TooManyFunctionEvaluation &&
                  status != Eigen::LevenbergMarquardtSpace::ImproperInputParameters;
  out.chi_squared = solver.fnorm * solver.fnorm;
  Eigen::MatrixXd jacobian(problem.values(), x.size());
  problem.df(x, jacobian);
  Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
  normal.diagonal().array() += 1e-12;  // a parameter at its bound has no slope: an enormous error
  out.sigma = normal.inverse().diagonal().cwiseMax(0.0).cwiseSqrt();
  out.x = std::move(x);
  return out;
}

}  // namespace

LorentzianFit SpectrumFitter::lorentzian(std::span<const double> density, double white) const {
  Eigen::ArrayXd wanted = target(density, white);
  const Eigen::Vector3d start = best_start(wanted, white);
  Problem problem(*this, std::move(wanted), white, 3);
  const Minimum m = minimise(problem, start);
  LorentzianFit out;
  const double a = std::exp(m.x(0));
  const double f0 = std::exp(problem.ln_corner(m.x));
  out.amplitude = {a, a * m.sigma(0)};
  out.corner_hz = {f0, f0 * m.sigma(2)};
  out.exponent = {Problem::exponent(m.x), m.sigma(1)};
  out.chi_squared = m.chi_squared;
  out.converged = m.converged;
  return out;
}

PowerLawFit SpectrumFitter::power_law(std::span<const double> density, double white) const {
  Problem problem(*this, target(density, white), white, 2);
  const double first = std::max(density.front() - white, 1e-3 * white + 1e-300);
  constexpr double start = 1.3;
  const Minimum m = minimise(problem, Eigen::Vector2d(std::log(first) + start * ln_f_min_, start));
  PowerLawFit out;
  const double a = std::exp(m.x(0));
  out.amplitude = {a, a * m.sigma(0)};
  out.exponent = {Problem::exponent(m.x), m.sigma(1)};
  out.chi_squared = m.chi_squared;
  out.converged = m.converged;
  return out;
}

bool saturates(const LorentzianFit& l, const PowerLawFit& p, const SaturationRule& rule) {
  const double gain = (p.chi_squared + 2.0 * 2.0) - (l.chi_squared + 2.0 * 3.0);
  return gain > rule.least_gain && l.corner_hz.value > rule.corner_hz &&
         l.exponent.value >= rule.exponent;
}

}  // namespace halotwin::analysis
