#include <cmath>

#include "analysis/uncertainty.hpp"
#include "validation/targets/pm_dns_rows.hpp"
#include "validation/targets/sample_groups.hpp"

namespace halotwin::validation {

namespace {

constexpr double least_ratio = 2.0;

MapRequest request_for(const Evidence& evidence, const std::string& response, bool inclusions) {
  std::vector<std::string> settings{"specimen.response=" + response};
  if (!inclusions) {
    settings.emplace_back("specimen.effects.inclusions=false");
  }
  return sample_request(evidence,
                        "pm_dns_pellet",
                        settings,
                        {"procedure.pm_dns_map.columns=28", "procedure.pm_dns_map.rows=28"});
}

/// Standard deviation of the pixels' intensities over their mean.
double contrast(const MapCase& map) {
  std::vector<double> intensity;
  const std::size_t m = map.result.frequencies_hz.size();
  for (std::size_t p = 0; p < map.nx * map.ny; ++p) {
    double sum = 0.0;
    for (std::size_t c = 0; c < m; ++c) {
      sum += static_cast<double>(map.result.response.values[p * m + c]);
    }
    if (std::isfinite(sum)) {
      intensity.push_back(sum);
    }
  }
  return analysis::robust_deviation(intensity) / analysis::mean(intensity);
}

void add_peaks(const MapCase& map, const std::string& response, std::vector<Measured>& into) {
  const char* const names[] = {"first maximum, ", "second maximum, "};
  for (std::size_t k = 0; k < 2 && k < map.result.all.peaks.size(); ++k) {
    const analysis::Peak& peak = map.result.all.peaks[k];
    into.push_back({names[k] + response,
                    peak.usable() ? peak.position_hz : std::nan(""),
                    peak.usable() ? peak.position_sigma_hz : std::nan(""),
                    "Hz",
                    peak.usable() ? "published: 600 Hz and 2 kHz" : "not resolved"});
  }
}

}  // namespace

// A8: a degraded pellet: faint 600 Hz, strong 2 kHz, little contrast. Linear relaxation cannot
// resolve the pair: the physical response prints its fit of two Debye losses. Null: without PbI2.
Verdict check_a08(Evidence& evidence) {
  Verdict verdict;
  for (const std::string response : {"phenomenological", "physical"}) {
    const bool decides = response == "phenomenological";
    const MapCase& map = evidence.map(request_for(evidence, response, true));
    const auto& all = map.result.all;
    const bool both = all.peaks.size() == 2 && all.peaks[0].usable() && all.peaks[1].usable();
    const double ratio = all.peak_ratio.known ? all.peak_ratio.value : std::nan("");
    if (decides) {
      verdict.met = both && ratio >= least_ratio ? Met::yes : Met::no;
    }
    verdict.values.push_back({(decides ? "height of the 2 kHz over the 600 Hz maximum, "
                                       : "loss at 2 kHz over loss at 600 Hz, ") +
                                  response,
                              ratio,
                              all.peak_ratio.sigma,
                              "",
                              decides ? ">= 2, both resolved" : "no maxima to compare"});
    add_peaks(map, response, verdict.values);
    if (const analysis::SpectrumGroup* whole = group_of(map, "all"); whole != nullptr && !decides) {
      const analysis::TwoLines& t = whole->two_lines;
      verdict.values.push_back(
          {"fit of two Debye losses: height of the higher over the lower, " + response,
           t.low_inside && t.high_inside ? t.ratio.value : std::nan(""),
           t.ratio.sigma,
           "",
           "not resolved: one of them is at a limit of the search"});
      verdict.values.push_back({"fit of two Debye losses: the lower, " + response,
                                t.low_inside ? t.low_hz.value : std::nan(""),
                                t.low_hz.sigma,
                                "Hz",
                                t.low_inside ? "fit" : "not resolved: at a limit of the search"});
      verdict.values.push_back({"fit of two Debye losses: the higher, " + response,
                                t.high_inside ? t.high_hz.value : std::nan(""),
                                t.high_hz.sigma,
                                "Hz",
                                t.high_inside ? "fit" : "not resolved: at a limit of the search"});
    }
    verdict.values.push_back(
        {"spatial contrast of the intensity, " + response,
         contrast(map),
         std::nan(""),
         "",
         "robust deviation of pixel intensities over their mean, noise included"});
    const MapCase& clean = evidence.map(request_for(evidence, response, false));
    verdict.nulls.push_back(
        {"the same ratio, " + response,
         clean.result.all.peak_ratio.known ? clean.result.all.peak_ratio.value : std::nan(""),
         clean.result.all.peak_ratio.sigma,
         "",
         "pellet without PbI2"});
    add_group_figures(map, map.feature, {}, response, verdict);
    verdict.reproduce.insert(verdict.reproduce.end(), map.reproduce.begin(), map.reproduce.end());
  }
  verdict.calibrated = true;
  verdict.note =
      "The lines' positions and the share of PbI2 (0.75) are inputs. In the physical response a "
      "faint line at 600 Hz beside a strong one at 2 kHz is not a maximum: not resolved.";
  return verdict;
}

}  // namespace halotwin::validation
