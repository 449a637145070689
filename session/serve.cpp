#include "session/serve.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/clock_service.hpp"
#include "devices/servers/srs_service.hpp"
#include "devices/servers/text_server.hpp"

namespace halotwin::session {

namespace {

using devices::Endpoint;
using devices::TextServer;

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
  std::unique_ptr<devices::ClockService> clock;
  std::unique_ptr<devices::SrsService> lock_in;
  std::unique_ptr<TextServer> server;
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
        turn_(simulated_.world().clock(), options.speed) {
    add_clock();
    for (const devices::DeviceRequest& device : scenario.devices) {
      if (const auto known = served_protocols(device.role); !known.empty()) {
        const auto chosen = options.as.find(device.role);
        add_lock_in(device.role, chosen == options.as.end() ? known.front() : chosen->second);
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
        threads.emplace_back([&server = *port->server, stop = options_.stop] { server.run(stop); });
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
    return all;
  }

  Port& add(const std::string& role, const std::string& as) {
    ports_.push_back(std::make_unique<Port>());
    ports_.back()->served = {role, as, "", 0};
    return *ports_.back();
  }

  template <class Service>
  void listen(Port& port, Service& service, const std::string& scheme) {
    const auto number =
        options_.first_port == 0 ? 0 : options_.first_port + static_cast<int>(ports_.size()) - 1;
    require(number < 65536, "first_port", options_.first_port, "so low that all ports are < 65536");
    port.server =
        std::make_unique<TextServer>(Endpoint{options_.listen, static_cast<std::uint16_t>(number)},
                                     [this, &port, &service](std::string_view line) {
                                       return turn_.take([&] {
                                         ++port.served.answers;
                                         return service.answer(line);
                                       });
                                     });
    port.served.address = fmt::format("{}{}:{}", scheme, options_.listen, port.server->port());
  }

  void add_clock() {
    Port& port = add("clock", "clock of the twin");
    port.clock =
        std::make_unique<devices::ClockService>(simulated_.world().clock(), options_.speed);
    listen(port, *port.clock, "twin://");
  }

  void add_lock_in(const std::string& role, const std::string& as) {
    const devices::srs::Model& model = *devices::srs::find_model(as);
    Port& port = add(role, std::string(model.name));
    port.lock_in = std::make_unique<devices::SrsService>(
        bench_.get<devices::LockIn>(role, "lock-in amplifier"), model);
    listen(
        port, *port.lock_in, model.family == devices::srs::Family::sr830 ? "sr830://" : "sr860://");
  }

  ServeOptions options_;
  Silent silent_;
  devices::simulated::SimulatedBench simulated_;
  devices::Bench bench_;
  Turn turn_;
  std::vector<std::unique_ptr<Port>> ports_;
};

void check(const Scenario& scenario, const ServeOptions& options) {
  require(scenario.is_simulated(), "only simulated instruments can be served (bench: \"sim:\")");
  require(options.speed >= 0.0, "speed", options.speed, ">= 0");
  for (const auto& [role, as] : options.as) {
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
