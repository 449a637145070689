#include "analysis/pipelines/pm_dns_readout.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>

#include "analysis/map_correlation.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {

namespace {

constexpr double least_blocks = 16.0;  // a bootstrap of few is no error

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

/// As many as the options say; fewer for large maps, whose errors need them less.
std::size_t replicates_for(const SpectraView& spectra, const PmDnsOptions& options) {
  constexpr std::size_t full_up_to = 65536;  // spectra
  constexpr std::size_t least = 40;
  const auto wanted = static_cast<std::size_t>(options.replicates);
  const std::size_t n = std::max(spectra.pixels(), full_up_to);
  return std::min(wanted, std::max(least, wanted * full_up_to / n));
}

/// Sum of the channels of each spectrum, or upper half less lower half: intensity reaches less far
/// than shape.
std::vector<double> totals(const SpectraView& spectra, bool shape) {
  const auto channels = static_cast<Eigen::Index>(spectra.channels);
  const Eigen::Index lower = channels / 2;
  std::vector<double> sums(spectra.pixels());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Eigen::Map<const Eigen::ArrayXf> row(spectra.values.data() + i * spectra.channels,
                                               channels);
    const float upper = row.tail(channels - lower).sum();
    sums[i] =
        static_cast<double>(shape ? upper - row.head(lower).sum() : upper + row.head(lower).sum());
  }
  return sums;
}

/// What blocks miss of the spread of intensities and of shapes (BlockDraws::missing_spread).
struct Widening {
  double intensity = 1.0;
  double shape = 1.0;
};

/// By how much more deviations of the intensity must be widened where a label lies in few pieces:
/// the spread of n pieces is known with n - 1 degrees of freedom only (Student's t), and a
/// bootstrap of n pieces misses n / (n - 1) of the variance. `blocks`: of the whole map, whose n /
/// (n - 1) is in the widening already. Shapes hardly differ from grain to grain: their errors are
/// those of many pixels.
double of_few_pieces(double pieces, double blocks) {
  constexpr double one_sigma = 0.841344746;  // of the normal distribution
  constexpr double fewest = 2.0;
  const double n = std::max(pieces, fewest);
  const boost::math::students_t t(n - 1.0);
  return std::sqrt(n / (n - 1.0) * (blocks - 1.0) / blocks) * boost::math::quantile(t, one_sigma);
}

/// Deviations from `own`: the part that is a multiple of the mean spectrum times the widening of
/// intensities, the rest times that of shapes.
void widen(Means& means, const Means& own, std::span<const Widening> by_label) {
  for (std::size_t k = 0; k < means.size(); ++k) {
    if (means[k].empty() || own[k].empty()) {
      continue;
    }
    const auto n = static_cast<Eigen::Index>(own[k].size());
    const Widening& by = by_label[k];
    const Eigen::Map<const Eigen::ArrayXd> centre(own[k].data(), n);
    Eigen::Map<Eigen::ArrayXd> mean(means[k].data(), n);
    const Eigen::ArrayXd deviation = mean - centre;
    const double squares = centre.square().sum();
    const double multiple = squares > 0.0 ? (deviation * centre).sum() / squares : 0.0;
    mean = centre + by.shape * deviation + (by.intensity - by.shape) * multiple * centre;
  }
}

/// Means of every label in every replicate: blocks drawn again and labelled anew, and one draw of
/// the reference sweep's error, common to all labels of the replicate.
std::vector<Means> replicate_means(const SpectraView& spectra,
                                   const SpectraView& difference,
                                   std::size_t labels,
                                   const Labels& label,
                                   const BlockDraws& draws,
                                   const Means& own,
                                   std::span<const std::uint8_t> own_labels,
                                   const ReadoutPlan& plan) {
  std::vector<Means> means;
  if (draws.blocks() < 2) {
    return means;
  }
  const Widening whole{draws.missing_spread(totals(spectra, false)),
                       draws.missing_spread(totals(spectra, true))};
  std::vector<Widening> by;
  for (std::size_t k = 0; k < labels; ++k) {
    const double factor =
        of_few_pieces(draws.pieces(own_labels, k), static_cast<double>(draws.blocks()));
    by.push_back({factor * whole.intensity, whole.shape});
  }
  means.resize(replicates_for(spectra, *plan.options));
  for_each_chunk(means.size(), 1, plan.threads, [&](std::size_t r, std::size_t) {
    const auto replicate = static_cast<std::uint32_t>(r);
    const auto rows = draws.draw(plan.options->seed, replicate);
    means[r] = means_without_noise_choice(spectra, difference, rows, label(rows), labels);
    widen(means[r], own, by);
    constexpr std::uint32_t of_reference = 1U << 31U;  // beside the streams of the blocks
    RandomStream draw(plan.options->seed, Purpose::bootstrap, of_reference | replicate);
    for (const double sigma : plan.common_sigma) {
      const double error = sigma * draw.normal();
      const auto c = static_cast<std::size_t>(&sigma - plan.common_sigma.data());
      for (auto& mean : means[r]) {
        if (c < mean.size()) {
          mean[c] += error;
        }
      }
    }
  });
  return means;
}

/// Bootstrap error of each channel, not below that of the readings' noise.
std::vector<double> channel_errors(const std::vector<Means>& replicates,
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

BlockDraws::BlockDraws(std::span<const std::uint32_t> pixels, std::size_t nx, int side)
    : nx_(nx), side_(static_cast<std::size_t>(std::max(1, side))) {
  if (pixels.empty()) {
    return;
  }
  const std::size_t first = pixels.front() / nx;
  rows_ = pixels.back() / nx - first + 1;
  spectrum_at_.assign(rows_ * nx, -1);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    spectrum_at_[pixels[i] - first * nx] = static_cast<std::int64_t>(i);
  }
  const std::size_t area = rows_ * nx;
  const auto fitting =
      static_cast<std::size_t>(std::sqrt(static_cast<double>(area) / least_blocks));
  side_ = std::max<std::size_t>(1, std::min(side_, fitting));
  blocks_ = (area + side_ * side_ - 1) / (side_ * side_);
}

std::vector<std::uint32_t> BlockDraws::draw(std::uint64_t seed, std::uint32_t replicate) const {
  std::vector<std::uint32_t> drawn;
  drawn.reserve(blocks_ * side_ * side_);
  RandomStream random(seed, Purpose::bootstrap, replicate);
  for (std::size_t b = 0; b < blocks_; ++b) {
    const std::size_t x = random.index(static_cast<std::uint32_t>(nx_));
    const std::size_t y = random.index(static_cast<std::uint32_t>(rows_));
    for (std::size_t dy = 0; dy < std::min(side_, rows_); ++dy) {
      for (std::size_t dx = 0; dx < std::min(side_, nx_); ++dx) {
        const std::int64_t i = spectrum_at_[(y + dy) % rows_ * nx_ + (x + dx) % nx_];
        if (i >= 0) {
          drawn.push_back(static_cast<std::uint32_t>(i));
        }
      }
    }
  }
  return drawn;
}

double BlockDraws::missing_spread(std::span<const double> field) const {
  constexpr std::size_t most_pixels = 40;
  constexpr double most = 3.0;
  if (blocks_ < 2) {
    return 1.0;
  }
  std::vector<double> map(spectrum_at_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t p = 0; p < map.size(); ++p) {
    if (spectrum_at_[p] >= 0) {
      map[p] = field[static_cast<std::size_t>(spectrum_at_[p])];
    }
  }
  const std::size_t largest = std::min(most_pixels, std::min(nx_, rows_) / 3);
  const CovarianceSums sums =
      sum_covariance(radial_covariance(map, nx_, largest), static_cast<double>(side_));
  if (!(sums.in_blocks > 0.0)) {
    return 1.0;
  }
  const auto n = static_cast<double>(blocks_);
  return std::clamp(std::sqrt(n / (n - 1.0) * sums.whole / sums.in_blocks), 1.0, most);
}

double BlockDraws::pieces(std::span<const std::uint8_t> label, std::size_t of) const {
  const std::size_t across = (nx_ + side_ - 1) / side_;
  std::vector<double> counts(across * ((rows_ + side_ - 1) / side_), 0.0);
  for (std::size_t p = 0; p < spectrum_at_.size(); ++p) {
    const std::int64_t i = spectrum_at_[p];
    if (i >= 0 && label[static_cast<std::size_t>(i)] == of) {
      counts[p / nx_ / side_ * across + p % nx_ / side_] += 1.0;
    }
  }
  double sum = 0.0;
  double squares = 0.0;
  for (const double c : counts) {
    sum += c;
    squares += c * c;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

Readout read_classes(const SpectraView& spectra,
                     const SpectraView& difference,
                     std::size_t labels,
                     const Labels& label,
                     const BlockDraws& draws,
                     const ReadoutPlan& plan) {
  std::vector<std::uint32_t> rows(spectra.pixels());
  std::iota(rows.begin(), rows.end(), 0U);
  const Labelling labelling = label(rows);
  const std::vector<std::uint8_t>& own = labelling.own;
  const Means own_means = means_without_noise_choice(spectra, difference, rows, labelling, labels);
  const std::vector<Means> means =
      replicate_means(spectra, difference, labels, label, draws, own_means, own, plan);
  Readout out;
  std::vector<Reading> base;
  std::vector<std::vector<double>> errors;
  for (std::size_t k = 0; k < labels; ++k) {
    ClassSpectrum s;
    s.label = static_cast<PixelClass>(k);
    s.pixels = static_cast<std::size_t>(std::count(own.begin(), own.end(), k));
    s.mean = own_means[k];
    errors.push_back(channel_errors(means, k, noise_of_mean(plan, s.pixels)));
    base.push_back(read(s.mean, errors.back(), plan));
    if (!s.mean.empty()) {
      s.sigma = errors.back();
    }
    out.spectra.push_back(std::move(s));
  }
  std::vector<std::vector<Reading>> repeats(means.size());
  for_each_chunk(means.size(), 1, plan.threads, [&](std::size_t r, std::size_t) {
    for (std::size_t k = 0; k < labels; ++k) {
      repeats[r].push_back(read(means[r][k], errors[k], plan));
    }
  });
  for (std::size_t k = 0; k < labels; ++k) {
    ClassSpectrum& s = out.spectra[k];
    s.peaks = base[k].peaks;
    s.wide = base[k].wide;
    s.peak_ratio = base[k].ratio;
    for (std::size_t g = 0; g < s.peaks.size(); ++g) {
      std::vector<Peak> peaks;
      for (const auto& r : repeats) {
        peaks.push_back(r[k].peaks[g]);
      }
      set_peak_sigma(s.peaks[g], peaks);
    }
    std::vector<Peak> wides;
    for (const auto& r : repeats) {
      wides.push_back(r[k].wide);
    }
    set_peak_sigma(s.wide, wides);
    set_sigma(s.peak_ratio, column(repeats, [&](const auto& r) { return r[k].ratio; }));
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
