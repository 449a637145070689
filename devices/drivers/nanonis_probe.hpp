// Driver of a probe microscope behind a Nanonis controller (SPECS Zurich), over its TCP programming
// interface.
//
// nanonis://host:port (6501 to 6504; one connection each, so one program per port). Source:
// "Nanonis SPM Control Software TCP Protocol", 2021 to 2025. Not tried on the instrument itself.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

inline constexpr std::uint16_t nanonis_port = 6501;

/// What the controller does not tell.
struct NanonisParams {
  double max_speed_m_per_s = 1.0e-4;    // of the tip across the sample
  double arrival_tolerance_m = 1.0e-9;  // a move is over when the sensor is that near
  Range drive_hz{100.0, 5.0e6};         // of the oscillation controller
};

/// For its connections: whole images are long answers, and averages take their time.
[[nodiscard]] WireLimits nanonis_wire_limits();

/// Asks who answers (Util.VersionGet; software before 2024 does not know it, and is known by its
/// 128 signals) and what its ranges are; changes nothing. What is set is read back. A connection
/// that was closed is opened again once per operation, and the same instrument must answer; the
/// start of a scan, a sweep or an approach is not repeated. Throws DeviceError if nobody answers,
/// or something else.
///
/// Mapping:
/// - positioner: Follow Me, ranges from Piezo.RangeGet around 0. Lengths of moves come from the
///   speed; arrival is seen in the position.
/// - height: engaged while the Z-controller is on or on hold. approach = AutoApproach. withdraw
///   goes to the end of the range, however far is asked, as ZCtrl.Withdraw does. The controllers
///   are found by "amplitude" and "deflection" in their names. The setpoint of the amplitude is the
///   fraction of the free amplitude (signal "amplitude") as it is when the approach begins; the
///   fraction is not a number until it is set, or while nothing tells the free amplitude. Gains:
///   P = proportional_gain, I = integral_rate_per_s. If the instrument refuses one of several
///   settings, those before it are applied.
/// - drive: PLL 1, both of its loops switched off by configure(). Phase = - phase reference of its
///   demodulator. tune = frequency sweep with the controller's fit; uncertainties are worked out
///   here from the scatter of the sweep around that fit. A stop ends it.
/// - signals: as the controller names them, "LI Demod 1 X (A)" -> "li_demod_1_x", degrees as rad.
///   Those called "Internal" are left out.
/// - scanner: frames run upwards, row 0 is the lowest; no continuous and no bouncy scans. Pixels
///   are rounded by the instrument to multiples of 16: see what configure() returns. Not offered
///   with software before 2024, which numbers the channels of a scan otherwise.
/// - kelvin: where the module is there. The signal that the loop holds at zero is chosen where one
///   is named after "KPFM" and the mode; elsewhere it stays as it was set up at the controller. The
///   contact potential is the bias, averaged. Off brings back the bias from before. Rounding to 32
///   bits is not told.
/// - spectroscopy: BiasSpectr and ZSpectr, one sweep with the data in the answer to Start; linear
///   segments must be chosen at the controller. The times that the interface does not have (average
///   of Z, end settling, slew rate) stay as they were. Not known from the instrument: the sign of
///   the Z offset (taken as away from the sample), whether backward rows are marked "[bwd]" and
///   stand at the places of the first row as in files, what a stopped sweep leaves behind.
/// make_safe() stops sweep, scan and move, switches the Kelvin loop off if there is one, withdraws,
/// and sets the bias to 0 V; each is tried whatever happened to the one before.
[[nodiscard]] std::unique_ptr<ProbeMicroscope> open_nanonis_probe(Connect connect,
                                                                  Clock& clock,
                                                                  const std::string& role,
                                                                  const std::string& address,
                                                                  const NanonisParams& params = {});

}  // namespace halotwin::devices
