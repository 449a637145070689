// What every lock-in amplifier promises.
#include <algorithm>
#include <cmath>

#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;
using LockInContract = Contract<LockIn>;

TEST_P(LockInContract, ConfigureReturnsWhatIsSet) {
  const LockInSettings applied = device().configure(
      {.reference_hz = 1.5e3, .harmonic = 2, .time_constant_s = 1.0e-3, .filter_order = 3});
  EXPECT_EQ(device().settings(), applied);
  const double offset_v = std::min(0.1, device().limits().max_output_offset_v);
  const LockInOutput output =
      device().set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = offset_v});
  EXPECT_EQ(device().output(), output);
  EXPECT_TRUE(output.on);
}

TEST_P(LockInContract, SettingAgainWhatIsSetChangesNothing) {
  const LockInSettings applied = device().configure({.reference_hz = 1234.5});
  EXPECT_EQ(device().configure(applied), applied);
}

TEST_P(LockInContract, SettingsBeyondTheLimitsBecomeTheNearest) {
  const LockInLimits limit = device().limits();
  const LockInSettings high =
      device().configure({.reference_hz = 10.0 * limit.reference_hz.high,
                          .harmonic = limit.max_harmonic + 1,
                          .time_constant_s = 10.0 * limit.time_constant_s.high,
                          .filter_order = limit.max_filter_order + 1,
                          .input_range_v = 10.0 * limit.input_range_v.high});
  EXPECT_TRUE(limit.reference_hz.contains(high.reference_hz));
  EXPECT_TRUE(limit.time_constant_s.contains(high.time_constant_s));
  EXPECT_TRUE(limit.input_range_v.contains(high.input_range_v));
  EXPECT_LE(high.harmonic, limit.max_harmonic);
  EXPECT_LE(high.filter_order, limit.max_filter_order);
  const LockInSettings low = device().configure({.reference_hz = 0.0,
                                                 .harmonic = 0,
                                                 .time_constant_s = 0.0,
                                                 .filter_order = 0,
                                                 .input_range_v = 0.0});
  EXPECT_TRUE(limit.reference_hz.contains(low.reference_hz));
  EXPECT_TRUE(limit.time_constant_s.contains(low.time_constant_s));
  EXPECT_TRUE(limit.input_range_v.contains(low.input_range_v));
  EXPECT_GE(low.harmonic, 1);
  EXPECT_GE(low.filter_order, 1);
}

TEST_P(LockInContract, SettingsThatAreNotNumbersAreRefused) {
  const LockInSettings before = device().configure({.reference_hz = 2.0e3});
  EXPECT_THROW(device().configure({.reference_hz = nan}), DeviceError);
  EXPECT_THROW(device().configure({.phase_rad = nan}), DeviceError);
  EXPECT_THROW(device().configure({.time_constant_s = nan}), DeviceError);
  EXPECT_THROW(device().configure({.input_range_v = nan}), DeviceError);
  EXPECT_THROW(device().set_reference_hz(nan), DeviceError);
  EXPECT_EQ(device().settings(), before);
}

TEST_P(LockInContract, OutputBeyondItsRangeIsRefusedAndStays) {
  const LockInOutput before = device().set_output({.on = true, .amplitude_peak_v = 0.25});
  const double most = device().limits().max_output_peak_v;
  EXPECT_THROW(device().set_output({.on = true, .amplitude_peak_v = 1.01 * most}), DeviceError);
  EXPECT_THROW(
      device().set_output({.on = true, .amplitude_peak_v = 0.6 * most, .offset_v = -0.6 * most}),
      DeviceError);
  EXPECT_THROW(device().set_output({.on = true, .amplitude_peak_v = nan}), DeviceError);
  EXPECT_THROW(device().set_output({.on = true, .offset_v = nan}), DeviceError);
  EXPECT_EQ(device().output(), before);
}

TEST_P(LockInContract, ASweepReadsAtEachStepAndLeavesTheRest) {
  const LockInSettings before =
      device().configure({.reference_hz = 1e3, .harmonic = 2, .filter_order = 2});
  const std::vector<SweepStep> steps{{2e3, 1e-3, std::chrono::milliseconds(20)},
                                     {3e3, 3e-3, std::chrono::milliseconds(30)},
                                     {2.5e3, 1e-3, std::chrono::milliseconds(10)}};
  const std::vector<LockInReading> readings = device().sweep(steps, {});
  ASSERT_EQ(readings.size(), steps.size());
  for (std::size_t k = 0; k < steps.size(); ++k) {
    EXPECT_NEAR(readings[k].frequency_hz, 2.0 * steps[k].reference_hz, 1e-3) << k;
    if (k > 0) {
      EXPECT_GE(readings[k].time - readings[k - 1].time, steps[k].wait) << k;
    }
  }
  LockInSettings after = device().settings();
  EXPECT_NEAR(after.reference_hz, steps.back().reference_hz, 1e-3);
  EXPECT_NEAR(after.time_constant_s, 1e-3, 0.2e-3);
  after.reference_hz = before.reference_hz;
  after.time_constant_s = before.time_constant_s;
  EXPECT_EQ(after, before);
  EXPECT_THROW(static_cast<void>(device().sweep(steps, stopped())), Interrupted);
}

TEST_P(LockInContract, OutputIsOffAfterMakeSafe) {
  const double offset_v = std::min(0.1, device().limits().max_output_offset_v);
  device().set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = offset_v});
  device().make_safe();
  EXPECT_FALSE(device().output().on);
}

TEST_P(LockInContract, ReferenceFrequencyIsTheAppliedOne) {
  const LockInSettings before = device().configure({.reference_hz = 1.0e3, .harmonic = 2});
  const double applied = device().set_reference_hz(1.7e3);
  EXPECT_NEAR(applied, 1.7e3, 1.0);
  LockInSettings expected = before;
  expected.reference_hz = applied;
  EXPECT_EQ(device().settings(), expected);
  EXPECT_DOUBLE_EQ(device().read().frequency_hz, before.harmonic * applied);
}

TEST_P(LockInContract, ReadingIsNeverOlderThanTheLastConfigure) {
  device().configure({.reference_hz = 1.0e3});
  clock().sleep(from_seconds(0.1));
  device().configure({.reference_hz = 2.0e3});
  const Duration configured_at = clock().now();
  EXPECT_GE(device().read().time, configured_at);
}

TEST_P(LockInContract, ReadingsAreFiniteAndInOrder) {
  Duration last{};
  for (int i = 0; i < 5; ++i) {
    clock().sleep(from_seconds(1.0e-3));
    const LockInReading reading = device().read();
    EXPECT_TRUE(std::isfinite(reading.x_v) && std::isfinite(reading.y_v));
    EXPECT_GE(reading.time, last);
    last = reading.time;
  }
}

TEST_P(LockInContract, SettlesLaterForSmallerErrorsAndHigherOrders) {
  Duration of_lower_order{};
  for (int order = 1; order <= device().limits().max_filter_order; ++order) {
    const LockInSettings applied =
        device().configure({.time_constant_s = 1.0e-3, .filter_order = order});
    ASSERT_EQ(applied.filter_order, order);
    Duration of_larger_error{};
    for (const double error : {1.0e-1, 1.0e-2, 1.0e-4, 1.0e-6}) {
      const Duration time = device().settling_time(error);
      EXPECT_GT(time, of_larger_error) << "order " << order << ", error " << error;
      of_larger_error = time;
    }
    EXPECT_GT(device().settling_time(1.0e-2), of_lower_order) << "order " << order;
    of_lower_order = device().settling_time(1.0e-2);
  }
}

// Remaining error of n equal RC stages after t = x tau: exp(-x) sum_{k<n} x^k / k! (manuals of the
// SR860 and of LabOne).
TEST_P(LockInContract, SettlingTimeIsThatOfCascadedStages) {
  for (const int order : {1, 2, 4}) {
    const LockInSettings applied =
        device().configure({.time_constant_s = 1.0e-3, .filter_order = order});
    const double x = seconds(device().settling_time(1.0e-2)) / applied.time_constant_s;
    double term = 1.0;
    double sum = 0.0;
    for (int k = 0; k < applied.filter_order; ++k) {
      sum += term;
      term *= x / (k + 1);
    }
    EXPECT_NEAR(std::exp(-x) * sum, 1.0e-2, 1.0e-4) << "order " << order;
  }
}

TEST_P(LockInContract, AuxiliaryOutputsAreSetOrRefused) {
  const AuxOutput wanted{.quantity = AuxQuantity::phase, .scale_v_per_unit = 2.0};
  try {
    EXPECT_EQ(device().set_aux_output(0, wanted), wanted);
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), Retry::no);  // an instrument whose outputs carry no phase
  }
  EXPECT_THROW(device().set_aux_output(-1, wanted), DeviceError);
  EXPECT_THROW(device().set_aux_output(1000, wanted), DeviceError);
  EXPECT_THROW(
      device().set_aux_output(0, {.quantity = AuxQuantity::phase, .scale_v_per_unit = nan}),
      DeviceError);
}

TEST_P(LockInContract, OutputsOfXAndYTellTheirScale) {
  int channel = 0;
  for (const AuxQuantity quantity : {AuxQuantity::x, AuxQuantity::y}) {
    const AuxOutput applied =
        device().set_aux_output(channel, {.quantity = quantity, .scale_v_per_unit = 20.0});
    EXPECT_EQ(applied.quantity, quantity);
    EXPECT_GT(applied.scale_v_per_unit, 0.0);
    EXPECT_EQ(applied.offset_v, 0.0);
    const AuxOutput again = device().set_aux_output(channel++, applied);
    EXPECT_NEAR(again.scale_v_per_unit / applied.scale_v_per_unit, 1.0, 1e-9);
  }
}

TEST_P(LockInContract, StreamsInOrderIfItStreams) {
  SampleStream* stream = device().stream();
  if (stream == nullptr) {
    GTEST_SKIP() << "does not stream";
  }
  EXPECT_GT(stream->start(1.0e3), 0.0);
  clock().sleep(from_seconds(0.1));
  bool lost = true;
  const std::vector<LockInReading> samples = stream->read(patience, lost);
  stream->stop();
  EXPECT_FALSE(lost);
  ASSERT_FALSE(samples.empty());
  for (std::size_t i = 1; i < samples.size(); ++i) {
    EXPECT_GT(samples[i].time, samples[i - 1].time);
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         LockInContract,
                         testing::ValuesIn(lock_ins()),
                         name_of_case<LockIn>);

}  // namespace
}  // namespace halotwin::test
