#include "analysis/control_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>
#include <unsupported/Eigen/NonLinearOptimization>

#include "analysis/transfer.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

using Complex = std::complex<double>;

constexpr double smallest_quality = 2.0;
constexpr double largest_quality = 1e5;

/// Products without the library's search for infinities, which takes most of the time.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

double chi_squared_of(const Eigen::VectorXd& residual) {
  return residual.squaredNorm();
}

/// What is fitted: x = (detuning [Hz] / scale, ln Q, ln g_1, ln g_2 ...).
class Problem {
 public:
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  // NOLINTNEXTLINE(readability-identifier-naming): the names that Eigen asks for
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  Problem(const ControlSweeps& sweeps, bool flat_sample)
      : sweeps_(&sweeps), flat_sample_(flat_sample) {
    for (const double f : sweeps.frequencies_hz) {
      filter_.push_back(
          sweeps.time_constant_s > 0.0
              ? low_pass_response(2.0 * f, sweeps.time_constant_s, sweeps.filter_order)
              : Complex(1.0));
    }
    model_.resize(sweeps.readings.size());
    sample_.resize(points());
  }

  [[nodiscard]] std::size_t points() const { return sweeps_->frequencies_hz.size(); }
  [[nodiscard]] std::size_t settings() const { return sweeps_->drive_hz.size(); }
  [[nodiscard]] int inputs() const { return static_cast<int>(settings()) + 1; }
  [[nodiscard]] int values() const { return static_cast<int>(2 * settings() * points()); }
  [[nodiscard]] int freedom() const {
    return values() - inputs() - (flat_sample_ ? 2 : static_cast<int>(2 * points()));
  }

  static double detuning_hz(const Eigen::VectorXd& x) { return detuning_scale_hz * x(0); }
  static double quality(const Eigen::VectorXd& x) {
    return std::clamp(std::exp(x(1)), smallest_quality, largest_quality);
  }
  static double gain(const Eigen::VectorXd& x, std::size_t k) {
    return k == 0 ? 1.0 : std::exp(x(static_cast<Eigen::Index>(k) + 1));
  }
  [[nodiscard]] Eigen::VectorXd start(double detuning_hz, double quality) const {
    Eigen::VectorXd x = Eigen::VectorXd::Zero(inputs());
    x(0) = detuning_hz / detuning_scale_hz;
    x(1) = std::log(quality);
    return x;
  }

  /// Residuals over sigma, with the best sample for these parameters.
  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& residual) const {
    set_model(x);
    set_sample();
    for (std::size_t j = 0; j < model_.size(); ++j) {
      const Complex rest =
          (sweeps_->readings[j] - times(model_[j], sample_[j % points()])) / sweeps_->sigmas[j];
      residual(static_cast<Eigen::Index>(2 * j)) = rest.real();
      residual(static_cast<Eigen::Index>(2 * j + 1)) = rest.imag();
    }
    return 0;
  }
  /// Central differences: the residual is smooth, and there are few parameters.
  int df(const Eigen::VectorXd& x, Eigen::MatrixXd& jacobian) const {
    Eigen::VectorXd above(values());
    Eigen::VectorXd below(values());
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      Eigen::VectorXd moved = x;
      moved(i) = x(i) + step;
      (*this)(moved, above);
      moved(i) = x(i) - step;
      (*this)(moved, below);
      jacobian.col(i) = (above - below) / (2.0 * step);
    }
    return 0;
  }

  /// S(f) of the last call; and its weight 1 / variance of real and imaginary part.
  [[nodiscard]] const std::vector<Complex>& sample() const { return sample_; }
  [[nodiscard]] double sample_weight(std::size_t i) const {
    double weight = 0.0;
    for (std::size_t k = 0; k < settings(); ++k) {
      weight += std::norm(model_[k * points() + i]) / variance(k * points() + i);
    }
    return weight;
  }
  /// The gains that fit best with the lever as in x and the sample as it was found last.
  void improve_gains(Eigen::VectorXd& x) const {
    std::vector<double> gains(settings(), 0.0);
    for (std::size_t k = 0; k < settings(); ++k) {
      double above = 0.0;
      double below = 0.0;
      for (std::size_t i = 0; i < points(); ++i) {
        const std::size_t j = k * points() + i;
        const Complex expected = times(model_[j], sample_[i]);
        above += times(std::conj(expected), sweeps_->readings[j]).real() / variance(j);
        below += std::norm(expected) / variance(j);
      }
      gains[k] = gain(x, k) * std::clamp(above / below, 0.1, 10.0);
    }
    for (std::size_t k = 1; k < settings(); ++k) {
      x(static_cast<Eigen::Index>(k) + 1) = std::log(gains[k] / gains[0]);
    }
  }

 private:
  static constexpr double detuning_scale_hz = 100.0;
  static constexpr double step = 1e-5;

  [[nodiscard]] double variance(std::size_t j) const {
    return sweeps_->sigmas[j] * sweeps_->sigmas[j];
  }

  void set_model(const Eigen::VectorXd& x) const {
    const double resonance = sweeps_->drive_hz[0] - detuning_hz(x);
    const double q = quality(x);
    for (std::size_t k = 0; k < settings(); ++k) {
      const double g = gain(x, k) / q;
      for (std::size_t i = 0; i < points(); ++i) {
        model_[k * points() + i] =
            g * times(filter_[i],
                      lever_phase_response(
                          resonance, q, sweeps_->drive_hz[k], 2.0 * sweeps_->frequencies_hz[i]));
      }
    }
  }

  void set_sample() const {
    Complex all = 0.0;
    double all_weight = 0.0;
    for (std::size_t i = 0; i < points(); ++i) {
      Complex sum = 0.0;
      for (std::size_t k = 0; k < settings(); ++k) {
        const std::size_t j = k * points() + i;
        sum += times(std::conj(model_[j]), sweeps_->readings[j]) / variance(j);
      }
      const double weight = sample_weight(i);
      sample_[i] = sum / weight;
      all += sum;
      all_weight += weight;
    }
    if (flat_sample_) {
      std::fill(sample_.begin(), sample_.end(), all / all_weight);
    }
  }

  const ControlSweeps* sweeps_;
  bool flat_sample_;
  std::vector<Complex> filter_;
  mutable std::vector<Complex> model_;
  mutable std::vector<Complex> sample_;
};

struct Fitted {
  Eigen::VectorXd x;
  double chi_squared = std::numeric_limits<double>::infinity();
  bool converged = false;
};

Fitted refine(const Problem& problem, const Eigen::VectorXd& start) {
  Fitted fitted{start};
  Problem mine = problem;
  Eigen::LevenbergMarquardt<Problem> search(mine);
  search.parameters.maxfev = 200;
  const auto status = search.minimize(fitted.x);
  fitted.converged = status >= Eigen::LevenbergMarquardtSpace::RelativeReductionTooSmall &&
                     status <= Eigen::LevenbergMarquardtSpace::CosinusTooSmall;
  fitted.chi_squared = chi_squared_of(search.fvec);
  return fitted;
}

/// Starts of the search: the best detuning of each quality factor, gains improved once.
std::vector<Eigen::VectorXd> scan(const Problem& problem, const ControlFitOptions& options) {
  std::vector<Eigen::VectorXd> starts;
  Eigen::VectorXd residual(problem.values());
  for (const double quality : options.quality_starts) {
    const double step = options.expected_resonance_hz / (2.0 * quality);  // half width
    const int steps = static_cast<int>(std::ceil(options.max_detuning_hz / step));
    double best = std::numeric_limits<double>::infinity();
    Eigen::VectorXd found;
    for (int n = -steps; n <= steps; ++n) {
      Eigen::VectorXd x = problem.start(n * step, quality);
      problem(x, residual);
      problem.improve_gains(x);
      problem(x, residual);
      const double chi_squared = chi_squared_of(residual);
      if (chi_squared < best) {
        best = chi_squared;
        found = x;
      }
    }
    if (found.size() > 0) {
      starts.push_back(found);
    }
  }
  return starts;
}

Fitted best_fit(const Problem& problem, const std::vector<Eigen::VectorXd>& starts) {
  Fitted best;
  for (const Eigen::VectorXd& start : starts) {
    Fitted fitted = refine(problem, start);
    if (fitted.chi_squared < best.chi_squared) {
      best = std::move(fitted);
    }
  }
  return best;
}

bool usable(const ControlSweeps& sweeps) {
  if (sweeps.drive_hz.size() < 2 || sweeps.frequencies_hz.size() < 4) {
    return false;
  }
  for (std::size_t j = 0; j < sweeps.readings.size(); ++j) {
    const bool fine = std::isfinite(sweeps.readings[j].real()) &&
                      std::isfinite(sweeps.readings[j].imag()) && sweeps.sigmas[j] > 0.0 &&
                      std::isfinite(sweeps.sigmas[j]);
    if (!fine) {
      return false;
    }
  }
  return true;
}

/// Mean real part above `fast_from_hz` (the highest quarter if nothing lies there).
double fast_response(std::span<const double> frequencies_hz,
                     const std::vector<Complex>& sample,
                     double fast_from_hz) {
  const double from = frequencies_hz.back() > fast_from_hz
                          ? fast_from_hz
                          : frequencies_hz[3 * frequencies_hz.size() / 4];
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (frequencies_hz[i] >= from) {
      sum += sample[i].real();
      count += 1.0;
    }
  }
  return sum / std::max(count, 1.0);
}

Eigen::VectorXd loss_of(const std::vector<Complex>& sample, double fast) {
  Eigen::VectorXd loss(static_cast<Eigen::Index>(sample.size()));
  for (std::size_t i = 0; i < sample.size(); ++i) {
    loss(static_cast<Eigen::Index>(i)) = -sample[i].imag() / fast;
  }
  return loss;
}

/// Fills response, loss and its covariance: noise of each channel plus what the errors of the
/// fitted parameters do to all channels.
void divide_out(const Problem& problem,
                const ControlSweeps& sweeps,
                const Fitted& fitted,
                const Eigen::MatrixXd& covariance,
                double fast_from_hz,
                ControlFit& out) {
  Eigen::VectorXd residual(problem.values());
  const auto at = [&](const Eigen::VectorXd& x) {
    problem(x, residual);
    return loss_of(problem.sample(),
                   fast_response(sweeps.frequencies_hz, problem.sample(), fast_from_hz));
  };
  const auto n = static_cast<Eigen::Index>(problem.points());
  Eigen::MatrixXd slopes(n, problem.inputs());
  for (Eigen::Index i = 0; i < slopes.cols(); ++i) {
    constexpr double step = 1e-5;
    Eigen::VectorXd moved = fitted.x;
    moved(i) += step;
    const Eigen::VectorXd above = at(moved);
    moved(i) -= 2.0 * step;
    slopes.col(i) = (above - at(moved)) / (2.0 * step);
  }
  const Eigen::VectorXd loss = at(fitted.x);
  const double fast = fast_response(sweeps.frequencies_hz, problem.sample(), fast_from_hz);
  const double widening = std::max(1.0, out.chi_squared / out.freedom);
  out.loss_covariance = slopes * covariance * slopes.transpose();
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto c = static_cast<std::size_t>(i);
    out.loss_covariance(i, i) += widening / (problem.sample_weight(c) * fast * fast);
    out.response.push_back(problem.sample()[c] / fast);
    out.loss.push_back(loss(i));
  }
}

}  // namespace

std::complex<double> lever_phase_response(double resonance_hz,
                                          double quality,
                                          double drive_hz,
                                          double modulation_hz) {
  struct Parts {
    double re, im;
  };
  const auto c = [&](double f) -> Parts {
    const double r = f / resonance_hz;
    const double stiff = 1.0 - r * r;
    const double damped = r / quality;
    const double norm = stiff * stiff + damped * damped;
    return {stiff / norm, -damped / norm};
  };
  const Parts up = c(drive_hz + modulation_hz);
  const Parts down = c(drive_hz - modulation_hz);
  return {-0.5 * (up.im + down.im), 0.5 * (up.re - down.re)};
}

Sideband sideband_of(double detuning_hz, double half_width_hz) {
  const double d2 = detuning_hz * detuning_hz;
  const double g2 = half_width_hz * half_width_hz;
  const double square = std::abs(detuning_hz) * std::sqrt(d2 + 4.0 * g2) - g2;
  Sideband out;
  if (!(square > 0.0)) {
    return out;
  }
  const auto phi2 = [&](double f2) {
    const double below = d2 + g2 - f2;
    return (f2 + g2) / (below * below + 4.0 * f2 * g2);
  };
  out.present = true;
  out.stimulus_hz = 0.5 * std::sqrt(square);
  out.rise = std::sqrt(phi2(square) / phi2(0.0));
  return out;
}

void validate(const ControlFitOptions& p) {
  require_range("max_detuning_hz", p.max_detuning_hz, 1.0, 1e6);
  require_range("expected_resonance_hz", p.expected_resonance_hz, 1e3, 1e7);
  for (const double quality : p.quality_starts) {
    require_range("quality_starts", quality, smallest_quality, largest_quality);
  }
}

ControlFit fit_control(const ControlSweeps& sweeps,
                       double fast_from_hz,
                       const ControlFitOptions& options) {
  validate(options);
  require(sweeps.readings.size() == sweeps.drive_hz.size() * sweeps.frequencies_hz.size() &&
              sweeps.sigmas.size() == sweeps.readings.size(),
          "one reading and one sigma per setting and frequency expected");
  ControlFit out;
  if (!usable(sweeps)) {
    return out;
  }
  const Problem problem(sweeps, false);
  const Fitted fitted = best_fit(problem, scan(problem, options));
  out.status = fitted.converged ? ControlFitStatus::converged : ControlFitStatus::not_converged;
  out.chi_squared = fitted.chi_squared;
  out.freedom = problem.freedom();
  Eigen::MatrixXd jacobian(problem.values(), problem.inputs());
  problem.df(fitted.x, jacobian);
  const double widening = std::max(1.0, out.chi_squared / out.freedom);
  const Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
  const Eigen::MatrixXd covariance =
      widening * normal.completeOrthogonalDecomposition().pseudoInverse();
  const auto sigma = [&](Eigen::Index i) { return std::sqrt(std::max(0.0, covariance(i, i))); };
  const double hz_per_step = Problem::detuning_hz(Eigen::VectorXd::Ones(problem.inputs()));
  out.detuning_hz = {Problem::detuning_hz(fitted.x), hz_per_step * sigma(0)};
  out.quality = {Problem::quality(fitted.x), Problem::quality(fitted.x) * sigma(1)};
  out.gains.push_back({1.0, 0.0});
  for (std::size_t k = 1; k < sweeps.drive_hz.size(); ++k) {
    const double g = Problem::gain(fitted.x, k);
    out.gains.push_back({g, g * sigma(static_cast<Eigen::Index>(k) + 1)});
  }
  divide_out(problem, sweeps, fitted, covariance, fast_from_hz, out);
  return out;
}

ControlAlternatives alternatives_of(const ControlSweeps& sweeps,
                                    double tuned_resonance_hz,
                                    double tuned_quality,
                                    const ControlFit& fit) {
  ControlAlternatives out;
  if (fit.status == ControlFitStatus::no_data) {
    return out;
  }
  const Problem free_sample(sweeps, false);
  Eigen::VectorXd residual(free_sample.values());
  Eigen::VectorXd x = free_sample.start(sweeps.drive_hz[0] - tuned_resonance_hz, tuned_quality);
  for (int turn = 0; turn < 5; ++turn) {
    free_sample(x, residual);
    free_sample.improve_gains(x);
  }
  free_sample(x, residual);
  out.sample_only = chi_squared_of(residual) / (free_sample.freedom() + 2);

  const Problem flat(sweeps, true);
  Eigen::VectorXd lever = flat.start(fit.detuning_hz.value, fit.quality.value);
  out.instrument_only = refine(flat, lever).chi_squared / flat.freedom();
  return out;
}

}  // namespace halotwin::analysis
