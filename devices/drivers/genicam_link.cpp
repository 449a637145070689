#include "devices/drivers/genicam_link.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <arv.h>
#include <fmt/format.h>

namespace halotwin::devices {

namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class Object>
using Held = std::unique_ptr<Object, Unref>;

struct Format {
  const char* name;
  int bits;
};
constexpr std::array formats{
    Format{"Mono16", 16}, Format{"Mono12", 12}, Format{"Mono10", 10}, Format{"Mono8", 8}};

/// Searches of the network are short; more than this are no answer but nonsense.
constexpr int widest_sensor = 65536;

std::string text_or(const char* text, const std::string& otherwise) {
  return text == nullptr || *text == '\0' ? otherwise : text;
}

/// The address of the camera with that id or serial number; the name itself if there is none. By
/// its id Aravis may open a camera through another interface of this computer than the one that it
/// is at, and then no frame arrives.
std::string address_of(const std::string& name) {
  arv_update_device_list();
  for (unsigned int i = 0; i < arv_get_n_devices(); ++i) {
    const std::string protocol = text_or(arv_get_device_protocol(i), "");
    const std::string id = text_or(arv_get_device_id(i), "");
    if (name == id || name == text_or(arv_get_device_serial_nbr(i), "") ||
        name == text_or(arv_get_device_physical_id(i), "")) {
      return protocol == "GigEVision" ? text_or(arv_get_device_address(i), id) : id;
    }
  }
  return name;
}

bool is_address(const std::string& name) {
  return g_hostname_is_ip_address(name.c_str()) != 0;
}

}  // namespace

struct GenicamLink::Parts {
  std::string role;
  std::string name;
  Held<ArvCamera> camera;
  Held<ArvStream> stream;
  std::atomic<bool> lost{false};
  Format format{};
  bool decibels = false;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::vector<std::uint8_t>> memory;  // of the buffers
  std::uint64_t all = 0;
  std::uint64_t pushed = 0;

  ~Parts() {
    stream.reset();
    if (camera) {
      g_signal_handlers_disconnect_by_data(arv_camera_get_device(camera.get()), this);
    }
  }

  [[noreturn]] void fail(const char* operation, const std::string& cause, Retry retry) const {
    throw DeviceError(role, operation, cause, retry);
  }

  /// Calls a function of Aravis, of which the last argument is where an error goes.
  template <class Function, class... Arguments>
  auto ask(const char* operation, Function function, Arguments... arguments) const {
    if (lost) {
      fail(operation, name + " has vanished", Retry::yes);
    }
    GError* error = nullptr;
    const auto check = [&] {
      if (error == nullptr) {
        return;
      }
      const std::string cause = fmt::format("{}: {}", name, error->message);
      const bool again = error->code == ARV_DEVICE_ERROR_TIMEOUT ||
                         error->code == ARV_DEVICE_ERROR_NOT_CONNECTED ||
                         error->code == ARV_DEVICE_ERROR_TRANSFER_ERROR ||
                         error->code == ARV_DEVICE_ERROR_NOT_CONTROLLER ||
                         error->code == ARV_DEVICE_ERROR_NOT_FOUND;
      g_error_free(error);
      fail(operation, cause, again ? Retry::yes : Retry::no);
    };
    if constexpr (std::is_void_v<decltype(function(camera.get(), arguments..., &error))>) {
      function(camera.get(), arguments..., &error);
      check();
    } else {
      const auto value = function(camera.get(), arguments..., &error);
      check();
      return value;
    }
  }

  [[nodiscard]] bool has(const char* feature) const {
    return ask("read", arv_camera_is_feature_available, feature) != 0;
  }
  template <class Function>
  [[nodiscard]] Range range(Function function) const {
    double low = 0.0;
    double high = 0.0;
    ask("read limits", function, &low, &high);
    return {low, high};
  }
  [[nodiscard]] double factor(double gain) const {
    return decibels ? std::pow(10.0, gain / 20.0) : gain;
  }

  void open(const std::string& wanted) {
    constexpr const char* operation = "open";
    name = is_address(wanted) ? wanted : address_of(wanted);
    GError* error = nullptr;
    camera.reset(arv_camera_new(name.c_str(), &error));
    if (error != nullptr || !camera) {
      const std::string cause = error != nullptr ? error->message : "no such camera";
      g_clear_error(&error);
      fail(operation, fmt::format("no camera at \"{}\": {}", wanted, cause), Retry::yes);
    }
    ArvDevice* device = arv_camera_get_device(camera.get());
    g_signal_connect(
        device,
        "control-lost",
        G_CALLBACK(+[](ArvDevice*, gpointer self) { static_cast<Parts*>(self)->lost = true; }),
        this);
    if (ARV_IS_GV_DEVICE(device) && arv_gv_device_is_controller(ARV_GV_DEVICE(device)) == 0) {
      fail(operation, fmt::format("another program controls {}", wanted), Retry::yes);
    }
    unsigned int count = 0;
    const char** names = ask(operation, arv_camera_dup_available_pixel_formats_as_strings, &count);
    for (const Format& one : formats) {
      const bool there = std::any_of(
          names, names + count, [&](const char* has) { return std::string_view(has) == one.name; });
      if (there && format.bits == 0) {
        format = one;
      }
    }
    g_free(names);
    if (format.bits == 0) {
      fail(operation,
           fmt::format("{} has none of the pixel formats Mono16, Mono12, Mono10 and Mono8", wanted),
           Retry::no);
    }
    ArvGcNode* gain = arv_device_get_feature(device, "Gain");
    if (ARV_IS_GC_FLOAT(gain)) {
      const char* unit = arv_gc_float_get_unit(ARV_GC_FLOAT(gain));
      decibels = unit != nullptr && g_ascii_strcasecmp(unit, "db") == 0;
    }
  }

  [[nodiscard]] int binning() const {
    int x = 1;
    int y = 1;
    if (ask("read", arv_camera_is_binning_available) != 0) {
      ask("read", arv_camera_get_binning, &x, &y);
    }
    if (x != y || x < 1 || x > widest_sensor) {
      fail("read", fmt::format("{} bins {} x {} pixels", name, x, y), Retry::no);
    }
    return x;
  }

  void set_region(const CameraRegion& region) {
    constexpr const char* operation = "configure";
    const bool bins = ask(operation, arv_camera_is_binning_available) != 0;
    const int by = static_cast<int>(region.binning);
    if (bins) {
      int low = 1;
      int high = 1;
      ask(operation, arv_camera_get_x_binning_bounds, &low, &high);
      if (by < low || by > high) {
        fail(operation, fmt::format("binning {} (it has {} to {})", by, low, high), Retry::no);
      }
      ask(operation, arv_camera_set_binning, by, by);
    } else if (by != 1) {
      fail(operation, name + " has no binning", Retry::no);
    }
    const auto down = [](std::uint32_t pixels, int binning, int step) {
      const int binned = static_cast<int>(pixels) / binning;
      return binned - binned % std::max(step, 1);
    };
    const int w = down(region.width, by, ask(operation, arv_camera_get_width_increment));
    const int h = down(region.height, by, ask(operation, arv_camera_get_height_increment));
    if (w < 1 || h < 1) {
      fail(operation, "the region is smaller than the camera's step", Retry::no);
    }
    if (ask(operation, arv_camera_is_region_offset_available) != 0) {
      const int x = down(region.left, by, ask(operation, arv_camera_get_x_offset_increment));
      const int y = down(region.top, by, ask(operation, arv_camera_get_y_offset_increment));
      ask(operation, arv_camera_set_region, 0, 0, w, h);  // bounds depend on one another
      ask(operation, arv_camera_set_region, x, y, w, h);
    } else if (region.left == 0 && region.top == 0) {
      ask(operation, arv_camera_set_region, -1, -1, w, h);
    } else {
      fail(operation, name + " has no offsets", Retry::no);
    }
  }

  void set_trigger(Trigger trigger) {
    constexpr const char* operation = "configure";
    if (trigger == Trigger::internal) {
      if (has("TriggerMode")) {
        ask(operation, arv_camera_clear_triggers);
      }
      return;
    }
    if (trigger == Trigger::software) {
      ask(operation, arv_camera_set_trigger, "Software");
      return;
    }
    unsigned int count = 0;
    const char** sources = ask(operation, arv_camera_dup_available_trigger_sources, &count);
    const char** line = std::find_if(sources, sources + count, [](const char* source) {
      return std::string_view(source).starts_with("Line");
    });
    const std::string chosen = line == sources + count ? "" : *line;
    g_free(sources);
    if (chosen.empty()) {
      fail(operation, name + " has no trigger input", Retry::no);
    }
    ask(operation, arv_camera_set_trigger, chosen.c_str());
  }

  void push(std::vector<std::uint8_t>& bytes) {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});  // what does not come is seen as 0
    ++pushed;
    arv_stream_push_buffer(stream.get(),
                           arv_buffer_new_full(bytes.size(), bytes.data(), &bytes, nullptr));
  }
};

GenicamLink::GenicamLink(const std::string& name, std::string role)
    : parts_(std::make_unique<Parts>()) {
  parts_->role = std::move(role);
  parts_->open(name);
}

GenicamLink::~GenicamLink() = default;

Identity GenicamLink::identity() const {
  constexpr const char* operation = "identify";
  const Parts& p = *parts_;
  const char* version = p.has("DeviceFirmwareVersion") ? "DeviceFirmwareVersion" : "DeviceVersion";
  return {text_or(p.ask(operation, arv_camera_get_vendor_name), "unknown"),
          text_or(p.ask(operation, arv_camera_get_model_name), "unknown"),
          text_or(p.ask(operation, arv_camera_get_device_serial_number), ""),
          p.has(version) ? text_or(p.ask(operation, arv_camera_get_string, version), "") : "",
          p.name};
}

CameraLimits GenicamLink::limits() const {
  constexpr const char* operation = "read limits";
  const Parts& p = *parts_;
  int width = 0;
  int height = 0;
  p.ask(operation, arv_camera_get_sensor_size, &width, &height);
  if (width < 1 || height < 1 || width > widest_sensor || height > widest_sensor) {
    p.fail(operation, fmt::format("a sensor of {} x {} pixels", width, height), Retry::no);
  }
  const Range us = p.range(arv_camera_get_exposure_time_bounds);
  Range gain{1.0, 1.0};
  if (p.ask(operation, arv_camera_is_gain_available) != 0) {
    gain = p.range(arv_camera_get_gain_bounds);
    gain = {p.factor(gain.low), p.factor(gain.high)};
  }
  std::int64_t most = (std::int64_t{1} << p.format.bits) - 1;
  if (p.has("PixelDynamicRangeMax")) {
    const std::int64_t told = p.ask(operation, arv_camera_get_integer, "PixelDynamicRangeMax");
    most = told > 0 ? std::min(most, told) : most;
  }
  return {.sensor_width = static_cast<std::uint32_t>(width),
          .sensor_height = static_cast<std::uint32_t>(height),
          .exposure_s = {us.low / 1e6, us.high / 1e6},
          .gain = gain,
          .saturation_counts = static_cast<std::uint32_t>(most),
          .ring_buffer_frames = 0};
}

void GenicamLink::apply(const CameraSettings& wanted, int packet_bytes) {
  constexpr const char* operation = "configure";
  Parts& p = *parts_;
  p.set_trigger(Trigger::internal);
  p.set_region(wanted.region);
  p.ask(operation, arv_camera_set_pixel_format_from_string, p.format.name);
  p.ask(operation, arv_camera_set_acquisition_mode, ARV_ACQUISITION_MODE_CONTINUOUS);
  if (p.ask(operation, arv_camera_is_exposure_auto_available) != 0) {
    p.ask(operation, arv_camera_set_exposure_time_auto, ARV_AUTO_OFF);
  }
  constexpr double steps_per_us = 1000.0;  // so that 12.3 ms are not 12299.999 us
  const double us = std::round(wanted.exposure_s * 1e6 * steps_per_us) / steps_per_us;
  p.ask(operation, arv_camera_set_exposure_time, us);
  if (p.ask(operation, arv_camera_is_gain_available) != 0) {
    if (p.ask(operation, arv_camera_is_gain_auto_available) != 0) {
      p.ask(operation, arv_camera_set_gain_auto, ARV_AUTO_OFF);
    }
    const double gain = p.decibels ? 20.0 * std::log10(wanted.gain) : wanted.gain;
    p.ask(operation, arv_camera_set_gain, p.has("Gain") ? gain : std::round(gain));
  }
  if (p.ask(operation, arv_camera_is_frame_rate_available) != 0) {
    const double exposure_s = p.ask(operation, arv_camera_get_exposure_time) / 1e6;
    const double period_s = std::max(wanted.frame_period_s, exposure_s);
    const Range hz = p.range(arv_camera_get_frame_rate_bounds);
    constexpr double hair = 1.0 - 1e-10;  // a period that the camera cuts to its steps stays itself
    p.ask(operation,
          arv_camera_set_frame_rate,
          std::clamp(hair / std::max(period_s, 1e-6), hz.low, hz.high));
  }
  p.set_trigger(wanted.trigger);
  if (packet_bytes > 0 && counter_wraps()) {
    p.ask(operation, arv_camera_gv_set_packet_size, packet_bytes);
  }
}

CameraSettings GenicamLink::read() const {
  constexpr const char* operation = "read settings";
  const Parts& p = *parts_;
  CameraSettings out;
  int x = 0;
  int y = 0;
  int w = 0;
  int h = 0;
  p.ask(operation, arv_camera_get_region, &x, &y, &w, &h);
  const int by = p.binning();
  for (const int pixels : {x, y, w, h}) {
    if (pixels < 0 || pixels > widest_sensor / by) {
      p.fail(operation, fmt::format("a region of {} x {} at {}, {}", w, h, x, y), Retry::no);
    }
  }
  const auto whole = [&](int pixels) {
    return static_cast<std::uint32_t>(pixels) * static_cast<std::uint32_t>(by);
  };
  out.region = {whole(x), whole(y), whole(w), whole(h), static_cast<std::uint32_t>(by)};
  out.exposure_s = p.ask(operation, arv_camera_get_exposure_time) / 1e6;
  if (p.ask(operation, arv_camera_is_gain_available) != 0) {
    out.gain = p.factor(p.ask(operation, arv_camera_get_gain));
  }
  out.frame_period_s = out.exposure_s;
  if (p.ask(operation, arv_camera_is_frame_rate_available) != 0) {
    const double hz = p.ask(operation, arv_camera_get_frame_rate);
    out.frame_period_s = hz > 0.0 ? std::max(1.0 / hz, out.exposure_s) : out.exposure_s;
  }
  if (p.has("TriggerMode") &&
      text_or(p.ask(operation, arv_camera_get_string, "TriggerMode"), "Off") != "Off") {
    const std::string source = text_or(p.ask(operation, arv_camera_get_trigger_source), "");
    out.trigger = source == "Software" ? Trigger::software : Trigger::external;
  }
  return out;
}

void GenicamLink::software_trigger() {
  parts_->ask("trigger", arv_camera_software_trigger);
}

bool GenicamLink::counter_wraps() const {
  return arv_camera_is_gv_device(parts_->camera.get()) != 0;
}

void GenicamLink::begin(std::size_t buffers, std::uint64_t all) {
  constexpr const char* operation = "start";
  Parts& p = *parts_;
  int x = 0;
  int y = 0;
  int w = 0;
  int h = 0;
  p.ask(operation, arv_camera_get_region, &x, &y, &w, &h);
  const std::size_t payload = p.ask(operation, arv_camera_get_payload);
  const std::size_t needed = static_cast<std::size_t>(std::clamp(w, 0, widest_sensor)) *
                             static_cast<std::size_t>(std::clamp(h, 0, widest_sensor)) *
                             (p.format.bits > 8 ? 2 : 1);
  constexpr std::size_t most_beside = 1U << 20U;  // chunk data and padding
  if (needed == 0 || payload < needed || payload > needed + most_beside) {
    p.fail(
        operation, fmt::format("frames of {} x {} pixels in {} bytes", w, h, payload), Retry::no);
  }
  p.width = static_cast<std::uint32_t>(w);
  p.height = static_cast<std::uint32_t>(h);
  p.stream.reset();
  p.stream.reset(p.ask(operation, arv_camera_create_stream, nullptr, nullptr));
  if (counter_wraps()) {
    g_object_set(p.stream.get(), "socket-buffer", ARV_GV_STREAM_SOCKET_BUFFER_AUTO, nullptr);
  }
  p.all = all;
  p.pushed = 0;
  const std::size_t first =
      all == 0 ? buffers : static_cast<std::size_t>(std::min<std::uint64_t>(buffers, all));
  p.memory.resize(first);
  for (auto& bytes : p.memory) {
    bytes.resize(payload);
    p.push(bytes);
  }
  p.ask(operation, arv_camera_start_acquisition);
}

void GenicamLink::end() {
  parts_->ask("stop", arv_camera_stop_acquisition);
}

std::optional<GenicamLink::Frame> GenicamLink::take(std::span<std::uint16_t> pixels,
                                                    Duration timeout) {
  Parts& p = *parts_;
  if (!p.stream) {
    return std::nullopt;
  }
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  const Held<ArvBuffer> buffer(
      us > 0 ? arv_stream_timeout_pop_buffer(p.stream.get(), static_cast<std::uint64_t>(us))
             : arv_stream_try_pop_buffer(p.stream.get()));
  if (!buffer) {
    return std::nullopt;
  }
  const ArvBufferStatus status = arv_buffer_get_status(buffer.get());
  const bool whole = status == ARV_BUFFER_STATUS_SUCCESS;
  const bool parts =
      status == ARV_BUFFER_STATUS_MISSING_PACKETS || status == ARV_BUFFER_STATUS_TIMEOUT;
  const bool fits =
      !whole || (arv_buffer_get_image_width(buffer.get()) == static_cast<int>(p.width) &&
                 arv_buffer_get_image_height(buffer.get()) == static_cast<int>(p.height));
  std::optional<Frame> frame;
  auto& bytes = *static_cast<std::vector<std::uint8_t>*>(
      const_cast<void*>(arv_buffer_get_user_data(buffer.get())));
  const std::size_t count = std::size_t{p.width} * p.height;
  if ((whole || parts) && fits && pixels.size() >= count) {
    if (p.format.bits > 8) {  // little-endian, as the processors that this runs on
      std::memcpy(pixels.data(), bytes.data(), 2 * count);
    } else {
      std::copy_n(bytes.begin(), count, pixels.begin());
    }
    const auto came = static_cast<std::int64_t>(arv_buffer_get_system_timestamp(buffer.get()));
    const std::int64_t age = g_get_real_time() * 1000 - came;
    frame = {.id = arv_buffer_get_frame_id(buffer.get()),
             .camera_ns = arv_buffer_get_timestamp(buffer.get()),
             .age = Duration(came > 0 ? std::max<std::int64_t>(age, 0) : 0),
             .incomplete = !whole};
  }
  if (!frame) {
    --p.pushed;  // it was none of the frames that are due
  }
  if (p.all == 0 || p.pushed < p.all) {
    p.push(bytes);
  }
  return frame;
}

bool GenicamLink::overrun() const {
  const Parts& p = *parts_;
  std::uint64_t underruns = 0;
  if (p.stream && (p.all == 0 || p.pushed < p.all)) {
    arv_stream_get_statistics(p.stream.get(), nullptr, nullptr, &underruns);
  }
  return underruns > 0;
}

std::uint64_t GenicamLink::arrived() const {
  std::uint64_t completed = 0;
  std::uint64_t failures = 0;
  if (parts_->stream) {
    arv_stream_get_statistics(parts_->stream.get(), &completed, &failures, nullptr);
  }
  return completed + failures;
}

std::uint32_t GenicamLink::frame_width() const {
  return parts_->width;
}

std::uint32_t GenicamLink::frame_height() const {
  return parts_->height;
}

void GenicamLink::call(const char* operation) const {
  try {
    parts_->ask(operation, arv_camera_get_exposure_time);
  } catch (const DeviceError&) {
    parts_->lost = true;  // nothing more is asked of it
    throw;
  }
}

void GenicamLink::check(const char* operation) const {
  if (parts_->lost) {
    parts_->fail(operation, parts_->name + " has vanished", Retry::yes);
  }
}

}  // namespace halotwin::devices
