// Defocus: against integrals that do not go through the transfer function, and its known limits.
#include "physics/defocus.hpp"

#include <cmath>
#include <complex>
#include <functional>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

constexpr double pi = constants::pi;

MicroscopeParams objective(double aperture) {
  MicroscopeParams p;
  p.numerical_aperture = aperture;
  p.psf_shape = PsfShape::airy;
  return p;
}

double band_per_m(const MicroscopeParams& p) {
  return 2.0 * p.numerical_aperture / p.emission_wavelength_m;
}

double simpson(const std::function<double(double)>& f, double from, double to, int n) {
  const double h = (to - from) / n;
  double sum = f(from) + f(to);
  for (int i = 1; i < n; ++i) {
    sum += (i % 2 == 0 ? 2.0 : 4.0) * f(from + i * h);
  }
  return sum * h / 3.0;
}

/// |2 int J0(v rho) exp(iW) rho d rho|^2 over its value in focus at the middle.
double relative_psf(const MicroscopeParams& p, double z_m, double radius_m) {
  const double na = p.numerical_aperture;
  const double k = 2.0 * pi / p.emission_wavelength_m;
  const auto part = [&](bool real) {
    return simpson(
        [&](double rho) {
          const double w = k * z_m * (std::sqrt(1.0 - na * na * rho * rho) - 1.0);
          return 2.0 * rho * std::cyl_bessel_j(0.0, k * na * rho * radius_m) *
                 (real ? std::cos(w) : std::sin(w));
        },
        0.0,
        1.0,
        400);
  };
  const double re = part(true);
  const double im = part(false);
  return re * re + im * im;
}

TEST(Defocus, LeavesTheFocusAsItIs) {
  const DefocusedTransfer focus(objective(0.95), 0.0);
  for (const double part : {0.0, 0.1, 0.5, 0.99, 1.5}) {
    EXPECT_EQ(focus(part * 2.5e6), 1.0);
  }
  EXPECT_EQ(gaussian_defocus_m(objective(0.95), 0.0), 0.0);
  EXPECT_EQ(strehl_ratio(objective(0.95), 0.0), 1.0);
}

// The inverse transform of the transfer function is the pattern that the pupil gives by itself.
TEST(Defocus, TransferFunctionIsThatOfTheDiffractionIntegral) {
  for (const double aperture : {0.4, 0.95}) {
    const auto p = objective(aperture);
    for (const double z_m : {300e-9, 1.2e-6}) {
      const DefocusedTransfer ratio(p, z_m);
      const double top =
          simpson([&](double f) { return f * optical_transfer(p, f); }, 0.0, band_per_m(p), 2000);
      for (const double radius_m : {0.0, 150e-9, 400e-9, 1e-6}) {
        const double sum = simpson(
            [&](double f) {
              return f * optical_transfer(p, f) * ratio(f) *
                     std::cyl_bessel_j(0.0, 2.0 * pi * f * radius_m);
            },
            0.0,
            band_per_m(p),
            2000);
        EXPECT_NEAR(sum / top, relative_psf(p, z_m, radius_m), 1e-4)
            << aperture << " " << z_m << " " << radius_m;
      }
    }
  }
}

// Small aberrations: 1 - variance of the phase over the pupil, whose next term is of fourth order.
TEST(Defocus, SmallOnesCostTheVarianceOfThePhase) {
  const auto p = objective(0.95);
  const double k = 2.0 * pi / p.emission_wavelength_m;
  const auto moment = [&](int power) {  // over rho^2
    return simpson(
        [&](double u) { return std::pow(std::sqrt(1.0 - 0.9025 * u), power); }, 0.0, 1.0, 2000);
  };
  for (const double z_m : {10e-9, 20e-9, 40e-9}) {
    const double variance = std::pow(k * z_m, 2.0) * (moment(2) - moment(1) * moment(1));
    EXPECT_NEAR(1.0 - strehl_ratio(p, z_m), variance, 0.5 * variance * variance) << z_m;
    EXPECT_GT(variance, 1e-5);
  }
  // at low aperture [sin x / x]^2, x = k z NA^2 / 4: first zero at z = 2 lambda / NA^2
  const auto low = objective(0.04);
  const double depth_m = low.emission_wavelength_m / 0.0016;
  for (const double part : {0.3, 0.5, 1.0, 2.0}) {
    const double x = 0.5 * pi * part;
    EXPECT_NEAR(strehl_ratio(low, part * depth_m), std::pow(std::sin(x) / x, 2.0), 1e-3) << part;
  }
}

// Hopkins 1955 at low aperture: near f = 0 the transfer falls with the second moment of the rays.
TEST(Defocus, FallsFirstWithTheSpreadOfTheRays) {
  for (const double aperture : {0.1, 0.5, 0.95}) {
    const auto p = objective(aperture);
    const double z_m = 0.5 * p.emission_wavelength_m / (aperture * aperture);
    const double f = 0.002 * band_per_m(p);
    const double x = 2.0 * pi * f * z_m;
    const double fall = 1.0 - DefocusedTransfer(p, z_m)(f);
    EXPECT_NEAR(fall / (0.25 * x * x * mean_tan_squared(p)), 1.0, 0.02) << aperture;
  }
}

TEST(Defocus, LargeOnesAreTheBlurOfRays) {
  const auto p = objective(0.95);
  const auto worst_from = [&](double z_m) {
    const DefocusedTransfer wave(p, z_m);
    double worst = 0.0;
    for (double f = 0.0; f < 0.99 * band_per_m(p); f += 0.02 * band_per_m(p)) {
      const double transfer = optical_transfer(p, f);
      worst = std::max(worst, transfer * std::abs(wave(f) - geometric_transfer(p, z_m, f)));
    }
    return worst;
  };
  EXPECT_LT(worst_from(8.7e-6), 0.02) << "where the program changes over to rays";
  EXPECT_LT(worst_from(5e-6), 0.03);
  EXPECT_GT(worst_from(0.4e-6), 0.1) << "waves near focus";
  // at low aperture a disc of radius z NA: 2 J1(x) / x
  const auto low = objective(0.1);
  const double z_m = 2e-3;
  for (const double x : {0.5, 2.0, 4.0}) {
    EXPECT_NEAR(geometric_transfer(low, z_m, x / (2.0 * pi * z_m * 0.1)),
                2.0 * std::cyl_bessel_j(1.0, x) / x,
                0.01)
        << x;
  }
}

TEST(Defocus, TheGaussianStandsForTheAiryPattern) {
  const auto airy = objective(0.95);
  const double depth_m = airy.emission_wavelength_m / (0.95 * 0.95);
  const auto worst_of = [&](double z_m, double spread_m) {
    const DefocusedTransfer ratio(airy, z_m);
    double worst = 0.0;
    for (double f = 0.0; f < band_per_m(airy); f += 0.01 * band_per_m(airy)) {
      const double x = pi * spread_m * f;
      worst =
          std::max(worst, optical_transfer(airy, f) * std::abs(ratio(f) - std::exp(-2 * x * x)));
    }
    return worst;
  };
  double last = 0.0;
  for (double z_m = 0.1 * depth_m; z_m <= 2.0 * depth_m; z_m += 0.1 * depth_m) {
    const double spread_m = gaussian_defocus_m(airy, z_m);
    EXPECT_GT(spread_m, last) << z_m;
    last = spread_m;
    EXPECT_LT(worst_of(z_m, spread_m), 0.11) << z_m;
  }
  const double second_moment_m = 0.4 * depth_m * std::sqrt(0.5 * mean_tan_squared(airy));
  EXPECT_GT(worst_of(0.4 * depth_m, second_moment_m), 0.2) << "what second moments would give";
}

RC_GTEST_PROP(Defocus, IsEvenAndNeverAddsContrast, ()) {
  const auto p = objective(*rc::gen::inRange(10, 98) * 0.01);
  const double depth_m = p.emission_wavelength_m / std::pow(p.numerical_aperture, 2.0);
  const double z_m = *rc::gen::inRange(1, 200) * 0.01 * depth_m;
  const DefocusedTransfer above(p, z_m);
  const DefocusedTransfer below(p, -z_m);
  RC_ASSERT(above(0.0) == 1.0);
  for (int i = 0; i <= 20; ++i) {
    const double f = 0.05 * i * band_per_m(p);
    RC_ASSERT(above(f) == below(f));
    RC_ASSERT(std::abs(above(f)) <= 1.0 + 1e-12);
  }
  RC_ASSERT(gaussian_defocus_m(p, z_m) == gaussian_defocus_m(p, -z_m));
  RC_ASSERT(strehl_ratio(p, z_m) <= 1.0);
}

TEST(Defocus, ImagesKeepTheirLightAndLoseTheirContrast) {
  constexpr std::size_t n = 64;
  std::vector<float> emission(n * n, 1.0F);
  for (std::size_t i = 0; i < emission.size(); ++i) {
    emission[i] += static_cast<float>((i * 7919) % 13);
  }
  for (const PsfShape shape : {PsfShape::gaussian, PsfShape::airy}) {
    MicroscopeParams p = objective(0.95);
    p.psf_shape = shape;
    const auto image = [&](double z_m) {
      const ImageFormation camera(p, n, n, 50e-9, FilmBorder::periodic, z_m);
      std::vector<float> out(camera.pixels_x() * camera.pixels_y());
      camera.form(emission, out);
      return out;
    };
    const auto variance = [](const std::vector<float>& v) {
      const double mean = std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
      double sum = 0.0;
      for (const float x : v) {
        sum += (x - mean) * (x - mean);
      }
      return sum / static_cast<double>(v.size());
    };
    const auto sharp = image(0.0);
    const auto dull = image(500e-9);
    const double light = std::accumulate(sharp.begin(), sharp.end(), 0.0);
    EXPECT_NEAR(std::accumulate(dull.begin(), dull.end(), 0.0) / light, 1.0, 1e-5);
    EXPECT_LT(variance(dull), 0.7 * variance(sharp));
    EXPECT_LT(variance(image(2e-6)), 0.2 * variance(sharp)) << "with reversed contrast";
    EXPECT_EQ(image(-500e-9), dull);
    const ImageFormation as_before(p, n, n, 50e-9, FilmBorder::periodic);
    std::vector<float> out(sharp.size());
    as_before.form(emission, out);
    EXPECT_EQ(out, sharp);
  }
}

TEST(Defocus, AnApertureIsBelowTheIndexOfItsMedium) {
  MicroscopeParams p = objective(1.4);
  EXPECT_THROW(validate(p), ParameterError);
  p.immersion_index = 1.518;
  EXPECT_NO_THROW(validate(p));
  EXPECT_LT(strehl_ratio(p, 300e-9), 0.9);
}

}  // namespace
}  // namespace halotwin::physics
