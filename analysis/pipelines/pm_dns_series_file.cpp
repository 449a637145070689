#include "analysis/pipelines/pm_dns_series_file.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

constexpr double unknown_temperature_k = 300.0;
constexpr double poor_correlation = 0.5;

std::vector<double> conditions(const data::RecordingReader& recording, const char* group) {
  return recording.has_signal(group) ? recording.read<double>(group) : std::vector<double>{};
}

/// "grain_wide" -> "grain, broad maximum"
std::string words_of(const std::string& track) {
  const std::size_t cut = track.find('_');
  const std::string of = track.substr(0, cut) == "all" ? "all pixels" : track.substr(0, cut);
  const std::string what = cut == std::string::npos ? "" : track.substr(cut + 1);
  return what == "wide"              ? of + ", broad maximum"
         : what.starts_with("line_") ? of + ", line " + what.substr(5)
                                     : track;
}

void add_energies(const PmDnsSeriesResult& r, Findings& out) {
  for (const SeriesTrack& t : r.tracks) {
    const bool known = t.conductivity.status == ArrheniusStatus::complete;
    const auto put =
        [&](const char* what, double value, double sigma, const char* unit, std::string note) {
          out.values.push_back({t.name + what,
                                known ? value : nan,
                                known ? sigma : nan,
                                unit,
                                known ? std::move(note) : "not resolved at three temperatures"});
        };
    const ArrheniusFit& fit = t.conductivity;
    put("_activation_energy",
        fit.activation_energy_ev,
        t.sigma_ev(),
        "eV",
        fmt::format(
            "of N D, from ln(f T); points {:.4f}, definition of the maximum {:.4f}, scale of "
            "the temperature {:.4f} eV; chi^2 {:.1f} of {}; one left out at a time +- {:.4f}",
            fit.sigma_ev,
            t.definition_sigma_ev,
            t.scale_sigma_ev,
            fit.chi_square,
            fit.degrees_of_freedom,
            fit.leave_one_out_sigma_ev));
    put("_rate_energy", t.rate.activation_energy_ev, t.rate.sigma_ev, "eV", "from ln f instead");
    put("_frequency_300_k",
        fit.frequency_300_hz,
        fit.frequency_300_sigma_hz,
        "Hz",
        "of the maximum, at 300 K");
  }
}

void add_bias(const PmDnsSeriesResult& r, Findings& out) {
  const auto put = [&](const char* name, const BiasFit& fit, const char* note) {
    out.values.push_back(
        {name,
         fit.known ? fit.change_at_1_v : nan,
         fit.known ? fit.change_sigma : nan,
         "",
         fit.known ? fmt::format("{}; {:+.4f} +- {:.4f} per V, {:+.4f} +- {:.4f} per V^2",
                                 note,
                                 fit.linear_per_v,
                                 fit.linear_sigma,
                                 fit.quadratic_per_v2,
                                 fit.quadratic_sigma)
                   : fmt::format("{}; not resolved at enough biases", note)});
  };
  put("fast_response_change_at_1_v",
      r.fast_against_bias,
      "relative; film over metal: static detuning and bending of the lever");
  put("height_change_at_1_v",
      r.height_against_bias,
      "relative; broad maximum of all pixels in units of the fast response");
  put("position_change_at_1_v", r.position_against_bias, "relative; its frequency");
  put("noise_change_at_1_v",
      r.noise_against_bias,
      "relative; up against down: the first harmonic leaking through the filter");
}

FoundCurve spectra_curve(const PmDnsSeriesResult& r, std::size_t which) {
  FoundCurve curve{r.classes[which] + "_spectra",
                   r.classes[which] == "all" ? "Mean spectra, all pixels"
                                             : "Mean spectra, class " + r.classes[which],
                   "stimulus frequency (Hz)",
                   "response / fast response",
                   true,
                   false,
                   {}};
  for (std::size_t k = 0; k < r.temperature_k.size(); ++k) {
    curve.series.push_back({r.temperature_series
                                ? fmt::format("round {}: {:.1f} K", k, r.temperature_k[k])
                                : fmt::format("round {}: {:+.2f} V", k, r.offset_v[k]),
                            r.frequencies_hz,
                            r.spectra[which][k],
                            r.spectra_sigma[which][k]});
  }
  return curve;
}

FoundCurve arrhenius_curve(const PmDnsSeriesResult& r) {
  FoundCurve curve{"arrhenius",
                   "Frequency of the maxima times temperature",
                   "1000 / T (1/K)",
                   "f T (Hz K)",
                   false,
                   true,
                   {}};
  curve.note =
      "A straight line means one activated conductivity; the slope is that of N D, ion "
      "density times diffusivity, never of the mobility alone.";
  for (const SeriesTrack& t : r.tracks) {
    FoundSeries points{words_of(t.name), {}, {}, {}, true};
    for (std::size_t k = 0; k < t.peaks.size(); ++k) {
      if (t.peaks[k].usable()) {
        points.x.push_back(1000.0 / r.temperature_k[k]);
        points.y.push_back(t.peaks[k].position_hz * r.temperature_k[k]);
        points.sigma.push_back(t.peaks[k].position_sigma_hz * r.temperature_k[k]);
      }
    }
    curve.series.push_back(std::move(points));
  }
  return curve;
}

FoundCurve bias_curve(const PmDnsSeriesResult& r) {
  FoundCurve curve{"against_bias",
                   "Response against bias, relative to no added bias",
                   "added bias (V)",
                   "relative value",
                   false,
                   false,
                   {}};
  const auto add = [&](const char* name, const auto& value_of) {
    FoundSeries series{name, {}, {}, {}, true};
    const double reference = value_of(r.reference_round).first;
    for (std::size_t k = 0; k < r.offset_v.size(); ++k) {
      const auto [value, sigma] = value_of(k);
      if (std::isfinite(value)) {
        series.x.push_back(r.offset_v[k]);
        series.y.push_back(value / reference);
        series.sigma.push_back(sigma / reference);
      }
    }
    curve.series.push_back(std::move(series));
  };
  const SeriesTrack& broad = r.tracks.front();
  add("fast response, film over metal", [&](std::size_t k) {
    return std::pair{r.fast_response[k], r.fast_response_sigma[k]};
  });
  add("height of the maximum", [&](std::size_t k) {
    return std::pair{broad.peaks[k].usable() ? broad.peaks[k].height : nan,
                     broad.peaks[k].height_sigma};
  });
  add("frequency of the maximum", [&](std::size_t k) {
    return std::pair{broad.peaks[k].usable() ? broad.peaks[k].position_hz : nan,
                     broad.peaks[k].position_sigma_hz};
  });
  return curve;
}

FoundMap class_map(const PmDnsSeriesResult& r, const Grid& pixels) {
  FoundMap out;
  out.name = "classes";
  out.title = "classes, held for all rounds";
  out.nx = r.nx;
  out.ny = r.ny;
  out.step_x_m = pixels.step_x_m;
  out.step_y_m = pixels.step_y_m;
  out.x_m = pixels.origin.x_m;
  out.y_m = pixels.origin.y_m;
  out.labels = true;
  out.label_names = {"not considered", "grain", "boundary", "hotspot", "excluded", "unmeasured"};
  for (const PixelClass label : r.class_map) {
    out.values.push_back(static_cast<float>(static_cast<int>(label)));
  }
  return out;
}

void add_warnings(const PmDnsSeriesResult& r, Findings& out) {
  std::string left_out;
  for (std::size_t k = 0; k < r.used.size(); ++k) {
    if (r.used[k] == 0) {
      left_out += fmt::format("{}{}", left_out.empty() ? "" : ", ", k);
    }
  }
  if (!left_out.empty()) {
    out.warnings.push_back(fmt::format(
        "rounds left out, the ultraslow transient spoils more than half of them: {}", left_out));
  }
  for (std::size_t k = 0; k < r.map_correlation.size(); ++k) {
    if (r.map_correlation[k] < poor_correlation) {
      out.warnings.push_back(fmt::format(
          "round {}: the topography has moved or changed (correlation {:.2f} with round {})",
          k,
          r.map_correlation[k],
          r.reference_round));
    }
  }
  for (const SeriesTrack& t : r.tracks) {
    const auto there =
        std::count_if(t.peaks.begin(), t.peaks.end(), [](const Peak& p) { return p.usable(); });
    const auto lost = std::count(r.used.begin(), r.used.end(), 1) - there;
    if (lost > 0) {
      out.warnings.push_back(
          fmt::format("{}: no maximum in {} of the rounds that are used", words_of(t.name), lost));
    }
  }
}

}  // namespace

PmDnsSeriesOptions series_options(const std::filesystem::path& recording) {
  const data::RecordingReader reader(recording);
  const Table* settings = reader.header().configuration.table_at("analysis.pm_dns_series");
  return options_from<PmDnsSeriesOptions>(settings == nullptr ? Table{} : *settings,
                                          "pm_dns_series");
}

std::vector<PmDnsSeriesRound> PmDnsSeries::rounds(const PmDnsSeriesOptions& options) const {
  std::vector<PmDnsSeriesRound> all;
  for (std::size_t k = 0; k < maps.size(); ++k) {
    all.push_back({maps[k].input(), temperature_k[k], options.temperature_sigma_k, offset_v[k]});
  }
  return all;
}

PmDnsSeries read_pm_dns_series(const std::filesystem::path& recording,
                               const PmDnsSeriesOptions& options) {
  const data::RecordingReader whole(recording);
  const auto temperature = conditions(whole, "conditions/temperature");
  const auto offset = conditions(whole, "conditions/offset");
  PmDnsSeries series;
  std::size_t round = 0;
  for (const data::RecordingSection& section : whole.header().sections) {
    if (section.scope != fmt::format("r{:02}_{}", round, options.step)) {
      continue;
    }
    const data::RecordingReader one(recording, section.scope);
    if (one.units_done() < one.header().units_total) {
      break;  // the rest was not measured
    }
    series.maps.push_back(read_pm_dns_map(one));
    const double t = round < temperature.size() ? temperature[round] : nan;
    series.temperature_k.push_back(std::isfinite(t) ? t : unknown_temperature_k);
    series.offset_v.push_back(round < offset.size() ? offset[round] : 0.0);
    ++round;
  }
  if (series.maps.empty()) {
    throw DataError(fmt::format(
        "{}: holds no whole round of the step \"{}\"", recording.string(), options.step));
  }
  return series;
}

Findings findings_of(const PmDnsSeriesResult& r, const Grid& pixels) {
  Findings out;
  out.values.push_back({"rounds", static_cast<double>(r.temperature_k.size())});
  out.values.push_back(
      {"excluded_lines", static_cast<double>(r.excluded_lines), nan, "", "in every round"});
  if (r.temperature_series) {
    add_energies(r, out);
    out.curves.push_back(arrhenius_curve(r));
    out.note =
        "Activation energies are those of the product N D (ion density times diffusivity): a "
        "frequency gives a conductivity, never a mobility alone. They follow from ln(f T); "
        "from ln f they are about kB T = 0.026 eV lower.";
  }
  if (r.bias_series) {
    add_bias(r, out);
    out.curves.push_back(bias_curve(r));
  }
  for (std::size_t c = 0; c < r.classes.size(); ++c) {
    out.curves.push_back(spectra_curve(r, c));
  }
  out.maps.push_back(class_map(r, pixels));
  add_warnings(r, out);
  return out;
}

void check_pm_dns_series_settings(const Table& settings) {
  static_cast<void>(options_from<PmDnsSeriesOptions>(settings, "pm_dns_series"));
}

Findings run_pm_dns_series_pipeline(const PipelineRun& run) {
  const auto options = options_from<PmDnsSeriesOptions>(run.settings, "pm_dns_series");
  const PmDnsSeries series = read_pm_dns_series(run.recording, options);
  const auto rounds = series.rounds(options);
  const Findings findings =
      findings_of(analyse_pm_dns_series(rounds, options, run.threads), series.maps.front().grid());
  write_findings(run,
                 {"pm_dns_series",
                  effective_fields(options),
                  "demodulated, reference, topography of the step; conditions"},
                 findings);
  return findings;
}

}  // namespace halotwin::analysis
