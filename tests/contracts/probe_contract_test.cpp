// What every probe microscope promises, with each of its small interfaces.
#include <array>
#include <cmath>

#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

class ProbeContract : public Contract<ProbeMicroscope> {
 protected:
  /// What the tests of moves, heights and drives need.
  [[nodiscard]] bool has_all_parts() {
    return device().find_positioner() != nullptr && device().find_height() != nullptr &&
           device().find_drive() != nullptr;
  }
  [[nodiscard]] TipPositioner& positioner() { return device().positioner(); }
  [[nodiscard]] HeightControl& height() { return device().height(); }
  [[nodiscard]] CantileverDrive& drive() { return device().drive(); }
  /// A place 100 nm from here; with 100 nm/s one second away.
  [[nodiscard]] Point near() {
    const Point at = positioner().position();
    return {at.x_m + 60.0e-9, at.y_m + 80.0e-9};
  }
};

constexpr double slow_m_per_s = 100.0e-9;

TEST_P(ProbeContract, PartsAreThereOrNamed) {
  const auto expect_named = [](const void* part, const std::string& name, const auto& ask) {
    try {
      ask();
      EXPECT_NE(part, nullptr) << name;
    } catch (const DeviceError& error) {
      EXPECT_EQ(part, nullptr) << name;
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
      EXPECT_EQ(error.retry(), Retry::no);
    }
  };
  expect_named(
      device().find_positioner(), "positioning", [&] { static_cast<void>(device().positioner()); });
  expect_named(device().find_height(), "height", [&] { static_cast<void>(device().height()); });
  expect_named(device().find_drive(), "drive", [&] { static_cast<void>(device().drive()); });
}

/// Moves, heights and drives.
class TipContract : public ProbeContract {
 protected:
  void SetUp() override {
    if (!has_all_parts()) {
      GTEST_SKIP() << "lacks positioner, height control or drive";
    }
  }
};

TEST_P(TipContract, MovesArriveAfterTheTimeThatIsTold) {
  const Point target = near();
  const Duration told = positioner().start_move(target, slow_m_per_s);
  EXPECT_NEAR(seconds(told), 1.0, 0.2);
  const Duration start = clock().now();
  EXPECT_TRUE(positioner().wait_move(patience, {}));
  EXPECT_NEAR(seconds(clock().now() - start), seconds(told), 0.2);
  EXPECT_NEAR(positioner().position().x_m, target.x_m, 1.0e-9);
  EXPECT_NEAR(positioner().position().y_m, target.y_m, 1.0e-9);
}

TEST_P(TipContract, MovesStraight) {
  const Point from = positioner().position();
  positioner().start_move(near(), slow_m_per_s);
  EXPECT_FALSE(positioner().wait_move(from_seconds(0.5), {}));
  const Point at = positioner().position();
  EXPECT_NEAR(at.x_m - from.x_m, 30.0e-9, 5.0e-9);
  EXPECT_NEAR(at.y_m - from.y_m, 40.0e-9, 5.0e-9);
}

TEST_P(TipContract, WaitForAMoveHonoursTimeoutAndStop) {
  positioner().start_move(near(), slow_m_per_s);
  EXPECT_FALSE(positioner().wait_move(Duration::zero(), {}));
  EXPECT_THROW(positioner().wait_move(patience, stopped()), Interrupted);
  EXPECT_NO_THROW(device().make_safe());
}

TEST_P(TipContract, StopMoveAndMakeSafeStopTheTipWhereItIs) {
  for (const bool safe : {false, true}) {
    const Point target = near();
    positioner().start_move(target, slow_m_per_s);
    EXPECT_FALSE(positioner().wait_move(from_seconds(0.2), {}));
    if (safe) {
      device().make_safe();
    } else {
      positioner().stop_move();
    }
    EXPECT_TRUE(positioner().wait_move(patience, {}));
    const Point at = positioner().position();
    EXPECT_LT(at.x_m, target.x_m - 10.0e-9);
    clock().sleep(from_seconds(2.0));
    EXPECT_EQ(positioner().position(), at);
  }
}

TEST_P(TipContract, RefusesTargetsBeyondTheScannerAndStands) {
  const Point before = positioner().position();
  const TipPositioner::Limits limit = positioner().limits();
  for (const Point target : {Point{2.0 * limit.x_m.high, 0.0},
                             Point{0.0, 2.0 * limit.y_m.low},
                             Point{nan, 0.0},
                             Point{0.0, nan}}) {
    EXPECT_THROW(positioner().start_move(target, slow_m_per_s), DeviceError);
  }
  EXPECT_THROW(positioner().start_move(near(), nan), DeviceError);
  EXPECT_TRUE(positioner().wait_move(Duration::zero(), {}));
  EXPECT_EQ(positioner().position(), before);
}

TEST_P(TipContract, ApproachEngagesAndWithdrawDisengages) {
  EXPECT_FALSE(height().engaged());
  const double far_m = height().height_m();
  height().approach(patience, {});
  EXPECT_TRUE(height().engaged());
  EXPECT_EQ(height().settings().mode, FeedbackMode::on);
  EXPECT_LT(height().height_m(), far_m);
  height().withdraw(1.0e-6, patience, {});
  EXPECT_FALSE(height().engaged());
  EXPECT_EQ(height().settings().mode, FeedbackMode::off);
}

TEST_P(TipContract, ApproachHonoursTimeoutAndStop) {
  try {
    height().approach(Duration::zero(), {});
    ADD_FAILURE() << "an approach takes time";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), Retry::yes);
  }
  EXPECT_FALSE(height().engaged());
  EXPECT_THROW(height().approach(patience, stopped()), Interrupted);
  EXPECT_FALSE(height().engaged());
  height().approach(patience, {});
  EXPECT_TRUE(height().engaged());
}

TEST_P(TipContract, TimeoutAndStopEndTheWaitForAWithdrawalNotTheWithdrawal) {
  height().approach(patience, {});
  try {
    height().withdraw(1.0e-6, Duration::zero(), {});
    ADD_FAILURE() << "a withdrawal takes time";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), Retry::yes);
  }
  EXPECT_FALSE(height().engaged());
  EXPECT_EQ(height().settings().mode, FeedbackMode::off);
  height().approach(patience, {});
  EXPECT_THROW(height().withdraw(1.0e-6, patience, stopped()), Interrupted);
  EXPECT_FALSE(height().engaged());
  EXPECT_EQ(height().settings().mode, FeedbackMode::off);
  height().withdraw(1.0e-6, patience, {});
  EXPECT_FALSE(height().engaged());
}

TEST_P(TipContract, TipIsWithdrawnAfterMakeSafe) {
  height().approach(patience, {});
  device().make_safe();
  EXPECT_FALSE(height().engaged());
  EXPECT_EQ(height().settings().mode, FeedbackMode::off);
}

TEST_P(TipContract, FeedbackSettingsAreAppliedOrRefused) {
  const FeedbackSettings before = height().configure({.setpoint_fraction = 0.7});
  EXPECT_EQ(height().settings(), before);
  EXPECT_NEAR(before.setpoint_fraction, 0.7, 0.01);
  EXPECT_THROW(height().configure({.setpoint_fraction = nan}), DeviceError);
  EXPECT_THROW(height().configure({.proportional_gain = nan}), DeviceError);
  EXPECT_THROW(height().configure({.integral_rate_per_s = nan}), DeviceError);
  EXPECT_THROW(height().configure({.setpoint_fraction = -0.5}), DeviceError);
  EXPECT_EQ(height().settings(), before);
}

TEST_P(TipContract, ContactNeedsNoAmplitude) {
  DriveSettings drive = device().drive().settings();
  drive.on = false;
  device().drive().configure(drive);
  FeedbackSettings wanted = device().height().settings();
  wanted.quantity = FeedbackQuantity::deflection;
  wanted.setpoint_deflection_m = 20e-9;
  const FeedbackSettings applied = device().height().configure(wanted);
  EXPECT_EQ(applied.quantity, FeedbackQuantity::deflection);
  EXPECT_NEAR(applied.setpoint_deflection_m, 20e-9, 1e-12);
}

TEST_P(TipContract, RefusesToWithdrawByNothing) {
  height().approach(patience, {});
  EXPECT_THROW(height().withdraw(0.0, patience, {}), DeviceError);
  EXPECT_THROW(height().withdraw(nan, patience, {}), DeviceError);
  EXPECT_TRUE(height().engaged());
}

TEST_P(TipContract, DriveSettingsAreAppliedOrRefused) {
  const DriveSettings before =
      drive().configure({.frequency_hz = 74.0e3, .amplitude_v = 0.05, .phase_rad = 0.1});
  EXPECT_EQ(drive().settings(), before);
  EXPECT_NEAR(before.frequency_hz, 74.0e3, 1.0);
  EXPECT_THROW(drive().configure({.frequency_hz = nan}), DeviceError);
  EXPECT_THROW(drive().configure({.amplitude_v = nan}), DeviceError);
  EXPECT_THROW(drive().configure({.phase_rad = nan}), DeviceError);
  EXPECT_THROW(drive().configure({.frequency_hz = 2.0 * drive().frequency_range_hz().high}),
               DeviceError);
  EXPECT_EQ(drive().settings(), before);
}

TEST_P(TipContract, TuneFindsTheResonanceWithinFiveSigma) {
  const double truth = subject_.resonance_hz;
  if (std::isnan(truth)) {
    GTEST_SKIP() << "its true resonance is not known";
  }
  const TuneResult tune = drive().tune(1.002 * truth, 0.02 * truth, 101, {});
  EXPECT_GT(tune.resonance_sigma_hz, 0.0);
  EXPECT_NEAR(tune.resonance_hz, truth, 5.0 * tune.resonance_sigma_hz);
  EXPECT_LT(tune.resonance_sigma_hz, 1.0e-3 * truth);
  EXPECT_GT(tune.quality_factor, 0.0);
  EXPECT_GT(tune.free_amplitude_m, 0.0);
  ASSERT_EQ(tune.frequency_hz.size(), 101U);
  EXPECT_EQ(tune.amplitude_m.size(), 101U);
  EXPECT_EQ(tune.phase_rad.size(), 101U);
}

TEST_P(TipContract, TuneEndsOnAStopAndRefusesNonsense) {
  EXPECT_THROW(drive().tune(75.0e3, 1.0e3, 101, stopped()), Interrupted);
  EXPECT_THROW(drive().tune(75.0e3, 0.0, 101, {}), DeviceError);
  EXPECT_THROW(drive().tune(75.0e3, nan, 101, {}), DeviceError);
  EXPECT_THROW(drive().tune(nan, 1.0e3, 101, {}), DeviceError);
  EXPECT_THROW(drive().tune(75.0e3, 1.0e3, 1, {}), DeviceError);
}

TEST_P(ProbeContract, SignalsAreNamedAndReadable) {
  SignalReader& reader = device().signals();
  const std::vector<Signal> all = reader.signals();
  ASSERT_FALSE(all.empty());
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i].name.empty());
    EXPECT_EQ(find_signal(reader, "afm", all[i].name), i) << "names are unique";
    indices.push_back(i);
  }
  std::vector<double> values(all.size(), nan);
  reader.read(indices, values);
  for (const double value : values) {
    EXPECT_TRUE(std::isfinite(value));
  }
  EXPECT_THROW(static_cast<void>(find_signal(reader, "afm", "no such signal")), DeviceError);
}

TEST_P(ProbeContract, RefusesSignalsThatItHasNot) {
  const std::array<std::size_t, 1> none{device().signals().signals().size()};
  std::array<double, 1> value{};
  EXPECT_THROW(device().signals().read(none, value), DeviceError);
  EXPECT_THROW(device().signals().read(none, std::span<double>{}), DeviceError);
}

class ScannerContract : public ProbeContract {
 protected:
  void SetUp() override {
    if (device().scanner() == nullptr) {
      GTEST_SKIP() << "does not scan";
    }
  }
  [[nodiscard]] ImageScanner& scanner() { return *device().scanner(); }
  [[nodiscard]] ScanFrame small_frame() {
    const Point at =
        device().find_positioner() != nullptr ? positioner().position() : Point{20.0e-9, 30.0e-9};
    return {.centre = {at.x_m + 100.0e-9, at.y_m + 100.0e-9},
            .width_m = 100.0e-9,
            .height_m = 60.0e-9,
            .columns = 5,
            .rows = 3,
            .line_time_s = 0.5};
  }
  void start_scan() {
    applied_ = scanner().configure(small_frame(), signals_);
    if (device().find_height() != nullptr) {  // else a scan engages the tip by itself
      height().approach(patience, {});
    }
    scanner().start();
  }

  const std::array<std::size_t, 1> signals_{0};
  ScanFrame applied_;
};

TEST_P(ScannerContract, ConfigureReturnsWhatIsSet) {
  const ScanFrame frame = scanner().configure(small_frame(), signals_);
  EXPECT_EQ(scanner().frame(), frame);
  EXPECT_EQ(frame.columns, 5U);
  EXPECT_EQ(frame.rows, 3U);
}

class LineScannerContract : public ScannerContract {
 protected:
  void SetUp() override {
    ScannerContract::SetUp();
    if (!IsSkipped() && scanner().whole_frames()) {
      GTEST_SKIP() << "gives whole frames";
    }
  }
};

TEST_P(LineScannerContract, LinesComeOneByOneAndTheRestIsNan) {
  start_scan();
  for (std::size_t done = 0; done < applied_.rows; ++done) {
    for (const ScanDirection direction : {ScanDirection::forward, ScanDirection::backward}) {
      const Image<float> image = scanner().data(signals_[0], direction);
      ASSERT_EQ(image.nx, applied_.columns);
      ASSERT_EQ(image.ny, applied_.rows);
      for (std::size_t iy = 0; iy < image.ny; ++iy) {
        for (std::size_t ix = 0; ix < image.nx; ++ix) {
          EXPECT_EQ(std::isnan(image(ix, iy)), iy >= done) << ix << ", " << iy;
        }
      }
    }
    const Duration before = clock().now();
    EXPECT_EQ(scanner().wait_line(patience, {}), done + 1);
    EXPECT_NEAR(seconds(clock().now() - before), 2.0 * applied_.line_time_s, 0.1);
  }
  EXPECT_EQ(scanner().wait_line(from_seconds(0.1), {}), applied_.rows) << "the frame is complete";
}

TEST_P(LineScannerContract, ALineIsReachedByShortWaitsToo) {
  start_scan();
  std::size_t lines = 0;
  for (int i = 0; i < 30 && lines == 0; ++i) {
    lines = scanner().wait_line(from_seconds(0.1), {});
  }
  EXPECT_EQ(lines, 1U);
}

TEST_P(ScannerContract, WaitEndsOnAStop) {
  start_scan();
  EXPECT_THROW(scanner().wait_line(patience, stopped()), Interrupted);
  EXPECT_NO_THROW(device().make_safe());
}

TEST_P(LineScannerContract, NoMoreLinesAfterStopAndMakeSafe) {
  for (const bool safe : {false, true}) {
    start_scan();
    ASSERT_EQ(scanner().wait_line(patience, {}), 1U);
    if (safe) {
      device().make_safe();
    } else {
      scanner().stop();
    }
    EXPECT_LE(scanner().wait_line(from_seconds(5.0), {}), 2U);
    const Image<float> image = scanner().data(signals_[0], ScanDirection::forward);
    EXPECT_TRUE(std::isnan(image(0, applied_.rows - 1)));
    EXPECT_FALSE(std::isnan(image(0, 0))) << "what was scanned stays";
  }
}

TEST_P(ScannerContract, RefusesFramesThatCannotBeAndStays) {
  const ScanFrame before = scanner().configure(small_frame(), signals_);
  const auto expect_refused = [&](auto change) {
    ScanFrame bad = before;
    change(bad);
    EXPECT_THROW(scanner().configure(bad, signals_), DeviceError);
    EXPECT_EQ(scanner().frame(), before);
  };
  expect_refused([](ScanFrame& f) { f.rows = 0; });
  expect_refused([](ScanFrame& f) { f.columns = 0; });
  expect_refused([](ScanFrame& f) { f.width_m = nan; });
  expect_refused([](ScanFrame& f) { f.height_m = nan; });
  expect_refused([](ScanFrame& f) { f.angle_rad = nan; });
  expect_refused([](ScanFrame& f) { f.centre.x_m = nan; });
  expect_refused([](ScanFrame& f) { f.centre.y_m = nan; });
  expect_refused([](ScanFrame& f) { f.line_time_s = nan; });
  expect_refused([](ScanFrame& f) { f.line_time_s = 0.0; });
  expect_refused([](ScanFrame& f) { f.width_m = 1.0e-2; });
  if (device().find_positioner() != nullptr) {
    expect_refused([&](ScanFrame& f) { f.centre.x_m = positioner().limits().x_m.high; });
  }
}

TEST_P(ScannerContract, RefusesToScanWithoutFrameOrTip) {
  EXPECT_THROW(scanner().start(), DeviceError) << "no frame";
  if (device().find_height() == nullptr) {
    return;
  }
  scanner().configure(small_frame(), signals_);
  EXPECT_THROW(scanner().start(), DeviceError) << "tip not engaged";
}

TEST_P(LineScannerContract, TheRestOfAFrameSetAnewHasTheSamePlaces) {
  start_scan();
  ASSERT_EQ(scanner().wait_line(patience, {}), 1U);
  ASSERT_EQ(scanner().wait_line(patience, {}), 2U);
  const Point end_of_second = positioner().position();
  ScanFrame rest = applied_;
  const double step = applied_.height_m / static_cast<double>(applied_.rows);
  rest.rows = applied_.rows - 1;
  rest.height_m = applied_.height_m - step;
  rest.centre.y_m = applied_.centre.y_m + 0.5 * step;
  scanner().configure(rest, signals_);
  scanner().start();
  ASSERT_EQ(scanner().wait_line(patience, {}), 1U);
  EXPECT_EQ(positioner().position(), end_of_second) << "to the bit";
}

TEST_P(ScannerContract, RefusesDataThatItHasNot) {
  start_scan();
  EXPECT_THROW(static_cast<void>(scanner().data(1000, ScanDirection::forward)), DeviceError);
}

class FrameScannerContract : public ScannerContract {
 protected:
  void SetUp() override {
    ScannerContract::SetUp();
    if (!IsSkipped() && !scanner().whole_frames()) {
      GTEST_SKIP() << "gives lines";
    }
  }
  void expect_all(bool measured) {
    for (const ScanDirection direction : {ScanDirection::forward, ScanDirection::backward}) {
      const Image<float> image = scanner().data(signals_[0], direction);
      ASSERT_EQ(image.nx, applied_.columns);
      ASSERT_EQ(image.ny, applied_.rows);
      for (const float value : image.values) {
        EXPECT_NE(std::isnan(value), measured);
      }
    }
  }
};

TEST_P(FrameScannerContract, AFrameComesAsAWholeAfterItsTime) {
  start_scan();
  const Duration before = clock().now();
  const double frame_s = 2.0 * applied_.line_time_s * static_cast<double>(applied_.rows);
  EXPECT_EQ(scanner().wait_line(from_seconds(0.5 * frame_s), {}), 0U);
  expect_all(false);
  EXPECT_EQ(scanner().wait_line(patience, {}), applied_.rows);
  EXPECT_GE(seconds(clock().now() - before), frame_s - 1.0);
  EXPECT_LE(seconds(clock().now() - before), frame_s + 5.0);
  expect_all(true);
  EXPECT_EQ(scanner().wait_line(patience, {}), applied_.rows) << "the frame is complete";
}

TEST_P(FrameScannerContract, NoFrameAfterStopAndMakeSafe) {
  for (const bool safe : {false, true}) {
    start_scan();
    EXPECT_EQ(scanner().wait_line(from_seconds(0.5), {}), 0U);
    if (safe) {
      device().make_safe();
    } else {
      scanner().stop();
    }
    EXPECT_EQ(scanner().wait_line(from_seconds(20.0), {}), 0U);
    expect_all(false);
  }
}

TEST_P(FrameScannerContract, TheNextFrameIsItsOwn) {
  start_scan();
  ASSERT_EQ(scanner().wait_line(patience, {}), applied_.rows);
  scanner().start();
  expect_all(false);
  ASSERT_EQ(scanner().wait_line(patience, {}), applied_.rows);
  expect_all(true);
}

class SpectroscopyContract : public ProbeContract {
 protected:
  void SetUp() override {
    if (device().spectroscopy() == nullptr) {
      GTEST_SKIP() << "has no point spectroscopy";
    }
  }
  [[nodiscard]] PointSpectroscopy& spectroscopy() { return *device().spectroscopy(); }
  [[nodiscard]] std::size_t signal(const std::string& name) {
    return find_signal(device().signals(), "afm", name);
  }
  [[nodiscard]] double value_of(const std::string& name) {
    std::array<double, 1> value{};
    device().signals().read(std::array{signal(name)}, value);
    return value[0];
  }
  const SpectroscopySettings settings_{
      .from = -0.5, .to = 0.5, .points = 11, .signal_indices = {0}};
};

TEST_P(SpectroscopyContract, GivesTheCurveInTheExpectedTime) {
  PointSpectroscopy& spectroscopy = *device().spectroscopy();
  const Duration expected = spectroscopy.expected_time(settings_);
  const Duration start = clock().now();
  const SpectroscopyCurve curve = spectroscopy.run(settings_, {});
  EXPECT_NEAR(seconds(clock().now() - start), seconds(expected), 0.5 * seconds(expected) + 0.1);
  EXPECT_EQ(curve.swept_forward.size(), 11U);
  EXPECT_EQ(curve.swept_backward.size(), 11U);
  ASSERT_EQ(curve.forward.size(), 1U);
  EXPECT_EQ(curve.forward[0].size(), 11U);
  SpectroscopySettings slow = settings_;
  slow.integration_s *= 3.0;
  EXPECT_GT(spectroscopy.expected_time(slow), expected);
}

TEST_P(SpectroscopyContract, EndsOnAStop) {
  EXPECT_THROW(device().spectroscopy()->run(settings_, stopped()), Interrupted);
}

TEST_P(SpectroscopyContract, SweepsTheBiasThereAndBack) {
  height().approach(patience, {});
  SpectroscopySettings settings = settings_;
  settings.signal_indices = {signal("phase"), signal("bias")};
  const SpectroscopyCurve curve = spectroscopy().run(settings, {});
  ASSERT_EQ(curve.forward.size(), 2U);
  ASSERT_EQ(curve.backward.size(), 2U);
  for (std::size_t k = 0; k < 11; ++k) {
    const double there_v = -0.5 + 0.1 * static_cast<double>(k);
    EXPECT_NEAR(curve.swept_forward[k], there_v, 1.0e-3);
    EXPECT_NEAR(curve.swept_backward[k], -there_v, 1.0e-3);
    EXPECT_NEAR(curve.forward[1][k], there_v, 1.0e-3);
    EXPECT_NEAR(curve.backward[1][k], -there_v, 1.0e-3) << "in the order of acquisition";
  }
  settings.backward_too = false;
  const SpectroscopyCurve one_way = spectroscopy().run(settings, {});
  EXPECT_TRUE(one_way.swept_backward.empty());
  EXPECT_TRUE(one_way.backward.empty());
}

TEST_P(SpectroscopyContract, SweepsTheHeightFromWhereItIs) {
  height().approach(patience, {});
  const double before_m = height().height_m();
  const SpectroscopySettings settings{.swept = SweptQuantity::height,
                                      .from = 20.0e-9,
                                      .to = 120.0e-9,
                                      .points = 6,
                                      .z_offset_m = 100.0e-9,
                                      .signal_indices = {signal("z")}};
  const SpectroscopyCurve curve = spectroscopy().run(settings, {});
  ASSERT_EQ(curve.forward[0].size(), 6U);
  for (std::size_t k = 0; k < 6; ++k) {
    const double up_m = 20.0e-9 + 20.0e-9 * static_cast<double>(k);
    EXPECT_NEAR(curve.swept_forward[k], up_m, 1.0e-12);
    EXPECT_NEAR(curve.forward[0][k] - before_m, up_m + 100.0e-9, 2.0e-9);
  }
  EXPECT_NEAR(height().height_m(), before_m, 2.0e-9);
}

TEST_P(SpectroscopyContract, LeavesBiasAndFeedbackAsTheyWere) {
  height().approach(patience, {});
  const double before_v = value_of("bias");
  spectroscopy().run(settings_, {});
  EXPECT_EQ(height().settings().mode, FeedbackMode::on);
  EXPECT_NEAR(value_of("bias"), before_v, 1.0e-6);
  EXPECT_THROW(spectroscopy().run(settings_, stopped()), Interrupted);
  EXPECT_EQ(height().settings().mode, FeedbackMode::on);
  EXPECT_NEAR(value_of("bias"), before_v, 1.0e-6);
  device().make_safe();
  spectroscopy().run(settings_, {});
  EXPECT_EQ(height().settings().mode, FeedbackMode::off) << "withdrawn it stays";
}

TEST_P(SpectroscopyContract, RefusesNonsense) {
  const auto expect_refused = [&](auto change) {
    SpectroscopySettings bad = settings_;
    change(bad);
    EXPECT_THROW(spectroscopy().run(bad, {}), DeviceError);
  };
  expect_refused([](SpectroscopySettings& s) { s.points = 1; });
  expect_refused([](SpectroscopySettings& s) { s.points = 1'000'000'000; });
  expect_refused([](SpectroscopySettings& s) { s.from = nan; });
  expect_refused([](SpectroscopySettings& s) { s.to = nan; });
  expect_refused([](SpectroscopySettings& s) { s.to = 1.0e6; });
  expect_refused([](SpectroscopySettings& s) { s.z_offset_m = nan; });
  expect_refused([](SpectroscopySettings& s) { s.initial_settling_s = -1.0; });
  expect_refused([](SpectroscopySettings& s) { s.settling_s = nan; });
  expect_refused([](SpectroscopySettings& s) { s.integration_s = 0.0; });
  expect_refused([](SpectroscopySettings& s) { s.integration_s = 1.0e9; });
  expect_refused([](SpectroscopySettings& s) { s.signal_indices.clear(); });
  expect_refused(
      [&](SpectroscopySettings& s) { s.signal_indices = {device().signals().signals().size()}; });
  EXPECT_EQ(spectroscopy().run(settings_, {}).swept_forward.size(), 11U);
}

class KelvinContract : public ProbeContract {
 protected:
  void SetUp() override {
    if (device().kelvin() == nullptr) {
      GTEST_SKIP() << "has no Kelvin controller";
    }
  }
  [[nodiscard]] KelvinController& kelvin() { return *device().kelvin(); }
  [[nodiscard]] KelvinSettings usual() {
    const double f1 = drive().settings().frequency_hz;
    return {.mode = KelvinMode::heterodyne,
            .modulation_hz = 5.267 * f1,
            .modulation_peak_v = 1.0,
            .proportional_gain = 10.0,
            .time_constant_s = 50.0e-6,
            .bias_v = {-1.5, 1.5}};
  }
};

TEST_P(KelvinContract, ConfigureReturnsWhatIsSet) {
  const KelvinSettings wanted = usual();
  EXPECT_EQ(kelvin().configure(wanted), wanted);
}

TEST_P(KelvinContract, RefusesSettingsThatCannotBe) {
  for (const auto& spoil :
       std::vector<void (*)(KelvinSettings&)>{[](KelvinSettings& s) { s.modulation_hz = -1.0; },
                                              [](KelvinSettings& s) { s.modulation_hz = nan; },
                                              [](KelvinSettings& s) { s.modulation_peak_v = nan; },
                                              [](KelvinSettings& s) { s.proportional_gain = nan; },
                                              [](KelvinSettings& s) { s.time_constant_s = nan; },
                                              [](KelvinSettings& s) {
                                                s.bias_v = {1.0, -1.0};
                                              },
                                              [](KelvinSettings& s) { s.bias_v.high = nan; }}) {
    KelvinSettings bad = usual();
    spoil(bad);
    EXPECT_THROW(kelvin().configure(bad), DeviceError);
  }
}

TEST_P(KelvinContract, HoldsAPotentialWithinItsRangeWhileOnAndGivesItAsASignal) {
  kelvin().configure(usual());
  height().approach(patience, {});
  kelvin().set_on(true);
  clock().sleep(from_seconds(0.5));
  const double held = kelvin().contact_potential_v();
  EXPECT_LT(std::abs(held), 1.5);
  clock().sleep(from_seconds(0.5));
  EXPECT_NEAR(kelvin().contact_potential_v(), held, 0.1) << "settled";
  const std::array<std::size_t, 1> index{
      find_signal(device().signals(), "afm", "contact_potential")};
  std::array<double, 1> value{};
  device().signals().read(index, value);
  EXPECT_NEAR(value[0], held, 0.1);
}

TEST_P(KelvinContract, TakesTheBiasAwayWhenOffAndWhenMadeSafe) {
  for (const bool safe : {false, true}) {
    kelvin().configure(usual());
    height().approach(patience, {});
    kelvin().set_on(true);
    clock().sleep(from_seconds(0.5));
    safe ? device().make_safe() : kelvin().set_on(false);
    const std::array<std::size_t, 1> index{find_signal(device().signals(), "afm", "bias")};
    std::array<double, 1> value{};
    device().signals().read(index, value);
    EXPECT_EQ(value[0], 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         ProbeContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         ScannerContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         TipContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         LineScannerContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         FrameScannerContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         KelvinContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);
INSTANTIATE_TEST_SUITE_P(Every,
                         SpectroscopyContract,
                         testing::ValuesIn(probes()),
                         name_of_case<ProbeMicroscope>);

}  // namespace
}  // namespace halotwin::test
