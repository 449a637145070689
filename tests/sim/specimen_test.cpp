#include "sim/specimen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "physics/dielectric_response.hpp"
#include "sim/truth_maps.hpp"

namespace halotwin::sim {
namespace {

SpecimenParams small() {
  SpecimenParams p;
  p.microstructure.width_m = 0.8e-6;
  p.microstructure.height_m = 0.6e-6;
  p.microstructure.margin_m = 60e-9;
  return p;
}

/// A film without differences between grains.
SpecimenParams uniform_grains() {
  SpecimenParams p = small();
  p.ions.grain_frequency_sigma_ln = p.ions.grain_share_sigma_ln = 0;
  return p;
}

const TruthField& named(const TruthMaps& maps, std::string_view name) {
  return *std::find_if(
      maps.begin(), maps.end(), [&](const TruthField& f) { return f.name == name; });
}

float smallest(const std::vector<float>& v) {
  return *std::min_element(v.begin(), v.end());
}
float largest(const std::vector<float>& v) {
  return *std::max_element(v.begin(), v.end());
}

TEST(Specimen, RelaxationFollowsTheConductivityInsideAndTheDensityAtBoundaries) {
  SpecimenParams p = uniform_grains();
  p.effects.hotspot = false;
  const Specimen s(p, 1);
  const double inside_s = physics::dielectric_time_s(
      30.0, physics::ionic_conductivity_s_per_m(1e24, p.ions.diffusivity_m2_per_s, 300.0));
  for (std::size_t k = 0; k < s.grid().size(); ++k) {
    const auto d = static_cast<double>(s.film().boundary_distance_m.values[k]);
    const double expected =
        inside_s / (1 + (p.ions.boundary_density_factor - 1) * std::exp(-d / 12e-9));
    ASSERT_NEAR(static_cast<double>(s.sites().relaxation_time_s[k]), expected, 1e-6 * expected);
  }
}

TEST(Specimen, LineAtABoundaryIsShiftedByTheStatedFactor) {
  SpecimenParams p = uniform_grains();
  const Specimen s(p, 1);
  EXPECT_NEAR(static_cast<double>(largest(s.sites().line_hz[0])), 1250.0, 5.0);
  EXPECT_NEAR(static_cast<double>(smallest(s.sites().line_hz[0])), 1000.0, 5.0);
  EXPECT_FLOAT_EQ(largest(s.sites().line_hz[1]), 2000.0F);
}

TEST(Specimen, DiffusivityFollowsArrhenius) {
  SpecimenParams p = uniform_grains();
  p.film.temperature_k = 330;
  const Specimen s(p, 1);
  const double kb_ev = constants::boltzmann_j_per_k / constants::elementary_charge_c;
  const double factor = std::exp(-0.29 / kb_ev * (1 / 330.0 - 1 / 300.0));
  EXPECT_NEAR(static_cast<double>(s.sites().diffusivity_m2_per_s[0]) / p.ions.diffusivity_m2_per_s,
              factor,
              1e-6 * factor);
}

TEST(Specimen, ContactPotentialFallsWithTheIonDensityOfTheSamePlace) {
  const Specimen s(small(), 1);
  const double vt = physics::thermal_voltage_v(300.0);
  const auto& f = s.sites();
  for (std::size_t k = 1; k < s.grid().size(); k += 11) {
    const double ratio = static_cast<double>(f.ion_density_per_m3[k] / f.ion_density_per_m3[0]);
    const double drop = static_cast<double>(f.contact_potential_v[k]) -
                        static_cast<double>(f.contact_potential_v[0]);
    ASSERT_NEAR(drop, -vt * std::log(ratio), 3e-7);
  }
}

TEST(Specimen, EachEffectCanBeSwitchedOff) {
  SpecimenParams p = uniform_grains();
  p.effects = {.boundary = false, .hotspot = false, .inclusions = false, .transient = false};
  const Specimen s(p, 1);
  const SiteFields& f = s.sites();
  for (const auto* field : {&f.active_share,
                            &f.relaxation_time_s,
                            &f.line_hz[0],
                            &f.line_hz[1],
                            &f.line_amplitude[0],
                            &f.line_amplitude[1],
                            &f.ion_density_per_m3,
                            &f.contact_potential_v}) {
    EXPECT_EQ(smallest(*field), largest(*field));
  }
  EXPECT_EQ(largest(f.inclusion_share), 0.0F);
  EXPECT_GT(smallest(f.line_amplitude[1]), 0.0F);  // the second line inside grains stays
  EXPECT_EQ(s.transient_amplitude(), 0.0);
}

TEST(Specimen, HotspotGrainsHaveMoreActiveFilm) {
  SpecimenParams p = uniform_grains();
  p.microstructure.hotspot_fraction = 0.3;
  const Specimen s(p, 1);
  for (std::size_t k = 0; k < s.grid().size(); ++k) {
    const auto label = static_cast<std::size_t>(s.film().label.values[k]);
    ASSERT_EQ(s.sites().active_share[k], s.film().grains[label].hotspot ? 1.0F : 0.5F);
  }
}

TEST(Specimen, SwitchesAndResponseDoNotChangeTheGrains) {
  SpecimenParams p = small();
  p.response = ResponseKind::phenomenological;
  p.effects = {.boundary = false, .hotspot = false, .inclusions = false, .transient = false};
  EXPECT_EQ(Specimen(small(), 3).film().label.values, Specimen(p, 3).film().label.values);
  EXPECT_EQ(Specimen(small(), 3).sites().height_m, Specimen(p, 3).sites().height_m);
}

TEST(Specimen, IsTheSameForAnyNumberOfThreads) {
  const Specimen one(small(), 5, {1});
  const Specimen three(small(), 5, {3});
  EXPECT_EQ(one.sites().relaxation_time_s, three.sites().relaxation_time_s);
  EXPECT_EQ(one.sites().line_amplitude[1], three.sites().line_amplitude[1]);
  EXPECT_EQ(one.sites().contact_potential_v, three.sites().contact_potential_v);
  EXPECT_EQ(one.sites().height_m, three.sites().height_m);
}

TEST(Specimen, GatherGivesTheSitesOfTheSquareAroundAPlace) {
  const Specimen s(small(), 1);
  const double radius = 31.3e-9;  // no site lies on the rim of the square
  LocalSites local;
  for (const Point at : {Point{401e-9, 299e-9}, Point{-58e-9, -59e-9}, Point{850e-9, 100e-9}}) {
    s.gather(at, radius, local);
    std::vector<std::size_t> expected;
    for (std::size_t k = 0; k < s.grid().size(); ++k) {
      const Point c = s.grid().centre(k % s.grid().nx, k / s.grid().nx);
      if (std::abs(c.x_m - at.x_m) <= radius && std::abs(c.y_m - at.y_m) <= radius) {
        expected.push_back(k);
      }
    }
    std::vector<std::size_t> found;
    for (const SiteRow& row : local.rows) {
      const Point c = s.grid().centre(row.first % s.grid().nx, row.first / s.grid().nx);
      EXPECT_NEAR(row.offset_x_m, c.x_m - at.x_m, 1e-18);
      EXPECT_NEAR(row.offset_y_m, c.y_m - at.y_m, 1e-18);
      for (std::size_t k = 0; k < row.count; ++k) {
        found.push_back(row.first + k);
      }
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(local.count, expected.size());
  }
}

TEST(Specimen, GatherDoesNotAllocateAgain) {
  const Specimen s(small(), 1);
  LocalSites local;
  s.gather({400e-9, 300e-9}, 40e-9, local);
  const SiteRow* memory = local.rows.data();
  s.gather({200e-9, 100e-9}, 40e-9, local);
  EXPECT_EQ(local.rows.data(), memory);
}

TEST(Specimen, ReferencePositionIsBareFlatMetal) {
  const Specimen s(small(), 1);
  const Point at = s.reference_position();
  EXPECT_TRUE(s.on_metal(at));
  EXPECT_FALSE(s.on_metal({0, 0}));
  LocalSites local;
  s.gather(at, 50e-9, local);
  EXPECT_TRUE(local.on_metal);
  EXPECT_EQ(local.count, 0U);
  EXPECT_EQ(s.contact_potential_v(at), s.params().metal_contact_potential_v);
  EXPECT_LT(s.height_m(at), s.height_m({0, 0}));
}

TEST(Specimen, RefusesPlacesThatItDoesNotModel) {
  const Specimen s(small(), 1);
  LocalSites local;
  EXPECT_FALSE(s.covers({5e-6, 0}));
  EXPECT_THROW(s.gather({5e-6, 0}, 1e-8, local), ParameterError);
}

TEST(Specimen, TransientDecaysWithTimeUnderBiasOnlyAndStepsMayBeSplit) {
  Specimen s(small(), 1);
  const double a0 = s.transient_amplitude();
  s.advance({.duration_s = 5000, .at = {1e-7, 1e-7}});
  EXPECT_EQ(s.transient_amplitude(), a0);
  s.advance({.duration_s = 300, .at = s.reference_position(), .under_bias = true});
  EXPECT_EQ(s.transient_amplitude(), a0);  // over metal the film rests
  const double constant_s = s.params().transient.time_constant_s;
  for (int k = 0; k < 8; ++k) {
    s.advance({.duration_s = constant_s / 8, .at = {1e-7, 1e-7}, .under_bias = true});
  }
  EXPECT_NEAR(s.transient_amplitude() / a0, std::exp(-1.0), 1e-12);
  EXPECT_DOUBLE_EQ(s.dose().total(DoseKind::bias_time_s), 300 + constant_s);
  EXPECT_DOUBLE_EQ(s.age_s(), 5300 + constant_s);
}

TEST(Specimen, DoseOfAStepIsRateTimesDuration) {
  Specimen s(small(), 1);
  s.advance({.duration_s = 3, .at = {1e-7, 1e-7}, .light_w = 2e-6, .photons_per_s = 1e9});
  EXPECT_DOUBLE_EQ(s.dose().total(DoseKind::light_j), 6e-6);
  EXPECT_DOUBLE_EQ(s.dose().total(DoseKind::photons), 3e9);
  EXPECT_EQ(s.dose().outside(DoseKind::photons), 0.0);
}

TEST(Specimen, ComesBackFromItsSavedState) {
  Specimen s(small(), 1);
  s.advance({.duration_s = 700, .at = {1e-7, 1e-7}, .radius_m = 2e-7, .under_bias = true});
  Specimen other(small(), 1);
  other.load(s.save());
  EXPECT_EQ(other.transient_amplitude(), s.transient_amplitude());
  EXPECT_EQ(other.save(), s.save());
}

TEST(TruthMaps, EqualTheFieldsAtTheSites) {
  const Specimen s(small(), 1);
  const TruthMaps maps = native_truth(s);
  const SiteFields& f = s.sites();
  for (std::size_t k = 0; k < s.grid().size(); k += 13) {
    EXPECT_EQ(named(maps, "grain").values.values[k], static_cast<float>(s.film().label.values[k]));
    EXPECT_NEAR(named(maps, "ion_density").values.values[k] / f.ion_density_per_m3[k], 1.0F, 1e-6F);
    EXPECT_NEAR(named(maps, "height").values.values[k], f.height_m[k], 1e-14F);
    EXPECT_NEAR(named(maps, "relaxation_frequency").values.values[k] * f.relaxation_time_s[k] * 2 *
                    static_cast<float>(constants::pi),
                1.0F,
                1e-5F);
  }
  EXPECT_EQ(maps.size(), 15U);
}

TEST(TruthMaps, SayNothingWhereNothingWasMeasured) {
  const Specimen s(small(), 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Point> places{{nan, nan}, s.reference_position(), {4e-7, 3e-7}};
  const TruthMaps maps = truth_maps(s, 3, 1, places);
  for (const TruthField& field : maps) {
    EXPECT_TRUE(std::isnan(field.values(0, 0))) << field.name;
    EXPECT_TRUE(std::isfinite(field.values(2, 0))) << field.name;
  }
  EXPECT_EQ(named(maps, "grain").values(1, 0), -1.0F);
  EXPECT_THROW(truth_maps(s, 2, 1, places), ParameterError);
}

TEST(SpecimenParams, EveryFieldSurvivesWritingAndReading) {
  SpecimenParams p;
  p.response = ResponseKind::phenomenological;
  p.effects.hotspot = false;
  p.microstructure.columns_per_m = 1.25e6;
  p.contact_potential.charge_number = 1;
  SpecimenParams back;
  load_fields(back, effective_fields(p), "specimen");
  EXPECT_EQ(back, p);
}

}  // namespace
}  // namespace halotwin::sim
