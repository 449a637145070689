// A value of an instrument as an address names it: an attribute of a TANGO device, or a fixed
// number.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "devices/drivers/tango_link.hpp"
#include "devices/wire/tango.hpp"

namespace halotwin::devices {

/// Opens the device of an address; a stage has one for each axis. Throws DeviceError that lists
/// what the address must still name and what the device offers, and for commands that it does not
/// have.
[[nodiscard]] std::unique_ptr<TangoLink> open_tango_link(const tango::Address& address,
                                                         tango::Kind kind,
                                                         std::size_t device,
                                                         const std::string& role,
                                                         const TangoParams& params);

/// Unit of an attribute, from its configuration or, if that has none, from its name in the address
/// ("Position[um]").
[[nodiscard]] std::string tango_unit(TangoLink& link, const std::string& name);

/// In SI; its unit is tango_unit().
class TangoQuantity {
 public:
  /// `link` must outlive it. `name`: of an attribute, or a number with its unit. Throws DeviceError
  /// for an attribute that is not there, or a unit that is unknown or none of `si`.
  TangoQuantity(TangoLink& link, const std::string& name, std::string_view si);
  /// An attribute whose unit stands for `si_per_unit`.
  TangoQuantity(TangoLink& link, const std::string& name, double si_per_unit);

  [[nodiscard]] double read(const char* operation) const;
  /// What was asked for, of an attribute that has such a value, else what is.
  [[nodiscard]] double set_point(const char* operation) const;
  [[nodiscard]] bool changing(const char* operation) const;
  /// Writes the value or, beyond an end of the range by rounding, that end. Nothing for a value
  /// that cannot be written.
  void write(const char* operation, double value) const;
  [[nodiscard]] bool writable() const { return attribute_.writable; }
  void require_writable() const;
  /// Ends of what can be written, as far as the attribute tells them.
  [[nodiscard]] std::optional<double> low() const;
  [[nodiscard]] std::optional<double> high() const;
  /// Both ends, narrowed by the keys "low" and "high" of the address. Throws DeviceError if neither
  /// tells them.
  [[nodiscard]] Range range(const tango::Address& address, std::string_view si) const;

 private:
  TangoLink* link_;
  std::string name_;
  TangoAttribute attribute_;
  tango::Unit unit_;
  std::optional<double> fixed_;
};

}  // namespace halotwin::devices
