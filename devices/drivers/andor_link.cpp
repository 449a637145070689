#include "devices/drivers/andor_link.hpp"

#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace halotwin::devices::andor {

namespace {

/// What the library is for all cameras of the program.
struct Process {
  std::mutex mutex;
  std::set<std::int32_t> open;  // handles
  std::optional<std::int32_t> current;
};

Process& process() {
  static Process one;
  return one;
}

}  // namespace

Link::Link(std::shared_ptr<const Api> api, int index, const std::string& config, std::string role)
    : api_(std::move(api)), role_(std::move(role)) {
  constexpr const char* operation = "open";
  Process& all = process();
  const std::scoped_lock turn(all.mutex);
  const auto require = [&](const char* function, Code code) {
    if (code != success) {
      fail(operation, function, code);
    }
  };
  std::int32_t found = 0;
  const Code seen = api_->get_available_cameras.call(&found);
  if (seen != no_camera) {
    require(api_->get_available_cameras.name, seen);
  }
  if (seen == no_camera || index < 0 || index >= found) {
    refuse(operation, fmt::format("no camera {}: the library finds {}", index, found), Retry::yes);
  }
  require(api_->get_camera_handle.name, api_->get_camera_handle.call(index, &handle_));
  if (all.open.contains(handle_)) {
    refuse(operation, fmt::format("camera {} is open already", index));
  }
  all.current.reset();
  require(api_->set_current_camera.name, api_->set_current_camera.call(handle_));
  std::vector<char> folder(config.begin(), config.end());
  folder.push_back('\0');
  require(api_->initialize.name, api_->initialize.call(folder.data()));
  all.current = handle_;
  all.open.insert(handle_);
}

Link::~Link() {
  const std::scoped_lock turn(mutex());
  if (select() == success) {
    api_->shutdown.call();
  }
  process().current.reset();
  process().open.erase(handle_);
}

std::mutex& Link::mutex() {
  return process().mutex;
}

Code Link::select() {
  Process& all = process();
  if (all.current == handle_) {
    return success;
  }
  const Code code = api_->set_current_camera.call(handle_);
  all.current = code == success ? std::optional(handle_) : std::nullopt;
  return code;
}

void Link::fail(const char* operation, const char* function, Code code) const {
  throw DeviceError(role_,
                    operation,
                    fmt::format("{}: {}", function, text_of(code)),
                    passing(code) ? Retry::yes : Retry::no);
}

void Link::refuse(const char* operation, const std::string& cause, Retry retry) const {
  throw DeviceError(role_, operation, cause, retry);
}

Code Link::status(const char* operation) {
  int status = 0;
  call(operation, api_->get_status, &status);
  return static_cast<Code>(status);
}

void Link::wait(const char* operation, int ms, const std::stop_token& stop) {
  // CancelWait may be called beside a wait, and only so does it help.
  const std::stop_callback cut_short(stop, [this] { api_->cancel_wait.call(); });
  const Code code = ask(api_->wait_for_acquisition_time_out, ms);
  if (code != success && code != no_new_data) {
    fail(operation, api_->wait_for_acquisition_time_out.name, code);
  }
}

bool Link::take(const char* operation, std::int32_t image, std::span<std::uint16_t> pixels) {
  std::int32_t first = 0;
  std::int32_t last = 0;
  const Code code = ask(api_->get_number_new_images, &first, &last);
  if (code == no_new_data || (code == success && last < image)) {
    return false;
  }
  if (code != success) {
    fail(operation, api_->get_number_new_images.name, code);
  }
  std::int32_t valid_first = 0;
  std::int32_t valid_last = 0;
  const Code got = ask(api_->get_images_16,
                       image,
                       image,
                       pixels.data(),
                       static_cast<std::uint32_t>(pixels.size()),
                       &valid_first,
                       &valid_last);
  if (got == no_new_data || got == p1_invalid ||
      (got == success && (valid_first != image || valid_last != image))) {
    refuse(operation, "the ring buffer ran over");
  }
  if (got != success) {
    fail(operation, api_->get_images_16.name, got);
  }
  return true;
}

void Link::abort(const char* operation) {
  const Code code = ask(api_->abort_acquisition);
  if (code != success && code != idle) {
    fail(operation, api_->abort_acquisition.name, code);
  }
  if (status(operation) == acquiring) {
    refuse(operation, "the camera goes on acquiring", Retry::yes);
  }
}

}  // namespace halotwin::devices::andor
