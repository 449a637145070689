// See andor_shim.hpp. The C functions with the names and arguments of the maker's library, written
// down here and in andor_shim_settings.cpp a second time, apart from the driver's declarations.
#include "tests/shims/andor_shim.hpp"

#include <algorithm>
#include <cstring>

#include "tests/shims/andor_calls.hpp"

namespace halotwin::test {
namespace {

constexpr int coldest_c = -95;
constexpr int warmest_c = 20;
constexpr std::uint32_t temperature_in_series = 0x200;  // of features

AndorHead* with_handle(int handle) {
  const auto found = std::find_if(
      heads().begin(), heads().end(), [&](const auto& head) { return head->handle == handle; });
  return found == heads().end() ? nullptr : found->get();
}

}  // namespace
}  // namespace halotwin::test

using namespace halotwin::test;
namespace andor = halotwin::devices::andor;

extern "C" {

int halotwin_andor_attach(ShimCamera* camera, bool attached) {
  static int last_handle = 99;
  if (attached) {
    heads().push_back(std::make_unique<AndorHead>(*camera, ++last_handle));
    return static_cast<int>(heads().size()) - 1;
  }
  current() = nullptr;
  std::erase_if(heads(), [&](const auto& head) { return &head->shim == camera; });
  return -1;
}

unsigned int GetAvailableCameras(int* total) {
  const Inside inside;
  *total = static_cast<int>(heads().size());
  return andor::success;
}

unsigned int GetCameraHandle(int index, int* handle) {
  const Inside inside;
  if (index < 0 || static_cast<std::size_t>(index) >= heads().size()) {
    return andor::p1_invalid;
  }
  *handle = heads()[static_cast<std::size_t>(index)]->handle;
  return andor::success;
}

unsigned int SetCurrentCamera(int handle) {
  const Inside inside;
  AndorHead* head = with_handle(handle);
  if (head == nullptr) {
    return andor::p1_invalid;
  }
  if (const auto answer = hooked(*head, "SetCurrentCamera")) {
    return *answer;
  }
  current() = head;
  return andor::success;
}

unsigned int Initialize(char* folder) {
  const Inside inside;
  AndorHead* head = current();
  if (head == nullptr || folder == nullptr) {
    return andor::p1_invalid;
  }
  if (const auto answer = hooked(*head, "Initialize")) {
    return *answer;
  }
  if (head->shim.initialised) {
    return andor::error_ack;
  }
  if (head->shim.config != folder) {
    return 20070;  // INIERROR
  }
  head->shim.initialised = true;
  return andor::success;
}

unsigned int ShutDown() {
  return at_camera("ShutDown", [](AndorHead& head) {
    head.shim.initialised = false;
    head.shim.cooler_on = head.shim.cooler_on && head.shim.cooler_mode == 1;
    current() = nullptr;
    return andor::success;
  });
}

unsigned int GetCapabilities(andor::Capabilities* to) {
  return at_camera("GetCapabilities", [&](AndorHead& head) {
    if (to == nullptr || to->size != head.shim.capabilities_bytes) {
      return andor::p1_invalid;
    }
    std::memcpy(to, &head.shim.capabilities, to->size);
    return andor::success;
  });
}

unsigned int GetHeadModel(char* name) {
  return at_camera("GetHeadModel", [&](AndorHead& head) {
    std::strcpy(name, head.shim.model.c_str());
    return andor::success;
  });
}

unsigned int GetCameraSerialNumber(int* number) {
  return at_camera("GetCameraSerialNumber", [&](AndorHead& head) {
    return give(head, "GetCameraSerialNumber", number, head.shim.serial);
  });
}

unsigned int GetHardwareVersion(unsigned int* pcb,
                                unsigned int* decode,
                                unsigned int* one,
                                unsigned int* two,
                                unsigned int* firmware,
                                unsigned int* build) {
  *pcb = *decode = *one = *two = 0;
  *build = 31;
  return tell("GetHardwareVersion", firmware, 4);
}

unsigned int GetDetector(int* width, int* height) {
  return at_camera("GetDetector", [&](AndorHead& head) {
    const auto limits = head.shim.camera->limits();
    *height = static_cast<int>(limits.sensor_height);
    return give(head, "GetDetector", width, limits.sensor_width);
  });
}

unsigned int GetStatus(int* status) {
  return at_camera("GetStatus",
                   [&](AndorHead& head) { return give(head, "GetStatus", status, head.status()); });
}

unsigned int GetTemperatureRange(int* low, int* high) {
  *high = warmest_c;
  return tell("GetTemperatureRange", low, coldest_c);
}

unsigned int SetTemperature(int celsius) {
  return when_idle("SetTemperature", [&](AndorHead& head) {
    if (celsius < coldest_c || celsius > warmest_c) {
      return andor::p1_invalid;
    }
    head.shim.target_c = celsius;
    return andor::success;
  });
}

unsigned int GetTemperatureF(float* celsius) {
  return at_camera("GetTemperatureF", [&](AndorHead& head) {
    if (head.acquiring() && (head.shim.capabilities.features & temperature_in_series) == 0) {
      return andor::acquiring;
    }
    const auto now = head.shim.temperature_c;
    give(head, "GetTemperatureF", celsius, static_cast<double>(now));
    return !head.shim.cooler_on                            ? andor::temperature_off
           : now == static_cast<float>(head.shim.target_c) ? andor::temperature_stabilized
                                                           : andor::temperature_not_reached;
  });
}

unsigned int CoolerON() {
  return when_idle("CoolerON", [](AndorHead& head) {
    head.shim.cooler_on = true;
    return andor::success;
  });
}

unsigned int IsCoolerOn(int* on) {
  return at_camera("IsCoolerOn", [&](AndorHead& head) {
    return give(head, "IsCoolerOn", on, head.shim.cooler_on ? 1 : 0);
  });
}

unsigned int SetCoolerMode(int mode) {
  return at_camera("SetCoolerMode", [&](AndorHead& head) {
    head.shim.cooler_mode = mode;
    return mode == 0 || mode == 1 ? andor::success : andor::p1_invalid;
  });
}

unsigned int GetShutterMinTimes(int* closing_ms, int* opening_ms) {
  return at_camera("GetShutterMinTimes", [&](AndorHead& head) {
    *opening_ms = head.shim.shutter_ms;
    return give(head, "GetShutterMinTimes", closing_ms, head.shim.shutter_ms);
  });
}

unsigned int SetShutter(int level, int mode, int closing_ms, int opening_ms) {
  return when_idle("SetShutter", [&](AndorHead& head) {
    if (level < 0 || level > 1) {
      return andor::p1_invalid;
    }
    if (mode < 1 || mode > 2) {  // others: not made here
      return andor::p1_invalid + 1;
    }
    if (closing_ms < head.shim.shutter_ms || opening_ms < head.shim.shutter_ms) {
      return andor::p1_invalid + 2;
    }
    head.shim.shutter_open = mode == 1;
    return andor::success;
  });
}

unsigned int SendSoftwareTrigger() {
  return at_camera("SendSoftwareTrigger", [](AndorHead& head) { return head.trigger(); });
}

unsigned int PrepareAcquisition() {
  return when_idle("PrepareAcquisition", [](AndorHead& head) {
    return head.applied() ? andor::success : andor::error_ack;
  });
}

unsigned int FreeInternalMemory() {
  return when_idle("FreeInternalMemory", [](AndorHead& head) {
    head.forget_images();
    return andor::success;
  });
}

unsigned int StartAcquisition() {
  return when_idle("StartAcquisition", [](AndorHead& head) { return head.start(); });
}

unsigned int AbortAcquisition() {
  return at_camera("AbortAcquisition", [](AndorHead& head) { return head.abort(); });
}

unsigned int CancelWait() {
  for (const auto& head : heads()) {
    head->cancelled = true;
  }
  return andor::success;
}

unsigned int WaitForAcquisitionTimeOut(int ms) {
  return at_camera("WaitForAcquisitionTimeOut",
                   [&](AndorHead& head) { return ms < 1 ? andor::p1_invalid : head.wait(ms); });
}

unsigned int GetSizeOfCircularBuffer(int* frames) {
  return at_camera("GetSizeOfCircularBuffer", [&](AndorHead& head) {
    return give(head, "GetSizeOfCircularBuffer", frames, head.shim.ring_frames);
  });
}

unsigned int GetTotalNumberImagesAcquired(int* frames) {
  return at_camera("GetTotalNumberImagesAcquired", [&](AndorHead& head) {
    return give(head, "GetTotalNumberImagesAcquired", frames, head.acquired());
  });
}

unsigned int GetNumberNewImages(int* first, int* last) {
  return at_camera("GetNumberNewImages",
                   [&](AndorHead& head) { return head.new_images(*first, *last); });
}

unsigned int GetImages16(
    int first, int last, unsigned short* to, unsigned int size, int* valid_first, int* valid_last) {
  return at_camera("GetImages16", [&](AndorHead& head) {
    if (to == nullptr) {
      return andor::p1_invalid + 2;
    }
    const unsigned int code = head.images(first, last, to, size, *valid_first, *valid_last);
    return code == andor::success ? give(head, "GetImages16", valid_first, *valid_first) : code;
  });
}

}  // extern "C"
