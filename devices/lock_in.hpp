// A lock-in amplifier with its signal generator: HF2LI, MFLI, SR860, SR830, the lock-in module of
// an AFM controller.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

enum class Reference { internal, external };
enum class Coupling { dc, ac };

struct LockInSettings {
  Reference reference = Reference::internal;
  double reference_hz = 1.0e3;  // of the oscillator; ignored with an external reference
  int harmonic = 1;             // demodulated at harmonic * reference_hz
  double phase_rad = 0.0;       // subtracted from the demodulated phase
  double time_constant_s = 1.0e-3;
  int filter_order = 4;        // cascaded one-pole RC stages, 6 dB/octave each
  double input_range_v = 1.0;  // peak; larger inputs overload
  Coupling coupling = Coupling::ac;
  bool operator==(const LockInSettings&) const = default;
};

/// The generator output: v(t) = offset + amplitude cos(2 pi reference_hz t).
struct LockInOutput {
  bool on = false;
  double amplitude_peak_v = 0.0;
  double offset_v = 0.0;
  bool operator==(const LockInOutput&) const = default;
};

struct LockInLimits {
  Range reference_hz;
  Range time_constant_s;
  int max_harmonic = 1;
  int max_filter_order = 1;
  Range input_range_v;
  double max_output_peak_v = 0.0;    // of amplitude plus |offset|
  double max_output_offset_v = 0.0;  // of |offset|; 0: the output has none
};

/// One demodulated value: phasor x + i y of the time dependence exp(+i w t), peak amplitude at the
/// input connector.
struct LockInReading {
  Duration time{};  // when the value was latched, by the bench's clock
  double x_v = 0.0;
  double y_v = 0.0;
  double frequency_hz = 0.0;  // of the demodulation
  bool overload = false;      // the input clipped since the last reading
};

/// One step of a sweep: set oscillator and filter, wait, read.
struct SweepStep {
  double reference_hz = 0.0;
  double time_constant_s = 0.0;
  Duration wait{};
};

/// What an auxiliary output carries: scale * (quantity) + offset, in volt. Phase in rad.
enum class AuxQuantity { off, x, y, magnitude, phase };
struct AuxOutput {
  AuxQuantity quantity = AuxQuantity::off;
  double scale_v_per_unit = 1.0;
  double offset_v = 0.0;
  bool operator==(const AuxOutput&) const = default;
};

/// Continuous samples, for instruments that stream.
class SampleStream {
 public:
  virtual ~SampleStream() = default;
  /// Starts with the nearest rate that the instrument has; returns it [samples/s].
  virtual double start(double rate_hz) = 0;
  /// Samples since the last call, at most `timeout` waiting for the first; `lost` is set if the
  /// buffer ran over.
  virtual std::vector<LockInReading> read(Duration timeout, bool& lost) = 0;
  virtual void stop() = 0;

 protected:
  SampleStream() = default;
  SampleStream(const SampleStream&) = default;
  SampleStream& operator=(const SampleStream&) = default;
};

class LockIn : public Device {
 public:
  [[nodiscard]] virtual LockInLimits limits() const = 0;
  /// Applies the nearest settings that the instrument has and returns those. The filter keeps its
  /// memory.
  virtual LockInSettings configure(const LockInSettings& wanted) = 0;
  [[nodiscard]] virtual LockInSettings settings() const = 0;
  /// Changes only the oscillator's frequency (phase-continuous), as a sweep does; returns the
  /// applied value [Hz].
  virtual double set_reference_hz(double frequency_hz) = 0;
  virtual LockInOutput set_output(const LockInOutput& wanted) = 0;
  [[nodiscard]] virtual LockInOutput output() const = 0;
  /// The newest value. Never waits for settling: the caller sleeps settling_time() on the bench's
  /// clock before.
  [[nodiscard]] virtual LockInReading read() = 0;
  /// Takes the steps one after the other and returns a reading for each; the other settings stay.
  /// One operation, so that an instrument can do it in fewer exchanges than step by step. Throws
  /// Interrupted on a stop, somewhere on the way.
  virtual std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                           const std::stop_token& stop) = 0;
  /// Time after which the filter's step response is within `relative_error` of its end, at the
  /// present settings.
  [[nodiscard]] virtual Duration settling_time(double relative_error) const = 0;
  /// Sets auxiliary output `channel` (from 0); returns the applied setting. Throws DeviceError if
  /// there is none.
  virtual AuxOutput set_aux_output(int channel, const AuxOutput& wanted) = 0;
  /// Streaming, or null if the instrument cannot.
  [[nodiscard]] virtual SampleStream* stream() = 0;
};

/// The sweep of an instrument that has no better way: configure, sleep, read.
[[nodiscard]] std::vector<LockInReading> sweep_in_steps(LockIn& lock_in,
                                                        Clock& clock,
                                                        std::span<const SweepStep> steps,
                                                        const std::stop_token& stop);

}  // namespace halotwin::devices
