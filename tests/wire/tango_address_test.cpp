// Addresses of TANGO devices and the units of their attributes.
#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/wire/tango.hpp"

namespace halotwin::devices::tango {
namespace {

TEST(TangoAddress, IsServerDevicesAndNames) {
  const Address address = parse_address(
      "tango://host:10123/lab/stage/x,lab/stage/y?position=Position[um]&velocity=2mm/s",
      Kind::stage_axis);
  EXPECT_EQ(address.server, (Endpoint{"host", 10123}));
  EXPECT_EQ(address.devices, (std::vector<std::string>{"lab/stage/x", "lab/stage/y"}));
  EXPECT_EQ(address.names.at("position"), "Position[um]");
  EXPECT_EQ(address.names.at("velocity"), "2mm/s");
  const auto missing = missing_keys(address, Kind::stage_axis);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_TRUE(missing[0].starts_with("tolerance (")) << missing[0];
  EXPECT_TRUE(missing[1].starts_with("stop (")) << missing[1];
}

TEST(TangoAddress, NothingIsAssumed) {
  const Address address = parse_address("tango://h:1/a/b/c", Kind::light_source);
  EXPECT_TRUE(address.names.empty());
  EXPECT_EQ(missing_keys(address, Kind::light_source).size(), 4U);
}

TEST(TangoAddress, OurNamesAreCompleteForEveryKindAndCanBeReplaced) {
  for (const Kind kind : {Kind::stage_axis,
                          Kind::shutter,
                          Kind::bias_source,
                          Kind::light_source,
                          Kind::temperature_controller}) {
    EXPECT_TRUE(
        missing_keys(parse_address("tango://h:1/a/b/c?names=halotwin", kind), kind).empty());
  }
  const Address address =
      parse_address("tango://h:1/a/b/c?tolerance=1nm&names=halotwin", Kind::stage_axis);
  EXPECT_EQ(address.names.at("tolerance"), "1nm");
  EXPECT_EQ(address.names.at("stop"), "Stop");
}

TEST(TangoAddress, AWrongKeyIsToldWithTheNearest) {
  try {
    static_cast<void>(parse_address("tango://h:1/a/b/c?positoin=P", Kind::stage_axis));
    ADD_FAILURE() << "no error";
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"position\"?"), std::string::npos)
        << error.what();
  }
}

TEST(TangoAddress, AttributesMayNameTheirUnit) {
  EXPECT_EQ(parse_attribute("Position").unit, "");
  EXPECT_EQ(parse_attribute("Position[um]").name, "Position");
  EXPECT_EQ(parse_attribute("Position[um]").unit, "um");
  for (const char* wrong : {"[um]", "Position[", "Position[]", "Position[um", "Position[um]x"}) {
    EXPECT_THROW(static_cast<void>(parse_attribute(wrong)), ParameterError) << wrong;
  }
}

TEST(TangoUnit, GivesSi) {
  struct Case {
    const char* unit;
    const char* si;
    double value;
    double in_si;
  };
  for (const Case& c : {Case{"um", "m", 3.0, 3e-6},
                        Case{"\xC2\xB5m", "m", 3.0, 3e-6},
                        Case{"microns", "m", 3.0, 3e-6},
                        Case{"mm/s", "m/s", 2.0, 2e-3},
                        Case{"deg", "rad", 180.0, 3.14159265358979323846},
                        Case{"\xC2\xB0", "rad", 180.0, 3.14159265358979323846},
                        Case{"mrad", "rad", 5.0, 5e-3},
                        Case{"deg/s", "rad/s", 180.0, 3.14159265358979323846},
                        Case{"mW/cm^2", "W/m^2", 1.0, 10.0},
                        Case{"degC", "K", 25.0, 298.15},
                        Case{"\xC2\xB0"
                             "C",
                             "K",
                             -273.15,
                             0.0},
                        Case{"K/min", "K/s", 60.0, 1.0},
                        Case{"nA", "A", 1.0, 1e-9}}) {
    const Unit unit = unit_of(c.unit, c.si);
    EXPECT_NEAR(unit.to_si(c.value), c.in_si, 1e-12 * std::abs(c.in_si)) << c.unit;
    EXPECT_NEAR(unit.from_si(c.in_si), c.value, 1e-9) << c.unit;
  }
}

TEST(TangoUnit, UnknownAndWrongOnesAreErrors) {
  for (const auto& [unit, si] : {std::pair{"", "m"},
                                 std::pair{"V", "m"},
                                 std::pair{"steps", "m"},
                                 std::pair{"um", "rad"},
                                 std::pair{"%", "rad"},
                                 std::pair{"degC/min", "K/s"},
                                 std::pair{"mW", "W/m^2"},
                                 std::pair{"2 um", "m"}}) {
    EXPECT_THROW(static_cast<void>(unit_of(unit, si)), ParameterError) << unit;
  }
}

TEST(TangoState, HasTheNamesOfTheStandard) {
  EXPECT_EQ(name_of(State::on), "ON");
  EXPECT_EQ(name_of(State::moving), "MOVING");
  EXPECT_EQ(name_of(State::unknown), "UNKNOWN");
}

}  // namespace
}  // namespace halotwin::devices::tango
