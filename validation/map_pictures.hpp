// Pictures of one analysed PM-DNS map for the rows of the report: those of its findings, by name.
#pragma once

#include <string>

#include "analysis/findings.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "validation/plot.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

class MapPictures {
 public:
  /// `which` stands behind the title of each curve, e.g. ", physical response".
  MapPictures(const analysis::PmDnsResult& result, double step_m, std::string which);

  [[nodiscard]] Figure curve(const std::string& name) const;  // "class_spectra"
  [[nodiscard]] MapPlot map(const std::string& name) const;   // "weight_1"

 private:
  analysis::Findings findings_;
  std::string which_;
};

}  // namespace halotwin::validation
