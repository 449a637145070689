// Addresses of Andor's cameras, and that the address book opens what they name.
#include "devices/open/andor_address.hpp"

#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/open/address_book.hpp"
#include "devices/open/open_bench.hpp"
#include "tests/shims/andor_scene.hpp"

namespace halotwin::test {
namespace {

TEST(AndorAddress, IsANumberWithOptions) {
  const auto plain = devices::parse_andor_address("3");
  EXPECT_EQ(plain.index, 3);
  EXPECT_EQ(plain.params.config, "/usr/local/etc/andor");
  EXPECT_EQ(plain.params.library, "");
  EXPECT_EQ(plain.params.temperature_k, std::nullopt);
  const auto full = devices::parse_andor_address(
      "0?config=/opt/a&library=./libandor.so&temperature_k=193.15&readout_mhz=17&preamp_gain=2.4");
  EXPECT_EQ(full.index, 0);
  EXPECT_EQ(full.params.config, "/opt/a");
  EXPECT_EQ(full.params.library, "./libandor.so");
  EXPECT_EQ(full.params.temperature_k, 193.15);
  EXPECT_EQ(full.params.readout_hz, 17e6);
  EXPECT_EQ(full.params.preamp_gain, 2.4);
}

TEST(AndorAddress, WhatIsWrongIsRefused) {
  for (const std::string wrong : {"",
                                  "x",
                                  "-1",
                                  "10",
                                  "?config=/opt",
                                  "0?",
                                  "0?config",
                                  "0?config=",
                                  "0?temperature_k=cold",
                                  "0?temperature_k=-70",
                                  "0?readout_mhz=inf",
                                  "0?gain=3"}) {
    EXPECT_THROW(static_cast<void>(devices::parse_andor_address(wrong)), ParameterError) << wrong;
    EXPECT_THROW(devices::check({"camera", "andor://" + wrong}), ParameterError) << wrong;
  }
  EXPECT_NO_THROW(devices::check({"camera", "andor://0"}));
  EXPECT_THROW(devices::check({"afm", "andor://0"}), ParameterError);
}

TEST(AndorAddress, OpensTheCamera) {
  AndorScene scene;
  const std::string address =
      std::string("andor://0?temperature_k=203.15&readout_mhz=1&library=") + HALOTWIN_ANDOR_SHIM;
  const devices::Driver* driver = devices::driver_of(address);
  ASSERT_NE(driver, nullptr);
  const devices::AnyDevice device =
      driver->open(address, {scene.clock, "camera", nullptr, devices::Interface::camera});
  const auto& camera = std::get<std::unique_ptr<devices::Camera>>(device);
  EXPECT_EQ(camera->identity().model, "DU897_twin");
  EXPECT_EQ(scene.shim().target_c, -70);
  EXPECT_EQ(scene.shim().chosen["SetHSSpeed"], 2);
}

}  // namespace
}  // namespace halotwin::test
