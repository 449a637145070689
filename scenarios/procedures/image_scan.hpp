// A raster image of an AFM's signals into a recording, line by line: what every imaging procedure
// shares.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "devices/probe_microscope.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

/// Where and how fast. The fast direction is x; each line is scanned forward and back.
struct ImageScanPlan {
  int columns = 128;
  int rows = 128;
  double step_m = 12.0e-9;
  std::array<double, 2> first_pixel_m{0.0, 0.0};  // centre of pixel (0, 0), scanner coordinates
  double line_time_s = 1.0;                       // one direction
  bool operator==(const ImageScanPlan&) const = default;
};
void validate(const ImageScanPlan& p);
void visit_fields(auto& visit, ImageScanPlan& p) {
  visit("columns", p.columns);
  visit("rows", p.rows);
  visit("step_m", p.step_m);
  visit("first_pixel_m", p.first_pixel_m);
  visit("line_time_s", p.line_time_s);
}

/// A signal of the microscope that is scanned. With a group it is recorded as it comes, under
/// <group> and <group>_backward; without one the procedure makes something of it.
struct ImageChannel {
  std::string signal;  // as the microscope calls it: "z"
  std::string group{};
  std::string unit{};
  std::string title{};
  std::string description{};
};

/// One line as it came: by channel, forward and back.
struct ScannedLine {
  std::size_t row = 0;  // of the whole image
  std::vector<std::vector<float>> forward;
  std::vector<std::vector<float>> backward;
};

/// The unit of an image is a line. A run that is taken up again scans a frame of the rows that are
/// left; rows lie where they would have lain.
class ImageScan {
 public:
  ImageScan(const ImageScanPlan& plan, std::vector<ImageChannel> channels, std::string procedure);

  /// Both directions of all rows.
  [[nodiscard]] Duration duration() const;
  /// For an estimate: rows and single values.
  void price(Estimate& estimate) const;
  /// Scan area and units.
  void describe(data::RecordingHeader& header) const;
  [[nodiscard]] data::Axis x_axis() const;
  [[nodiscard]] data::Axis y_axis() const;
  /// An image over both axes, for signals that the procedure makes.
  [[nodiscard]] data::SignalSpec image(const std::string& group,
                                       data::ElementType type,
                                       const std::string& unit,
                                       const std::string& title) const;
  /// Signals of the channels, and "line_time", the start of each line.
  void define(data::RecordingWriter& recording);

  /// Where the tip goes before the scan starts.
  [[nodiscard]] Point start_place(std::size_t first_row) const;
  /// The frame of the rows from `first_row` on.
  [[nodiscard]] devices::ScanFrame frame(std::size_t first_row) const;
  /// Scans what is left, with the tip engaged. Calls `instruments_ready` before the first line;
  /// each line goes to `take` (if any) and into the recording.
  void run(devices::ProbeMicroscope& afm,
           const RunContext& context,
           const std::function<void(const ScannedLine&)>& take = {});

 private:
  void fetch(const devices::ImageScanner& scanner, std::size_t first_row, ScannedLine& line) const;
  void record(data::RecordingWriter& recording, const ScannedLine& line, double start_s);

  ImageScanPlan plan_;
  std::vector<ImageChannel> channels_;
  std::string procedure_;
  std::vector<std::size_t> indices_;     // of the signals at the microscope
  std::vector<data::SignalId> forward_;  // of the channels with a group, in their order
  std::vector<data::SignalId> backward_;
  data::SignalId line_time_;
};

}  // namespace halotwin::scenarios
