#include "physics/emccd.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/bulk_random.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/emccd_register.hpp"

namespace halotwin::physics {

namespace {

constexpr std::size_t rows_per_chunk = 16;
constexpr std::uint32_t cosmic_row = 0xffff;
constexpr double electrons_per_m = 8e7;  // of a fast muon in silicon: about 80 per micrometre
constexpr double most_electrons = 1e9;   // mean in one pixel; far above any well

/// Electrons of one cosmic event, spread along its track.
struct Deposit {
  std::size_t pixel = 0;
  std::uint32_t electrons = 0;
};

/// Tracks of one frame. Zenith angle of muons through a level sensor: rate ~ cos^2 x cos, so that
/// cos(theta) = U^{1/4}; path in silicon = depth / cos, projected length = depth tan.
std::vector<Deposit> cosmic_deposits(const EmccdParams& p,
                                     std::size_t width,
                                     std::size_t height,
                                     double exposure_s,
                                     BulkStream draw) {
  const double columns = static_cast<double>(width);
  const double rows = static_cast<double>(height);
  const double mean =
      p.cosmic_flux_per_m2_s * columns * rows * p.sensor_pixel_m * p.sensor_pixel_m * exposure_s;
  std::vector<Deposit> deposits;
  const std::uint32_t events = draw.poisson(mean);
  for (std::uint32_t event = 0; event < events; ++event) {
    const double x0 = columns * draw.uniform();
    const double y0 = rows * draw.uniform();
    const double cosine = std::pow(draw.uniform(), 0.25);
    const double angle = 2.0 * constants::pi * draw.uniform();
    const double path_m = p.active_depth_m / cosine;
    const double length =
        p.active_depth_m * std::sqrt(1.0 - cosine * cosine) / cosine / p.sensor_pixel_m;
    const auto steps = static_cast<std::size_t>(std::min(std::ceil(4.0 * length) + 1.0, 1e4));
    for (std::size_t i = 0; i < steps; ++i) {
      const double along = length * (static_cast<double>(i) + 0.5) / static_cast<double>(steps);
      const double x = x0 + along * std::cos(angle);
      const double y = y0 + along * std::sin(angle);
      const std::uint32_t electrons =
          draw.poisson(electrons_per_m * path_m / static_cast<double>(steps));
      if (x >= 0.0 && x < columns && y >= 0.0 && y < rows) {
        deposits.push_back(
            {static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x), electrons});
      }
    }
  }
  std::sort(deposits.begin(), deposits.end(), [](const Deposit& a, const Deposit& b) {
    return a.pixel < b.pixel;
  });
  return deposits;
}

/// What is the same for every pixel of a frame.
class Readout {
 public:
  explicit Readout(const EmccdParams& p)
      : p_(p),
        compound_(p.em_gain, p.register_stages),
        doubling_(doubling_probability(p.em_gain, p.register_stages)),
        counts_per_electron_(1.0 / p.electrons_per_count),
        highest_(std::exp2(p.bits) - 1.0) {}

  [[nodiscard]] std::uint16_t counts(std::uint32_t electrons, BulkStream& draw) const {
    const double read =
        p_.read_noise_rms_electrons > 0.0 ? p_.read_noise_rms_electrons * draw.normal() : 0.0;
    const double held = std::min(multiplied(electrons, draw), p_.register_well_electrons);
    const double value = (held + read) * counts_per_electron_ + p_.offset_counts + 0.5;
    return static_cast<std::uint16_t>(std::clamp(value, 0.0, highest_));
  }

 private:
  [[nodiscard]] double multiplied(std::uint32_t electrons, BulkStream& draw) const {
    if (!p_.gain_noise) {
      return p_.em_gain * static_cast<double>(electrons);
    }
    return p_.register_model == RegisterModel::compound
               ? compound_.multiply(electrons, draw)
               : multiply_stage_by_stage(electrons, doubling_, p_.register_stages, draw);
  }

  const EmccdParams& p_;
  CompoundRegister compound_;
  double doubling_;
  double counts_per_electron_;
  double highest_;
};

}  // namespace

void validate(const EmccdParams& p) {
  require_range("quantum_efficiency", p.quantum_efficiency, 0.0, 1.0);
  require_range("dark_electrons_per_s", p.dark_electrons_per_s, 0.0, 1e6);
  require_range("clock_induced_electrons", p.clock_induced_electrons, 0.0, 100.0);
  require_range("em_gain", p.em_gain, 1.0, 2000.0);
  require_range("register_stages", p.register_stages, 16.0, 2000.0);
  require_range("read_noise_rms_electrons", p.read_noise_rms_electrons, 0.0, 1e4);
  require_range("electrons_per_count", p.electrons_per_count, 1e-3, 1e4);
  require_range("offset_counts", p.offset_counts, 0.0, 65535.0);
  require_range("bits", p.bits, 8.0, 16.0);
  require_range("pixel_well_electrons", p.pixel_well_electrons, 1.0, 1e8);
  require_range("register_well_electrons", p.register_well_electrons, 1.0, 1e9);
  require_range("hot_pixel_fraction", p.hot_pixel_fraction, 0.0, 1.0);
  require_range("hot_pixel_electrons_per_s", p.hot_pixel_electrons_per_s, 0.0, 1e6);
  require_range("cosmic_flux_per_m2_s", p.cosmic_flux_per_m2_s, 0.0, 1e9);
  require_range("sensor_pixel_m", p.sensor_pixel_m, 1e-6, 1e-4);
  require_range("active_depth_m", p.active_depth_m, 1e-7, 1e-3);
}

double doubling_probability(double em_gain, int stages) {
  return std::expm1(std::log(em_gain) / stages);
}

double excess_noise_factor(double em_gain, int stages) {
  const double p = doubling_probability(em_gain, stages);
  return (2.0 * em_gain - 1.0 + p) / ((1.0 + p) * em_gain);
}

CountStatistics expected_counts(const EmccdParams& p, double mean_photons, double exposure_s) {
  const double electrons = p.quantum_efficiency * mean_photons +
                           p.dark_electrons_per_s * exposure_s + p.clock_induced_electrons;
  const double of_electrons = p.shot_noise ? electrons : 0.0;
  const double of_gain =
      p.gain_noise ? electrons * (excess_noise_factor(p.em_gain, p.register_stages) - 1.0) : 0.0;
  const double variance = (of_electrons + of_gain) * p.em_gain * p.em_gain +
                          p.read_noise_rms_electrons * p.read_noise_rms_electrons;
  return {electrons * p.em_gain / p.electrons_per_count + p.offset_counts,
          variance / (p.electrons_per_count * p.electrons_per_count) + 1.0 / 12.0};
}

double multiply_stage_by_stage(std::uint32_t electrons,
                               double doubling,
                               int stages,
                               BulkStream& draw) {
  if (doubling <= 0.0) {
    return static_cast<double>(electrons);
  }
  // The electrons that double are found by their distances, which are geometric.
  const double inverse = 1.0 / std::log1p(-doubling);
  double n = static_cast<double>(electrons);
  for (int stage = 0; stage < stages; ++stage) {
    double at = std::floor(std::log(draw.uniform()) * inverse);
    double doubled = 0.0;
    while (at < n) {
      doubled += 1.0;
      at += 1.0 + std::floor(std::log(draw.uniform()) * inverse);
    }
    n += doubled;
  }
  return n;
}

CompoundRegister::CompoundRegister(double em_gain, int stages) {
  if (em_gain <= 1.0) {
    return;
  }
  const double p = doubling_probability(em_gain, stages);
  const double r = (1.0 - p) / (1.0 + p);
  discrete_ = em_gain < 100.0;
  scale_ = discrete_ ? r * em_gain - 1.0 : r * em_gain;
  shape_per_electron_ = (em_gain - 1.0) / scale_;
}

Emccd::Emccd(const EmccdParams& p,
             std::size_t width,
             std::size_t height,
             std::uint64_t seed,
             std::uint16_t device)
    : p_(p), seed_(seed), entity_(static_cast<std::uint32_t>(device) << 16U) {
  validate(p);
  require_range("sensor width", static_cast<double>(width), 1.0, 65535.0);
  require_range("sensor height", static_cast<double>(height), 1.0, 65535.0);
  dark_ = Image<float>(width, height, static_cast<float>(p.dark_electrons_per_s));
  for (std::size_t row = 0; row < height; ++row) {
    BulkStream draw(seed, Purpose::dark_current, entity_ | static_cast<std::uint32_t>(row));
    for (float& rate : dark_.row(row)) {
      const double chosen = draw.uniform();
      const double excess = p.hot_pixel_electrons_per_s * draw.exponential();
      rate += chosen < p.hot_pixel_fraction ? static_cast<float>(excess) : 0.0F;
    }
  }
}

void Emccd::expose(std::span<const float> mean_photons,
                   double exposure_s,
                   std::uint64_t frame,
                   std::span<std::uint16_t> counts,
                   Threads threads) const {
  require(mean_photons.size() == dark_.size() && counts.size() == dark_.size(),
          "photons and counts of a frame must have the size of the sensor");
  require_range("exposure_s", exposure_s, 0.0, 1e6);
  const auto deposits = cosmic_deposits(p_,
                                        dark_.nx,
                                        dark_.ny,
                                        exposure_s,
                                        {seed_, Purpose::shot_noise, entity_ | cosmic_row, frame});
  const Readout readout(p_);
  const auto expose_row = [&](std::size_t row) {
    const std::uint32_t entity = entity_ | static_cast<std::uint32_t>(row);
    BulkStream shots(seed_, Purpose::shot_noise, entity, frame);
    BulkStream gains(seed_, Purpose::gain_register, entity, frame);
    const std::size_t first = row * dark_.nx;
    auto deposit = std::lower_bound(
        deposits.begin(), deposits.end(), first, [](const Deposit& d, std::size_t i) {
          return d.pixel < i;
        });
    for (std::size_t i = first; i < first + dark_.nx; ++i) {
      const double mean = p_.quantum_efficiency * static_cast<double>(mean_photons[i]) +
                          static_cast<double>(dark_.values[i]) * exposure_s +
                          p_.clock_induced_electrons;
      if (!(mean >= 0.0 && mean < most_electrons)) {
        require(false, "mean electrons in a pixel", mean, "between 0 and 1e9");
      }
      double electrons =
          p_.shot_noise ? static_cast<double>(shots.poisson(mean)) : std::floor(mean + 0.5);
      for (; deposit != deposits.end() && deposit->pixel == i; ++deposit) {
        electrons += static_cast<double>(deposit->electrons);
      }
      counts[i] = readout.counts(
          static_cast<std::uint32_t>(std::min(electrons, p_.pixel_well_electrons)), gains);
    }
  };
  for_each_chunk(dark_.ny, rows_per_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      expose_row(row);
    }
  });
}

}  // namespace halotwin::physics
