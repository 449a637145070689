#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double usable_noise = 0.10;  // of the fast response, one pixel, up and down averaged
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

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

  verdict.met = Met::shown;
  verdict.values.push_back({"upper end",
                            edge(all, true),
                            nan,
                            "Hz",
                            "noise of one pixel below 10 % of the fast response"});
  verdict.values.push_back(
      {"lower end by noise", edge(all, false), nan, "Hz", "the sweep starts at 5 Hz"});
  const double settle = 11.0 * 0.6;
  verdict.values.push_back({"time for one reading at 100 Hz",
                            settle / 100.0,
                            nan,
                            "s",
                            "settle rule 11 tau, tau = 0.6/f"});
  verdict.values.push_back(
      {"time for one reading at 10 Hz", std::min(settle / 10.0, 11.0 * 0.2), nan, "s", "the same"});
  verdict.nulls.push_back(
      {"upper end with thermal noise only", edge(thermal, true), nan, "Hz", "no detection noise"});
  CurvePlot plot{
      "Noise of one pixel against the stimulus frequency",
      "Standard deviation of the calibrated loss (mean of up and down), shortest sweep that the "
      "settle rule "
      "allows. Below 100 Hz each reading takes longer than 66 ms and 1/f noise of the resonance "
      "enters; above "
      "10 kHz the cantilever no longer follows and the detection noise dominates.",
      "stimulus frequency (Hz)",
      "noise / fast response",
      true,
      true,
      {{"all noise", all.result.frequencies_hz, all.result.response.noise_sigma},
       {"without 1/f noise",
        no_flicker.result.frequencies_hz,
        no_flicker.result.response.noise_sigma},
       {"thermal only", thermal.result.frequencies_hz, thermal.result.response.noise_sigma}},
      {100.0, 10000.0},
      {usable_noise}};
  verdict.figures.push_back(draw(plot));
  verdict.note =
      "The published range is 100 Hz to 10 kHz. The upper end emerges from lever bandwidth and "
      "detection noise; towards low "
      "frequencies noise grows slowly, and it is the time for settling that makes them expensive.";
  verdict.reproduce = all.reproduce;
  return verdict;
}

}  // namespace halotwin::validation
