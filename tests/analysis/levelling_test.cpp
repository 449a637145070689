#include "analysis/levelling.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t nx = 9;
constexpr std::size_t ny = 7;

std::vector<double> make(double (*height)(double, double)) {
  std::vector<double> v;
  for (std::size_t y = 0; y < ny; ++y) {
    for (std::size_t x = 0; x < nx; ++x) {
      v.push_back(height(static_cast<double>(x), static_cast<double>(y)));
    }
  }
  return v;
}

TEST(Levelling, PlaneVanishesAndItsCoefficientsComeBack) {
  auto v = make([](double x, double y) { return 3.0 + 2.0 * x - y; });
  const auto terms = level_plane({v, nx, ny});
  for (const double z : v) {
    EXPECT_NEAR(z, 0.0, 1e-12);
  }
  for (const auto& t : terms) {
    const double expected = t.power_x == 1 ? 8.0 : (t.power_y == 1 ? -3.0 : 8.0);
    EXPECT_NEAR(t.coefficient, expected, 1e-12);  // per half width: 2 * 4, -1 * 3, centre 3 + 8 - 3
  }
}

TEST(Levelling, PolynomialOfItsDegreeVanishes) {
  auto v = make([](double x, double y) { return 1.0 + x * y - 0.2 * x * x * y + y * y * y; });
  level_polynomial({v, nx, ny}, 3);
  for (const double z : v) {
    EXPECT_NEAR(z, 0.0, 1e-9);
  }
}

TEST(Levelling, MaskedHillDoesNotTiltThePlane) {
  auto v = make([](double x, double y) { return x + (x > 5 && y > 4 ? 100.0 : 0.0); });
  std::vector<std::uint8_t> mask(v.size(), 1);
  for (std::size_t p = 0; p < v.size(); ++p) {
    mask[p] = v[p] > 50 ? 0 : 1;
  }
  level_plane({v, nx, ny}, mask);
  for (std::size_t p = 0; p < v.size(); ++p) {
    EXPECT_NEAR(v[p], mask[p] != 0 ? 0.0 : 100.0, 1e-9);
  }
}

TEST(Levelling, UnmeasuredPixelsAreLeftOutAndStay) {
  auto v = make([](double x, double) { return x; });
  v[10] = std::numeric_limits<double>::quiet_NaN();
  level_plane({v, nx, ny});
  EXPECT_TRUE(std::isnan(v[10]));
  EXPECT_NEAR(v[11], 0.0, 1e-12);
}

TEST(Levelling, OneLineAndOnePixelDoNotFail) {
  std::vector<double> line{1, 2, 3};
  level_plane({line, 3, 1});
  EXPECT_NEAR(line[2], 0.0, 1e-12);
  std::vector<double> pixel{5};
  level_plane({pixel, 1, 1});
  EXPECT_NEAR(pixel[0], 0.0, 1e-12);
}

TEST(Levelling, RowOffsetsAreRemovedByEveryMethod) {
  for (const auto method :
       {RowAlignment::mean, RowAlignment::median, RowAlignment::median_of_differences}) {
    auto v = make([](double x, double y) { return std::sin(x) + (y == 3 ? 10.0 : 0.0); });
    align_rows({v, nx, ny}, method);
    for (std::size_t x = 0; x < nx; ++x) {
      EXPECT_NEAR(v[3 * nx + x], v[2 * nx + x], 1e-12);
    }
  }
}

TEST(Levelling, MedianOfDifferencesKeepsAStepAlongTheLines) {
  // Upper half of the map stands 5 higher in most columns but not in all: not a line error.
  auto v = make([](double x, double y) { return y >= 3 && x < 4 ? 5.0 : 0.0; });
  const auto before = v;
  align_rows({v, nx, ny}, RowAlignment::median_of_differences);
  EXPECT_EQ(v, before);
}

TEST(Levelling, FixZeroPutsTheLowestAtZero) {
  std::vector<double> v{3, 1, 2};
  EXPECT_EQ(fix_zero({v, 3, 1}), 1.0);
  EXPECT_EQ(v, (std::vector<double>{2, 0, 1}));
}

TEST(Levelling, WrongSizeIsRefused) {
  std::vector<double> v{3, 1, 2};
  EXPECT_THROW(level_plane({v, 2, 2}), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
