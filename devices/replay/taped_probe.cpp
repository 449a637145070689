#include <algorithm>
#include <optional>

#include "devices/replay/taped_devices.hpp"
#include "devices/replay/taped_part.hpp"

namespace halotwin::devices {

namespace {

class TapedPositioner final : public TipPositioner {
 public:
  TapedPositioner(TipPositioner* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  [[nodiscard]] Limits limits() const override {
    return part_.call("positioner.limits", [&] { return inner_->limits(); });
  }
  [[nodiscard]] Point position() const override {
    return part_.call("positioner.position", [&] { return inner_->position(); });
  }
  Duration start_move(Point target, double speed) override {
    return part_.call(
        "positioner.start_move", [&] { return inner_->start_move(target, speed); }, target, speed);
  }
  bool wait_move(Duration timeout, const std::stop_token& stop) override {
    return part_.wait(
        "positioner.wait_move", stop, [&] { return inner_->wait_move(timeout, stop); }, timeout);
  }
  void stop_move() override {
    part_.call("positioner.stop_move", [&] { inner_->stop_move(); });
  }

 private:
  TipPositioner* inner_;
  TapedPart part_;
};

class TapedHeight final : public HeightControl {
 public:
  TapedHeight(HeightControl* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  FeedbackSettings configure(const FeedbackSettings& wanted) override {
    return part_.call(
        "height.configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] FeedbackSettings settings() const override {
    return part_.call("height.settings", [&] { return inner_->settings(); });
  }
  void approach(Duration timeout, const std::stop_token& stop) override {
    part_.wait(
        "height.approach", stop, [&] { inner_->approach(timeout, stop); }, timeout);
  }
  void withdraw(double distance_m, Duration timeout, const std::stop_token& stop) override {
    part_.wait(
        "height.withdraw",
        stop,
        [&] { inner_->withdraw(distance_m, timeout, stop); },
        distance_m,
        timeout);
  }
  [[nodiscard]] bool engaged() const override {
    return part_.call("height.engaged", [&] { return inner_->engaged(); });
  }
  [[nodiscard]] double height_m() const override {
    return part_.call("height.height_m", [&] { return inner_->height_m(); });
  }
  [[nodiscard]] Range range_m() const override {
    return part_.call("height.range_m", [&] { return inner_->range_m(); });
  }

 private:
  HeightControl* inner_;
  TapedPart part_;
};

class TapedDrive final : public CantileverDrive {
 public:
  TapedDrive(CantileverDrive* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  DriveSettings configure(const DriveSettings& wanted) override {
    return part_.call(
        "drive.configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] DriveSettings settings() const override {
    return part_.call("drive.settings", [&] { return inner_->settings(); });
  }
  [[nodiscard]] Range frequency_range_hz() const override {
    return part_.call("drive.frequency_range_hz", [&] { return inner_->frequency_range_hz(); });
  }
  TuneResult tune(double centre_hz,
                  double span_hz,
                  std::size_t points,
                  const std::stop_token& stop) override {
    return part_.wait(
        "drive.tune",
        stop,
        [&] { return inner_->tune(centre_hz, span_hz, points, stop); },
        centre_hz,
        span_hz,
        points);
  }
  [[nodiscard]] double sensitivity_m_per_v() const override {
    return part_.call("drive.sensitivity_m_per_v", [&] { return inner_->sensitivity_m_per_v(); });
  }

 private:
  CantileverDrive* inner_;
  TapedPart part_;
};

class TapedSignals final : public SignalReader {
 public:
  TapedSignals(SignalReader* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  [[nodiscard]] std::vector<Signal> signals() const override {
    return part_.call("signals.signals", [&] { return inner_->signals(); });
  }
  void read(std::span<const std::size_t> indices, std::span<double> values) override {
    const std::vector<double> found = part_.call(
        "signals.read",
        [&] {
          inner_->read(indices, values);
          return std::vector<double>(values.begin(), values.end());
        },
        std::vector<std::size_t>(indices.begin(), indices.end()));
    std::copy_n(found.begin(), std::min(found.size(), values.size()), values.begin());
  }

 private:
  SignalReader* inner_;
  TapedPart part_;
};

class TapedScanner final : public ImageScanner {
 public:
  TapedScanner(ImageScanner* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  ScanFrame configure(const ScanFrame& wanted, std::span<const std::size_t> signals) override {
    return part_.call(
        "scanner.configure",
        [&] { return inner_->configure(wanted, signals); },
        wanted,
        std::vector<std::size_t>(signals.begin(), signals.end()));
  }
  [[nodiscard]] ScanFrame frame() const override {
    return part_.call("scanner.frame", [&] { return inner_->frame(); });
  }
  [[nodiscard]] bool whole_frames() const override {
    return part_.call("scanner.whole_frames", [&] { return inner_->whole_frames(); });
  }
  void start() override {
    part_.call("scanner.start", [&] { inner_->start(); });
  }
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override {
    return part_.wait(
        "scanner.wait_line", stop, [&] { return inner_->wait_line(timeout, stop); }, timeout);
  }
  void stop() override {
    part_.call("scanner.stop", [&] { inner_->stop(); });
  }
  [[nodiscard]] Image<float> data(std::size_t signal, ScanDirection direction) const override {
    return part_.call(
        "scanner.data", [&] { return inner_->data(signal, direction); }, signal, direction);
  }

 private:
  ImageScanner* inner_;
  TapedPart part_;
};

class TapedSpectroscopy final : public PointSpectroscopy {
 public:
  TapedSpectroscopy(PointSpectroscopy* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  [[nodiscard]] Duration expected_time(const SpectroscopySettings& s) const override {
    return part_.call(
        "spectroscopy.expected_time", [&] { return inner_->expected_time(s); }, s);
  }
  SpectroscopyCurve run(const SpectroscopySettings& s, const std::stop_token& stop) override {
    return part_.wait(
        "spectroscopy.run", stop, [&] { return inner_->run(s, stop); }, s);
  }

 private:
  PointSpectroscopy* inner_;
  TapedPart part_;
};

class TapedKelvin final : public KelvinController {
 public:
  TapedKelvin(KelvinController* inner, const TapedPart& part) : inner_(inner), part_(part) {}
  KelvinSettings configure(const KelvinSettings& wanted) override {
    return part_.call(
        "kelvin.configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  void set_on(bool on) override {
    part_.call(
        "kelvin.set_on", [&] { inner_->set_on(on); }, on);
  }
  [[nodiscard]] double contact_potential_v() override {
    return part_.call("kelvin.contact_potential_v", [&] { return inner_->contact_potential_v(); });
  }

 private:
  KelvinController* inner_;
  TapedPart part_;
};

class TapedProbe final : public ProbeMicroscope {
 public:
  TapedProbe(std::unique_ptr<ProbeMicroscope> inner, const TapedPart& part)
      : inner_(std::move(inner)),
        part_(part),
        signals_(inner_ ? &inner_->signals() : nullptr, part) {
    // which of the optional parts there are, once
    if (part_.call("has_positioner", [&] { return inner_->find_positioner() != nullptr; })) {
      positioner_.emplace(inner_ ? inner_->find_positioner() : nullptr, part);
    }
    if (part_.call("has_height", [&] { return inner_->find_height() != nullptr; })) {
      height_.emplace(inner_ ? inner_->find_height() : nullptr, part);
    }
    if (part_.call("has_drive", [&] { return inner_->find_drive() != nullptr; })) {
      drive_.emplace(inner_ ? inner_->find_drive() : nullptr, part);
    }
    if (part_.call("has_scanner", [&] { return inner_->scanner() != nullptr; })) {
      scanner_.emplace(inner_ ? inner_->scanner() : nullptr, part);
    }
    if (part_.call("has_spectroscopy", [&] { return inner_->spectroscopy() != nullptr; })) {
      spectroscopy_.emplace(inner_ ? inner_->spectroscopy() : nullptr, part);
    }
    if (part_.call("has_kelvin", [&] { return inner_->kelvin() != nullptr; })) {
      kelvin_.emplace(inner_ ? inner_->kelvin() : nullptr, part);
    }
  }
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] TipPositioner* find_positioner() override {
    return positioner_ ? &*positioner_ : nullptr;
  }
  [[nodiscard]] HeightControl* find_height() override { return height_ ? &*height_ : nullptr; }
  [[nodiscard]] CantileverDrive* find_drive() override { return drive_ ? &*drive_ : nullptr; }
  [[nodiscard]] SignalReader& signals() override { return signals_; }
  [[nodiscard]] ImageScanner* scanner() override { return scanner_ ? &*scanner_ : nullptr; }
  [[nodiscard]] PointSpectroscopy* spectroscopy() override {
    return spectroscopy_ ? &*spectroscopy_ : nullptr;
  }
  [[nodiscard]] KelvinController* kelvin() override { return kelvin_ ? &*kelvin_ : nullptr; }

 private:
  std::unique_ptr<ProbeMicroscope> inner_;
  TapedPart part_;
  TapedSignals signals_;
  std::optional<TapedPositioner> positioner_;
  std::optional<TapedHeight> height_;
  std::optional<TapedDrive> drive_;
  std::optional<TapedScanner> scanner_;
  std::optional<TapedSpectroscopy> spectroscopy_;
  std::optional<TapedKelvin> kelvin_;
};

}  // namespace

std::unique_ptr<ProbeMicroscope> taped(std::unique_ptr<ProbeMicroscope> device,
                                       Tape& tape,
                                       const std::string& role) {
  return std::make_unique<TapedProbe>(std::move(device), TapedPart(tape, role));
}

}  // namespace halotwin::devices
