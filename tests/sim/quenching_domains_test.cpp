#include "sim/quenching_domains.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/sim/shining_film.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t pixels = 24;

RecombinationFilm film_with(double density_per_m2, double isolation_m) {
  SpecimenParams p = test::shining_film();
  p.clim.centres.density_per_m2 = density_per_m2;
  p.clim.centres.strength_sigma_ln = 0.0;
  p.clim.isolation_m = isolation_m;
  return {p.clim, make_microstructure(p.microstructure, 5), 5};
}

// Few centres, all alike: each rules the pixels around it.
TEST(QuenchingDomains, BelongToTheCentreInTheirMiddle) {
  const RecombinationFilm film = film_with(4e12, 1000e-9);
  const QuenchingDomains found = quenching_domains(film, {}, {0.0, 0.0}, pixels, pixels);
  std::size_t inside = 0;
  for (std::size_t c = 0; c < film.centres().size(); ++c) {
    const double x = film.centres()[c].at.x_m / 100e-9;
    const double y = film.centres()[c].at.y_m / 100e-9;
    if (x < 1.0 || y < 1.0 || x > pixels - 1.0 || y > pixels - 1.0) {
      continue;
    }
    ++inside;
    const auto number = static_cast<std::int32_t>(c + 1);
    EXPECT_EQ(found.strongest(static_cast<std::size_t>(x), static_cast<std::size_t>(y)), number);
    EXPECT_EQ(found.domain(static_cast<std::size_t>(x), static_cast<std::size_t>(y)), number);
    EXPECT_GT(found.share(static_cast<std::size_t>(x), static_cast<std::size_t>(y)), 0.5);
  }
  EXPECT_GT(inside, 0U);
  const QuenchingDomains threaded = quenching_domains(film, {}, {0.0, 0.0}, pixels, pixels, {2});
  EXPECT_EQ(threaded.share.values, found.share.values);
  EXPECT_EQ(threaded.domain.values, found.domain.values);
}

TEST(QuenchingDomains, NobodyRulesACrowd) {
  const RecombinationFilm film = film_with(30e12, 0.0);
  const QuenchingDomains found = quenching_domains(film, {}, {0.0, 0.0}, pixels, pixels);
  const auto ruled = std::count_if(
      found.domain.values.begin(), found.domain.values.end(), [](auto d) { return d > 0; });
  EXPECT_LT(ruled, static_cast<long>(pixels * pixels / 10));
}

TEST(QuenchingDomains, AreEmptyWithoutCentres) {
  const RecombinationFilm film = film_with(0.0, 0.0);
  const QuenchingDomains found = quenching_domains(film, {}, {0.0, 0.0}, pixels, pixels);
  EXPECT_EQ(std::set<std::int32_t>(found.strongest.values.begin(), found.strongest.values.end()),
            std::set<std::int32_t>{0});
  EXPECT_EQ(found.share.values, std::vector<float>(pixels * pixels, 0.0F));
}

}  // namespace
}  // namespace halotwin::sim
