#include "session/costs.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "base/require.hpp"
#include "data/recording_header.hpp"

namespace halotwin::session {

namespace {

// Sites of the native grid, from the same sizes that the specimen uses.
double native_sites(const sim::MicrostructureParams& film) {
  return (film.width_m + 2.0 * film.margin_m) * (film.height_m + 2.0 * film.margin_m) /
         (film.grid_step_m * film.grid_step_m);
}

constexpr double fields_per_site = 11.0;  // of the truth

/// Pixels of all maps of the procedure, whatever its unit is.
double mapped_pixels(const scenarios::Procedure& procedure) {
  data::RecordingHeader header;
  procedure.describe(header);
  double pixels = 0.0;
  const auto add = [&](const std::optional<data::ScanArea>& scan) {
    pixels +=
        scan ? static_cast<double>(scan->points_x) * static_cast<double>(scan->points_y) : 0.0;
  };
  for (const data::RecordingSection& section : header.sections) {
    add(section.scan);
  }
  if (header.sections.empty()) {
    add(header.scan);
  }
  return pixels;
}

std::uint64_t physical_memory_bytes() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Carriers, a block of frames, sums of the correlation map.
double movie_bytes(const Scenario& scenario, double pixels) {
  const sim::RecombinationParams& clim = scenario.simulated.specimen.clim;
  const sim::MicrostructureParams& film = scenario.simulated.specimen.microstructure;
  const double nodes = clim.on ? native_sites(film) * film.grid_step_m * film.grid_step_m /
                                     (clim.node_m * clim.node_m)
                               : 0.0;
  // rates of a block take 256 MB, or those of two chunks of frames; see film_images.cpp
  const double block = std::max(std::min(256e6, 2560.0 * nodes), 320.0 * nodes);
  return clim.on ? 400.0 * nodes + block * (1.0 + pixels / nodes) + 100.0 * pixels : 0.0;
}

}  // namespace

std::string gigabytes(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6)
                     : fmt::format("{:.3g} GB", bytes / 1e9);
}

Costs estimate_costs(const Scenario& scenario) {
  const auto procedure = scenario.make_procedure();
  const sim::MicrostructureParams& film = scenario.simulated.specimen.microstructure;
  const double sites = scenario.is_simulated() ? native_sites(film) : 0.0;
  const scenarios::Estimate experiment = procedure->estimate();
  const double pixels = mapped_pixels(*procedure);
  // complex readings, amplitude and phase of the mean of both directions; images; truth
  const double file = experiment.bytes_per_reading * static_cast<double>(experiment.readings) +
                      pixels * (4.0 * fields_per_site + 53.0) + sites * 4.0 * fields_per_site + 1e6;
  // measured: 125 bytes per site while it is made
  const double memory = 40e6 + 130.0 * sites + (sites > 0.0 ? movie_bytes(scenario, pixels) : 0.0);
  const double there = static_cast<double>(physical_memory_bytes());
  require(memory < 0.9 * there,
          fmt::format("the specimen would need {} of memory, this computer has {} (smaller map or "
                      "film, or larger specimen.microstructure.grid_step_m)",
                      gigabytes(memory),
                      gigabytes(there)));
  return {experiment, static_cast<std::uint64_t>(file), static_cast<std::uint64_t>(memory)};
}

}  // namespace halotwin::session
