#include "scenarios/procedure.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/fields.hpp"
#include "scenarios/procedures/bias_spectroscopy.hpp"
#include "scenarios/procedures/current_voltage.hpp"
#include "scenarios/procedures/kpfm_map.hpp"
#include "scenarios/procedures/pfm_map.hpp"
#include "scenarios/procedures/pl_movie.hpp"
#include "scenarios/procedures/pm_dns_control.hpp"
#include "scenarios/procedures/pm_dns_map.hpp"
#include "scenarios/procedures/pm_efm_map.hpp"
#include "scenarios/procedures/series.hpp"
#include "scenarios/procedures/topography.hpp"

namespace halotwin::scenarios {

std::vector<std::string> procedure_names() {
  return {"bias_spectroscopy",
          "current_voltage",
          "kpfm_map",
          "pfm_map",
          "pl_movie",
          "pm_dns_control",
          "pm_dns_map",
          "pm_efm_map",
          "series",
          "topography"};
}

std::unique_ptr<Procedure> make_procedure(const std::string& name,
                                          const Table& section,
                                          const Table& sections) {
  if (name == "bias_spectroscopy") {
    BiasSpectroscopyPlan plan;
    load_fields(plan, section, "procedure.bias_spectroscopy");
    return make_bias_spectroscopy(plan);
  }
  if (name == "current_voltage") {
    CurrentVoltagePlan plan;
    load_fields(plan, section, "procedure.current_voltage");
    return make_current_voltage(plan);
  }
  if (name == "kpfm_map") {
    KpfmMapPlan plan;
    load_fields(plan, section, "procedure.kpfm_map");
    return make_kpfm_map(plan);
  }
  if (name == "pfm_map") {
    PfmMapPlan plan;
    load_fields(plan, section, "procedure.pfm_map");
    return make_pfm_map(plan);
  }
  if (name == "pl_movie") {
    PlMoviePlan plan;
    load_fields(plan, section, "procedure.pl_movie");
    return make_pl_movie(plan);
  }
  if (name == "pm_efm_map") {
    PmEfmMapPlan plan;
    load_fields(plan, section, "procedure.pm_efm_map");
    return make_pm_efm_map(plan);
  }
  if (name == "pm_dns_control") {
    PmDnsControlPlan plan;
    load_fields(plan, section, "procedure.pm_dns_control");
    return make_pm_dns_control(plan);
  }
  if (name == "pm_dns_map") {
    PmDnsMapPlan plan;
    load_fields(plan, section, "procedure.pm_dns_map");
    return make_pm_dns_map(plan);
  }
  if (name == "series") {
    SeriesPlan plan;
    load_fields(plan, section, "procedure.series");
    return make_series(plan, sections);
  }
  if (name == "topography") {
    TopographyPlan plan;
    load_fields(plan, section, "procedure.topography");
    return make_topography(plan);
  }
  const std::string near = nearest(name, procedure_names());
  throw ParameterError(
      fmt::format("scenario.procedure: unknown procedure \"{}\"{}",
                  name,
                  near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
}

}  // namespace halotwin::scenarios
