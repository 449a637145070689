// The drive of the lever: PLL 1 without its loops, and its frequency sweep.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Repeat;
using nanonis::Writer;

constexpr double degree = constants::pi / 180.0;
constexpr std::int32_t first = 1;  // PLL, demodulator
constexpr std::size_t fewest_points = 5;
constexpr std::size_t most_points = 100'000;
constexpr Duration longest_sweep = std::chrono::hours(1);

/// Standard uncertainties of resonance and quality factor from the scatter of the amplitudes around
///   A(f) = S / sqrt((1 - r^2)^2 + (r / Q)^2),   r = f / f0,
/// with f0 and Q given and S fitted: square roots of the diagonal of s^2 (J^T J)^-1, where J holds
/// the derivatives with respect to ln f0, ln Q and ln S.
std::array<double, 2> scatter(const TuneResult& tune) {
  const double q = tune.quality_factor;
  const std::size_t n = tune.frequency_hz.size();
  std::vector<double> shape(n);
  double data_shape = 0.0;
  double shape_shape = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    const double r = tune.frequency_hz[k] / tune.resonance_hz;
    shape[k] = 1.0 / std::hypot(1.0 - r * r, r / q);
    data_shape += tune.amplitude_m[k] * shape[k];
    shape_shape += shape[k] * shape[k];
  }
  const double s = data_shape / shape_shape;
  double residual = 0.0;
  std::array<std::array<double, 3>, 3> m{};
  for (std::size_t k = 0; k < n; ++k) {
    const double r2 = std::pow(tune.frequency_hz[k] / tune.resonance_hz, 2.0);
    const double cube = s * std::pow(shape[k], 3.0);
    const std::array<double, 3> slope{
        -cube * r2 * (2.0 * (1.0 - r2) - 1.0 / (q * q)), cube * r2 / (q * q), s * shape[k]};
    residual += std::pow(tune.amplitude_m[k] - s * shape[k], 2.0);
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) {
        m[a][b] += slope[a] * slope[b];
      }
    }
  }
  const auto minor = [&m](std::size_t a, std::size_t b) {
    return m[a][a] * m[b][b] - m[a][b] * m[b][a];
  };
  const double determinant = m[0][0] * minor(1, 2) -
                             m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                             m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  const double variance = residual / (static_cast<double>(n) - 3.0) / determinant;
  return {tune.resonance_hz * std::sqrt(variance * minor(1, 2)),
          q * std::sqrt(variance * minor(0, 2))};
}

/// The row of which the name begins so, in capitals or not.
std::vector<double> row_of(const std::vector<std::string>& names,
                           const nanonis::Table& table,
                           std::string_view wanted,
                           double scale) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (std::size_t k = 0; k < std::min(names.size(), table.rows); ++k) {
    if (names[k].size() >= wanted.size() &&
        std::equal(wanted.begin(), wanted.end(), names[k].begin(), [&](char b, char a) {
          return same(a, b);
        })) {
      std::vector<double> out;
      for (std::size_t c = 0; c < table.columns; ++c) {
        out.push_back(scale * static_cast<double>(table.values[k * table.columns + c]));
      }
      return out;
    }
  }
  throw WireError(WireFault::garbled, fmt::format("no \"{}\" in the sweep", wanted));
}

}  // namespace

DriveSettings NanonisDrive::settings() const {
  constexpr const char* operation = "read drive";
  const Writer pll = Writer().i32(first);
  DriveSettings out;
  out.on = link_->ask(operation, "PLL.OutOnOffGet", pll, [](Reader& in) { return in.u32(); }) != 0;
  out.frequency_hz = link_->ask(operation, "PLL.CenterFreqGet", pll, nanonis::finite_f64) +
                     link_->ask(operation, "PLL.FreqShiftGet", pll, nanonis::finite_f32);
  out.amplitude_v = link_->ask(operation, "PLL.ExcitationGet", pll, nanonis::finite_f32);
  out.phase_rad = -degree * link_->ask(operation,
                                       "PLL.DemodPhasRefGet",
                                       Writer().u16(std::uint16_t{first}),
                                       nanonis::finite_f32);
  return out;
}

void NanonisDrive::apply(const DriveSettings& wanted) {
  constexpr const char* operation = "configure drive";
  const Writer off = Writer().i32(first).u32(0);
  link_->tell(operation, "PLL.AmpCtrlOnOffSet", off);
  link_->tell(operation, "PLL.PhasCtrlOnOffSet", off);
  const double shift =
      link_->ask(operation, "PLL.FreqShiftGet", Writer().i32(first), nanonis::finite_f32);
  link_->tell(operation, "PLL.CenterFreqSet", Writer().i32(first).f64(wanted.frequency_hz - shift));
  link_->tell(operation, "PLL.ExcitationSet", Writer().i32(first).f32(wanted.amplitude_v));
  link_->tell(operation,
              "PLL.DemodPhasRefSet",
              Writer().u16(std::uint16_t{first}).f32(-wanted.phase_rad / degree));
  link_->tell(operation, "PLL.OutOnOffSet", Writer().i32(first).u32(wanted.on ? 1 : 0));
}

DriveSettings NanonisDrive::configure(const DriveSettings& wanted) {
  if (!std::isfinite(wanted.amplitude_v) || wanted.amplitude_v < 0.0 ||
      !std::isfinite(wanted.phase_rad) || !range_hz_.contains(wanted.frequency_hz)) {
    link_->refuse("configure drive",
                  fmt::format("{} V at {} Hz (must be >= 0 and between {} and {} Hz)",
                              wanted.amplitude_v,
                              wanted.frequency_hz,
                              range_hz_.low,
                              range_hz_.high));
  }
  const DriveSettings before = settings();
  try {
    apply(wanted);
  } catch (const DeviceError&) {
    try {
      apply(before);
    } catch (const DeviceError&) {  // the first error says what is wrong
    }
    throw;
  }
  return settings();
}

double NanonisDrive::sensitivity_m_per_v() const {
  return link_->ask(
      "read sensitivity", "PLL.InpCalibrGet", Writer().i32(first), nanonis::finite_f32);
}

TuneResult NanonisDrive::sweep(double centre_hz,
                               double span_hz,
                               std::size_t points,
                               const std::stop_token& stop) {
  constexpr const char* operation = "tune";
  constexpr std::string_view command = "PLLFreqSwp.Start";
  link_->tell(operation, "PLL.CenterFreqSet", Writer().i32(first).f64(centre_hz));
  link_->tell(operation, "PLL.FreqRangeSet", Writer().i32(first).f32(span_hz));
  const auto times =
      link_->ask(operation, "PLLFreqSwp.ParamsGet", Writer().i32(first), [](Reader& in) {
        static_cast<void>(in.i32());
        const double period_s = nanonis::finite_f32(in);
        return std::array<double, 2>{period_s, nanonis::finite_f32(in)};
      });
  link_->tell(
      operation,
      "PLLFreqSwp.ParamsSet",
      Writer().i32(first).i32(static_cast<std::int32_t>(points)).f32(times[0]).f32(times[1]));
  link_->tell(operation, "PLLFreqSwp.Open", Writer().i32(first));
  TuneResult tune = link_->ask(operation,
                               command,
                               Writer().i32(first).u32(1).u32(1),
                               [](Reader& in) {
                                 const std::vector<std::string> names = in.texts();
                                 const nanonis::Table table = in.table();
                                 TuneResult out;
                                 out.resonance_hz = in.f64();
                                 out.quality_factor = in.f64();
                                 static_cast<void>(in.f32());  // phase on resonance
                                 static_cast<void>(in.f32());  // amplitude per excitation
                                 static_cast<void>(in.i32());
                                 static_cast<void>(in.i32());
                                 if (table.columns > 0) {
                                   out.frequency_hz = row_of(names, table, "frequency", 1.0);
                                   out.amplitude_m = row_of(names, table, "amplitude", 1.0);
                                   out.phase_rad = row_of(names, table, "phase", degree);
                                 }
                                 return out;
                               },
                               {.repeat = Repeat::no, .longer = longest_sweep, .stop = stop});
  bool sound = tune.frequency_hz.size() >= fewest_points && tune.resonance_hz > 0.0 &&
               tune.quality_factor > 0.0 && std::isfinite(tune.resonance_hz) &&
               std::isfinite(tune.quality_factor);
  for (const auto* row : {&tune.frequency_hz, &tune.amplitude_m, &tune.phase_rad}) {
    sound =
        sound && std::all_of(row->begin(), row->end(), [](double v) { return std::isfinite(v); });
  }
  if (!sound) {
    throw DeviceError(link_->role(), operation, "the sweep shows no resonance", Retry::yes);
  }
  const auto [resonance_sigma, quality_sigma] = scatter(tune);
  tune.resonance_sigma_hz = resonance_sigma;
  tune.quality_factor_sigma = quality_sigma;
  tune.free_amplitude_m = *std::max_element(tune.amplitude_m.begin(), tune.amplitude_m.end());
  return tune;
}

TuneResult NanonisDrive::tune(double centre_hz,
                              double span_hz,
                              std::size_t points,
                              const std::stop_token& stop) {
  constexpr const char* operation = "tune";
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  if (!(span_hz > 0.0 && std::isfinite(span_hz)) || points < fewest_points ||
      points > most_points || !range_hz_.contains(centre_hz)) {
    link_->refuse(operation,
                  fmt::format("needs {} to {} points over a span > 0 inside the drive's range",
                              fewest_points,
                              most_points));
  }
  const Writer pll = Writer().i32(first);
  const double centre_before = link_->ask(operation, "PLL.CenterFreqGet", pll, nanonis::finite_f64);
  const double range_before = link_->ask(operation, "PLL.FreqRangeGet", pll, nanonis::finite_f32);
  const auto restore = [&] {
    link_->tell(operation, "PLL.CenterFreqSet", Writer().i32(first).f64(centre_before));
    link_->tell(operation, "PLL.FreqRangeSet", Writer().i32(first).f32(range_before));
  };
  try {
    TuneResult out = sweep(centre_hz, span_hz, points, stop);
    restore();
    return out;
  } catch (const std::runtime_error&) {
    try {
      link_->tell(operation, "PLLFreqSwp.Stop", pll);
      restore();
    } catch (const DeviceError&) {  // the first error says what is wrong
    }
    throw;
  }
}

}  // namespace halotwin::devices
