// What a served twin listens with: each port offers one device over one protocol.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/lock_in.hpp"
#include "devices/servers/asylum_folder.hpp"
#include "devices/servers/message_server.hpp"
#include "devices/servers/nanonis_service.hpp"
#include "devices/servers/served_tango.hpp"
#include "devices/servers/wire_faults.hpp"
#include "devices/wire/source_meter.hpp"
#include "devices/wire/srs.hpp"
#include "session/serve.hpp"

namespace halotwin::session {

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

/// Serves until a stop is requested; without `run` by messages. `served` is read afterwards.
struct Port {
  Served served;
  std::function<void(const std::stop_token&)> run;
};

/// The ports of one twin; all that is given must outlive them. Throws WireError for an address that
/// cannot be listened at.
class Ports {
 public:
  Ports(const ServeOptions& options,
        Turn& turn,
        Clock& world,
        std::vector<devices::WireFaultPlan> faults)
      : options_(&options), turn_(&turn), world_(&world), faults_(std::move(faults)) {}

  void add_clock();
  void add_nanonis(const std::string& role, devices::NanonisService& service);
  /// No port: a folder that is looked at now and then.
  void add_asylum(const std::string& role, devices::AsylumFolder& folder);
  void add_lock_in(const std::string& role,
                   devices::LockIn& lock_in,
                   const devices::srs::Model& model);
  void add_source(const std::string& role,
                  devices::BiasSource& source,
                  const devices::source_meter::Model& model);
  /// It lives in real time, whatever else does.
  void add_camera(const std::string& role, devices::Camera& camera);

  /// At one port with the other TANGO devices.
  void add_tango(const std::string& role, std::vector<devices::ServedTangoDevice> served);

  /// Serves at all of them until a stop is requested.
  void run(const std::stop_token& stop);
  [[nodiscard]] std::vector<Served> served() const;

 private:
  [[nodiscard]] devices::Endpoint next_endpoint() const;
  Port& add(const std::string& role, const std::string& as);
  void listen(Port& port,
              const std::string& scheme,
              devices::MessageServer::Cut cut,
              devices::MessageServer::Answer answer,
              const devices::MessageServerLimits& limits);
  /// A service of lines of text with answer(line); the port keeps it.
  template <class Service>
  void listen_to_lines(Port& port,
                       const std::string& scheme,
                       const std::shared_ptr<Service>& service);

  const ServeOptions* options_;
  Turn* turn_;
  Clock* world_;
  std::vector<devices::WireFaultPlan> faults_;
  devices::MessageServer messages_;  // one thread for all: no question waits for another to wake
  std::vector<std::unique_ptr<Port>> ports_;
  bool tango_ = false;  // its port is there
};

}  // namespace halotwin::session
