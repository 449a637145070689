// Families of parallel stripes in a map: their directions from the structure tensor, and the angle
// between families.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/uncertainty.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

struct StripeParams {
  double gradient_pixels = 1.2;   // Gaussian of the derivatives
  double tensor_pixels = 2.5;     // Gaussian over which the tensor is averaged
  double kernel_deg = 4.0;        // of the density of directions
  double smallest_height = 0.05;  // of the highest peak of that density
  double smallest_density = 2.0;  // of a peak, over the mean density
  double significance = 3.0;      // standard deviations of a peak above the mean density
  double raster_deg = 0.5;        // error of a direction that the raster of pixels makes
  int block_side_pixels = 16;
  int replicates = 100;
  std::uint64_t seed = 1;
  bool operator==(const StripeParams&) const = default;
};
void validate(const StripeParams& p);
void visit_fields(auto& visit, StripeParams& p) {
  visit("gradient_pixels", p.gradient_pixels);
  visit("tensor_pixels", p.tensor_pixels);
  visit("kernel_deg", p.kernel_deg);
  visit("smallest_height", p.smallest_height);
  visit("smallest_density", p.smallest_density);
  visit("significance", p.significance);
  visit("raster_deg", p.raster_deg);
  visit("block_side_pixels", p.block_side_pixels);
  visit("replicates", p.replicates);
  visit("seed", p.seed);
}

/// Direction of the stripes against +x towards +y, 0 to 180 degrees.
struct StripeFamily {
  Estimate direction_deg;
  double share = 0.0;         // of the strength of all edges
  double significance = 0.0;  // of its peak above the mean density
};

struct StripeResult {
  std::vector<StripeFamily> families;      // strongest first
  std::vector<double> direction_deg;       // of the density
  std::vector<double> density;             // mean 1
  std::vector<float> local_direction_deg;  // of each pixel; NaN where there is no edge
  /// Angle between the two strongest families, 0 to 90 degrees; sigma 0 and value NaN with fewer.
  [[nodiscard]] Estimate angle_deg() const;
};

/// Structure tensor J = G_t * (grad grad^T), grad with Gaussian derivatives; the direction of the
/// stripes is across its first eigenvector, the strength of an edge is the root of the
/// difference of the eigenvalues, which goes as the step of the map across it. Density of
/// directions over the pixels, weighted by strength, on the circle of 180 degrees; families are its
/// peaks. Errors from a bootstrap over blocks, and of the raster. Pixels that are not measured
/// (NaN) and their surroundings are left out. values[iy * nx + ix]. Several channels of one map (in
/// phase and in quadrature): their tensors are added.
using Channels = std::span<const std::span<const double>>;
[[nodiscard]] StripeResult find_stripes(Channels channels,
                                        std::size_t nx,
                                        std::size_t ny,
                                        double step_x_m,
                                        double step_y_m,
                                        const StripeParams& params = {},
                                        Threads threads = {});
[[nodiscard]] StripeResult find_stripes(std::span<const double> values,
                                        std::size_t nx,
                                        std::size_t ny,
                                        double step_x_m,
                                        double step_y_m,
                                        const StripeParams& params = {},
                                        Threads threads = {});

}  // namespace halotwin::analysis
