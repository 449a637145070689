// A served microscope over loopback: what does one small command cost, and one image of 512 x 512
// pixels? Counters: commands per second; bytes per second.
#include <array>
#include <memory>
#include <stop_token>
#include <thread>

#include <benchmark/benchmark.h>

#include "devices/drivers/nanonis_probe.hpp"
#include "devices/servers/message_server.hpp"
#include "devices/servers/nanonis_service.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"

namespace {

using namespace halotwin;
using namespace halotwin::devices;

/// The service in a thread of its own, the driver here.
struct Loopback {
  Loopback()
      : world({}, sim::pm_dns_cables(), {}, sim::Specimen(film(), 1), 1),
        chain(world, std::make_unique<simulated::HarmonicChain>(world, simulated::ChainParams{})),
        probe(world, chain, simulated::ProbeParams{}, "afm"),
        service(probe),
        port(server.listen({"127.0.0.1", 0},
                           nanonis_request_bytes,
                           [this](std::string_view request, Duration waited) {
                             return service.answer(request, waited);
                           })),
        thread([this](const std::stop_token& stop) { server.run(stop); }),
        driver(open_nanonis_probe(
            [this] {
              return connect_tcp({"127.0.0.1", port}, nanonis_wire_limits());
            },
            clock,
            "afm",
            "nanonis://127.0.0.1")) {}
  static sim::SpecimenParams film() {
    sim::SpecimenParams p;
    p.microstructure.width_m = 300e-9;
    p.microstructure.height_m = 300e-9;
    return p;
  }

  sim::World world;
  simulated::ProbeChain chain;
  simulated::SimulatedProbe probe;
  NanonisService service;
  MessageServer server;
  std::uint16_t port;
  std::jthread thread;
  WallClock clock;
  std::unique_ptr<ProbeMicroscope> driver;
};

void nanonis_small_command(benchmark::State& state) {
  Loopback loopback;
  for (auto _ : state) {
    benchmark::DoNotOptimize(loopback.driver->positioner().position());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(nanonis_small_command)->Unit(benchmark::kMicrosecond)->UseRealTime();

void nanonis_image(benchmark::State& state) {
  Loopback loopback;
  const auto side = static_cast<std::size_t>(state.range(0));
  loopback.driver->scanner()->configure(
      {.width_m = 100e-9, .height_m = 100e-9, .columns = side, .rows = side},
      std::array<std::size_t, 1>{0});
  for (auto _ : state) {
    benchmark::DoNotOptimize(loopback.driver->scanner()->data(0, ScanDirection::forward));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(0) * 4);
}
BENCHMARK(nanonis_image)->Arg(512)->Arg(2048)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
