#include "session/served_ports.hpp"

#include <thread>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/clock_service.hpp"
#include "devices/servers/genicam_server.hpp"
#include "devices/servers/keithley_service.hpp"
#include "devices/servers/srs_service.hpp"
#include "devices/servers/tango_server.hpp"
#include "devices/servers/text_lines.hpp"

namespace halotwin::session {

namespace {

constexpr Duration between_looks = std::chrono::milliseconds(20);  // at a served folder

}  // namespace

devices::Endpoint Ports::next_endpoint() const {
  const auto number =
      options_->first_port == 0 ? 0 : options_->first_port + static_cast<int>(ports_.size()) - 1;
  require(number < 65536, "first_port", options_->first_port, "so low that all ports are < 65536");
  return {options_->listen, static_cast<std::uint16_t>(number)};
}

Port& Ports::add(const std::string& role, const std::string& as) {
  ports_.push_back(std::make_unique<Port>());
  ports_.back()->served = {role, as, "", 0};
  return *ports_.back();
}

void Ports::listen(Port& port,
                   const std::string& scheme,
                   devices::MessageServer::Cut cut,
                   devices::MessageServer::Answer answer,
                   const devices::MessageServerLimits& limits) {
  const auto wire = std::make_shared<devices::FaultyWire>(faults_, port.served.role);
  const std::uint16_t number = messages_.listen(
      next_endpoint(),
      std::move(cut),
      [this, &port, wire, answer = std::move(answer)](std::string_view message, Duration waited) {
        return turn_->take([&] {
          port.served.answers += waited == Duration::zero() ? 1 : 0;
          return wire->carry(answer, message, waited, seconds(world_->now()));
        });
      },
      limits);
  port.served.address = fmt::format("{}{}:{}", scheme, options_->listen, number);
}

template <class Service>
void Ports::listen_to_lines(Port& port,
                            const std::string& scheme,
                            const std::shared_ptr<Service>& service) {
  listen(port,
         scheme,
         devices::cut_line,
         devices::answer_lines([service](std::string_view line) { return service->answer(line); }),
         devices::limits_of_lines());
}

void Ports::add_clock() {
  listen_to_lines(add("clock", "clock of the twin"),
                  "twin://",
                  std::make_shared<devices::ClockService>(*world_, options_->speed));
}

void Ports::add_nanonis(const std::string& role, devices::NanonisService& service) {
  listen(add(role, "Nanonis controller"),
         "nanonis://",
         devices::nanonis_request_bytes,
         [&service](std::string_view request, Duration waited) {
           return service.answer(request, waited);
         },
         {});
}

void Ports::add_asylum(const std::string& role, devices::AsylumFolder& folder) {
  Port& port = add(role, "Asylum's folder");
  port.served.address =
      fmt::format("asylum://{}", std::filesystem::absolute(options_->folder).string());
  port.run = [this, &port, &folder](const std::stop_token& stop) {
    WallClock clock;
    while (!stop.stop_requested()) {
      turn_->take([&] { folder.look(); });
      try {
        clock.sleep(between_looks, stop);
      } catch (const Interrupted&) {  // the end
      }
    }
    port.served.answers = folder.executed();
  };
}

void Ports::add_lock_in(const std::string& role,
                        devices::LockIn& lock_in,
                        const devices::srs::Model& model) {
  listen_to_lines(add(role, std::string(model.name)),
                  model.family == devices::srs::Family::sr830 ? "sr830://" : "sr860://",
                  std::make_shared<devices::SrsService>(
                      lock_in, model, options_->speed == 0.0 ? world_ : nullptr));
}

void Ports::add_source(const std::string& role,
                       devices::BiasSource& source,
                       const devices::source_meter::Model& model) {
  Port& port = add(role, fmt::format("Keithley {}", model.name));
  listen_to_lines(port, "scpi://", std::make_shared<devices::KeithleyService>(source, model));
  port.served.address += fmt::format("?profile={}", model.profile);
}

void Ports::add_camera(const std::string& role, devices::Camera& camera) {
  Port& port = add(role, "GigE Vision camera");
  const auto server = std::make_shared<devices::GenicamServer>(
      camera, options_->listen, "1", [this](const std::function<void()>& work) {
        turn_->take(work);
      });
  port.served.address = server->address();
  port.run = [server, &port](const std::stop_token& stop) {
    server->run(stop);
    port.served.answers = server->frames_sent();
  };
}

void Ports::add_tango(const std::string& role, std::vector<devices::ServedTangoDevice> served) {
  Port& port = add(role, "TANGO device");
  const devices::Endpoint at =
      std::exchange(tango_, true) ? devices::Endpoint{options_->listen, 0} : next_endpoint();
  const auto server = std::make_shared<devices::TangoServer>(
      at, std::move(served), [this](const std::function<void()>& work) { turn_->take(work); });
  port.served.address = server->address(role);
  port.run = [server, &port](const std::stop_token& stop) {
    server->run(stop);
    port.served.answers = server->answers();
  };
}

void Ports::run(const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (const auto& port : ports_) {
    if (port->run) {
      threads.emplace_back([&run = port->run, stop] { run(stop); });
    }
  }
  messages_.run(stop);
}

std::vector<Served> Ports::served() const {
  std::vector<Served> all;
  for (const auto& port : ports_) {
    all.push_back(port->served);
  }
  return all;
}

}  // namespace halotwin::session
