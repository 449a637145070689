#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

DriveSettings ProbeDrive::configure(const DriveSettings& wanted) {
  s_->strike("configure drive");
  const Range range = frequency_range_hz();
  if (!std::isfinite(wanted.amplitude_v) || wanted.amplitude_v < 0.0 ||
      !std::isfinite(wanted.phase_rad) || !range.contains(wanted.frequency_hz)) {
    throw DeviceError(s_->role,
                      "configure drive",
                      fmt::format("{} V at {} Hz (must be >= 0 and between {} and {} Hz)",
                                  wanted.amplitude_v,
                                  wanted.frequency_hz,
                                  range.low,
                                  range.high),
                      Retry::no);
  }
  s_->drive = wanted;
  s_->settle();
  return s_->drive;
}

namespace {

struct ResonanceFit {
  double resonance_hz = 0.0;
  double resonance_sigma_hz = 0.0;
  double quality = 0.0;
  double quality_sigma = 0.0;
};

// Covariance matrix of a weighted least-squares problem: the inverse of its 3 x 3 normal matrix.
std::array<std::array<double, 3>, 3> inverse(const std::array<std::array<double, 3>, 3>& m) {
  std::array<std::array<double, 3>, 3> out{};
  double determinant = 0.0;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t r = 0; r < 3; ++r) {
      const std::size_t r1 = (r + 1) % 3;
      const std::size_t r2 = (r + 2) % 3;
      const std::size_t c1 = (c + 1) % 3;
      const std::size_t c2 = (c + 2) % 3;
      out[c][r] = m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
    }
    determinant += m[0][c] * out[c][0];
  }
  for (auto& row : out) {
    for (double& value : row) {
      value /= determinant;
    }
  }
  return out;
}

// Weighted linear least squares in u = 1/A^2, which is exactly a parabola in s = f^2:
//   u = K [(1 - s/f0^2)^2 + s/(f0 Q)^2],   vertex s_v = f0^2 (1 - q/2),   q = 1/Q^2,
//   u(s_v) / (u''/2 s_v^2) = p / (1 - p),   p = q - q^2/4
ResonanceFit fit_resonance(const std::vector<double>& frequency_hz,
                           const std::vector<double>& amplitude_m,
                           double noise_m) {
  const double top = frequency_hz[static_cast<std::size_t>(
      std::max_element(amplitude_m.begin(), amplitude_m.end()) - amplitude_m.begin())];
  const double scale =
      frequency_hz.back() * frequency_hz.back() - frequency_hz.front() * frequency_hz.front();
  std::array<std::array<double, 3>, 3> normal{};
  std::array<double, 3> right{};
  for (std::size_t i = 0; i < frequency_hz.size(); ++i) {
    const double x = (frequency_hz[i] - top) * (frequency_hz[i] + top) / scale;
    const double u = 1.0 / (amplitude_m[i] * amplitude_m[i]);
    const double weight = std::pow(amplitude_m[i], 6.0) / (4.0 * noise_m * noise_m);
    const std::array<double, 3> base{1.0, x, x * x};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        normal[r][c] += weight * base[r] * base[c];
      }
      right[r] += weight * base[r] * u;
    }
  }
  const auto covariance = inverse(normal);
  std::array<double, 3> fit{};
  for (std::size_t r = 0; r < 3; ++r) {
    fit[r] =
        covariance[r][0] * right[0] + covariance[r][1] * right[1] + covariance[r][2] * right[2];
  }
  const auto [a, b, c] = fit;
  const double x_v = -b / (2.0 * c);
  const double floor = a + 0.5 * b * x_v;
  const double s_v = top * top + x_v * scale;
  const double ratio = floor / c * (scale / s_v) * (scale / s_v);
  const double q = 2.0 * (1.0 - std::sqrt(1.0 - ratio / (1.0 + ratio)));
  const auto sigma = [&covariance](const std::array<double, 3>& gradient) {
    double variance = 0.0;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t k = 0; k < 3; ++k) {
        variance += gradient[r] * covariance[r][k] * gradient[k];
      }
    }
    return std::sqrt(variance);
  };
  ResonanceFit result;
  result.resonance_hz = std::sqrt(s_v / (1.0 - 0.5 * q));
  result.quality = 1.0 / std::sqrt(q);
  result.resonance_sigma_hz =
      scale / (2.0 * result.resonance_hz) * sigma({0.0, -0.5 / c, -x_v / c});
  result.quality_sigma =
      0.5 * result.quality * sigma({1.0 / floor, x_v / floor, x_v * x_v / floor - 1.0 / c});
  return result;
}

}  // namespace

TuneResult ProbeDrive::tune(double centre_hz,
                            double span_hz,
                            std::size_t points,
                            const std::stop_token& stop) {
  s_->strike("tune");
  if (!(span_hz > 0.0) || points < 5 || !frequency_range_hz().contains(centre_hz)) {
    throw DeviceError(s_->role,
                      "tune",
                      "needs at least 5 points over a span > 0 inside the drive's range",
                      Retry::no);
  }
  const physics::CantileverParams lever = s_->lever();
  const double noise =
      lever.detection_noise_m_per_sqrt_hz / std::sqrt(2.0 * s_->params.tune_dwell_s) + 1.0e-12;
  TuneResult result;
  result.frequency_hz =
      linear_spacing(centre_hz - 0.5 * span_hz, centre_hz + 0.5 * span_hz, points);
  RandomStream draw(s_->world->seed(),
                    Purpose::deflection_noise,
                    static_cast<std::uint32_t>(s_->place),
                    ++s_->readings);
  // the mode that is nearest answers; the tail of the other, 0.3 % of it, is left out: the fit of
  // the controller knows one resonance only
  const physics::CantileverParams second = s_->second_mode();
  const physics::CantileverParams& mode =
      std::abs(centre_hz - second.resonance_hz) < std::abs(centre_hz - lever.resonance_hz) ? second
                                                                                           : lever;
  // the shaken base drives both modes alike; amplitudes in metres of the tip
  const double per_force = s_->drive.amplitude_v * s_->params.drive_response_m_per_v *
                           lever.stiffness_n_per_m / lever.quality_factor;
  for (const double frequency : result.frequency_hz) {
    s_->world->clock().sleep(from_seconds(s_->params.tune_dwell_s), stop);
    const std::complex<double> response =
        per_force * physics::susceptibility_m_per_n(mode, 2.0 * constants::pi * frequency) +
        std::complex<double>(noise * draw.normal(), noise * draw.normal());
    result.amplitude_m.push_back(std::abs(response));
    result.phase_rad.push_back(std::arg(response));
  }
  const ResonanceFit fit = fit_resonance(result.frequency_hz, result.amplitude_m, noise);
  result.resonance_hz = fit.resonance_hz;
  result.resonance_sigma_hz = fit.resonance_sigma_hz;
  result.quality_factor = fit.quality;
  result.quality_factor_sigma = fit.quality_sigma;
  result.free_amplitude_m = *std::max_element(result.amplitude_m.begin(), result.amplitude_m.end());
  s_->tuned = true;
  s_->settle();
  return result;
}

}  // namespace halotwin::devices::simulated
