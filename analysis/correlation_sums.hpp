// Sums over the frames of a movie from which the correlations of neighbouring pixels follow, one
// pass, exact.
//
//   d(p,t) = I(p,t) - I(p,0)
//   S(p) = sum_t d(p,t),  Q(p) = sum_t d(p,t)^2,  P_k(p) = sum_t d(p,t) d(p + k,t)
//
// for the neighbours k to the east, south, south-east and south-west; the other four are these seen
// from the other side. All sums are whole numbers of 64 bits, so nothing depends on the order:
// portions, threads, instruction sets. Counted: 6 products of 16 bits per pixel and frame, the
// movie read once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"

namespace halotwin::analysis {

/// Steps to the four neighbours that are kept; with the opposite ones all eight.
enum class Neighbour : std::uint8_t { east, south, south_east, south_west };

struct NeighbourStep {
  int x = 0;
  int y = 0;
};
inline constexpr std::array<NeighbourStep, 4> neighbour_steps = {{{1, 0}, {0, 1}, {1, 1}, {-1, 1}}};

/// How the products are summed; the sums are the same.
enum class Instructions { best, plain };

class CorrelationSums {
 public:
  /// Throws ParameterError if a side is 0.
  CorrelationSums(std::size_t nx, std::size_t ny, Threads threads);
  void use(Instructions which) { instructions_ = which; }

  /// Whole frames [t][y][x], any number at a time (multiples of 64 are quickest). Throws
  /// ParameterError for a part of a frame and for more than 2^31 frames in all.
  void add(std::span<const std::uint16_t> frames);

  [[nodiscard]] std::size_t nx() const { return nx_; }
  [[nodiscard]] std::size_t ny() const { return ny_; }
  [[nodiscard]] std::size_t frames() const { return frames_; }

  /// Mean of I(p,t) over the frames. [counts]
  [[nodiscard]] double mean(std::size_t pixel) const;
  /// sum_t (I - mean)^2 / T. [counts^2]
  [[nodiscard]] double variance(std::size_t pixel) const;
  /// sum_t (I_p - mean_p) (I_q - mean_q) / T for the neighbour q of `pixel`; it must exist.
  [[nodiscard]] double covariance(std::size_t pixel, Neighbour to) const;

 private:
  void add_band(std::span<const std::uint16_t> frames, std::size_t first, std::size_t last);

  std::size_t nx_;
  std::size_t ny_;
  Threads threads_;
  Instructions instructions_ = Instructions::best;
  std::size_t frames_ = 0;
  std::vector<std::uint16_t> reference_;              // I(p,0)
  std::vector<std::int64_t> sum_;                     // S
  std::vector<std::int64_t> square_;                  // Q
  std::array<std::vector<std::int64_t>, 4> product_;  // P_k; 0 where there is no neighbour
};

/// Correlation map of CLIM: for each pixel p the mean over its neighbours q (8, at borders fewer)
/// of
///
///   r(p,q) = cov(p,q) / sqrt(var(p) var(q))
///
/// Pixels whose value never changes have no r and are left out of the means of their neighbours;
/// alone they are NaN. Source: Seth et al., Chem. Biomed. Imaging 2025, 3, 244 (Methods).
struct CorrelationMap {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<double> mean_r;            // [y][x]
  std::vector<double> intensity;         // mean counts
  std::vector<double> variance;          // counts^2
  std::array<std::vector<double>, 4> r;  // of each Neighbour; NaN where there is none
};
[[nodiscard]] CorrelationMap correlation_map(const CorrelationSums& sums);

/// Mean over the neighbours of each pixel of `r` (as in CorrelationMap); NaN are left out.
[[nodiscard]] std::vector<double> mean_over_neighbours(std::size_t nx,
                                                       std::size_t ny,
                                                       const std::array<std::vector<double>, 4>& r);

/// The map without the detector's noise: mean over the neighbours of r / sqrt(R_p R_q)
/// (disattenuation, Spearman 1904); `reliability` from detector_noise.hpp. Noise of the estimate
/// can carry it above 1.
[[nodiscard]] std::vector<double> disattenuated(const CorrelationMap& map,
                                                std::span<const double> reliability);

}  // namespace halotwin::analysis
