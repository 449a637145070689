// The preconditioner of CarrierFrames: one symmetric V-cycle of aggregation multigrid.
//
// The fine grid is structured. Rows are padded by one value on each side, and there is one row more
// above and below: copies of the opposite rim (periodic) or behind faces of conductance zero. The
// coarse unknowns are groups of strongly coupled cells: they end at barriers, so that a small grain
// becomes one unknown. Coarse matrices are sums of fine ones (Galerkin, piecewise constant).
// Source: Braess, Computing 55, 379 (1995); Notay, SIAM J. Sci. Comput. 34, A2288 (2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "physics/carrier_film.hpp"

namespace halotwin::physics {

/// Places that hold centres on one level, and which of them each centre adds to.
struct CentrePlaces {
  std::vector<std::uint32_t> touched;
  std::vector<std::uint32_t> centre_at;  // index into `touched`
};

/// The fine grid, integrated over a cell: (diag + sinks) u - neighbours = b.
struct CarrierGrid {
  std::size_t nx = 0;
  std::size_t ny = 0;
  bool periodic = false;
  std::vector<float> gx;    // conductance to the right [m^2/s], padded
  std::vector<float> gy;    // to the next row
  std::vector<float> diag;  // of the matrix without centres
  CentrePlaces places;

  [[nodiscard]] std::size_t stride() const { return nx + 2; }
  [[nodiscard]] std::size_t padded() const { return (nx + 2) * (ny + 2); }
  [[nodiscard]] std::size_t at(std::size_t ix, std::size_t iy) const {
    return (iy + 1) * stride() + ix + 1;
  }
};

/// A coarse level: compressed rows of positive couplings; `group` says where each unknown of the
/// next finer level (node of the film at first) belongs.
struct CarrierCoarse {
  std::vector<std::uint32_t> group;
  std::vector<std::uint32_t> begin;  // of each row, and the end
  std::vector<std::uint32_t> column;
  std::vector<float> coupling;
  std::vector<float> diag;
  CentrePlaces places;

  [[nodiscard]] std::size_t size() const { return diag.size(); }
};

struct CarrierHierarchy {
  CarrierGrid fine;
  std::vector<CarrierCoarse> coarse;
};
/// `mass_m2_per_s`: loss of each node times its area.
[[nodiscard]] CarrierHierarchy carrier_hierarchy(const CarrierFilm& film,
                                                 std::span<const RecombinationCentre> centres,
                                                 std::span<const double> mass_m2_per_s);

/// What one thread needs.
struct CarrierWorkspace {
  struct Coarse {
    std::vector<float> u;
    std::vector<float> b;
    std::vector<float> diag;
    std::vector<float> sinks;
  };
  std::vector<float> diag;   // fine, with sinks
  std::vector<float> sinks;  // per touched place
  std::vector<Coarse> coarse;
  std::vector<float> rows;  // two masks and a temporary row
};
[[nodiscard]] CarrierWorkspace carrier_workspace(const CarrierHierarchy& hierarchy);

/// Puts the sinks of a frame, kappa sigma [m^2/s] per centre, onto every level.
void set_sinks(const CarrierHierarchy& hierarchy,
               std::span<const float> sink_m2_per_s,
               CarrierWorkspace& work);

/// Refreshes the halo of a padded field.
void fill_halo(const CarrierGrid& grid, std::vector<float>& values);

/// out = b - A u; u with a fresh halo, the halo of out is left alone.
void residual(const CarrierGrid& grid,
              const CarrierWorkspace& work,
              const std::vector<float>& u,
              const std::vector<float>& b,
              std::vector<float>& out);

/// u = M b, M symmetric and positive: red-black sweep, coarse correction, black-red sweep.
void precondition(const CarrierHierarchy& hierarchy,
                  CarrierWorkspace& work,
                  const std::vector<float>& b,
                  std::vector<float>& u);

}  // namespace halotwin::physics
