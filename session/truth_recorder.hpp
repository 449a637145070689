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

namespace halotwin::session {

/// The true fields (names of sim::truth_maps) on the pixels of the map, row by row; "tip_x" and
/// "tip_y", the true place of the tip on the sample while the pixel was measured;
/// "transient_amplitude" at that moment; and once, under "native_<field>", the fields on the grid
/// of the specimen.
class TruthRecorder {
 public:
  /// Defines the signals: before RecordingWriter::begin().
  TruthRecorder(data::RecordingWriter& recording,
                data::TruthMode mode,
                const data::ScanArea& scan,
                const devices::simulated::SimulatedBench& bench);

  /// The fields of the native grid; after begin().
  void write_native();
  /// The pixel `unit` is being measured now.
  void measured(std::size_t unit);
  /// `done` pixels are recorded; at the end of a line its truth is written.
  void recorded(std::size_t done);

  /// What recorded() has not written yet, and back.
  [[nodiscard]] std::vector<double> save(std::size_t done) const;
  void load(std::span<const double> state, std::size_t done);

 private:
  void write_line(std::size_t line);

  const devices::simulated::SimulatedBench* bench_;
  std::size_t columns_;
  data::TruthWriter writer_;
  std::vector<Point> tip_;  // of the present line
  std::vector<double> transient_;
  std::vector<data::SignalId> fields_;
  std::vector<data::SignalId> native_;
  data::SignalId tip_x_;
  data::SignalId tip_y_;
  data::SignalId transient_signal_;
};

}  // namespace halotwin::session
