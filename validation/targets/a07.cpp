#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analysis/pipelines/kpfm.hpp"
#include "analysis/pipelines/pm_efm.hpp"
#include "analysis/registration.hpp"
#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double least_correlation = 0.9;  // targets, A7
constexpr double spot_distance_pixels = 3.5;
constexpr std::size_t block_pixels = 16;  // about a stripe

/// Both images of one crystal, and the truth.
struct Pair {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_m = 0.0;
  analysis::KpfmResult kpfm;
  analysis::PmEfmResult efm;
  std::vector<double> negative_v;  // minus the smoothed contact potential
  std::vector<double> loss;        // on the pixels of the KPFM image, smoothed
  analysis::Registration shift;
  std::vector<float> domain, feature;
};

std::vector<double> doubles(const data::RecordingReader& recording, const std::string& name) {
  const auto values = recording.read<float>(name);
  return {values.begin(), values.end()};
}

MapPlot picture(const Pair& pair,
                const std::string& title,
                const std::string& label,
                const std::vector<double>& values,
                double scale) {
  Image<double> image(pair.nx, pair.ny, nan);
  std::transform(
      values.begin(), values.end(), image.values.begin(), [&](double v) { return scale * v; });
  return {.title = title,
          .caption = {},
          .value_label = label,
          .values = std::move(image),
          .step_m = pair.step_m};
}

Pair measure(Evidence& evidence, const std::vector<std::string>& settings) {
  Pair pair;
  const auto request = [&](const std::string& scenario, const std::string& procedure) {
    MapRequest r{scenario, settings, {}};
    if (evidence.options().quick) {
      r.settings.push_back("procedure." + procedure + ".rows=96");
    }
    return r;
  };
  {
    const auto& file = evidence.recording(request("kpfm_microcrystal", "kpfm_map"));
    const data::RecordingReader recording(file);
    const auto spec = recording.spec("contact_potential");
    pair.nx = spec.axes[1].values.size();
    pair.ny = spec.axes[0].values.size();
    pair.step_m = spec.axes[1].values[1] - spec.axes[1].values[0];
    const auto forward = doubles(recording, "contact_potential");
    const auto backward = doubles(recording, "contact_potential_backward");
    const auto reference = recording.read<double>("reference");
    pair.kpfm = analysis::analyse_kpfm({{pair.nx, pair.ny, forward, backward}, {}, reference});
    const data::TruthReader truth(file);
    pair.domain = truth.read<float>("domain");
    pair.feature = truth.read<float>("feature");
  }
  {
    const auto& file = evidence.recording(request("pm_efm_microcrystal", "pm_efm_map"));
    const data::RecordingReader recording(file);
    const auto forward = recording.read<std::complex<float>>("demodulated");
    const auto backward = recording.read<std::complex<float>>("demodulated_backward");
    const auto reference = recording.read<std::complex<float>>("reference");
    pair.efm = analysis::analyse_pm_efm({pair.nx, pair.ny, forward, backward, reference});
  }
  for (const double v : pair.kpfm.potential.smooth) {
    pair.negative_v.push_back(-v);
  }
  pair.shift = analysis::register_maps({pair.negative_v, pair.nx, pair.ny},
                                       {pair.efm.loss.smooth, pair.nx, pair.ny},
                                       {.largest_shift_pixels = 6});
  pair.loss = pair.shift.found()
                  ? analysis::on_first(
                        {pair.efm.loss.smooth, pair.nx, pair.ny}, pair.shift, pair.nx, pair.ny)
                  : pair.efm.loss.smooth;
  return pair;
}

analysis::Estimate correlation(const std::vector<double>& a,
                               const std::vector<double>& b,
                               const Pair& pair) {
  std::vector<std::uint8_t> valid(a.size());
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t p = 0; p < a.size(); ++p) {
    valid[p] = std::isfinite(a[p]) && std::isfinite(b[p]) ? 1 : 0;
    if (valid[p] != 0) {
      x.push_back(a[p]);
      y.push_back(b[p]);
    }
  }
  analysis::BlockMap blocks = analysis::spatial_blocks(pair.nx, pair.ny, block_pixels, valid);
  std::erase(blocks.block, -1);
  return analysis::block_pearson(x, y, blocks);
}

/// Spots of both images, and what they have in common.
struct Spots {
  std::size_t kpfm = 0;
  std::size_t efm = 0;
  std::size_t common = 0;
  double chance = 0.0;       // expected in common if the second image's lay anywhere
  double in_bright = nan;    // share of the common ones in the set of twins that is brighter
  double in_enriched = nan;  // the same by the truth
  double true_ones = nan;    // share of the common ones within 3.5 pixels of true marbling
};

// Which set of twins a place belongs to, from the image alone: the median around the spot, the spot
// itself left out, against the middle between the two levels of the map.
bool in_bright_set(const Pair& pair, const analysis::Spot& spot, double middle) {
  std::vector<double> around;
  for (std::ptrdiff_t dy = -7; dy <= 7; ++dy) {
    for (std::ptrdiff_t dx = -7; dx <= 7; ++dx) {
      const double rho = std::hypot(static_cast<double>(dx), static_cast<double>(dy));
      const auto x = static_cast<std::ptrdiff_t>(spot.x) + dx;
      const auto y = static_cast<std::ptrdiff_t>(spot.y) + dy;
      if (rho >= 4.0 && rho <= 6.0 && x >= 0 && y >= 0 &&
          x < static_cast<std::ptrdiff_t>(pair.nx) && y < static_cast<std::ptrdiff_t>(pair.ny)) {
        const double v =
            pair.negative_v[static_cast<std::size_t>(y) * pair.nx + static_cast<std::size_t>(x)];
        if (std::isfinite(v)) {
          around.push_back(v);
        }
      }
    }
  }
  return !around.empty() && analysis::percentile(around, 60.0) > middle;
}

bool near_marbling(const Pair& pair, const analysis::Spot& spot) {
  for (std::size_t p = 0; p < pair.feature.size(); ++p) {
    const double dx = static_cast<double>(p % pair.nx) - static_cast<double>(spot.x);
    const std::size_t row = p / pair.nx;
    const double dy = static_cast<double>(row) - static_cast<double>(spot.y);
    if (pair.feature[p] == 1.0F && std::hypot(dx, dy) <= spot_distance_pixels) {
      return true;
    }
  }
  return false;
}

Spots compare_spots(const Pair& pair) {
  Spots s;
  s.kpfm = pair.kpfm.spots.size();
  s.efm = pair.efm.spots.size();
  std::vector<analysis::Spot> common;
  for (const analysis::Spot& spot : pair.efm.spots) {
    if (analysis::spots_in_common({spot}, pair.kpfm.spots, spot_distance_pixels) > 0) {
      common.push_back(spot);
    }
  }
  s.common = common.size();
  const double area = std::acos(-1.0) * spot_distance_pixels * spot_distance_pixels;
  s.chance = static_cast<double>(s.efm) * (1.0 - std::exp(-area * static_cast<double>(s.kpfm) /
                                                          static_cast<double>(pair.nx * pair.ny)));
  if (common.empty()) {
    return s;
  }
  std::vector<double> known;
  std::copy_if(
      pair.negative_v.begin(), pair.negative_v.end(), std::back_inserter(known), [](double v) {
        return std::isfinite(v);
      });
  const double middle =
      0.5 * (analysis::percentile(known, 10.0) + analysis::percentile(known, 90.0));
  std::array<double, 3> count{};
  for (const analysis::Spot& spot : common) {
    count[0] += in_bright_set(pair, spot, middle) ? 1.0 : 0.0;
    count[1] += pair.domain[spot.y * pair.nx + spot.x] > 0.0F ? 1.0 : 0.0;
    count[2] += near_marbling(pair, spot) ? 1.0 : 0.0;
  }
  const auto n = static_cast<double>(common.size());
  s.in_bright = count[0] / n;
  s.in_enriched = count[1] / n;
  s.true_ones = count[2] / n;
  return s;
}

void add_figures(const Pair& pair, Verdict& verdict) {
  std::vector<double> domain(pair.domain.begin(), pair.domain.end());
  for (std::size_t p = 0; p < domain.size(); ++p) {
    domain[p] = pair.feature[p] == 1.0F ? 2.0 : (domain[p] > 0.0 ? 1.0 : 0.0);
  }
  MapPlot truth = picture(pair, "truth", "", domain, 1.0);
  truth.classes = {"first set", "enriched set", "marbling"};
  verdict.figures.push_back(draw(
      std::vector<MapPlot>{picture(pair, "PM-EFM at 800 Hz", "loss", pair.loss, 1.0),
                           picture(pair, "KPFM", "-CPD (mV)", pair.negative_v, 1e3),
                           truth},
      "Single-frequency PM-EFM and KPFM of twins in a microcrystal",
      "Both images of the same area at the tip's resolution, and what the crystal is (paper 000, "
      "Fig. 6). Bright in PM-EFM is more negative in KPFM; the dark spots inside bright stripes, "
      "the 'marbling', are seen by both."));
}

}  // namespace

// A7: KPFM and PM-EFM of the twins of one crystal.
Verdict check_a07(Evidence& evidence) {
  Verdict verdict;
  const Pair pair = measure(evidence, {});
  const analysis::Estimate r = correlation(pair.negative_v, pair.loss, pair);
  std::vector<double> raw;
  for (const double v : pair.kpfm.potential.mean) {
    raw.push_back(-v);
  }
  const analysis::Estimate pixels = correlation(raw, pair.efm.loss.mean, pair);
  const Spots spots = compare_spots(pair);
  const double chance_limit = spots.chance + 3.0 * std::sqrt(spots.chance) + 1.0;

  const Pair clean = measure(evidence, {"specimen.effects.marbling=false"});
  const Spots no_marbling = compare_spots(clean);
  const Pair bare =
      measure(evidence, {"specimen.effects.marbling=false", "specimen.effects.twins=false"});
  const analysis::Estimate without = correlation(bare.negative_v, bare.efm.loss.smooth, bare);

  verdict.values = {
      {"correlation of the loss at 800 Hz with -CPD",
       r.value,
       r.sigma,
       "",
       "at the tip's resolution, >= 0.9"},
      {"the same correlation, pixel by pixel",
       pixels.value,
       pixels.sigma,
       "",
       fmt::format("noise of a pixel: {:.2g} mV of contrast {:.2g} mV; {:.2g} of {:.2g}",
                   1e3 * pair.kpfm.potential.noise,
                   1e3 * pair.kpfm.potential.contrast,
                   pair.efm.loss.noise,
                   pair.efm.loss.contrast)},
      {"spots seen in both images (marbling)",
       static_cast<double>(spots.common),
       std::sqrt(spots.chance),
       "",
       fmt::format("of {} in KPFM and {} in PM-EFM; {:.2g} expected by chance",
                   spots.kpfm,
                   spots.efm,
                   spots.chance)},
      {"share of these spots in the brighter set of twins",
       spots.in_bright,
       nan,
       "",
       "from the images alone"},
      {"share of these spots in the enriched set of twins",
       spots.in_enriched,
       nan,
       "",
       "by the truth"},
      {"share of these spots that is true marbling", spots.true_ones, nan, "", "by the truth"}};
  verdict.nulls = {
      {"correlation of the loss at 800 Hz with -CPD",
       without.value,
       without.sigma,
       "",
       "without twins and marbling"},
      {"spots seen in both images (marbling)",
       static_cast<double>(no_marbling.common),
       nan,
       "",
       fmt::format(
           "without marbling: {} in KPFM, {} in PM-EFM", no_marbling.kpfm, no_marbling.efm)}};
  add_figures(pair, verdict);
  const bool marbling = static_cast<double>(spots.common) > chance_limit &&
                        spots.in_bright >= 0.8 && no_marbling.common < spots.common;
  verdict.met = r.value >= least_correlation && marbling ? Met::yes : Met::no;
  verdict.note =
      "The correlation is of maps smoothed with a Gaussian of one pixel, 12 nm, the tip's lateral "
      "half-width; pixel by pixel it is lower by the noise of both images.";
  for (const char* name : {"kpfm", "pm_efm"}) {
    verdict.reproduce.push_back(
        fmt::format("halotwin run {0}_microcrystal --seed {1} -o {0}.nxs", name, evidence.seed()));
    verdict.reproduce.push_back(fmt::format("halotwin analyse {}.nxs", name));
  }
  return verdict;
}

}  // namespace halotwin::validation
