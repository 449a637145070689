#include "physics/microscope_optics.hpp"

#include <algorithm>
#include <cmath>

#include <unsupported/Eigen/FFT>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/defocus.hpp"

namespace halotwin::physics {

namespace {

using Complex = std::complex<float>;

double airy_argument(const MicroscopeParams& p, double radius_m) {
  return 2.0 * constants::pi * p.numerical_aperture * std::abs(radius_m) / p.emission_wavelength_m;
}

/// sin(pi x) / (pi x)
double sinc(double x) {
  const double y = constants::pi * x;
  return std::abs(y) < 1e-8 ? 1.0 : std::sin(y) / y;
}

/// Signed number of the Fourier component k of n.
double harmonic(std::size_t k, std::size_t n) {
  return static_cast<double>(k) - (2 * k >= n ? static_cast<double>(n) : 0.0);
}

std::size_t wrapped(std::ptrdiff_t i, std::size_t n) {
  const auto size = static_cast<std::ptrdiff_t>(n);
  return static_cast<std::size_t>(((i % size) + size) % size);
}

}  // namespace

void validate(const MicroscopeParams& p) {
  require_range("numerical_aperture", p.numerical_aperture, 0.01, 1.7);
  require_range("immersion_index", p.immersion_index, 1.0, 2.0);
  require(p.numerical_aperture < p.immersion_index,
          "numerical_aperture",
          p.numerical_aperture,
          "below immersion_index");
  require_range("emission_wavelength_m", p.emission_wavelength_m, 1e-7, 1e-4);
  require_range("pixel_m", p.pixel_m, 1e-9, 1e-3);
}

double gaussian_sigma_m(const MicroscopeParams& p) {
  return 0.21 * p.emission_wavelength_m / p.numerical_aperture;
}

double psf_fwhm_m(const MicroscopeParams& p) {
  // [2 J1(v) / v]^2 = 1/2 at v = 1.616340
  return p.psf_shape == PsfShape::airy ? 2.0 * 1.6163399483107032 / (2.0 * constants::pi) *
                                             p.emission_wavelength_m / p.numerical_aperture
                                       : 2.0 * std::sqrt(2.0 * std::log(2.0)) * gaussian_sigma_m(p);
}

double airy_radius_m(const MicroscopeParams& p) {
  constexpr double first_zero_of_j1 = 3.8317059702075123;
  return first_zero_of_j1 / (2.0 * constants::pi) * p.emission_wavelength_m / p.numerical_aperture;
}

double psf_per_m2(const MicroscopeParams& p, double radius_m) {
  if (p.psf_shape == PsfShape::gaussian) {
    const double sigma = gaussian_sigma_m(p);
    return std::exp(-0.5 * radius_m * radius_m / (sigma * sigma)) /
           (2.0 * constants::pi * sigma * sigma);
  }
  const double v = airy_argument(p, radius_m);
  const double disc = v < 1e-4 ? 1.0 - v * v / 8.0 : 2.0 * std::cyl_bessel_j(1.0, v) / v;
  const double scale = p.numerical_aperture / p.emission_wavelength_m;
  return constants::pi * scale * scale * disc * disc;
}

double encircled_energy(const MicroscopeParams& p, double radius_m) {
  if (p.psf_shape == PsfShape::gaussian) {
    const double sigma = gaussian_sigma_m(p);
    return -std::expm1(-0.5 * radius_m * radius_m / (sigma * sigma));
  }
  const double v = airy_argument(p, radius_m);
  const double j0 = std::cyl_bessel_j(0.0, v);
  const double j1 = std::cyl_bessel_j(1.0, v);
  return 1.0 - j0 * j0 - j1 * j1;
}

double optical_transfer(const MicroscopeParams& p, double per_m) {
  if (p.psf_shape == PsfShape::gaussian) {
    const double x = constants::pi * gaussian_sigma_m(p) * per_m;
    return std::exp(-2.0 * x * x);
  }
  const double s = std::abs(per_m) * p.emission_wavelength_m / (2.0 * p.numerical_aperture);
  return s >= 1.0 ? 0.0
                  : 2.0 / constants::pi * (std::acos(s) - s * std::sqrt((1.0 - s) * (1.0 + s)));
}

ImageFormation::ImageFormation(const MicroscopeParams& p,
                               std::size_t nx,
                               std::size_t ny,
                               double node_m,
                               FilmBorder border,
                               double defocus_m)
    : nx_(nx), ny_(ny), node_m_(node_m), border_(border) {
  validate(p);
  require_positive("node_m", node_m);
  const double ratio = p.pixel_m / node_m;
  require(ratio < 1e4 && std::round(ratio) >= 1.0 && std::abs(ratio - std::round(ratio)) < 1e-6,
          "pixel_m over the spacing of the nodes",
          ratio,
          "a whole number");
  ratio_ = static_cast<std::size_t>(std::lround(ratio));
  require(nx > 0 && ny > 0 && nx <= 65536 && ny <= 65536 && nx % ratio_ == 0 && ny % ratio_ == 0,
          "the nodes of the film must make whole pixels");
  if (p.psf_shape == PsfShape::gaussian) {
    sigma_m_ = gaussian_sigma_m(p);
    if (defocus_m != 0.0) {
      sigma_m_ = std::hypot(sigma_m_, gaussian_defocus_m(p, defocus_m));
    }
    taps_ = make_taps(0.0);
  } else {
    require(node_m <= p.emission_wavelength_m / (4.0 * p.numerical_aperture),
            "spacing of the nodes in m",
            node_m,
            "at most emission_wavelength_m / (4 numerical_aperture) for an Airy pattern");
    make_filter(p, node_m, defocus_m);
  }
}

ImageFormation::Taps ImageFormation::make_taps(double shift_m) const {
  // Pixel 0 lies between 0 and ratio nodes, node k has its centre at k + 1/2 + moved.
  const double sigma = sigma_m_ / node_m_;
  const double moved = shift_m / node_m_;
  const double width = static_cast<double>(ratio_);
  const double reach = std::ceil(6.0 * sigma) + (moved == std::round(moved) ? 0.0 : 1.0);
  const auto whole = static_cast<std::ptrdiff_t>(std::round(moved));
  Taps taps;
  taps.first = -static_cast<std::ptrdiff_t>(reach) - whole;
  const std::ptrdiff_t last =
      static_cast<std::ptrdiff_t>(ratio_) + static_cast<std::ptrdiff_t>(reach) - whole;
  std::vector<double> share;
  for (std::ptrdiff_t k = taps.first; k < last; ++k) {
    const double x = static_cast<double>(k) + 0.5 + moved;
    const double scale = 1.0 / (std::sqrt(2.0) * sigma);
    share.push_back(0.5 * (std::erf((width - x) * scale) - std::erf(-x * scale)));
  }
  // What one node gives to all pixels together must be 1: normalised for each place in a pixel.
  std::vector<double> total(ratio_, 0.0);
  for (std::size_t k = 0; k < share.size(); ++k) {
    total[wrapped(taps.first + static_cast<std::ptrdiff_t>(k), ratio_)] += share[k];
  }
  for (std::size_t k = 0; k < share.size(); ++k) {
    taps.weight.push_back(static_cast<float>(
        share[k] / total[wrapped(taps.first + static_cast<std::ptrdiff_t>(k), ratio_)]));
  }
  return taps;
}

void ImageFormation::make_filter(const MicroscopeParams& p, double node_m, double defocus_m) {
  const DefocusedTransfer defocused(p, defocus_m);
  const std::size_t margin = border_ == FilmBorder::dark ? 2 : 1;
  fx_ = margin * nx_;
  fy_ = margin * ny_;
  filter_.resize(fx_ * fy_);
  // Sampled at the first node of each pixel, whose centre is (ratio - 1)/2 nodes further.
  const double shift = 0.5 * (static_cast<double>(ratio_) - 1.0);
  const double pixel_nodes = static_cast<double>(ratio_);
  for (std::size_t kx = 0; kx < fx_; ++kx) {
    const double u = harmonic(kx, fx_) / static_cast<double>(fx_);  // per node
    for (std::size_t ky = 0; ky < fy_; ++ky) {
      const double v = harmonic(ky, fy_) / static_cast<double>(fy_);
      const double per_m = std::hypot(u, v) / node_m;
      const double size = optical_transfer(p, per_m) * sinc(u * pixel_nodes) *
                          sinc(v * pixel_nodes) * pixel_nodes * pixel_nodes * defocused(per_m);
      const double angle = 2.0 * constants::pi * (u + v) * shift;  // size < 0: reversed contrast
      filter_[kx * fy_ + ky] = {static_cast<float>(size * std::cos(angle)),
                                static_cast<float>(size * std::sin(angle))};
    }
  }
}

void ImageFormation::form(std::span<const float> emission,
                          std::span<float> image,
                          ImageShift shift) const {
  require(emission.size() == nx_ * ny_ && image.size() == pixels_x() * pixels_y(),
          "emission and image must have the sizes of the film and of the camera");
  const double most_m = node_m_ * static_cast<double>(std::min(nx_, ny_));
  require(std::abs(shift.x_m) <= most_m && std::abs(shift.y_m) <= most_m,
          "the film has moved by more than its size");
  if (!filter_.empty()) {
    form_by_transform(emission, image, shift);
  } else if (shift.x_m == 0.0 && shift.y_m == 0.0) {
    form_separable(emission, image, taps_, taps_);
  } else {
    form_separable(emission, image, make_taps(shift.x_m), make_taps(shift.y_m));
  }
}

void ImageFormation::form_separable(std::span<const float> emission,
                                    std::span<float> image,
                                    const Taps& along_x,
                                    const Taps& along_y) const {
  const std::size_t taps = along_x.weight.size();
  const std::size_t px = pixels_x();
  const auto filled = [&](std::ptrdiff_t i, std::size_t n) {  // is there a node, and where
    const bool inside = i >= 0 && i < static_cast<std::ptrdiff_t>(n);
    return std::pair(inside || border_ == FilmBorder::periodic, wrapped(i, n));
  };
  // Along x into narrow rows, then along y. Nodes of the same place in their pixels are put side by
  // side, so that neighbours in a row of pixels are neighbours in memory.
  std::vector<float> narrow(px * ny_, 0.0F);
  const std::size_t places = px + (taps + ratio_ - 1) / ratio_;
  std::vector<float> sorted(ratio_ * places, 0.0F);
  std::vector<std::pair<std::size_t, std::size_t>> lit_nodes;  // node, and its place in `sorted`
  for (std::size_t k = 0; k < (px - 1) * ratio_ + taps; ++k) {
    const auto [lit, x] = filled(along_x.first + static_cast<std::ptrdiff_t>(k), nx_);
    if (lit) {
      lit_nodes.emplace_back(x, k % ratio_ * places + k / ratio_);
    }
  }
  for (std::size_t y = 0; y < ny_; ++y) {
    for (const auto& [x, place] : lit_nodes) {
      sorted[place] = emission[y * nx_ + x];
    }
    float* to = narrow.data() + y * px;
    for (std::size_t k = 0; k < taps; ++k) {
      const float weight = along_x.weight[k];
      const float* from = sorted.data() + k % ratio_ * places + k / ratio_;
      for (std::size_t i = 0; i < px; ++i) {
        to[i] += weight * from[i];
      }
    }
  }
  std::fill(image.begin(), image.end(), 0.0F);
  for (std::size_t j = 0; j < pixels_y(); ++j) {
    float* out = image.data() + j * px;
    for (std::size_t k = 0; k < along_y.weight.size(); ++k) {
      const auto [lit, y] =
          filled(along_y.first + static_cast<std::ptrdiff_t>(k + j * ratio_), ny_);
      const float weight = lit ? along_y.weight[k] : 0.0F;
      const float* from = narrow.data() + y * px;
      for (std::size_t i = 0; i < px; ++i) {
        out[i] += weight * from[i];
      }
    }
  }
}

void ImageFormation::form_by_transform(std::span<const float> emission,
                                       std::span<float> image,
                                       ImageShift shift) const {
  const bool moved = shift.x_m != 0.0 || shift.y_m != 0.0;
  const auto turned = [&](std::size_t kx, std::size_t ky) {
    const double cycles = harmonic(kx, fx_) / static_cast<double>(fx_) * shift.x_m / node_m_ +
                          harmonic(ky, fy_) / static_cast<double>(fy_) * shift.y_m / node_m_;
    return std::polar(1.0F, static_cast<float>(-2.0 * constants::pi * cycles));
  };
  Eigen::FFT<float> transform;
  std::vector<Complex> spectrum(fx_ * fy_, Complex{});  // transposed: fx rows of fy
  std::vector<Complex> row(std::max(fx_, fy_), Complex{});
  std::vector<Complex> out(std::max(fx_, fy_));
  for (std::size_t y = 0; y < ny_; ++y) {
    std::copy_n(emission.begin() + static_cast<std::ptrdiff_t>(y * nx_), nx_, row.begin());
    transform.fwd(out.data(), row.data(), static_cast<Eigen::Index>(fx_));
    for (std::size_t x = 0; x < fx_; ++x) {
      spectrum[x * fy_ + y] = out[x];
    }
  }
  std::vector<Complex> half(fx_ * pixels_y());  // rows of the image, still transformed along x
  for (std::size_t x = 0; x < fx_; ++x) {
    Complex* column = spectrum.data() + x * fy_;
    transform.fwd(out.data(), column, static_cast<Eigen::Index>(fy_));
    for (std::size_t y = 0; y < fy_; ++y) {
      out[y] *= moved ? filter_[x * fy_ + y] * turned(x, y) : filter_[x * fy_ + y];
    }
    transform.inv(column, out.data(), static_cast<Eigen::Index>(fy_));
    for (std::size_t j = 0; j < pixels_y(); ++j) {
      half[j * fx_ + x] = column[j * ratio_];
    }
  }
  for (std::size_t j = 0; j < pixels_y(); ++j) {
    transform.inv(out.data(), half.data() + j * fx_, static_cast<Eigen::Index>(fx_));
    for (std::size_t i = 0; i < pixels_x(); ++i) {
      // rounding may leave -1e-7 of the brightest where no light falls
      image[j * pixels_x() + i] = std::max(out[i * ratio_].real(), 0.0F);
    }
  }
}

}  // namespace halotwin::physics
