// The functions of the stand-in for Andor's library that set how images are read.
#include <array>

#include "tests/shims/andor_calls.hpp"

namespace halotwin::test {
namespace {

namespace andor = devices::andor;

constexpr std::array speeds_mhz{17.0, 10.0, 1.0};
constexpr std::array preamp_gains{1.0, 2.4, 5.1};
constexpr int vertical_speeds = 5;
constexpr int fastest_vertical = 1;
constexpr int most_binning = 8;

/// Keeps a setting of one number that must be from `low` to `high`.
Code choose(const char* function, int value, int low, int high) {
  return when_idle(function, [&](AndorHead& head) {
    if (value < low || value > high) {
      return andor::p1_invalid;
    }
    head.shim.chosen[function] = value;
    return andor::success;
  });
}

bool available(int speed, int preamp) {
  return speed != 0 || preamp != 2;
}

}  // namespace
}  // namespace halotwin::test

using namespace halotwin::test;
namespace andor = halotwin::devices::andor;

extern "C" {

unsigned int SetADChannel(int channel) {
  return choose("SetADChannel", channel, 0, 0);
}

unsigned int GetBitDepth(int channel, int* depth) {
  return channel != 0 ? andor::p1_invalid : tell("GetBitDepth", depth, 16);
}

unsigned int SetOutputAmplifier(int amplifier) {
  return choose("SetOutputAmplifier", amplifier, 0, 1);
}

unsigned int GetNumberHSSpeeds(int channel, int amplifier, int* count) {
  return channel != 0 || amplifier != 0 ? andor::p1_invalid : tell("GetNumberHSSpeeds", count, 3);
}

unsigned int GetHSSpeed(int channel, int amplifier, int index, float* mhz) {
  const auto i = static_cast<std::size_t>(index);
  return channel != 0 || amplifier != 0 || i >= speeds_mhz.size()
             ? andor::p1_invalid + 2
             : tell("GetHSSpeed", mhz, speeds_mhz[i]);
}

unsigned int SetHSSpeed(int amplifier, int index) {
  return amplifier != 0 ? andor::p1_invalid
                        : choose("SetHSSpeed", index, 0, static_cast<int>(speeds_mhz.size()) - 1);
}

unsigned int GetFastestRecommendedVSSpeed(int* index, float* us) {
  *us = 0.5F;
  return tell("GetFastestRecommendedVSSpeed", index, fastest_vertical);
}

unsigned int SetVSSpeed(int index) {
  return choose("SetVSSpeed", index, 0, vertical_speeds - 1);
}

unsigned int GetNumberPreAmpGains(int* count) {
  return tell("GetNumberPreAmpGains", count, 3);
}

unsigned int GetPreAmpGain(int index, float* gain) {
  const auto i = static_cast<std::size_t>(index);
  return i >= preamp_gains.size() ? andor::p1_invalid
                                  : tell("GetPreAmpGain", gain, preamp_gains[i]);
}

unsigned int IsPreAmpGainAvailable(int channel, int amplifier, int speed, int gain, int* status) {
  return channel != 0 || amplifier != 0
             ? andor::p1_invalid
             : tell("IsPreAmpGainAvailable", status, available(speed, gain) ? 1 : 0);
}

unsigned int SetPreAmpGain(int index) {
  return when_idle("SetPreAmpGain", [&](AndorHead& head) {
    if (index < 0 || index > 2 || !available(head.shim.chosen["SetHSSpeed"], index)) {
      return andor::p1_invalid;
    }
    head.shim.chosen["SetPreAmpGain"] = index;
    return andor::success;
  });
}

unsigned int SetBaselineClamp(int state) {
  return choose("SetBaselineClamp", state, 0, 1);
}

unsigned int SetEMGainMode(int mode) {
  return choose("SetEMGainMode", mode, 0, 3);
}

unsigned int GetEMGainRange(int* low, int* high) {
  return at_camera("GetEMGainRange", [&](AndorHead& head) {
    if (head.shim.chosen["SetEMGainMode"] != 3) {
      *low = 0;
      *high = 255;
      return andor::success;
    }
    *low = head.shim.lowest_gain;
    return give(head, "GetEMGainRange", high, head.shim.highest_gain);
  });
}

unsigned int SetEMCCDGain(int gain) {
  return when_idle("SetEMCCDGain", [&](AndorHead& head) {
    if (gain != 0 && (gain < head.shim.lowest_gain || gain > head.shim.highest_gain)) {
      return andor::p1_invalid;
    }
    head.shim.chosen["SetEMCCDGain"] = gain;
    return andor::success;
  });
}

unsigned int GetEMCCDGain(int* gain) {
  return at_camera("GetEMCCDGain", [&](AndorHead& head) {
    return give(head, "GetEMCCDGain", gain, head.shim.chosen["SetEMCCDGain"]);
  });
}

unsigned int SetReadMode(int mode) {
  return choose("SetReadMode", mode, 0, 4);
}

unsigned int GetMaximumBinning(int mode, int direction, int* most) {
  return mode != 4 || direction < 0 || direction > 1
             ? andor::p1_invalid
             : tell("GetMaximumBinning", most, most_binning);
}

unsigned int SetImage(int hbin, int vbin, int hstart, int hend, int vstart, int vend) {
  return when_idle("SetImage", [&](AndorHead& head) {
    const auto limits = head.shim.camera->limits();
    const auto fits = [](int bin, int start, int end, std::uint32_t size) {
      return start >= 1 && end > start - 1 + bin - 1 && end <= static_cast<int>(size) &&
             (end - start + 1) % bin == 0;
    };
    if (hbin < 1 || hbin > most_binning) {
      return andor::p1_invalid;
    }
    if (vbin != hbin) {  // the twin's pixels are square
      return andor::p1_invalid + 1;
    }
    if (!fits(hbin, hstart, hend, limits.sensor_width)) {
      return andor::p1_invalid + 2;
    }
    if (!fits(vbin, vstart, vend, limits.sensor_height)) {
      return andor::p5_invalid;
    }
    const auto count = [](int number) { return static_cast<std::uint32_t>(number); };
    head.region = {count(hstart - 1),
                   count(vstart - 1),
                   count(hend - hstart + 1),
                   count(vend - vstart + 1),
                   count(hbin)};
    return andor::success;
  });
}

unsigned int SetAcquisitionMode(int mode) {
  return choose("SetAcquisitionMode", mode, 1, 5);
}

unsigned int SetExposureTime(float time_s) {
  return when_idle("SetExposureTime", [&](AndorHead& head) {
    if (!(time_s >= 0.0F) ||
        time_s > static_cast<float>(head.shim.camera->limits().exposure_s.high)) {
      return andor::p1_invalid;
    }
    head.exposure_s = time_s;
    return andor::success;
  });
}

unsigned int GetMaximumExposure(float* most_s) {
  return at_camera("GetMaximumExposure", [&](AndorHead& head) {
    return give(head, "GetMaximumExposure", most_s, head.shim.camera->limits().exposure_s.high);
  });
}

unsigned int SetNumberKinetics(int number) {
  return choose("SetNumberKinetics", number, 1, 1 << 30);
}

unsigned int SetKineticCycleTime(float time_s) {
  return when_idle("SetKineticCycleTime", [&](AndorHead& head) {
    head.cycle_s = time_s;
    return time_s >= 0.0F ? andor::success : andor::p1_invalid;
  });
}

unsigned int SetFrameTransferMode(int mode) {
  return choose("SetFrameTransferMode", mode, 0, 1);
}

unsigned int IsTriggerModeAvailable(int mode) {
  return at_camera("IsTriggerModeAvailable", [&](AndorHead&) {
    return mode == 0 || mode == 1 || mode == 10 ? andor::success : andor::invalid_mode;
  });
}

unsigned int SetTriggerMode(int mode) {
  return mode != 0 && mode != 1 && mode != 10 ? andor::p1_invalid
                                              : choose("SetTriggerMode", mode, 0, 10);
}

unsigned int GetAcquisitionTimings(float* exposure_s, float* accumulate_s, float* kinetic_s) {
  return when_idle("GetAcquisitionTimings", [&](AndorHead& head) {
    const auto applied = head.applied();
    if (!applied) {
      return andor::error_ack;
    }
    *accumulate_s = *kinetic_s = static_cast<float>(applied->frame_period_s);
    return give(head, "GetAcquisitionTimings", exposure_s, applied->exposure_s);
  });
}

unsigned int GetReadOutTime(float* time_s) {
  return at_camera("GetReadOutTime", [&](AndorHead& head) {
    return give(head, "GetReadOutTime", time_s, head.shim.readout_s);
  });
}

}  // extern "C"
