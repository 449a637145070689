// A wide-field objective: from photons emitted at the nodes of a film to photons on camera pixels.
//
// Incoherent imaging with an aberration-free objective, in focus unless said otherwise: the image
// is the emission convolved with the point-spread function, integrated over each pixel. All lengths
// are in the sample plane.
//
//   Airy      PSF(r) = (pi NA^2 / lambda^2) [2 J1(v) / v]^2,   v = 2 pi NA r / lambda
//   Gaussian  PSF(r) = exp(-r^2 / (2 sigma^2)) / (2 pi sigma^2), sigma = 0.21 lambda / NA
//
// both of integral 1 (scalar, paraxial form; Born and Wolf, Principles of Optics, 8.5.2; the width
// of the Gaussian that fits the Airy disc best: Zhang, Zerubia, Olivo-Marin 2007, Appl. Opt. 46,
// 1819). Valid as an approximation at NA 0.95: polarisation widens the spot by some percent.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::physics {

enum class PsfShape { gaussian, airy };
[[nodiscard]] constexpr auto enumerators(PsfShape) {
  return std::array{std::pair{PsfShape::gaussian, std::string_view("gaussian")},
                    std::pair{PsfShape::airy, std::string_view("airy")}};
}

/// Defaults: 60x objective, camera pixels of 100 nm in the sample plane, emission at 760 nm (CLIM,
/// paper 004).
struct MicroscopeParams {
  double numerical_aperture = 0.95;
  double immersion_index = 1.0;  // between objective and film: air
  double emission_wavelength_m = 760e-9;
  double pixel_m = 100e-9;  // camera pixel over magnification
  PsfShape psf_shape = PsfShape::gaussian;
  bool operator==(const MicroscopeParams&) const = default;
};
void validate(const MicroscopeParams& p);
void visit_fields(auto& visit, MicroscopeParams& p) {
  visit("numerical_aperture", p.numerical_aperture);
  visit("immersion_index", p.immersion_index);
  visit("emission_wavelength_m", p.emission_wavelength_m);
  visit("pixel_m", p.pixel_m);
  visit("psf_shape", p.psf_shape);
}

/// Standard deviation of the Gaussian, 0.21 lambda / NA [m]: 168 nm at 760 nm and 0.95.
[[nodiscard]] double gaussian_sigma_m(const MicroscopeParams& p);
/// Full width at half maximum [m]: 0.51450 lambda / NA (Airy), 2.3548 sigma (Gaussian).
[[nodiscard]] double psf_fwhm_m(const MicroscopeParams& p);
/// Radius of the first dark ring of the Airy pattern, 0.60983 lambda / NA [m].
[[nodiscard]] double airy_radius_m(const MicroscopeParams& p);
/// Point-spread function at a distance from its centre [1/m^2].
[[nodiscard]] double psf_per_m2(const MicroscopeParams& p, double radius_m);
/// Part of the light inside a radius: 1 - J0(v)^2 - J1(v)^2 (Rayleigh 1881), 0.838 in the first
/// dark ring; 1 - exp(-r^2 / (2 sigma^2)) for the Gaussian.
[[nodiscard]] double encircled_energy(const MicroscopeParams& p, double radius_m);
/// Optical transfer function, the Fourier transform of the PSF, at a spatial frequency [1/m]:
/// (2/pi)[acos s - s sqrt(1 - s^2)], s = f lambda / (2 NA), 0 beyond s = 1 (Airy);
/// exp(-2 pi^2 sigma^2 f^2) (Gaussian).
[[nodiscard]] double optical_transfer(const MicroscopeParams& p, double per_m);

/// What lies around the film that is computed: the same film again, or nothing that shines.
enum class FilmBorder { periodic, dark };

/// How far the film lies from where its nodes say [m]; any length, not only whole nodes.
struct ImageShift {
  double x_m = 0.0;
  double y_m = 0.0;
};

/// Images emission on nx x ny square nodes (point sources at their centres) onto the camera; a
/// pixel covers a whole number of nodes. With a periodic border the sum of the light is conserved
/// to rounding; with a dark one what falls beside the camera is lost.
///
/// Gaussian: separable, each node's share of a pixel by error functions, cut at 6 sigma and
/// normalised. Airy: by the transfer function and a Fourier transform, so without a cut; nodes must
/// be at most lambda / (4 NA) (then nothing lies beyond the Nyquist frequency), and a dark border
/// is a dark margin as wide as the film, beyond which the film repeats.
///
/// `defocus_m`: distance of the film from the plane of focus. The Airy pattern is imaged by its
/// defocused transfer function, the Gaussian gets wider (defocus.hpp).
class ImageFormation {
 public:
  ImageFormation(const MicroscopeParams& p,
                 std::size_t nx,
                 std::size_t ny,
                 double node_m,
                 FilmBorder border,
                 double defocus_m = 0.0);

  [[nodiscard]] std::size_t pixels_x() const { return nx_ / ratio_; }
  [[nodiscard]] std::size_t pixels_y() const { return ny_ / ratio_; }

  /// `emission`: photons per node, ny rows of nx; `image`: photons per pixel, pixels_y() rows.
  /// A film that has moved by `shift` keeps its light with a periodic border; with a dark one it
  /// moves out of the picture, and an Airy pattern may be moved by less than the margin. Reading
  /// only: several threads may form images at once.
  void form(std::span<const float> emission, std::span<float> image, ImageShift shift = {}) const;

 private:
  /// Weights of one direction: pixel i sums taps[k] * node[first + k + i * ratio].
  struct Taps {
    std::ptrdiff_t first = 0;
    std::vector<float> weight;
  };
  [[nodiscard]] Taps make_taps(double shift_m) const;
  void make_filter(const MicroscopeParams& p, double node_m, double defocus_m);
  void form_separable(std::span<const float> emission,
                      std::span<float> image,
                      const Taps& along_x,
                      const Taps& along_y) const;
  void form_by_transform(std::span<const float> emission,
                         std::span<float> image,
                         ImageShift shift) const;

  std::size_t nx_;
  std::size_t ny_;
  double node_m_;
  double sigma_m_ = 0.0;
  std::size_t ratio_ = 1;
  FilmBorder border_;
  Taps taps_;
  std::size_t fx_ = 0;  // size of the transform
  std::size_t fy_ = 0;
  std::vector<std::complex<float>> filter_;  // fx rows of fy: transposed
};

}  // namespace halotwin::physics
