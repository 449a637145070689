#include "analysis/pipelines/pm_dns_readout.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace halotwin::analysis {

namespace {

/// What is read from one mean spectrum.
struct Reading {
  std::vector<Peak> peaks;
  Peak wide;
  MaybeEstimate ratio;
};

Reading read(std::span<const double> mean, std::span<const double> sigma, const ReadoutPlan& plan) {
  Reading reading;
  const auto& guesses = plan.options->peak_guesses_hz;
  reading.peaks.resize(guesses.size());
  if (mean.empty()) {
    return reading;
  }
  const SpectrumView spectrum{plan.frequencies_hz, mean, sigma};
  reading.peaks = find_peaks(spectrum, guesses, plan.options->peaks);
  const auto top =
      static_cast<std::size_t>(std::max_element(mean.begin(), mean.end()) - mean.begin());
  reading.wide =
      wide_peak(spectrum, plan.frequencies_hz[top], plan.options->wide_half_width_decades);
  if (guesses.size() > 1 && reading.peaks.front().height > 0.0) {
    reading.ratio = {true, reading.peaks.back().height / reading.peaks.front().height, 0.0};
  }
  return reading;
}

MaybeEstimate log_shift(const Peak& peak, const Peak& against) {
  if (!peak.usable() || !against.usable()) {
    return {};
  }
  return {true, std::log(peak.position_hz / against.position_hz), 0.0};
}

MaybeEstimate ratio_of(double value, double against) {
  return value > 0.0 && against > 0.0 ? MaybeEstimate{true, value / against, 0.0} : MaybeEstimate{};
}

ClassComparison compare(PixelClass label, const Reading& of, const Reading& grain) {
  ClassComparison c;
  c.label = label;
  c.wide_shift = log_shift(of.wide, grain.wide);
  if (!of.peaks.empty()) {
    c.shift = log_shift(of.peaks.front(), grain.peaks.front());
    c.enhancement = ratio_of(of.peaks.front().height, grain.peaks.front().height);
  }
  if (of.ratio.known && grain.ratio.known) {
    c.ratio_contrast = ratio_of(of.ratio.value, grain.ratio.value);
  }
  return c;
}

std::vector<ClassComparison> compare_all(const std::vector<Reading>& readings) {
  std::vector<ClassComparison> out;
  const auto grain = static_cast<std::size_t>(PixelClass::grain);
  for (const PixelClass label : {PixelClass::boundary, PixelClass::hotspot}) {
    if (static_cast<std::size_t>(label) < readings.size()) {
      out.push_back(compare(label, readings[static_cast<std::size_t>(label)], readings[grain]));
    }
  }
  return out;
}

/// Errors of the class means from the noise of the readings and of the reference alone.
std::vector<double> noise_of_mean(const ReadoutPlan& plan, std::size_t pixels) {
  std::vector<double> sigma(plan.noise_sigma.begin(), plan.noise_sigma.end());
  for (double& s : sigma) {
    s /= std::sqrt(static_cast<double>(std::max<std::size_t>(1, pixels)));
  }
  for (std::size_t c = 0; c < plan.common_sigma.size(); ++c) {
    sigma[c] = std::hypot(sigma[c], plan.common_sigma[c]);
  }
  return sigma;
}

/// Standard deviation of the known values; known if at least half are.
void set_sigma(MaybeEstimate& estimate, const std::vector<MaybeEstimate>& repeats) {
  std::vector<double> values;
  for (const auto& r : repeats) {
    if (r.known) {
      values.push_back(r.value);
    }
  }
  if (!estimate.known || repeats.empty()) {
    return;
  }
  if (2 * values.size() < repeats.size() || values.size() < 2) {
    estimate = {};
    return;
  }
  estimate.sigma = standard_deviation(values);
}

template <class Of>
std::vector<MaybeEstimate> column(const std::vector<std::vector<Reading>>& repeats, const Of& of) {
  std::vector<MaybeEstimate> out;
  for (const auto& r : repeats) {
    out.push_back(of(r));
  }
  return out;
}

/// Bootstrap error of a peak; a peak that half of the replicates do not resolve is not resolved.
void set_peak_sigma(Peak& peak, const std::vector<Peak>& repeats) {
  std::vector<double> positions;
  std::vector<double> heights;
  for (const Peak& p : repeats) {
    heights.push_back(p.height);
    if (p.usable()) {
      positions.push_back(p.position_hz);
    }
  }
  if (repeats.size() < 2) {
    return;
  }
  peak.height_sigma = std::max(peak.height_sigma, standard_deviation(heights));
  if (!peak.usable()) {
    return;
  }
  if (2 * positions.size() < repeats.size()) {
    peak.status = PeakStatus::not_resolved;
    peak.position_hz = 0.0;
    peak.position_sigma_hz = 0.0;
    return;
  }
  peak.position_sigma_hz = standard_deviation(positions);
}

/// Means of every label in every replicate, [replicate][label]: blocks drawn again, and one draw of
/// the reference sweep's error, common to all labels of the replicate.
std::vector<std::vector<std::vector<double>>> replicate_means(const ClassSums& sums,
                                                              const ReadoutPlan& plan) {
  std::vector<std::vector<std::vector<double>>> means;
  if (sums.blocks() < 2) {
    return means;
  }
  means.resize(static_cast<std::size_t>(plan.options->replicates));
  for_each_chunk(means.size(), 1, plan.threads, [&](std::size_t r, std::size_t) {
    const auto counts =
        bootstrap_counts(sums.blocks(), plan.options->seed, static_cast<std::uint32_t>(r));
    constexpr std::uint32_t of_reference = 1U << 31U;  // beside the streams of the block counts
    RandomStream draw(
        plan.options->seed, Purpose::bootstrap, of_reference | static_cast<std::uint32_t>(r));
    std::vector<double> common(plan.common_sigma.begin(), plan.common_sigma.end());
    for (double& c : common) {
      c *= draw.normal();
    }
    for (std::size_t label = 0; label < sums.classes(); ++label) {
      means[r].push_back(sums.mean(label, counts));
      for (std::size_t c = 0; c < std::min(means[r].back().size(), common.size()); ++c) {
        means[r].back()[c] += common[c];
      }
    }
  });
  return means;
}

/// Bootstrap error of each channel, not below that of the readings' noise.
std::vector<double> channel_errors(const std::vector<std::vector<std::vector<double>>>& replicates,
                                   std::size_t label,
                                   std::vector<double> noise) {
  std::vector<double> values;
  for (std::size_t c = 0; c < noise.size(); ++c) {
    values.clear();
    for (const auto& r : replicates) {
      if (!r[label].empty()) {
        values.push_back(r[label][c]);
      }
    }
    noise[c] = std::max(noise[c], standard_deviation(values));
  }
  return noise;
}

}  // namespace

Readout read_classes(const ClassSums& sums, const ReadoutPlan& plan) {
  const auto means = replicate_means(sums, plan);
  Readout out;
  std::vector<Reading> base;
  std::vector<std::vector<double>> errors;
  for (std::size_t label = 0; label < sums.classes(); ++label) {
    ClassSpectrum s;
    s.label = static_cast<PixelClass>(label);
    s.pixels = sums.pixels(label);
    s.mean = sums.mean(label);
    errors.push_back(channel_errors(means, label, noise_of_mean(plan, s.pixels)));
    base.push_back(read(s.mean, errors.back(), plan));
    if (!s.mean.empty()) {
      s.sigma = errors.back();
    }
    out.spectra.push_back(std::move(s));
  }
  std::vector<std::vector<Reading>> repeats(means.size());
  for_each_chunk(means.size(), 1, plan.threads, [&](std::size_t r, std::size_t) {
    for (std::size_t label = 0; label < sums.classes(); ++label) {
      repeats[r].push_back(read(means[r][label], errors[label], plan));
    }
  });
  for (std::size_t label = 0; label < sums.classes(); ++label) {
    ClassSpectrum& s = out.spectra[label];
    s.peaks = base[label].peaks;
    s.wide = base[label].wide;
    s.peak_ratio = base[label].ratio;
    for (std::size_t g = 0; g < s.peaks.size(); ++g) {
      std::vector<Peak> peaks;
      for (const auto& r : repeats) {
        peaks.push_back(r[label].peaks[g]);
      }
      set_peak_sigma(s.peaks[g], peaks);
    }
    std::vector<Peak> wides;
    for (const auto& r : repeats) {
      wides.push_back(r[label].wide);
    }
    set_peak_sigma(s.wide, wides);
    set_sigma(s.peak_ratio, column(repeats, [&](const auto& r) { return r[label].ratio; }));
  }
  out.comparisons = compare_all(base);
  std::vector<std::vector<ClassComparison>> compared;
  for (const auto& r : repeats) {
    compared.push_back(compare_all(r));
  }
  for (std::size_t i = 0; i < out.comparisons.size(); ++i) {
    for (const auto member : {&ClassComparison::shift,
                              &ClassComparison::wide_shift,
                              &ClassComparison::enhancement,
                              &ClassComparison::ratio_contrast}) {
      std::vector<MaybeEstimate> values;
      for (const auto& c : compared) {
        values.push_back(c[i].*member);
      }
      set_sigma(out.comparisons[i].*member, values);
    }
  }
  return out;
}

std::vector<ClassComparison> compare_means(const ClassSums& sums, const ReadoutPlan& plan) {
  std::vector<Reading> readings;
  for (std::size_t label = 0; label < sums.classes(); ++label) {
    readings.push_back(read(sums.mean(label), noise_of_mean(plan, sums.pixels(label)), plan));
  }
  return compare_all(readings);
}

std::vector<ClassComparison> summarise(const std::vector<std::vector<ClassComparison>>& repeats) {
  if (repeats.empty()) {
    return {};
  }
  std::vector<ClassComparison> out = repeats.front();
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const auto member : {&ClassComparison::shift,
                              &ClassComparison::wide_shift,
                              &ClassComparison::enhancement,
                              &ClassComparison::ratio_contrast}) {
      std::vector<double> values;
      for (const auto& r : repeats) {
        if ((r[i].*member).known) {
          values.push_back((r[i].*member).value);
        }
      }
      const bool known = values.size() >= 2 && 2 * values.size() >= repeats.size();
      out[i].*member =
          known ? MaybeEstimate{true, mean(values), standard_deviation(values)} : MaybeEstimate{};
    }
  }
  return out;
}

}  // namespace halotwin::analysis
