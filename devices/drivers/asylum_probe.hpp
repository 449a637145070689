// Driver of Asylum Research's microscopes (MFP-3D, Cypher, Jupiter), through files that the maker's
// software in Igor Pro executes and writes. EXPERIMENTAL: read-mostly, and not tried on the
// instrument itself.
//
// asylum://FOLDER?images=FOLDER2&igor=PATH&send=PROGRAM. FOLDER is where the commands go, e.g. a
// mount of Documents\buffer of the microscope's computer; `images` is where its images are saved
// (FOLDER if it is not said); `igor` is FOLDER as Igor knows it, "C:\Users\...\buffer"; `send` is a
// program that is started, without a shell, with the command file as its only argument, after each
// file. Without one something else has to have Igor execute the file, as aespm's SendToIgor.bat.
//
// Sources: aespm 1.1 (R. Liu et al.) for the files, the controls and XOffset, YOffset, ScanAngle;
// afspm (Fraunhofer and others) for ScanPoints, ScanLines, FastRatio, SlowRatio, ScanStatus,
// SaveImage; public Igor procedures of users for LastScan, DoScanFunc("StopEngageButton") as
// withdrawal, PIDSLoop.2.Status as the height feedback's, ZLVDTSens, AmpInvOLS, InvOLS as
// sensitivities. All of these are unverified here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/probe_microscope.hpp"

namespace halotwin::devices {

struct AsylumFiles {
  std::filesystem::path folder;
  std::filesystem::path images;
  std::string igor;            // folder, as Igor knows it
  std::filesystem::path send;  // program; empty: none
};

/// "FOLDER?images=...&igor=...&send=...". Throws ParameterError.
[[nodiscard]] AsylumFiles parse_asylum_files(std::string_view text);

struct AsylumParams {
  double pause_s = 0.35;   // between commands, as aespm makes it
  double answer_s = 20.0;  // until a file must have been executed
  double settle_s = 1.0;   // a new image has had the same size for so long
  double late_s = 60.0;    // an image may come that much later than its last line
  double withdrawn_within_s = 10.0;
};

/// Asks for the frame that is set; changes nothing. Throws DeviceError for a missing folder, and if
/// nobody executes the commands or the numbers cannot be those of a frame. Every setting is read
/// back and refused if it is not taken; the scan rate may be rounded.
///
/// - scanner: at least 2 x 2 pixels. ScanSize reaches from the first point to the last one (so in
/// an
///   image of an MFP-3D, software 15.09). Frames run upwards (UpScan), row 0 is the lowest, the
///   last scan each (LastScan). A frame comes as a whole, when its file has been saved. One that is
///   not of the frame's size, place and pixels, or older than its start, is not taken for it. The
///   controller chooses which channels are saved, and engages the tip by itself when a scan starts.
///   Sense of rotation unverified.
/// - signals: z (Height; read from the Z sensor), amplitude, phase, deflection.
/// - positioner, height, drive, spectroscopy, kelvin: not offered.
/// make_safe() presses StopScan, withdraws, and asks whether scan and height feedback have ended;
/// if they have not, or do not tell, DeviceError says that the tip must be withdrawn by hand.
[[nodiscard]] std::unique_ptr<ProbeMicroscope> open_asylum_probe(const AsylumFiles& files,
                                                                 Clock& clock,
                                                                 const std::string& role,
                                                                 const std::string& address,
                                                                 const AsylumParams& params = {});

}  // namespace halotwin::devices
