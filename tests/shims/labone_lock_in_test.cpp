// The driver of HF2LI and MFLI against the stand-in for the maker's library; that it keeps the
// contract of lock-ins is tested with the others (tests/contracts).
#include "devices/drivers/labone_lock_in.hpp"

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/constants.hpp"
#include "devices/drivers/labone_link.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "tests/support/labone_bench.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices {
namespace {

using simulated::ChainParams;
using simulated::HarmonicChain;
using test::ShimInstrument;

simulated::LockInModel named(const std::string& model) {
  return model == "MFLI" ? simulated::mfli() : simulated::hf2li();
}

/// A simulated HF2LI or MFLI behind the shim.
struct Bench {
  explicit Bench(const simulated::LockInModel& model, const std::string& options = "")
      : world({}, sim::pm_dns_cables(), {}, sim::Specimen(test::small_film(), 1), 1),
        chain(world, std::make_unique<HarmonicChain>(world, ChainParams{})),
        behind(world, chain, model, "lockin_electrical"),
        labone(behind, world.clock(), model.model, options) {}
  void sleep_s(double s) { world.clock().sleep(from_seconds(s)); }
  /// Answers `result` to one function at one node from now on.
  void spoil(const std::string& function, const std::string& node, std::int32_t result) {
    labone.instrument().before = [=](std::string_view f, std::string_view n) {
      return f == function && n == node ? result : ShimInstrument::go_on;
    };
  }

  sim::World world;
  simulated::ProbeChain chain;
  simulated::SimulatedLockIn behind;
  test::LaboneBench labone;
};

/// A second client of the bench's instrument.
std::unique_ptr<labone::Link> second_link(Bench& bench) {
  auto link = std::make_unique<labone::Link>(labone::load(HALOTWIN_LABONE_SHIM, "second"),
                                             test::shim_host,
                                             bench.labone.port(),
                                             bench.labone.instrument().serial);
  link->open();
  return link;
}

/// A lock-in of which the input clips when told to.
class Clipping final : public LockIn {
 public:
  explicit Clipping(LockIn& inner) : inner_(&inner) {}
  bool clips = false;

  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] LockInLimits limits() const override { return inner_->limits(); }
  LockInSettings configure(const LockInSettings& wanted) override {
    return inner_->configure(wanted);
  }
  [[nodiscard]] LockInSettings settings() const override { return inner_->settings(); }
  double set_reference_hz(double hz) override { return inner_->set_reference_hz(hz); }
  LockInOutput set_output(const LockInOutput& wanted) override {
    return inner_->set_output(wanted);
  }
  [[nodiscard]] LockInOutput output() const override { return inner_->output(); }
  [[nodiscard]] LockInReading read() override {
    LockInReading reading = inner_->read();
    reading.overload = clips;
    return reading;
  }
  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return inner_->sweep(steps, stop);
  }
  [[nodiscard]] Duration settling_time(double error) const override {
    return inner_->settling_time(error);
  }
  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    return inner_->set_aux_output(channel, wanted);
  }
  [[nodiscard]] SampleStream* stream() override { return nullptr; }

 private:
  LockIn* inner_;
};

/// What the driver says when it fails.
std::string complaint(const std::function<void()>& call, Retry retry) {
  try {
    call();
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), retry) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no DeviceError";
  return {};
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

std::string failed_open(const std::string& library,
                        const std::string& host,
                        std::uint16_t port,
                        const std::string& device,
                        Retry retry) {
  WallClock clock;
  return complaint(
      [&] { static_cast<void>(open_labone_lock_in(library, host, port, device, clock, "lockin")); },
      retry);
}

class EachModel : public testing::TestWithParam<std::string> {};

TEST_P(EachModel, ReadsWhatTheInstrumentBehindReads) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  driver->configure({.reference_hz = 2e3, .time_constant_s = 3e-3, .filter_order = 4});
  driver->set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.25});
  bench.sleep_s(0.2);
  const LockInReading seen = driver->read();
  const LockInReading there = bench.behind.read();
  EXPECT_NEAR(seen.x_v, there.x_v, 1e-12 * std::abs(there.x_v));
  EXPECT_NEAR(seen.y_v, there.y_v, 1e-12 * std::abs(there.y_v));
  EXPECT_GT(std::hypot(seen.x_v, seen.y_v), 0.0);
  EXPECT_EQ(seen.time, bench.world.clock().now());
  EXPECT_EQ(bench.behind.settings().time_constant_s, 3e-3);
  EXPECT_EQ(bench.behind.output(),
            (LockInOutput{.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.25}));
}

TEST_P(EachModel, TellsWhoItIs) {
  Bench bench(named(GetParam()));
  const Identity identity = bench.labone.open()->identity();
  EXPECT_EQ(identity.vendor, "Zurich Instruments");
  EXPECT_EQ(identity.model, GetParam());
  EXPECT_EQ("dev" + identity.serial, bench.labone.instrument().serial);
  EXPECT_EQ(identity.address,
            "labone://twin:" + std::to_string(bench.labone.port()) + "/dev" + identity.serial);
}

TEST_P(EachModel, OpeningChangesNoSetting) {
  Bench bench(named(GetParam()));
  const LockInSettings settings{
      .reference_hz = 4321.0, .harmonic = 3, .time_constant_s = 1e-2, .filter_order = 2};
  bench.behind.configure(settings);
  const LockInOutput output{.on = true, .amplitude_peak_v = 0.3, .offset_v = 0.1};
  bench.behind.set_output(output);
  test::LaboneBench fresh(bench.behind, bench.world.clock(), GetParam());
  const auto driver = fresh.open();
  EXPECT_EQ(bench.behind.settings(), settings);
  EXPECT_EQ(bench.behind.output(), output);
  EXPECT_EQ(driver->settings(), settings);
  EXPECT_EQ(driver->output(), output);
}

TEST_P(EachModel, PhaseIsSubtracted) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  driver->configure({.reference_hz = 2e3, .time_constant_s = 1e-3});
  driver->set_output({.on = true, .amplitude_peak_v = 0.5});
  bench.sleep_s(0.2);
  const LockInReading before = driver->read();
  const double turn = 200.0 * constants::pi / 180.0;  // beyond half a turn
  const LockInSettings applied =
      driver->configure({.reference_hz = 2e3, .phase_rad = turn, .time_constant_s = 1e-3});
  EXPECT_NEAR(std::remainder(applied.phase_rad - turn, 2.0 * constants::pi), 0.0, 1e-12);
  const LockInReading after = driver->read();
  const double turned =
      std::atan2(before.y_v, before.x_v) - std::atan2(after.y_v, after.x_v) - turn;
  EXPECT_NEAR(std::remainder(turned, 2.0 * constants::pi), 0.0, 0.02);  // the world's noise
}

TEST_P(EachModel, AuxiliaryOutputsScaleInVoltPeakAndRadian) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  for (const AuxQuantity quantity :
       {AuxQuantity::x, AuxQuantity::y, AuxQuantity::magnitude, AuxQuantity::phase}) {
    const AuxOutput wanted{.quantity = quantity, .scale_v_per_unit = 3.0, .offset_v = 0.5};
    EXPECT_EQ(driver->set_aux_output(2, wanted), wanted);
    const std::vector<double> there = bench.behind.save();  // ends with channels 0 to 3
    const std::size_t channel = there.size() - 6;
    EXPECT_EQ(there[channel], static_cast<double>(quantity));
    EXPECT_DOUBLE_EQ(there[channel + 1], 3.0);
    EXPECT_DOUBLE_EQ(there[channel + 2], 0.5);
  }
  EXPECT_EQ(driver->set_aux_output(2, {}).quantity, AuxQuantity::off);
  EXPECT_THROW(driver->set_aux_output(4, {.quantity = AuxQuantity::x}), DeviceError);
}

TEST_P(EachModel, AnInputThatClipsIsSeen) {
  Bench bench(named(GetParam()));
  Clipping clipping(bench.behind);
  test::LaboneBench labone(clipping, bench.world.clock(), GetParam());
  const auto driver = labone.open();
  driver->configure({});
  EXPECT_FALSE(driver->read().overload);
  clipping.clips = true;
  EXPECT_TRUE(driver->read().overload);
  bool lost = false;
  driver->stream()->start(1e3);
  bench.sleep_s(0.1);
  for (const LockInReading& reading : driver->stream()->read(Duration{}, lost)) {
    EXPECT_TRUE(reading.overload);
  }
}

TEST_P(EachModel, ADemodulatorThatIsOffIsATimeout) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  bench.spoil("GetDemodSample", "demods/0/sample", labone::error_timeout);
  const std::string text = complaint([&] { static_cast<void>(driver->read()); }, Retry::yes);
  EXPECT_TRUE(says(text, "demods/0/sample: Command timed out (0x800D)")) << text;
}

TEST_P(EachModel, ASettingThatIsLostIsNoticed) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  for (const std::string node : {"oscs/0/freq", "demods/0/timeconstant", "demods/0/phaseshift"}) {
    bench.spoil("SetValueD", node, labone::success);
    const std::string text = complaint(
        [&] {
          driver->configure({.reference_hz = 7e3, .phase_rad = 0.1, .time_constant_s = 3e-3});
        },
        Retry::yes);
    EXPECT_TRUE(says(text, node + " was set to ")) << text;
    bench.labone.instrument().before = nullptr;
    driver->configure({});
  }
  for (const std::string node : {"demods/0/order", "demods/0/harmonic", "sigins/0/ac"}) {
    bench.spoil("SetValueI", node, labone::success);
    EXPECT_TRUE(says(complaint(
                         [&] {
                           driver->configure(
                               {.harmonic = 5, .filter_order = 7, .coupling = Coupling::dc});
                         },
                         Retry::yes),
                     node + " was set to "));
    bench.labone.instrument().before = nullptr;
    driver->configure({});
  }
}

TEST_P(EachModel, AnOutputThatStaysOnIsNotCalledSafe) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  driver->set_output({.on = true, .amplitude_peak_v = 0.5});
  bench.spoil("SetValueI", "sigouts/0/on", labone::success);
  const std::string text = complaint([&] { driver->make_safe(); }, Retry::yes);
  EXPECT_TRUE(says(text, "sigouts/0/on was set to 0 but reads 1")) << text;
  bench.labone.instrument().before = nullptr;
  driver->make_safe();
  EXPECT_EQ(bench.behind.output(), LockInOutput{});
  EXPECT_EQ(driver->output(), LockInOutput{});
}

TEST_P(EachModel, ALostConnectionIsOpenedAgainOnce) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  bool lost = false;
  bench.labone.instrument().before = [&](std::string_view function, std::string_view) {
    const bool now = function == "Sync" && !lost;
    lost = lost || now;
    return now ? labone::error_connection : ShimInstrument::go_on;
  };
  EXPECT_EQ(driver->configure({.reference_hz = 3e3}).reference_hz, 3e3);
  EXPECT_TRUE(lost);
  EXPECT_EQ(driver->set_reference_hz(4e3), 4e3);

  bench.spoil("Sync", "", labone::error_connection);
  const std::string text = complaint([&] { driver->set_reference_hz(5e3); }, Retry::yes);
  EXPECT_TRUE(says(text, "Connection invalid (0x800C)")) << text;
  bench.labone.instrument().before = nullptr;
  EXPECT_EQ(driver->set_reference_hz(6e3), 6e3);
}

TEST_P(EachModel, SaysWhichInstrumentIsNotThere) {
  const Bench bench(named(GetParam()));
  const std::uint16_t port = bench.labone.port();
  const std::string text =
      failed_open(HALOTWIN_LABONE_SHIM, test::shim_host, port, "dev9999", Retry::no);
  EXPECT_TRUE(says(text, "connecting dev9999")) << text;
  EXPECT_TRUE(says(text, "Device not found (0x801B)")) << text;
}

TEST_P(EachModel, StreamsBlocksWithoutGaps) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  driver->configure({.time_constant_s = 3e-3});
  const auto second = second_link(bench);
  const double rate_before_hz = second->number("demods/0/rate");
  SampleStream& stream = *driver->stream();
  stream.start(5e3);
  const double rate_hz = stream.start(1e3);
  EXPECT_EQ(second->number("demods/0/rate"), rate_hz);
  EXPECT_GT(rate_hz, 700.0);
  EXPECT_LT(rate_hz, 1500.0);
  bool lost = true;
  EXPECT_TRUE(stream.read(Duration{}, lost).empty());
  const Duration started = bench.world.clock().now();
  std::vector<LockInReading> all;
  for (int part = 0; part < 3; ++part) {
    bench.sleep_s(0.5);
    const std::vector<LockInReading> some = stream.read(std::chrono::seconds(1), lost);
    EXPECT_FALSE(lost);
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_NEAR(static_cast<double>(all.size()), 1.5 * rate_hz, 1.0);
  EXPECT_NEAR(seconds(all.front().time - started), 1.0 / rate_hz, 1e-7);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_NEAR(seconds(all[i].time - all[i - 1].time), 1.0 / rate_hz, 1e-7);
  }
  bench.sleep_s(200.0);  // more than the server keeps
  while (!lost && !stream.read(Duration{}, lost).empty()) {
  }
  EXPECT_TRUE(lost);
  stream.stop();
  EXPECT_THROW(stream.read(Duration{}, lost), DeviceError);
  EXPECT_EQ(second->number("demods/0/rate"), rate_before_hz);
  EXPECT_THROW(stream.start(0.0), DeviceError);
}

TEST_P(EachModel, ASampleThatComesTwiceIsGivenOnceAndAMissingOneIsNoticed) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  SampleStream& stream = *driver->stream();
  const double rate_hz = stream.start(1e3);
  const auto block = [&](std::size_t from, std::size_t to) {  // sample `to` becomes sample `from`
    bench.labone.instrument().spoil_event = [=](labone::Event& event) {
      ASSERT_GT(event.count, 5U);
      std::memcpy(event.data + to * sizeof(labone::DemodSample),
                  event.data + from * sizeof(labone::DemodSample),
                  sizeof(labone::DemodSample));
    };
    bench.sleep_s(10.5 / rate_hz);
  };
  bool lost = true;
  block(0, 0);
  EXPECT_EQ(stream.read(Duration{}, lost).size(), 10U);
  EXPECT_FALSE(lost);
  block(4, 5);
  const std::vector<LockInReading> readings = stream.read(Duration{}, lost);
  EXPECT_TRUE(lost);
  ASSERT_GE(readings.size(), 9U);
  for (std::size_t i = 1; i < readings.size(); ++i) {
    EXPECT_GT(readings[i].time, readings[i - 1].time);
  }
}

TEST_P(EachModel, AStreamEndsWithItsConnection) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  SampleStream& stream = *driver->stream();
  stream.start(1e3);
  bench.spoil("PollDataEx", "demods/0/sample", labone::error_connection);
  bool lost = false;
  const auto poll = [&] { stream.read(std::chrono::seconds(1), lost); };
  EXPECT_TRUE(says(complaint(poll, Retry::yes), "Connection invalid"));
  bench.labone.instrument().before = nullptr;
  EXPECT_TRUE(says(complaint(poll, Retry::yes), "Connection invalid"));
  EXPECT_EQ(driver->set_reference_hz(3e3), 3e3);  // connects anew
  EXPECT_TRUE(says(complaint(poll, Retry::no), "not started"));
  stream.start(1e3);
  bench.sleep_s(0.1);
  EXPECT_FALSE(stream.read(std::chrono::seconds(1), lost).empty());
}

// Whatever an event says of its type, its count and where its values lie: no byte outside its
// buffer is read, and what is no sample of this stream gives no reading.
TEST_P(EachModel, SpoiltEventsAreRefusedOrLeftOut) {
  Bench bench(named(GetParam()));
  const auto driver = bench.labone.open();
  SampleStream& stream = *driver->stream();
  EXPECT_TRUE(rc::check("spoilt events", [&] {
    const auto whole = rc::gen::arbitrary<std::uint32_t>();
    const auto type = *rc::gen::weightedOneOf<std::uint32_t>(
        {{3, rc::gen::just(labone::event_demod_samples)}, {1, whole}});
    const auto count = *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 70000), whole);
    const auto shift = *rc::gen::inRange<std::int64_t>(-5000000, 5000000);
    const bool moved = *rc::gen::arbitrary<bool>();
    const auto stamp = *rc::gen::arbitrary<std::uint64_t>();
    const auto letter = *rc::gen::inRange<std::size_t>(0, 256);
    const bool renamed = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    int events = 0;
    bench.labone.instrument().spoil_event = [&](labone::Event& event) {
      ++events;
      event.value_type = type;
      event.count = count;
      if (moved) {
        event.values = reinterpret_cast<const void*>(reinterpret_cast<std::intptr_t>(event.data) +
                                                     static_cast<std::intptr_t>(shift));
      }
      std::memcpy(event.data, &stamp, sizeof stamp);
      event.path[letter] = renamed ? 'x' : event.path[letter];
    };
    stream.start(1e3);
    bench.sleep_s(0.01);
    bool lost = false;
    try {
      for (const LockInReading& reading : stream.read(Duration{}, lost)) {
        RC_ASSERT(type == labone::event_demod_samples);
        RC_ASSERT(std::isfinite(reading.x_v));
      }
    } catch (const DeviceError& error) {
      RC_ASSERT(says(error.what(), ": read"));
    }
    RC_ASSERT(events > 0 || type == labone::event_none);
    stream.stop();
  }));
}

INSTANTIATE_TEST_SUITE_P(Both,
                         EachModel,
                         testing::Values("MFLI", "HF2LI"),
                         [](const auto& instance) { return instance.param; });

TEST(LaboneLockIn, TakesTheOutputRangeThatCovers) {
  Bench bench(simulated::mfli());
  const auto driver = bench.labone.open();
  const auto second = second_link(bench);
  const std::vector<std::pair<double, double>> ranges_v{
      {5e-3, 0.01}, {9.0, 10.0}, {0.05, 0.1}, {0.5, 1.0}, {5.0, 10.0}, {0.0, 0.01}, {1.0, 1.0}};
  for (const auto& [peak_v, range_v] : ranges_v) {
    const LockInOutput wanted{
        .on = true, .amplitude_peak_v = 0.75 * peak_v, .offset_v = -0.25 * peak_v};
    EXPECT_EQ(driver->set_output(wanted), wanted);
    EXPECT_EQ(bench.behind.output(), wanted);
    EXPECT_EQ(second->number("sigouts/0/range"), range_v);
  }
}

TEST(LaboneLockIn, KeepsAHf2liWhereFractionAndVoltAgree) {
  Bench bench(simulated::hf2li());
  const auto driver = bench.labone.open();
  EXPECT_EQ(driver->limits().max_output_peak_v, 1.0);
  EXPECT_TRUE(
      says(complaint([&] { driver->set_output({.on = true, .amplitude_peak_v = 1.5}); }, Retry::no),
           "at most 1 V together, the range in which this driver keeps a HF2LI"));
}

TEST(LaboneLockIn, BringsAHf2liIntoThatRangeWithoutAJump) {
  Bench bench(simulated::hf2li());
  const auto second = second_link(bench);
  labone::Link& link = *second;
  link.set("sigouts/0/enables/6", std::int64_t{1});
  link.set("sigouts/0/range", 0.1);
  link.set("sigouts/0/amplitudes/6", 0.9);
  link.set("sigouts/0/on", std::int64_t{1});
  ASSERT_DOUBLE_EQ(bench.behind.output().amplitude_peak_v, 0.09);
  const auto driver = bench.labone.open();
  EXPECT_DOUBLE_EQ(driver->output().amplitude_peak_v, 0.09);
  bench.labone.instrument().before = [&](std::string_view, std::string_view) {
    EXPECT_LE(bench.behind.output().amplitude_peak_v, 0.5);
    return ShimInstrument::go_on;
  };
  const LockInOutput wanted{.on = true, .amplitude_peak_v = 0.5};
  EXPECT_EQ(driver->set_output(wanted), wanted);
  EXPECT_EQ(bench.behind.output(), wanted);
  EXPECT_EQ(link.number("sigouts/0/range"), 1.0);
}

TEST(LaboneLockIn, MultiFrequencyOptionsMoveTheMixerChannel) {
  for (const auto& [model, option] :
       {std::pair{simulated::mfli(), "F5M\nMD"}, std::pair{simulated::hf2li(), "PLL\nMF"}}) {
    Bench bench(model, option);
    const auto driver = bench.labone.open();
    driver->set_output({.on = true, .amplitude_peak_v = 0.5});
    EXPECT_EQ(bench.behind.output().amplitude_peak_v, 0.5) << model.model;
  }
}

TEST(LaboneLockIn, ExternalReferenceIsRefused) {
  Bench bench(simulated::mfli());
  const auto driver = bench.labone.open();
  EXPECT_TRUE(
      says(complaint([&] { driver->configure({.reference = Reference::external}); }, Retry::no),
           "external reference"));
}

TEST(LaboneLockIn, AnotherInstrumentIsNotTaken) {
  simulated::LockInModel model = simulated::mfli();
  model.model = "UHFLI";
  Bench bench(model);
  const std::string text = complaint([&] { static_cast<void>(bench.labone.open()); }, Retry::no);
  EXPECT_TRUE(says(text, "is neither HF2LI nor MFLI but \"UHFLI\"")) << text;
}

TEST(LaboneLockIn, SaysWhatIsMissing) {
  const std::string none = "/nowhere/libziAPI.so";
  std::string text = failed_open(none, "twin", 8004, "dev1", Retry::no);
  EXPECT_TRUE(says(text, "cannot be loaded") && says(text, none)) << text;

  text = failed_open(HALOTWIN_LABONE_FRAGMENT, "twin", 8004, "dev1", Retry::no);
  EXPECT_TRUE(says(text, "lacks ziAPIConnectEx") && says(text, "ziAPIPollDataEx")) << text;
  EXPECT_FALSE(says(text, "ziAPIInit")) << text;

  text = failed_open(HALOTWIN_LABONE_SHIM, "elsewhere", 8004, "dev1", Retry::yes);
  EXPECT_TRUE(says(text, "data server elsewhere:8004: Hostname not found")) << text;

  text = failed_open(HALOTWIN_LABONE_SHIM, "twin", 1, "dev1", Retry::yes);
  EXPECT_TRUE(says(text, "data server twin:1: Unable to connect socket")) << text;

  for (const char* name : {"", "dev", "1234", "dev12x", "dev1/oscs", "dev1234567890123456"}) {
    EXPECT_TRUE(says(failed_open(HALOTWIN_LABONE_SHIM, "twin", 8004, name, Retry::no),
                     "is no instrument's name"));
  }
}

TEST(LaboneLockIn, UnknownNodesAreNamed) {
  Bench bench(simulated::mfli());
  const std::string text =
      complaint([&] { static_cast<void>(bench.labone.open({.oscillator = 3})); }, Retry::no);
  EXPECT_TRUE(says(text, "/oscs/3/freq: Value or node not found (0x4003)")) << text;
}

TEST(LaboneLockIn, FirmwareWithoutOverloadNodesStillReads) {
  Bench bench(simulated::mfli());
  bench.spoil("GetValueD", "sigins/0/max", labone::warning_not_found);
  const auto driver = bench.labone.open();
  driver->configure({});
  EXPECT_FALSE(driver->read().overload);
}

}  // namespace
}  // namespace halotwin::devices
