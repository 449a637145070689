#include "devices/drivers/labone_link.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace halotwin::devices::labone {

namespace {

/// Texts and byte arrays of a few words: names, options.
constexpr std::uint32_t most_text = 1024;

}  // namespace

bool LinkError::lost() const {
  return result_ == error_socket_connect || result_ == error_host_name ||
         result_ == error_connection || result_ == error_connection_timeout;
}

bool LinkError::passing() const {
  return lost() || result_ == error || result_ == error_timeout;
}

Link::Link(std::shared_ptr<const Api> api, std::string host, std::uint16_t port, std::string device)
    : api_(std::move(api)), host_(std::move(host)), port_(port), device_(std::move(device)) {}

Link::~Link() {
  close();
}

void Link::open() {
  close();
  check(api_->init(&connection_), "initialising the library");
  try {
    const int level = port_ == hf2_port ? 1 : 6;
    check(api_->connect_ex(connection_, host_.c_str(), port_, level, nullptr),
          fmt::format("connecting to the data server {}:{}", host_, port_));
    if (!has_instrument()) {
      const char* interface = port_ == hf2_port ? "USB" : "1GbE";
      check(api_->connect_device(connection_, device_.c_str(), interface, nullptr),
            fmt::format("connecting {} by {}", device_, interface));
    }
  } catch (const LinkError&) {
    close();
    throw;
  }
}

void Link::close() {
  if (connection_ != nullptr) {
    api_->disconnect(connection_);
    api_->destroy(connection_);
    connection_ = nullptr;
  }
}

bool Link::has_instrument() const {
  try {
    return !text("features/devtype").empty();
  } catch (const LinkError& failure) {
    if (failure.lost()) {
      throw;
    }
    return false;
  }
}

double Link::number(const std::string& node) const {
  double value = 0.0;
  check(api_->get_value_d(connection_, path(node).c_str(), &value), "reading " + path(node));
  return value;
}

std::int64_t Link::whole(const std::string& node) const {
  std::int64_t value = 0;
  check(api_->get_value_i(connection_, path(node).c_str(), &value), "reading " + path(node));
  return value;
}

std::string Link::text(const std::string& node) const {
  const std::string at = path(node);
  std::array<char, most_text> buffer{};
  std::uint32_t length = 0;
  Result result =
      api_->get_value_string(connection_, at.c_str(), buffer.data(), &length, most_text);
  if (result != success && !LinkError(result, "").lost()) {  // API level 1 knows bytes only
    result = api_->get_value_b(connection_,
                               at.c_str(),
                               reinterpret_cast<unsigned char*>(buffer.data()),
                               &length,
                               most_text);
  }
  check(result, "reading " + at);
  std::string found(buffer.data(), std::min(length, most_text));
  found.resize(std::min(found.find('\0'), found.size()));
  return found;
}

void Link::set(const std::string& node, double value) const {
  check(api_->set_value_d(connection_, path(node).c_str(), value),
        fmt::format("setting {} to {}", path(node), value));
}

void Link::set(const std::string& node, std::int64_t value) const {
  Result result = api_->set_value_i(connection_, path(node).c_str(), value);
  if (result == error_type_mismatch) {
    result = api_->set_value_d(connection_, path(node).c_str(), static_cast<double>(value));
  }
  check(result, fmt::format("setting {} to {}", path(node), value));
}

void Link::sync() const {
  check(api_->sync(connection_), "waiting until the settings have arrived");
}

DemodSample Link::sample(const std::string& node) const {
  DemodSample out;
  check(api_->get_demod_sample(connection_, path(node).c_str(), &out), "reading " + path(node));
  return out;
}

void Link::subscribe(const std::string& node) const {
  check(api_->subscribe(connection_, path(node).c_str()), "subscribing to " + path(node));
}

void Link::unsubscribe(const std::string& node) const {
  check(api_->unsubscribe(connection_, path(node).c_str()), "unsubscribing from " + path(node));
}

bool Link::poll(Event& event, std::uint32_t timeout_ms) const {
  event.value_type = event_none;
  event.count = 0;
  const Result result = api_->poll_data_ex(connection_, &event, timeout_ms);
  if (result == error_timeout) {
    event.value_type = event_none;
    return true;
  }
  if (result == warning_not_found) {
    return true;
  }
  check(result, "polling");
  return result != warning_overflow;
}

std::string Link::path(const std::string& node) const {
  return node.starts_with('/') ? node : fmt::format("/{}/{}", device_, node);
}

std::string Link::address() const {
  return fmt::format("labone://{}:{}/{}", host_, port_, device_);
}

void Link::check(Result result, const std::string& about) const {
  const bool only_warned = (result & 0xF000) == warning && result != warning_not_found;
  if (result == success || only_warned) {
    return;
  }
  char* text = nullptr;
  std::int32_t base = 0;
  const bool named = api_->get_error(result, &text, &base) == success && text != nullptr;
  throw LinkError(result,
                  fmt::format("{}: {} (0x{:04X})",
                              about,
                              named ? text : "the library says no more",
                              static_cast<std::uint32_t>(result)));
}

}  // namespace halotwin::devices::labone
