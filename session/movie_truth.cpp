#include "session/movie_truth.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/grid.hpp"
#include "sim/quenching_domains.hpp"
#include "sim/recombination_film.hpp"

namespace halotwin::session {

namespace {

data::SignalSpec on(const std::vector<data::Axis>& axes,
                    const char* group,
                    const char* unit,
                    const char* title) {
  return {.group = group,
          .type = data::ElementType::f32,
          .unit = unit,
          .axes = axes,
          .interpretation =
              axes.size() > 1 ? data::Interpretation::image : data::Interpretation::spectrum,
          .title = title};
}

std::size_t nearest_node(double at_m, double origin_m, double step_m, std::size_t n) {
  const double place = std::round((at_m - origin_m) / step_m);
  return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(n) - 1.0));
}

}  // namespace

bool is_movie(const data::RecordingSection& section) {
  return section.procedure == "pl_movie";
}

MovieTruth::MovieTruth(data::TruthWriter& truth,
                       const data::RecordingSection& section,
                       const devices::simulated::SimulatedBench& bench)
    : writer_(&truth), bench_(&bench), scan_(section.scan.value()), frames_(section.units) {
  writer_->set_scope(section.scope);
  const sim::RecombinationFilm* film = bench.world().specimen().recombination();
  if (film == nullptr) {
    return;  // nothing shines
  }
  const std::vector<data::Axis> pixels{
      {"y", "m", linear_spacing(scan_.y_start_m, scan_.y_end_m, scan_.points_y)},
      {"x", "m", linear_spacing(scan_.x_start_m, scan_.x_end_m, scan_.points_x)}};
  const auto add =
      [&](std::vector<data::SignalId>& to, const char* group, const char* unit, const char* title) {
        to.push_back(writer_->add_signal(on(pixels, group, unit, title)));
      };
  add(pixels_, "grain", "1", "grain at the middle of the pixel");
  add(pixels_, "loss_rate", "1/s", "monomolecular loss k1");
  add(pixels_, "mean_density", "1/m^3", "carriers, each centre on for its duty");
  add(clean_, "clean_map", "1", "mean correlation with the neighbours, no noise, steady light");
  add(clean_, "clean_mean", "1", "photons on the pixel in a frame");
  add(clean_, "clean_deviation", "1", "their standard deviation in time");
  add(domains_, "strongest_share", "1", "share of the strongest centre in the variance of a pixel");
  const auto number = [&](const char* group, const char* title) {
    data::SignalSpec spec = on(pixels, group, "1", title);
    spec.type = data::ElementType::u32;
    domains_.push_back(writer_->add_signal(spec));
  };
  number("strongest_centre", "centre that gives the largest part of a pixel's variance; 0: none");
  number("quenching_domain", "centre that gives more than half of a pixel's variance; 0: none");
  define_nodes(*film);
  define_centres(*film);
  define_offsets();
}

void MovieTruth::define_nodes(const sim::RecombinationFilm& film) {
  const Grid& grid = film.grid();
  const Point last = grid.centre(grid.nx - 1, grid.ny - 1);
  const std::vector<data::Axis> axes{
      {"y", "m", linear_spacing(grid.origin.y_m, last.y_m, grid.ny)},
      {"x", "m", linear_spacing(grid.origin.x_m, last.x_m, grid.nx)}};
  nodes_.push_back(writer_->add_signal(on(axes, "node_grain", "1", "grain of a node")));
  nodes_.push_back(writer_->add_signal(
      on(axes, "node_mean_density", "1/m^3", "carriers, each centre on for its duty")));
}

void MovieTruth::define_centres(const sim::RecombinationFilm& film) {
  const std::size_t n = film.centres().size();
  if (n == 0) {
    return;
  }
  const std::vector<data::Axis> axes{
      {"centre", "1", linear_spacing(1.0, static_cast<double>(n), n)}};
  const auto add = [&](const char* group, const char* unit, const char* title) {
    data::SignalSpec spec = on(axes, group, unit, title);
    spec.type = data::ElementType::f64;
    centres_.push_back(writer_->add_signal(spec));
  };
  add("centre_x", "m", "place of a recombination centre");
  add("centre_y", "m", "place of a recombination centre");
  add("centre_kappa", "m^2/s", "strength kappa of its node, per film thickness");
  add("centre_on_rate", "1/s", "off to on (quenching)");
  add("centre_off_rate", "1/s", "on to off");
  add("centre_tau", "s", "correlation time 1 / (on rate + off rate)");
  add("centre_duty", "1", "share of the time that it is on");
  add("centre_strong", "1", "1: of the strong population");
}

void MovieTruth::define_offsets() {
  const auto n = static_cast<double>(frames_);
  const std::vector<data::Axis> axes{{"frame", "1", linear_spacing(1.0, n, frames_)}};
  for (const char* name : {"film_offset_x", "film_offset_y"}) {
    data::SignalSpec spec = on(axes, name, "m", "place seen less nominal place on the film");
    spec.type = data::ElementType::f64;
    offsets_.push_back(writer_->add_signal(spec));
  }
}

void MovieTruth::begin() {
  if (const auto* film = bench_->world().specimen().recombination()) {
    write_fields(*film);
    write_centres(*film);
    write_domains(*film);
  }
}

void MovieTruth::write_centres(const sim::RecombinationFilm& film) {
  if (centres_.empty()) {
    return;
  }
  std::array<std::vector<double>, 8> columns;
  for (const sim::SwitchingCentre& c : film.centres()) {
    const std::array<double, 8> row{c.at.x_m,
                                    c.at.y_m,
                                    c.strength_m2_per_s,
                                    c.rates.on_rate_per_s,
                                    c.rates.off_rate_per_s,
                                    physics::correlation_time_s(c.rates),
                                    physics::duty(c.rates),
                                    c.strong ? 1.0 : 0.0};
    for (std::size_t i = 0; i < row.size(); ++i) {
      columns[i].push_back(row[i]);
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer_->write(centres_[i], {0}, std::span<const double>(columns[i]));
  }
}

void MovieTruth::write_domains(const sim::RecombinationFilm& film) {
  const devices::simulated::SimulatedCamera* camera = bench_->camera();
  if (camera == nullptr) {
    return;
  }
  const double step_m = (scan_.x_end_m - scan_.x_start_m) / static_cast<double>(scan_.points_x - 1);
  physics::MicroscopeParams optics = camera->params().optics;
  optics.pixel_m *= std::max(std::round(step_m / optics.pixel_m), 1.0);  // binned
  const std::array<double, 2>& origin = camera->params().origin_m;
  const Point corner{origin[0] + scan_.x_start_m - 0.5 * step_m,
                     origin[1] + scan_.y_start_m - 0.5 * step_m};
  const sim::QuenchingDomains found = sim::quenching_domains(
      film, optics, corner, scan_.points_x, scan_.points_y, bench_->threads());
  const auto numbers = [](const Image<std::int32_t>& image) {
    return std::vector<std::uint32_t>(image.values.begin(), image.values.end());
  };
  const std::vector<std::uint32_t> strongest = numbers(found.strongest);
  const std::vector<std::uint32_t> domain = numbers(found.domain);
  writer_->write(domains_[0], {0, 0}, std::span<const float>(found.share.values));
  writer_->write(domains_[1], {0, 0}, std::span<const std::uint32_t>(strongest));
  writer_->write(domains_[2], {0, 0}, std::span<const std::uint32_t>(domain));
}

void MovieTruth::write_fields(const sim::RecombinationFilm& film) {
  const Grid& grid = film.grid();
  const std::vector<float> density = sim::FilmEmission(film, 1.0).mean_density();
  std::vector<float> grain(film.grains().values.begin(), film.grains().values.end());
  writer_->write(nodes_[0], {0, 0}, std::span<const float>(grain));
  writer_->write(nodes_[1], {0, 0}, std::span<const float>(density));
  const auto y = linear_spacing(scan_.y_start_m, scan_.y_end_m, scan_.points_y);
  const auto x = linear_spacing(scan_.x_start_m, scan_.x_end_m, scan_.points_x);
  std::array<std::vector<float>, 3> fields;
  for (const double y_m : y) {
    for (const double x_m : x) {
      const std::size_t node =
          nearest_node(y_m, grid.origin.y_m, grid.step_y_m, grid.ny) * grid.nx +
          nearest_node(x_m, grid.origin.x_m, grid.step_x_m, grid.nx);
      fields[0].push_back(grain[node]);
      fields[1].push_back(static_cast<float>(film.carriers().loss_per_s[node]));
      fields[2].push_back(density[node]);
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    writer_->write(pixels_[i], {0, 0}, std::span<const float>(fields[i]));
  }
}

void MovieTruth::write_offsets(double frame_period_s) {
  const sim::World& world = bench_->world();
  const double end_s = world.now_s();
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t frame = 0; frame < frames_; ++frame) {
    const double before_s = static_cast<double>(frames_ - 1 - frame) * frame_period_s;
    const Point offset = world.drift(end_s - before_s);
    x.push_back(offset.x_m);
    y.push_back(offset.y_m);
  }
  writer_->write(offsets_[0], {0}, std::span<const double>(x));
  writer_->write(offsets_[1], {0}, std::span<const double>(y));
}

void MovieTruth::recorded(std::size_t done) {
  const devices::simulated::SimulatedCamera* camera = bench_->camera();
  if (done != frames_ || camera == nullptr || clean_.empty()) {
    return;
  }
  write_offsets(camera->settings().frame_period_s);
  const sim::CleanCorrelation& clean = camera->clean();
  if (clean.nx() != scan_.points_x || clean.ny() != scan_.points_y) {
    return;  // another region
  }
  const std::array<Image<float>, 3> maps{clean.map(), clean.mean(), clean.deviation()};
  for (std::size_t i = 0; i < maps.size(); ++i) {
    writer_->write(clean_[i], {0, 0}, std::span<const float>(maps[i].values));
  }
}

}  // namespace halotwin::session
