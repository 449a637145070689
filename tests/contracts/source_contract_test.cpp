// What every bias source and every light source promises.
#include <cmath>

#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;
using BiasSourceContract = Contract<BiasSource>;
using LightSourceContract = Contract<LightSource>;

constexpr BiasSettings one_volt{
    .on = true, .voltage_v = 1.0, .ramp_v_per_s = 2.0, .compliance_a = 1.0e-6};

TEST_P(BiasSourceContract, ConfigureReturnsWhatIsSet) {
  const BiasSettings applied = device().configure(one_volt);
  EXPECT_EQ(device().settings(), applied);
  EXPECT_TRUE(applied.on);
  EXPECT_DOUBLE_EQ(applied.voltage_v, 1.0);
  EXPECT_EQ(device().configure(applied), applied);
}

TEST_P(BiasSourceContract, RampsAtTheRateThatIsSet) {
  const BiasSettings applied = device().configure(one_volt);
  const double end_s = 1.0 / applied.ramp_v_per_s;
  EXPECT_TRUE(device().ramping());
  clock().sleep(from_seconds(0.5 * end_s));
  EXPECT_TRUE(device().ramping());
  EXPECT_NEAR(device().read().voltage_v, 0.5, 0.1);
  clock().sleep(from_seconds(0.6 * end_s));
  EXPECT_FALSE(device().ramping());
  EXPECT_NEAR(device().read().voltage_v, 1.0, 0.01);
}

TEST_P(BiasSourceContract, ReadingIsNeverOlderThanTheLastConfigure) {
  clock().sleep(from_seconds(0.1));
  device().configure(one_volt);
  const Duration configured_at = clock().now();
  EXPECT_GE(device().read().time, configured_at);
}

TEST_P(BiasSourceContract, CurrentStaysWithinTheCompliance) {
  BiasSettings settings = one_volt;
  EXPECT_FALSE(device().read().compliance);
  settings.compliance_a = 2.0e-9;  // a fifth of what the load takes
  device().configure(settings);
  clock().sleep(from_seconds(1.0));
  const BiasReading reading = device().read();
  EXPECT_TRUE(reading.compliance);
  EXPECT_NEAR(reading.current_a, 2.0e-9, 0.5e-9);
  EXPECT_NEAR(reading.voltage_v, 0.2, 0.01);
}

TEST_P(BiasSourceContract, VoltageIsZeroAndOutputOffAfterMakeSafe) {
  device().configure(one_volt);
  clock().sleep(from_seconds(0.25));  // in the middle of the ramp
  device().make_safe();
  EXPECT_FALSE(device().ramping());
  EXPECT_FALSE(device().settings().on);
  EXPECT_NEAR(device().read().voltage_v, 0.0, 1.0e-3);
}

TEST_P(BiasSourceContract, RefusesWhatIsOutOfRangeAndStays) {
  const BiasSettings before = device().configure(one_volt);
  const BiasLimits limit = device().limits();
  const auto expect_refused = [&](auto change) {
    BiasSettings settings = one_volt;
    change(settings);
    EXPECT_THROW(device().configure(settings), DeviceError);
    EXPECT_EQ(device().settings(), before);
  };
  expect_refused([&](BiasSettings& s) { s.voltage_v = 1.01 * limit.voltage_v.high; });
  expect_refused([&](BiasSettings& s) { s.voltage_v = 1.01 * limit.voltage_v.low; });
  expect_refused([&](BiasSettings& s) { s.compliance_a = 1.01 * limit.max_compliance_a; });
  expect_refused([&](BiasSettings& s) { s.compliance_a = 0.0; });
  expect_refused([&](BiasSettings& s) { s.voltage_v = nan; });
  expect_refused([&](BiasSettings& s) { s.compliance_a = nan; });
  expect_refused([&](BiasSettings& s) { s.ramp_v_per_s = nan; });
  expect_refused([&](BiasSettings& s) { s.ramp_v_per_s = -1.0; });
}

INSTANTIATE_TEST_SUITE_P(Every,
                         BiasSourceContract,
                         testing::ValuesIn(bias_sources()),
                         name_of_case<BiasSource>);

LightSettings lit(LightSource& source) {
  const LightLimits limit = source.limits();
  return {.on = true,
          .irradiance_w_per_m2 = std::min(100.0, limit.irradiance_w_per_m2.high),
          .wavelength_m = limit.wavelength_m.low};
}

TEST_P(LightSourceContract, ConfigureReturnsWhatIsSet) {
  const LightSettings applied = device().configure(lit(device()));
  EXPECT_EQ(device().settings(), applied);
  EXPECT_TRUE(applied.on);
  EXPECT_EQ(device().configure(applied), applied);
}

TEST_P(LightSourceContract, WavelengthBecomesTheNearest) {
  LightSettings settings = lit(device());
  for (const double wavelength_m : {0.0, 1.0}) {
    settings.wavelength_m = wavelength_m;
    EXPECT_TRUE(device().limits().wavelength_m.contains(device().configure(settings).wavelength_m));
  }
}

TEST_P(LightSourceContract, IsOffAfterMakeSafe) {
  device().configure(lit(device()));
  device().make_safe();
  EXPECT_FALSE(device().settings().on);
}

TEST_P(LightSourceContract, RefusesWhatIsOutOfRangeAndStays) {
  const LightSettings before = device().configure(lit(device()));
  for (const double irradiance : {1.01 * device().limits().irradiance_w_per_m2.high, -1.0, nan}) {
    LightSettings settings = before;
    settings.irradiance_w_per_m2 = irradiance;
    EXPECT_THROW(device().configure(settings), DeviceError);
  }
  LightSettings settings = before;
  settings.wavelength_m = nan;
  EXPECT_THROW(device().configure(settings), DeviceError);
  EXPECT_EQ(device().settings(), before);
}

INSTANTIATE_TEST_SUITE_P(Every,
                         LightSourceContract,
                         testing::ValuesIn(light_sources()),
                         name_of_case<LightSource>);

}  // namespace
}  // namespace halotwin::test
