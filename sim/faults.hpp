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
/// retry may succeed.
enum class FaultKind { link_lost, timeout };
constexpr std::array<std::pair<FaultKind, std::string_view>, 2> enumerators(FaultKind) {
  return {{{FaultKind::link_lost, "link_lost"}, {FaultKind::timeout, "timeout"}}};
}

/// One fault. It strikes the `at_count`-th operation (from 1) of that name, or, with at_count = 0,
/// the first one at or after `at_time_s` of the run.
struct Fault {
  std::string device;     // role, e.g. "lockin_electrical"
  std::string operation;  // e.g. "read", "approach", "configure"; "" = any
  FaultKind kind = FaultKind::link_lost;
  std::int64_t at_count = 0;
  double at_time_s = 0.0;
  bool operator==(const Fault&) const = default;
};
void validate(const Fault& p);
void visit_fields(auto& visit, Fault& p) {
  visit("device", p.device);
  visit("operation", p.operation);
  visit("kind", p.kind);
  visit("at_count", p.at_count);
  visit("at_time_s", p.at_time_s);
}

class FaultSchedule {
 public:
  explicit FaultSchedule(std::vector<Fault> faults = {});

  /// Called by every simulated device at the start of an operation; the kind of fault that strikes
  /// now, if any.
  [[nodiscard]] std::optional<FaultKind> strike(std::string_view device,
                                                std::string_view operation,
                                                double now_s) {
    return faults_.empty() ? std::nullopt : find_strike(device, operation, now_s);
  }

  /// How often each fault's operation was counted, and whether it has struck: two values a fault.
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
  };
  std::vector<Armed> faults_;
};

}  // namespace halotwin::sim
