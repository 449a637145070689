#include "devices/servers/genicam_server.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <arv.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/camera_feed.hpp"
#include "devices/servers/genicam_features.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

namespace {

constexpr const char* vendor = "halotwin";
constexpr const char* model = "twin camera";
constexpr double longest_exposure_us = 1.0e6;
constexpr double most_frames_per_s = 1000.0;
/// Aravis asks for a frame that often, at least: four times in a period, so that late frames are
/// made up for without a burst that a busy client's socket could not hold.
constexpr std::uint32_t least_between_us = 1000;
constexpr std::uint32_t most_between_us = 20000;
/// While no frame is there, commands wait that long.
constexpr Duration longest_silence = std::chrono::milliseconds(20);

/// The device side of Aravis shares its port with whoever has it: so it is tried before.
void require_free(const std::string& address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(GenicamServer::port);
  if (inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) {
    throw WireError(WireFault::refused, fmt::format("\"{}\" is no IPv4 address", address));
  }
  const int socket_id = socket(AF_INET, SOCK_DGRAM, 0);
  const bool free =
      socket_id >= 0 && bind(socket_id, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  if (socket_id >= 0) {
    close(socket_id);
  }
  if (!free) {
    throw WireError(
        WireFault::refused,
        fmt::format("{}:{} (UDP) cannot be listened at: another camera is served there, "
                    "or the address is not of this computer",
                    address,
                    GenicamServer::port));
  }
}

void require_serial(const std::string& serial) {
  const bool good = !serial.empty() && serial.size() <= 15 &&
                    std::all_of(serial.begin(), serial.end(), [](unsigned char c) {
                      return (c < 128 && std::isalnum(c) != 0) || c == '-' || c == '_';
                    });
  require(good, fmt::format("serial \"{}\": 1 to 15 letters, digits, '-' and '_'", serial));
}

/// A file that Aravis reads while the camera is set up.
class DescriptionFile {
 public:
  explicit DescriptionFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "halotwin_camera_XXXXXX").string();
    const int file = mkstemp(name.data());
    path_ = name;
    const bool written =
        file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) {
      close(file);
    }
    if (!written) {
      throw DataError(name + ": cannot be written");
    }
  }
  ~DescriptionFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  DescriptionFile(const DescriptionFile&) = delete;
  DescriptionFile& operator=(const DescriptionFile&) = delete;
  [[nodiscard]] const char* name() const { return path_.c_str(); }

 private:
  std::string path_;
};

/// Inside of the range, as 32 bits hold it: then what is written is what is read.
Range decibels(const Range& gain) {
  const double low = 20.0 * std::log10(gain.low);
  const double high = 20.0 * std::log10(gain.high);
  auto least = static_cast<float>(low);
  auto most = static_cast<float>(high);
  if (static_cast<double>(least) < low) {
    least = std::nextafter(least, most);
  }
  if (static_cast<double>(most) > high) {
    most = std::nextafter(most, least);
  }
  return {least, most};
}

}  // namespace

class GenicamServer::Impl {
 public:
  Impl(Camera& camera, std::string interface_address, std::string serial, const Turn& turn)
      : interface_(std::move(interface_address)), serial_(std::move(serial)), feed_(camera, turn) {
    require_serial(serial_);
    require_free(interface_);
    GenicamRanges ranges;
    CameraSettings first;
    turn([&] {
      camera.stop();
      limits_ = camera.limits();
      first = camera.configure({.exposure_s = limits_.exposure_s.low, .gain = limits_.gain.low});
    });
    ranges.exposure_us = {std::ceil(limits_.exposure_s.low * 1e6 - 1e-6),
                          std::min(limits_.exposure_s.high * 1e6, longest_exposure_us)};
    ranges.gain_db = decibels(limits_.gain);
    ranges.fastest_hz = std::min(1.0 / first.frame_period_s, most_frames_per_s);
    ranges.saturation_counts = limits_.saturation_counts;
    const DescriptionFile file(genicam_description(ranges));
    device_ = arv_gv_fake_camera_new_full(interface_.c_str(), serial_.c_str(), file.name());
    if (device_ == nullptr || arv_gv_fake_camera_is_running(device_) == 0) {
      close_device();
      throw WireError(
          WireFault::refused,
          fmt::format("no camera can be served at {}: it is no address of this computer",
                      interface_));
    }
    registers_ = arv_gv_fake_camera_get_fake_camera(device_);
    set_up(ranges);
  }

  ~Impl() { close_device(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void run(const std::stop_token& stop) {
    feed_.run(stop, [this] { return get(GenicamRegister::acquisition) != 0; });
    close_device();
  }

  [[nodiscard]] const std::string& interface_address() const { return interface_; }
  [[nodiscard]] const std::string& serial() const { return serial_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::string last_error() const { return feed_.last_error(); }

 private:
  void close_device() {
    closing_ = true;
    const std::scoped_lock once(closing_mutex_);
    if (device_ == nullptr) {
      return;
    }
    {
      const std::scoped_lock lock(mutex_);  // a frame under way has seen that we close
      g_object_set(device_, "gvsp-lost-ratio", 1.0, nullptr);
    }
    g_object_unref(device_);  // waits for its thread
    device_ = nullptr;
  }

  [[nodiscard]] std::uint32_t get(GenicamRegister at) const {
    std::uint32_t value = 0;
    arv_fake_camera_read_register(registers_, static_cast<std::uint32_t>(at), &value);
    return value;
  }
  void set(GenicamRegister at, std::uint32_t value) {
    arv_fake_camera_write_register(registers_, static_cast<std::uint32_t>(at), value);
  }
  /// A text of the bootstrap registers of GigE Vision.
  void set_text(std::uint32_t at, std::string text) {
    text.resize(32, '\0');
    arv_fake_camera_write_memory(
        registers_, at, static_cast<std::uint32_t>(text.size()), text.data());
  }

  void set_up(const GenicamRanges& ranges) {
    set_text(0x48, vendor);
    set_text(0x68, model);
    set_text(0x88, "1");
    set(GenicamRegister::sensor_width, limits_.sensor_width);
    set(GenicamRegister::sensor_height, limits_.sensor_height);
    set(GenicamRegister::width, limits_.sensor_width);
    set(GenicamRegister::height, limits_.sensor_height);
    set(GenicamRegister::binning, 1);
    set(GenicamRegister::pixel_format, genicam_mono16);
    set(GenicamRegister::acquisition_mode, 1);
    set(GenicamRegister::aravis_period_us, least_between_us);
    set(GenicamRegister::trigger_source, 1);
    constexpr double usual_us = 30000.0;
    const double exposure_us =
        std::clamp(usual_us, ranges.exposure_us.low, ranges.exposure_us.high);
    set(GenicamRegister::exposure_us, static_cast<std::uint32_t>(exposure_us));
    set(GenicamRegister::frame_period_us,
        static_cast<std::uint32_t>(std::ceil(std::max(exposure_us, 1e6 / ranges.fastest_hz))));
    set(GenicamRegister::gain_db,
        std::bit_cast<std::uint32_t>(static_cast<float>(ranges.gain_db.low)));
    arv_fake_camera_set_fill_pattern(
        registers_,
        [](ArvBuffer* buffer, void* self, guint32, guint32, ArvPixelFormat) {
          static_cast<Impl*>(self)->fill(buffer);
        },
        this);
  }

  [[nodiscard]] CameraSettings wanted() const {
    CameraSettings out;
    out.exposure_s = get(GenicamRegister::exposure_us) / 1e6;
    out.frame_period_s = get(GenicamRegister::frame_period_us) / 1e6;
    out.gain = std::pow(
        10.0, static_cast<double>(std::bit_cast<float>(get(GenicamRegister::gain_db))) / 20.0);
    const std::uint32_t by = std::clamp(get(GenicamRegister::binning), 1U, genicam_most_binning);
    const auto whole = [&](GenicamRegister at) {
      return std::min(get(at), limits_.sensor_width + limits_.sensor_height) * by;
    };
    out.region = {whole(GenicamRegister::left),
                  whole(GenicamRegister::top),
                  whole(GenicamRegister::width),
                  whole(GenicamRegister::height),
                  by};
    out.trigger = get(GenicamRegister::trigger_mode) == 0 ? Trigger::internal : Trigger::software;
    return out;
  }

  /// Called by Aravis, in its own thread, whenever it could send a frame; meanwhile it answers no
  /// client.
  void fill(ArvBuffer* buffer) {
    const std::scoped_lock lock(mutex_);
    if (closing_) {
      return;
    }
    // Aravis makes a new buffer whenever it begins to stream
    GObject* object = G_OBJECT(buffer);
    const bool fresh = g_object_get_data(object, "halotwin-series") == nullptr;
    g_object_set_data(object, "halotwin-series", this);
    bool good = false;
    try {
      good = expose(buffer, fresh);
    } catch (const std::exception& error) {
      feed_.fail(error.what());
      settings_.reset();
    }
    frames_ += good ? 1 : 0;
    g_object_set(device_, "gvsp-lost-ratio", good ? 0.0 : 1.0, nullptr);  // all of it, or nothing
  }

  /// The camera's next frame into the buffer; false: there is none to send yet.
  bool expose(ArvBuffer* buffer, bool fresh) {
    const CameraSettings now = wanted();
    if (get(GenicamRegister::pixel_format) != genicam_mono16) {
      throw DeviceError(vendor, "stream", "a pixel format that it does not have", Retry::no);
    }
    if (fresh || now != settings_) {
      feed_.begin(now);
      settings_ = now;
      set(GenicamRegister::aravis_period_us,
          std::clamp(get(GenicamRegister::frame_period_us) / 4, least_between_us, most_between_us));
    }
    Duration patience = longest_silence;
    if (now.trigger == Trigger::software) {
      feed_.trigger();
      patience =
          from_seconds(2.0 * (now.exposure_s + now.frame_period_s)) + std::chrono::seconds(1);
    }
    const auto frame = feed_.take(patience);
    if (!frame) {
      return false;
    }
    const auto width = static_cast<std::size_t>(arv_buffer_get_image_width(buffer));
    const auto height = static_cast<std::size_t>(arv_buffer_get_image_height(buffer));
    if (width * height != frame->pixels.size()) {
      throw DeviceError(vendor, "stream", "the region was changed meanwhile", Retry::yes);
    }
    void* data = const_cast<void*>(arv_buffer_get_data(buffer, nullptr));
    std::memcpy(
        data, frame->pixels.data(), 2 * frame->pixels.size());  // little-endian, as Mono16 is
    arv_buffer_set_frame_id(buffer, (frame->id - 1) % 65535 + 1);
    arv_buffer_set_timestamp(buffer, static_cast<std::uint64_t>(frame->exposure_start.count()));
    return true;
  }

  std::string interface_;
  std::string serial_;
  CameraFeed feed_;
  CameraLimits limits_;
  ArvGvFakeCamera* device_ = nullptr;
  ArvFakeCamera* registers_ = nullptr;
  std::atomic<bool> closing_{false};
  std::atomic<std::uint64_t> frames_{0};

  std::mutex closing_mutex_;
  std::mutex mutex_;                        // of what follows
  std::optional<CameraSettings> settings_;  // of the series
};

GenicamServer::GenicamServer(Camera& camera,
                             const std::string& interface_address,
                             const std::string& serial,
                             Turn turn)
    : impl_(std::make_unique<Impl>(
          camera,
          interface_address,
          serial,
          turn ? std::move(turn) : [](const std::function<void()>& work) { work(); })) {}

GenicamServer::~GenicamServer() = default;

std::string GenicamServer::address() const {
  return "genicam://" + impl_->interface_address();
}

std::string GenicamServer::id() const {
  return fmt::format("{}-{}-{}", vendor, model, impl_->serial());
}

std::uint64_t GenicamServer::frames_sent() const {
  return impl_->frames();
}

std::string GenicamServer::last_error() const {
  return impl_->last_error();
}

void GenicamServer::run(const std::stop_token& stop) {
  impl_->run(stop);
}

}  // namespace halotwin::devices
