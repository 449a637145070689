#include "devices/simulated/film_images.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"
#include "physics/defocus.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr double block_bytes = 256e6;  // of the rates on the nodes
constexpr std::size_t frames_per_chunk = 4;
constexpr std::size_t first_frames = 8;  // of an endless series alone: it may be ended soon

std::size_t pixels_of(const CameraRegion& r) {
  return std::size_t{r.width / r.binning} * (r.height / r.binning);
}

}  // namespace

FilmImages::FilmImages(const sim::World& world,
                       const physics::MicroscopeParams& optics,
                       double collection,
                       Point origin,
                       Threads threads)
    : world_(&world),
      film_(world.specimen().recombination()),
      optics_(optics),
      origin_(origin),
      threads_(threads) {
  physics::validate(optics_);
  if (film_ == nullptr) {
    return;
  }
  const double node_m = film_->params().node_m;
  const auto ratio = static_cast<std::size_t>(std::max(std::lround(optics_.pixel_m / node_m), 1L));
  nodes_x_ = film_->grid().nx / ratio * ratio;
  nodes_y_ = film_->grid().ny / ratio * ratio;
  focus(world.defocus_m(world.now_s()));
  photons_per_rate_ = collection * node_m * node_m * world.specimen().params().film.thickness_m;
}

void FilmImages::focus(double defocus_m) {
  if (formation_ && defocus_m == defocus_m_) {
    return;
  }
  defocus_m_ = defocus_m;
  // the film goes on beside the part that is computed: its edge must not show in a wide blur
  const double blur_m = std::hypot(physics::gaussian_sigma_m(optics_),
                                   physics::gaussian_defocus_m(optics_, defocus_m));
  const bool wide = 3.0 * blur_m > world_->specimen().params().microstructure.margin_m;
  const auto border =
      defocus_m != 0.0 && wide ? physics::FilmBorder::periodic : physics::FilmBorder::dark;
  formation_ = std::make_unique<physics::ImageFormation>(
      optics_, nodes_x_, nodes_y_, film_->params().node_m, border, defocus_m);
}

void FilmImages::begin(const SeriesTimes& times, const CameraRegion& region, std::size_t frames) {
  times_ = times;
  region_ = region;
  frames_ = frames;
  block_count_ = 0;
  dark_.assign(pixels_of(region), 0.0F);
}

FilmImages::Light FilmImages::light(double from_s, double to_s) const {
  if (film_ == nullptr) {
    return {};
  }
  const sim::RecombinationParams& p = film_->params();
  const double reference = p.reference_irradiance_w_per_m2 * p.reference_wavelength_m;
  Light sum;
  for (const sim::Lamp& lamp : world_->lamps()) {
    double set = 0.0;
    for (const double time_s : {from_s, 0.5 * (from_s + to_s), to_s}) {
      set = std::max(set, lamp.set_irradiance_w_per_m2(time_s) * lamp.wavelength_m(time_s));
    }
    sum.set += set / reference;
    sum.mean += lamp.mean_irradiance_w_per_m2(from_s, to_s) *
                std::max(lamp.wavelength_m(from_s), lamp.wavelength_m(to_s)) / reference;
  }
  return sum;
}

FilmFrame FilmImages::frame(std::size_t number) {
  const double from_s = seconds(times_.at(number));
  const double to_s = from_s + times_.exposure_s;
  const Light now = light(from_s, to_s);
  if (now.set <= 0.0) {
    return {dark_, 0.0, 0.0};
  }
  const bool there = number >= block_first_ && number < block_first_ + block_count_;
  // that of the middle of the exposure; frames that are taken during a move are made one by one
  const double defocus_m = world_->defocus_m(0.5 * (from_s + to_s));
  if (!there || block_light_ != now.set || block_defocus_m_ != defocus_m) {
    make_block(number, now.set, defocus_m);
  }
  double exposed = 0.0;
  for (const sim::Lamp& lamp : world_->lamps()) {
    exposed += lamp.exposure_j_per_m2(0.5 * (from_s + to_s));
  }
  const double factor =
      emission_->response(now.mean / now.set) * sim::emission_factor(film_->params(), exposed);
  const std::size_t pixels = dark_.size();
  return {std::span(block_).subspan((number - block_first_) * pixels, pixels), factor, now.mean};
}

void FilmImages::make_block(std::size_t number, double relative_light, double defocus_m) {
  focus(defocus_m);
  if (!emission_ || emission_->relative_light() != relative_light) {
    emission_ = std::make_unique<sim::FilmEmission>(*film_, relative_light, threads_);
  }
  const std::size_t nodes = film_->grid().size();
  constexpr std::size_t chunk = sim::FilmEmission::chunk_frames;
  // at least two chunks, for two threads; the cut into blocks does not show in the images
  const auto fitting = static_cast<std::size_t>(
      block_bytes / (4.0 * static_cast<double>(nodes) * static_cast<double>(chunk)));
  const std::size_t block = chunk * std::clamp<std::size_t>(fitting, 2, 16);
  const std::size_t pixels = dark_.size();
  block_first_ = number / chunk * chunk;
  const std::size_t due = number < first_frames ? first_frames : block;
  block_count_ = frames_ == 0 ? due : std::min(block, frames_ - block_first_);
  block_light_ = relative_light;
  block_defocus_m_ = defocus_m;
  std::vector<double> starts;
  for (std::size_t k = 0; k < block_count_; ++k) {
    starts.push_back(seconds(times_.at(block_first_ + k)));
  }
  std::vector<float> rates(block_count_ * nodes);
  emission_->rates(starts, times_.exposure_s, rates);
  block_.assign(block_count_ * pixels, 0.0F);
  for_each_chunk(block_count_, frames_per_chunk, threads_, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      form(std::span<const float>(rates).subspan(k * nodes, nodes),
           starts[k] + 0.5 * times_.exposure_s,
           std::span(block_).subspan(k * pixels, pixels));
    }
  });
}

/// One image: the film where it lies at that time, cut to the region and binned.
void FilmImages::form(std::span<const float> rates, double time_s, std::span<float> out) const {
  const Grid& grid = film_->grid();
  const double pixel_m = optics_.pixel_m;
  // the corner of the sensor from that of the film, in pixels: whole ones are cut off
  const double left = (origin_.x_m - grid.origin.x_m + 0.5 * grid.step_x_m) / pixel_m;
  const double top = (origin_.y_m - grid.origin.y_m + 0.5 * grid.step_y_m) / pixel_m;
  const Point drift = world_->drift(time_s);
  const physics::ImageShift shift{(std::round(left) - left) * pixel_m - drift.x_m,
                                  (std::round(top) - top) * pixel_m - drift.y_m};
  const auto scale = static_cast<float>(photons_per_rate_ * times_.exposure_s);
  std::vector<float> emission(nodes_x_ * nodes_y_);
  for (std::size_t iy = 0; iy < nodes_y_; ++iy) {
    for (std::size_t ix = 0; ix < nodes_x_; ++ix) {
      emission[iy * nodes_x_ + ix] = scale * rates[iy * grid.nx + ix];
    }
  }
  const std::size_t px = formation_->pixels_x();
  const std::size_t py = formation_->pixels_y();
  std::vector<float> image(px * py);
  formation_->form(emission, image, shift);
  const std::size_t width = region_.width / region_.binning;
  const std::size_t height = region_.height / region_.binning;
  const auto first_x = static_cast<std::ptrdiff_t>(std::lround(left)) + region_.left;
  const auto first_y = static_cast<std::ptrdiff_t>(std::lround(top)) + region_.top;
  for (std::size_t y = 0; y < height * region_.binning; ++y) {
    const auto from_y = first_y + static_cast<std::ptrdiff_t>(y);
    if (from_y < 0 || from_y >= static_cast<std::ptrdiff_t>(py)) {
      continue;  // beside the film
    }
    const float* row = image.data() + static_cast<std::size_t>(from_y) * px;
    float* to = out.data() + y / region_.binning * width;
    for (std::size_t x = 0; x < width * region_.binning; ++x) {
      const auto from_x = first_x + static_cast<std::ptrdiff_t>(x);
      if (from_x >= 0 && from_x < static_cast<std::ptrdiff_t>(px)) {
        to[x / region_.binning] += row[from_x];
      }
    }
  }
}

}  // namespace halotwin::devices::simulated
