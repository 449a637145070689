#include "analysis/pipelines/pm_dns_summary.hpp"

#include <cmath>

#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_groups.hpp"
#include "base/fields.hpp"

namespace halotwin::analysis {

namespace {

std::string peaks_text(const ClassSpectrum& spectrum) {
  std::string text;
  bool all = !spectrum.peaks.empty();
  for (const Peak& peak : spectrum.peaks) {
    all = all && peak.usable();
    if (peak.usable()) {
      text += fmt::format(
          "{}{:.0f} +- {:.0f}", text.empty() ? "" : ", ", peak.position_hz, peak.position_sigma_hz);
    }
  }
  if (!all && spectrum.wide.usable()) {  // lines are not resolved: the one broad maximum
    text = fmt::format(
        "{:.0f} +- {:.0f} (broad)", spectrum.wide.position_hz, spectrum.wide.position_sigma_hz);
  }
  return text.empty() ? "not resolved" : text;
}

std::string estimate_text(const MaybeEstimate& estimate) {
  return estimate.known ? fmt::format("{:.3f} +- {:.3f}", estimate.value, estimate.sigma) : "-";
}

std::string shift_text(const ClassComparison& comparison) {
  const MaybeEstimate& shift = comparison.shift.known ? comparison.shift : comparison.wide_shift;
  return shift.known
             ? fmt::format(
                   "{:+.1f} +- {:.1f} %", 100.0 * std::expm1(shift.value), 100.0 * shift.sigma)
             : "-";
}

const ClassComparison* find(const std::vector<ClassComparison>& all, PixelClass label) {
  for (const ClassComparison& c : all) {
    if (c.label == label) {
      return &c;
    }
  }
  return nullptr;
}

std::string class_line(const ClassSpectrum& spectrum, const PmDnsResult& result) {
  std::string line = fmt::format("    {:<10}{:>7}  {:<26}{:<18}",
                                 halotwin::name_of(spectrum.label),
                                 spectrum.pixels,
                                 spectrum.pixels > 0 ? peaks_text(spectrum) : "-",
                                 estimate_text(spectrum.peak_ratio));
  if (const ClassComparison* c = find(result.comparisons, spectrum.label)) {
    line += fmt::format("{:<18}", shift_text(*c));
    const ClassComparison* null = find(result.selection_null, spectrum.label);
    if (null != nullptr && c->ratio_contrast.known && null->ratio_contrast.known) {
      line += fmt::format("ratio to grains {:.2f}, null {:.2f} +- {:.2f}",
                          c->ratio_contrast.value,
                          null->ratio_contrast.value,
                          null->ratio_contrast.sigma);
    }
  }
  return line + "\n";
}

}  // namespace

std::string summary_text(const PmDnsResult& result, const PmDnsOptions& options) {
  std::string text = fmt::format("  pixels        {} of {} measured, {} used\n",
                                 result.response.measured,
                                 result.nx * result.ny,
                                 result.used_pixels);
  if (!result.excess.film.relative.empty()) {
    text += fmt::format(
        "  drive         strong stimulus taken out: up to {:.1f} % over metal, {:.1f} % over the "
        "film\n",
        100.0 * result.excess.metal.largest(),
        100.0 * result.excess.film.largest());
  }
  if (result.transient.status == TransientStatus::found) {
    text += fmt::format("  transient     ends at line {:.1f} +- {:.1f}; {} lines left out\n",
                        result.transient.end_line,
                        result.transient.end_sigma,
                        result.excluded_lines);
  } else {
    text += fmt::format("  transient     {}; {} lines left out\n",
                        halotwin::name_of(result.transient.status),
                        result.excluded_lines);
  }
  if (result.status != PmDnsStatus::complete) {
    return text + fmt::format("  stopped       {}\n", halotwin::name_of(result.status));
  }
  text += fmt::format("  mean spectrum {} channel, maximum at {} Hz\n",
                      halotwin::name_of(options.channel),
                      peaks_text(result.all));
  text += fmt::format("  factorisation rank {}, relative residual {:.3f}\n",
                      result.nmf.basis.rows(),
                      result.nmf.relative_residual);
  text += "  classes        pixels  maximum (Hz)              2 kHz / 1 kHz     shift to grains\n";
  for (const ClassSpectrum& spectrum : result.classes) {
    text += class_line(spectrum, result);
  }
  text += groups_text(result.groups);
  return text;
}

}  // namespace halotwin::analysis
