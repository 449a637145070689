#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double usable_noise = 0.10;  // of the fast response, one pixel, up and down averaged

std::vector<std::string> wide_sweep() {
  return {"procedure.pm_dns_map.columns=12",
          "procedure.pm_dns_map.rows=12",
          "procedure.pm_dns_map.frequencies.from_hz=5",
          "procedure.pm_dns_map.frequencies.to_hz=40000",
          "procedure.pm_dns_map.frequencies.points=96",
          "procedure.pm_dns_map.sweep_time_s=0",
          "procedure.pm_dns_map.max_time_constant_s=0.2",
          "specimen.effects.transient=false"};
}

// Highest and lowest frequency with noise below the limit.
double edge(const MapCase& map, bool upper) {
  const auto& f = map.result.frequencies_hz;
  const auto& noise = map.result.response.noise_sigma;
  double found = nan;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const std::size_t k = upper ? i : f.size() - 1 - i;
    if (noise[k] <= usable_noise) {
      found = f[k];
    }
  }
  return found;
}

// What a sweep with too short time constants gives beside the settled one: difference of the mean
// spectra.
std::vector<double> deviation(const MapCase& hasty, const MapCase& settled) {
  std::vector<double> out;
  for (std::size_t i = 0; i < hasty.result.all.mean.size(); ++i) {
    out.push_back(std::max(std::abs(hasty.result.all.mean[i] - settled.result.all.mean[i]), 1e-6));
  }
  return out;
}

// Where noise and leak together pass the limit, coming from above.
double lower_end(const MapCase& map, const std::vector<double>& leak) {
  const auto& f = map.result.frequencies_hz;
  const auto& noise = map.result.response.noise_sigma;
  double found = nan;
  for (std::size_t k = f.size(); k-- > 0;) {
    if (f[k] > 2000.0) {
      continue;
    }
    if (k >= leak.size() || std::hypot(noise[k], leak[k]) > usable_noise) {
      break;
    }
    found = f[k];
  }
  return found;
}

double low_noise_ratio(const MapCase& with, const MapCase& without) {
  double a = 0.0;
  double b = 0.0;
  for (std::size_t i = 0; i < with.result.frequencies_hz.size(); ++i) {
    if (with.result.frequencies_hz[i] < 20.0) {
      a += with.result.response.noise_sigma[i];
      b += without.result.response.noise_sigma[i];
    }
  }
  return b > 0.0 ? a / b : nan;
}

double sweep_time_s(double from_hz) {
  double time = 0.0;
  for (double f = from_hz; f <= 8000.0; f *= std::pow(10.0, 1.0 / 33.0)) {
    time += 11.0 * std::max(0.6 / f, 1e-3);
  }
  return time;
}

}  // namespace

// A12: where the usable range of the stimulus ends, and why. Upper end: the signal falls with the
// cantilever's bandwidth below the detection noise. Lower end: time per point (settling of lock-in
// 2) and 1/f noise of the resonance.
Verdict check_a12(Evidence& evidence) {
  Verdict verdict;
  const MapCase& all = evidence.map({"pm_dns_fresh_film", wide_sweep(), {}});
  auto settings = wide_sweep();
  settings.emplace_back("surroundings.flicker_noise=false");
  const MapCase& no_flicker = evidence.map({"pm_dns_fresh_film", settings, {}});
  settings.emplace_back("surroundings.detection_noise=false");
  const MapCase& thermal = evidence.map({"pm_dns_fresh_film", settings, {}});

  settings = wide_sweep();
  settings.emplace_back("procedure.pm_dns_map.max_time_constant_s=0.005");  // as in the maps
  const MapCase& hasty = evidence.map({"pm_dns_fresh_film", settings, {}});
  const std::vector<double> leak = deviation(hasty, all);

  verdict.met = Met::shown;
  verdict.values = {
      {"upper end of the usable range",
       edge(all, true),
       nan,
       "Hz",
       "noise of one pixel below 10 % of the fast response"},
      {"lower end at the speed of the maps",
       lower_end(hasty, leak),
       nan,
       "Hz",
       "longest time constant 5 ms: noise and what leaks from the first harmonic and the mean, "
       "together below 10 %"},
      {"lower end if noise alone set it",
       edge(all, false),
       nan,
       "Hz",
       "time constant 0.6/f; the sweep starts at 5 Hz"},
      {"noise below 20 Hz, with over without 1/f noise",
       low_noise_ratio(all, no_flicker),
       nan,
       "",
       ""},
      {"time of a sweep from 100 Hz",
       sweep_time_s(100.0),
       nan,
       "s",
       "settle rule 11 tau, tau = 0.6/f, 33 points a decade, one direction"},
      {"time of a sweep from 10 Hz",
       sweep_time_s(10.0),
       nan,
       "s",
       "the same; a map of 128 x 128 pixels then takes days"}};
  verdict.nulls.push_back(
      {"upper end with thermal noise only", edge(thermal, true), nan, "Hz", "no detection noise"});
  verdict.nulls.push_back({"lower end at the speed of the maps without 1/f noise",
                           lower_end(no_flicker, leak),
                           nan,
                           "Hz",
                           "the leak is the same: it is not the noise that sets this end"});
  CurvePlot plot{
      "Error of one pixel against the stimulus frequency",
      "Standard deviation of the calibrated loss (mean of up and down), shortest sweep that the "
      "settle rule allows, and the systematic error if the time constant stops growing at 5 ms. "
      "Below 100 Hz each reading takes longer than 66 ms and 1/f noise of the resonance enters; "
      "above 10 kHz the cantilever no longer follows and the detection noise dominates.",
      "stimulus frequency (Hz)",
      "error / fast response",
      true,
      true,
      {{"all noise", all.result.frequencies_hz, all.result.response.noise_sigma},
       {"without 1/f noise",
        no_flicker.result.frequencies_hz,
        no_flicker.result.response.noise_sigma},
       {"thermal only", thermal.result.frequencies_hz, thermal.result.response.noise_sigma},
       {"leak at 5 ms", hasty.result.frequencies_hz, leak}},
      {100.0, 10000.0},
      {usable_noise}};
  verdict.figures.push_back(draw(plot));
  CurvePlot time{
      "Time of one sweep against its lowest frequency",
      "Settle rule 11 time constants of 0.6 periods, 33 points a decade up to 8 kHz, one "
      "direction. The maps have 2.1 s.",
      "lowest frequency (Hz)",
      "time (s)",
      true,
      true};
  Curve seconds_curve{"settle rule", {}, {}};
  for (double f = 5.0; f < 1000.0; f *= 1.1) {
    seconds_curve.x.push_back(f);
    seconds_curve.y.push_back(sweep_time_s(f));
  }
  time.curves = {seconds_curve};
  time.horizontal_lines = {2.1};
  verdict.figures.push_back(draw(time));
  verdict.note =
      "The published range is 100 Hz to 10 kHz. Upper end: the lever's response falls with 1/f "
      "into "
      "the detection noise. Lower end: noise, 1/f included, does not forbid 5 Hz; time does. At "
      "the "
      "speed of the maps the filters then pass the first harmonic and the mean, which sets the end "
      "above; with time constants to match, a sweep from 10 Hz takes several times the time of one "
      "from 100 Hz.";
  verdict.reproduce = all.reproduce;
  return verdict;
}

}  // namespace halotwin::validation
