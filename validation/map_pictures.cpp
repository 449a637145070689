#include "validation/map_pictures.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_summary.hpp"
#include "base/errors.hpp"
#include "validation/findings_page.hpp"

namespace halotwin::validation {

namespace {

template <class T>
const T& named(const std::vector<T>& all, const std::string& name) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  if (at == all.end()) {
    throw DataError(fmt::format("the analysis has no \"{}\"", name));
  }
  return *at;
}

}  // namespace

MapPictures::MapPictures(const analysis::PmDnsResult& result, double step_m, std::string which)
    : findings_(analysis::pm_dns_findings(result, {}, {result.nx, result.ny, step_m, step_m})),
      which_(std::move(which)) {}

Figure MapPictures::curve(const std::string& name) const {
  CurvePlot plot = curve_plot(named(findings_.curves, name));
  plot.title += which_;
  return draw(plot);
}

MapPlot MapPictures::map(const std::string& name) const {
  return map_plot(named(findings_.maps, name));
}

}  // namespace halotwin::validation
