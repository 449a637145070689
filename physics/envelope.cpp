#include "physics/envelope.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>
#include <Eigen/QR>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;
using constants::pi;

namespace {

constexpr double nearest_gap_m = 0.1e-9;
constexpr double small_first = 0.02;  // of the second harmonic: then it is left to linear theory

// Discrete Fourier transform of `samples` points for a few harmonics, by table.
class Turns {
 public:
  explicit Turns(int samples) : turn_(static_cast<std::size_t>(samples)) {
    for (int i = 0; i < samples; ++i) {
      turn_[static_cast<std::size_t>(i)] = std::polar(1.0, 2.0 * pi * i / samples);
    }
  }
  [[nodiscard]] int samples() const { return static_cast<int>(turn_.size()); }
  /// e^{i n W t_j}
  [[nodiscard]] Complex operator()(int n, int j) const {
    const int count = samples();
    return turn_[static_cast<std::size_t>(((n * j) % count + count) % count)];
  }

 private:
  std::vector<Complex> turn_;
};

template <class T>
Complex coefficient(const Turns& turns, const std::vector<T>& values, int n) {
  Complex sum;
  for (int j = 0; j < turns.samples(); ++j) {
    sum += values[static_cast<std::size_t>(j)] * std::conj(turns(n, j));
  }
  return sum / static_cast<double>(turns.samples());
}

// Where harmonic n, from -h to h, stands in an array.
std::size_t place_of(int n, int h) {
  const int place = n + h;
  return static_cast<std::size_t>(place);
}

Complex value_at(const Turns& turns, const std::vector<Complex>& harmonics, int j) {
  const int h = static_cast<int>(harmonics.size() / 2);
  Complex sum;
  for (int n = -h; n <= h; ++n) {
    sum += harmonics[place_of(n, h)] * turns(n, j);
  }
  return sum;
}

class Balance {
 public:
  Balance(const EnvelopeProblem& p, int per_stimulus, int harmonics)
      : p_(&p),
        h_(harmonics),
        turns_(4 * harmonics),
        base_(per_stimulus * p.stimulus_rad_per_s),
        gradient_(0.5 * p.voltage.mean_v2 *
                  orbit_averaged_curvature(p.tip, p.amplitude_m, p.centre_gap_m).total()) {
    const CantileverParams lever =
        stiffened(p.lever, std::max(-gradient_, -0.95 * p.lever.stiffness_n_per_m));
    gradient_ = p.lever.stiffness_n_per_m - lever.stiffness_n_per_m;
    const double drive = 2.0 * pi * p.drive_hz;
    for (int n = -h_; n <= h_; ++n) {
      lever_.push_back(susceptibility_m_per_n(lever, drive + n * base_));
    }
    for (int n = 0; n <= h_; ++n) {
      bending_.push_back(susceptibility_m_per_n(p.lever, n * base_));
      loop_.push_back(p.base_m && n > 0 ? p.base_m(n * base_) : Complex{});
    }
    for (int j = 0; j < turns_.samples(); ++j) {
      const Complex first = per_stimulus == 1 ? turns_(1, j) : Complex{};
      const Complex second = turns_(2 / per_stimulus, j);
      square_.push_back(p.voltage.mean_v2 +
                        (p.voltage.first_v2 * first + p.voltage.second_v2 * second).real());
    }
    envelope_.assign(lever_.size(), Complex{});
    envelope_[static_cast<std::size_t>(h_)] = lever_[static_cast<std::size_t>(h_)] * p.force_n;
    shift_.assign(square_.size(), 0.0);
    base_move_.assign(square_.size(), 0.0);
  }

  // What the equations give from the present state; the state does not change.
  [[nodiscard]] Eigen::VectorXd image() const {
    const auto samples = static_cast<std::size_t>(turns_.samples());
    std::vector<Complex> residual(samples);
    std::vector<double> pull(samples);
    std::vector<double> relative(samples);
    const double carrier = std::abs(envelope_[static_cast<std::size_t>(h_)]);
    for (std::size_t j = 0; j < samples; ++j) {
      const Complex a = value_at(turns_, envelope_, static_cast<int>(j));
      const double gap =
          std::max(p_->centre_gap_m + shift_[j] + base_move_[j], 2.0 * nearest_gap_m);
      const double amplitude = std::min(std::abs(a), gap - nearest_gap_m);
      const double curvature = orbit_averaged_curvature(p_->tip, amplitude, gap).total();
      const double slope = orbit_averaged_gradient(p_->tip, amplitude, gap).total();
      residual[j] = (0.5 * square_[j] * curvature - gradient_) * a +
                    p_->force_n * p_->contact_per_m * base_move_[j];
      pull[j] = 0.5 * square_[j] * slope + p_->held_n;
      relative[j] = std::abs(a) / carrier - 1.0;
    }
    std::vector<Complex> next(envelope_.size());
    for (int n = -h_; n <= h_; ++n) {
      const auto k = place_of(n, h_);
      next[k] = lever_[k] * (coefficient(turns_, residual, n) + (n == 0 ? p_->force_n : 0.0));
    }
    std::vector<double> shift(samples, 0.0);
    std::vector<double> move(samples, 0.0);
    for (int n = 0; n <= h_; ++n) {
      const auto k = static_cast<std::size_t>(n);
      const Complex bend = bending_[k] * coefficient(turns_, pull, n);
      const Complex lift = p_->base_m ? loop_[k] * coefficient(turns_, relative, n) : Complex{};
      const double twice = n == 0 ? 1.0 : 2.0;
      for (std::size_t j = 0; j < samples; ++j) {
        const Complex turn = turns_(n, static_cast<int>(j));
        shift[j] += twice * (bend * turn).real();
        move[j] += twice * (lift * turn).real();
      }
    }
    return packed(next, shift, move);
  }

  // The unknowns in units of the orbit's amplitude.
  [[nodiscard]] Eigen::VectorXd state() const { return packed(envelope_, shift_, base_move_); }
  void set_state(const Eigen::VectorXd& u) {
    Eigen::Index i = 0;
    for (Complex& a : envelope_) {
      a = p_->amplitude_m * Complex(u(i), u(i + 1));
      i += 2;
    }
    for (double& value : shift_) {
      value = p_->amplitude_m * u(i++);
    }
    for (double& value : base_move_) {
      value = p_->amplitude_m * u(i++);
    }
  }

  [[nodiscard]] Envelope result() const {
    Envelope e;
    e.harmonics_m = envelope_;
    e.base_rad_per_s = base_;
    return e;
  }

 private:
  [[nodiscard]] Eigen::VectorXd packed(const std::vector<Complex>& envelope,
                                       const std::vector<double>& shift,
                                       const std::vector<double>& move) const {
    Eigen::VectorXd u(static_cast<Eigen::Index>(2 * envelope.size() + shift.size() + move.size()));
    Eigen::Index i = 0;
    for (const Complex& a : envelope) {
      u(i++) = a.real() / p_->amplitude_m;
      u(i++) = a.imag() / p_->amplitude_m;
    }
    for (const double value : shift) {
      u(i++) = value / p_->amplitude_m;
    }
    for (const double value : move) {
      u(i++) = value / p_->amplitude_m;
    }
    return u;
  }

  const EnvelopeProblem* p_;
  int h_;
  Turns turns_;
  double base_;
  double gradient_;
  std::vector<Complex> lever_, bending_, loop_;
  std::vector<double> square_;
  std::vector<Complex> envelope_;
  std::vector<double> shift_, base_move_;
};

// Anderson's mixing: the combination of the last steps whose residual is smallest.
class Mixing {
 public:
  Eigen::VectorXd next(const Eigen::VectorXd& before, const Eigen::VectorXd& after) {
    const Eigen::VectorXd residual = after - before;
    if (last_residual_.size() > 0) {
      steps_.push_back(after - last_after_);
      changes_.push_back(residual - last_residual_);
      if (steps_.size() > memory) {
        steps_.erase(steps_.begin());
        changes_.erase(changes_.begin());
      }
    }
    last_after_ = after;
    last_residual_ = residual;
    if (changes_.empty()) {
      return after;
    }
    Eigen::MatrixXd m(residual.size(), static_cast<Eigen::Index>(changes_.size()));
    for (std::size_t k = 0; k < changes_.size(); ++k) {
      m.col(static_cast<Eigen::Index>(k)) = changes_[k];
    }
    const Eigen::VectorXd weight = m.colPivHouseholderQr().solve(residual);
    Eigen::VectorXd mixed = after;
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      mixed -= weight(static_cast<Eigen::Index>(k)) * steps_[k];
    }
    return mixed;
  }

 private:
  static constexpr std::size_t memory = 6;
  std::vector<Eigen::VectorXd> steps_, changes_;
  Eigen::VectorXd last_after_, last_residual_;
};

}  // namespace

Envelope solve_envelope(const EnvelopeProblem& problem, const EnvelopeOptions& options) {
  require_positive("stimulus_rad_per_s", problem.stimulus_rad_per_s);
  require_positive("centre_gap_m", problem.centre_gap_m);
  require_positive("amplitude_m", problem.amplitude_m);
  const bool even =
      std::abs(problem.voltage.first_v2) <= small_first * std::abs(problem.voltage.second_v2);
  const int per_stimulus = even ? 2 : 1;
  Balance balance(problem, per_stimulus, even ? 4 : 8);
  Mixing mixing;
  bool converged = false;
  int iterations = 0;
  while (!converged && iterations < options.max_iterations) {
    ++iterations;
    const Eigen::VectorXd before = balance.state();
    const Eigen::VectorXd after = balance.image();
    if (!after.allFinite()) {
      break;
    }
    converged = (after - before).cwiseAbs().maxCoeff() <= options.tolerance;
    balance.set_state(converged ? after : mixing.next(before, after));
  }
  Envelope result = balance.result();
  result.per_stimulus = per_stimulus;
  result.converged = converged;
  result.iterations = iterations;
  return result;
}

EnvelopeModulation modulation_of(const Envelope& envelope,
                                 const std::function<Complex(double)>& filter) {
  const int h = static_cast<int>(envelope.harmonics_m.size() / 2);
  std::vector<Complex> seen = envelope.harmonics_m;
  if (filter) {
    for (int n = -h; n <= h; ++n) {
      seen[place_of(n, h)] *= filter(n * envelope.base_rad_per_s);
    }
  }
  const Turns turns(8 * h);
  const Complex carrier = seen[static_cast<std::size_t>(h)];
  std::vector<double> phase(static_cast<std::size_t>(turns.samples()));
  std::vector<double> modulus(phase.size());
  for (std::size_t j = 0; j < phase.size(); ++j) {
    const Complex turned = value_at(turns, seen, static_cast<int>(j)) / carrier;
    phase[j] = std::arg(turned);
    modulus[j] = std::abs(turned);
  }
  EnvelopeModulation out;
  const double mean = coefficient(turns, modulus, 0).real();
  out.mean_phase_rad = std::arg(carrier) + coefficient(turns, phase, 0).real();
  out.mean_amplitude_m = mean * std::abs(carrier);
  for (int k = 1; k <= 2; ++k) {
    if (k % envelope.per_stimulus == 0) {
      const int n = k / envelope.per_stimulus;
      const auto i = static_cast<std::size_t>(k - 1);
      out.phase_rad[i] = 2.0 * coefficient(turns, phase, n);
      out.amplitude[i] = 2.0 * coefficient(turns, modulus, n) / mean;
    }
  }
  return out;
}

}  // namespace halotwin::physics
