// A probe microscope that answers as the Nanonis SPM control software does, frame by frame. Source:
// "Nanonis SPM Control Software TCP Protocol", layouts of 2024 (R13742); see
// devices/wire/nanonis_codec.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/servers/service_time.hpp"
#include "devices/wire/nanonis_codec.hpp"

namespace halotwin::devices {

class LockIn;

/// Bytes of the first request in `bytes`, 0 while its header is not complete: for a MessageServer.
/// Throws WireError (garbled).
[[nodiscard]] std::size_t nanonis_request_bytes(std::string_view bytes);

/// Offers, of the instrument's modules: Signals, Bias, FolMe, Piezo.RangeGet, ZCtrl, AutoApproach,
/// PLL 1 and its frequency sweep (the drive of the lever), KelvinCtrl, BiasSpectr, ZSpectr, Scan,
/// Util.VersionGet and SessionPathGet; LockIn where there is one. An unknown command, wrong
/// arguments and what the microscope refuses are answered by zeros and the error block.
///
/// Unlike the instrument: Bias.Set takes 0 only, the bias belongs to another device; the height
/// cannot be set; scans run upwards, one frame at a time, without pause, and FrameDataGrab says so;
/// pixels are not rounded to multiples of 16; nothing is saved. Setting a frame ends a scan.
/// Setpoints of the amplitude are metres; the microscope is given their ratio to the free
/// amplitude, anew before each approach. Three signals named "Internal KPFM ..." stand for the ways
/// in which the Kelvin loop senses; they read 0. Row 0 of FrameDataGrab is the top of the frame.
///
/// Spectroscopy makes one sweep at a time, without averages of Z and pauses; bias, height and
/// feedback always go back.
///
/// FolMe.XYPosSet and Scan.WaitEndOfScan wait without holding up others; approach, withdrawal,
/// frequency sweep and spectroscopy hold them up.
class NanonisService {
 public:
  /// `microscope` must outlive it.
  explicit NanonisService(ProbeMicroscope& microscope);

  /// Adds the lock-in module: modulator 1 on the bias, which Bias.Set sets from now on, and
  /// demodulator 1 on "Input 1 (V)", whose own signal reads 0. Of eight phase registers there is
  /// one; both harmonic 1 and phase 0 of the modulator stay, and the low-pass is never off. X and Y
  /// (or R and phi) are signals; X and Y can be scanned where cables bring the first two auxiliary
  /// outputs of `lock_in` to the microscope's signals `x` and `y`. `lock_in` must outlive it.
  void add_lock_in(LockIn& lock_in, const std::string& x = "", const std::string& y = "");

  /// What goes back for one request, "" for nothing; no value: not yet, ask again. `waited`: since
  /// the request came; zero only the first time. Throws WireError (garbled) for bytes that are no
  /// request.
  [[nodiscard]] std::optional<std::string> answer(std::string_view request,
                                                  Duration waited = Duration::zero());

  /// Sleeps on the microscope's clock; a scan and an approach that a client has started go on
  /// meanwhile, pixel by pixel.
  void let_pass(Clock& clock, Duration duration, const std::stop_token& stop = {});

 private:
  using Reader = nanonis::Reader;
  using Writer = nanonis::Writer;
  struct NotYet {};  // thrown: the answer must wait
  struct Command {
    std::string reply;  // one letter for each value: what an error answers zeros for
    std::function<void(Reader&, Writer&)> run;
  };
  struct Slot {
    std::string name;  // "Z (m)"
    std::optional<std::size_t> signal{};
    std::function<double()> value{};  // where it is not read from the microscope's signals
  };
  struct ScanState {
    ScanFrame frame;
    std::vector<std::int32_t> channels;
    bool configured = false;
    bool running = false;
    bool keep_speed = false;  // not the time per line, when the width changes
    std::size_t lines = 0;
    std::string series;
    std::string comment;
  };
  struct LockInModule;
  struct KelvinState {
    KelvinSettings settings;
    double phase_deg = 0.0;
    bool on = false;
    bool ac = false;
    bool modulated = false;
  };
  /// Of BiasSpectr and ZSpectr.
  struct SpectroscopyState {
    SpectroscopySettings settings;
    std::vector<std::int32_t> channels;
    std::array<double, 4> idle{};  // average of Z, slew rate, end settling, Z control: kept only
  };
  /// What the Kelvin loop can hold at zero, by the slot of the signal.
  static const std::map<std::size_t, KelvinMode> kelvin_slots;

  void add(const std::string& name,
           const std::string& reply,
           std::function<void(Reader&, Writer&)> run) {
    commands_[name] = {reply, std::move(run)};
  }
  void add_general();
  void add_signals();
  void add_position();
  void add_height();
  void add_approach();
  void add_drive();
  void add_sweep();
  void add_scan();
  void add_frame();
  void add_kelvin();
  void add_scan_settings();
  void add_modulator(const std::shared_ptr<LockInModule>& module);
  void add_demodulator(const std::shared_ptr<LockInModule>& module);
  void add_filters(const std::shared_ptr<LockInModule>& module);
  /// Commands of modulator 1 or demodulator 1.
  void add_to_first(const std::string& name,
                    const std::string& reply,
                    std::function<void(Reader&, Writer&)> run);
  /// Their settings of which the twin has one value only.
  void add_fixed(const std::string& name, std::int32_t only);
  void show_pair(const std::shared_ptr<LockInModule>& module);
  void add_spectroscopy();
  void add_channels(const std::string& module, SpectroscopyState& state);
  void add_times(const std::string& module, SpectroscopyState& state);
  void add_start(const std::string& module, SpectroscopyState& state);
  void add_bias_properties();
  void add_height_properties();

  [[noreturn]] void refuse(const std::string& cause) const;
  [[nodiscard]] ImageScanner& scanner() const;
  [[nodiscard]] std::optional<std::size_t> find(const std::string& signal) const;
  [[nodiscard]] std::size_t slot_of(std::int32_t index) const;
  [[nodiscard]] double value(std::size_t slot);
  [[nodiscard]] double free_amplitude_m();
  void apply_setpoint();
  void set_setpoint(double setpoint_m);
  void approach();
  void withdraw(bool wait, std::int32_t timeout_ms);
  void change_feedback(const std::function<void(FeedbackSettings&)>& edit);
  [[nodiscard]] KelvinController& kelvin() const;
  void change_kelvin(const std::function<void(KelvinState&)>& edit);
  void change_drive(const std::function<void(DriveSettings&)>& edit);
  void configure_scan(const ScanFrame& frame, const std::vector<std::int32_t>& channels);
  void scan_action(unsigned action);
  /// Notes what a scan has done until now.
  void follow_scan();
  void stop_scan();

  ProbeMicroscope* microscope_;
  std::map<std::string, Command> commands_;
  std::vector<Slot> slots_;
  std::string running_;  // name of the command
  std::uint64_t requests_ = 0;
  Duration waited_{};
  ScanState scan_;
  double move_speed_m_per_s_ = 0.0;
  bool custom_speed_ = false;
  bool approaching_ = false;
  std::optional<double> setpoint_m_;
  double free_amplitude_m_ = 0.0;  // as it was before the tip was engaged
  KelvinState kelvin_;
  SpectroscopyState bias_sweep_;
  SpectroscopyState height_sweep_;
  double sweep_range_hz_ = 1000.0;
  std::int32_t sweep_points_ = 101;
  double sweep_period_s_ = 0.0;
  double sweep_settling_s_ = 0.0;
};

/// On which a controller's scans go on.
using NanonisTime = ServiceTime<NanonisService>;

}  // namespace halotwin::devices
