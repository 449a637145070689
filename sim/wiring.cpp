#include "sim/wiring.hpp"

#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin::sim {

void validate(const Cable& p) {
  for (const std::string& port : {p.from, p.to}) {
    const auto dot = port.find('.');
    require(dot != std::string::npos && dot > 0 && dot + 1 < port.size(),
            "cable end \"" + port + "\" (must be \"role.port\", e.g. \"afm.deflection\")");
  }
}

std::vector<Cable> pm_dns_cables() {
  return {{"afm.deflection", "lockin_mechanical.input"},
          {"lockin_mechanical.phase", "lockin_electrical.input"},
          {"lockin_electrical.output", "afm.tip_bias"}};
}

Wiring::Wiring(std::vector<Cable> cables) : cables_(std::move(cables)) {
  for (std::size_t i = 0; i < cables_.size(); ++i) {
    validate(cables_[i]);
    for (std::size_t j = 0; j < i; ++j) {
      if (cables_[i].to == cables_[j].to) {
        throw ParameterError("two cables end in \"" + cables_[i].to + "\"");
      }
    }
  }
}

std::string Wiring::source_of(std::string_view input) const {
  for (const Cable& cable : cables_) {
    if (cable.to == input) {
      return cable.from;
    }
  }
  return {};
}

}  // namespace halotwin::sim
