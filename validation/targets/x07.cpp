#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "validation/compare_files.hpp"
#include "validation/plot.hpp"
#include "validation/served_twin.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

using Names = std::vector<std::string>;

/// A procedure that can run over the wires of a served twin.
struct Rehearsed {
  std::string scenario;
  Names settings;      // of both sides
  Names serve;         // of the served twin
  Names null;          // settings of another sample; none: that of another seed
  std::string signal;  // that is compared: what the sample decides
  double least;        // Pearson's r; a film that blinks is not the same at two times
  std::string label;
  double scale = 1.0;  // to the label's unit
};

// The SR830 has no filter faster than 10 us, and the phase leaves it at CH2, 18 degrees per volt.
const std::vector<Rehearsed>& rehearsed() {
  static const std::vector<Rehearsed> all{
      {"pm_dns_quick",
       {"procedure.pm_dns_map.columns=16",
        "procedure.pm_dns_map.rows=12",
        "procedure.pm_dns_map.phase_output=2",
        "procedure.pm_dns_map.phase_scale_v_per_rad=3.1830988618",
        "procedure.pm_dns_map.mechanical_time_constant_s=1e-5"},
       {"--speed", "max", "--as", "lockin_mechanical=sr830"},
       {},
       "topography",
       0.99,
       "height (nm)",
       1e9},
      {"kpfm_microcrystal",
       {"procedure.kpfm_map.columns=32", "procedure.kpfm_map.rows=24"},
       {"--speed", "max"},
       {},
       "contact_potential",
       0.99,
       "contact potential (V)",
       1.0},
      {"iv_quick",
       {"instruments.bias.load_siemens=1e-8"},
       {"--speed", "max"},
       {"instruments.bias.load_siemens=0"},
       "current",
       0.99,
       "current (nA)",
       1e9},
      // a served camera lives in real time; no focus check: see docs/instruments.md
      {"clim_quick",
       {"procedure.pl_movie.columns=64",
        "procedure.pl_movie.rows=64",
        "procedure.pl_movie.frames=100",
        "procedure.pl_movie.dark_frames=5",
        "procedure.pl_movie.soak_s=1",
        "procedure.pl_movie.focus_range_m=0"},
       {"--speed", "1"},
       {},
       "movie",
       0.8,
       "mean of the frames (counts)",
       1.0}};
  return all;
}

constexpr double most_null = 0.5;

/// What three benches gave.
struct Three {
  std::size_t signals = 0;
  Names other_form;       // signals with other axes or units, settings with other keys
  Names replay_differs;   // signals
  double likeness = nan;  // Pearson's r of simulated and served
  double null = nan;      // the same of another film
  std::map<std::string, std::string> addresses;
  std::vector<double> simulated;
  std::vector<double> served;
  std::vector<std::size_t> shape;
  double step_m = 0.0;
};

double likeness(const std::vector<double>& a, const std::vector<double>& b) {
  double n = 0.0;
  double sa = 0.0;
  double sb = 0.0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    n += 1.0;
    sa += a[i];
    sb += b[i];
  }
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    aa += (a[i] - sa / n) * (a[i] - sa / n);
    bb += (b[i] - sb / n) * (b[i] - sb / n);
    ab += (a[i] - sa / n) * (b[i] - sb / n);
  }
  return ab / std::sqrt(aa * bb);
}

/// A signal as it is, the mean of the frames of a movie.
std::vector<double> seen(const data::RecordingReader& reader, const std::string& signal) {
  std::vector<double> values = reader.read<double>(signal);
  const std::vector<data::Axis>& axes = reader.spec(signal).axes;
  if (axes.size() < 3) {
    return values;
  }
  const std::size_t frames = axes[0].values.size();
  std::vector<double> mean(values.size() / frames, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i % mean.size()] += values[i] / static_cast<double>(frames);
  }
  return mean;
}

std::filesystem::path run(const Rehearsed& what,
                          Evidence& evidence,
                          const std::string& name,
                          const Names& settings,
                          const Names& devices,
                          std::uint64_t seed,
                          const std::filesystem::path& tape = {}) {
  session::RunOptions options;
  options.output = evidence.options().folder / (name + ".nxs");
  options.overwrite = data::Overwrite::yes;
  options.threads = evidence.options().threads;
  options.tape = tape;
  return session::run(session::load_scenario(
                          what.scenario,
                          {.settings = settings, .devices = devices, .seed = std::to_string(seed)}),
                      options)
      .recording;
}

Three on_three_benches(const Rehearsed& what, Evidence& evidence) {
  evidence.say("running " + what.scenario + " simulated, over wires and on its tape");
  Three out;
  const std::uint64_t seed = evidence.seed();
  const auto folder = evidence.options().folder;
  const auto simulated = run(what, evidence, "x7_simulated", what.settings, {}, seed);
  const auto tape = folder / "x7.tape";
  std::filesystem::path served;
  {
    Names arguments{what.scenario, "--seed", std::to_string(seed)};
    for (const std::string& setting : what.settings) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    arguments.insert(arguments.end(), what.serve.begin(), what.serve.end());
    const ServedTwin twin(evidence.options().program, arguments, folder / "x7_served.log");
    out.addresses = twin.addresses();
    Names devices;
    for (const auto& [role, address] : out.addresses) {
      devices.push_back(fmt::format("{}={}", role, address));
    }
    served = run(what, evidence, "x7_served", what.settings, devices, seed, tape);
  }
  const auto replayed =
      run(what, evidence, "x7_replayed", what.settings, {"all=replay:" + tape.string()}, seed);
  Names null = what.settings;
  null.insert(null.end(), what.null.begin(), what.null.end());
  const auto other = run(what, evidence, "x7_other", null, {}, what.null.empty() ? seed + 1 : seed);

  const data::RecordingReader one(simulated);
  const data::RecordingReader two(served);
  out.signals = one.signals().size();
  if (one.signals() != two.signals()) {
    out.other_form.emplace_back("list of signals");
  } else {
    for (const std::string& name : one.signals()) {
      if (!(one.spec(name) == two.spec(name))) {
        out.other_form.push_back(name);
      }
    }
  }
  if (one.collection("instrument").keys() != two.collection("instrument").keys()) {
    out.other_form.emplace_back("settings of the instruments");
  }
  out.replay_differs = compare_measured(served, replayed).different;
  out.simulated = seen(one, what.signal);
  out.served = seen(two, what.signal);
  out.likeness = likeness(out.simulated, out.served);
  out.null = likeness(out.simulated, seen(data::RecordingReader(other), what.signal));
  for (const data::Axis& axis : one.spec(what.signal).axes) {
    out.shape.push_back(axis.values.size());
  }
  if (out.shape.size() == 3) {  // the mean of a movie
    out.shape.erase(out.shape.begin());
  }
  const std::vector<double>& x = one.spec(what.signal).axes.back().values;
  out.step_m = (x.back() - x.front()) / static_cast<double>(x.size() - 1);
  for (const auto& file : {simulated, served, replayed, other, tape}) {
    std::filesystem::remove(file);
  }
  return out;
}

MapPlot picture(const Three& three, const Rehearsed& what, bool served) {
  const std::size_t ny = three.shape[0];
  const std::size_t nx = three.shape[1];
  MapPlot plot;
  plot.title = served ? "over the wires" : "simulated";
  plot.value_label = what.label;
  plot.step_m = three.step_m;
  plot.values = Image<double>(nx, ny);
  const std::vector<double>& values = served ? three.served : three.simulated;
  for (std::size_t i = 0; i < nx * ny; ++i) {
    plot.values.values[i] = what.scale * values[i];
  }
  return plot;
}

}  // namespace

// X7: the promise of the twin. A procedure, unchanged, on the simulated bench; over the wire
// protocols of instruments that another process serves from the same film; and on the tape of that
// run.
Verdict check_x07(Evidence& evidence) {
  Verdict verdict;
  if (evidence.options().program.empty()) {
    verdict.note = "not run: the program that serves the instruments is not known here";
    return verdict;
  }
  verdict.met = Met::yes;
  for (const Rehearsed& what : rehearsed()) {
    const std::string of = ", " + what.scenario;
    try {
      const Three three = on_three_benches(what, evidence);
      const bool met = three.other_form.empty() && three.replay_differs.empty() &&
                       three.likeness >= what.least && three.null < most_null;
      verdict.met = met ? verdict.met : Met::no;
      Names over;
      for (const auto& [role, address] : three.addresses) {
        over.push_back(role + " " + address.substr(0, address.find("://")));
      }
      verdict.values.push_back({"r of " + what.signal + ", simulated and over wires" + of,
                                three.likeness,
                                nan,
                                "",
                                fmt::format("{}; at least {}", fmt::join(over, ", "), what.least)});
      verdict.values.push_back({"signals with other axes, units or keys" + of,
                                static_cast<double>(three.other_form.size()),
                                nan,
                                "",
                                fmt::format("0 of {}", three.signals)});
      verdict.values.push_back({"signals of the replay that differ in a bit" + of,
                                static_cast<double>(three.replay_differs.size()),
                                nan,
                                "",
                                fmt::format("0 of {}", three.signals)});
      verdict.nulls.push_back(
          {"r of " + what.signal + ", another sample" + of,
           three.null,
           nan,
           "",
           fmt::format("null: {}; below {}",
                       what.null.empty() ? "the film of another seed" : "nothing is connected",
                       most_null)});
      if (three.shape.size() == 2) {
        verdict.figures.push_back(draw(
            {picture(three, what, false), picture(three, what, true)},
            what.scenario + ": " + what.signal,
            "The same procedure on simulated instruments and, through their wire protocols, on "
            "instruments that another process serves."));
      }
    } catch (const std::runtime_error& error) {
      verdict.met = Met::no;
      verdict.note += fmt::format("{}: {}; ", what.scenario, error.what());
    }
  }
  verdict.reproduce = {"see docs/instruments.md, \"One procedure, three benches\""};
  return verdict;
}

}  // namespace halotwin::validation
