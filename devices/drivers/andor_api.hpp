// The C interface of Andor's SDK2 for its CCD and EMCCD cameras, from the maker's library libandor,
// which is opened at run time.
//
// Names, arguments and codes are those of the maker's header atmcdLXd.h (Linux, x86-64), declared
// here as far as they are used. SetEMAdvanced is left out on purpose: gains beyond 300 age the
// sensor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "devices/drivers/shared_library.hpp"

namespace halotwin::devices::andor {

/// What every function returns.
using Code = unsigned int;
inline constexpr Code success = 20002;
inline constexpr Code error_ack = 20013;
inline constexpr Code acq_buffer = 20018;
inline constexpr Code no_new_data = 20024;
inline constexpr Code temperature_off = 20034;
inline constexpr Code temperature_not_stabilized = 20035;
inline constexpr Code temperature_stabilized = 20036;
inline constexpr Code temperature_not_reached = 20037;
inline constexpr Code temperature_drift = 20040;
inline constexpr Code p1_invalid = 20066;  // p2_invalid = p1_invalid + 1, ... to the 4th parameter
inline constexpr Code p5_invalid = 20076;  // and the 6th
inline constexpr Code acquiring = 20072;
inline constexpr Code idle = 20073;
inline constexpr Code not_initialized = 20075;
inline constexpr Code invalid_mode = 20078;
inline constexpr Code usb_error = 20089;
inline constexpr Code no_camera = 20990;
inline constexpr Code not_supported = 20991;
inline constexpr Code not_available = 20992;

/// "DRV_ACQUIRING (20072)".
[[nodiscard]] std::string text_of(Code code);
/// It may work another time: nothing is wrong with the request itself.
[[nodiscard]] bool passing(Code code);

/// AndorCapabilities: `size` is set by the caller, bits as named below.
struct Capabilities {
  std::uint32_t size = sizeof(Capabilities);
  std::uint32_t acquisition_modes = 0;
  std::uint32_t read_modes = 0;
  std::uint32_t trigger_modes = 0;
  std::uint32_t camera_type = 0;
  std::uint32_t pixel_mode = 0;
  std::uint32_t set_functions = 0;
  std::uint32_t get_functions = 0;
  std::uint32_t features = 0;
  std::uint32_t pci_card = 0;
  std::uint32_t em_gain = 0;
  std::uint32_t frame_transfer_read_modes = 0;
  std::uint32_t features_2 = 0;
};
static_assert(sizeof(Capabilities) == 52);

namespace can {
inline constexpr std::uint32_t run_till_abort = 2;     // of acquisition_modes
inline constexpr std::uint32_t kinetic = 8;            // of acquisition_modes
inline constexpr std::uint32_t frame_transfer = 16;    // of acquisition_modes
inline constexpr std::uint32_t full_image = 1;         // of read_modes
inline constexpr std::uint32_t sub_image = 2;          // of read_modes
inline constexpr std::uint32_t set_temperature = 4;    // of set_functions
inline constexpr std::uint32_t set_em_gain = 0x10;     // of set_functions
inline constexpr std::uint32_t baseline_clamp = 0x20;  // of set_functions
inline constexpr std::uint32_t preamp_gain = 0x200;    // of set_functions
inline constexpr std::uint32_t shutter = 8;            // of features
inline constexpr std::uint32_t real_em_gain = 8;       // of em_gain
}  // namespace can

inline constexpr int read_mode_image = 4;
inline constexpr int acquire_kinetic = 3;
inline constexpr int acquire_till_abort = 5;
inline constexpr int trigger_internal = 0;
inline constexpr int trigger_external = 1;
inline constexpr int trigger_software = 10;
inline constexpr int gain_mode_real = 3;
inline constexpr int amplifier_em = 0;  // the only one of cameras without EM gain
inline constexpr int shutter_ttl_high = 1;
inline constexpr int shutter_open = 1;
inline constexpr int shutter_closed = 2;
inline constexpr int stay_cooled = 1;  // cooler mode: after ShutDown

/// A function of the library and its name there.
template <class... Parameters>
struct Function {
  Function(SharedLibrary& library, const char* function_name) : name(function_name) {
    library.find(name, call);
  }
  const char* name;
  Code (*call)(Parameters...) = nullptr;
};

/// The functions that are used. Times in s unless said otherwise.
struct Api {
  explicit Api(SharedLibrary opened) : library(std::move(opened)) { library.require_all(); }

  SharedLibrary library;
  Function<std::int32_t*> get_available_cameras{library, "GetAvailableCameras"};
  Function<std::int32_t, std::int32_t*> get_camera_handle{library, "GetCameraHandle"};
  Function<std::int32_t> set_current_camera{library, "SetCurrentCamera"};
  Function<char*> initialize{library, "Initialize"};
  Function<> shutdown{library, "ShutDown"};
  Function<Capabilities*> get_capabilities{library, "GetCapabilities"};
  Function<char*> get_head_model{library, "GetHeadModel"};
  Function<int*> get_camera_serial_number{library, "GetCameraSerialNumber"};
  Function<unsigned int*, unsigned int*, unsigned int*, unsigned int*, unsigned int*, unsigned int*>
      get_hardware_version{library, "GetHardwareVersion"};
  Function<int*, int*> get_detector{library, "GetDetector"};
  Function<int*> get_status{library, "GetStatus"};
  Function<int*, int*> get_temperature_range{library, "GetTemperatureRange"};
  Function<int> set_temperature{library, "SetTemperature"};
  Function<float*> get_temperature{library, "GetTemperatureF"};
  Function<> cooler_on{library, "CoolerON"};
  Function<int*> is_cooler_on{library, "IsCoolerOn"};
  Function<int> set_cooler_mode{library, "SetCoolerMode"};
  Function<int*, int*> get_shutter_min_times{library, "GetShutterMinTimes"};
  Function<int, int, int, int> set_shutter{library, "SetShutter"};
  Function<int> set_ad_channel{library, "SetADChannel"};
  Function<int, int*> get_bit_depth{library, "GetBitDepth"};
  Function<int> set_output_amplifier{library, "SetOutputAmplifier"};
  Function<int, int, int*> get_number_hs_speeds{library, "GetNumberHSSpeeds"};
  Function<int, int, int, float*> get_hs_speed{library, "GetHSSpeed"};
  Function<int, int> set_hs_speed{library, "SetHSSpeed"};
  Function<int*, float*> get_fastest_recommended_vs_speed{library, "GetFastestRecommendedVSSpeed"};
  Function<int> set_vs_speed{library, "SetVSSpeed"};
  Function<int*> get_number_pre_amp_gains{library, "GetNumberPreAmpGains"};
  Function<int, float*> get_pre_amp_gain{library, "GetPreAmpGain"};
  Function<int, int, int, int, int*> is_pre_amp_gain_available{library, "IsPreAmpGainAvailable"};
  Function<int> set_pre_amp_gain{library, "SetPreAmpGain"};
  Function<int> set_baseline_clamp{library, "SetBaselineClamp"};
  Function<int> set_em_gain_mode{library, "SetEMGainMode"};
  Function<int*, int*> get_em_gain_range{library, "GetEMGainRange"};
  Function<int> set_em_ccd_gain{library, "SetEMCCDGain"};
  Function<int*> get_em_ccd_gain{library, "GetEMCCDGain"};
  Function<int> set_read_mode{library, "SetReadMode"};
  Function<int, int, int*> get_maximum_binning{library, "GetMaximumBinning"};
  Function<int, int, int, int, int, int> set_image{library, "SetImage"};
  Function<int> set_acquisition_mode{library, "SetAcquisitionMode"};
  Function<float> set_exposure_time{library, "SetExposureTime"};
  Function<float*> get_maximum_exposure{library, "GetMaximumExposure"};
  Function<int> set_number_kinetics{library, "SetNumberKinetics"};
  Function<float> set_kinetic_cycle_time{library, "SetKineticCycleTime"};
  Function<int> set_frame_transfer_mode{library, "SetFrameTransferMode"};
  Function<int> is_trigger_mode_available{library, "IsTriggerModeAvailable"};
  Function<int> set_trigger_mode{library, "SetTriggerMode"};
  Function<> send_software_trigger{library, "SendSoftwareTrigger"};
  Function<float*, float*, float*> get_acquisition_timings{library, "GetAcquisitionTimings"};
  Function<float*> get_read_out_time{library, "GetReadOutTime"};
  Function<> prepare_acquisition{library, "PrepareAcquisition"};
  Function<> free_internal_memory{library, "FreeInternalMemory"};
  Function<> start_acquisition{library, "StartAcquisition"};
  Function<> abort_acquisition{library, "AbortAcquisition"};
  Function<> cancel_wait{library, "CancelWait"};
  Function<int> wait_for_acquisition_time_out{library, "WaitForAcquisitionTimeOut"};
  Function<std::int32_t*> get_size_of_circular_buffer{library, "GetSizeOfCircularBuffer"};
  Function<std::int32_t*> get_total_number_images_acquired{library, "GetTotalNumberImagesAcquired"};
  Function<std::int32_t*, std::int32_t*> get_number_new_images{library, "GetNumberNewImages"};
  Function<std::int32_t, std::int32_t, std::uint16_t*, std::uint32_t, std::int32_t*, std::int32_t*>
      get_images_16{library, "GetImages16"};
};

/// Opens the maker's library and finds its functions. `library` is a name that the loader finds or
/// a path; empty: libandor.so.2, then libandor.so. It stays loaded until the program ends. Throws
/// DeviceError, for `role`, if there is no such library or functions are missing in it, with their
/// names.
[[nodiscard]] std::shared_ptr<const Api> load(const std::string& library, const std::string& role);

}  // namespace halotwin::devices::andor
