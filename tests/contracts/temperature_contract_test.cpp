// What every temperature controller promises.
#include <cmath>

#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;
using TemperatureContract = Contract<TemperatureController>;

TEST_P(TemperatureContract, GoesToTheTargetNotFasterThanItsRate) {
  const double start_k = device().temperature_k();
  const double target_k = start_k + 10.0;
  device().set_target_k(target_k);
  EXPECT_DOUBLE_EQ(device().target_k(), target_k);
  const double rate = device().max_rate_k_per_s();
  ASSERT_GT(rate, 0.0);
  clock().sleep(from_seconds(5.0 / rate));
  EXPECT_LT(device().temperature_k(), start_k + 5.0 + 0.5);
  EXPECT_TRUE(device().wait_stable(0.2, from_seconds(30.0), from_seconds(86400.0), {}));
  EXPECT_NEAR(device().temperature_k(), target_k, 0.3);
}

TEST_P(TemperatureContract, WaitsForTheWholeHold) {
  device().set_target_k(device().temperature_k());
  ASSERT_TRUE(device().wait_stable(1.0, from_seconds(10.0), patience, {}));
  const Duration before = clock().now();
  EXPECT_TRUE(device().wait_stable(1.0, from_seconds(60.0), patience, {}));
  EXPECT_GE(clock().now() - before, from_seconds(60.0));
}

TEST_P(TemperatureContract, SaysWhenItIsNotStableInTime) {
  device().set_target_k(device().temperature_k() + 20.0);
  const Duration before = clock().now();
  EXPECT_FALSE(device().wait_stable(0.1, from_seconds(10.0), from_seconds(5.0), {}));
  EXPECT_NEAR(seconds(clock().now() - before), 5.0, 1.0);
}

TEST_P(TemperatureContract, StopsWaitingOnRequest) {
  device().set_target_k(device().temperature_k() + 5.0);
  EXPECT_THROW((void)device().wait_stable(0.1, from_seconds(10.0), patience, stopped()),
               Interrupted);
}

TEST_P(TemperatureContract, RefusesWhatIsOutOfRangeAndStays) {
  const double before = device().temperature_k() + 1.0;
  device().set_target_k(before);
  const Range range = device().range_k();
  for (const double wrong : {range.low - 1.0, range.high + 1.0, nan}) {
    EXPECT_THROW(device().set_target_k(wrong), DeviceError) << wrong;
    EXPECT_DOUBLE_EQ(device().target_k(), before);
  }
}

TEST_P(TemperatureContract, DriftsTowardsTheRoomAfterMakeSafe) {
  const double room_k = device().temperature_k();
  device().set_target_k(room_k + 20.0);
  ASSERT_TRUE(device().wait_stable(0.5, from_seconds(10.0), from_seconds(86400.0), {}));
  device().make_safe();
  device().make_safe();
  clock().sleep(from_seconds(86400.0));
  EXPECT_NEAR(device().temperature_k(), room_k, 0.5);
}

INSTANTIATE_TEST_SUITE_P(Every,
                         TemperatureContract,
                         testing::ValuesIn(temperature_controllers()),
                         name_of_case<TemperatureController>);

}  // namespace
}  // namespace halotwin::test
