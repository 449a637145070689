#include "analysis/pipelines/repeats_file.hpp"

#include <cmath>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

Repeats::Image read_image(const data::RecordingReader& one) {
  Repeats::Image image;
  const data::SignalSpec spec = one.spec("contact_potential");
  if (spec.axes.size() != 2) {
    throw DataError(fmt::format("{}: contact_potential is no image", one.path().string()));
  }
  const std::vector<double>& y = spec.axes[0].values;
  const std::vector<double>& x = spec.axes[1].values;
  image.nx = x.size();
  image.ny = y.size();
  image.step_m = x.size() > 1 ? x[1] - x[0] : 1.0;
  image.first = {x.front(), y.front()};
  image.contact_potential_v = one.read<double>("contact_potential");
  image.contact_potential_backward_v = one.read<double>("contact_potential_backward");
  image.topography_m = one.read<double>("topography");
  return image;
}

void add_drift(const std::string& name, const Registration& r, double step_m, Findings& out) {
  const auto put = [&](const char* axis, const Estimate& e) {
    out.values.push_back({name + axis,
                          r.found() ? e.value * step_m : nan,
                          r.found() ? e.sigma * step_m : nan,
                          "m",
                          r.found() ? fmt::format("correlation {:.2f}, {:.0f} % of the pixels",
                                                  r.correlation,
                                                  100 * r.overlap)
                                    : std::string(halotwin::name_of(r.status))});
  };
  put("_drift_x", r.shift_x_pixels);
  put("_drift_y", r.shift_y_pixels);
  if (!r.found()) {
    out.warnings.push_back(
        fmt::format("{}: not registered ({})", name, halotwin::name_of(r.status)));
  }
}

void add_zone(const std::string& name, const ZoneComparison& c, std::size_t k, Findings& out) {
  if (k >= c.zones.size()) {
    return;
  }
  const Zone& z = c.zones[k];
  const bool known = z.found();
  const std::string note = known ? "half-way from the boundary to the inside of grains"
                                 : "the boundary does not stand out";
  out.values.push_back({name + "_half_width",
                        known ? z.half_width_m.value : nan,
                        known ? z.half_width_m.sigma : nan,
                        "m",
                        note});
  out.values.push_back({name + "_contrast", z.contrast.value, z.contrast.sigma, "", ""});
  if (k > 0) {
    const bool both = known && c.zones.front().found();
    out.values.push_back({name + "_widening",
                          both ? c.widening[k].value : nan,
                          both ? c.widening[k].sigma : nan,
                          "m",
                          "against the first round, same boundaries and pixels"});
  }
}

FoundCurve profiles(const char* name,
                    const char* title,
                    const char* unit,
                    const ZoneComparison& c) {
  FoundCurve curve{name, title, "distance from the boundary (m)", unit, false, false, {}};
  for (std::size_t k = 0; k < c.zones.size(); ++k) {
    const Zone& z = c.zones[k];
    curve.series.push_back({fmt::format("round {}", k), z.distance_m, z.profile, z.sigma});
  }
  return curve;
}

void add_growth(std::size_t k, const ContrastGrowth& g, Findings& out) {
  const std::string name = fmt::format("round_{}_contrast_growth", k);
  out.values.push_back({name + "_upper",
                        g.upper.value,
                        g.upper.sigma,
                        "",
                        "contact potential within grains (rms less noise): the tenth of the grains "
                        "that changed most, over the median before"});
  out.values.push_back({name + "_typical", g.typical.value, g.typical.sigma, "", "medians"});
}

FoundMap map_of(const std::string& name,
                const std::string& title,
                const char* unit,
                const Grid& grid,
                const std::vector<double>& values) {
  FoundMap map{name, title, unit, grid.nx, grid.ny, grid.step_x_m, grid.step_y_m, {}};
  map.x_m = grid.origin.x_m;
  map.y_m = grid.origin.y_m;
  map.values.assign(values.begin(), values.end());
  return map;
}

}  // namespace

Repeats read_repeats(const std::filesystem::path& recording, const RepeatsOptions& options) {
  const data::RecordingReader whole(recording);
  Repeats out;
  for (const data::RecordingSection& section : whole.header().sections) {
    const data::RecordingReader one(recording, section.scope);
    if (one.units_done() < one.header().units_total) {
      continue;  // not whole
    }
    if (section.procedure == options.map_step) {
      out.maps.push_back(read_pm_dns_map(one));
    } else if (section.procedure == options.potential_step) {
      out.images.push_back(read_image(one));
    }
  }
  if (out.maps.empty() && out.images.empty()) {
    throw DataError(fmt::format("{}: holds no whole round of the steps \"{}\" or \"{}\"",
                                recording.string(),
                                options.map_step,
                                options.potential_step));
  }
  return out;
}

RepeatsResult analyse_repeats(const Repeats& repeats,
                              const RepeatsOptions& options,
                              Threads threads) {
  std::vector<PmDnsInput> maps;
  for (const PmDnsMap& map : repeats.maps) {
    maps.push_back(map.input());
  }
  std::vector<PotentialImage> images;
  for (const Repeats::Image& i : repeats.images) {
    images.push_back({i.nx,
                      i.ny,
                      i.contact_potential_v,
                      i.contact_potential_backward_v,
                      i.topography_m,
                      i.step_m});
  }
  return analyse_repeats(maps, images, options, threads);
}

Findings findings_of(const RepeatsResult& r, const Repeats& repeats) {
  Findings out;
  for (std::size_t k = 0; k < r.maps.size(); ++k) {
    const std::string name = fmt::format("round_{}", k);
    if (k > 0) {
      add_drift(name + "_map", r.maps[k].drift, repeats.maps.front().grid().step_x_m, out);
    }
    add_zone(name + "_zone", r.zones, k, out);
    add_zone(name + "_groove", r.grooves, k, out);
    if (!r.maps[k].quantity.empty()) {
      out.maps.push_back(map_of(fmt::format("zone_map_{}", k),
                                fmt::format("response whose zones are measured, round {}", k),
                                "",
                                repeats.maps.front().grid(),
                                r.maps[k].quantity));
    }
  }
  for (std::size_t k = 0; k < r.potentials.size(); ++k) {
    const Repeats::Image& first = repeats.images.front();
    const PotentialRound& round = r.potentials[k];
    if (k > 0) {
      add_drift(fmt::format("round_{}_potential", k), round.drift, first.step_m, out);
      add_growth(k, round.growth, out);
    }
    out.values.push_back({fmt::format("round_{}_potential_noise", k),
                          round.noise_v,
                          nan,
                          "V",
                          "of one pixel, from the two passes"});
    if (!round.within_v.empty()) {
      const Grid grid{first.nx, first.ny, first.step_m, first.step_m, first.first};
      out.maps.push_back(map_of(fmt::format("potential_within_grains_{}", k),
                                fmt::format("contact potential less its grain's mean, round {}", k),
                                "V",
                                grid,
                                round.within_v));
    }
  }
  out.curves.push_back(
      profiles("zone_profile", "boundary zone of the response", "response", r.zones));
  out.curves.push_back(
      profiles("groove_profile", "boundaries in the topography", "height (m)", r.grooves));
  out.note =
      "Boundaries are those of the first round's topography. A zone that widens while the groove "
      "in the topography keeps its profile is the film's doing; a blunt tip changes both.";
  return out;
}

void check_repeats_settings(const Table& settings) {
  static_cast<void>(options_from<RepeatsOptions>(settings, "repeats"));
}

Findings run_repeats_pipeline(const PipelineRun& run) {
  const auto options = options_from<RepeatsOptions>(run.settings, "repeats");
  const Repeats repeats = read_repeats(run.recording, options);
  Findings findings = findings_of(analyse_repeats(repeats, options, run.threads), repeats);
  write_findings(run,
                 {"repeats",
                  effective_fields(options),
                  "demodulated, reference, topography, contact_potential of each round"},
                 findings);
  return findings;
}

}  // namespace halotwin::analysis
