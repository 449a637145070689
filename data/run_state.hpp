// The parts of a recording that change while it is written: status, checkpoints, events. All are
// made before the run starts and only overwritten in place. Internal to data/.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_log.hpp"
#include "data/h5.hpp"
#include "data/recording_header.hpp"

namespace halotwin::data {

inline constexpr const char* run_state_group = "/entry/run_state";

class RunState final : public EventLog {
 public:
  static void make(h5::Id file, const RecordingHeader& header);
  /// Bytes that make() needs.
  [[nodiscard]] static std::uint64_t bytes(const RecordingHeader& header);
  /// Finds the datasets of a file that has them; goes on after its last event and checkpoint.
  explicit RunState(h5::Id file);

  void write(const Event& event) override;
  void save_checkpoint(std::size_t units_done, std::span<const std::byte> state);
  [[nodiscard]] std::optional<Checkpoint> load_checkpoint() const;
  [[nodiscard]] std::vector<Event> events() const;
  void set_status(RunStatus status);
  [[nodiscard]] RunStatus status() const;
  void set_end_times(const std::string& end_time, const std::string& real_end_time);

 private:
  struct Slot {
    std::uint64_t sequence = 0;
    Checkpoint checkpoint;
  };
  [[nodiscard]] std::optional<Slot> read_slot(std::size_t slot) const;
  [[nodiscard]] std::optional<Slot> newest_slot() const;
  void write_row(std::size_t row, const Event& event);
  void write_text(const h5::Extent& extent,
                  std::uint64_t offset,
                  std::size_t length,
                  std::string_view text);

  int file_;
  h5::Extent status_, end_time_, real_end_time_, checkpoint_;
  h5::Extent event_time_, event_level_, event_source_, event_text_;
  std::size_t event_rows_ = 0;
  std::size_t events_ = 0;  // written so far, those that found no row included
  std::uint64_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace halotwin::data
