// How every function of the stand-in for Andor's library begins: it finds the current camera and
// asks its hooks.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "tests/shims/andor_head.hpp"

namespace halotwin::test {

using devices::andor::Code;

/// The cameras that are attached, and the one that is meant.
std::vector<std::unique_ptr<AndorHead>>& heads();
AndorHead*& current();

/// Notices calls beside one another, for as long as it lives.
class Inside {
 public:
  Inside();
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

/// What the camera's hook answers, if it does.
std::optional<Code> hooked(AndorHead& head, const char* function);

/// Runs `act(head)` for the current camera.
template <class Act>
Code at_camera(const char* function, Act act) {
  const Inside inside;
  AndorHead* head = current();
  if (head == nullptr || !head->shim.initialised) {
    return devices::andor::not_initialized;
  }
  if (const auto answer = hooked(*head, function)) {
    return *answer;
  }
  return act(*head);
}

template <class Act>
Code when_idle(const char* function, Act act) {
  return at_camera(function, [&](AndorHead& head) {
    return head.acquiring() ? devices::andor::acquiring : act(head);
  });
}

/// Gives a number, spoilt where that is wanted.
template <class Number>
Code give(AndorHead& head, const char* function, Number* to, double value) {
  if (to == nullptr) {
    return devices::andor::p1_invalid;
  }
  const double number = head.shim.spoil ? head.shim.spoil(function, value) : value;
  if constexpr (std::is_floating_point_v<Number>) {
    *to = static_cast<Number>(number);
  } else {
    *to = static_cast<Number>(std::isnan(number) ? 0 : std::llround(number));
  }
  return devices::andor::success;
}

template <class Number>
Code tell(const char* function, Number* to, double value) {
  return at_camera(function, [&](AndorHead& head) { return give(head, function, to, value); });
}

}  // namespace halotwin::test
