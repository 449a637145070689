#include <algorithm>

#include <fmt/format.h>

#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

FeedbackSettings ProbeHeight::configure(const FeedbackSettings& wanted) {
  s_->strike("configure feedback");
  if (!(wanted.setpoint_fraction > 0.0 && wanted.setpoint_fraction < 1.0)) {
    throw DeviceError(s_->role,
                      "configure feedback",
                      fmt::format("setpoint {} of the free amplitude (must be between 0 and 1)",
                                  wanted.setpoint_fraction),
                      Retry::no);
  }
  if (wanted.quantity == FeedbackQuantity::deflection &&
      !(wanted.setpoint_deflection_m > 0.0 && wanted.setpoint_deflection_m <= 1.0e-6)) {
    throw DeviceError(s_->role,
                      "configure feedback",
                      fmt::format("setpoint {} m of the deflection (must be > 0 and at most 1e-6)",
                                  wanted.setpoint_deflection_m),
                      Retry::no);
  }
  if (!(wanted.proportional_gain >= 0.0 && wanted.integral_rate_per_s >= 0.0)) {
    throw DeviceError(s_->role, "configure feedback", "a gain is below 0 or no number", Retry::no);
  }
  s_->follow_surface();
  s_->feedback = wanted;
  s_->rest_on_surface();
  s_->settle();
  return s_->feedback;
}

void ProbeHeight::approach(Duration timeout, const std::stop_token& stop) {
  s_->strike("approach");
  const Duration needed = from_seconds(s_->params.approach_time_s);
  s_->world->clock().sleep(std::min(needed, timeout), stop);
  if (needed > timeout) {
    throw DeviceError(s_->role, "approach", "setpoint not reached in time", Retry::yes);
  }
  if (s_->feedback.quantity == FeedbackQuantity::amplitude && s_->free_amplitude_m() <= 0.0) {
    throw DeviceError(s_->role, "approach", "the cantilever is not driven", Retry::no);
  }
  ++s_->place;
  const auto& around = s_->world->surroundings();
  s_->gap_error_m = around.height_noise
                        ? s_->params.gap_error_rms_m * s_->draw(Purpose::height_feedback, 0)
                        : 0.0;
  s_->engaged = true;
  s_->feedback.mode = FeedbackMode::on;
  s_->rest_on_surface();
  s_->settle();
}

void ProbeHeight::withdraw(double distance_m, Duration timeout, const std::stop_token& stop) {
  s_->strike("withdraw");
  if (!(distance_m > 0.0)) {
    throw DeviceError(s_->role, "withdraw", "the distance must be > 0", Retry::no);
  }
  s_->engaged = false;
  s_->feedback.mode = FeedbackMode::off;
  s_->settle();
  const Duration needed = from_seconds(s_->params.withdraw_time_s);
  s_->world->clock().sleep(std::min(needed, timeout), stop);
  if (needed > timeout) {
    throw DeviceError(s_->role, "withdraw", "not yet withdrawn in time", Retry::yes);
  }
}

}  // namespace halotwin::devices::simulated
