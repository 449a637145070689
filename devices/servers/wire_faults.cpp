#include "devices/servers/wire_faults.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::devices {

void validate(const WireFaultPlan& p) {
  require(!p.device.empty(), "device is missing (a role, as \"lockin_electrical\")");
  require(p.at_count >= 0, fmt::format("at_count = {} (must be >= 0)", p.at_count));
  require(
      p.at_count > 0 || p.until_s > p.from_s,
      fmt::format("until_s = {} (must be > from_s = {} where at_count is 0)", p.until_s, p.from_s));
  require(p.late_s > 0.0 && p.late_s <= 3600.0,
          fmt::format("late_s = {} (must be > 0 and <= 3600)", p.late_s));
}

FaultyWire::FaultyWire(const std::vector<WireFaultPlan>& plans, const std::string& device) {
  std::copy_if(plans.begin(), plans.end(), std::back_inserter(plans_), [&](const auto& plan) {
    return plan.device == device;
  });
}

std::optional<std::string> FaultyWire::carry(const MessageServer::Answer& inner,
                                             std::string_view message,
                                             Duration waited,
                                             double now_s) {
  const bool first = waited == Duration::zero();
  if (const auto kept = late_.find(message); !first && kept != late_.end()) {
    if (waited < kept->second.due) {
      return std::nullopt;
    }
    std::string text = std::move(kept->second.text);
    late_.erase(kept);
    return text;
  }
  std::optional<WireFaultKind> kind;
  if (const WireFaultPlan* plan = first ? strike(now_s) : nullptr) {
    kind = plan->kind;
    if (kind == WireFaultKind::late) {
      auto text = inner(message, waited);
      if (text) {  // else it is late by itself
        late_[std::string(message)] = {from_seconds(plan->late_s), std::move(*text)};
      }
      return std::nullopt;
    }
  } else if (const auto before = struck_.find(message); !first && before != struck_.end()) {
    kind = before->second;
  }
  auto text = inner(message, waited);
  if (!kind) {
    return text;
  }
  if (!text) {
    struck_[std::string(message)] = *kind;
    return text;
  }
  struck_.erase(std::string(message));
  return spoil(*kind, std::move(*text));
}

const WireFaultPlan* FaultyWire::strike(double now_s) {
  ++messages_;
  const auto struck = std::find_if(plans_.begin(), plans_.end(), [&](const WireFaultPlan& p) {
    return p.at_count > 0 ? p.at_count == messages_ : now_s >= p.from_s && now_s < p.until_s;
  });
  return struck == plans_.end() ? nullptr : &*struck;
}

std::string FaultyWire::spoil(WireFaultKind kind, std::string text) {
  switch (kind) {
    case WireFaultKind::late:
      break;
    case WireFaultKind::lost:
      return {};
    case WireFaultKind::truncated:
      text.resize(text.size() / 2);
      break;
    case WireFaultKind::garbled: {
      RandomStream draw(static_cast<std::uint64_t>(messages_), Purpose::fault_schedule);
      for (std::size_t k = 0; k < 1 + text.size() / 8 && !text.empty(); ++k) {
        const std::uint32_t place = draw.index(static_cast<std::uint32_t>(text.size()));
        text[place] =
            static_cast<char>(static_cast<unsigned char>(text[place]) ^ (1U << draw.index(7)));
      }
      break;
    }
    case WireFaultKind::disconnected:
      throw WireError(WireFault::closed, "the wire is cut, as the scenario says");
  }
  return text;
}

}  // namespace halotwin::devices
