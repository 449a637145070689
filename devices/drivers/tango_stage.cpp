#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/drivers/poll.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/drivers/tango_quantity.hpp"

namespace halotwin::devices {

namespace {

constexpr Duration period = std::chrono::milliseconds(10);
constexpr Duration late_state = std::chrono::milliseconds(500);  // after the move was written
constexpr Duration longest_stop = std::chrono::seconds(10);

/// "rad" if the unit of the attribute is an angle, else "m".
std::string_view dimension_of(TangoLink& link, const std::string& position) {
  const std::string unit = tango_unit(link, position);
  try {
    static_cast<void>(tango::unit_of(unit, "rad"));
    return "rad";
  } catch (const ParameterError&) {
    return "m";
  }
}

struct Axis {
  Axis(const tango::Address& address,
       std::size_t device,
       const std::string& role,
       const TangoParams& params)
      : link(open_tango_link(address, tango::Kind::stage_axis, device, role, params)),
        unit(dimension_of(*link, address.names.at("position"))),
        position(*link, address.names.at("position"), unit),
        velocity(*link, address.names.at("velocity"), unit == "m" ? "m/s" : "rad/s"),
        stop(address.names.at("stop")) {
    const TangoQuantity tolerance(*link, address.names.at("tolerance"), unit);
    const std::string& full = address.devices[device];
    described.name =
        address.has("axis") ? address.names.at("axis") : full.substr(full.rfind('/') + 1);
    described.unit = unit;
    described.range = position.range(address, unit);
    described.tolerance = tolerance.read("open");
    described.max_speed_per_s = velocity.high().value_or(velocity.read("open"));
    position.require_writable();
    if (!(described.tolerance > 0.0) || !(described.max_speed_per_s > 0.0)) {
      link->fail("open", "its velocity and tolerance must be > 0", Retry::no);
    }
  }

  std::unique_ptr<TangoLink> link;
  std::string unit;
  TangoQuantity position;
  TangoQuantity velocity;
  std::string stop;
  StageAxis described;
  std::optional<double> target;  // of a move that may not show up in State yet
  Duration started{};
};

class TangoStage final : public Stage {
 public:
  TangoStage(const std::string& address, Clock& clock, std::string role, const TangoParams& params)
      : clock_(&clock), role_(std::move(role)) {
    const tango::Address parsed = tango::parse_address(address, tango::Kind::stage_axis);
    for (std::size_t i = 0; i < parsed.devices.size(); ++i) {
      axes_.emplace_back(parsed, i, role_, params);
    }
    identity_ = axes_[0].link->identity();
    identity_.address = address;
  }

  [[nodiscard]] Identity identity() const override { return identity_; }

  void make_safe() override {
    std::optional<DeviceError> failed;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      try {
        stop_move(i);
      } catch (const DeviceError& error) {  // the others must stop all the same
        failed = error;
      }
    }
    for (std::size_t i = 0; i < axes_.size() && !failed; ++i) {
      if (!wait(i, longest_stop, {})) {
        axes_[i].link->fail("make safe", "it still moves", Retry::yes);
      }
    }
    if (failed) {
      throw DeviceError(*failed);
    }
  }

  [[nodiscard]] std::vector<StageAxis> axes() const override {
    std::vector<StageAxis> all;
    for (const Axis& axis : axes_) {
      all.push_back(axis.described);
    }
    return all;
  }

  [[nodiscard]] double position(std::size_t axis) override {
    return at(axis, "position").position.read("position");
  }

  double set_speed(std::size_t axis, double speed_per_s) override {
    constexpr const char* operation = "set speed";
    const Axis& a = at(axis, operation);
    if (!(speed_per_s > 0.0)) {
      a.link->fail(operation, fmt::format("{} (must be > 0)", speed_per_s), Retry::no);
    }
    a.velocity.write(operation, std::min(speed_per_s, a.described.max_speed_per_s));
    return a.velocity.read(operation);
  }
  [[nodiscard]] double speed(std::size_t axis) override {
    return at(axis, "speed").velocity.read("speed");
  }

  void start_move(std::size_t axis, double target) override {
    constexpr const char* operation = "move";
    Axis& a = at(axis, operation);
    const StageAxis& d = a.described;
    if (!d.range.contains(target)) {
      a.link->fail(operation,
                   fmt::format("{} {} is outside of axis {} ({} to {})",
                               target,
                               d.unit,
                               d.name,
                               d.range.low,
                               d.range.high),
                   Retry::no);
    }
    a.position.write(operation, target);
    a.target = target;
    a.started = clock_->now();
  }

  [[nodiscard]] AxisState state(std::size_t axis) override {
    constexpr const char* operation = "state";
    switch (at(axis, operation).link->state(operation)) {
      case tango::State::on:
      case tango::State::standby:
      case tango::State::open:
      case tango::State::close:
      case tango::State::insert:
      case tango::State::extract:
        return AxisState::standing;
      case tango::State::moving:
      case tango::State::running:
        return AxisState::moving;
      case tango::State::alarm:
        return AxisState::limit;
      default:
        return AxisState::fault;
    }
  }

  bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) override {
    const Axis& a = at(axis, "wait");
    return poll_until(*clock_, period, timeout, stop, [&] {
      const AxisState now = state(axis);
      return now != AxisState::moving && (now == AxisState::fault || arrived(a));
    });
  }

  void stop_move(std::size_t axis) override {
    Axis& a = at(axis, "stop");
    a.link->command("stop", a.stop);
    a.target.reset();
  }

 private:
  /// Or its move cannot be still about to begin.
  [[nodiscard]] bool arrived(const Axis& a) const {
    return !a.target || clock_->now() - a.started > late_state ||
           std::abs(a.position.read("wait") - *a.target) <= a.described.tolerance;
  }

  [[nodiscard]] Axis& at(std::size_t axis, const char* operation) {
    if (axis >= axes_.size()) {
      throw DeviceError(role_,
                        operation,
                        fmt::format("no axis {} (there are {})", axis, axes_.size()),
                        Retry::no);
    }
    return axes_[axis];
  }

  Clock* clock_;
  std::string role_;
  std::vector<Axis> axes_;
  Identity identity_;
};

}  // namespace

std::unique_ptr<Stage> open_tango_stage(const std::string& address,
                                        Clock& clock,
                                        const std::string& role,
                                        const TangoParams& params) {
  return std::make_unique<TangoStage>(address, clock, role, params);
}

}  // namespace halotwin::devices
