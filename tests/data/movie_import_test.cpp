#include "data/imports/movie_import.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/exports/tiff_movie.hpp"
#include "data/h5.hpp"
#include "data/recording_reader.hpp"
#include "data/seal.hpp"
#include "data/tiff_writer.hpp"
#include "tests/data/support.hpp"
#include "tests/data/tiff_files.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

constexpr std::size_t movie_frames = 6, height = 5, width = 7, size = height * width;

/// As tiff_values(): frame * 100 + pixel.
template <class T>
std::vector<T> h5_values() {
  std::vector<T> values;
  for (std::size_t t = 0; t < movie_frames; ++t) {
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(static_cast<T>(t * 100 + i));
    }
  }
  return values;
}

template <class T>
void put_h5(const std::filesystem::path& path,
            const std::vector<T>& values,
            ElementType type,
            const std::vector<std::string>& names = {"movie"},
            const std::vector<std::size_t>& shape = {movie_frames, height, width}) {
  h5::Handle file = h5::create_file(path);
  for (const std::string& name : names) {
    const auto extent = h5::make_signal(file.get(), "/" + name, type, shape);
    h5::flush(file.get());
    h5::write_at(h5::descriptor(file.get()), extent.offset, values.data(), extent.bytes);
  }
  h5::close_file(std::move(file));
}

class MovieImporter : public ::testing::Test {
 protected:
  MovieImport job(const std::string& source) const {
    MovieImport job;
    job.source = folder_ / source;
    job.output = folder_ / "out.nxs";
    job.calibration = {100e-9, 0.03};
    return job;
  }
  std::string refusal(const MovieImport& job) const {
    std::string why = message_of<DataError>([&] { (void)import_movie(job); });
    EXPECT_FALSE(std::filesystem::exists(job.output));
    EXPECT_FALSE(std::filesystem::exists(job.output.string() + ".part"));
    EXPECT_FALSE(std::filesystem::exists(job.output.string() + ".new"));
    EXPECT_EQ(why.find('\n'), std::string::npos);
    const std::string folder = folder_.path().string() + "/";
    return why.starts_with(folder) ? why.substr(folder.size()) : why;
  }
  void expect_movie(const RecordingReader& recording) const {
    EXPECT_EQ(recording.status(), RunStatus::complete);
    EXPECT_EQ(recording.header().procedure, "pl_movie");
    EXPECT_EQ(recording.read<std::uint16_t>("movie"), h5_values<std::uint16_t>());
  }
  Folder folder_;
};

TEST_F(MovieImporter, TiffBecomesARecordingOfPlMovie) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  const auto movie = import_movie(job("m.tif"));
  EXPECT_EQ(movie.frames, movie_frames);
  EXPECT_EQ(movie.notes.size(), 1U);  // no time stamps
  const RecordingReader recording(folder_ / "out.nxs");
  expect_movie(recording);
  EXPECT_FALSE(recording.header().sample.simulated);
  const SignalSpec spec = recording.spec("movie");
  EXPECT_EQ(spec.type, ElementType::u16);
  EXPECT_EQ(spec.axes[0].name, "time");
  EXPECT_NEAR(spec.axes[0].values[2], 0.06, 1e-12);
  EXPECT_NEAR(spec.axes[2].values[1], 1e-7, 1e-20);
  EXPECT_FALSE(recording.has_signal("frame_time"));
  EXPECT_FALSE(recording.has_signal("dark"));
  const Table camera = recording.collection("instrument/camera");
  EXPECT_EQ(std::get<double>(camera.find("pixel_size_m")->data), 1e-7);
  EXPECT_EQ(camera.find("counts_per_electron"), nullptr);
  const Table import = recording.collection("import");
  EXPECT_EQ(std::get<std::string>(import.find("file")->data), "m.tif");
  EXPECT_EQ(std::get<std::string>(import.find("sha256")->data), movie.sha256);
  EXPECT_EQ(recording.events().size(), 1U);
}

TEST_F(MovieImporter, HashIsTheStandardOne) {
  put_contents(folder_ / "abc", "abc");  // FIPS 180-2, appendix B.1
  EXPECT_EQ(hash_of_file(folder_ / "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(MovieImporter, FloatsAndBytesOfEveryKind) {
  TiffFile real;
  real.bits = 32;
  real.format = SAMPLEFORMAT_IEEEFP;
  real.tiled = true;
  real.compression = COMPRESSION_LZW;
  write_tiff<float>(folder_ / "f.tif", std::vector<TiffFile>(movie_frames, real));
  EXPECT_EQ(import_movie(job("f.tif")).notes.size(), 1U);
  expect_movie(RecordingReader(folder_ / "out.nxs"));
  TiffFile byte;
  byte.bits = 8;
  byte.mode = "wb";
  write_tiff<std::uint8_t>(folder_ / "b.tif", std::vector<TiffFile>(2, byte));
  MovieImport again = job("b.tif");
  again.overwrite = Overwrite::yes;
  (void)import_movie(again);
  EXPECT_EQ(RecordingReader(folder_ / "out.nxs").read<std::uint16_t>("movie")[size + 3], 103);
}

TEST_F(MovieImporter, Hdf5OfEveryType) {
  put_h5(folder_ / "u16.h5", h5_values<std::uint16_t>(), ElementType::u16, {"raw"});
  (void)import_movie(job("u16.h5"));
  expect_movie(RecordingReader(folder_ / "out.nxs"));
  put_h5(folder_ / "f32.h5", h5_values<float>(), ElementType::f32);
  put_h5(folder_ / "f64.h5", h5_values<double>(), ElementType::f64, {"a", "b"});
  put_h5(folder_ / "u32.h5", h5_values<std::uint32_t>(), ElementType::u32);
  for (const char* name : {"f32.h5", "f64.h5", "u32.h5"}) {
    MovieImport next = job(name);
    next.overwrite = Overwrite::yes;
    next.dataset = next.source.stem() == "f64" ? "b" : "";
    EXPECT_EQ(import_movie(next).kind,
              next.dataset.empty() ? "HDF5 dataset /movie" : "HDF5 dataset /b");
    expect_movie(RecordingReader(folder_ / "out.nxs"));
  }
}

TEST_F(MovieImporter, AxesOfAnNxDataGroupAreCalibration) {
  h5::Handle file = h5::create_file(folder_ / "nx.h5");
  h5::make_group(file.get(), "/scan", "NXdata");
  const auto values = h5_values<std::uint16_t>();
  const auto extent =
      h5::make_signal(file.get(), "/scan/data", ElementType::u16, {movie_frames, height, width});
  h5::flush(file.get());
  h5::write_at(h5::descriptor(file.get()), extent.offset, values.data(), extent.bytes);
  h5::set_attribute(file.get(), "/scan", "signal", "data");
  h5::set_attribute(file.get(), "/scan", "axes", std::vector<std::string>{"t", "y", "x"});
  h5::put_numbers(file.get(), "/scan/t", {0.0, 20.0, 40.0, 60.0, 80.0, 100.0}, "ms");
  h5::put_numbers(file.get(), "/scan/y", {0.0, 0.12, 0.24, 0.36, 0.48}, "um");
  h5::put_numbers(file.get(), "/scan/x", {0.0, 0.12, 0.24, 0.36, 0.48, 0.6, 0.72}, "um");
  h5::close_file(std::move(file));
  MovieImport as_it_says = job("nx.h5");
  as_it_says.calibration = {};
  as_it_says.dataset = "/scan/data";
  const auto movie = import_movie(as_it_says);
  EXPECT_NEAR(movie.pixel_m, 0.12e-6, 1e-18);
  EXPECT_NEAR(movie.frame_period_s, 0.02, 1e-12);
  const RecordingReader recording(folder_ / "out.nxs");
  expect_movie(recording);
  EXPECT_NEAR(recording.read<double>("frame_time")[5], 0.1, 1e-12);
}

TEST_F(MovieImporter, CalibrationOfTheFileIsUsedAndTheCommandLineWins) {
  TiffMovieSpec spec;
  spec.width = width;
  spec.height = height;
  spec.pixel_m = 80e-9;
  spec.frame_period_s = 0.05;
  TiffMovieWriter writer(folder_ / "m.ome.tif", spec);
  for (std::size_t t = 0; t < movie_frames; ++t) {
    const double lost = t > 3 ? 0.1 : 0.0;  // two frames
    writer.write_frame(std::span<const std::uint16_t>(tiff_values<std::uint16_t>({}, t)),
                       0.05 * static_cast<double>(t) + lost);
  }
  writer.finish();
  MovieImport as_it_says = job("m.ome.tif");
  as_it_says.calibration = {};
  const auto movie = import_movie(as_it_says);
  EXPECT_NEAR(movie.pixel_m, 80e-9, 1e-15);
  EXPECT_NEAR(movie.frame_period_s, 0.05, 1e-12);
  ASSERT_EQ(movie.notes.size(), 1U);
  EXPECT_EQ(movie.notes[0], "2 frames are missing, by the time stamps");
  {
    const RecordingReader recording(folder_ / "out.nxs");
    expect_movie(recording);
    EXPECT_NEAR(recording.read<double>("frame_time")[4], 0.3, 1e-9);
    EXPECT_EQ(recording.read<double>("frame_number"),
              (std::vector<double>{0.0, 1.0, 2.0, 3.0, 6.0, 7.0}));
  }
  MovieImport as_told = job("m.ome.tif");
  as_told.overwrite = Overwrite::yes;
  const auto told = import_movie(as_told);
  EXPECT_EQ(told.pixel_m, 100e-9);
  EXPECT_EQ(told.frame_period_s, 0.03);
  EXPECT_FALSE(RecordingReader(folder_ / "out.nxs").has_signal("frame_time"));
  EXPECT_NE(told.notes.at(0).find("contradict"), std::string::npos);
}

TEST_F(MovieImporter, WhatIsKnownOfTheCameraIsKept) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  write_tiff<std::uint16_t>(folder_ / "dark.tif", std::vector<TiffFile>(3));
  MovieImport known = job("m.tif");
  known.dark = folder_ / "dark.tif";
  known.camera.counts_per_electron = 20.0;
  known.camera.offset_counts = 500.0;
  (void)import_movie(known);
  const RecordingReader recording(folder_ / "out.nxs");
  const Table camera = recording.collection("instrument/camera");
  EXPECT_EQ(std::get<double>(camera.find("counts_per_electron")->data), 20.0);
  EXPECT_EQ(std::get<double>(camera.find("offset_counts")->data), 500.0);
  EXPECT_NEAR(recording.read<double>("dark")[4], 104.0, 1e-9);  // mean of 4, 104, 204
}

TEST_F(MovieImporter, FractionsAreRoundedWithANoteUnlessTheyAreTheSignal) {
  auto values = h5_values<double>();
  for (double& v : values) {
    v += 0.25;
  }
  put_h5(folder_ / "m.h5", values, ElementType::f64);
  const auto movie = import_movie(job("m.h5"));
  ASSERT_EQ(movie.notes.size(), 2U);
  EXPECT_NE(movie.notes[1].find("210 values were fractions"), std::string::npos);
  EXPECT_NE(movie.notes[1].find("0.25 counts"), std::string::npos);
  expect_movie(RecordingReader(folder_ / "out.nxs"));
  std::filesystem::remove(folder_ / "out.nxs");
  for (double& v : values) {
    v /= 1000.0;
  }
  put_h5(folder_ / "m.h5", values, ElementType::f64);
  EXPECT_EQ(refusal(job("m.h5")),
            "m.h5: holds fractions up to 0.534: expected camera counts (0 to 65535)");
}

TEST_F(MovieImporter, BadValuesAreNamedWithTheirPlace) {
  for (const auto& [value, text] : {std::pair{-4.0, "-4"},
                                    std::pair{65536.0, "65536"},
                                    std::pair{std::numeric_limits<double>::quiet_NaN(), "nan"},
                                    std::pair{std::numeric_limits<double>::infinity(), "inf"}}) {
    auto values = h5_values<double>();
    values[2 * size + 2 * width + 4] = value;
    put_h5(folder_ / "m.h5", values, ElementType::f64);
    EXPECT_EQ(refusal(job("m.h5")),
              fmt::format("m.h5: frame 3, row 3, column 5 is {}: expected 0 to 65535", text));
  }
}

TEST_F(MovieImporter, BadFilesGiveOneLineAndNoOutput) {
  write_tiff<std::uint16_t>(folder_ / "one.tif", std::vector<TiffFile>(1));
  EXPECT_EQ(refusal(job("one.tif")), "one.tif: holds one frame only: a movie needs two or more");
  TiffFile colour;
  colour.samples = 3;
  colour.photometric = PHOTOMETRIC_RGB;
  write_tiff<std::uint16_t>(folder_ / "rgb.tif", std::vector<TiffFile>(3, colour));
  EXPECT_NE(refusal(job("rgb.tif")).find("is a colour TIFF"), std::string::npos);
  TiffFile wide;
  wide.width = 9;
  write_tiff<std::uint16_t>(folder_ / "sizes.tif", {TiffFile{}, TiffFile{}, wide});
  EXPECT_EQ(refusal(job("sizes.tif")), "sizes.tif: frame 3 has 9 x 5 pixels, frame 1 has 7 x 5");
  put_contents(folder_ / "text.tif", "not a movie");
  EXPECT_EQ(refusal(job("text.tif")),
            "text.tif: is neither TIFF nor HDF5, nor a scan of a known format");
  EXPECT_EQ(refusal(job("none.tif")), "none.tif: does not exist");
  write_complete(folder_ / "map.nxs");
  EXPECT_NE(refusal(job("map.nxs")).find("is a file of this program already"), std::string::npos);
  put_h5(folder_ / "two.h5", h5_values<float>(), ElementType::f32, {"a", "b"});
  EXPECT_NE(refusal(job("two.h5")).find("(/a, /b): name one"), std::string::npos);
  MovieImport wrong = job("two.h5");
  wrong.dataset = "c";
  EXPECT_EQ(refusal(wrong), "two.h5: no dataset /c (there are: /a, /b)");
  put_h5(folder_ / "flat.h5", h5_values<float>(), ElementType::f32, {"a"}, {movie_frames, size});
  EXPECT_EQ(refusal(job("flat.h5")), "flat.h5: holds no dataset of numbers (frame, y, x)");
  put_h5(folder_ / "short.h5", h5_values<float>(), ElementType::f32, {"a"}, {1, height, width});
  EXPECT_NE(refusal(job("short.h5")).find("needs two or more"), std::string::npos);
}

TEST_F(MovieImporter, WithoutCalibrationItSaysWhatToGive) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  MovieImport lacking = job("m.tif");
  lacking.calibration = {};
  EXPECT_NE(refusal(lacking).find("--pixel-size"), std::string::npos);
  lacking.calibration.pixel_m = 1e-7;
  EXPECT_NE(refusal(lacking).find("--frame-time"), std::string::npos);
}

TEST_F(MovieImporter, DarkFramesMustFit) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  TiffFile wide;
  wide.width = 9;
  write_tiff<std::uint16_t>(folder_ / "dark.tif", {wide, wide});
  MovieImport wrong = job("m.tif");
  wrong.dark = folder_ / "dark.tif";
  EXPECT_EQ(refusal(wrong), "dark.tif: has 9 x 5 pixels, the movie has 7 x 5");
}

TEST_F(MovieImporter, AnExistingOutputStays) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  put_contents(folder_ / "out.nxs", "precious");
  EXPECT_THROW((void)import_movie(job("m.tif")), DataError);
  auto values = h5_values<double>();
  values.back() = -1.0;
  put_h5(folder_ / "bad.h5", values, ElementType::f64);
  MovieImport forced = job("bad.h5");
  forced.overwrite = Overwrite::yes;
  EXPECT_THROW((void)import_movie(forced), DataError);
  EXPECT_EQ(contents(folder_ / "out.nxs"), "precious");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.nxs.part"));
}

TEST_F(MovieImporter, AStopLeavesNothingBehind) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  MovieImport stopped = job("m.tif");
  stopped.progress = [](std::size_t done, std::size_t) {
    if (done == 3) {
      throw Interrupted("stop");
    }
  };
  EXPECT_THROW((void)import_movie(stopped), Interrupted);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.nxs.part"));
}

TEST_F(MovieImporter, ExportAndImportGiveTheSameMovie) {
  write_tiff<std::uint16_t>(folder_ / "m.tif", std::vector<TiffFile>(movie_frames));
  (void)import_movie(job("m.tif"));
  {
    const RecordingReader recording(folder_ / "out.nxs");
    export_tiff_movie(recording, folder_ / "again.ome.tif");
    EXPECT_THROW(export_tiff_movie(recording, folder_ / "again.ome.tif"), DataError);
  }
  std::filesystem::remove(folder_ / "out.nxs");
  MovieImport again = job("again.ome.tif");
  again.calibration = {};
  const auto movie = import_movie(again);
  EXPECT_NEAR(movie.pixel_m, 1e-7, 1e-14);
  EXPECT_NEAR(movie.frame_period_s, 0.03, 1e-9);
  expect_movie(RecordingReader(folder_ / "out.nxs"));
  write_complete(folder_ / "map.nxs");
  EXPECT_THROW(export_tiff_movie(RecordingReader(folder_ / "map.nxs"), folder_ / "no.tif"),
               DataError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no.tif"));
}

/// Damages a file in `damages` ways; whatever comes, it is a movie or one line.
void fuzz(const Folder& folder,
          const std::string& name,
          std::uint64_t seed,
          int damages,
          bool cut_only,
          int& refused) {
  const std::string whole = contents(folder / name);
  for (int i = 0; i < damages; ++i) {
    RandomStream random(seed, Purpose::test_data, static_cast<std::uint32_t>(i));
    std::string bytes = whole;
    const std::uint32_t changes = cut_only ? 0U : 1U + random.index(4);
    for (std::uint32_t c = 0; c < changes; ++c) {
      bytes[random.index(static_cast<std::uint32_t>(bytes.size()))] =
          static_cast<char>(random.index(256));
    }
    if (cut_only || random.index(4) == 0) {
      bytes.resize(random.index(static_cast<std::uint32_t>(bytes.size())));
    }
    put_contents(folder / ("damaged_" + name), bytes);
    MovieImport job;
    job.source = folder / ("damaged_" + name);
    job.output = folder / "fuzz.nxs";
    job.calibration = {1e-7, 0.03};
    job.overwrite = Overwrite::yes;
    try {
      (void)import_movie(job);
      std::filesystem::remove(job.output);
    } catch (const DataError& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
    EXPECT_FALSE(std::filesystem::exists(job.output)) << i;
    EXPECT_FALSE(std::filesystem::exists(job.output.string() + ".part")) << i;
  }
}

TEST_F(MovieImporter, DamagedFilesNeverCrash) {
  int refused = 0;
  TiffFile described;
  described.description = "ImageJ=1.53t\nimages=3\nframes=3\nunit=um\nfinterval=0.03\n";
  described.resolution = 10.0F;
  write_tiff<std::uint16_t>(folder_ / "ij.tif", std::vector<TiffFile>(3, described));
  fuzz(folder_, "ij.tif", 1, 25, false, refused);
  TiffFile packed;
  packed.compression = COMPRESSION_LZW;
  packed.mode = "wb8";
  write_tiff<std::uint16_t>(folder_ / "big.tif", std::vector<TiffFile>(3, packed));
  fuzz(folder_, "big.tif", 2, 25, false, refused);
  put_h5(folder_ / "m.h5", h5_values<float>(), ElementType::f32);
  fuzz(folder_, "m.h5", 3, 25, true, refused);
  EXPECT_GT(refused, 25);
  EXPECT_LT(refused, 75);  // some damage is to pixels only
}

}  // namespace
}  // namespace halotwin::data
