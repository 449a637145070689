#include "physics/carrier_film.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/constants.hpp"
#include "base/ordered_sum.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using constants::pi;

namespace {

bool all(std::span<const double> values, bool (*holds)(double)) {
  return std::all_of(values.begin(), values.end(), holds);
}

bool positive(double v) {
  return std::isfinite(v) && v > 0.0;
}
bool not_negative(double v) {
  return std::isfinite(v) && v >= 0.0;
}

/// Calls visit(node, neighbour, across_x) for every face inside the film, x faces of a row first.
template <class Visit>
void for_each_face(std::size_t nx, std::size_t ny, bool periodic, const Visit& visit) {
  for (std::size_t iy = 0; iy < ny; ++iy) {
    for (std::size_t ix = 0; ix < nx; ++ix) {
      const std::size_t node = iy * nx + ix;
      if (ix + 1 < nx || (periodic && nx > 1)) {
        visit(node, iy * nx + (ix + 1) % nx, true);
      }
      if (iy + 1 < ny || (periodic && ny > 1)) {
        visit(node, ((iy + 1) % ny) * nx + ix, false);
      }
    }
  }
}

using Pair = std::pair<std::int32_t, std::int32_t>;

struct Boundary {
  double faces_x = 0.0;
  double faces_y = 0.0;
  double transfer_m_per_s = 0.0;
};

std::map<Pair, Boundary> find_boundaries(const CarrierFilmParams& p,
                                         const Image<std::int32_t>& grains,
                                         std::uint64_t seed) {
  std::map<Pair, Boundary> found;
  for_each_face(grains.nx, grains.ny, p.periodic, [&](std::size_t i, std::size_t j, bool x) {
    const Pair key = std::minmax(grains.values[i], grains.values[j]);
    if (key.first != key.second) {
      Boundary& b = found[key];
      (x ? b.faces_x : b.faces_y) += 1.0;
    }
  });
  for (auto& [key, b] : found) {
    RandomStream draw(seed,
                      Purpose::boundary_transfer,
                      static_cast<std::uint32_t>(key.first),
                      static_cast<std::uint64_t>(key.second));
    const double s = p.transfer_sigma_ln;
    b.transfer_m_per_s = p.transfer_m_per_s * std::exp(s * draw.normal() - 0.5 * s * s);
  }
  return found;
}

/// Two half cells of conductance c = 2 D / step on either side of a barrier with transfer v and
/// recombination S on each side; the densities at the barrier are eliminated:
///   (c + S + v) n_1s - v n_2s = c n_1,   and the same for 2.
struct Face {
  double transfer_m_per_s = 0.0;
  double loss_m_per_s = 0.0;  // of each cell
};
Face barrier(double half_cell, double transfer, double loss) {
  const double sum = half_cell + loss;
  // determinant (sum + v)^2 - v^2 = sum (sum + 2 v)
  const double determinant = sum * (sum + 2.0 * transfer);
  const double across = half_cell * half_cell * transfer / determinant;
  return {across, half_cell * loss / sum};
}

}  // namespace

void validate(const CarrierFilm& film) {
  require(film.nx >= 1 && film.ny >= 1, "a carrier film has nodes");
  require_positive("step_m", film.step_m);
  require_range("bimolecular_m3_per_s", film.bimolecular_m3_per_s, 0.0, 1.0);
  require_range("background_per_m3", film.background_per_m3, 0.0, 1e30);
  const std::size_t n = film.size();
  require(film.generation_per_m3_s.size() == n && film.loss_per_s.size() == n &&
              film.conductance_x_m2_per_s.size() == n && film.conductance_y_m2_per_s.size() == n,
          "every field of a carrier film has nx * ny values");
  require(all(film.generation_per_m3_s, positive), "generation_per_m3_s is > 0 everywhere");
  require(all(film.loss_per_s, positive), "loss_per_s is > 0 everywhere");
  require(all(film.conductance_x_m2_per_s, not_negative) &&
              all(film.conductance_y_m2_per_s, not_negative),
          "conductances are >= 0 everywhere");
}

CarrierFilm film_of_fields(std::size_t nx,
                           std::size_t ny,
                           double step_m,
                           bool periodic,
                           std::span<const double> diffusivity_m2_per_s,
                           std::span<const double> loss_per_s,
                           std::span<const double> generation_per_m3_s) {
  CarrierFilm film;
  film.nx = nx;
  film.ny = ny;
  film.step_m = step_m;
  film.periodic = periodic;
  film.loss_per_s.assign(loss_per_s.begin(), loss_per_s.end());
  film.generation_per_m3_s.assign(generation_per_m3_s.begin(), generation_per_m3_s.end());
  film.conductance_x_m2_per_s.assign(nx * ny, 0.0);
  film.conductance_y_m2_per_s.assign(nx * ny, 0.0);
  require(diffusivity_m2_per_s.size() == nx * ny, "diffusivity_m2_per_s has nx * ny values");
  require(all(diffusivity_m2_per_s, positive), "diffusivity_m2_per_s is > 0 everywhere");
  for_each_face(nx, ny, periodic, [&](std::size_t i, std::size_t j, bool x) {
    (x ? film.conductance_x_m2_per_s : film.conductance_y_m2_per_s)[i] =
        2.0 / (1.0 / diffusivity_m2_per_s[i] + 1.0 / diffusivity_m2_per_s[j]);
  });
  validate(film);
  return film;
}

void validate(const CarrierFilmParams& p) {
  require_positive("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  require_positive("loss_per_s", p.loss_per_s);
  require_range("loss_sigma_ln", p.loss_sigma_ln, 0.0, 2.0);
  require_range("bimolecular_m3_per_s", p.bimolecular_m3_per_s, 0.0, 1e-12);
  require_range("background_per_m3", p.background_per_m3, 0.0, 1e28);
  require_positive("generation_per_m3_s", p.generation_per_m3_s);
  require_range("transfer_m_per_s", p.transfer_m_per_s, 0.0, 1e9);
  require_range("transfer_sigma_ln", p.transfer_sigma_ln, 0.0, 2.0);
  require_range("boundary_loss_m_per_s", p.boundary_loss_m_per_s, 0.0, 1e9);
}

CarrierFilm make_carrier_film(const CarrierFilmParams& p,
                              const Image<std::int32_t>& grains,
                              double step_m,
                              std::uint64_t seed) {
  validate(p);
  require(std::all_of(grains.values.begin(), grains.values.end(), [](auto g) { return g >= 0; }),
          "grain numbers are >= 0");
  const std::size_t n = grains.size();
  std::map<std::int32_t, double> loss;
  for (const std::int32_t g : grains.values) {
    loss.emplace(g, 0.0);
  }
  for (auto& [grain, value] : loss) {
    RandomStream draw(seed, Purpose::carrier_loss, static_cast<std::uint32_t>(grain));
    const double s = p.loss_sigma_ln;
    value = p.loss_per_s * std::exp(s * draw.normal() - 0.5 * s * s);
  }
  std::vector<double> k1(n);
  std::transform(grains.values.begin(), grains.values.end(), k1.begin(), [&](std::int32_t g) {
    return loss.at(g);
  });
  CarrierFilm film = film_of_fields(grains.nx,
                                    grains.ny,
                                    step_m,
                                    p.periodic,
                                    std::vector<double>(n, p.diffusivity_m2_per_s),
                                    k1,
                                    std::vector<double>(n, p.generation_per_m3_s));
  film.bimolecular_m3_per_s = p.bimolecular_m3_per_s;
  film.background_per_m3 = p.background_per_m3;

  const auto boundaries = find_boundaries(p, grains, seed);
  const double half_cell = 2.0 * p.diffusivity_m2_per_s / step_m;
  for_each_face(grains.nx, grains.ny, p.periodic, [&](std::size_t i, std::size_t j, bool x) {
    const Pair key = std::minmax(grains.values[i], grains.values[j]);
    if (key.first == key.second) {
      return;
    }
    const Boundary& b = boundaries.at(key);
    const double weight = p.staircase_corrected
                              ? (x ? b.faces_x : b.faces_y) / std::hypot(b.faces_x, b.faces_y)
                              : 1.0;
    const Face face =
        barrier(half_cell, weight * b.transfer_m_per_s, weight * p.boundary_loss_m_per_s);
    (x ? film.conductance_x_m2_per_s : film.conductance_y_m2_per_s)[i] =
        face.transfer_m_per_s * step_m;
    film.loss_per_s[i] += face.loss_m_per_s / step_m;
    film.loss_per_s[j] += face.loss_m_per_s / step_m;
  });
  return film;
}

std::vector<std::size_t> boundary_nodes(const Image<std::int32_t>& grains, bool periodic) {
  std::vector<char> marked(grains.size(), 0);
  for_each_face(grains.nx, grains.ny, periodic, [&](std::size_t i, std::size_t j, bool) {
    if (grains.values[i] != grains.values[j]) {
      marked[i] = marked[j] = 1;
    }
  });
  std::vector<std::size_t> nodes;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] != 0) {
      nodes.push_back(i);
    }
  }
  return nodes;
}

double node_strength_m2_per_s(double strength_m2_per_s,
                              double capture_radius_m,
                              double diffusivity_m2_per_s,
                              double step_m) {
  require(strength_m2_per_s >= 0.0, "strength_m2_per_s", strength_m2_per_s, ">= 0");
  require_positive("capture_radius_m", capture_radius_m);
  require_positive("diffusivity_m2_per_s", diffusivity_m2_per_s);
  const double radius = step_m * std::exp(-constants::euler_gamma) / std::sqrt(8.0);
  const double spread = std::log(radius / capture_radius_m) / (2.0 * pi * diffusivity_m2_per_s);
  const double denominator = 1.0 + strength_m2_per_s * spread;
  require(denominator > 0.0,
          "capture_radius_m",
          capture_radius_m,
          "small enough for the grid: the sink alone would drain more than its node");
  return strength_m2_per_s / denominator;
}

void validate(const CentreParams& p) {
  require_range("density_per_m2", p.density_per_m2, 0.0, 1e16);
  require_range("strength_m2_per_s", p.strength_m2_per_s, 0.0, 1.0);
  require_range("strength_sigma_ln", p.strength_sigma_ln, 0.0, 3.0);
}

std::vector<RecombinationCentre> place_centres(const CentreParams& p,
                                               std::span<const std::size_t> nodes,
                                               double area_m2,
                                               std::uint64_t seed,
                                               std::uint32_t first_entity) {
  validate(p);
  require(!nodes.empty(), "there are nodes for recombination centres");
  RandomStream number(seed, Purpose::centre_sites, first_entity, 1);
  std::vector<RecombinationCentre> centres(number.poisson(p.density_per_m2 * area_m2));
  for (std::size_t i = 0; i < centres.size(); ++i) {
    const auto entity = first_entity + static_cast<std::uint32_t>(i);
    RandomStream site(seed, Purpose::centre_sites, entity);
    RandomStream strength(seed, Purpose::centre_strengths, entity);
    centres[i].node = nodes[site.index(static_cast<std::uint32_t>(nodes.size()))];
    centres[i].strength_m2_per_s =
        p.strength_m2_per_s * std::exp(p.strength_sigma_ln * strength.normal());
  }
  return centres;
}

void carrier_rate(const CarrierFilm& film,
                  std::span<const RecombinationCentre> centres,
                  std::span<const double> occupation,
                  std::span<const double> density_per_m3,
                  std::span<double> rate_per_m3_s) {
  require(occupation.size() == centres.size(), "occupation has one value per centre");
  const double area = film.step_m * film.step_m;
  for (std::size_t i = 0; i < film.size(); ++i) {
    const double n = density_per_m3[i];
    rate_per_m3_s[i] = film.generation_per_m3_s[i] - film.loss_per_s[i] * n -
                       film.bimolecular_m3_per_s * n * (n + film.background_per_m3);
  }
  for_each_face(film.nx, film.ny, film.periodic, [&](std::size_t i, std::size_t j, bool x) {
    const double g = (x ? film.conductance_x_m2_per_s : film.conductance_y_m2_per_s)[i];
    const double flow = g * (density_per_m3[j] - density_per_m3[i]) / area;
    rate_per_m3_s[i] += flow;
    rate_per_m3_s[j] -= flow;
  });
  for (std::size_t c = 0; c < centres.size(); ++c) {
    const std::size_t i = centres[c].node;
    rate_per_m3_s[i] -= occupation[c] * centres[c].strength_m2_per_s * density_per_m3[i] / area;
  }
}

CarrierBalance carrier_balance(const CarrierFilm& film,
                               std::span<const RecombinationCentre> centres,
                               std::span<const double> occupation,
                               std::span<const double> density_per_m3) {
  require(occupation.size() == centres.size(), "occupation has one value per centre");
  const auto nodes = static_cast<double>(film.size());
  std::vector<double> part(film.size());
  CarrierBalance out;
  out.generation_per_m3_s = ordered_sum(film.generation_per_m3_s) / nodes;
  for (std::size_t i = 0; i < part.size(); ++i) {
    part[i] = film.loss_per_s[i] * density_per_m3[i];
  }
  out.monomolecular_per_m3_s = ordered_sum(part) / nodes;
  for (std::size_t i = 0; i < part.size(); ++i) {
    part[i] = film.bimolecular_m3_per_s * density_per_m3[i] *
              (density_per_m3[i] + film.background_per_m3);
  }
  out.radiative_per_m3_s = ordered_sum(part) / nodes;
  std::vector<double> sink(centres.size());
  for (std::size_t c = 0; c < centres.size(); ++c) {
    sink[c] = occupation[c] * centres[c].strength_m2_per_s * density_per_m3[centres[c].node];
  }
  out.centres_per_m3_s = ordered_sum(sink) / (nodes * film.step_m * film.step_m);
  return out;
}

}  // namespace halotwin::physics
