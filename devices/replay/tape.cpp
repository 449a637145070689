#include "devices/replay/tape.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/replay/cbor_item.hpp"

namespace halotwin::devices {

using nlohmann::json;

namespace {

constexpr const char* format_name = "halotwin tape";
constexpr int version = 1;

/// Of the kind "discarded" if it is damaged.
json read_item(std::istream& from) {
  const auto item = read_cbor_item(from);
  return item ? json::from_cbor(*item, true, false) : json(json::value_t::discarded);
}

/// What an object holds by this name; null if it is none, or does not.
json member(const json& object, const char* name) {
  return object.is_object() && object.contains(name) ? object[name] : json();
}

std::int64_t whole_number(const json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::string text_of(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  constexpr std::size_t most = 60;
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

/// Where two lists of arguments differ first.
std::string difference(const json& on_tape, const json& asked) {
  const json patch = json::diff(on_tape, asked);
  if (patch.empty()) {
    return {};
  }
  const std::string path = patch[0].at("path").get<std::string>();
  const json::json_pointer at(path);
  const auto value = [&](const json& from) {
    return from.contains(at) ? text_of(from.at(at)) : std::string("nothing");
  };
  return fmt::format("argument {} is {}, on the tape {}", path, value(asked), value(on_tape));
}

}  // namespace

struct Tape::State {
  std::filesystem::path file;
  TapeHead head;
  const Clock* clock = nullptr;  // recording
  std::ofstream out;
  std::ifstream in;
  double speed = 0.0;
  WallClock wall;
  Duration time{};
  std::uint64_t entries = 0;
};

Tape::Tape(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tape::~Tape() = default;

std::unique_ptr<Tape> Tape::record(const std::filesystem::path& file,
                                   const TapeHead& head,
                                   const Clock& clock) {
  if (std::filesystem::exists(file)) {
    throw ParameterError(
        fmt::format("{}: exists already (another name for the tape)", file.string()));
  }
  auto state = std::make_unique<State>();
  state->file = file;
  state->head = head;
  state->clock = &clock;
  state->out.open(file, std::ios::binary);
  const json first = {{"format", format_name},
                      {"version", version},
                      {"clock", static_cast<int>(head.clock)},
                      {"start_ns", head.start_since_epoch.count()}};
  json::to_cbor(first, state->out);
  if (!state->out.flush()) {
    throw ParameterError(fmt::format("{}: cannot be written", file.string()));
  }
  return std::unique_ptr<Tape>(new Tape(std::move(state)));
}

std::unique_ptr<Tape> Tape::replay(const std::filesystem::path& file, double speed) {
  auto state = std::make_unique<State>();
  state->file = file;
  state->speed = speed;
  state->in.open(file, std::ios::binary);
  if (!state->in) {
    throw ParameterError(fmt::format("{}: cannot be read", file.string()));
  }
  const json first = read_item(state->in);
  if (member(first, "format") != format_name) {
    throw ParameterError(fmt::format(
        "{}: is no tape (halotwin run SCENARIO --tape FILE writes one)", file.string()));
  }
  if (member(first, "version") != version) {
    throw ParameterError(fmt::format("{}: a tape of another version", file.string()));
  }
  const std::int64_t clock = whole_number(member(first, "clock"));
  state->head.clock = clock == static_cast<int>(ClockKind::wall)    ? ClockKind::wall
                      : clock == static_cast<int>(ClockKind::paced) ? ClockKind::paced
                                                                    : ClockKind::virtual_time;
  state->head.start_since_epoch = std::chrono::nanoseconds(whole_number(member(first, "start_ns")));
  return std::unique_ptr<Tape>(new Tape(std::move(state)));
}

bool Tape::replaying() const {
  return state_->clock == nullptr;
}

const TapeHead& Tape::head() const {
  return state_->head;
}

const std::filesystem::path& Tape::file() const {
  return state_->file;
}

Duration Tape::time() const {
  return state_->time;
}

void Tape::fail(const std::string& role, const char* operation, const std::string& cause) const {
  throw DeviceError(role,
                    operation,
                    fmt::format("{}, operation {}: {}", file().string(), state_->entries, cause),
                    Retry::no);
}

bool Tape::expects(const std::string& role, const char* operation) {
  if (!replaying()) {
    return true;
  }
  const auto here = state_->in.tellg();
  const bool more = state_->in.peek() != std::ifstream::traits_type::eof();
  const json entry = more ? read_item(state_->in) : json();
  state_->in.clear();
  state_->in.seekg(here);
  return entry.is_array() && entry.size() >= 2 && entry[0] == role && entry[1] == operation;
}

json Tape::next(const std::string& role, const char* operation, const json& arguments) {
  State& s = *state_;
  ++s.entries;
  if (s.in.peek() == std::ifstream::traits_type::eof()) {
    fail(role, operation, "the tape ends before this");
  }
  const json entry = read_item(s.in);
  const bool whole = entry.is_array() && (entry.size() == 5 || entry.size() == 6) &&
                     entry[0].is_string() && entry[1].is_string() && entry[2].is_number_integer() &&
                     entry[3].is_array();
  if (!whole) {
    fail(role, operation, "the tape is damaged here");
  }
  if (entry[0] != role || entry[1] != operation) {
    fail(role,
         operation,
         fmt::format("not recorded here; the tape has {}: {}",
                     entry[0].get<std::string>(),
                     entry[1].get<std::string>()));
  }
  if (entry[3] != arguments) {
    fail(role, operation, "not recorded like this: " + difference(entry[3], arguments));
  }
  s.time = Duration(entry[2].get<std::int64_t>());
  if (s.speed > 0.0) {
    const Duration due = from_seconds(seconds(s.time) / s.speed);
    s.wall.sleep(std::max(due - s.wall.now(), Duration::zero()));
  }
  if (entry.size() == 6) {
    const json cause = member(entry[5], "cause");
    throw DeviceError(role,
                      operation,
                      cause.is_string() ? cause.get<std::string>() : "failed",
                      member(entry[5], "retry") == true ? Retry::yes : Retry::no);
  }
  return entry[4];
}

void Tape::keep(const std::string& role, const char* operation, json arguments, json answer) {
  write(json::array(
      {role, operation, state_->clock->now().count(), std::move(arguments), std::move(answer)}));
}

void Tape::keep_failure(const std::string& role,
                        const char* operation,
                        json arguments,
                        const DeviceError& error) {
  write(json::array({role,
                     operation,
                     state_->clock->now().count(),
                     std::move(arguments),
                     nullptr,
                     {{"cause", error.cause()}, {"retry", error.retry() == Retry::yes}}}));
}

void Tape::write(const json& entry) {
  ++state_->entries;
  json::to_cbor(entry, state_->out);
  if (!state_->out.flush()) {
    throw DeviceError(
        "tape", "write", fmt::format("{}: cannot be written", file().string()), Retry::no);
  }
}

}  // namespace halotwin::devices
