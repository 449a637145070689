#include "analysis/region_shape.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace halotwin::analysis {

double equivalent_diameter_m(std::size_t pixels, double pixel_m) {
  return 2.0 * std::sqrt(static_cast<double>(pixels) / std::numbers::pi) * pixel_m;
}

double feret_diameter_m(std::span<const std::size_t> pixels, std::size_t nx, double pixel_m) {
  struct Corner {
    double x = 0.0;
    double y = 0.0;
  };
  // only the outermost pixels of each row have corners that can be farthest apart
  std::map<std::size_t, std::pair<std::size_t, std::size_t>> ends;
  for (const std::size_t p : pixels) {
    const auto [at, fresh] = ends.try_emplace(p / nx, p % nx, p % nx);
    if (!fresh) {
      at->second.first = std::min(at->second.first, p % nx);
      at->second.second = std::max(at->second.second, p % nx);
    }
  }
  std::vector<Corner> corners;
  for (const auto& [y, x] : ends) {
    for (const std::size_t side : {y, y + 1}) {
      corners.push_back({static_cast<double>(x.first), static_cast<double>(side)});
      corners.push_back({static_cast<double>(x.second + 1), static_cast<double>(side)});
    }
  }
  double longest = 0.0;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double dx = corners[i].x - corners[j].x;
      const double dy = corners[i].y - corners[j].y;
      longest = std::max(longest, dx * dx + dy * dy);
    }
  }
  return std::sqrt(longest) * pixel_m;
}

std::vector<std::size_t> connected_region(std::span<const unsigned char> inside,
                                          std::size_t nx,
                                          std::size_t start) {
  std::vector<std::size_t> found;
  if (inside[start] == 0) {
    return found;
  }
  std::vector<unsigned char> taken(inside.size(), 0);
  const auto take = [&](std::size_t p) {
    if (inside[p] != 0 && taken[p] == 0) {
      taken[p] = 1;
      found.push_back(p);
    }
  };
  take(start);
  for (std::size_t next = 0; next < found.size(); ++next) {
    const std::size_t p = found[next];
    if (p % nx > 0) {
      take(p - 1);
    }
    if (p % nx + 1 < nx) {
      take(p + 1);
    }
    if (p >= nx) {
      take(p - nx);
    }
    if (p + nx < inside.size()) {
      take(p + nx);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace halotwin::analysis
