// The parts of the simulated microscope, one class per interface. Internal: users see
// simulated_probe.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "devices/simulated/probe_state.hpp"

namespace halotwin::devices::simulated {

class ProbePositioner final : public TipPositioner {
 public:
  explicit ProbePositioner(ProbeState& state) : s_(&state) {}
  [[nodiscard]] Limits limits() const override;
  [[nodiscard]] Point position() const override { return s_->now_at(); }
  Duration start_move(Point target, double speed_m_per_s) override;
  bool wait_move(Duration timeout, const std::stop_token& stop) override;
  void stop_move() override;

 private:
  ProbeState* s_;
};

class ProbeHeight final : public HeightControl {
 public:
  explicit ProbeHeight(ProbeState& state) : s_(&state) {}
  FeedbackSettings configure(const FeedbackSettings& wanted) override;
  [[nodiscard]] FeedbackSettings settings() const override { return s_->feedback; }
  void approach(Duration timeout, const std::stop_token& stop) override;
  void withdraw(double distance_m, Duration timeout, const std::stop_token& stop) override;
  [[nodiscard]] bool engaged() const override { return s_->engaged; }
  [[nodiscard]] double height_m() const override { return s_->measured_height(); }
  [[nodiscard]] Range range_m() const override { return {-5.0e-6, 5.0e-6}; }

 private:
  ProbeState* s_;
};

class ProbeDrive final : public CantileverDrive {
 public:
  explicit ProbeDrive(ProbeState& state) : s_(&state) {}
  DriveSettings configure(const DriveSettings& wanted) override;
  [[nodiscard]] DriveSettings settings() const override { return s_->drive; }
  [[nodiscard]] Range frequency_range_hz() const override { return {1.0e3, 2.0e6}; }
  TuneResult tune(double centre_hz,
                  double span_hz,
                  std::size_t points,
                  const std::stop_token& stop) override;
  [[nodiscard]] double sensitivity_m_per_v() const override {
    return 1.0 / s_->params.deflection_v_per_m;
  }

 private:
  ProbeState* s_;
};

class ProbeSignals final : public SignalReader {
 public:
  explicit ProbeSignals(ProbeState& state) : s_(&state) {}
  [[nodiscard]] std::vector<Signal> signals() const override;
  void read(std::span<const std::size_t> indices, std::span<double> values) override;
  [[nodiscard]] double value(std::size_t index);

 private:
  ProbeState* s_;
};

class ProbeScanner final : public ImageScanner {
 public:
  ProbeScanner(ProbeState& state, ProbeSignals& signals) : s_(&state), signals_(&signals) {}
  ScanFrame configure(const ScanFrame& wanted, std::span<const std::size_t> indices) override;
  [[nodiscard]] ScanFrame frame() const override { return frame_; }
  void start() override;
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override;
  void stop() override;
  [[nodiscard]] Image<float> data(std::size_t signal_index, ScanDirection direction) const override;
  /// Where on the sample the tip was in each column of the last line: the mean of there and back.
  [[nodiscard]] std::span<const Point> line_places() const { return line_places_; }

 private:
  [[nodiscard]] std::size_t column() const;
  void enter_pixel();
  void read_pixel();

  ProbeState* s_;
  ProbeSignals* signals_;
  ScanFrame frame_;
  std::vector<std::size_t> indices_;
  std::vector<Image<float>> images_;
  std::vector<Point> line_places_;
  bool scanning_ = false;
  bool on_pixel_ = false;  // the tip stands on the pixel under way
  std::size_t line_ = 0;   // complete ones
  std::size_t pixel_ = 0;  // of the line under way, there and back
  Duration line_start_{};
};

}  // namespace halotwin::devices::simulated
