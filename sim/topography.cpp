#include "sim/topography.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "base/units.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t row_chunk = 16;
constexpr double groove_end = 7.0;         // beyond it |Z| < 3e-3
constexpr int wave_modes = 96;             // random cosines of the waviness
constexpr double medial_softness = 0.125;  // of the inradius: rounds the ridge lines of a dome

/// Coefficients of the groove's power series.
constexpr std::size_t groove_terms = 80;
std::array<double, groove_terms> groove_series() {
  std::array<double, groove_terms> a{};
  a[0] = -1.0 / (std::sqrt(2.0) * std::tgamma(1.25));
  a[1] = 1.0;
  a[2] = -1.0 / (2.0 * std::sqrt(2.0) * std::tgamma(0.75));
  for (std::size_t n = 0; n + 4 < groove_terms; ++n) {
    const auto k = static_cast<double>(n);
    a[n + 4] = a[n] * (k - 1) / (4 * (k + 1) * (k + 2) * (k + 3) * (k + 4));
  }
  return a;
}

/// The groove as a table; linear between nodes 0.01 apart.
class GrooveTable {
 public:
  GrooveTable(double depth_m, double dihedral_deg) {
    const double slope = std::tan(0.5 * (180.0 - dihedral_deg) * units::deg);
    length_m_ = depth_m / (-mullins_groove(0.0) * slope);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      nodes_[k] = slope * length_m_ * mullins_groove(0.01 * static_cast<double>(k));
    }
  }
  [[nodiscard]] double operator()(double distance_m) const {
    if (!(length_m_ > 0.0) || distance_m >= groove_end * length_m_) {
      return 0.0;
    }
    const double u = 100.0 * distance_m / length_m_;
    const auto k = static_cast<std::size_t>(u);
    const double s = u - static_cast<double>(k);
    return (1 - s) * nodes_[k] + s * nodes_[k + 1];
  }

 private:
  double length_m_ = 0.0;
  std::array<double, 702> nodes_{};
};

/// Gaussian random field of unit variance with correlation exp(-r^2 / (2 L^2)), as random cosines
/// on a coarse grid of L/8, linear between its points.
class Waviness {
 public:
  Waviness(const Grid& grid, double length_m, std::uint64_t seed) : step_m_(length_m / 8) {
    const auto points = [&](std::size_t n, double step_m) {
      return static_cast<std::size_t>(static_cast<double>(n) * step_m / step_m_) + 3;
    };
    values_ = Image<float>(points(grid.nx, grid.step_x_m), points(grid.ny, grid.step_y_m));
    RandomStream draw(seed, Purpose::topography, 0xffffffffU);
    for (int mode = 0; mode < wave_modes; ++mode) {
      const double kx = draw.normal() / length_m;
      const double ky = draw.normal() / length_m;
      const double phase = draw.uniform(0.0, 2 * constants::pi);
      for (std::size_t iy = 0; iy < values_.ny; ++iy) {
        for (std::size_t ix = 0; ix < values_.nx; ++ix) {
          values_(ix, iy) +=
              static_cast<float>(std::sqrt(2.0 / wave_modes) *
                                 std::cos(kx * step_m_ * static_cast<double>(ix) +
                                          ky * step_m_ * static_cast<double>(iy) + phase));
        }
      }
    }
  }

  [[nodiscard]] double at(double x_m, double y_m) const {
    const double x = x_m / step_m_;
    const double y = y_m / step_m_;
    const auto ix = static_cast<std::size_t>(x);
    const auto iy = static_cast<std::size_t>(y);
    const double s = x - static_cast<double>(ix);
    const double t = y - static_cast<double>(iy);
    return (1 - t) * ((1 - s) * static_cast<double>(values_(ix, iy)) +
                      s * static_cast<double>(values_(ix + 1, iy))) +
           t * ((1 - s) * static_cast<double>(values_(ix, iy + 1)) +
                s * static_cast<double>(values_(ix + 1, iy + 1)));
  }

 private:
  double step_m_;
  Image<float> values_;
};

struct GrainRelief {
  double slope_x = 0.0;
  double slope_y = 0.0;
  double height_m = 0.0;
  double dome_m = 0.0;
};

std::vector<GrainRelief> draw_reliefs(const Microstructure& film,
                                      const TopographyParams& p,
                                      std::uint64_t seed) {
  std::vector<GrainRelief> reliefs(film.grains.size());
  const double tilt = std::tan(p.facet_tilt_deg * units::deg);
  for (std::size_t i = 0; i < reliefs.size(); ++i) {
    RandomStream draw(seed, Purpose::topography, static_cast<std::uint32_t>(i));
    reliefs[i] = {tilt * draw.normal(),
                  tilt * draw.normal(),
                  p.grain_height_sigma_m * draw.normal(),
                  p.dome_fraction * film.grains[i].equivalent_diameter_m()};
  }
  return reliefs;
}

/// Dome of a grain at a place, as a fraction of its height: 1 - (1 - s/s_max)^2.
double dome_shape(const Grain& g, Point at) {
  const double soft_m = medial_softness * g.inradius_m;
  if (!(soft_m > 0.0)) {
    return 0.0;
  }
  double sum = 0.0;
  for (const GrainSide& side : g.sides) {
    const double d = side.offset_m - side.normal_x * at.x_m - side.normal_y * at.y_m;
    sum += std::exp(-d / soft_m);
  }
  const double s = std::clamp(-soft_m * std::log(sum) / g.inradius_m, 0.0, 1.0);
  return 1 - (1 - s) * (1 - s);
}

}  // namespace

void validate(const TopographyParams& p) {
  require_range("dome_fraction", p.dome_fraction, 0.0, 0.5);
  require_range("groove_depth_m", p.groove_depth_m, 0.0, 1e-6);
  require_range("groove_dihedral_deg", p.groove_dihedral_deg, 90.0, 179.0);
  require_range("facet_tilt_deg", p.facet_tilt_deg, 0.0, 45.0);
  require_range("grain_height_sigma_m", p.grain_height_sigma_m, 0.0, 1e-6);
  require_range("edge_rounding_m", p.edge_rounding_m, 1e-10, 1e-5);
  require_range("waviness_rms_m", p.waviness_rms_m, 0.0, 1e-6);
  require_range("waviness_length_m", p.waviness_length_m, 5e-8, 1e-3);
  require_range("slope_x_deg", p.slope_x_deg, -10.0, 10.0);
  require_range("slope_y_deg", p.slope_y_deg, -10.0, 10.0);
}

double mullins_groove(double u) {
  if (u >= groove_end) {
    return 0.0;
  }
  static const auto a = groove_series();
  double power = 1.0;
  double sum = 0.0;
  for (const double coefficient : a) {
    sum += coefficient * power;
    power *= u;
  }
  return sum;
}

Image<float> make_topography(const Microstructure& film,
                             const TopographyParams& params,
                             std::uint64_t seed,
                             Threads threads) {
  validate(params);
  const Grid& grid = film.grid;
  const std::vector<GrainRelief> reliefs = draw_reliefs(film, params, seed);
  const GrooveTable groove(params.groove_depth_m, params.groove_dihedral_deg);
  const Waviness waves(grid, params.waviness_length_m, seed);
  const double slope_x = std::tan(params.slope_x_deg * units::deg);
  const double slope_y = std::tan(params.slope_y_deg * units::deg);
  Image<float> height(grid.nx, grid.ny);
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t iy = begin; iy < end; ++iy) {
      for (std::size_t ix = 0; ix < grid.nx; ++ix) {
        const auto label = static_cast<std::size_t>(film.label(ix, iy));
        const Grain& g = film.grains[label];
        const GrainRelief& relief = reliefs[label];
        const Point at = grid.centre(ix, iy);
        const auto d = static_cast<double>(film.boundary_distance_m(ix, iy));
        const double plane = relief.height_m + relief.slope_x * (at.x_m - g.centroid.x_m) +
                             relief.slope_y * (at.y_m - g.centroid.y_m);
        const double h =
            relief.dome_m * dome_shape(g, at) + groove(d) +
            (1 - std::exp(-d / params.edge_rounding_m)) * plane +
            params.waviness_rms_m * waves.at(at.x_m - grid.origin.x_m, at.y_m - grid.origin.y_m) +
            slope_x * at.x_m + slope_y * at.y_m;
        height(ix, iy) = static_cast<float>(h);
      }
    }
  });
  return height;
}

Image<float> dilate_by_ball(const Image<float>& height_m,
                            double grid_step_m,
                            double tip_radius_m,
                            Threads threads) {
  require_positive("grid_step_m", grid_step_m);
  require_range("tip_radius_m", tip_radius_m, 0.0, 100 * grid_step_m);
  const auto reach = static_cast<std::ptrdiff_t>(tip_radius_m / grid_step_m);
  const auto nx = static_cast<std::ptrdiff_t>(height_m.nx);
  const auto ny = static_cast<std::ptrdiff_t>(height_m.ny);
  Image<float> seen = height_m;
  for_each_chunk(height_m.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (auto iy = static_cast<std::ptrdiff_t>(begin); iy < static_cast<std::ptrdiff_t>(end);
         ++iy) {
      float* out = seen.values.data() + iy * nx;
      for (std::ptrdiff_t dy = std::max(-reach, -iy); dy <= std::min(reach, ny - 1 - iy); ++dy) {
        const float* in = height_m.values.data() + (iy + dy) * nx;
        for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx) {
          const double s2 = static_cast<double>(dx * dx + dy * dy) * grid_step_m * grid_step_m;
          const double rest = tip_radius_m * tip_radius_m - s2;
          if (rest < 0.0) {
            continue;
          }
          const auto cap = static_cast<float>(std::sqrt(rest) - tip_radius_m);
          const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, -dx);
          const std::ptrdiff_t to = std::min(nx, nx - dx);
          for (std::ptrdiff_t ix = from; ix < to; ++ix) {
            out[ix] = std::max(out[ix], in[ix + dx] + cap);
          }
        }
      }
    }
  });
  return seen;
}

}  // namespace halotwin::sim
