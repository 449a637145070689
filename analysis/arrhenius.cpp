#include "analysis/arrhenius.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double reference_k = 300.0;
constexpr int turns = 3;  // of the weights, which depend on the slope

struct Line {
  double mean_x = 0.0;  // weighted
  double value = 0.0;   // at mean_x
  double slope = 0.0;
  double value_variance = 0.0;
  double slope_variance = 0.0;
  [[nodiscard]] double at(double x) const { return value + slope * (x - mean_x); }
};

struct Data {
  std::vector<double> x, y, weight;
};

Data data_of(std::span<const ArrheniusPoint> points, ArrheniusForm form, double energy_ev) {
  const double thermal = form == ArrheniusForm::conductivity ? 1.0 : 0.0;
  Data data;
  for (const ArrheniusPoint& p : points) {
    const double kt = constants::boltzmann_ev_per_k * p.temperature_k;
    const double of_frequency = p.frequency_sigma_hz / p.frequency_hz;
    const double of_temperature =
        (energy_ev / kt - thermal) * p.temperature_sigma_k / p.temperature_k;
    const double sigma = std::hypot(of_frequency, of_temperature);
    data.x.push_back(1.0 / kt);
    data.y.push_back(std::log(p.frequency_hz) + thermal * std::log(p.temperature_k));
    data.weight.push_back(sigma > 0.0 ? 1.0 / (sigma * sigma) : 1.0);
  }
  return data;
}

/// Least squares of all points but `without` (past the end: of all).
Line fit_line(const Data& data, std::size_t without) {
  double sum = 0.0;
  Line line;
  double mean_y = 0.0;
  for (std::size_t i = 0; i < data.x.size(); ++i) {
    const double w = i == without ? 0.0 : data.weight[i];
    sum += w;
    line.mean_x += w * data.x[i];
    mean_y += w * data.y[i];
  }
  line.mean_x /= sum;
  line.value = mean_y / sum;
  double xx = 0.0;
  double xy = 0.0;
  for (std::size_t i = 0; i < data.x.size(); ++i) {
    const double w = i == without ? 0.0 : data.weight[i];
    const double dx = data.x[i] - line.mean_x;
    xx += w * dx * dx;
    xy += w * dx * (data.y[i] - line.value);
  }
  line.slope = xy / xx;
  line.value_variance = 1.0 / sum;
  line.slope_variance = 1.0 / xx;
  return line;
}

std::size_t different_temperatures(std::span<const ArrheniusPoint> points) {
  std::vector<double> all;
  for (const ArrheniusPoint& p : points) {
    all.push_back(p.temperature_k);
  }
  std::sort(all.begin(), all.end());
  return static_cast<std::size_t>(std::unique(all.begin(), all.end()) - all.begin());
}

double jackknife_sigma(const std::vector<double>& values) {
  double mean = 0.0;
  for (const double v : values) {
    mean += v / static_cast<double>(values.size());
  }
  double sum = 0.0;
  for (const double v : values) {
    sum += (v - mean) * (v - mean);
  }
  const auto n = static_cast<double>(values.size());
  return std::sqrt((n - 1.0) / n * sum);
}

void check(std::span<const ArrheniusPoint> points) {
  for (const ArrheniusPoint& p : points) {
    require_positive("temperature_k", p.temperature_k);
    require_positive("frequency_hz", p.frequency_hz);
    require_range("temperature_sigma_k", p.temperature_sigma_k, 0.0, 1e6);
    require_range("frequency_sigma_hz", p.frequency_sigma_hz, 0.0, 1e12);
  }
}

}  // namespace

ArrheniusFit fit_arrhenius(std::span<const ArrheniusPoint> points, ArrheniusForm form) {
  check(points);
  ArrheniusFit fit;
  fit.form = form;
  if (points.size() < 3 || different_temperatures(points) < 3) {
    return fit;
  }
  Data data = data_of(points, form, 0.0);
  Line line = fit_line(data, points.size());
  for (int turn = 0; turn < turns; ++turn) {
    data = data_of(points, form, -line.slope);
    line = fit_line(data, points.size());
  }
  fit.status = ArrheniusStatus::complete;
  fit.activation_energy_ev = -line.slope;
  fit.degrees_of_freedom = static_cast<int>(points.size()) - 2;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double pull = (data.y[i] - line.at(data.x[i])) * std::sqrt(data.weight[i]);
    fit.pulls.push_back(pull);
    fit.chi_square += pull * pull;
    fit.leave_one_out.push_back(-fit_line(data, i).slope);
  }
  const double scale = std::max(1.0, std::sqrt(fit.chi_square / fit.degrees_of_freedom));
  fit.sigma_ev = scale * std::sqrt(line.slope_variance);
  fit.leave_one_out_sigma_ev = jackknife_sigma(fit.leave_one_out);
  const double x = 1.0 / (constants::boltzmann_ev_per_k * reference_k);
  const double thermal = form == ArrheniusForm::conductivity ? std::log(reference_k) : 0.0;
  const double dx = x - line.mean_x;
  fit.frequency_300_hz = std::exp(line.at(x) - thermal);
  fit.frequency_300_sigma_hz =
      fit.frequency_300_hz * scale * std::sqrt(line.value_variance + dx * dx * line.slope_variance);
  return fit;
}

}  // namespace halotwin::analysis
