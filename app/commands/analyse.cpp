// halotwin analyse
#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_file.hpp"
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/pm_dns_summary.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"
#include "data/toml_table.hpp"
#include "session/build_info.hpp"

namespace halotwin::app {

namespace {

/// The pipeline for recordings of this procedure, unless one was asked for.
std::string pipeline_for(const std::string& asked, const std::string& procedure) {
  const std::vector<std::string> known{"pm_dns"};
  const std::string name = asked.empty() && procedure == "pm_dns_map" ? "pm_dns" : asked;
  if (name == "pm_dns") {
    return name;
  }
  if (name.empty()) {
    throw ParameterError(fmt::format(
        "there is no pipeline for recordings of {}; name one with --pipeline", procedure));
  }
  const std::string near = nearest(name, known);
  throw ParameterError(
      fmt::format("--pipeline {}: there is no such pipeline ({})",
                  name,
                  near.empty() ? "known: pm_dns" : fmt::format("did you mean \"{}\"?", near)));
}

/// What the scenario of the recording says of the analysis, then the command line.
analysis::PmDnsOptions options_for(const data::RecordingHeader& header,
                                   const std::vector<std::string>& settings) {
  analysis::PmDnsOptions options;
  if (const Table* recorded = header.configuration.table_at("analysis.pm_dns")) {
    load_fields(options, *recorded, "analysis.pm_dns");
  }
  Table changed;
  for (const std::string& setting : settings) {
    data::apply_setting(changed, setting);
  }
  load_fields(options, changed, "");
  return options;
}

}  // namespace

int analyse(const AnalyseArguments& arguments, const Surroundings&) {
  analysis::PmDnsOptions options;
  std::string name;
  std::filesystem::path file;
  {
    const data::RecordingReader recording(arguments.file);
    name = pipeline_for(arguments.pipeline, recording.header().procedure);
    options = options_for(recording.header(), arguments.settings);
    file = recording.path();
  }
  const analysis::PmDnsResult result = analysis::analyse_pm_dns_file(
      file, options, session::build_info::version, threads_from(arguments.threads));
  fmt::print("{}: results of {}\n{}", file.string(), name, summary_text(result, options));
  fmt::print("all numbers: halotwin info {}\n", file.string());
  return done;
}

}  // namespace halotwin::app
