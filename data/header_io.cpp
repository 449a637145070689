#include "data/header_io.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/names.hpp"
#include "data/toml_table.hpp"

namespace halotwin::data {

namespace {

void text(h5::Id file, const char* path, const std::string& value) {
  if (!value.empty()) {
    h5::put_text(file, path, value);
  }
}

std::string text(h5::Id file, const std::string& path) {
  return h5::exists(file, path) ? h5::get_text(file, path) : std::string();
}

void list(h5::Id file, const char* path, const std::vector<std::string>& values) {
  if (!values.empty()) {
    h5::put_texts(file, path, values);
  }
}

std::vector<std::string> list(h5::Id file, const char* path) {
  return h5::exists(file, path) ? h5::get_texts(file, path) : std::vector<std::string>();
}

std::string_view word(ClockKind kind) {
  switch (kind) {
    case ClockKind::virtual_time:
      return "virtual";
    case ClockKind::paced:
      return "paced";
    case ClockKind::wall:
      break;
  }
  return "wall";
}

ClockKind parse_clock(std::string_view word_read) {
  if (word_read == "wall") {
    return ClockKind::wall;
  }
  return word_read == "paced" ? ClockKind::paced : ClockKind::virtual_time;
}

void write_note(h5::Id file,
                const std::string& group,
                const std::string& content,
                const std::string& file_name) {
  h5::make_group(file, group, "NXnote");
  h5::put_text(file, group + "/type", "application/toml");
  h5::put_text(file, group + "/data", content);
  if (!file_name.empty()) {
    h5::put_text(file, group + "/file_name", file_name);
  }
}

void write_sample_and_user(h5::Id file, const RecordingHeader& header) {
  h5::make_group(file, "/entry/user", "NXuser");
  h5::put_text(file, "/entry/user/name", header.user_name.empty() ? "unknown" : header.user_name);
  text(file, "/entry/user/affiliation", header.affiliation);
  text(file, "/entry/user/email", header.contact);
  const Sample& sample = header.sample;
  h5::make_group(file, "/entry/sample", "NXsample");
  text(file, "/entry/sample/name", sample.name);
  text(file, "/entry/sample/description", sample.description);
  text(file, "/entry/sample/chemical_formula", sample.chemical_formula);
  text(file, "/entry/sample/situation", sample.situation);
  h5::put_text(file, "/entry/sample/type", sample.simulated ? "simulated data" : "sample");
}

void write_process(h5::Id file, const RecordingHeader& header) {
  const Software& software = header.software;
  h5::make_group(file, "/entry/process", "NXprocess");
  h5::put_text(file, "/entry/process/program", software.program);
  h5::set_attribute(file, "/entry/process/program", "version", software.version);
  h5::set_attribute(file, "/entry/process/program", "program_url", software.url);
  text(file, "/entry/process/version", software.version);
  text(file, "/entry/process/commit", software.commit);
  text(file, "/entry/process/compiler", software.compiler);
  text(file, "/entry/process/build_flags", software.build_flags);
  text(file, "/entry/process/hdf5_version", h5::library_version());
  text(file, "/entry/process/command_line", header.command_line);
  text(file, "/entry/process/procedure", header.procedure);
  write_note(file, "/entry/process/configuration", to_toml(header.configuration), "");
  write_note(file, "/entry/process/scenario", header.scenario_text, header.scenario_file);
}

void write_simulation(h5::Id file, const RecordingHeader& header) {
  h5::make_group(file, "/entry/simulation", "NXcollection");
  h5::put_unsigned(file, "/entry/simulation/seed", header.seed);
  h5::put_text(file, "/entry/simulation/clock", word(header.clock));
  h5::put_integer(file, "/entry/simulation/start_since_epoch_ns", header.start_since_epoch.count());
  h5::put_text(file, "/entry/simulation/real_start_time", iso8601(time_of_day()));
  list(file, "/entry/simulation/noise_sources", header.noise_sources);
  list(file, "/entry/simulation/faults", header.faults);
}

void write_devices(h5::Id file, const RecordingHeader& header) {
  h5::make_group(file, "/entry/devices", "NXcollection");
  for (const auto& device : header.devices) {
    if (!is_name(device.role)) {
      throw ParameterError(fmt::format("\"{}\" is no name for a device", device.role));
    }
    const std::string group = "/entry/devices/" + device.role;
    h5::make_group(file, group, "NXcollection");
    h5::put_text(file, group + "/address", device.address);
    h5::put_text(file, group + "/identity", device.identity);
  }
}

/// NXspm wants these two groups under their literal names.
void write_scan(h5::Id file, const ScanArea& scan) {
  const std::string environment = "/entry/instrument/SCAN_ENVIRONMENT";
  const std::string control = environment + "/spm_scan_control";
  const std::string region = control + "/scan_region";
  h5::make_group(file, environment, "NXenvironment");
  h5::make_group(file, control, "NXspm_scan_control");
  h5::make_group(file, region, "NXcollection");
  h5::put_number(file, region + "/scan_start_x", scan.x_start_m, "m");
  h5::put_number(file, region + "/scan_end_x", scan.x_end_m, "m");
  h5::put_number(file, region + "/scan_start_y", scan.y_start_m, "m");
  h5::put_number(file, region + "/scan_end_y", scan.y_end_m, "m");
  h5::make_group(file, control + "/meshSCAN", "NXspm_scan_pattern");
  h5::put_unsigned(file, control + "/meshSCAN/scan_points_x", scan.points_x);
  h5::put_unsigned(file, control + "/meshSCAN/scan_points_y", scan.points_y);
}

/// Each step of a run of several: a group with what a reader of that step must know.
void write_sections(h5::Id file, const RecordingHeader& header) {
  std::vector<std::string> scopes;
  for (const RecordingSection& section : header.sections) {
    if (!is_name(section.scope) || section.scope == "new_result" ||
        section.scope.starts_with("analysis_") || h5::exists(file, "/entry/" + section.scope)) {
      throw ParameterError(
          fmt::format("\"{}\" is no name for a section of a recording", section.scope));
    }
    const std::string group = "/entry/" + section.scope;
    h5::make_group(file, group, "NXsubentry");
    h5::put_text(file, group + "/title", section.title);
    h5::make_group(file, group + "/instrument", "NXinstrument");
    const std::string about = group + "/section";
    h5::make_group(file, about, "NXcollection");
    h5::put_text(file, about + "/procedure", section.procedure);
    h5::put_text(file, about + "/unit_word", section.unit_word);
    h5::put_unsigned(file, about + "/units", section.units);
    if (section.scan) {
      const ScanArea& scan = *section.scan;
      h5::put_numbers(file,
                      about + "/scan_area",
                      {scan.x_start_m, scan.x_end_m, scan.y_start_m, scan.y_end_m},
                      "m");
      h5::put_unsigned(file, about + "/scan_points_x", scan.points_x);
      h5::put_unsigned(file, about + "/scan_points_y", scan.points_y);
    }
    scopes.push_back(section.scope);
  }
  list(file, "/entry/process/sections", scopes);
}

void write_instrument(h5::Id file, const RecordingHeader& header) {
  h5::make_group(file, "/entry/instrument", "NXinstrument");
  h5::make_group(file, "/entry/instrument/hardware", "NXfabrication");
  h5::put_text(
      file, "/entry/instrument/hardware/vendor", header.sample.simulated ? "simulated" : "unknown");
  h5::make_group(file, "/entry/instrument/software", "NXfabrication");
  h5::put_text(file, "/entry/instrument/software/vendor", header.software.program);
  text(file, "/entry/instrument/software/model", header.software.version);
  if (header.scan) {
    write_scan(file, *header.scan);
  }
}

double number(h5::Id file, const std::string& path) {
  const auto values = h5::get_numbers(file, path);
  if (values.size() != 1) {
    throw DataError(fmt::format("{}: expected one number", path));
  }
  return values.front();
}

std::optional<ScanArea> read_scan(h5::Id file) {
  const std::string control = "/entry/instrument/SCAN_ENVIRONMENT/spm_scan_control";
  if (!h5::exists(file, control)) {
    return std::nullopt;
  }
  const std::string region = control + "/scan_region/scan_";
  return ScanArea{number(file, region + "start_x"),
                  number(file, region + "end_x"),
                  number(file, region + "start_y"),
                  number(file, region + "end_y"),
                  h5::get_unsigned(file, control + "/meshSCAN/scan_points_x"),
                  h5::get_unsigned(file, control + "/meshSCAN/scan_points_y")};
}

std::vector<RecordingSection> read_sections(h5::Id file) {
  std::vector<RecordingSection> sections;
  for (const std::string& scope : list(file, "/entry/process/sections")) {
    const std::string about = "/entry/" + scope + "/section";
    RecordingSection section{scope,
                             text(file, about + "/procedure"),
                             text(file, "/entry/" + scope + "/title"),
                             h5::get_unsigned(file, about + "/units"),
                             text(file, about + "/unit_word")};
    if (h5::exists(file, about + "/scan_area")) {
      const auto area = h5::get_numbers(file, about + "/scan_area");
      if (area.size() != 4) {
        throw DataError(fmt::format("{}/scan_area: expected four numbers", about));
      }
      section.scan = ScanArea{area[0],
                              area[1],
                              area[2],
                              area[3],
                              h5::get_unsigned(file, about + "/scan_points_x"),
                              h5::get_unsigned(file, about + "/scan_points_y")};
    }
    sections.push_back(std::move(section));
  }
  return sections;
}

Sample read_sample(h5::Id file) {
  return {text(file, "/entry/sample/name"),
          text(file, "/entry/sample/description"),
          text(file, "/entry/sample/chemical_formula"),
          text(file, "/entry/sample/situation"),
          text(file, "/entry/sample/type") == "simulated data"};
}

std::vector<DeviceAddress> read_devices(h5::Id file) {
  std::vector<DeviceAddress> devices;
  for (const auto& role : h5::children(file, "/entry/devices")) {
    const std::string group = "/entry/devices/" + role;
    devices.push_back({role, text(file, group + "/address"), text(file, group + "/identity")});
  }
  return devices;
}

}  // namespace

void write_root(h5::Id file,
                std::string_view format,
                std::string_view entry,
                const Software& software,
                const std::string& file_name,
                bool simulated) {
  h5::set_attribute(file, "/", "NX_class", "NXroot");
  h5::set_attribute(file, "/", "default", entry);
  h5::set_attribute(file, "/", "file_name", file_name);
  h5::set_attribute(file, "/", "file_time", iso8601(time_of_day()));
  h5::set_attribute(file, "/", "creator", software.program);
  h5::set_attribute(file, "/", "creator_version", software.version);
  h5::set_attribute(file, "/", "HDF5_Version", h5::library_version());
  h5::set_attribute(file, "/", "data_origin", simulated ? "simulated data" : "measured data");
  h5::set_attribute(file, "/", format_attribute, format);
  h5::set_attribute(file, "/", version_attribute, format_version);
}

void require_format(h5::Id file, const std::string& file_name, std::string_view format) {
  const auto kind = h5::text_attribute(file, "/", format_attribute);
  if (kind != format) {
    throw DataError(fmt::format("{}: an HDF5 file, but not a halotwin {}{}",
                                file_name,
                                format,
                                kind ? fmt::format(" (it is a {})", *kind) : ""));
  }
  const auto version = h5::integer_attribute(file, "/", version_attribute).value_or(0);
  if (version < 1 || version > format_version) {
    throw DataError(fmt::format("{}: format version {}, this program reads version {}",
                                file_name,
                                version,
                                format_version));
  }
}

void write_header(h5::Id file, const RecordingHeader& header, const std::string& file_name) {
  write_root(file, recording_format, "entry", header.software, file_name, header.sample.simulated);
  h5::make_group(file, "/entry", "NXentry");
  if (!header.definition.empty()) {
    h5::put_text(file, "/entry/definition", header.definition);
    h5::set_attribute(file, "/entry/definition", "version", "v2026.01");
  }
  text(file, "/entry/title", header.title);
  h5::put_text(file, "/entry/start_time", iso8601(header.start_since_epoch));
  text(file, "/entry/experiment_technique", header.experiment_technique);
  text(file, "/entry/scan_mode", header.scan_mode);
  text(file, "/entry/license", header.license);
  h5::put_text(file, "/entry/program_name", header.software.program);
  h5::set_attribute(file, "/entry/program_name", "version", header.software.version);
  write_sample_and_user(file, header);
  write_process(file, header);
  write_simulation(file, header);
  write_devices(file, header);
  write_instrument(file, header);
  write_sections(file, header);
}

RecordingHeader read_header(h5::Id file) {
  RecordingHeader header;
  header.title = text(file, "/entry/title");
  header.definition = text(file, "/entry/definition");
  header.experiment_technique = text(file, "/entry/experiment_technique");
  header.scan_mode = text(file, "/entry/scan_mode");
  header.procedure = text(file, "/entry/process/procedure");
  header.sample = read_sample(file);
  header.user_name = text(file, "/entry/user/name");
  header.affiliation = text(file, "/entry/user/affiliation");
  header.contact = text(file, "/entry/user/email");
  header.license = text(file, "/entry/license");
  header.clock = parse_clock(text(file, "/entry/simulation/clock"));
  const auto start_ns = h5::get_integers(file, "/entry/simulation/start_since_epoch_ns");
  header.start_since_epoch = std::chrono::nanoseconds(start_ns.empty() ? 0 : start_ns.front());
  header.seed = h5::get_unsigned(file, "/entry/simulation/seed");
  header.command_line = text(file, "/entry/process/command_line");
  header.scenario_file = text(file, "/entry/process/scenario/file_name");
  header.scenario_text = text(file, "/entry/process/scenario/data");
  header.configuration =
      parse_toml(text(file, "/entry/process/configuration/data"), "configuration");
  header.software = {
      text(file, "/entry/process/program"),
      text(file, "/entry/process/version"),
      text(file, "/entry/process/commit"),
      text(file, "/entry/process/compiler"),
      text(file, "/entry/process/build_flags"),
      h5::text_attribute(file, "/entry/process/program", "program_url").value_or("")};
  header.devices = read_devices(file);
  header.noise_sources = list(file, "/entry/simulation/noise_sources");
  header.faults = list(file, "/entry/simulation/faults");
  header.scan = read_scan(file);
  header.sections = read_sections(file);
  header.units_total = h5::get_unsigned(file, "/entry/run_state/units_total");
  header.unit_word = text(file, "/entry/run_state/unit_word");
  return header;
}

}  // namespace halotwin::data
