#include "sim/truth_maps.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::sim {
namespace {

/// Of the perovskite's relaxation, 1 / (2 pi t), or of the first line.
double main_frequency_hz(const SiteResponse& site, ResponseKind kind, double time_factor) {
  return kind == ResponseKind::phenomenological
             ? static_cast<double>(site.line_hz[0]) / time_factor
             : 1.0 /
                   (2 * constants::pi * static_cast<double>(site.relaxation_time_s) * time_factor);
}

/// The truth at given places, map by map.
class MapWriter {
 public:
  MapWriter(const Specimen& specimen,
            std::size_t nx,
            std::size_t ny,
            std::span<const Point> positions)
      : specimen_(specimen), nx_(nx), ny_(ny), positions_(positions) {}

  void add(std::string_view name, std::string_view unit, const auto& value_at) {
    TruthField field{std::string(name), std::string(unit), Image<float>(nx_, ny_)};
    for (std::size_t k = 0; k < positions_.size(); ++k) {
      const Point at = positions_[k];
      const bool known = std::isfinite(at.x_m) && std::isfinite(at.y_m) && specimen_.covers(at);
      field.values.values[k] = static_cast<float>(known ? value_at(at) : nan);
    }
    maps_.push_back(std::move(field));
  }
  void add_on_film(std::string_view name, std::string_view unit, const auto& value_at) {
    add(name, unit, [&](Point at) { return specimen_.on_metal(at) ? nan : value_at(at); });
  }
  void add_field(std::string_view name, std::string_view unit, std::span<const float> values) {
    add_on_film(name, unit, [&](Point at) {
      return between_sites(
          specimen_.grid(), [&](std::size_t k) { return values[k]; }, at);
    });
  }
  /// value(SiteResponse) of the present response, rounded as a field is.
  void add_present(std::string_view name, std::string_view unit, const auto& value) {
    SiteResponse site;
    const auto at_site = [&](std::size_t k) {
      specimen_.present(k, site);
      return static_cast<float>(value(site));
    };
    add_on_film(name, unit, [&](Point at) { return between_sites(specimen_.grid(), at_site, at); });
  }
  /// Of the nearest site; 0 on metal.
  void add_kind(std::string_view name, std::span<const std::uint8_t> values) {
    add(name, "", [&](Point at) {
      return specimen_.on_metal(at)
                 ? 0.0
                 : static_cast<double>(values[nearest_site(specimen_.grid(), at)]);
    });
  }
  [[nodiscard]] TruthMaps take() { return std::move(maps_); }

 private:
  const Specimen& specimen_;
  std::size_t nx_;
  std::size_t ny_;
  std::span<const Point> positions_;
  TruthMaps maps_;
};

}  // namespace

TruthMaps truth_maps(const Specimen& specimen,
                     std::size_t nx,
                     std::size_t ny,
                     std::span<const Point> positions) {
  require(positions.size() == nx * ny, "truth_maps needs one position for each pixel");
  const Microstructure& film = specimen.film();
  const SiteFields& s = specimen.sites();
  MapWriter maps(specimen, nx, ny, positions);
  const auto grain_at = [&](Point at) {
    return specimen.on_metal(at) ? std::int32_t{-1} : film.locate(at).grain;
  };
  maps.add("grain", "", [&](Point at) { return static_cast<double>(grain_at(at)); });
  maps.add_on_film(
      "boundary_distance", "m", [&](Point at) { return film.locate(at).boundary_distance_m; });
  maps.add_field("junction_distance", "m", film.junction_distance_m.values);
  maps.add("hotspot", "", [&](Point at) {
    const std::int32_t grain = grain_at(at);
    return grain >= 0 && film.grains[static_cast<std::size_t>(grain)].hotspot ? 1.0 : 0.0;
  });
  maps.add_on_film("ion_density", "m^-3", [&](Point at) {
    return between_sites(
        specimen.grid(), [&](std::size_t k) { return specimen.present_ion_density_per_m3(k); }, at);
  });
  maps.add_field("diffusivity", "m^2/s", s.diffusivity_m2_per_s);
  maps.add_present("relaxation_frequency", "Hz", [&](const SiteResponse& site) {
    return main_frequency_hz(site, specimen.params().response, specimen.time_factors().perovskite);
  });
  maps.add_present("active_share", "", [](const SiteResponse& site) { return site.active_share; });
  maps.add_present(
      "inclusion_share", "", [](const SiteResponse& site) { return site.inclusion_share; });
  maps.add("contact_potential", "V", [&](Point at) { return specimen.contact_potential_v(at); });
  maps.add("height", "m", [&](Point at) { return specimen.height_m(at); });
  if (specimen.degradation()) {
    maps.add_on_film("stress", "s", [&](Point at) { return specimen.degradation()->stress_s(at); });
  }
  maps.add_field("piezo", "m/V", s.piezo_m_per_v);
  maps.add_field("contact_resonance_factor", "", s.contact_resonance_factor);
  maps.add_kind("domain", s.domain);
  maps.add_kind("feature", s.feature);
  return maps.take();
}

TruthMaps native_truth(const Specimen& specimen) {
  const Grid& grid = specimen.grid();
  std::vector<Point> places;
  places.reserve(grid.size());
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    for (std::size_t ix = 0; ix < grid.nx; ++ix) {
      places.push_back(grid.centre(ix, iy));
    }
  }
  return truth_maps(specimen, grid.nx, grid.ny, places);
}

}  // namespace halotwin::sim
