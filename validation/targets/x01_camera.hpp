// Row X1 with the camera: one film under the microscope and under the camera. Internal to targets/.
#pragma once

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

struct CameraRegistration {
  double worst_pixels = 0.0;  // of the camera, 100 nm
  bool found = true;          // all pairs registered
  bool refused = true;        // all nulls did not
};

/// A film of large grains whose boundaries lose carriers: dark lines in the photoluminescence,
/// grooves in the topography. Its movie is registered with the topography of the microscope, with
/// the true topography and with the true density of carriers.
[[nodiscard]] CameraRegistration register_camera(Evidence& evidence, Verdict& verdict);

}  // namespace halotwin::validation
