#include "devices/simulated/simulated_camera.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr std::uint64_t endless = ~std::uint64_t{0};

std::size_t count_of(std::uint32_t pixels, const CameraRegion& region) {
  return pixels / region.binning;
}

physics::EmccdParams whole_sensor(const CameraParams& p, const sim::Surroundings& around) {
  physics::EmccdParams sensor = p.sensor;
  if (!around.shot_noise) {
    sensor.shot_noise = false;
    sensor.gain_noise = false;
    sensor.cosmic_flux_per_m2_s = 0.0;
    sensor.clock_induced_electrons = 0.0;
  }
  if (!around.read_noise) {
    sensor.read_noise_rms_electrons = 0.0;
  }
  return sensor;
}

std::size_t sensor_pixels(const CameraParams& p) {
  return static_cast<std::size_t>(p.sensor_width) * static_cast<std::size_t>(p.sensor_height);
}

Image<float> leak_of(const CameraParams& p, std::uint64_t seed) {
  return physics::Emccd(p.sensor,
                        static_cast<std::size_t>(p.sensor_width),
                        static_cast<std::size_t>(p.sensor_height),
                        seed)
      .dark_map();
}

}  // namespace

void validate(const CameraParams& p) {
  physics::validate(p.sensor);
  physics::validate(p.optics);
  require_range("sensor_width", p.sensor_width, 1, 16384);
  require_range("sensor_height", p.sensor_height, 1, 16384);
  for (const double value : p.origin_m) {
    require_range("origin_m", value, -1e-2, 1e-2);
  }
  require_range("collection_efficiency", p.collection_efficiency, 0.0, 1.0);
  require_range("background_photons_per_s", p.background_photons_per_s, 0.0, 1e9);
  require_range("ambient_photons_per_s", p.ambient_photons_per_s, 0.0, 1e9);
  require_range("row_readout_s", p.row_readout_s, 0.0, 1.0);
  require_range("highest_em_gain", p.highest_em_gain, 1.0, 2000.0);
  require_range("ring_buffer_frames", p.ring_buffer_frames, 1, 1000000);
  require_range("drop_probability", p.drop_probability, 0.0, 0.9);
}

SimulatedCamera::SimulatedCamera(sim::World& world,
                                 const CameraParams& params,
                                 std::string role,
                                 Threads threads)
    : world_(&world),
      params_((validate(params), params)),
      role_(std::move(role)),
      threads_(threads),
      leak_(leak_of(params_, world.seed())),
      images_(world,
              params_.optics,
              params_.collection_efficiency,
              {params_.origin_m[0], params_.origin_m[1]},
              threads) {
  settings_.region = {.width = static_cast<std::uint32_t>(params_.sensor_width),
                      .height = static_cast<std::uint32_t>(params_.sensor_height)};
  settings_ = configure(settings_);
}

Identity SimulatedCamera::identity() const {
  return {"halotwin", "simulated EMCCD camera", "twin-" + role_, "", "sim:"};
}

CameraLimits SimulatedCamera::limits() const {
  return {.sensor_width = static_cast<std::uint32_t>(params_.sensor_width),
          .sensor_height = static_cast<std::uint32_t>(params_.sensor_height),
          .exposure_s = {1e-5, 600.0},
          .gain = {1.0, params_.highest_em_gain},
          .saturation_counts = static_cast<std::uint32_t>(std::exp2(params_.sensor.bits)) - 1U,
          .ring_buffer_frames = static_cast<std::size_t>(params_.ring_buffer_frames)};
}

void SimulatedCamera::refuse(const char* operation, const std::string& cause) const {
  throw DeviceError(role_, operation, cause, Retry::no);
}

void SimulatedCamera::check_region(const CameraRegion& r) const {
  const CameraLimits limit = limits();
  if (r.left >= limit.sensor_width || r.top >= limit.sensor_height || r.binning < 1) {
    refuse("configure", "the region begins outside of the sensor");
  }
  if (r.width > limit.sensor_width - r.left || r.height > limit.sensor_height - r.top ||
      (r.width != 0 && r.width < r.binning) || (r.height != 0 && r.height < r.binning)) {
    refuse("configure", "the region does not fit the sensor");
  }
}

CameraSettings SimulatedCamera::configure(const CameraSettings& wanted) {
  strike(*world_, role_, "configure");
  if (running()) {
    refuse("configure", "the camera is acquiring");
  }
  if (!std::isfinite(wanted.exposure_s) || !std::isfinite(wanted.frame_period_s) ||
      !std::isfinite(wanted.gain)) {
    refuse("configure", "a setting is not a number");
  }
  check_region(wanted.region);
  CameraSettings applied = wanted;
  const CameraLimits limit = limits();
  CameraRegion& r = applied.region;
  r.width = r.width == 0 ? limit.sensor_width - r.left : r.width;
  r.height = r.height == 0 ? limit.sensor_height - r.top : r.height;
  if (r.width < r.binning || r.height < r.binning) {
    refuse("configure", "the region does not fit the sensor");
  }
  applied.exposure_s = std::clamp(wanted.exposure_s, limit.exposure_s.low, limit.exposure_s.high);
  applied.gain = std::clamp(wanted.gain, limit.gain.low, limit.gain.high);
  const double readout_s = params_.row_readout_s * r.height / r.binning;
  applied.frame_period_s =
      std::max({wanted.frame_period_s, applied.exposure_s, readout_s, seconds(Duration(1))});
  settings_ = applied;
  prepare();
  return settings_;
}

/// The sensor as the region sees it: dark current comes with the photons, since hot pixels belong
/// to places of the whole sensor.
void SimulatedCamera::prepare() {
  physics::EmccdParams sensor = whole_sensor(params_, world_->surroundings());
  sensor.em_gain = settings_.gain;
  sensor.dark_electrons_per_s = 0.0;
  sensor.hot_pixel_fraction = 0.0;
  sensor.quantum_efficiency = 1.0;  // photons_ are electrons
  const CameraRegion& r = settings_.region;
  const std::size_t width = count_of(r.width, r);
  const std::size_t height = count_of(r.height, r);
  region_ = std::make_unique<physics::Emccd>(sensor, width, height, world_->seed());
  photons_.assign(width * height, 0.0F);
}

void SimulatedCamera::start(std::uint64_t frames) {
  strike(*world_, role_, "start");
  if (running()) {
    refuse("start", "the camera is acquiring");
  }
  first_exposure_ += begun(world_->clock().now());
  started_ = true;
  bounded_ = frames > 0;
  wanted_ = frames;
  delivered_ = 0;
  triggered_.clear();
  start_ = world_->clock().now();
  const CameraRegion& r = settings_.region;
  images_.begin({start_, from_seconds(settings_.frame_period_s), settings_.exposure_s}, r, frames);
  clean_ = world_->specimen().recombination() == nullptr
               ? sim::CleanCorrelation()
               : sim::CleanCorrelation(count_of(r.width, r), count_of(r.height, r));
}

/// Exposures that have begun in this series.
std::uint64_t SimulatedCamera::begun(Duration now) const {
  if (settings_.trigger != Trigger::internal || (!started_ && !bounded_)) {
    return triggered_.size();
  }
  const Duration period = from_seconds(settings_.frame_period_s);
  const auto all =
      now < start_ ? std::uint64_t{0} : static_cast<std::uint64_t>((now - start_) / period) + 1U;
  return std::min(all, bounded_ ? wanted_ : endless);
}

std::uint64_t SimulatedCamera::arrived(Duration now) const {
  std::uint64_t frames = begun(now);
  while (frames > 0 && arrival(frames - 1) > now) {
    --frames;
  }
  return frames;
}

Duration SimulatedCamera::exposure_start(std::uint64_t frame) const {
  return settings_.trigger == Trigger::internal
             ? start_ + from_seconds(settings_.frame_period_s) * static_cast<std::int64_t>(frame)
             : triggered_[frame];
}

Duration SimulatedCamera::arrival(std::uint64_t frame) const {
  const double readout_s =
      params_.row_readout_s * settings_.region.height / settings_.region.binning;
  return exposure_start(frame) + from_seconds(settings_.exposure_s + readout_s);
}

bool SimulatedCamera::running() const {
  if (!started_ || !bounded_) {
    return started_;
  }
  const Duration period = from_seconds(settings_.frame_period_s);
  return settings_.trigger != Trigger::internal
             ? triggered_.size() < wanted_
             : world_->clock().now() < start_ + period * static_cast<std::int64_t>(wanted_);
}

void SimulatedCamera::software_trigger() {
  strike(*world_, role_, "trigger");
  if (!running() || settings_.trigger != Trigger::software) {
    refuse("trigger", "not waiting for a software trigger");
  }
  const Duration now = world_->clock().now();
  // during an exposure a trigger is lost, as at a real camera
  if (triggered_.empty() || now >= triggered_.back() + from_seconds(settings_.frame_period_s)) {
    triggered_.push_back(now);
  }
}

SimulatedCamera::Fate SimulatedCamera::fate(std::uint64_t frame) {
  const auto fault = world_->faults().lose_frame(role_, world_->now_s());
  RandomStream draw(world_->seed(), Purpose::fault_schedule, 0, first_exposure_ + frame);
  if (fault == sim::FaultKind::frame_lost || draw.uniform() < params_.drop_probability) {
    return Fate::lost;
  }
  return fault == sim::FaultKind::frame_incomplete ? Fate::incomplete : Fate::good;
}

std::optional<FrameInfo> SimulatedCamera::next_frame(std::span<std::uint16_t> pixels,
                                                     Duration timeout,
                                                     const std::stop_token& stop) {
  strike(*world_, role_, "read frame");
  const CameraRegion& r = settings_.region;
  const auto width = static_cast<std::uint32_t>(count_of(r.width, r));
  const auto height = static_cast<std::uint32_t>(count_of(r.height, r));
  if (pixels.size() < std::size_t{width} * height) {
    refuse("read frame", "too few pixels");
  }
  Clock& clock = world_->clock();
  const Duration give_up = clock.now() + timeout;
  clock.sleep(Duration::zero(), stop);
  while (true) {
    const std::uint64_t there = arrived(clock.now());
    if (there > delivered_ + static_cast<std::uint64_t>(params_.ring_buffer_frames)) {
      refuse("read frame", "the ring buffer ran over");
    }
    while (delivered_ < there) {
      const std::uint64_t frame = delivered_++;
      const Fate how = fate(frame);
      if (how != Fate::lost) {
        expose(frame, how == Fate::incomplete, pixels.first(std::size_t{width} * height));
        return FrameInfo{frame, exposure_start(frame), width, height, how == Fate::incomplete};
      }
    }
    const Duration left = give_up - clock.now();
    if (left <= Duration::zero()) {
      return std::nullopt;
    }
    const bool more =
        started_ && (settings_.trigger == Trigger::internal ? !bounded_ || delivered_ < wanted_
                                                            : delivered_ < triggered_.size());
    clock.sleep(more ? std::min(arrival(delivered_) - clock.now(), left) : left, stop);
  }
}

void SimulatedCamera::expose(std::uint64_t frame,
                             bool incomplete,
                             std::span<std::uint16_t> pixels) {
  const CameraRegion& r = settings_.region;
  if (settings_.trigger != Trigger::internal) {
    images_.begin({exposure_start(frame), Duration(1), settings_.exposure_s}, r, 1);
  }
  const FilmFrame film =
      images_.frame(settings_.trigger == Trigger::internal ? static_cast<std::size_t>(frame) : 0);
  const auto factor = static_cast<float>(film.factor);
  const double efficiency = params_.sensor.quantum_efficiency;
  const auto area = static_cast<double>(r.binning) * r.binning;
  const auto background = static_cast<float>(
      settings_.exposure_s * area *
      (params_.ambient_photons_per_s + params_.background_photons_per_s * film.relative_light));
  const std::size_t width = count_of(r.width, r);
  for (std::size_t i = 0; i < photons_.size(); ++i) {
    photons_[i] = static_cast<float>(efficiency) * (factor * film.steady_photons[i] + background);
  }
  for (std::size_t y = 0; y < count_of(r.height, r) * r.binning; ++y) {
    const auto leak = leak_.row(r.top + y);
    float* to = photons_.data() + y / r.binning * width;
    for (std::size_t x = 0; x < width * r.binning; ++x) {
      to[x / r.binning] += leak[r.left + x] * static_cast<float>(settings_.exposure_s);
    }
  }
  region_->expose(photons_, settings_.exposure_s, first_exposure_ + frame, pixels, threads_);
  if (film.factor > 0.0 && clean_.nx() > 0) {
    clean_.add(film.steady_photons);
  }
  if (incomplete) {  // the lower part did not come
    std::fill(pixels.begin() + static_cast<std::ptrdiff_t>(pixels.size() / 2), pixels.end(), 0);
  }
}

void SimulatedCamera::stop() {
  strike(*world_, role_, "stop");
  if (!started_) {
    return;
  }
  wanted_ = arrived(world_->clock().now());
  bounded_ = true;
  if (settings_.trigger != Trigger::internal) {
    triggered_.resize(wanted_);
  }
  started_ = false;
}

void SimulatedCamera::make_safe() {
  strike(*world_, role_, "make safe");
  stop();
}

std::vector<double> SimulatedCamera::save() const {
  const CameraRegion& r = settings_.region;
  const std::int64_t whole_s = start_.count() / 1'000'000'000;
  const std::int64_t rest_ns = start_.count() % 1'000'000'000;
  std::vector<double> state{settings_.exposure_s,
                            settings_.frame_period_s,
                            settings_.gain,
                            static_cast<double>(r.left),
                            static_cast<double>(r.top),
                            static_cast<double>(r.width),
                            static_cast<double>(r.height),
                            static_cast<double>(r.binning),
                            static_cast<double>(settings_.trigger),
                            started_ ? 1.0 : 0.0,
                            bounded_ ? 1.0 : 0.0,
                            static_cast<double>(whole_s),
                            static_cast<double>(rest_ns),
                            static_cast<double>(wanted_),
                            static_cast<double>(delivered_),
                            static_cast<double>(first_exposure_)};
  const std::vector<double> sums = clean_.save();
  state.insert(state.end(), sums.begin(), sums.end());
  const bool shines = world_->specimen().recombination() != nullptr;
  const std::size_t whole = shines ? 16 + 3 + 6 * sensor_pixels(params_) : 0;
  state.resize(std::max(whole, state.size()), 0.0);
  return state;
}

void SimulatedCamera::load(std::span<const double> state) {
  require(state.size() >= 19, "the saved state of the camera is damaged");
  const auto whole = [&](std::size_t i) { return static_cast<std::uint32_t>(state[i]); };
  settings_ = {state[0],
               state[1],
               state[2],
               {whole(3), whole(4), whole(5), whole(6), whole(7)},
               static_cast<Trigger>(whole(8))};
  started_ = state[9] > 0.5;
  bounded_ = state[10] > 0.5;
  start_ = Duration(static_cast<std::int64_t>(state[11]) * 1'000'000'000 +
                    static_cast<std::int64_t>(state[12]));
  wanted_ = static_cast<std::uint64_t>(state[13]);
  delivered_ = static_cast<std::uint64_t>(state[14]);
  first_exposure_ = static_cast<std::uint64_t>(state[15]);
  triggered_.clear();
  const auto sums = static_cast<std::size_t>(3.0 + 6.0 * state[16] * state[17]);
  require(state.size() >= 16 + sums, "the saved state of the camera is damaged");
  clean_.load(state.subspan(16, sums));
  prepare();
  images_.begin({start_, from_seconds(settings_.frame_period_s), settings_.exposure_s},
                settings_.region,
                bounded_ ? static_cast<std::size_t>(wanted_) : 0);
}

}  // namespace halotwin::devices::simulated
