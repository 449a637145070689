#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "physics/contact_potential.hpp"
#include "sim/specimen.hpp"
#include "sim/structures/large_grains.hpp"
#include "sim/truth_maps.hpp"

namespace halotwin::sim {
namespace {

SpecimenParams sample(SpecimenKind kind, double side_m, double step_m) {
  SpecimenParams p;
  p.kind = kind;
  p.microstructure.width_m = side_m;
  p.microstructure.height_m = side_m;
  p.microstructure.margin_m = 60e-9;
  p.microstructure.grid_step_m = step_m;
  p.microstructure.hotspot_fraction = 0.0;
  p.ions.grain_frequency_sigma_ln = p.ions.grain_share_sigma_ln = 0.0;
  return p;
}

SpecimenParams microcrystal() {
  return sample(SpecimenKind::microcrystal, 4e-6, 20e-9);
}
SpecimenParams treated() {
  SpecimenParams p = sample(SpecimenKind::treated_film, 6e-6, 30e-9);
  p.microstructure.mean_grain_diameter_m = 4e-6;
  return p;
}
SpecimenParams degraded() {
  SpecimenParams p = sample(SpecimenKind::degraded_treated_film, 2e-6, 8e-9);
  p.microstructure.mean_grain_diameter_m = 3e-6;
  p.microstructure.layer_share = p.microstructure.column_share = 0.0;
  p.microstructure.max_inclusion_share = 0.9;
  return p;
}
SpecimenParams pellet() {
  SpecimenParams p = sample(SpecimenKind::pellet, 1e-6, 10e-9);
  p.microstructure.layer_share = p.microstructure.column_share = 0.0;
  p.microstructure.max_inclusion_share = 1.0;
  p.ions.boundary_density_factor = 1.0;
  return p;
}

double share_of(const std::vector<std::uint8_t>& field, std::uint8_t value) {
  return static_cast<double>(std::count(field.begin(), field.end(), value)) /
         static_cast<double>(field.size());
}

TEST(Microcrystal, HasThreeOrientationsOnOneCrystal) {
  const Specimen s(microcrystal(), 1);
  EXPECT_EQ(s.film().grains.size(), 1U);
  const auto& domain = s.sites().domain;
  EXPECT_EQ(std::set<int>(domain.begin(), domain.end()), (std::set<int>{0, 1, 2}));
  const auto& piezo = s.sites().piezo_m_per_v;
  EXPECT_EQ(std::set<float>(piezo.begin(), piezo.end()).size(), 3U);
  // lamellae of one width distribution alternate: half of the area is of the common orientation
  EXPECT_NEAR(share_of(domain, 0), 0.5, 0.12);
}

// Along the normal of a family, inside its colonies, widths lie within their limits.
TEST(Microcrystal, StripesHaveTheirWidthAndTheFamiliesTheirAngle) {
  SpecimenParams p = microcrystal();
  p.effects.marbling = false;
  p.microcrystal.colony_width_m = 50e-6;  // one family
  const Specimen s(p, 3);
  const auto normals = twin_normals_rad(p.microcrystal, 3);
  EXPECT_NEAR((normals[1] - normals[0]) * 180.0 / constants::pi, 70.0, 1e-9);
  const auto& domain = s.sites().domain;
  const int other = share_of(domain, 1) > 0.0 ? 1 : 2;
  EXPECT_EQ(share_of(domain, static_cast<std::uint8_t>(3 - other)), 0.0);
  const double normal = normals[static_cast<std::size_t>(other - 1)];
  const double step = 2e-9;
  int last = -1;
  double since = std::nan("");
  int stripes = 0;
  for (double t = -1.5e-6; t < 1.5e-6; t += step) {
    const Point at{2e-6 + t * std::cos(normal), 2e-6 + t * std::sin(normal)};
    const int here = domain[nearest_site(s.grid(), at)];
    if (last >= 0 && here != last) {
      if (std::isfinite(since)) {  // grid of 20 nm: a wall is known to about a site
        EXPECT_GE(t - since, 100e-9 - 40e-9);
        EXPECT_LE(t - since, 400e-9 + 40e-9);
        ++stripes;
      }
      since = t;
    }
    last = here;
  }
  EXPECT_GE(stripes, 7);
  // and along a wall nothing changes
  const Point centre{2e-6, 2e-6};
  for (double t = -1e-6; t < 1e-6; t += 50e-9) {
    int differing = 0;
    for (const double aside : {-60e-9, 0.0, 60e-9}) {
      const Point at{centre.x_m - t * std::sin(normal) + aside * std::cos(normal),
                     centre.y_m + t * std::cos(normal) + aside * std::sin(normal)};
      const Point from{centre.x_m + aside * std::cos(normal),
                       centre.y_m + aside * std::sin(normal)};
      differing +=
          domain[nearest_site(s.grid(), at)] != domain[nearest_site(s.grid(), from)] ? 1 : 0;
    }
    EXPECT_LE(differing, 1) << t;  // one of the three may lie on a wall
  }
}

TEST(Microcrystal, MarblingLiesInTheEnrichedSetOnly) {
  const Specimen s(microcrystal(), 2);
  const auto& f = s.sites();
  EXPECT_GT(share_of(f.feature, static_cast<std::uint8_t>(Feature::marbling)), 0.005);
  for (std::size_t k = 0; k < f.feature.size(); ++k) {
    ASSERT_TRUE(f.feature[k] == 0 || f.domain[k] != 0) << k;
  }
}

TEST(Microcrystal, SwitchesTakeTheContrastAway) {
  SpecimenParams p = microcrystal();
  p.effects.twins = p.effects.marbling = p.effects.piezo = false;
  const Specimen s(p, 1);
  const auto is_constant = [](const std::vector<float>& v) {
    return *std::max_element(v.begin(), v.end()) == *std::min_element(v.begin(), v.end());
  };
  EXPECT_TRUE(is_constant(s.sites().active_share));
  EXPECT_TRUE(is_constant(s.sites().contact_potential_v));
  EXPECT_TRUE(is_constant(s.sites().relaxation_time_s));
  EXPECT_TRUE(is_constant(s.sites().piezo_m_per_v));
  EXPECT_GT(share_of(s.sites().domain, 0), 0.2);  // the twins themselves stay
}

TEST(Structures, ContactPotentialFollowsTheIons) {
  for (const SpecimenParams& p : {microcrystal(), treated(), degraded(), pellet()}) {
    const Specimen s(p, 5);
    const auto& f = s.sites();
    physics::ContactPotentialParams contact = p.contact_potential;
    contact.temperature_k = p.film.temperature_k;
    for (std::size_t k = 0; k < f.contact_potential_v.size(); k += 97) {
      ASSERT_NEAR(static_cast<double>(f.contact_potential_v[k]),
                  physics::contact_potential_difference_v(
                      contact, static_cast<double>(f.ion_density_per_m3[k])),
                  1e-6);
    }
  }
}

TEST(Structures, SameBitsForAnyThreads) {
  for (const SpecimenParams& p : {microcrystal(), treated(), degraded(), pellet()}) {
    const Specimen one(p, 7, Threads{1});
    const Specimen three(p, 7, Threads{3});
    EXPECT_EQ(one.sites().active_share, three.sites().active_share);
    EXPECT_EQ(one.sites().relaxation_time_s, three.sites().relaxation_time_s);
    EXPECT_EQ(one.sites().height_m, three.sites().height_m);
    EXPECT_EQ(one.sites().feature, three.sites().feature);
    EXPECT_EQ(one.sites().domain, three.sites().domain);
    const Specimen other(p, 8, Threads{1});
    EXPECT_NE(one.sites().height_m, other.sites().height_m);
  }
}

TEST(Pellet, IsMostlyLeadIodideEverywhere) {
  const Specimen s(pellet(), 1);
  const auto& v = s.sites().inclusion_share;
  double sum = 0.0;
  for (const float x : v) {
    sum += static_cast<double>(x) / static_cast<double>(v.size());
  }
  EXPECT_NEAR(sum, 0.75, 0.02);
  EXPECT_LT(*std::max_element(v.begin(), v.end()), 0.85F);
  const auto& first = s.sites().line_amplitude[0];
  EXPECT_NEAR(static_cast<double>(first[0]),
              pellet().lines.amplitude * (1.0 - static_cast<double>(v[0])),
              1e-6);
}

// Around the middle of the central grain, orientations alternate as often as there are sectors.
TEST(TreatedFilm, SectorsAlternateAroundTheCentreOfAGrain) {
  SpecimenParams p = treated();
  p.effects.thick_boundary = false;
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Specimen s(p, seed);
    const Point site = s.film().grains[0].site;
    EXPECT_NEAR(site.x_m, 3e-6, 1.5e-6);
    int changes = 0;
    int raised = 0;
    const int steps = 720;
    int last = -1;
    int first = -1;
    for (int k = 0; k < steps; ++k) {
      const double angle = 2.0 * constants::pi * k / steps;
      const Point at{site.x_m + 0.9e-6 * std::cos(angle), site.y_m + 0.9e-6 * std::sin(angle)};
      const int here = s.sites().domain[nearest_site(s.grid(), at)];
      raised += here;
      changes += last >= 0 && here != last ? 1 : 0;
      last = here;
      first = k == 0 ? here : first;
    }
    changes += last != first ? 1 : 0;
    EXPECT_EQ(changes, 2 * p.treated_film.arms);
    EXPECT_NEAR(static_cast<double>(raised) / steps, 0.5, 0.15);
  }
}

TEST(TreatedFilm, OneBoundaryOfTheCentralGrainIsThickAndTheOthersAreNot) {
  SpecimenParams p = treated();
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const Specimen s(p, seed);
    const auto& feature = s.sites().feature;
    const double thick = share_of(feature, static_cast<std::uint8_t>(Feature::thick_boundary));
    const double area = static_cast<double>(s.grid().nx) * s.grid().step_x_m *
                        static_cast<double>(s.grid().ny) * s.grid().step_y_m;
    // its width is the area over the length inside: 1 to 4 um long
    EXPECT_GT(thick * area, 1.0e-6 * 1e-6);
    EXPECT_LT(thick * area, 4.5e-6 * 1e-6);
    int normal = 0;  // sites on other boundaries of the grains
    for (std::size_t k = 0; k < feature.size(); ++k) {
      const bool at_boundary = s.film().boundary_distance_m.values[k] < 20e-9F;
      normal += at_boundary && feature[k] != static_cast<std::uint8_t>(Feature::thick_boundary);
    }
    EXPECT_GT(normal, 50) << seed;
  }
}

TEST(DegradedTreatedFilm, MeshAndGranulesCoverTheirPartAndRiseAboveTheBulk) {
  SpecimenParams p = degraded();
  p.topography.dome_fraction = 0.0;
  p.topography.facet_tilt_deg = 0.0;
  p.topography.waviness_rms_m = 0.0;
  p.topography.slope_x_deg = p.topography.slope_y_deg = 0.0;
  p.topography.grain_height_sigma_m = 0.0;
  const Specimen s(p, 1);
  const auto& f = s.sites();
  const double mesh = share_of(f.feature, static_cast<std::uint8_t>(Feature::mesh));
  // edge length per area of a tessellation is 2 / mean distance of its sites (facts f): strands of
  // 90 nm on cells of 300 nm cover about half
  EXPECT_GT(mesh, 0.3);
  EXPECT_LT(mesh, 0.65);
  const double granules = share_of(f.feature, static_cast<std::uint8_t>(Feature::granule));
  EXPECT_GT(granules, 0.02);
  EXPECT_LT(granules, 0.12);
  double most = 0.0;
  for (std::size_t k = 0; k < f.feature.size(); ++k) {
    const double distance = static_cast<double>(s.film().boundary_distance_m.values[k]);
    if (f.feature[k] == static_cast<std::uint8_t>(Feature::granule)) {
      ASSERT_LT(distance, 150e-9);
      ASSERT_GT(f.inclusion_share[k], 0.85F);
    } else if (f.feature[k] == static_cast<std::uint8_t>(Feature::mesh) && distance > 200e-9) {
      most = std::max(most, static_cast<double>(f.height_m[k]));
    }
  }
  EXPECT_NEAR(most, p.degraded_treated_film.mesh_height_m, 4e-9);
}

TEST(DegradedTreatedFilm, GranulesLackTheFurtherLines) {
  SpecimenParams p = degraded();
  p.response = ResponseKind::phenomenological;
  p.lines.third = {60.0, 0.1, 0.7};
  const Specimen s(p, 1);
  const auto& f = s.sites();
  ASSERT_EQ(f.line_hz.size(), 3U);
  for (std::size_t k = 0; k < f.feature.size(); ++k) {
    const float expected = f.feature[k] == static_cast<std::uint8_t>(Feature::granule) ? 0.0F
                           : f.feature[k] == static_cast<std::uint8_t>(Feature::mesh)
                               ? 0.1F * 2.0F * 1.33F
                               : 0.1F;
    ASSERT_NEAR(f.line_amplitude[2][k], expected, 1e-6F);
  }
}

TEST(LargeGrains, PutAGrainOrABoundaryInTheMiddle) {
  MicrostructureParams p;
  p.width_m = p.height_m = 6e-6;
  p.mean_grain_diameter_m = 4e-6;
  const auto grain = large_grain_sites(p, Middle::grain, 0.0, 3);
  EXPECT_NEAR(grain[0].x_m, 3e-6, 1e-12);
  EXPECT_NEAR(grain[0].y_m, 3e-6, 1e-12);
  const auto boundary = large_grain_sites(p, Middle::boundary, 0.0, 3);
  EXPECT_NEAR(std::hypot(boundary[0].x_m - 3e-6, boundary[0].y_m - 3e-6), 2e-6, 1e-12);
}

TEST(Structures, TruthMapsNameDomainAndFeature) {
  const Specimen s(microcrystal(), 1);
  const TruthMaps maps = native_truth(s);
  for (const TruthField& field : maps) {
    if (field.name == "domain") {
      for (std::size_t k = 0; k < field.values.size(); k += 31) {
        ASSERT_EQ(field.values.values[k], static_cast<float>(s.sites().domain[k]));
      }
      return;
    }
  }
  FAIL() << "no map of the domains";
}

TEST(Structures, RefuseParametersOutOfRange) {
  SpecimenParams p = microcrystal();
  p.microcrystal.stripe_max_m = 50e-9;
  EXPECT_THROW(Specimen(p, 1), ParameterError);
  p = treated();
  p.treated_film.arms = 0;
  EXPECT_THROW(Specimen(p, 1), ParameterError);
  p = degraded();
  p.degraded_treated_film.granule_inclusion_share = 1.5;
  EXPECT_THROW(Specimen(p, 1), ParameterError);
  p = pellet();
  p.lines.third.quality = 0.3;
  EXPECT_THROW(Specimen(p, 1), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
