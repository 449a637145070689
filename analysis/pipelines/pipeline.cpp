#include "analysis/pipelines/pipeline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/pipelines/bias_spectroscopy.hpp"
#include "analysis/pipelines/clim.hpp"
#include "analysis/pipelines/clim_map.hpp"
#include "analysis/pipelines/current_voltage.hpp"
#include "analysis/pipelines/kpfm.hpp"
#include "analysis/pipelines/pfm.hpp"
#include "analysis/pipelines/pm_dns_control_file.hpp"
#include "analysis/pipelines/pm_dns_file.hpp"
#include "analysis/pipelines/pm_dns_series_file.hpp"
#include "analysis/pipelines/pm_efm.hpp"
#include "analysis/pipelines/repeats_file.hpp"
#include "base/errors.hpp"

namespace halotwin::analysis {

const std::vector<Pipeline>& all_pipelines() {
  static const std::vector<Pipeline> pipelines{
      {"bias_spectroscopy",
       "bias_spectroscopy",
       "contact potential, its uncertainty and hysteresis from parabolas of the detuning",
       check_bias_spectroscopy_settings,
       run_bias_spectroscopy_pipeline},
      {"clim",
       "pl_movie",
       "correlation map, clusters, decay of correlation and spectra of a photoluminescence movie",
       check_clim_settings,
       run_clim_pipeline},
      {"clim_map",
       "pl_movie",
       "only the correlation map, of the whole field in one pass, for large movies",
       check_clim_map_settings,
       run_clim_map_pipeline},
      {"current_voltage",
       "current_voltage",
       "conductance and hysteresis of a current-voltage curve",
       check_current_voltage_settings,
       run_current_voltage_pipeline},
      {"kpfm",
       "kpfm_map",
       "contact potential of grains and boundaries, spots, noise of a KPFM image",
       check_kpfm_settings,
       run_kpfm_pipeline},
      {"pfm",
       "pfm_map",
       "levels and stripes of a lateral PFM image",
       check_pfm_settings,
       run_pfm_pipeline},
      {"pm_dns",
       "pm_dns_map",
       "components, classes, peaks and shifts of a PM-DNS map",
       check_pm_dns_settings,
       run_pm_dns_pipeline},
      {"pm_dns_control",
       "pm_dns_control",
       "tells peaks of the sample from peaks of the instrument by a control sweep",
       check_pm_dns_control_settings,
       run_pm_dns_control_pipeline},
      {"pm_dns_series",
       "series",
       "activation energies and response against bias of PM-DNS maps of one area",
       check_pm_dns_series_settings,
       run_pm_dns_series_pipeline},
      {"repeats",
       "series",
       "boundary zones and contact potentials of one area from round to round",
       check_repeats_settings,
       run_repeats_pipeline},
      {"pm_efm",
       "pm_efm_map",
       "loss and amplitude against metal, spots, noise of a PM-EFM image",
       check_pm_efm_settings,
       run_pm_efm_pipeline},
  };
  return pipelines;
}

const Pipeline& find_pipeline(const std::string& name, const std::string& procedure) {
  std::vector<std::string> known;
  for (const Pipeline& pipeline : all_pipelines()) {
    if (name.empty() ? pipeline.procedure == procedure : pipeline.name == name) {
      return pipeline;
    }
    known.emplace_back(pipeline.name);
  }
  if (name.empty()) {
    throw ParameterError(
        fmt::format("there is no pipeline for recordings of {}; name one with --pipeline (known: "
                    "{})",
                    procedure,
                    fmt::join(known, ", ")));
  }
  const std::string near = nearest(name, known);
  throw ParameterError(fmt::format("--pipeline {}: there is no such pipeline ({})",
                                   name,
                                   near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                                : fmt::format("did you mean \"{}\"?", near)));
}

}  // namespace halotwin::analysis
