// Raster images: parameters of the frame, scans, files of images.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/igor_image.hpp"
#include "devices/servers/asylum_folder.hpp"

namespace halotwin::devices {

namespace {

constexpr double degree = constants::pi / 180.0;
constexpr double most_pixels = 8192.0;  // on a side
constexpr Duration patience = std::chrono::minutes(1);
constexpr double withdrawn_by_m = 1.0e-6;
constexpr int last_suffix = 9999;

bool within(double value, double low, double high) {
  return value >= low && value <= high;
}

}  // namespace

ScanFrame AsylumFolder::frame() const {
  const auto at = [&](const char* key) { return parameters_.at(key); };
  ScanFrame frame;
  frame.centre = {at("xoffset"), at("yoffset")};
  const auto length = [&](const char* ratio, const char* points) {  // from edge to edge of pixels
    return at("scansize") * at(ratio) * at(points) / (at(points) - 1.0);
  };
  frame.width_m = length("fastratio", "scanpoints");
  frame.height_m = length("slowratio", "scanlines");
  frame.angle_rad = at("scanangle") * degree;
  frame.columns = static_cast<std::size_t>(at("scanpoints"));
  frame.rows = static_cast<std::size_t>(at("scanlines"));
  frame.line_time_s = 0.5 / at("scanrate");
  return frame;
}

bool AsylumFolder::takes(const std::string& key, double value) const {
  const TipPositioner::Limits limit = microscope_->positioner().limits();
  if (!std::isfinite(value)) {
    return false;
  }
  if (key == "scansize") {
    return within(value, 1.0e-12, limit.x_m.high - limit.x_m.low);
  }
  if (key == "fastratio" || key == "slowratio") {
    return within(value, 1.0 / most_pixels, 1.0);
  }
  if (key == "scanpoints" || key == "scanlines") {
    return within(value, 2.0, most_pixels) && std::floor(value) == value;
  }
  if (key == "xoffset" || key == "yoffset") {
    return (key == "xoffset" ? limit.x_m : limit.y_m).contains(value);
  }
  if (key == "scanrate") {
    return within(value, 1.0e-4, 1.0e3);
  }
  if (key == "basesuffix") {
    return within(value, 0.0, last_suffix);
  }
  const bool fixed = key == "scanstatus" || key.ends_with("lvdtsens") || key.ends_with("invols");
  return !fixed;
}

std::optional<std::size_t> AsylumFolder::find(std::string_view signal) const {
  const std::vector<Signal> all = microscope_->signals().signals();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == signal) {
      return i;
    }
  }
  return std::nullopt;
}

void AsylumFolder::start_scan() {
  stop_scan();
  std::vector<std::size_t> indices;
  for (const asylum::Channel& channel : asylum::channels()) {
    if (const auto index = find(channel.signal)) {
      indices.push_back(*index);
    }
  }
  ImageScanner& scanner = *microscope_->scanner();
  const ScanFrame applied = scanner.configure(frame(), indices);
  if (!microscope_->height().engaged()) {
    microscope_->height().approach(patience, {});
  }
  scanner.start();
  target_.reset();
  scanning_ = applied;
}

void AsylumFolder::stop_scan() {
  if (std::exchange(scanning_, std::nullopt)) {
    microscope_->scanner()->stop();
  }
}

void AsylumFolder::withdraw() {
  if (microscope_->height().engaged()) {
    microscope_->height().withdraw(withdrawn_by_m, patience, {});
  }
}

void AsylumFolder::follow(Duration timeout, const std::stop_token& stop) {
  if (microscope_->scanner()->wait_line(timeout, stop) >= scanning_->rows) {
    if (parameters_["saveimage"] != 0.0) {
      save_image();
    }
    scanning_.reset();
  }
}

void AsylumFolder::let_pass(Clock& clock, Duration duration, const std::stop_token& stop) {
  const Duration until = clock.now() + duration;
  look();
  while (scanning_ && clock.now() < until) {
    try {
      follow(until - clock.now(), stop);
    } catch (const DeviceError& error) {
      tell(fmt::format("the scan ends: {}", error.what()));
      scanning_.reset();
    }
  }
  clock.sleep(std::max(until - clock.now(), Duration::zero()), stop);
}

void AsylumFolder::save_image() {
  constexpr std::uint64_t from_1904_to_1970_s = 2082844800;
  constexpr std::array ways{std::pair{ScanDirection::forward, "Trace"},
                            std::pair{ScanDirection::backward, "Retrace"}};
  const ScanFrame& f = *scanning_;
  std::string name;
  int suffix = static_cast<int>(parameters_["basesuffix"]);
  std::error_code error;
  do {
    name = fmt::format("{}{:04}", base_, suffix);
  } while (std::filesystem::exists(folder_ / (name + ".ibw"), error) && ++suffix <= last_suffix);
  if (suffix > last_suffix) {
    tell(fmt::format("no number is left for {}", base_));
    return;
  }
  parameters_["basesuffix"] = std::min(suffix + 1, last_suffix);
  IgorImage image;
  image.name = name;
  image.step_m = {f.width_m / static_cast<double>(f.columns),
                  f.height_m / static_cast<double>(f.rows)};
  const auto note = [&](const std::string& key, const auto& value) {
    image.note.emplace_back(key, fmt::format("{}", value));
  };
  const double fast_m = image.step_m[0] * static_cast<double>(f.columns - 1);
  const double slow_m = image.step_m[1] * static_cast<double>(f.rows - 1);
  note("ScanSize", std::max(fast_m, slow_m));
  note("FastScanSize", fast_m);
  note("SlowScanSize", slow_m);
  note("ScanPoints", f.columns);
  note("ScanLines", f.rows);
  note("ScanRate", 0.5 / f.line_time_s);
  note("ScanAngle", f.angle_rad / degree);
  note("XOffset", f.centre.x_m);
  note("YOffset", f.centre.y_m);
  note("ScanDown", 0);
  note("BaseName", base_);
  note("ImagingMode", "AC Mode");
  note("DriveFrequency", value("drivefrequency"));
  note("DriveAmplitude", value("driveamplitude"));
  note("AmpInvOLS", value("ampinvols"));
  note("InvOLS", value("invols"));
  int number = 0;
  for (const asylum::Channel& channel : asylum::channels()) {
    const auto index = find(channel.signal);
    if (!index) {
      continue;
    }
    note(fmt::format("Channel{}DataType", ++number), channel.name);
    for (const auto& [direction, way] : ways) {
      Image<float> pixels = microscope_->scanner()->data(*index, direction);
      for (float& v : pixels.values) {
        v = static_cast<float>(static_cast<double>(v) / channel.factor);
      }
      image.layers.push_back({fmt::format("{}{}", channel.name, way), std::move(pixels)});
    }
  }
  const auto since_1970 = std::chrono::duration_cast<std::chrono::seconds>(time_of_day());
  save(name + ".ibw",
       write_igor_image(image,
                        static_cast<std::uint32_t>(
                            from_1904_to_1970_s + static_cast<std::uint64_t>(since_1970.count()))));
}

}  // namespace halotwin::devices
