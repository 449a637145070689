// A TANGO server with one instrument of each kind in one simulated world, in real time: tango_twin
// PORT, until its input ends. Writes its port.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "devices/servers/tango_server.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "devices/simulated/simulated_focus.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "devices/simulated/simulated_shutter.hpp"
#include "devices/simulated/simulated_stage.hpp"
#include "devices/simulated/simulated_temperature.hpp"
#include "tests/support/small_world.hpp"

using namespace halotwin;
using namespace halotwin::devices;

int main(int argc, char** argv) {
  const auto world = test::small_world();
  const auto focus = simulated::make_focus(*world, {}, "focus");
  simulated::SimulatedStage stage(*world, {}, "stage");
  simulated::SimulatedStage turn(*world,
                                 {{{.name = "theta",
                                    .unit = "rad",
                                    .low = -0.3,
                                    .high = 0.7,
                                    .speed_per_s = 20.0,
                                    .overshoot = 0.0,
                                    .tolerance = 1e-5,
                                    .repeatability = 0.0,
                                    .backlash = 0.0}}},
                                 "turn",
                                 1);
  simulated::SimulatedShutter shutter(*world, {}, "shutter");
  simulated::SimulatedBiasSource bias(*world, {}, "bias");
  simulated::SimulatedLightSource light(*world, {}, "light");
  simulated::SimulatedTemperature temperature(*world, {}, "temperature");
  std::vector<ServedTangoDevice> all;
  const auto add = [&all](auto& device, const char* role) {
    for (ServedTangoDevice& one : tango_devices_of(device, role)) {
      all.push_back(std::move(one));
    }
  };
  add(*focus, "focus");
  add(stage, "stage");
  add(turn, "turn");
  add(shutter, "shutter");
  add(bias, "bias");
  add(light, "light");
  add(temperature, "temperature");
  const WallClock wall;
  TangoServer server({"127.0.0.1", static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0)},
                     std::move(all),
                     [&](const std::function<void()>& work) {
                       const Duration due = wall.now();
                       if (due > world->clock().now()) {
                         world->clock().sleep(due - world->clock().now());
                       }
                       work();
                     });
  const std::jthread events([&](const std::stop_token& stop) { server.run(stop); });
  std::printf("%d\n", server.port());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}
