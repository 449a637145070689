#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analysis/power_spectrum.hpp"
#include "analysis/spectrum_fit.hpp"
#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "physics/telegraph.hpp"
#include "validation/plot.hpp"
#include "validation/targets/clim_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double frame_s = 0.03;
constexpr double white_share = 0.1;  // variance of the detector's noise over that of the switching
constexpr double largest_bias = 0.2;
constexpr double pi = 3.14159265358979323846;
const std::vector<double> times_s{0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0};

/// A record allows a time if its corner lies above six lines of the spectrum: 3.2 s in 120 s.
double longest_time_s(std::size_t frames) {
  return frame_s * static_cast<double>(frames) / (12.0 * pi);
}

/// A centre that switches, seen through frames, with noise; mean 1/2, variance 1/4 without noise.
std::vector<double> trace_of(double time_s,
                             std::size_t frames,
                             std::uint64_t seed,
                             std::uint32_t entity) {
  const auto occupied =
      physics::frame_occupation(physics::telegraph_of(0.5, time_s), seed, entity, frame_s, frames);
  RandomStream noise(seed, Purpose::shot_noise, entity);
  std::vector<double> trace;
  for (const float value : occupied) {
    trace.push_back(static_cast<double>(value) + 0.5 * std::sqrt(white_share) * noise.normal());
  }
  return trace;
}

/// ln(found / true), and whether the interval of one standard deviation holds the truth.
struct Recovery {
  std::vector<double> log_ratio;
  double covered = 0.0;
  double fitted = 0.0;
};

void note(const analysis::LorentzianFit& fit, double time_s, Recovery& out) {
  if (!fit.converged) {
    return;
  }
  const double error = std::log(fit.time_s() / time_s);
  const double sigma = fit.corner_hz.sigma / fit.corner_hz.value;
  out.log_ratio.push_back(error);
  out.covered += std::abs(error) <= sigma ? 1.0 : 0.0;
  out.fitted += 1.0;
}

struct Case {
  std::size_t frames = 0;
  int repeats = 0;
};

struct Estimators {
  std::vector<Recovery> published{times_s.size()};
  std::vector<Recovery> better{times_s.size()};
};

/// All times through both estimators. Published: variable windows, no noise floor in the model, on
/// the frequencies where the spectrum is above three times the floor. Better: Hann periodogram of
/// the whole record, the floor and the frames' averaging and folding in the model.
Estimators recover(const Case& what, std::uint64_t seed) {
  Estimators out;
  const double floor = analysis::white_density(0.25 * white_share, frame_s);
  const analysis::Periodogram plan(what.frames, {frame_s, 20});
  const analysis::SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), frame_s);
  for (std::size_t k = 0; k < times_s.size(); ++k) {
    for (int r = 0; r < what.repeats; ++r) {
      const auto entity = static_cast<std::uint32_t>(k * 1000 + static_cast<std::size_t>(r));
      const auto trace = trace_of(times_s[k], what.frames, seed, entity);
      note(fitter.lorentzian(plan.density(trace), floor), times_s[k], out.better[k]);
      const analysis::PowerSpectrum s = analysis::variable_window_spectrum(trace, frame_s);
      std::size_t above = 0;
      while (above < s.density.size() && s.density[above] > 3.0 * floor) {
        ++above;
      }
      if (above >= 5) {
        const analysis::SpectrumFitter plain(std::span(s.frequency_hz).first(above),
                                             std::span(s.freedom).first(above));
        note(
            plain.lorentzian(std::span(s.density).first(above), 0.0), times_s[k], out.published[k]);
      }
    }
  }
  return out;
}

double median_ratio(const Recovery& r) {
  std::vector<double> values = r.log_ratio;
  return values.empty() ? nan : std::exp(analysis::median(values));
}

Curve bias_curve(const std::string& name, const std::vector<Recovery>& recovered, bool dashed) {
  Curve curve{name, {}, {}};
  for (std::size_t k = 0; k < times_s.size(); ++k) {
    if (!recovered[k].log_ratio.empty()) {
      curve.x.push_back(times_s[k]);
      curve.y.push_back(median_ratio(recovered[k]));
      curve.sigma.push_back(analysis::standard_deviation(recovered[k].log_ratio) * curve.y.back() *
                            1.25 / std::sqrt(recovered[k].fitted));
    }
  }
  curve.dashed = dashed;
  return curve;
}

Curve coverage_curve(const std::string& name, const std::vector<Recovery>& recovered, bool dashed) {
  Curve curve{name, {}, {}};
  for (std::size_t k = 0; k < times_s.size(); ++k) {
    if (recovered[k].fitted > 0.0) {
      curve.x.push_back(times_s[k]);
      curve.y.push_back(100.0 * recovered[k].covered / recovered[k].fitted);
    }
  }
  curve.dashed = dashed;
  return curve;
}

/// Share of pure detector noise, and of centres with times over four decades, that rule L2 calls
/// single-time.
double called_single(const Case& what, std::uint64_t seed, bool spread) {
  const double floor = analysis::white_density(0.25 * white_share, frame_s);
  const analysis::Periodogram plan(what.frames, {frame_s, 20});
  const analysis::SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), frame_s);
  physics::TelegraphEnsembleParams many;
  many.times = physics::TimeDistribution::power_law;
  many.exponent = 0.1;
  constexpr std::uint32_t centres = 20;
  double called = 0.0;
  for (int r = 0; r < what.repeats; ++r) {
    const auto first = 100000U + centres * static_cast<std::uint32_t>(r);
    RandomStream noise(seed, Purpose::shot_noise, first);
    std::vector<double> trace(what.frames, 0.0);
    for (std::uint32_t c = 0; spread && c < centres; ++c) {
      const auto one = physics::frame_occupation(
          physics::draw_telegraph(many, seed, first + c), seed, first + c, frame_s, what.frames);
      for (std::size_t i = 0; i < trace.size(); ++i) {
        trace[i] += static_cast<double>(one[i]) / std::sqrt(static_cast<double>(centres));
      }
    }
    for (double& value : trace) {
      value += 0.5 * std::sqrt(white_share) * noise.normal();
    }
    const auto density = plan.density(trace);
    called +=
        analysis::saturates(fitter.lorentzian(density, floor), fitter.power_law(density, floor))
            ? 1.0
            : 0.0;
  }
  return 100.0 * called / static_cast<double>(what.repeats);
}

}  // namespace

// D11: which characteristic times a record can show. Single centres of known time through the
// published estimator and through a better one.
Verdict check_d11(Evidence& evidence) {
  Verdict verdict;
  const bool quick = evidence.options().quick;
  const std::vector<Case> cases{{4000, quick ? 120 : 400}, {20000, 100}};
  CurvePlot bias{"Time found over true time",
                 "Median of single centres, duty 1/2, detector noise a tenth of the signal's "
                 "variance; bands: one standard deviation of the median. Beyond the vertical lines "
                 "the corner lies below six lines of the spectrum of 120 s and of 600 s.",
                 "true characteristic time (s)",
                 "found / true",
                 true,
                 true};
  CurvePlot coverage{"Intervals that hold the true time",
                     "Share of the 68 % intervals of the same fits.",
                     "true characteristic time (s)",
                     "share (%)",
                     true,
                     false};
  bias.horizontal_lines = {1.0 - largest_bias, 1.0, 1.0 + largest_bias};
  coverage.horizontal_lines = {68.27};
  bool met = true;
  for (const Case& what : cases) {
    const Estimators found = recover(what, evidence.seed());
    const std::string record =
        fmt::format("{:.0f} s record", frame_s * static_cast<double>(what.frames));
    const double longest = longest_time_s(what.frames);
    double worst_better = 1.0;
    double worst_published = 1.0;
    double covered = 0.0;
    double fitted = 0.0;
    for (std::size_t k = 0; k < times_s.size() && times_s[k] <= longest; ++k) {
      const auto worse = [](double a, double b) {
        return std::abs(std::log(b)) > std::abs(std::log(a)) ? b : a;
      };
      worst_better = worse(worst_better, median_ratio(found.better[k]));
      if (!found.published[k].log_ratio.empty()) {
        worst_published = worse(worst_published, median_ratio(found.published[k]));
      }
      covered += found.better[k].covered;
      fitted += found.better[k].fitted;
    }
    met = met && std::abs(worst_better - 1.0) <= largest_bias;
    verdict.values.push_back({"found over true time, worst median, better estimator, " + record,
                              worst_better,
                              nan,
                              "",
                              fmt::format("true times 0.1 to {:.1f} s; 0.8 to 1.2", longest)});
    verdict.values.push_back({"the same, published estimator, " + record,
                              worst_published,
                              nan,
                              "",
                              "variable windows, no noise in the model"});
    verdict.values.push_back({"68 % intervals that hold the true time, better, " + record,
                              100.0 * covered / fitted,
                              100.0 * std::sqrt(0.683 * 0.317 / fitted),
                              "%",
                              "the same times"});
    verdict.nulls.push_back({"detector noise alone called single-time switching, " + record,
                             called_single(what, evidence.seed(), false),
                             nan,
                             "%",
                             "rule L2"});
    verdict.nulls.push_back(
        {"twenty centres of 5 ms to 60 s called single-time switching, " + record,
         called_single(what, evidence.seed(), true),
         nan,
         "%",
         "rule L2"});
    const bool dashed = what.frames != cases.front().frames;
    bias.curves.push_back(bias_curve("better, " + record, found.better, dashed));
    bias.curves.push_back(bias_curve("published, " + record, found.published, dashed));
    bias.vertical_lines.push_back(longest);
    coverage.curves.push_back(coverage_curve("better, " + record, found.better, dashed));
    coverage.curves.push_back(coverage_curve("published, " + record, found.published, dashed));
  }
  verdict.met = met ? Met::yes : Met::no;
  verdict.note =
      "Single centres are simulated without film and optics: the row is about the record. The "
      "longer "
      "of the 1 to 10 s reported for MAPI lie at or beyond what 120 s can show; a corner that a "
      "fit reports there is an extrapolation.";
  verdict.figures = {draw(bias), draw(coverage)};
  verdict.reproduce = {"halotwin validate D11"};
  return verdict;
}

}  // namespace halotwin::validation
