#include "validation/evidence.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_file.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"
#include "data/toml_table.hpp"
#include "data/truth.hpp"
#include "session/run.hpp"
#include "validation/score.hpp"

namespace halotwin::validation {

namespace {

std::string scenario_of(std::string_view response) {
  return response == "physical" ? "pm_dns_fresh_film" : "pm_dns_fresh_film_lines";
}

std::string key_of(const MapRequest& request) {
  std::string key = request.scenario;
  for (const std::string& s : request.settings) {
    key += "|" + s;
  }
  key += "||";
  for (const std::string& s : request.analysis_settings) {
    key += "|" + s;
  }
  return key;
}

session::Scenario scenario_of_request(const MapRequest& request, std::uint64_t seed) {
  session::Overrides overrides;
  overrides.settings = request.settings;
  overrides.seed = std::to_string(seed);
  return session::load_scenario(request.scenario, overrides);
}

std::string command_of(const MapRequest& request, std::uint64_t seed) {
  std::string line = fmt::format("halotwin run {} --seed {} -o map.nxs", request.scenario, seed);
  for (const std::string& s : request.settings) {
    line += " --set " + s;
  }
  return line;
}

}  // namespace

Image<double> MapCase::weights(std::size_t k) const {
  Image<double> map(nx, ny, std::numeric_limits<double>::quiet_NaN());
  if (result.weight_maps.size() >= (k + 1) * nx * ny) {
    for (std::size_t p = 0; p < nx * ny; ++p) {
      map.values[p] = static_cast<double>(result.weight_maps[k * nx * ny + p]);
    }
  }
  return map;
}

Evidence::Evidence(EvidenceOptions options) : options_(std::move(options)) {}
Evidence::~Evidence() = default;

void Evidence::say(const std::string& what) const {
  if (options_.progress) {
    options_.progress(what);
  }
}

const MapCase& Evidence::fresh_film(std::string_view response,
                                    const std::vector<std::string>& settings) {
  MapRequest request{scenario_of(response), settings, {}};
  if (options_.quick) {  // half the width, all lines: the transient needs them, and lasts as many
                         // lines as in the whole map
    request.settings.emplace_back("procedure.pm_dns_map.columns=64");
    request.settings.emplace_back("specimen.transient.time_constant_s=4035");
  }
  return map(request);
}

session::RunSummary Evidence::record(const session::Scenario& scenario,
                                     const MapRequest& request,
                                     const std::filesystem::path& output) const {
  say("recording " + request.scenario);
  session::RunOptions run;
  run.output = output;
  run.overwrite = data::Overwrite::yes;
  run.threads = options_.threads;
  return session::run(scenario, run);
}

const std::filesystem::path& Evidence::recording(const MapRequest& request) {
  std::filesystem::path& slot = recordings_[key_of(request)];
  if (slot.empty()) {
    const auto output = options_.folder / fmt::format("recording_{}.nxs", recordings_.size());
    slot = record(scenario_of_request(request, options_.seed), request, output).recording;
  }
  return slot;
}

const ClimCase& Evidence::movie(const MapRequest& request) {
  std::unique_ptr<ClimCase>& slot = movies_[key_of(request)];
  if (!slot) {
    const std::filesystem::path file = recording({request.scenario, request.settings, {}});
    const session::Scenario scenario = scenario_of_request(request, options_.seed);
    Table section;
    if (const Table* written = scenario.analysis.table_at("clim")) {
      section = *written;
    }
    for (const std::string& s : request.analysis_settings) {
      data::apply_setting(section, s);
    }
    say("analysing " + request.scenario);
    slot = std::make_unique<ClimCase>(read_clim_case(file, section, options_.threads));
    slot->reproduce = {command_of(request, options_.seed), "halotwin analyse map.nxs"};
  }
  return *slot;
}

const MapCase& Evidence::map(const MapRequest& request) {
  std::unique_ptr<MapCase>& slot = maps_[key_of(request)];
  if (slot) {
    return *slot;
  }
  const session::Scenario scenario = scenario_of_request(request, options_.seed);
  const session::RunSummary summary =
      record(scenario, request, options_.folder / fmt::format("map_{}.nxs", maps_.size()));

  auto map = std::make_unique<MapCase>();
  map->recording = summary.recording;
  map->lab_hours = seconds(summary.lab_time) / 3600.0;
  say("analysing " + request.scenario);
  analysis::PmDnsOptions options;
  Table section;
  if (const Table* written = scenario.analysis.table_at("pm_dns")) {
    section = *written;
  }
  for (const std::string& s : request.analysis_settings) {
    data::apply_setting(section, s);
  }
  load_fields(options, section, "analysis.pm_dns");
  const analysis::PmDnsMap measured =
      analysis::read_pm_dns_map(data::RecordingReader(map->recording));
  map->result = analysis::analyse_pm_dns(measured.input(), options, options_.threads);

  const PmDnsTruth truth = read_pm_dns_truth(map->recording);
  map->step_m = truth.step_m;
  map->boundary_distance_m = truth.boundary_distance_m;
  map->hotspot = truth.hotspot;
  map->grain = truth.grain;
  map->nx = truth.grain.nx;
  map->ny = truth.grain.ny;
  const data::TruthReader reader(map->recording);
  map->domain = Image<double>(map->nx, map->ny);
  map->domain.values = reader.read<double>("domain");
  map->feature = Image<double>(map->nx, map->ny);
  map->feature.values = reader.read<double>("feature");
  map->transient = Image<double>(map->nx, map->ny);
  map->transient.values = reader.read<double>("transient_amplitude");
  map->reproduce = {
      command_of(request, options_.seed), "halotwin analyse map.nxs", "halotwin score map.nxs"};
  if (options_.quick ||
      maps_.size() > 2) {  // the numbers are in memory; a validation makes many maps
    std::filesystem::remove(map->recording);
  }
  slot = std::move(map);
  return *slot;
}

}  // namespace halotwin::validation
