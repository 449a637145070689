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
                               const SpectrumFitOptions& options)
    : options_(options) {
  require(frequency_hz.size() == freedom.size() && frequency_hz.size() >= 5,
          "a fit of a spectrum needs at least 5 frequencies");
  require(options.white >= 0.0, "the white noise of a spectrum must not be negative");
  const double dt = options.frame_time_s;
  orders_ = dt > 0.0 ? 2 * fold_orders + 1 : 1;
  for (std::size_t i = 0; i < frequency_hz.size(); ++i) {
    require(frequency_hz[i] > 0.0 && freedom[i] > 0.0, "frequencies must be positive");
    for (std::size_t k = 0; k < orders_; ++k) {
      const double order = orders_ == 1 ? 0.0 : static_cast<double>(k) - fold_orders;
      const double f = dt > 0.0 ? std::abs(frequency_hz[i] + order / dt) : frequency_hz[i];
      log_f_.push_back(std::log(f));
      weight_.push_back(dt > 0.0 ? sinc_squared(f * dt) : 1.0);
    }
    bias_.push_back(boost::math::digamma(0.5 * freedom[i]) - std::log(0.5 * freedom[i]));
    inverse_sd_.push_back(1.0 / std::sqrt(boost::math::trigamma(0.5 * freedom[i])));
  }
  f_min_ = *std::min_element(frequency_hz.begin(), frequency_hz.end());
  f_max_ = *std::max_element(frequency_hz.begin(), frequency_hz.end());
}

// Residuals of both models, with their derivatives. x = (ln A, beta) or (ln A, beta, ln f0);
// outside of the bounds nothing changes.
class SpectrumFitter::Problem {
 public:
  Problem(const SpectrumFitter& fitter, std::span<const double> density, int parameters)
      : fitter_(&fitter),
        parameters_(parameters),
        low_ln_f_(std::log(fitter.f_min_ / 30.0)),
        high_ln_f_(std::log(3.0 * fitter.f_max_)) {
    const double floor = std::max(1e-3 * fitter.options_.white, 1e-300);
    for (std::size_t i = 0; i < density.size(); ++i) {
      target_.push_back(std::log(std::max(density[i], floor)) - fitter.bias_[i]);
    }
  }

  [[nodiscard]] int values() const { return static_cast<int>(target_.size()); }
  [[nodiscard]] static double exponent(const Eigen::VectorXd& x) {
    return std::clamp(x(1), lowest_exponent, highest_exponent);
  }
  [[nodiscard]] double ln_corner(const Eigen::VectorXd& x) const {
    return parameters_ == 3 ? std::clamp(x(2), low_ln_f_, high_ln_f_) : 0.0;
  }

  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& residual) const {
    for (int i = 0; i < values(); ++i) {
      const Model m = at(x, static_cast<std::size_t>(i));
      residual(i) = (m.logarithm - target_[static_cast<std::size_t>(i)]) * m.weight;
    }
    return 0;
  }
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& jacobian) const {
    for (int i = 0; i < values(); ++i) {
      const Model m = at(x, static_cast<std::size_t>(i));
      jacobian(i, 0) = m.weight * m.by_amplitude;
      jacobian(i, 1) = exponent(x) == x(1) ? m.weight * m.by_exponent : 0.0;
      if (parameters_ == 3) {
        jacobian(i, 2) = ln_corner(x) == x(2) ? m.weight * m.by_corner : 0.0;
      }
    }
    return 0;
  }

  // The sum of squares has other minima, at corners beyond the band and between its lowest lines,
  // which are few and noisy. So corners all over the band are tried, a quarter of a decade apart,
  // each with its best amplitude.
  [[nodiscard]] Eigen::Vector3d best_start(std::span<const double> density) const {
    const double apart = 0.25 * std::log(10.0);
    double least = std::numeric_limits<double>::infinity();
    Eigen::Vector3d best = Eigen::Vector3d::Zero();
    Eigen::VectorXd residual(values());
    Eigen::MatrixXd jacobian(values(), 3);
    const double last = std::log(fitter_->f_max_);
    for (double corner = std::log(fitter_->f_min_); corner <= last; corner += apart) {
      Eigen::VectorXd x = Eigen::Vector3d(std::log(plateau(density, corner)), 2.0, corner);
      for (int k = 0; k < 3; ++k) {  // Gauss-Newton in ln A alone
        (*this)(x, residual);
        df(x, jacobian);
        const double slope = jacobian.col(0).squaredNorm();
        x(0) -= slope > 0.0 ? std::clamp(jacobian.col(0).dot(residual) / slope, -3.0, 3.0) : 0.0;
      }
      (*this)(x, residual);
      if (residual.squaredNorm() < least) {
        least = residual.squaredNorm();
        best = x;
      }
    }
    return best;
  }

 private:
  // Mean density up to a corner, above the white noise.
  [[nodiscard]] double plateau(std::span<const double> density, double ln_corner) const {
    const double white = fitter_->options_.white;
    double sum = density[0];
    std::size_t lines = 1;
    while (lines < density.size() &&
           fitter_->log_f_[lines * fitter_->orders_ + fitter_->orders_ / 2] <= ln_corner) {
      sum += density[lines++];
    }
    return std::max(sum / static_cast<double>(lines) - white, 1e-3 * white + 1e-300);
  }

  struct Model {
    double logarithm = 0.0;  // ln S
    double by_amplitude = 0.0, by_exponent = 0.0, by_corner = 0.0;
    double weight = 1.0;
  };
  [[nodiscard]] Model at(const Eigen::VectorXd& x, std::size_t i) const {
    const SpectrumFitter& f = *fitter_;
    const double amplitude = std::exp(std::clamp(x(0), -700.0, 700.0));
    const double beta = exponent(x);
    const double corner = ln_corner(x);
    const double one = parameters_ == 3 ? 1.0 : 0.0;
    Model m;
    double model = 0.0;
    for (std::size_t k = i * f.orders_; k < (i + 1) * f.orders_; ++k) {
      const double ratio = f.log_f_[k] - corner;
      const double power = std::exp(beta * ratio);
      const double s = f.weight_[k] * amplitude / (one + power);
      const double share = s * power / (one + power);
      model += s;
      m.by_exponent -= share * ratio;
      m.by_corner += share * beta;
    }
    const double total = model + f.options_.white;
    m.logarithm = std::log(total);
    m.by_amplitude = model / total;
    m.by_exponent /= total;
    m.by_corner /= total;
    m.weight = f.inverse_sd_[i];
    return m;
  }

  const SpectrumFitter* fitter_;
  int parameters_;
  double low_ln_f_;
  double high_ln_f_;
  std::vector<double> target_;
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
  solver.parameters.ftol = 1e-8;
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

LorentzianFit SpectrumFitter::lorentzian(std::span<const double> density) const {
  require(density.size() == bias_.size(), "one density per frequency expected");
  Problem problem(*this, density, 3);
  const Minimum m = minimise(problem, problem.best_start(density));
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

PowerLawFit SpectrumFitter::power_law(std::span<const double> density) const {
  require(density.size() == bias_.size(), "one density per frequency expected");
  Problem problem(*this, density, 2);
  const double first = std::max(density.front() - options_.white, 1e-3 * options_.white + 1e-300);
  constexpr double start = 1.3;
  const Minimum m =
      minimise(problem, Eigen::Vector2d(std::log(first) + start * std::log(f_min_), start));
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
