// TANGO devices (cppTango 9) on a port of their own, without a TANGO database.
//
//   tango://127.0.0.1:45670/twin/focus/z#dbase=no      for TANGO clients
//   tango://127.0.0.1:45670/twin/focus/z?names=halotwin  for our drivers
//
// Limits of the library, and what is done about them:
// - It is there once in a program, at one port, until the program ends. So all servers of a program
//   share the port of the first; without one of them its devices are gone, but not the port.
// - Change events of Position and State are pushed every 50 ms to whoever has subscribed, while
// run()
//   runs. Nothing is polled else, since clients would then get old values.
// - There is no password; calls longer than 5 s are given up by the server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "devices/servers/served_tango.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

class TangoServer {
 public:
  /// Runs `work` while nobody else uses the instruments, after bringing their time up to now.
  using Turn = std::function<void(const std::function<void()>& work)>;

  /// Serves from now on; port 0 takes a free one. Throws WireError (refused) if the address is
  /// taken or not ours, if this program already serves at another one, or if it has a device of
  /// this name.
  TangoServer(const Endpoint& at, std::vector<ServedTangoDevice> devices, Turn turn = {});
  /// The devices are gone when it returns, and their functions are no longer called.
  ~TangoServer();
  TangoServer(const TangoServer&) = delete;
  TangoServer& operator=(const TangoServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// "tango://127.0.0.1:45670/twin/focus/z,twin/focus/y?names=halotwin": the devices of a role, for
  /// our drivers.
  [[nodiscard]] std::string address(const std::string& role) const;
  /// Questions answered so far.
  [[nodiscard]] std::uint64_t answers() const;
  /// Tells changes until a stop is requested; then the devices refuse everything.
  void run(const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::devices
