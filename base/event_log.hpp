// What happened during a run, in words. Procedures and benches write here; the Recording keeps it,
// the program shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace halotwin {

enum class Level { debug, info, warning, error };

[[nodiscard]] std::string_view name_of(Level level);

struct Event {
  Duration time{};
  Level level = Level::info;
  std::string source;  // role of the device or name of the procedure
  std::string text;  // lower case, no full stop; a warning names something that the user can change
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void write(const Event& event) = 0;

 protected:
  EventLog() = default;
  EventLog(const EventLog&) = default;
  EventLog& operator=(const EventLog&) = default;
};

/// Keeps the events in memory.
class MemoryLog final : public EventLog {
 public:
  void write(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

}  // namespace halotwin
