#include "devices/simulated/simulated_focus.hpp"

#include <utility>

#include "base/require.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr std::uint32_t number = 63;  // of its noise: apart from stages below the sample

StageAxisParams axis_of(const FocusParams& p) {
  return {.name = "z",
          .unit = "m",
          .low = p.low_m,
          .high = p.high_m,
          .start = p.start_m,
          .speed_per_s = p.speed_m_per_s,
          .overshoot = p.overshoot_m,
          .settling_time_s = p.settling_time_s,
          .tolerance = p.tolerance_m,
          .repeatability = p.repeatability_m,
          .backlash = p.backlash_m};
}

}  // namespace

void validate(const FocusParams& p) {
  require_range("low_m", p.low_m, -1e-2, 1e-2);
  require_range("high_m", p.high_m, p.low_m, 1e-2);
  require_range("start_m", p.start_m, p.low_m, p.high_m);
  require_range("best_m", p.best_m, -1e-2, 1e-2);
  validate(axis_of(p));
}

std::unique_ptr<SimulatedStage> make_focus(sim::World& world,
                                           const FocusParams& params,
                                           std::string role) {
  validate(params);
  sim::Focus& focus = world.install_focus(params.start_m - params.best_m);
  auto stage = std::make_unique<SimulatedStage>(
      world, StageParams{{axis_of(params)}}, std::move(role), number);
  stage->on_travel([&focus, params](const StageTravel& travel) {
    const double off_m = (travel.downwards ? params.backlash_m : 0.0) - params.best_m;
    focus.move(
        seconds(travel.start), seconds(travel.standing), travel.from + off_m, travel.to + off_m);
  });
  return stage;
}

}  // namespace halotwin::devices::simulated
