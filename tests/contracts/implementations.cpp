#include "tests/contracts/implementations.hpp"

#include "devices/drivers/genicam_camera.hpp"
#include "devices/drivers/nanonis_lock_in.hpp"
#include "devices/drivers/scpi_source.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/limits.hpp"
#include "devices/servers/keithley_service.hpp"
#include "devices/servers/srs_service.hpp"
#include "devices/servers/tango_server.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "devices/simulated/simulated_camera.hpp"
#include "devices/simulated/simulated_focus.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "devices/simulated/simulated_shutter.hpp"
#include "devices/simulated/simulated_stage.hpp"
#include "devices/simulated/simulated_temperature.hpp"
#include "sim/virtual_clock.hpp"
#include "tests/support/andor_bench.hpp"
#include "tests/support/asylum_world.hpp"
#include "tests/support/gige_twin.hpp"
#include "tests/support/labone_bench.hpp"
#include "tests/support/nanonis_lock_in_world.hpp"
#include "tests/support/nanonis_world.hpp"
#include "tests/support/scripted_analyser.hpp"
#include "tests/support/scripted_camera.hpp"
#include "tests/support/service_stream.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::test {

namespace {

using namespace devices;
using namespace devices::simulated;

// A world with the two instruments of the PM-DNS chain, the world's own noise on; the resonance
// stays, so that a tune can be held against it.
struct ChainWorld {
  ChainWorld()
      : world(steady(), sim::pm_dns_cables(), {}, sim::Specimen(small_film(), 1), 1),
        chain(world, std::make_unique<HarmonicChain>(world, ChainParams{})) {}
  static sim::Surroundings steady() {
    sim::Surroundings surroundings;
    surroundings.resonance_drift = false;
    return surroundings;
  }
  sim::World world;
  ProbeChain chain;
};

Subject<LockIn> simulated_lock_in(const std::string& role, const LockInModel& model) {
  auto all = std::make_shared<ChainWorld>();
  auto device = std::make_unique<SimulatedLockIn>(all->world, all->chain, model, role);
  return {all, &all->world.clock(), std::move(device)};
}

Subject<ProbeMicroscope> simulated_probe() {
  auto all = std::make_shared<ChainWorld>();
  const ProbeParams params;
  auto device = std::make_unique<SimulatedProbe>(all->world, all->chain, params, "afm");
  return {all, &all->world.clock(), std::move(device), params.cantilever.resonance_hz};
}

template <class Device, class Interface, class Params>
Subject<Interface> in_small_world(const Params& params) {
  std::shared_ptr<sim::World> world = small_world();
  auto device = std::make_unique<Device>(*world, params, "role");
  return {world, &world->clock(), std::move(device)};
}

template <class Device, class Interface, class Script>
Subject<Interface> on_clock(const Script& script) {
  auto clock = std::make_shared<sim::VirtualClock>([](Duration) {});
  auto device = std::make_unique<Device>(*clock, script);
  return {clock, clock.get(), std::move(device)};
}

constexpr double load_siemens = 1e-8;  // 10 nA at 1 V
Subject<BiasSource> simulated_bias() {
  return in_small_world<SimulatedBiasSource, BiasSource>(
      BiasSourceParams{.load_siemens = load_siemens});
}
/// The driver of a source meter against the twin that answers as one.
Subject<BiasSource> driven_bias(const std::string& profile) {
  struct Served {
    explicit Served(const source_meter::Model& m)
        : behind(in_small_world<SimulatedBiasSource, BiasSource>(
              BiasSourceParams{.max_voltage_v = m.max_voltage_v,
                               .max_compliance_a = m.max_current_a,
                               .max_ramp_v_per_s = 0.0,
                               .load_siemens = load_siemens})),
          service(*behind.device, m) {}
    Subject<BiasSource> behind;
    KeithleyService service;
  };
  const source_meter::Model& model = *source_meter::find_model(profile);
  auto served = std::make_shared<Served>(model);
  const Connect connect = [all = served.get()] {
    return std::make_unique<ServiceStream>(
        [all](std::string_view line) { return all->service.answer(line); });
  };
  auto device = open_scpi_source(connect, *served->behind.clock, "bias", "twin", model);
  return {served, served->behind.clock, std::move(device)};
}
Subject<LightSource> simulated_light() {
  return in_small_world<SimulatedLightSource, LightSource>(LightSourceParams{});
}
Subject<Stage> simulated_stage() {
  return in_small_world<SimulatedStage, Stage>(StageParams{});
}
Subject<Stage> simulated_focus() {
  std::shared_ptr<sim::World> world = small_world();
  auto device = make_focus(*world, FocusParams{}, "focus");
  return {world, &world->clock(), std::move(device)};
}
Subject<Shutter> simulated_shutter() {
  return in_small_world<SimulatedShutter, Shutter>(ShutterParams{});
}
Subject<TemperatureController> simulated_temperature() {
  return in_small_world<SimulatedTemperature, TemperatureController>(TemperatureModel{});
}
Subject<Camera> scripted_camera() {
  return on_clock<ScriptedCamera, Camera>(CameraScript{});
}
Subject<Camera> simulated_camera() {
  CameraParams params;
  params.sensor_width = 24;
  params.sensor_height = 16;
  return in_small_world<SimulatedCamera, Camera>(params);
}
/// The driver of GigE Vision cameras against the simulated one that is served so.
Subject<Camera> genicam_camera() {
  struct Served {
    Served() : behind(simulated_camera()), twin(*behind.clock, *behind.device) {}
    Subject<Camera> behind;
    GigeTwin twin;
  };
  auto served = std::make_shared<Served>();
  auto device = open_genicam_camera("127.0.0.1", served->twin.clock(), "camera");
  return {served, &served->twin.clock(), std::move(device)};
}
/// The driver of Andor's cameras against the simulated one behind a stand-in for the library.
Subject<Camera> andor_camera() {
  struct Served {
    Served() : behind(simulated_camera()), bench(*behind.device, *behind.clock) {}
    Subject<Camera> behind;
    AndorBench bench;
  };
  auto served = std::make_shared<Served>();
  auto device = served->bench.open();
  return {served, served->behind.clock, std::move(device)};
}
Subject<ElectronAnalyser> scripted_analyser() {
  return on_clock<ScriptedAnalyser, ElectronAnalyser>(AnalyserScript{});
}

template <class Interface>
Subject<Interface> guarded(Subject<Interface> inner) {
  inner.device = guard(std::move(inner.device), BenchLimits{}, "role");
  return inner;
}

Subject<LockIn> electrical() {
  return simulated_lock_in("lockin_electrical", mfli());
}

LockInModel twin_of(const srs::Model& model) {
  const LockInLimits limit = srs::limits_of(model);
  LockInModel out;
  out.model = model.name;
  out.max_reference_hz = limit.reference_hz.high;
  out.min_time_constant_s = limit.time_constant_s.low;
  out.max_time_constant_s = limit.time_constant_s.high;
  out.max_harmonic = limit.max_harmonic;
  out.max_filter_order = limit.max_filter_order;
  out.max_input_range_v = limit.input_range_v.high;
  out.max_output_peak_v = limit.max_output_peak_v;
  return out;
}

/// The driver against the twin that answers as the instrument would.
Subject<LockIn> driven(const std::string& model_name) {
  struct Served {
    explicit Served(const srs::Model& model)
        : behind(simulated_lock_in("lockin_electrical", twin_of(model))),
          service(*behind.device, model) {}
    Subject<LockIn> behind;
    SrsService service;
  };
  const srs::Model& model = *srs::find_model(model_name);
  auto served = std::make_shared<Served>(model);
  const Connect connect = [all = served.get()] {
    return std::make_unique<ServiceStream>(
        [all](std::string_view line) { return all->service.answer(line); });
  };
  auto device = open_srs_lock_in(connect, *served->behind.clock, "lockin", "twin", model.family);
  return {served, served->behind.clock, std::move(device)};
}

/// The driver of a HF2LI or MFLI against the twin behind a stand-in for the maker's library.
Subject<LockIn> driven_labone(const LockInModel& model) {
  struct Served {
    explicit Served(const LockInModel& m)
        : behind(simulated_lock_in("lockin_electrical", m)),
          bench(*behind.device, *behind.clock, m.model) {}
    Subject<LockIn> behind;
    LaboneBench bench;
  };
  auto served = std::make_shared<Served>(model);
  auto device = served->bench.open();
  return {served, served->behind.clock, std::move(device)};
}

/// The driver of the lock-in module of a Nanonis controller against the twin that answers as one.
Subject<LockIn> driven_module() {
  auto served = std::make_shared<NanonisLockInWorld>(ChainWorld::steady());
  const Connect connect = [all = served.get()] {
    return std::make_unique<FrameStream>(
        [all](std::string_view request) { return all->answer(request); });
  };
  auto device = open_nanonis_lock_in(connect, served->time, "lockin", "twin");
  return {served, &served->time, std::move(device)};
}

/// The driver of a Nanonis controller against the twin that answers as one.
Subject<ProbeMicroscope> driven_probe() {
  auto served = std::make_shared<NanonisWorld>(ChainWorld::steady());
  const Connect connect = [all = served.get()] {
    return std::make_unique<FrameStream>(
        [all](std::string_view request) { return all->answer(request); });
  };
  auto device = open_nanonis_probe(connect, served->time, "afm", "twin");
  return {served, &served->time, std::move(device), ProbeParams{}.cantilever.resonance_hz};
}

/// The driver of Asylum's microscopes against the twin behind a folder.
Subject<ProbeMicroscope> asylum_probe() {
  auto served = std::make_shared<AsylumWorld>(ChainWorld::steady());
  auto device = open_asylum_probe(
      parse_asylum_files(served->folder.string()), served->time, "afm", "asylum://twin");
  return {served, &served->time, std::move(device)};
}

/// The driver of a TANGO device against the simulated instrument that is served as one.
template <class Interface>
Subject<Interface> driven_tango(Subject<Interface> (*behind)(),
                                std::unique_ptr<Interface> (*open)(const std::string&,
                                                                   Clock&,
                                                                   const std::string&,
                                                                   const TangoParams&)) {
  struct Served {
    explicit Served(Subject<Interface> subject)
        : behind(std::move(subject)),
          server({"127.0.0.1", 0}, tango_devices_of(*behind.device, "role")) {}
    Subject<Interface> behind;
    TangoServer server;
  };
  auto served = std::make_shared<Served>(behind());
  auto device = open(served->server.address("role"), *served->behind.clock, "role", {});
  return {served, served->behind.clock, std::move(device)};
}

}  // namespace

const std::vector<Implementation<LockIn>>& lock_ins() {
  static const std::vector<Implementation<LockIn>> all{
      {"simulated_mfli", electrical},
      {"simulated_hf2li", [] { return simulated_lock_in("lockin_mechanical", hf2li()); }},
      {"simulated_open_input", [] { return simulated_lock_in("spare", mfli()); }},
      {"guarded_simulated", [] { return guarded(electrical()); }},
      {"sr860_driver", [] { return driven("SR860"); }},
      {"sr865a_driver", [] { return driven("SR865A"); }},
      {"sr830_driver", [] { return driven("SR830"); }},
      {"mfli_driver", [] { return driven_labone(mfli()); }},
      {"hf2li_driver", [] { return driven_labone(hf2li()); }},
      {"nanonis_driver", driven_module},
  };
  return all;
}

const std::vector<Implementation<ProbeMicroscope>>& probes() {
  static const std::vector<Implementation<ProbeMicroscope>> all{
      {"simulated", simulated_probe},
      {"guarded_simulated", [] { return guarded(simulated_probe()); }},
      {"nanonis_driver", driven_probe},
      {"asylum_driver", asylum_probe},
      {"guarded_asylum_driver", [] { return guarded(asylum_probe()); }},
  };
  return all;
}

const std::vector<Implementation<ElectronAnalyser>>& analysers() {
  static const std::vector<Implementation<ElectronAnalyser>> all{
      {"scripted", scripted_analyser},
  };
  return all;
}

const std::vector<Implementation<Camera>>& cameras() {
  static const std::vector<Implementation<Camera>> all{
      {"scripted", scripted_camera},
      {"guarded_scripted", [] { return guarded(scripted_camera()); }},
      {"simulated", simulated_camera},
      {"guarded_simulated", [] { return guarded(simulated_camera()); }},
      {"genicam_driver", genicam_camera},
      {"andor_driver", andor_camera},
  };
  return all;
}

const std::vector<Implementation<Stage>>& stages() {
  static const std::vector<Implementation<Stage>> all{
      {"simulated", simulated_stage},
      {"guarded_simulated", [] { return guarded(simulated_stage()); }},
      {"simulated_focus", simulated_focus},
      {"guarded_simulated_focus", [] { return guarded(simulated_focus()); }},
      {"tango_driver", [] { return driven_tango<Stage>(simulated_stage, open_tango_stage); }},
      {"tango_driver_focus", [] { return driven_tango<Stage>(simulated_focus, open_tango_stage); }},
  };
  return all;
}

const std::vector<Implementation<BiasSource>>& bias_sources() {
  static const std::vector<Implementation<BiasSource>> all{
      {"simulated", simulated_bias},
      {"guarded_simulated", [] { return guarded(simulated_bias()); }},
      {"keithley2400_driver", [] { return driven_bias("keithley2400"); }},
      {"keithley2410_driver", [] { return driven_bias("keithley2410"); }},
      {"guarded_keithley2400_driver", [] { return guarded(driven_bias("keithley2400")); }},
      {"tango_driver",
       [] { return driven_tango<BiasSource>(simulated_bias, open_tango_bias_source); }},
  };
  return all;
}

const std::vector<Implementation<LightSource>>& light_sources() {
  static const std::vector<Implementation<LightSource>> all{
      {"simulated", simulated_light},
      {"guarded_simulated", [] { return guarded(simulated_light()); }},
      {"tango_driver",
       [] { return driven_tango<LightSource>(simulated_light, open_tango_light_source); }},
  };
  return all;
}

const std::vector<Implementation<Shutter>>& shutters() {
  static const std::vector<Implementation<Shutter>> all{
      {"simulated", simulated_shutter},
      {"tango_driver", [] { return driven_tango<Shutter>(simulated_shutter, open_tango_shutter); }},
  };
  return all;
}

const std::vector<Implementation<TemperatureController>>& temperature_controllers() {
  static const std::vector<Implementation<TemperatureController>> all{
      {"simulated", simulated_temperature},
      {"guarded_simulated", [] { return guarded(simulated_temperature()); }},
      {"tango_driver",
       [] {
         return driven_tango<TemperatureController>(simulated_temperature, open_tango_temperature);
       }},
  };
  return all;
}

}  // namespace halotwin::test
