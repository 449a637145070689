// The Z-controller and the approach.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Repeat;
using nanonis::Writer;

constexpr Duration between_looks = std::chrono::milliseconds(20);
constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// Milliseconds for the controller, which has 31 bits for them.
std::int32_t milliseconds(Duration timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(ms, 0, 2'000'000'000));
}

bool mentions(std::string text, std::string_view word) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text.find(word) != std::string::npos;
}

}  // namespace

NanonisHeight::NanonisHeight(NanonisLink& link, NanonisSignals& signals)
    : link_(&link), signals_(&signals) {
  range_m_ = link.ask("open", "ZCtrl.LimitsGet", Writer(), [](Reader& in) -> Range {
    const double high_m = nanonis::finite_f32(in);
    return {nanonis::finite_f32(in), high_m};
  });
  const std::vector<Signal> all = signals.signals();
  const auto of_name = [&](auto match) {
    for (std::size_t k = 0; k < all.size() && !amplitude_; ++k) {
      if (all[k].unit == "m" && match(all[k].name)) {
        amplitude_ = k;
      }
    }
  };
  of_name([](const std::string& name) { return name == "amplitude"; });
  of_name([](const std::string& name) { return name.ends_with("_amplitude"); });
}

FeedbackMode NanonisHeight::mode() const {
  const unsigned status =
      link_->ask("read feedback", "ZCtrl.StatusGet", Writer(), [](Reader& in) { return in.u16(); });
  if (status < 1 || status > 6) {
    link_->garbled("read feedback", "ZCtrl.StatusGet", fmt::format("status {}", status));
  }
  return status == 2 ? FeedbackMode::on : status == 3 ? FeedbackMode::hold : FeedbackMode::off;
}

namespace {

struct Controllers {
  std::vector<std::string> names;
  std::size_t active = 0;
};

Controllers controllers(NanonisLink& link, const char* operation) {
  Controllers out =
      link.ask(operation, "ZCtrl.CtrlListGet", Writer(), [](Reader& in) -> Controllers {
        std::vector<std::string> names = in.texts();
        return {std::move(names), in.u32()};
      });
  if (out.active >= out.names.size()) {
    link.garbled(operation, "ZCtrl.CtrlListGet", fmt::format("no controller {}", out.active));
  }
  return out;
}

std::string_view word_of(FeedbackQuantity quantity) {
  return quantity == FeedbackQuantity::deflection ? "deflection" : "amplitude";
}

}  // namespace

FeedbackQuantity NanonisHeight::quantity() const {
  const Controllers all = controllers(*link_, "read feedback");
  return mentions(all.names[all.active], word_of(FeedbackQuantity::deflection))
             ? FeedbackQuantity::deflection
             : FeedbackQuantity::amplitude;
}

void NanonisHeight::choose(FeedbackQuantity wanted) {
  constexpr const char* operation = "configure feedback";
  const Controllers all = controllers(*link_, operation);
  if (mentions(all.names[all.active], word_of(wanted))) {
    return;
  }
  for (std::size_t k = 0; k < all.names.size(); ++k) {
    if (mentions(all.names[k], word_of(wanted))) {
      link_->tell(operation, "ZCtrl.ActiveCtrlSet", Writer().i32(static_cast<std::int32_t>(k)));
      return;
    }
  }
  std::string known;
  for (const std::string& name : all.names) {
    known += (known.empty() ? "" : ", ") + name;
  }
  link_->refuse(operation,
                fmt::format("no Z-controller of the {} (there are: {})", word_of(wanted), known));
}

double NanonisHeight::setpoint_m() const {
  return link_->ask("read feedback", "ZCtrl.SetpntGet", Writer(), nanonis::finite_f32);
}

void NanonisHeight::measure_free_amplitude() {
  if (amplitude_) {
    const std::array<std::size_t, 1> index{*amplitude_};
    std::array<double, 1> value{};
    signals_->read(index, value);
    free_amplitude_m_ = value[0];
  }
}

void NanonisHeight::set_setpoint(const char* operation, double setpoint_m) {
  constexpr double rounding = 1e-5;
  link_->tell(operation, "ZCtrl.SetpntSet", Writer().f32(setpoint_m));
  const double applied = this->setpoint_m();
  if (!(std::abs(applied - setpoint_m) <= rounding * std::abs(setpoint_m))) {
    link_->refuse(operation,
                  fmt::format("the setpoint is {} m instead of {} m", applied, setpoint_m));
  }
}

FeedbackSettings NanonisHeight::settings() const {
  const std::array<double, 3> gains =
      link_->ask("read feedback", "ZCtrl.GainGet", Writer(), [](Reader& in) {
        const double proportional = nanonis::finite_f32(in);
        const double time_s = nanonis::finite_f32(in);
        return std::array<double, 3>{proportional, time_s, nanonis::finite_f32(in)};
      });
  FeedbackSettings out;
  out.mode = mode();
  out.quantity = quantity();
  const double now_m = setpoint_m();
  const bool by_amplitude = out.quantity == FeedbackQuantity::amplitude;
  out.setpoint_deflection_m = by_amplitude ? deflection_m_ : now_m;
  out.setpoint_fraction = fraction_                                 ? *fraction_
                          : by_amplitude && free_amplitude_m_ > 0.0 ? now_m / free_amplitude_m_
                                                                    : not_known;
  out.proportional_gain = gains[0];
  out.integral_rate_per_s = gains[2];
  return out;
}

FeedbackSettings NanonisHeight::configure(const FeedbackSettings& wanted) {
  constexpr const char* operation = "configure feedback";
  const bool by_deflection = wanted.quantity == FeedbackQuantity::deflection;
  // in contact it is given back as settings() told it: not known
  const bool no_fraction = by_deflection && std::isnan(wanted.setpoint_fraction);
  if (!no_fraction && !(wanted.setpoint_fraction > 0.0 && wanted.setpoint_fraction < 1.0)) {
    link_->refuse(operation,
                  fmt::format("setpoint {} of the free amplitude (must be between 0 and 1)",
                              wanted.setpoint_fraction));
  }
  if (by_deflection &&
      !(wanted.setpoint_deflection_m > 0.0 && std::isfinite(wanted.setpoint_deflection_m))) {
    link_->refuse(operation, "the setpoint of the deflection must be above 0");
  }
  if (!(wanted.proportional_gain >= 0.0 && std::isfinite(wanted.proportional_gain)) ||
      !(wanted.integral_rate_per_s >= 0.0 && std::isfinite(wanted.integral_rate_per_s))) {
    link_->refuse(operation, "a gain is below 0 or no number");
  }
  if (!by_deflection && !amplitude_) {
    link_->refuse(operation, "no signal is called amplitude: what is the free amplitude?");
  }
  const bool touching = engaged();
  if (wanted.mode == FeedbackMode::on && !touching) {
    link_->refuse(operation, "the tip is withdrawn: approach switches the feedback on");
  }
  if (!touching) {
    measure_free_amplitude();
  } else if (!by_deflection && !(free_amplitude_m_ > 0.0)) {
    link_->refuse(operation, "the free amplitude is not known: withdraw first");
  }
  choose(wanted.quantity);
  const double rate = wanted.integral_rate_per_s;
  link_->tell(operation,
              "ZCtrl.GainSet",
              Writer()
                  .f32(wanted.proportional_gain)
                  .f32(rate > 0.0 ? wanted.proportional_gain / rate : 0.0)
                  .f32(rate));
  if (by_deflection) {
    set_setpoint(operation, wanted.setpoint_deflection_m);
  } else if (free_amplitude_m_ > 0.0) {  // else: when the approach begins
    set_setpoint(operation, wanted.setpoint_fraction * free_amplitude_m_);
  }
  if (!no_fraction) {
    fraction_ = wanted.setpoint_fraction;
  }
  deflection_m_ = wanted.setpoint_deflection_m;
  if (touching) {
    link_->tell(operation, "ZCtrl.OnOffSet", Writer().u32(wanted.mode == FeedbackMode::on ? 1 : 0));
  }
  return settings();
}

void NanonisHeight::give_up_approach() {
  link_->tell("approach", "AutoApproach.OnOffSet", Writer().u16(0));
  link_->tell("approach", "ZCtrl.Withdraw", Writer().u32(0).i32(0));
}

void NanonisHeight::approach(Duration timeout, const std::stop_token& stop) {
  constexpr const char* operation = "approach";
  Clock& clock = link_->clock();
  const Duration start = clock.now();
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  if (engaged()) {
    return;
  }
  if (quantity() == FeedbackQuantity::amplitude) {
    measure_free_amplitude();
    if (amplitude_ && !(free_amplitude_m_ > 0.0)) {
      link_->refuse(operation, "the cantilever is not driven");
    }
    if (fraction_ && free_amplitude_m_ > 0.0) {
      set_setpoint(operation, *fraction_ * free_amplitude_m_);
    }
  }
  link_->tell(operation, "AutoApproach.Open", Writer());
  link_->tell(operation, "AutoApproach.OnOffSet", Writer().u16(1), {.repeat = Repeat::no});
  for (unsigned going = 1; going != 0;) {
    const Duration left = timeout - (clock.now() - start);
    if (left <= Duration::zero()) {
      give_up_approach();
      throw DeviceError(link_->role(), operation, "setpoint not reached in time", Retry::yes);
    }
    try {
      clock.sleep(std::min(left, between_looks), stop);
    } catch (const Interrupted&) {
      give_up_approach();
      throw;
    }
    going = link_->ask(operation,
                       "AutoApproach.OnOffGet",
                       Writer(),
                       [](Reader& in) { return in.u16(); },
                       {.longer = timeout});
  }
  if (!engaged()) {
    throw DeviceError(link_->role(), operation, "it ended without reaching the sample", Retry::yes);
  }
}

void NanonisHeight::withdraw(double distance_m, Duration timeout, const std::stop_token& stop) {
  constexpr const char* operation = "withdraw";
  if (!(distance_m > 0.0)) {
    link_->refuse(operation, "the distance must be > 0");
  }
  if (stop.stop_requested()) {
    link_->tell(operation, "ZCtrl.Withdraw", Writer().u32(0).i32(0));
    throw Interrupted("stopped on request");
  }
  try {
    link_->tell(operation,
                "ZCtrl.Withdraw",
                Writer().u32(1).i32(milliseconds(timeout)),
                {.longer = timeout, .stop = stop});
  } catch (const DeviceError& error) {
    if (error.retry() == Retry::no && !engaged()) {  // on its way, but the time was over
      throw DeviceError(link_->role(), operation, error.cause(), Retry::yes);
    }
    throw;
  }
}

double NanonisHeight::height_m() const {
  return link_->ask("read height", "ZCtrl.ZPosGet", Writer(), nanonis::finite_f32);
}

}  // namespace halotwin::devices
