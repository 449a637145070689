#include "sim/quenching_domains.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/require.hpp"

namespace halotwin::sim {
namespace {

constexpr double tile_m = 1.6e-6;   // of centres that are solved together
constexpr double reach_m = 1.6e-6;  // of a centre
constexpr double tolerance = 1e-3;

/// A range of nodes, whole pixels.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] bool contains(std::size_t i) const { return i >= begin && i < end; }
};

Range widened(Range r, std::size_t by, std::size_t n) {
  return {r.begin > by ? r.begin - by : 0, std::min(r.end + by, n)};
}

physics::CarrierFilm cut_out(const physics::CarrierFilm& film, Range x, Range y) {
  physics::CarrierFilm part = film;
  part.nx = x.size();
  part.ny = y.size();
  const auto cut = [&](const std::vector<double>& from, std::vector<double>& to) {
    to.clear();
    for (std::size_t iy = y.begin; iy < y.end; ++iy) {
      const auto row = from.begin() + static_cast<std::ptrdiff_t>(iy * film.nx);
      to.insert(to.end(),
                row + static_cast<std::ptrdiff_t>(x.begin),
                row + static_cast<std::ptrdiff_t>(x.end));
    }
  };
  cut(film.generation_per_m3_s, part.generation_per_m3_s);
  cut(film.loss_per_s, part.loss_per_s);
  cut(film.conductance_x_m2_per_s, part.conductance_x_m2_per_s);
  cut(film.conductance_y_m2_per_s, part.conductance_y_m2_per_s);
  for (std::size_t iy = 0; iy < part.ny; ++iy) {  // the rim of the part is closed
    part.conductance_x_m2_per_s[iy * part.nx + part.nx - 1] = 0.0;
  }
  std::fill_n(
      part.conductance_y_m2_per_s.end() - static_cast<std::ptrdiff_t>(part.nx), part.nx, 0.0);
  return part;
}

/// What the centres of one tile do to the pixels around.
struct Part {
  Range x;  // pixels
  Range y;
  std::vector<float> total;
  std::vector<float> most;
  std::vector<std::int32_t> centre;
};

class Tiles {
 public:
  Tiles(const RecombinationFilm& film, const physics::MicroscopeParams& optics)
      : film_(&film),
        optics_(optics),
        ratio_(static_cast<std::size_t>(
            std::max(std::lround(optics.pixel_m / film.params().node_m), 1L))),
        nodes_x_(film.grid().nx / ratio_ * ratio_),
        nodes_y_(film.grid().ny / ratio_ * ratio_),
        side_(whole(tile_m)),
        reach_(whole(reach_m)),
        across_((nodes_x_ + side_ - 1) / side_) {}

  [[nodiscard]] std::size_t count() const { return across_ * ((nodes_y_ + side_ - 1) / side_); }
  [[nodiscard]] std::size_t ratio() const { return ratio_; }
  [[nodiscard]] Part solve(std::size_t tile) const;

 private:
  [[nodiscard]] std::size_t whole(double length_m) const {
    return ratio_ * static_cast<std::size_t>(std::ceil(length_m / optics_.pixel_m));
  }

  const RecombinationFilm* film_;
  physics::MicroscopeParams optics_;
  std::size_t ratio_;
  std::size_t nodes_x_;
  std::size_t nodes_y_;
  std::size_t side_;
  std::size_t reach_;
  std::size_t across_;
};

Part Tiles::solve(std::size_t tile) const {
  const std::size_t left = tile % across_ * side_;
  const std::size_t top = tile / across_ * side_;
  const Range core_x{left, std::min(left + side_, nodes_x_)};
  const Range core_y{top, std::min(top + side_, nodes_y_)};
  const Range x = widened(core_x, reach_, nodes_x_);
  const Range y = widened(core_y, reach_, nodes_y_);
  Part part{{x.begin / ratio_, x.end / ratio_}, {y.begin / ratio_, y.end / ratio_}, {}, {}, {}};
  const std::size_t pixels = part.x.size() * part.y.size();
  part.total.assign(pixels, 0.0F);
  part.most.assign(pixels, 0.0F);
  part.centre.assign(pixels, 0);

  std::vector<physics::RecombinationCentre> sinks;
  std::vector<double> duties;
  std::vector<std::pair<std::size_t, std::size_t>> inside;  // place among the sinks, and centre
  for (std::size_t c = 0; c < film_->centres().size(); ++c) {
    const SwitchingCentre& centre = film_->centres()[c];
    const std::size_t ix = centre.node % film_->grid().nx;
    const std::size_t iy = centre.node / film_->grid().nx;
    if (!x.contains(ix) || !y.contains(iy)) {
      continue;
    }
    if (core_x.contains(ix) && core_y.contains(iy)) {
      inside.emplace_back(sinks.size(), c);
    }
    sinks.push_back({(iy - y.begin) * x.size() + ix - x.begin, centre.strength_m2_per_s});
    duties.push_back(physics::duty(centre.rates));
  }
  if (inside.empty()) {
    return part;
  }
  physics::CarrierFrameOptions options;
  options.tolerance = tolerance;
  const physics::CarrierFrames solver(cut_out(film_->carriers(), x, y), sinks, duties, options);
  const physics::ImageFormation formation(
      optics_, x.size(), y.size(), film_->params().node_m, physics::FilmBorder::dark);
  const std::vector<float> mean(duties.begin(), duties.end());
  std::vector<float> occupations = mean;  // centre on, and below centre off
  occupations.insert(occupations.end(), mean.begin(), mean.end());
  const auto per_generation =  // squares of rates would not fit
      static_cast<float>(1.0 / film_->carriers().generation_per_m3_s.front());
  const std::size_t nodes = x.size() * y.size();
  std::vector<float> rates(2 * nodes);
  std::vector<float> image(pixels);
  for (const auto& [sink, centre] : inside) {
    occupations[sink] = 1.0F;
    occupations[sinks.size() + sink] = 0.0F;
    solver.emission(occupations, 1, rates);
    occupations[sink] = occupations[sinks.size() + sink] = mean[sink];
    for (std::size_t i = 0; i < nodes; ++i) {
      rates[i] = (rates[nodes + i] - rates[i]) * per_generation;
    }
    formation.form(std::span<const float>(rates).first(nodes), image);
    const auto weight = static_cast<float>(duties[sink] * (1.0 - duties[sink]));
    for (std::size_t i = 0; i < pixels; ++i) {
      const float variance = weight * image[i] * image[i];
      part.total[i] += variance;
      if (variance > part.most[i]) {
        part.most[i] = variance;
        part.centre[i] = static_cast<std::int32_t>(centre + 1);
      }
    }
  }
  return part;
}

}  // namespace

QuenchingDomains quenching_domains(const RecombinationFilm& film,
                                   const physics::MicroscopeParams& optics,
                                   Point corner,
                                   std::size_t nx,
                                   std::size_t ny,
                                   Threads threads) {
  require(nx > 0 && ny > 0, "quenching domains have pixels");
  const Tiles tiles(film, optics);
  std::vector<Part> parts(tiles.count());
  for_each_chunk(parts.size(), 1, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      parts[i] = tiles.solve(i);
    }
  });
  const Grid& grid = film.grid();
  const auto first = [&](double corner_m, double origin_m, double step_m) {
    return std::lround((corner_m - origin_m + 0.5 * step_m) / optics.pixel_m);
  };
  const long first_x = first(corner.x_m, grid.origin.x_m, grid.step_x_m);
  const long first_y = first(corner.y_m, grid.origin.y_m, grid.step_y_m);
  QuenchingDomains out{{nx, ny, 0}, {nx, ny, 0}, {nx, ny, 0.0F}};
  Image<float> total(nx, ny, 0.0F);
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.total.size(); ++i) {
      const long x = static_cast<long>(part.x.begin + i % part.x.size()) - first_x;
      const long y = static_cast<long>(part.y.begin + i / part.x.size()) - first_y;
      if (x < 0 || y < 0 || x >= static_cast<long>(nx) || y >= static_cast<long>(ny)) {
        continue;
      }
      const std::size_t to = static_cast<std::size_t>(y) * nx + static_cast<std::size_t>(x);
      total.values[to] += part.total[i];
      if (part.most[i] > out.share.values[to]) {
        out.share.values[to] = part.most[i];
        out.strongest.values[to] = part.centre[i];
      }
    }
  }
  for (std::size_t i = 0; i < total.size(); ++i) {
    float& share = out.share.values[i];
    share = total.values[i] > 0.0F ? share / total.values[i] : 0.0F;
    out.domain.values[i] = share > 0.5F ? out.strongest.values[i] : 0;
  }
  return out;
}

}  // namespace halotwin::sim
