// Other people's programs open our movies, and we open theirs: tifffile.
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "data/exports/tiff_movie.hpp"
#include "data/imports/movie_import.hpp"
#include "data/recording_reader.hpp"
#include "data/tiff_reader.hpp"
#include "data/tiff_writer.hpp"
#include "tests/data/programs.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

const std::string python = "/usr/bin/python3";

class Tifffile : public ::testing::TestWithParam<std::tuple<ElementType, bool>> {
 protected:
  void SetUp() override {
    if (run(python + " -c 'import tifffile' 2>/dev/null").status != 0) {
      GTEST_SKIP() << "tifffile is not installed";
    }
  }
};

template <class T>
void write_movie(const std::filesystem::path& path, TiffMovieSpec spec) {
  TiffMovieWriter writer(path, std::move(spec));
  for (std::size_t frame = 0; frame < 5; ++frame) {
    std::vector<T> values(24);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<T>(100 * frame + i);
    }
    constexpr double times_s[] = {0.0, 0.03, 0.06, 0.09, 0.12};
    writer.write_frame(std::span<const T>(values), times_s[frame]);
  }
  writer.finish();
}

TEST_P(Tifffile, OpensOurMovieWithItsCalibration) {
  const auto [type, big] = GetParam();
  const Folder folder;
  TiffMovieSpec spec;
  spec.width = 6;
  spec.height = 4;
  spec.type = type;
  spec.pixel_m = 100e-9;
  spec.frame_period_s = 0.03;
  spec.big = big ? BigTiff::always : BigTiff::when_needed;
  const auto path = folder / "movie.ome.tif";
  std::string word = "uint16";
  if (type == ElementType::u8) {
    write_movie<std::uint8_t>(path, spec);
    word = "uint8";
  } else if (type == ElementType::u16) {
    write_movie<std::uint16_t>(path, spec);
  } else {
    write_movie<float>(path, spec);
    word = "float32";
  }
  const auto outcome =
      run(python + " " HALOTWIN_SOURCE_DIR "/tests/data/open_tiff_with_python.py " + path.string() +
          " " + word + (big ? " 1" : " 0") + " 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    Tifffile,
    ::testing::Combine(::testing::Values(ElementType::u8, ElementType::u16, ElementType::f32),
                       ::testing::Bool()));

TEST_F(Tifffile, OpensAnExportedRecording) {
  const Folder folder;
  TiffMovieSpec spec;
  spec.width = 6;
  spec.height = 4;
  spec.pixel_m = 100e-9;
  spec.frame_period_s = 0.03;
  write_movie<std::uint16_t>(folder / "movie.ome.tif", spec);
  MovieImport job;
  job.source = folder / "movie.ome.tif";
  job.output = folder / "movie.nxs";
  (void)import_movie(job);
  const auto path = folder / "exported.ome.tif";
  export_tiff_movie(RecordingReader(job.output), path);
  const auto outcome =
      run(python + " " HALOTWIN_SOURCE_DIR "/tests/data/open_tiff_with_python.py " + path.string() +
          " uint16 0 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

/// What tifffile writes with the given arguments of imwrite.
TiffMovieInfo written_by_tifffile(const Folder& folder, const std::string& arguments) {
  const auto path = folder / "theirs.tif";
  const auto outcome = run(
      python + " -c \"import numpy, tifffile; a = numpy.arange(7 * 5 * 6).reshape(7, 5, 6); " +
      "tifffile.imwrite('" + path.string() + "', a.astype('uint16'), " + arguments + ")\" 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  TiffMovieReader reader(path);
  std::vector<std::uint16_t> values(30);
  for (std::size_t frame = 0; frame < reader.info().frames; ++frame) {
    reader.read_frame(frame, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(values[i], frame * 30 + i) << arguments;
    }
  }
  return reader.info();
}

TEST_F(Tifffile, WritesMoviesThatWeOpen) {
  const Folder folder;
  auto info = written_by_tifffile(
      folder,
      "imagej=True, resolution=(12.5, 12.5), metadata={'axes': 'TYX', 'unit': 'um', 'finterval': "
      "0.05}");
  EXPECT_EQ(info.kind, TiffKind::imagej);
  EXPECT_EQ(info.frames, 7U);
  EXPECT_EQ(info.axis, PlaneAxis::time);
  EXPECT_DOUBLE_EQ(info.pixel_width_m.value(), 0.08e-6);
  EXPECT_DOUBLE_EQ(info.frame_period_s.value(), 0.05);
  info = written_by_tifffile(
      folder,
      "ome=True, metadata={'axes': 'TYX', 'PhysicalSizeX': 80.0, 'PhysicalSizeXUnit': 'nm', "
      "'PhysicalSizeY': 80.0, 'PhysicalSizeYUnit': 'nm', 'TimeIncrement': 50, "
      "'TimeIncrementUnit': 'ms'}");
  EXPECT_EQ(info.kind, TiffKind::ome);
  EXPECT_EQ(info.frames, 7U);
  EXPECT_EQ(info.axis, PlaneAxis::time);
  EXPECT_DOUBLE_EQ(info.pixel_width_m.value(), 80e-9);
  EXPECT_DOUBLE_EQ(info.frame_period_s.value(), 0.05);
  info = written_by_tifffile(
      folder, "bigtiff=True, byteorder='>', tile=(16, 16), compression='zlib', metadata=None");
  EXPECT_EQ(info.kind, TiffKind::plain);
  EXPECT_TRUE(info.big);
  EXPECT_EQ(info.frames, 7U);
  EXPECT_EQ(info.axis, PlaneAxis::unknown);
}

}  // namespace
}  // namespace halotwin::data
