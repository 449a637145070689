#include "physics/carrier_multigrid.hpp"

#include <algorithm>
#include <array>

#include "base/clones.hpp"

namespace halotwin::physics {

namespace {

constexpr std::size_t group_size =
    14;                          // unknowns of the next finer level; measured: 6 and 9 are slower
constexpr float strong = 0.25F;  // of the strongest coupling of a cell
constexpr std::size_t smallest_level = 200;  // no coarser level below this
constexpr int sweeps_on_coarsest = 4;        // symmetric pairs

/// The five-point neighbourhood of one row; pointers to its first value inside.
struct Row {
  const float* u;
  const float* below;
  const float* above;
  const float* gx;
  const float* gy;
  const float* gy_below;
  const float* b;
  const float* diag;
  std::size_t n;
};

/// t = u where mask is 0, the value that fulfils the cell's equation where it is 1.
HALOTWIN_CLONES void relax_row(const Row& row, const float* mask, float* __restrict t) {
  const float* left = row.u - 1;
  const float* gx_left = row.gx - 1;
  for (std::size_t i = 0; i < row.n; ++i) {
    const float sum = row.b[i] + (row.gx[i] * row.u[i + 1] + gx_left[i] * left[i]) +
                      (row.gy[i] * row.above[i] + row.gy_below[i] * row.below[i]);
    t[i] = row.u[i] + mask[i] * (sum / row.diag[i] - row.u[i]);
  }
}

HALOTWIN_CLONES void residual_row(const Row& row, float* __restrict t) {
  const float* left = row.u - 1;
  const float* gx_left = row.gx - 1;
  for (std::size_t i = 0; i < row.n; ++i) {
    const float sum = row.b[i] + (row.gx[i] * row.u[i + 1] + gx_left[i] * left[i]) +
                      (row.gy[i] * row.above[i] + row.gy_below[i] * row.below[i]);
    t[i] = sum - row.diag[i] * row.u[i];
  }
}

/// Halo of one row, and of the rows beyond the rim that copy it.
void halo_row(const CarrierGrid& grid, float* u, std::size_t iy) {
  if (!grid.periodic) {
    return;
  }
  float* r = u + grid.at(0, iy);
  *(r - 1) = r[grid.nx - 1];
  r[grid.nx] = r[0];
  if (iy == 0) {
    std::copy_n(r - 1, grid.stride(), u + grid.at(0, grid.ny) - 1);
  }
  if (iy + 1 == grid.ny) {
    std::copy_n(r - 1, grid.stride(), u);
  }
}

Row row_of(const CarrierGrid& grid,
           const CarrierWorkspace& work,
           const std::vector<float>& u,
           const std::vector<float>& b,
           std::size_t iy) {
  const std::size_t at = grid.at(0, iy);
  const std::size_t s = grid.stride();
  return {u.data() + at,
          u.data() + at - s,
          u.data() + at + s,
          grid.gx.data() + at,
          grid.gy.data() + at,
          grid.gy.data() + at - s,
          b.data() + at,
          work.diag.data() + at,
          grid.nx};
}

/// One colour, then the other, in one pass over memory: the second colour of a row follows as soon
/// as the first of the next row is done.
void sweep(const CarrierGrid& grid,
           CarrierWorkspace& work,
           const std::vector<float>& b,
           std::vector<float>& u,
           std::size_t first_colour) {
  const std::size_t width = grid.stride();
  float* t = work.rows.data() + 2 * width;
  const auto relax = [&](std::size_t iy, std::size_t colour) {
    const float* mask = work.rows.data() + ((iy + colour) % 2) * width;
    relax_row(row_of(grid, work, u, b, iy), mask, t);
    std::copy_n(t, grid.nx, u.data() + grid.at(0, iy));
    halo_row(grid, u.data(), iy);
  };
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    relax(iy, first_colour);
    if (iy >= 2) {
      relax(iy - 1, 1 - first_colour);
    }
  }
  if (grid.ny > 1) {
    relax(grid.ny - 1, 1 - first_colour);
  }
  relax(0, 1 - first_colour);
}

float couplings(const CarrierCoarse& level, const std::vector<float>& u, std::size_t row) {
  float sum = 0.0F;
  for (std::uint32_t k = level.begin[row]; k < level.begin[row + 1]; ++k) {
    sum += level.coupling[k] * u[level.column[k]];
  }
  return sum;
}

void forward(const CarrierCoarse& level, CarrierWorkspace::Coarse& grid) {
  for (std::size_t i = 0; i < level.size(); ++i) {
    grid.u[i] = (grid.b[i] + couplings(level, grid.u, i)) / grid.diag[i];
  }
}

void backward(const CarrierCoarse& level, CarrierWorkspace::Coarse& grid) {
  for (std::size_t i = level.size(); i-- > 0;) {
    grid.u[i] = (grid.b[i] + couplings(level, grid.u, i)) / grid.diag[i];
  }
}

void coarse_cycle(const CarrierHierarchy& hierarchy, std::size_t l, CarrierWorkspace& work) {
  const CarrierCoarse& level = hierarchy.coarse[l];
  CarrierWorkspace::Coarse& grid = work.coarse[l];
  std::fill(grid.u.begin(), grid.u.end(), 0.0F);
  if (l + 1 == hierarchy.coarse.size()) {
    for (int i = 0; i < sweeps_on_coarsest; ++i) {
      forward(level, grid);
      backward(level, grid);
    }
    return;
  }
  forward(level, grid);
  const CarrierCoarse& next_level = hierarchy.coarse[l + 1];
  CarrierWorkspace::Coarse& next = work.coarse[l + 1];
  std::fill(next.b.begin(), next.b.end(), 0.0F);
  for (std::size_t i = 0; i < level.size(); ++i) {
    next.b[next_level.group[i]] +=
        grid.b[i] + couplings(level, grid.u, i) - grid.diag[i] * grid.u[i];
  }
  coarse_cycle(hierarchy, l + 1, work);
  for (std::size_t i = 0; i < level.size(); ++i) {
    grid.u[i] += next.u[next_level.group[i]];
  }
  backward(level, grid);
}

/// A matrix as couplings (> 0) between neighbours and a mass of each unknown.
struct Graph {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> column;
  std::vector<float> coupling;
  std::vector<float> mass;

  [[nodiscard]] std::size_t size() const { return mass.size(); }
  [[nodiscard]] float strongest(std::size_t i) const {
    float largest = 0.0F;
    for (std::uint32_t k = begin[i]; k < begin[i + 1]; ++k) {
      largest = std::max(largest, coupling[k]);
    }
    return largest;
  }
};

Graph graph_of(const CarrierFilm& film, std::span<const double> mass) {
  Graph graph;
  graph.mass.assign(mass.begin(), mass.end());
  graph.begin.push_back(0);
  const auto add = [&](std::size_t to, double g) {
    if (g > 0.0) {
      graph.column.push_back(static_cast<std::uint32_t>(to));
      graph.coupling.push_back(static_cast<float>(g));
    }
  };
  for (std::size_t iy = 0; iy < film.ny; ++iy) {
    for (std::size_t ix = 0; ix < film.nx; ++ix) {
      const std::size_t i = iy * film.nx + ix;
      const std::size_t left = iy * film.nx + (ix + film.nx - 1) % film.nx;
      const std::size_t low = ((iy + film.ny - 1) % film.ny) * film.nx + ix;
      add(left, film.conductance_x_m2_per_s[left]);
      add(low, film.conductance_y_m2_per_s[low]);
      add(iy * film.nx + (ix + 1) % film.nx, film.conductance_x_m2_per_s[i]);
      add(((iy + 1) % film.ny) * film.nx + ix, film.conductance_y_m2_per_s[i]);
      graph.begin.push_back(static_cast<std::uint32_t>(graph.column.size()));
    }
  }
  return graph;
}

constexpr std::uint32_t nobody = 0xffffffffU;

/// Grows groups one after another: each takes in the free neighbour that is coupled to it most,
/// if that is a strong coupling for the neighbour.
struct Grouping {
  const Graph& graph;
  std::vector<std::uint32_t> group;
  std::vector<std::size_t> members;
  std::vector<float> pull;  // of the present group on a free neighbour
  std::vector<std::uint32_t> rim;

  explicit Grouping(const Graph& g) : graph(g), group(g.size(), nobody), pull(g.size(), 0.0F) {}

  void take(std::size_t i, std::uint32_t id) {
    group[i] = id;
    members.push_back(i);
    for (std::uint32_t k = graph.begin[i]; k < graph.begin[i + 1]; ++k) {
      const std::uint32_t j = graph.column[k];
      if (group[j] == nobody) {
        if (pull[j] == 0.0F) {
          rim.push_back(j);
        }
        pull[j] += graph.coupling[k];
      }
    }
  }

  void grow(std::size_t seed, std::uint32_t id) {
    members.clear();
    rim.clear();
    take(seed, id);
    while (members.size() < group_size) {
      std::uint32_t best = nobody;
      for (const std::uint32_t j : rim) {
        if (group[j] == nobody && pull[j] >= strong * graph.strongest(j) &&
            (best == nobody || pull[j] > pull[best])) {
          best = j;
        }
      }
      if (best == nobody) {
        break;
      }
      take(best, id);
    }
    for (const std::uint32_t j : rim) {
      pull[j] = 0.0F;
    }
  }
};

std::vector<std::uint32_t> find_groups(const Graph& graph) {
  Grouping grouping(graph);
  std::uint32_t groups = 0;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (grouping.group[i] == nobody) {
      grouping.grow(i, groups++);
    }
  }
  return grouping.group;
}

Graph merged(const Graph& graph, const std::vector<std::uint32_t>& group) {
  const std::size_t n = 1 + *std::max_element(group.begin(), group.end());
  Graph out;
  out.mass.assign(n, 0.0F);
  std::vector<std::vector<std::uint32_t>> members(n);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    members[group[i]].push_back(static_cast<std::uint32_t>(i));
    out.mass[group[i]] += graph.mass[i];
  }
  std::vector<std::uint32_t> slot(n, nobody);
  out.begin.push_back(0);
  for (std::size_t g = 0; g < n; ++g) {
    const auto first = static_cast<std::uint32_t>(out.column.size());
    for (const std::uint32_t i : members[g]) {
      for (std::uint32_t k = graph.begin[i]; k < graph.begin[i + 1]; ++k) {
        const std::uint32_t to = group[graph.column[k]];
        if (to == g) {
          continue;
        }
        if (slot[to] == nobody || slot[to] < first) {
          slot[to] = static_cast<std::uint32_t>(out.column.size());
          out.column.push_back(to);
          out.coupling.push_back(0.0F);
        }
        out.coupling[slot[to]] += graph.coupling[k];
      }
    }
    out.begin.push_back(static_cast<std::uint32_t>(out.column.size()));
  }
  return out;
}

CentrePlaces places_of(const std::vector<std::uint32_t>& place) {
  CentrePlaces out;
  out.touched = place;
  std::sort(out.touched.begin(), out.touched.end());
  out.touched.erase(std::unique(out.touched.begin(), out.touched.end()), out.touched.end());
  for (const std::uint32_t p : place) {
    out.centre_at.push_back(static_cast<std::uint32_t>(
        std::lower_bound(out.touched.begin(), out.touched.end(), p) - out.touched.begin()));
  }
  return out;
}

CarrierCoarse coarse_of(Graph graph, std::vector<std::uint32_t> group) {
  CarrierCoarse out;
  out.diag = graph.mass;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    for (std::uint32_t k = graph.begin[i]; k < graph.begin[i + 1]; ++k) {
      out.diag[i] += graph.coupling[k];
    }
  }
  out.group = std::move(group);
  out.begin = std::move(graph.begin);
  out.column = std::move(graph.column);
  out.coupling = std::move(graph.coupling);
  return out;
}

CarrierGrid grid_of(const CarrierFilm& film, std::span<const double> mass) {
  CarrierGrid grid;
  grid.nx = film.nx;
  grid.ny = film.ny;
  grid.periodic = film.periodic;
  grid.gx.assign(grid.padded(), 0.0F);
  grid.gy.assign(grid.padded(), 0.0F);
  grid.diag.assign(grid.padded(), 1.0F);
  for (std::size_t i = 0; i < film.size(); ++i) {
    const std::size_t at = grid.at(i % film.nx, i / film.nx);
    grid.gx[at] = static_cast<float>(film.conductance_x_m2_per_s[i]);
    grid.gy[at] = static_cast<float>(film.conductance_y_m2_per_s[i]);
  }
  fill_halo(grid, grid.gx);
  fill_halo(grid, grid.gy);
  for (std::size_t i = 0; i < film.size(); ++i) {
    const std::size_t at = grid.at(i % film.nx, i / film.nx);
    grid.diag[at] = static_cast<float>(mass[i]) + grid.gx[at] + grid.gx[at - 1] + grid.gy[at] +
                    grid.gy[at - grid.stride()];
  }
  return grid;
}

void put_sinks(const CentrePlaces& places,
               const std::vector<float>& bare,
               std::span<const float> sink,
               std::vector<float>& sums,
               std::vector<float>& diag) {
  std::fill(sums.begin(), sums.end(), 0.0F);
  for (std::size_t c = 0; c < sink.size(); ++c) {
    sums[places.centre_at[c]] += sink[c];
  }
  for (std::size_t k = 0; k < sums.size(); ++k) {
    diag[places.touched[k]] = bare[places.touched[k]] + sums[k];
  }
}

}  // namespace

void fill_halo(const CarrierGrid& grid, std::vector<float>& values) {
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    halo_row(grid, values.data(), iy);
  }
}

CarrierHierarchy carrier_hierarchy(const CarrierFilm& film,
                                   std::span<const RecombinationCentre> centres,
                                   std::span<const double> mass_m2_per_s) {
  CarrierHierarchy out;
  out.fine = grid_of(film, mass_m2_per_s);
  std::vector<std::uint32_t> place;
  std::vector<std::uint32_t> padded;
  for (const RecombinationCentre& c : centres) {
    place.push_back(static_cast<std::uint32_t>(c.node));
    padded.push_back(static_cast<std::uint32_t>(out.fine.at(c.node % film.nx, c.node / film.nx)));
  }
  out.fine.places = places_of(padded);
  Graph graph = graph_of(film, mass_m2_per_s);
  while (graph.size() > smallest_level) {
    std::vector<std::uint32_t> group = find_groups(graph);
    Graph next = merged(graph, group);
    if (10 * next.size() > 9 * graph.size()) {
      break;  // nothing left to group
    }
    for (std::uint32_t& p : place) {
      p = group[p];
    }
    graph = next;
    out.coarse.push_back(coarse_of(std::move(next), std::move(group)));
    out.coarse.back().places = places_of(place);
  }
  return out;
}

CarrierWorkspace carrier_workspace(const CarrierHierarchy& hierarchy) {
  CarrierWorkspace work;
  work.diag = hierarchy.fine.diag;
  work.sinks.resize(hierarchy.fine.places.touched.size());
  for (const CarrierCoarse& level : hierarchy.coarse) {
    work.coarse.push_back({std::vector<float>(level.size()),
                           std::vector<float>(level.size()),
                           level.diag,
                           std::vector<float>(level.places.touched.size())});
  }
  const std::size_t width = hierarchy.fine.stride();
  work.rows.assign(3 * width, 0.0F);
  for (std::size_t i = 0; i < width; ++i) {
    work.rows[(i % 2) * width + i] = 1.0F;
  }
  return work;
}

void set_sinks(const CarrierHierarchy& hierarchy,
               std::span<const float> sink_m2_per_s,
               CarrierWorkspace& work) {
  put_sinks(hierarchy.fine.places, hierarchy.fine.diag, sink_m2_per_s, work.sinks, work.diag);
  for (std::size_t l = 0; l < hierarchy.coarse.size(); ++l) {
    const CarrierCoarse& level = hierarchy.coarse[l];
    put_sinks(level.places, level.diag, sink_m2_per_s, work.coarse[l].sinks, work.coarse[l].diag);
  }
}

void residual(const CarrierGrid& grid,
              const CarrierWorkspace& work,
              const std::vector<float>& u,
              const std::vector<float>& b,
              std::vector<float>& out) {
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    residual_row(row_of(grid, work, u, b, iy), out.data() + grid.at(0, iy));
  }
}

void precondition(const CarrierHierarchy& hierarchy,
                  CarrierWorkspace& work,
                  const std::vector<float>& b,
                  std::vector<float>& u) {
  const CarrierGrid& grid = hierarchy.fine;
  std::fill(u.begin(), u.end(), 0.0F);
  sweep(grid, work, b, u, 0);
  if (!hierarchy.coarse.empty()) {
    const std::vector<std::uint32_t>& group = hierarchy.coarse[0].group;
    CarrierWorkspace::Coarse& coarse = work.coarse[0];
    std::fill(coarse.b.begin(), coarse.b.end(), 0.0F);
    float* t = work.rows.data() + 2 * grid.stride();
    for (std::size_t iy = 0; iy < grid.ny; ++iy) {
      residual_row(row_of(grid, work, u, b, iy), t);
      const std::uint32_t* to = group.data() + iy * grid.nx;
      for (std::size_t ix = 0; ix < grid.nx; ++ix) {
        coarse.b[to[ix]] += t[ix];
      }
    }
    coarse_cycle(hierarchy, 0, work);
    for (std::size_t iy = 0; iy < grid.ny; ++iy) {
      const std::uint32_t* from = group.data() + iy * grid.nx;
      float* row = u.data() + grid.at(0, iy);
      for (std::size_t ix = 0; ix < grid.nx; ++ix) {
        row[ix] += coarse.u[from[ix]];
      }
      halo_row(grid, u.data(), iy);
    }
  }
  sweep(grid, work, b, u, 1);
}

}  // namespace halotwin::physics
