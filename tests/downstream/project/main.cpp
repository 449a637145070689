// A program outside the tree: a driver of its own behind one of our interfaces, a model, and
// reproducible noise.
#include <cmath>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/units.hpp"
#include "devices/shutter.hpp"
#include "physics/cantilever.hpp"

using namespace std::chrono_literals;

namespace {

class OwnShutter final : public halotwin::devices::Shutter {
 public:
  void start_open() override { state_ = halotwin::devices::ShutterState::open; }
  void start_close() override { state_ = halotwin::devices::ShutterState::closed; }
  halotwin::devices::ShutterState state() override { return state_; }
  bool wait(halotwin::Duration, const std::stop_token&) override { return true; }
  halotwin::devices::Identity identity() const override { return {.vendor = "own"}; }
  void make_safe() override { start_close(); }

 private:
  halotwin::devices::ShutterState state_ = halotwin::devices::ShutterState::closed;
};

}  // namespace

int main() {
  OwnShutter own;
  halotwin::devices::Shutter& shutter = own;
  shutter.start_open();
  const bool opened =
      shutter.wait(1s, {}) && shutter.state() == halotwin::devices::ShutterState::open;

  // equipartition: k <x^2> = kB T
  const halotwin::physics::CantileverParams lever;
  const double x_rms_m = halotwin::physics::thermal_displacement_rms_m(lever);
  const double energy_j = lever.stiffness_n_per_m * x_rms_m * x_rms_m;
  const bool thermal = std::abs(energy_j / (1.380649e-23 * lever.temperature_k) - 1.0) < 1e-12;

  halotwin::RandomStream draw(1, halotwin::Purpose::test_data);
  const bool base = draw.uniform() < 1.0 && halotwin::parse_quantity("25 nm", "m") < 26e-9;
  return opened && thermal && base ? 0 : 1;
}
