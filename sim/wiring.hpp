// The cables between the instruments of a simulated bench.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halotwin::sim {

/// From an output to an input, both "role.port": "afm.deflection" -> "lockin_mechanical.input".
struct Cable {
  std::string from;
  std::string to;
  bool operator==(const Cable&) const = default;
};
void validate(const Cable& p);
void visit_fields(auto& visit, Cable& p) {
  visit("from", p.from);
  visit("to", p.to);
}

/// The cables of PM-DNS (paper 000, Measurement procedure): deflection -> lock-in 1 -> its phase ->
/// lock-in 2, whose signal output drives the tip.
[[nodiscard]] std::vector<Cable> pm_dns_cables();

class Wiring {
 public:
  /// Throws ParameterError if an input has two cables or a port is not "role.port".
  explicit Wiring(std::vector<Cable> cables);
  /// The output that feeds `input`, or "" if nothing is plugged in.
  [[nodiscard]] std::string source_of(std::string_view input) const;
  [[nodiscard]] const std::vector<Cable>& cables() const { return cables_; }

 private:
  std::vector<Cable> cables_;
};

}  // namespace halotwin::sim
