// Addresses of Nanonis controllers and of their lock-in module.
#include "devices/open/nanonis_address.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/open/address_book.hpp"
#include "devices/open/open_bench.hpp"

namespace halotwin::devices {
namespace {

TEST(NanonisAddress, IsAPlaceWithOrWithoutAModule) {
  const NanonisAddress plain = parse_nanonis_address("host");
  EXPECT_EQ(plain.at, (Endpoint{"host", 6501}));
  EXPECT_FALSE(plain.names_module);
  EXPECT_EQ(plain.module.modulator, 1);
  EXPECT_EQ(plain.module.output, "Bias");
  const NanonisAddress full = parse_nanonis_address(
      "host:6502?modulator=2&demodulator=8&output=Output 3 (V)&input=Input 5");
  EXPECT_EQ(full.at, (Endpoint{"host", 6502}));
  EXPECT_TRUE(full.names_module);
  EXPECT_EQ(full.module.modulator, 2);
  EXPECT_EQ(full.module.demodulator, 8);
  EXPECT_EQ(full.module.output, "Output 3 (V)");
  EXPECT_EQ(full.module.input, "Input 5");
}

TEST(NanonisAddress, WhatIsWrongIsRefused) {
  for (const std::string wrong : {"",
                                  "host:port",
                                  "host?",
                                  "host?modulator",
                                  "host?modulator=",
                                  "host?modulator=0",
                                  "host?demodulator=9",
                                  "host?modulator=one",
                                  "host?pll=1"}) {
    EXPECT_THROW(static_cast<void>(parse_nanonis_address(wrong)), ParameterError) << wrong;
    EXPECT_THROW(check({"lockin_electrical", "nanonis://" + wrong}), ParameterError) << wrong;
  }
  for (const char* role : {"afm", "lockin_electrical", "lockin_mechanical"}) {
    EXPECT_NO_THROW(check({role, "nanonis://host"}));
  }
  EXPECT_NO_THROW(check({"lockin_electrical", "nanonis://host?modulator=1"}));
  EXPECT_THROW(check({"camera", "nanonis://host"}), ParameterError);
}

TEST(NanonisAddress, OnlyTheLockInHasOptions) {
  const std::string address = "nanonis://127.0.0.1:1?modulator=1";
  const Driver& driver = *driver_of(address);
  WallClock clock;
  EXPECT_THROW(
      static_cast<void>(driver.open(address, {clock, "afm", nullptr, Interface::probe_microscope})),
      ParameterError);
  EXPECT_THROW(static_cast<void>(
                   driver.open(address, {clock, "lockin_electrical", nullptr, Interface::lock_in})),
               DeviceError)
      << "nobody answers there";
}

}  // namespace
}  // namespace halotwin::devices
