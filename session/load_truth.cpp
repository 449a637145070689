#include "session/load_truth.hpp"

namespace halotwin::session {

bool is_current_voltage(const data::RecordingSection& section) {
  return section.procedure == "current_voltage";
}

LoadTruth::LoadTruth(data::TruthWriter& truth,
                     const data::RecordingSection& section,
                     const devices::simulated::SimulatedBench& bench)
    : writer_(&truth), bench_(&bench) {
  writer_->set_scope(section.scope);
  conductance_ = writer_->add_signal({.group = "load_conductance",
                                      .type = data::ElementType::f64,
                                      .unit = "S",
                                      .axes = {{"load", "1", {0}}},
                                      .title = "sample and leads across the bias source"});
}

void LoadTruth::begin() {
  writer_->write_value(conductance_, {0}, bench_->true_load_siemens());
}

}  // namespace halotwin::session
