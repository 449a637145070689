#include "devices/drivers/text_link.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"

namespace halotwin::devices {

namespace {

constexpr std::size_t shown = 60;  // of an answer, in an error

/// "maker,model,serial number,firmware"
std::optional<Identity> parse_identity(std::string_view line) {
  std::array<std::string, 4> fields;
  for (std::size_t k = 0; k < fields.size(); ++k) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (k + 1 == fields.size())) {
      return std::nullopt;
    }
    fields[k] = trimmed(line.substr(0, comma));
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  return Identity{fields[0], fields[1], fields[2], fields[3], {}};
}

}  // namespace

TextLink::TextLink(Connect connect,
                   std::string role,
                   std::string address,
                   std::string wanted,
                   Accept accept,
                   LineStyle style)
    : connect_(std::move(connect)),
      role_(std::move(role)),
      wanted_(std::move(wanted)),
      accept_(std::move(accept)),
      style_(std::move(style)) {
  identity_.address = std::move(address);
}

void TextLink::open(const char* operation) {
  stream_ = connect_();
  if (!style_.greeting.empty()) {
    stream_->send(style_.greeting + "\n");
  }
  stream_->send("*IDN?\n");
  const std::string line = stream_->receive_until(style_.answer_end);
  auto who = parse_identity(line);
  if (!who || !accept_(*who)) {
    stream_.reset();
    refuse(
        operation,
        fmt::format(
            "at {} there is no {} but \"{}\"", identity_.address, wanted_, line.substr(0, shown)));
  }
  who->address = identity_.address;
  identity_ = std::move(*who);
}

std::string TextLink::ask(const char* operation, const std::string& line) {
  return ask(operation, std::span(&line, 1)).front();
}

std::vector<std::string> TextLink::ask(const char* operation, std::span<const std::string> lines) {
  const std::string text = fmt::format("{}\n", fmt::join(lines, "\n"));
  for (int left = 1;; --left) {
    try {
      if (!stream_) {
        open(operation);
      }
      stream_->send(text);
      std::vector<std::string> answers;
      while (answers.size() < lines.size()) {
        answers.push_back(stream_->receive_until(style_.answer_end));
      }
      return answers;
    } catch (const WireError& error) {
      stream_.reset();
      if (error.fault() != WireFault::closed || left == 0) {
        throw DeviceError(role_, operation, error.what(), Retry::yes);
      }
    }
  }
}

void TextLink::refuse(const char* operation, const std::string& cause) const {
  throw DeviceError(role_, operation, cause, Retry::no);
}

void TextLink::garbled(const char* operation, const std::string& line) {
  stream_.reset();
  throw DeviceError(role_,
                    operation,
                    fmt::format("{} answered \"{}\"", identity_.address, line.substr(0, shown)),
                    Retry::yes);
}

}  // namespace halotwin::devices
