#include "devices/servers/tango_library.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <tango.h>
#include <unistd.h>

namespace halotwin::devices {

namespace {

constexpr const char* program = "halotwin";
constexpr const char* instance = "twin";
const std::string refused = "Twin_Refused";  // reason of an error
constexpr std::array kinds{"TwinLinearAxis",
                           "TwinRotaryAxis",
                           "TwinShutter",
                           "TwinBiasSource",
                           "TwinLightSource",
                           "TwinTemperature"};

class TwinDevice final : public Tango::Device_5Impl {
 public:
  TwinDevice(Tango::DeviceClass* kind, ServedTangoDevice served, std::shared_ptr<TangoDesk> desk)
      : Tango::Device_5Impl(kind, served.name.c_str()),
        served_(std::move(served)),
        desk_(std::move(desk)) {}

  void init_device() override {}
  void always_executed_hook() override {}
  void read_attr_hardware(std::vector<long>& /*attributes*/) override {}

  Tango::DevState dev_state() override {
    tango::State now = tango::State::unknown;
    serve([&] { now = served_.state(); });
    set_state(static_cast<Tango::DevState>(now));
    return get_state();
  }
  Tango::ConstDevString dev_status() override {
    set_status(fmt::format("the device is in {} state",
                           tango::name_of(static_cast<tango::State>(dev_state()))));
    return get_status().c_str();
  }

  /// Units and limits are the instruments'. (The library would write them to a database and,
  /// without one, crash.)
  void set_attribute_config(const Tango::AttributeConfigList& /*all*/) override { refuse_config(); }
  void set_attribute_config_3(const Tango::AttributeConfigList_3& /*all*/) override {
    refuse_config();
  }
  void set_attribute_config_4(const Tango::AttributeConfigList_3& /*all*/,
                              const Tango::ClntIdent& /*client*/) override {
    refuse_config();
  }
  void set_attribute_config_5(const Tango::AttributeConfigList_5& /*all*/,
                              const Tango::ClntIdent& /*client*/) override {
    refuse_config();
  }

  /// What fails becomes an error of TANGO.
  void serve(const std::function<void()>& work) {
    std::string why;
    try {
      desk_->serve(served_.name, work);
      return;
    } catch (const DeviceError& error) {
      why = error.cause();
    } catch (const std::exception& error) {
      why = error.what();
    }
    Tango::Except::throw_exception(refused, why, served_.name);
  }
  /// Change events of State and of attributes with a step, for whoever has subscribed.
  void push_changes() {
    for (const ServedTangoAttribute& attribute : served_.attributes) {
      if (attribute.event_step && subscribed(attribute.name)) {
        double value = 0.0;
        serve([&] { value = attribute.read(); });
        double& last = last_values_.try_emplace(attribute.name, HUGE_VAL).first->second;
        if (std::abs(value - last) >= *attribute.event_step) {
          last = value;
          push_change_event(
              attribute.name, new Tango::DevDouble(value * attribute.per_si), 1, 0, true);
        }
      }
    }
    if (subscribed("State")) {
      const Tango::DevState now = dev_state();
      if (now != std::exchange(last_state_, now)) {
        push_change_event("State", new Tango::DevState(now), 1, 0, true);
      }
    }
  }
  void announce_events() {
    for (const ServedTangoAttribute& attribute : served_.attributes) {
      if (attribute.event_step) {
        set_change_event(attribute.name, true, false);
      }
    }
    set_change_event("State", true, false);
  }

  [[nodiscard]] const ServedTangoDevice& served() const { return served_; }
  [[nodiscard]] const ServedTangoAttribute& attribute(const std::string& name) const {
    const auto& all = served_.attributes;
    return *std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.name == name; });
  }

 private:
  void refuse_config() {
    Tango::Except::throw_exception(
        refused, std::string("the configuration of attributes is fixed"), served_.name);
  }

  [[nodiscard]] bool subscribed(const std::string& attribute) {
    return get_device_attr()->get_attr_by_name(attribute.c_str()).change_event_subscribed();
  }

  ServedTangoDevice served_;
  std::shared_ptr<TangoDesk> desk_;
  std::map<std::string, double> last_values_;  // that were told
  Tango::DevState last_state_ = Tango::UNKNOWN;
};

/// The number that clients read for a limit: the library writes it with 15 digits.
double as_told(double limit) {
  return std::stod(fmt::format("{:.15g}", limit));
}

/// An attribute of all devices of a class: the library has it once for all of them.
class TwinAttribute final : public Tango::Attr {
 public:
  explicit TwinAttribute(const ServedTangoAttribute& served)
      : Tango::Attr(served.name.c_str(),
                    Tango::DEV_DOUBLE,
                    served.write ? Tango::READ_WRITE : Tango::READ) {
    Tango::UserDefaultAttrProp properties;
    properties.set_unit(served.unit.c_str());
    set_default_properties(properties);
  }

  bool is_allowed(Tango::DeviceImpl* /*device*/, Tango::AttReqType /*type*/) override {
    return true;
  }

  void read(Tango::DeviceImpl* device, Tango::Attribute& attribute) override {
    auto* twin = static_cast<TwinDevice*>(device);
    const ServedTangoAttribute& served = twin->attribute(attribute.get_name());
    double value = 0.0;
    std::optional<double> set_point;
    twin->serve([&] {
      value = served.read() * served.per_si;
      if (served.set_point) {
        set_point = served.set_point() * served.per_si;
      }
    });
    if (set_point) {
      dynamic_cast<Tango::WAttribute&>(attribute).set_write_value(*set_point);
    }
    attribute.set_value(new Tango::DevDouble(value), 1, 0, true);  // TANGO deletes it
  }

  void write(Tango::DeviceImpl* device, Tango::WAttribute& attribute) override {
    auto* twin = static_cast<TwinDevice*>(device);
    const ServedTangoAttribute& served = twin->attribute(attribute.get_name());
    Tango::DevDouble value = 0.0;
    attribute.get_write_value(value);
    double wanted = value / served.per_si;
    if (served.limits) {  // of which TANGO has made sure, but for the rounding
      wanted = std::clamp(wanted, served.limits->low, served.limits->high);
    }
    twin->serve([&] { served.write(wanted); });
  }
};

/// A command of all devices of a class: each runs its own.
class TwinCommand final : public Tango::Command {
 public:
  explicit TwinCommand(const std::string& of_command)
      : Tango::Command(of_command.c_str(), Tango::DEV_VOID, Tango::DEV_VOID) {}

  CORBA::Any* execute(Tango::DeviceImpl* device, const CORBA::Any& /*in*/) override {
    auto* twin = static_cast<TwinDevice*>(device);
    for (const ServedTangoCommand& command : twin->served().commands) {
      if (command.name == get_name()) {
        twin->serve(command.run);
      }
    }
    return new CORBA::Any();  // TANGO deletes it
  }
};

class TwinClass final : public Tango::DeviceClass {
 public:
  explicit TwinClass(std::string kind) : Tango::DeviceClass(kind) {}

  void command_factory() override {}
  void attribute_factory(std::vector<Tango::Attr*>& /*list*/) override {}
  void device_factory(const Tango::DevVarStringArray* /*list*/) override {}

  void add(const ServedTangoDevice& served, const std::shared_ptr<TangoDesk>& desk) {
    if (!commands_added_) {
      for (const ServedTangoCommand& command : served.commands) {
        command_list.push_back(new TwinCommand(command.name));  // TANGO deletes it
      }
      commands_added_ = true;
    }
    auto* device = new TwinDevice(this, served, desk);  // TANGO deletes it
    device_list.push_back(device);
    for (const ServedTangoAttribute& attribute : served.attributes) {
      device->add_attribute(new TwinAttribute(attribute));  // TANGO deletes it
      if (attribute.limits) {
        auto& limited = device->get_device_attr()->get_w_attr_by_name(attribute.name.c_str());
        limited.set_min_value(as_told(attribute.limits->low * attribute.per_si));
        limited.set_max_value(as_told(attribute.limits->high * attribute.per_si));
      }
    }
    device->announce_events();
    export_device(device, served.name.c_str());
  }

  void push_changes() {
    for (Tango::DeviceImpl* device : device_list) {
      static_cast<TwinDevice*>(device)->push_changes();
    }
  }

 private:
  bool commands_added_ = false;
};

std::map<std::string, TwinClass*>& classes() {
  static std::map<std::string, TwinClass*> all;  // they belong to the library
  return all;
}

std::string text_of(const Tango::DevFailed& error) {
  return fmt::format("TANGO: {}", error.errors.length() > 0 ? error.errors[0].desc.in() : "failed");
}

/// Signals are the program's, although the library would have them.
class KeptSignals {
 public:
  KeptSignals() {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      sigaction(signals[i], nullptr, &actions_[i]);
    }
  }
  ~KeptSignals() {
    for (std::size_t i = 0; i < signals.size(); ++i) {
      sigaction(signals[i], &actions_[i], nullptr);
    }
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  KeptSignals(const KeptSignals&) = delete;
  KeptSignals& operator=(const KeptSignals&) = delete;

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, signals.size()> actions_{};
  sigset_t mask_{};
};

/// The library ends the program if it cannot listen: so the address is tried before.
void require_free(const Endpoint& at) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(at.port);
  bool free = inet_pton(AF_INET, at.host.c_str(), &here.sin_addr) == 1;
  const int socket_id = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  free = free && socket_id >= 0 &&
         setsockopt(socket_id, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
         bind(socket_id, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 &&
         listen(socket_id, 1) == 0;
  if (socket_id >= 0) {
    close(socket_id);
  }
  if (!free) {
    throw WireError(WireFault::refused, fmt::format("cannot listen at {}:{}", at.host, at.port));
  }
}

/// The port in a reference to an object ("IOR:" and hexadecimal digits; CORBA 2.6, 13.6
/// and 15.7.2): behind the host, a text of CDR that ends in 0, on the next even place.
std::uint16_t port_in(const std::string& reference, const std::string& host) {
  std::string bytes;
  for (std::size_t i = 4; i + 1 < reference.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(reference.substr(i, 2), nullptr, 16));
  }
  const auto found = bytes.find(host + '\0');
  const std::size_t at = (found + host.size() + 2) / 2 * 2;
  if (found == std::string::npos || at + 2 > bytes.size()) {
    throw WireError(WireFault::refused, "the TANGO library does not tell its port");
  }
  std::uint16_t port = 0;  // in the order of this computer
  std::memcpy(&port, bytes.data() + at, sizeof port);
  return port;
}

}  // namespace

TangoDesk::TangoDesk(Turn turn)
    : turn_(turn ? std::move(turn) : [](const std::function<void()>& work) { work(); }) {}

void TangoDesk::serve(const std::string& device, const std::function<void()>& work) {
  const std::scoped_lock lock(mutex_);
  if (!open_) {
    throw DeviceError(device, "serve", "it is no longer served", Retry::no);
  }
  turn_(work);
  ++answers_;
}

void TangoDesk::close() {
  const std::scoped_lock lock(mutex_);
  open_ = false;
}

TangoLibrary::TangoLibrary(const Endpoint& at) : host_(at.host), port_(at.port) {
  require_free(at);
  const KeptSignals kept;
  std::vector<std::string> words{
      program, instance, "-nodb", "-ORBendPoint", fmt::format("giop:tcp:{}:{}", at.host, at.port)};
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  try {
    Tango::Util* util = Tango::Util::init(static_cast<int>(words.size()), argv.data());
    util->server_init(false);
    if (port_ == 0) {
      const Tango::Device_var admin = util->get_dserver_device()->_this();
      const CORBA::String_var reference = util->get_orb()->object_to_string(admin);
      port_ = port_in(reference.in(), host_);
    }
  } catch (const Tango::DevFailed& error) {
    throw WireError(WireFault::refused, text_of(error));
  } catch (const CORBA::Exception& error) {
    throw WireError(WireFault::refused,
                    fmt::format("cannot listen at {}:{}: {}", at.host, at.port, error._name()));
  }
}

TangoLibrary::~TangoLibrary() {
  Tango::Util* util = Tango::Util::instance();
  util->shutdown_ds();
  util->server_cleanup();
}

TangoLibrary& TangoLibrary::listening_at(const Endpoint& wanted) {
  static const std::unique_ptr<TangoLibrary> library = std::make_unique<TangoLibrary>(wanted);
  if (wanted.host != library->host_ || (wanted.port != 0 && wanted.port != library->port_)) {
    throw WireError(WireFault::refused,
                    fmt::format("cannot listen at {}:{}: this program serves TANGO at {}:{}",
                                wanted.host,
                                wanted.port,
                                library->host_,
                                library->port_));
  }
  return *library;
}

void TangoLibrary::add(const ServedTangoDevice& device, const std::shared_ptr<TangoDesk>& desk) {
  const std::scoped_lock lock(mutex_);
  const omni_thread::ensure_self known_to_the_library;
  if (!names_.insert(device.name).second) {
    throw WireError(WireFault::refused,
                    fmt::format("TANGO device {} is served already", device.name));
  }
  try {
    classes().at(device.kind)->add(device, desk);
  } catch (const Tango::DevFailed& error) {
    throw WireError(WireFault::refused, text_of(error));
  }
}

void TangoLibrary::push_events() {
  const std::scoped_lock lock(mutex_);
  const omni_thread::ensure_self known_to_the_library;
  for (const auto& [name, kind] : classes()) {
    try {
      kind->push_changes();
    } catch (const Tango::DevFailed&) {  // a device that fails has nothing to tell
    }
  }
}

void TangoLibrary::remove(const ServedTangoDevice& device) noexcept {
  const std::scoped_lock lock(mutex_);
  const omni_thread::ensure_self known_to_the_library;
  try {
    classes().at(device.kind)->device_destroyer(device.name);
    names_.erase(device.name);
  } catch (const Tango::DevFailed&) {  // it stays, and refuses everything: its desk is closed
  } catch (const CORBA::Exception&) {
  }
}

}  // namespace halotwin::devices

/// Called by the library when it starts.
void Tango::DServer::class_factory() {
  for (const char* kind : halotwin::devices::kinds) {
    auto* made = new halotwin::devices::TwinClass(kind);  // TANGO deletes it
    halotwin::devices::classes().emplace(kind, made);
    add_class(made);
  }
}
