#include "analysis/pipelines/pm_dns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/Dense>

#include "analysis/pipelines/pm_dns_readout.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t class_labels = 4;                 // not_considered, grain, boundary, hotspot
constexpr std::size_t transient_block_pixels = 8;       // about a grain
constexpr std::uint32_t shuffle_entities = 1U << 24;    // streams beyond those of the replicates
constexpr std::uint32_t surrogate_entities = 1U << 25;  // and beyond those of the shuffles
constexpr std::size_t max_surrogate_pixels = 65536;
constexpr int surrogate_repeats = 4;

void check(const PmDnsInput& in) {
  const std::size_t m = in.frequencies_hz.size();
  const std::size_t n = in.nx * in.ny;
  require(n > 0 && m > 0, "a map of at least one pixel and one frequency expected");
  for (std::size_t i = 0; i < m; ++i) {
    require(in.frequencies_hz[i] > (i > 0 ? in.frequencies_hz[i - 1] : 0.0),
            "frequencies must be positive and ascending");
  }
  require(in.demodulated.size() == n * 2 * m,
          "demodulated must be [y][x][2 directions][frequency]");
  require(!in.reference.empty(),
          "the reference sweep over bare metal is missing: without it lever and lock-ins cannot be "
          "divided out");
  require(in.topography_m.empty() || in.topography_m.size() == n,
          "topography must have one value per pixel");
  require(in.overload.empty() || in.overload.size() == n, "overload must have one value per pixel");
  require(in.pixel_time_s.empty() || in.pixel_time_s.size() == n,
          "pixel_time must have one value per pixel");
}

/// Spectra of some pixels, contiguous: borrowed where they are, else copied.
struct UsedSpectra {
  std::vector<std::uint32_t> pixels;  // map index of each row
  std::vector<float> copy;
  SpectraView view;
};

UsedSpectra gather(const ResponseCube& cube,
                   std::size_t channels,
                   std::span<const std::uint8_t> use,
                   std::size_t first_pixel,
                   std::span<const double> divide_by) {
  UsedSpectra used;
  for (std::size_t p = first_pixel; p < use.size(); ++p) {
    if (use[p] != 0) {
      used.pixels.push_back(static_cast<std::uint32_t>(p));
    }
  }
  if (divide_by.empty() && used.pixels.size() == use.size() - first_pixel) {
    used.view = {std::span(cube.values).subspan(first_pixel * channels), channels};
    return used;
  }
  used.copy.resize(used.pixels.size() * channels);
  for (std::size_t i = 0; i < used.pixels.size(); ++i) {
    const float* row = cube.values.data() + used.pixels[i] * channels;
    for (std::size_t c = 0; c < channels; ++c) {
      used.copy[i * channels + c] =
          divide_by.empty() ? row[c]
                            : static_cast<float>(static_cast<double>(row[c]) / divide_by[c]);
    }
  }
  used.view = {used.copy, channels};
  return used;
}

RowArray line_means(const ResponseCube& cube,
                    std::span<const std::uint8_t> use,
                    std::size_t nx,
                    std::size_t ny,
                    std::size_t channels) {
  RowArray lines =
      RowArray::Zero(static_cast<Eigen::Index>(ny), static_cast<Eigen::Index>(channels));
  for (std::size_t y = 0; y < ny; ++y) {
    auto line = lines.row(static_cast<Eigen::Index>(y));
    double count = 0.0;
    for (std::size_t x = 0; x < nx; ++x) {
      const std::size_t p = y * nx + x;
      if (use[p] != 0) {
        const Eigen::Map<const Eigen::ArrayXf> row(cube.values.data() + p * channels,
                                                   static_cast<Eigen::Index>(channels));
        line += row.cast<double>().transpose();
        count += 1.0;
      }
    }
    line /= count;  // no pixel: 0 / 0, the line is left out
  }
  return lines;
}

/// Mean spectra of square blocks of the used pixels from `first_line` on; blocks without a pixel
/// are left out.
RowArray block_means(const ResponseCube& cube,
                     std::span<const std::uint8_t> use,
                     const PmDnsInput& in,
                     std::size_t first_line,
                     std::size_t side) {
  const std::size_t m = in.frequencies_hz.size();
  const std::size_t across = (in.nx + side - 1) / side;
  const std::size_t down = (in.ny - first_line + side - 1) / side;
  RowArray sums =
      RowArray::Zero(static_cast<Eigen::Index>(across * down), static_cast<Eigen::Index>(m));
  std::vector<double> counts(across * down, 0.0);
  for (std::size_t y = first_line; y < in.ny; ++y) {
    for (std::size_t x = 0; x < in.nx; ++x) {
      const std::size_t p = y * in.nx + x;
      if (use[p] != 0) {
        const std::size_t block = (y - first_line) / side * across + x / side;
        const Eigen::Map<const Eigen::ArrayXf> row(cube.values.data() + p * m,
                                                   static_cast<Eigen::Index>(m));
        sums.row(static_cast<Eigen::Index>(block)) += row.cast<double>().transpose();
        counts[block] += 1.0;
      }
    }
  }
  std::vector<Eigen::Index> filled;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    if (counts[b] > 0.0) {
      sums.row(static_cast<Eigen::Index>(b)) /= counts[b];
      filled.push_back(static_cast<Eigen::Index>(b));
    }
  }
  return sums(filled, Eigen::all);
}

/// End of the transient; what the film does is learnt from the later half of the measured lines.
Transient locate_transient(const ResponseCube& cube,
                           std::span<const std::uint8_t> use,
                           const PmDnsInput& in,
                           const PmDnsOptions& options) {
  std::size_t last = use.size();
  while (last > 0 && use[last - 1] == 0) {
    --last;
  }
  const std::size_t lines = (last + in.nx - 1) / in.nx;
  if (lines < 2) {
    Transient none;
    none.status = TransientStatus::too_few_lines;
    return none;
  }
  return find_transient(line_means(cube, use, in.nx, in.ny, in.frequencies_hz.size()),
                        in.frequencies_hz,
                        block_means(cube, use, in, lines / 2, transient_block_pixels),
                        options.transient);
}

/// Factorises; with whitening in units of the noise, brought back to the units of the data.
NmfResult factorize_used(const UsedSpectra& used,
                         std::span<const double> noise,
                         const NmfOptions& options,
                         bool whitened,
                         Threads threads) {
  NmfResult result = factorize(used.view, options, threads);
  if (!whitened) {
    return result;
  }
  for (Eigen::Index k = 0; k < result.basis.rows(); ++k) {
    auto row = result.basis.row(k);
    for (Eigen::Index c = 0; c < row.size(); ++c) {
      row(c) *= noise[static_cast<std::size_t>(c)];
    }
    const double unit = options.scale == NmfScale::peak ? row.maxCoeff() : row.sum();
    if (unit > 0.0) {
      row /= unit;
      result.weights.col(k) *= static_cast<float>(unit);
    }
  }
  return result;
}

/// Weights with the components scaled to unit sum.
RowArrayF unit_sum_weights(const NmfResult& nmf) {
  RowArrayF weights = nmf.weights;
  for (Eigen::Index k = 0; k < weights.cols(); ++k) {
    weights.col(k) *= static_cast<float>(nmf.basis.row(k).sum());
  }
  return weights;
}

/// Nothing to tell pixels apart by: all weights equal to single precision.
bool is_uniform(const RowArrayF& weights) {
  const Eigen::ArrayXf total = weights.rowwise().sum();
  return total.maxCoeff() - total.minCoeff() <= 1e-5F * std::abs(total.maxCoeff()) &&
         (weights.col(0).maxCoeff() - weights.col(0).minCoeff()) <= 1e-5F * total.maxCoeff();
}

/// sigma of an unconstrained weight: square root of the diagonal of P S P^T, P = (H H^T)^-1 H.
std::vector<double> weight_errors(const RowArray& basis, std::span<const double> noise) {
  const Eigen::MatrixXd h = basis.matrix();
  const Eigen::MatrixXd p =
      (h * h.transpose()).completeOrthogonalDecomposition().pseudoInverse() * h;
  const Eigen::Map<const Eigen::VectorXd> s(noise.data(), static_cast<Eigen::Index>(noise.size()));
  std::vector<double> sigma;
  for (Eigen::Index k = 0; k < p.rows(); ++k) {
    sigma.push_back(p.row(k).transpose().cwiseProduct(s).norm());
  }
  return sigma;
}

std::vector<std::uint8_t> as_labels(const std::vector<PixelClass>& classes) {
  std::vector<std::uint8_t> labels(classes.size());
  std::transform(classes.begin(), classes.end(), labels.begin(), [](PixelClass c) {
    return static_cast<std::uint8_t>(c);
  });
  return labels;
}

std::vector<ClassComparison> shuffled_null(const SpectraView& spectra,
                                           std::vector<std::uint8_t> labels,
                                           const ReadoutPlan& plan) {
  std::vector<std::vector<ClassComparison>> repeats;
  for (int r = 0; r < plan.options->null_repeats; ++r) {
    RandomStream draw(
        plan.options->seed, Purpose::bootstrap, shuffle_entities + static_cast<std::uint32_t>(r));
    for (std::size_t i = labels.size(); i > 1; --i) {
      std::swap(labels[i - 1], labels[draw.index(static_cast<std::uint32_t>(i))]);
    }
    const std::vector<std::int32_t> one_block(labels.size(), 0);
    const ClassSums sums(spectra, one_block, 1, labels, class_labels, plan.threads);
    repeats.push_back(compare_means(sums, plan));
  }
  return summarise(repeats);
}

/// Every pixel has the mean shape, its own intensity and the measured noise.
std::vector<float> surrogate(const RowArrayF& weights,
                             std::span<const double> mean_spectrum,
                             std::span<const double> noise,
                             std::uint64_t seed,
                             int repeat,
                             Threads threads) {
  const std::size_t m = mean_spectrum.size();
  const auto n = static_cast<std::size_t>(weights.rows());
  const Eigen::ArrayXd total = weights.cast<double>().rowwise().sum();
  const double mean_total = total.mean();
  const std::size_t stride = (n + max_surrogate_pixels - 1) / max_surrogate_pixels;
  const std::size_t rows = (n + stride - 1) / stride;
  std::vector<float> out(rows * m);
  constexpr std::size_t chunk = 512;
  for_each_chunk(rows, chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      RandomStream draw(seed,
                        Purpose::bootstrap,
                        surrogate_entities + static_cast<std::uint32_t>(i),
                        static_cast<std::uint64_t>(repeat));
      const double intensity =
          mean_total > 0.0 ? total(static_cast<Eigen::Index>(i * stride)) / mean_total : 1.0;
      for (std::size_t c = 0; c < m; ++c) {
        out[i * m + c] =
            static_cast<float>(intensity * mean_spectrum[c] + noise[c] * draw.normal());
      }
    }
  });
  return out;
}

std::vector<ClassComparison> selection_null(const PmDnsResult& result,
                                            const RowArrayF& weights,
                                            const ReadoutPlan& plan) {
  const PmDnsOptions& options = *plan.options;
  NmfOptions quick = options.nmf;
  quick.random_starts = 0;
  const std::size_t m = plan.frequencies_hz.size();
  std::vector<std::vector<ClassComparison>> repeats;
  for (int r = 0; r < (options.null_repeats > 0 ? surrogate_repeats : 0); ++r) {
    UsedSpectra data;
    data.copy =
        surrogate(weights, result.all.mean, plan.noise_sigma, options.seed, r, plan.threads);
    const std::vector<float> values = data.copy;
    if (options.whitening) {
      for (std::size_t i = 0; i < data.copy.size(); ++i) {
        data.copy[i] /= static_cast<float>(plan.noise_sigma[i % m]);
      }
    }
    data.view = {data.copy, m};
    const NmfResult nmf =
        factorize_used(data, plan.noise_sigma, quick, options.whitening, plan.threads);
    const auto labels = as_labels(classify(unit_sum_weights(nmf), options.classes));
    const std::vector<std::int32_t> one_block(labels.size(), 0);
    const ClassSums sums({values, m}, one_block, 1, labels, class_labels, plan.threads);
    repeats.push_back(compare_means(sums, plan));
  }
  return summarise(repeats);
}

void level(const PmDnsInput& in, const PmDnsOptions& options, PmDnsResult& result) {
  result.topography_m.assign(in.topography_m.begin(), in.topography_m.end());
  if (!result.topography_m.empty()) {
    const MapRef map{result.topography_m, in.nx, in.ny};
    align_rows(map, options.row_alignment);
    level_plane(map);
    fix_zero(map);
  }
}

/// Weight maps and class map on the full grid.
void spread(const UsedSpectra& used, const std::vector<PixelClass>& classes, PmDnsResult& result) {
  const std::size_t n = result.nx * result.ny;
  const auto rank = static_cast<std::size_t>(result.nmf.weights.cols());
  result.weight_maps.assign(rank * n, not_a_number);
  for (std::size_t i = 0; i < used.pixels.size(); ++i) {
    result.class_map[used.pixels[i]] = classes[i];
    for (std::size_t k = 0; k < rank; ++k) {
      result.weight_maps[k * n + used.pixels[i]] =
          result.nmf.weights(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k));
    }
  }
}

/// Classes of every pixel before the factorisation: unmeasured or excluded. Returns which pixels
/// may be used at all.
std::vector<std::uint8_t> usable_pixels(const PmDnsInput& in, PmDnsResult& result) {
  std::vector<std::uint8_t> use = result.response.valid;
  result.class_map.assign(use.size(), PixelClass::unmeasured);
  for (std::size_t p = 0; p < use.size(); ++p) {
    if (use[p] != 0) {
      result.class_map[p] = PixelClass::excluded;
      if (!in.overload.empty() && in.overload[p] != 0) {
        use[p] = 0;
      }
    }
  }
  return use;
}

double noise_rms(std::span<const double> noise) {
  double s = 0.0;
  for (const double v : noise) {
    s += v * v;
  }
  return std::sqrt(s / static_cast<double>(noise.size()));
}

}  // namespace

void validate(const PmDnsOptions& p) {
  validate(p.nmf);
  validate(p.transient);
  validate(p.classes);
  validate(p.peaks);
  validate(p.groups);
  require_positive("fast_from_hz", p.fast_from_hz);
  require_range("exclude_lines", p.exclude_lines, -1, 1e6);
  require_positive("wide_half_width_decades", p.wide_half_width_decades);
  require_range("max_rank_scanned", p.max_rank_scanned, 0, 16);
  require_range("block_side_pixels", p.block_side_pixels, 1, 1e4);
  require_range("replicates", p.replicates, 2, 1e6);
  require_range("null_repeats", p.null_repeats, 0, 1e6);
  require(std::is_sorted(p.peak_guesses_hz.begin(), p.peak_guesses_hz.end()),
          "peak_guesses_hz must be ascending");
  for (const double guess : p.peak_guesses_hz) {
    require_positive("peak_guesses_hz", guess);
  }
}

namespace {

/// Weights averaged over the used pixels of the square around each.
RowArrayF smooth_weights(
    const UsedSpectra& used, const RowArrayF& weights, std::size_t nx, std::size_t ny, int reach) {
  if (reach == 0) {
    return weights;
  }
  std::vector<std::int64_t> row_of(nx * ny, -1);
  for (std::size_t i = 0; i < used.pixels.size(); ++i) {
    row_of[used.pixels[i]] = static_cast<std::int64_t>(i);
  }
  RowArrayF smooth = RowArrayF::Zero(weights.rows(), weights.cols());
  for (std::size_t i = 0; i < used.pixels.size(); ++i) {
    const auto x = static_cast<int>(used.pixels[i] % nx);
    const auto y = static_cast<int>(used.pixels[i] / nx);
    float count = 0.0F;
    for (int v = std::max(0, y - reach); v <= std::min(static_cast<int>(ny) - 1, y + reach); ++v) {
      for (int u = std::max(0, x - reach); u <= std::min(static_cast<int>(nx) - 1, x + reach);
           ++u) {
        const std::int64_t other =
            row_of[static_cast<std::size_t>(v) * nx + static_cast<std::size_t>(u)];
        if (other >= 0) {
          smooth.row(static_cast<Eigen::Index>(i)) += weights.row(other);
          count += 1.0F;
        }
      }
    }
    smooth.row(static_cast<Eigen::Index>(i)) /= count;
  }
  return smooth;
}

/// Groups of other samples than the fresh film.
SpectrumGroups group_spectra(const UsedSpectra& used,
                             const RowArrayF& weights,
                             const ReadoutPlan& plan,
                             const PmDnsResult& result) {
  const PmDnsOptions& options = *plan.options;
  SpectrumGroups out;
  out.rule = options.groups.rule;
  if (out.rule == GroupRule::none) {
    return out;
  }
  const Grouping grouping = group_by_weights(
      smooth_weights(used, weights, result.nx, result.ny, options.groups.smoothing_pixels),
      options.groups);
  std::vector<std::uint8_t> valid(result.nx * result.ny, 0);
  out.label_map.assign(valid.size(), SpectrumGroups::no_group);
  for (std::size_t i = 0; i < used.pixels.size(); ++i) {
    valid[used.pixels[i]] = 1;
    out.label_map[used.pixels[i]] = grouping.label[i];
  }
  const BlockMap blocks = spatial_blocks(
      result.nx, result.ny, static_cast<std::size_t>(options.block_side_pixels), valid);
  std::vector<std::int32_t> block;
  for (const auto p : used.pixels) {
    block.push_back(blocks.block[p]);
  }
  out.groups = read_groups(used.view,
                           plan.frequencies_hz,
                           grouping,
                           block,
                           blocks.count,
                           plan.noise_sigma,
                           plan.common_sigma,
                           options.seed,
                           options.groups,
                           plan.threads);
  return out;
}

/// Weights of the spectra with noise added (pm_dns_selection.hpp), for the components as they are.
std::vector<RowArrayF> noisier_weights(const UsedSpectra& used,
                                       std::span<const float> difference,
                                       const ReadoutPlan& plan,
                                       const NmfResult& nmf) {
  const std::size_t m = plan.frequencies_hz.size();
  const bool whitening = plan.options->whitening;
  RowArray basis = nmf.basis;
  for (Eigen::Index c = 0; whitening && c < basis.cols(); ++c) {
    basis.col(c) /= plan.noise_sigma[static_cast<std::size_t>(c)];
  }
  std::vector<RowArrayF> weights;
  std::vector<float> data(used.view.values.size());
  for (const double t : added_noise) {
    for (const double sign : {1.0, -1.0}) {
      const auto share = static_cast<float>(sign * t);
      for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = used.view.values[i] + share * difference[i];
        data[i] /= whitening ? static_cast<float>(plan.noise_sigma[i % m]) : 1.0F;
      }
      weights.push_back(solve_weights({data, m}, basis, plan.threads));
      for (Eigen::Index k = 0; k < basis.rows(); ++k) {
        weights.back().col(k) *= static_cast<float>(nmf.basis.row(k).sum());
      }
    }
  }
  return weights;
}

/// Factorisation and everything that follows from it. `difference`: half of up less down, of the
/// used spectra.
void analyse_components(const UsedSpectra& used,
                        std::span<const float> difference,
                        const ReadoutPlan& plan,
                        PmDnsResult& result) {
  const PmDnsOptions& options = *plan.options;
  const std::size_t m = plan.frequencies_hz.size();
  const BlockDraws draws(used.pixels, result.nx, options.block_side_pixels);
  const Labels everything = [](std::span<const std::uint32_t> spectra) {
    return Labelling{std::vector<std::uint8_t>(spectra.size(), 0), {}};
  };
  result.all = read_classes(used.view, {}, 1, everything, draws, plan).spectra.front();
  if (used.pixels.size() <= static_cast<std::size_t>(options.nmf.rank) || m < 3) {
    result.status = PmDnsStatus::too_few_pixels;
    return;
  }
  UsedSpectra whitened;
  if (options.whitening) {
    whitened.copy.resize(used.view.values.size());
    for (std::size_t i = 0; i < whitened.copy.size(); ++i) {
      const double noise = plan.noise_sigma[i % m];
      require(noise > 0.0, "whitening needs a noise above zero in every channel");
      whitened.copy[i] = static_cast<float>(static_cast<double>(used.view.values[i]) / noise);
    }
    whitened.view = {whitened.copy, m};
  }
  const UsedSpectra& data = options.whitening ? whitened : used;
  result.nmf = factorize_used(data, plan.noise_sigma, options.nmf, options.whitening, plan.threads);
  result.significant_rank = significant_rank(result.nmf.singular_values,
                                             used.pixels.size(),
                                             m,
                                             options.whitening ? 1.0 : noise_rms(plan.noise_sigma));
  const RowArrayF weights = unit_sum_weights(result.nmf);
  if (result.nmf.stop == NmfStop::zero_data || is_uniform(weights)) {
    result.status = PmDnsStatus::no_contrast;
    spread(used, std::vector<PixelClass>(used.pixels.size()), result);
    return;
  }
  result.weight_sigma = weight_errors(result.nmf.basis, plan.noise_sigma);
  if (options.nmf.rank == 2) {
    result.band = feasible_band(result.nmf);
  }
  if (options.max_rank_scanned > 0) {
    NmfOptions quick = options.nmf;
    quick.random_starts = 0;
    result.rank_scan = scan_rank(data.view, options.max_rank_scanned, quick, plan.threads);
  }
  const auto classes = classify(weights, options.classes);
  spread(used, classes, result);
  result.groups = group_spectra(used, weights, plan, result);
  const std::vector<RowArrayF> noisier = noisier_weights(used, difference, plan, result.nmf);
  const Labels anew = [&](std::span<const std::uint32_t> spectra) {
    const std::vector<Eigen::Index> rows(spectra.begin(), spectra.end());
    Labelling out{as_labels(classify(weights(rows, Eigen::all), options.classes)), {}};
    for (const RowArrayF& w : noisier) {
      out.noisier.push_back(as_labels(classify(w(rows, Eigen::all), options.classes)));
    }
    return out;
  };
  Readout readout = read_classes(used.view, {difference, m}, class_labels, anew, draws, plan);
  result.classes.assign(readout.spectra.begin() + 1, readout.spectra.end());
  result.comparisons = std::move(readout.comparisons);
  result.shuffled_null = shuffled_null(used.view, as_labels(classes), plan);
  result.selection_null = selection_null(result, weights, plan);
}

}  // namespace

PmDnsResult analyse_pm_dns(const PmDnsInput& in, const PmDnsOptions& options, Threads threads) {
  check(in);
  validate(options);
  const std::size_t m = in.frequencies_hz.size();
  PmDnsResult result;
  result.nx = in.nx;
  result.ny = in.ny;
  result.frequencies_hz.assign(in.frequencies_hz.begin(), in.frequencies_hz.end());
  level(in, options, result);
  ReferenceSweep reference = mean_reference(in.reference, m);
  TransferOptions transfer{options.channel, options.fast_from_hz, {}};
  if (!in.drive_check.readings.empty()) {
    result.excess = measure_excess(in.drive_check, in.frequencies_hz);
    reference = without_excess(reference, result.excess);
    transfer.excess_per_v2 = excess_per_square(result.excess);
  }
  result.response = calibrate(in.demodulated, in.frequencies_hz, reference, transfer, threads);
  const auto use = usable_pixels(in, result);
  if (std::none_of(use.begin(), use.end(), [](std::uint8_t u) { return u != 0; })) {
    result.status = PmDnsStatus::no_measured_pixel;
    return result;
  }
  result.transient = locate_transient(result.response, use, in, options);
  result.excluded_lines = options.exclude_lines >= 0
                              ? static_cast<std::size_t>(options.exclude_lines)
                              : result.transient.lines_to_exclude();
  result.excluded_lines = std::min(result.excluded_lines, in.ny);
  const auto used = gather(result.response, m, use, result.excluded_lines * in.nx, {});
  result.used_pixels = used.pixels.size();
  if (used.pixels.empty()) {
    result.status = PmDnsStatus::too_few_pixels;
    return result;
  }
  const auto difference =
      half_differences(in.demodulated, reference, result.response, options.channel, used.pixels);
  analyse_components(used,
                     difference,
                     {in.frequencies_hz,
                      result.response.noise_sigma,
                      result.response.common_sigma,
                      &options,
                      threads},
                     result);
  return result;
}

}  // namespace halotwin::analysis
