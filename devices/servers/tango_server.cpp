#include "devices/servers/tango_server.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/tango_library.hpp"

namespace halotwin::devices {

class TangoServer::Impl {
 public:
  Impl(const Endpoint& at, std::vector<ServedTangoDevice> devices, Turn turn)
      : host_(at.host == "localhost" ? "127.0.0.1" : at.host),
        library_(&TangoLibrary::listening_at({host_, at.port})),
        desk_(std::make_shared<TangoDesk>(std::move(turn))) {
    try {
      for (ServedTangoDevice& device : devices) {
        library_->add(device, desk_);
        devices_.push_back(std::move(device));
      }
    } catch (const WireError&) {
      remove();
      throw;
    }
  }
  ~Impl() { remove(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return library_->port(); }
  [[nodiscard]] std::uint64_t answers() const { return desk_->answers(); }

  [[nodiscard]] std::string address(const std::string& role) const {
    std::vector<std::string> names;
    for (const ServedTangoDevice& device : devices_) {
      if (device.name.starts_with(fmt::format("twin/{}/", role))) {
        names.push_back(device.name);
      }
    }
    require(!names.empty(), fmt::format("no TANGO device of \"{}\" is served", role));
    return fmt::format(
        "{}{}:{}/{}?names=halotwin", tango::scheme, host_, port(), fmt::join(names, ","));
  }

  void close() { desk_->close(); }
  void push_events() { library_->push_events(); }

 private:
  void remove() {
    desk_->close();
    for (const ServedTangoDevice& device : devices_) {
      library_->remove(device);
    }
    devices_.clear();
  }

  std::string host_;
  TangoLibrary* library_;
  std::shared_ptr<TangoDesk> desk_;
  std::vector<ServedTangoDevice> devices_;
};

TangoServer::TangoServer(const Endpoint& at, std::vector<ServedTangoDevice> devices, Turn turn)
    : impl_(std::make_unique<Impl>(at, std::move(devices), std::move(turn))) {}

TangoServer::~TangoServer() = default;

std::uint16_t TangoServer::port() const {
  return impl_->port();
}

std::string TangoServer::address(const std::string& role) const {
  return impl_->address(role);
}

std::uint64_t TangoServer::answers() const {
  return impl_->answers();
}

void TangoServer::run(const std::stop_token& stop) {
  WallClock wall;
  try {
    for (;;) {
      wall.sleep(std::chrono::milliseconds(50), stop);
      impl_->push_events();
    }
  } catch (const Interrupted&) {
    impl_->close();
  }
}

}  // namespace halotwin::devices
