// Where the tip is: FolMe, ZCtrl, AutoApproach.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

/// Longer than any operation of a healthy microscope.
constexpr Duration patience = std::chrono::minutes(10);

enum Controller : std::int32_t { of_amplitude = 0, of_deflection = 1 };
const std::array<std::string, 2> controllers{"Amplitude (m)", "Deflection (m)"};

}  // namespace

void NanonisService::add_position() {
  add("FolMe.XYPosGet", "dd", [this](Reader& in, Writer& out) {
    static_cast<void>(in.u32());  // always the newest
    in.end();
    const Point at = microscope_->positioner().position();
    out.f64(at.x_m).f64(at.y_m);
  });
  add("FolMe.XYPosSet", "", [this](Reader& in, Writer&) {
    const double x_m = in.f64();
    const double y_m = in.f64();
    const bool wait = in.u32() != 0;
    in.end();
    TipPositioner& xy = microscope_->positioner();
    if (waited_ == Duration::zero()) {
      follow_scan();
      if (scan_.running) {
        refuse("a scan is under way");
      }
      const double scan_speed = scan_.frame.width_m / scan_.frame.line_time_s;
      xy.start_move({x_m, y_m}, custom_speed_ ? move_speed_m_per_s_ : scan_speed);
    }
    if (wait && !xy.wait_move(Duration::zero(), {})) {
      throw NotYet{};
    }
  });
  add("FolMe.SpeedGet", "fu", [this](Reader& in, Writer& out) {
    in.end();
    out.f32(move_speed_m_per_s_).u32(custom_speed_ ? 1 : 0);
  });
  add("FolMe.SpeedSet", "", [this](Reader& in, Writer&) {
    const double speed_m_per_s = in.f32();
    const bool custom = in.u32() != 0;
    in.end();
    const double most = microscope_->positioner().limits().max_speed_m_per_s;
    if (!(speed_m_per_s > 0.0)) {
      refuse(fmt::format("a speed of {} m/s (must be > 0)", speed_m_per_s));
    }
    move_speed_m_per_s_ = std::min(speed_m_per_s, most);
    custom_speed_ = custom;
  });
  add("FolMe.Stop", "", [this](Reader& in, Writer&) {
    in.end();
    microscope_->positioner().stop_move();
  });
}

// Free while the tip is away; then what it was last.
double NanonisService::free_amplitude_m() {
  const auto amplitude = find("amplitude");
  if (!amplitude) {
    refuse("the microscope has no amplitude");
  }
  if (!microscope_->height().engaged()) {
    const std::array<std::size_t, 1> index{*amplitude};
    std::array<double, 1> value{};
    microscope_->signals().read(index, value);
    free_amplitude_m_ = value[0];
  }
  return free_amplitude_m_;
}

void NanonisService::change_feedback(const std::function<void(FeedbackSettings&)>& edit) {
  FeedbackSettings wanted = microscope_->height().settings();
  edit(wanted);
  microscope_->height().configure(wanted);
}

void NanonisService::set_setpoint(double setpoint_m) {
  if (microscope_->height().settings().quantity == FeedbackQuantity::deflection) {
    change_feedback([&](FeedbackSettings& s) { s.setpoint_deflection_m = setpoint_m; });
    return;
  }
  if (!(setpoint_m > 0.0 && std::isfinite(setpoint_m))) {
    refuse(fmt::format("a setpoint of {} m (must be > 0)", setpoint_m));
  }
  const auto before = std::exchange(setpoint_m_, setpoint_m);
  try {
    apply_setpoint();
  } catch (const DeviceError&) {
    setpoint_m_ = before;
    throw;
  }
}

void NanonisService::apply_setpoint() {
  const double free_m = free_amplitude_m();
  if (setpoint_m_ && free_m > 0.0) {
    change_feedback([&](FeedbackSettings& s) { s.setpoint_fraction = *setpoint_m_ / free_m; });
  }
}

void NanonisService::approach() {
  approaching_ = false;
  if (microscope_->height().settings().quantity == FeedbackQuantity::amplitude) {
    apply_setpoint();
  }
  microscope_->height().approach(patience, {});
}

void NanonisService::withdraw(bool wait, std::int32_t timeout_ms) {
  approaching_ = false;
  stop_scan();
  HeightControl& height = microscope_->height();
  const Range range = height.range_m();
  const double way_m = range.high - range.low;  // as far as it goes
  const Duration timeout = !wait            ? Duration::zero()
                           : timeout_ms < 0 ? patience
                                            : std::chrono::milliseconds(timeout_ms);
  try {
    height.withdraw(way_m > 0.0 ? way_m : 1.0e-6, timeout, {});
  } catch (const DeviceError& error) {
    if (wait || error.retry() == Retry::no) {
      throw;
    }  // else: it goes on by itself
  }
}

void NanonisService::add_height() {
  add("ZCtrl.ZPosGet", "f", [this](Reader& in, Writer& out) {
    in.end();
    out.f32(microscope_->height().height_m());
  });
  add("ZCtrl.ZPosSet", "", [this](Reader&, Writer&) {
    refuse("the height cannot be set; withdraw or approach");
  });
  add("ZCtrl.LimitsGet", "ff", [this](Reader& in, Writer& out) {
    in.end();
    const Range z = microscope_->height().range_m();
    out.f32(z.high).f32(z.low);
  });
  add("ZCtrl.CtrlListGet", "Si", [this](Reader& in, Writer& out) {
    in.end();
    const bool contact = microscope_->height().settings().quantity == FeedbackQuantity::deflection;
    out.texts(controllers).i32(contact ? of_deflection : of_amplitude);
  });
  add("ZCtrl.ActiveCtrlSet", "", [this](Reader& in, Writer&) {
    const std::int32_t index = in.i32();
    in.end();
    if (index != of_amplitude && index != of_deflection) {
      refuse(fmt::format("no controller {}", index));
    }
    change_feedback([&](FeedbackSettings& s) {
      s.quantity =
          index == of_deflection ? FeedbackQuantity::deflection : FeedbackQuantity::amplitude;
    });
  });
  add("ZCtrl.SetpntGet", "f", [this](Reader& in, Writer& out) {
    in.end();
    const FeedbackSettings now = microscope_->height().settings();
    out.f32(now.quantity == FeedbackQuantity::deflection ? now.setpoint_deflection_m
            : setpoint_m_                                ? *setpoint_m_
                          : now.setpoint_fraction * free_amplitude_m());
  });
  add("ZCtrl.SetpntSet", "", [this](Reader& in, Writer&) {
    const double setpoint_m = in.f32();
    in.end();
    set_setpoint(setpoint_m);
  });
  add("ZCtrl.GainGet", "fff", [this](Reader& in, Writer& out) {
    in.end();
    const FeedbackSettings now = microscope_->height().settings();
    const double rate = now.integral_rate_per_s;
    out.f32(now.proportional_gain).f32(rate > 0.0 ? now.proportional_gain / rate : 0.0).f32(rate);
  });
  add("ZCtrl.GainSet", "", [this](Reader& in, Writer&) {
    const double proportional = in.f32();
    const double time_s = in.f32();
    const double integral = in.f32();
    in.end();
    change_feedback([&](FeedbackSettings& s) {
      s.proportional_gain = proportional;
      s.integral_rate_per_s = integral == 0.0 && time_s > 0.0 ? proportional / time_s : integral;
    });
  });
  add("ZCtrl.Withdraw", "", [this](Reader& in, Writer&) {
    const bool wait = in.u32() != 0;
    const std::int32_t timeout_ms = in.i32();
    in.end();
    withdraw(wait, timeout_ms);
  });
}

void NanonisService::add_approach() {
  const auto mode = [this] { return microscope_->height().settings().mode; };
  add("ZCtrl.OnOffGet", "u", [mode](Reader& in, Writer& out) {
    in.end();
    out.u32(mode() == FeedbackMode::on ? 1 : 0);
  });
  add("ZCtrl.OnOffSet", "", [this](Reader& in, Writer&) {
    const bool on = in.u32() != 0;
    in.end();
    if (microscope_->height().engaged()) {
      change_feedback(
          [&](FeedbackSettings& s) { s.mode = on ? FeedbackMode::on : FeedbackMode::hold; });
    } else if (on) {
      approach();
    }
  });
  add("ZCtrl.StatusGet", "h", [mode](Reader& in, Writer& out) {
    in.end();
    out.u16(mode() == FeedbackMode::on ? 2 : mode() == FeedbackMode::hold ? 3 : 1);
  });
  add("AutoApproach.Open", "", [](Reader& in, Writer&) { in.end(); });
  add("AutoApproach.OnOffSet", "", [this](Reader& in, Writer&) {
    const bool on = in.u16() != 0;
    in.end();
    approaching_ = on && !microscope_->height().engaged();
  });
  // What it waits for is done here if nobody let time pass in between.
  add("AutoApproach.OnOffGet", "h", [this](Reader& in, Writer& out) {
    in.end();
    if (approaching_) {
      approach();
    }
    out.u16(0);
  });
}

}  // namespace halotwin::devices
