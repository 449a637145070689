// Roles, safe state of all devices whatever single ones do, and the guard that brings it about.
#include "devices/bench.hpp"

#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "sim/virtual_clock.hpp"
#include "tests/support/recording_devices.hpp"

namespace halotwin::devices {
namespace {

using test::Heard;

class FullLog final : public EventLog {
 public:
  void write(const Event&) override { throw std::runtime_error("disk full"); }
};

class BenchTest : public testing::Test {
 protected:
  BenchTest() { fill(bench_); }
  void fill(Bench& bench) {
    bench.add("bias", std::make_unique<test::RecordingBias>("bias", heard_));
    auto lock_in = std::make_unique<test::RecordingLockIn>("lockin", heard_);
    lock_in_ = lock_in.get();
    bench.add("lockin", std::move(lock_in));
    bench.add("stage", std::make_unique<test::RecordingStage>("stage", heard_));
  }

  Heard heard_;
  MemoryLog log_;
  sim::VirtualClock clock_{[](Duration) {}};
  Bench bench_{clock_, log_};
  test::RecordingLockIn* lock_in_ = nullptr;
  const Heard all_safe_{"bias: make safe", "lockin: make safe", "stage: make safe"};
};

TEST_F(BenchTest, GivesEachDeviceByRoleAndInterface) {
  EXPECT_EQ(&bench_.get<LockIn>("lockin", "lock-in"), lock_in_);
  EXPECT_EQ(bench_.get<Stage>("stage", "stage").identity().serial, "stage");
  const auto identities = bench_.identities();
  ASSERT_EQ(identities.size(), 3U);
  EXPECT_EQ(identities[0].first, "bias");
}

TEST_F(BenchTest, SaysWhatIsThereWhenARoleIsNot) {
  try {
    static_cast<void>(bench_.get<LockIn>("lokin", "lock-in"));
    ADD_FAILURE();
  } catch (const ParameterError& error) {
    const std::string text = error.what();
    for (const char* word : {"lokin", "lock-in", "bias", "lockin", "stage"}) {
      EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
    }
  }
}

TEST_F(BenchTest, SaysWhenARoleIsOfAnotherKind) {
  try {
    static_cast<void>(bench_.get<Stage>("lockin", "stage"));
    ADD_FAILURE();
  } catch (const ParameterError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("lockin"), std::string::npos) << text;
    EXPECT_NE(text.find("stage"), std::string::npos) << text;
  }
}

TEST_F(BenchTest, RefusesTheSameRoleTwice) {
  EXPECT_THROW(bench_.add("bias", std::make_unique<test::RecordingBias>("again", heard_)),
               ParameterError);
}

TEST_F(BenchTest, MakesAllDevicesSafeInTheirOrder) {
  EXPECT_TRUE(bench_.make_safe());
  EXPECT_EQ(heard_, all_safe_);
  EXPECT_TRUE(log_.events.empty());
}

TEST_F(BenchTest, MakesTheOthersSafeAlthoughOneFailsAndSaysSo) {
  lock_in_->fails = true;
  EXPECT_FALSE(bench_.make_safe());
  EXPECT_EQ(heard_, all_safe_);
  ASSERT_EQ(log_.events.size(), 1U);
  EXPECT_EQ(log_.events[0].level, Level::error);
  EXPECT_EQ(log_.events[0].source, "lockin");
  EXPECT_NE(log_.events[0].text.find("told to fail"), std::string::npos);
}

TEST_F(BenchTest, AFullLogDoesNotKeepTheOthersFromSafety) {
  FullLog log;
  Bench bench(clock_, log);
  fill(bench);
  lock_in_->fails = true;
  EXPECT_FALSE(bench.make_safe());
  EXPECT_EQ(heard_, all_safe_);
}

TEST_F(BenchTest, SafeStateGuardActsOnTheNormalEnd) {
  {
    const SafeStateGuard guard(bench_);
    EXPECT_TRUE(heard_.empty());
  }
  EXPECT_EQ(heard_, all_safe_);
}

TEST_F(BenchTest, SafeStateGuardActsOnAnExceptionAndLetsItPass) {
  lock_in_->fails = true;
  const auto procedure = [&] {
    const SafeStateGuard guard(bench_);
    throw Interrupted("stopped on request");
  };
  EXPECT_THROW(procedure(), Interrupted);
  EXPECT_EQ(heard_, all_safe_);
}

}  // namespace
}  // namespace halotwin::devices
