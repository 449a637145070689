#include "validation/targets/seen_maps.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "analysis/registration.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "validation/evidence.hpp"

namespace halotwin::validation {

namespace {

/// Means of `times` x `times` pixels.
Image<double> coarser(const Image<double>& fine, std::size_t times) {
  Image<double> out(fine.nx / times, fine.ny / times);
  const auto area = static_cast<double>(times * times);
  for (std::size_t y = 0; y < out.ny * times; ++y) {
    for (std::size_t x = 0; x < out.nx * times; ++x) {
      out(x / times, y / times) += fine(x, y) / area;
    }
  }
  return out;
}

analysis::Registration registered(const SeenMap& first, const SeenMap& second, Threads threads) {
  return analysis::register_maps({first.height.values, first.height.nx, first.height.ny},
                                 {second.height.values, second.height.nx, second.height.ny},
                                 {},
                                 threads);
}

/// What lies at pixel p of the first map lies at p + shift in the second.
double mean_difference(const Image<double>& first, const Image<double>& second) {
  double sum = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    sum += first.values[i] - second.values[i];
  }
  return sum / static_cast<double>(first.size());
}

}  // namespace

SeenMap coarser(const SeenMap& fine, double step_m) {
  const auto times = static_cast<std::size_t>(std::lround(step_m / fine.step_m));
  if (times <= 1) {
    return fine;
  }
  return {fine.name,
          step_m,
          coarser(fine.height, times),
          coarser(fine.tip_x_m, times),
          coarser(fine.tip_y_m, times)};
}

double add_pair(const SeenMap& a, const SeenMap& b, Threads threads, Verdict& verdict) {
  const double step_m = std::max(a.step_m, b.step_m);
  const SeenMap first = coarser(a, step_m);
  const SeenMap second = coarser(b, step_m);
  const analysis::Registration found = registered(first, second, threads);
  const double true_x = mean_difference(first.tip_x_m, second.tip_x_m) / step_m;
  const double true_y = mean_difference(first.tip_y_m, second.tip_y_m) / step_m;
  const double error = found.found() ? std::hypot(found.shift_x_pixels.value - true_x,
                                                  found.shift_y_pixels.value - true_y)
                                     : nan;
  verdict.values.push_back(
      {fmt::format("{} on {}: error of the shift", b.name, a.name),
       error,
       found.found() ? std::hypot(found.shift_x_pixels.sigma, found.shift_y_pixels.sigma) : nan,
       "pixels",
       found.found()
           ? fmt::format("found {:+.2f}, {:+.2f}; true {:+.2f}, {:+.2f} pixels of {:.0f} nm; "
                         "correlation {:.2f}",
                         found.shift_x_pixels.value,
                         found.shift_y_pixels.value,
                         true_x,
                         true_y,
                         1e9 * step_m,
                         found.correlation)
           : std::string(halotwin::name_of(found.status))});
  return error;
}

SeenMap shuffled(SeenMap map, std::uint64_t seed) {
  RandomStream draw(seed, Purpose::validation_repeat, 1);
  for (std::size_t i = map.height.size(); i > 1; --i) {
    std::swap(map.height.values[i - 1],
              map.height.values[draw.index(static_cast<std::uint32_t>(i))]);
  }
  return map;
}

SeenMap mirrored(SeenMap map) {
  for (std::size_t y = 0; y < map.height.ny; ++y) {
    const auto row = map.height.row(y);
    std::reverse(row.begin(), row.end());
  }
  return map;
}

void add_null(const std::string& name,
              const SeenMap& a,
              const SeenMap& b,
              Threads threads,
              Verdict& verdict,
              bool& refused) {
  const analysis::Registration found = registered(
      coarser(a, std::max(a.step_m, b.step_m)), coarser(b, std::max(a.step_m, b.step_m)), threads);
  verdict.nulls.push_back({name,
                           found.significance,
                           nan,
                           "",
                           fmt::format("significance; {}", halotwin::name_of(found.status))});
  refused = refused && !found.found();
}

}  // namespace halotwin::validation
