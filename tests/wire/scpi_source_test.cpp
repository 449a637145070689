// The driver of source meters against peers that misbehave; that it keeps the contract of bias
// sources is tested with the others (tests/contracts).
#include "devices/drivers/scpi_source.hpp"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/servers/keithley_service.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "tests/support/service_stream.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices {
namespace {

constexpr BiasSettings one_volt{
    .on = true, .voltage_v = 1.0, .ramp_v_per_s = 2.0, .compliance_a = 1.0e-6};

/// A served Keithley 2400 whose line can be spoilt.
class Bench {
 public:
  std::function<void(std::string_view line)> before = [](std::string_view) {};
  std::function<std::string(std::string answer)> spoil = [](std::string answer) { return answer; };
  std::vector<double> levels{};  // of the source, after every line
  int connections = 0;

  std::unique_ptr<BiasSource> open(const char* profile = "keithley2400") {
    const Connect connect = [this] {
      ++connections;
      return std::make_unique<test::ServiceStream>([this](std::string_view line) {
        before(line);
        const std::string answer = service_.answer(line);
        levels.push_back(source_.settings().on ? source_.settings().voltage_v : 0.0);
        return spoil(answer);
      });
    };
    return open_scpi_source(
        connect, world_->clock(), "bias", "scpi://twin", *source_meter::find_model(profile));
  }
  BiasSource& behind() { return source_; }
  std::string say(std::string_view line) { return service_.answer(line); }
  Clock& clock() { return world_->clock(); }
  void sleep_s(double s) { clock().sleep(from_seconds(s)); }
  [[nodiscard]] double largest_step_v() const {
    double largest = 0.0;
    for (std::size_t k = 1; k < levels.size(); ++k) {
      largest = std::max(largest, std::abs(levels[k] - levels[k - 1]));
    }
    return largest;
  }

 private:
  std::unique_ptr<sim::World> world_ = test::small_world();
  simulated::SimulatedBiasSource source_{
      *world_, {.max_ramp_v_per_s = 0.0, .load_siemens = 1e-7, .current_noise_a = 0.0}, "bias"};
  KeithleyService service_{source_, *source_meter::find_model("keithley2400")};
};

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ScpiSource, ReadsWhatTheInstrumentBehindReads) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = -1.5, .compliance_a = 1e-6});
  const BiasReading reading = driver->read();
  EXPECT_NEAR(reading.voltage_v, -1.5, 1e-9);
  EXPECT_NEAR(reading.current_a, -1.5e-7, 1e-13);
  EXPECT_FALSE(reading.compliance);
  EXPECT_EQ(bench.behind().settings().compliance_a, 1e-6);
  EXPECT_EQ(driver->identity().model, "MODEL 2400");
}

TEST(ScpiSource, ChangesNothingWhenOpened) {
  Bench bench;
  bench.say(":SENS:CURR:PROT 2e-6;:SOUR:VOLT 0.7;:OUTP 1;:FORM:ELEM CURR;:NONSENSE");
  const BiasSettings before = bench.behind().settings();
  const auto driver = bench.open();
  EXPECT_EQ(bench.behind().settings(), before);
  EXPECT_TRUE(driver->settings().on);
  EXPECT_NEAR(driver->settings().voltage_v, 0.7, 1e-9);
  EXPECT_NEAR(driver->settings().compliance_a, 2e-6, 1e-12);
  EXPECT_FALSE(driver->ramping());
  EXPECT_NEAR(driver->read().current_a, 0.7e-7, 1e-13) << "whatever elements there were before";
}

TEST(ScpiSource, AStepIsAsLargeAsTheTimeBetweenTwoCalls) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure(one_volt);
  for (int k = 0; k < 100 && driver->ramping(); ++k) {
    bench.sleep_s(0.01);
  }
  EXPECT_EQ(bench.behind().settings().voltage_v, 1.0);
  EXPECT_NEAR(bench.largest_step_v(), 0.02, 1e-6);
  bench.levels.clear();
  driver->make_safe();
  EXPECT_FALSE(bench.behind().settings().on);
  EXPECT_GT(bench.largest_step_v(), 0.0);
  EXPECT_LT(bench.largest_step_v(), 0.05) << "the way to safety is a ramp too";
}

TEST(ScpiSource, SwitchingOffGoesToZeroFirst) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = -1.0, .compliance_a = 1e-6});
  EXPECT_EQ(bench.behind().settings().voltage_v, -1.0) << "no ramp is asked for";
  driver->configure({.on = false, .voltage_v = -1.0, .ramp_v_per_s = 1.0, .compliance_a = 1e-6});
  EXPECT_FALSE(driver->settings().on);
  EXPECT_TRUE(bench.behind().settings().on);
  bench.sleep_s(0.5);
  EXPECT_TRUE(driver->ramping());
  EXPECT_NEAR(bench.behind().settings().voltage_v, -0.5, 1e-6);
  bench.sleep_s(0.6);
  EXPECT_FALSE(driver->ramping());
  EXPECT_FALSE(bench.behind().settings().on);
  EXPECT_EQ(driver->read().current_a, 0.0);
}

TEST(ScpiSource, ComesOnAtZeroWhateverTheLevelWas) {
  Bench bench;
  bench.say(":SOUR:VOLT 2");
  const auto driver = bench.open();
  driver->configure(one_volt);
  EXPECT_TRUE(bench.behind().settings().on);
  EXPECT_EQ(bench.behind().settings().voltage_v, 0.0);
}

TEST(ScpiSource, AnotherInstrumentIsNotTaken) {
  Bench bench;
  EXPECT_NE(message_of([&] { static_cast<void>(bench.open("keithley2410")); }).find("MODEL 2410"),
            std::string::npos);
  for (const char* other : {"Stanford_Research_Systems,SR860,1,1\n",
                            "SOMEBODY,MODEL 2400,1,1\n",
                            "KEITHLEY INSTRUMENTS INC.,MODEL 2400\n",
                            "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1,2,3\n"}) {
    bench.spoil = [&](const std::string&) { return std::string(other); };
    EXPECT_THROW(static_cast<void>(bench.open()), DeviceError) << other;
  }
}

TEST(ScpiSource, ErrorsOfTheInstrumentAreTold) {
  Bench bench;
  const auto driver = bench.open();
  // below its smallest limit, which the driver leaves to the instrument to say
  const std::string refused =
      message_of([&] { driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-12}); });
  EXPECT_NE(refused.find("-222 Parameter data out of range"), std::string::npos) << refused;
  EXPECT_FALSE(bench.behind().settings().on);
  bench.say(":NO:SUCH");  // between two of its own
  bench.say(":OUTP 7");
  const std::string late = message_of([&] { driver->configure(one_volt); });
  EXPECT_NE(late.find("-113 Undefined header"), std::string::npos) << late;
  EXPECT_NE(late.find("-224 Illegal parameter value"), std::string::npos) << late;
  EXPECT_EQ(message_of([&] { driver->configure(one_volt); }), "no error");
}

TEST(ScpiSource, WhoDoesNotKnowACommandIsAskedForTheReason) {
  Bench bench;
  const auto driver = bench.open();
  bench.before = [&](std::string_view line) {
    if (line.starts_with(":SOUR:CLE") || line.starts_with(":SOUR:VOLT:MODE")) {
      bench.say("SOUR:VOLT:MODEL");
      throw WireError(WireFault::silent, "no answer in time");
    }
  };
  const std::string said = message_of([&] { driver->configure(one_volt); });
  EXPECT_NE(said.find("no answer in time"), std::string::npos) << said;
  EXPECT_NE(said.find("-113 Undefined header"), std::string::npos) << said;
}

TEST(ScpiSource, AnOutputThatSomebodyElseSwitchedIsNoticed) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure(one_volt);
  bench.say(":OUTP 0");
  bench.sleep_s(0.1);
  EXPECT_NE(message_of([&] { static_cast<void>(driver->ramping()); }).find("the output is off"),
            std::string::npos);
  bench.say(":OUTP 1");
  EXPECT_NE(message_of([&] { static_cast<void>(driver->read()); }).find("the output is on"),
            std::string::npos);
  driver->make_safe();
  EXPECT_FALSE(bench.behind().settings().on);
}

TEST(ScpiSource, ALevelThatIsNotTheOneThatWasSetIsNoticed) {
  Bench bench;
  const auto driver = bench.open();
  bench.spoil = [](std::string answer) {
    if (answer.starts_with("+1.000000E+00;")) {
      answer.replace(0, 13, "+5.000000E-01");
    }
    return answer;
  };
  const std::string said =
      message_of([&] { driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6}); });
  EXPECT_NE(said.find("0.5 V, not 1 V"), std::string::npos) << said;
}

TEST(ScpiSource, ALimitThatIsNotTheOneThatWasSetIsNoticed) {
  Bench bench;
  const auto driver = bench.open();
  bench.spoil = [](std::string answer) {
    if (answer.starts_with("+1.000000E-06;")) {
      answer.replace(0, 13, "+1.000000E-05");
    }
    return answer;
  };
  EXPECT_NE(message_of([&] { driver->configure(one_volt); }).find("current limit"),
            std::string::npos);
  EXPECT_FALSE(bench.behind().settings().on);
}

TEST(ScpiSource, SafetyDoesNotNeedTheWayThere) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6});
  driver->configure({.on = true, .voltage_v = 1.0, .ramp_v_per_s = 0.5, .compliance_a = 1e-6});
  int ramp_steps = 0;
  bench.before = [&](std::string_view line) {
    const bool of_ramp = line.starts_with(":SOUR:VOLT") && !line.starts_with(":SOUR:VOLT 0.0");
    ramp_steps += of_ramp ? 1 : 0;
    if (of_ramp && ramp_steps > 5) {
      throw WireError(WireFault::silent, "no answer in time");
    }
  };
  driver->make_safe();
  EXPECT_FALSE(bench.behind().settings().on);
  EXPECT_EQ(ramp_steps, 6) << "then at once";
}

TEST(ScpiSource, SafetyThatIsNotReachedIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6});
  bench.spoil = [&](std::string answer) {
    bench.say(":OUTP 1");
    return answer.ends_with(";0;0,\"No error\"\n") ? "+0.000000E+00;1;0,\"No error\"\n" : answer;
  };
  EXPECT_NE(message_of([&] { driver->make_safe(); }).find("the output is on"), std::string::npos);
}

TEST(ScpiSource, ALostConnectionIsOpenedAgain) {
  Bench bench;
  const auto driver = bench.open();
  bool lost = false;
  bench.before = [&](std::string_view line) {
    if (!lost && line.starts_with(":SENS:CURR:PROT")) {
      lost = true;
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  EXPECT_EQ(message_of([&] { driver->configure(one_volt); }), "no error");
  EXPECT_EQ(bench.connections, 2);
}

TEST(ScpiSource, OnANewConnectionIsPreparedAfresh) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6});
  bench.say(":FORM:ELEM CURR");
  bench.spoil = [](const std::string&) { return std::string("\n"); };
  EXPECT_THROW(static_cast<void>(driver->read()), DeviceError);
  bench.spoil = [](std::string answer) { return answer; };
  EXPECT_THROW(static_cast<void>(driver->read()), DeviceError) << "asked on the new one";
  EXPECT_NEAR(driver->read().current_a, 1e-7, 1e-12);
}

TEST(ScpiSource, SilenceIsAnErrorAndTheNextOperationStartsAfresh) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure(one_volt);
  bench.before = [](std::string_view) { throw WireError(WireFault::silent, "no answer in time"); };
  try {
    static_cast<void>(driver->read());
    FAIL() << "read something";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.device(), "bias");
    EXPECT_EQ(error.operation(), "read");
    EXPECT_EQ(error.retry(), Retry::yes);
  }
  bench.before = [](std::string_view) {};
  const int before = bench.connections;
  EXPECT_TRUE(std::isfinite(driver->read().current_a));
  EXPECT_EQ(bench.connections, before + 1);  // a late answer cannot be taken for the next
}

TEST(ScpiSource, NonsenseIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6});
  const std::string end = ";0;0,\"No error\"\n";
  for (const std::string& nonsense : {std::string("\n"),
                                      std::string("1;2\n"),
                                      "1,2,3,4" + end,
                                      "1,2,3,4,5,6" + end,
                                      "1,x,3,4,5" + end,
                                      "1,+9.91E37,3,4,5" + end,
                                      "9.9E37,1,3,4,5" + end,
                                      "1e999,2,3,4,5" + end,
                                      std::string("1,2,3,4,5;2;0,\"No error\"\n"),
                                      std::string("1,2,3,4,5;0;0;0,\"No error\"\n"),
                                      std::string("1,2,3,4,5;0;803,\"Not permitted\"\n"),
                                      std::string("803,\"Not permitted\"\n"),
                                      std::string("\x01\xff;;;\n")}) {
    bool once = true;  // then it is well again, so that its errors can be asked for
    bench.spoil = [&](std::string answer) {
      return answer.starts_with("+1.0") && std::exchange(once, false) ? nonsense : answer;
    };
    EXPECT_THROW(static_cast<void>(driver->read()), DeviceError) << nonsense;
    EXPECT_TRUE(std::isfinite(driver->read().current_a)) << nonsense;
  }
}

RC_GTEST_PROP(ScpiSourceProperties, AnyAnswerIsAReadingOrADeviceError, (const std::string& text)) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.on = true, .voltage_v = 1.0, .compliance_a = 1e-6});
  const bool keep_end = *rc::gen::arbitrary<bool>();
  bench.spoil = [&](std::string answer) {
    answer.replace(0, keep_end ? answer.find(';') : answer.size() - 1, text);
    return answer;
  };
  try {
    const BiasReading reading = driver->read();
    RC_ASSERT(std::isfinite(reading.current_a));
  } catch (const DeviceError& error) {
    RC_ASSERT(error.device() == "bias");
  }
}

}  // namespace
}  // namespace halotwin::devices
