// The nodes of a HF2LI or MFLI, kept by the shim and backed by a lock-in of ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "devices/drivers/labone_api.hpp"
#include "tests/shims/labone_shim.hpp"

namespace halotwin::test {

class LaboneTree {
 public:
  explicit LaboneTree(ShimInstrument& instrument);

  /// Paths below the instrument, in lower case ("oscs/0/freq"). Results as the library's.
  std::int32_t get(const std::string& node, double& value);
  std::int32_t get(const std::string& node, std::string& text) const;
  std::int32_t set(const std::string& node, double value);
  /// The newest sample: a timeout unless its demodulator is enabled.
  std::int32_t sample(const std::string& node, devices::labone::DemodSample& out);

  [[nodiscard]] std::uint64_t ticks() const;  // of the instrument's clock, now
  [[nodiscard]] double ticks_per_sample(const std::string& sample_node) const;
  [[nodiscard]] ShimInstrument& instrument() const { return *instrument_; }

 private:
  [[nodiscard]] bool hf2() const { return instrument_->model == "HF2LI"; }
  [[nodiscard]] double rounded(const std::string& node, double value) const;
  void push();

  ShimInstrument* instrument_;
  std::map<std::string, double> nodes_;
  std::map<std::string, std::string> texts_;
  std::string mixer_;  // "6": channel of output 0 that carries oscillator 0
};

}  // namespace halotwin::test
