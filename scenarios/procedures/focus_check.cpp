#include "scenarios/procedures/focus_check.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/grid.hpp"
#include "base/require.hpp"
#include "scenarios/procedures/frame_series.hpp"

namespace halotwin::scenarios {

namespace {

using devices::Stage;

constexpr double move_patience_s = 60.0;

}  // namespace

void validate(const FocusPlan& p, const std::string& prefix) {
  require_range(prefix + "range_m", p.range_m, 0.0, 1e-3);
  require_range(prefix + "steps", p.steps, 5, 1000);
  require_range(prefix + "sweeps", p.sweeps, 1, 100);
  require_range(prefix + "frames", p.frames, 3, 10000);
  require_range(prefix + "settle_s", p.settle_s, 0.0, 60.0);
  require_range(prefix + "approach_m", p.approach_m, 0.0, 1e-3);
}

FocusCheck::FocusCheck(const FocusPlan& plan, std::string source)
    : plan_(plan), source_(std::move(source)) {}

double FocusCheck::duration_s(double frame_period_s) const {
  const double sweep_s =
      plan_.steps * (plan_.frames * frame_period_s + plan_.settle_s) + plan_.settle_s;
  return wanted() ? plan_.sweeps * sweep_s + 2.0 * plan_.settle_s : 0.0;
}

void FocusCheck::define(data::RecordingWriter& recording) {
  using data::ElementType;
  const auto steps = static_cast<std::size_t>(plan_.steps);
  const auto sweeps = static_cast<std::size_t>(plan_.sweeps);
  const data::Axis sweep{"sweep", "1", linear_spacing(0.0, plan_.sweeps - 1.0, sweeps)};
  const data::Axis step{"step", "1", linear_spacing(0.0, plan_.steps - 1.0, steps)};
  position_ = recording.add_signal({.group = "focus_position",
                                    .type = ElementType::f64,
                                    .unit = "m",
                                    .axes = {sweep, step},
                                    .title = "position of the focus check, as the stage reads it"});
  sharpness_ = recording.add_signal({.group = "focus_sharpness",
                                     .type = ElementType::f64,
                                     .unit = "1",
                                     .axes = {sweep, step},
                                     .title = "sharpness of what the frames have in common",
                                     .with_errors = true});
  best_ = recording.add_signal(
      {.group = "focus_best",
       .type = ElementType::f64,
       .unit = "m",
       .axes = {{"quantity", "1", {0, 1, 2}}},
       .title = "focus",
       .description = "best position, its standard deviation (NaN: not found inside the range), "
                      "where the stage stands from then on"});
  found_ = recording.add_signal({.group = "focus_found",
                                 .type = ElementType::u8,
                                 .unit = "1",
                                 .axes = {{"check", "1", {0}}},
                                 .title = "1: the best position lies inside the range"});
}

void FocusCheck::prepare(Stage& stage) {
  const auto axes = stage.axes();
  const auto axis = std::find_if(axes.begin(), axes.end(), [](const devices::StageAxis& a) {
    return a.name == "z" && a.unit == "m";
  });
  require(axis != axes.end(), "the stage of role \"focus\" has no axis \"z\" in metres");
  axis_ = static_cast<std::size_t>(axis - axes.begin());
  const double here_m = stage.position(axis_);
  first_m_ = here_m - 0.5 * plan_.range_m;
  require(axis->range.contains(first_m_ - plan_.approach_m) &&
              axis->range.contains(first_m_ + plan_.range_m),
          fmt::format("the focus stage stands at {:.4g} m and goes from {:.4g} to {:.4g} m: too "
                      "short for the range of the check ({:.3g} m) and its approach",
                      here_m,
                      axis->range.low,
                      axis->range.high,
                      plan_.range_m));
}

void FocusCheck::go_to(const RunContext& context, Stage& stage, double position_m) const {
  stage.start_move(axis_, position_m);
  if (!stage.wait(axis_, from_seconds(move_patience_s), context.stop)) {
    throw devices::DeviceError(
        "focus",
        "move",
        fmt::format("not at {:.4g} m after {:.0f} s", position_m, move_patience_s),
        devices::Retry::yes);
  }
  context.bench.clock().sleep(from_seconds(plan_.settle_s), context.stop);
}

analysis::Estimate FocusCheck::look(const RunContext& context,
                                    devices::Camera& camera,
                                    std::span<const double> dark) const {
  const devices::CameraRegion region = camera.settings().region;
  const std::size_t nx = region.width / region.binning;
  const std::size_t ny = region.height / region.binning;
  std::vector<std::uint16_t> frames;
  std::vector<std::uint16_t> buffer(nx * ny);
  const int good = take_frames(
      camera, plan_.frames, buffer, context.stop, [&](std::span<const std::uint16_t> frame) {
        frames.insert(frames.end(), frame.begin(), frame.end());
      });
  if (good < std::max(3, plan_.frames / 2)) {
    throw devices::DeviceError("camera",
                               "focus check",
                               fmt::format("{} of {} frames came", good, plan_.frames),
                               devices::Retry::yes);
  }
  return analysis::sharpness(frames, dark, nx, ny);
}

void FocusCheck::tell(const RunContext& context, const analysis::FocusFit& fit) const {
  const bool found = fit.status == analysis::FocusStatus::found;
  const double moved_m = fit.best_m.value - (first_m_ + 0.5 * plan_.range_m);
  context.bench.events().write(
      {context.bench.clock().now(),
       found ? Level::info : Level::warning,
       source_,
       found ? fmt::format("focus at {:.3f} +- {:.3f} um, {:+.3f} um from where it was",
                           1e6 * fit.best_m.value,
                           1e6 * fit.best_m.sigma,
                           1e6 * moved_m)
             : fmt::format("focus not inside the range of the check: sharpest at its position "
                           "{:.3f} um, the best may lie beyond (larger focus_range_m, or begin "
                           "nearer)",
                           1e6 * fit.best_m.value)});
}

void FocusCheck::run(const RunContext& context,
                     devices::Camera& camera,
                     Stage& stage,
                     std::span<const double> dark) {
  const auto steps = static_cast<std::size_t>(plan_.steps);
  std::vector<double> mean_m(steps, 0.0);
  std::vector<std::vector<analysis::Estimate>> sweeps(static_cast<std::size_t>(plan_.sweeps),
                                                      std::vector<analysis::Estimate>(steps));
  for (std::size_t r = 0; r < sweeps.size(); ++r) {
    go_to(context, stage, first_m_ - plan_.approach_m);
    for (std::size_t i = 0; i < steps; ++i) {
      const double part = static_cast<double>(i) / (plan_.steps - 1.0);
      go_to(context, stage, first_m_ + plan_.range_m * part);
      const double at_m = stage.position(axis_);
      mean_m[i] += at_m / plan_.sweeps;
      sweeps[r][i] = look(context, camera, dark);
      context.recording.write_value(position_, {r, i}, at_m);
      context.recording.write_value(sharpness_, {r, i}, sweeps[r][i].value);
      context.recording.write_errors(
          sharpness_, {r, i}, std::span<const double>(&sweeps[r][i].sigma, 1));
    }
  }
  const analysis::FocusFit fit =
      analysis::fit_focus(mean_m, std::span<const std::vector<analysis::Estimate>>(sweeps));
  if (fit.status == analysis::FocusStatus::no_structure) {
    throw devices::DeviceError(
        "camera",
        "focus check",
        fmt::format(
            "no position is sharper than the others by more than noise ({:.1f} standard "
            "deviations): no light, an even film, too few frames, or a focus beyond focus_range_m "
            "(focus_range_m = 0: no check)",
            fit.significance),
        devices::Retry::no);
  }
  go_to(context, stage, fit.best_m.value - plan_.approach_m);
  go_to(context, stage, fit.best_m.value);
  const std::vector<double> best{fit.best_m.value, fit.best_m.sigma, stage.position(axis_)};
  context.recording.write(best_, {0}, std::span<const double>(best));
  context.recording.write_value(
      found_, {0}, fit.status == analysis::FocusStatus::found ? 1.0 : 0.0);
  tell(context, fit);
}

void FocusCheck::go_back(const RunContext& context, Stage& stage) const {
  std::vector<double> best(3);
  context.recording.read(best_, {0}, std::span<double>(best));
  go_to(context, stage, best[2] - plan_.approach_m);
  go_to(context, stage, best[2]);
}

}  // namespace halotwin::scenarios
