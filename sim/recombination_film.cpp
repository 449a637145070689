#include "sim/recombination_film.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::sim {
namespace {

/// Entities of the second population in the streams of sites and strengths.
constexpr std::uint32_t first_strong = 1U << 24U;
constexpr std::size_t traces_per_chunk = 64;
constexpr double tolerance = 2e-3;  // the density is then right to 7e-4 rms; tests say so

Grid node_grid(const Grid& native, double node_m) {
  const auto nodes = [&](std::size_t n, double step_m) {
    return static_cast<std::size_t>(std::floor(static_cast<double>(n) * step_m / node_m + 1e-6));
  };
  return {nodes(native.nx, native.step_x_m),
          nodes(native.ny, native.step_y_m),
          node_m,
          node_m,
          {native.origin.x_m + 0.5 * (node_m - native.step_x_m),
           native.origin.y_m + 0.5 * (node_m - native.step_y_m)}};
}

Image<std::int32_t> node_grains(const Microstructure& structure, const Grid& grid) {
  Image<std::int32_t> grains(grid.nx, grid.ny, 0);
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    for (std::size_t ix = 0; ix < grid.nx; ++ix) {
      grains(ix, iy) = structure.locate(grid.centre(ix, iy)).grain;
    }
  }
  return grains;
}

/// The strength of a node that acts on the film around as the given one of another node size does:
/// 1 / kappa' = 1 / kappa + ln(node' / node) / (2 pi D).
double converted(double strength_m2_per_s, const RecombinationParams& p) {
  if (p.node_m == p.strength_node_m || strength_m2_per_s == 0.0) {
    return strength_m2_per_s;
  }
  // the radius at which the density equals that of the node, on the grid of strength_node_m
  const double radius_m = std::exp(-constants::euler_gamma) / std::sqrt(8.0) * p.strength_node_m;
  return physics::node_strength_m2_per_s(
      strength_m2_per_s, radius_m, p.carriers.diffusivity_m2_per_s, p.node_m);
}

double apart(Point a, Point b) {
  return std::hypot(a.x_m - b.x_m, a.y_m - b.y_m);
}

}  // namespace

RecombinationFilm::RecombinationFilm(const RecombinationParams& params,
                                     const Microstructure& structure,
                                     std::uint64_t seed)
    : params_(params), seed_(seed), grid_(node_grid(structure.grid, params.node_m)) {
  validate(params_);
  require(grid_.nx > 1 && grid_.ny > 1, "the film has fewer than 2 x 2 nodes (clim.node_m)");
  grains_ = node_grains(structure, grid_);
  carriers_ = physics::make_carrier_film(params_.carriers, grains_, params_.node_m, seed);
  if (!params_.diffusion) {
    std::fill(
        carriers_.conductance_x_m2_per_s.begin(), carriers_.conductance_x_m2_per_s.end(), 0.0);
    std::fill(
        carriers_.conductance_y_m2_per_s.begin(), carriers_.conductance_y_m2_per_s.end(), 0.0);
  }
  std::vector<std::size_t> everywhere(grid_.size());
  std::iota(everywhere.begin(), everywhere.end(), std::size_t{0});
  std::vector<std::size_t> boundary = physics::boundary_nodes(grains_, false);
  if (boundary.empty()) {  // a single grain
    boundary = everywhere;
  }
  const double area_m2 = static_cast<double>(grid_.size()) * params_.node_m * params_.node_m;
  const auto place = [&](const physics::CentreParams& p, std::uint32_t first, bool strong) {
    const auto placed =
        physics::place_centres(p, p.at_boundaries ? boundary : everywhere, area_m2, seed, first);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      const auto entity = first + static_cast<std::uint32_t>(i);
      const std::size_t node = placed[i].node;
      const Point at = grid_.centre(node % grid_.nx, node / grid_.nx);
      const bool crowded = std::any_of(centres_.begin(), centres_.end(), [&](const auto& other) {
        return apart(other.at, at) < params_.isolation_m;
      });
      if (!crowded) {
        centres_.push_back({at,
                            node,
                            converted(placed[i].strength_m2_per_s, params_),
                            physics::draw_telegraph(params_.rates, seed, entity),
                            strong});
      }
    }
  };
  place(params_.centres, 0, false);
  place(params_.strong, first_strong, true);
}

std::vector<physics::RecombinationCentre> RecombinationFilm::sinks() const {
  std::vector<physics::RecombinationCentre> sinks;
  for (const SwitchingCentre& c : centres_) {
    sinks.push_back({c.node, c.strength_m2_per_s});
  }
  return sinks;
}

std::vector<double> RecombinationFilm::duties() const {
  std::vector<double> duties;
  for (const SwitchingCentre& c : centres_) {
    duties.push_back(physics::duty(c.rates));
  }
  return duties;
}

void CentreActivity::occupations(std::span<const double> start_s,
                                 double exposure_s,
                                 std::span<float> out,
                                 Threads threads) {
  const std::vector<SwitchingCentre>& centres = film_->centres();
  require(out.size() == start_s.size() * centres.size(), "one value per window and centre");
  require_positive("exposure_s", exposure_s);
  if (start_s.empty()) {
    return;
  }
  if (traces_.empty() || start_s.front() < reached_s_) {
    traces_.clear();
    for (std::size_t i = 0; i < centres.size(); ++i) {
      traces_.emplace_back(centres[i].rates, film_->seed(), static_cast<std::uint32_t>(i));
    }
  }
  for_each_chunk(
      centres.size(), traces_per_chunk, threads, [&](std::size_t begin, std::size_t end) {
        for (std::size_t c = begin; c < end; ++c) {
          for (std::size_t k = 0; k < start_s.size(); ++k) {
            const double from = std::max(start_s[k], traces_[c].time_s());
            static_cast<void>(traces_[c].occupied_until(from));
            const double until = std::max(start_s[k] + exposure_s, from);
            const double on_s = traces_[c].occupied_until(until);
            out[k * centres.size() + c] =
                static_cast<float>(std::clamp(on_s / exposure_s, 0.0, 1.0));
          }
        }
      });
  reached_s_ = start_s.back() + exposure_s;
}

FilmEmission::FilmEmission(const RecombinationFilm& film, double relative_light, Threads threads)
    : film_(&film),
      relative_light_(relative_light),
      threads_(threads),
      activity_(film),
      lit_(film.carriers()) {
  require_positive("relative light", relative_light);
  for (double& generation : lit_.generation_per_m3_s) {
    generation *= relative_light;
  }
  const std::vector<double> duties = film.duties();
  if (film.params().diffusion) {
    physics::CarrierFrameOptions options;
    options.chunk_frames = chunk_frames;
    options.tolerance = tolerance;
    solver_ = std::make_unique<physics::CarrierFrames>(lit_, film.sinks(), duties, options);
    mean_density_ = solver_->mean_density();
  } else {
    const double area = film.params().node_m * film.params().node_m;
    std::vector<double> sinks(lit_.size(), 0.0);
    for (std::size_t c = 0; c < duties.size(); ++c) {
      const SwitchingCentre& centre = film.centres()[c];
      sinks[centre.node] += duties[c] * centre.strength_m2_per_s / area;
    }
    for (std::size_t i = 0; i < lit_.size(); ++i) {
      mean_density_.push_back(static_cast<float>(density_alone(i, sinks[i])));
    }
  }
  film_density_per_m3_ = std::accumulate(mean_density_.begin(), mean_density_.end(), 0.0) /
                         static_cast<double>(mean_density_.size());
}

/// n = 2 G / (k + sqrt(k^2 + 4 k2 G)), k = k1 + k2 p0 + sinks.
double FilmEmission::density_alone(std::size_t node, double sinks_per_s) const {
  const double k2 = lit_.bimolecular_m3_per_s;
  const double k = lit_.loss_per_s[node] + k2 * lit_.background_per_m3 + sinks_per_s;
  const double generation = lit_.generation_per_m3_s[node];
  return 2.0 * generation / (k + std::sqrt(k * k + 4.0 * k2 * generation));
}

void FilmEmission::solve_alone(std::span<const float> occupations, std::span<float> out) const {
  const std::vector<SwitchingCentre>& centres = film_->centres();
  const std::size_t nodes = lit_.size();
  const double area = film_->params().node_m * film_->params().node_m;
  const auto rate = [&](double n) {
    return static_cast<float>(lit_.bimolecular_m3_per_s * n * (n + lit_.background_per_m3));
  };
  std::vector<float> dark_free(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    dark_free[i] = rate(density_alone(i, 0.0));
  }
  const std::size_t frames = out.size() / nodes;
  for_each_chunk(frames, chunk_frames, threads_, [&](std::size_t begin, std::size_t end) {
    std::vector<double> sinks(nodes, 0.0);
    for (std::size_t k = begin; k < end; ++k) {
      float* to = out.data() + k * nodes;
      std::copy(dark_free.begin(), dark_free.end(), to);
      for (const SwitchingCentre& centre : centres) {
        sinks[centre.node] = 0.0;
      }
      for (std::size_t c = 0; c < centres.size(); ++c) {
        sinks[centres[c].node] += static_cast<double>(occupations[k * centres.size() + c]) *
                                  centres[c].strength_m2_per_s / area;
      }
      for (const SwitchingCentre& centre : centres) {
        to[centre.node] = rate(density_alone(centre.node, sinks[centre.node]));
      }
    }
  });
}

void FilmEmission::solve(std::span<const float> occupations, std::span<float> out) const {
  if (solver_) {
    solver_->emission(occupations, 1, out, threads_);
  } else {
    solve_alone(occupations, out);
  }
}

void FilmEmission::rates(std::span<const double> start_s, double exposure_s, std::span<float> out) {
  const std::size_t nodes = film_->grid().size();
  const std::size_t centres = film_->centres().size();
  require(out.size() == start_s.size() * nodes, "one value per frame and node");
  const auto parts = static_cast<std::size_t>(film_->params().sub_frames);
  const double part_s = exposure_s / static_cast<double>(parts);
  std::vector<double> windows;
  for (const double start : start_s) {
    for (std::size_t j = 0; j < parts; ++j) {
      windows.push_back(start + static_cast<double>(j) * part_s);
    }
  }
  std::vector<float> occupations(windows.size() * centres);
  activity_.occupations(windows, part_s, occupations, threads_);
  if (parts == 1) {
    solve(occupations, out);
    return;
  }
  // frame by frame groups of whole chunks, so that the parts need not all be held at once
  std::vector<float> whole(chunk_frames * parts * nodes);
  for (std::size_t begin = 0; begin < start_s.size(); begin += chunk_frames) {
    const std::size_t count = std::min(chunk_frames, start_s.size() - begin);
    const auto view = std::span(whole).first(count * parts * nodes);
    solve(std::span(occupations).subspan(begin * parts * centres, count * parts * centres), view);
    const float share = 1.0F / static_cast<float>(parts);
    for (std::size_t k = 0; k < count; ++k) {
      float* to = out.data() + (begin + k) * nodes;
      std::fill_n(to, nodes, 0.0F);
      for (std::size_t j = 0; j < parts; ++j) {
        const float* from = whole.data() + (k * parts + j) * nodes;
        for (std::size_t i = 0; i < nodes; ++i) {
          to[i] += share * from[i];
        }
      }
    }
  }
}

double FilmEmission::response(double s) const {
  const double n = film_density_per_m3_;
  const double p0 = film_->params().carriers.background_per_m3;
  return s * (s * n + p0) / (n + p0);
}

}  // namespace halotwin::sim
