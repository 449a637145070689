// What the objective makes of a shining film: noise-free images on the pixels of a camera, in
// blocks of frames.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "devices/camera.hpp"
#include "physics/microscope_optics.hpp"
#include "sim/recombination_film.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// When the frames of a series are exposed.
struct SeriesTimes {
  Duration start{};  // of frame 0
  Duration period{};
  double exposure_s = 0.0;
  [[nodiscard]] Duration at(std::size_t frame) const {
    return start + period * static_cast<std::int64_t>(frame);
  }
  bool operator==(const SeriesTimes&) const = default;
};

/// One frame without noise.
struct FilmFrame {
  /// Photons on each pixel of the region (binned), at the light as set, of the soaked film.
  std::span<const float> steady_photons;
  double factor = 0.0;          // what wandering light, soaking and bleaching make of them
  double relative_light = 0.0;  // over the exposure, relative to the reference light
};

class FilmImages {
 public:
  /// `origin_m`: corner of the sensor's first pixel on the sample, before drift.
  FilmImages(const sim::World& world,
             const physics::MicroscopeParams& optics,
             double collection,
             Point origin,
             Threads threads);

  /// The next series is of this region. Frames of a block are made together: of a movie always the
  /// same blocks, so that the images do not depend on where one begins to ask.
  void begin(const SeriesTimes& times, const CameraRegion& region, std::size_t frames);
  [[nodiscard]] FilmFrame frame(std::size_t number);

 private:
  struct Light {
    double set = 0.0;   // relative to the reference light
    double mean = 0.0;  // over the exposure
  };
  [[nodiscard]] Light light(double from_s, double to_s) const;
  void make_block(std::size_t number, double relative_light, double defocus_m);
  void focus(double defocus_m);
  void form(std::span<const float> rates, double time_s, std::span<float> out) const;

  const sim::World* world_;
  const sim::RecombinationFilm* film_;
  physics::MicroscopeParams optics_;
  double photons_per_rate_ = 0.0;  // photons per node and second over rate
  Point origin_;
  Threads threads_;
  std::unique_ptr<physics::ImageFormation> formation_;
  double defocus_m_ = 0.0;   // of it
  std::size_t nodes_x_ = 0;  // whole pixels of the film
  std::size_t nodes_y_ = 0;
  std::unique_ptr<sim::FilmEmission> emission_;

  SeriesTimes times_;
  CameraRegion region_;
  std::size_t frames_ = 0;
  std::size_t block_first_ = 0;
  std::size_t block_count_ = 0;
  double block_light_ = 0.0;
  double block_defocus_m_ = 0.0;
  std::vector<float> block_;
  std::vector<float> dark_;
};

}  // namespace halotwin::devices::simulated
