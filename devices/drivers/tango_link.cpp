#include "devices/drivers/tango_link.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tango.h>

#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

/// Reasons of the client side of TANGO for a server that is not there, is gone or does not answer.
constexpr std::array unreachable{"API_CantConnectToDevice",
                                 "API_CommunicationFailed",
                                 "API_ConnectionFailed",
                                 "API_CorbaException",
                                 "API_DeviceNotExported",
                                 "API_DeviceTimedOut",
                                 "API_ServerNotRunning"};

std::string line_of(std::string text) {
  constexpr std::size_t longest = 300;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  text.resize(std::min(text.size(), longest));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

bool is_unreachable(const Tango::DevFailed& error) {
  for (unsigned int i = 0; i < error.errors.length(); ++i) {
    const std::string_view reason = error.errors[i].reason.in();
    if (std::find(unreachable.begin(), unreachable.end(), reason) != unreachable.end()) {
      return true;
    }
  }
  return false;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(
      words.begin(), words.end(), [&](const std::string& w) { return same_word(w, word); });
}

/// A value of the attribute's own type, made from or turned into a double.
template <class Type>
std::vector<double> numbers_as(Tango::DeviceAttribute& from) {
  std::vector<Type> values;
  from >> values;
  return {values.begin(), values.end()};
}
template <class Type>
void put_as(Tango::DeviceAttribute& into, double value) {
  if constexpr (std::is_same_v<Type, Tango::DevBoolean>) {
    into << (value != 0.0);
  } else if constexpr (std::is_integral_v<Type>) {
    into << static_cast<Type>(
        std::clamp(std::round(value),
                   static_cast<double>(std::numeric_limits<Type>::lowest()),
                   std::nextafter(static_cast<double>(std::numeric_limits<Type>::max()), 0.0)));
  } else {
    into << static_cast<Type>(value);
  }
}

/// Calls `work` with a null pointer to the type that `type` stands for; false for no number.
template <class Work>
bool with_type(int type, Work work) {
  switch (type) {
    case Tango::DEV_DOUBLE:
      return work(static_cast<Tango::DevDouble*>(nullptr)), true;
    case Tango::DEV_FLOAT:
      return work(static_cast<Tango::DevFloat*>(nullptr)), true;
    case Tango::DEV_SHORT:
      return work(static_cast<Tango::DevShort*>(nullptr)), true;
    case Tango::DEV_USHORT:
      return work(static_cast<Tango::DevUShort*>(nullptr)), true;
    case Tango::DEV_LONG:
      return work(static_cast<Tango::DevLong*>(nullptr)), true;
    case Tango::DEV_ULONG:
      return work(static_cast<Tango::DevULong*>(nullptr)), true;
    case Tango::DEV_LONG64:
      return work(static_cast<Tango::DevLong64*>(nullptr)), true;
    case Tango::DEV_ULONG64:
      return work(static_cast<Tango::DevULong64*>(nullptr)), true;
    case Tango::DEV_UCHAR:
      return work(static_cast<Tango::DevUChar*>(nullptr)), true;
    case Tango::DEV_BOOLEAN:
      return work(static_cast<Tango::DevBoolean*>(nullptr)), true;
    default:
      return false;
  }
}

/// The questions that a proxy asks while it is made have no timeout of their own but that of the
/// program: four of them, one after another, if nobody answers.
void limit_connecting(unsigned int milliseconds) {
  Tango::ApiUtil* api = Tango::ApiUtil::instance();
  const CORBA::ORB_var orb = api->get_orb();
  if (CORBA::is_nil(orb)) {
    api->create_orb();
  }
  omniORB::setClientCallTimeout(milliseconds);
}

}  // namespace

struct TangoLink::Parts {
  Endpoint server;
  std::string device;
  std::string role;
  TangoParams params;
  std::unique_ptr<Tango::DeviceProxy> proxy;
  std::string kind;                    // class of the device
  std::string host_id;                 // who serves it
  std::map<std::string, int> types{};  // of attributes

  [[nodiscard]] std::string place() const {
    return fmt::format("{}{}:{}/{}", tango::scheme, server.host, server.port, device);
  }

  [[noreturn]] void fail(const char* operation, const std::string& cause, Retry retry) const {
    throw DeviceError(role, operation, fmt::format("{}: {}", place(), cause), retry);
  }

  [[nodiscard]] unsigned int patience_ms() const {
    return static_cast<unsigned int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(params.answer).count());
  }

  void open(const char* operation) {
    limit_connecting(patience_ms());
    std::string name = place() + "#dbase=no";
    auto fresh = std::make_unique<Tango::DeviceProxy>(name);
    fresh->set_timeout_millis(static_cast<int>(patience_ms()));
    fresh->set_source(Tango::DEV);
    const Tango::DeviceInfo& info = fresh->info();
    if (!kind.empty() && kind != info.dev_class) {
      fail(operation,
           fmt::format("is now of class {}, before of class {}", info.dev_class, kind),
           Retry::no);
    }
    kind = info.dev_class;
    host_id = fmt::format("{} on {}", info.server_id, info.server_host);
    proxy = std::move(fresh);
  }

  /// Calls `work` with the open proxy.
  template <class Work>
  auto ask(const char* operation, const Work& work) {
    try {
      if (!proxy) {
        open(operation);
      }
      return work(*proxy);
    } catch (const Tango::DevFailed& error) {
      const bool lost = is_unreachable(error);
      if (lost) {
        proxy.reset();
      }
      const std::string why =
          error.errors.length() == 0
              ? "failed without a reason"
              : fmt::format("{}: {}", error.errors[0].reason.in(), error.errors[0].desc.in());
      fail(operation, line_of(why), lost ? Retry::yes : Retry::no);
    } catch (const CORBA::Exception& error) {
      proxy.reset();
      fail(operation, error._name(), Retry::yes);
    }
  }
};

TangoLink::TangoLink(const Endpoint& server,
                     const std::string& device,
                     std::string role,
                     const TangoParams& params)
    : parts_(std::make_unique<Parts>(
          Parts{server, device, std::move(role), params, nullptr, "", ""})) {
  parts_->ask("open", [](Tango::DeviceProxy&) {});
}

TangoLink::~TangoLink() = default;

Identity TangoLink::identity() const {
  return {"TANGO", parts_->kind, parts_->device, parts_->host_id, parts_->place()};
}

const std::string& TangoLink::role() const {
  return parts_->role;
}

void TangoLink::fail(const char* operation, const std::string& cause, Retry retry) const {
  parts_->fail(operation, cause, retry);
}

namespace {

std::vector<std::string> attributes_of(Tango::DeviceProxy& proxy) {
  const std::unique_ptr<std::vector<std::string>> list(proxy.get_attribute_list());
  return *list;
}
std::vector<std::string> commands_of(Tango::DeviceProxy& proxy) {
  const std::unique_ptr<Tango::CommandInfoList> list(proxy.command_list_query());
  std::vector<std::string> names;
  for (const Tango::CommandInfo& command : *list) {
    names.push_back(command.cmd_name);
  }
  return names;
}

Tango::AttributeInfoEx config_of(Tango::DeviceProxy& proxy, const std::string& attribute) {
  std::string name = attribute;
  return proxy.get_attribute_config(name);
}

std::string some_of(const std::vector<std::string>& words) {
  constexpr std::size_t most = 60;
  const std::size_t count = std::min(words.size(), most);
  return fmt::format(
      "{}{}",
      fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count), ", "),
      count < words.size() ? " ..." : "");
}

}  // namespace

std::string TangoLink::offer(const char* operation) {
  return parts_->ask(operation, [](Tango::DeviceProxy& proxy) {
    return fmt::format(
        "attributes: {}; commands: {}", some_of(attributes_of(proxy)), some_of(commands_of(proxy)));
  });
}

TangoAttribute TangoLink::describe(const char* operation, const std::string& attribute) {
  const auto names = parts_->ask(operation, attributes_of);
  if (!contains(names, attribute)) {
    fail(operation,
         fmt::format("has no attribute \"{}\"; it has {}", attribute, offer(operation)),
         Retry::no);
  }
  const Tango::AttributeInfoEx info = parts_->ask(
      operation, [&](Tango::DeviceProxy& proxy) { return config_of(proxy, attribute); });
  if (info.data_format != Tango::SCALAR || !with_type(info.data_type, [](auto*) {})) {
    fail(operation, fmt::format("attribute \"{}\" is no scalar number", attribute), Retry::no);
  }
  return {.unit = info.unit == "No unit" ? "" : info.unit,
          .low = parse_number(info.min_value),
          .high = parse_number(info.max_value),
          .writable = info.writable == Tango::READ_WRITE || info.writable == Tango::WRITE};
}

void TangoLink::require_command(const char* operation, const std::string& command) {
  if (!contains(parts_->ask(operation, commands_of), command)) {
    fail(operation,
         fmt::format("has no command \"{}\"; it has {}", command, offer(operation)),
         Retry::no);
  }
}

TangoReading TangoLink::read(const char* operation, const std::string& attribute) {
  std::vector<double> values;
  const Tango::AttrQuality quality = parts_->ask(operation, [&](Tango::DeviceProxy& proxy) {
    Tango::DeviceAttribute answer = proxy.read_attribute(attribute.c_str());
    if (answer.has_failed()) {
      throw Tango::DevFailed(answer.get_err_stack());
    }
    if (answer.get_quality() != Tango::ATTR_INVALID && with_type(answer.get_type(), [](auto*) {})) {
      with_type(answer.get_type(), [&](auto* type) {
        values = numbers_as<std::remove_pointer_t<decltype(type)>>(answer);
      });
    }
    return answer.get_quality();
  });
  if (quality == Tango::ATTR_INVALID) {
    fail(operation, fmt::format("{} is invalid now", attribute), Retry::yes);
  }
  if (values.empty() || !std::isfinite(values[0])) {
    fail(operation, fmt::format("{} is no number", attribute), Retry::yes);
  }
  TangoReading reading{values[0], std::nullopt, quality == Tango::ATTR_CHANGING};
  if (values.size() > 1 && std::isfinite(values[1])) {
    reading.set_point = values[1];
  }
  return reading;
}

void TangoLink::write(const char* operation, const std::string& attribute, double value) {
  parts_->ask(operation, [&](Tango::DeviceProxy& proxy) {
    auto known = parts_->types.find(attribute);
    if (known == parts_->types.end()) {
      known = parts_->types.emplace(attribute, config_of(proxy, attribute).data_type).first;
    }
    Tango::DeviceAttribute out;
    std::string name = attribute;
    out.set_name(name);
    with_type(known->second,
              [&](auto* type) { put_as<std::remove_pointer_t<decltype(type)>>(out, value); });
    proxy.write_attribute(out);
  });
}

void TangoLink::command(const char* operation, const std::string& command) {
  parts_->ask(operation, [&](Tango::DeviceProxy& proxy) { proxy.command_inout(command.c_str()); });
}

tango::State TangoLink::state(const char* operation) {
  const auto state =
      parts_->ask(operation, [](Tango::DeviceProxy& proxy) { return proxy.state(); });
  return state <= Tango::UNKNOWN ? static_cast<tango::State>(state) : tango::State::unknown;
}

}  // namespace halotwin::devices
