// A device of a TANGO server, as the drivers see it; only tango_link.cpp includes the TANGO
// library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "devices/device.hpp"
#include "devices/wire/tango.hpp"

namespace halotwin::devices {

struct TangoParams {
  Duration answer = std::chrono::seconds(3);  // longest wait for one answer
};

/// The numbers of an attribute in its own unit.
struct TangoReading {
  double value = 0.0;
  std::optional<double> set_point;  // of an attribute that can be written
  bool changing = false;            // its quality says that it is on the way
};

struct TangoAttribute {
  std::string unit;
  std::optional<double> low;  // of what can be written
  std::optional<double> high;
  bool writable = false;
};

/// Connection to one device. Every call is one question, answered by the device and not by a cache
/// of its server. A connection that is lost is opened again by the next call. All throw
/// DeviceError: Retry::yes for a server that is not there or does not answer in time, Retry::no for
/// what the device refuses or does not have.
class TangoLink {
 public:
  /// Connects. `device`: "dom/fam/mem".
  TangoLink(const Endpoint& server,
            const std::string& device,
            std::string role,
            const TangoParams& params);
  ~TangoLink();
  TangoLink(const TangoLink&) = delete;
  TangoLink& operator=(const TangoLink&) = delete;

  [[nodiscard]] Identity identity() const;
  [[nodiscard]] const std::string& role() const;
  /// "attributes: Position, State; commands: Stop, Init"
  [[nodiscard]] std::string offer(const char* operation);
  /// Throws if the device has no such attribute, naming what it has; so does require_command().
  [[nodiscard]] TangoAttribute describe(const char* operation, const std::string& attribute);
  void require_command(const char* operation, const std::string& command);

  /// A scalar number. NaN and infinity are an error of the device.
  [[nodiscard]] TangoReading read(const char* operation, const std::string& attribute);
  void write(const char* operation, const std::string& attribute, double value);
  void command(const char* operation, const std::string& command);
  [[nodiscard]] tango::State state(const char* operation);

  [[noreturn]] void fail(const char* operation, const std::string& cause, Retry retry) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace halotwin::devices
