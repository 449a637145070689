#include "sim/faults.hpp"

#include "base/require.hpp"

namespace halotwin::sim {

void validate(const Fault& p) {
  require(!p.device.empty(), "device is missing (the role that fails)");
  require(p.at_count >= 0, "at_count", static_cast<double>(p.at_count), ">= 0");
  require(p.at_time_s >= 0.0, "at_time_s", p.at_time_s, ">= 0");
  require(p.kind != FaultKind::tip_change || p.device == "afm",
          "device must be \"afm\" for a tip_change");
  require_range("tip_radius_change_m", p.tip_radius_change_m, -1e-6, 1e-6);
  require_range("tip_potential_change_v", p.tip_potential_change_v, -10.0, 10.0);
}

FaultSchedule::FaultSchedule(std::vector<Fault> faults) {
  for (auto& fault : faults) {
    validate(fault);
    faults_.push_back({std::move(fault), 0, false});
  }
}

bool FaultSchedule::Armed::strikes(std::string_view operation, double now_s) {
  if (struck || (!fault.operation.empty() && fault.operation != operation)) {
    return false;
  }
  ++count;
  struck = fault.at_count > 0 ? count == fault.at_count : now_s >= fault.at_time_s;
  return struck;
}

std::optional<FaultKind> FaultSchedule::find_strike(std::string_view device,
                                                    std::string_view operation,
                                                    double now_s) {
  std::optional<FaultKind> struck;
  for (Armed& armed : faults_) {
    const FaultKind kind = armed.fault.kind;
    if (armed.fault.device != device ||
        (kind != FaultKind::link_lost && kind != FaultKind::timeout)) {
      continue;
    }
    const bool is_lost = armed.struck && armed.fault.kind == FaultKind::link_lost;
    if (is_lost || armed.strikes(operation, now_s)) {
      struck = armed.fault.kind;
    }
  }
  return struck;
}

TipChange FaultSchedule::change_tip(std::string_view device,
                                    std::string_view operation,
                                    double now_s) {
  TipChange change;
  for (Armed& armed : faults_) {
    const bool changes = armed.fault.kind == FaultKind::tip_change && armed.fault.device == device;
    if (changes && armed.strikes(operation, now_s)) {
      ++change.strikes;
      change.radius_m += armed.fault.tip_radius_change_m;
      change.potential_v += armed.fault.tip_potential_change_v;
    }
  }
  return change;
}

std::optional<FaultKind> FaultSchedule::lose_frame(std::string_view device, double now_s) {
  std::optional<FaultKind> struck;
  for (Armed& armed : faults_) {
    const FaultKind kind = armed.fault.kind;
    const bool of_frames = kind == FaultKind::frame_lost || kind == FaultKind::frame_incomplete;
    if (of_frames && armed.fault.device == device && armed.strikes(armed.fault.operation, now_s) &&
        struck != FaultKind::frame_lost) {
      struck = kind;
    }
  }
  return struck;
}

std::vector<double> FaultSchedule::save() const {
  std::vector<double> state{mended_ ? 1.0 : 0.0};
  for (const Armed& armed : faults_) {
    state.insert(state.end(), {static_cast<double>(armed.count), armed.struck ? 1.0 : 0.0});
  }
  return state;
}

void FaultSchedule::load(std::span<const double> state) {
  if (faults_.empty()) {
    return;
  }
  require(state.size() == 1 + 2 * faults_.size(),
          "the saved state is that of another number of faults");
  mended_ = mended_ || state[0] > 0.5;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    faults_[i].count = static_cast<std::int64_t>(state[1 + 2 * i]);
    faults_[i].struck = state[2 + 2 * i] > 0.5;
  }
}

}  // namespace halotwin::sim
