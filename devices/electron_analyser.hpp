// A photoelectron analyser: hemispherical, swept or snapshot (SPECS Prodigy and the like).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

/// swept: fixed analyser transmission, energy stepped; snapshot: the detector sees the window at
/// once; fixed_energy: counts against time at one energy.
enum class SpectrumMode { swept, snapshot, fixed_energy };

/// Kinetic energies [eV] as the analyser counts them.
struct SpectrumDefinition {
  SpectrumMode mode = SpectrumMode::snapshot;
  double start_ev = 0.0;
  double end_ev = 0.0;
  double step_ev = 0.1;     // swept only; a snapshot's follows from the detector
  double dwell_s = 0.1;     // per energy (swept) or per frame (snapshot)
  std::size_t samples = 1;  // points in time (fixed_energy) or frames (snapshot, added up)
  double pass_energy_ev = 20.0;
  std::string lens_mode;
  std::string scan_range;
  bool operator==(const SpectrumDefinition&) const = default;
};

/// What the analyser would really measure.
struct ValidatedSpectrum {
  SpectrumDefinition definition;
  std::vector<double> energy_ev;        // ascending kinetic energy of each channel
  std::size_t non_energy_channels = 1;  // detector slices
  Duration expected_time{};
};

enum class AcquisitionState { idle, validated, running, paused, finished, aborted, error };

struct AcquisitionStatus {
  AcquisitionState state = AcquisitionState::idle;
  std::size_t acquired_points = 0;
  std::string message;  // in the error state
};

class ElectronAnalyser : public Device {
 public:
  [[nodiscard]] virtual std::vector<std::string> lens_modes() const = 0;
  [[nodiscard]] virtual std::vector<std::string> scan_ranges() const = 0;
  [[nodiscard]] virtual Range kinetic_energy_ev() const = 0;
  /// Defines and validates; throws DeviceError if the instrument refuses.
  virtual ValidatedSpectrum define(const SpectrumDefinition& wanted) = 0;
  virtual void start() = 0;
  /// Halts a running acquisition and goes on with a paused one; DeviceError in any other state. The
  /// points are kept; a pause may take until the point under way is complete.
  virtual void pause() = 0;
  virtual void resume() = 0;
  [[nodiscard]] virtual AcquisitionStatus status() = 0;
  /// Counts of the acquired energies [from, to), slice by slice.
  [[nodiscard]] virtual std::vector<double> counts(std::size_t from, std::size_t to) = 0;
  /// Ends a running or paused acquisition; nothing if there is none.
  virtual void abort() = 0;
};

}  // namespace halotwin::devices
