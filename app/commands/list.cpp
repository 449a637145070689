// halotwin list
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/pipelines/pipeline.hpp"
#include "app/commands/commands.hpp"
#include "data/imports/scan_import.hpp"
#include "devices/open/open_bench.hpp"
#include "scenarios/procedure.hpp"
#include "session/scenario.hpp"

namespace halotwin::app {

namespace {

void print_json(const std::vector<session::BuiltInScenario>& scenarios) {
  nlohmann::ordered_json all;
  all["scenarios"] = nlohmann::ordered_json::array();
  for (const auto& scenario : scenarios) {
    all["scenarios"].push_back(
        {{"name", scenario.name}, {"title", scenario.title}, {"file", scenario.file.string()}});
  }
  all["device_addresses"] = nlohmann::ordered_json::array();
  for (const auto& kind : devices::address_kinds()) {
    all["device_addresses"].push_back({{"form", kind.form}, {"description", kind.description}});
  }
  all["procedures"] = scenarios::procedure_names();
  all["pipelines"] = nlohmann::ordered_json::array();
  for (const auto& pipeline : analysis::all_pipelines()) {
    all["pipelines"].push_back(pipeline.name);
  }
  all["importers"] = {"TIFF movie", "HDF5 movie"};
  for (const auto& format : data::scan_format_names()) {
    all["importers"].push_back(format.name);
  }
  fmt::print("{}\n", all.dump(2));
}

void print_importers() {
  fmt::print("importers (halotwin import FILE):\n");
  const auto line = [](const std::string& name, const std::string& what) {
    fmt::print("  {:<28}  {}\n", name, what);
  };
  line("TIFF movie", "plain, ImageJ, OME, BigTIFF");
  line("HDF5 movie", "a dataset (frame, y, x)");
  for (const auto& format : data::scan_format_names()) {
    line(fmt::format("{} ({})", format.name, format.extension), format.contents);
  }
}

}  // namespace

int list(const ListArguments& arguments, const Surroundings&) {
  const auto scenarios = session::built_in_scenarios();
  if (arguments.json) {
    print_json(scenarios);
    return done;
  }
  std::size_t width = 0;
  for (const auto& scenario : scenarios) {
    width = std::max(width, scenario.name.size());
  }
  fmt::print("scenarios (halotwin run NAME, or your own TOML file):\n");
  for (const auto& scenario : scenarios) {
    fmt::print("  {:<{}}  {}\n", scenario.name, width, scenario.title);
  }
  fmt::print("device addresses (--device role=ADDRESS):\n");
  for (const auto& kind : devices::address_kinds()) {
    fmt::print("  {:<{}}  {}\n", kind.form, width, kind.description);
  }
  fmt::print("procedures:\n");
  for (const auto& name : scenarios::procedure_names()) {
    fmt::print("  {}\n", name);
  }
  fmt::print("pipelines (halotwin analyse FILE --pipeline NAME):\n");
  for (const auto& pipeline : analysis::all_pipelines()) {
    fmt::print("  {:<{}}  {} ({})\n", pipeline.name, width, pipeline.summary, pipeline.procedure);
  }
  print_importers();
  if (!scenarios.empty()) {
    fmt::print("the scenario files lie in {}\n", scenarios.front().file.parent_path().string());
  }
  return done;
}

}  // namespace halotwin::app
