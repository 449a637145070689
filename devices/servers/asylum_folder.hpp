// A probe microscope behind a folder, as the software of Asylum Research's microscopes: executes
// files of commands, saves numbers and images. See devices/wire/asylum.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/grid.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/servers/service_time.hpp"
#include "devices/wire/asylum.hpp"

namespace halotwin::devices {

/// Executes ToIgor.arcmd whenever it has been written anew. Understands ARExecuteControl of
/// UpScan_0, DownScan_0, StopScan_0 and of the fields "<parameter>SetVar_0" (PointsLinesSetVar_0
/// sets both); PV, GV; td_ReadValue, td_WriteValue; DoScanFunc of the same buttons and of
/// StopEngageButton; ChangeName; Make, ReadOut[i] = and Save of the wave ReadOut, which goes to
/// readout.txt, whatever path is named. Anything else is told to `hear` and not executed, nor is a
/// value that the microscope cannot take. Parameters without a meaning here are kept, unknown ones
/// are NaN.
///
/// A complete frame becomes <base><4 digits>.ibw, with the channels Height, Amplitude, Phase and
/// Deflection, both ways; files that are there stay. Nothing is written elsewhere.
///
/// Unlike the instrument, as far as that is known: starting a scan approaches, UpScan and DownScan
/// both scan upwards, one frame at a time; StopScan and StopEngageButton withdraw; setpoints and
/// gains do nothing.
class AsylumFolder {
 public:
  using Hear = std::function<void(const std::string& text)>;
  /// `microscope`, which must have a scanner, must outlive it. Throws ParameterError if there is no
  /// such folder.
  AsylumFolder(ProbeMicroscope& microscope, std::filesystem::path folder, Hear hear = {});

  /// Executes the file of commands if it is new.
  void look();
  /// Looks, then sleeps on the microscope's clock while a scan goes on, pixel by pixel.
  void let_pass(Clock& clock, Duration duration, const std::stop_token& stop = {});
  /// Files of commands executed so far.
  [[nodiscard]] std::uint64_t executed() const { return executed_; }
  /// One file of commands.
  void execute(std::string_view text);

 private:
  struct Version {
    std::filesystem::file_time_type written;
    std::string text;
    bool operator==(const Version&) const = default;
  };

  void tell(const std::string& text) const;
  void carry_out(const asylum::Command& command);
  /// Its value, not a number if it has none.
  double call(const asylum::Call& call);
  void control(const asylum::Call& call);
  void button(const std::string& name);
  void set(const std::string& key, double value);
  [[nodiscard]] double value(const std::string& key) const;
  void write_register(const std::string& name, double value);
  [[nodiscard]] double read_register(const std::string& name);
  void save(const std::string& name, const std::string& bytes) const;

  // frames
  [[nodiscard]] ScanFrame frame() const;
  [[nodiscard]] bool takes(const std::string& key, double value) const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view signal) const;
  void start_scan();
  void stop_scan();
  void withdraw();
  void follow(Duration timeout, const std::stop_token& stop);
  void save_image();

  ProbeMicroscope* microscope_;
  std::filesystem::path folder_;
  Hear hear_;
  std::map<std::string, double> parameters_;  // by names in small letters
  std::vector<double> readout_;
  std::string base_ = "Image";
  Version seen_;           // of the file of commands, at the last look
  Version executed_file_;  // the last one
  std::uint64_t executed_ = 0;
  std::optional<ScanFrame> scanning_;  // the frame under way
  std::optional<Point> target_;        // of the last move of the tip since a scan
};

/// On which a folder's scans go on.
using AsylumTime = ServiceTime<AsylumFolder>;

}  // namespace halotwin::devices
