// A run that is interrupted, killed or loses an instrument can be taken up again and ends in the
// same bits.
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "tests/app/program.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

class Stops : public ProgramTest {};

TEST_F(Stops, CtrlCIsSafeAndResumable) {
  ASSERT_EQ(call(map("whole.nxs", 60, 50, 16)).status, 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = "stopped" + std::to_string(signal) + ".nxs";
    const int process = start(map(name, 60, 50, 16));
    wait_for(name + ".part");
    kill(process, signal);
    const Outcome stopped = wait(process);
    ASSERT_EQ(stopped.status, 130) << stopped.err;
    EXPECT_EQ(stopped.error(), "interrupted");
    EXPECT_NE(stopped.err.find("halotwin resume " + name), std::string::npos) << stopped.err;
    EXPECT_NE(stopped.err.find("safe state reached"), std::string::npos) << stopped.err;
    EXPECT_EQ(call({"resume", name}).status, 0);
    EXPECT_EQ(differences(at("whole.nxs"), at(name)), Names{});
  }
}

// What is lost cannot be brought to safety: the program says so of this instrument and no other.
TEST_F(Stops, ALostInstrumentIsNamedAndTheRunResumable) {
  ASSERT_EQ(call(map("whole.nxs", 12, 8, 6)).status, 0);
  for (const auto& [lost, fault] :
       {std::pair{"lockin_electrical", R"(operation="read", at_count=700)"},
        std::pair{"afm", R"(operation="approach", at_count=30)"},
        std::pair{"lockin_mechanical", R"(operation="configure", at_count=1)"}}) {
    const std::string setting = std::string("fault=[{device=\"") + lost + "\", " + fault + "}]";
    const Outcome failed = call(map("failed.nxs", 12, 8, 6, {"--force", "--set", setting}));
    ASSERT_EQ(failed.status, 3) << failed.err;
    EXPECT_NE(failed.error().find("injected fault"), std::string::npos) << failed.err;
    for (const std::string role : {"afm", "lockin_mechanical", "lockin_electrical"}) {
      EXPECT_EQ(failed.err.find(role + ": error: safe state not reached") != std::string::npos,
                role == lost)
          << failed.err;
    }
    EXPECT_NE(failed.err.find("safe state not reached by every device"), std::string::npos);
    ASSERT_EQ(call({"resume", "failed.nxs"}).status, 0);
    EXPECT_EQ(differences(at("whole.nxs"), at("failed.nxs")), Names{"configuration"}) << fault;
  }
}

TEST_F(Stops, ATimeoutIsRetriedAndTheRunGoesOn) {
  const char* fault = R"(fault=[{device="afm", operation="approach", kind="timeout", at_count=5}])";
  const Outcome outcome = call(map("map.nxs", 5, 4, 4, {"--set", fault}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("trying once more"), std::string::npos) << outcome.err;
}

TEST_F(Stops, KilledTenTimesAtRandomMomentsEndsInTheSameBits) {
  constexpr int columns = 64;
  constexpr int rows = 48;
  constexpr int frequencies = 24;
  ASSERT_EQ(call(map("whole.nxs", columns, rows, frequencies)).status, 0);
  RandomStream draw(1, Purpose::test_data);
  WallClock clock;
  int kills = 0;
  while (kills < 10 && !std::filesystem::exists(at("killed.nxs"))) {
    const bool begun = call({"info", "killed.nxs"}).status == 0;
    const int process = begun ? start({"resume", "killed.nxs"})
                              : start(map("killed.nxs", columns, rows, frequencies, {"--force"}));
    clock.sleep(from_seconds(draw.uniform(0.0, 0.25)));
    kill(process, SIGKILL);
    if (wait(process).status == 128 + SIGKILL) {
      ++kills;
    }
  }
  if (!std::filesystem::exists(at("killed.nxs"))) {
    const bool begun = call({"info", "killed.nxs"}).status == 0;
    const Outcome last = begun ? call({"resume", "killed.nxs"})
                               : call(map("killed.nxs", columns, rows, frequencies, {"--force"}));
    ASSERT_EQ(last.status, 0) << last.err;
  }
  EXPECT_GT(kills, 0);
  EXPECT_EQ(differences(at("whole.nxs"), at("killed.nxs")), Names{}) << kills << " kills";
}

}  // namespace
}  // namespace halotwin::tests
