#include "validation/score_movie.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "analysis/score.hpp"
#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"

namespace halotwin::validation {

namespace {

constexpr double block_m = 2e-6;  // pixels of one correlated region are one measurement

/// A map of the result and the truth at its pixels.
struct Pair {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_m = 0.0;
  std::vector<double> found;
  std::vector<double> truth;
};

double step_of(const data::Axis& axis, const std::filesystem::path& file) {
  if (axis.values.size() < 2) {
    throw DataError(fmt::format("{}: a map one pixel wide cannot be scored", file.string()));
  }
  return axis.values[1] - axis.values[0];
}

/// The analysed field may be a part of the movie: its axes count from the movie's first pixel.
Pair read_pair(const std::filesystem::path& recording,
               const data::RecordingReader& reader,
               const data::TruthReader& truth,
               const std::string& found,
               const std::string& known) {
  const data::SignalSpec field = reader.spec(found);
  const data::SignalSpec whole = truth.spec(known);
  if (field.axes.size() != 2 || whole.axes.size() != 2) {
    throw DataError(fmt::format("{}: {} is no map", recording.string(), found));
  }
  Pair out;
  out.ny = field.axes[0].values.size();
  out.nx = field.axes[1].values.size();
  out.step_m = step_of(field.axes[1], recording);
  const auto first = [&](const data::Axis& axis) {
    return static_cast<std::size_t>(std::max(0L, std::lround(axis.values.front() / out.step_m)));
  };
  const std::size_t first_y = first(field.axes[0]);
  const std::size_t first_x = first(field.axes[1]);
  const std::size_t whole_nx = whole.axes[1].values.size();
  if (first_x + out.nx > whole_nx || first_y + out.ny > whole.axes[0].values.size()) {
    throw DataError(fmt::format(
        "{}: the result {} reaches beyond the truth {}", recording.string(), found, known));
  }
  out.found = reader.read<double>(found);
  const auto all = truth.read<double>(known);
  for (std::size_t y = first_y; y < first_y + out.ny; ++y) {
    for (std::size_t x = first_x; x < first_x + out.nx; ++x) {
      out.truth.push_back(all[y * whole_nx + x]);
    }
  }
  return out;
}

Measured correlation(const std::string& name, const Pair& maps, const std::string& note) {
  std::vector<std::uint8_t> valid(maps.found.size(), 0);
  for (std::size_t p = 0; p < valid.size(); ++p) {
    valid[p] = std::isfinite(maps.found[p]) && std::isfinite(maps.truth[p]) ? 1 : 0;
  }
  const auto side =
      static_cast<std::size_t>(std::max(1L, std::lround(block_m / std::abs(maps.step_m))));
  const analysis::BlockMap all = analysis::spatial_blocks(maps.nx, maps.ny, side, valid);
  analysis::BlockMap blocks{{}, all.count};
  std::vector<double> found;
  std::vector<double> truth;
  for (std::size_t p = 0; p < valid.size(); ++p) {
    if (valid[p] != 0) {
      found.push_back(maps.found[p]);
      truth.push_back(maps.truth[p]);
      blocks.block.push_back(all.block[p]);
    }
  }
  if (found.size() < 3) {
    return {name, nan, nan, "", "nothing to score"};
  }
  const analysis::Estimate r = analysis::block_pearson(found, truth, blocks, {.replicates = 100});
  return {name, r.value, r.sigma, "", note};
}

Measured difference(const std::string& name, const Pair& maps) {
  std::vector<double> off;
  for (std::size_t p = 0; p < maps.found.size(); ++p) {
    if (std::isfinite(maps.found[p]) && std::isfinite(maps.truth[p])) {
      off.push_back(maps.found[p] - maps.truth[p]);
    }
  }
  return {name, off.empty() ? nan : analysis::median(off), nan, "", "found minus true"};
}

std::vector<Measured> clusters(const Pair& maps) {
  std::vector<int> found;
  std::vector<int> truth;
  for (std::size_t p = 0; p < maps.found.size(); ++p) {
    if (maps.truth[p] > 0.0) {
      truth.push_back(static_cast<int>(std::lround(maps.truth[p])));
      found.push_back(std::isfinite(maps.found[p]) ? static_cast<int>(std::lround(maps.found[p]))
                                                   : 0);
    }
  }
  return {{"clusters against quenching domains",
           found.empty() ? nan : analysis::compare_labels(found, truth).adjusted_rand,
           nan,
           "",
           "adjusted Rand index; 1 = every pixel, 0 = chance"},
          {"share of pixels where one centre rules",
           static_cast<double>(found.size()) / static_cast<double>(maps.found.size()),
           nan,
           "",
           "these were scored"}};
}

}  // namespace

std::vector<Measured> score_movie(const std::filesystem::path& recording,
                                  const std::filesystem::path& truth) {
  const data::RecordingReader reader(recording);
  const data::TruthReader known(recording, truth);
  const auto pair = [&](const char* found, const char* name) {
    return read_pair(recording, reader, known, std::string("analysis_clim/") + found, name);
  };
  const bool clean = reader.has_signal("analysis_clim/correlation_disattenuated");
  const Pair map = pair(clean ? "correlation_disattenuated" : "correlation", "clean_map");
  std::vector<Measured> rows{
      correlation("correlation of the correlation map with the noise-free one",
                  map,
                  clean ? "the detector's noise taken out" : "with the detector's noise in it"),
      difference("median difference of both", map),
      correlation("correlation of the mean image with the true one",
                  pair("intensity", "clean_mean"),
                  "pixel by pixel")};
  for (Measured& row : clusters(pair("clusters", "quenching_domain"))) {
    rows.push_back(std::move(row));
  }
  rows.push_back({"pixels scored", static_cast<double>(map.found.size()), nan, "", ""});
  return rows;
}

}  // namespace halotwin::validation
