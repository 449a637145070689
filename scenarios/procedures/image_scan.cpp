#include "scenarios/procedures/image_scan.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/grid.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

void validate(const ImageScanPlan& p) {
  require_range("columns", p.columns, 1, 65536);
  require_range("rows", p.rows, 1, 65536);
  require_range("step_m", p.step_m, 1e-11, 1e-3);
  for (const double value : p.first_pixel_m) {
    require_range("first_pixel_m", value, -1e-2, 1e-2);
  }
  require_range("line_time_s", p.line_time_s, 1e-3, 1e5);
}

namespace {

data::Axis axis(const char* name, double first_m, double step_m, int count) {
  return {name,
          "m",
          linear_spacing(first_m, first_m + step_m * (count - 1), static_cast<std::size_t>(count))};
}

}  // namespace

ImageScan::ImageScan(const ImageScanPlan& plan,
                     std::vector<ImageChannel> channels,
                     std::string procedure)
    : plan_(plan), channels_(std::move(channels)), procedure_(std::move(procedure)) {}

Duration ImageScan::duration() const {
  return from_seconds(2.0 * plan_.line_time_s * plan_.rows);
}

void ImageScan::price(Estimate& estimate) const {
  estimate.units = static_cast<std::size_t>(plan_.rows);
  estimate.unit_word = "line";
  estimate.readings = 2 * channels_.size() * static_cast<std::size_t>(plan_.rows) *
                      static_cast<std::size_t>(plan_.columns);
}

void ImageScan::describe(data::RecordingHeader& header) const {
  header.procedure = procedure_;
  header.definition = "NXafm";
  header.experiment_technique = "AFM";
  header.units_total = static_cast<std::size_t>(plan_.rows);
  header.unit_word = "line";
  header.scan = data::ScanArea{plan_.first_pixel_m[0],
                               plan_.first_pixel_m[0] + plan_.step_m * (plan_.columns - 1),
                               plan_.first_pixel_m[1],
                               plan_.first_pixel_m[1] + plan_.step_m * (plan_.rows - 1),
                               static_cast<std::size_t>(plan_.columns),
                               static_cast<std::size_t>(plan_.rows)};
}

data::Axis ImageScan::x_axis() const {
  return axis("x", plan_.first_pixel_m[0], plan_.step_m, plan_.columns);
}

data::Axis ImageScan::y_axis() const {
  return axis("y", plan_.first_pixel_m[1], plan_.step_m, plan_.rows);
}

data::SignalSpec ImageScan::image(const std::string& group,
                                  data::ElementType type,
                                  const std::string& unit,
                                  const std::string& title) const {
  return {.group = group,
          .type = type,
          .unit = unit,
          .axes = {y_axis(), x_axis()},
          .interpretation = data::Interpretation::image,
          .title = title};
}

void ImageScan::define(data::RecordingWriter& recording) {
  forward_.clear();
  backward_.clear();
  for (const ImageChannel& channel : channels_) {
    if (channel.group.empty()) {
      continue;
    }
    data::SignalSpec spec =
        image(channel.group, data::ElementType::f32, channel.unit, channel.title);
    spec.description = channel.description;
    forward_.push_back(recording.add_signal(spec));
    spec.group += "_backward";
    spec.title += ", way back";
    backward_.push_back(recording.add_signal(spec));
  }
  line_time_ = recording.add_signal({.group = "line_time",
                                     .type = data::ElementType::f64,
                                     .unit = "s",
                                     .axes = {y_axis()},
                                     .title = "start of the line"});
}

Point ImageScan::start_place(std::size_t first_row) const {
  return {plan_.first_pixel_m[0],
          plan_.first_pixel_m[1] + plan_.step_m * static_cast<double>(first_row)};
}

devices::ScanFrame ImageScan::frame(std::size_t first_row) const {
  const auto rows = static_cast<std::size_t>(plan_.rows);
  devices::ScanFrame frame;
  frame.columns = static_cast<std::size_t>(plan_.columns);
  frame.rows = rows - first_row;
  frame.width_m = plan_.step_m * plan_.columns;
  frame.height_m = plan_.step_m * static_cast<double>(frame.rows);
  frame.centre = {
      plan_.first_pixel_m[0] + 0.5 * plan_.step_m * (plan_.columns - 1),
      plan_.first_pixel_m[1] + 0.5 * plan_.step_m * static_cast<double>(first_row + rows - 1)};
  frame.line_time_s = plan_.line_time_s;
  return frame;
}

void ImageScan::fetch(const devices::ImageScanner& scanner,
                      std::size_t first_row,
                      ScannedLine& line) const {
  line.forward.resize(channels_.size());
  line.backward.resize(channels_.size());
  for (std::size_t k = 0; k < channels_.size(); ++k) {
    const auto take = [&](devices::ScanDirection direction, std::vector<float>& out) {
      const Image<float> image = scanner.data(indices_[k], direction);
      const auto row = image.row(line.row - first_row);
      out.assign(row.begin(), row.end());
    };
    take(devices::ScanDirection::forward, line.forward[k]);
    take(devices::ScanDirection::backward, line.backward[k]);
  }
}

void ImageScan::record(data::RecordingWriter& recording, const ScannedLine& line, double start_s) {
  std::size_t recorded = 0;
  for (std::size_t k = 0; k < channels_.size(); ++k) {
    if (channels_[k].group.empty()) {
      continue;
    }
    recording.write(forward_[recorded], {line.row, 0}, std::span<const float>(line.forward[k]));
    recording.write(backward_[recorded], {line.row, 0}, std::span<const float>(line.backward[k]));
    ++recorded;
  }
  recording.write_value(line_time_, {line.row}, start_s);
}

void ImageScan::run(devices::ProbeMicroscope& afm,
                    const RunContext& context,
                    const std::function<void(const ScannedLine&)>& take) {
  devices::ImageScanner* scanner = afm.scanner();
  require(scanner != nullptr, "the microscope of this bench does not scan images");
  indices_.clear();
  for (const ImageChannel& channel : channels_) {
    indices_.push_back(devices::find_signal(afm.signals(), "afm", channel.signal));
  }
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  const std::size_t first = context.first_unit;
  const auto rows = static_cast<std::size_t>(plan_.rows);
  if (first >= rows) {
    return;
  }
  const devices::ScanFrame wanted = frame(first);
  const devices::ScanFrame applied = scanner->configure(wanted, indices_);
  require(applied.columns == wanted.columns && applied.rows == wanted.rows,
          fmt::format("the microscope scans {} x {} pixels instead of {} x {}",
                      applied.columns,
                      applied.rows,
                      wanted.columns,
                      wanted.rows));
  // lines of a frame that is handed over as a whole are waited for as long as the frame takes
  const bool whole = scanner->whole_frames();
  const double line_s = 2.0 * applied.line_time_s;
  const auto lines_at_once = static_cast<double>(whole ? rows - first : 1);
  const Duration patience = from_seconds(2.0 * line_s * lines_at_once + (whole ? 60.0 : 10.0));
  const double frame_start_s = seconds(context.bench.clock().now());
  double start_s = frame_start_s;
  scanner->start();
  ScannedLine line;
  for (line.row = first; line.row < rows; ++line.row) {
    const std::size_t wanted_lines = line.row - first + 1;
    if (scanner->wait_line(patience, context.stop) < wanted_lines) {
      throw devices::DeviceError(
          "afm", "scan line", "the line did not come in time", devices::Retry::yes);
    }
    if (context.unit_measured) {
      context.unit_measured(line.row);
    }
    fetch(*scanner, first, line);
    record(context.recording, line, start_s);
    if (take) {
      take(line);
    }
    start_s = whole ? frame_start_s + line_s * static_cast<double>(wanted_lines)
                    : seconds(context.bench.clock().now());
    if (context.unit_recorded) {
      context.unit_recorded(line.row + 1);
    }
  }
  scanner->stop();
}

}  // namespace halotwin::scenarios
