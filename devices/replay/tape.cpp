#include "devices/replay/tape.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/replay/tape_entry.hpp"
#include "devices/replay/tape_points.hpp"

namespace halotwin::devices {

using nlohmann::json;

namespace {

constexpr const char* format_name = "halotwin tape";
constexpr int version = 1;
constexpr const char* damaged = "the tape is damaged here";

/// Throws ParameterError if this is no tape, or none that can be played.
TapeHead read_head(const std::filesystem::path& file, std::istream& from) {
  const json first = read_item(from);
  const auto number = [&](const char* name) {
    const bool there = first.contains(name) && first[name].is_number_integer();
    return there ? first[name].get<std::int64_t>() : 0;
  };
  if (!first.is_object() || !first.contains("format") || first["format"] != format_name) {
    throw ParameterError(fmt::format(
        "{}: is no tape (halotwin run SCENARIO --tape FILE writes one)", file.string()));
  }
  if (number("version") != version) {
    throw ParameterError(fmt::format("{}: a tape of another version", file.string()));
  }
  TapeHead head{.start_since_epoch = std::chrono::nanoseconds(number("start_ns"))};
  for (const ClockKind kind : {ClockKind::wall, ClockKind::paced}) {
    if (number("clock") == static_cast<int>(kind)) {
      head.clock = kind;
    }
  }
  return head;
}

}  // namespace

struct Tape::State {
  std::filesystem::path file;
  TapeHead head;
  const Clock* clock = nullptr;  // recording
  std::ofstream out;
  std::ifstream in;
  Playing playing;
  WallClock wall;
  Duration time{};          // replayed
  Duration time_on_tape{};  // of the operation that was played last
  std::uint64_t entries = 0;
  std::optional<TapePoints> points;  // replaying with `nearest`
  TapeSettings settings;             // as they were asked for
  TapeRequest last;                  // the operation that was played last
  bool visiting = false;             // a point has been looked up

  void go_to(const TapePlace& place) {
    in.clear();
    in.seekg(place.offset);
    entries = place.entries;
    time_on_tape = place.before;
  }
  /// False if time goes back on the tape, or beyond what a clock can show.
  bool pass_until(Duration until) {
    const auto now = sum(time, until - time_on_tape);  // neither is negative
    if (until < time_on_tape || !now) {
      return false;
    }
    time = *now;
    time_on_tape = until;
    if (playing.speed > 0.0) {
      const Duration due = from_seconds(seconds(time) / playing.speed);
      wall.sleep(std::max(due - wall.now(), Duration::zero()));
    }
    return true;
  }
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

std::unique_ptr<Tape> Tape::replay(const std::filesystem::path& file, const Playing& playing) {
  auto state = std::make_unique<State>();
  state->file = file;
  state->playing = playing;
  state->in.open(file, std::ios::binary);
  if (!state->in) {
    throw ParameterError(fmt::format("{}: cannot be read", file.string()));
  }
  state->head = read_head(file, state->in);
  if (playing.nearest_m > 0.0) {
    state->points.emplace(state->in);
  }
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

void Tape::fail(const std::string& role,
                const std::string& operation,
                const std::string& cause) const {
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
  const auto entry = read_entry(state_->in);
  state_->in.clear();
  state_->in.seekg(here);
  return entry && entry->request.role == role && entry->request.operation == operation;
}

void Tape::go_to_point(const TapeRequest& asked) {
  State& s = *state_;
  const json& target = asked.arguments.at(0);
  const auto found = s.points->nearest(target, s.settings.values(), s.in.tellg());
  if (found.place == nullptr) {
    fail(asked.role,
         asked.operation,
         found.other_setting.empty()
             ? "the tape holds no point"
             : "no point was recorded with these settings: " + found.other_setting);
  }
  if (found.distance_m > s.playing.nearest_m) {
    fail(asked.role,
         asked.operation,
         fmt::format("the point {} m lies {:.4g} m from the nearest one that was recorded with "
                     "these settings (nearest={:g})",
                     text_of(target),
                     found.distance_m,
                     s.playing.nearest_m));
  }
  s.go_to(*found.place);
  s.visiting = true;
}

TapeEntry Tape::entry_for(const TapeRequest& asked) {
  State& s = *state_;
  const bool looked_up = s.points && TapePoints::is_move(asked);
  if (looked_up) {
    go_to_point(asked);
  }
  const auto here = s.in.tellg();
  bool ended = at_end(s.in);
  auto entry = read_entry(s.in);
  const bool point_is_over =
      s.visiting && (ended || (entry && TapePoints::is_move(entry->request)));
  if (point_is_over && !looked_up) {
    if (const auto place = s.points->sequel(s.in, s.last, asked, here)) {
      s.go_to(*place);
      ended = false;
      entry = read_entry(s.in);
    }
  }
  ++s.entries;
  if (!entry) {
    fail(asked.role, asked.operation, ended ? "the tape ends before this" : damaged);
  }
  return *entry;
}

json Tape::next(const std::string& role, const char* operation, const json& arguments) {
  State& s = *state_;
  TapeRequest asked{role, operation, arguments};
  TapeEntry entry = entry_for(asked);
  if (entry.request.role != role || entry.request.operation != operation) {
    fail(
        role,
        operation,
        fmt::format(
            "not recorded here; the tape has {}: {}", entry.request.role, entry.request.operation));
  }
  if (s.points && TapePoints::is_move(asked)) {
    asked.arguments.at(0) = entry.request.arguments.at(0);  // it was looked up
  }
  if (!same_values(entry.request.arguments, asked.arguments)) {
    fail(
        role,
        operation,
        "not recorded like this: argument " + difference(entry.request.arguments, asked.arguments));
  }
  if (!s.pass_until(entry.time)) {
    fail(role, operation, damaged);
  }
  if (s.points) {
    s.settings.follow(asked);
    s.last = std::move(asked);
  }
  if (entry.failure) {
    const json& failure = *entry.failure;
    const bool told = failure.contains("cause") && failure["cause"].is_string();
    const bool retry = failure.contains("retry") && failure["retry"] == true;
    throw DeviceError(role,
                      operation,
                      told ? failure["cause"].get<std::string>() : "failed",
                      retry ? Retry::yes : Retry::no);
  }
  if (s.time != s.time_on_tape) {
    shift_instants(entry.answer, s.time - s.time_on_tape);
  }
  return std::move(entry.answer);
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
