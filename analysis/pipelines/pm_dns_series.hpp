// Analysis of PM-DNS maps of one area under changing conditions: activation energies from a
// temperature series, response against bias from a bias series.
//
// Each round is calibrated by its own sweep over metal (transfer.hpp). Classes come from the round
// nearest to 300 K and no added bias and are held for all rounds, so that the same pixels are
// compared; lines that the ultraslow transient spoils in one round are left out of all, and a round
// of which it spoils more than half is left out itself. Errors of a round are those of its readings
// and its reference: which grains the area holds is common to all rounds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/arrhenius.hpp"
#include "analysis/pipelines/pm_dns.hpp"

namespace halotwin::analysis {

struct PmDnsSeriesRound {
  PmDnsInput map;  // all rounds of the same size
  double temperature_k = 300.0;
  double temperature_sigma_k = 0.0;  // of this round alone
  double offset_v = 0.0;
};

struct PmDnsSeriesOptions {
  std::string step = "pm_dns_map";
  PmDnsOptions map{};                      // of each round; bootstraps and scans are left out
  double line_half_width_decades = 0.12;   // of a resolved line; the broad maximum: map.wide_...
  double temperature_sigma_k = 0.02;       // repeatability of the controller from round to round
  double temperature_scale_sigma = 0.015;  // of (film - room) against the sensor: an error of scale
  double max_energy_ev = 1.0;              // searched when lines are followed from round to round
};
void visit_fields(auto& visit, PmDnsSeriesOptions& p) {
  visit("step", p.step);
  visit("map", p.map);
  visit("line_half_width_decades", p.line_half_width_decades);
  visit("temperature_sigma_k", p.temperature_sigma_k);
  visit("temperature_scale_sigma", p.temperature_scale_sigma);
  visit("max_energy_ev", p.max_energy_ev);
}
void validate(const PmDnsSeriesOptions& p);

/// What is followed through the rounds: the broad maximum or a resolved line of a class.
struct SeriesTrack {
  std::string name;           // "grain_wide", "all_line_1"
  std::vector<Peak> peaks;    // per round; height in units of the round's fast response
  ArrheniusFit conductivity;  // ln(f T); too_few_points if the temperature does not change
  ArrheniusFit rate;          // ln f
  double definition_sigma_ev =
      0.0;                      // half the spread of the energy over narrower and wider windows
  double scale_sigma_ev = 0.0;  // from the scale of the temperature
  /// All three together.
  [[nodiscard]] double sigma_ev() const;
};

/// y(V) = 1 + linear V + quadratic V^2, relative to its value without added bias, weighted.
struct BiasFit {
  bool known = false;
  double linear_per_v = 0.0;
  double linear_sigma = 0.0;
  double quadratic_per_v2 = 0.0;
  double quadratic_sigma = 0.0;
  double chi_square = 0.0;
  int degrees_of_freedom = 0;
  /// Largest |y - 1| of the fit at +-1 V, and its standard deviation.
  double change_at_1_v = 0.0;
  double change_sigma = 0.0;
};

struct PmDnsSeriesResult {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<double> frequencies_hz;
  std::vector<double> temperature_k;
  std::vector<double> offset_v;
  std::vector<std::uint8_t> used;  // per round; 0: the transient spoils it
  std::size_t reference_round = 0;
  std::size_t excluded_lines = 0;
  std::vector<PixelClass> class_map;  // [y][x]
  /// Mean spectra, [class][round][frequency], and their errors; classes: all, grain, boundary.
  std::vector<std::string> classes;
  std::vector<std::vector<std::vector<double>>> spectra;
  std::vector<std::vector<std::vector<double>>> spectra_sigma;
  std::vector<SeriesTrack> tracks;
  std::vector<double> fast_response;        // g of each round: film over metal
  std::vector<double> fast_response_sigma;  // of the readings' noise
  std::vector<double> noise;  // per round: of one pixel's value, rms over the channels
  bool temperature_series = false;
  bool bias_series = false;
  BiasFit fast_against_bias;            // detuning and bending of the lever are in here
  BiasFit height_against_bias;          // of the broad maximum of all pixels, in units of g
  BiasFit position_against_bias;        // its frequency
  BiasFit noise_against_bias;           // the first harmonic leaking through
  std::vector<double> map_correlation;  // topography with that of the reference round
};

[[nodiscard]] PmDnsSeriesResult analyse_pm_dns_series(std::span<const PmDnsSeriesRound> rounds,
                                                      const PmDnsSeriesOptions& options = {},
                                                      Threads threads = {});

}  // namespace halotwin::analysis
