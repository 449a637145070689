// One camera of Andor's library: calls of it one at a time in the whole program, since the library
// is not thread-safe and knows one current camera.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "devices/device.hpp"
#include "devices/drivers/andor_api.hpp"

namespace halotwin::devices::andor {

/// Everything throws DeviceError, named after `role`, with the library's function and answer.
class Link {
 public:
  /// Initialises camera `index` (from 0) with the maker's files in `config`.
  Link(std::shared_ptr<const Api> api, int index, const std::string& config, std::string role);
  /// Shuts the library down for this camera.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Calls one function and returns what it answers.
  template <class... Parameters, class... Arguments>
  [[nodiscard]] Code ask(const Function<Parameters...>& function, Arguments... arguments) {
    const std::scoped_lock turn(mutex());
    const Code code = select();
    return code == success ? function.call(arguments...) : code;
  }
  /// Calls a function that must succeed.
  template <class... Parameters, class... Arguments>
  void call(const char* operation,
            const Function<Parameters...>& function,
            Arguments... arguments) {
    if (const Code code = ask(function, arguments...); code != success) {
      fail(operation, function.name, code);
    }
  }
  [[noreturn]] void fail(const char* operation, const char* function, Code code) const;
  [[noreturn]] void refuse(const char* operation,
                           const std::string& cause,
                           Retry retry = Retry::no) const;

  [[nodiscard]] const Api& api() const { return *api_; }
  [[nodiscard]] const std::string& role() const { return role_; }

  /// acquiring, idle, or an error of the series.
  [[nodiscard]] Code status(const char* operation);
  /// Waits until something has happened, at most `ms`, which a stop cuts short.
  void wait(const char* operation, int ms, const std::stop_token& stop);
  /// The image of that number (from 1) into `pixels`; false if it has not come yet. Throws if it
  /// was overwritten.
  [[nodiscard]] bool take(const char* operation,
                          std::int32_t image,
                          std::span<std::uint16_t> pixels);
  /// Ends a series. Returns when the camera is idle.
  void abort(const char* operation);

 private:
  /// Of the library; it is held while a function runs.
  [[nodiscard]] static std::mutex& mutex();
  /// Makes this the current camera.
  [[nodiscard]] Code select();

  std::shared_ptr<const Api> api_;
  std::string role_;
  std::int32_t handle_ = 0;
};

}  // namespace halotwin::devices::andor
