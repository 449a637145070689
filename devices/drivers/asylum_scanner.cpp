// Raster images: parameters of the controller, and the file that it saves at the end.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/text.hpp"
#include "devices/drivers/asylum_parts.hpp"

namespace halotwin::devices {

namespace fs = std::filesystem;

namespace {

using asylum::Call;

constexpr double degree = constants::pi / 180.0;
constexpr double most_pixels = 8192.0;  // on a side
constexpr double largest_frame_m = 1.0e-3;
constexpr double longest_line_s = 1.0e4;
constexpr std::size_t longest_image = std::size_t{1} << 30U;  // bytes
constexpr Duration look_again = std::chrono::milliseconds(200);

/// Numbers go through the controller's 32 bits.
bool near(double a, double b, double scale) {
  return std::abs(a - b) <= 1.0e-5 * scale;
}

/// The parameters of a frame, in the order in which they are asked for.
constexpr std::array keys{"ScanSize",
                          "FastRatio",
                          "SlowRatio",
                          "ScanPoints",
                          "ScanLines",
                          "XOffset",
                          "YOffset",
                          "ScanAngle",
                          "ScanRate"};

/// The controller counts from the first to the last point, a ScanFrame from edge to edge of its
/// pixels.
double between_points(double length_m, std::size_t points) {
  return length_m * (1.0 - 1.0 / static_cast<double>(points));
}

/// ScanSize is the longer side; the two ratios are the sides' parts of it.
std::vector<Call> settings_of(const ScanFrame& frame) {
  const double fast = between_points(frame.width_m, frame.columns);
  const double slow = between_points(frame.height_m, frame.rows);
  const double size = std::max(fast, slow);
  const auto points = static_cast<double>(frame.columns);
  return {asylum::enter("ScanSizeSetVar_0", size),
          asylum::put_value("FastRatio", fast / size),
          asylum::put_value("SlowRatio", slow / size),
          asylum::enter("PointsLinesSetVar_0", points),
          asylum::put_value("ScanPoints", points),
          asylum::put_value("ScanLines", static_cast<double>(frame.rows)),
          asylum::put_value("XOffset", frame.centre.x_m),
          asylum::put_value("YOffset", frame.centre.y_m),
          asylum::put_value("ScanAngle", frame.angle_rad / degree),
          asylum::enter("ScanRateSetVar_0", 0.5 / frame.line_time_s)};
}

/// What is wrong with a frame that nobody could scan; "" if nothing is.
std::string fault_of(const ScanFrame& f) {
  const bool finite = std::isfinite(f.centre.x_m) && std::isfinite(f.centre.y_m) &&
                      std::isfinite(f.angle_rad) && std::isfinite(f.line_time_s);
  if (!finite || !(f.width_m > 0.0 && f.width_m < largest_frame_m) ||
      !(f.height_m > 0.0 && f.height_m < largest_frame_m)) {
    return "the frame is empty, too large or no number";
  }
  if (f.columns < 2 || f.rows < 2 ||
      static_cast<double>(std::max(f.columns, f.rows)) > most_pixels) {
    return fmt::format("2 to {} pixels on a side", most_pixels);
  }
  if (!(f.line_time_s > 0.0 && f.line_time_s < longest_line_s)) {
    return fmt::format("a time per line of {} s", f.line_time_s);
  }
  return "";
}

/// Same place, size and pixels; the time of a line may be another.
bool same_place(const ScanFrame& a, const ScanFrame& b) {
  const double size = std::max(a.width_m, a.height_m);
  const double place = std::max({size, std::abs(a.centre.x_m), std::abs(a.centre.y_m)});
  return a.columns == b.columns && a.rows == b.rows && near(a.width_m, b.width_m, size) &&
         near(a.height_m, b.height_m, size) && near(a.centre.x_m, b.centre.x_m, place) &&
         near(a.centre.y_m, b.centre.y_m, place) && near(a.angle_rad, b.angle_rad, constants::pi);
}

}  // namespace

ScanFrame AsylumScanner::ask_frame(const char* operation, std::span<const Call> before) const {
  std::vector<Call> questions;
  for (const char* key : keys) {
    questions.push_back(asylum::get_value(key));
  }
  const std::vector<double> now = link_->ask(operation, before, questions);
  const auto pixels = [&](std::size_t k) {
    const bool whole = now[k] >= 1.0 && now[k] <= most_pixels && std::floor(now[k]) == now[k];
    return whole ? static_cast<std::size_t>(now[k]) : 0;
  };
  ScanFrame frame;
  frame.columns = pixels(3);
  frame.rows = pixels(4);
  frame.width_m = now[0] * now[1] / between_points(1.0, frame.columns);
  frame.height_m = now[0] * now[2] / between_points(1.0, frame.rows);
  frame.centre = {now[5], now[6]};
  frame.angle_rad = now[7] * degree;
  frame.line_time_s = 0.5 / now[8];
  if (const std::string fault = fault_of(frame); !fault.empty()) {
    link_->fail(operation,
                fmt::format("the controller's frame makes no sense ({}): {} = {}",
                            fault,
                            fmt::join(keys, ", "),
                            fmt::join(now, ", ")));
  }
  return frame;
}

ScanFrame AsylumScanner::configure(const ScanFrame& wanted,
                                   std::span<const std::size_t> signal_indices) {
  constexpr const char* operation = "set frame";
  if (const std::string fault = fault_of(wanted); !fault.empty()) {
    link_->refuse(operation, fault);
  }
  for (const std::size_t index : signal_indices) {
    if (index >= asylum::channels().size()) {
      link_->refuse(operation, fmt::format("no signal {}", index));
    }
  }
  if (signal_indices.empty()) {
    link_->refuse(operation, "no signal is to be scanned");
  }
  const ScanFrame before = ask_frame(operation, {});
  const ScanFrame now = ask_frame(operation, settings_of(wanted));
  if (!same_place(wanted, now)) {
    static_cast<void>(ask_frame(operation, settings_of(before)));
    link_->refuse(operation, "the controller does not take this size, place or number of pixels");
  }
  applied_ = now;
  indices_.assign(signal_indices.begin(), signal_indices.end());
  image_.reset();
  running_ = false;
  return now;
}

void AsylumScanner::start() {
  constexpr const char* operation = "start scan";
  if (!applied_) {
    link_->refuse(operation, "no frame and signals configured");
  }
  image_.reset();
  seen_.reset();
  before_ = images();
  const std::array commands{asylum::press("UpScan_0"), asylum::put_value("LastScan", 1.0)};
  const std::array questions{asylum::get_value("ScanStatus"), asylum::get_value("SaveImage")};
  const std::vector<double> state = link_->ask(operation, commands, questions);
  if (state[1] == 0.0) {
    stop();
    link_->refuse(operation, "images are not saved at the controller (SaveImage)");
  }
  if (!(state[0] > 0.0)) {
    link_->fail(operation, fmt::format("the scan does not run (ScanStatus = {})", state[0]));
  }
  running_ = true;
  due_ = link_->clock().now() +
         from_seconds(2.0 * applied_->line_time_s * static_cast<double>(applied_->rows));
  ask_at_ = due_ + from_seconds(link_->params().late_s);
}

AsylumScanner::Stamps AsylumScanner::images() const {
  constexpr const char* operation = "look for images";
  Stamps found;
  std::error_code error;
  fs::directory_iterator entries(link_->files().images, error);
  if (error) {
    link_->refuse(operation, fmt::format("there is no folder {}", link_->files().images.string()));
  }
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& path = entries->path();
    std::error_code gone;
    const Stamp stamp{fs::file_size(path, gone), fs::last_write_time(path, gone)};
    if (path.extension() == ".ibw" && !gone) {
      found[path.filename().string()] = stamp;
    }
  }
  return found;
}

IgorImage AsylumScanner::read_image(const fs::path& path) const {
  constexpr const char* operation = "read image";
  const auto bytes = asylum::read_file(path, longest_image);
  if (!bytes) {
    link_->fail(operation, fmt::format("{} cannot be read", path.string()));
  }
  try {
    return read_igor_image(path.filename().string(), *bytes);
  } catch (const DataError& error) {
    link_->fail(operation, error.what());
  }
}

// Of the frame that was asked for, in pixels and, where the note says so, in place.
void AsylumScanner::check(const std::string& name, const IgorImage& image) const {
  constexpr const char* operation = "read image";
  const Image<float>& first = image.layers.front().image;
  if (first.nx != applied_->columns || first.ny != applied_->rows) {
    link_->refuse(operation,
                  fmt::format("{} has {} x {} pixels instead of {} x {}",
                              name,
                              first.nx,
                              first.ny,
                              applied_->columns,
                              applied_->rows));
  }
  struct Expected {
    const char* key;
    double value;
  };
  const double size = std::max(between_points(applied_->width_m, applied_->columns),
                               between_points(applied_->height_m, applied_->rows));
  for (const Expected& expected : {Expected{"ScanSize", size},
                                   Expected{"XOffset", applied_->centre.x_m},
                                   Expected{"YOffset", applied_->centre.y_m}}) {
    const auto noted = number_of(note_value(image.note, expected.key));
    const double scale = std::max(size, std::abs(expected.value));
    if (noted && !(std::abs(*noted - expected.value) <= 1.0e-3 * scale)) {
      link_->refuse(operation,
                    fmt::format("{} is another frame: its {} is {} instead of {}",
                                name,
                                expected.key,
                                *noted,
                                expected.value));
    }
  }
}

// A file that was not there when the scan began, once it has not changed for a while.
std::optional<IgorImage> AsylumScanner::new_image() {
  Stamps fresh;
  for (const auto& [name, stamp] : images()) {
    const auto old = before_.find(name);
    if (old == before_.end() || old->second != stamp) {
      fresh.emplace(name, stamp);
    }
  }
  const Duration now = link_->clock().now();
  if (!seen_ || *seen_ != fresh) {
    seen_ = fresh;
    seen_at_ = now;
  }
  if (fresh.empty() || now - seen_at_ < from_seconds(link_->params().settle_s)) {
    return std::nullopt;
  }
  const auto newest =
      std::max_element(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) {
        return a.second.written < b.second.written;
      });
  IgorImage image = read_image(link_->files().images / newest->first);
  check(newest->first, image);
  return image;
}

void AsylumScanner::ask_whether_it_scans() {
  constexpr const char* operation = "scan line";
  const Duration now = link_->clock().now();
  if (now < ask_at_) {
    return;
  }
  ask_at_ = now + from_seconds(link_->params().late_s);
  const std::array question{asylum::get_value("ScanStatus")};
  if (link_->ask(operation, {}, question).front() == 0.0 && seen_ && seen_->empty()) {
    running_ = false;
    link_->fail(
        operation,
        fmt::format("the scan has ended, but no image came to {}", link_->files().images.string()));
  }
}

std::size_t AsylumScanner::wait_line(Duration timeout, const std::stop_token& stop) {
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  Clock& clock = link_->clock();
  const Duration give_up = clock.now() + timeout;
  while (running_) {
    if (clock.now() >= due_ || clock.now() >= give_up) {
      if (auto image = new_image()) {
        image_ = std::move(image);
        running_ = false;
        break;
      }
      ask_whether_it_scans();
    }
    const Duration now = clock.now();
    if (now >= give_up) {
      break;
    }
    clock.sleep(std::min(give_up - now, std::max(look_again, due_ - now)), stop);
  }
  return image_ ? applied_->rows : 0;
}

void AsylumScanner::stop() {
  const std::array command{asylum::press("StopScan_0")};
  static_cast<void>(link_->ask("stop scan", command, {}));
  running_ = false;
}

Image<float> AsylumScanner::data(std::size_t signal_index, ScanDirection direction) const {
  constexpr const char* operation = "scan data";
  if (std::find(indices_.begin(), indices_.end(), signal_index) == indices_.end()) {
    link_->refuse(operation, "this signal was not scanned");
  }
  if (!image_) {
    return {applied_->columns, applied_->rows, std::numeric_limits<float>::quiet_NaN()};
  }
  const asylum::Channel& channel = asylum::channels()[signal_index];
  const std::string label =
      fmt::format("{}{}", channel.name, direction == ScanDirection::forward ? "Trace" : "Retrace");
  std::vector<std::string> there;
  for (const IgorLayer& layer : image_->layers) {
    if (layer.label.starts_with(label)) {  // "PhaseRetracece" has been seen
      Image<float> image = layer.image;
      for (float& value : image.values) {
        value = static_cast<float>(channel.factor * static_cast<double>(value));
      }
      return image;
    }
    there.push_back(layer.label);
  }
  link_->refuse(operation,
                fmt::format("the image has no {} (it has: {}); choose it at the controller",
                            label,
                            fmt::join(there, ", ")));
}

}  // namespace halotwin::devices
