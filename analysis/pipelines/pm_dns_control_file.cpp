#include "analysis/pipelines/pm_dns_control_file.hpp"

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

const char* const pipeline_name = "pm_dns_control";

const data::Axis& axis_of(const data::SignalSpec& spec, std::size_t n) {
  return spec.axes.at(n);
}

template <class T>
std::vector<T> read_exactly(const data::RecordingReader& recording,
                            const char* signal,
                            std::size_t expected) {
  auto values = recording.read<T>(signal);
  if (values.size() != expected) {
    throw DataError(fmt::format("{}: /entry/{} has {} values, expected {}",
                                recording.path().string(),
                                signal,
                                values.size(),
                                expected));
  }
  return values;
}

double number_in(const Table& table, const char* key, const data::RecordingReader& recording) {
  const Value* value = table.find(key);
  if (value != nullptr) {
    if (const auto* real = std::get_if<double>(&value->data)) {
      return *real;
    }
    if (const auto* whole = std::get_if<std::int64_t>(&value->data)) {
      return static_cast<double>(*whole);
    }
  }
  throw DataError(fmt::format(
      "{}: /entry/instrument/lockin_mechanical/{} is missing", recording.path().string(), key));
}

}  // namespace

PmDnsControlResult analyse_pm_dns_control_recording(const data::RecordingReader& recording,
                                                    const PmDnsControlOptions& options) {
  const data::SignalSpec spec = recording.spec("demodulated");
  if (spec.axes.size() != 5 || axis_of(spec, 3).values.size() != 2) {
    throw DataError(
        fmt::format("{}: /entry/demodulated must be (y, x, setting, direction, "
                    "frequency) with two directions",
                    recording.path().string()));
  }
  const std::size_t settings = axis_of(spec, 2).values.size();
  const auto demodulated = recording.read<std::complex<float>>("demodulated");
  const auto conditions = read_exactly<double>(recording, "conditions", 4 * settings);
  const auto tune = read_exactly<double>(recording, "tune", 6);
  const Table lock_in = recording.collection("instrument/lockin_mechanical");
  std::vector<double> drive_hz;
  for (std::size_t k = 0; k < settings; ++k) {
    drive_hz.push_back(conditions[4 * k]);
  }
  PmDnsControlInput input;
  input.frequencies_hz = axis_of(spec, 4).values;
  input.drive_hz = drive_hz;
  input.demodulated = demodulated;
  input.tuned_resonance_hz = tune[0];
  input.tuned_quality = tune[2];
  input.time_constant_s = number_in(lock_in, "time_constant_s", recording);
  input.filter_order = static_cast<int>(number_in(lock_in, "filter_order", recording));
  return analyse_pm_dns_control(input, options);
}

void check_pm_dns_control_settings(const Table& settings) {
  static_cast<void>(options_from<PmDnsControlOptions>(settings, pipeline_name));
}

Findings run_pm_dns_control_pipeline(const PipelineRun& run) {
  auto options = options_from<PmDnsControlOptions>(run.settings, pipeline_name);
  PmDnsControlResult result;
  {
    const data::RecordingReader reader(run.recording, run.scope);
    result = analyse_pm_dns_control_recording(reader, options);
  }
  Findings findings = pm_dns_control_findings(result);
  write_findings(
      run, {pipeline_name, effective_fields(options), "demodulated, conditions, tune"}, findings);
  return findings;
}

}  // namespace halotwin::analysis
