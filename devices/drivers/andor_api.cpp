#include "devices/drivers/andor_api.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace halotwin::devices::andor {

namespace {

struct Name {
  Code code;
  std::string_view name;
};

constexpr std::array names{
    Name{20001, "ERROR_CODES"},
    Name{success, "SUCCESS"},
    Name{20003, "VXDNOTINSTALLED"},
    Name{20004, "ERROR_SCAN"},
    Name{20005, "ERROR_CHECK_SUM"},
    Name{20006, "ERROR_FILELOAD"},
    Name{20010, "ERROR_PAGELOCK"},
    Name{error_ack, "ERROR_ACK"},
    Name{20017, "ACQUISITION_ERRORS"},
    Name{acq_buffer, "ACQ_BUFFER"},
    Name{20019, "ACQ_DOWNFIFO_FULL"},
    Name{20022, "KINETIC_TIME_NOT_MET"},
    Name{20023, "ACCUM_TIME_NOT_MET"},
    Name{no_new_data, "NO_NEW_DATA"},
    Name{20026, "SPOOLERROR"},
    Name{temperature_off, "TEMPERATURE_OFF"},
    Name{temperature_not_stabilized, "TEMPERATURE_NOT_STABILIZED"},
    Name{temperature_stabilized, "TEMPERATURE_STABILIZED"},
    Name{temperature_not_reached, "TEMPERATURE_NOT_REACHED"},
    Name{20038, "TEMPERATURE_OUT_RANGE"},
    Name{20039, "TEMPERATURE_NOT_SUPPORTED"},
    Name{temperature_drift, "TEMPERATURE_DRIFT"},
    Name{20049, "GENERAL_ERRORS"},
    Name{20051, "COF_NOTLOADED"},
    Name{20065, "DRIVER_ERRORS"},
    Name{p1_invalid, "P1INVALID"},
    Name{20067, "P2INVALID"},
    Name{20068, "P3INVALID"},
    Name{20069, "P4INVALID"},
    Name{20070, "INIERROR"},
    Name{20071, "COFERROR"},
    Name{acquiring, "ACQUIRING"},
    Name{idle, "IDLE"},
    Name{20074, "TEMPCYCLE"},
    Name{not_initialized, "NOT_INITIALIZED"},
    Name{p5_invalid, "P5INVALID"},
    Name{20077, "P6INVALID"},
    Name{invalid_mode, "INVALID_MODE"},
    Name{20079, "INVALID_FILTER"},
    Name{20080, "I2CERRORS"},
    Name{20081, "I2CDEVNOTFOUND"},
    Name{20082, "I2CTIMEOUT"},
    Name{usb_error, "USBERROR"},
    Name{20090, "IOCERROR"},
    Name{20091, "VRMVERSIONERROR"},
    Name{20093, "USB_INTERRUPT_ENDPOINT_ERROR"},
    Name{20095, "INVALID_TRIGGER_MODE"},
    Name{20096, "LOAD_FIRMWARE_ERROR"},
    Name{20099, "BINNING_ERROR"},
    Name{20100, "INVALID_AMPLIFIER"},
    Name{20115, "ERROR_MAP"},
    Name{20116, "ERROR_UNMAP"},
    Name{20119, "ERROR_BUFFSIZE"},
    Name{20121, "ERROR_NOHANDLE"},
    Name{no_camera, "ERROR_NOCAMERA"},
    Name{not_supported, "NOT_SUPPORTED"},
    Name{not_available, "NOT_AVAILABLE"},
};

}  // namespace

std::string text_of(Code code) {
  const auto* found = std::find_if(
      names.begin(), names.end(), [&](const Name& known) { return known.code == code; });
  return found == names.end() ? fmt::format("code {}", code)
                              : fmt::format("DRV_{} ({})", found->name, code);
}

bool passing(Code code) {
  constexpr std::array all{error_ack,
                           Code{20017},
                           acq_buffer,
                           Code{20019},
                           no_new_data,
                           acquiring,
                           idle,
                           Code{20074},
                           Code{20080},
                           Code{20082},
                           usb_error,
                           not_available};
  return std::find(all.begin(), all.end(), code) != all.end();
}

std::shared_ptr<const Api> load(const std::string& library, const std::string& role) {
  return std::make_shared<const Api>(
      SharedLibrary(library.empty() ? std::vector<std::string>{"libandor.so.2", "libandor.so"}
                                    : std::vector<std::string>{library},
                    role,
                    "it comes with Andor's SDK2 for Linux"));
}

}  // namespace halotwin::devices::andor
