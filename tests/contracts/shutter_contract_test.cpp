// What every shutter promises.
#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;
using ShutterContract = Contract<Shutter>;

TEST_P(ShutterContract, OpensAndCloses) {
  device().start_open();
  EXPECT_TRUE(device().wait(patience, {}));
  EXPECT_EQ(device().state(), ShutterState::open);
  device().start_close();
  EXPECT_TRUE(device().wait(patience, {}));
  EXPECT_EQ(device().state(), ShutterState::closed);
}

TEST_P(ShutterContract, CommandForTheStateThatItHasIsFine) {
  device().make_safe();
  device().start_close();
  EXPECT_TRUE(device().wait(patience, {}));
  EXPECT_EQ(device().state(), ShutterState::closed);
}

TEST_P(ShutterContract, IsNeitherOpenNorClosedOnTheWay) {
  device().start_open();
  if (!device().wait(Duration::zero(), {})) {
    EXPECT_EQ(device().state(), ShutterState::moving);
  }
  EXPECT_TRUE(device().wait(patience, {}));
}

TEST_P(ShutterContract, WaitEndsOnAStop) {
  device().start_open();
  EXPECT_THROW(device().wait(patience, stopped()), Interrupted);
}

TEST_P(ShutterContract, IsClosedAfterMakeSafe) {
  device().start_open();
  device().make_safe();
  EXPECT_EQ(device().state(), ShutterState::closed);
  device().start_open();
  ASSERT_TRUE(device().wait(patience, {}));
  device().make_safe();
  EXPECT_EQ(device().state(), ShutterState::closed);
}

INSTANTIATE_TEST_SUITE_P(Every,
                         ShutterContract,
                         testing::ValuesIn(shutters()),
                         name_of_case<Shutter>);

}  // namespace
}  // namespace halotwin::test
