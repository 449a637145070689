// The served source meter as a client sees it. What pymeasure's Keithley2400 sends, and the answers
// of the manual.
#include "devices/servers/keithley_service.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/limits.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices {
namespace {

constexpr const char* no_error = "0,\"No error\"\n";

class Keithley2400 : public testing::Test {
 protected:
  std::string ask(std::string_view line) { return service_.answer(line); }

  std::unique_ptr<sim::World> world_ = test::small_world();
  simulated::SimulatedBiasSource source_{*world_,
                                         {.max_voltage_v = 210.0,
                                          .max_ramp_v_per_s = 0.0,
                                          .load_siemens = 1e-6,
                                          .current_noise_a = 0.0},
                                         "bias"};
  KeithleyService service_{source_, *source_meter::find_model("keithley2400")};
};

TEST_F(Keithley2400, SaysWhoItIs) {
  EXPECT_TRUE(ask("*IDN?").starts_with("KEITHLEY INSTRUMENTS INC.,MODEL 2400,"));
}

TEST_F(Keithley2400, SetsTheSourceInLongAndShortForm) {
  EXPECT_EQ(ask(":SOUR:FUNC VOLT;:SENSE:CURRENT:DC:PROTECTION:LEVEL 1e-5;:sour1:volt:lev 0.5"), "");
  EXPECT_FALSE(source_.settings().on);
  EXPECT_EQ(ask("OUTPUT ON"), "");
  EXPECT_TRUE(source_.settings().on);
  EXPECT_EQ(source_.settings().voltage_v, 0.5);
  EXPECT_EQ(source_.settings().compliance_a, 1e-5);
  EXPECT_EQ(ask(":SOUR:VOLT?;:OUTP?;:SENS:CURR:PROT?;:SOUR:FUNC?"),
            "+5.000000E-01;1;+1.000000E-05;VOLT\n");
  EXPECT_EQ(ask(":SOUR:VOLT:RANG 2;RANG:AUTO 0;:SOUR:VOLT:RANG?;RANG:AUTO?"), "+2.000000E+00;0\n");
}

TEST_F(Keithley2400, ReadsTheElementsThatWereChosen) {
  ask(":SENS:FUNC 'CURR';:FORM:ELEM CURR;:SOUR:VOLT -2;:OUTP 1");
  EXPECT_EQ(ask(":READ?"), "-2.000000E-06\n");
  ask(":FORM:ELEM STAT,VOLT,CURR,RES");  // always in its own order
  EXPECT_EQ(ask(":READ?"), "-2.000000E+00,-2.000000E-06,+9.910000E+37,+2.048000E+04\n")
      << "no ohms; status: amperes measured, volts sourced";
  ask(":SENS:FUNC 'VOLT:DC',\"RES\";:FORM:ELEM RES;:SENS:CURR:PROT 1e-6");
  EXPECT_EQ(ask(":READ?;:SENS:CURR:PROT:TRIP?;:SENS:FUNC?"),
            "+1.000000E+06;1;\"CURR:DC\",\"VOLT:DC\",\"RES:DC\"\n");
}

TEST_F(Keithley2400, WithTheOutputOffThereIsNoReading) {
  EXPECT_EQ(ask(":READ?"), "");
  EXPECT_EQ(ask(":SYST:ERR?"), "803,\"Not permitted with OUTPUT off\"\n");
  ask(":SOUR:CLE:AUTO 1;:SOUR:VOLT 1;:FORM:ELEM CURR");
  EXPECT_EQ(ask(":READ?"), "+1.000000E-06\n");
  EXPECT_FALSE(source_.settings().on) << "automatic output-off";
}

TEST_F(Keithley2400, ErrorsQueueUpAndAreToldOnce) {
  ask(":NO:SUCH:THING 1");
  ask(":SOUR:VOLT 211;:SOUR:VOLT x;:OUTP 2;:SOUR:VOLT;:SOUR:VOLT 1,2");
  EXPECT_EQ(ask(":SYST:ERR:COUN?"), "3\n") << "after a command error the message is not read on";
  for (const char* expected : {"-113,\"Undefined header\"\n",
                               "-222,\"Parameter data out of range\"\n",
                               "-104,\"Data type error\"\n"}) {
    EXPECT_EQ(ask(":SYST:ERR?"), expected);
  }
  EXPECT_EQ(ask("STAT:QUE?"), no_error);
  EXPECT_EQ(ask("*ESR?"), "176\n") << "power on, command error, execution error";
  for (int k = 0; k < 20; ++k) {
    ask("SOUR:CURR 1");
  }
  EXPECT_EQ(ask(":SYST:ERR:COUN?;*STB?"), "10;36\n");
  ask("*CLS");
  EXPECT_EQ(ask("*STB?;*ESR?;:SYST:ERR?"), std::string("0;0;") + no_error);
}

TEST_F(Keithley2400, AfterAResetIsOffAtZero) {
  ask(":SOUR:VOLT 2;:OUTP 1;:SENS:CURR:NPLC 10;:FORM:ELEM CURR;:SENS:CURR:PROT 1e-3");
  ask("status:queue:clear;*RST;:stat:pres;:*CLS;");  // pymeasure's reset()
  EXPECT_EQ(ask(":OUTP?;:SOUR:VOLT?;:SENS:CURR:NPLC?;:SENS:CURR:PROT?;:SYST:ERR?"),
            std::string("0;+0.000000E+00;+1.000000E+00;+1.050000E-04;") + no_error);
  EXPECT_FALSE(source_.settings().on);
}

TEST_F(Keithley2400, HasLessCurrentAtHighVoltage) {
  ask(":SENS:CURR:PROT 0.2;:SOUR:VOLT 30");
  EXPECT_EQ(ask(":SYST:ERR?"), "-222,\"Parameter data out of range\"\n");
  EXPECT_EQ(source_.settings().voltage_v, 0.0);
  ask(":SENS:CURR:PROT 0.1;:SOUR:VOLT 30");
  EXPECT_EQ(ask(":SYST:ERR?;:SOUR:VOLT?"), "0,\"No error\";+3.000000E+01\n");
}

TEST_F(Keithley2400, WhatTheBenchForbidsIsOutOfRange) {
  auto inner = std::make_unique<simulated::SimulatedBiasSource>(
      *world_, simulated::BiasSourceParams{}, "bias");
  const auto guarded = guard(std::move(inner), BenchLimits{}, "bias");
  KeithleyService service(*guarded, *source_meter::find_model("keithley2400"));
  EXPECT_EQ(service.answer(":SENS:CURR:PROT?"), "+1.000000E-06\n");
  service.answer(":SOUR:VOLT 5");
  EXPECT_EQ(service.answer(":SYST:ERR?"), "-222,\"Parameter data out of range\"\n");
  EXPECT_EQ(service.answer(":SOUR:VOLT?"), "+0.000000E+00\n");
}

/// Lines of parts that mean something to it, in any order.
rc::Gen<std::string> lines() {
  const auto part = rc::gen::elementOf(std::vector<std::string>{":",
                                                                ";",
                                                                "?",
                                                                " ",
                                                                ",",
                                                                "SOUR",
                                                                "VOLT",
                                                                "SENS",
                                                                "CURR",
                                                                "PROT",
                                                                "LEV",
                                                                "OUTP",
                                                                "1",
                                                                "0",
                                                                "1e-5",
                                                                "'RES'",
                                                                "FUNC",
                                                                "CONC",
                                                                "READ",
                                                                "FORM",
                                                                "ELEM",
                                                                "STAT",
                                                                "*RST",
                                                                "*ESR",
                                                                "AUTO",
                                                                "CLE",
                                                                "SYST",
                                                                "ERR",
                                                                "1e999",
                                                                "nan",
                                                                "'",
                                                                "\"",
                                                                "TRIP",
                                                                ":READ?",
                                                                ":SOUR:CLE:AUTO 1",
                                                                ":OUTP ON;",
                                                                ":SOUR:VOLT 2;"});
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(part), [](const auto& parts) {
    std::string line;
    for (const std::string& p : parts) {
      line += p;
    }
    return line;
  });
}

RC_GTEST_PROP(KeithleyServiceProperties, AnyLinesLeaveItAlive, ()) {
  const auto world = test::small_world();
  simulated::SimulatedBiasSource source(*world, {}, "bias");
  KeithleyService service(source, *source_meter::find_model("keithley2400"));
  const auto any = rc::gen::oneOf(lines(), rc::gen::arbitrary<std::string>());
  for (const std::string& line : *rc::gen::container<std::vector<std::string>>(any)) {
    const std::string answer = service.answer(line);
    const bool whole = answer.empty() || answer.back() == '\n';
    RC_ASSERT(whole);
    RC_ASSERT(answer.size() <= 128U * (line.size() + 1U));
    RC_ASSERT(std::abs(source.settings().voltage_v) <= 21.0);
  }
  RC_ASSERT(service.answer("*IDN?").starts_with("KEITHLEY"));
}

}  // namespace
}  // namespace halotwin::devices
