// A stand-in for Andor's library libandor: andor_shim.cpp exports the same C functions from a
// shared library of its own, and the cameras behind them are ours.
//
// It is stricter than the maker's: settings in a series, numbers out of range, empty pointers,
// wrong sizes and calls beside one another are refused.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "devices/camera.hpp"
#include "devices/drivers/andor_api.hpp"

namespace halotwin::test {

/// A camera that the shim finds, and what a person beside it could see.
struct ShimCamera {
  devices::Camera* camera = nullptr;
  Clock* clock = nullptr;
  std::string model = "DU897_twin";
  int serial = 4321;
  std::string config = "/usr/local/etc/andor";  // where its files are
  std::int32_t ring_frames = 5;                 // less than the camera's own
  double readout_s = 0.0;                       // of the camera
  int lowest_gain = 2;
  int highest_gain = 300;
  devices::andor::Capabilities capabilities{.size = 52,
                                            .acquisition_modes = 0x1f,
                                            .read_modes = 0x3f,
                                            .trigger_modes = 0x3b,
                                            .camera_type = 21,
                                            .pixel_mode = 12,
                                            .set_functions = 0x277,
                                            .get_functions = 0x2f,
                                            .features = 0x8b,
                                            .em_gain = 8};

  std::uint32_t capabilities_bytes = 52;  // older libraries: 48

  bool initialised = false;
  bool shutter_open = true;
  int shutter_ms = 20;  // shortest time to open
  bool cooler_on = false;
  int cooler_mode = 0;
  int target_c = 20;
  float temperature_c = 20.0F;
  std::map<std::string, int> chosen{};  // settings of one number, by the function that sets them
  std::vector<std::string> calls{};
  std::atomic<bool> overlapped{false};  // two calls at a time

  /// Called before a function acts. What it returns but `go_on` is answered at once; 20002 is then
  /// success without an effect.
  std::function<unsigned int(std::string_view function)> before{};
  static constexpr unsigned int go_on = 0;
  /// Changes the first number that a function gives.
  std::function<double(std::string_view function, double value)> spoil{};
};

/// The one function that the shim exports besides: attaches a camera, which must live until it is
/// detached, and returns its index.
using ShimAttachCamera = int (*)(ShimCamera* camera, bool attached);
inline constexpr const char* shim_attach_camera_name = "halotwin_andor_attach";

}  // namespace halotwin::test
