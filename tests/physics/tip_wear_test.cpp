#include "physics/tip_wear.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/tip_footprint.hpp"

namespace halotwin::physics {
namespace {

// Between the pointed cone and the round apex, by quadrature over the height above the point.
double missing_by_quadrature(double angle_deg, double radius) {
  const double th = angle_deg * constants::pi / 180.0;
  const double centre = radius / std::sin(th);
  const double top = centre - radius * std::sin(th);  // the circle of contact
  constexpr int slices = 20000;
  double sum = 0.0;
  for (int i = 0; i < slices; ++i) {
    const double z = top * (i + 0.5) / slices;
    const double cone = z * std::tan(th);
    const double ball2 = radius * radius - (z - centre) * (z - centre);
    sum += constants::pi * (cone * cone - std::max(ball2, 0.0)) * top / slices;
  }
  return sum;
}

TEST(TipWear, TheMissingVolumeIsThatOfTheGeometry) {
  for (const double angle : {10.0, 20.0, 25.0, 45.0}) {
    const double exact = missing_by_quadrature(angle, 25e-9);
    EXPECT_NEAR(missing_volume_m3(angle, 25e-9), exact, 1e-4 * exact) << angle;
  }
}

TEST(TipWear, RadiusAndVolumeAreInverse) {
  const double gone = missing_volume_m3(20.0, 50e-9) - missing_volume_m3(20.0, 25e-9);
  EXPECT_NEAR(worn_radius_m(20.0, 25e-9, gone), 50e-9, 1e-20);
  EXPECT_EQ(worn_radius_m(20.0, 25e-9, 0.0), 25e-9) << "to the bit";
}

TEST(TipWear, LateBluntingGoesWithTheCubeRootOfTheUse) {
  const double one = worn_radius_m(20.0, 1e-9, 1e-21);
  EXPECT_NEAR(worn_radius_m(20.0, 1e-9, 8e-21) / one, 2.0, 1e-4);
}

TEST(TipWear, StepsOfUseAddUp) {
  const TipWearParams p;
  double in_steps = 25e-9;
  for (int i = 0; i < 1000; ++i) {
    in_steps = worn_radius_m(20.0, in_steps, tapping_wear_m3(p, 1.0e6));
  }
  EXPECT_NEAR(in_steps, worn_radius_m(20.0, 25e-9, tapping_wear_m3(p, 1.0e9)), 1e-18);
}

TEST(TipWear, ArchardsLawIsLinearInLoadAndPath) {
  const TipWearParams p;
  EXPECT_DOUBLE_EQ(sliding_wear_m3(p, 2e-8, 0.3), 6.0 * sliding_wear_m3(p, 1e-8, 0.1));
  EXPECT_EQ(sliding_wear_m3(p, 0.0, 1.0), 0.0);
}

TEST(TipWear, ADefaultDayOfTappingGives30Nanometres) {
  const TipWearParams p;
  EXPECT_NEAR(worn_radius_m(20.0, 25e-9, tapping_wear_m3(p, 75e3 * 86400.0)), 30e-9, 0.5e-9);
}

// What a blunter tip does: more force gradient, seen from further around.
TEST(TipWear, ABluntTipFeelsMoreAndWider) {
  const OrbitParams orbit;
  constexpr double film_gap_m = 2.5e-9;
  TipParams tip;
  double curvature = 0.0;
  double width = 0.0;
  for (const double radius : {25e-9, 35e-9, 50e-9, 70e-9}) {
    tip.apex_radius_m = radius;
    const TipFootprint footprint(tip, orbit, film_gap_m);
    EXPECT_GT(footprint.curvature().total(), 1.1 * curvature) << radius;
    EXPECT_GT(footprint.half_width_m(), 1.1 * width) << radius;
    curvature = footprint.curvature().total();
    width = footprint.half_width_m();
  }
}

TEST(TipWear, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(validate(TipWearParams{.contact_m3_per_n_m = -1.0}), ParameterError);
  EXPECT_THROW(validate(TipWearParams{.tapping_m3_per_tap = std::nan("")}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
