#include "devices/wire/srs.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace halotwin::devices::srs {

namespace {

constexpr double sqrt_2 = 1.41421356237309504880;

/// 1, 3, 10, 30 ... times `first`.
std::vector<double> one_three(double first, int count) {
  std::vector<double> out;
  for (int k = 0; k < count; ++k) {
    out.push_back(first * std::pow(10.0, k / 2) * (k % 2 == 0 ? 1.0 : 3.0));
  }
  return out;
}

/// 2, 5, 10 ... nV to 1 V, rms.
std::vector<double> sr830_sensitivities() {
  std::vector<double> out;
  for (int k = 0; k < 27; ++k) {
    constexpr std::array steps{2e-9, 5e-9, 10e-9};
    out.push_back(steps[static_cast<std::size_t>(k % 3)] * std::pow(10.0, k / 3));
  }
  return out;
}

std::vector<double> scaled(std::vector<double> values, double by) {
  for (double& value : values) {
    value *= by;
  }
  return values;
}

Model sr86x(std::string_view name, double max_hz) {
  return {.name = name,
          .family = Family::sr86x,
          .max_reference_hz = max_hz,
          .max_harmonic = 99,
          .min_output_rms_v = 1e-9,
          .max_output_rms_v = 2.0,
          .max_offset_v = 5.0,
          .time_constants_s = one_three(1e-6, 22),
          .input_ranges_v = {1.0, 0.3, 0.1, 0.03, 0.01}};
}

}  // namespace

const std::vector<Model>& models() {
  static const std::vector<Model> all{sr86x("SR860", 500e3),
                                      sr86x("SR865A", 4e6),
                                      {.name = "SR830",
                                       .family = Family::sr830,
                                       .max_reference_hz = 102e3,
                                       .max_harmonic = 19999,
                                       .min_output_rms_v = 4e-3,
                                       .max_output_rms_v = 5.0,
                                       .max_offset_v = 0.0,
                                       .time_constants_s = one_three(10e-6, 20),
                                       .input_ranges_v = scaled(sr830_sensitivities(), sqrt_2)}};
  return all;
}

const Model* find_model(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) ==
           std::toupper(static_cast<unsigned char>(b));
  };
  const auto found = std::find_if(models().begin(), models().end(), [&](const Model& m) {
    return std::equal(m.name.begin(), m.name.end(), name.begin(), name.end(), same);
  });
  return found == models().end() ? nullptr : &*found;
}

int nearest_index(const std::vector<double>& values, double wanted) {
  const double target = std::log(std::max(wanted, 1e-300));
  const auto closer = [&](double a, double b) {
    return std::abs(std::log(a) - target) < std::abs(std::log(b) - target);
  };
  return static_cast<int>(std::min_element(values.begin(), values.end(), closer) - values.begin());
}

int covering_index(const std::vector<double>& values, double wanted) {
  const double slack = wanted * (1.0 - 1e-9);
  const auto better = [&](double a, double b) {
    const bool a_covers = a >= slack;
    const bool b_covers = b >= slack;
    return a_covers != b_covers ? a_covers : (a_covers ? a < b : a > b);
  };
  return static_cast<int>(std::min_element(values.begin(), values.end(), better) - values.begin());
}

const std::vector<double>& sr86x_sensitivities_v() {
  static const std::vector<double> all = [] {
    std::vector<double> out;
    for (int k = 0; k < 28; ++k) {
      constexpr std::array steps{1.0, 0.5, 0.2};
      out.push_back(steps[static_cast<std::size_t>(k % 3)] * std::pow(10.0, -(k / 3)));
    }
    return out;
  }();
  return all;
}

double sr86x_full_scale_v(int code) {
  return sqrt_2 * sr86x_sensitivities_v().at(static_cast<std::size_t>(code));
}

int overload_bit(Family family) {
  return family == Family::sr86x ? 4 : 0;
}

LockInLimits limits_of(const Model& model) {
  const auto [low_t, high_t] =
      std::minmax_element(model.time_constants_s.begin(), model.time_constants_s.end());
  const auto [low_v, high_v] =
      std::minmax_element(model.input_ranges_v.begin(), model.input_ranges_v.end());
  return {.reference_hz = {1e-3, model.max_reference_hz},
          .time_constant_s = {*low_t, *high_t},
          .max_harmonic = model.max_harmonic,
          .max_filter_order = 4,
          .input_range_v = {*low_v, *high_v},
          .max_output_peak_v = model.max_output_rms_v * sqrt_2,
          .max_output_offset_v = std::min(model.max_offset_v, model.max_output_rms_v * sqrt_2)};
}

}  // namespace halotwin::devices::srs
