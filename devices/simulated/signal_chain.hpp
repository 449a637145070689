// The chain of PM-DNS from the tip's voltage to the reading of the second lock-in, behind one
// interface with two engines.
//
//   generator of lock-in 2 --V(t)--> tip --(electrostatic stiffness)--> cantilever --deflection-->
//   lock-in 1
//     --phase * scale--> lock-in 2, demodulating at `harmonic` times its reference --> x + i y
//
// Source: cavar2026 (paper 000), Measurement procedure.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "base/grid.hpp"

namespace halotwin::devices::simulated {

/// What the instruments of the chain are set to. Constant between two calls of
/// SignalChain::change().
struct ChainSettings {
  struct Mechanical {
    bool engaged = false;
    Point tip{};              // where on the sample the tip really is, drift included
    std::uint64_t place = 0;  // changes whenever `tip` does, or the sample below it
    double drive_hz = 75.0e3;
    double resonance_hz = 75.0e3;  // drift included
    double amplitude_m = 10.0e-9;
    double mean_gap_m = 13.0e-9;  // orbit centre above the sample surface
    double deflection_v_per_m = 1.0e7;
    double loop_integral_per_s = 0.0;  // height feedback on the amplitude; 0 and 0: none
    double loop_proportional = 0.0;    // in units of HeightLoopParams::proportional_unit
    bool contact = false;              // the tip rests on the sample; then `engaged` is false
    double load_n = 0.0;
    double tip_growth_m = 0.0;     // of the apex radius, by wear or a change, above the parameters'
    double tip_potential_v = 0.0;  // that the tip adds to every contact potential
    bool operator==(const Mechanical&) const = default;
  };
  struct Electrical {
    double frequency_hz = 1.0e3;
    double amplitude_peak_v = 0.0;  // zero while the generator is off
    double offset_v = 0.0;
    double tip_bias_v = 0.0;  // that the microscope adds, while it sweeps
    [[nodiscard]] double dc_v() const { return offset_v + tip_bias_v; }
    bool operator==(const Electrical&) const = default;
  };
  struct PhaseStage {  // lock-in 1
    int order = 4;
    double time_constant_s = 3.0e-6;
    double scale_v_per_rad = 1.0;
    bool connected = true;
    bool operator==(const PhaseStage&) const = default;
  };
  struct SignalStage {  // lock-in 2
    int harmonic = 2;
    int order = 4;
    double time_constant_s = 1.0e-3;
    double reference_hz = 1.0e3;
    bool operator==(const SignalStage&) const = default;
  };
  struct LateralStage {  // a lock-in at the lateral output; LateralChain, not SignalChain
    bool connected = false;
    int order = 4;
    double time_constant_s = 1.0e-3;
    int harmonic = 1;
    double reference_hz = 1.0e6;
    bool operator==(const LateralStage&) const = default;
  };
  Mechanical mechanical;
  Electrical electrical;
  PhaseStage lock_in_1;
  SignalStage lock_in_2;
  LateralStage lateral;
  bool operator==(const ChainSettings&) const = default;
};

struct ChainOutput {
  std::complex<double> phasor_v;  // of lock-in 2, peak, before its phase setting
  double input_peak_v = 0.0;      // largest |voltage| at the input of lock-in 2 since the last call
  double mechanical_phase_rad = 0.0;  // mean of lock-in 1, relative to -pi/2 at resonance
};

class SignalChain {
 public:
  virtual ~SignalChain() = default;
  /// Lets `dt_s` pass under the present settings.
  virtual void advance(double dt_s) = 0;
  /// New settings from now on; filters, lever and film keep their memory.
  virtual void change(const ChainSettings& settings) = 0;
  [[nodiscard]] virtual ChainOutput output() = 0;
  /// Whether mechanical_phase_rad is the mean since the last call with the noise that is left in
  /// it; else it is without noise.
  [[nodiscard]] virtual bool phase_is_noisy() const = 0;
  /// Everything that the future depends on beside the settings, for resuming a run to the same
  /// bits.
  [[nodiscard]] virtual std::vector<double> save() const = 0;
  virtual void load(std::span<const double> state) = 0;

 protected:
  SignalChain() = default;
  SignalChain(const SignalChain&) = default;
  SignalChain& operator=(const SignalChain&) = default;
};

}  // namespace halotwin::devices::simulated
