#include "analysis/pipelines/pm_dns_selection.hpp"

#include <Eigen/Dense>

namespace halotwin::analysis {

namespace {

/// Mean of spectra + factor x difference of each label.
Means shifted_means(const SpectraView& spectra,
                    const SpectraView& difference,
                    double factor,
                    std::span<const std::uint32_t> rows,
                    std::span<const std::uint8_t> label,
                    std::size_t labels) {
  Means means = label_means(spectra, rows, label, labels);
  const Means noise = label_means(difference, rows, label, labels);
  for (std::size_t k = 0; k < labels; ++k) {
    for (std::size_t c = 0; c < means[k].size(); ++c) {
      means[k][c] += factor * noise[k][c];
    }
  }
  return means;
}

/// a x + b y; empty if one of them is.
std::vector<double> combine(double a,
                            const std::vector<double>& x,
                            double b,
                            const std::vector<double>& y) {
  std::vector<double> sum(x.empty() || y.empty() ? 0 : x.size());
  for (std::size_t c = 0; c < sum.size(); ++c) {
    sum[c] = a * x[c] + b * y[c];
  }
  return sum;
}

}  // namespace

std::vector<float> half_differences(std::span<const std::complex<float>> demodulated,
                                    const ReferenceSweep& reference,
                                    const ResponseCube& response,
                                    ResponseChannel channel,
                                    std::span<const std::uint32_t> pixels) {
  const std::size_t m = reference.up.size();
  const auto read = [&](std::size_t at, std::complex<double> over) {
    const std::complex<double> d{static_cast<double>(demodulated[at].real()),
                                 static_cast<double>(demodulated[at].imag())};
    return channel_of(d / (over * response.fast_response), channel);
  };
  std::vector<float> half(pixels.size() * m);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t up = 2 * m * pixels[i];
    for (std::size_t f = 0; f < m; ++f) {
      half[i * m + f] = static_cast<float>(
          0.5 * (read(up + f, reference.up[f]) - read(up + m + f, reference.down[f])));
    }
  }
  return half;
}

Means label_means(const SpectraView& spectra,
                  std::span<const std::uint32_t> rows,
                  std::span<const std::uint8_t> label,
                  std::size_t labels) {
  const std::size_t m = spectra.channels;
  const auto channels = static_cast<Eigen::Index>(m);
  std::vector<Eigen::ArrayXd> sums(labels, Eigen::ArrayXd::Zero(channels));
  std::vector<double> counts(labels, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (label[i] < labels) {
      const Eigen::Map<const Eigen::ArrayXf> row(spectra.values.data() + rows[i] * m, channels);
      sums[label[i]] += row.cast<double>();
      counts[label[i]] += 1.0;
    }
  }
  Means means(labels);
  for (std::size_t k = 0; k < labels; ++k) {
    if (counts[k] > 0.0) {
      sums[k] /= counts[k];
      means[k].assign(sums[k].begin(), sums[k].end());
    }
  }
  return means;
}

Means means_without_noise_choice(const SpectraView& spectra,
                                 const SpectraView& difference,
                                 std::span<const std::uint32_t> rows,
                                 const Labelling& labelling,
                                 std::size_t labels) {
  Means own = label_means(spectra, rows, labelling.own, labels);
  if (labelling.noisier.size() != 2 * added_noise.size()) {
    return own;
  }
  std::array<Means, added_noise.size()> at;
  for (std::size_t k = 0; k < added_noise.size(); ++k) {
    const double t = added_noise[k];
    const Means plus =
        shifted_means(spectra, difference, -1.0 / t, rows, labelling.noisier[2 * k], labels);
    const Means minus =
        shifted_means(spectra, difference, 1.0 / t, rows, labelling.noisier[2 * k + 1], labels);
    for (std::size_t l = 0; l < labels; ++l) {
      at[k].push_back(combine(0.5, plus[l], 0.5, minus[l]));
    }
  }
  const double first = 1.0 + added_noise[0] * added_noise[0];
  const double second = 1.0 + added_noise[1] * added_noise[1];
  const double slope = first / (second - first);
  for (std::size_t l = 0; l < labels; ++l) {
    auto zero = combine(1.0 + slope, at[0][l], -slope, at[1][l]);
    if (!zero.empty()) {
      own[l] = std::move(zero);
    }
  }
  return own;
}

}  // namespace halotwin::analysis
