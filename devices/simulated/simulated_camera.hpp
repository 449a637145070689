// An EMCCD behind an objective that looks at the specimen's photoluminescence.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "devices/camera.hpp"
#include "devices/simulated/film_images.hpp"
#include "physics/emccd.hpp"
#include "physics/microscope_optics.hpp"
#include "sim/clean_correlation.hpp"
#include "sim/world.hpp"

namespace halotwin::devices::simulated {

/// Defaults: a 512 x 512 sensor of the iXon class that reads a frame while it exposes the next.
struct CameraParams {
  physics::EmccdParams sensor;  // em_gain is that of the camera's settings instead
  physics::MicroscopeParams optics;
  int sensor_width = 512;
  int sensor_height = 512;
  std::array<double, 2> origin_m{0.0, 0.0};  // corner of the first pixel on the sample
  // Photons on the sensor per photon that the film emits inside: escape, objective, filters. With
  // the quantum efficiency 2.5 % (feasibility study; a few per cent are usual)
  double collection_efficiency = 0.0287;
  double background_photons_per_s = 100.0;  // of each pixel at the reference light (estimate)
  double ambient_photons_per_s = 1.0;       // of each pixel, without light (estimate)
  double row_readout_s = 3.4e-5;            // 57 full frames per second (iXon class)
  double highest_em_gain = 300.0;
  int ring_buffer_frames = 256;
  double drop_probability = 0.0;  // a frame does not come; beside injected faults
  bool operator==(const CameraParams&) const = default;
};
void validate(const CameraParams& p);
void visit_fields(auto& visit, CameraParams& p) {
  visit("sensor", p.sensor);
  visit("optics", p.optics);
  visit("sensor_width", p.sensor_width);
  visit("sensor_height", p.sensor_height);
  visit("origin_m", p.origin_m);
  visit("collection_efficiency", p.collection_efficiency);
  visit("background_photons_per_s", p.background_photons_per_s);
  visit("ambient_photons_per_s", p.ambient_photons_per_s);
  visit("row_readout_s", p.row_readout_s);
  visit("highest_em_gain", p.highest_em_gain);
  visit("ring_buffer_frames", p.ring_buffer_frames);
  visit("drop_probability", p.drop_probability);
}

class SimulatedCamera final : public Camera {
 public:
  SimulatedCamera(sim::World& world,
                  const CameraParams& params,
                  std::string role,
                  Threads threads = {});

  [[nodiscard]] Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] CameraLimits limits() const override;
  CameraSettings configure(const CameraSettings& wanted) override;
  [[nodiscard]] CameraSettings settings() const override { return settings_; }
  void start(std::uint64_t frames) override;
  void software_trigger() override;
  std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                      Duration timeout,
                                      const std::stop_token& stop) override;
  void stop() override;

  /// Of the images of the present series without noise, at steady light; of lit frames that were
  /// handed out. Empty without a film that shines.
  [[nodiscard]] const sim::CleanCorrelation& clean() const { return clean_; }
  [[nodiscard]] const CameraParams& params() const { return params_; }

  /// Settings, series and sums of clean(), padded to a fixed size.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  [[nodiscard]] std::uint64_t begun(Duration now) const;
  [[nodiscard]] std::uint64_t arrived(Duration now) const;
  [[nodiscard]] Duration exposure_start(std::uint64_t frame) const;
  [[nodiscard]] Duration arrival(std::uint64_t frame) const;
  [[nodiscard]] bool running() const;
  void check_region(const CameraRegion& region) const;
  void prepare();
  /// How the next frame fares; asked once for each.
  enum class Fate { good, lost, incomplete };
  Fate fate(std::uint64_t frame);
  void expose(std::uint64_t frame, bool incomplete, std::span<std::uint16_t> pixels);
  void refuse(const char* operation, const std::string& cause) const;

  sim::World* world_;
  CameraParams params_;
  std::string role_;
  Threads threads_;
  Image<float> leak_;  // dark electrons per second of each pixel of the sensor
  FilmImages images_;
  sim::CleanCorrelation clean_;

  CameraSettings settings_;
  std::unique_ptr<physics::Emccd> region_;  // the sensor as the region sees it
  bool started_ = false;                    // and neither stopped nor complete
  Duration start_{};
  std::uint64_t wanted_ = 0;          // 0: until stop
  bool bounded_ = false;              // wanted_ counts
  std::uint64_t delivered_ = 0;       // frames that were handed out or lost
  std::uint64_t first_exposure_ = 0;  // exposures of all series before
  std::vector<Duration> triggered_;   // exposures by software
  std::vector<float> photons_;
};

}  // namespace halotwin::devices::simulated
