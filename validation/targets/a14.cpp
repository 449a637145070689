// A14: a temperature series gives back the activation energy of the ionic conductivity.
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_series_file.hpp"
#include "base/constants.hpp"
#include "validation/findings_page.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

using analysis::ArrheniusStatus;
using analysis::PmDnsSeriesOptions;
using analysis::PmDnsSeriesResult;
using analysis::SeriesTrack;

constexpr double perovskite_ev = 0.29;  // as the scenario has them
constexpr double interface_ev = 0.35;
constexpr double meaningful_ev = 0.03;  // a larger sigma would say little

std::vector<std::string> small_maps(const Evidence& evidence) {
  if (!evidence.options().quick) {
    return {};
  }
  return {"procedure.pm_dns_map.columns=40",
          "procedure.pm_dns_map.rows=40",
          "procedure.pm_dns_map.frequencies.points=48",
          "procedure.series.temperature_k=[300, 340, 290, 325, 285, 308]",
          "specimen.effects.transient=false"};
}

struct Series {
  PmDnsSeriesResult result;
  Grid grid;
  std::vector<std::string> reproduce;
  [[nodiscard]] const SeriesTrack* find(const std::string& name) const {
    for (const SeriesTrack& t : result.tracks) {
      if (t.name == name && t.conductivity.status == ArrheniusStatus::complete) {
        return &t;
      }
    }
    return nullptr;
  }
};

Series run_series(Evidence& evidence, std::vector<std::string> settings) {
  for (std::string& s : small_maps(evidence)) {
    settings.push_back(std::move(s));
  }
  const auto& recording = evidence.recording({"temperature_series", settings, {}});
  const PmDnsSeriesOptions options = analysis::series_options(recording);
  const auto series = analysis::read_pm_dns_series(recording, options);
  std::string command =
      fmt::format("halotwin run temperature_series --seed {} -o series.nxs", evidence.seed());
  for (const std::string& s : settings) {
    command += " --set '" + s + "'";
  }
  return {
      analysis::analyse_pm_dns_series(series.rounds(options), options, evidence.options().threads),
      series.maps.front().grid(),
      {command, "halotwin analyse series.nxs"}};
}

/// Adds the energy of a track and says whether it is within 2 sigma of the truth and meaningful.
bool hold(const Series& series,
          const std::string& track,
          const std::string& name,
          double truth_ev,
          std::vector<Measured>& into) {
  const SeriesTrack* t = series.find(track);
  if (t == nullptr) {
    into.push_back({name, nan, nan, "eV", "no maximum at three temperatures"});
    return false;
  }
  const double value = t->conductivity.activation_energy_ev;
  const double sigma = t->sigma_ev();
  into.push_back({name,
                  value,
                  sigma,
                  "eV",
                  fmt::format("truth {:.2f} eV, {:+.1f} sigma; chi^2 {:.1f} of {}; points {:.4f}, "
                              "definition {:.4f}, scale {:.4f}; from ln f {:.3f}",
                              truth_ev,
                              (value - truth_ev) / sigma,
                              t->conductivity.chi_square,
                              t->conductivity.degrees_of_freedom,
                              t->conductivity.sigma_ev,
                              t->definition_sigma_ev,
                              t->scale_sigma_ev,
                              t->rate.activation_energy_ev)});
  return std::abs(value - truth_ev) <= 2.0 * sigma && sigma <= meaningful_ev;
}

}  // namespace

Verdict check_a14(Evidence& evidence) {
  Verdict verdict;
  const std::string lines = "specimen.response=phenomenological";
  const std::vector<std::string> flat{"specimen.ions.activation_energy_ev=0",
                                      "specimen.ions.interface_activation_energy_ev=0"};
  const Series physical = run_series(evidence, {});
  const Series resolved = run_series(evidence, {lines});
  const Series null = run_series(evidence, flat);
  auto flat_lines = flat;
  flat_lines.push_back(lines);
  const Series null_lines = run_series(evidence, flat_lines);

  bool met = hold(physical,
                  "grain_wide",
                  "activation energy, broad maximum of grains, physical",
                  perovskite_ev,
                  verdict.values);
  met = hold(resolved,
             "all_line_1",
             "activation energy, 1 kHz line, phenomenological",
             perovskite_ev,
             verdict.values) &&
        met;
  met = hold(resolved,
             "all_line_2",
             "activation energy, 2 kHz line, phenomenological",
             interface_ev,
             verdict.values) &&
        met;
  static_cast<void>(hold(physical,
                         "all_wide",
                         "activation energy, broad maximum of all pixels, physical",
                         perovskite_ev,
                         verdict.values));
  static_cast<void>(hold(physical,
                         "boundary_wide",
                         "activation energy, broad maximum of boundaries, physical",
                         perovskite_ev,
                         verdict.values));
  met = hold(null,
             "grain_wide",
             "activation energy, broad maximum of grains, physical, film with 0 eV",
             0.0,
             verdict.nulls) &&
        met;
  met = hold(null_lines,
             "all_line_1",
             "activation energy, 1 kHz line, phenomenological, film with 0 eV",
             0.0,
             verdict.nulls) &&
        met;
  verdict.met = met ? Met::yes : Met::no;
  verdict.note =
      "A frequency gives a conductivity, the product N D of ion density and diffusivity: the "
      "energy "
      "is that of the product, never of the mobility alone. In the physical response the one broad "
      "maximum mixes perovskite and PbI2 interface; boundaries hold more of the interface.";
  for (const Series* series : {&physical, &resolved}) {
    for (const auto& curve : analysis::findings_of(series->result, series->grid).curves) {
      if (curve.name == "arrhenius" || curve.name == "all_spectra") {
        verdict.figures.push_back(draw(curve_plot(curve)));
      }
    }
  }
  verdict.reproduce = physical.reproduce;
  return verdict;
}

}  // namespace halotwin::validation
