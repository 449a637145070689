// What every stage promises, on each of its axes.
#include <cmath>

#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

class StageContract : public Contract<Stage> {
 protected:
  // A move of a tenth of the axis, towards the middle of its range; its target.
  double start_long_move(std::size_t axis) {
    const StageAxis a = device().axes()[axis];
    const double middle = 0.5 * (a.range.low + a.range.high);
    const double at = device().position(axis);
    const double way = 0.1 * (a.range.high - a.range.low);
    const double target = at > middle ? at - way : at + way;
    device().start_move(axis, target);
    return target;
  }
  [[nodiscard]] bool moving(std::size_t axis) { return device().state(axis) == AxisState::moving; }
};

TEST_P(StageContract, DescribesItsAxes) {
  ASSERT_FALSE(device().axes().empty());
  for (const StageAxis& axis : device().axes()) {
    EXPECT_FALSE(axis.name.empty());
    EXPECT_TRUE(axis.unit == "m" || axis.unit == "rad") << axis.unit;
    EXPECT_LT(axis.range.low, axis.range.high);
    EXPECT_GT(axis.max_speed_per_s, 0.0);
    EXPECT_GT(axis.tolerance, 0.0);
  }
}

TEST_P(StageContract, MovesArriveWithinTheTolerance) {
  for (std::size_t axis = 0; axis < device().axes().size(); ++axis) {
    const double target = start_long_move(axis);
    EXPECT_TRUE(device().wait(axis, patience, {}));
    EXPECT_EQ(device().state(axis), AxisState::standing);
    EXPECT_NEAR(device().position(axis), target, device().axes()[axis].tolerance);
  }
}

TEST_P(StageContract, IsNeverFasterThanItSays) {
  const StageAxis axis = device().axes()[0];
  const double from = device().position(0);
  const Duration start = clock().now();
  const double target = start_long_move(0);
  EXPECT_TRUE(moving(0));
  ASSERT_TRUE(device().wait(0, patience, {}));
  const double way = std::abs(target - from) - 2.0 * axis.tolerance;
  EXPECT_GE(seconds(clock().now() - start), way / axis.max_speed_per_s);
}

TEST_P(StageContract, SlowerMovesTakeLonger) {
  const StageAxis axis = device().axes()[0];
  const double applied = device().set_speed(0, 0.25 * axis.max_speed_per_s);
  EXPECT_EQ(device().speed(0), applied);
  EXPECT_NEAR(applied, 0.25 * axis.max_speed_per_s, 0.05 * axis.max_speed_per_s);
  const double from = device().position(0);
  const Duration start = clock().now();
  const double target = start_long_move(0);
  ASSERT_TRUE(device().wait(0, patience, {}));
  const double way = std::abs(target - from) - 2.0 * axis.tolerance;
  EXPECT_GE(seconds(clock().now() - start), way / applied);
}

TEST_P(StageContract, SpeedsAreHeldToTheMaximumOrRefused) {
  const double fastest = device().axes()[0].max_speed_per_s;
  EXPECT_GT(device().speed(0), 0.0);
  EXPECT_LE(device().set_speed(0, 10.0 * fastest), fastest);
  const double before = device().speed(0);
  EXPECT_LE(before, fastest);
  for (const double wrong : {0.0, -fastest, nan}) {
    EXPECT_THROW(device().set_speed(0, wrong), DeviceError);
  }
  EXPECT_EQ(device().speed(0), before);
}

TEST_P(StageContract, WaitGivesUpAtItsTimeout) {
  start_long_move(0);
  EXPECT_FALSE(device().wait(0, Duration::zero(), {}));
  const Duration before = clock().now();
  EXPECT_FALSE(device().wait(0, from_seconds(1.0e-3), {}));
  EXPECT_GE(clock().now() - before, from_seconds(1.0e-3));
  EXPECT_TRUE(moving(0));
  EXPECT_TRUE(device().wait(0, patience, {}));
}

TEST_P(StageContract, WaitEndsOnAStop) {
  start_long_move(0);
  EXPECT_THROW(device().wait(0, patience, stopped()), Interrupted);
  EXPECT_NO_THROW(device().make_safe());
}

TEST_P(StageContract, StopsWhereItIs) {
  const double from = device().position(0);
  const double target = start_long_move(0);
  EXPECT_FALSE(device().wait(0, from_seconds(0.01), {}));
  device().stop_move(0);
  EXPECT_TRUE(device().wait(0, patience, {}));
  const double at = device().position(0);
  EXPECT_LT(std::abs(at - from), std::abs(target - from));
  clock().sleep(from_seconds(1.0));
  EXPECT_EQ(device().position(0), at);
}

TEST_P(StageContract, MakeSafeStopsEveryAxis) {
  for (std::size_t axis = 0; axis < device().axes().size(); ++axis) {
    start_long_move(axis);
  }
  device().make_safe();
  for (std::size_t axis = 0; axis < device().axes().size(); ++axis) {
    EXPECT_FALSE(moving(axis));
  }
}

TEST_P(StageContract, RefusesTargetsOutsideOfItsRangeAndStands) {
  const StageAxis axis = device().axes()[0];
  const double before = device().position(0);
  const double beyond = 0.1 * (axis.range.high - axis.range.low);
  EXPECT_THROW(device().start_move(0, axis.range.high + beyond), DeviceError);
  EXPECT_THROW(device().start_move(0, axis.range.low - beyond), DeviceError);
  EXPECT_THROW(device().start_move(0, nan), DeviceError);
  EXPECT_FALSE(moving(0));
  EXPECT_EQ(device().position(0), before);
}

TEST_P(StageContract, RefusesAxesThatItHasNot) {
  const std::size_t none = device().axes().size();
  EXPECT_THROW(static_cast<void>(device().position(none)), DeviceError);
  EXPECT_THROW(device().set_speed(none, 1.0e-3), DeviceError);
  EXPECT_THROW(static_cast<void>(device().speed(none)), DeviceError);
  EXPECT_THROW(device().start_move(none, 0.0), DeviceError);
  EXPECT_THROW(static_cast<void>(device().state(none)), DeviceError);
  EXPECT_THROW(device().wait(none, Duration::zero(), {}), DeviceError);
  EXPECT_THROW(device().stop_move(none), DeviceError);
}

INSTANTIATE_TEST_SUITE_P(Every, StageContract, testing::ValuesIn(stages()), name_of_case<Stage>);

}  // namespace
}  // namespace halotwin::test
