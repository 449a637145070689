#include "validation/targets/sample_groups.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/peaks.hpp"
#include "validation/map_pictures.hpp"
#include "validation/plot.hpp"

namespace halotwin::validation {

namespace {

/// Mean over the channels of each pixel of the calibrated response.
Image<double> intensity_map(const MapCase& map) {
  const std::size_t m = map.result.frequencies_hz.size();
  Image<double> image(map.nx, map.ny);
  for (std::size_t p = 0; p < image.size(); ++p) {
    double sum = 0.0;
    for (std::size_t c = 0; c < m; ++c) {
      sum += static_cast<double>(map.result.response.values[p * m + c]);
    }
    image.values[p] = sum / static_cast<double>(m);
  }
  return image;
}

}  // namespace

const analysis::SpectrumGroup* group_of(const MapCase& map, std::string_view name) {
  const int label = label_of(map, name);
  if (label < 0) {
    return nullptr;
  }
  const auto& group = map.result.groups.groups[static_cast<std::size_t>(label)];
  return group.mean.empty() ? nullptr : &group;
}

int label_of(const MapCase& map, std::string_view name) {
  const auto& groups = map.result.groups.groups;
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.name == name; });
  return found == groups.end() ? -1 : static_cast<int>(found - groups.begin());
}

MaskedSpectrum masked_spectrum(const MapCase& map, const std::function<bool(std::size_t)>& where) {
  const auto& f = map.result.frequencies_hz;
  MaskedSpectrum s;
  s.mean.assign(f.size(), 0.0);
  for (std::size_t p = 0; p < map.nx * map.ny; ++p) {
    if (!where(p)) {
      continue;
    }
    ++s.pixels;
    for (std::size_t c = 0; c < f.size(); ++c) {
      s.mean[c] += static_cast<double>(map.result.response.values[p * f.size() + c]);
    }
  }
  for (double& v : s.mean) {
    v /= static_cast<double>(s.pixels);
  }
  s.intensity =
      std::accumulate(s.mean.begin(), s.mean.end(), 0.0) / static_cast<double>(s.mean.size());
  s.wide_hz = std::nan("");
  if (s.pixels > 0) {
    const analysis::Peak peak = broad_maximum(map, s.mean, {});
    s.wide_hz = peak.usable() ? peak.position_hz : std::nan("");
  }
  return s;
}

analysis::Peak broad_maximum(const MapCase& map,
                             std::span<const double> mean,
                             std::span<const double> sigma) {
  constexpr double lowest_hz = 250.0;
  const std::span<const double> f = map.result.frequencies_hz;
  const auto from =
      static_cast<std::size_t>(std::lower_bound(f.begin(), f.end(), lowest_hz) - f.begin());
  const auto above = mean.subspan(from);
  const auto top =
      from + static_cast<std::size_t>(std::max_element(above.begin(), above.end()) - above.begin());
  return analysis::wide_peak({f.subspan(from), above, sigma.empty() ? sigma : sigma.subspan(from)},
                             f[top]);
}

double share_labelled(const MapCase& map,
                      int label,
                      const std::function<bool(std::size_t)>& where) {
  double all = 0.0;
  double right = 0.0;
  for (std::size_t p = 0; p < map.result.groups.label_map.size(); ++p) {
    const std::uint8_t found = map.result.groups.label_map[p];
    if (where(p) && found != analysis::SpectrumGroups::no_group) {
      all += 1.0;
      right += found == label ? 1.0 : 0.0;
    }
  }
  return right / all;
}

void add_group_figures(const MapCase& map,
                       const Image<double>& truth,
                       const std::vector<std::string>& truth_names,
                       const std::string& what,
                       Verdict& verdict) {
  const MapPictures pictures{map.result, map.step_m, ", " + what};
  verdict.figures.push_back(pictures.curve("mean_spectrum"));
  MapPlot real{"truth", "", "", truth, map.step_m};
  real.classes = truth_names;
  const MapPlot intensity{
      "mean intensity", "", "response / fast response", intensity_map(map), map.step_m};
  if (map.result.groups.groups.size() > 1) {
    verdict.figures.push_back(pictures.curve("group_spectra"));
    verdict.figures.push_back(
        draw({pictures.map("topography"), intensity, pictures.map("groups"), real},
             "Topography, intensity, groups and truth, " + what,
             "Groups are found from the spectra alone; the truth stands beside them."));
  } else {
    verdict.figures.push_back(draw({pictures.map("topography"), intensity},
                                   "Topography and intensity, " + what,
                                   "Intensity: mean of the loss over all channels."));
  }
}

MapRequest sample_request(const Evidence& evidence,
                          std::string scenario,
                          std::vector<std::string> settings,
                          const std::vector<std::string>& quick_settings) {
  MapRequest request{std::move(scenario), std::move(settings), {"max_rank_scanned=0"}};
  if (evidence.options().quick) {
    request.settings.insert(request.settings.end(), quick_settings.begin(), quick_settings.end());
  }
  return request;
}

}  // namespace halotwin::validation
