#include "analysis/movie.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/pipelines/clim_file.hpp"
#include "base/errors.hpp"
#include "base/grid.hpp"
#include "data/recording_writer.hpp"
#include "tests/data/support.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t frames = 7, ny = 3, nx = 4;

std::uint16_t counts_at(std::size_t t, std::size_t y, std::size_t x) {
  return static_cast<std::uint16_t>(10000 * t + 100 * y + x);
}

std::vector<std::uint16_t> all_counts() {
  std::vector<std::uint16_t> counts;
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t y = 0; y < ny; ++y) {
      for (std::size_t x = 0; x < nx; ++x) {
        counts.push_back(counts_at(t % 6, y, x));
      }
    }
  }
  return counts;
}

MovieInfo small_info() {
  MovieInfo info;
  info.frames = frames;
  info.ny = ny;
  info.nx = nx;
  info.frame_period_s = 0.03;
  info.pixel_m = 1e-7;
  return info;
}

TEST(MovieInMemory, GivesTheFramesThatWentIn) {
  const MovieInMemory movie(small_info(), all_counts());
  std::vector<std::uint16_t> two(2 * nx * ny);
  movie.read(3, 2, two);
  EXPECT_EQ(two[0], counts_at(3, 0, 0));
  EXPECT_EQ(two[nx * ny + 2 * nx + 1], counts_at(4, 2, 1));
  EXPECT_DOUBLE_EQ(movie.info().frame_time_s[5], 0.15);
  EXPECT_EQ(movie.info().valid, std::vector<std::uint8_t>(frames, 1));
  EXPECT_FALSE(movie.info().frame_times_are_measured);
}

TEST(MovieInMemory, RefusesFramesThatAreNotThereAndSizesThatDiffer) {
  const MovieInMemory movie(small_info(), all_counts());
  std::vector<std::uint16_t> two(2 * nx * ny);
  EXPECT_THROW(movie.read(6, 2, two), ParameterError);
  EXPECT_THROW(movie.read(0, 3, two), ParameterError);
  EXPECT_THROW(movie.read(std::numeric_limits<std::size_t>::max(), 2, two), ParameterError);
  EXPECT_THROW(MovieInMemory(small_info(), std::vector<std::uint16_t>(5)), ParameterError);
  MovieInfo wrong = small_info();
  wrong.dark.assign(5, 0.0);
  EXPECT_THROW(MovieInMemory(wrong, all_counts()), ParameterError);
}

TEST(MovieInMemory, BackgroundIsTheDarkFrameThenTheOffsetThenUnknown) {
  MovieInfo info = small_info();
  EXPECT_FALSE(background_of(info).known);
  EXPECT_EQ(background_of(info).counts, std::vector<double>(nx * ny, 0.0));
  info.offset_counts = 500.0;
  EXPECT_TRUE(background_of(info).known);
  EXPECT_EQ(background_of(info).counts, std::vector<double>(nx * ny, 500.0));
  info.dark.assign(nx * ny, 498.5);
  info.dark[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(background_of(info).counts[0], 498.5);
  EXPECT_EQ(background_of(info).counts[3], 500.0);
}

struct Parts {
  bool lists = true;
  bool camera = true;
  double step_y_m = 1e-7;
  std::size_t frames_written = frames;
  data::ElementType type = data::ElementType::u16;
  std::string unit_of_time = "s";
};

std::filesystem::path record(const data::testing::Folder& folder, const Parts& parts) {
  data::RecordingHeader header;
  header.title = "movie";
  header.procedure = "pl_movie";
  header.sample.name = "film";
  header.units_total = frames;
  header.unit_word = "frame";
  const auto path = folder / "movie.nxs";
  auto out = data::RecordingWriter::create(path, header);
  const data::Axis time{
      "time", parts.unit_of_time, linear_spacing(0.0, 0.03 * (frames - 1), frames), {}};
  const data::Axis y{"y", "m", linear_spacing(0.0, parts.step_y_m * (ny - 1), ny), {}};
  const data::Axis x{"x", "m", linear_spacing(0.0, 1e-7 * (nx - 1), nx), {}};
  data::SignalSpec spec{
      .group = "movie", .type = parts.type, .unit = "counts", .axes = {time, y, x}};
  spec.is_default_plot = true;
  const auto movie = out.add_signal(spec);
  data::SignalId frame_time;
  data::SignalId valid;
  data::SignalId dark;
  if (parts.lists) {
    frame_time = out.add_signal(
        {.group = "frame_time", .type = data::ElementType::f64, .unit = "s", .axes = {time}});
    valid = out.add_signal(
        {.group = "frame_valid", .type = data::ElementType::u8, .unit = "", .axes = {time}});
    dark = out.add_signal(
        {.group = "dark", .type = data::ElementType::f64, .unit = "counts", .axes = {y, x}});
  }
  if (parts.camera) {
    out.add_collection("instrument/camera",
                       data::parse_toml("frame_period_s = 0.0301\ncounts_per_electron = 20.0\n"
                                        "excess_factor = 2\nread_noise_e = 0.5\n"
                                        "offset_counts = 500\nsaturation_counts = 65535\n"
                                        "pixel_size_m = 1.02e-7\nexposure_s = 0.03\n",
                                        "test"),
                       "NXdetector");
  }
  out.begin();
  const auto counts = all_counts();
  for (std::size_t t = 0; t < parts.frames_written; ++t) {
    if (parts.type == data::ElementType::u16) {
      out.write(movie, {t}, std::span(counts).subspan(t * nx * ny, nx * ny));
    }
    if (parts.lists) {
      out.write_value(frame_time, {t}, 0.0301 * static_cast<double>(t) + (t > 4 ? 0.0301 : 0.0));
      out.write_value(valid, {t}, t == 4 ? 0.0 : 1.0);
    }
    out.save_checkpoint(t + 1);
  }
  if (parts.lists) {
    out.write(dark, {}, std::span<const double>(std::vector<double>(nx * ny, 499.0)));
  }
  out.finish(
      parts.frames_written == frames ? data::RunStatus::complete : data::RunStatus::interrupted,
      Duration{});
  return path;
}

TEST(RecordedMovie, ReadsFramesAndWhatTheCameraSaid) {
  const data::testing::Folder folder;
  const RecordedMovie movie(record(folder, {}));
  const MovieInfo& info = movie.info();
  EXPECT_EQ(info.frames, frames);
  EXPECT_EQ(info.ny, ny);
  EXPECT_EQ(info.nx, nx);
  EXPECT_EQ(info.pixel_m, 1.02e-7);
  EXPECT_EQ(info.frame_period_s, 0.0301);
  EXPECT_EQ(info.counts_per_electron, 20.0);
  EXPECT_EQ(info.excess_factor, 2.0);
  EXPECT_EQ(info.read_noise_e, 0.5);
  EXPECT_EQ(info.offset_counts, 500.0);
  EXPECT_EQ(info.saturation_counts, 65535U);
  EXPECT_TRUE(info.frame_times_are_measured);
  EXPECT_DOUBLE_EQ(info.frame_time_s[5], 6 * 0.0301);
  EXPECT_EQ(info.valid[3], 1);
  EXPECT_EQ(info.valid[4], 0);
  EXPECT_EQ(info.dark, std::vector<double>(nx * ny, 499.0));
  EXPECT_EQ(movie.signals_read(), "movie, frame_time, frame_valid, dark");
  std::vector<std::uint16_t> part(3 * nx * ny);
  movie.read(2, 3, part);
  const auto counts = all_counts();
  EXPECT_TRUE(std::equal(part.begin(), part.end(), counts.begin() + 2 * nx * ny));
  EXPECT_THROW(movie.read(5, 3, part), ParameterError);
}

TEST(RecordedMovie, WhatIsMissingIsUnknown) {
  const data::testing::Folder folder;
  const RecordedMovie movie(record(folder, {.lists = false, .camera = false}));
  const MovieInfo& info = movie.info();
  EXPECT_NEAR(info.pixel_m, 1e-7, 1e-20);
  EXPECT_NEAR(info.frame_period_s, 0.03, 1e-15);
  EXPECT_EQ(info.counts_per_electron, 0.0);
  EXPECT_EQ(info.excess_factor, 0.0);
  EXPECT_TRUE(std::isnan(info.read_noise_e));
  EXPECT_TRUE(std::isnan(info.offset_counts));
  EXPECT_EQ(info.saturation_counts, 0U);
  EXPECT_TRUE(info.dark.empty());
  EXPECT_FALSE(info.frame_times_are_measured);
  EXPECT_NEAR(info.frame_time_s[6], 0.18, 1e-12);
  EXPECT_EQ(info.valid, std::vector<std::uint8_t>(frames, 1));
}

TEST(RecordedMovie, OfABrokenRecordingOnlyWhatWasTakenIsThere) {
  const data::testing::Folder folder;
  const RecordedMovie movie(record(folder, {.frames_written = 5}));
  EXPECT_EQ(movie.info().frames, 5U);
  EXPECT_EQ(movie.info().frame_time_s.size(), 5U);
  std::vector<std::uint16_t> part(nx * ny);
  EXPECT_THROW(movie.read(5, 1, part), ParameterError);
}

TEST(RecordedMovie, RefusesWhatIsNoMovieInOneLine) {
  const auto message = [](const Parts& parts) {
    const data::testing::Folder folder;
    const auto path = record(folder, parts);
    return data::testing::message_of<DataError>([&] { const RecordedMovie movie(path); });
  };
  EXPECT_NE(message({.step_y_m = 2e-7}).find("square"), std::string::npos);
  EXPECT_NE(message({.type = data::ElementType::f32}).find("not uint16"), std::string::npos);
  EXPECT_NE(message({.camera = false, .unit_of_time = "1"}).find("no frame period"),
            std::string::npos);
  EXPECT_NE(message({.frames_written = 0}).find("no frame of the movie was taken"),
            std::string::npos);
  const data::testing::Folder folder;
  data::testing::write_complete(folder / "map.nxs");
  EXPECT_NE(data::testing::message_of<DataError>([&] {
              const RecordedMovie movie(folder / "map.nxs");
            }).find("holds no movie"),
            std::string::npos);
}

}  // namespace
}  // namespace halotwin::analysis
