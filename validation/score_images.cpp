#include "validation/score_images.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "validation/score_movie.hpp"

namespace halotwin::validation {

namespace {

constexpr std::size_t block_side = 16;

/// Pixels where both the result and the truth have a value.
struct Both {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<double> found;
  std::vector<double> truth;
  analysis::BlockMap blocks;
};

/// `found`: signal of the recording; `known`: map of the truth. Throws DataError if they do not
/// fit.
Both both(const std::filesystem::path& recording,
          const std::filesystem::path& truth,
          const std::string& found,
          const std::string& known) {
  const data::RecordingReader reader(recording);
  const data::TruthReader true_maps(recording, truth);
  const data::SignalSpec spec = reader.spec(found);
  const auto values = reader.read<double>(found);
  const auto true_values = true_maps.read<double>(known);
  if (spec.axes.size() != 2 || values.size() != true_values.size()) {
    throw DataError(fmt::format(
        "{}: the result {} is not of the size of the truth", recording.string(), found));
  }
  Both out;
  out.ny = spec.axes[0].values.size();
  out.nx = spec.axes[1].values.size();
  const bool labels = spec.type == data::ElementType::u8;
  std::vector<std::uint8_t> valid(values.size(), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool measured = std::isfinite(values[i]) && !(labels && values[i] >= 255.0);
    valid[i] = measured && std::isfinite(true_values[i]) ? 1 : 0;
  }
  const analysis::BlockMap blocks = analysis::spatial_blocks(out.nx, out.ny, block_side, valid);
  out.blocks.count = blocks.count;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (valid[i] != 0) {
      out.found.push_back(values[i]);
      out.truth.push_back(true_values[i]);
      out.blocks.block.push_back(blocks.block[i]);
    }
  }
  if (out.found.size() < 3) {
    throw DataError(fmt::format("{}: nothing of {} can be scored", recording.string(), found));
  }
  return out;
}

double rms_difference(const Both& maps, bool without_mean) {
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < maps.found.size(); ++i) {
    const double d = maps.found[i] - maps.truth[i];
    sum += d;
    squares += d * d;
  }
  const auto n = static_cast<double>(maps.found.size());
  const double mean = without_mean ? sum / n : 0.0;
  return std::sqrt(std::max(0.0, squares / n - mean * mean));
}

Measured correlation(const std::string& name, const Both& maps, const std::string& note) {
  const analysis::Estimate r =
      analysis::block_pearson(maps.found, maps.truth, maps.blocks, {.replicates = 100});
  return {name, r.value, r.sigma, "", note};
}

/// The truth of a place is that of the spot below the tip; the parabola
/// weighs it with the surroundings that the tip senses, as a Kelvin loop does.
std::vector<Measured> score_bias_spectroscopy(const std::filesystem::path& recording,
                                              const std::filesystem::path& truth) {
  const Both places =
      both(recording, truth, "analysis_bias_spectroscopy/contact_potential", "contact_potential");
  return {{"rms error", 1e3 * rms_difference(places, false), nan, "mV", "of a place"},
          {"rms error of the contrast",
           1e3 * rms_difference(places, true),
           nan,
           "mV",
           "mean difference taken off"},
          correlation("correlation with the truth", places, "place by place"),
          {"places scored", static_cast<double>(places.found.size()), nan, "", ""}};
}

std::vector<Measured> score_kpfm(const std::filesystem::path& recording,
                                 const std::filesystem::path& truth) {
  const Both pixels =
      both(recording, truth, "analysis_kpfm/contact_potential", "contact_potential");
  const Both smooth =
      both(recording, truth, "analysis_kpfm/contact_potential_smooth", "contact_potential");
  return {{"rms error", 1e3 * rms_difference(pixels, false), nan, "mV", "of a pixel"},
          {"rms error of the contrast",
           1e3 * rms_difference(pixels, true),
           nan,
           "mV",
           "mean difference taken off"},
          correlation("correlation with the truth", pixels, "pixel by pixel"),
          correlation("correlation at the tip's resolution", smooth, "smoothed map"),
          {"pixels scored", static_cast<double>(pixels.found.size()), nan, "", ""}};
}

/// The loss at one frequency says how far the relaxation lies: monotone, so by ranks.
std::vector<Measured> score_pm_efm(const std::filesystem::path& recording,
                                   const std::filesystem::path& truth) {
  const Both loss = both(recording, truth, "analysis_pm_efm/loss_smooth", "relaxation_frequency");
  return {{"rank correlation of the loss with the relaxation frequency",
           analysis::spearman(loss.found, loss.truth),
           nan,
           "",
           "falls with the frequency beyond the stimulus, rises below"},
          {"pixels scored", static_cast<double>(loss.found.size()), nan, "", ""}};
}

std::vector<int> whole(const std::vector<double>& values) {
  std::vector<int> out;
  for (const double v : values) {
    out.push_back(static_cast<int>(std::lround(v)));
  }
  return out;
}

const data::ResultScalar* find(const data::Result& result, const std::string& name) {
  for (const data::ResultScalar& scalar : result.scalars) {
    if (scalar.name == name) {
      return &scalar;
    }
  }
  return nullptr;
}

double number_at(const Table& table, const std::string& path) {
  const auto dot = path.rfind('.');
  const Table* inner = dot == std::string::npos ? &table : table.table_at(path.substr(0, dot));
  const Value* value = inner == nullptr
                           ? nullptr
                           : inner->find(dot == std::string::npos ? path : path.substr(dot + 1));
  const auto* number = value == nullptr ? nullptr : std::get_if<double>(&value->data);
  return number == nullptr ? nan : *number;
}

std::vector<Measured> score_pfm(const std::filesystem::path& recording,
                                const std::filesystem::path& truth) {
  const Both levels = both(recording, truth, "analysis_pfm/levels", "domain");
  const analysis::LabelAgreement agreement =
      analysis::compare_labels(whole(levels.found), whole(levels.truth));
  std::vector<Measured> rows{
      {"levels against orientations",
       agreement.adjusted_rand,
       nan,
       "",
       "adjusted Rand index; 1 = every pixel, 0 = chance"},
      {"normalised mutual information", agreement.normalised_information, nan, "", ""}};
  const data::Result result = data::RecordingReader(recording).result("pfm");
  const data::TruthReader reader(recording, truth);
  const double true_deg =
      reader.has_collection("specimen")
          ? number_at(reader.collection("specimen"), "microcrystal.family_angle_deg")
          : nan;
  if (const data::ResultScalar* angle = find(result, "stripe_angle");
      angle != nullptr && std::isfinite(true_deg)) {
    rows.push_back({"angle of the stripes minus truth",
                    angle->value - true_deg,
                    angle->sigma,
                    "deg",
                    fmt::format("found {:.1f}, true {:.1f}", angle->value, true_deg)});
  }
  rows.push_back({"pixels scored", static_cast<double>(levels.found.size()), nan, "", ""});
  return rows;
}

std::vector<Measured> score_series(const std::filesystem::path& recording,
                                   const std::filesystem::path& truth) {
  const data::Result result = data::RecordingReader(recording).result("pm_dns_series");
  const data::TruthReader reader(recording, truth);
  const double true_ev = reader.has_collection("specimen")
                             ? number_at(reader.collection("specimen"), "ions.activation_energy_ev")
                             : nan;
  std::vector<Measured> rows;
  const std::string_view ending = "_activation_energy";
  for (const data::ResultScalar& scalar : result.scalars) {
    if (scalar.name.ends_with(ending) && !scalar.name.starts_with("null_")) {
      rows.push_back({scalar.name.substr(0, scalar.name.size() - ending.size()) +
                          ": activation energy minus truth",
                      scalar.value - true_ev,
                      scalar.sigma,
                      "eV",
                      fmt::format("found {:.4f}, true {:.4f}; {:+.1f} sigma",
                                  scalar.value,
                                  true_ev,
                                  (scalar.value - true_ev) / scalar.sigma)});
    }
  }
  if (rows.empty()) {
    throw DataError(recording.string() + ": the series gave no activation energy to be scored");
  }
  return rows;
}

std::vector<Measured> score_current_voltage(const std::filesystem::path& recording,
                                            const std::filesystem::path& truth) {
  const data::Result result = data::RecordingReader(recording).result("current_voltage");
  const data::TruthReader reader(recording, truth);
  const data::ResultScalar* found = find(result, "conductance");
  if (found == nullptr || !reader.has_signal("load_conductance")) {
    throw DataError(recording.string() + ": there is no conductance to be scored");
  }
  const double known = reader.read<double>("load_conductance").at(0);
  return {{"conductance minus truth",
           found->value - known,
           found->sigma,
           "S",
           fmt::format("found {:.4g}, true {:.4g}; {:+.1f} sigma",
                       found->value,
                       known,
                       (found->value - known) / found->sigma)}};
}

}  // namespace

const std::vector<Scorer>& image_scorers() {
  static const std::vector<Scorer> scorers{{"bias_spectroscopy", score_bias_spectroscopy},
                                           {"clim", score_movie},
                                           {"current_voltage", score_current_voltage},
                                           {"kpfm", score_kpfm},
                                           {"pfm", score_pfm},
                                           {"pm_dns_series", score_series},
                                           {"pm_efm", score_pm_efm}};
  return scorers;
}

}  // namespace halotwin::validation
