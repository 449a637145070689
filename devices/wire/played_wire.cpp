#include <memory>
#include <utility>

#include <fmt/format.h>

#include "devices/wire/wire_record.hpp"

namespace halotwin::devices {

namespace {

/// The events of one role, played one after another by all its connections.
class Script {
 public:
  Script(std::string file, std::vector<WireEvent> events)
      : file_(std::move(file)), events_(std::move(events)) {}

  /// The next event if it is of this kind; a recorded fault is thrown.
  std::string expect(std::string_view kind) {
    if (at_ == events_.size()) {
      throw WireError(WireFault::closed, fmt::format("{}: nothing more is recorded", file_));
    }
    const WireEvent& event = events_[at_++];
    if (const auto fault = fault_of(event)) {
      throw WireError(*fault, event.bytes);
    }
    if (event.kind != kind) {
      --at_;
      fail(event, fmt::format("\"{}\" is recorded, not \"{}\"", event.kind, kind));
    }
    return event.bytes;
  }
  void expect_sent(std::string_view bytes) {
    const std::string recorded = expect(">");
    if (recorded != bytes) {
      fail(events_[at_ - 1],
           fmt::format("sent is \"{}\", recorded \"{}\"", escaped(bytes), escaped(recorded)));
    }
  }
  std::string expect_received(std::size_t count, const char* end) {
    const std::string bytes = expect("<");
    const bool right =
        end != nullptr ? !bytes.empty() && bytes.back() == *end : bytes.size() == count;
    if (!right) {
      fail(events_[at_ - 1], fmt::format("another answer is recorded: \"{}\"", escaped(bytes)));
    }
    return end != nullptr ? bytes.substr(0, bytes.size() - 1) : bytes;
  }

 private:
  [[noreturn]] void fail(const WireEvent& event, const std::string& what) const {
    throw WireError(WireFault::garbled, fmt::format("{}:{}: {}", file_, event.line, what));
  }

  std::string file_;
  std::vector<WireEvent> events_;
  std::size_t at_ = 0;
};

class PlayedStream final : public ByteStream {
 public:
  explicit PlayedStream(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  void send(std::string_view bytes) override { script_->expect_sent(bytes); }
  std::string receive_until(char end) override { return script_->expect_received(0, &end); }
  std::string receive(std::size_t count) override {
    return script_->expect_received(count, nullptr);
  }

 private:
  std::shared_ptr<Script> script_;
};

}  // namespace

Connect played(const std::filesystem::path& file, const std::string& role) {
  auto script = std::make_shared<Script>(file.string(), read_wire_record(file)[role]);
  return [script] {
    static_cast<void>(script->expect("open"));
    return std::unique_ptr<ByteStream>(std::make_unique<PlayedStream>(script));
  };
}

}  // namespace halotwin::devices
