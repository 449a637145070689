// Joint fit of control sweeps on made data: recovery with calibrated errors, peaks, nulls.
#include "analysis/control_fit.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/control_peaks.hpp"
#include "analysis/transfer.hpp"
#include "base/errors.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

using Complex = std::complex<double>;
constexpr double drive_hz = 75.0e3;
constexpr double filter_s = 3.0e-6;

// Envelope of a driven oscillator whose stiffness is modulated, from the two side bands: relative
// motion 1 + p e^{iWt} + m e^{-iWt} with p = -chi(+), m = -chi(-) (dk/2 = 1); phase = Im of it.
Complex phase_by_side_bands(double f0, double q, double drive, double modulation) {
  const auto chi = [&](double f) {
    return 1.0 / (1.0 - (f / f0) * (f / f0) + Complex(0.0, f / (f0 * q)));
  };
  const Complex p = -chi(drive + modulation);
  const Complex m = -chi(drive - modulation);
  return 0.5 * (p - std::conj(m)) / Complex(0.0, 1.0);
}

struct Made {
  double detuning_hz = 0.0;
  double quality = 150.0;
  double line = 0.0;  // amplitude of a line of quality 3
  double line_hz = 1000.0;
  double noise = 0.005;  // of the largest reading of each sweep, real and imaginary part each
  std::uint32_t repeat = 0;
};

struct Sweeps {
  std::vector<double> f = log_spacing(100.0, 8000.0, 64);
  std::vector<double> drives{drive_hz, drive_hz - 300.0, drive_hz + 300.0, drive_hz - 600.0};
  std::vector<Complex> readings;
  std::vector<double> sigmas;

  [[nodiscard]] ControlSweeps view() const { return {f, drives, readings, sigmas, filter_s, 4}; }
};

Sweeps make(const Made& m) {
  const std::vector<double> gains{1.0, 0.9, 1.1, 1.05};
  Sweeps s;
  RandomStream random(7, Purpose::test_data, m.repeat);
  for (std::size_t k = 0; k < s.drives.size(); ++k) {
    std::vector<Complex> sweep;
    double largest = 0.0;
    for (const double f : s.f) {
      const Complex r =
          1.0 + m.line * m.line_hz * m.line_hz /
                    (m.line_hz * m.line_hz - f * f + Complex(0.0, f * m.line_hz / 3.0));
      sweep.push_back(
          -2.0e-4 * gains[k] * r * r * low_pass_response(2.0 * f, filter_s, 4) *
          phase_by_side_bands(drive_hz - m.detuning_hz, m.quality, s.drives[k], 2.0 * f));
      largest = std::max(largest, std::abs(sweep.back()));
    }
    for (Complex z : sweep) {
      const double sigma = m.noise * largest;
      const double re = random.normal();
      s.readings.push_back(z + sigma * Complex(re, random.normal()));
      s.sigmas.push_back(sigma);
    }
  }
  return s;
}

TEST(LeverPhase, IsThatOfTheSideBands) {
  for (const double drive : {73.0e3, 75.0e3, 75.4e3}) {
    for (const double modulation : {10.0, 300.0, 16000.0}) {
      const Complex a = lever_phase_response(75.0e3, 150.0, drive, modulation);
      const Complex b = phase_by_side_bands(75.0e3, 150.0, drive, modulation);
      EXPECT_LT(std::abs(a - b), 1e-12 * std::abs(b));
    }
  }
}

TEST(Sideband, LiesWhereTheLeversResponseHasItsMaximum) {
  constexpr double f0 = 75.0e3;
  constexpr double q = 200.0;
  for (const double detuning : {-300.0, 500.0, -1000.0, -2000.0}) {
    const auto modulus = [&](double f) {
      return std::abs(lever_phase_response(f0, q, f0 + detuning, 2.0 * f));
    };
    double top = 1.0;
    for (double f = 1.0; f < 2000.0; f += 0.5) {
      top = modulus(f) > modulus(top) ? f : top;
    }
    const Sideband found = sideband_of(detuning, f0 / (2.0 * q));
    ASSERT_TRUE(found.present);
    EXPECT_NEAR(found.stimulus_hz, top, 0.01 * top + 1.0) << detuning;
    EXPECT_NEAR(found.rise, modulus(top) / modulus(1e-3), 0.03 * found.rise) << detuning;
  }
  EXPECT_FALSE(sideband_of(0.48 * 250.0, 250.0).present);
  EXPECT_TRUE(sideband_of(0.49 * 250.0, 250.0).present);
}

TEST(ControlFit, FindsDetuningAndQualityWithoutNoise) {
  for (const double detuning : {-4500.0, -700.0, 0.0, 28.0, 1500.0, 6000.0}) {
    Made m{.detuning_hz = detuning, .quality = 120.0, .line = 0.03};
    m.noise = 1e-9;
    const Sweeps s = make(m);
    const ControlFit fit = fit_control(s.view(), 4.0e3);
    ASSERT_EQ(fit.status, ControlFitStatus::converged) << detuning;
    EXPECT_NEAR(fit.detuning_hz.value, detuning, 1e-3) << detuning;
    EXPECT_NEAR(fit.quality.value, 120.0, 1e-3) << detuning;
    EXPECT_NEAR(fit.gains[3].value, 1.05, 1e-5) << detuning;
  }
}

// Errors in units of their sigma: mean 0, standard deviation 1, over independent repeats.
TEST(ControlFit, ItsSigmasAreRight) {
  constexpr std::uint32_t repeats = 200;
  std::vector<double> square(4, 0.0);
  double chi_squared = 0.0;
  std::size_t channel = 0;
  for (std::uint32_t r = 0; r < repeats; ++r) {
    const Made m{.detuning_hz = 1200.0, .line = 0.03, .repeat = r};
    const Sweeps s = make(m);
    const ControlFit fit = fit_control(s.view(), 4.0e3);
    Made clean = m;
    clean.noise = 1e-9;
    static const ControlFit truth = fit_control(make(clean).view(), 4.0e3);
    channel = 35;  // about 1140 Hz, beside the sideband
    const auto c = static_cast<Eigen::Index>(channel);
    const std::vector<double> pulls{
        (fit.detuning_hz.value - 1200.0) / fit.detuning_hz.sigma,
        (fit.quality.value - 150.0) / fit.quality.sigma,
        (fit.gains[1].value - 0.9) / fit.gains[1].sigma,
        (fit.loss[channel] - truth.loss[channel]) / std::sqrt(fit.loss_covariance(c, c))};
    for (std::size_t i = 0; i < pulls.size(); ++i) {
      square[i] += pulls[i] * pulls[i] / repeats;
    }
    chi_squared += fit.chi_squared / fit.freedom / repeats;
  }
  for (const double s : square) {
    EXPECT_NEAR(s, 1.0, 0.35);  // 3.5 sigma of the mean of 200 squares
  }
  EXPECT_NEAR(chi_squared, 1.0, 0.02);
}

std::vector<ControlPeak> peaks_of(const Made& m) {
  const Sweeps s = make(m);
  return control_peaks(s.f, drive_hz, fit_control(s.view(), 4.0e3));
}

TEST(ControlPeaks, TellWhoseTheyAre) {
  for (std::uint32_t r = 0; r < 20; ++r) {
    Made m{.line = 0.03, .line_hz = 900.0, .repeat = r};
    m.noise = 0.002;
    auto peaks = peaks_of(m);
    ASSERT_EQ(peaks.size(), 1U) << r;
    EXPECT_EQ(peaks[0].origin, PeakOrigin::sample);
    EXPECT_NEAR(peaks[0].position_hz.value, 900.0, 60.0);

    m.detuning_hz = -2400.0;
    peaks = peaks_of(m);
    ASSERT_EQ(peaks.size(), 2U) << r;
    EXPECT_EQ(peaks[0].origin, PeakOrigin::sample);
    EXPECT_EQ(peaks[1].origin, PeakOrigin::instrument);
    EXPECT_NEAR(peaks[1].position_hz.value, 1206.0, 5.0);
    EXPECT_GT(peaks[1].probability, 0.999);

    m.line = 0.0;
    peaks = peaks_of(m);
    ASSERT_EQ(peaks.size(), 1U) << r;
    EXPECT_EQ(peaks[0].origin, PeakOrigin::instrument);

    m.detuning_hz = 0.0;
    EXPECT_TRUE(peaks_of(m).empty()) << r;
  }
}

TEST(ControlPeaks, ALineBelowTheSidebandIsStillFound) {
  Made m{.detuning_hz = 2000.0, .line = 0.03, .line_hz = 1000.0};
  m.noise = 0.002;
  const auto peaks = peaks_of(m);
  ASSERT_EQ(peaks.size(), 2U);
  EXPECT_NE(peaks[0].origin, peaks[1].origin);
}

TEST(ControlAlternativesTest, FitWorseThanWhatIsTrue) {
  const Made m{.detuning_hz = 2000.0, .line = 0.03};
  const Sweeps s = make(m);
  const ControlFit fit = fit_control(s.view(), 4.0e3);
  const ControlAlternatives other = alternatives_of(s.view(), drive_hz, 150.0, fit);
  EXPECT_LT(fit.chi_squared / fit.freedom, 1.3);
  EXPECT_GT(other.sample_only, 3.0);
  EXPECT_GT(other.instrument_only, 1.5);
}

TEST(ControlFit, SaysWhatItCannotDo) {
  Sweeps s = make({});
  s.drives.resize(1);
  s.readings.resize(s.f.size());
  s.sigmas.resize(s.f.size());
  EXPECT_EQ(fit_control(s.view(), 4.0e3).status, ControlFitStatus::no_data);
  s = make({});
  s.readings[3] = std::nan("");
  EXPECT_EQ(fit_control(s.view(), 4.0e3).status, ControlFitStatus::no_data);
  s.readings.pop_back();
  EXPECT_THROW((void)fit_control(s.view(), 4.0e3), ParameterError);
  EXPECT_THROW((void)fit_control(make({}).view(), 4.0e3, {.max_detuning_hz = -1.0}),
               ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
