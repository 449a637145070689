#include "session/truth_recorder.hpp"

#include <array>
#include <limits>

#include "base/fields.hpp"
#include "base/require.hpp"

namespace halotwin::session {

namespace {

data::Axis axis(const char* name, double from, double to, std::size_t points) {
  return {name, "m", linear_spacing(from, to, points)};
}

data::SignalSpec image(const std::string& group,
                       data::ElementType type,
                       const std::string& unit,
                       const std::vector<data::Axis>& axes) {
  return {.group = group,
          .type = type,
          .unit = unit.empty() ? "1" : unit,
          .axes = axes,
          .interpretation = data::Interpretation::image};
}

}  // namespace

TruthRecorder::TruthRecorder(data::RecordingWriter& recording,
                             data::TruthMode mode,
                             const data::ScanArea& scan,
                             const devices::simulated::SimulatedBench& bench)
    : bench_(&bench),
      columns_(scan.points_x),
      writer_(recording, mode),
      tip_(scan.points_x, Point{std::numeric_limits<double>::quiet_NaN(), 0.0}),
      transient_(scan.points_x, 0.0) {
  using data::ElementType;
  const sim::Specimen& specimen = bench.world().specimen();
  const std::vector<data::Axis> pixels{axis("y", scan.y_start_m, scan.y_end_m, scan.points_y),
                                       axis("x", scan.x_start_m, scan.x_end_m, scan.points_x)};
  const Grid& grid = specimen.grid();
  const Point last = grid.centre(grid.nx - 1, grid.ny - 1);
  const std::vector<data::Axis> sites{axis("y", grid.origin.y_m, last.y_m, grid.ny),
                                      axis("x", grid.origin.x_m, last.x_m, grid.nx)};
  const std::array<Point, 1> anywhere{specimen.reference_position()};
  for (const sim::TruthField& field : sim::truth_maps(specimen, 1, 1, anywhere)) {
    fields_.push_back(writer_.add_signal(image(field.name, ElementType::f32, field.unit, pixels)));
    native_.push_back(
        writer_.add_signal(image("native_" + field.name, ElementType::f32, field.unit, sites)));
  }
  tip_x_ = writer_.add_signal(image("tip_x", ElementType::f64, "m", pixels));
  tip_y_ = writer_.add_signal(image("tip_y", ElementType::f64, "m", pixels));
  transient_signal_ =
      writer_.add_signal(image("transient_amplitude", ElementType::f32, "", pixels));
  writer_.add_collection("specimen", effective_fields(specimen.params()));
}

void TruthRecorder::write_native() {
  const sim::TruthMaps maps = sim::native_truth(bench_->world().specimen());
  require(maps.size() == native_.size(), "native and sampled truth have different fields");
  for (std::size_t i = 0; i < maps.size(); ++i) {
    writer_.write(native_[i], {0, 0}, std::span<const float>(maps[i].values.values));
  }
}

void TruthRecorder::measured(std::size_t unit) {
  tip_[unit % columns_] = bench_->true_tip_position();
  transient_[unit % columns_] = bench_->world().specimen().transient_amplitude();
}

void TruthRecorder::recorded(std::size_t done) {
  if (done > 0 && done % columns_ == 0) {
    write_line(done / columns_ - 1);
  }
}

void TruthRecorder::write_line(std::size_t line) {
  const sim::TruthMaps maps =
      sim::truth_maps(bench_->world().specimen(), columns_, 1, std::span<const Point>(tip_));
  for (std::size_t i = 0; i < maps.size(); ++i) {
    writer_.write(fields_[i], {line, 0}, std::span<const float>(maps[i].values.values));
  }
  std::vector<double> x;
  std::vector<double> y;
  for (const Point& at : tip_) {
    x.push_back(at.x_m);
    y.push_back(at.y_m);
  }
  writer_.write(tip_x_, {line, 0}, std::span<const double>(x));
  writer_.write(tip_y_, {line, 0}, std::span<const double>(y));
  const std::vector<float> transient(transient_.begin(), transient_.end());
  writer_.write(transient_signal_, {line, 0}, std::span<const float>(transient));
}

std::vector<double> TruthRecorder::save(std::size_t done) const {
  std::vector<double> state;
  for (std::size_t i = 0; i < done % columns_; ++i) {
    state.insert(state.end(), {tip_[i].x_m, tip_[i].y_m, transient_[i]});
  }
  return state;
}

void TruthRecorder::load(std::span<const double> state, std::size_t done) {
  require(state.size() == 3 * (done % columns_), "the saved truth of the line is damaged");
  for (std::size_t i = 0; i < done % columns_; ++i) {
    tip_[i] = {state[3 * i], state[3 * i + 1]};
    transient_[i] = state[3 * i + 2];
  }
}

}  // namespace halotwin::session
