#include "analysis/pipelines/pm_dns_control.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/fields.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

const char* const frequency_label = "stimulus frequency (Hz)";

/// Mean over places and directions, and its noise from half the difference of the directions, in
/// quadrature over three neighbouring channels.
void average(const PmDnsControlInput& input, PmDnsControlResult& out) {
  const std::size_t n = input.frequencies_hz.size();
  const std::size_t settings = input.drive_hz.size();
  const std::size_t place = settings * 2 * n;
  out.mean.assign(settings * n, {});
  std::vector<double> variance(settings * n, 0.0);
  for (std::size_t first = 0; first < input.demodulated.size(); first += place) {
    const auto readings = input.demodulated.subspan(first, place);
    const bool finite = std::all_of(readings.begin(), readings.end(), [](std::complex<float> z) {
      return std::isfinite(z.real()) && std::isfinite(z.imag());
    });
    if (!finite) {
      continue;
    }
    ++out.places;
    for (std::size_t k = 0; k < settings; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::complex<double> up(readings[2 * k * n + i]);
        const std::complex<double> down(readings[(2 * k + 1) * n + i]);
        out.mean[k * n + i] += 0.5 * (up + down);
        variance[k * n + i] += 0.125 * std::norm(up - down);
      }
    }
  }
  const auto places = static_cast<double>(std::max<std::size_t>(out.places, 1));
  for (std::complex<double>& z : out.mean) {
    z /= places;
  }
  out.sigma.assign(settings * n, 0.0);
  for (std::size_t k = 0; k < settings; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t low = i == 0 ? 0 : i - 1;
      const std::size_t high = std::min(i + 1, n - 1);
      double sum = 0.0;
      for (std::size_t c = low; c <= high; ++c) {
        sum += variance[k * n + c];
      }
      out.sigma[k * n + i] = std::sqrt(sum / static_cast<double>(high - low + 1)) / places;
    }
  }
}

void add_peaks(const std::vector<ControlPeak>& peaks,
               const std::string& note,
               std::vector<Finding>& into) {
  std::size_t number = 0;
  for (const ControlPeak& peak : peaks) {
    const std::string name = fmt::format("peak_{}", ++number);
    const bool sample = peak.origin == PeakOrigin::sample;
    const std::string who = fmt::format("{}{}", halotwin::name_of(peak.origin), note);
    into.push_back({name + "_position", peak.position_hz.value, peak.position_hz.sigma, "Hz", who});
    into.push_back({name + "_height",
                    peak.height.value,
                    peak.height.sigma,
                    "",
                    sample ? "rise of the loss over the valleys beside it, of the fast response"
                           : "times the lever's response at low frequency"});
    into.push_back({name + "_is_sample", sample ? 1.0 : 0.0, nan, "", who});
    into.push_back({name + "_probability", peak.probability, nan, "", who});
  }
}

std::string text_of(const PmDnsControlResult& r) {
  std::string text = fmt::format("  places        {}\n", r.places);
  if (r.fit.status == ControlFitStatus::no_data) {
    return text + "  no fit        fewer than two settings, or nothing measured\n";
  }
  text += fmt::format(
      "  drive         {:+.1f} +- {:.1f} Hz from the lever's resonance (the tune "
      "says {:+.1f} Hz)\n",
      r.fit.detuning_hz.value,
      r.fit.detuning_hz.sigma,
      r.drive_hz.front() - r.tuned_resonance_hz);
  text += fmt::format("  quality       {:.1f} +- {:.1f} (the tune says {:.1f})\n",
                      r.fit.quality.value,
                      r.fit.quality.sigma,
                      r.tuned_quality);
  text += fmt::format("  chi^2/freedom {:.2f}; sample only {:.2f}, instrument only {:.2f}\n",
                      r.fit.chi_squared / std::max(r.fit.freedom, 1),
                      r.alternatives.sample_only,
                      r.alternatives.instrument_only);
  for (const ControlPeak& peak : r.peaks) {
    text += fmt::format("  {:<13} {:.0f} +- {:.0f} Hz, {} {:.3g} +- {:.2g}, probability {:.4f}\n",
                        halotwin::name_of(peak.origin),
                        peak.position_hz.value,
                        peak.position_hz.sigma,
                        peak.origin == PeakOrigin::sample ? "loss" : "rise",
                        peak.height.value,
                        peak.height.sigma,
                        peak.probability);
  }
  if (r.peaks.empty()) {
    text += "  no peak\n";
  }
  return text;
}

FoundCurve sweeps_curve(const PmDnsControlResult& r) {
  const std::size_t n = r.frequencies_hz.size();
  FoundCurve curve{
      "sweeps", "Sweeps at the drive offsets", frequency_label, "amplitude (V)", true, true, {}};
  curve.note =
      "Modulus of the mean over the places. A sideband of the drive moves by half its offset; the "
      "sample is in all sweeps alike.";
  for (std::size_t k = 0; k < r.drive_hz.size(); ++k) {
    FoundSeries series{
        fmt::format("{:+.0f} Hz", r.drive_hz[k] - r.drive_hz[0]), r.frequencies_hz, {}};
    for (std::size_t i = 0; i < n; ++i) {
      series.y.push_back(std::abs(r.mean[k * n + i]));
    }
    curve.series.push_back(std::move(series));
  }
  return curve;
}

FoundCurve corrected_curve(const PmDnsControlResult& r) {
  FoundCurve curve{"corrected_loss",
                   "Loss with the lever divided out",
                   frequency_label,
                   "loss / fast response",
                   true,
                   false,
                   {}};
  curve.note =
      "What is left when the lever, as the joint fit gives it, is divided out. Band: one standard "
      "deviation. Vertical: the sideband of the drive, if there is one.";
  FoundSeries series{"sample", r.frequencies_hz, r.fit.loss, {}};
  for (Eigen::Index i = 0; i < r.fit.loss_covariance.rows(); ++i) {
    series.sigma.push_back(std::sqrt(std::max(0.0, r.fit.loss_covariance(i, i))));
  }
  curve.series.push_back(std::move(series));
  for (const ControlPeak& peak : r.peaks) {
    if (peak.origin == PeakOrigin::instrument) {
      curve.vertical_lines.push_back(peak.position_hz.value);
    }
  }
  return curve;
}

}  // namespace

void validate(const PmDnsControlOptions& p) {
  require_range("fast_from_hz", p.fast_from_hz, 1.0, 1e7);
  validate(p.fit);
  validate(p.peaks);
}

PmDnsControlResult analyse_pm_dns_control(const PmDnsControlInput& input,
                                          const PmDnsControlOptions& options) {
  validate(options);
  const std::size_t n = input.frequencies_hz.size();
  const std::size_t place = input.drive_hz.size() * 2 * n;
  require(place > 0 && input.demodulated.size() % place == 0,
          "readings of whole places expected: [place][setting][direction][frequency]");
  require(std::is_sorted(input.frequencies_hz.begin(), input.frequencies_hz.end()),
          "frequencies must ascend");
  PmDnsControlResult out;
  out.frequencies_hz.assign(input.frequencies_hz.begin(), input.frequencies_hz.end());
  out.drive_hz.assign(input.drive_hz.begin(), input.drive_hz.end());
  out.tuned_resonance_hz = input.tuned_resonance_hz;
  out.tuned_quality = input.tuned_quality;
  average(input, out);
  const ControlSweeps sweeps{out.frequencies_hz,
                             out.drive_hz,
                             out.mean,
                             out.sigma,
                             input.time_constant_s,
                             input.filter_order};
  ControlFitOptions fit = options.fit;
  if (input.tuned_resonance_hz > 0.0) {
    fit.expected_resonance_hz = input.tuned_resonance_hz;
  }
  out.fit = fit_control(sweeps, options.fast_from_hz, fit);
  if (out.fit.status == ControlFitStatus::no_data) {
    return out;
  }
  out.peaks = control_peaks(out.frequencies_hz, out.drive_hz.front(), out.fit, options.peaks);
  out.alternatives =
      alternatives_of(sweeps, input.tuned_resonance_hz, input.tuned_quality, out.fit);
  out.followed = follow_peaks(
      sweeps, input.tuned_resonance_hz, input.tuned_quality, options.fast_from_hz, options.peaks);
  return out;
}

Findings pm_dns_control_findings(const PmDnsControlResult& r) {
  Findings out;
  out.text = text_of(r);
  out.note =
      "Control sweep: ratios of sweeps at different drive offsets do not contain the sample. They "
      "give the drive's detuning and the lever's quality factor; what is left after dividing the "
      "lever out is the sample's. The nulls are what following the peaks from sweep to sweep says, "
      "with the tune believed.";
  if (r.fit.status == ControlFitStatus::no_data) {
    out.warnings.emplace_back("no fit: fewer than two settings, or nothing measured");
    return out;
  }
  if (r.fit.status == ControlFitStatus::not_converged) {
    out.warnings.emplace_back("the joint fit did not converge");
  }
  const double left = r.fit.chi_squared / std::max(r.fit.freedom, 1);
  if (left > 2.0) {
    out.warnings.push_back(fmt::format(
        "the joint fit leaves {:.1f} times the noise: something else than lever and sample is in "
        "the sweeps",
        left));
  }
  out.values.push_back({"detuning",
                        r.fit.detuning_hz.value,
                        r.fit.detuning_hz.sigma,
                        "Hz",
                        "drive minus resonance of the lever at work"});
  out.values.push_back(
      {"quality_factor", r.fit.quality.value, r.fit.quality.sigma, "", "of the lever at work"});
  out.values.push_back({"chi_squared_per_freedom", left, nan, "", "of the joint fit"});
  add_peaks(r.peaks, "", out.values);
  out.nulls.push_back({"chi_squared_sample_only",
                       r.alternatives.sample_only,
                       nan,
                       "",
                       "lever as tuned, any sample: no instrument peak"});
  out.nulls.push_back({"chi_squared_instrument_only",
                       r.alternatives.instrument_only,
                       nan,
                       "",
                       "any detuning, sample without any peak"});
  add_peaks(r.followed, ", by following it from sweep to sweep", out.nulls);
  out.curves = {sweeps_curve(r), corrected_curve(r)};
  return out;
}

}  // namespace halotwin::analysis
