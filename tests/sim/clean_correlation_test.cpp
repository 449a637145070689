#include "sim/clean_correlation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t nx = 5;
constexpr std::size_t ny = 4;
constexpr std::size_t frames = 30;

/// A common part and one of each pixel; pixel (4, 3) is constant.
std::vector<std::vector<float>> movie() {
  std::vector<std::vector<float>> out;
  for (std::size_t t = 0; t < frames; ++t) {
    RandomStream draw(1, Purpose::test_data, 0, t);
    const double common = draw.normal();
    out.emplace_back();
    for (std::size_t i = 0; i < nx * ny; ++i) {
      out.back().push_back(static_cast<float>(500.0 + 20.0 * common + 10.0 * draw.normal()));
    }
    out.back().back() = 400.0F;
  }
  return out;
}

double pearson(const std::vector<std::vector<float>>& m, std::size_t a, std::size_t b) {
  double ma = 0.0;
  double mb = 0.0;
  for (const auto& f : m) {
    ma += f[a] / static_cast<double>(m.size());
    mb += f[b] / static_cast<double>(m.size());
  }
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (const auto& f : m) {
    ab += (f[a] - ma) * (f[b] - mb);
    aa += (f[a] - ma) * (f[a] - ma);
    bb += (f[b] - mb) * (f[b] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(CleanCorrelation, IsTheMeanOverTheNeighbours) {
  const auto m = movie();
  CleanCorrelation clean(nx, ny);
  for (const auto& f : m) {
    clean.add(f);
  }
  const Image<float> map = clean.map();
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x < nx; ++x) {
      double sum = 0.0;
      int count = 0;
      for (std::size_t v = y == 0 ? 0 : y - 1; v <= std::min(y + 1, ny - 1); ++v) {
        for (std::size_t u = x == 0 ? 0 : x - 1; u <= std::min(x + 1, nx - 1); ++u) {
          const bool constant = u == nx - 1 && v == ny - 1;
          if (!(u == x && v == y) && !constant) {
            sum += pearson(m, y * nx + x, v * nx + u);
            ++count;
          }
        }
      }
      if (x == nx - 1 && y == ny - 1) {
        EXPECT_TRUE(std::isnan(map(x, y)));
      } else {
        EXPECT_NEAR(map(x, y), sum / count, 1e-6) << x << ' ' << y;
      }
    }
  }
  EXPECT_NEAR(clean.mean()(nx - 1, ny - 1), 400.0, 1e-4);
  EXPECT_NEAR(clean.deviation()(0, 0), 22.0, 8.0);
}

TEST(CleanCorrelation, GoesOnFromWhatWasSaved) {
  const auto m = movie();
  CleanCorrelation whole(nx, ny);
  CleanCorrelation second;
  for (std::size_t t = 0; t < frames; ++t) {
    if (t == 11) {
      second.load(whole.save());
    }
    whole.add(m[t]);
    if (t >= 11) {
      second.add(m[t]);
    }
  }
  EXPECT_EQ(whole.save(), second.save());
  EXPECT_EQ(second.frames(), frames);
}

TEST(CleanCorrelation, OneFrameSaysNothing) {
  CleanCorrelation clean(nx, ny);
  clean.add(movie().front());
  for (const float r : clean.map().values) {
    EXPECT_TRUE(std::isnan(r));
  }
}

}  // namespace
}  // namespace halotwin::sim
