#include "validation/clim_case.hpp"

#include <cmath>
#include <map>

#include "analysis/pipelines/clim_file.hpp"
#include "base/constants.hpp"
#include "base/fields.hpp"
#include "data/truth.hpp"

namespace halotwin::validation {

namespace {

/// The part of an image that the analysis looked at.
template <class T>
std::vector<T> on_field(const data::TruthReader& truth,
                        const std::string& name,
                        const analysis::ClimResult& r) {
  const auto all = truth.read<double>(name);
  const std::size_t nx = truth.spec(name).axes.at(1).values.size();
  std::vector<T> field;
  for (std::size_t y = r.first_y; y < r.first_y + r.ny; ++y) {
    for (std::size_t x = r.first_x; x < r.first_x + r.nx; ++x) {
      field.push_back(static_cast<T>(all[y * nx + x]));
    }
  }
  return field;
}

std::vector<TrueCentre> centres_of(const data::TruthReader& truth) {
  std::vector<TrueCentre> centres;
  if (!truth.has_signal("centre_x")) {
    return centres;
  }
  const auto x = truth.read<double>("centre_x");
  const auto y = truth.read<double>("centre_y");
  const auto tau = truth.read<double>("centre_tau");
  const auto on = truth.read<double>("centre_on_rate");
  const auto off = truth.read<double>("centre_off_rate");
  const auto strong = truth.read<double>("centre_strong");
  for (std::size_t i = 0; i < x.size(); ++i) {
    centres.push_back({x[i], y[i], tau[i], on[i], off[i], strong[i] > 0.5});
  }
  return centres;
}

/// Mean area of the grains on the nodes, as a diameter.
double grain_diameter_m(const data::TruthReader& truth) {
  const auto grain = truth.read<double>("node_grain");
  const auto& axes = truth.spec("node_grain").axes;
  const double step_m = axes.at(1).values.at(1) - axes.at(1).values.at(0);
  std::map<double, std::size_t> nodes;
  for (const double g : grain) {
    ++nodes[g];
  }
  const double area = static_cast<double>(grain.size()) / static_cast<double>(nodes.size());
  return 2.0 * step_m * std::sqrt(area / constants::pi);
}

}  // namespace

ClimCase read_clim_case(const std::filesystem::path& recording,
                        const Table& settings,
                        Threads threads) {
  ClimCase out;
  out.recording = recording;
  analysis::ClimOptions options;
  load_fields(options, settings, "analysis.clim");
  out.result = analysis::analyse_clim(analysis::RecordedMovie(recording), options, threads);
  const data::TruthReader truth(recording);
  out.clean_map = on_field<double>(truth, "clean_map", out.result);
  out.strongest_share = on_field<double>(truth, "strongest_share", out.result);
  out.strongest = on_field<int>(truth, "strongest_centre", out.result);
  out.domain = on_field<int>(truth, "quenching_domain", out.result);
  out.centres = centres_of(truth);
  out.grain_diameter_m = grain_diameter_m(truth);
  return out;
}

}  // namespace halotwin::validation
