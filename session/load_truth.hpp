// Truth of a current-voltage curve: what lies across the source.
#pragma once

#include "data/recording_header.hpp"
#include "data/truth.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "session/section_truth.hpp"

namespace halotwin::session {

[[nodiscard]] bool is_current_voltage(const data::RecordingSection& section);

/// "load_conductance" [S], one value: it does not change.
class LoadTruth final : public SectionTruth {
 public:
  /// Defines the signal: before RecordingWriter::begin(). `truth` and `bench` must outlive it.
  LoadTruth(data::TruthWriter& truth,
            const data::RecordingSection& section,
            const devices::simulated::SimulatedBench& bench);

  void begin() override;
  void measured(std::size_t) override {}
  void recorded(std::size_t) override {}
  [[nodiscard]] std::vector<double> save(std::size_t) const override { return {}; }
  void load(std::span<const double>, std::size_t) override {}

 private:
  data::TruthWriter* writer_;
  const devices::simulated::SimulatedBench* bench_;
  data::SignalId conductance_;
};

}  // namespace halotwin::session
