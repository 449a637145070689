#include "analysis/power_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numeric>

#include <boost/math/distributions/chi_squared.hpp>
#include <fmt/format.h>
#include <unsupported/Eigen/FFT>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t shortest = 16;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Windows of odd length w, half overlapping, as in the published code.
struct Windowing {
  std::size_t length = 0;
  std::size_t count = 0;
};

// Mean over the windows of |sum_i h_i x_i exp(i 2 pi k i / N)|^2 / sum h^2.
double windowed_power(std::span<const double> trace, double mean, std::size_t line, Windowing w) {
  const auto turn =
      2.0 * constants::pi * static_cast<double>(line) / static_cast<double>(trace.size());
  std::vector<double> even(w.length);
  std::vector<double> odd(w.length);
  double squares = 0.0;
  for (std::size_t i = 0; i < w.length; ++i) {
    const double place = static_cast<double>(i);
    const double h =
        0.54 - 0.46 * std::cos(2.0 * constants::pi * place / static_cast<double>(w.length - 1));
    squares += h * h;
    even[i] = h * std::cos(turn * place);
    odd[i] = h * std::sin(turn * place);
  }
  const std::size_t hop = w.length / 2;
  double power = 0.0;
  for (std::size_t n = 0; n < w.count; ++n) {
    const double* x = trace.data() + n * hop;
    double a = 0.0;
    double b = 0.0;
    for (std::size_t i = 0; i < w.length; ++i) {
      a += even[i] * (x[i] - mean);
      b += odd[i] * (x[i] - mean);
    }
    power += a * a + b * b;
  }
  return power / (squares * static_cast<double>(w.count));
}

}  // namespace

DensityInterval interval_of(double density, double freedom, double level) {
  require_range("level", level, 0.0, 1.0);
  const boost::math::chi_squared law(freedom);
  const double tail = 0.5 * (1.0 - level);
  return {freedom * density / boost::math::quantile(law, 1.0 - tail),
          freedom * density / boost::math::quantile(law, tail)};
}

Periodogram::Periodogram(std::size_t length, const PeriodogramOptions& options) : length_(length) {
  require(length >= shortest, fmt::format("a spectrum needs {} values, not {}", shortest, length));
  require(options.frame_time_s > 0.0, "frame_time_s must be positive");
  require_range("bins_per_decade", options.bins_per_decade, 1, 1000);
  const auto n = static_cast<double>(length);
  double squares = 0.0;
  for (std::size_t i = 0; i < length; ++i) {
    const double s = std::sin(constants::pi * static_cast<double>(i) / n);
    window_.push_back(s * s);
    squares += s * s * s * s;
  }
  scale_ = 2.0 * options.frame_time_s / squares;
  const double df = 1.0 / (n * options.frame_time_s);
  const std::size_t last = (length - 1) / 2;  // below the Nyquist frequency
  std::size_t line = 2;
  while (line <= last) {
    // the bin that begins with this line
    const double decade = std::log10(static_cast<double>(line) / 2.0 * (1.0 + 1e-12));
    const double bin = std::floor(decade * options.bins_per_decade) + 1.0;
    const double end = 2.0 * std::pow(10.0, bin / options.bins_per_decade);
    const auto next =
        std::clamp(static_cast<std::size_t>(std::ceil(end - 1e-9)), line + 1, last + 1);
    const auto m = static_cast<double>(next - line);
    double logarithm = 0.0;
    for (std::size_t k = line; k < next; ++k) {
      logarithm += std::log(static_cast<double>(k) * df) / m;
    }
    edges_.push_back(line);
    frequency_hz_.push_back(std::exp(logarithm));
    freedom_.push_back(2.0 * m * m /
                       (m + 2.0 * ((m - 1.0) * 4.0 / 9.0 + std::max(0.0, m - 2.0) / 36.0)));
    line = next;
  }
  edges_.push_back(last + 1);
}

std::vector<double> Periodogram::density(std::span<const double> trace) const {
  require(trace.size() == length_,
          fmt::format("a trace of {} values for a spectrum of {}", trace.size(), length_));
  return densities(trace, {});
}

std::vector<double> Periodogram::densities(std::span<const double> traces, Threads threads) const {
  require(traces.size() % length_ == 0,
          fmt::format("{} values are not whole traces of {}", traces.size(), length_));
  constexpr std::size_t chunk = 32;  // traces that share the tables of a transform
  const std::size_t bins = frequency_hz_.size();
  std::vector<double> out(traces.size() / length_ * bins);
  for_each_chunk(traces.size() / length_, chunk, threads, [&](std::size_t begin, std::size_t end) {
    Eigen::FFT<double> transform;
    transform.SetFlag(Eigen::FFT<double>::HalfSpectrum);
    std::vector<double> windowed(length_);
    std::vector<std::complex<double>> lines;
    for (std::size_t t = begin; t < end; ++t) {
      const auto trace = traces.subspan(t * length_, length_);
      const double mean = mean_of(trace);
      for (std::size_t i = 0; i < length_; ++i) {
        windowed[i] = window_[i] * (trace[i] - mean);
      }
      transform.fwd(lines, windowed);
      for (std::size_t b = 0; b < bins; ++b) {
        double sum = 0.0;
        for (std::size_t k = edges_[b]; k < edges_[b + 1]; ++k) {
          sum += std::norm(lines[k]);
        }
        out[t * bins + b] = scale_ * sum / static_cast<double>(edges_[b + 1] - edges_[b]);
      }
    }
  });
  return out;
}

PowerSpectrum Periodogram::of(std::span<const double> trace) const {
  return {frequency_hz_, density(trace), freedom_};
}

PowerSpectrum variable_window_spectrum(std::span<const double> trace, double frame_time_s) {
  const std::size_t n = trace.size();
  require(n >= least_variable_window_values,
          fmt::format("this spectrum needs {} values, not {}", least_variable_window_values, n));
  require(frame_time_s > 0.0, "frame_time_s must be positive");
  const auto length = static_cast<double>(n);
  const std::size_t longest = 2 * ((n - 3) / 6) + 1;
  const double first = std::round(3.0 * length / static_cast<double>(longest));
  const double last = std::round(0.4 * length);
  const double mean = mean_of(trace);
  PowerSpectrum out;
  std::size_t before = 0;
  for (int j = 0;; ++j) {
    const double line = std::ceil(std::pow(10.0, std::log10(first) + 0.05 * j) - 1e-9);
    if (line > last) {
      break;
    }
    const auto k = static_cast<std::size_t>(line);
    if (k == before) {
      continue;
    }
    before = k;
    Windowing w;
    w.length = out.frequency_hz.empty()
                   ? longest
                   : std::max(2 * static_cast<std::size_t>(3.0 * length / (2.0 * line)) + 1,
                              shortest_variable_window);
    w.count = static_cast<std::size_t>(2.0 * length / static_cast<double>(w.length) - 1.0);
    const auto windows = static_cast<double>(w.count);
    out.frequency_hz.push_back(line / (length * frame_time_s));
    // dt / (2 pi) of the published form times 4 pi
    out.density.push_back(2.0 * frame_time_s * windowed_power(trace, mean, k, w));
    out.freedom.push_back(36.0 * windows * windows / (19.0 * windows - 1.0));
  }
  return out;
}

}  // namespace halotwin::analysis
