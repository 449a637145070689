#include "analysis/pipelines/pm_dns_series.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/Dense>

#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double room_k = 300.0;
constexpr std::array<double, 2> other_windows{0.75, 1.3};  // of the window: systematic error
constexpr std::size_t class_count = 3;                     // all, grain, boundary

PmDnsOptions light(PmDnsOptions options) {
  options.replicates = 2;
  options.null_repeats = 0;
  options.max_rank_scanned = 0;
  return options;
}

std::size_t reference_round(std::span<const PmDnsSeriesRound> rounds,
                            const std::vector<std::uint8_t>& used) {
  auto best = static_cast<std::size_t>(std::find(used.begin(), used.end(), 1) - used.begin());
  const auto distance = [&](std::size_t k) {
    return std::abs(rounds[k].temperature_k - room_k) / 10.0 + std::abs(rounds[k].offset_v) / 0.1;
  };
  for (std::size_t k = best + 1; k < rounds.size(); ++k) {
    if (used[k] != 0 && distance(k) < distance(best)) {
      best = k;
    }
  }
  return best;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  double sa = 0.0;
  double sb = 0.0;
  double n = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(a[i]) && std::isfinite(b[i])) {
      sa += a[i];
      sb += b[i];
      n += 1.0;
    }
  }
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(a[i]) && std::isfinite(b[i])) {
      ab += (a[i] - sa / n) * (b[i] - sb / n);
      aa += (a[i] - sa / n) * (a[i] - sa / n);
      bb += (b[i] - sb / n) * (b[i] - sb / n);
    }
  }
  return aa > 0.0 && bb > 0.0 ? ab / std::sqrt(aa * bb) : nan;
}

bool in_class(PixelClass label, std::size_t which) {
  switch (which) {
    case 1:
      return label == PixelClass::grain;
    case 2:
      return label == PixelClass::boundary;
    default:
      return label != PixelClass::unmeasured && label != PixelClass::excluded;
  }
}

/// Mean spectrum of a class in one round, with the error of readings and reference.
void mean_spectrum(const ResponseCube& cube,
                   const std::vector<PixelClass>& labels,
                   std::size_t which,
                   std::vector<double>& mean,
                   std::vector<double>& sigma) {
  const std::size_t channels = cube.noise_sigma.size();
  mean.assign(channels, 0.0);
  sigma.assign(channels, 0.0);
  double count = 0.0;
  for (std::size_t p = 0; p < labels.size(); ++p) {
    if (cube.valid[p] == 0 || !in_class(labels[p], which)) {
      continue;
    }
    for (std::size_t c = 0; c < channels; ++c) {
      mean[c] += static_cast<double>(cube.values[p * channels + c]);
    }
    count += 1.0;
  }
  for (std::size_t c = 0; c < channels; ++c) {
    mean[c] /= count;
    sigma[c] = std::hypot(cube.noise_sigma[c] / std::sqrt(count), cube.common_sigma[c]);
  }
}

/// Everything about the rounds that following a maximum needs.
struct Spectra {
  std::span<const PmDnsSeriesRound> rounds;
  std::span<const double> frequencies_hz;
  const std::vector<std::vector<double>>* mean;   // [round][frequency]
  const std::vector<std::vector<double>>* sigma;  // [round][frequency]
  std::span<const std::uint8_t> used;
  std::size_t reference = 0;
  [[nodiscard]] SpectrumView view(std::size_t round) const {
    return {frequencies_hz, (*mean)[round], (*sigma)[round]};
  }
};

double largest_at(const SpectrumView& s) {
  const auto top = std::max_element(s.values.begin(), s.values.end()) - s.values.begin();
  return s.frequencies_hz[static_cast<std::size_t>(top)];
}

/// Where the broad maximum is sought: at the top of the spectrum, but at the temperature of the
/// reference round where that round has it. A bias does not move the maximum far; what it adds at
/// low frequencies may be higher.
std::vector<double> broad_guesses(const Spectra& of) {
  constexpr double same_k = 1.0;
  std::vector<double> guesses;
  for (std::size_t k = 0; k < of.rounds.size(); ++k) {
    const bool same =
        std::abs(of.rounds[k].temperature_k - of.rounds[of.reference].temperature_k) < same_k;
    guesses.push_back(largest_at(of.view(same ? of.reference : k)));
  }
  return guesses;
}

/// Where a line at `reference_hz` in the reference round lies in the others: with the activation
/// energy under which the spectra are highest there.
std::vector<double> line_guesses(const Spectra& of, double reference_hz, double max_energy_ev) {
  constexpr int trials = 101;
  std::vector<double> best;
  double best_score = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < trials; ++i) {
    const double energy = max_energy_ev * i / (trials - 1);
    std::vector<double> guesses;
    double score = 0.0;
    for (std::size_t k = 0; k < of.rounds.size(); ++k) {
      const double t0 = of.rounds[of.reference].temperature_k;
      const double t = of.rounds[k].temperature_k;
      guesses.push_back(reference_hz * t0 / t *
                        std::exp(energy / constants::boltzmann_ev_per_k * (1.0 / t0 - 1.0 / t)));
      const SpectrumView view = of.view(k);
      const bool inside =
          guesses.back() > of.frequencies_hz.front() && guesses.back() < of.frequencies_hz.back();
      const double top = *std::max_element(view.values.begin(), view.values.end());
      score +=
          of.used[k] != 0 && inside && top > 0.0 ? value_at(view, guesses.back()).value / top : 0.0;
    }
    if (score > best_score) {
      best_score = score;
      best = guesses;
    }
  }
  return best;
}

std::vector<Peak> follow(const Spectra& of, const std::vector<double>& guesses, double half_width) {
  std::vector<Peak> peaks;
  for (std::size_t k = 0; k < of.rounds.size(); ++k) {
    const bool inside =
        guesses[k] > of.frequencies_hz.front() && guesses[k] < of.frequencies_hz.back();
    Peak peak = inside && of.used[k] != 0 ? wide_peak(of.view(k), guesses[k], half_width) : Peak{};
    if (peak.usable() && std::abs(std::log10(peak.position_hz / guesses[k])) > 2.0 * half_width) {
      peak.status = PeakStatus::not_resolved;  // it ran away to another maximum
    }
    peaks.push_back(peak);
  }
  return peaks;
}

std::vector<ArrheniusPoint> points_of(std::span<const PmDnsSeriesRound> rounds,
                                      const std::vector<Peak>& peaks) {
  std::vector<ArrheniusPoint> points;
  for (std::size_t k = 0; k < rounds.size(); ++k) {
    if (peaks[k].usable()) {
      points.push_back({rounds[k].temperature_k,
                        rounds[k].temperature_sigma_k,
                        peaks[k].position_hz,
                        peaks[k].position_sigma_hz});
    }
  }
  return points;
}

SeriesTrack track(const std::string& name,
                  const Spectra& of,
                  const std::vector<double>& guesses,
                  double half_width,
                  const PmDnsSeriesOptions& options) {
  SeriesTrack t;
  t.name = name;
  t.peaks = follow(of, guesses, half_width);
  const auto points = points_of(of.rounds, t.peaks);
  t.conductivity = fit_arrhenius(points, ArrheniusForm::conductivity);
  t.rate = fit_arrhenius(points, ArrheniusForm::rate);
  double low = t.conductivity.activation_energy_ev;
  double high = low;
  for (const double factor : other_windows) {
    const auto other = fit_arrhenius(points_of(of.rounds, follow(of, guesses, factor * half_width)),
                                     ArrheniusForm::conductivity);
    if (other.status == ArrheniusStatus::complete) {
      low = std::min(low, other.activation_energy_ev);
      high = std::max(high, other.activation_energy_ev);
    }
  }
  t.definition_sigma_ev = 0.5 * (high - low);
  // a scale error s of T - room scales the slope against 1/T by about 1 + s
  t.scale_sigma_ev =
      options.temperature_scale_sigma *
      std::abs(t.conductivity.activation_energy_ev + constants::boltzmann_ev_per_k * room_k);
  return t;
}

/// Weighted least squares y / y0 = 1 + b V + c V^2 with y0 free.
BiasFit fit_bias(std::span<const double> offset_v,
                 std::span<const double> values,
                 std::span<const double> sigmas) {
  std::vector<std::size_t> use;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (std::isfinite(values[k]) && sigmas[k] > 0.0) {
      use.push_back(k);
    }
  }
  BiasFit fit;
  if (use.size() < 4) {
    return fit;
  }
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  Eigen::Vector3d right = Eigen::Vector3d::Zero();
  for (const std::size_t k : use) {
    const Eigen::Vector3d row(1.0, offset_v[k], offset_v[k] * offset_v[k]);
    const double w = 1.0 / (sigmas[k] * sigmas[k]);
    normal += w * row * row.transpose();
    right += w * row * values[k];
  }
  const Eigen::FullPivLU<Eigen::Matrix3d> lu(normal);
  if (!lu.isInvertible()) {
    return fit;
  }
  const Eigen::Vector3d c = lu.solve(right);
  Eigen::Matrix3d covariance = lu.inverse();
  fit.degrees_of_freedom = static_cast<int>(use.size()) - 3;
  for (const std::size_t k : use) {
    const double v = offset_v[k];
    const double pull = (values[k] - c(0) - c(1) * v - c(2) * v * v) / sigmas[k];
    fit.chi_square += pull * pull;
  }
  covariance *= std::max(1.0, fit.chi_square / fit.degrees_of_freedom);
  fit.known = c(0) != 0.0;
  fit.linear_per_v = c(1) / c(0);
  fit.linear_sigma = std::sqrt(covariance(1, 1)) / std::abs(c(0));
  fit.quadratic_per_v2 = c(2) / c(0);
  fit.quadratic_sigma = std::sqrt(covariance(2, 2)) / std::abs(c(0));
  const double side = fit.quadratic_per_v2 * fit.linear_per_v < 0.0 ? -1.0 : 1.0;
  const Eigen::Vector3d g(0.0, side, 1.0);
  fit.change_at_1_v = fit.quadratic_per_v2 + side * fit.linear_per_v;
  fit.change_sigma = std::sqrt(g.dot(covariance * g)) / std::abs(c(0));
  return fit;
}

void fit_biases(PmDnsSeriesResult& result) {
  const SeriesTrack& broad = result.tracks.front();
  const std::size_t n = result.offset_v.size();
  std::vector<double> height(n, nan);
  std::vector<double> height_sigma(n, nan);
  std::vector<double> position(n, nan);
  std::vector<double> position_sigma(n, nan);
  std::vector<double> noise_sigma(n);
  std::vector<double> fast = result.fast_response;
  std::vector<double> noise = result.noise;
  for (std::size_t k = 0; k < n; ++k) {
    if (broad.peaks[k].usable()) {
      height[k] = broad.peaks[k].height;
      height_sigma[k] = broad.peaks[k].height_sigma;
      position[k] = broad.peaks[k].position_hz;
      position_sigma[k] = broad.peaks[k].position_sigma_hz;
    }
    if (result.used[k] == 0) {
      fast[k] = nan;
      noise[k] = nan;
    }
    noise_sigma[k] = 0.02 * result.noise[k];  // rms of some thousand differences
  }
  result.fast_against_bias = fit_bias(result.offset_v, fast, result.fast_response_sigma);
  result.height_against_bias = fit_bias(result.offset_v, height, height_sigma);
  result.position_against_bias = fit_bias(result.offset_v, position, position_sigma);
  result.noise_against_bias = fit_bias(result.offset_v, noise, noise_sigma);
}

bool varies(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *high - *low > 1e-9;
}

double rms(std::span<const double> values) {
  double sum = 0.0;
  for (const double v : values) {
    sum += v * v;
  }
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// Error of the fast response from the readings' noise alone.
double fast_sigma(const ResponseCube& cube,
                  std::span<const double> frequencies_hz,
                  double fast_from_hz) {
  double sum = 0.0;
  double channels = 0.0;
  double common = 0.0;
  for (std::size_t c = 0; c < frequencies_hz.size(); ++c) {
    if (frequencies_hz[c] >= fast_from_hz || c + 1 == frequencies_hz.size()) {
      sum += cube.noise_sigma[c] * cube.noise_sigma[c];
      common += cube.common_sigma[c] * cube.common_sigma[c];
      channels += 1.0;
    }
  }
  return cube.fast_response *
         std::sqrt(sum / static_cast<double>(std::max<std::size_t>(cube.measured, 1)) + common) /
         channels;
}

/// Calibrates every round; classes from the reference round; which lines and rounds can be used.
std::vector<ResponseCube> take_rounds(std::span<const PmDnsSeriesRound> rounds,
                                      const PmDnsSeriesOptions& options,
                                      Threads threads,
                                      PmDnsSeriesResult& result) {
  const PmDnsOptions each = light(options.map);
  std::vector<PmDnsResult> all;
  for (const PmDnsSeriesRound& round : rounds) {
    all.push_back(analyse_pm_dns(round.map, each, threads));
    const bool use = 2 * all.back().excluded_lines <= result.ny;
    result.used.push_back(use ? 1 : 0);
    if (use) {
      result.excluded_lines = std::max(result.excluded_lines, all.back().excluded_lines);
    }
  }
  require(std::count(result.used.begin(), result.used.end(), 1) > 0,
          "the ultraslow transient spoils more than half of every round");
  result.reference_round = reference_round(rounds, result.used);
  result.class_map = all[result.reference_round].class_map;
  std::fill_n(result.class_map.begin(), result.excluded_lines * result.nx, PixelClass::excluded);
  std::vector<ResponseCube> cubes;
  for (PmDnsResult& one : all) {
    result.map_correlation.push_back(
        one.topography_m.empty()
            ? nan
            : correlation(one.topography_m, all[result.reference_round].topography_m));
    cubes.push_back(std::move(one.response));
  }
  return cubes;
}

/// The lines in the round nearest to the reference round in which each guess has one; that round
/// becomes the reference. None: the spectra have one broad maximum, which may meet a guess.
std::vector<Peak> resolved_lines(Spectra& of, const PmDnsSeriesOptions& options) {
  std::vector<std::size_t> order(of.rounds.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const double reference_k = of.rounds[of.reference].temperature_k;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(of.rounds[a].temperature_k - reference_k) <
           std::abs(of.rounds[b].temperature_k - reference_k);
  });
  constexpr double near_k = 12.0;  // lines still lie within the search windows of their guesses
  for (const std::size_t k : order) {
    if (of.used[k] == 0 || std::abs(of.rounds[k].temperature_k - reference_k) > near_k) {
      continue;
    }
    auto lines = find_peaks(of.view(k), options.map.peak_guesses_hz, options.map.peaks);
    if (std::all_of(lines.begin(), lines.end(), [](const Peak& p) { return p.usable(); })) {
      of.reference = k;
      return lines;
    }
  }
  return {};
}

void add_tracks(std::span<const PmDnsSeriesRound> rounds,
                const PmDnsSeriesOptions& options,
                PmDnsSeriesResult& result) {
  const auto spectra = [&](std::size_t c) {
    return Spectra{rounds,
                   result.frequencies_hz,
                   &result.spectra[c],
                   &result.spectra_sigma[c],
                   result.used,
                   result.reference_round};
  };
  for (std::size_t c = 0; c < result.classes.size(); ++c) {
    const Spectra of = spectra(c);
    result.tracks.push_back(track(result.classes[c] + "_wide",
                                  of,
                                  broad_guesses(of),
                                  options.map.wide_half_width_decades,
                                  options));
  }
  for (std::size_t c = 0; c < result.classes.size(); ++c) {
    Spectra of = spectra(c);
    const std::vector<Peak> lines = resolved_lines(of, options);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      result.tracks.push_back(track(result.classes[c] + "_line_" + std::to_string(i + 1),
                                    of,
                                    line_guesses(of, lines[i].position_hz, options.max_energy_ev),
                                    options.line_half_width_decades,
                                    options));
    }
  }
}

}  // namespace

void validate(const PmDnsSeriesOptions& p) {
  require(!p.step.empty(), "step is empty (the step of the series to analyse)");
  validate(p.map);
  require_range("line_half_width_decades", p.line_half_width_decades, 1e-3, 2.0);
  require_range("temperature_sigma_k", p.temperature_sigma_k, 0.0, 100.0);
  require_range("temperature_scale_sigma", p.temperature_scale_sigma, 0.0, 1.0);
  require_range("max_energy_ev", p.max_energy_ev, 1e-3, 10.0);
}

double SeriesTrack::sigma_ev() const {
  return std::hypot(conductivity.sigma_ev, definition_sigma_ev, scale_sigma_ev);
}

PmDnsSeriesResult analyse_pm_dns_series(std::span<const PmDnsSeriesRound> rounds,
                                        const PmDnsSeriesOptions& options,
                                        Threads threads) {
  validate(options);
  require(!rounds.empty(), "a series of at least one round expected");
  PmDnsSeriesResult result;
  result.nx = rounds.front().map.nx;
  result.ny = rounds.front().map.ny;
  const auto f = rounds.front().map.frequencies_hz;
  result.frequencies_hz.assign(f.begin(), f.end());
  for (const PmDnsSeriesRound& round : rounds) {
    require(round.map.nx == result.nx && round.map.ny == result.ny &&
                round.map.frequencies_hz.size() == f.size(),
            "all rounds of a series must have the same pixels and frequencies");
    result.temperature_k.push_back(round.temperature_k);
    result.offset_v.push_back(round.offset_v);
  }
  result.temperature_series = varies(result.temperature_k);
  result.bias_series = varies(result.offset_v);
  const std::vector<ResponseCube> cubes = take_rounds(rounds, options, threads, result);

  const std::array<const char*, class_count> names{"all", "grain", "boundary"};
  for (std::size_t which = 0; which < class_count; ++which) {
    const auto pixels = std::count_if(result.class_map.begin(),
                                      result.class_map.end(),
                                      [&](PixelClass p) { return in_class(p, which); });
    if (pixels == 0) {
      continue;
    }
    result.classes.emplace_back(names[which]);
    auto& means = result.spectra.emplace_back(rounds.size());
    auto& sigmas = result.spectra_sigma.emplace_back(rounds.size());
    for (std::size_t k = 0; k < rounds.size(); ++k) {
      mean_spectrum(cubes[k], result.class_map, which, means[k], sigmas[k]);
    }
  }
  for (const ResponseCube& cube : cubes) {
    result.fast_response.push_back(cube.fast_response);
    result.fast_response_sigma.push_back(
        fast_sigma(cube, result.frequencies_hz, options.map.fast_from_hz));
    result.noise.push_back(rms(cube.noise_sigma));
  }
  require(!result.classes.empty(), "no pixel is left that all rounds can use");
  add_tracks(rounds, options, result);
  if (result.bias_series) {
    fit_biases(result);
  }
  return result;
}

}  // namespace halotwin::analysis
