// A probe microscope that keeps what it is told. It refuses what a real one would: what is not
// finite, beyond its range or without size.
#pragma once

#include <cmath>

#include "devices/probe_microscope.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {

inline void take_only(bool possible) {
  if (!possible) {
    throw devices::DeviceError("probe", "set", "that cannot be", devices::Retry::no);
  }
}

struct HeldPositioner final : devices::TipPositioner {
  [[nodiscard]] Limits limits() const override { return {{-1e-5, 1e-5}, {-1e-5, 1e-5}, 1e-3}; }
  [[nodiscard]] Point position() const override { return at; }
  Duration start_move(Point target, double speed_m_per_s) override {
    take_only(limits().x_m.contains(target.x_m) && limits().y_m.contains(target.y_m));
    take_only(speed_m_per_s > 0.0);
    at = target;
    return std::chrono::milliseconds(1);
  }
  bool wait_move(Duration, const std::stop_token&) override { return at.x_m >= 0.0; }
  void stop_move() override {}
  Point at{};
};

struct HeldHeight final : devices::HeightControl {
  devices::FeedbackSettings configure(const devices::FeedbackSettings& wanted) override {
    take_only(wanted.setpoint_fraction > 0.0 && wanted.setpoint_fraction < 1.0);
    take_only(std::isfinite(wanted.setpoint_deflection_m) &&
              std::isfinite(wanted.proportional_gain) && std::isfinite(wanted.integral_rate_per_s));
    return now = wanted;
  }
  [[nodiscard]] devices::FeedbackSettings settings() const override { return now; }
  void approach(Duration, const std::stop_token&) override { now.mode = devices::FeedbackMode::on; }
  void withdraw(double distance_m, Duration, const std::stop_token&) override {
    expect(distance_m > 0.0, "the tip goes away");
    now.mode = devices::FeedbackMode::off;
  }
  [[nodiscard]] bool engaged() const override { return now.mode != devices::FeedbackMode::off; }
  [[nodiscard]] double height_m() const override { return 1e-7; }
  [[nodiscard]] devices::Range range_m() const override { return {-1e-6, 1e-6}; }
  devices::FeedbackSettings now{};
};

struct HeldDrive final : devices::CantileverDrive {
  devices::DriveSettings configure(const devices::DriveSettings& wanted) override {
    take_only(frequency_range_hz().contains(wanted.frequency_hz) && wanted.amplitude_v >= 0.0 &&
              wanted.amplitude_v <= 10.0 && std::isfinite(wanted.phase_rad));
    return now = wanted;
  }
  [[nodiscard]] devices::DriveSettings settings() const override { return now; }
  [[nodiscard]] devices::Range frequency_range_hz() const override { return {100.0, 5e6}; }
  devices::TuneResult tune(double centre_hz,
                           double span_hz,
                           std::size_t points,
                           const std::stop_token&) override {
    take_only(centre_hz > 0.5 * span_hz && span_hz > 0.0 && points >= 2 && points <= 1000);
    devices::TuneResult out;
    out.resonance_hz = centre_hz;
    out.quality_factor = 100.0;
    out.frequency_hz.assign(points, centre_hz);
    out.amplitude_m.assign(points, 1e-8);
    out.phase_rad.assign(points, 0.5);
    return out;
  }
  [[nodiscard]] double sensitivity_m_per_v() const override { return 5e-8; }
  devices::DriveSettings now{};
};

struct HeldSignals final : devices::SignalReader {
  [[nodiscard]] std::vector<devices::Signal> signals() const override {
    return {{"z", "m"}, {"amplitude", "m"}, {"phase", "rad"}, {"bias", "V"}};
  }
  void read(std::span<const std::size_t> indices, std::span<double> values) override {
    expect(indices.size() == values.size(), "a value for each index");
    for (std::size_t k = 0; k < indices.size(); ++k) {
      expect(indices[k] < signals().size(), "signals that exist are read");
      values[k] = 1e-8;
    }
  }
};

struct HeldScanner final : devices::ImageScanner {
  devices::ScanFrame configure(const devices::ScanFrame& wanted,
                               std::span<const std::size_t> indices) override {
    expect(!indices.empty(), "a scan has signals");
    take_only(std::isfinite(wanted.centre.x_m) && std::isfinite(wanted.centre.y_m) &&
              std::isfinite(wanted.angle_rad));
    take_only(wanted.width_m > 0.0 && wanted.width_m < 1e-4 && wanted.height_m > 0.0 &&
              wanted.height_m < 1e-4);
    take_only(wanted.line_time_s > 1e-6 && wanted.line_time_s < 1e6);
    take_only(wanted.columns * wanted.rows <= 4096);  // quick
    expect(wanted.columns > 0 && wanted.rows > 0, "a frame has pixels");
    return now = wanted;
  }
  [[nodiscard]] devices::ScanFrame frame() const override { return now; }
  void start() override { lines = 0; }
  std::size_t wait_line(Duration, const std::stop_token&) override {
    return lines = std::min(lines + 1, now.rows);
  }
  void stop() override {}
  [[nodiscard]] Image<float> data(std::size_t, devices::ScanDirection) const override {
    return Image<float>(now.columns, now.rows);
  }
  devices::ScanFrame now{.columns = 4, .rows = 3};
  std::size_t lines = 0;
};

struct HeldKelvin final : devices::KelvinController {
  devices::KelvinSettings configure(const devices::KelvinSettings& wanted) override {
    expect(wanted.modulation_hz > 0.0 && wanted.time_constant_s > 0.0, "settings that make sense");
    take_only(wanted.modulation_peak_v <= 10.0 && wanted.bias_v.low >= -10.0 &&
              wanted.bias_v.high <= 10.0);
    return wanted;
  }
  void set_on(bool) override {}
  [[nodiscard]] double contact_potential_v() override { return 0.1; }
};

struct HeldSpectroscopy final : devices::PointSpectroscopy {
  [[nodiscard]] Duration expected_time(const devices::SpectroscopySettings&) const override {
    return std::chrono::seconds(1);
  }
  devices::SpectroscopyCurve run(const devices::SpectroscopySettings& settings,
                                 const std::stop_token&) override {
    expect(!settings.signal_indices.empty() && settings.points >= 2, "a curve has values");
    expect(std::isfinite(settings.from + settings.to + settings.z_offset_m) &&
               settings.settling_s >= 0.0 && settings.integration_s > 0.0,
           "settings that make sense");
    take_only(std::abs(settings.from) <= 10.0 && std::abs(settings.to) <= 10.0);
    take_only(settings.points <= 1000);  // quick
    const std::vector<double> row(settings.points, 0.5);
    const std::vector<std::vector<double>> rows(settings.signal_indices.size(), row);
    return settings.backward_too ? devices::SpectroscopyCurve{row, row, rows, rows}
                                 : devices::SpectroscopyCurve{row, {}, rows, {}};
  }
};

class HeldProbe final : public devices::ProbeMicroscope {
 public:
  [[nodiscard]] devices::Identity identity() const override { return {}; }
  void make_safe() override { height_.now.mode = devices::FeedbackMode::off; }
  [[nodiscard]] devices::TipPositioner* find_positioner() override { return &positioner_; }
  [[nodiscard]] devices::HeightControl* find_height() override { return &height_; }
  [[nodiscard]] devices::CantileverDrive* find_drive() override { return &drive_; }
  [[nodiscard]] devices::SignalReader& signals() override { return signals_; }
  [[nodiscard]] devices::ImageScanner* scanner() override { return &scanner_; }
  [[nodiscard]] devices::PointSpectroscopy* spectroscopy() override { return &spectroscopy_; }
  [[nodiscard]] devices::KelvinController* kelvin() override { return &kelvin_; }

 private:
  HeldPositioner positioner_;
  HeldHeight height_;
  HeldDrive drive_;
  HeldSignals signals_;
  HeldScanner scanner_;
  HeldKelvin kelvin_;
  HeldSpectroscopy spectroscopy_;
};

}  // namespace halotwin::fuzz
