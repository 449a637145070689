#include "scenarios/procedure.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/fields.hpp"
#include "scenarios/procedures/pm_dns_map.hpp"

namespace halotwin::scenarios {

std::vector<std::string> procedure_names() {
  return {"pm_dns_map"};
}

std::unique_ptr<Procedure> make_procedure(const std::string& name, const Table& section) {
  if (name == "pm_dns_map") {
    PmDnsMapPlan plan;
    load_fields(plan, section, "procedure.pm_dns_map");
    return make_pm_dns_map(plan);
  }
  const std::string near = nearest(name, procedure_names());
  throw ParameterError(
      fmt::format("scenario.procedure: unknown procedure \"{}\"{}",
                  name,
                  near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
}

}  // namespace halotwin::scenarios
