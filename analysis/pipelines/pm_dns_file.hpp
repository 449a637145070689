// The PM-DNS analysis on a recording: reads a map, adds the results to the file.
#pragma once

#include <filesystem>
#include <string>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"

namespace halotwin::data {
class RecordingReader;
}

namespace halotwin::analysis {

/// A map that owns its data, as read from a recording.
struct PmDnsMap {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<double> x_m;
  std::vector<double> y_m;
  std::vector<double> frequencies_hz;
  std::vector<std::complex<float>> demodulated;
  std::vector<std::complex<float>> reference;
  std::vector<float> topography_m;
  std::vector<double> pixel_time_s;
  std::vector<std::uint8_t> overload;
  std::vector<std::complex<float>> drive_check;  // empty: not recorded, or not finished
  double drive_ratio = 0.0;
  double lever_corner_hz = 0.0;  // f0 / (4 Q) of the tune; 0: unknown

  [[nodiscard]] PmDnsInput input() const;
  [[nodiscard]] Grid grid() const;
};

/// Signals demodulated, reference and, where present, topography, pixel_time, overload, drive_check
/// and tune. Throws DataError if one that is needed is missing or has other dimensions.
[[nodiscard]] PmDnsMap read_pm_dns_map(const data::RecordingReader& recording);

/// Writes /entry/analysis_pm_dns (of the step `scope`); an older result of that name is replaced.
void write_pm_dns_result(const std::filesystem::path& recording,
                         const PmDnsMap& map,
                         const PmDnsResult& result,
                         const PmDnsOptions& options,
                         const std::string& version,
                         const std::string& scope = {});

/// Both, with the analysis between them.
PmDnsResult analyse_pm_dns_file(const std::filesystem::path& recording,
                                const PmDnsOptions& options = {},
                                const std::string& version = {},
                                Threads threads = {});

/// The entry of all_pipelines().
void check_pm_dns_settings(const Table& settings);
[[nodiscard]] Findings run_pm_dns_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
