#include "sim/structures/large_grains.hpp"

#include <cmath>
#include <numbers>

#include "base/constants.hpp"
#include "base/random.hpp"

namespace halotwin::sim {
namespace {

constexpr std::uint32_t first_entity = 0x10000;  // beside the streams of the kinds themselves
constexpr int rings = 6;                         // of sites around the middle

}  // namespace

std::vector<Point> large_grain_sites(const MicrostructureParams& params,
                                     Middle middle,
                                     double disorder,
                                     std::uint64_t seed) {
  RandomStream whole(seed, Purpose::sample_structure, first_entity);
  const double direction = whole.uniform(0.0, 2.0 * constants::pi);
  const double step = params.mean_grain_diameter_m;
  const Point centre = middle_of(params);
  const double off = middle == Middle::boundary ? 0.5 : 0.0;
  std::vector<Point> sites;
  std::uint32_t entity = first_entity + 1;
  const auto add = [&](int i, int j) {
    RandomStream draw(seed, Purpose::sample_structure, entity++);
    const double u = i + 0.5 * j - off + disorder * draw.normal();
    const double v = 0.5 * std::numbers::sqrt3 * j + disorder * draw.normal();
    sites.push_back({centre.x_m + step * (u * std::cos(direction) - v * std::sin(direction)),
                     centre.y_m + step * (u * std::sin(direction) + v * std::cos(direction))});
  };
  add(0, 0);
  for (int j = -rings; j <= rings; ++j) {
    for (int i = -rings - j / 2; i <= rings - j / 2; ++i) {
      if (i != 0 || j != 0) {
        add(i, j);
      }
    }
  }
  return sites;
}

}  // namespace halotwin::sim
