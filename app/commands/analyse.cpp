// halotwin analyse
#include <fmt/format.h>

#include "analysis/pipelines/pipeline.hpp"
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/result_text.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/toml_table.hpp"
#include "session/build_info.hpp"
#ifdef HALOTWIN_WITH_VALIDATION
#include "validation/findings_page.hpp"
#endif

namespace halotwin::app {

namespace {

/// One pipeline on one step of the recording, or on the recording itself (scope "").
struct Task {
  const analysis::Pipeline* pipeline = nullptr;
  std::string scope;
};

/// The name that was asked for; else, where several pipelines read this procedure, the one that the
/// scenario has settings for; else "".
std::string preferred(const std::string& asked,
                      const Table& configuration,
                      const std::string& procedure) {
  const Table* settings = configuration.table_at("analysis");
  for (const analysis::Pipeline& pipeline : analysis::all_pipelines()) {
    if (asked.empty() && settings != nullptr && pipeline.procedure == procedure &&
        settings->find(pipeline.name) != nullptr) {
      return std::string(pipeline.name);
    }
  }
  return asked;
}

/// The steps that were asked for: the one of --scope; else the recording itself if there is a
/// pipeline for it; else all steps that the pipeline reads.
std::vector<Task> tasks_for(const data::RecordingReader& recording,
                            const AnalyseArguments& arguments) {
  const data::RecordingHeader& header = recording.header();
  if (!arguments.scope.empty()) {
    const data::RecordingReader step(recording.path(), arguments.scope);
    return {
        {&analysis::find_pipeline(arguments.pipeline, step.header().procedure), arguments.scope}};
  }
  const analysis::Pipeline& pipeline = analysis::find_pipeline(
      preferred(arguments.pipeline, header.configuration, header.procedure), header.procedure);
  if (header.sections.empty() || pipeline.procedure == header.procedure) {
    return {{&pipeline, ""}};
  }
  std::vector<Task> tasks;
  for (const data::RecordingSection& section : header.sections) {
    if (section.procedure == pipeline.procedure) {
      tasks.push_back({&pipeline, section.scope});
    }
  }
  if (tasks.empty()) {
    throw ParameterError(fmt::format("--pipeline {}: {} has no step of {}",
                                     pipeline.name,
                                     recording.path().string(),
                                     pipeline.procedure));
  }
  return tasks;
}

/// What the scenario of the recording says of the analysis, then the command line.
Table settings_for(const data::RecordingHeader& header,
                   const analysis::Pipeline& pipeline,
                   const std::vector<std::string>& settings) {
  const std::string section = fmt::format("analysis.{}", pipeline.name);
  const Table* recorded = header.configuration.table_at(section);
  Table merged = recorded == nullptr ? Table{} : *recorded;
  for (const std::string& setting : settings) {
    data::apply_setting(merged, setting);
  }
  pipeline.check_settings(merged);
  return merged;
}

std::string text_of(const analysis::Findings& findings) {
  std::string text = findings.text;
  if (text.empty()) {
    for (const analysis::Finding& value : findings.values) {
      text += number_line(value.name, value.value, value.sigma, value.unit) + "\n";
    }
    for (const analysis::Finding& null : findings.nulls) {
      text += number_line("null: " + null.name, null.value, null.sigma, null.unit) + "\n";
    }
  }
  for (const std::string& warning : findings.warnings) {
    text += fmt::format("  warning: {}\n", warning);
  }
  return text;
}

#ifdef HALOTWIN_WITH_VALIDATION
void write_pictures(const std::filesystem::path& folder,
                    const std::filesystem::path& file,
                    const std::string& subtitle,
                    const Task& task,
                    const analysis::Findings& findings) {
  const std::string name = file.filename().string();
  validation::Page page = validation::page_of(findings);
  page.title = task.scope.empty() ? name : fmt::format("{}: {}", name, task.scope);
  page.subtitle = subtitle;
  page.reproduce = {fmt::format("halotwin analyse {} --pipeline {}{}{} --report {}",
                                name,
                                task.pipeline->name,
                                task.scope.empty() ? "" : " --scope ",
                                task.scope,
                                folder.string())};
  const std::filesystem::path place = folder / task.scope;
  validation::write_page(place, page);
  fmt::print("pictures: {}\n", (place / "report.html").string());
}
#endif

}  // namespace

int analyse(const AnalyseArguments& arguments, const Surroundings&) {
  std::filesystem::path file;
  std::vector<Task> tasks;
  std::vector<Table> settings;
  std::string title;
  {
    const data::RecordingReader recording(arguments.file);
    file = recording.path();
    title = recording.header().title;
    tasks = tasks_for(recording, arguments);
    for (const Task& task : tasks) {
      settings.push_back(settings_for(recording.header(), *task.pipeline, arguments.settings));
    }
  }
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    const Task& task = tasks[k];
    const analysis::Findings findings =
        task.pipeline->analyse({.recording = file,
                                .settings = settings[k],
                                .version = session::build_info::version,
                                .threads = threads_from(arguments.threads),
                                .scope = task.scope});
    fmt::print("{}{}{}: results of {}\n{}",
               file.string(),
               task.scope.empty() ? "" : ", ",
               task.scope,
               task.pipeline->name,
               text_of(findings));
#ifdef HALOTWIN_WITH_VALIDATION
    if (!arguments.report.empty()) {
      write_pictures(
          arguments.report,
          file,
          fmt::format("{}; pipeline {}: {}", title, task.pipeline->name, task.pipeline->summary),
          task,
          findings);
    }
#endif
  }
  fmt::print("all numbers: halotwin info {}\n", file.string());
  return done;
}

}  // namespace halotwin::app
