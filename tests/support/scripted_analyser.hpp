// An electron analyser in memory that keeps every promise of the interface and counts what a script
// says: the second implementation that the contract suite wants, and a fake for procedures.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "devices/electron_analyser.hpp"

namespace halotwin::test {

struct AnalyserScript {
  devices::Range kinetic_energy_ev{1.0, 1500.0};
  std::size_t snapshot_channels = 48;  // energy channels that the detector sees at once
  std::size_t slices = 2;
  double overhead_s = 5.0e-3;  // per energy: set and settle the voltages
  /// Counts of one channel and slice.
  std::function<double(double energy_ev, std::size_t slice)> counts = [](double energy_ev,
                                                                         std::size_t slice) {
    return 1000.0 * energy_ev + static_cast<double>(slice);
  };
};

class ScriptedAnalyser final : public devices::ElectronAnalyser {
 public:
  ScriptedAnalyser(Clock& clock, AnalyserScript script)
      : clock_(&clock), script_(std::move(script)) {}

  [[nodiscard]] devices::Identity identity() const override;
  void make_safe() override;
  [[nodiscard]] std::vector<std::string> lens_modes() const override;
  [[nodiscard]] std::vector<std::string> scan_ranges() const override;
  [[nodiscard]] devices::Range kinetic_energy_ev() const override;
  devices::ValidatedSpectrum define(const devices::SpectrumDefinition& wanted) override;
  void start() override;
  void pause() override;
  void resume() override;
  [[nodiscard]] devices::AcquisitionStatus status() override;
  [[nodiscard]] std::vector<double> counts(std::size_t from, std::size_t to) override;
  void abort() override;

 private:
  void update();
  [[nodiscard]] bool busy() const {
    return state_ == devices::AcquisitionState::running ||
           state_ == devices::AcquisitionState::paused;
  }
  [[nodiscard]] Duration time_of(std::size_t points) const;

  Clock* clock_;
  AnalyserScript script_;
  devices::ValidatedSpectrum spectrum_;
  devices::AcquisitionState state_ = devices::AcquisitionState::idle;
  std::size_t acquired_ = 0;
  Duration started_{};  // moved on by the time of every pause
  Duration paused_{};
};

}  // namespace halotwin::test
