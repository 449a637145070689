#include "app/command_line.hpp"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/table.hpp"
#include "session/build_info.hpp"

namespace halotwin::app {

namespace {

// One sub-command: its options write into arguments that live as long as the parser.
template <class Arguments>
struct Registered {
  CLI::App* command = nullptr;
  std::shared_ptr<Arguments> arguments = std::make_shared<Arguments>();
};

template <class Arguments>
Registered<Arguments> add(CLI::App& program,
                          Command& chosen,
                          const char* name,
                          const char* description,
                          int (*function)(const Arguments&, const Surroundings&)) {
  Registered<Arguments> added{program.add_subcommand(name, description)};
  added.command->callback([&chosen, function, arguments = added.arguments] {
    chosen = [function, arguments](const Surroundings& around) {
      return function(*arguments, around);
    };
  });
  return added;
}

void add_settings(CLI::App& command, std::vector<std::string>& settings, const char* of) {
  command
      .add_option("--set",
                  settings,
                  fmt::format("change a value of {} (SI, or a text with its unit: \"25 nm\"); may "
                              "be repeated",
                              of))
      ->type_name("key=value")
      ->allow_extra_args(false);
}

void add_threads(CLI::App& command, int& threads) {
  command
      .add_option(
          "--threads", threads, "how many to use, all by default; results never depend on it")
      ->type_name("N");
}

void add_run_commands(CLI::App& program, Command& chosen) {
  auto [run_command, a] =
      add(program, chosen, "run", "runs a scenario and writes its recording", &run);
  run_command->add_option("scenario", a->scenario, "name of a built-in scenario, or a TOML file")
      ->required()
      ->type_name("SCENARIO");
  run_command->add_option("-o,--output", a->output, "the recording (default: SCENARIO.nxs)")
      ->type_name("FILE");
  run_command->add_option("--seed", a->seed, "seed of all random numbers")->type_name("N");
  add_settings(*run_command, a->settings, "the scenario, e.g. procedure.pm_dns_map.columns=64");
  run_command
      ->add_option("--device",
                   a->devices,
                   "where an instrument answers: lockin_electrical=sr860://host:23; "
                   "all=replay:FILE; may be repeated")
      ->type_name("role=address")
      ->allow_extra_args(false);
  run_command
      ->add_option("--tape",
                   a->tape,
                   "keep what every instrument said there, to be played with --device "
                   "all=replay:FILE")
      ->type_name("FILE");
  run_command
      ->add_option("--record-wire",
                   a->record_wire,
                   "keep what goes over the wires of the instruments, with times and errors")
      ->type_name("FILE");
  run_command->add_flag("--blind", a->blind, "write the truth into a sealed file beside");
  run_command->add_flag("--force", a->force, "replace an existing output");
  add_threads(*run_command, a->threads);

  auto [resume_command, b] =
      add(program, chosen, "resume", "goes on with a run that was stopped or killed", &resume);
  resume_command->add_option("file", b->file, "the unfinished recording")
      ->required()
      ->type_name("FILE");
  add_threads(*resume_command, b->threads);
}

void add_serve_command(CLI::App& program, Command& chosen) {
  auto [command, a] =
      add(program,
          chosen,
          "serve",
          "offers the simulated instruments of a scenario over their wire protocols",
          &serve);
  command
      ->add_option("scenario",
                   a->scenario,
                   "name of a built-in scenario, a TOML file, or a record of wires to play")
      ->required()
      ->type_name("SCENARIO");
  command
      ->add_option(
          "--speed", a->speed, "times real time, or max: time moves only when a client lets it")
      ->type_name("N|max")
      ->capture_default_str();
  command->add_option("--port", a->port, "of the clock; the instruments follow (0: any free ones)")
      ->type_name("PORT")
      ->capture_default_str();
  command
      ->add_option("--listen",
                   a->listen,
                   "address of another interface of this computer: lets others in, without a "
                   "password")
      ->type_name("IP")
      ->capture_default_str();
  command
      ->add_option(
          "--as", a->as, "protocol of an instrument: lockin_electrical=sr830; may be repeated")
      ->type_name("role=protocol")
      ->allow_extra_args(false);
  command->add_option("--folder", a->folder, "where --as afm=asylum reads and writes its files")
      ->type_name("DIR");
  command->add_option("--seed", a->seed, "seed of all random numbers")->type_name("N");
  add_settings(*command, a->settings, "the scenario, e.g. surroundings.engine=harmonic");
  add_threads(*command, a->threads);
}

void add_file_commands(CLI::App& program, Command& chosen) {
  auto [list_command, a] =
      add(program, chosen, "list", "scenarios, device addresses, procedures and pipelines", &list);
  list_command->add_flag("--json", a->json, "for a machine to read");

  auto [info_command, b] = add(program,
                               chosen,
                               "info",
                               "what is in a file: kind, size, valid part, devices, seed, results",
                               &info);
  info_command->add_option("file", b->file, "a recording")->required()->type_name("FILE");
  info_command->add_flag("--json", b->json, "for a machine to read");

  auto [export_command, c] =
      add(program, chosen, "export", "writes a recording for other programs", &export_file);
  export_command->add_option("file", c->file, "a recording")->required()->type_name("FILE");
  export_command
      ->add_option(
          "-o,--output",
          c->output,
          "OUT.gwy: all images and spectra for Gwyddion; OUT.gsf: one image; OUT.ome.tif: a "
          "movie for ImageJ")
      ->required()
      ->type_name("OUT");
  export_command->add_option("--signal", c->signal, "the image of a .gsf, e.g. topography")
      ->type_name("NAME");
  export_command->add_flag("--force", c->force, "replace an existing output");
}

void add_import_command(CLI::App& program, Command& chosen) {
  auto [command, a] = add(program,
                          chosen,
                          "import",
                          "makes a recording of a movie, scan or spectrum of another program",
                          &import_file);
  command
      ->add_option("file",
                   a->file,
                   "a movie: TIFF stack (plain, ImageJ, OME, BigTIFF) or HDF5 file; "
                   "a scan or spectrum: Nanonis .sxm, .dat, .3ds, Igor .ibw, Gwyddion .gsf")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", a->output, "the recording")->required()->type_name("FILE");
  command->add_option("--dataset", a->dataset, "which (frame, y, x) of an HDF5 file")
      ->type_name("PATH");
  struct Quantity {
    const char* name;
    std::string ImportArguments::*field;
    const char* description;
    const char* type;
  };
  static constexpr Quantity quantities[] = {
      {"--pixel-size",
       &ImportArguments::pixel_size,
       "in the sample plane, as \"100 nm\" (default: as the file says)",
       "LENGTH"},
      {"--frame-time",
       &ImportArguments::frame_time,
       "from frame to frame, as \"30 ms\" (default: as the file says)",
       "TIME"},
      {"--exposure", &ImportArguments::exposure, "of one frame", "TIME"},
      {"--gain", &ImportArguments::gain, "counts per photoelectron, EM gain included", "G"},
      {"--excess-factor",
       &ImportArguments::excess_factor,
       "of the variance of shot noise: 2 with EM gain, 1 without",
       "F2"},
      {"--read-noise", &ImportArguments::read_noise, "in photoelectrons", "E"},
      {"--offset", &ImportArguments::offset, "counts without light", "COUNTS"},
      {"--saturation", &ImportArguments::saturation, "largest count of the camera", "COUNTS"}};
  for (const Quantity& quantity : quantities) {
    command->add_option(quantity.name, (*a).*quantity.field, quantity.description)
        ->type_name(quantity.type);
  }
  command->add_option("--dark", a->dark, "a movie of dark frames")->type_name("FILE");
  command->add_option("--dark-dataset", a->dark_dataset, "which (frame, y, x) of it")
      ->type_name("PATH");
  command->add_flag("--force", a->force, "replace an existing output");
}

void add_analysis_commands(CLI::App& program, Command& chosen) {
  auto [command, a] =
      add(program, chosen, "analyse", "adds the results of an analysis to a recording", &analyse);
  command->add_option("file", a->file, "a recording")->required()->type_name("FILE");
  command->add_option("--pipeline", a->pipeline, "default: the one for the recording's procedure")
      ->type_name("NAME");
  command
      ->add_option("--scope",
                   a->scope,
                   "a step of a recording of several (default: all that the pipeline reads)")
      ->type_name("STEP");
  add_settings(*command, a->settings, "the analysis, e.g. nmf.rank=3");
#ifdef HALOTWIN_WITH_VALIDATION
  command
      ->add_option("--report", a->report, "also writes DIR/report.html: maps, spectra, residuals")
      ->type_name("DIR");
#endif
  add_threads(*command, a->threads);
}

#ifdef HALOTWIN_WITH_VALIDATION
void add_validation_commands(CLI::App& program, Command& chosen) {
  auto [score_command, a] =
      add(program, chosen, "score", "scores results against the truth", &score);
  score_command->add_option("file", a->file, "a recording")->required()->type_name("FILE");
  score_command->add_option("--truth", a->truth, "the sealed truth (default: beside the recording)")
      ->type_name("FILE");
  score_command->add_option("--result", a->result, "somebody's own result, to be scored")
      ->type_name("FILE");
  score_command->add_flag("--json", a->json, "for a machine to read");

  auto [validate_command, b] = add(
      program, chosen, "validate", "runs, analyses and scores the rows of the targets", &validate);
  validate_command->add_option("rows", b->rows, "experiments or rows (default: all)")
      ->type_name("EXPERIMENT|ROW");
  validate_command->add_flag("--quick", b->quick, "small maps and few seeds");
  validate_command->add_option("--seed", b->seed, "seed of all random numbers")->type_name("N");
  validate_command->add_option("--report", b->report, "write a report with pictures there")
      ->type_name("DIR");
  validate_command->add_option("--json", b->json, "write the rows for a machine to read")
      ->type_name("FILE");
  validate_command->add_option("--rows-to", b->rows_to)->group("");  // hidden
  add_threads(*validate_command, b->threads);
}
#endif

std::string version_text() {
  return fmt::format("halotwin {} ({}, {})",
                     session::build_info::version,
                     session::build_info::commit,
                     session::build_info::compiler);
}

/// "unknown command "rum" (did you mean "run"?)" where that is what happened.
std::string unknown_command(const CLI::App& program, int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word.empty() || word.front() == '-') {
    return {};
  }
  std::vector<std::string> known;
  for (const CLI::App* command : program.get_subcommands({})) {
    known.push_back(command->get_name());
    if (known.back() == word) {
      return {};
    }
  }
  const std::string near = nearest(word, known);
  return fmt::format("unknown command \"{}\"{}",
                     word,
                     near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near));
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  CLI::App program{
      "halotwin: simulated measurements of halide perovskites, with the truth behind them",
      "halotwin"};
  program.set_version_flag("--version", version_text());
  program.require_subcommand(1);
  Command chosen = [](const Surroundings&) { return static_cast<int>(done); };
  add_run_commands(program, chosen);
  add_serve_command(program, chosen);
  add_analysis_commands(program, chosen);
#ifdef HALOTWIN_WITH_VALIDATION
  add_validation_commands(program, chosen);
#endif
  add_import_command(program, chosen);
  add_file_commands(program, chosen);
  if (argc == 1) {
    fmt::print("{}", program.help());
    return [](const Surroundings&) { return static_cast<int>(bad_input); };
  }
  const std::string unknown = unknown_command(program, argc, argv);
  if (!unknown.empty()) {
    throw ParameterError(unknown + "; see halotwin --help");
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // help, version
    program.exit(asked);
  } catch (const CLI::ParseError& error) {
    const auto used = program.get_subcommands();
    throw ParameterError(fmt::format("{}; see halotwin {}--help",
                                     error.what(),
                                     used.empty() ? "" : used.front()->get_name() + " "));
  }
  return chosen;
}

}  // namespace halotwin::app
