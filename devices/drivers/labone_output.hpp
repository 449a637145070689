// The signal output of a HF2LI or MFLI: one oscillator, through one channel of the output's mixer.
#pragma once

#include <string>

#include "devices/drivers/labone_settings.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::devices::labone {

/// The range in which a HF2LI is kept: its amplitude and offset count in ranges (unverified; in a
/// range of 1 V it makes no difference).
inline constexpr double hf2_output_range_v = 1.0;
/// The largest range of a MFLI.
inline constexpr double mf_output_range_v = 10.0;

class SignalOutput {
 public:
  SignalOutput(const Link& link, std::string role, int output);

  /// Says which instrument it is, and which channel of the mixer.
  void identify(bool hf2, int mixer_channel);
  /// All throw LinkError, and DeviceError where a setting did not arrive.
  [[nodiscard]] LockInOutput read() const;
  /// Amplitude and offset must lie in the largest range.
  LockInOutput set(const char* operation, const LockInOutput& wanted) const;
  /// Off first, then amplitude and offset to zero.
  LockInOutput make_safe(const char* operation) const;

 private:
  void apply(const char* operation, const std::vector<Wish>& wishes) const;
  [[nodiscard]] std::string amplitude() const;
  void silence(const char* operation) const;

  const Link* link_;
  std::string role_;
  std::string node_;  // "sigouts/0/"
  bool hf2_ = false;
  int mixer_ = 0;
};

}  // namespace halotwin::devices::labone
