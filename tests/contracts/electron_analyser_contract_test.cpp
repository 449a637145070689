// What every electron analyser promises.
#include <cmath>

#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

class ElectronAnalyserContract : public Contract<ElectronAnalyser> {
 protected:
  // Two electronvolts in the middle of the range.
  [[nodiscard]] SpectrumDefinition wanted(SpectrumMode mode) {
    const Range range = device().kinetic_energy_ev();
    const double start = 0.5 * (range.low + range.high);
    return {.mode = mode,
            .start_ev = start,
            .end_ev = start + 2.0,
            .step_ev = 0.1,
            .dwell_s = 0.1,
            .samples = 3,
            .pass_energy_ev = 20.0,
            .lens_mode = device().lens_modes().at(0),
            .scan_range = device().scan_ranges().at(0)};
  }

  AcquisitionStatus wait_while_running(Duration at_most) {
    const Duration end = clock().now() + at_most;
    AcquisitionStatus status = device().status();
    while (status.state == AcquisitionState::running && clock().now() < end) {
      clock().sleep(from_seconds(0.05));
      status = device().status();
    }
    return status;
  }
};

constexpr SpectrumMode modes[] = {
    SpectrumMode::swept, SpectrumMode::snapshot, SpectrumMode::fixed_energy};

TEST_P(ElectronAnalyserContract, ValidatedEnergiesCoverTheWindow) {
  for (const SpectrumMode mode : {SpectrumMode::swept, SpectrumMode::snapshot}) {
    const ValidatedSpectrum valid = device().define(wanted(mode));
    ASSERT_GE(valid.energy_ev.size(), 2U);
    for (std::size_t i = 1; i < valid.energy_ev.size(); ++i) {
      EXPECT_GT(valid.energy_ev[i], valid.energy_ev[i - 1]);
    }
    const double step = valid.definition.step_ev;
    EXPECT_NEAR(valid.energy_ev.front(), valid.definition.start_ev, step);
    EXPECT_NEAR(valid.energy_ev.back(), valid.definition.end_ev, step);
    EXPECT_EQ(device().status().state, AcquisitionState::validated);
  }
}

// Samples of a scan with fixed transmission: (end - start) / step + 1 (Remote In manual).
TEST_P(ElectronAnalyserContract, SweptSpectrumCountsBothEnds) {
  const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::swept));
  const auto& d = valid.definition;
  EXPECT_EQ(valid.energy_ev.size(),
            static_cast<std::size_t>(std::lround((d.end_ev - d.start_ev) / d.step_ev)) + 1);
}

TEST_P(ElectronAnalyserContract, AcquiresEveryPointInTheExpectedTime) {
  for (const SpectrumMode mode : modes) {
    const ValidatedSpectrum valid = device().define(wanted(mode));
    const Duration start = clock().now();
    device().start();
    EXPECT_EQ(device().status().state, AcquisitionState::running);
    const AcquisitionStatus end = wait_while_running(2 * valid.expected_time + patience);
    EXPECT_EQ(end.state, AcquisitionState::finished);
    EXPECT_EQ(end.acquired_points, valid.energy_ev.size());
    EXPECT_GE(clock().now() - start, from_seconds(0.9 * seconds(valid.expected_time)));
    const std::vector<double> counts = device().counts(0, valid.energy_ev.size());
    ASSERT_EQ(counts.size(), valid.energy_ev.size() * valid.non_energy_channels);
    for (const double count : counts) {
      EXPECT_TRUE(std::isfinite(count) && count >= 0.0);
    }
  }
}

TEST_P(ElectronAnalyserContract, CountsOfAPartAreThePartOfTheCountsSliceBySlice) {
  const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::swept));
  device().start();
  wait_while_running(2 * valid.expected_time + patience);
  const std::size_t n = valid.energy_ev.size();
  const std::vector<double> all = device().counts(0, n);
  const std::vector<double> part = device().counts(2, 5);
  ASSERT_EQ(part.size(), 3 * valid.non_energy_channels);
  for (std::size_t slice = 0; slice < valid.non_energy_channels; ++slice) {
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(part[3 * slice + i], all[n * slice + 2 + i]);
    }
  }
}

TEST_P(ElectronAnalyserContract, PointsNeverGetFewerWhileItRuns) {
  device().define(wanted(SpectrumMode::swept));
  device().start();
  std::size_t last = 0;
  for (int i = 0; i < 20; ++i) {
    clock().sleep(from_seconds(0.05));
    const std::size_t points = device().status().acquired_points;
    EXPECT_GE(points, last);
    EXPECT_EQ(device().counts(0, points).empty(), points == 0);
    last = points;
  }
}

TEST_P(ElectronAnalyserContract, RefusesToStartWithoutAValidSpectrum) {
  EXPECT_THROW(device().start(), DeviceError);
  EXPECT_NE(device().status().state, AcquisitionState::running);
}

TEST_P(ElectronAnalyserContract, RefusesWhatCannotBeMeasured) {
  const SpectrumDefinition good = wanted(SpectrumMode::swept);
  const auto expect_refused = [&](auto change) {
    SpectrumDefinition bad = good;
    change(bad);
    EXPECT_THROW(device().define(bad), DeviceError);
  };
  expect_refused([](SpectrumDefinition& d) { d.start_ev = nan; });
  expect_refused([](SpectrumDefinition& d) { d.end_ev = d.start_ev - 1.0; });
  expect_refused([](SpectrumDefinition& d) { d.step_ev = nan; });
  expect_refused([](SpectrumDefinition& d) { d.step_ev = 0.0; });
  expect_refused([](SpectrumDefinition& d) { d.dwell_s = nan; });
  expect_refused([](SpectrumDefinition& d) { d.pass_energy_ev = -1.0; });
  expect_refused([](SpectrumDefinition& d) { d.lens_mode = "no such mode"; });
  expect_refused([](SpectrumDefinition& d) { d.scan_range = "no such range"; });
  expect_refused(
      [&](SpectrumDefinition& d) { d.end_ev = 2.0 * device().kinetic_energy_ev().high; });
}

TEST_P(ElectronAnalyserContract, RefusesNewOrdersWhileItRuns) {
  device().define(wanted(SpectrumMode::swept));
  device().start();
  EXPECT_THROW(device().define(wanted(SpectrumMode::snapshot)), DeviceError);
  EXPECT_THROW(device().start(), DeviceError);
  EXPECT_EQ(device().status().state, AcquisitionState::running);
}

TEST_P(ElectronAnalyserContract, RefusesCountsThatAreNotAcquired) {
  const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::swept));
  device().start();
  EXPECT_THROW(static_cast<void>(device().counts(0, valid.energy_ev.size())), DeviceError);
  EXPECT_THROW(static_cast<void>(device().counts(1, 0)), DeviceError);
}

TEST_P(ElectronAnalyserContract, AbortAndMakeSafeStopItAndKeepThePoints) {
  for (const bool safe : {false, true}) {
    const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::swept));
    device().start();
    clock().sleep(from_seconds(0.5 * seconds(valid.expected_time)));
    const std::size_t before = device().status().acquired_points;
    if (safe) {
      device().make_safe();
    } else {
      device().abort();
    }
    const AcquisitionStatus status = device().status();
    EXPECT_NE(status.state, AcquisitionState::running);
    EXPECT_GE(status.acquired_points, before);
    clock().sleep(valid.expected_time);
    EXPECT_EQ(device().status().acquired_points, status.acquired_points);
  }
}

TEST_P(ElectronAnalyserContract, PauseKeepsThePointsAndResumeGoesOn) {
  const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::swept));
  device().start();
  clock().sleep(from_seconds(0.5 * seconds(valid.expected_time)));
  device().pause();
  clock().sleep(from_seconds(2.0 * wanted(SpectrumMode::swept).dwell_s));  // the point under way
  const AcquisitionStatus paused = device().status();
  EXPECT_EQ(paused.state, AcquisitionState::paused);
  EXPECT_GT(paused.acquired_points, 0U);
  clock().sleep(valid.expected_time);
  EXPECT_EQ(device().status().state, AcquisitionState::paused);
  EXPECT_EQ(device().status().acquired_points, paused.acquired_points);
  EXPECT_EQ(device().counts(0, paused.acquired_points).size(),
            paused.acquired_points * valid.non_energy_channels);
  EXPECT_THROW(device().start(), DeviceError);
  EXPECT_THROW(device().define(wanted(SpectrumMode::snapshot)), DeviceError);
  device().resume();
  EXPECT_EQ(device().status().state, AcquisitionState::running);
  const AcquisitionStatus end = wait_while_running(2 * valid.expected_time + patience);
  EXPECT_EQ(end.state, AcquisitionState::finished);
  EXPECT_EQ(end.acquired_points, valid.energy_ev.size());
}

TEST_P(ElectronAnalyserContract, AbortAndMakeSafeEndAPauseToo) {
  for (const bool safe : {false, true}) {
    device().define(wanted(SpectrumMode::swept));
    device().start();
    device().pause();
    if (safe) {
      device().make_safe();
    } else {
      device().abort();
    }
    EXPECT_THROW(device().resume(), DeviceError);
    EXPECT_NO_THROW(device().define(wanted(SpectrumMode::swept)));
  }
}

TEST_P(ElectronAnalyserContract, RefusesPauseAndResumeWhereThereIsNothingTo) {
  EXPECT_THROW(device().pause(), DeviceError);
  EXPECT_THROW(device().resume(), DeviceError);
  device().define(wanted(SpectrumMode::swept));
  EXPECT_THROW(device().pause(), DeviceError);
  device().start();
  EXPECT_THROW(device().resume(), DeviceError);
  device().pause();
  EXPECT_THROW(device().pause(), DeviceError);
}

TEST_P(ElectronAnalyserContract, MeasuresTheSameSpectrumAgain) {
  const ValidatedSpectrum valid = device().define(wanted(SpectrumMode::snapshot));
  for (int repeat = 0; repeat < 2; ++repeat) {
    device().start();
    EXPECT_EQ(wait_while_running(2 * valid.expected_time + patience).state,
              AcquisitionState::finished);
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         ElectronAnalyserContract,
                         testing::ValuesIn(analysers()),
                         name_of_case<ElectronAnalyser>);

}  // namespace
}  // namespace halotwin::test
