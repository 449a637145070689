// What all taped instruments share. Internal to devices/replay.
#pragma once

#include <string>
#include <utility>

#include "base/errors.hpp"
#include "devices/replay/tape.hpp"

namespace halotwin::devices {

/// The way of one role to its tape.
class TapedPart {
 public:
  TapedPart(Tape& tape, std::string role) : tape_(&tape), role_(std::move(role)) {}

  template <class Inner, class... Arguments>
  auto call(const char* operation, const Inner& inner, const Arguments&... arguments) const {
    return tape_->call(role_, operation, inner, arguments...);
  }
  /// The same of what can be stopped while it waits.
  template <class Inner, class... Arguments>
  auto wait(const char* operation,
            const std::stop_token& stop,
            const Inner& inner,
            const Arguments&... arguments) const {
    if (tape_->replaying() && stop.stop_requested()) {
      throw Interrupted("stopped on request");
    }
    return tape_->call(role_, operation, inner, arguments...);
  }
  /// Who answered; a replayed one at the address of the tape.
  template <class Inner>
  Identity identity(const Inner& inner) const {
    Identity who = call("identity", inner);
    if (tape_->replaying()) {
      who.address = "replay:" + tape_->file().string();
    }
    return who;
  }
  /// A tape is always safe: wherever it stands, this does not fail because it holds something else.
  template <class Inner>
  void make_safe(const Inner& inner) const {
    if (tape_->expects(role_, "make_safe")) {
      call("make_safe", inner);
    }
  }

 private:
  Tape* tape_;
  std::string role_;
};

}  // namespace halotwin::devices
