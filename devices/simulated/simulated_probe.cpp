#include "devices/simulated/simulated_probe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const ProbeParams& p) {
  validate(p.cantilever);
  validate(p.tip);
  require_positive("drive_response_m_per_v", p.drive_response_m_per_v);
  require_positive("deflection_v_per_m", p.deflection_v_per_m);
  require_range("closest_approach_m", p.closest_approach_m, 0.2e-9, 1e-6);
  require_positive("max_speed_m_per_s", p.max_speed_m_per_s);
  require_range("approach_time_s", p.approach_time_s, 0.0, 3600.0);
  require_range("withdraw_time_s", p.withdraw_time_s, 0.0, 3600.0);
  require_positive("height_loop_hz", p.height_loop_hz);
  require_range("gap_error_rms_m", p.gap_error_rms_m, 0.0, 1e-8);
  require_range("height_noise_rms_m", p.height_noise_rms_m, 0.0, 1e-7);
  require_positive("tune_dwell_s", p.tune_dwell_s);
  require_positive("scan_range_m", p.scan_range_m);
}

namespace {

constexpr double parked_gap_m = 2.0e-6;  // electrostatics do not matter from here

// What the parts of the microscope share.
struct State {
  State(sim::World& w, ProbeChain& c, const ProbeParams& p, const std::string& r)
      : world(&w), chain(&c), params(p), role(r) {
    settle();
  }

  sim::World* world;
  ProbeChain* chain;
  ProbeParams params;
  std::string role;
  FeedbackSettings feedback;
  DriveSettings drive;
  bool engaged = false;
  Point position{};  // of the scanner's sensor
  Point start{};
  Point target{};
  Duration move_start{};
  Duration move_end{};
  std::uint64_t place = 0;     // counts arrivals and approaches: entity of the random draws
  std::uint64_t readings = 0;  // of the height sensor
  double gap_error_m = 0.0;

  [[nodiscard]] Point now_at() const {
    const Duration now = world->clock().now();
    if (now >= move_end) {
      return position;
    }
    const double part = seconds(now - move_start) / seconds(move_end - move_start);
    return {start.x_m + part * (target.x_m - start.x_m),
            start.y_m + part * (target.y_m - start.y_m)};
  }
  [[nodiscard]] Point on_sample(Point at) const {
    const Point drift = world->drift();
    return {at.x_m + drift.x_m, at.y_m + drift.y_m};
  }
  [[nodiscard]] double resonance_hz() const {
    return params.cantilever.resonance_hz * (1.0 + world->relative_resonance_shift());
  }
  [[nodiscard]] double free_amplitude_m() const {
    if (!drive.on) {
      return 0.0;
    }
    physics::CantileverParams lever = params.cantilever;
    lever.resonance_hz = resonance_hz();
    const double response =
        std::abs(physics::susceptibility_m_per_n(lever, 2.0 * constants::pi * drive.frequency_hz)) *
        lever.stiffness_n_per_m / lever.quality_factor;
    return drive.amplitude_v * params.drive_response_m_per_v * response;
  }

  // Brings the AFM's part of the chain up to date.
  void settle() {
    ChainSettings settings = chain->settings();
    auto& m = settings.mechanical;
    const double free = free_amplitude_m();
    m.engaged = engaged;
    m.place = place;
    m.tip = on_sample(now_at());
    m.drive_hz = drive.frequency_hz;
    m.resonance_hz = resonance_hz();
    m.amplitude_m = engaged ? free * feedback.setpoint_fraction : free;
    m.mean_gap_m = engaged ? m.amplitude_m + params.closest_approach_m + gap_error_m : parked_gap_m;
    m.deflection_v_per_m = params.deflection_v_per_m;
    chain->change(settings);
  }

  [[nodiscard]] double draw(Purpose purpose, std::uint64_t step) const {
    return RandomStream(world->seed(), purpose, static_cast<std::uint32_t>(place), step).normal();
  }

  [[nodiscard]] double measured_height() {
    const double noise = params.height_noise_rms_m * draw(Purpose::height_feedback, ++readings);
    if (!engaged) {
      return world->specimen().height_m(on_sample(now_at())) + parked_gap_m + noise;
    }
    return world->specimen().height_m(on_sample(now_at())) + noise;
  }
};

class Positioner final : public TipPositioner {
 public:
  explicit Positioner(State& state) : s_(&state) {}
  [[nodiscard]] Limits limits() const override {
    const double half = 0.5 * s_->params.scan_range_m;
    return {{-half, half}, {-half, half}, s_->params.max_speed_m_per_s};
  }
  [[nodiscard]] Point position() const override { return s_->now_at(); }
  Duration start_move(Point target, double speed_m_per_s) override {
    strike(*s_->world, s_->role, "move");
    const Limits limit = limits();
    if (std::isnan(speed_m_per_s)) {
      throw DeviceError(s_->role, "move", "the speed is not a number", Retry::no);
    }
    if (!limit.x_m.contains(target.x_m) || !limit.y_m.contains(target.y_m)) {
      throw DeviceError(s_->role,
                        "move",
                        fmt::format("({} m, {} m) is outside of the scanner's +-{} m",
                                    target.x_m,
                                    target.y_m,
                                    limit.x_m.high),
                        Retry::no);
    }
    if (!s_->world->specimen().covers(s_->on_sample(target))) {
      throw DeviceError(
          s_->role,
          "move",
          fmt::format(
              "({} m, {} m) is off the modelled film (enlarge specimen.microstructure.width_m, "
              "height_m or margin_m)",
              target.x_m,
              target.y_m),
          Retry::no);
    }
    const double speed = std::min(speed_m_per_s > 0.0 ? speed_m_per_s : limit.max_speed_m_per_s,
                                  limit.max_speed_m_per_s);
    s_->start = s_->now_at();
    s_->target = target;
    s_->move_start = s_->world->clock().now();
    s_->move_end =
        s_->move_start +
        from_seconds(std::hypot(target.x_m - s_->start.x_m, target.y_m - s_->start.y_m) / speed);
    s_->position = target;
    ++s_->place;
    return s_->move_end - s_->move_start;
  }
  bool wait_move(Duration timeout, const std::stop_token& stop) override {
    const Duration left = s_->move_end - s_->world->clock().now();
    s_->world->clock().sleep(std::clamp(left, Duration::zero(), timeout), stop);
    s_->settle();
    return left <= timeout;
  }
  void stop_move() override {
    s_->position = s_->now_at();
    s_->move_end = s_->world->clock().now();
    s_->settle();
  }

 private:
  State* s_;
};

class Height final : public HeightControl {
 public:
  explicit Height(State& state) : s_(&state) {}
  FeedbackSettings configure(const FeedbackSettings& wanted) override {
    strike(*s_->world, s_->role, "configure feedback");
    if (!(wanted.setpoint_fraction > 0.0 && wanted.setpoint_fraction < 1.0)) {
      throw DeviceError(s_->role,
                        "configure feedback",
                        fmt::format("setpoint {} of the free amplitude (must be between 0 and 1)",
                                    wanted.setpoint_fraction),
                        Retry::no);
    }
    if (!(wanted.proportional_gain >= 0.0 && wanted.integral_rate_per_s >= 0.0)) {
      throw DeviceError(
          s_->role, "configure feedback", "a gain is below 0 or no number", Retry::no);
    }
    s_->feedback = wanted;
    s_->settle();
    return s_->feedback;
  }
  [[nodiscard]] FeedbackSettings settings() const override { return s_->feedback; }
  void approach(Duration timeout, const std::stop_token& stop) override {
    strike(*s_->world, s_->role, "approach");
    const Duration needed = from_seconds(s_->params.approach_time_s);
    s_->world->clock().sleep(std::min(needed, timeout), stop);
    if (needed > timeout) {
      throw DeviceError(s_->role, "approach", "setpoint not reached in time", Retry::yes);
    }
    if (s_->free_amplitude_m() <= 0.0) {
      throw DeviceError(s_->role, "approach", "the cantilever is not driven", Retry::no);
    }
    ++s_->place;
    const auto& around = s_->world->surroundings();
    s_->gap_error_m = around.height_noise
                          ? s_->params.gap_error_rms_m * s_->draw(Purpose::height_feedback, 0)
                          : 0.0;
    s_->engaged = true;
    s_->feedback.mode = FeedbackMode::on;
    s_->settle();
  }
  void withdraw(double distance_m, Duration timeout, const std::stop_token& stop) override {
    strike(*s_->world, s_->role, "withdraw");
    if (!(distance_m > 0.0)) {
      throw DeviceError(s_->role, "withdraw", "the distance must be > 0", Retry::no);
    }
    s_->engaged = false;
    s_->feedback.mode = FeedbackMode::off;
    s_->settle();
    const Duration needed = from_seconds(s_->params.withdraw_time_s);
    s_->world->clock().sleep(std::min(needed, timeout), stop);
    if (needed > timeout) {
      throw DeviceError(s_->role, "withdraw", "not yet withdrawn in time", Retry::yes);
    }
  }
  [[nodiscard]] bool engaged() const override { return s_->engaged; }
  [[nodiscard]] double height_m() const override { return s_->measured_height(); }
  [[nodiscard]] Range range_m() const override { return {-5.0e-6, 5.0e-6}; }

 private:
  State* s_;
};

class Drive final : public CantileverDrive {
 public:
  explicit Drive(State& state) : s_(&state) {}
  DriveSettings configure(const DriveSettings& wanted) override {
    strike(*s_->world, s_->role, "configure drive");
    const Range range = frequency_range_hz();
    if (!std::isfinite(wanted.amplitude_v) || wanted.amplitude_v < 0.0 ||
        !std::isfinite(wanted.phase_rad) || !range.contains(wanted.frequency_hz)) {
      throw DeviceError(s_->role,
                        "configure drive",
                        fmt::format("{} V at {} Hz (must be >= 0 and between {} and {} Hz)",
                                    wanted.amplitude_v,
                                    wanted.frequency_hz,
                                    range.low,
                                    range.high),
                        Retry::no);
    }
    s_->drive = wanted;
    s_->settle();
    return s_->drive;
  }
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
  State* s_;
};

struct ResonanceFit {
  double resonance_hz = 0.0;
  double resonance_sigma_hz = 0.0;
  double quality = 0.0;
  double quality_sigma = 0.0;
};

// Covariance matrix of a weighted least-squares problem: the inverse of its 3 x 3 normal matrix.
std::array<std::array<double, 3>, 3> inverse(const std::array<std::array<double, 3>, 3>& m) {
  std::array<std::array<double, 3>, 3> out{};
  double determinant = 0.0;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t r = 0; r < 3; ++r) {
      const std::size_t r1 = (r + 1) % 3;
      const std::size_t r2 = (r + 2) % 3;
      const std::size_t c1 = (c + 1) % 3;
      const std::size_t c2 = (c + 2) % 3;
      out[c][r] = m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
    }
    determinant += m[0][c] * out[c][0];
  }
  for (auto& row : out) {
    for (double& value : row) {
      value /= determinant;
    }
  }
  return out;
}

// Weighted linear least squares in u = 1/A^2, which is exactly a parabola in s = f^2:
//   u = K [(1 - s/f0^2)^2 + s/(f0 Q)^2],   vertex s_v = f0^2 (1 - q/2),   q = 1/Q^2,
//   u(s_v) / (u''/2 s_v^2) = p / (1 - p),   p = q - q^2/4
ResonanceFit fit_resonance(const std::vector<double>& frequency_hz,
                           const std::vector<double>& amplitude_m,
                           double noise_m) {
  const double top = frequency_hz[static_cast<std::size_t>(
      std::max_element(amplitude_m.begin(), amplitude_m.end()) - amplitude_m.begin())];
  const double scale =
      frequency_hz.back() * frequency_hz.back() - frequency_hz.front() * frequency_hz.front();
  std::array<std::array<double, 3>, 3> normal{};
  std::array<double, 3> right{};
  for (std::size_t i = 0; i < frequency_hz.size(); ++i) {
    const double x = (frequency_hz[i] - top) * (frequency_hz[i] + top) / scale;
    const double u = 1.0 / (amplitude_m[i] * amplitude_m[i]);
    const double weight = std::pow(amplitude_m[i], 6.0) / (4.0 * noise_m * noise_m);
    const std::array<double, 3> base{1.0, x, x * x};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        normal[r][c] += weight * base[r] * base[c];
      }
      right[r] += weight * base[r] * u;
    }
  }
  const auto covariance = inverse(normal);
  std::array<double, 3> fit{};
  for (std::size_t r = 0; r < 3; ++r) {
    fit[r] =
        covariance[r][0] * right[0] + covariance[r][1] * right[1] + covariance[r][2] * right[2];
  }
  const auto [a, b, c] = fit;
  const double x_v = -b / (2.0 * c);
  const double floor = a + 0.5 * b * x_v;
  const double s_v = top * top + x_v * scale;
  const double ratio = floor / c * (scale / s_v) * (scale / s_v);
  const double q = 2.0 * (1.0 - std::sqrt(1.0 - ratio / (1.0 + ratio)));
  const auto sigma = [&covariance](const std::array<double, 3>& gradient) {
    double variance = 0.0;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t k = 0; k < 3; ++k) {
        variance += gradient[r] * covariance[r][k] * gradient[k];
      }
    }
    return std::sqrt(variance);
  };
  ResonanceFit result;
  result.resonance_hz = std::sqrt(s_v / (1.0 - 0.5 * q));
  result.quality = 1.0 / std::sqrt(q);
  result.resonance_sigma_hz =
      scale / (2.0 * result.resonance_hz) * sigma({0.0, -0.5 / c, -x_v / c});
  result.quality_sigma =
      0.5 * result.quality * sigma({1.0 / floor, x_v / floor, x_v * x_v / floor - 1.0 / c});
  return result;
}

TuneResult Drive::tune(double centre_hz,
                       double span_hz,
                       std::size_t points,
                       const std::stop_token& stop) {
  strike(*s_->world, s_->role, "tune");
  if (!(span_hz > 0.0) || points < 5 || !frequency_range_hz().contains(centre_hz)) {
    throw DeviceError(s_->role,
                      "tune",
                      "needs at least 5 points over a span > 0 inside the drive's range",
                      Retry::no);
  }
  physics::CantileverParams lever = s_->params.cantilever;
  lever.resonance_hz = s_->resonance_hz();
  const double noise =
      lever.detection_noise_m_per_sqrt_hz / std::sqrt(2.0 * s_->params.tune_dwell_s) + 1.0e-12;
  TuneResult result;
  result.frequency_hz =
      linear_spacing(centre_hz - 0.5 * span_hz, centre_hz + 0.5 * span_hz, points);
  RandomStream draw(s_->world->seed(),
                    Purpose::deflection_noise,
                    static_cast<std::uint32_t>(s_->place),
                    ++s_->readings);
  const double per_force = s_->drive.amplitude_v * s_->params.drive_response_m_per_v *
                           lever.stiffness_n_per_m / lever.quality_factor;
  for (const double frequency : result.frequency_hz) {
    s_->world->clock().sleep(from_seconds(s_->params.tune_dwell_s), stop);
    const std::complex<double> response =
        per_force * physics::susceptibility_m_per_n(lever, 2.0 * constants::pi * frequency) +
        std::complex<double>(noise * draw.normal(), noise * draw.normal());
    result.amplitude_m.push_back(std::abs(response));
    result.phase_rad.push_back(std::arg(response));
  }
  const ResonanceFit fit = fit_resonance(result.frequency_hz, result.amplitude_m, noise);
  result.resonance_hz = fit.resonance_hz;
  result.resonance_sigma_hz = fit.resonance_sigma_hz;
  result.quality_factor = fit.quality;
  result.quality_factor_sigma = fit.quality_sigma;
  result.free_amplitude_m = *std::max_element(result.amplitude_m.begin(), result.amplitude_m.end());
  return result;
}

class Signals final : public SignalReader {
 public:
  explicit Signals(State& state) : s_(&state) {}
  [[nodiscard]] std::vector<Signal> signals() const override {
    return {{"z", "m"}, {"amplitude", "m"}, {"phase", "rad"}, {"bias", "V"}};
  }
  void read(std::span<const std::size_t> indices, std::span<double> values) override {
    strike(*s_->world, s_->role, "read signals");
    if (indices.size() != values.size()) {
      throw DeviceError(
          s_->role, "read signals", "as many values as indices are needed", Retry::no);
    }
    for (std::size_t i = 0; i < indices.size(); ++i) {
      values[i] = value(indices[i]);
    }
  }
  [[nodiscard]] double value(std::size_t index) {
    switch (index) {
      case 0:
        return s_->measured_height();
      case 1: {
        // slope of amplitude against gap is 1 in intermittent contact: the feedback's error shows
        // in the amplitude
        const auto& m = s_->chain->settings().mechanical;
        return m.amplitude_m + (s_->engaged ? s_->gap_error_m : 0.0);
      }
      case 2:
        return s_->chain->read().mechanical_phase_rad;
      case 3:
        return s_->chain->settings().electrical.offset_v;
      default:
        throw DeviceError(s_->role, "read signals", fmt::format("no signal {}", index), Retry::no);
    }
  }

 private:
  State* s_;
};

class Scanner final : public ImageScanner {
 public:
  Scanner(State& state, Signals& signals) : s_(&state), signals_(&signals) {}
  ScanFrame configure(const ScanFrame& wanted, std::span<const std::size_t> indices) override {
    strike(*s_->world, s_->role, "set frame");
    const double half = 0.5 * s_->params.scan_range_m;
    const double reach = 0.5 * std::hypot(wanted.width_m, wanted.height_m);
    if (wanted.columns == 0 || wanted.rows == 0 || !std::isfinite(wanted.angle_rad) ||
        !(wanted.line_time_s > 0.0 && wanted.line_time_s < 1.0e6) || !(wanted.width_m > 0.0) ||
        !(wanted.height_m > 0.0) || !(std::abs(wanted.centre.x_m) + reach <= half) ||
        !(std::abs(wanted.centre.y_m) + reach <= half)) {
      throw DeviceError(
          s_->role, "set frame", "the frame is empty or beyond the scanner's range", Retry::no);
    }
    if (wanted.columns > 65536 || wanted.rows > 65536) {
      throw DeviceError(s_->role, "set frame", "more than 65536 pixels on a side", Retry::no);
    }
    frame_ = wanted;
    indices_.assign(indices.begin(), indices.end());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    images_.assign(2 * indices_.size(), Image<float>(frame_.columns, frame_.rows, nan));
    line_ = 0;
    scanning_ = false;
    return frame_;
  }
  [[nodiscard]] ScanFrame frame() const override { return frame_; }
  void start() override {
    strike(*s_->world, s_->role, "start scan");
    if (indices_.empty()) {
      throw DeviceError(s_->role, "start scan", "no frame and signals configured", Retry::no);
    }
    if (!s_->engaged) {
      throw DeviceError(s_->role, "start scan", "the tip is not engaged", Retry::no);
    }
    for (Image<float>& image : images_) {
      image.values.assign(image.values.size(), std::numeric_limits<float>::quiet_NaN());
    }
    line_ = 0;
    pixel_ = 0;
    line_start_ = s_->world->clock().now();
    scanning_ = true;
  }
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override {
    strike(*s_->world, s_->role, "scan line");
    sim::VirtualClock& clock = s_->world->clock();
    const Duration give_up = clock.now() + timeout;
    const double dt_s = frame_.line_time_s / static_cast<double>(frame_.columns);
    while (scanning_) {
      const Duration due = line_start_ + from_seconds(dt_s * static_cast<double>(pixel_ + 1));
      clock.sleep(std::min(due, give_up) - clock.now(), stop);
      if (due > give_up) {
        break;
      }
      scan_pixel();
      if (++pixel_ == 2 * frame_.columns) {
        pixel_ = 0;
        line_start_ = due;
        scanning_ = ++line_ < frame_.rows;
        break;
      }
    }
    return line_;
  }
  void stop() override { scanning_ = false; }
  [[nodiscard]] Image<float> data(std::size_t signal_index,
                                  ScanDirection direction) const override {
    for (std::size_t k = 0; k < indices_.size(); ++k) {
      if (indices_[k] == signal_index) {
        return images_[2 * k + (direction == ScanDirection::backward ? 1U : 0U)];
      }
    }
    throw DeviceError(s_->role, "scan data", "this signal was not scanned", Retry::no);
  }

 private:
  // Forward over the columns of the present line, then back.
  void scan_pixel() {
    const bool backward = pixel_ >= frame_.columns;
    const std::size_t ix = backward ? 2 * frame_.columns - 1 - pixel_ : pixel_;
    const double u = (static_cast<double>(ix) + 0.5) / static_cast<double>(frame_.columns) - 0.5;
    const double v = (static_cast<double>(line_) + 0.5) / static_cast<double>(frame_.rows) - 0.5;
    const double c = std::cos(frame_.angle_rad);
    const double s = std::sin(frame_.angle_rad);
    const double dx = u * frame_.width_m;
    const double dy = v * frame_.height_m;
    s_->position = {frame_.centre.x_m + c * dx + s * dy, frame_.centre.y_m - s * dx + c * dy};
    s_->move_end = s_->world->clock().now();
    ++s_->place;
    s_->settle();
    for (std::size_t k = 0; k < indices_.size(); ++k) {
      images_[2 * k + (backward ? 1U : 0U)](ix, line_) =
          static_cast<float>(signals_->value(indices_[k]));
    }
  }

  State* s_;
  Signals* signals_;
  ScanFrame frame_;
  std::vector<std::size_t> indices_;
  std::vector<Image<float>> images_;
  bool scanning_ = false;
  std::size_t line_ = 0;   // complete ones
  std::size_t pixel_ = 0;  // of the line under way, there and back
  Duration line_start_{};
};

}  // namespace

struct SimulatedProbe::Parts {
  Parts(sim::World& world, ProbeChain& chain, const ProbeParams& params, const std::string& role)
      : state(world, chain, params, role),
        positioner(state),
        height(state),
        drive(state),
        signals(state),
        scanner(state, signals) {}
  State state;
  Positioner positioner;
  Height height;
  Drive drive;
  Signals signals;
  Scanner scanner;
};

SimulatedProbe::SimulatedProbe(sim::World& world,
                               ProbeChain& chain,
                               const ProbeParams& params,
                               const std::string& role) {
  validate(params);
  parts_ = std::make_unique<Parts>(world, chain, params, role);
}

SimulatedProbe::~SimulatedProbe() = default;

Identity SimulatedProbe::identity() const {
  return {"halotwin", "simulated AFM", "twin-" + parts_->state.role, "", "sim:"};
}

void SimulatedProbe::make_safe() {
  State& s = parts_->state;
  strike(*s.world, s.role, "make safe");
  parts_->scanner.stop();
  s.engaged = false;
  s.feedback.mode = FeedbackMode::off;
  s.position = s.now_at();
  s.move_end = s.world->clock().now();
  s.settle();
}

TipPositioner& SimulatedProbe::positioner() {
  return parts_->positioner;
}
HeightControl& SimulatedProbe::height() {
  return parts_->height;
}
CantileverDrive& SimulatedProbe::drive() {
  return parts_->drive;
}
SignalReader& SimulatedProbe::signals() {
  return parts_->signals;
}
ImageScanner* SimulatedProbe::scanner() {
  return &parts_->scanner;
}

Point SimulatedProbe::true_position() const {
  return parts_->state.on_sample(parts_->state.now_at());
}

std::vector<double> SimulatedProbe::save() const {
  const State& s = parts_->state;
  const auto time = [](Duration d) { return static_cast<double>(d.count()); };
  return {static_cast<double>(s.feedback.mode),
          s.feedback.setpoint_fraction,
          s.feedback.proportional_gain,
          s.feedback.integral_rate_per_s,
          s.drive.on ? 1.0 : 0.0,
          s.drive.frequency_hz,
          s.drive.amplitude_v,
          s.drive.phase_rad,
          s.engaged ? 1.0 : 0.0,
          s.position.x_m,
          s.position.y_m,
          time(s.move_end),  // below 2^53 ns = 104 days
          static_cast<double>(s.place),
          static_cast<double>(s.readings),
          s.gap_error_m};
}

void SimulatedProbe::load(std::span<const double> state) {
  require(state.size() == 15, "the saved state of the microscope has a wrong size");
  State& s = parts_->state;
  s.feedback.mode = static_cast<FeedbackMode>(static_cast<int>(state[0]));
  s.feedback.setpoint_fraction = state[1];
  s.feedback.proportional_gain = state[2];
  s.feedback.integral_rate_per_s = state[3];
  s.drive = {state[4] != 0.0, state[5], state[6], state[7]};
  s.engaged = state[8] != 0.0;
  s.position = {state[9], state[10]};
  s.start = s.position;
  s.target = s.position;
  s.move_end = Duration(static_cast<std::int64_t>(state[11]));
  s.move_start = s.move_end;
  s.place = static_cast<std::uint64_t>(state[12]);
  s.readings = static_cast<std::uint64_t>(state[13]);
  s.gap_error_m = state[14];
}

}  // namespace halotwin::devices::simulated
