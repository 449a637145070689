// Maps of one specimen by several instruments: do they register with each other? Internal to
// targets/.
#pragma once

#include <cstdint>
#include <string>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

/// A map, and where on the film each of its pixels really was.
struct SeenMap {
  std::string name;
  double step_m = 0.0;
  Image<double> height;  // or whatever the instrument sees
  Image<double> tip_x_m;
  Image<double> tip_y_m;
};

/// Means over squares of pixels, of `step_m`.
[[nodiscard]] SeenMap coarser(const SeenMap& fine, double step_m);

/// Registers b on a; the error of the shift goes into the verdict. In pixels of the coarser map;
/// NaN if they do not register.
double add_pair(const SeenMap& a, const SeenMap& b, Threads threads, Verdict& verdict);

/// Maps that have nothing in common: `refused` becomes false if they register.
void add_null(const std::string& name,
              const SeenMap& a,
              const SeenMap& b,
              Threads threads,
              Verdict& verdict,
              bool& refused);

[[nodiscard]] SeenMap shuffled(SeenMap map, std::uint64_t seed);
[[nodiscard]] SeenMap mirrored(SeenMap map);

}  // namespace halotwin::validation
