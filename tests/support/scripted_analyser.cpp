#include "tests/support/scripted_analyser.hpp"

#include <algorithm>
#include <cmath>

namespace halotwin::test {

using devices::AcquisitionState;
using devices::DeviceError;
using devices::Retry;
using devices::SpectrumDefinition;
using devices::SpectrumMode;
using devices::ValidatedSpectrum;

namespace {

void refuse_unless(bool holds, const char* operation, const char* cause) {
  if (!holds) {
    throw DeviceError("scripted analyser", operation, cause, Retry::no);
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

devices::Identity ScriptedAnalyser::identity() const {
  return {"halotwin", "scripted analyser", "1", "", "test:"};
}
std::vector<std::string> ScriptedAnalyser::lens_modes() const {
  return {"MediumArea", "WideAngleMode"};
}
std::vector<std::string> ScriptedAnalyser::scan_ranges() const {
  return {"1.5kV", "40V"};
}
devices::Range ScriptedAnalyser::kinetic_energy_ev() const {
  return script_.kinetic_energy_ev;
}

ValidatedSpectrum ScriptedAnalyser::define(const SpectrumDefinition& wanted) {
  update();
  refuse_unless(!busy(), "define", "an acquisition is running");
  const bool single = wanted.mode == SpectrumMode::fixed_energy;
  refuse_unless(
      contains(lens_modes(), wanted.lens_mode) && contains(scan_ranges(), wanted.scan_range),
      "define",
      "unknown lens mode or scan range");
  refuse_unless(script_.kinetic_energy_ev.contains(wanted.start_ev) &&
                    (single || (script_.kinetic_energy_ev.contains(wanted.end_ev) &&
                                wanted.end_ev > wanted.start_ev)),
                "define",
                "energies outside of the analyser's range or not ascending");
  refuse_unless(std::isfinite(wanted.dwell_s) && wanted.dwell_s > 0.0 &&
                    std::isfinite(wanted.pass_energy_ev) && wanted.pass_energy_ev > 0.0,
                "define",
                "dwell and pass energy must be > 0");
  ValidatedSpectrum next;
  next.definition = wanted;
  const double width = wanted.end_ev - wanted.start_ev;
  std::size_t channels = wanted.samples;
  if (wanted.mode == SpectrumMode::swept) {
    refuse_unless(wanted.step_ev > 0.0 && width / wanted.step_ev < 1.0e6, "define", "bad step");
    channels = static_cast<std::size_t>(std::floor(width / wanted.step_ev + 1.0e-9)) + 1;
  } else if (wanted.mode == SpectrumMode::snapshot) {
    channels = script_.snapshot_channels;
    next.definition.step_ev = width / static_cast<double>(channels - 1);
  }
  refuse_unless(channels >= 1, "define", "no samples");
  const double step = single ? 0.0 : next.definition.step_ev;
  for (std::size_t i = 0; i < channels; ++i) {
    next.energy_ev.push_back(wanted.start_ev + static_cast<double>(i) * step);
  }
  next.non_energy_channels = script_.slices;
  spectrum_ = next;
  state_ = AcquisitionState::validated;
  acquired_ = 0;
  spectrum_.expected_time = time_of(channels);
  return spectrum_;
}

Duration ScriptedAnalyser::time_of(std::size_t points) const {
  const auto& d = spectrum_.definition;
  const double shots = d.mode == SpectrumMode::snapshot ? static_cast<double>(d.samples)
                                                        : static_cast<double>(points);
  return from_seconds(shots * (d.dwell_s + script_.overhead_s));
}

void ScriptedAnalyser::start() {
  update();
  refuse_unless(state_ == AcquisitionState::validated || state_ == AcquisitionState::finished ||
                    state_ == AcquisitionState::aborted,
                "start",
                "no validated spectrum, or running");
  state_ = AcquisitionState::running;
  acquired_ = 0;
  started_ = clock_->now();
}

void ScriptedAnalyser::pause() {
  update();
  refuse_unless(state_ == AcquisitionState::running, "pause", "no acquisition is running");
  state_ = AcquisitionState::paused;
  paused_ = clock_->now();
}

void ScriptedAnalyser::resume() {
  refuse_unless(state_ == AcquisitionState::paused, "resume", "no acquisition is paused");
  state_ = AcquisitionState::running;
  started_ += clock_->now() - paused_;
}

void ScriptedAnalyser::update() {
  if (state_ != AcquisitionState::running) {
    return;
  }
  const std::size_t all = spectrum_.energy_ev.size();
  const Duration passed = clock_->now() - started_;
  if (passed >= spectrum_.expected_time) {
    acquired_ = all;
    state_ = AcquisitionState::finished;
  } else if (spectrum_.definition.mode != SpectrumMode::snapshot) {
    const double part = seconds(passed) / seconds(spectrum_.expected_time);
    acquired_ = static_cast<std::size_t>(part * static_cast<double>(all));
  }
}

devices::AcquisitionStatus ScriptedAnalyser::status() {
  update();
  return {state_, acquired_, {}};
}

std::vector<double> ScriptedAnalyser::counts(std::size_t from, std::size_t to) {
  update();
  refuse_unless(from <= to && to <= acquired_, "read counts", "not acquired yet");
  std::vector<double> values;
  for (std::size_t slice = 0; slice < spectrum_.non_energy_channels; ++slice) {
    for (std::size_t i = from; i < to; ++i) {
      values.push_back(script_.counts(spectrum_.energy_ev[i], slice));
    }
  }
  return values;
}

void ScriptedAnalyser::abort() {
  update();
  if (busy()) {
    state_ = AcquisitionState::aborted;
  }
}

void ScriptedAnalyser::make_safe() {
  abort();
}

}  // namespace halotwin::test
