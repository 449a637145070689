// Writes what the specimen really was at the places that the tip really visited.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/grid.hpp"
#include "data/recording_header.hpp"
#include "data/truth.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "session/section_truth.hpp"

namespace halotwin::session {

/// The true fields (names of sim::truth_maps) on the pixels of one map, row by row; "tip_x" and
/// "tip_y", the true place of the tip on the sample while the pixel was measured; and
/// "transient_amplitude", "sample_temperature", "tip_radius" (of the apex) and "tip_potential"
/// (what the tip adds to every contact potential) at that moment. Where the unit is a line (an
/// image scan), the place of a pixel is the mean of there and back.
class TruthRecorder final : public SectionTruth {
 public:
  /// Defines the signals, below the section's scope: before RecordingWriter::begin(). `truth` and
  /// `bench` must outlive it.
  TruthRecorder(data::TruthWriter& truth,
                const data::RecordingSection& section,
                const devices::simulated::SimulatedBench& bench);

  /// The unit (pixel or line) of this section is being measured now, or just was.
  void measured(std::size_t unit) override;
  /// `done` units are recorded; at the end of a line its truth is written.
  void recorded(std::size_t done) override;

  static constexpr std::size_t values_per_pixel = 6;
  /// What recorded() has not written yet, and back.
  [[nodiscard]] std::vector<double> save(std::size_t done) const override;
  void load(std::span<const double> state, std::size_t done) override;

 private:
  /// Pixels of the present line that are there when `done` units are.
  [[nodiscard]] std::size_t unfinished(std::size_t done) const;
  void write_line(std::size_t line);

  data::TruthWriter* writer_;
  const devices::simulated::SimulatedBench* bench_;
  data::ScanArea scan_;
  std::size_t columns_;
  bool by_line_;
  std::vector<Point> tip_;  // of the present line
  std::vector<double> transient_;
  std::vector<double> temperature_k_;
  std::vector<double> tip_radius_m_;
  std::vector<double> tip_potential_v_;
  std::vector<data::SignalId> fields_;
  data::SignalId tip_x_;
  data::SignalId tip_y_;
  data::SignalId transient_signal_;
  data::SignalId temperature_signal_;
  data::SignalId tip_radius_signal_;
  data::SignalId tip_potential_signal_;
};

/// Once for a run: the fields on the grid of the specimen, as "native_<field>", and its parameters.
class NativeTruth {
 public:
  /// Defines the signals: before RecordingWriter::begin().
  NativeTruth(data::TruthWriter& truth, const devices::simulated::SimulatedBench& bench);
  /// After begin().
  void write();

 private:
  data::TruthWriter* writer_;
  const devices::simulated::SimulatedBench* bench_;
  std::vector<data::SignalId> fields_;
};

}  // namespace halotwin::session
