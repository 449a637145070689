#include "validation/three_benches.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "base/table.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "validation/compare_files.hpp"
#include "validation/served_twin.hpp"

namespace halotwin::validation {

namespace {

using Names = std::vector<std::string>;
using std::filesystem::path;

/// Real values, real and imaginary parts, the mean of the frames of a movie.
std::vector<double> values_of(const data::RecordingReader& reader, const std::string& signal) {
  const data::SignalSpec spec = reader.spec(signal);
  if (spec.type == data::ElementType::complex64) {
    std::vector<double> parts;
    for (const auto& value : reader.read<std::complex<float>>(signal)) {
      parts.push_back(static_cast<double>(value.real()));
      parts.push_back(static_cast<double>(value.imag()));
    }
    return parts;
  }
  std::vector<double> values = reader.read<double>(signal);
  if (spec.type != data::ElementType::u16) {
    return values;
  }
  const std::size_t frames = spec.axes[0].values.size();
  std::vector<double> mean(values.size() / frames, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i % mean.size()] += values[i] / static_cast<double>(frames);
  }
  return mean;
}

double rms_difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.empty()) {
    return INFINITY;
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return std::sqrt(sum / static_cast<double>(a.size()));
}

void add_keys(const Table& table, const std::string& prefix, Names& out) {
  for (const auto& [key, value] : table.entries()) {
    out.push_back(prefix + key);
    if (const auto* inner = std::get_if<Table>(&value->data)) {
      add_keys(*inner, out.back() + ".", out);
    }
  }
}

/// Settings of the instruments, of the whole recording and of each step of a series.
Names keys_of(const data::RecordingReader& reader) {
  Names groups{"instrument"};
  for (const data::RecordingSection& section : reader.header().sections) {
    groups.push_back(section.scope + "/instrument");
  }
  Names out;
  for (const std::string& group : groups) {
    add_keys(reader.collection(group), group + ".", out);
  }
  for (const data::DeviceAddress& device : reader.header().devices) {
    out.push_back("devices." + device.role);
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// What differs in form, or did not go over a wire.
Names other_form(const data::RecordingReader& simulated, const data::RecordingReader& served) {
  Names out;
  if (simulated.signals() != served.signals()) {
    return {"list of signals"};
  }
  for (const std::string& name : simulated.signals()) {
    if (!(simulated.spec(name) == served.spec(name))) {
      out.push_back(name);
    }
  }
  if (keys_of(simulated) != keys_of(served)) {
    out.emplace_back("settings of the instruments");
  }
  for (const data::DeviceAddress& device : served.header().devices) {
    if (device.address.find("://") == std::string::npos) {
      out.push_back(fmt::format("{} at {}", device.role, device.address));
    }
  }
  return out;
}

SeenSignal seen_of(const data::RecordingReader& simulated,
                   const data::RecordingReader& served,
                   const std::string& signal) {
  const data::SignalSpec spec = simulated.spec(signal);
  SeenSignal out;
  out.simulated = values_of(simulated, signal);
  out.served = values_of(served, signal);
  for (const data::Axis& axis : spec.axes) {
    out.shape.push_back(axis.values.size());
  }
  if (spec.type == data::ElementType::u16) {
    out.shape.erase(out.shape.begin());
  }
  const std::vector<double>& x = spec.axes.back().values;
  out.step_m = (x.back() - x.front()) / static_cast<double>(std::max<std::size_t>(x.size(), 2) - 1);
  return out;
}

class Runs {
 public:
  Runs(const Rehearsal& what, const BenchesOptions& options)
      : what_(&what), options_(&options), settings_(what.settings) {
    if (options.for_picture) {
      const Names& more = what.picture.settings;
      settings_.insert(settings_.end(), more.begin(), more.end());
    }
  }
  ~Runs() {
    std::error_code ignored;
    for (const path& file : files_) {
      std::filesystem::remove(file, ignored);
    }
  }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  [[nodiscard]] Names serve_arguments() const {
    Names arguments{what_->scenario, "--seed", std::to_string(options_->seed)};
    for (const std::string& setting : settings_) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    arguments.insert(arguments.end(), what_->serve.begin(), what_->serve.end());
    return arguments;
  }
  path tape() { return file("tape"); }
  path run(const std::string& bench, const Names& devices, const path& tape = {}) {
    return run(bench, settings_, devices, options_->seed, tape);
  }
  path other() {
    Names settings = settings_;
    settings.insert(settings.end(), what_->null.begin(), what_->null.end());
    return run("other", settings, {}, options_->seed + 1, {});
  }

 private:
  path file(const std::string& name) {
    files_.push_back(options_->folder / fmt::format("benches_{}_{}", what_->name, name));
    return files_.back();
  }
  path run(const std::string& bench,
           const Names& settings,
           const Names& devices,
           std::uint64_t seed,
           const path& tape) {
    session::RunOptions how;
    how.output = file(bench + ".nxs");
    how.overwrite = data::Overwrite::yes;
    how.threads = options_->threads;
    how.tape = tape;
    const session::Overrides with{
        .settings = settings, .devices = devices, .seed = std::to_string(seed)};
    return session::run(session::load_scenario(what_->scenario, with), how).recording;
  }

  const Rehearsal* what_;
  const BenchesOptions* options_;
  Names settings_;
  std::vector<path> files_;
};

}  // namespace

bool ThreeBenches::met() const {
  return other_form.empty() && replay_differs.empty() &&
         std::all_of(differences.begin(), differences.end(), [](const auto& d) { return d.met(); });
}

ThreeBenches on_three_benches(const Rehearsal& what, const BenchesOptions& options) {
  ThreeBenches out;
  Runs runs(what, options);
  const path simulated = runs.run("simulated", {});
  const path tape = runs.tape();
  path served;
  {
    const ServedTwin twin(options.program,
                          runs.serve_arguments(),
                          options.folder / fmt::format("benches_{}.log", what.name));
    out.addresses = twin.addresses();
    Names devices;
    for (const auto& [role, address] : out.addresses) {
      devices.push_back(fmt::format("{}={}", role, address));
    }
    served = runs.run("served", devices, tape);
  }
  const path replayed = runs.run("replayed", {"all=replay:" + tape.string()});
  const data::RecordingReader one(simulated);
  const data::RecordingReader two(served);
  const data::RecordingReader other(runs.other());
  out.signals = one.signals().size();
  out.other_form = other_form(one, two);
  out.replay_differs = compare_measured(served, replayed).different;
  for (const ComparedSignal& compared : what.compared) {
    const std::vector<double> values = values_of(one, compared.signal);
    out.differences.push_back({compared,
                               rms_difference(values, values_of(two, compared.signal)),
                               rms_difference(values, values_of(other, compared.signal))});
  }
  out.seen = seen_of(one, two, what.compared.front().signal);
  return out;
}

}  // namespace halotwin::validation
