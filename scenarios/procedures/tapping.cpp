#include "scenarios/procedures/tapping.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/require.hpp"

namespace halotwin::scenarios {

void validate(const TappingPlan& p) {
  require_range("setpoint_fraction", p.setpoint_fraction, 0.05, 0.99);
  require_range("mechanical_drive_v", p.mechanical_drive_v, 1e-6, 10.0);
  require_positive("tune_centre_hz", p.tune_centre_hz);
  require_positive("tune_span_hz", p.tune_span_hz);
  require_range("tune_points", p.tune_points, 5, 100000);
  require_positive("move_speed_m_per_s", p.move_speed_m_per_s);
  require_positive("withdraw_m", p.withdraw_m);
  require_positive("approach_timeout_s", p.approach_timeout_s);
  require_range("dwell_s", p.dwell_s, 0.0, 1e5);
}

Tapping::Tapping(const TappingPlan& plan, std::string procedure)
    : plan_(plan), procedure_(std::move(procedure)) {}

void Tapping::say(const RunContext& context, Level level, const std::string& text) const {
  context.bench.events().write({context.bench.clock().now(), level, procedure_, text});
}

void Tapping::set_feedback(devices::ProbeMicroscope& afm) const {
  devices::FeedbackSettings feedback = afm.height().settings();
  feedback.quantity = devices::FeedbackQuantity::amplitude;
  feedback.setpoint_fraction = plan_.setpoint_fraction;
  afm.height().configure(feedback);
}

void Tapping::drive(devices::ProbeMicroscope& afm, double frequency_hz) const {
  devices::DriveSettings settings = afm.drive().settings();
  settings.on = true;
  settings.amplitude_v = plan_.mechanical_drive_v;
  settings.frequency_hz = frequency_hz;
  afm.drive().configure(settings);
}

devices::TuneResult Tapping::tune(devices::ProbeMicroscope& afm, const RunContext& context) const {
  drive(afm, plan_.tune_centre_hz);
  const devices::TuneResult found = afm.drive().tune(plan_.tune_centre_hz,
                                                     plan_.tune_span_hz,
                                                     static_cast<std::size_t>(plan_.tune_points),
                                                     context.stop);
  drive(afm, found.resonance_hz);
  say(context,
      Level::info,
      fmt::format("tuned: resonance {:.1f} Hz, quality factor {:.1f}",
                  found.resonance_hz,
                  found.quality_factor));
  return found;
}

void Tapping::approach(devices::ProbeMicroscope& afm, const RunContext& context, Point at) const {
  devices::TipPositioner& xy = afm.positioner();
  const Duration travel = xy.start_move(at, plan_.move_speed_m_per_s);
  if (!xy.wait_move(2 * travel + from_seconds(1.0), context.stop)) {
    throw devices::DeviceError(
        "afm", "move", "the tip did not arrive in time", devices::Retry::yes);
  }
  const Duration timeout = from_seconds(plan_.approach_timeout_s);
  try {
    afm.height().approach(timeout, context.stop);
  } catch (const devices::DeviceError& error) {
    if (error.retry() == devices::Retry::no) {
      throw;
    }
    say(context, Level::warning, fmt::format("{}; trying once more", error.what()));
    withdraw(afm, context);
    afm.height().approach(timeout, context.stop);
  }
  context.bench.clock().sleep(from_seconds(plan_.dwell_s), context.stop);
}

void Tapping::withdraw(devices::ProbeMicroscope& afm, const RunContext& context) const {
  afm.height().withdraw(plan_.withdraw_m, from_seconds(plan_.approach_timeout_s), context.stop);
}

}  // namespace halotwin::scenarios
