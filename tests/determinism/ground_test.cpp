// The clock on which a run of instruments begins, and goes on.
#include "session/ground.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::session {
namespace {

Scenario on(const std::string& address) {
  return load_scenario("pm_dns_quick", {.devices = {"all=" + address}});
}

TEST(Ground, TimeOfInstrumentsGoesOnByTheTimeOfDay) {
  Scenario scenario = on("sim:");
  for (devices::DeviceRequest& device : scenario.devices) {
    device.address = "sr860://127.0.0.1:1";  // is not opened here
  }
  const auto before = time_of_day();
  const Ground fresh = make_ground(scenario, {}, std::nullopt);
  EXPECT_LT(seconds(fresh.bench_clock().now()), 50.0);
  EXPECT_GE(fresh.start_since_epoch, before - std::chrono::seconds(1));

  const Begun begun{before - std::chrono::seconds(100), std::chrono::seconds(10)};
  const Ground again = make_ground(scenario, {}, begun);
  EXPECT_EQ(again.start_since_epoch, begun.start_since_epoch);
  EXPECT_GE(seconds(again.bench_clock().now()), 100.0);
  EXPECT_LT(seconds(again.bench_clock().now()), 150.0);
}

TEST(Ground, SimulatedTimeIsThatOfTheWorld) {
  const Ground ground =
      make_ground(on("sim:"), {}, Begun{time_of_day(), std::chrono::seconds(1000)});
  EXPECT_EQ(ground.bench_clock().now(), Duration::zero()) << "the checkpoint sets it";
}

}  // namespace
}  // namespace halotwin::session
