#include "sim/recombination_film.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "sim/specimen.hpp"
#include "tests/sim/shining_film.hpp"

namespace halotwin::sim {
namespace {

constexpr double exposure_s = 0.03;

RecombinationFilm film_of(const SpecimenParams& p, std::uint64_t seed = 1) {
  return {p.clim, make_microstructure(p.microstructure, seed), seed};
}

std::vector<double> starts(std::size_t n, double first_s = 5.0, double period_s = exposure_s) {
  std::vector<double> out;
  for (std::size_t k = 0; k < n; ++k) {
    out.push_back(first_s + static_cast<double>(k) * period_s);
  }
  return out;
}

std::vector<float> rates_of(const RecombinationFilm& film,
                            const std::vector<double>& start_s,
                            int threads = 1) {
  std::vector<float> out(start_s.size() * film.grid().size());
  FilmEmission(film, 1.0, {threads}).rates(start_s, exposure_s, out);
  return out;
}

struct Error {
  double rms = 0.0;
  double spread = 0.0;  // of the exact values around their mean
};
Error compare(std::span<const float> found, const std::vector<double>& exact) {
  const double mean =
      std::accumulate(exact.begin(), exact.end(), 0.0) / static_cast<double>(exact.size());
  double sum = 0.0;
  double spread = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    sum += std::pow(found[i] / mean - exact[i] / mean, 2);
    spread += std::pow(exact[i] / mean - 1.0, 2);
  }
  const auto n = static_cast<double>(exact.size());
  return {std::sqrt(sum / n), std::sqrt(spread / n)};
}

TEST(RecombinationFilm, SharesItsGrainsWithTheSpecimen) {
  const Specimen specimen(test::shining_film(), 3);
  const RecombinationFilm* film = specimen.recombination();
  ASSERT_NE(film, nullptr);
  const Grid& grid = film->grid();
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const Point at = grid.centre(i % grid.nx, i / grid.nx);
    EXPECT_EQ(film->grains().values[i], specimen.film().locate(at).grain);
  }
  const auto boundary = physics::boundary_nodes(film->grains(), false);
  ASSERT_GT(film->centres().size(), 20U);
  for (const SwitchingCentre& c : film->centres()) {
    EXPECT_TRUE(std::binary_search(boundary.begin(), boundary.end(), c.node));
  }
  EXPECT_EQ(Specimen({}, 1).recombination(), nullptr) << "off unless asked for";
}

TEST(RecombinationFilm, FramesAreTheFullSolution) {
  const RecombinationFilm film = film_of(test::shining_film());
  const auto start_s = starts(50);
  const auto rates = rates_of(film, start_s);
  std::vector<float> occupations(start_s.size() * film.centres().size());
  CentreActivity(film).occupations(start_s, exposure_s, occupations);
  for (const std::size_t k : {std::size_t{0}, std::size_t{39}, std::size_t{49}}) {
    const auto of_frame =
        std::span(occupations).subspan(k * film.centres().size(), film.centres().size());
    const std::vector<double> on(of_frame.begin(), of_frame.end());
    std::vector<double> exact = physics::steady_density(film.carriers(), film.sinks(), on);
    std::vector<float> density(exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const auto rate = static_cast<double>(rates[k * exact.size() + i]);
      density[i] = static_cast<float>(std::sqrt(rate / film.carriers().bimolecular_m3_per_s));
    }
    const Error e = compare(density, exact);
    EXPECT_LT(e.rms, 1e-3) << k;
    EXPECT_GT(e.spread, 0.05) << "the null: the film is not even";
  }
}

TEST(RecombinationFilm, BlocksAndThreadsDoNotShow) {
  const RecombinationFilm film = film_of(test::shining_film());
  const auto start_s = starts(2 * FilmEmission::chunk_frames + 7);
  const auto whole = rates_of(film, start_s);
  EXPECT_EQ(whole, rates_of(film, start_s, 2));
  FilmEmission parts(film, 1.0);
  std::vector<float> later(7 * film.grid().size());
  parts.rates(std::span(start_s).last(7), exposure_s, later);
  EXPECT_TRUE(std::equal(later.begin(), later.end(), whole.end() - later.size()));
  std::vector<float> before(FilmEmission::chunk_frames * film.grid().size());
  parts.rates(std::span(start_s).first(FilmEmission::chunk_frames), exposure_s, before);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), whole.begin())) << "back in time";
}

TEST(CentreActivity, IsThatOfTheTelegraphs) {
  const RecombinationFilm film = film_of(test::shining_film());
  const auto start_s = starts(20, 3.0, 0.05);  // with gaps
  std::vector<float> found(start_s.size() * film.centres().size());
  CentreActivity(film).occupations(start_s, exposure_s, found);
  double sum = 0.0;
  for (std::uint32_t c = 0; c < film.centres().size(); ++c) {
    physics::TelegraphTrace trace(film.centres()[c].rates, film.seed(), c);
    for (std::size_t k = 0; k < start_s.size(); ++k) {
      trace.occupied_until(start_s[k]);
      const double on_s = trace.occupied_until(start_s[k] + exposure_s);
      EXPECT_NEAR(found[k * film.centres().size() + c], on_s / exposure_s, 1e-6);
      sum += on_s / exposure_s;
    }
  }
  EXPECT_NEAR(sum / static_cast<double>(found.size()), 0.5, 0.2);
}

TEST(RecombinationFilm, WithoutDiffusionEachNodeIsAlone) {
  SpecimenParams p = test::shining_film();
  p.clim.diffusion = false;
  const RecombinationFilm film = film_of(p);
  const auto start_s = starts(1);
  const auto rates = rates_of(film, start_s);
  std::vector<float> occupations(film.centres().size());
  CentreActivity(film).occupations(start_s, exposure_s, occupations);
  const double area = p.clim.node_m * p.clim.node_m;
  std::vector<double> loss = film.carriers().loss_per_s;
  for (std::size_t c = 0; c < film.centres().size(); ++c) {
    loss[film.centres()[c].node] += film.centres()[c].strength_m2_per_s * occupations[c] / area;
  }
  const double k2 = film.carriers().bimolecular_m3_per_s;
  const double g = p.clim.carriers.generation_per_m3_s;
  const double usual =
      std::accumulate(rates.begin(), rates.end(), 0.0) / static_cast<double>(rates.size());
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const double n = 2.0 * g / (loss[i] + std::sqrt(loss[i] * loss[i] + 4.0 * k2 * g));
    EXPECT_NEAR(rates[i] / usual, k2 * n * n / usual, 1e-5) << i;
  }
}

TEST(RecombinationFilm, IsolatedCentresKeepTheirDistance) {
  SpecimenParams p = test::shining_film();
  const auto nearest = [](const RecombinationFilm& film) {
    double least = 1.0;
    for (std::size_t i = 0; i < film.centres().size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Point a = film.centres()[i].at;
        const Point b = film.centres()[j].at;
        least = std::min(least, std::hypot(a.x_m - b.x_m, a.y_m - b.y_m));
      }
    }
    return least;
  };
  EXPECT_LT(nearest(film_of(p)), 400e-9);
  p.clim.isolation_m = 600e-9;
  const RecombinationFilm film = film_of(p);
  EXPECT_GE(nearest(film), 600e-9);
  EXPECT_GT(film.centres().size(), 5U);
}

// One centre in one grain: the dip half a micrometre away is the same on other nodes.
TEST(RecombinationFilm, StrengthsBelongToTheirNode) {
  const auto dip = [](double node_m, double strength_node_m) {
    SpecimenParams p = test::shining_film();
    p.microstructure.mean_grain_diameter_m = 50e-6;  // no boundary
    p.clim.centres.density_per_m2 = 0.0;
    p.clim.strong.density_per_m2 = 0.0;
    p.clim.node_m = node_m;
    p.clim.strength_node_m = strength_node_m;
    p.clim.carriers.loss_sigma_ln = 0.0;
    const RecombinationFilm none = film_of(p);
    const Grid& grid = none.grid();
    // as RecombinationFilm places it, in the middle of a film without others
    p.clim.centres = {1e12, 6e-5, 0.0, false};
    const RecombinationFilm some = film_of(p);
    const std::size_t middle = grid.ny / 2 * grid.nx + grid.nx / 2;
    const std::vector<physics::RecombinationCentre> one{
        {middle, some.centres().front().strength_m2_per_s}};
    const auto n = physics::steady_density(none.carriers(), one, std::vector<double>{1.0});
    const auto away = static_cast<std::size_t>(std::lround(500e-9 / node_m));
    const auto clean = physics::steady_density(none.carriers(), {}, {});
    return 1.0 - n[middle + away] / clean[middle + away];
  };
  const double usual = dip(50e-9, 50e-9);
  EXPECT_GT(usual, 0.05);
  EXPECT_NEAR(dip(25e-9, 50e-9) / usual, 1.0, 0.02);
  EXPECT_GT(std::abs(dip(25e-9, 25e-9) / usual - 1.0), 0.04) << "the null: not converted";
}

TEST(RecombinationFilm, PartsOfAFrameAverage) {
  SpecimenParams p = test::shining_film();
  p.clim.rates.median_time_s = 0.02;
  const auto start_s = starts(3);
  const auto once = rates_of(film_of(p), start_s);
  p.clim.sub_frames = 4;
  const auto four = rates_of(film_of(p), start_s);
  double difference = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < once.size(); ++i) {
    difference += four[i] - once[i];  // <1 / k^2> is above 1 / <k>^2
    sum += once[i];
  }
  EXPECT_GT(difference / sum, 1e-4);
  EXPECT_LT(difference / sum, 0.05);
}

TEST(RecombinationFilm, LightSoaksAndBleaches) {
  RecombinationParams p;
  EXPECT_DOUBLE_EQ(emission_factor(p, 0.0), 1.0 - p.soaking);
  EXPECT_NEAR(emission_factor(p, 7.0 * p.soaking_exposure_j_per_m2), 1.0, 0.02);
  p.bleaching_exposure_j_per_m2 = 1e7;
  EXPECT_NEAR(emission_factor(p, 1e7), std::exp(-1.0), 1e-4);
  p.bleaching_exposure_j_per_m2 = 0.0;
  EXPECT_NEAR(emission_factor(p, 1e9), 1.0, 1e-12);
}

TEST(RecombinationFilm, SmallChangesOfLightGoAsTheirPower) {
  SpecimenParams p = test::shining_film();
  const RecombinationFilm film = film_of(p);
  EXPECT_NEAR(FilmEmission(film, 1.0).response(1.01), 1.01 * 1.01, 1e-9);
  p.clim.carriers.background_per_m3 = 1e26;  // doped: linear
  EXPECT_NEAR(FilmEmission(film_of(p), 1.0).response(1.01), 1.01, 1e-5);
  // against solving at the other light
  const auto start_s = starts(1);
  std::vector<float> usual(film.grid().size());
  std::vector<float> more(film.grid().size());
  FilmEmission(film, 1.0).rates(start_s, exposure_s, usual);
  FilmEmission(film, 1.01).rates(start_s, exposure_s, more);
  const double ratio = std::accumulate(more.begin(), more.end(), 0.0) /
                       std::accumulate(usual.begin(), usual.end(), 0.0);
  EXPECT_NEAR(ratio, 1.01 * 1.01, 1e-3);
}

TEST(RecombinationFilm, RefusesWhatItCannotBe) {
  RecombinationParams p;
  p.carriers.periodic = true;
  EXPECT_THROW(validate(p), ParameterError);
  p = {};
  p.sub_frames = 0;
  EXPECT_THROW(validate(p), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
