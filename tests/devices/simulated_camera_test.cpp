#include "devices/simulated/simulated_camera.hpp"

#include <cmath>
#include <memory>
#include <numeric>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "tests/sim/shining_film.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr std::uint32_t side = 20;  // of the sensor: 2 um
const LightSourceParams red{.shortest_wavelength_m = 720e-9, .longest_wavelength_m = 720e-9};
const LightSettings lit{.on = true, .irradiance_w_per_m2 = 7000.0, .wavelength_m = 720e-9};

CameraParams small_sensor() {
  CameraParams p;
  p.sensor_width = p.sensor_height = static_cast<int>(side);
  p.sensor.hot_pixel_fraction = 0.0;
  p.sensor.cosmic_flux_per_m2_s = 0.0;
  return p;
}

/// A film that shines, a camera and a light.
struct Bench {
  explicit Bench(const CameraParams& params = small_sensor(),
                 const sim::Surroundings& around = test::quiet(),
                 const sim::SpecimenParams& specimen = soaked())
      : world(around, {}, {}, sim::Specimen(specimen, 1), 1),
        light(world, red, "light"),
        camera(world, params, "camera") {}
  static sim::SpecimenParams soaked() {
    sim::SpecimenParams p = test::shining_film();
    p.clim.soaking = 0.0;
    p.clim.bleaching_exposure_j_per_m2 = 0.0;
    return p;
  }
  /// The next frame in photoelectrons.
  std::vector<double> next() {
    std::vector<std::uint16_t> counts(side * side);
    const auto frame = camera.next_frame(counts, from_seconds(5.0), {});
    EXPECT_TRUE(frame.has_value());
    std::vector<double> out;
    for (std::size_t i = 0; frame && i < std::size_t{frame->width} * frame->height; ++i) {
      out.push_back((counts[i] - 200.0) * 12.0 / camera.settings().gain);
    }
    return out;
  }
  sim::World world;
  SimulatedLightSource light;
  SimulatedCamera camera;
};

double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

const CameraSettings fast{.exposure_s = 0.03, .gain = 100.0};

TEST(SimulatedCamera, IsDarkWithoutLightAndFollowsIt) {
  Bench b;
  b.camera.configure(fast);
  b.camera.start(0);
  EXPECT_LT(mean(b.next()), 0.5);
  b.light.configure(lit);
  b.world.clock().sleep(from_seconds(0.03));  // the rest of this frame, and one that is half lit
  static_cast<void>(b.next());
  static_cast<void>(b.next());
  const double full = mean(b.next());
  EXPECT_GT(full, 100.0);
  b.light.configure({.on = true, .irradiance_w_per_m2 = 3500.0, .wavelength_m = 720e-9});
  static_cast<void>(b.next());
  static_cast<void>(b.next());
  EXPECT_NEAR(mean(b.next()) / full, 0.25, 0.05) << "photoluminescence goes with the square";
  b.light.make_safe();
  static_cast<void>(b.next());
  static_cast<void>(b.next());
  EXPECT_LT(mean(b.next()), 0.5);
}

TEST(SimulatedCamera, BinningAddsPixelsAndARegionIsAPart) {
  sim::Surroundings calm = test::quiet();
  calm.shot_noise = calm.read_noise = calm.lamp_noise = false;
  const auto first = [&](const CameraSettings& settings) {
    Bench b(small_sensor(), calm);
    b.light.configure(lit);
    b.camera.configure(settings);
    b.camera.start(1);
    return b.next();
  };
  const auto whole = first(fast);
  CameraSettings part = fast;
  part.region = {.left = 4, .top = 6, .width = 8, .height = 6, .binning = 2};
  const auto binned = first(part);
  ASSERT_EQ(binned.size(), 12U);
  for (std::size_t y = 0; y < 3; ++y) {
    for (std::size_t x = 0; x < 4; ++x) {
      const std::size_t at = (6 + 2 * y) * side + 4 + 2 * x;
      const double sum = whole[at] + whole[at + 1] + whole[at + side] + whole[at + side + 1];
      EXPECT_NEAR(binned[y * 4 + x], sum, 2.5) << "each pixel is rounded to an electron";
    }
  }
}

TEST(SimulatedCamera, HotPixelsBelongToTheSensor) {
  CameraParams p = small_sensor();
  p.sensor.hot_pixel_fraction = 0.02;
  p.sensor.hot_pixel_electrons_per_s = 2000.0;
  const auto dark = [&](const CameraRegion& region) {
    Bench b(p);
    b.camera.configure({.exposure_s = 1.0, .gain = 1.0, .region = region});
    b.camera.start(1);
    return b.next();
  };
  const auto whole = dark({});
  const auto part = dark({.left = 3, .top = 2, .width = 16, .height = 16});
  int hot = 0;
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 16; ++x) {
      const double there = whole[(y + 2) * side + x + 3];
      if (there > 1500.0) {
        ++hot;
        EXPECT_NEAR(part[y * 16 + x] / there, 1.0, 0.3);
      }
    }
  }
  EXPECT_GT(hot, 0);
}

// The film moves under the camera by a pixel a frame.
TEST(SimulatedCamera, DriftMovesThePicture) {
  sim::Surroundings moving = test::quiet();
  moving.shot_noise = moving.read_noise = moving.lamp_noise = false;
  moving.lateral_drift = true;
  moving.drift_wander_m = 0.0;
  moving.drift_x_m_per_s = 1e-9;
  moving.drift_y_m_per_s = 0.0;
  sim::SpecimenParams steady = Bench::soaked();
  steady.clim.centres.density_per_m2 = 0.0;
  steady.clim.carriers.loss_sigma_ln = 0.5;
  Bench b(small_sensor(), moving, steady);
  b.light.configure(lit);
  b.camera.configure({.exposure_s = 0.03, .frame_period_s = 100.0, .gain = 100.0});
  b.camera.start(2);
  const auto frame = [&] {
    std::vector<std::uint16_t> counts(side * side);
    EXPECT_TRUE(b.camera.next_frame(counts, from_seconds(200.0), {}).has_value());
    return std::vector<double>(counts.begin(), counts.end());
  };
  const auto before = frame();
  const auto after = frame();
  // what lay a pixel to the right is here now
  const auto distance = [&](std::size_t shift) {
    double sum = 0.0;
    for (std::size_t y = 0; y < side; ++y) {
      for (std::size_t x = 1; x + 1 < side; ++x) {
        sum += std::abs(after[y * side + x] - before[y * side + x + shift - 1]);
      }
    }
    return sum;
  };
  EXPECT_LT(distance(2), 0.1 * distance(1));
  EXPECT_LT(distance(2), 0.1 * distance(0));
}

TEST(SimulatedCamera, GoesOnFromItsSavedState) {
  Bench one;
  one.light.configure(lit);
  one.camera.configure(fast);
  one.camera.start(10);
  for (int k = 0; k < 4; ++k) {
    static_cast<void>(one.next());
  }
  const auto world = one.world.save();
  const auto camera = one.camera.save();
  const auto light = one.light.save();
  Bench two;
  two.world.load(world);
  two.light.load(light);
  two.camera.load(camera);
  for (int k = 4; k < 10; ++k) {
    EXPECT_EQ(one.next(), two.next()) << k;
  }
  EXPECT_EQ(one.camera.clean().save(), two.camera.clean().save());
  EXPECT_EQ(one.camera.clean().frames(), 10U);
}

TEST(SimulatedCamera, RefusesWhatItCannotBe) {
  CameraParams p;
  p.drop_probability = 1.0;
  EXPECT_THROW(validate(p), ParameterError);
  p = {};
  p.sensor_width = 0;
  EXPECT_THROW(validate(p), ParameterError);
}

}  // namespace
}  // namespace halotwin::devices::simulated
