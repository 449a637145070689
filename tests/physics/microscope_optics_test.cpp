#include "physics/microscope_optics.hpp"

#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::physics {
namespace {

constexpr double pi = constants::pi;

MicroscopeParams optics(PsfShape shape) {
  MicroscopeParams p;
  p.psf_shape = shape;
  return p;
}

/// Simpson's rule with n (even) intervals.
double integral(const std::function<double(double)>& f, double from, double to, int n) {
  const double h = (to - from) / n;
  double sum = f(from) + f(to);
  for (int i = 1; i < n; ++i) {
    sum += (i % 2 == 0 ? 2.0 : 4.0) * f(from + i * h);
  }
  return sum * h / 3.0;
}

class Psf : public testing::TestWithParam<PsfShape> {};

TEST_P(Psf, FallsToHalfAtHalfItsWidth) {
  const auto p = optics(GetParam());
  EXPECT_NEAR(psf_per_m2(p, 0.5 * psf_fwhm_m(p)) / psf_per_m2(p, 0.0), 0.5, 1e-9);
}

TEST_P(Psf, EncircledEnergyIsItsIntegral) {
  const auto p = optics(GetParam());
  for (const double radius_m : {50e-9, 200e-9, 488e-9, 2e-6}) {
    const double sum =
        integral([&](double r) { return 2.0 * pi * r * psf_per_m2(p, r); }, 0.0, radius_m, 2000);
    EXPECT_NEAR(encircled_energy(p, radius_m), sum, 1e-8) << radius_m;
  }
}

TEST_P(Psf, TransferFunctionIsItsFourierTransform) {
  const auto p = optics(GetParam());
  // inverse direction, over the finite band: PSF(r) = 2 pi int OTF(f) J0(2 pi f r) f df
  const double band = GetParam() == PsfShape::airy ? 2.5e6 : 8e6;
  EXPECT_EQ(optical_transfer(p, 0.0), 1.0);
  for (const double radius_m : {0.0, 100e-9, 300e-9, 700e-9}) {
    const double sum = integral(
        [&](double f) {
          return 2.0 * pi * f * optical_transfer(p, f) *
                 std::cyl_bessel_j(0.0, 2.0 * pi * f * radius_m);
        },
        0.0,
        band,
        4000);
    EXPECT_NEAR(sum / psf_per_m2(p, 0.0), psf_per_m2(p, radius_m) / psf_per_m2(p, 0.0), 2e-5)
        << radius_m;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Psf, testing::Values(PsfShape::gaussian, PsfShape::airy));

TEST(Psf, HasTheTextbookNumbers) {
  const auto airy = optics(PsfShape::airy);
  EXPECT_NEAR(airy_radius_m(airy) * 0.95 / 760e-9, 0.61, 2e-4);
  EXPECT_NEAR(encircled_energy(airy, airy_radius_m(airy)), 0.838, 5e-4);
  EXPECT_NEAR(psf_per_m2(airy, airy_radius_m(airy)) / psf_per_m2(airy, 0.0), 0.0, 1e-20);
  EXPECT_NEAR(psf_fwhm_m(airy) * 0.95 / 760e-9, 0.5145, 1e-4);
  // first bright ring: 1.75 % of the centre
  double brightest = 0.0;
  for (double r = airy_radius_m(airy); r < 2.0 * airy_radius_m(airy); r += 1e-9) {
    brightest = std::max(brightest, psf_per_m2(airy, r) / psf_per_m2(airy, 0.0));
  }
  EXPECT_NEAR(brightest, 0.0175, 1e-4);
  EXPECT_NEAR(gaussian_sigma_m(optics(PsfShape::gaussian)), 168e-9, 1e-12);
  // nothing passes beyond 2 NA / lambda: periods below 400 nm
  EXPECT_GT(optical_transfer(airy, 0.99 / 400e-9), 0.0);
  EXPECT_EQ(optical_transfer(airy, 1.0001 / 400e-9), 0.0);
}

double sum_of(const std::vector<float>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0);
}

std::vector<float> image_of(const ImageFormation& camera, const std::vector<float>& emission) {
  std::vector<float> image(camera.pixels_x() * camera.pixels_y());
  camera.form(emission, image);
  return image;
}

// A film that moved by whole nodes is the film with its nodes moved; by parts of a node it lies in
// between, and nothing of the light is lost.
TEST(ImageFormation, AFilmThatMovedIsSeenWhereItIs) {
  constexpr std::size_t n = 64;
  std::vector<float> emission(n * n, 0.0F);
  std::vector<float> moved(n * n, 0.0F);
  for (std::size_t iy = 20; iy < 40; ++iy) {
    for (std::size_t ix = 20; ix < 40; ++ix) {
      const auto value = static_cast<float>(1 + (ix * 7 + iy * 3) % 11);
      emission[iy * n + ix] = value;
      moved[(iy - 2) * n + ix + 3] = value;
    }
  }
  for (const PsfShape shape : {PsfShape::gaussian, PsfShape::airy}) {
    const ImageFormation camera(optics(shape), n, n, 50e-9, FilmBorder::dark);
    const auto expected = image_of(camera, moved);
    std::vector<float> found(expected.size());
    camera.form(emission, found, {150e-9, -100e-9});
    const auto still = image_of(camera, emission);
    double worst = 0.0;
    double null = 0.0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(found[i] - expected[i])));
      null = std::max(null, static_cast<double>(std::abs(still[i] - expected[i])));
    }
    EXPECT_LT(worst, 1e-3);
    EXPECT_GT(null, 1.0);
    if (shape == PsfShape::airy) {
      continue;  // a part of its rings lies beside the picture, and changes with the place
    }
    std::vector<float> part(expected.size());
    camera.form(emission, part, {12e-9, 31e-9});
    EXPECT_NEAR(sum_of(part) / sum_of(still), 1.0, 1e-5);
    const auto centre_of = [&](const std::vector<float>& image) {
      double sum = 0.0;
      for (std::size_t i = 0; i < image.size(); ++i) {
        sum += static_cast<double>(image[i]) * static_cast<double>(i % camera.pixels_x());
      }
      return sum / sum_of(image) * 100e-9;
    };
    EXPECT_NEAR(centre_of(part) - centre_of(still), 12e-9, 1e-9);
  }
}

/// PSF centred at (x0, y0), integrated over the pixel whose lower corner is (x, y).
double pixel_integral(const MicroscopeParams& p, double x0_m, double y0_m, double x_m, double y_m) {
  return integral(
      [&](double y) {
        return integral([&](double x) { return psf_per_m2(p, std::hypot(x - x0_m, y - y0_m)); },
                        x_m,
                        x_m + p.pixel_m,
                        8);
      },
      y_m,
      y_m + p.pixel_m,
      8);
}

class Image : public testing::TestWithParam<PsfShape> {};

TEST_P(Image, OfAPointIsThePsfIntegratedOverPixels) {
  const auto p = optics(GetParam());
  constexpr double node_m = 50e-9;
  const ImageFormation camera(p, 256, 128, node_m, FilmBorder::periodic);
  ASSERT_EQ(camera.pixels_x(), 128U);
  ASSERT_EQ(camera.pixels_y(), 64U);
  std::vector<float> emission(256 * 128, 0.0F);
  emission[67 * 256 + 130] = 1000.0F;
  const auto image = image_of(camera, emission);
  const double peak = 1000.0 * psf_per_m2(p, 0.0) * p.pixel_m * p.pixel_m;
  // the ghosts of an Airy pattern from the next periods (6.4 um away) are part of the truth:
  // 1e-4 of the peak
  const double tolerance = GetParam() == PsfShape::airy ? 3e-4 : 1e-6;
  for (std::size_t j = 24; j < 44; ++j) {
    for (std::size_t i = 55; i < 75; ++i) {
      const double expected = 1000.0 * pixel_integral(p,
                                                      130.5 * node_m,
                                                      67.5 * node_m,
                                                      static_cast<double>(i) * p.pixel_m,
                                                      static_cast<double>(j) * p.pixel_m);
      EXPECT_NEAR(image[j * 128 + i], expected, tolerance * peak) << i << ", " << j;
    }
  }
}

TEST_P(Image, ConservesTheLightOfAPeriodicFilm) {
  const auto p = optics(GetParam());
  for (const double node_m : {100e-9, 50e-9, 25e-9}) {
    const ImageFormation camera(p, 96, 80, node_m, FilmBorder::periodic);
    RandomStream draw(4, Purpose::test_data);
    std::vector<float> emission(96 * 80);
    for (float& e : emission) {
      e = static_cast<float>(100.0 * draw.exponential());
    }
    const auto image = image_of(camera, emission);
    EXPECT_NEAR(sum_of(image) / sum_of(emission), 1.0, 1e-6) << node_m;
    for (const float value : image) {
      ASSERT_GE(value, 0.0F);
    }
  }
}

TEST_P(Image, OfAnEvenFilmIsEven) {
  const auto p = optics(GetParam());
  const ImageFormation camera(p, 60, 40, 50e-9, FilmBorder::periodic);
  for (const float value : image_of(camera, std::vector<float>(60 * 40, 7.0F))) {
    EXPECT_NEAR(value, 28.0F, 1e-4F);
  }
}

TEST_P(Image, LosesAtADarkBorderWhatLeavesTheField) {
  const auto p = optics(GetParam());
  const ImageFormation camera(p, 128, 128, 50e-9, FilmBorder::dark);
  std::vector<float> emission(128 * 128, 0.0F);
  emission[64 * 128] = 1.0F;  // 25 nm from the left border
  const auto edge = image_of(camera, emission);
  emission[64 * 128] = 0.0F;
  emission[64 * 128 + 64] = 1.0F;
  const auto middle = image_of(camera, emission);
  // by the line integral of the PSF: a half plane that begins 25 nm to the left gets 1/2 + 0.06
  EXPECT_GT(sum_of(edge), 0.5);
  EXPECT_LT(sum_of(edge), 0.6);
  EXPECT_GT(sum_of(middle), GetParam() == PsfShape::airy ? 0.95 : 1.0 - 1e-6);
  // nothing comes back at the other side
  double far = 0.0;
  for (std::size_t j = 0; j < 64; ++j) {
    for (std::size_t i = 48; i < 64; ++i) {
      far += static_cast<double>(edge[j * 64 + i]);
    }
  }
  EXPECT_LT(far, GetParam() == PsfShape::airy ? 0.01 : 1e-9);
}

TEST_P(Image, MovesWithTheFilmByWholePixels) {
  const auto p = optics(GetParam());
  const ImageFormation camera(p, 64, 64, 50e-9, FilmBorder::periodic);
  RandomStream draw(5, Purpose::test_data);
  std::vector<float> emission(64 * 64);
  std::vector<float> moved(64 * 64);
  for (float& e : emission) {
    e = static_cast<float>(draw.uniform());
  }
  for (std::size_t y = 0; y < 64; ++y) {
    for (std::size_t x = 0; x < 64; ++x) {
      moved[((y + 6) % 64) * 64 + (x + 10) % 64] = emission[y * 64 + x];
    }
  }
  const auto first = image_of(camera, emission);
  const auto second = image_of(camera, moved);
  for (std::size_t j = 0; j < 32; ++j) {
    for (std::size_t i = 0; i < 32; ++i) {
      EXPECT_NEAR(second[((j + 3) % 32) * 32 + (i + 5) % 32], first[j * 32 + i], 1e-5F);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Image, testing::Values(PsfShape::gaussian, PsfShape::airy));

// White sources seen through the PSF are correlated by its autocorrelation: for the Gaussian
// exp(-d^2 / (4 s^2)) with s^2 = sigma^2 + pixel^2 / 12 (facts e3, plus the pixel).
TEST(ImageCorrelation, OfWhiteSourcesIsThatOfThePsf) {
  const auto p = optics(PsfShape::gaussian);
  const ImageFormation camera(p, 128, 128, 25e-9, FilmBorder::periodic);
  const std::size_t n = camera.pixels_x();
  double variance = 0.0;
  std::vector<double> covariance(8, 0.0);
  for (std::size_t place = 0; place < 16; ++place) {  // every place of a source within a pixel
    std::vector<float> emission(128 * 128, 0.0F);
    emission[(64 + place / 4) * 128 + 64 + place % 4] = 1.0F;
    const auto image = image_of(camera, emission);
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t i = 0; i < n; ++i) {
        const double here = static_cast<double>(image[j * n + i]);
        variance += here * here;
        for (std::size_t d = 1; d < covariance.size(); ++d) {
          covariance[d] += here * static_cast<double>(image[j * n + (i + d) % n]);
        }
      }
    }
  }
  const double s2 = std::pow(gaussian_sigma_m(p), 2) + p.pixel_m * p.pixel_m / 12.0;
  for (std::size_t d = 1; d < covariance.size(); ++d) {
    const double distance_m = static_cast<double>(d) * p.pixel_m;
    EXPECT_NEAR(covariance[d] / variance, std::exp(-distance_m * distance_m / (4.0 * s2)), 2e-3);
  }
}

RC_GTEST_PROP(ImageProperty, ScalesWithTheWavelength, ()) {
  const double factor = *rc::gen::inRange(5, 30) / 10.0;
  auto p = optics(*rc::gen::element(PsfShape::gaussian, PsfShape::airy));
  auto q = p;
  q.emission_wavelength_m *= factor;
  q.pixel_m *= factor;
  const ImageFormation one(p, 32, 24, 50e-9, FilmBorder::periodic);
  const ImageFormation other(q, 32, 24, 50e-9 * factor, FilmBorder::periodic);
  std::vector<float> emission(32 * 24, 0.0F);
  emission[100] = 1.0F;
  const auto first = image_of(one, emission);
  const auto second = image_of(other, emission);
  for (std::size_t i = 0; i < first.size(); ++i) {
    RC_ASSERT(std::abs(first[i] - second[i]) < 1e-6F);
  }
}

TEST(ImageFormation, RefusesWhatDoesNotFit) {
  const auto airy = optics(PsfShape::airy);
  const auto border = FilmBorder::periodic;
  EXPECT_THROW(ImageFormation(airy, 64, 64, 33e-9, border), ParameterError);
  EXPECT_THROW(ImageFormation(airy, 63, 64, 50e-9, border), ParameterError);
  EXPECT_THROW(ImageFormation(airy, 0, 64, 50e-9, border), ParameterError);
  auto coarse = airy;
  coarse.pixel_m = 300e-9;
  EXPECT_THROW(ImageFormation(coarse, 64, 64, 300e-9, border), ParameterError);
  auto bad = airy;
  bad.numerical_aperture = 0.0;
  EXPECT_THROW(ImageFormation(bad, 64, 64, 50e-9, border), ParameterError);
  const ImageFormation camera(airy, 64, 64, 50e-9, border);
  std::vector<float> image(32 * 32);
  EXPECT_THROW(camera.form(std::vector<float>(64 * 63), image), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
