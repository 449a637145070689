#include "session/serve.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/clock_service.hpp"
#include "devices/servers/genicam_server.hpp"
#include "devices/servers/message_server.hpp"
#include "devices/servers/nanonis_service.hpp"
#include "devices/servers/srs_service.hpp"
#include "devices/servers/text_lines.hpp"

namespace halotwin::session {

namespace {

using devices::Endpoint;

/// One client at a time in the world, and the world's time as the computer's.
class Turn {
 public:
  Turn(Clock& world, double speed) : world_(&world), speed_(speed) {}

  template <class Work>
  auto take(const Work& work) {
    const std::scoped_lock lock(mutex_);
    if (speed_ > 0.0) {
      const Duration due = from_seconds(seconds(wall_.now()) * speed_);
      if (due > world_->now()) {
        world_->sleep(due - world_->now());
      }
    }
    return work();
  }

 private:
  std::mutex mutex_;
  WallClock wall_;
  Clock* world_;
  double speed_;
};

class Silent final : public EventLog {
 public:
  void write(const Event&) override {}
};

/// One port with what answers there.
struct Port {
  Served served;
  std::unique_ptr<devices::SrsService> lock_in;
  std::unique_ptr<devices::FaultyWire> wire;
  std::function<void(const std::stop_token&)> run;
};

class Twin {
 public:
  Twin(const Scenario& scenario, const ServeOptions& options)
      : options_(options),
        simulated_(unpaced(scenario), scenario.info.seed, options.threads),
        bench_(devices::open_bench(scenario.devices,
                                   scenario.limits,
                                   {simulated_.world().clock(), &simulated_},
                                   options.listener != nullptr ? *options.listener : silent_)),
        probe_(make_probe(scenario)),
        time_(make_time()),
        clock_(world_clock(), options.speed),
        turn_(world_clock(), options.speed),
        wire_faults_(scenario.wire_faults) {
    listen_text(add("clock", "clock of the twin"), clock_, "twin://");
    for (const devices::DeviceRequest& device : scenario.devices) {
      if (const auto known = served_protocols(device.role); !known.empty()) {
        const auto chosen = options.as.find(device.role);
        const std::string as = chosen == options.as.end() ? known.front() : chosen->second;
        if (as == "nanonis") {
          listen_nanonis(add(device.role, "Nanonis controller"));
        } else if (as == "gige") {
          serve_camera(add(device.role, "GigE Vision camera"));
          light_on(scenario);
        } else {
          add_lock_in(device.role, as);
        }
      }
    }
  }

  std::vector<Served> run() {
    if (options_.ready) {
      options_.ready(what());
    }
    {
      std::vector<std::jthread> threads;
      for (const auto& port : ports_) {
        threads.emplace_back([&run = port->run, stop = options_.stop] { run(stop); });
      }
    }
    bench_.make_safe();
    return what();
  }

 private:
  /// Time is brought up to the computer's before each answer; the world itself never waits.
  static devices::simulated::SimulatedBenchParams unpaced(const Scenario& scenario) {
    auto params = scenario.simulated;
    params.surroundings.pace = 0.0;
    return params;
  }

  std::vector<Served> what() const {
    std::vector<Served> all;
    for (const auto& port : ports_) {
      all.push_back(port->served);
    }
    if (lit_) {
      all.push_back(*lit_);
    }
    return all;
  }

  Port& add(const std::string& role, const std::string& as) {
    ports_.push_back(std::make_unique<Port>());
    ports_.back()->served = {role, as, "", 0};
    ports_.back()->wire = std::make_unique<devices::FaultyWire>(wire_faults_, role);
    return *ports_.back();
  }

  /// The microscope as a controller, if the scenario has one.
  std::unique_ptr<devices::NanonisService> make_probe(const Scenario& scenario) const {
    const bool there = std::any_of(scenario.devices.begin(),
                                   scenario.devices.end(),
                                   [](const auto& device) { return device.role == "afm"; });
    return there ? std::make_unique<devices::NanonisService>(
                       bench_.get<devices::ProbeMicroscope>("afm", "probe microscope"))
                 : nullptr;
  }
  /// The world's clock, on which the controller's scans go on.
  std::unique_ptr<Clock> make_time() {
    return probe_ ? std::make_unique<devices::NanonisTime>(*probe_, simulated_.world().clock())
                  : nullptr;
  }

  [[nodiscard]] Clock& world_clock() { return time_ ? *time_ : simulated_.world().clock(); }

  [[nodiscard]] Endpoint endpoint() const {
    const auto number =
        options_.first_port == 0 ? 0 : options_.first_port + static_cast<int>(ports_.size()) - 1;
    require(number < 65536, "first_port", options_.first_port, "so low that all ports are < 65536");
    return {options_.listen, static_cast<std::uint16_t>(number)};
  }

  void listen(Port& port,
              const devices::MessageServer::Cut& cut,
              devices::MessageServer::Answer inner,
              const std::string& scheme,
              const devices::MessageServerLimits& limits = {}) {
    const auto server = std::make_shared<devices::MessageServer>(
        endpoint(),
        cut,
        [this, &port, inner = std::move(inner)](std::string_view message, Duration waited) {
          return turn_.take([&] {
            port.served.answers += waited == Duration::zero() ? 1 : 0;
            return port.wire->carry(inner, message, waited, seconds(world_clock().now()));
          });
        },
        limits);
    port.served.address = fmt::format("{}{}:{}", scheme, options_.listen, server->port());
    port.run = [server](const std::stop_token& stop) { server->run(stop); };
  }

  template <class Service>
  void listen_text(Port& port, Service& service, const std::string& scheme) {
    listen(
        port,
        devices::cut_line,
        devices::answer_lines([&service](std::string_view line) { return service.answer(line); }),
        scheme,
        devices::limits_of_lines());
  }

  void listen_nanonis(Port& port) {
    listen(
        port,
        devices::nanonis_request_bytes,
        [this](std::string_view request, Duration waited) {
          return probe_->answer(request, waited);
        },
        "nanonis://");
  }

  /// A light source has no protocol of its own: it is switched on as the procedure would.
  void light_on(const Scenario& scenario) {
    const auto of_procedure = [&](const char* key) {
      const Value* value = scenario.procedure.find(key);
      const auto* number = value == nullptr ? nullptr : std::get_if<double>(&value->data);
      return number == nullptr ? 0.0 : *number;
    };
    const devices::LightSettings on =
        bench_.get<devices::LightSource>("light", "light source")
            .configure({.on = true,
                        .irradiance_w_per_m2 = of_procedure("irradiance_w_per_m2"),
                        .wavelength_m = of_procedure("wavelength_m")});
    lit_ = Served{
        "light",
        fmt::format("on: {:.4g} W/m2, {:.0f} nm", on.irradiance_w_per_m2, 1e9 * on.wavelength_m),
        "(no protocol)",
        0};
  }

  /// It lives in real time, whatever else does.
  void serve_camera(Port& port) {
    const auto server = std::make_shared<devices::GenicamServer>(
        bench_.get<devices::Camera>("camera", "camera"),
        options_.listen,
        "1",
        [this](const std::function<void()>& work) { turn_.take(work); });
    port.served.address = server->address();
    port.run = [server, &port](const std::stop_token& stop) {
      server->run(stop);
      port.served.answers = server->frames_sent();
    };
  }

  void add_lock_in(const std::string& role, const std::string& as) {
    const devices::srs::Model& model = *devices::srs::find_model(as);
    Port& port = add(role, std::string(model.name));
    port.lock_in = std::make_unique<devices::SrsService>(
        bench_.get<devices::LockIn>(role, "lock-in amplifier"), model);
    listen_text(
        port, *port.lock_in, model.family == devices::srs::Family::sr830 ? "sr830://" : "sr860://");
  }

  ServeOptions options_;
  Silent silent_;
  devices::simulated::SimulatedBench simulated_;
  devices::Bench bench_;
  std::unique_ptr<devices::NanonisService> probe_;
  std::unique_ptr<Clock> time_;
  devices::ClockService clock_;
  Turn turn_;
  std::vector<devices::WireFaultPlan> wire_faults_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::optional<Served> lit_;
};

void check(const Scenario& scenario, const ServeOptions& options) {
  require(scenario.is_simulated(), "only simulated instruments can be served (bench: \"sim:\")");
  require(options.speed >= 0.0, "speed", options.speed, ">= 0");
  const bool camera = std::any_of(scenario.devices.begin(),
                                  scenario.devices.end(),
                                  [](const auto& device) { return device.role == "camera"; });
  require(!camera || options.speed > 0.0,
          "--speed max: a GigE Vision camera lives in real time (--speed 1 or a larger number)");
  for (const auto& choice : options.as) {
    const std::string& role = choice.first;
    const std::string& as = choice.second;
    const bool there = std::any_of(scenario.devices.begin(),
                                   scenario.devices.end(),
                                   [&](const auto& device) { return device.role == role; });
    require(there, fmt::format("--as {}={}: the scenario has no such instrument", role, as));
    const auto known = served_protocols(role);
    require(
        std::find(known.begin(), known.end(), as) != known.end(),
        known.empty()
            ? fmt::format("--as {}={}: no protocol for it", role, as)
            : fmt::format(
                  "--as {}={}: unknown protocol (known: {})", role, as, fmt::join(known, ", ")));
  }
}

}  // namespace

std::vector<std::string> served_protocols(const std::string& role) {
  if (role == "afm") {
    return {"nanonis"};
  }
  if (role == "camera") {
    return {"gige"};
  }
  if (role == "lockin_electrical" || role == "lockin_mechanical") {
    return {"sr865a", "sr860", "sr830"};
  }
  return {};
}

std::vector<Served> serve(const Scenario& scenario, const ServeOptions& options) {
  check(scenario, options);
  try {
    return Twin(scenario, options).run();
  } catch (const devices::WireError& error) {
    throw ParameterError(error.what());
  }
}

}  // namespace halotwin::session
