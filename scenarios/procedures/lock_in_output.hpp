// What a lock-in measures, as voltages for the next instrument.
#pragma once

#include <array>
#include <complex>
#include <span>
#include <vector>

#include "data/recording_writer.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::scenarios {

/// Sends the demodulated phase to output `number` (1, 2 ...). Throws ParameterError if the
/// instrument has another scale there than the one that the readings will be divided by.
void send_phase(devices::LockIn& lock_in, int number, double scale_v_per_rad);

/// X and Y of a lock-in at its outputs 1 and 2, whatever scale the instrument has there.
class XyOutputs {
 public:
  /// Signal "output_scale": volt at the outputs per volt of X and of Y, as applied.
  void define(data::RecordingWriter& recording);
  /// Asks for a scale and records the one that the instrument applies. Throws ParameterError if an
  /// output carries something else.
  void send(devices::LockIn& lock_in, double wanted_scale, data::RecordingWriter& recording);
  /// x + i y at the lock-in's input [V, peak] from voltages at the outputs.
  [[nodiscard]] std::vector<std::complex<float>> phasors(std::span<const float> volts_1,
                                                         std::span<const float> volts_2) const;

 private:
  std::array<double, 2> scales_{1.0, 1.0};
  data::SignalId signal_;
};

}  // namespace halotwin::scenarios
