// A scenario as it will be run: every section of the file checked, defaults filled in.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/table.hpp"
#include "devices/limits.hpp"
#include "devices/open/open_bench.hpp"
#include "devices/servers/wire_faults.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::session {

/// Section [scenario].
struct ScenarioInfo {
  std::string title;
  std::string description;
  std::string procedure;  // "pm_dns_map"
  std::uint64_t seed = 1;
  std::string start = "2026-01-01T00:00:00Z";  // simulated instant of the start, UTC
  bool operator==(const ScenarioInfo&) const = default;
};
void validate(const ScenarioInfo& p);
void visit_fields(auto& visit, ScenarioInfo& p) {
  visit("title", p.title);
  visit("description", p.description);
  visit("procedure", p.procedure);
  visit("seed", p.seed);
  visit("start", p.start);
}

/// Section [user].
struct UserInfo {
  std::string name = "halotwin";
  std::string affiliation;
  bool operator==(const UserInfo&) const = default;
};
void validate(const UserInfo& p);
void visit_fields(auto& visit, UserInfo& p) {
  visit("name", p.name);
  visit("affiliation", p.affiliation);
}

/// Section [sample].
struct SampleInfo {
  std::string name = "simulated film";
  std::string description;
  std::string chemical_formula;
  std::string situation = "air";  // "air", "vacuum", "inert atmosphere"
  bool operator==(const SampleInfo&) const = default;
};
void validate(const SampleInfo& p);
void visit_fields(auto& visit, SampleInfo& p) {
  visit("name", p.name);
  visit("description", p.description);
  visit("chemical_formula", p.chemical_formula);
  visit("situation", p.situation);
}

struct Scenario {
  ScenarioInfo info;
  UserInfo user;
  SampleInfo sample;
  devices::simulated::SimulatedBenchParams simulated;
  std::vector<devices::DeviceRequest> devices;
  std::vector<devices::WireFaultPlan> wire_faults;  // of the served twin
  std::string clock;  // of instruments; "" = the simulated one, or the computer's
  devices::BenchLimits limits;
  Table procedure;           // all effective parameters
  Table procedure_sections;  // of it and of its steps, by name: what stands below [procedure]
  Table analysis;            // by pipeline, as written
  std::string file;
  std::string text;

  [[nodiscard]] std::unique_ptr<scenarios::Procedure> make_procedure() const;
  [[nodiscard]] bool is_simulated() const {
    return devices::kind_of(devices) == devices::BenchKind::simulated;
  }
  /// Every section with all effective values: what is recorded, and from which a run is taken up.
  [[nodiscard]] Table configuration() const;
};

/// What the command line changes.
struct Overrides {
  std::vector<std::string> settings{};  // "procedure.pm_dns_map.columns=64"
  std::vector<std::string> devices{};   // "afm=sim:"
  std::string seed{};                   // "" = that of the scenario
};

/// Reads a scenario: a path to a TOML file, or the name of a built-in one. Throws ParameterError
/// (file, line, key, what was expected) or DataError.
[[nodiscard]] Scenario load_scenario(const std::string& path_or_name,
                                     const Overrides& overrides = {});

/// The scenario of a configuration that a recording holds; `source` stands for the file in
/// messages.
[[nodiscard]] Scenario scenario_from_configuration(const Table& configuration);

/// The specimen is enlarged to the mapped area if the scenario gives no size: [corner of the film,
/// last pixel] and this much for drift.
inline constexpr double drift_room_m = 50e-9;

/// A scenario that comes with the program.
struct BuiltInScenario {
  std::string name;  // "pm_dns_quick"
  std::string title;
  std::filesystem::path file;
};
/// Sorted by name.
[[nodiscard]] std::vector<BuiltInScenario> built_in_scenarios();

/// "2026-01-01T00:00:00Z" as time since 1970; throws ParameterError.
[[nodiscard]] std::chrono::nanoseconds parse_instant(const std::string& text);

}  // namespace halotwin::session
