// What the parts of the simulated microscope share. Internal: users see simulated_probe.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/simulated/probe_chain.hpp"
#include "devices/simulated/probe_tip.hpp"
#include "devices/simulated/scanner_motion.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "physics/height_loop.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// A part that lives on in time wherever the tip is: the Kelvin loop.
class PlaceFollower {
 public:
  virtual ~PlaceFollower() = default;
  /// Lets the time until now pass, at the place and settings from before.
  virtual void catch_up() = 0;
  /// The place or the settings are other ones from now on.
  virtual void changed() = 0;
  [[nodiscard]] virtual bool on() const = 0;
  /// What of the tip's bias comes from here [V].
  [[nodiscard]] virtual double bias_v() = 0;
  /// Contact potential as the loop holds it, averaged over the present pixel while scanning [V].
  [[nodiscard]] virtual double signal_v() = 0;
  /// A pixel of a scan begins; `first` of its line.
  virtual void begin_pixel(bool first) = 0;
  /// No pixel is under way.
  virtual void end_pixels() = 0;

 protected:
  PlaceFollower() = default;
  PlaceFollower(const PlaceFollower&) = default;
  PlaceFollower& operator=(const PlaceFollower&) = default;
};

/// What point spectroscopy adds to bias, height and noise while it sweeps; nothing else knows it.
struct ProbeSweep {
  double bias_v = 0.0;
  double lift_m = 0.0;           // above where the feedback has left the tip
  double potential_v = 0.0;      // of all that the tip senses, above that of the spot below it
  double resonance_shift = 0.0;  // relative; 1/f noise
};

struct ProbeState {
  ProbeState(sim::World& w, ProbeChain& c, const ProbeParams& p, const std::string& r);

  sim::World* world;
  ProbeChain* chain;
  ProbeParams params;
  std::string role;
  FeedbackSettings feedback;
  DriveSettings drive;
  bool engaged = false;
  ScannerMotion motion;
  ProbeTip tip;
  std::uint64_t place = 0;     // counts arrivals and approaches: entity of the random draws
  std::uint64_t readings = 0;  // of the height sensor
  double gap_error_m = 0.0;
  bool tuned = false;  // at least once
  PlaceFollower* kelvin = nullptr;
  ProbeSweep sweep;
  physics::HeightLoop::State followed{};  // of the height loop
  double surface_m = 0.0;                 // what it has followed so far
  Duration followed_until{};
  Point worn_at{};  // where and when the tip was used last
  Duration worn_until{};

  /// What the scanner's sensor says.
  [[nodiscard]] Point now_at() const { return motion.told(world->clock().now()); }
  /// The tip rests on the sample: engaged, and the feedback holds the deflection.
  [[nodiscard]] bool in_contact() const;
  /// Where on the sample the tip is when the sensor says `at`: offset, drift, creep.
  [[nodiscard]] Point on_sample(Point at) const;
  /// With the drift of the resonance.
  [[nodiscard]] double resonance_hz() const;
  /// Cantilever with its resonance as it is now, and its second mode.
  [[nodiscard]] physics::CantileverParams lever() const;
  [[nodiscard]] physics::CantileverParams second_mode() const;
  [[nodiscard]] double free_amplitude_m() const;
  /// On the sample: the setpoint's, and with slope 1 more or less while the tip is lifted or
  /// pressed.
  [[nodiscard]] double amplitude_at_work_m() const;
  [[nodiscard]] double draw(Purpose purpose, std::uint64_t step) const;
  [[nodiscard]] double measured_height();
  /// Bending of the lever in contact; 0 otherwise.
  [[nodiscard]] double deflection_m() const;
  /// How much nearer the tip is than the feedback wants it [m].
  [[nodiscard]] double height_error_m() const;
  /// Lets the height loop follow the surface until now.
  void follow_surface();
  /// The loop has settled on the surface below the tip.
  void rest_on_surface();
  /// Voltage at a user input: that of the output that its cable comes from, or 0.
  [[nodiscard]] double aux_input_v(const std::string& port) const;
  /// At the start of an operation: lets the faults strike that the scenario injects here.
  void strike(const char* operation);
  /// Brings the AFM's part of the chain up to date.
  void settle();

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  /// The tip wears by what it touched until now.
  void wear_tip();
  /// What the tip, blunt as it is, touches of the surface below it [m].
  [[nodiscard]] double height_below_m() const;
  [[nodiscard]] physics::HeightLoop make_loop() const;

  physics::HeightLoop loop_;
};

}  // namespace halotwin::devices::simulated
