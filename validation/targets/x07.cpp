#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "devices/device.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"
#include "validation/three_benches.hpp"

namespace halotwin::validation {

namespace {

MapPlot picture(const ThreeBenches& three, const Rehearsal& what, bool served) {
  const std::size_t ny = three.seen.shape[0];
  const std::size_t nx = three.seen.shape[1];
  MapPlot plot;
  plot.title = served ? "over the wires" : "simulated";
  plot.value_label = what.picture.label;
  plot.step_m = three.seen.step_m;
  plot.values = Image<double>(nx, ny);
  const std::vector<double>& values = served ? three.seen.served : three.seen.simulated;
  for (std::size_t i = 0; i < nx * ny; ++i) {
    plot.values.values[i] = what.picture.scale * values[i];
  }
  return plot;
}

void tell(const ThreeBenches& three, const Rehearsal& what, Verdict& verdict) {
  std::vector<std::string> over;
  for (const auto& [role, address] : three.addresses) {
    over.push_back(role + " " + address.substr(0, address.find("://")));
  }
  for (const SignalDifference& difference : three.differences) {
    const ComparedSignal& compared = difference.what;
    verdict.values.push_back(
        {fmt::format("difference of {} over its noise, {}", compared.signal, what.name),
         difference.served / compared.noise,
         nan,
         "",
         fmt::format("{}; rms, at most 2, noise {:.2g}", fmt::join(over, ", "), compared.noise)});
    verdict.nulls.push_back({fmt::format("the same of another sample, {}", what.name),
                             difference.other / compared.noise,
                             nan,
                             "",
                             fmt::format("null: {}; above 2", compared.signal)});
  }
  verdict.values.push_back({"signals with other axes, units or keys, " + what.name,
                            static_cast<double>(three.other_form.size()),
                            nan,
                            "",
                            fmt::format("0 of {}", three.signals)});
  verdict.values.push_back({"signals of the replay that differ in a bit, " + what.name,
                            static_cast<double>(three.replay_differs.size()),
                            nan,
                            "",
                            fmt::format("0 of {}", three.signals)});
  if (!what.picture.label.empty()) {
    verdict.figures.push_back(
        draw({picture(three, what, false), picture(three, what, true)},
             fmt::format("{}: {}", what.name, what.compared.front().signal),
             "The same procedure on simulated instruments and, through their wire protocols, on "
             "instruments that another process serves."));
  }
}

}  // namespace

// X7: the promise of the twin. Every procedure, unchanged, on the simulated bench; over the wire
// protocols of instruments that another process serves from the same film; and on the tape of that
// run.
Verdict check_x07(Evidence& evidence) {
  Verdict verdict;
  if (evidence.options().program.empty()) {
    verdict.note = "not run: the program that serves the instruments is not known here";
    return verdict;
  }
  verdict.met = Met::yes;
  for (const Rehearsal& what : rehearsals()) {
    evidence.say("running " + what.name + " simulated, over wires and on its tape");
    try {
      const ThreeBenches three = on_three_benches(what,
                                                  {.program = evidence.options().program,
                                                   .folder = evidence.options().folder,
                                                   .seed = evidence.seed(),
                                                   .threads = evidence.options().threads,
                                                   .for_picture = true});
      verdict.met = three.met() ? verdict.met : Met::no;
      tell(three, what, verdict);
    } catch (const std::runtime_error& error) {
      verdict.met = Met::no;
      verdict.note += fmt::format("{}: {}; ", what.name, error.what());
    }
  }
  verdict.reproduce = {"see docs/instruments.md, \"One procedure, three benches\""};
  return verdict;
}

}  // namespace halotwin::validation
