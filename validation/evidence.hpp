// Where the targets get their evidence: runs of scenarios, analysed, with the truth beside them.
// Each run is made once and shared by all rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "session/run.hpp"
#include "session/scenario.hpp"
#include "validation/clim_case.hpp"

namespace halotwin::validation {

/// A scenario with changes, as on the command line.
struct MapRequest {
  std::string scenario;
  std::vector<std::string> settings;           // of the scenario, "--set" texts
  std::vector<std::string> analysis_settings;  // of the pipeline
};

/// A measured and analysed map, and what the sample really was where it was measured.
struct MapCase {
  std::filesystem::path recording;
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_m = 0.0;
  double lab_hours = 0.0;
  analysis::PmDnsResult result;
  Image<double> boundary_distance_m;
  Image<double> hotspot;  // 1 on hotspot grains
  Image<double> grain;
  Image<double> domain;     // crystal orientation
  Image<double> feature;    // see sim::Feature
  Image<double> transient;  // amplitude of the ultraslow relaxation
  std::vector<std::string> reproduce;

  /// Component `k` of the factorisation (0 = lowest peak frequency) as a map; NaN where not used.
  [[nodiscard]] Image<double> weights(std::size_t k) const;
};

struct EvidenceOptions {
  std::uint64_t seed = 1;
  bool quick = false;  // maps of a quarter of the area
  Threads threads{2};
  std::filesystem::path folder;  // where recordings are kept while the validation runs
  std::filesystem::path
      program;  // of this program, for rows that need a process to kill; may be empty
  std::function<void(const std::string&)> progress{};  // what is being done now
};

class Evidence {
 public:
  explicit Evidence(EvidenceOptions options);
  ~Evidence();
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  [[nodiscard]] const EvidenceOptions& options() const { return options_; }
  [[nodiscard]] std::uint64_t seed() const { return options_.seed; }

  /// Runs, analyses and reads the truth; the second request for the same map returns the first
  /// one's.
  const MapCase& map(const MapRequest& request);

  /// The map that most rows look at: the fresh film in one of the responses ("physical",
  /// "phenomenological").
  const MapCase& fresh_film(std::string_view response,
                            const std::vector<std::string>& settings = {});

  /// Runs a scenario of any procedure; the recording, with the truth in it, is kept as long as this
  /// object. The second request for the same returns the first one's. `analysis_settings` are not
  /// used: the caller analyses.
  const std::filesystem::path& recording(const MapRequest& request);

  /// A photoluminescence movie, analysed by the pipeline clim; the second request for the same
  /// returns the first one's.
  const ClimCase& movie(const MapRequest& request);

  void say(const std::string& what) const;

 private:
  [[nodiscard]] session::RunSummary record(const session::Scenario& scenario,
                                           const MapRequest& request,
                                           const std::filesystem::path& output) const;

  EvidenceOptions options_;
  std::map<std::string, std::unique_ptr<MapCase>> maps_;
  std::map<std::string, std::filesystem::path> recordings_;
  std::map<std::string, std::unique_ptr<ClimCase>> movies_;
};

}  // namespace halotwin::validation
