#include "session/run.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/fields.hpp"
#include "base/require.hpp"
#include "data/recording_reader.hpp"
#include "data/recording_writer.hpp"
#include "session/build_info.hpp"
#include "session/ground.hpp"
#include "session/load_truth.hpp"
#include "session/movie_truth.hpp"
#include "session/truth_recorder.hpp"

namespace halotwin::session {

namespace {

using data::RunStatus;

/// What a checkpoint may cost on average; larger states are saved less often.
constexpr std::size_t checkpoint_bytes_per_unit = 16UL * 1024;

/// Into the recording, as soon as there is one, and to whoever listens.
class SharedLog final : public EventLog {
 public:
  explicit SharedLog(EventLog* listener) : listener_(listener) {}
  void record_in(EventLog& recording) { recording_ = &recording; }
  void write(const Event& event) override {
    if (listener_ != nullptr) {  // first: a full disk must not keep a warning from the screen
      listener_->write(event);
    }
    if (recording_ != nullptr) {
      recording_->write(event);
    }
  }

 private:
  EventLog* listener_;
  EventLog* recording_ = nullptr;
};

std::vector<std::string> noise_sources(const sim::Surroundings& around) {
  std::vector<std::string> names;
  const auto add = [&](bool on, const char* name) {
    if (on) {
      names.emplace_back(name);
    }
  };
  add(around.thermal_noise, "thermal motion of the cantilever");
  add(around.detection_noise, "deflection detection");
  add(around.flicker_noise, "1/f noise of the resonance");
  add(around.height_noise, "residual error of the height feedback");
  add(around.resonance_drift, "drift of the resonance");
  add(around.lateral_drift, "lateral drift");
  add(around.shot_noise, "shot noise of cameras");
  add(around.read_noise, "read noise of cameras");
  add(around.lamp_noise, "fluctuation of lamps");
  add(around.piezo_creep, "creep of the scanner");
  return names;
}

std::string text_of(const sim::Fault& fault) {
  const std::string how =
      fault.kind == sim::FaultKind::tip_change
          ? fmt::format(" (apex radius {:+.3g} nm, contact potential {:+.3g} V)",
                        1e9 * fault.tip_radius_change_m,
                        fault.tip_potential_change_v)
          : std::string();
  return fmt::format("{}: {} at {}{}{}",
                     fault.device,
                     name_of(fault.kind),
                     fault.operation.empty() ? "any operation" : fault.operation,
                     fault.at_count > 0 ? fmt::format(" number {}", fault.at_count)
                                        : fmt::format(" from {} s on", fault.at_time_s),
                     how);
}

data::RecordingHeader make_header(const Scenario& scenario, const RunOptions& options) {
  data::RecordingHeader header;
  header.title = scenario.info.title.empty() ? scenario.info.procedure : scenario.info.title;
  header.sample = {scenario.sample.name,
                   scenario.sample.description,
                   scenario.sample.chemical_formula,
                   scenario.sample.situation,
                   scenario.is_simulated()};
  header.user_name = scenario.user.name;
  header.affiliation = scenario.user.affiliation;
  header.seed = scenario.info.seed;
  header.command_line = options.command_line;
  header.scenario_file = scenario.file;
  header.scenario_text = scenario.text;
  header.configuration = scenario.configuration();
  header.software.version = build_info::version;
  header.software.commit = build_info::commit;
  header.software.compiler = build_info::compiler;
  header.software.build_flags = build_info::build_type;
  if (scenario.is_simulated()) {
    header.noise_sources = noise_sources(scenario.simulated.surroundings);
  }
  for (const sim::Fault& fault : scenario.simulated.faults) {
    header.faults.push_back(text_of(fault));
  }
  return header;
}

void require_room(const std::filesystem::path& output, double bytes) {
  std::error_code failed;
  const std::filesystem::path folder =
      output.has_parent_path() ? output.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, failed)) {
    throw DataError(fmt::format("{}: there is no folder {}", output.string(), folder.string()));
  }
  const auto space = std::filesystem::space(folder, failed);
  if (!failed && bytes > static_cast<double>(space.available)) {
    throw DataError(fmt::format("{}: needs {}, but the disk has {} left",
                                output.string(),
                                gigabytes(bytes),
                                gigabytes(static_cast<double>(space.available))));
  }
}

void require_new(const RunOptions& options) {
  if (options.overwrite == data::Overwrite::yes) {
    return;
  }
  std::error_code failed;
  if (std::filesystem::exists(options.output, failed)) {
    throw DataError(
        fmt::format("{}: exists already (another name with -o, or --force to replace it)",
                    options.output.string()));
  }
  if (std::filesystem::exists(options.output.string() + ".part", failed)) {
    throw DataError(
        fmt::format("{0}: an unfinished run has this name (halotwin resume {0}, another name with "
                    "-o, or --force)",
                    options.output.string()));
  }
}

/// Everything that takes part in a run. Made from a scenario; then open() or reopen(), then go().
class Assembly {
 public:
  Assembly(const Scenario& scenario,
           const RunOptions& options,
           const std::optional<Begun>& begun = std::nullopt)
      : options_(options),
        procedure_(scenario.make_procedure()),
        events_(options.listener),
        ground_(make_ground(scenario, options, begun)),
        simulated_(ground_.simulated.get()),
        bench_(devices::open_bench(scenario.devices,
                                   scenario.limits,
                                   {ground_.bench_clock(),
                                    simulated_,
                                    ground_.tape.get(),
                                    ground_.untaped_clock(),
                                    ground_.wire},
                                   events_)) {
    if (simulated_) {
      require_reference_on_metal(scenario);
    }
  }

  void open(const Scenario& scenario);
  void reopen(const std::filesystem::path& path, data::TruthMode mode);
  void mend_faults() {
    if (simulated_) {
      simulated_->world().faults().mend();
    }
  }
  RunSummary go();
  /// Removes what a run left behind that never got to its first unit.
  void discard_if_empty();

 private:
  void require_reference_on_metal(const Scenario& scenario) const;
  void require_reference_on_metal(const std::string& name, const Table& section) const;
  void define(const std::vector<data::RecordingSection>& sections, data::TruthMode mode);
  void define_truth(const std::vector<data::RecordingSection>& sections, data::TruthMode mode);
  /// Where the units of the recording lie in its sections.
  struct Place {
    std::size_t section = 0;
    std::size_t unit = 0;  // of the section
  };
  [[nodiscard]] Place place_of(std::size_t unit) const;
  /// Truth of the section that the last of `done` units belongs to, and how many of its units are
  /// done.
  [[nodiscard]] std::vector<double> state(std::size_t done) const;
  void restore(const data::Checkpoint& checkpoint);
  void recorded(std::size_t done);
  void log_happenings();
  void stop_safely(RunStatus status, Level level, const std::string& why);
  void say(Level level, const std::string& text) {
    events_.write({bench_.clock().now(), level, "session", text});
  }

  RunOptions options_;
  std::unique_ptr<scenarios::Procedure> procedure_;
  SharedLog events_;
  Ground ground_;
  devices::simulated::SimulatedBench* simulated_;  // null: instruments, or their tape
  devices::Bench bench_;
  std::optional<data::RecordingWriter> recording_;
  std::optional<data::TruthWriter> truth_writer_;
  std::optional<NativeTruth> native_;
  std::vector<std::unique_ptr<SectionTruth>> truth_;  // one for each section
  std::vector<std::size_t> first_unit_;               // of each section
  std::optional<data::Checkpoint> resumed_from_;
  bool any_recorded_ = false;
  bool blind_ = false;
  std::size_t units_ = 0;
  std::size_t stride_ = 1;  // units between two checkpoints
};

void Assembly::require_reference_on_metal(const Scenario& scenario) const {
  for (const auto& [name, section] : scenario.procedure_sections.entries()) {
    if (const auto* table = std::get_if<Table>(&section->data)) {
      require_reference_on_metal(name, *table);
    }
  }
}

void Assembly::require_reference_on_metal(const std::string& name, const Table& section) const {
  const Value* value = section.find("reference_m");
  const auto* array = value == nullptr ? nullptr : std::get_if<Array>(&value->data);
  if (array == nullptr || array->size() != 2) {
    return;
  }
  const Point at{std::get<double>((*array)[0].data), std::get<double>((*array)[1].data)};
  const sim::Specimen& specimen = simulated_->world().specimen();
  require(
      specimen.on_metal(at),
      fmt::format("procedure.{}.reference_m = [{}, {}] (must lie on bare metal, beside the film: "
                  "x near {:.3g} m)",
                  name,
                  at.x_m,
                  at.y_m,
                  specimen.reference_position().x_m));
}

/// The sections of a recording; one of everything if it names none.
std::vector<data::RecordingSection> sections_of(const data::RecordingHeader& header) {
  std::vector<data::RecordingSection> sections = header.sections;
  if (sections.empty()) {
    sections.push_back({.scope = "",
                        .procedure = header.procedure,
                        .title = header.title,
                        .units = header.units_total,
                        .unit_word = header.unit_word,
                        .scan = header.scan});
  }
  return sections;
}

void Assembly::define(const std::vector<data::RecordingSection>& sections, data::TruthMode mode) {
  blind_ = mode == data::TruthMode::sealed;
  procedure_->define(*recording_);
  std::size_t first = 0;
  for (const data::RecordingSection& section : sections) {
    first_unit_.push_back(first);
    first += section.units;
  }
  if (simulated_) {
    define_truth(sections, mode);
  }
  recording_->begin();
  if (native_) {
    native_->write();
  }
  for (const auto& section : truth_) {
    section->begin();
  }
  events_.record_in(recording_->events());
  units_ = recording_->header().units_total;
}

void Assembly::define_truth(const std::vector<data::RecordingSection>& sections,
                            data::TruthMode mode) {
  truth_writer_.emplace(*recording_, mode);
  for (const data::RecordingSection& section : sections) {
    if (is_current_voltage(section)) {
      truth_.push_back(std::make_unique<LoadTruth>(*truth_writer_, section, *simulated_));
      continue;
    }
    require(section.scan.has_value(), "the procedure maps no area, so there is no truth to sample");
    if (is_movie(section)) {
      truth_.push_back(std::make_unique<MovieTruth>(*truth_writer_, section, *simulated_));
    } else {
      truth_.push_back(std::make_unique<TruthRecorder>(*truth_writer_, section, *simulated_));
    }
  }
  native_.emplace(*truth_writer_, *simulated_);
}

void Assembly::open(const Scenario& scenario) {
  data::RecordingHeader header = make_header(scenario, options_);
  header.clock = bench_.clock().kind();
  header.start_since_epoch = ground_.start_since_epoch;
  procedure_->describe(header);
  const std::vector<data::RecordingSection> sections = sections_of(header);
  for (const auto& [role, identity] : bench_.identities()) {
    header.devices.push_back(
        {role, identity.address, fmt::format("{} {}", identity.vendor, identity.model)});
  }
  std::size_t longest_line = 0;
  for (const data::RecordingSection& section : sections) {
    longest_line = std::max(longest_line, section.scan ? section.scan->points_x : 0);
  }
  const std::size_t state_bytes =
      sizeof(double) * ((simulated_ ? simulated_->save().size() : 0) +
                        TruthRecorder::values_per_pixel * longest_line + 1);
  header.checkpoint_capacity_bytes = state_bytes + state_bytes / 4 + 4096;
  recording_.emplace(data::RecordingWriter::create(options_.output, header, options_.overwrite));
  define(sections, options_.blind ? data::TruthMode::sealed : data::TruthMode::in_file);
}

void Assembly::reopen(const std::filesystem::path& path, data::TruthMode mode) {
  recording_.emplace(data::RecordingWriter::open_for_resume(path));
  define(sections_of(recording_->header()), mode);
  resumed_from_ = recording_->load_checkpoint();
  if (resumed_from_ && resumed_from_->units_done == 0) {
    resumed_from_.reset();
  }
}

Assembly::Place Assembly::place_of(std::size_t unit) const {
  const auto after = std::upper_bound(first_unit_.begin(), first_unit_.end(), unit);
  const auto section = static_cast<std::size_t>(after - first_unit_.begin()) - 1;
  return {section, unit - first_unit_[section]};
}

std::vector<double> Assembly::state(std::size_t done) const {
  if (!simulated_) {
    return {0.0};
  }
  const Place last = place_of(done - 1);
  std::vector<double> all = truth_[last.section]->save(last.unit + 1);
  all.insert(all.begin(), static_cast<double>(all.size()));
  const std::vector<double> simulated = simulated_->save();
  all.insert(all.end(), simulated.begin(), simulated.end());
  return all;
}

void Assembly::restore(const data::Checkpoint& checkpoint) {
  if (!simulated_) {
    return;  // instruments are where they are
  }
  std::vector<double> all(checkpoint.state.size() / sizeof(double));
  std::memcpy(all.data(), checkpoint.state.data(), all.size() * sizeof(double));
  const bool whole = !all.empty() && all[0] >= 0.0 && all[0] < static_cast<double>(all.size());
  if (!whole) {
    throw DataError(
        fmt::format("{}: the saved state is damaged", recording_->part_path().string()));
  }
  const std::span<const double> view(all);
  const auto of_truth = static_cast<std::size_t>(all[0]);
  const Place last = place_of(checkpoint.units_done - 1);
  truth_[last.section]->load(view.subspan(1, of_truth), last.unit + 1);
  simulated_->load(view.subspan(1 + of_truth));
}

// What befell the instruments is part of the truth: a blind recording does not tell it.
void Assembly::log_happenings() {
  if (!simulated_) {
    return;
  }
  for (const sim::Happening& now : simulated_->world().take_happenings()) {
    if (!blind_) {
      events_.write({now.at, Level::warning, "simulation", now.text});
    }
  }
}

void Assembly::recorded(std::size_t done) {
  any_recorded_ = true;
  log_happenings();
  if (simulated_) {
    const Place last = place_of(done - 1);
    truth_[last.section]->recorded(last.unit + 1);
  }
  if (done % stride_ == 0 || done == units_) {
    const std::vector<double> now = state(done);
    recording_->save_checkpoint(done, std::as_bytes(std::span(now)));
    stride_ = 1 + now.size() * sizeof(double) / checkpoint_bytes_per_unit;
  }
  if (options_.progress) {
    options_.progress({done, units_, bench_.clock().now()});
  }
}

void Assembly::stop_safely(RunStatus status, Level level, const std::string& why) {
  const bool safe = bench_.make_safe();
  try {
    say(level, why);
    say(safe ? Level::info : Level::error,
        safe ? "safe state reached" : "safe state not reached by every device");
    recording_->finish(status, bench_.clock().now());
  } catch (const std::exception&) {
    // the file cannot be written any more; the reason of the stop is what must be told
  }
}

RunSummary Assembly::go() {
  const std::size_t first = resumed_from_ ? resumed_from_->units_done : 0;
  if (resumed_from_) {
    restore(*resumed_from_);
    say(Level::info, fmt::format("taken up again after {} of {}", first, units_));
  }
  const scenarios::RunContext context{
      .bench = bench_,
      .recording = *recording_,
      .stop = options_.stop,
      .first_unit = first,
      .instruments_ready =
          [&] {
            if (resumed_from_) {  // setting up has touched the instruments: back to the saved bits
              restore(*resumed_from_);
            }
          },
      .unit_measured =
          [&](std::size_t unit) {
            if (simulated_) {
              const Place now = place_of(unit);
              truth_[now.section]->measured(now.unit);
            }
          },
      .unit_recorded = [&](std::size_t done) { recorded(done); }};
  try {
    procedure_->run(context);
  } catch (const Interrupted&) {
    stop_safely(RunStatus::interrupted, Level::warning, "interrupted");
    throw;
  } catch (const std::exception& error) {
    stop_safely(RunStatus::failed, Level::error, error.what());
    throw;
  }
  const bool safe = bench_.make_safe();
  if (!safe) {
    say(Level::error, "safe state not reached by every device");
  }
  const Duration lab_time = bench_.clock().now();
  recording_->finish(RunStatus::complete, lab_time);
  return {recording_->path(), units_, recording_->header().unit_word, lab_time, safe};
}

void Assembly::discard_if_empty() {
  if (recording_ && !recording_->resumed() && !any_recorded_) {
    std::error_code ignored;
    std::filesystem::remove(recording_->part_path(), ignored);
    std::filesystem::remove(data::truth_path(recording_->path()).string() + ".part", ignored);
  }
}

void tell(const RunOptions& options, const Costs& costs) {
  if (options.before_start) {
    options.before_start(costs);
  }
}

}  // namespace

RunSummary run(const Scenario& scenario, const RunOptions& options) {
  require_new(options);
  require(!options.blind || scenario.is_simulated(),
          "--blind hides the truth of a simulation; instruments have none to write");
  const Costs costs = estimate_costs(scenario);
  require_room(options.output, static_cast<double>(costs.file_bytes));
  tell(options, costs);
  Assembly assembly(scenario, options);
  assembly.open(scenario);
  try {
    return assembly.go();
  } catch (const ParameterError&) {  // the scenario cannot be run: nothing to resume
    assembly.discard_if_empty();
    throw;
  }
}

namespace {

RunSummary summary_of_complete(std::filesystem::path path) {
  if (path.extension() == ".part") {
    path.replace_extension();
  }
  const data::RecordingReader reader(path);
  const std::vector<Event> events = reader.events();
  return {path,
          reader.units_done(),
          reader.header().unit_word,
          events.empty() ? Duration::zero() : events.back().time};
}

}  // namespace

RunSummary resume(const std::filesystem::path& path, const RunOptions& options) {
  // beside an older, complete recording of this name a run with --force may have stopped
  const std::filesystem::path part = path.string() + ".part";
  std::error_code failed;
  const std::filesystem::path unfinished = std::filesystem::exists(part, failed) ? part : path;
  if (data::RecordingWriter::publish_complete(
          unfinished)) {  // killed between its end and its renaming
    return summary_of_complete(unfinished);
  }
  Scenario scenario;
  data::TruthMode mode = data::TruthMode::in_file;
  bool mended = false;
  Begun begun;
  {
    const data::RecordingReader reader(unfinished);
    if (reader.status() == RunStatus::complete) {
      throw DataError(fmt::format("{}: is complete, there is nothing to resume", path.string()));
    }
    scenario = scenario_from_configuration(reader.header().configuration);
    mended = reader.status() == RunStatus::failed;
    const std::vector<Event> events = reader.events();
    begun = {reader.header().start_since_epoch,
             events.empty() ? Duration::zero() : events.back().time};
    if (data::is_blind(reader.path())) {
      mode = data::TruthMode::sealed;
    }
  }
  tell(options, estimate_costs(scenario));
  Assembly assembly(scenario, options, begun);
  if (mended) {
    assembly.mend_faults();
  }
  assembly.reopen(unfinished, mode);
  return assembly.go();
}

}  // namespace halotwin::session
