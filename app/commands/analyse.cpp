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
#ifdef HALOTWIN_WITH_VALIDATION
#include "validation/map_pictures.hpp"
#include "validation/report.hpp"
#endif

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

#ifdef HALOTWIN_WITH_VALIDATION
void write_pictures(const std::filesystem::path& folder,
                    const std::filesystem::path& file,
                    const analysis::PmDnsMap& map,
                    const analysis::PmDnsResult& result) {
  const double step_m = map.x_m.size() > 1 ? map.x_m[1] - map.x_m[0] : 1.0;
  validation::MapNumbers numbers = validation::key_numbers(result);
  validation::write_page(folder,
                         {.title = file.filename().string(),
                          .note = "PM-DNS map: loss channel of the calibrated response, factorised "
                                  "and classified. Shifts are natural "
                                  "logarithms of ratios. The null is the same analysis of a map "
                                  "with one spectral shape and the measured "
                                  "noise: what the selection of classes does by itself.",
                          .values = std::move(numbers.values),
                          .nulls = std::move(numbers.nulls),
                          .figures = validation::all_pictures({result, step_m}),
                          .reproduce = {"halotwin analyse " + file.filename().string() +
                                        " --report " + folder.string()}});
  fmt::print("pictures: {}\n", (folder / "report.html").string());
}
#endif

}  // namespace

int analyse(const AnalyseArguments& arguments, const Surroundings&) {
  analysis::PmDnsOptions options;
  std::string name;
  std::filesystem::path file;
  analysis::PmDnsMap map;
  {
    const data::RecordingReader recording(arguments.file);
    name = pipeline_for(arguments.pipeline, recording.header().procedure);
    options = options_for(recording.header(), arguments.settings);
    file = recording.path();
    map = analysis::read_pm_dns_map(recording);
  }
  const analysis::PmDnsResult result =
      analysis::analyse_pm_dns(map.input(), options, threads_from(arguments.threads));
  analysis::write_pm_dns_result(file, map, result, options, session::build_info::version);
  fmt::print("{}: results of {}\n{}", file.string(), name, summary_text(result, options));
#ifdef HALOTWIN_WITH_VALIDATION
  if (!arguments.report.empty()) {
    write_pictures(arguments.report, file, map, result);
  }
#endif
  fmt::print("all numbers: halotwin info {}\n", file.string());
  return done;
}

}  // namespace halotwin::app
