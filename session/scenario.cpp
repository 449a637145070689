#include "session/scenario.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <span>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/pipelines/pipeline.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "base/require.hpp"
#include "data/toml_table.hpp"
#include "session/build_info.hpp"

namespace halotwin::session {

void validate(const ScenarioInfo& p) {
  require(!p.procedure.empty(),
          fmt::format("procedure is missing (one of: {})",
                      fmt::join(scenarios::procedure_names(), ", ")));
  static_cast<void>(parse_instant(p.start));
}

void validate(const UserInfo& p) {
  require(!p.name.empty(), "name is empty");
}

void validate(const SampleInfo& p) {
  require(!p.name.empty(), "name is empty");
}

std::chrono::nanoseconds parse_instant(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int length = 0;
  const int found = std::sscanf(text.c_str(),
                                "%4d-%2u-%2u%*[T ]%2d:%2d:%2d%n",
                                &year,
                                &month,
                                &day,
                                &hour,
                                &minute,
                                &second,
                                &length);
  const std::string zone = found == 6 ? text.substr(static_cast<std::size_t>(length)) : "";
  const std::chrono::year_month_day date{
      std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  const bool valid = found == 6 && (zone == "Z" || zone == "+00:00") && date.ok() && year >= 1970 &&
                     year <= 2200 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
                     second >= 0 && second < 60;
  require(valid,
          fmt::format("start = \"{}\" (must be an instant in UTC such as \"2026-01-01T00:00:00Z\")",
                      text));
  return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

namespace {

const std::vector<std::string> section_names{"scenario",
                                             "user",
                                             "sample",
                                             "specimen",
                                             "surroundings",
                                             "instruments",
                                             "cable",
                                             "fault",
                                             "wire_fault",
                                             "bench",
                                             "limits",
                                             "procedure",
                                             "analysis"};

/// Addresses by role: section [bench].
struct BenchSection {
  std::string afm = "sim:";
  std::string lockin_mechanical = "sim:";
  std::string lockin_electrical = "sim:";
  std::string temperature;  // "" = the set-up has none
  std::string camera;
  std::string light;
  std::string focus;
  std::string bias;
  std::string clock;  // "" = the simulated one, or the computer's
  std::string all;    // in place of every address, as "replay:FILE"
};
void visit_fields(auto& visit, BenchSection& p) {
  visit("afm", p.afm);
  visit("lockin_mechanical", p.lockin_mechanical);
  visit("lockin_electrical", p.lockin_electrical);
  visit("temperature", p.temperature);
  visit("camera", p.camera);
  visit("light", p.light);
  visit("focus", p.focus);
  visit("bias", p.bias);
  visit("clock", p.clock);
  visit("all", p.all);
}
void validate(const BenchSection&) {}

double number_or_zero(const Table& table, const char* key) {
  const Value* value = table.find(key);
  const auto* number = value == nullptr ? nullptr : std::get_if<double>(&value->data);
  return number == nullptr ? 0.0 : *number;
}

/// What the set-up has unless its section says otherwise.
BenchSection usual_bench(const std::string& procedure, const Table& parameters) {
  if (procedure == "pl_movie") {
    const bool focuses = number_or_zero(parameters, "focus_range_m") > 0.0;
    return {.afm = "",
            .lockin_mechanical = "",
            .lockin_electrical = "",
            .temperature = "",
            .camera = "sim:",
            .light = "sim:",
            .focus = focuses ? "sim:" : "",
            .bias = "",
            .clock = "",
            .all = ""};
  }
  if (procedure == "current_voltage") {
    BenchSection only;
    only.afm = only.lockin_mechanical = only.lockin_electrical = "";
    only.bias = "sim:";
    return only;
  }
  if (procedure == "topography") {
    BenchSection only;
    only.lockin_mechanical = only.lockin_electrical = "";
    return only;
  }
  return {};
}

void refuse_unknown(const Table& table,
                    const std::string& path,
                    const std::vector<std::string>& known) {
  for (const auto& [key, value] : table.entries()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      detail::fail_unknown_key(value->place, path, key, known);
    }
  }
}

/// The table of a section, or an empty one; a section that is a plain value is an error.
Table inner_table(const Table& table, const std::string& key, const std::string& path) {
  const Value* value = table.find(key);
  if (value == nullptr) {
    return {};
  }
  const auto* inner = std::get_if<Table>(&value->data);
  if (inner == nullptr) {
    detail::fail(value->place, path, "expected a table, found " + detail::describe(*value));
  }
  return *inner;
}

template <class T>
void load_section(const Table& root, const std::string& name, T& out) {
  load_fields(out, inner_table(root, name, name), name);
}

/// [[cable]] and [[fault]].
template <class T>
void load_list(const Table& root, const std::string& name, std::vector<T>& out) {
  const Value* value = root.find(name);
  if (value == nullptr) {
    return;
  }
  const auto* array = std::get_if<Array>(&value->data);
  if (array == nullptr) {
    detail::fail(value->place, name, fmt::format("expected tables, each headed [[{}]]", name));
  }
  out.clear();
  for (const Value& item : *array) {
    const std::string path = fmt::format("{}[{}]", name, out.size());
    const auto* table = std::get_if<Table>(&item.data);
    if (table == nullptr) {
      detail::fail(item.place, path, "expected a table, found " + detail::describe(item));
    }
    load_fields(out.emplace_back(), *table, path);
  }
}

void load_instruments(const Table& root, devices::simulated::SimulatedBenchParams& out) {
  const Table table = inner_table(root, "instruments", "instruments");
  refuse_unknown(table,
                 "instruments",
                 {"afm",
                  "lockin_mechanical",
                  "lockin_electrical",
                  "temperature",
                  "camera",
                  "light",
                  "focus",
                  "bias"});
  const auto load = [&](const char* role, auto& params) {
    const std::string path = fmt::format("instruments.{}", role);
    load_fields(params, inner_table(table, role, path), path);
  };
  load("afm", out.afm);
  load("lockin_mechanical", out.lockin_mechanical);
  load("lockin_electrical", out.lockin_electrical);
  load("temperature", out.temperature);
  load("camera", out.camera);
  load("light", out.light);
  load("focus", out.focus);
  load("bias", out.bias);
}

void load_bench(const Table& root, Scenario& out) {
  BenchSection section = usual_bench(out.info.procedure, out.procedure);
  load_section(root, "bench", section);
  out.devices.clear();
  for (const auto& [role, address] : {std::pair<std::string, std::string>{"afm", section.afm},
                                      {"lockin_mechanical", section.lockin_mechanical},
                                      {"lockin_electrical", section.lockin_electrical},
                                      {"temperature", section.temperature},
                                      {"camera", section.camera},
                                      {"light", section.light},
                                      {"focus", section.focus},
                                      {"bias", section.bias}}) {
    if (!address.empty()) {
      out.devices.push_back({role, section.all.empty() ? address : section.all});
    }
  }
  out.clock = section.clock;
  const Table table = inner_table(root, "bench", "bench");
  const auto with_place = [&](const std::string& key, const auto& check) {
    try {
      check();
    } catch (const ParameterError& error) {
      const Value* value = table.find(section.all.empty() ? key : "all");
      const std::string place = value == nullptr ? "" : value->place.text();
      throw ParameterError(place.empty() ? error.what()
                                         : fmt::format("{}: {}", place, error.what()));
    }
  };
  for (const devices::DeviceRequest& request : out.devices) {
    with_place(request.role, [&] { devices::check(request); });
  }
  with_place("clock", [&] {
    devices::check_clock(out.clock);
    require(out.clock.empty() || devices::kind_of(out.devices) == devices::BenchKind::instruments,
            "bench.clock: only instruments have a clock beside them");
  });
}

/// A fault or a cable of an instrument that is not there would do nothing, silently.
void require_known_roles(const Scenario& scenario) {
  std::vector<std::string> roles;
  for (const devices::DeviceRequest& request : scenario.devices) {
    roles.push_back(request.role);
  }
  const auto check = [&](const std::string& role, const std::string& what) {
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) {
      const std::string near = nearest(role, roles);
      throw ParameterError(fmt::format("{}: there is no instrument \"{}\" ({})",
                                       what,
                                       role,
                                       near.empty()
                                           ? fmt::format("known: {}", fmt::join(roles, ", "))
                                           : fmt::format("did you mean \"{}\"?", near)));
    }
  };
  for (const sim::Fault& fault : scenario.simulated.faults) {
    check(fault.device, "fault.device");
  }
  for (const devices::WireFaultPlan& fault : scenario.wire_faults) {
    if (fault.device != "clock") {
      check(fault.device, "wire_fault.device");
    }
  }
  for (const sim::Cable& cable : scenario.simulated.cables) {
    check(cable.from.substr(0, cable.from.find('.')), "cable.from");
    check(cable.to.substr(0, cable.to.find('.')), "cable.to");
  }
}

/// The procedure with all effective parameters, and those of its steps.
void load_procedure(const Table& root, Scenario& out) {
  const Table table = inner_table(root, "procedure", "procedure");
  const std::string& name = out.info.procedure;
  const auto section = [&](const std::string& of) {
    return inner_table(table, of, "procedure." + of);
  };
  const auto procedure = scenarios::make_procedure(name, section(name), table);
  std::vector<std::string> known{name};
  for (const scenarios::Step& step : procedure->steps()) {
    if (std::find(known.begin(), known.end(), step.procedure) == known.end()) {
      known.push_back(step.procedure);
    }
  }
  refuse_unknown(table, "procedure", known);
  out.procedure = procedure->parameters();
  out.procedure_sections.set(name, Value{out.procedure, {}});
  for (const std::string& step : std::span(known).subspan(1)) {
    const auto one = scenarios::make_procedure(step, section(step));
    out.procedure_sections.set(step, Value{one->parameters(), {}});
  }
}

Table load_analysis(const Table& root) {
  const Table table = inner_table(root, "analysis", "analysis");
  std::vector<std::string> known;
  for (const analysis::Pipeline& pipeline : analysis::all_pipelines()) {
    known.emplace_back(pipeline.name);
  }
  refuse_unknown(table, "analysis", known);
  for (const std::string& name : table.keys()) {
    analysis::find_pipeline(name, "").check_settings(inner_table(table, name, "analysis." + name));
  }
  return table;
}

/// The steps of the procedure; itself if it has none.
std::vector<scenarios::Step> steps_of(const Scenario& scenario) {
  auto steps = scenario.make_procedure()->steps();
  if (steps.empty()) {
    steps.push_back({"", scenario.info.procedure, scenario.procedure});
  }
  return steps;
}

/// The bench would refuse it too, but only when rounds are measured already.
void require_temperatures_within_limits(const Scenario& scenario) {
  const Value* value = scenario.procedure.find("temperature_k");
  const auto* list = value == nullptr ? nullptr : std::get_if<Array>(&value->data);
  if (list == nullptr || list->empty()) {
    return;
  }
  const bool there = std::any_of(
      scenario.devices.begin(), scenario.devices.end(), [](const devices::DeviceRequest& d) {
        return d.role == "temperature";
      });
  require(there,
          fmt::format("procedure.{}.temperature_k needs bench.temperature = \"sim:\"",
                      scenario.info.procedure));
  const double low =
      std::max(scenario.limits.temperature_low_k, scenario.simulated.temperature.low_k);
  const double high =
      std::min(scenario.limits.temperature_high_k, scenario.simulated.temperature.high_k);
  for (const Value& item : *list) {
    const auto* t = std::get_if<double>(&item.data);
    require(
        t == nullptr || (*t >= low && *t <= high),
        fmt::format("procedure.{}.temperature_k = {} (must be {} to {}: limits.temperature_low_k, "
                    "temperature_high_k and instruments.temperature.low_k, high_k)",
                    scenario.info.procedure,
                    t == nullptr ? 0.0 : *t,
                    low,
                    high));
  }
}

/// The bench would refuse it too, but only when the tip is already on the sample.
void require_bias_within_limits(const scenarios::Step& step, const devices::BenchLimits& limits) {
  const double peak_v = number_or_zero(step.parameters, "peak_v");
  require(peak_v <= limits.bias_peak_v,
          fmt::format("procedure.{}.peak_v = {} (beyond limits.bias_peak_v = {})",
                      step.procedure,
                      peak_v,
                      limits.bias_peak_v));
  const double compliance_a = number_or_zero(step.parameters, "compliance_a");
  require(compliance_a <= limits.current_a,
          fmt::format("procedure.{}.compliance_a = {} (beyond limits.current_a = {})",
                      step.procedure,
                      compliance_a,
                      limits.current_a));
  for (const char* end : {"from_v", "to_v"}) {
    const double end_v = number_or_zero(step.parameters, end);
    require(std::abs(end_v) <= limits.bias_peak_v,
            fmt::format("procedure.{}.{} = {} (beyond limits.bias_peak_v = {})",
                        step.procedure,
                        end,
                        end_v,
                        limits.bias_peak_v));
  }
  const double drive_v = number_or_zero(step.parameters, "drive_peak_v");
  const double offset_v = std::max(std::abs(number_or_zero(step.parameters, "offset_v")),
                                   std::abs(number_or_zero(step.parameters, "reference_offset_v")));
  require(drive_v + offset_v <= limits.bias_peak_v,
          fmt::format("procedure.{}.drive_peak_v = {} with an offset of {} V{} (together beyond "
                      "limits.bias_peak_v = {})",
                      step.procedure,
                      drive_v,
                      offset_v,
                      step.label.empty() ? "" : " in " + step.label,
                      limits.bias_peak_v));
}

void require_in_reach(const Scenario& scenario, const data::ScanArea& scan) {
  const double reach_m =
      std::min(0.5 * scenario.simulated.afm.scan_range_m, scenario.limits.frame_half_width_m);
  for (const double at_m : {scan.x_start_m, scan.x_end_m, scan.y_start_m, scan.y_end_m}) {
    require(std::abs(at_m) <= reach_m,
            fmt::format("the map goes to {:.4g} m, beyond the scanner's {:.4g} m (the smaller of "
                        "instruments.afm.scan_range_m / 2 and limits.frame_half_width_m)",
                        at_m,
                        reach_m));
  }
}

struct Reach {
  double low_m = 0.0;   // first pixel centre
  double high_m = 0.0;  // last
  std::size_t points = 0;
  [[nodiscard]] double step_m() const {
    return points > 1 ? (high_m - low_m) / static_cast<double>(points - 1) : 0.0;
  }
};

/// How far the scanner may creep over the map, at most [m].
double largest_creep_m(const sim::Surroundings& around, const data::ScanArea& scan) {
  const double farthest_m = std::max({std::abs(scan.x_start_m),
                                      std::abs(scan.x_end_m),
                                      std::abs(scan.y_start_m),
                                      std::abs(scan.y_end_m)});
  return around.piezo_creep ? around.creep.per_decade *
                                  std::log10(around.creep.end_s / around.creep.start_s) * farthest_m
                            : 0.0;
}

/// Sizes the film to the map where the scenario leaves that open, or checks that the map fits.
void fit_film(const Table& given, Scenario& scenario) {
  data::RecordingHeader header;
  const auto procedure = scenario.make_procedure();
  procedure->describe(header);
  if (!header.scan) {
    return;
  }
  const bool scanned = std::any_of(scenario.devices.begin(),
                                   scenario.devices.end(),
                                   [](const auto& device) { return device.role == "afm"; });
  if (scanned) {
    require_in_reach(scenario, *header.scan);
  }
  sim::MicrostructureParams& film = scenario.simulated.specimen.microstructure;
  const sim::Surroundings& around = scenario.simulated.surroundings;
  const double duration_s = seconds(procedure->estimate().duration);
  const double drift_m = around.lateral_drift ? std::max(std::abs(around.drift_x_m_per_s),
                                                         std::abs(around.drift_y_m_per_s)) *
                                                        duration_s +
                                                    4.0 * around.drift_wander_m
                                              : 0.0;
  const double moved_m = drift_m + largest_creep_m(around, *header.scan);
  const Table* table = given.table_at("specimen.microstructure");
  const auto open = [&](const char* key) {
    return table == nullptr || table->find(key) == nullptr;
  };
  if (open("margin_m")) {
    film.margin_m += std::max(0.0, moved_m - drift_room_m);
  }
  const auto fit = [&](Reach reach, double offset_m, double& size_m, const char* key, char axis) {
    reach.low_m += offset_m;
    reach.high_m += offset_m;
    if (open(key)) {
      size_m = std::max(reach.high_m + reach.step_m(), film.mean_grain_diameter_m);
    }
    require(reach.low_m >= 0.0 && reach.high_m + moved_m <= size_m + film.margin_m,
            fmt::format("the map covers {} = {:.4g} to {:.4g} m and may drift by {:.1g} m, but the "
                        "film goes from 0 to {:.4g} m (specimen.microstructure.{}; leave it out "
                        "and the film is made to fit)",
                        axis,
                        reach.low_m,
                        reach.high_m,
                        moved_m,
                        size_m,
                        key));
  };
  fit({header.scan->x_start_m, header.scan->x_end_m, header.scan->points_x},
      around.offset_x_m,
      film.width_m,
      "width_m",
      'x');
  fit({header.scan->y_start_m, header.scan->y_end_m, header.scan->points_y},
      around.offset_y_m,
      film.height_m,
      "height_m",
      'y');
}

Scenario from_table(const Table& root) {
  refuse_unknown(root, "", section_names);
  Scenario scenario;
  load_section(root, "scenario", scenario.info);
  load_section(root, "user", scenario.user);
  load_section(root, "sample", scenario.sample);
  load_section(root, "specimen", scenario.simulated.specimen);
  load_section(root, "surroundings", scenario.simulated.surroundings);
  load_instruments(root, scenario.simulated);
  if (scenario.info.procedure == "pl_movie" || scenario.info.procedure == "current_voltage" ||
      scenario.info.procedure == "topography") {
    scenario.simulated.cables.clear();  // those between probe and lock-ins
  }
  load_list(root, "cable", scenario.simulated.cables);
  load_list(root, "fault", scenario.simulated.faults);
  load_list(root, "wire_fault", scenario.wire_faults);
  load_procedure(root, scenario);
  load_bench(root, scenario);
  require_known_roles(scenario);
  load_section(root, "limits", scenario.limits);
  scenario.analysis = load_analysis(root);
  require_temperatures_within_limits(scenario);
  for (const scenarios::Step& step : steps_of(scenario)) {
    require_bias_within_limits(step, scenario.limits);
  }
  if (scenario.is_simulated()) {
    fit_film(root, scenario);
  } else {
    require(scenario.simulated.faults.empty(), "fault: only simulated instruments have faults");
  }
  return scenario;
}

/// from_table() with the name of the file before messages that do not say where they come from.
Scenario from_file(const Table& table, const std::string& file) {
  try {
    return from_table(table);
  } catch (const ParameterError& error) {
    const std::string_view message = error.what();
    if (message.starts_with(file) || message.starts_with("--")) {
      throw;
    }
    throw ParameterError(fmt::format("{}: {}", file, message));
  }
}

void apply(const Overrides& overrides, Table& table) {
  for (const std::string& setting : overrides.settings) {
    data::apply_setting(table, setting);
  }
  for (const std::string& device : overrides.devices) {
    const auto equals = device.find('=');
    require(equals != std::string::npos && equals > 0,
            fmt::format("--device \"{}\" (must be role=address, e.g. afm=sim:)", device));
    table.set_path("bench." + device.substr(0, equals),
                   Value{device.substr(equals + 1), {"--device", 0}});
  }
  if (!overrides.seed.empty()) {
    std::int64_t seed = -1;
    const char* end = overrides.seed.data() + overrides.seed.size();
    const auto read = std::from_chars(overrides.seed.data(), end, seed);
    require(read.ec == std::errc() && read.ptr == end && seed >= 0,
            fmt::format("--seed \"{}\" (must be a whole number from 0 to 9223372036854775807)",
                        overrides.seed));
    table.set_path("scenario.seed", Value{seed, {"--seed", 0}});
  }
}

std::filesystem::path find_scenario(const std::string& path_or_name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_regular_file(path_or_name, ignored)) {
    return path_or_name;
  }
  std::vector<std::string> names;
  for (const BuiltInScenario& built_in : built_in_scenarios()) {
    if (built_in.name == path_or_name) {
      return built_in.file;
    }
    names.push_back(built_in.name);
  }
  if (fs::is_directory(path_or_name, ignored)) {
    throw DataError(fmt::format("{}: is a folder, not a scenario file", path_or_name));
  }
  if (path_or_name.ends_with(".toml") || path_or_name.find('/') != std::string::npos) {
    throw DataError(fmt::format("{}: no such file", path_or_name));
  }
  const std::string near = nearest(path_or_name, names);
  throw DataError(
      fmt::format("{}: no such scenario file, and no built-in scenario of that name ({})",
                  path_or_name,
                  near.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                               : fmt::format("did you mean \"{}\"?", near)));
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Where the built-in scenarios can lie: beside an installed program, and in the sources.
std::vector<std::filesystem::path> scenario_folders() {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders;
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed) {
    folders.push_back(program.parent_path().parent_path() / build_info::relative_scenario_folder);
  }
  folders.emplace_back(build_info::installed_scenario_folder);
  folders.emplace_back(build_info::source_scenario_folder);
  return folders;
}

}  // namespace

std::unique_ptr<scenarios::Procedure> Scenario::make_procedure() const {
  return scenarios::make_procedure(info.procedure, procedure, procedure_sections);
}

Table Scenario::configuration() const {
  Table all;
  const auto put = [&](const std::string& path, const auto& params) {
    all.set_path(path, Value{effective_fields(params), {}});
  };
  const auto put_list = [&](const std::string& name, const auto& list) {
    if (!list.empty()) {
      all.set(name, detail::to_value(list));
    }
  };
  put("scenario", info);
  put("user", user);
  put("sample", sample);
  put("specimen", simulated.specimen);
  put("surroundings", simulated.surroundings);
  put("instruments.afm", simulated.afm);
  put("instruments.lockin_mechanical", simulated.lockin_mechanical);
  put("instruments.lockin_electrical", simulated.lockin_electrical);
  put("instruments.temperature", simulated.temperature);
  put("instruments.camera", simulated.camera);
  put("instruments.light", simulated.light);
  put("instruments.focus", simulated.focus);
  put("instruments.bias", simulated.bias);
  put_list("cable", simulated.cables);
  put_list("fault", simulated.faults);
  put_list("wire_fault", wire_faults);
  for (const devices::DeviceRequest& request : devices) {
    all.set_path("bench." + request.role, Value{request.address, {}});
  }
  if (!clock.empty()) {
    all.set_path("bench.clock", Value{clock, {}});
  }
  put("limits", limits);
  for (const auto& [name, section] : procedure_sections.entries()) {
    all.set_path("procedure." + name, *section);
  }
  if (!analysis.empty()) {
    all.set("analysis", Value{analysis, {}});
  }
  return all;
}

Scenario load_scenario(const std::string& path_or_name, const Overrides& overrides) {
  const std::filesystem::path file = find_scenario(path_or_name);
  Table table = data::read_toml(file);
  apply(overrides, table);
  Scenario scenario = from_file(table, file.string());
  scenario.file = file.filename().string();
  scenario.text = text_of(file);
  return scenario;
}

Scenario scenario_from_configuration(const Table& configuration) {
  return from_table(configuration);
}

std::vector<BuiltInScenario> built_in_scenarios() {
  namespace fs = std::filesystem;
  std::map<std::string, BuiltInScenario> found;
  for (const fs::path& folder : scenario_folders()) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() != ".toml" || found.contains(name)) {
        continue;
      }
      const Table table = data::read_toml(entry.path());
      const Table* head = table.table_at("scenario");
      const Value* title = head == nullptr ? nullptr : head->find("title");
      const auto* text = title == nullptr ? nullptr : std::get_if<std::string>(&title->data);
      found[name] = {name, text == nullptr ? "" : *text, entry.path()};
    }
    if (!found.empty()) {
      break;  // one set of scenarios, not a mixture of two
    }
  }
  std::vector<BuiltInScenario> all;
  for (auto& [name, scenario] : found) {
    all.push_back(std::move(scenario));
  }
  return all;
}

}  // namespace halotwin::session
