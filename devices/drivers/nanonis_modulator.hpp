// The output of the lock-in module of a Nanonis controller, and what its driver asks for in both
// halves. Internal: users see nanonis_lock_in.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/drivers/nanonis_link.hpp"
#include "devices/drivers/nanonis_lock_in.hpp"

namespace halotwin::devices {

namespace nanonis {

/// The signals of the controller as it names them.
class SignalNames {
 public:
  SignalNames(NanonisLink& link, const char* operation);
  /// By its name, in capitals or not, with its unit or without. Throws DeviceError if there is
  /// none.
  [[nodiscard]] std::int32_t slot_of(const char* operation, std::string_view name) const;
  [[nodiscard]] bool has(std::int32_t slot) const;
  /// As the controller has it: "Bias (V)".
  [[nodiscard]] const std::string& name(std::int32_t slot) const;
  [[nodiscard]] std::string unit(std::int32_t slot) const;

 private:
  NanonisLink* link_;
  std::vector<std::string> names_;
};

[[nodiscard]] int ask_whole(NanonisLink& link,
                            const char* operation,
                            std::string_view command,
                            const Writer& of);
/// Sends "<what>Set" and asks "<what>Get". Throws DeviceError if it is not as it was asked for.
void set_whole(
    NanonisLink& link, const char* operation, const std::string& what, const Writer& of, int value);
/// What the signal reaches both ways, in its unit. Throws DeviceError unless that is above 0.
[[nodiscard]] double ask_range(NanonisLink& link, const char* operation, std::int32_t slot);

}  // namespace nanonis

/// v(t) = offset + amplitude cos(w t) of one of the controller's outputs.
class NanonisModulator {
 public:
  NanonisModulator(NanonisLink& link,
                   const nanonis::SignalNames& names,
                   const NanonisLockInParams& params);
  [[nodiscard]] double most_v() const { return range_v_; }
  [[nodiscard]] double most_offset_v() const { return is_bias_ ? range_v_ : 0.0; }
  LockInOutput set(const char* operation, const LockInOutput& wanted);
  [[nodiscard]] LockInOutput ask(const char* operation) const;
  void make_safe(const char* operation);

 private:
  [[nodiscard]] nanonis::Writer self() const { return nanonis::Writer().i32(number_); }
  void check(const char* operation, const LockInOutput& wanted) const;
  void bind(const char* operation);
  void switch_on(const char* operation, bool on);
  [[nodiscard]] bool is_on(const char* operation) const;
  void set_offset(const char* operation, double offset_v);
  [[nodiscard]] double ask_offset(const char* operation) const;

  NanonisLink* link_;
  std::int32_t number_;
  std::int32_t slot_;
  bool is_bias_ = false;
  double range_v_ = 0.0;
  bool bound_ = false;
};

}  // namespace halotwin::devices
