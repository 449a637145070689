// An atomic force (or tunnelling) microscope as its controller offers it: Nanonis, Asylum, and the
// twin. One instrument, seven small interfaces; what a model lacks is a null pointer, not a
// function that fails. Who cannot do without says so: `height()` instead of `find_height()`.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/grid.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

/// Lateral position of the tip. The position is that of the scanner's sensor: drift of the sample
/// is not in it.
class TipPositioner {
 public:
  virtual ~TipPositioner() = default;
  struct Limits {
    Range x_m;
    Range y_m;
    double max_speed_m_per_s = 0.0;
  };
  [[nodiscard]] virtual Limits limits() const = 0;
  [[nodiscard]] virtual Point position() const = 0;
  /// Starts a straight move and returns; the time that it will take.
  virtual Duration start_move(Point target, double speed_m_per_s) = 0;
  /// Waits for the end of the move; false if `timeout` came first. Throws Interrupted on a stop.
  virtual bool wait_move(Duration timeout, const std::stop_token& stop) = 0;
  virtual void stop_move() = 0;

 protected:
  TipPositioner() = default;
  TipPositioner(const TipPositioner&) = default;
  TipPositioner& operator=(const TipPositioner&) = default;
};

enum class FeedbackMode { off, on, hold };

/// What the height feedback holds: the mechanical amplitude (tapping) or the deflection (contact).
enum class FeedbackQuantity { amplitude, deflection };

struct FeedbackSettings {
  FeedbackMode mode = FeedbackMode::off;
  FeedbackQuantity quantity = FeedbackQuantity::amplitude;
  double setpoint_fraction = 0.8;       // of the free amplitude
  double setpoint_deflection_m = 5e-9;  // in contact; load = stiffness * deflection
  double proportional_gain = 1.0;       // in units of the maker; 1 = as delivered
  double integral_rate_per_s = 300.0;   // bandwidth of the height loop, about
  bool operator==(const FeedbackSettings&) const = default;
};

/// Height of the tip and its feedback on the mechanical amplitude. z points away from the sample.
class HeightControl {
 public:
  virtual ~HeightControl() = default;
  virtual FeedbackSettings configure(const FeedbackSettings& wanted) = 0;
  [[nodiscard]] virtual FeedbackSettings settings() const = 0;
  /// Approaches until the setpoint is reached, feedback on afterwards. DeviceError (retry) when
  /// `timeout` comes first.
  virtual void approach(Duration timeout, const std::stop_token& stop) = 0;
  /// Feedback off, tip away by `distance_m`; returns when it is there. Once begun, the tip goes all
  /// the way: `timeout` (DeviceError, retry) and a stop (Interrupted, also when it was requested
  /// before) end the waiting only.
  virtual void withdraw(double distance_m, Duration timeout, const std::stop_token& stop) = 0;
  [[nodiscard]] virtual bool engaged() const = 0;
  [[nodiscard]] virtual double height_m() const = 0;
  [[nodiscard]] virtual Range range_m() const = 0;

 protected:
  HeightControl() = default;
  HeightControl(const HeightControl&) = default;
  HeightControl& operator=(const HeightControl&) = default;
};

struct DriveSettings {
  bool on = true;
  double frequency_hz = 75.0e3;
  double amplitude_v = 0.1;
  double phase_rad = 0.0;
  bool operator==(const DriveSettings&) const = default;
};

/// Result of a frequency sweep of the mechanical drive around resonance, with the controller's own
/// fit.
struct TuneResult {
  double resonance_hz = 0.0;
  double resonance_sigma_hz = 0.0;
  double quality_factor = 0.0;
  double quality_factor_sigma = 0.0;
  double free_amplitude_m = 0.0;
  std::vector<double> frequency_hz;
  std::vector<double> amplitude_m;
  std::vector<double> phase_rad;
};

/// Mechanical excitation of the cantilever.
class CantileverDrive {
 public:
  virtual ~CantileverDrive() = default;
  virtual DriveSettings configure(const DriveSettings& wanted) = 0;
  [[nodiscard]] virtual DriveSettings settings() const = 0;
  [[nodiscard]] virtual Range frequency_range_hz() const = 0;
  /// Sweeps the drive over centre +- span/2 where the tip is and fits the resonance. Takes time on
  /// the bench's clock.
  virtual TuneResult tune(double centre_hz,
                          double span_hz,
                          std::size_t points,
                          const std::stop_token& stop) = 0;
  /// Metres of tip motion per volt of the deflection output.
  [[nodiscard]] virtual double sensitivity_m_per_v() const = 0;

 protected:
  CantileverDrive() = default;
  CantileverDrive(const CantileverDrive&) = default;
  CantileverDrive& operator=(const CantileverDrive&) = default;
};

struct Signal {
  std::string name;  // "z", "amplitude", "phase", "deflection", "lateral", "bias", "current",
                     // "contact_potential", "aux_1", "aux_2" (voltages at the user inputs), ...
  std::string unit;
};

/// The controller's named signals, averaged over its acquisition period.
class SignalReader {
 public:
  virtual ~SignalReader() = default;
  [[nodiscard]] virtual std::vector<Signal> signals() const = 0;
  /// Values of the signals with these indices, after the newest acquisition period.
  virtual void read(std::span<const std::size_t> indices, std::span<double> values) = 0;

 protected:
  SignalReader() = default;
  SignalReader(const SignalReader&) = default;
  SignalReader& operator=(const SignalReader&) = default;
};

/// Index of a signal by name, or DeviceError that lists what there is.
[[nodiscard]] std::size_t find_signal(const SignalReader& reader,
                                      const std::string& device,
                                      const std::string& name);

struct ScanFrame {
  Point centre{};
  double width_m = 1.0e-6;
  double height_m = 1.0e-6;
  double angle_rad = 0.0;  // positive = clockwise, as at the controller
  std::size_t columns = 128;
  std::size_t rows = 128;
  double line_time_s = 1.0;  // one direction
  bool operator==(const ScanFrame&) const = default;
};

enum class ScanDirection { forward, backward };

/// Raster images of the signals.
class ImageScanner {
 public:
  virtual ~ImageScanner() = default;
  virtual ScanFrame configure(const ScanFrame& wanted,
                              std::span<const std::size_t> signal_indices) = 0;
  [[nodiscard]] virtual ScanFrame frame() const = 0;
  /// Whether all lines come at once, at the end of the frame.
  [[nodiscard]] virtual bool whole_frames() const { return false; }
  virtual void start() = 0;
  /// Waits until one more line is complete and returns how many are; less than before + 1 if
  /// `timeout` came first.
  virtual std::size_t wait_line(Duration timeout, const std::stop_token& stop) = 0;
  virtual void stop() = 0;
  /// What has been scanned so far, NaN elsewhere; row 0 is the first line scanned.
  [[nodiscard]] virtual Image<float> data(std::size_t signal_index,
                                          ScanDirection direction) const = 0;

 protected:
  ImageScanner() = default;
  ImageScanner(const ImageScanner&) = default;
  ImageScanner& operator=(const ImageScanner&) = default;
};

enum class SweptQuantity { bias, height };

struct SpectroscopySettings {
  SweptQuantity swept = SweptQuantity::bias;
  double from = 0.0;  // V, or m relative to the present height
  double to = 0.0;
  std::size_t points = 100;
  bool backward_too = true;
  double initial_settling_s = 0.05;
  double settling_s = 1.0e-3;
  double integration_s = 1.0e-3;
  double z_offset_m = 0.0;
  std::vector<std::size_t> signal_indices{};
};

/// One curve: rows are signals; the backward sweep, if any, is stored in the order of acquisition.
struct SpectroscopyCurve {
  std::vector<double> swept_forward;
  std::vector<double> swept_backward;
  std::vector<std::vector<double>> forward;
  std::vector<std::vector<double>> backward;
};

/// Curves at the present place of the tip.
class PointSpectroscopy {
 public:
  virtual ~PointSpectroscopy() = default;
  /// Time that run() will take with these settings.
  [[nodiscard]] virtual Duration expected_time(const SpectroscopySettings& settings) const = 0;
  virtual SpectroscopyCurve run(const SpectroscopySettings& settings,
                                const std::stop_token& stop) = 0;

 protected:
  PointSpectroscopy() = default;
  PointSpectroscopy(const PointSpectroscopy&) = default;
  PointSpectroscopy& operator=(const PointSpectroscopy&) = default;
};

/// How the Kelvin loop senses the contact potential difference. heterodyne: electrical drive at
/// f2 - f1 while f1 is driven mechanically, read at f2; sideband: drive at f_e << f1, read at
/// f1 +- f_e; amplitude: electrical drive on a resonance that is not driven mechanically, read
/// there.
enum class KelvinMode { heterodyne, sideband, amplitude };

struct KelvinSettings {
  KelvinMode mode = KelvinMode::heterodyne;
  double modulation_hz = 0.0;
  double modulation_peak_v = 0.0;
  double proportional_gain = 0.0;  // V of bias per V of the demodulated deflection
  double time_constant_s = 0.0;    // of the integrator: bias = gain (x + integral of x / this)
  Range bias_v{-10.0, 10.0};
  bool operator==(const KelvinSettings&) const = default;
};

/// The Kelvin loop of the controller: nulls the contact potential difference by a bias.
class KelvinController {
 public:
  virtual ~KelvinController() = default;
  virtual KelvinSettings configure(const KelvinSettings& wanted) = 0;
  virtual void set_on(bool on) = 0;
  /// CPD = V_sample - V_tip as the loop holds it [V].
  [[nodiscard]] virtual double contact_potential_v() = 0;

 protected:
  KelvinController() = default;
  KelvinController(const KelvinController&) = default;
  KelvinController& operator=(const KelvinController&) = default;
};

class ProbeMicroscope : public Device {
 public:
  [[nodiscard]] virtual TipPositioner* find_positioner() = 0;
  [[nodiscard]] virtual HeightControl* find_height() = 0;
  [[nodiscard]] virtual CantileverDrive* find_drive() = 0;
  [[nodiscard]] virtual SignalReader& signals() = 0;
  [[nodiscard]] virtual ImageScanner* scanner() = 0;
  [[nodiscard]] virtual PointSpectroscopy* spectroscopy() = 0;
  [[nodiscard]] virtual KelvinController* kelvin() = 0;

  // The parts that nearly every procedure needs, or DeviceError that names the one that is missing.
  [[nodiscard]] TipPositioner& positioner();
  [[nodiscard]] HeightControl& height();
  [[nodiscard]] CantileverDrive& drive();
};

}  // namespace halotwin::devices
