#include "validation/score.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include <fmt/format.h>

#include "analysis/classify.hpp"
#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/plain_image.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "validation/score_images.hpp"

namespace halotwin::validation {

namespace {

constexpr std::size_t block_side = 16;

struct Items {
  std::vector<double> score;
  std::vector<std::uint8_t> positive;
  std::vector<std::size_t> block;
};

analysis::Estimate area(const Items& items, std::size_t blocks) {
  std::size_t positives = 0;
  for (const std::uint8_t p : items.positive) {
    positives += p;
  }
  if (positives == 0 || positives == items.positive.size()) {
    return {nan, nan};
  }
  const auto statistic = [&](std::span<const std::uint32_t> counts) {
    std::vector<double> score;
    std::vector<std::uint8_t> positive;
    std::size_t drawn = 0;
    for (std::size_t i = 0; i < items.score.size(); ++i) {
      for (std::uint32_t n = 0; n < counts[items.block[i]]; ++n) {
        score.push_back(items.score[i]);
        positive.push_back(items.positive[i]);
        drawn += items.positive[i];
      }
    }
    return drawn == 0 || drawn == positive.size() ? nan : analysis::roc_auc(score, positive).value;
  };
  const analysis::BootstrapResult result =
      analysis::bootstrap(blocks, statistic, {.replicates = 40, .seed = 1});
  return {result.value, result.sigma};
}

Items pixel_items(const Image<double>& score, const Image<double>& kind) {
  Items items;
  const std::size_t across = (score.nx + block_side - 1) / block_side;
  for (std::size_t iy = 0; iy < score.ny; ++iy) {
    for (std::size_t ix = 0; ix < score.nx; ++ix) {
      const double k = kind(ix, iy);
      if (std::isfinite(score(ix, iy)) && k >= 0.0) {
        items.score.push_back(score(ix, iy));
        items.positive.push_back(k > 0.5 ? 1 : 0);
        items.block.push_back((iy / block_side) * across + ix / block_side);
      }
    }
  }
  return items;
}

Items grain_items(const Image<double>& score,
                  const Image<double>& kind,
                  const Image<double>& grain) {
  struct Sum {
    double score = 0.0;
    std::size_t pixels = 0;
    bool hot = false;
  };
  std::map<long, Sum> grains;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (std::isfinite(score.values[i]) && kind.values[i] >= 0.0) {
      Sum& sum = grains[std::lround(grain.values[i])];
      sum.score += score.values[i];
      ++sum.pixels;
      sum.hot = kind.values[i] > 0.5;
    }
  }
  Items items;
  for (const auto& entry : grains) {
    if (entry.second.pixels >= 4) {
      items.block.push_back(items.score.size());
      items.score.push_back(entry.second.score / static_cast<double>(entry.second.pixels));
      items.positive.push_back(entry.second.hot ? 1 : 0);
    }
  }
  return items;
}

double purity(const Image<double>& classes, analysis::PixelClass label, const Image<double>& kind) {
  std::size_t called = 0;
  std::size_t right = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes.values[i] == static_cast<double>(label)) {
      ++called;
      right += kind.values[i] > 0.5 ? 1 : 0;
    }
  }
  return called == 0 ? nan : static_cast<double>(right) / static_cast<double>(called);
}

}  // namespace

PmDnsScore score_pm_dns(const PmDnsMaps& maps, const PmDnsTruth& truth) {
  const std::size_t nx = truth.boundary_distance_m.nx;
  const std::size_t ny = truth.boundary_distance_m.ny;
  if (maps.high_weight.nx != nx || maps.high_weight.ny != ny || maps.low_weight.nx != nx ||
      maps.low_weight.ny != ny) {
    throw DataError("score: the result's maps are not of the size of the recording");
  }
  // 1 = positive, 0 = negative, -1 = left out
  Image<double> boundary(nx, ny, -1.0);
  Image<double> hot(nx, ny, -1.0);
  Image<double> hot_anywhere(nx, ny, 0.0);
  Image<double> near(nx, ny, 0.0);
  for (std::size_t i = 0; i < boundary.size(); ++i) {
    const double steps = truth.boundary_distance_m.values[i] / truth.step_m;
    if (std::isfinite(steps)) {
      boundary.values[i] = steps <= 1.0 ? 1.0 : (steps > 2.0 ? 0.0 : -1.0);
      near.values[i] = steps <= 1.0 ? 1.0 : 0.0;
      hot_anywhere.values[i] = truth.hotspot.values[i];
      if (steps > 1.0) {
        hot.values[i] = truth.hotspot.values[i] > 0.5 ? 1.0 : 0.0;
      }
    }
  }
  const std::size_t blocks =
      ((nx + block_side - 1) / block_side) * ((ny + block_side - 1) / block_side);
  PmDnsScore score;
  const Items pixels = pixel_items(maps.high_weight, boundary);
  score.pixels = pixels.score.size();
  score.boundary_auc = area(pixels, blocks);
  score.hotspot_auc = area(pixel_items(maps.low_weight, hot), blocks);
  const Items grains = grain_items(maps.low_weight, hot, truth.grain);
  score.hotspot_grain_auc = area(grains, grains.score.size());
  if (maps.classes.size() == boundary.size()) {
    score.boundary_purity = purity(maps.classes, analysis::PixelClass::boundary, near);
    score.hotspot_purity = purity(maps.classes, analysis::PixelClass::hotspot, hot_anywhere);
  }
  return score;
}

PmDnsTruth read_pm_dns_truth(const std::filesystem::path& recording,
                             const std::filesystem::path& truth) {
  const data::TruthReader reader(recording, truth);
  const data::SignalSpec spec = reader.spec("boundary_distance");
  const std::size_t ny = spec.axes.at(0).values.size();
  const std::size_t nx = spec.axes.at(1).values.size();
  const auto image = [&](const char* name) {
    Image<double> out(nx, ny);
    out.values = reader.read<double>(name);
    return out;
  };
  PmDnsTruth found;
  found.boundary_distance_m = image("boundary_distance");
  found.hotspot = image("hotspot");
  found.grain = image("grain");
  const std::vector<double>& x = spec.axes[1].values;
  const std::vector<double>& y = spec.axes[0].values;
  found.step_m = nx > 1 ? x[1] - x[0] : (ny > 1 ? y[1] - y[0] : 1.0);
  return found;
}

namespace {

PmDnsMaps stored_maps(const std::filesystem::path& recording, const PmDnsTruth& truth) {
  const data::RecordingReader reader(recording);
  if (!reader.has_signal("analysis_pm_dns/weights")) {
    throw DataError(recording.string() +
                    ": holds no result of the pipeline pm_dns (halotwin analyse makes one)");
  }
  const std::vector<double> weights = reader.read<double>("analysis_pm_dns/weights");
  const std::size_t pixels = truth.grain.size();
  if (weights.size() < 2 * pixels) {
    throw DataError(recording.string() +
                    ": the stored result has fewer than two components; the score needs rank 2");
  }
  PmDnsMaps maps{Image<double>(truth.grain.nx, truth.grain.ny),
                 Image<double>(truth.grain.nx, truth.grain.ny),
                 {}};
  const auto pixel = static_cast<std::ptrdiff_t>(pixels);
  maps.low_weight.values.assign(weights.begin(), weights.begin() + pixel);
  maps.high_weight.values.assign(weights.end() - pixel, weights.end());
  if (reader.has_signal("analysis_pm_dns/classes")) {
    maps.classes = Image<double>(truth.grain.nx, truth.grain.ny);
    maps.classes.values = reader.read<double>("analysis_pm_dns/classes");
  }
  return maps;
}

PmDnsMaps foreign_maps(const std::filesystem::path& result) {
  const auto need = [&](const char* name) {
    auto image = data::read_plain_image(result, name);
    if (!image) {
      throw DataError(
          result.string() + ": no dataset \"" + name +
          "\" (the score needs low_weight and high_weight, each (y, x); class_map is optional)");
    }
    return *image;
  };
  PmDnsMaps maps{need("low_weight"), need("high_weight"), {}};
  if (auto classes = data::read_plain_image(result, "class_map")) {
    maps.classes = *classes;
  }
  return maps;
}

}  // namespace

namespace {

std::vector<Measured> score_pm_dns_file(const std::filesystem::path& recording,
                                        const std::filesystem::path& truth,
                                        const std::filesystem::path& result) {
  const PmDnsTruth known = read_pm_dns_truth(recording, truth);
  const PmDnsMaps maps = result.empty() ? stored_maps(recording, known) : foreign_maps(result);
  const PmDnsScore s = score_pm_dns(maps, known);
  std::vector<Measured> rows{{"boundary AUC",
                              s.boundary_auc.value,
                              s.boundary_auc.sigma,
                              "",
                              "high weight, <= 1 px against > 2 px"},
                             {"hotspot AUC",
                              s.hotspot_auc.value,
                              s.hotspot_auc.sigma,
                              "",
                              "low weight, pixels inside grains"},
                             {"hotspot AUC of grains",
                              s.hotspot_grain_auc.value,
                              s.hotspot_grain_auc.sigma,
                              "",
                              "low weight, one mean a grain"},
                             {"pixels scored", static_cast<double>(s.pixels), nan, "", ""}};
  if (maps.classes.size() > 0) {
    rows.push_back(
        {"boundary class purity", s.boundary_purity, nan, "", "share within 1 px of a boundary"});
    rows.push_back({"hotspot class purity", s.hotspot_purity, nan, "", "share in hotspot grains"});
  }
  return rows;
}

/// Scorers of the results that the recording holds; throws DataError if there is none.
std::vector<const Scorer*> scorers_for(const std::filesystem::path& recording, bool& of_pm_dns) {
  const data::RecordingReader reader(recording);
  std::vector<const Scorer*> scorers;
  std::string known = "pm_dns";
  const auto results = reader.results();
  const auto has = [&](std::string_view name) {
    return std::find(results.begin(), results.end(), name) != results.end();
  };
  of_pm_dns = has("pm_dns");
  for (const Scorer& scorer : image_scorers()) {
    known += fmt::format(", {}", scorer.pipeline);
    if (has(scorer.pipeline)) {
      scorers.push_back(&scorer);
    }
  }
  if (scorers.empty() && !of_pm_dns) {
    throw DataError(
        fmt::format("{}: holds no result that can be scored (halotwin analyse makes one; there are "
                    "scores for {})",
                    reader.path().string(),
                    known));
  }
  return scorers;
}

}  // namespace

std::vector<Measured> score_file(const std::filesystem::path& recording,
                                 const std::filesystem::path& truth,
                                 const std::filesystem::path& result) {
  if (!result.empty()) {
    return score_pm_dns_file(recording, truth, result);
  }
  bool of_pm_dns = false;
  const std::vector<const Scorer*> scorers = scorers_for(recording, of_pm_dns);
  std::vector<Measured> rows;
  if (of_pm_dns) {
    rows = score_pm_dns_file(recording, truth, {});
  }
  for (const Scorer* scorer : scorers) {
    for (Measured& row : scorer->score(recording, truth)) {
      row.name.insert(0, fmt::format("{}: ", scorer->pipeline));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace halotwin::validation
