#include "sim/degradation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "sim/specimen.hpp"

namespace halotwin::sim {
namespace {

constexpr double tip_radius_m = 12e-9;

SpecimenParams film() {
  SpecimenParams p;
  p.microstructure.width_m = 0.8e-6;
  p.microstructure.height_m = 0.6e-6;
  p.microstructure.margin_m = 60e-9;
  p.effects.degradation = true;
  p.degradation.ageing_per_s = 0.0;
  return p;
}

/// The tip on every cell's middle for `seconds` of stress each (at 1 V, 300 K), in `parts`.
void scan(Specimen& s, double stress_s, int parts = 1) {
  const Grid& cells = s.dose().cells();
  const double covered =
      constants::pi * tip_radius_m * tip_radius_m / (cells.step_x_m * cells.step_y_m);
  for (int part = 0; part < parts; ++part) {
    for (std::size_t k = 0; k < cells.size(); ++k) {
      s.advance({.duration_s = stress_s / covered / parts,
                 .at = cells.centre(k % cells.nx, k / cells.nx),
                 .radius_m = tip_radius_m,
                 .under_bias = true,
                 .bias_v = 1.0});
    }
  }
  s.advance({.duration_s = s.params().degradation.update_s});  // an update, without bias
}

double total_ions(const Specimen& s, std::int32_t grain) {
  double sum = 0.0;
  for (std::size_t k = 0; k < s.grid().size(); ++k) {
    if (s.film().label.values[k] == grain) {
      sum += static_cast<double>(s.present_ion_density_per_m3(k));
    }
  }
  return sum;
}

TEST(SpecimenDegradation, WithoutStressNothingChangesToTheBit) {
  SpecimenParams p = film();
  Specimen on(p, 1);
  p.effects.degradation = false;
  const Specimen off(p, 1);
  on.advance({.duration_s = 1e6});
  SiteResponse a;
  SiteResponse b;
  for (std::size_t k = 0; k < on.grid().size(); ++k) {
    on.present(k, a);
    off.present(k, b);
    ASSERT_EQ(a.relaxation_time_s, b.relaxation_time_s);
    ASSERT_EQ(a.line_hz, b.line_hz);
    ASSERT_EQ(a.line_amplitude, b.line_amplitude);
    ASSERT_EQ(on.present_height_m(k), off.present_height_m(k));
    ASSERT_EQ(on.present_contact_potential_v(k), off.present_contact_potential_v(k));
  }
  EXPECT_EQ(on.revision(), off.revision());
}

TEST(SpecimenDegradation, IonsThatEnrichOnePlaceLeaveAnotherOfTheSameGrain) {
  Specimen s(film(), 2);
  const auto grains = static_cast<std::int32_t>(s.film().grains.size());
  std::vector<double> fresh;
  for (std::int32_t g = 0; g < grains; ++g) {
    fresh.push_back(total_ions(s, g));
  }
  for (const double stress : {3.0, 20.0, 1000.0}) {
    scan(s, stress);
    double largest = 0.0;
    for (std::int32_t g = 0; g < grains; ++g) {
      if (fresh[static_cast<std::size_t>(g)] > 0.0) {
        ASSERT_NEAR(total_ions(s, g) / fresh[static_cast<std::size_t>(g)], 1.0, 1e-6);
      }
    }
    for (std::size_t k = 0; k < s.grid().size(); ++k) {
      const double ratio = static_cast<double>(s.present_ion_density_per_m3(k)) /
                           static_cast<double>(s.sites().ion_density_per_m3[k]);
      ASSERT_GT(ratio, 0.0);
      largest = std::max(largest, ratio);
    }
    EXPECT_GT(largest, stress > 10.0 ? 1.2 : 1.0);  // and they do move
  }
}

TEST(SpecimenDegradation, PbI2GrowsWithStressStaysBelowOneAndTakesHeight) {
  Specimen s(film(), 3);
  SiteResponse site;
  std::vector<float> before;
  for (std::size_t k = 0; k < s.grid().size(); ++k) {
    before.push_back(s.sites().inclusion_share[k]);
  }
  for (const double stress : {1.0, 5.0, 30.0, 1e4}) {
    scan(s, stress);
    for (std::size_t k = 0; k < s.grid().size(); ++k) {
      s.present(k, site);
      ASSERT_GE(site.inclusion_share, before[k]);
      ASSERT_LE(site.inclusion_share, 1.0F);
      before[k] = site.inclusion_share;
      const double grown = static_cast<double>(site.inclusion_share - s.sites().inclusion_share[k]);
      ASSERT_NEAR(static_cast<double>(s.present_height_m(k) - s.sites().height_m[k]),
                  physics::height_change_m(s.params().degradation, grown),
                  3e-14);
    }
  }
}

TEST(SpecimenDegradation, StepsMayBeJoinedOrSplit) {
  Specimen once(film(), 4);
  Specimen often(film(), 4);
  scan(once, 8.0);
  scan(often, 8.0, 7);
  SiteResponse a;
  SiteResponse b;
  for (std::size_t k = 0; k < once.grid().size(); k += 5) {
    once.present(k, a);
    often.present(k, b);
    ASSERT_NEAR(a.inclusion_share, b.inclusion_share, 1e-6);
    ASSERT_NEAR(a.relaxation_time_s / b.relaxation_time_s, 1.0, 1e-6);
  }
}

TEST(SpecimenDegradation, StressIsTheTimeBelowTheTipWhateverTheCells) {
  SpecimenParams p = film();
  for (const double cell : {48e-9, 96e-9}) {
    p.dose_cell_m = cell;
    Specimen s(p, 5);
    // a map of 12 nm pixels, 4.8 s under bias at each: pi (12 nm)^2 / (12 nm)^2 * 4.8 s everywhere
    for (double y = -54e-9; y < 660e-9; y += 12e-9) {
      for (double x = -54e-9; x < 860e-9; x += 12e-9) {
        s.advance({.duration_s = 4.8,
                   .at = {x, y},
                   .radius_m = tip_radius_m,
                   .under_bias = true,
                   .bias_v = 1.0});
      }
    }
    s.advance({.duration_s = p.degradation.update_s});
    EXPECT_NEAR(s.degradation()->stress_s({400e-9, 300e-9}), 4.8 * constants::pi, 0.3);
  }
}

TEST(SpecimenDegradation, TwoAtHalfTheBiasAreOneAtTheWhole) {
  Specimen whole(film(), 6);
  Specimen half(film(), 6);
  const Point at{400e-9, 300e-9};
  whole.advance({.duration_s = 400, .at = at, .radius_m = 12e-9, .under_bias = true, .bias_v = 2});
  half.advance({.duration_s = 800, .at = at, .radius_m = 12e-9, .under_bias = true, .bias_v = 1});
  EXPECT_DOUBLE_EQ(whole.degradation()->stress_s(at), half.degradation()->stress_s(at));
  EXPECT_GT(whole.degradation()->stress_s(at), 0.0);
}

TEST(SpecimenDegradation, AgesSlowlyWithoutBiasAndFasterWhenWarm) {
  SpecimenParams p = film();
  p.degradation.ageing_per_s = 3e-6;
  Specimen cold(p, 7);
  Specimen warm(p, 7);
  warm.set_temperature_k(330.0);
  cold.advance({.duration_s = 86400.0});
  warm.advance({.duration_s = 86400.0});
  const Point at{400e-9, 300e-9};
  EXPECT_NEAR(cold.degradation()->stress_s(at), 86400 * 3e-6, 1e-9);
  EXPECT_NEAR(warm.degradation()->stress_s(at) / cold.degradation()->stress_s(at),
              physics::stress_rate(p.degradation, 1.0, 330.0),
              1e-9);
}

TEST(SpecimenDegradation, NucleiSitInTheirGrainAndPreferHotspots) {
  SpecimenParams p = film();
  p.microstructure.width_m = p.microstructure.height_m = 3e-6;
  p.microstructure.hotspot_fraction = 0.3;
  const Specimen s(p, 8);
  double hot = 0.0;
  double hot_rim = 0.0;
  double other = 0.0;
  double other_rim = 0.0;
  for (const Grain& g : s.film().grains) {
    double rim = 0.0;
    for (std::size_t k = 0; k < g.sides.size(); ++k) {
      const Point& a = g.sides[k].from;
      const Point& b = g.sides[(k + 1) % g.sides.size()].from;
      rim += std::hypot(b.x_m - a.x_m, b.y_m - a.y_m);
    }
    (g.hotspot ? hot_rim : other_rim) += rim;
  }
  for (const DegradationNucleus& n : s.degradation()->nuclei()) {
    (s.film().grains[static_cast<std::size_t>(n.grain)].hotspot ? hot : other) += 1.0;
  }
  const double per_m = p.degradation.nuclei_per_m;
  EXPECT_NEAR(other, per_m * other_rim, 4 * std::sqrt(per_m * other_rim));
  EXPECT_NEAR(hot, 4 * per_m * hot_rim, 4 * std::sqrt(4 * per_m * hot_rim));
}

TEST(SpecimenDegradation, ResumesToTheSameBits) {
  SpecimenParams p = film();
  p.degradation.ageing_per_s = 1e-5;
  Specimen straight(p, 9);
  Specimen stopped(p, 9);
  for (auto* s : {&straight, &stopped}) {
    scan(*s, 4.0);
    s->advance({.duration_s = 100,
                .at = {1e-7, 1e-7},
                .radius_m = 1e-8,
                .under_bias = true,
                .bias_v = 1.0});  // booked, not shown yet
  }
  Specimen resumed(p, 9);
  resumed.load(stopped.save());
  const DoseStep more{
      .duration_s = 350, .at = {3e-7, 2e-7}, .radius_m = 1e-8, .under_bias = true, .bias_v = 1.0};
  const auto expect_equal = [&] {
    SiteResponse a;
    SiteResponse b;
    for (std::size_t k = 0; k < straight.grid().size(); k += 3) {
      straight.present(k, a);
      resumed.present(k, b);
      ASSERT_EQ(a.relaxation_time_s, b.relaxation_time_s);
      ASSERT_EQ(a.inclusion_share, b.inclusion_share);
      ASSERT_EQ(straight.present_contact_potential_v(k), resumed.present_contact_potential_v(k));
    }
  };
  expect_equal();
  straight.advance(more);
  resumed.advance(more);
  expect_equal();
  EXPECT_EQ(straight.save(), resumed.save());
  p.effects.degradation = false;
  Specimen other(p, 9);
  EXPECT_THROW(other.load(stopped.save()), ParameterError);
}

TEST(SpecimenDegradation, TheStateIsSmall) {
  SpecimenParams p;
  p.effects.degradation = true;
  EXPECT_LT(Specimen(p, 1).save().size() * sizeof(double), 64u * 1024u);
}

}  // namespace
}  // namespace halotwin::sim
