#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/tiff_metadata.hpp"
#include "data/tiff_reader.hpp"
#include "data/tiff_writer.hpp"
#include "tests/data/support.hpp"
#include "tests/data/tiff_files.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

std::string reason_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

void expect_refused(const std::filesystem::path& path, const std::string& words) {
  const std::string reason = reason_of([&] { TiffMovieReader{path}; });
  EXPECT_NE(reason.find(words), std::string::npos) << reason;
  EXPECT_NE(reason.find(path.filename().string()), std::string::npos) << reason;
  EXPECT_EQ(reason.find('\n'), std::string::npos) << reason;
}

TiffMovieSpec small_spec(ElementType type) {
  TiffMovieSpec spec;
  spec.width = 6;
  spec.height = 4;
  spec.type = type;
  spec.pixel_m = 100e-9;
  spec.frame_period_s = 0.03;
  spec.name = "film <1> & \"2\"";
  spec.software = "halotwin test";
  return spec;
}

// Every way in which a program may lay out the same movie.
TEST(TiffReader, ReadsEveryLayout) {
  const Folder folder;
  for (const char* mode : {"wl", "wb", "wl8", "wb8"}) {
    for (const int compression :
         {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
      for (const bool tiled : {false, true}) {
        TiffFile f;
        f.mode = mode;
        f.width = 19;
        f.height = 21;
        f.compression = static_cast<std::uint16_t>(compression);
        f.tiled = tiled;
        const auto path = folder / "movie.tif";
        write_tiff<std::uint16_t>(path, {f, f, f});
        TiffMovieReader reader(path);
        EXPECT_EQ(reader.info().width, 19U);
        EXPECT_EQ(reader.info().height, 21U);
        ASSERT_EQ(reader.info().frames, 3U);
        EXPECT_EQ(reader.info().type, ElementType::u16);
        EXPECT_EQ(reader.info().big, std::string(mode).ends_with('8'));
        EXPECT_EQ(reader.info().kind, TiffKind::plain);
        EXPECT_FALSE(reader.info().pixel_width_m);
        std::vector<std::uint16_t> values(19 * 21);
        for (const std::size_t frame : {2U, 0U, 1U}) {  // in any order
          reader.read_frame(frame, values);
          EXPECT_EQ(values, tiff_values<std::uint16_t>(f, frame));
        }
      }
    }
  }
}

TEST(TiffReader, ReadsTheThreeTypes) {
  const Folder folder;
  TiffFile f;
  std::vector<float> values(35);
  f.bits = 8;
  write_tiff<std::uint8_t>(folder / "a.tif", {f, f});
  TiffMovieReader bytes(folder / "a.tif");
  EXPECT_EQ(bytes.info().type, ElementType::u8);
  bytes.read_frame(1, values);
  EXPECT_EQ(values[34], 134.0F);
  f.bits = 32;
  f.format = SAMPLEFORMAT_IEEEFP;
  f.mode = "wb";
  write_tiff<float>(folder / "b.tif", {f, f});
  TiffMovieReader floats(folder / "b.tif");
  EXPECT_EQ(floats.info().type, ElementType::f32);
  floats.read_frame(1, values);
  EXPECT_EQ(values, tiff_values<float>(f, 1));
  std::vector<std::uint16_t> counts(35);
  EXPECT_NE(reason_of([&] { floats.read_frame(1, counts); }).find("whole numbers"),
            std::string::npos);
  EXPECT_NE(reason_of([&] { floats.read_frame(2, values); }).find("no frame 3"), std::string::npos);
  values.pop_back();
  EXPECT_THROW(floats.read_frame(1, values), DataError);
}

TEST(TiffReader, TakesThePixelSizeAndPeriodThatImageJWrites) {
  const Folder folder;
  for (const auto& [unit, metre] : {std::pair{"micron", 1e-6},
                                    std::pair{"\\u00B5m", 1e-6},
                                    std::pair{"nm", 1e-9},
                                    std::pair{"mm", 1e-3}}) {
    TiffFile f;
    f.resolution = 8.0F;
    f.description = std::string("ImageJ=1.53t\nimages=2\nframes=2\nunit=") + unit +
                    "\nfinterval=30\ntunit=ms\nmin=0.0\n";
    write_tiff<std::uint16_t>(folder / "m.tif", {f, f});
    const TiffMovieReader reader(folder / "m.tif");
    EXPECT_EQ(reader.info().kind, TiffKind::imagej);
    EXPECT_EQ(reader.info().axis, PlaneAxis::time);
    ASSERT_TRUE(reader.info().pixel_width_m);
    EXPECT_DOUBLE_EQ(*reader.info().pixel_width_m, metre / 8.0);
    EXPECT_DOUBLE_EQ(*reader.info().frame_period_s, 0.03);
  }
  TiffFile f;
  f.resolution = 72.0F;
  f.description = "ImageJ=1.53t\nimages=2\nslices=2\nunit=inch\n";
  write_tiff<std::uint16_t>(folder / "m.tif", {f, f});
  const TiffMovieReader reader(folder / "m.tif");
  EXPECT_FALSE(reader.info().pixel_width_m);  // 72 per inch is for printers
  EXPECT_EQ(reader.info().axis, PlaneAxis::depth);
}

// ImageJ saves more than 4 GB as one directory and the frames behind it.
TEST(TiffReader, ReadsTheRunOfFramesBehindOneDirectory) {
  const Folder folder;
  for (const char* mode : {"wl", "wb"}) {
    TiffFile f;
    f.mode = mode;
    f.rows_per_strip = 5;
    f.description = "ImageJ=1.53t\nimages=3\nframes=3\nunit=um\nfinterval=0.1\n";
    const auto path = folder / "run.tif";
    write_tiff<std::uint16_t>(path, {f});
    // move the only strip to the end of the file and let two more frames follow
    std::string bytes = contents(path);
    const bool big_endian = std::string(mode) == "wb";
    const auto number = [&](std::size_t at, std::size_t size) {
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t place = big_endian ? i : size - 1 - i;
        value = value * 256 + static_cast<unsigned char>(bytes[at + place]);
      }
      return value;
    };
    const std::size_t directory = number(4, 4);
    const std::size_t entries = number(directory, 2);
    const std::size_t end = bytes.size() + bytes.size() % 2;
    bytes.resize(end);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t entry = directory + 2 + 12 * i;
      if (number(entry, 2) == TIFFTAG_STRIPOFFSETS) {
        for (std::size_t k = 0; k < 4; ++k) {
          bytes[entry + 8 + (big_endian ? 3 - k : k)] = static_cast<char>(end >> (8 * k));
        }
      }
    }
    for (std::size_t frame = 0; frame < 3; ++frame) {
      for (const std::uint16_t value : tiff_values<std::uint16_t>(f, frame)) {
        const char low = static_cast<char>(value & 255U);
        const char high = static_cast<char>(value >> 8U);
        bytes += big_endian ? std::string{high, low} : std::string{low, high};
      }
    }
    put_contents(path, bytes);
    TiffMovieReader reader(path);
    ASSERT_EQ(reader.info().frames, 3U);
    std::vector<std::uint16_t> values(35);
    for (const std::size_t frame : {2U, 0U, 1U}) {
      reader.read_frame(frame, values);
      EXPECT_EQ(values, tiff_values<std::uint16_t>(f, frame));
    }
    put_contents(path, bytes.substr(0, bytes.size() - 1));
    expect_refused(path, "speaks of 3 frames, data are there for 2");
  }
}

TEST(TiffReader, RefusesWhatIsNoMovieWithOneClearLine) {
  const Folder folder;
  const auto path = folder / "movie.tif";
  expect_refused(path, "does not exist");
  expect_refused(folder.path(), "is no file");
  put_contents(path, "P5 3 3 255 .........");
  expect_refused(path, "is no TIFF file");
  put_contents(path, "");
  expect_refused(path, "is no TIFF file");
  const TiffFile f;
  write_tiff<std::uint16_t>(path, {f});
  expect_refused(path, "one frame only");
  TiffFile other = f;
  other.width = 8;
  write_tiff<std::uint16_t>(path, {f, f, other});
  expect_refused(path, "frame 3 has 8 x 5 pixels, frame 1 has 7 x 5");
  other = f;
  other.format = SAMPLEFORMAT_INT;
  write_tiff<std::uint16_t>(path, {f, other});
  expect_refused(path, "frame 2 has values of another type");
  write_tiff<std::uint16_t>(path, {other, other});
  expect_refused(path, "16-bit signed");
  other = f;
  other.samples = 3;
  other.bits = 8;
  other.photometric = PHOTOMETRIC_RGB;
  write_tiff<std::uint8_t>(path, {other, other});
  expect_refused(path, "colour TIFF (3 samples per pixel)");
  other.samples = 1;
  other.photometric = PHOTOMETRIC_PALETTE;
  write_tiff<std::uint8_t>(path, {other, other});
  expect_refused(path, "colour TIFF (colour table)");
  other.photometric = PHOTOMETRIC_MINISWHITE;
  write_tiff<std::uint8_t>(path, {other, other});
  expect_refused(path, "photometric interpretation 0");
  other = f;
  other.bits = 32;
  write_tiff<std::uint32_t>(path, {other, other});
  expect_refused(path, "32-bit unsigned");
  other = f;
  other.description = "ImageJ=1.53t\nimages=2\nchannels=2\n";
  write_tiff<std::uint16_t>(path, {other, f});
  expect_refused(path, "2 channels");
  other.description = "ImageJ=1.53t\nimages=4\nslices=2\nframes=2\n";
  write_tiff<std::uint16_t>(path, {other, f, f, f});
  expect_refused(path, "2 slices at each of 2 times");
  other.description = "ImageJ=1.53t\nimages=4\nframes=4\n";
  write_tiff<std::uint16_t>(path, {other, f});
  expect_refused(path, "holds 2 frames, but its ImageJ text speaks of 4");
}

/// The value of a field in every directory of a classic little-endian file is replaced.
std::string with_field(std::string bytes, std::uint16_t tag, std::uint32_t value) {
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint32_t n = 0;
    for (std::size_t i = size; i-- > 0;) {
      n = n * 256 + static_cast<unsigned char>(bytes.at(at + i));
    }
    return n;
  };
  for (std::size_t at = number(4, 4); at != 0;) {
    const std::size_t entries = number(at, 2);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t entry = at + 2 + 12 * i;
      if (number(entry, 2) == tag) {
        for (std::size_t k = 0; k < 4; ++k) {
          bytes[entry + 8 + k] = static_cast<char>(value >> (8 * k));
        }
      }
    }
    at = number(at + 2 + 12 * entries, 4);
  }
  return bytes;
}

TEST(TiffReader, NamesACompressionThatItDoesNotRead) {
  const Folder folder;
  const auto path = folder / "movie.tif";
  TiffFile f;
  f.mode = "wl";
  write_tiff<std::uint16_t>(path, {f, f});
  const std::string good = contents(path);
  put_contents(path, with_field(good, TIFFTAG_COMPRESSION, 7));
  expect_refused(path, "compression 7 (JPEG): expected none, LZW, deflate, PackBits or ZSTD");
  put_contents(path, with_field(good, TIFFTAG_COMPRESSION, 31999));
  expect_refused(path, "compression 31999");
}

TEST(TiffReader, NamesFrameAndPixelOfAValueThatIsNotFinite) {
  const Folder folder;
  const auto path = folder / "movie.tif";
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    TiffMovieWriter writer(path, small_spec(ElementType::f32), Overwrite::yes);
    std::vector<float> values(24, 1.5F);
    writer.write_frame(std::span<const float>(values));
    values[15] = bad;
    writer.write_frame(std::span<const float>(values));
    writer.finish();
    TiffMovieReader reader(path);
    reader.read_frame(0, values);
    const std::string reason = reason_of([&] { reader.read_frame(1, values); });
    EXPECT_NE(reason.find("frame 2, pixel (3, 2) is "), std::string::npos) << reason;
  }
}

// OME-XML as other programs write it: name spaces, units, comments, planes in any order.
TEST(OmeXml, IsUnderstoodInItsVariants) {
  const std::string head =
      "<?xml version=\"1.0\"?><!-- <Pixels SizeX='9'> --><OME:OME "
      "xmlns:OME='http://www.openmicroscopy.org/Schemas/OME/2015-01'>";
  const auto said = parse_ome_xml(
      head +
      "<OME:Image ID='Image:0'><OME:Pixels DimensionOrder='XYCZT' SizeX='4' SizeY='4' SizeZ='1' "
      "SizeC='1' SizeT='3' PhysicalSizeX='65.5' PhysicalSizeXUnit='nm' PhysicalSizeY = '0.0655' "
      "TimeIncrement='30' TimeIncrementUnit='ms'><OME:Plane TheT='1' TheZ='0' TheC='0' "
      "DeltaT='0.031'/><OME:Plane TheT='0' DeltaT='0' ExposureTime='29' ExposureTimeUnit='ms'/>"
      "<OME:Plane TheT='2' DeltaT='62.5' DeltaTUnit='ms'/></OME:Pixels></OME:Image></OME:OME>");
  EXPECT_EQ(said.frames, 3U);
  EXPECT_EQ(said.axis, PlaneAxis::time);
  EXPECT_DOUBLE_EQ(said.pixel_width_m.value(), 65.5e-9);
  EXPECT_DOUBLE_EQ(said.pixel_height_m.value(), 65.5e-9);
  EXPECT_DOUBLE_EQ(said.frame_period_s.value(), 0.03);
  EXPECT_DOUBLE_EQ(said.exposure_s.value(), 0.029);
  ASSERT_EQ(said.frame_times_s.size(), 3U);
  EXPECT_DOUBLE_EQ(said.frame_times_s[1], 0.031);
  EXPECT_DOUBLE_EQ(said.frame_times_s[2], 0.0625);
}

TEST(OmeXml, LeavesOutWhatItDoesNotUnderstand) {
  const auto said = parse_ome_xml(
      "<OME><Pixels SizeT='2' PhysicalSizeX='12' PhysicalSizeXUnit='pixel' PhysicalSizeY='wide' "
      "TimeIncrement='-1'><Plane TheT='0' DeltaT='0'/></Pixels></OME>");
  EXPECT_FALSE(said.pixel_width_m);
  EXPECT_FALSE(said.pixel_height_m);
  EXPECT_FALSE(said.frame_period_s);
  EXPECT_TRUE(said.frame_times_s.empty());  // one of two planes only
  EXPECT_EQ(parse_ome_xml("<OME><Pixels SizeZ='5'/>").axis, PlaneAxis::depth);
  EXPECT_EQ(parse_ome_xml("<Pixels SizeT=").frames, 1U);
  EXPECT_EQ(ome_series("<OME><Pixels/><Pixels/></OME>"), 2U);
}

TEST(Calibration, IsTheFilesOrTheUsersAndNeverGuessed) {
  TiffMovieInfo info;
  info.axis = PlaneAxis::time;
  info.pixel_width_m = 1e-7;
  info.pixel_height_m = 1.1e-7;
  info.frame_period_s = 0.03;
  auto found = calibration_of(info, {}, "m.tif");
  EXPECT_EQ(found.pixel_height_m, 1.1e-7);
  EXPECT_EQ(found.frame_period_s, 0.03);
  EXPECT_FALSE(found.pixel_is_given);
  found = calibration_of(info, {2e-7, 0.1}, "m.tif");
  EXPECT_EQ(found.pixel_width_m, 2e-7);
  EXPECT_EQ(found.frame_period_s, 0.1);
  EXPECT_TRUE(found.pixel_is_given && found.period_is_given);
  const auto why = [&](const TiffMovieInfo& i, const GivenCalibration& given = {}) {
    return reason_of([&] { (void)calibration_of(i, given, "m.tif"); });
  };
  auto lacking = info;
  lacking.pixel_width_m.reset();
  EXPECT_EQ(why(lacking),
            "m.tif: does not say its pixel size: give it, as --pixel-size \"100 nm\"");
  EXPECT_EQ(why(lacking, {1e-7, {}}), "no error");
  lacking = info;
  lacking.frame_period_s.reset();
  EXPECT_EQ(why(lacking),
            "m.tif: does not say its frame period: give it, as --frame-time \"30 ms\"");
  lacking.axis = PlaneAxis::depth;
  EXPECT_NE(why(lacking).find("slices of a volume"), std::string::npos);
  EXPECT_EQ(why(lacking, {{}, 0.1}), "no error");
  EXPECT_NE(why(info, {-1.0, {}}).find("must be > 0"), std::string::npos);
}

template <class T>
bool comes_back(const TiffMovieSpec& spec, std::size_t frames, bool timed, std::uint32_t seed) {
  const Folder folder;
  const auto path = folder / "movie.ome.tif";
  RandomStream draw(seed, Purpose::test_data);
  std::vector<std::vector<T>> movie(frames, std::vector<T>(spec.width * spec.height));
  std::vector<double> times;
  TiffMovieWriter writer(path, spec);
  for (auto& frame : movie) {
    for (T& value : frame) {
      value = static_cast<T>(draw.index(65536));
    }
    times.push_back(static_cast<double>(times.size()) * spec.frame_period_s +
                    draw.uniform() * 1e-4);
    writer.write_frame(std::span<const T>(frame),
                       timed ? std::optional<double>(times.back()) : std::nullopt);
  }
  writer.finish();
  TiffMovieReader reader(path);
  const TiffMovieInfo& info = reader.info();
  bool same = info.width == spec.width && info.height == spec.height && info.frames == frames &&
              info.type == spec.type && info.kind == TiffKind::ome &&
              info.big == (spec.big == BigTiff::always) && info.axis == PlaneAxis::time &&
              std::abs(*info.pixel_width_m / spec.pixel_m - 1.0) < 1e-12 &&
              info.pixel_height_m == info.pixel_width_m &&
              info.frame_period_s == spec.frame_period_s && info.exposure_s == spec.exposure_s &&
              info.frame_times_s == (timed ? times : std::vector<double>{});
  std::vector<float> values(spec.width * spec.height);
  for (std::size_t i = frames; i-- > 0;) {
    reader.read_frame(i, values);
    same = same && std::equal(values.begin(), values.end(), movie[i].begin(), [](float a, T b) {
             return a == static_cast<float>(b);
           });
  }
  return same;
}

RC_GTEST_PROP(TiffMovieProperty, ComesBackWithItsCalibration, ()) {
  TiffMovieSpec spec =
      small_spec(*rc::gen::element(ElementType::u8, ElementType::u16, ElementType::f32));
  spec.width = *rc::gen::inRange<std::size_t>(1, 20);
  spec.height = *rc::gen::inRange<std::size_t>(1, 20);
  spec.pixel_m = *rc::gen::inRange(1, 100'000) * 1.3e-10;
  spec.frame_period_s = *rc::gen::inRange(1, 100'000) * 1.7e-5;
  spec.big = *rc::gen::element(BigTiff::when_needed, BigTiff::always);
  spec.name = *rc::gen::string<std::string>();
  spec.software = "halotwin";
  if (*rc::gen::arbitrary<bool>()) {
    spec.exposure_s = 0.9 * spec.frame_period_s;
  }
  const auto frames = *rc::gen::inRange<std::size_t>(2, 12);
  const bool timed = *rc::gen::arbitrary<bool>();
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const bool same =
      spec.type == ElementType::u8    ? comes_back<std::uint8_t>(spec, frames, timed, seed)
      : spec.type == ElementType::u16 ? comes_back<std::uint16_t>(spec, frames, timed, seed)
                                      : comes_back<float>(spec, frames, timed, seed);
  RC_ASSERT(same);
}

TEST(TiffWriter, LeavesNothingHalfAndOverwritesOnlyWhenAsked) {
  const Folder folder;
  const auto path = folder / "movie.tif";
  const std::vector<std::uint16_t> values(24, 7);
  {
    TiffMovieWriter writer(path, small_spec(ElementType::u16));
    writer.write_frame(std::span<const std::uint16_t>(values));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  put_contents(path, "mine");
  EXPECT_THROW(TiffMovieWriter(path, small_spec(ElementType::u16)), DataError);
  EXPECT_EQ(contents(path), "mine");
  EXPECT_THROW(TiffMovieWriter(folder / "no" / "movie.tif", small_spec(ElementType::u16)),
               DataError);
  TiffMovieWriter writer(path, small_spec(ElementType::u16), Overwrite::yes);
  EXPECT_THROW(writer.finish(), DataError);
  EXPECT_THROW(writer.write_frame(std::span<const std::uint16_t>(values).first(23)), DataError);
  EXPECT_THROW(writer.write_frame(std::vector<float>(24)), DataError);
  writer.write_frame(std::span<const std::uint16_t>(values));
  EXPECT_THROW(writer.write_frame(std::span<const std::uint16_t>(values), 0.03), DataError);
  writer.write_frame(std::span<const std::uint16_t>(values));
  writer.finish();
  EXPECT_EQ(TiffMovieReader(path).info().frames, 2U);
  auto bad = small_spec(ElementType::f64);
  EXPECT_THROW(TiffMovieWriter(folder / "b.tif", bad), ParameterError);
  bad = small_spec(ElementType::u16);
  bad.pixel_m = 0.0;
  EXPECT_THROW(TiffMovieWriter(folder / "b.tif", bad), ParameterError);
}

/// All values of the movie that `bytes` are, or nothing if it is refused with a DataError. Anything
/// else ends the test.
std::optional<std::vector<float>> read_all(const std::filesystem::path& path,
                                           const std::string& bytes) {
  std::filesystem::remove(path);  // a new file is quicker than one that is cut to nothing
  put_contents(path, bytes);
  try {
    TiffMovieReader reader(path);
    const std::size_t size = reader.info().width * reader.info().height;
    std::vector<float> values;
    for (std::size_t i = 0; i < reader.info().frames; ++i) {
      values.resize((i + 1) * size);
      reader.read_frame(i, std::span(values).subspan(i * size));
    }
    return values;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

/// Small files of all kinds, as seeds for what follows.
std::vector<std::string> seed_files(const Folder& folder) {
  std::vector<std::string> files;
  const auto path = folder / "seed.tif";
  for (const BigTiff big : {BigTiff::when_needed, BigTiff::always}) {
    auto spec = small_spec(ElementType::f32);
    spec.big = big;
    TiffMovieWriter writer(path, spec, Overwrite::yes);
    for (int i = 0; i < 3; ++i) {
      writer.write_frame(std::vector<float>(24, 1.25F), 0.03 * i);
    }
    writer.finish();
    files.push_back(contents(path));
  }
  TiffFile f;
  f.description = "ImageJ=1.53t\nimages=2\nframes=2\nunit=um\nfinterval=0.1\n";
  f.resolution = 10.0F;
  for (const int compression :
       {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
    f.compression = static_cast<std::uint16_t>(compression);
    f.mode = compression == COMPRESSION_LZW ? "wb" : "wl";
    f.tiled = compression == COMPRESSION_ADOBE_DEFLATE;
    write_tiff<std::uint16_t>(path, {f, f});
    files.push_back(contents(path));
  }
  f = TiffFile{};
  f.rows_per_strip = 5;
  f.description = "ImageJ=1.53t\nimages=2\nframes=2\n";
  write_tiff<std::uint16_t>(path, {f});
  files.push_back(contents(path) + std::string(70, 'x'));
  return files;
}

// Only what is not needed may be missing: the printer's resolution at the end of a directory.
TEST(TiffFuzz, ATruncatedFileIsRefusedUnlessEveryValueIsThere) {
  const Folder folder;
  const auto path = folder / "cut.tif";
  const auto files = seed_files(folder);
  for (std::size_t k = 0; k + 1 < files.size(); ++k) {  // the last has spare bytes at its end
    const auto whole = read_all(path, files[k]);
    ASSERT_TRUE(whole) << "file " << k;
    const std::size_t step = std::max<std::size_t>(1, files[k].size() / 100);
    std::size_t refused = 0;
    std::size_t cuts = 0;
    for (std::size_t size = 0; size < files[k].size(); size += step) {
      const auto values = read_all(path, files[k].substr(0, size));
      ASSERT_TRUE(!values || *values == *whole) << "file " << k << " cut at " << size;
      refused += values ? 0U : 1U;
      ++cuts;
    }
    EXPECT_GE(refused + 5, cuts) << "file " << k;
  }
}

TEST(TiffFuzz, MutatedFilesAreReadOrRefused) {
  const Folder folder;
  const auto path = folder / "mutant.tif";
  const auto files = seed_files(folder);
  RandomStream draw(1, Purpose::test_data);
  std::size_t refused = 0;
  std::size_t made = 0;
  for (const std::string& file : files) {
    for (int round = 0; round < 150; ++round) {
      std::string bytes = file;
      const std::uint32_t changes = 1 + draw.index(6);
      for (std::uint32_t i = 0; i < changes; ++i) {
        // half of the changes in the first and last 300 bytes, where directories and texts are
        const auto size = static_cast<std::uint32_t>(bytes.size());
        const std::uint32_t near = std::min(size, 300U);
        const std::uint32_t kind = draw.index(4);
        const std::size_t at = kind == 0   ? draw.index(near)
                               : kind == 1 ? size - 1 - draw.index(near)
                                           : draw.index(size);
        const std::uint32_t what = draw.index(5);
        bytes[at] = what == 0   ? '\0'
                    : what == 1 ? '\xff'
                    : what == 2
                        ? static_cast<char>(bytes[at] ^ static_cast<char>(1U << draw.index(8)))
                    : what == 3 ? bytes[draw.index(size)]
                                : static_cast<char>(draw.bits());
      }
      ++made;
      refused += read_all(path, bytes) ? 0U : 1U;
    }
  }
  // both ways are taken: the mutations are neither harmless nor always fatal
  EXPECT_GT(refused, made / 10);
  EXPECT_LT(refused, 9 * made / 10);
}

}  // namespace
}  // namespace halotwin::data
