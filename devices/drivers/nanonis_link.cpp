#include "devices/drivers/nanonis_link.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr Duration between_looks = std::chrono::milliseconds(10);
constexpr std::size_t signals_of_all_versions = 128;

/// The error of a body that holds nothing else.
std::optional<std::string> lone_error(std::string_view body) {
  try {
    return Reader(body).error();
  } catch (const WireError&) {
    return std::nullopt;
  }
}

double finite(double value) {
  if (!std::isfinite(value)) {
    throw WireError(WireFault::garbled, fmt::format("{} is no finite number", value));
  }
  return value;
}

}  // namespace

double nanonis::finite_f32(Reader& in) {
  return finite(in.f32());
}

double nanonis::finite_f64(Reader& in) {
  return finite(in.f64());
}

NanonisLink::NanonisLink(Connect connect,
                         Clock& clock,
                         std::string role,
                         const std::string& address)
    : connect_(std::move(connect)), clock_(&clock), role_(std::move(role)) {
  identity_.address = address;
  try {
    open("open");
  } catch (const WireError& error) {
    throw DeviceError(role_, "open", error.what(), Retry::yes);
  }
}

// Asks over the new connection who is there. Throws WireError, and DeviceError for another one than
// expected.
void NanonisLink::open(const char* operation) {
  stream_ = connect_();
  const auto another = [&](std::string_view what) {
    stream_.reset();
    throw DeviceError(
        role_,
        operation,
        fmt::format("at {} there is no Nanonis but \"{:.60}\"", identity_.address, what),
        Retry::no);
  };
  Identity found{"SPECS Zurich", "Nanonis SPM Control Software", "", "before 2024", ""};
  found.address = identity_.address;
  constexpr std::string_view who = "Util.VersionGet";
  stream_->send(nanonis::encode_request(who, ""));
  const std::string body = receive(who, {});
  if (lone_error(body)) {
    constexpr std::string_view names = "Signals.NamesGet";
    stream_->send(nanonis::encode_request(names, ""));
    const std::string list = receive(names, {});
    Reader in(list);
    if (const std::size_t count = in.texts().size(); count != signals_of_all_versions) {
      another(fmt::format("a controller with {} signals", count));
    }
    release_ = 0;
  } else {
    Reader in(body);
    found.model = in.text();
    const std::string version = in.text();
    release_ = in.u32();
    found.firmware = fmt::format("{}, release {}, real time {}", version, release_, in.u32());
    if (const auto error = in.error()) {
      refused(operation, who, *error);
    }
    if (found.model.find("Nanonis") == std::string::npos) {
      another(found.model);
    }
  }
  if (!identity_.model.empty() && found != identity_) {
    another(fmt::format("{} {}", found.model, found.firmware));
  }
  identity_ = found;
}

std::string NanonisLink::exchange(const char* operation,
                                  std::string_view command,
                                  std::string_view body,
                                  const nanonis::Patience& patience) {
  for (int left = patience.repeat == nanonis::Repeat::yes ? 1 : 0;; --left) {
    try {
      if (!stream_) {
        open(operation);
      }
      stream_->send(nanonis::encode_request(command, body));
      return receive(command, patience);
    } catch (const WireError& error) {
      stream_.reset();
      if (error.fault() != WireFault::closed || left == 0) {
        throw DeviceError(
            role_, operation, fmt::format("{}: {}", command, error.what()), Retry::yes);
      }
    }
  }
}

std::string NanonisLink::receive(std::string_view command, const nanonis::Patience& patience) {
  std::optional<Duration> give_up;  // the clock may be the one that fails: it is asked late
  std::string head;
  while (head.empty()) {
    try {
      head = stream_->receive(nanonis::header_bytes);
    } catch (const WireError& error) {
      if (error.fault() != WireFault::silent || patience.longer <= Duration::zero()) {
        throw;
      }
      const Duration now = clock_->now();
      give_up = give_up.value_or(now + patience.longer);
      if (now >= *give_up) {
        throw;
      }
      if (patience.stop.stop_requested()) {
        stream_.reset();
        throw Interrupted("stopped on request");
      }
      clock_->sleep(between_looks);
    }
  }
  const nanonis::Header header = nanonis::decode_header(head);
  if (header.command != command) {
    throw WireError(WireFault::garbled,
                    fmt::format("\"{}\" is answered by \"{}\"", command, header.command));
  }
  return stream_->receive(header.body_bytes);
}

void NanonisLink::refused(const char* operation,
                          std::string_view command,
                          const std::string& why) const {
  throw DeviceError(role_,
                    operation,
                    fmt::format("{} refuses {}: {:.200}", identity_.address, command, why),
                    Retry::no);
}

void NanonisLink::unreadable(const char* operation,
                             std::string_view command,
                             std::string_view body,
                             const WireError& error) {
  if (const auto why = lone_error(body)) {
    refused(operation, command, *why);
  }
  garbled(operation, command, error.what());
}

void NanonisLink::garbled(const char* operation,
                          std::string_view command,
                          const std::string& what) {
  stream_.reset();
  throw DeviceError(role_,
                    operation,
                    fmt::format("{} answered {} wrongly: {}", identity_.address, command, what),
                    Retry::yes);
}

}  // namespace halotwin::devices
