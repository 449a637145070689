#include "analysis/pipelines/repeats.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double band_decades = 0.1;  // half the width of the bands of a ratio
constexpr std::size_t least_pixels = 200;

std::vector<double> levelled(std::span<const double> height_m, std::size_t nx, std::size_t ny) {
  std::vector<double> out(height_m.begin(), height_m.end());
  align_rows({out, nx, ny}, RowAlignment::median_of_differences);
  level_plane({out, nx, ny});
  return out;
}

/// Whether the pixel counts in the factorisation: measured, and after the transient.
std::vector<std::uint8_t> used_pixels(const PmDnsResult& r, std::size_t excluded) {
  std::vector<std::uint8_t> used(r.nx * r.ny, 0);
  for (std::size_t p = excluded * r.nx; p < used.size(); ++p) {
    used[p] = r.response.valid.empty() ? 0 : r.response.valid[p];
  }
  return used;
}

/// Weights of the component of highest frequency, of one factorisation of all rounds.
std::vector<std::vector<double>> high_weights(std::span<const PmDnsResult> rounds,
                                              std::size_t excluded,
                                              const NmfOptions& options,
                                              Threads threads) {
  const std::size_t channels = rounds.front().frequencies_hz.size();
  std::vector<float> spectra;
  std::vector<std::vector<std::uint8_t>> used;
  for (const PmDnsResult& r : rounds) {
    used.push_back(used_pixels(r, excluded));
    for (std::size_t p = 0; p < used.back().size(); ++p) {
      if (used.back()[p] != 0) {
        const auto row = r.response.values.begin() + static_cast<std::ptrdiff_t>(p * channels);
        spectra.insert(spectra.end(), row, row + static_cast<std::ptrdiff_t>(channels));
      }
    }
  }
  std::vector<std::vector<double>> out(rounds.size());
  if (spectra.size() < least_pixels * channels) {
    return out;
  }
  const NmfResult nmf = factorize({spectra, channels}, options, threads);
  const Eigen::Index high = nmf.weights.cols() - 1;
  Eigen::Index row = 0;
  for (std::size_t k = 0; k < rounds.size(); ++k) {
    out[k].assign(used[k].size(), nan);
    for (std::size_t p = 0; p < used[k].size(); ++p) {
      if (used[k][p] != 0) {
        out[k][p] = static_cast<double>(nmf.weights(row++, high));
      }
    }
  }
  return out;
}

double band_mean(const PmDnsResult& r, std::size_t pixel, double centre_hz) {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < r.frequencies_hz.size(); ++i) {
    if (std::abs(std::log10(r.frequencies_hz[i] / centre_hz)) <= band_decades) {
      sum += static_cast<double>(r.response.values[pixel * r.frequencies_hz.size() + i]);
      count += 1.0;
    }
  }
  return sum / count;
}

std::vector<double> ratios(const PmDnsResult& r,
                           std::size_t excluded,
                           const std::vector<double>& guesses_hz) {
  const std::vector<std::uint8_t> used = used_pixels(r, excluded);
  std::vector<double> out(used.size(), nan);
  for (std::size_t p = 0; p < used.size(); ++p) {
    if (used[p] != 0) {
      const double low = band_mean(r, p, guesses_hz.front());
      out[p] = low > 0.0 ? band_mean(r, p, guesses_hz.back()) / low : nan;
    }
  }
  return out;
}

MapView view(const std::vector<double>& values, std::size_t nx, std::size_t ny) {
  return {values, nx, ny};
}

/// The rounds' maps on the pixels of the first; empty where a round is not registered.
std::vector<std::vector<double>> brought_back(const std::vector<std::vector<double>>& maps,
                                              const std::vector<MapRound>& rounds,
                                              std::size_t nx,
                                              std::size_t ny) {
  std::vector<std::vector<double>> out{maps.front()};
  for (std::size_t k = 1; k < maps.size(); ++k) {
    out.push_back(rounds[k].drift.found() && !maps[k].empty()
                      ? on_first(view(maps[k], nx, ny), rounds[k].drift, nx, ny)
                      : std::vector<double>(nx * ny, nan));
  }
  return out;
}

ZoneComparison compare(const std::vector<std::vector<double>>& maps,
                       const RepeatsResult& r,
                       double step_m,
                       const ZoneParams& params) {
  std::vector<MapView> views;
  for (const auto& map : maps) {
    views.push_back(view(map, r.nx, r.ny));
  }
  return compare_zones(views, r.map_grains.distance_pixels, step_m, params);
}

void analyse_maps(std::span<const PmDnsInput> inputs,
                  const RepeatsOptions& options,
                  Threads threads,
                  RepeatsResult& out) {
  PmDnsOptions short_options = options.map;
  short_options.max_rank_scanned = 0;
  short_options.replicates = 2;
  short_options.null_repeats = 0;
  std::vector<PmDnsResult> rounds;
  for (const PmDnsInput& input : inputs) {
    rounds.push_back(analyse_pm_dns(input, short_options, threads));
    require(rounds.back().nx == rounds.front().nx && rounds.back().ny == rounds.front().ny,
            "the maps of a series of repeats must be of one size");
    out.excluded_lines = std::max(out.excluded_lines, rounds.back().excluded_lines);
  }
  out.nx = rounds.front().nx;
  out.ny = rounds.front().ny;
  std::vector<std::vector<double>> heights;
  std::vector<std::vector<double>> quantities;
  for (const PmDnsResult& r : rounds) {
    require(!r.topography_m.empty(), "repeats need the topography of each map");
    heights.push_back(r.topography_m);
    quantities.push_back(ratios(r, out.excluded_lines, options.map.peak_guesses_hz));
  }
  if (options.zone_quantity == ZoneQuantity::high_weight) {
    quantities = high_weights(rounds, out.excluded_lines, options.map.nmf, threads);
  }
  out.map_grains = find_grains(view(heights.front(), out.nx, out.ny), options.grains);
  for (const auto& height : heights) {
    out.maps.push_back({register_maps(view(heights.front(), out.nx, out.ny),
                                      view(height, out.nx, out.ny),
                                      options.registration,
                                      threads),
                        {}});
  }
  if (quantities.front().empty()) {
    return;
  }
  const double step_m = inputs.front().step_m;
  const auto back = brought_back(quantities, out.maps, out.nx, out.ny);
  for (std::size_t k = 0; k < back.size(); ++k) {
    out.maps[k].quantity = back[k];
  }
  out.zones = compare(back, out, step_m, options.zone);
  out.grooves = compare(brought_back(heights, out.maps, out.nx, out.ny), out, step_m, options.zone);
}

void analyse_potentials(std::span<const PotentialImage> images,
                        const RepeatsOptions& options,
                        Threads threads,
                        RepeatsResult& out) {
  const std::size_t nx = images.front().nx;
  const std::size_t ny = images.front().ny;
  out.potential_nx = nx;
  out.potential_ny = ny;
  const std::vector<double> first = levelled(images.front().topography_m, nx, ny);
  out.potential_grains = find_grains(view(first, nx, ny), options.grains);
  GrainContrast before;
  for (const PotentialImage& image : images) {
    require(image.nx == nx && image.ny == ny,
            "the images of a series of repeats must be of one size");
    const std::vector<double> height = levelled(image.topography_m, nx, ny);
    PotentialRound round;
    round.drift =
        register_maps(view(first, nx, ny), view(height, nx, ny), options.registration, threads);
    round.noise_v = pass_noise({image.contact_potential_v, nx, ny},
                               {image.contact_potential_backward_v, nx, ny});
    const bool is_first = out.potentials.empty();
    if (is_first || round.drift.found()) {
      std::vector<double> potential(image.contact_potential_v.begin(),
                                    image.contact_potential_v.end());
      if (!is_first) {
        // to the nearest pixel: interpolation would average the noise that is taken off
        Registration whole = round.drift;
        whole.shift_x_pixels.value = std::round(whole.shift_x_pixels.value);
        whole.shift_y_pixels.value = std::round(whole.shift_y_pixels.value);
        whole.slow_x_pixels.value = whole.slow_y_pixels.value = 0.0;
        potential = on_first({potential, nx, ny}, whole, nx, ny);
      }
      GrainContrast here = grain_contrast({potential, nx, ny},
                                          out.potential_grains.label,
                                          out.potential_grains.grains,
                                          round.noise_v,
                                          options.contrast);
      if (is_first) {
        before = here;
      }
      round.growth = contrast_growth(before, here, options.contrast);
      round.within_v = std::move(here.within);
    }
    out.potentials.push_back(std::move(round));
  }
}

}  // namespace

void validate(const RepeatsOptions& p) {
  validate(p.map);
  validate(p.registration);
  validate(p.grains);
  validate(p.zone);
  validate(p.contrast);
  require(!p.map.peak_guesses_hz.empty(), "peak_guesses_hz is empty");
}

RepeatsResult analyse_repeats(std::span<const PmDnsInput> maps,
                              std::span<const PotentialImage> potentials,
                              const RepeatsOptions& options,
                              Threads threads) {
  validate(options);
  RepeatsResult out;
  if (!maps.empty()) {
    analyse_maps(maps, options, threads, out);
  }
  if (!potentials.empty()) {
    analyse_potentials(potentials, options, threads, out);
  }
  return out;
}

}  // namespace halotwin::analysis
