// What a focus stage does to the pictures of the simulated camera.
#include "devices/simulated/simulated_focus.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/simulated/simulated_camera.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "tests/sim/shining_film.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr int side = 20;
constexpr Duration patience = std::chrono::seconds(5);

/// A film that shines at steady light, without noise.
struct Bench {
  explicit Bench(const FocusParams& focus)
      : world(calm(), {}, {}, sim::Specimen(test::shining_film(), 1), 1),
        light(world, {.shortest_wavelength_m = 720e-9, .longest_wavelength_m = 720e-9}, "light"),
        camera(world, small_sensor(), "camera"),
        stage(make_focus(world, focus, "focus")) {
    light.configure({.on = true, .irradiance_w_per_m2 = 7000.0, .wavelength_m = 720e-9});
    camera.configure({.exposure_s = 0.03, .gain = 100.0});
  }
  static sim::Surroundings calm() {
    sim::Surroundings s = test::quiet();
    s.shot_noise = s.read_noise = s.lamp_noise = false;
    return s;
  }
  static CameraParams small_sensor() {
    CameraParams p;
    p.sensor_width = p.sensor_height = side;
    p.sensor.hot_pixel_fraction = 0.0;
    return p;
  }
  std::vector<std::uint16_t> next() {
    std::vector<std::uint16_t> counts(std::size_t{side} * side);
    EXPECT_TRUE(camera.next_frame(counts, patience, {}).has_value());
    return counts;
  }
  void go_to(double position_m) {
    stage->start_move(0, position_m);
    EXPECT_TRUE(stage->wait(0, patience, {}));
  }
  [[nodiscard]] double defocus_m() const { return world.defocus_m(world.now_s()); }

  sim::World world;
  SimulatedLightSource light;
  SimulatedCamera camera;
  std::unique_ptr<SimulatedStage> stage;
};

double contrast(const std::vector<std::uint16_t>& counts) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double c : counts) {
    sum += c - 200.0;
    squares += (c - 200.0) * (c - 200.0);
  }
  const auto n = static_cast<double>(counts.size());
  return squares * n / (sum * sum) - 1.0;
}

TEST(SimulatedFocus, InFocusItChangesNothing) {
  Bench with({.best_m = 3e-7, .start_m = 3e-7});
  with.camera.start(1);
  EXPECT_EQ(with.defocus_m(), 0.0);
  sim::World alone(Bench::calm(), {}, {}, sim::Specimen(test::shining_film(), 1), 1);
  SimulatedLightSource light(
      alone, {.shortest_wavelength_m = 720e-9, .longest_wavelength_m = 720e-9}, "light");
  SimulatedCamera camera(alone, Bench::small_sensor(), "camera");
  light.configure({.on = true, .irradiance_w_per_m2 = 7000.0, .wavelength_m = 720e-9});
  camera.configure({.exposure_s = 0.03, .gain = 100.0});
  camera.start(1);
  std::vector<std::uint16_t> counts(std::size_t{side} * side);
  ASSERT_TRUE(camera.next_frame(counts, patience, {}).has_value());
  EXPECT_EQ(with.next(), counts);
}

TEST(SimulatedFocus, PicturesAreSharpWhereTheFilmLies) {
  const FocusParams p{.best_m = 4e-7};
  const auto at = [&](double position_m) {
    Bench b(p);
    b.go_to(position_m);
    b.camera.start(1);
    return contrast(b.next());
  };
  const double best = at(4e-7);
  EXPECT_LT(at(0.0), 0.9 * best);
  EXPECT_LT(at(8e-7), 0.9 * best);
  EXPECT_LT(at(-6e-7), 0.8 * at(0.0));
}

// A frame shows the focus of its exposure, however late it is asked for.
TEST(SimulatedFocus, FramesShowWhatWasWhenTheyWereExposed) {
  Bench prompt({});
  prompt.camera.start(2);
  const auto first = prompt.next();
  Bench late({});
  late.camera.start(2);
  late.world.clock().sleep(from_seconds(0.032));
  late.go_to(1e-6);
  EXPECT_EQ(late.next(), first);
  EXPECT_NE(contrast(late.next()), contrast(prompt.next())) << "the move began with this frame";
}

TEST(SimulatedFocus, DownwardsItLagsByItsBacklash) {
  const FocusParams p{.repeatability_m = 0.0, .backlash_m = 100e-9};
  Bench b(p);
  b.go_to(5e-7);
  EXPECT_NEAR(b.defocus_m(), 5e-7, 1e-15);
  b.go_to(2e-7);
  EXPECT_NEAR(b.defocus_m(), 3e-7, 1e-15);
  b.stage->start_move(0, 9e-6);
  const Duration half_way = from_seconds(4.4e-3);
  EXPECT_FALSE(b.stage->wait(0, half_way, {}));
  b.stage->make_safe();
  EXPECT_NEAR(b.defocus_m(), b.stage->position(0), 1e-15) << "a stop is told as well";
}

TEST(SimulatedFocus, ItsStateComesBack) {
  const FocusParams p{.best_m = 1e-7, .start_m = -3e-7};
  Bench b(p);
  b.go_to(6e-7);
  b.stage->start_move(0, -2e-6);
  const auto world = b.world.save();
  const auto stage = b.stage->save();
  Bench other(p);
  other.go_to(2e-6);
  other.world.load(world);
  other.stage->load(stage);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(other.defocus_m(), b.defocus_m());
    EXPECT_EQ(other.stage->position(0), b.stage->position(0));
    b.world.clock().sleep(from_seconds(1e-3));
    other.world.clock().sleep(from_seconds(1e-3));
  }
  other.go_to(0.0);
  b.go_to(0.0);
  EXPECT_EQ(other.stage->position(0), b.stage->position(0)) << "the next error of the encoder";
  EXPECT_THROW(other.stage->load({}), ParameterError);
}

TEST(SimulatedFocus, RefusesAStartOutsideOfItsRange) {
  sim::World world(Bench::calm(), {}, {}, sim::Specimen(test::small_film(), 1), 1);
  EXPECT_THROW(make_focus(world, {.start_m = 1e-3}, "focus"), ParameterError);
}

}  // namespace
}  // namespace halotwin::devices::simulated
