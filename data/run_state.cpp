#include "data/run_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/checksum.hpp"

namespace halotwin::data {

namespace {

constexpr std::size_t status_length = 16;
constexpr std::size_t time_length = 40;
constexpr std::size_t level_length = 8;
constexpr std::size_t source_length = 40;
constexpr std::size_t text_length = 256;

struct SlotHead {
  std::uint64_t magic = 0;
  std::uint64_t sequence = 0;  // 1, 2, 3 ...: odd ones in slot 1, even ones in slot 0
  std::uint64_t units_done = 0;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;  // over the head (with checksum 0) and the state
};
constexpr std::uint64_t slot_magic = 0x31504b43574f4c48;  // "HLOWCKP1"

std::string path_of(std::string_view name) {
  return fmt::format("{}/{}", run_state_group, name);
}

Level parse_level(std::string_view word) {
  for (const Level level : {Level::debug, Level::info, Level::warning}) {
    if (name_of(level) == word) {
      return level;
    }
  }
  return Level::error;
}

}  // namespace

std::string_view name_of(RunStatus status) {
  constexpr std::string_view names[] = {"running", "complete", "interrupted", "failed"};
  return names[static_cast<std::size_t>(status)];
}

void RunState::make(h5::Id file, const RecordingHeader& header) {
  h5::make_group(file, run_state_group, "NXcollection");
  (void)h5::make_fixed_text(file, path_of("status"), 0, status_length);
  (void)h5::make_fixed_text(file, "/entry/end_time", 0, time_length);
  (void)h5::make_fixed_text(file, path_of("real_end_time"), 0, time_length);
  h5::put_unsigned(file, path_of("units_total"), header.units_total);
  h5::put_text(file, path_of("unit_word"), header.unit_word);
  const std::size_t slot = sizeof(SlotHead) + header.checkpoint_capacity_bytes;
  (void)h5::make_signal(file, path_of("checkpoint"), ElementType::u8, {2, slot});
  h5::make_group(file, path_of("events"), "NXcollection");
  const std::size_t rows = std::max<std::size_t>(header.event_capacity, 1);
  (void)h5::make_signal(file, path_of("events/time"), ElementType::f64, {rows});
  h5::set_attribute(file, path_of("events/time"), "units", "s");
  (void)h5::make_fixed_text(file, path_of("events/level"), rows, level_length);
  (void)h5::make_fixed_text(file, path_of("events/source"), rows, source_length);
  (void)h5::make_fixed_text(file, path_of("events/text"), rows, text_length);
}

std::uint64_t RunState::bytes(const RecordingHeader& header) {
  return 2 * (sizeof(SlotHead) + header.checkpoint_capacity_bytes) +
         header.event_capacity * (8 + level_length + source_length + text_length);
}

RunState::RunState(h5::Id file)
    : file_(h5::descriptor(file)),
      status_(h5::extent_of(file, path_of("status"))),
      end_time_(h5::extent_of(file, "/entry/end_time")),
      real_end_time_(h5::extent_of(file, path_of("real_end_time"))),
      checkpoint_(h5::extent_of(file, path_of("checkpoint"))),
      event_time_(h5::extent_of(file, path_of("events/time"))),
      event_level_(h5::extent_of(file, path_of("events/level"))),
      event_source_(h5::extent_of(file, path_of("events/source"))),
      event_text_(h5::extent_of(file, path_of("events/text"))),
      event_rows_(event_time_.bytes / 8) {
  const bool whole = status_.bytes == status_length && end_time_.bytes == time_length &&
                     real_end_time_.bytes == time_length && event_rows_ > 0 &&
                     checkpoint_.bytes >= 2 * sizeof(SlotHead) &&
                     event_level_.bytes == event_rows_ * level_length &&
                     event_source_.bytes == event_rows_ * source_length &&
                     event_text_.bytes == event_rows_ * text_length;
  if (!whole) {
    throw DataError(fmt::format("{}: is not as this program writes it", run_state_group));
  }
  events_ = events().size();
  if (const auto slot = newest_slot()) {
    sequence_ = slot->sequence;
  }
}

void RunState::write_text(const h5::Extent& extent,
                          std::uint64_t offset,
                          std::size_t length,
                          std::string_view text) {
  std::size_t size = std::min(text.size(), length);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;  // never cut inside a character
  }
  std::string row(text.substr(0, size));
  row.resize(length, '\0');
  h5::write_at(file_, extent.offset + offset, row.data(), length);
}

void RunState::write_row(std::size_t row, const Event& event) {
  write_text(event_level_, row * level_length, level_length, name_of(event.level));
  write_text(event_source_, row * source_length, source_length, event.source);
  write_text(event_text_, row * text_length, text_length, event.text);
  const double time_s = seconds(event.time);  // last: a row counts once it has a time
  h5::write_at(file_, event_time_.offset + row * 8, &time_s, 8);
}

void RunState::write(const Event& event) {
  if (events_ < event_rows_) {
    write_row(events_, event);
  } else {
    const std::size_t lost = events_ - event_rows_ + 2;
    write_row(event_rows_ - 1,
              {event.time,
               Level::warning,
               "recording",
               fmt::format("{} more events found no room in the recording", lost)});
  }
  ++events_;
}

std::vector<Event> RunState::events() const {
  std::vector<double> times(event_rows_);
  h5::read_at(file_, event_time_.offset, times.data(), event_rows_ * 8);
  const auto used = static_cast<std::size_t>(
      std::find_if(times.begin(), times.end(), [](double t) { return std::isnan(t); }) -
      times.begin());
  const auto text = [&](const h5::Extent& extent, std::size_t row, std::size_t length) {
    std::string out(length, '\0');
    h5::read_at(file_, extent.offset + row * length, out.data(), length);
    return out.substr(0, out.find('\0'));
  };
  std::vector<Event> list;
  for (std::size_t row = 0; row < used; ++row) {
    const double time_s = std::clamp(times[row], -9.0e9, 9.0e9);  // what a Duration holds
    list.push_back({from_seconds(time_s),
                    parse_level(text(event_level_, row, level_length)),
                    text(event_source_, row, source_length),
                    text(event_text_, row, text_length)});
  }
  return list;
}

void RunState::save_checkpoint(std::size_t units_done, std::span<const std::byte> state) {
  const std::size_t slot_bytes = checkpoint_.bytes / 2;
  if (state.size() > slot_bytes - sizeof(SlotHead)) {
    throw ParameterError(fmt::format("checkpoint_capacity_bytes = {} (must be >= {})",
                                     slot_bytes - sizeof(SlotHead),
                                     state.size()));
  }
  SlotHead head{slot_magic, sequence_ + 1, units_done, state.size(), 0};
  buffer_.resize(sizeof(head) + state.size());
  std::memcpy(buffer_.data(), &head, sizeof(head));
  if (!state.empty()) {
    std::memcpy(buffer_.data() + sizeof(head), state.data(), state.size());
  }
  head.checksum = checksum(buffer_);
  std::memcpy(buffer_.data(), &head, sizeof(head));
  h5::write_at(
      file_, checkpoint_.offset + (head.sequence % 2) * slot_bytes, buffer_.data(), buffer_.size());
  sequence_ = head.sequence;
}

std::optional<RunState::Slot> RunState::read_slot(std::size_t slot) const {
  const std::size_t slot_bytes = checkpoint_.bytes / 2;
  const std::uint64_t offset = checkpoint_.offset + slot * slot_bytes;
  SlotHead head;
  h5::read_at(file_, offset, &head, sizeof(head));
  if (head.magic != slot_magic || head.length > slot_bytes - sizeof(head)) {
    return std::nullopt;
  }
  std::vector<std::byte> bytes(sizeof(head) + head.length);
  h5::read_at(file_, offset, bytes.data(), bytes.size());
  const std::uint64_t expected = std::exchange(head.checksum, 0);
  std::memcpy(bytes.data(), &head, sizeof(head));
  if (checksum(bytes) != expected) {
    return std::nullopt;
  }
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(head));
  return Slot{head.sequence, {head.units_done, std::move(bytes)}};
}

std::optional<RunState::Slot> RunState::newest_slot() const {
  auto first = read_slot(0);
  auto second = read_slot(1);
  if (first && second) {
    return first->sequence > second->sequence ? first : second;
  }
  return first ? first : second;
}

std::optional<Checkpoint> RunState::load_checkpoint() const {
  auto slot = newest_slot();
  return slot ? std::optional(std::move(slot->checkpoint)) : std::nullopt;
}

void RunState::set_status(RunStatus status) {
  write_text(status_, 0, status_length, name_of(status));
}

RunStatus RunState::status() const {
  char word[status_length + 1] = {};
  h5::read_at(file_, status_.offset, word, status_length);
  for (const RunStatus s : {RunStatus::complete, RunStatus::interrupted, RunStatus::failed}) {
    if (name_of(s) == word) {
      return s;
    }
  }
  return RunStatus::running;
}

void RunState::set_end_times(const std::string& end_time, const std::string& real_end_time) {
  write_text(end_time_, 0, time_length, end_time);
  write_text(real_end_time_, 0, time_length, real_end_time);
}

}  // namespace halotwin::data
