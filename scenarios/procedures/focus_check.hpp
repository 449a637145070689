// Focus check: pictures at positions along the axis of a microscope, and the sharpest of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/focus.hpp"
#include "data/recording_writer.hpp"
#include "devices/camera.hpp"
#include "devices/stage.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

struct FocusPlan {
  double range_m = 0.0;  // around where the stage stands; 0 = no check
  int steps = 17;
  int sweeps = 5;            // through all of them
  int frames = 4;            // at each, in each sweep
  double settle_s = 0.05;    // after each move
  double approach_m = 1e-6;  // every position is reached from this far below: beyond the backlash
  bool operator==(const FocusPlan&) const = default;
};
/// `prefix`: of the names in messages.
void validate(const FocusPlan& p, const std::string& prefix);

/// Of any camera and any stage with an axis "z" in metres. In several
/// sweeps from below to above, frames are taken at each position and given a sharpness
/// (analysis/focus.hpp); the stage goes to the maximum of the curve through the means, again from
/// below. Several short sweeps instead of a long one: a film that flickers is another in each,
/// which averages and shows in the error. Signals: "focus_position" [m] and "focus_sharpness" (with
/// errors) of each sweep and position; "focus_best": best position, its standard deviation (NaN
/// where it was not found inside the range), where the stage stands from then on [m]; "focus_found"
/// 1 or 0.
class FocusCheck {
 public:
  /// `source`: who writes the events.
  FocusCheck(const FocusPlan& plan, std::string source);

  [[nodiscard]] bool wanted() const { return plan_.range_m > 0.0; }
  [[nodiscard]] double duration_s(double frame_period_s) const;
  void define(data::RecordingWriter& recording);
  /// Before anything else: throws ParameterError if the stage has no such axis or range.
  void prepare(devices::Stage& stage);
  /// `dark` (y, x): mean of dark frames; empty if there are none. A maximum at the edge of the
  /// range is a warning, and the stage goes to the sharpest position; DeviceError if no position is
  /// sharper than noise allows to tell, or too few frames came.
  void run(const RunContext& context,
           devices::Camera& camera,
           devices::Stage& stage,
           std::span<const double> dark);
  /// Of a run that is taken up again: to where the first part stood.
  void go_back(const RunContext& context, devices::Stage& stage) const;

 private:
  void go_to(const RunContext& context, devices::Stage& stage, double position_m) const;
  [[nodiscard]] analysis::Estimate look(const RunContext& context,
                                        devices::Camera& camera,
                                        std::span<const double> dark) const;
  void tell(const RunContext& context, const analysis::FocusFit& fit) const;

  FocusPlan plan_;
  std::string source_;
  std::size_t axis_ = 0;
  double first_m_ = 0.0;  // of the range
  data::SignalId position_, sharpness_, best_, found_;
};

}  // namespace halotwin::scenarios
