// The parts of the Nanonis driver, one class per interface. Internal: users see nanonis_probe.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "devices/drivers/nanonis_link.hpp"
#include "devices/drivers/nanonis_probe.hpp"

namespace halotwin::devices {

class NanonisPositioner final : public TipPositioner {
 public:
  NanonisPositioner(NanonisLink& link, const NanonisParams& params);
  [[nodiscard]] Limits limits() const override { return limits_; }
  [[nodiscard]] Point position() const override;
  Duration start_move(Point target, double speed_m_per_s) override;
  bool wait_move(Duration timeout, const std::stop_token& stop) override;
  void stop_move() override;

 private:
  NanonisLink* link_;
  double tolerance_m_;
  Limits limits_;
  std::optional<Point> target_;  // of the move under way
  Duration end_{};
};

class NanonisSignals final : public SignalReader {
 public:
  explicit NanonisSignals(NanonisLink& link);
  [[nodiscard]] std::vector<Signal> signals() const override { return signals_; }
  void read(std::span<const std::size_t> indices, std::span<double> values) override;
  /// Where the controller has the signal. Throws DeviceError if there is none.
  [[nodiscard]] std::int32_t slot(const char* operation, std::size_t index) const;
  /// Its slot by a part of the controller's own name, those left out included.
  [[nodiscard]] std::optional<std::int32_t> find_slot(std::string_view part) const;
  /// The controller's own name of what is there.
  [[nodiscard]] const std::string& name_at(std::int32_t slot) const {
    return names_[static_cast<std::size_t>(slot)];
  }
  /// From the controller's unit to the signal's.
  [[nodiscard]] double scale(std::size_t index) const { return scales_[index]; }

 private:
  NanonisLink* link_;
  std::vector<std::string> names_;  // of the controller
  std::vector<Signal> signals_;
  std::vector<std::int32_t> slots_;
  std::vector<double> scales_;
};

class NanonisHeight final : public HeightControl {
 public:
  NanonisHeight(NanonisLink& link, NanonisSignals& signals);
  FeedbackSettings configure(const FeedbackSettings& wanted) override;
  [[nodiscard]] FeedbackSettings settings() const override;
  void approach(Duration timeout, const std::stop_token& stop) override;
  void withdraw(double distance_m, Duration timeout, const std::stop_token& stop) override;
  [[nodiscard]] bool engaged() const override { return mode() != FeedbackMode::off; }
  [[nodiscard]] double height_m() const override;
  [[nodiscard]] Range range_m() const override { return range_m_; }

 private:
  [[nodiscard]] FeedbackMode mode() const;
  [[nodiscard]] FeedbackQuantity quantity() const;
  [[nodiscard]] double setpoint_m() const;
  void choose(FeedbackQuantity wanted);
  void measure_free_amplitude();
  void set_setpoint(const char* operation, double setpoint_m);
  void give_up_approach();

  NanonisLink* link_;
  NanonisSignals* signals_;
  Range range_m_;
  std::optional<std::size_t> amplitude_;  // index of the signal
  std::optional<double> fraction_;        // of the free amplitude, as it was set here
  double free_amplitude_m_ = 0.0;         // when it was measured last; 0 = not yet
  double deflection_m_ = 5e-9;            // setpoint while the amplitude is controlled
};

class NanonisDrive final : public CantileverDrive {
 public:
  NanonisDrive(NanonisLink& link, const NanonisParams& params)
      : link_(&link), range_hz_(params.drive_hz) {}
  DriveSettings configure(const DriveSettings& wanted) override;
  [[nodiscard]] DriveSettings settings() const override;
  [[nodiscard]] Range frequency_range_hz() const override { return range_hz_; }
  TuneResult tune(double centre_hz,
                  double span_hz,
                  std::size_t points,
                  const std::stop_token& stop) override;
  [[nodiscard]] double sensitivity_m_per_v() const override;

 private:
  void apply(const DriveSettings& wanted);
  TuneResult sweep(double centre_hz, double span_hz, std::size_t points, const std::stop_token& s);

  NanonisLink* link_;
  Range range_hz_;
};

class NanonisKelvin final : public KelvinController {
 public:
  NanonisKelvin(NanonisLink& link, const NanonisSignals& signals)
      : link_(&link), signals_(&signals) {}
  /// Whether the controller has the module.
  [[nodiscard]] static bool is_there(NanonisLink& link, const char* operation);
  KelvinSettings configure(const KelvinSettings& wanted) override;
  void set_on(bool on) override;
  [[nodiscard]] double contact_potential_v() override;

 private:
  void choose(KelvinMode mode);
  [[nodiscard]] KelvinSettings read_back(const KelvinSettings& wanted);

  NanonisLink* link_;
  const NanonisSignals* signals_;
  std::optional<double> bias_before_v_;  // the loop was switched on
};

class NanonisScanner final : public ImageScanner {
 public:
  NanonisScanner(NanonisLink& link, NanonisPositioner& positioner, NanonisSignals& signals)
      : link_(&link), positioner_(&positioner), signals_(&signals) {}
  ScanFrame configure(const ScanFrame& wanted,
                      std::span<const std::size_t> signal_indices) override;
  [[nodiscard]] ScanFrame frame() const override;
  void start() override;
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override;
  void stop() override;
  [[nodiscard]] Image<float> data(std::size_t signal_index, ScanDirection direction) const override;

 private:
  struct Buffer {
    std::vector<std::int32_t> channels;
    std::size_t columns = 0;
    std::size_t rows = 0;
  };
  void check(const ScanFrame& wanted) const;
  void apply(const ScanFrame& wanted, const std::vector<std::int32_t>& channels);
  void one_frame_at_a_time();
  [[nodiscard]] Buffer buffer() const;
  [[nodiscard]] Image<float> grab(std::int32_t channel, ScanDirection direction) const;
  [[nodiscard]] Duration due(std::size_t line) const;
  void look();

  NanonisLink* link_;
  NanonisPositioner* positioner_;
  NanonisSignals* signals_;
  std::optional<ScanFrame> applied_;
  std::vector<std::int32_t> channels_;
  std::size_t lines_ = 0;  // complete ones
  bool running_ = false;
  Duration start_{};
};

}  // namespace halotwin::devices
