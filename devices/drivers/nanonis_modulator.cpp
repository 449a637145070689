#include "devices/drivers/nanonis_modulator.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace halotwin::devices {

using nanonis::Reader;
using nanonis::Writer;

namespace {

/// "Bias (V)" -> {"bias", "V"}.
std::pair<std::string, std::string> parts_of(std::string_view text) {
  text = trimmed(text);
  std::string unit;
  const std::size_t open = text.rfind('(');
  if (open != std::string_view::npos && text.ends_with(')')) {
    unit = text.substr(open + 1, text.size() - open - 2);
    text = trimmed(text.substr(0, open));
  }
  std::string name(text);
  for (char& c : name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return {name, unit};
}

}  // namespace

nanonis::SignalNames::SignalNames(NanonisLink& link, const char* operation)
    : link_(&link), names_(link.ask(operation, "Signals.NamesGet", Writer(), [](Reader& in) {
        return in.texts();
      })) {}

std::int32_t nanonis::SignalNames::slot_of(const char* operation, std::string_view name) const {
  const auto wanted = parts_of(name);
  const auto found = std::find_if(names_.begin(), names_.end(), [&](const std::string& one) {
    const auto there = parts_of(one);
    return there.first == wanted.first && (wanted.second.empty() || there == wanted);
  });
  if (found == names_.end()) {
    link_->refuse(operation, fmt::format("the controller has no signal \"{}\"", name));
  }
  return static_cast<std::int32_t>(found - names_.begin());
}

bool nanonis::SignalNames::has(std::int32_t slot) const {
  return slot >= 0 && static_cast<std::size_t>(slot) < names_.size();
}

const std::string& nanonis::SignalNames::name(std::int32_t slot) const {
  return names_[static_cast<std::size_t>(slot)];
}

std::string nanonis::SignalNames::unit(std::int32_t slot) const {
  return parts_of(name(slot)).second;
}

int nanonis::ask_whole(NanonisLink& link,
                       const char* operation,
                       std::string_view command,
                       const Writer& of) {
  return link.ask(operation, command, of, [](Reader& in) { return in.i32(); });
}

void nanonis::set_whole(NanonisLink& link,
                        const char* operation,
                        const std::string& what,
                        const Writer& of,
                        int value) {
  link.tell(operation, what + "Set", Writer(of).i32(value));
  const int there = ask_whole(link, operation, what + "Get", of);
  if (there != value) {
    link.refuse(operation, fmt::format("{} is {}, not {}", what, there, value));
  }
}

double nanonis::ask_range(NanonisLink& link, const char* operation, std::int32_t slot) {
  const auto [high, low] =
      link.ask(operation, "Signals.RangeGet", Writer().i32(slot), [](Reader& in) {
        const double most = finite_f32(in);
        return std::pair(most, finite_f32(in));
      });
  if (!(low < 0.0) || !(high > 0.0)) {
    link.refuse(operation, fmt::format("signal {} goes from {} to {}", slot, low, high));
  }
  return std::min(high, -low);
}

NanonisModulator::NanonisModulator(NanonisLink& link,
                                   const nanonis::SignalNames& names,
                                   const NanonisLockInParams& params)
    : link_(&link), number_(params.modulator), slot_(names.slot_of("open", params.output)) {
  constexpr const char* operation = "open";
  if (names.unit(slot_) != "V") {
    link.refuse(operation, fmt::format("\"{}\" is no voltage", names.name(slot_)));
  }
  is_bias_ = parts_of(names.name(slot_)).first == "bias";
  range_v_ = nanonis::ask_range(link, operation, slot_);
  static_cast<void>(ask(operation));  // there is such a modulator
}

void NanonisModulator::check(const char* operation, const LockInOutput& wanted) const {
  if (!std::isfinite(wanted.amplitude_peak_v) || !std::isfinite(wanted.offset_v) ||
      wanted.amplitude_peak_v < 0.0) {
    link_->refuse(operation, "amplitude and offset must be numbers, the amplitude not negative");
  }
  if (wanted.amplitude_peak_v + std::abs(wanted.offset_v) > range_v_ * (1.0 + 1e-12)) {
    link_->refuse(operation,
                  fmt::format("{} V with {} V offset (at most {:.4g} V together)",
                              wanted.amplitude_peak_v,
                              wanted.offset_v,
                              range_v_));
  }
  if (!is_bias_ && wanted.offset_v != 0.0) {
    link_->refuse(operation, "only the bias has an offset");
  }
}

void NanonisModulator::bind(const char* operation) {
  constexpr const char* signal = "LockIn.ModSignal";
  if (nanonis::ask_whole(*link_, operation, "LockIn.ModSignalGet", self()) != slot_) {
    switch_on(operation, false);  // whatever it modulates
    nanonis::set_whole(*link_, operation, signal, self(), slot_);
  }
  nanonis::set_whole(*link_, operation, "LockIn.ModPhasReg", self(), number_);
  nanonis::set_whole(*link_, operation, "LockIn.ModHarmonic", self(), 1);
  link_->tell(operation, "LockIn.ModPhasSet", self().f32(0.0));
  bound_ = true;
}

LockInOutput NanonisModulator::set(const char* operation, const LockInOutput& wanted) {
  check(operation, wanted);
  if (!bound_) {
    bind(operation);
  }
  const bool on = wanted.on && wanted.amplitude_peak_v > 0.0;
  const double offset_v = wanted.on ? wanted.offset_v : 0.0;
  // Without modulation while the offset changes: old and new together may be too much.
  if (!on || static_cast<float>(offset_v) != static_cast<float>(ask_offset(operation))) {
    switch_on(operation, false);
    set_offset(operation, offset_v);
  }
  link_->tell(operation, "LockIn.ModAmpSet", self().f32(wanted.amplitude_peak_v));
  if (on) {
    switch_on(operation, true);
  }
  return ask(operation);
}

LockInOutput NanonisModulator::ask(const char* operation) const {
  const bool modulated = is_on(operation);
  const double amplitude_v = link_->ask(operation, "LockIn.ModAmpGet", self(), nanonis::finite_f32);
  const double offset_v = ask_offset(operation);
  return {.on = modulated || offset_v != 0.0,
          .amplitude_peak_v = modulated ? amplitude_v : 0.0,
          .offset_v = offset_v};
}

void NanonisModulator::make_safe(const char* operation) {
  std::exception_ptr first;
  try {
    switch_on(operation, false);
  } catch (const DeviceError&) {
    first = std::current_exception();
  }
  set_offset(operation, 0.0);  // whatever happened before
  if (first) {
    std::rethrow_exception(first);
  }
}

void NanonisModulator::switch_on(const char* operation, bool on) {
  link_->tell(operation, "LockIn.ModOnOffSet", self().u32(on ? 1 : 0));
  if (is_on(operation) != on) {
    link_->refuse(operation, fmt::format("the modulator is {}", on ? "off" : "on"));
  }
}

bool NanonisModulator::is_on(const char* operation) const {
  return link_->ask(operation, "LockIn.ModOnOffGet", self(), [](Reader& in) { return in.u32(); }) !=
         0;
}

void NanonisModulator::set_offset(const char* operation, double offset_v) {
  if (is_bias_) {
    link_->tell(operation, "Bias.Set", Writer().f32(offset_v));
  }
}

double NanonisModulator::ask_offset(const char* operation) const {
  return is_bias_ ? link_->ask(operation, "Bias.Get", Writer(), nanonis::finite_f32) : 0.0;
}

}  // namespace halotwin::devices
