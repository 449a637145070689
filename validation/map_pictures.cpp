#include "validation/map_pictures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/fields.hpp"

namespace halotwin::validation {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const char* const frequency_label = "stimulus frequency (Hz)";
const char* const loss_label = "loss / fast response";

// rms of data minus factorisation, per channel and per pixel.
struct Residual {
  std::vector<double> channel;
  std::vector<double> pixel;  // NaN where not used
};

Residual residual_of(const analysis::PmDnsResult& r) {
  const std::size_t channels = r.frequencies_hz.size();
  const std::size_t pixels = r.nx * r.ny;
  const std::size_t rank = pixels == 0 ? 0 : r.weight_maps.size() / pixels;
  Residual out{std::vector<double>(channels, 0.0), std::vector<double>(pixels, nan)};
  double used = 0.0;
  for (std::size_t p = 0; p < pixels && rank > 0; ++p) {
    if (std::isnan(r.weight_maps[p])) {
      continue;
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < channels; ++i) {
      auto rest = static_cast<double>(r.response.values[p * channels + i]);
      for (std::size_t k = 0; k < rank; ++k) {
        rest -= static_cast<double>(r.weight_maps[k * pixels + p]) *
                r.nmf.basis(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(i));
      }
      sum += rest * rest;
      out.channel[i] += rest * rest;
    }
    out.pixel[p] = std::sqrt(sum / static_cast<double>(channels));
    used += 1.0;
  }
  for (double& c : out.channel) {
    c = std::sqrt(c / std::max(used, 1.0));
  }
  return out;
}

Measured measured(const std::string& name,
                  const analysis::MaybeEstimate& e,
                  const std::string& note) {
  return {name, e.known ? e.value : nan, e.known ? e.sigma : nan, "", note};
}

}  // namespace

MapPlot MapPictures::weight(std::size_t k) const {
  MapPlot plot{k == 0 ? "low-frequency weight" : "high-frequency weight",
               "",
               "weight",
               Image<double>(result.nx, result.ny, nan),
               step_m};
  const std::size_t pixels = result.nx * result.ny;
  if (result.weight_maps.size() >= (k + 1) * pixels) {
    std::copy_n(result.weight_maps.begin() + static_cast<std::ptrdiff_t>(k * pixels),
                pixels,
                plot.values.values.begin());
  }
  return plot;
}

MapPlot MapPictures::topography() const {
  MapPlot plot{
      "topography, levelled", "", "height (nm)", Image<double>(result.nx, result.ny, nan), step_m};
  for (std::size_t p = 0; p < result.topography_m.size(); ++p) {
    plot.values.values[p] = 1e9 * result.topography_m[p];
  }
  return plot;
}

MapPlot MapPictures::classes() const {
  MapPlot plot{"classes by NMF weights", "", "", Image<double>(result.nx, result.ny, nan), step_m};
  for (std::size_t p = 0; p < result.class_map.size(); ++p) {
    plot.values.values[p] = static_cast<double>(result.class_map[p]);
  }
  plot.classes = {"not considered", "grain", "boundary", "hotspot", "excluded", "unmeasured"};
  return plot;
}

MapPlot MapPictures::pixel_residual() const {
  MapPlot plot{
      "rms residual of each pixel", "", loss_label, Image<double>(result.nx, result.ny), step_m};
  plot.values.values = residual_of(result).pixel;
  return plot;
}

Figure MapPictures::mean_spectrum() const {
  return draw(CurvePlot{
      "Mean spectrum" + which,
      "Loss channel after division by the sweep over bare metal; band: one standard deviation "
      "(block bootstrap, noise of the reference included).",
      frequency_label,
      loss_label,
      true,
      false,
      {{"mean of all used pixels", result.frequencies_hz, result.all.mean, result.all.sigma}}});
}

Figure MapPictures::bases() const {
  CurvePlot plot{"NMF bases" + which,
                 "Each scaled to its maximum.",
                 frequency_label,
                 "basis (relative)",
                 true};
  for (Eigen::Index k = 0; k < result.nmf.basis.rows(); ++k) {
    Curve curve{fmt::format("component {}{}", k + 1, k == 0 ? " (lowest frequency)" : ""),
                result.frequencies_hz,
                {},
                {}};
    const auto row = result.nmf.basis.row(k);
    const double top = std::max(row.maxCoeff(), 1e-300);
    for (Eigen::Index i = 0; i < row.size(); ++i) {
      curve.y.push_back(row(i) / top);
    }
    plot.curves.push_back(std::move(curve));
  }
  return draw(plot);
}

Figure MapPictures::class_spectra() const {
  CurvePlot plot{"Class mean spectra" + which,
                 "Loss channel; bands: one standard deviation (block bootstrap). Classes by "
                 "percentiles of the NMF weights.",
                 frequency_label,
                 loss_label,
                 true};
  for (const auto& c : result.classes) {
    if (!c.mean.empty()) {
      plot.curves.push_back(
          {std::string(halotwin::name_of(c.label)), result.frequencies_hz, c.mean, c.sigma});
    }
  }
  return draw(plot);
}

Figure MapPictures::channel_residual() const {
  return draw(
      CurvePlot{"Residual of the factorisation" + which,
                "Rms over the pixels. Where it lies on the noise, the components explain the map.",
                frequency_label,
                loss_label,
                true,
                true,
                {{"residual", result.frequencies_hz, residual_of(result).channel},
                 {"noise of one pixel (up against down)",
                  result.frequencies_hz,
                  result.response.noise_sigma,
                  {},
                  false,
                  true}}});
}

Figure MapPictures::rank_scan() const {
  Curve residual{"relative residual", {}, {}, {}, true};
  Curve held_out{"on data that the fit did not see", {}, {}, {}, true};
  for (const auto& step : result.rank_scan) {
    residual.x.push_back(step.rank);
    residual.y.push_back(step.relative_residual);
    held_out.x.push_back(step.rank);
    held_out.y.push_back(step.held_out_residual);
  }
  return draw(CurvePlot{"Rank scan" + which,
                        "Relative residual of the best factorisation of each rank; a rank that "
                        "fits noise only does not "
                        "help on held-out data.",
                        "rank",
                        "relative residual",
                        false,
                        false,
                        {residual, held_out}});
}

Figure MapPictures::line_residual() const {
  Curve curve{"residual below 200 Hz", {}, {}, {}, true};
  for (std::size_t y = 0; y < result.transient.residual.size(); ++y) {
    curve.x.push_back(static_cast<double>(y));
    curve.y.push_back(result.transient.residual[y]);
  }
  CurvePlot plot{
      "Ultraslow transient of the first lines" + which,
      "What the bases of the later lines leave at low frequency. Vertical: its end as found.",
      "scan line",
      loss_label,
      false,
      false,
      {curve}};
  if (result.transient.status == analysis::TransientStatus::found) {
    plot.vertical_lines = {result.transient.end_line};
  }
  return draw(plot);
}

std::vector<Figure> all_pictures(const MapPictures& map) {
  std::vector<Figure> figures{map.mean_spectrum()};
  if (map.result.nmf.basis.rows() > 0) {
    const auto last = static_cast<std::size_t>(map.result.nmf.basis.rows()) - 1;
    figures.push_back(
        draw({map.topography(), map.classes(), map.weight(0), map.weight(last)},
             "Maps",
             "Grey: lines left out because of the ultraslow transient, or not measured."));
    figures.push_back(map.bases());
    figures.push_back(map.class_spectra());
    figures.push_back(map.channel_residual());
    figures.push_back(
        draw({map.pixel_residual()}, "Residual", "What the factorisation leaves in each pixel."));
  }
  if (!map.result.rank_scan.empty()) {
    figures.push_back(map.rank_scan());
  }
  if (!map.result.transient.residual.empty()) {
    figures.push_back(map.line_residual());
  }
  return figures;
}

MapNumbers key_numbers(const analysis::PmDnsResult& result) {
  MapNumbers numbers;
  for (const analysis::Peak& peak : result.all.peaks) {
    numbers.values.push_back(
        {"peak of the mean spectrum",
         peak.usable() ? peak.position_hz : nan,
         peak.usable() ? peak.position_sigma_hz : nan,
         "Hz",
         peak.usable() ? "three channels around the maximum" : "not resolved"});
  }
  if (result.all.wide.usable()) {
    numbers.values.push_back({"one broad maximum",
                              result.all.wide.position_hz,
                              result.all.wide.position_sigma_hz,
                              "Hz",
                              "fit over +-0.35 decade; merges lines that lie within"});
  }
  const auto add = [](const std::vector<analysis::ClassComparison>& from,
                      const std::string& note,
                      std::vector<Measured>& into) {
    for (const auto& c : from) {
      const std::string name(halotwin::name_of(c.label));
      into.push_back(measured(name + ": ln of the shift against grains", c.shift, note));
      into.push_back(measured(name + ": the same, broad maximum", c.wide_shift, note));
      into.push_back(measured(name + ": intensity over grains", c.enhancement, note));
      into.push_back(measured(name + ": 2 kHz/1 kHz over grains", c.ratio_contrast, note));
    }
  };
  add(result.comparisons, "", numbers.values);
  add(result.selection_null, "one spectral shape, measured noise", numbers.nulls);
  return numbers;
}

}  // namespace halotwin::validation
