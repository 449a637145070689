// The server side of the TANGO library, of which a program has one; only tango_library.cpp includes
// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "devices/servers/served_tango.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

/// What the devices of one server share. They may be asked until the last question under way is
/// answered, which may be after the server is gone: then they refuse.
class TangoDesk {
 public:
  using Turn = std::function<void(const std::function<void()>& work)>;
  explicit TangoDesk(Turn turn);

  /// Does `work` in its turn; DeviceError if it is closed.
  void serve(const std::string& device, const std::function<void()>& work);
  /// No work is under way when it returns, and none will be.
  void close();
  [[nodiscard]] std::uint64_t answers() const { return answers_; }

 private:
  std::mutex mutex_;
  Turn turn_;
  bool open_ = true;
  std::atomic<std::uint64_t> answers_{0};
};

class TangoLibrary {
 public:
  /// The one of this program, listening at `wanted` from the first call on. Throws WireError
  /// (refused) if that cannot be, or if it listens elsewhere already.
  static TangoLibrary& listening_at(const Endpoint& wanted);
  explicit TangoLibrary(const Endpoint& at);
  ~TangoLibrary();
  TangoLibrary(const TangoLibrary&) = delete;
  TangoLibrary& operator=(const TangoLibrary&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Throws WireError (refused) for a name that is taken.
  void add(const ServedTangoDevice& device, const std::shared_ptr<TangoDesk>& desk);
  void remove(const ServedTangoDevice& device) noexcept;
  /// Change events, to whoever has subscribed to them.
  void push_events();

 private:
  std::mutex mutex_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::set<std::string> names_;
};

}  // namespace halotwin::devices
