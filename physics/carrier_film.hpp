// Charge carriers in a polycrystalline film, averaged over its thickness, on square cells (nodes):
//
//   dn/dt = G + div(D grad n) - k1 n - k2 n (n + p0) - sum_i sigma_i kappa_i delta(r - r_i) n
//
// Grain boundaries are partial barriers, flux v (n_1 - n_2), that may also recombine carriers,
// flux S n on either side. Carriers live for 100 ns and follow switching centres sigma_i(t) at
// once: each frame needs the steady state of its occupations. Finite volumes, second order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/grid.hpp"

namespace halotwin::physics {

/// Fields of a film of nx x ny nodes, row-major (y, x).
struct CarrierFilm {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_m = 0.0;
  bool periodic = false;                      // else no flux through the rim
  double bimolecular_m3_per_s = 0.0;          // k2
  double background_per_m3 = 0.0;             // p0, carriers without light (photodoping)
  std::vector<double> generation_per_m3_s{};  // G
  std::vector<double> loss_per_s{};           // k1, boundary recombination included
  /// Flux through the face to the right (ix + 1) and to the next row (iy + 1) per length of face,
  /// times step, per difference of densities; inside a grain it is D. Zero at a closed rim.
  std::vector<double> conductance_x_m2_per_s{};
  std::vector<double> conductance_y_m2_per_s{};

  [[nodiscard]] std::size_t size() const { return nx * ny; }
};
/// Sizes agree, values finite, G and k1 > 0, conductances >= 0. Throws ParameterError.
void validate(const CarrierFilm& film);

/// A film with a diffusivity D(x, y) and no boundaries; conductances are harmonic means.
[[nodiscard]] CarrierFilm film_of_fields(std::size_t nx,
                                         std::size_t ny,
                                         double step_m,
                                         bool periodic,
                                         std::span<const double> diffusivity_m2_per_s,
                                         std::span<const double> loss_per_s,
                                         std::span<const double> generation_per_m3_s);

/// Defaults: MAPI of the feasibility study; ranges in the comments (literature and estimates).
struct CarrierFilmParams {
  double diffusivity_m2_per_s = 5e-5;   // 0.05e-4 to 2e-4; triple cation 2e-5
  double loss_per_s = 8e6;              // k1, mean over grains; 1 / (20 ns to 2 us)
  double loss_sigma_ln = 0.2;           // log-normal, from grain to grain
  double bimolecular_m3_per_s = 1e-16;  // k2, 0.5e-16 to 5e-16, reabsorption included
  double background_per_m3 = 0.0;       // p0
  double generation_per_m3_s = 3e28;    // 0.7 W/cm^2 at 720 nm
  double transfer_m_per_s = 45.0;       // v, mean over boundaries; triple cation 15
  double transfer_sigma_ln = 0.5;       // log-normal, one value per pair of grains
  double boundary_loss_m_per_s = 0.0;   // S, on each side
  bool staircase_corrected = true;      // see make_carrier_film
  bool periodic = false;
  bool operator==(const CarrierFilmParams&) const = default;
};
void validate(const CarrierFilmParams& p);
void visit_fields(auto& visit, CarrierFilmParams& p) {
  visit("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  visit("loss_per_s", p.loss_per_s);
  visit("loss_sigma_ln", p.loss_sigma_ln);
  visit("bimolecular_m3_per_s", p.bimolecular_m3_per_s);
  visit("background_per_m3", p.background_per_m3);
  visit("generation_per_m3_s", p.generation_per_m3_s);
  visit("transfer_m_per_s", p.transfer_m_per_s);
  visit("transfer_sigma_ln", p.transfer_sigma_ln);
  visit("boundary_loss_m_per_s", p.boundary_loss_m_per_s);
  visit("staircase_corrected", p.staircase_corrected);
  visit("periodic", p.periodic);
}

/// The film of a map of grain numbers (>= 0). Draws: Purpose::carrier_loss, entity grain;
/// Purpose::boundary_transfer, entity and step the two grains.
///
/// Boundaries run along faces of the grid. An oblique boundary then is a staircase, up to sqrt(2)
/// longer than the boundary that it stands for (4 / pi on average). For a pair of grains with Nx
/// faces across x and Ny across y, v and S are weighted by Nx / N on the first and Ny / N on the
/// second, N = sqrt(Nx^2 + Ny^2): right for straight boundaries of any direction.
[[nodiscard]] CarrierFilm make_carrier_film(const CarrierFilmParams& p,
                                            const Image<std::int32_t>& grains,
                                            double step_m,
                                            std::uint64_t seed);

/// Nodes with a face to another grain, ascending.
[[nodiscard]] std::vector<std::size_t> boundary_nodes(const Image<std::int32_t>& grains,
                                                      bool periodic);

/// A nonradiative recombination centre: a sink kappa n in one node.
struct RecombinationCentre {
  std::size_t node = 0;
  double strength_m2_per_s = 0.0;  // kappa of the node, per film thickness
};

/// kappa of a node for a centre of strength kappa on a circle of capture radius a, smaller than the
/// grid resolves:  kappa / (1 + kappa / (2 pi D) ln(r_e / a)),  r_e = step exp(-gamma) / sqrt 8 =
/// 0.1985 step, where the density around a sink equals that of its node (the lattice Green's
/// function; Peaceman's radius). Makes the result independent of the grid.
[[nodiscard]] double node_strength_m2_per_s(double strength_m2_per_s,
                                            double capture_radius_m,
                                            double diffusivity_m2_per_s,
                                            double step_m);

struct CentreParams {
  double density_per_m2 = 5e12;
  double strength_m2_per_s = 3.6e-6;  // median
  double strength_sigma_ln = 0.4;
  bool at_boundaries = true;  // else anywhere
  bool operator==(const CentreParams&) const = default;
};
void validate(const CentreParams& p);
void visit_fields(auto& visit, CentreParams& p) {
  visit("density_per_m2", p.density_per_m2);
  visit("strength_m2_per_s", p.strength_m2_per_s);
  visit("strength_sigma_ln", p.strength_sigma_ln);
  visit("at_boundaries", p.at_boundaries);
}

/// Poisson number of centres on `nodes` (the candidates; the density refers to `area_m2`). Draws:
/// Purpose::centre_sites and centre_strengths, entities from first_entity.
[[nodiscard]] std::vector<RecombinationCentre> place_centres(const CentreParams& p,
                                                             std::span<const std::size_t> nodes,
                                                             double area_m2,
                                                             std::uint64_t seed,
                                                             std::uint32_t first_entity = 0);

/// dn/dt of the equation above [1/(m^3 s)]; `occupation` holds one sigma per centre (0 to 1).
void carrier_rate(const CarrierFilm& film,
                  std::span<const RecombinationCentre> centres,
                  std::span<const double> occupation,
                  std::span<const double> density_per_m3,
                  std::span<double> rate_per_m3_s);

/// Where the carriers go, film means [1/(m^3 s)]; in the steady state generation is their sum.
struct CarrierBalance {
  double generation_per_m3_s = 0.0;
  double monomolecular_per_m3_s = 0.0;  // boundary recombination included
  double radiative_per_m3_s = 0.0;
  double centres_per_m3_s = 0.0;
};
[[nodiscard]] CarrierBalance carrier_balance(const CarrierFilm& film,
                                             std::span<const RecombinationCentre> centres,
                                             std::span<const double> occupation,
                                             std::span<const double> density_per_m3);

/// Steady state by Newton's method with a sparse factorisation in each step (Eigen, LDL^T), to a
/// relative change of 1e-12: the judge of the faster CarrierFrames. Throws std::runtime_error if it
/// does not converge.
[[nodiscard]] std::vector<double> steady_density(const CarrierFilm& film,
                                                 std::span<const RecombinationCentre> centres,
                                                 std::span<const double> occupation);

/// The density in time: backward differentiation (IDA, banded matrix: small films only) from
/// `density_per_m3`, occupations fixed; densities at `times_s` (rising, > 0), one row per time.
/// The judge of the steady state.
[[nodiscard]] std::vector<std::vector<double>> density_in_time(
    const CarrierFilm& film,
    std::span<const RecombinationCentre> centres,
    std::span<const double> occupation,
    std::span<const double> density_per_m3,
    std::span<const double> times_s,
    double relative_tolerance = 1e-6);

}  // namespace halotwin::physics
