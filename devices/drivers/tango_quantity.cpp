#include "devices/drivers/tango_quantity.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/units.hpp"

namespace halotwin::devices {

namespace {

constexpr const char* open_operation = "open";

}  // namespace

std::unique_ptr<TangoLink> open_tango_link(const tango::Address& address,
                                           tango::Kind kind,
                                           std::size_t device,
                                           const std::string& role,
                                           const TangoParams& params) {
  auto link = std::make_unique<TangoLink>(address.server, address.devices.at(device), role, params);
  if (const auto missing = tango::missing_keys(address, kind); !missing.empty()) {
    link->fail(open_operation,
               fmt::format("the address does not name: {}. The device has {}",
                           fmt::join(missing, "; "),
                           link->offer(open_operation)),
               Retry::no);
  }
  for (const tango::Key& key : tango::keys_of(kind)) {
    if (const auto name = address.names.find(std::string(key.key));
        key.means == tango::Means::command && name != address.names.end()) {
      link->require_command(open_operation, name->second);
    }
  }
  return link;
}

std::string tango_unit(TangoLink& link, const std::string& name) {
  try {
    const tango::AttributeName parsed = tango::parse_attribute(name);
    const std::string told = link.describe(open_operation, parsed.name).unit;
    if (!told.empty() && !parsed.unit.empty() && told != parsed.unit) {
      link.fail(open_operation, fmt::format("{} is in {}", parsed.name, told), Retry::no);
    }
    return told.empty() ? parsed.unit : told;
  } catch (const ParameterError& error) {
    link.fail(open_operation, error.what(), Retry::no);
  }
}

TangoQuantity::TangoQuantity(TangoLink& link, const std::string& name, std::string_view si)
    : link_(&link), name_(name) {
  try {
    if (tango::is_fixed(name)) {
      fixed_ = parse_quantity(name, si);
    } else {
      unit_ = tango::unit_of(tango_unit(link, name), si);
      name_ = tango::parse_attribute(name).name;
      attribute_ = link.describe(open_operation, name_);
    }
  } catch (const ParameterError& error) {
    link.fail(open_operation, fmt::format("{}: {}", name, error.what()), Retry::no);
  }
}

TangoQuantity::TangoQuantity(TangoLink& link, const std::string& name, double si_per_unit)
    : link_(&link),
      name_(name),
      attribute_(link.describe(open_operation, name)),
      unit_{si_per_unit, 0.0} {}

double TangoQuantity::read(const char* operation) const {
  return fixed_ ? *fixed_ : unit_.to_si(link_->read(operation, name_).value);
}

double TangoQuantity::set_point(const char* operation) const {
  if (fixed_) {
    return *fixed_;
  }
  const TangoReading reading = link_->read(operation, name_);
  return unit_.to_si(reading.set_point.value_or(reading.value));
}

bool TangoQuantity::changing(const char* operation) const {
  return !fixed_ && link_->read(operation, name_).changing;
}

void TangoQuantity::write(const char* operation, double value) const {
  if (!writable()) {
    return;
  }
  double number = unit_.from_si(value);
  if (attribute_.low) {
    number = std::max(number, *attribute_.low);
  }
  if (attribute_.high) {
    number = std::min(number, *attribute_.high);
  }
  link_->write(operation, name_, number);
}

void TangoQuantity::require_writable() const {
  if (!writable()) {
    link_->fail(open_operation, fmt::format("{} cannot be written", name_), Retry::no);
  }
}

std::optional<double> TangoQuantity::low() const {
  return attribute_.low ? std::optional(unit_.to_si(*attribute_.low)) : std::nullopt;
}

std::optional<double> TangoQuantity::high() const {
  return attribute_.high ? std::optional(unit_.to_si(*attribute_.high)) : std::nullopt;
}

Range TangoQuantity::range(const tango::Address& address, std::string_view si) const {
  const auto end = [&](const char* key, const std::optional<double>& told) {
    const auto given = address.names.find(key);
    std::optional<double> value = told;
    try {
      if (given != address.names.end()) {
        value = parse_quantity(given->second, si);
      }
    } catch (const ParameterError& error) {
      link_->fail(open_operation, fmt::format("{}: {}", key, error.what()), Retry::no);
    }
    if (!value) {
      link_->fail(open_operation,
                  fmt::format("attribute {} tells no limits: the address must (low, high)", name_),
                  Retry::no);
    }
    return *value;
  };
  Range out{end("low", low()), end("high", high())};
  out.low = std::max(out.low, low().value_or(out.low));
  out.high = std::min(out.high, high().value_or(out.high));
  if (!(out.low < out.high)) {
    link_->fail(
        open_operation,
        fmt::format("no value of {} is possible ({} to {} {})", name_, out.low, out.high, si),
        Retry::no);
  }
  return out;
}

}  // namespace halotwin::devices
