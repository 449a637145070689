// Faults that a scenario injects: on the n-th operation of a device, or from a moment on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::sim {

/// link_lost: the operation fails and every later one of this device; timeout: this one fails, a
/// retry may succeed. tip_change: the operation succeeds, but the tip of the microscope is another
/// one from then on (a piece broke off or was picked up); nobody is told. frame_lost,
/// frame_incomplete: of a camera; a frame does not come at all, or only a part of it. Their
/// operations are frames, whatever `operation` says.
enum class FaultKind { link_lost, timeout, tip_change, frame_lost, frame_incomplete };
constexpr std::array<std::pair<FaultKind, std::string_view>, 5> enumerators(FaultKind) {
  return {{{FaultKind::link_lost, "link_lost"},
           {FaultKind::timeout, "timeout"},
           {FaultKind::tip_change, "tip_change"},
           {FaultKind::frame_lost, "frame_lost"},
           {FaultKind::frame_incomplete, "frame_incomplete"}}};
}

/// One fault. It strikes the `at_count`-th operation (from 1) of that name, or, with at_count = 0,
/// the first one at or after `at_time_s` of the run.
struct Fault {
  std::string device;     // role, e.g. "lockin_electrical"
  std::string operation;  // e.g. "read", "approach", "configure"; "" = any
  FaultKind kind = FaultKind::link_lost;
  std::int64_t at_count = 0;
  double at_time_s = 0.0;
  double tip_radius_change_m = 20.0e-9;  // of a tip_change: 30 to 60 nm after wear; may be below 0
  double tip_potential_change_v = 0.1;   // added to every contact potential (estimate)
  bool operator==(const Fault&) const = default;
};
void validate(const Fault& p);
void visit_fields(auto& visit, Fault& p) {
  visit("device", p.device);
  visit("operation", p.operation);
  visit("kind", p.kind);
  visit("at_count", p.at_count);
  visit("at_time_s", p.at_time_s);
  visit("tip_radius_change_m", p.tip_radius_change_m);
  visit("tip_potential_change_v", p.tip_potential_change_v);
}

/// What became of the tip: sums over the tip_change faults that strike at once.
struct TipChange {
  int strikes = 0;
  double radius_m = 0.0;
  double potential_v = 0.0;
};

class FaultSchedule {
 public:
  explicit FaultSchedule(std::vector<Fault> faults = {});

  /// Called by every simulated device at the start of an operation; the kind of fault that strikes
  /// now, if any; those with a question of their own are left out.
  [[nodiscard]] std::optional<FaultKind> strike(std::string_view device,
                                                std::string_view operation,
                                                double now_s) {
    return faults_.empty() || mended_ ? std::nullopt : find_strike(device, operation, now_s);
  }

  /// Called by a simulated microscope at the start of an operation, before strike().
  [[nodiscard]] TipChange change_tip(std::string_view device,
                                     std::string_view operation,
                                     double now_s);
  /// Called by a simulated camera for each frame: frame_lost, frame_incomplete or nothing.
  [[nodiscard]] std::optional<FaultKind> lose_frame(std::string_view device, double now_s);
  /// From now on links hold and answers come; what changes the tip still does.
  void mend() { mended_ = true; }

  /// Whether they are mended, how often each fault's operation was counted, and whether it has
  /// struck. What is mended stays so.
  [[nodiscard]] std::vector<double> save() const;
  /// A schedule without faults (they were mended) takes any state.
  void load(std::span<const double> state);

 private:
  [[nodiscard]] std::optional<FaultKind> find_strike(std::string_view device,
                                                     std::string_view operation,
                                                     double now_s);

  struct Armed {
    Fault fault;
    std::int64_t count = 0;
    bool struck = false;
    /// Counts the operation if it is one of the fault's; whether it strikes now.
    bool strikes(std::string_view operation, double now_s);
  };
  std::vector<Armed> faults_;
  bool mended_ = false;
};

}  // namespace halotwin::sim
