#include "sim/lamp.hpp"

#include <gtest/gtest.h>

namespace halotwin::sim {
namespace {

TEST(Lamp, RemembersWhenItWasLit) {
  Lamp lamp({}, 1, 0);
  EXPECT_EQ(lamp.irradiance_w_per_m2(5.0), 0.0);
  lamp.set(10.0, 100.0, 500e-9);
  lamp.set(20.0, 0.0, 500e-9);
  lamp.set(30.0, 50.0, 600e-9);
  EXPECT_EQ(lamp.set_irradiance_w_per_m2(9.9), 0.0);
  EXPECT_EQ(lamp.set_irradiance_w_per_m2(15.0), 100.0);
  EXPECT_EQ(lamp.set_irradiance_w_per_m2(25.0), 0.0);
  EXPECT_EQ(lamp.wavelength_m(31.0), 600e-9);
  EXPECT_DOUBLE_EQ(lamp.lit_s(34.0), 14.0);
  EXPECT_DOUBLE_EQ(lamp.exposure_j_per_m2(34.0), 1200.0);
  EXPECT_DOUBLE_EQ(lamp.exposure_j_per_m2(15.0), 500.0);
  EXPECT_DOUBLE_EQ(lamp.mean_irradiance_w_per_m2(18.0, 22.0), 50.0);
  EXPECT_DOUBLE_EQ(lamp.mean_irradiance_w_per_m2(11.0, 12.0), 100.0);
}

TEST(Lamp, KeepsItsSumsWhenItForgetsChanges) {
  Lamp lamp({}, 1, 0);
  for (int i = 0; i < 100; ++i) {
    lamp.set(2.0 * i, 10.0, 500e-9);
    lamp.set(2.0 * i + 1.0, 0.0, 500e-9);
  }
  EXPECT_DOUBLE_EQ(lamp.lit_s(300.0), 100.0);
  EXPECT_DOUBLE_EQ(lamp.exposure_j_per_m2(300.0), 1000.0);
  Lamp again({}, 1, 0);
  again.load(lamp.save());
  EXPECT_EQ(again.save(), lamp.save());
  EXPECT_EQ(lamp.save().size(), Lamp::saved_values);
}

}  // namespace
}  // namespace halotwin::sim
