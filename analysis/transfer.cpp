#include "analysis/transfer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

using Complex = std::complex<double>;
constexpr std::size_t pixel_chunk = 1024;

bool finite(Complex z) {
  return std::isfinite(z.real()) && std::isfinite(z.imag());
}
Complex wide(std::complex<float> z) {
  return {static_cast<double>(z.real()), static_cast<double>(z.imag())};
}

/// What a weak stimulus of the same V^2 would give.
Complex weak(Complex reading, Complex excess_per_v2) {
  return reading * (1.0 - excess_per_v2 * std::norm(reading));
}

/// First channel that counts as fast.
std::size_t first_fast(std::span<const double> f, double fast_from_hz) {
  const auto at = std::lower_bound(f.begin(), f.end(), fast_from_hz);
  const auto i = static_cast<std::size_t>(at - f.begin());
  return i < f.size() ? i : f.size() - std::max<std::size_t>(1, f.size() / 4);
}

/// Sums over the valid pixels of a chunk.
struct Sums {
  std::vector<Complex> mean;         // [frequency] of the ratio
  std::vector<double> channel_diff;  // [frequency] sum of (channel(up) - channel(down))^2
  std::vector<double> complex_diff;  // [frequency] sum of |up - down|^2
  double fast = 0.0;                 // sum of the fast response
  double fast_squares = 0.0;
  double fast_bend_squares = 0.0;  // of second differences along a line
  double fast_step_squares = 0.0;  // of differences over two pixels
  double fast_bends = 0.0;
  std::size_t pixels = 0;
};

}  // namespace

Complex low_pass_response(double frequency_hz, double time_constant_s, int order) {
  const Complex stage{1.0, 2.0 * std::numbers::pi * frequency_hz * time_constant_s};
  Complex product{1.0, 0.0};
  for (int i = 0; i < order; ++i) {
    product /= stage;
  }
  return product;
}

ReferenceSweep filter_reference(std::span<const double> frequencies_hz,
                                double signal_harmonic,
                                double time_constant_s,
                                int order) {
  require_positive("signal_harmonic", signal_harmonic);
  require_range("time_constant_s", time_constant_s, 0.0, 1e6);
  ReferenceSweep reference;
  for (const double f : frequencies_hz) {
    reference.up.push_back(low_pass_response(signal_harmonic * f, time_constant_s, order));
  }
  reference.down = reference.up;
  reference.relative_sigma.assign(frequencies_hz.size(), 0.0);
  return reference;
}

ReferenceSweep mean_reference(std::span<const std::complex<float>> values,
                              std::size_t frequencies) {
  require(frequencies > 0 && !values.empty() && values.size() % (2 * frequencies) == 0,
          "reference must hold whole pairs of up and down sweeps");
  const std::size_t repeats = values.size() / (2 * frequencies);
  ReferenceSweep reference;
  reference.up.resize(frequencies);
  reference.down.resize(frequencies);
  reference.relative_sigma.resize(frequencies);
  for (std::size_t f = 0; f < frequencies; ++f) {
    std::vector<Complex> good_up;
    std::vector<Complex> good_down;
    for (std::size_t r = 0; r < repeats; ++r) {
      const Complex up = wide(values[2 * r * frequencies + f]);
      const Complex down = wide(values[(2 * r + 1) * frequencies + f]);
      if (finite(up) && finite(down)) {
        good_up.push_back(up);
        good_down.push_back(down);
      }
    }
    require(!good_up.empty(), "reference has a channel without a finite reading");
    const auto n = static_cast<double>(good_up.size());
    Complex up{};
    Complex down{};
    for (std::size_t i = 0; i < good_up.size(); ++i) {
      up += good_up[i] / n;
      down += good_down[i] / n;
    }
    require(std::abs(up) > 0.0 && std::abs(down) > 0.0, "reference has a channel that is zero");
    double scatter = 0.0;  // variance of real and imaginary part together, of the mean
    if (good_up.size() > 1) {
      for (std::size_t i = 0; i < good_up.size(); ++i) {
        scatter += std::norm(0.5 * (good_up[i] + good_down[i] - up - down)) / (n * (n - 1.0));
      }
    } else {
      scatter = std::norm(0.5 * (up - down));
    }
    reference.up[f] = up;
    reference.down[f] = down;
    reference.relative_sigma[f] = std::sqrt(0.5 * scatter) / std::abs(0.5 * (up + down));
  }
  return reference;
}

namespace {

/// Writes the ratio's channel of each pixel of a chunk and gathers what the noise needs.
Sums divide(std::span<const std::complex<float>> demodulated,
            std::size_t m,
            std::size_t fast,
            std::span<const Complex> inverse_up,
            std::span<const Complex> inverse_down,
            const TransferOptions& options,
            std::size_t begin,
            std::size_t end,
            ResponseCube& cube) {
  Sums sums;
  sums.mean.resize(m);
  sums.channel_diff.resize(m);
  sums.complex_diff.resize(m);
  double last_fast = 0.0;
  double before_last_fast = 0.0;
  for (std::size_t p = begin; p < end; ++p) {
    const auto* up = demodulated.data() + p * 2 * m;
    const auto* down = up + m;
    bool good = true;
    for (std::size_t i = 0; i < 2 * m; ++i) {
      good = good && std::isfinite(up[i].real()) && std::isfinite(up[i].imag());
    }
    cube.valid[p] = good ? 1 : 0;
    float* out = cube.values.data() + p * m;
    if (!good) {
      std::fill_n(out, m, std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    double fast_sum = 0.0;
    for (std::size_t f = 0; f < m; ++f) {
      const Complex excess = options.excess_per_v2.empty() ? Complex{} : options.excess_per_v2[f];
      const Complex a = weak(wide(up[f]), excess) * inverse_up[f];
      const Complex b = weak(wide(down[f]), excess) * inverse_down[f];
      const Complex r = 0.5 * (a + b);
      const double d = channel_of(a, options.channel) - channel_of(b, options.channel);
      out[f] = static_cast<float>(channel_of(r, options.channel));
      sums.mean[f] += r;
      sums.channel_diff[f] += d * d;
      sums.complex_diff[f] += std::norm(a - b);
      fast_sum += f >= fast ? r.real() : 0.0;
    }
    fast_sum /= static_cast<double>(m - fast);
    if (p > begin + 1 && cube.valid[p - 1] != 0 && cube.valid[p - 2] != 0) {
      const double bend = fast_sum - 2.0 * last_fast + before_last_fast;
      const double step = fast_sum - before_last_fast;
      sums.fast_bend_squares += bend * bend;
      sums.fast_step_squares += step * step;
      sums.fast_bends += 1.0;
    }
    before_last_fast = last_fast;
    last_fast = fast_sum;
    sums.fast += fast_sum;
    sums.fast_squares += fast_sum * fast_sum;
    ++sums.pixels;
  }
  return sums;
}

Sums total_of(const std::vector<Sums>& parts, std::size_t m) {
  Sums total;
  total.mean.resize(m);
  total.channel_diff.resize(m);
  total.complex_diff.resize(m);
  for (const Sums& part : parts) {
    for (std::size_t f = 0; f < m; ++f) {
      total.mean[f] += part.mean[f];
      total.channel_diff[f] += part.channel_diff[f];
      total.complex_diff[f] += part.complex_diff[f];
    }
    total.fast += part.fast;
    total.fast_squares += part.fast_squares;
    total.fast_bend_squares += part.fast_bend_squares;
    total.fast_step_squares += part.fast_step_squares;
    total.fast_bends += part.fast_bends;
    total.pixels += part.pixels;
  }
  return total;
}

}  // namespace

double channel_of(std::complex<double> response, ResponseChannel channel) {
  switch (channel) {
    case ResponseChannel::loss:
      return -response.imag();
    case ResponseChannel::in_phase:
      return response.real();
    case ResponseChannel::modulus:
      return std::abs(response);
    case ResponseChannel::sum:
      return response.real() - response.imag();
  }
  return 0.0;
}

ResponseCube calibrate(std::span<const std::complex<float>> demodulated,
                       std::span<const double> frequencies_hz,
                       const ReferenceSweep& reference,
                       const TransferOptions& options,
                       Threads threads) {
  const std::size_t m = frequencies_hz.size();
  require(m > 0 && demodulated.size() % (2 * m) == 0,
          "readings must be [pixel][2 directions][frequency]");
  require(reference.up.size() == m && reference.down.size() == m,
          "reference has another number of frequencies than the map");
  require(options.excess_per_v2.empty() || options.excess_per_v2.size() == m,
          "the excess of a strong stimulus has another number of frequencies than the map");
  const std::size_t n = demodulated.size() / (2 * m);
  std::vector<Complex> inverse_up(m);
  std::vector<Complex> inverse_down(m);
  for (std::size_t f = 0; f < m; ++f) {
    inverse_up[f] = 1.0 / reference.up[f];
    inverse_down[f] = 1.0 / reference.down[f];
  }
  ResponseCube cube;
  cube.values.resize(n * m);
  cube.valid.resize(n);
  std::vector<Sums> parts(chunk_count(n, pixel_chunk));
  const std::size_t fast = first_fast(frequencies_hz, options.fast_from_hz);
  for_each_chunk(n, pixel_chunk, threads, [&](std::size_t begin, std::size_t end) {
    parts[begin / pixel_chunk] =
        divide(demodulated, m, fast, inverse_up, inverse_down, options, begin, end, cube);
  });
  const Sums total = total_of(parts, m);
  cube.measured = total.pixels;
  cube.noise_sigma.assign(m, 0.0);
  cube.mean_response.assign(m, Complex{});
  cube.mean_response_sigma.assign(m, 0.0);
  cube.common_sigma.assign(m, 0.0);
  if (total.pixels == 0) {
    return cube;
  }
  const auto count = static_cast<double>(total.pixels);
  cube.fast_response = total.fast / count;
  require(cube.fast_response > 0.0,
          "fast response over the sample is not positive: reference and map do not belong "
          "together, or the sign of a phase is wrong");
  const double variance =
      std::max(0.0, total.fast_squares / count - cube.fast_response * cube.fast_response);
  // The reference is one approach over the metal: its height error is that of one pixel, the
  // nugget of the variogram g(h) along a line. Second differences have 8 g(1) - 2 g(2), differences
  // over two pixels 2 g(2); on the line through both, g(0) = 2 g(1) - g(2).
  const double of_approach =
      total.fast_bends > 0.0 ? std::max(0.0, total.fast_bend_squares - total.fast_step_squares) /
                                   total.fast_bends / 4.0
                             : 0.0;
  cube.fast_response_sigma = std::sqrt(variance / count + of_approach);
  const double unit = 1.0 / cube.fast_response;
  for (std::size_t f = 0; f < m; ++f) {
    cube.mean_response[f] = total.mean[f] / count * unit;
    // Mean of two: variance = (difference)^2 / 4; |complex difference|^2 holds two components.
    cube.noise_sigma[f] = 0.5 * std::sqrt(total.channel_diff[f] / count) * unit;
    cube.common_sigma[f] = reference.relative_sigma[f] * std::abs(cube.mean_response[f]);
    cube.mean_response_sigma[f] = std::hypot(
        0.5 * std::sqrt(0.5 * total.complex_diff[f]) / count * unit, cube.common_sigma[f]);
  }
  const auto scale = static_cast<float>(unit);
  for_each_chunk(n * m, pixel_chunk * m, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      cube.values[i] *= scale;
    }
  });
  return cube;
}

}  // namespace halotwin::analysis
