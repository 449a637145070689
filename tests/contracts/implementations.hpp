// What the contract suites run on: every implementation of every device interface, by name. A new
// driver, replay or guard joins its list in implementations.cpp by one line.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/constants.hpp"
#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/electron_analyser.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/shutter.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"

namespace halotwin::test {

/// A device under test, what must outlive it, and the clock that it lives by.
template <class Interface>
struct Subject {
  std::shared_ptr<void> surroundings;
  Clock* clock = nullptr;
  std::unique_ptr<Interface> device;
  double resonance_hz = std::numeric_limits<double>::quiet_NaN();  // what a tune must find
};

template <class Interface>
struct Implementation {
  std::string name;  // letters, digits and underscores
  std::function<Subject<Interface>()> make;
  friend void PrintTo(const Implementation& implementation, std::ostream* os) {
    *os << implementation.name;
  }
};

[[nodiscard]] const std::vector<Implementation<devices::LockIn>>& lock_ins();
[[nodiscard]] const std::vector<Implementation<devices::ProbeMicroscope>>& probes();
[[nodiscard]] const std::vector<Implementation<devices::ElectronAnalyser>>& analysers();
[[nodiscard]] const std::vector<Implementation<devices::Camera>>& cameras();
[[nodiscard]] const std::vector<Implementation<devices::Stage>>& stages();
[[nodiscard]] const std::vector<Implementation<devices::BiasSource>>& bias_sources();
[[nodiscard]] const std::vector<Implementation<devices::LightSource>>& light_sources();
[[nodiscard]] const std::vector<Implementation<devices::Shutter>>& shutters();
[[nodiscard]] const std::vector<Implementation<devices::TemperatureController>>&
temperature_controllers();

/// Base of the suites: a fresh device for every test.
template <class Interface>
class Contract : public testing::TestWithParam<Implementation<Interface>> {
 protected:
  Contract() : subject_(this->GetParam().make()) {}
  [[nodiscard]] Interface& device() { return *subject_.device; }
  [[nodiscard]] Clock& clock() { return *subject_.clock; }

  Subject<Interface> subject_;
};

template <class Interface>
[[nodiscard]] std::string name_of_case(
    const testing::TestParamInfo<Implementation<Interface>>& info) {
  return info.param.name;
}

/// Longer than any operation of a healthy device takes.
inline constexpr Duration patience = std::chrono::minutes(10);

[[nodiscard]] inline std::stop_token stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

}  // namespace halotwin::test
