// Faults of the wires of a served twin: what becomes of an answer on its way.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/servers/message_server.hpp"

namespace halotwin::devices {

/// The command is carried out in every case. late: the answer comes late_s later (of real time);
/// lost: it never comes; truncated: its first half comes; garbled: some of its bits are others;
/// disconnected: the connection is cut instead.
enum class WireFaultKind { late, lost, truncated, garbled, disconnected };
constexpr std::array<std::pair<WireFaultKind, std::string_view>, 5> enumerators(WireFaultKind) {
  return {{{WireFaultKind::late, "late"},
           {WireFaultKind::lost, "lost"},
           {WireFaultKind::truncated, "truncated"},
           {WireFaultKind::garbled, "garbled"},
           {WireFaultKind::disconnected, "disconnected"}}};
}

/// Strikes the `at_count`-th message to this role (from 1), or, with at_count = 0, every one
/// between from_s and until_s of the twin's time.
struct WireFaultPlan {
  std::string device;  // role, e.g. "lockin_electrical", or "clock"
  WireFaultKind kind = WireFaultKind::lost;
  std::int64_t at_count = 0;
  double from_s = 0.0;
  double until_s = 0.0;
  double late_s = 1.0;
  bool operator==(const WireFaultPlan&) const = default;
};
void validate(const WireFaultPlan& p);
void visit_fields(auto& visit, WireFaultPlan& p) {
  visit("device", p.device);
  visit("kind", p.kind);
  visit("at_count", p.at_count);
  visit("from_s", p.from_s);
  visit("until_s", p.until_s);
  visit("late_s", p.late_s);
}

/// The wire of one role.
class FaultyWire {
 public:
  FaultyWire(const std::vector<WireFaultPlan>& plans, const std::string& device);

  /// For a MessageServer: `inner` at the moment `now_s` of the twin, and what the wire makes of it.
  /// Throws WireError (closed) where the connection is cut.
  std::optional<std::string> carry(const MessageServer::Answer& inner,
                                   std::string_view message,
                                   Duration waited,
                                   double now_s);

 private:
  [[nodiscard]] const WireFaultPlan* strike(double now_s);
  [[nodiscard]] std::string spoil(WireFaultKind kind, std::string text);

  std::vector<WireFaultPlan> plans_;
  std::int64_t messages_ = 0;
  struct Kept {
    Duration due{};  // after it was asked
    std::string text;
  };
  std::map<std::string, Kept, std::less<>> late_;             // answers that are kept back
  std::map<std::string, WireFaultKind, std::less<>> struck_;  // whose answers are not there yet
};

}  // namespace halotwin::devices
