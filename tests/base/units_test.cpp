#include "base/units.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin {
namespace {

struct NameAndUnit {
  const char* name;
  const char* unit;
};

class UnitOfName : public testing::TestWithParam<NameAndUnit> {};

TEST_P(UnitOfName, FollowsFromTheSuffix) {
  EXPECT_EQ(unit_of_name(GetParam().name), GetParam().unit) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Names,
                         UnitOfName,
                         testing::Values(NameAndUnit{"tip_radius_m", "m"},
                                         NameAndUnit{"drive_peak_v", "V"},
                                         NameAndUnit{"stiffness_n_per_m", "N/m"},
                                         NameAndUnit{"noise_m_per_sqrt_hz", "m/Hz^0.5"},
                                         NameAndUnit{"noise_v_per_sqrt_hz", "V/Hz^0.5"},
                                         NameAndUnit{"noise_per_sqrt_m3", "1/m^1.5"},
                                         NameAndUnit{"diffusivity_m2_per_s", "m^2/s"},
                                         NameAndUnit{"mobility_m2_per_v_s", "m^2/V/s"},
                                         NameAndUnit{"density_per_m3", "1/m^3"},
                                         NameAndUnit{"flux_w_per_m2", "W/m^2"},
                                         NameAndUnit{"conductivity_siemens_per_m", "S/m"},
                                         NameAndUnit{"permittivity_f_per_m", "F/m"},
                                         NameAndUnit{"frequencies_hz", "Hz"},
                                         NameAndUnit{"omega_rad_per_s", "rad/s"},
                                         NameAndUnit{"activation_ev", "eV"},
                                         NameAndUnit{"angle_deg", "deg"},
                                         NameAndUnit{"temperature_k", "K"},
                                         NameAndUnit{"charge_c", "C"},
                                         NameAndUnit{"mass_kg", "kg"},
                                         NameAndUnit{"pressure_pa", "Pa"},
                                         NameAndUnit{"resistance_ohm", "ohm"},
                                         NameAndUnit{"rate_counts_per_s", "counts/s"},
                                         NameAndUnit{"rank", ""},
                                         NameAndUnit{"quality_factor", ""},
                                         NameAndUnit{"m", ""},
                                         NameAndUnit{"", ""},
                                         NameAndUnit{"_", ""},
                                         NameAndUnit{"share_per_grain", ""}));

struct Reading {
  const char* text;
  const char* unit;
  double value;
};

class Quantity : public testing::TestWithParam<Reading> {};

TEST_P(Quantity, IsReadInTheUnitOfTheParameter) {
  const auto& [text, unit, value] = GetParam();
  EXPECT_NEAR(parse_quantity(text, unit), value, 4e-16 * std::abs(value)) << text;
}

INSTANTIATE_TEST_SUITE_P(Texts,
                         Quantity,
                         testing::Values(Reading{"25 nm", "m", 25e-9},
                                         Reading{"25nm", "m", 25e-9},
                                         Reading{"  25\tnm ", "m", 25e-9},
                                         Reading{"25e-9", "m", 25e-9},
                                         Reading{"+2", "m", 2.0},
                                         Reading{"-1.5e3 Hz", "Hz", -1500.0},
                                         Reading{"75 kHz", "Hz", 75e3},
                                         Reading{"0.075 MHz", "Hz", 75e3},
                                         Reading{"3 um", "m", 3e-6},
                                         Reading{"3 \xC2\xB5m", "m", 3e-6},
                                         Reading{"3 \xCE\xBCm", "m", 3e-6},
                                         Reading{"2 mV", "V", 2e-3},
                                         Reading{"2.8 N/m", "N/m", 2.8},
                                         Reading{"2.8 pN/nm", "N/m", 2.8e-3},
                                         Reading{"30 fm/Hz^0.5", "m/Hz^0.5", 30e-15},
                                         Reading{"30 fm/rtHz", "m/Hz^0.5", 30e-15},
                                         Reading{"1 cm^2/V/s", "m^2/V/s", 1e-4},
                                         Reading{"1 cm2/V/s", "m^2/V/s", 1e-4},
                                         Reading{"1e15 cm^-3", "1/m^3", 1e21},
                                         Reading{"1e15 1/cm3", "1/m^3", 1e21},
                                         Reading{"5 A*s", "C", 5.0},
                                         Reading{"1 J/C", "V", 1.0},
                                         Reading{"1 W/cm^2", "W/m^2", 1e4},
                                         Reading{"24 h", "s", 86400.0},
                                         Reading{"2 min", "s", 120.0},
                                         Reading{"1 d", "s", 86400.0},
                                         Reading{"180 deg", "rad", 3.141592653589793},
                                         Reading{"10 deg", "deg", 10.0},
                                         Reading{"300 meV", "eV", 0.3},
                                         Reading{"5 %", "", 0.05},
                                         Reading{"20 ppm", "", 2e-5},
                                         Reading{"7", "", 7.0},
                                         Reading{"1 Mohm", "ohm", 1e6},
                                         Reading{"1 mS/cm", "S/m", 0.1},
                                         Reading{"2 kg", "kg", 2.0},
                                         Reading{"2 mPa", "Pa", 2e-3}));

struct Refusal {
  const char* text;
  const char* unit;
  const char* message;  // part of it
};

class Nonsense : public testing::TestWithParam<Refusal> {};

TEST_P(Nonsense, IsRefusedWithWhatWasExpected) {
  const auto& [text, unit, message] = GetParam();
  try {
    const double value = parse_quantity(text, unit);
    FAIL() << text << " was read as " << value;
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts,
    Nonsense,
    testing::Values(Refusal{"", "m", "expected a number with a unit of m, found \"\""},
                    Refusal{"nm", "m", "expected a number"},
                    Refusal{"nan", "m", "expected a number"},
                    Refusal{"inf", "m", "expected a number"},
                    Refusal{"1e400", "m", "expected a number"},
                    Refusal{"+-5", "m", "expected a number"},
                    Refusal{"1e308 Tm", "m", "too large"},
                    Refusal{"25 V", "m", "wrong unit \"V\" (expected a number with a unit of m)"},
                    Refusal{"25 nm", "", "wrong unit \"nm\" (expected a plain number)"},
                    Refusal{"25 parsec", "m", "unknown unit \"parsec\""},
                    Refusal{"1 J", "eV", "wrong unit"},
                    Refusal{"3 m^nan", "m", "unknown unit"},
                    Refusal{"3 m^inf", "m", "unknown unit"},
                    Refusal{"3 m^", "m", "unknown unit"},
                    Refusal{"3 ^2", "m", "unknown unit"},
                    Refusal{"3 m//s", "m", "unknown unit"},
                    Refusal{"3 /m", "m", "unknown unit"},
                    Refusal{"3 m/", "m", "unknown unit"},
                    Refusal{"3 m^2", "m", "wrong unit"},
                    Refusal{"3 4", "m", "unknown unit"},
                    Refusal{"1,5 m", "m", "unknown unit"},
                    Refusal{"0x10 m", "m", "unknown unit"},
                    Refusal{"5 kmin", "s", "unknown unit"}));

}  // namespace
}  // namespace halotwin
