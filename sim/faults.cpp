#include "sim/faults.hpp"

#include "base/require.hpp"

namespace halotwin::sim {

void validate(const Fault& p) {
  require(!p.device.empty(), "device is missing (the role that fails)");
  require(p.at_count >= 0, "at_count", static_cast<double>(p.at_count), ">= 0");
  require(p.at_time_s >= 0.0, "at_time_s", p.at_time_s, ">= 0");
}

FaultSchedule::FaultSchedule(std::vector<Fault> faults) {
  for (auto& fault : faults) {
    validate(fault);
    faults_.push_back({std::move(fault), 0, false});
  }
}

std::optional<FaultKind> FaultSchedule::find_strike(std::string_view device,
                                                    std::string_view operation,
                                                    double now_s) {
  std::optional<FaultKind> struck;
  for (Armed& armed : faults_) {
    if (armed.fault.device != device) {
      continue;
    }
    if (armed.struck && armed.fault.kind == FaultKind::link_lost) {
      struck = FaultKind::link_lost;
      continue;
    }
    if (armed.struck || (!armed.fault.operation.empty() && armed.fault.operation != operation)) {
      continue;
    }
    ++armed.count;
    const bool now = armed.fault.at_count > 0 ? armed.count == armed.fault.at_count
                                              : now_s >= armed.fault.at_time_s;
    if (now) {
      armed.struck = true;
      struck = armed.fault.kind;
    }
  }
  return struck;
}

std::vector<double> FaultSchedule::save() const {
  std::vector<double> state;
  for (const Armed& armed : faults_) {
    state.insert(state.end(), {static_cast<double>(armed.count), armed.struck ? 1.0 : 0.0});
  }
  return state;
}

void FaultSchedule::load(std::span<const double> state) {
  if (faults_.empty()) {
    return;
  }
  require(state.size() == 2 * faults_.size(),
          "the saved state is that of another number of faults");
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    faults_[i].count = static_cast<std::int64_t>(state[2 * i]);
    faults_[i].struck = state[2 * i + 1] > 0.5;
  }
}

}  // namespace halotwin::sim
