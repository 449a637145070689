#include "session/truth_recorder.hpp"

#include <array>
#include <limits>

#include "base/fields.hpp"
#include "base/require.hpp"
#include "sim/truth_maps.hpp"

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

TruthRecorder::TruthRecorder(data::TruthWriter& truth,
                             const data::RecordingSection& section,
                             const devices::simulated::SimulatedBench& bench)
    : writer_(&truth),
      bench_(&bench),
      scan_(section.scan.value()),
      columns_(scan_.points_x),
      by_line_(section.unit_word == "line"),
      tip_(columns_, Point{std::numeric_limits<double>::quiet_NaN(), 0.0}),
      transient_(columns_, 0.0),
      temperature_k_(columns_, 0.0),
      tip_radius_m_(columns_, 0.0),
      tip_potential_v_(columns_, 0.0) {
  using data::ElementType;
  writer_->set_scope(section.scope);
  const sim::Specimen& specimen = bench.world().specimen();
  const std::vector<data::Axis> pixels{axis("y", scan_.y_start_m, scan_.y_end_m, scan_.points_y),
                                       axis("x", scan_.x_start_m, scan_.x_end_m, scan_.points_x)};
  const std::array<Point, 1> anywhere{specimen.reference_position()};
  for (const sim::TruthField& field : sim::truth_maps(specimen, 1, 1, anywhere)) {
    fields_.push_back(writer_->add_signal(image(field.name, ElementType::f32, field.unit, pixels)));
  }
  tip_x_ = writer_->add_signal(image("tip_x", ElementType::f64, "m", pixels));
  tip_y_ = writer_->add_signal(image("tip_y", ElementType::f64, "m", pixels));
  transient_signal_ =
      writer_->add_signal(image("transient_amplitude", ElementType::f32, "", pixels));
  temperature_signal_ =
      writer_->add_signal(image("sample_temperature", ElementType::f32, "K", pixels));
  tip_radius_signal_ = writer_->add_signal(image("tip_radius", ElementType::f32, "m", pixels));
  tip_potential_signal_ =
      writer_->add_signal(image("tip_potential", ElementType::f32, "V", pixels));
}

void TruthRecorder::measured(std::size_t unit) {
  const double transient = bench_->world().specimen().transient_amplitude();
  const double temperature_k = bench_->world().specimen().temperature_k();
  if (!by_line_) {
    tip_[unit % columns_] = bench_->true_tip_position();
    transient_[unit % columns_] = transient;
    temperature_k_[unit % columns_] = temperature_k;
    tip_radius_m_[unit % columns_] = bench_->true_tip_radius_m();
    tip_potential_v_[unit % columns_] = bench_->true_tip_potential_v();
    return;
  }
  const std::span<const Point> line = bench_->true_tip_line();
  require(line.size() == columns_, "the scanner's line and that of the map have different lengths");
  tip_.assign(line.begin(), line.end());
  transient_.assign(columns_, transient);
  temperature_k_.assign(columns_, temperature_k);
  tip_radius_m_.assign(columns_, bench_->true_tip_radius_m());
  tip_potential_v_.assign(columns_, bench_->true_tip_potential_v());
}

void TruthRecorder::recorded(std::size_t done) {
  if (done > 0 && unfinished(done) == 0) {
    write_line((by_line_ ? done : done / columns_) - 1);
  }
}

std::size_t TruthRecorder::unfinished(std::size_t done) const {
  return by_line_ ? 0 : done % columns_;
}

void TruthRecorder::write_line(std::size_t line) {
  const sim::TruthMaps maps =
      sim::truth_maps(bench_->world().specimen(), columns_, 1, std::span<const Point>(tip_));
  for (std::size_t i = 0; i < maps.size(); ++i) {
    writer_->write(fields_[i], {line, 0}, std::span<const float>(maps[i].values.values));
  }
  std::vector<double> x;
  std::vector<double> y;
  for (const Point& at : tip_) {
    x.push_back(at.x_m);
    y.push_back(at.y_m);
  }
  writer_->write(tip_x_, {line, 0}, std::span<const double>(x));
  writer_->write(tip_y_, {line, 0}, std::span<const double>(y));
  const auto put = [&](data::SignalId signal, const std::vector<double>& values) {
    const std::vector<float> narrow(values.begin(), values.end());
    writer_->write(signal, {line, 0}, std::span<const float>(narrow));
  };
  put(transient_signal_, transient_);
  put(temperature_signal_, temperature_k_);
  put(tip_radius_signal_, tip_radius_m_);
  put(tip_potential_signal_, tip_potential_v_);
}

std::vector<double> TruthRecorder::save(std::size_t done) const {
  std::vector<double> state;
  for (std::size_t i = 0; i < unfinished(done); ++i) {
    state.insert(state.end(),
                 {tip_[i].x_m,
                  tip_[i].y_m,
                  transient_[i],
                  temperature_k_[i],
                  tip_radius_m_[i],
                  tip_potential_v_[i]});
  }
  return state;
}

void TruthRecorder::load(std::span<const double> state, std::size_t done) {
  require(state.size() == values_per_pixel * unfinished(done),
          "the saved truth of the line is damaged");
  for (std::size_t i = 0; i < unfinished(done); ++i) {
    const auto of = state.subspan(values_per_pixel * i, values_per_pixel);
    tip_[i] = {of[0], of[1]};
    transient_[i] = of[2];
    temperature_k_[i] = of[3];
    tip_radius_m_[i] = of[4];
    tip_potential_v_[i] = of[5];
  }
}

NativeTruth::NativeTruth(data::TruthWriter& truth, const devices::simulated::SimulatedBench& bench)
    : writer_(&truth), bench_(&bench) {
  writer_->set_scope({});
  const sim::Specimen& specimen = bench.world().specimen();
  const Grid& grid = specimen.grid();
  const Point last = grid.centre(grid.nx - 1, grid.ny - 1);
  const std::vector<data::Axis> sites{axis("y", grid.origin.y_m, last.y_m, grid.ny),
                                      axis("x", grid.origin.x_m, last.x_m, grid.nx)};
  const std::array<Point, 1> anywhere{specimen.reference_position()};
  for (const sim::TruthField& field : sim::truth_maps(specimen, 1, 1, anywhere)) {
    fields_.push_back(writer_->add_signal(
        image("native_" + field.name, data::ElementType::f32, field.unit, sites)));
  }
  writer_->add_collection("specimen", effective_fields(specimen.params()));
}

void NativeTruth::write() {
  const sim::TruthMaps maps = sim::native_truth(bench_->world().specimen());
  require(maps.size() == fields_.size(), "native and sampled truth have different fields");
  for (std::size_t i = 0; i < maps.size(); ++i) {
    writer_->write(fields_[i], {0, 0}, std::span<const float>(maps[i].values.values));
  }
}

}  // namespace halotwin::session
