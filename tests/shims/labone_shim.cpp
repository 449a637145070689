// See labone_shim.hpp. The C functions with the names and arguments of the maker's library, written
// down here a second time, apart from the driver's declarations.
#include "tests/shims/labone_shim.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "devices/drivers/labone_api.hpp"
#include "tests/shims/labone_tree.hpp"

namespace halotwin::test {
namespace {

namespace labone = devices::labone;

struct Attached {
  explicit Attached(ShimInstrument& instrument) : tree(instrument) {}
  LaboneTree tree;
  bool connected = false;  // by the data server
  [[nodiscard]] int port() const {
    return tree.instrument().model == "HF2LI" ? labone::hf2_port : labone::mf_port;
  }
};

/// The instruments of the one data server, by name.
std::map<std::string, std::unique_ptr<Attached>>& instruments() {
  static std::map<std::string, std::unique_ptr<Attached>> all;
  return all;
}

struct Subscription {
  std::uint64_t start_ticks = 0;
  std::uint64_t next = 1;  // sample number
};

struct Session {
  int port = 0;  // 0: not connected
  int level = 0;
  bool dead = false;
  std::map<std::string, Subscription> subscriptions;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// A path taken apart: "/dev1/oscs/0/freq" is the instrument "dev1" and its node "oscs/0/freq".
struct Place {
  std::string device;
  std::string node;
};

Place place_of(const char* path) {
  const std::string all = lower(path);
  const std::size_t slash = all.find('/', 1);
  if (all.empty() || all[0] != '/' || slash == std::string::npos) {
    return {};
  }
  return {all.substr(1, slash - 1), all.substr(slash + 1)};
}

Attached* find_instrument(const Session& session, const std::string& device) {
  const auto found = instruments().find(device);
  return found != instruments().end() && found->second->port() == session.port ? found->second.get()
                                                                               : nullptr;
}

/// Asks the instrument's hook; what it answers, or nothing.
std::optional<std::int32_t> hooked(Session& session,
                                   Attached* attached,
                                   const char* function,
                                   const std::string& node) {
  if (session.port == 0 || session.dead) {
    return labone::error_connection;
  }
  if (attached != nullptr && attached->tree.instrument().before) {
    const std::int32_t answer = attached->tree.instrument().before(function, node);
    if (answer == labone::error_connection) {
      session.dead = true;
    }
    if (answer != ShimInstrument::go_on) {
      return answer;
    }
  }
  return std::nullopt;
}

/// Runs `act(tree, node)` where the instrument of the path is connected.
template <class Act>
std::int32_t at_node(void* connection, const char* function, const char* path, Act act) {
  if (connection == nullptr || path == nullptr) {
    return labone::error_invalid_argument;
  }
  Session& session = *static_cast<Session*>(connection);
  const Place place = place_of(path);
  Attached* attached = find_instrument(session, place.device);
  if (const auto answer = hooked(session, attached, function, place.node)) {
    return *answer;
  }
  if (attached == nullptr || !attached->connected) {
    return labone::warning_not_found;
  }
  return act(attached->tree, place.node);
}

std::int32_t text_at(void* connection, const char* function, const char* path, std::string& text) {
  if (connection != nullptr && path != nullptr && lower(path) == "/zi/about/version") {
    text = "shim";
    return labone::success;
  }
  return at_node(connection, function, path, [&](LaboneTree& tree, const std::string& node) {
    return tree.get(node, text);
  });
}

std::int32_t copy_out(const std::string& text,
                      char* buffer,
                      std::uint32_t* length,
                      std::uint32_t size) {
  if (text.size() >= size) {
    return 0x8010;  // the buffer is too small
  }
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  *length = static_cast<std::uint32_t>(text.size());
  return labone::success;
}

/// Fills the event with what has come since the last poll, at most `most_samples`.
std::int32_t fill(LaboneTree& tree,
                  const std::string& node,
                  Subscription& subscription,
                  labone::Event& event) {
  constexpr std::uint64_t most_samples = 64;
  constexpr double buffered = 65536.0;
  labone::DemodSample newest;
  const std::int32_t result = tree.sample(node, newest);
  if (result != labone::success) {
    return labone::success;  // nothing comes from a demodulator that is off
  }
  const double step = tree.ticks_per_sample(node);
  const auto elapsed = static_cast<double>(newest.time_stamp - subscription.start_ticks);
  const auto last = static_cast<std::uint64_t>(elapsed / step);
  bool overflow = false;
  if (static_cast<double>(last) - static_cast<double>(subscription.next) > buffered) {
    subscription.next = last - static_cast<std::uint64_t>(buffered);
    overflow = true;
  }
  auto* samples = reinterpret_cast<unsigned char*>(event.data);
  while (subscription.next <= last && event.count < most_samples) {
    labone::DemodSample sample = newest;
    sample.time_stamp =
        subscription.start_ticks +
        static_cast<std::uint64_t>(std::llround(static_cast<double>(subscription.next) * step));
    std::memcpy(samples + event.count * sizeof sample, &sample, sizeof sample);
    ++event.count;
    ++subscription.next;
  }
  if (event.count > 0) {
    event.value_type = labone::event_demod_samples;
    if (tree.instrument().spoil_event) {
      tree.instrument().spoil_event(event);
    }
  }
  return overflow ? labone::warning_overflow : labone::success;
}

}  // namespace
}  // namespace halotwin::test

using namespace halotwin::test;
namespace labone = halotwin::devices::labone;

extern "C" {

void halotwin_labone_attach(ShimInstrument* instrument, bool attached) {
  if (attached) {
    instruments()[instrument->serial] = std::make_unique<Attached>(*instrument);
  } else {
    instruments().erase(instrument->serial);
  }
}

std::int32_t ziAPIInit(void** connection) {
  *connection = new Session;
  return labone::success;
}

std::int32_t ziAPIDestroy(void* connection) {
  delete static_cast<Session*>(connection);
  return labone::success;
}

std::int32_t ziAPIConnectEx(
    void* connection, const char* host, std::uint16_t port, std::int32_t level, const char*) {
  if (std::strcmp(host, shim_host) != 0) {
    return labone::error_host_name;
  }
  if (port != labone::hf2_port && port != labone::mf_port) {
    return labone::error_socket_connect;
  }
  if (port == labone::hf2_port && level != 1) {
    return labone::error_not_supported;
  }
  auto& session = *static_cast<Session*>(connection);
  session.port = port;
  session.level = level;
  return labone::success;
}

std::int32_t ziAPIDisconnect(void* connection) {
  static_cast<Session*>(connection)->port = 0;
  return labone::success;
}

std::int32_t ziAPIConnectDevice(void* connection,
                                const char* serial,
                                const char* interface,
                                const char*) {
  auto& session = *static_cast<Session*>(connection);
  Attached* attached = find_instrument(session, lower(serial));
  if (const auto answer = hooked(session, attached, "ConnectDevice", "")) {
    return *answer;
  }
  if (attached == nullptr) {
    return labone::error_device_not_found;
  }
  const char* needed = session.port == labone::hf2_port ? "USB" : "1GbE";
  if (std::strcmp(interface, needed) != 0) {
    return 0x8016;
  }
  attached->connected = true;
  return labone::success;
}

std::int32_t ziAPIGetValueD(void* connection, const char* path, double* value) {
  return at_node(connection, "GetValueD", path, [&](LaboneTree& tree, const std::string& node) {
    return tree.get(node, *value);
  });
}

std::int32_t ziAPISetValueD(void* connection, const char* path, double value) {
  return at_node(connection, "SetValueD", path, [&](LaboneTree& tree, const std::string& node) {
    return tree.set(node, value);
  });
}

std::int32_t ziAPIGetValueI(void* connection, const char* path, std::int64_t* value) {
  return at_node(connection, "GetValueI", path, [&](LaboneTree& tree, const std::string& node) {
    double number = 0.0;
    const std::int32_t result = tree.get(node, number);
    *value = std::llround(number);
    return result;
  });
}

std::int32_t ziAPISetValueI(void* connection, const char* path, std::int64_t value) {
  return at_node(connection, "SetValueI", path, [&](LaboneTree& tree, const std::string& node) {
    return tree.set(node, static_cast<double>(value));
  });
}

std::int32_t ziAPIGetValueString(
    void* connection, const char* path, char* buffer, std::uint32_t* length, std::uint32_t size) {
  if (static_cast<Session*>(connection)->level < 4) {
    return labone::error_not_supported;
  }
  std::string text;
  const std::int32_t result = text_at(connection, "GetValueString", path, text);
  return result != labone::success ? result : copy_out(text, buffer, length, size);
}

std::int32_t ziAPIGetValueB(void* connection,
                            const char* path,
                            unsigned char* buffer,
                            std::uint32_t* length,
                            std::uint32_t size) {
  std::string text;
  const std::int32_t result = text_at(connection, "GetValueB", path, text);
  return result != labone::success ? result
                                   : copy_out(text, reinterpret_cast<char*>(buffer), length, size);
}

std::int32_t ziAPIGetDemodSample(void* connection, const char* path, labone::DemodSample* sample) {
  return at_node(
      connection, "GetDemodSample", path, [&](LaboneTree& tree, const std::string& node) {
        return tree.sample(node, *sample);
      });
}

std::int32_t ziAPISync(void* connection) {
  auto& session = *static_cast<Session*>(connection);
  for (const auto& [serial, attached] : instruments()) {
    if (attached->port() == session.port) {
      if (const auto answer = hooked(session, attached.get(), "Sync", "")) {
        return *answer;
      }
    }
  }
  return session.dead ? labone::error_connection : labone::success;
}

labone::Event* ziAPIAllocateEventEx() {
  return new labone::Event();
}

void ziAPIDeallocateEventEx(labone::Event* event) {
  delete event;
}

std::int32_t ziAPISubscribe(void* connection, const char* path) {
  return at_node(connection, "Subscribe", path, [&](LaboneTree& tree, const std::string& node) {
    labone::DemodSample unused;
    const std::int32_t result = tree.sample(node, unused);
    if (result == labone::success || result == labone::error_timeout) {
      static_cast<Session*>(connection)->subscriptions[lower(path)] = {.start_ticks = tree.ticks()};
      return labone::success;
    }
    return result;
  });
}

std::int32_t ziAPIUnSubscribe(void* connection, const char* path) {
  return at_node(connection, "UnSubscribe", path, [&](LaboneTree&, const std::string&) {
    static_cast<Session*>(connection)->subscriptions.erase(lower(path));
    return labone::success;
  });
}

std::int32_t ziAPIPollDataEx(void* connection, labone::Event* event, std::uint32_t) {
  auto& session = *static_cast<Session*>(connection);
  event->value_type = labone::event_none;
  event->count = 0;
  event->values = event->data;
  for (auto& [path, subscription] : session.subscriptions) {
    std::string upper = path;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    std::strncpy(event->path, upper.c_str(), sizeof event->path - 1);
    auto& of_path = subscription;
    const std::int32_t result = at_node(
        connection, "PollDataEx", path.c_str(), [&](LaboneTree& tree, const std::string& n) {
          return fill(tree, n, of_path, *event);
        });
    if (result != labone::success || event->count > 0) {
      return result;
    }
  }
  return session.dead ? labone::error_connection : labone::success;
}

std::int32_t ziAPIGetError(std::int32_t result, char** text, std::int32_t* base) {
  static const std::map<std::int32_t, std::string> texts{
      {labone::success, "Success"},
      {labone::warning_not_found, "Value or node not found"},
      {labone::error_socket_connect, "Unable to connect socket"},
      {labone::error_host_name, "Hostname not found"},
      {labone::error_connection, "Connection invalid"},
      {labone::error_timeout, "Command timed out"},
      {labone::error_read_only, "Attempt to set a read-only node"},
      {labone::error_device_not_found, "Device not found"},
      {labone::error_not_supported, "Not supported"}};
  const auto found = texts.find(result);
  static std::string shown;
  shown = found != texts.end() ? found->second : "Error";
  *text = shown.data();
  *base = 0;
  return labone::success;
}

}  // extern "C"
