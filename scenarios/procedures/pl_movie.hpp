// A photoluminescence movie: dark frames, light soaking, focus check, then one kinetic series.
// Source: paper 004 (correlation clustering imaging), Methods: 4000 frames of 30 ms at 0.7 W/cm^2
// after 5 to 10 minutes of light.
#pragma once

#include <memory>

#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

struct PlMoviePlan {
  int columns = 128;  // of the region, binned pixels
  int rows = 128;
  int left = 0;  // its corner on the sensor
  int top = 0;
  int binning = 1;
  double pixel_m = 100e-9;  // of the sensor, in the sample plane: calibration of the microscope
  int frames = 4000;
  double exposure_s = 0.03;
  double frame_period_s = 0.0;  // 0 = as fast as exposure and readout allow
  double gain = 100.0;          // EM gain
  int dark_frames = 100;        // before the light goes on; 0 = none
  double irradiance_w_per_m2 = 7000.0;
  double wavelength_m = 720e-9;
  double soak_s = 600.0;  // light before the movie
  // Focus check after the soak, see focus_check.hpp
  double focus_range_m = 0.0;  // around where the stage stands; 0 = no check
  int focus_steps = 17;
  int focus_sweeps = 5;            // through all of them
  int focus_frames = 4;            // at each, in each sweep
  double focus_settle_s = 0.05;    // after each move
  double focus_approach_m = 1e-6;  // from below, beyond the backlash of the stage
  // What the data sheet of the camera says, for the analysis; 0 = unknown
  double electrons_per_count = 12.0;   // behind the register
  double read_noise_electrons = 50.0;  // behind the register
  double offset_counts = 200.0;        // the mean of the dark frames tells better
  double saturation_counts = 65535.0;
  double most_lost_share = 0.05;  // of the frames; more is a failure
  bool operator==(const PlMoviePlan&) const = default;
};
void validate(const PlMoviePlan& p);
void visit_fields(auto& visit, PlMoviePlan& p) {
  visit("columns", p.columns);
  visit("rows", p.rows);
  visit("left", p.left);
  visit("top", p.top);
  visit("binning", p.binning);
  visit("pixel_m", p.pixel_m);
  visit("frames", p.frames);
  visit("exposure_s", p.exposure_s);
  visit("frame_period_s", p.frame_period_s);
  visit("gain", p.gain);
  visit("dark_frames", p.dark_frames);
  visit("irradiance_w_per_m2", p.irradiance_w_per_m2);
  visit("wavelength_m", p.wavelength_m);
  visit("soak_s", p.soak_s);
  visit("focus_range_m", p.focus_range_m);
  visit("focus_steps", p.focus_steps);
  visit("focus_sweeps", p.focus_sweeps);
  visit("focus_frames", p.focus_frames);
  visit("focus_settle_s", p.focus_settle_s);
  visit("focus_approach_m", p.focus_approach_m);
  visit("electrons_per_count", p.electrons_per_count);
  visit("read_noise_electrons", p.read_noise_electrons);
  visit("offset_counts", p.offset_counts);
  visit("saturation_counts", p.saturation_counts);
  visit("most_lost_share", p.most_lost_share);
}

/// Needs the roles "camera" and "light", for a focus check "focus" (a Stage with axis "z"). The
/// unit is a frame. A frame that did not come, or came incomplete, keeps its place: it is marked
/// invalid and repeats the frame before. A run that is taken up again repeats soak and dark time,
/// but goes back to the focus that its first part found.
[[nodiscard]] std::unique_ptr<Procedure> make_pl_movie(const PlMoviePlan& plan);

}  // namespace halotwin::scenarios
