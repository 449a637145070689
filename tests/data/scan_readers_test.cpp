// Readers of scans and spectra: places, directions, units, and what is refused.
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"
#include "tests/data/foreign_files.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data::imports {
namespace {

using namespace testing;

const ForeignChannel& channel(const ForeignScan& scan, std::string_view name) {
  for (const ForeignChannel& one : scan.channels) {
    if (one.name == name) {
      return one;
    }
  }
  throw DataError("no channel " + std::string(name));
}

std::vector<double> values(const ForeignScan& scan, std::string_view name) {
  return std::visit([](const auto& v) { return std::vector<double>(v.begin(), v.end()); },
                    channel(scan, name).values);
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-12 * std::abs(expected[i])) << "at " << i;
  }
}

std::string about(const ForeignScan& scan, std::string_view key) {
  const Value* value = scan.about.find(key);
  return value == nullptr ? "(none)" : std::get<std::string>(value->data);
}

std::string refusal(ScanReader read, const std::string& bytes) {
  return message_of<DataError>([&] { (void)read("f", bytes); });
}

TEST(NanonisScan, UpwardStaysAndTheWayBackIsTurnedRound) {
  const ForeignScan scan = read_sxm("f", SxmFile{}.bytes());
  expect_near(values(scan, "z"), {0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5});
  expect_near(values(scan, "z_backward"),
              {103.5, 102.5, 101.5, 100.5, 107.5, 106.5, 105.5, 104.5, 111.5, 110.5, 109.5, 108.5});
  const ForeignChannel& z = channel(scan, "z");
  EXPECT_EQ(z.unit, "m");
  EXPECT_EQ(z.axes[0].name, "y");
  expect_near(z.axes[0].values, {1.9e-6, 2.0e-6, 2.1e-6});
  expect_near(z.axes[1].values, {0.85e-6, 0.95e-6, 1.05e-6, 1.15e-6});
  EXPECT_EQ(about(scan, "slow_scan_direction"), "up");
  EXPECT_EQ(header_value(scan, "COMMENT"), "film \xC2\xB5 2");
  EXPECT_EQ(iso8601(*scan.recorded), "2019-03-28T14:01:34.000000+00:00");
}

TEST(NanonisScan, DownwardIsTurnedUpsideDown) {
  SxmFile file;
  file.slow = "down";
  const ForeignScan scan = read_sxm("f", file.bytes());
  expect_near(values(scan, "z"), {8.5, 9.5, 10.5, 11.5, 4.5, 5.5, 6.5, 7.5, 0.5, 1.5, 2.5, 3.5});
  EXPECT_EQ(values(scan, "z_backward").front(), 111.5);
  expect_near(channel(scan, "z").axes[0].values, {1.9e-6, 2.0e-6, 2.1e-6});
  EXPECT_TRUE(about(scan, "row_order").starts_with("turned round"));
}

TEST(NanonisScan, ChannelsOfOneWayAndUnitsWithPrefixes) {
  SxmFile file;
  file.channels =
      "\t0\tCurrent\tnA\tbwd\t1\t0\n\t2\tOC_M1_Freq._Shift\tHz\tfwd\t1\t0\n"
      "\t3\tOC_M1_Phase\tdeg\tfwd\t1\t0\n";
  file.images = 3;
  const ForeignScan scan = read_sxm("f", file.bytes());
  ASSERT_EQ(scan.channels.size(), 3U);
  EXPECT_EQ(channel(scan, "current_backward").unit, "A");
  EXPECT_DOUBLE_EQ(values(scan, "current_backward").front(), 3.5e-9);
  EXPECT_EQ(values(scan, "oc_m1_freq_shift").front(), 100.5);
  EXPECT_EQ(channel(scan, "oc_m1_phase").unit, "rad");
  EXPECT_DOUBLE_EQ(values(scan, "oc_m1_phase")[0], 200.5 * M_PI / 180.0);
}

TEST(NanonisScan, LineEndsAndByteOrder) {
  std::string crlf;
  const std::string bytes = SxmFile{}.bytes();
  const std::size_t header = bytes.find('\x1A');
  for (const char c : bytes.substr(0, header)) {
    c == '\n' ? crlf.append("\r\n") : crlf.append(1, c);
  }
  EXPECT_EQ(values(read_sxm("f", crlf + bytes.substr(header)), "z"),
            values(read_sxm("f", bytes), "z"));
  SxmFile lsb;
  lsb.type = "FLOAT LSBFIRST";
  lsb.order = ByteOrder::little;
  EXPECT_EQ(values(read_sxm("f", lsb.bytes()), "z"), values(read_sxm("f", bytes), "z"));
  lsb.order = ByteOrder::big;  // as old files have it
  const ForeignScan old = read_sxm("f", lsb.bytes());
  EXPECT_EQ(values(old, "z"), values(read_sxm("f", bytes), "z"));
  EXPECT_NE(old.warnings.at(0).find("LSBFIRST"), std::string::npos);
  SxmFile wrong;
  wrong.order = ByteOrder::little;
  EXPECT_EQ(refusal(read_sxm, wrong.bytes()),
            "f: its numbers make sense in the opposite byte order only: FLOAT MSBFIRST expected");
}

TEST(NanonisScan, RefusesInOneLine) {
  const std::string good = SxmFile{}.bytes();
  const auto changed = [&](const char* what, const char* by) {
    return refusal(read_sxm, replaced(good, what, by));
  };
  EXPECT_EQ(refusal(read_sxm, "hello"),
            "f: is no Nanonis scan: it does not begin with :NANONIS_VERSION:");
  EXPECT_EQ(refusal(read_sxm, good.substr(0, 200)),
            "f: is cut off: its header has no :SCANIT_END:");
  EXPECT_EQ(refusal(read_sxm, good.substr(0, good.size() - 4)),
            "f: has 92 bytes of data: 96 expected of 2 images of 4 x 3 pixels");
  EXPECT_EQ(refusal(read_sxm, good + "more"),
            "f: has 100 bytes of data: 96 expected of 2 images of 4 x 3 pixels");
  EXPECT_EQ(changed("\x1A\x04", "\x1A\x05"), "f: the bytes 1A 04 do not follow :SCANIT_END:");
  EXPECT_EQ(changed("FLOAT            MSBFIRST", "INT MSBFIRST"),
            "f: SCANIT_TYPE is \"INT MSBFIRST\": FLOAT MSBFIRST or FLOAT LSBFIRST expected");
  EXPECT_EQ(changed("4       3\n", "4000000000       3\n"),
            "f: SCAN_PIXELS is \"4000000000       3\": two numbers from 1 to 65536 expected");
  EXPECT_EQ(changed("4       3\n", "65536 65536\n"),
            "f: has 96 bytes of data: 34359738368 expected of 2 images of 65536 x 65536 pixels");
  EXPECT_EQ(changed(":SCAN_DIR:\nup", ":SCAN_DIR:\nleft"),
            "f: SCAN_DIR is \"left\": up or down expected");
  EXPECT_EQ(changed("4.000000E-7", "-4.00000E-7"),
            "f: the frame is -4e-07 m along x: a length > 0 expected");
  EXPECT_EQ(changed("4.000000E-7", "4.00000E-40"),
            "f: axis x of 4 points from 1e-06 in steps of 1e-40 m: finite numbers that ascend "
            "expected");
  EXPECT_EQ(changed("\t14\tZ\tm\tboth\t9.000E-9\t0.000E+0\n", ""),
            "f: DATA_INFO names 0 images: 1 to 1024 expected");
  EXPECT_EQ(changed("both", "some"),
            "f: DATA_INFO has the direction \"some\": both, fwd or bwd expected");
  const std::string unlike = replaced(good, ":COMMENT:", ":Scan>lines:\n5\n:COMMENT:");
  EXPECT_EQ(read_sxm("f", unlike).warnings.at(0),
            "SCAN_PIXELS says 4 pixels in each of 3 lines, the settings of the scan say \"\" and "
            "\"5\": the former is taken");
}

TEST(NanonisSpectrum, ColumnsBecomeSpectraOnARisingAxis) {
  for (const char* line_end : {"\n", "\r\n", "\r"}) {
    const ForeignScan scan = read_dat("f", dat_bytes(dat_rows, line_end));
    const ForeignChannel& current = channel(scan, "current");
    ASSERT_EQ(current.axes.size(), 2U);
    EXPECT_EQ(current.axes[0].values.size(), 1U);
    EXPECT_EQ(current.axes[1].name, "bias_calc");
    EXPECT_EQ(current.axes[1].unit, "V");
    EXPECT_EQ(current.axes[1].values, (std::vector<double>{-1.0, 0.0, 1.0}));
    expect_near(values(scan, "current"), {-3e-9, 0.0, 3e-9});
    EXPECT_TRUE(std::isnan(values(scan, "current_mean_backward")[1]));
    EXPECT_EQ(values(scan, "current_mean_backward")[2], 3.5e-9);
    expect_near(values(scan, "phase"), {0.0, M_PI / 2.0, M_PI});
    EXPECT_EQ(values(scan, "x"), (std::vector<double>{-4.5e-9}));
    EXPECT_EQ(about(scan, "sweep_direction"), "down");
    EXPECT_EQ(iso8601(*scan.recorded), "2025-06-27T14:44:10.000000+00:00");
    EXPECT_EQ(header_value(scan, "Z-Ctrl hold"), "TRUE");
  }
}

TEST(NanonisSpectrum, WhatIsNoSweepGetsTheNumberOfTheRow) {
  const ForeignScan scan = read_dat("f", dat_bytes("Bias (V)\tCurrent (A)\n0\t1\n1\t2\n0\t3\n"));
  EXPECT_EQ(channel(scan, "current").axes[1].name, "index");
  EXPECT_EQ(values(scan, "bias"), (std::vector<double>{0.0, 1.0, 0.0}));
  EXPECT_EQ(scan.warnings.at(0),
            "column Bias (V) neither rises nor falls: the axis is the number of the row");
  EXPECT_EQ(read_dat("f", dat_bytes("Bias (V)\tCurrent (A)\n0\t1\n1\t2")).warnings.at(0),
            "the last line has no end: the file may be cut off");
}

TEST(NanonisSpectrum, RefusesInOneLine) {
  EXPECT_EQ(refusal(read_dat, "Experiment\tbias\n"),
            "f: is no Nanonis spectrum, or cut off: no line [DATA]");
  EXPECT_EQ(refusal(read_dat, dat_bytes("")), "f: is cut off: no column names after [DATA]");
  EXPECT_EQ(refusal(read_dat, dat_bytes("Bias (V)\n1\n")),
            "f: 1 column names after [DATA]: 2 to 1024 expected, between tabs");
  EXPECT_EQ(refusal(read_dat, dat_bytes("Bias (V)\tI (A)\n")),
            "f: has no values after its column names");
  EXPECT_EQ(refusal(read_dat, dat_bytes("Bias (V)\tI (A)\n1\t2\n1\n")),
            "f: row 2 after the column names has 1 values: 2 expected");
  EXPECT_EQ(refusal(read_dat, dat_bytes("Bias (V)\tI (A)\n1\t2,5E-9\n")),
            "f: row 1 after the column names has \"2,5E-9\": a number expected");
}

TEST(NanonisGrid, CurvesAndParametersInPlace) {
  const ForeignScan scan = read_3ds("f", GridFile{}.bytes());
  const ForeignChannel& current = channel(scan, "current");
  ASSERT_EQ(current.axes.size(), 3U);
  expect_near(current.axes[0].values, {1.95e-6, 2.05e-6});
  expect_near(current.axes[1].values, {0.9e-6, 1.0e-6, 1.1e-6});
  EXPECT_EQ(current.axes[2].name, "bias");
  expect_near(current.axes[2].values, {-1.0, -1.0 / 3.0, 1.0 / 3.0, 1.0});
  // pixel (1, 2), number 5: the sweep falls, so the last point comes first
  EXPECT_EQ(current.unit, "A");
  EXPECT_DOUBLE_EQ(values(scan, "current")[5 * 4], 53e-9);
  EXPECT_DOUBLE_EQ(values(scan, "current_backward")[5 * 4 + 3], 1050e-9);
  EXPECT_EQ(values(scan, "z"), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(channel(scan, "sweep_start").unit, "V");
  EXPECT_EQ(header_value(scan, "Comment"), "two\nlines=b");
  EXPECT_TRUE(scan.warnings.empty());
  GridFile inside;
  inside.to_edge = false;
  expect_near(channel(read_3ds("f", inside.bytes()), "current").axes[0].values,
              {1.975e-6, 2.025e-6});
}

TEST(NanonisGrid, AStoppedGridKeepsWhatItHas) {
  GridFile file;
  file.pixels = 4;
  const ForeignScan scan = read_3ds("f", file.bytes());
  EXPECT_EQ(scan.warnings.at(0), "only 4 of 6 pixels were measured: the others are NaN");
  EXPECT_DOUBLE_EQ(values(scan, "current")[3 * 4], 33e-9);
  EXPECT_TRUE(std::isnan(values(scan, "current")[4 * 4]));
}

TEST(NanonisGrid, SegmentsShareTheirEnds) {
  GridFile file;
  file.type = "MLS";
  file.segments =
      "Segment Start (V), Segment End (V), Settling (s), Integration (s), Steps (xn), Lockin, "
      "Init. Settling "
      "(s)=300E-3,0E+0,10E-3,100E-3,3,0E+0,0E+0;0E+0,-500E-3,1E-3,1E-3,2,0E+0,0E+0\r\n";
  const ForeignScan scan = read_3ds("f", file.bytes());
  expect_near(channel(scan, "current").axes[2].values, {-0.5, 0.0, 0.15, 0.3});
  EXPECT_DOUBLE_EQ(values(scan, "current")[0], 3e-9);
  EXPECT_TRUE(scan.warnings.empty());
}

TEST(NanonisGrid, ASingleLineHasNoHeight) {
  GridFile file;
  file.ny = 1;
  file.pixels = 3;
  const ForeignScan scan = read_3ds("f", replaced(file.bytes(), ";1.0E-7;0.0E+0", ";0.0;0.0E+0"));
  EXPECT_EQ(channel(scan, "current").axes[0].values, (std::vector<double>{2e-6}));
}

TEST(NanonisGrid, SweepsThatAreNotOneLineGetTheNumberOfThePoint) {
  GridFile segments;
  segments.type = "MLS";
  const ForeignScan scan = read_3ds("f", segments.bytes());
  EXPECT_EQ(channel(scan, "current").axes[2].name, "index");
  EXPECT_DOUBLE_EQ(values(scan, "current")[0], 0.0);
  EXPECT_EQ(scan.warnings.at(0),
            "Filetype MLS with segments that do not fit: the axis is the number of the point");
  GridFile still;
  still.end = still.start;
  EXPECT_EQ(read_3ds("f", still.bytes()).warnings.at(0),
            "the sweep does not go one way: the axis is the number of the point");
  std::string varied = GridFile{}.bytes();
  overwrite(varied, GridFile{}.header().size() + 13 * 4, 0.5F, ByteOrder::big);  // pixel 1
  EXPECT_EQ(read_3ds("f", varied).warnings.at(0),
            "the sweep differs from pixel to pixel: the axis is the number of the point");
}

TEST(NanonisGrid, RefusesInOneLine) {
  const std::string good = GridFile{}.bytes();
  const auto changed = [&](const char* what, const char* by) {
    return refusal(read_3ds, replaced(good, what, by));
  };
  EXPECT_EQ(refusal(read_3ds, "Grid dim=\"2 x 2\"\r\n"),
            "f: is no Nanonis grid, or cut off: no line :HEADER_END:");
  EXPECT_EQ(refusal(read_3ds, good.substr(0, good.size() - 1)),
            "f: has 311 bytes of data: 6 pixels of 52 bytes expected, or fewer whole ones");
  EXPECT_EQ(changed("\"3 x 2\"", "\"3\""),
            "f: Grid dim is \"3\": two numbers from 1 to 65536 expected");
  EXPECT_EQ(changed("\"3 x 2\"", "\"60000 x 60000\""),
            "f: names 3600000000 pixels of 52 bytes, but has 6: more than can be meant");
  EXPECT_EQ(changed("Points=4", "Points=5"),
            "f: Experiment size (bytes) is 32: 40 expected of 2 channels of 5 points");
  EXPECT_EQ(changed("Channels=\"Current (nA);Current [bwd] (nA)\"", "Channels="),
            "f: 0 channels of 4 points: at least one of each expected");
  EXPECT_EQ(changed("(4 byte)=5", "(4 byte)=4"), "f: # Parameters (4 byte) is 4, but 5 are named");
  std::string along_y = good;
  for (const std::size_t k : {2U, 3U}) {  // places of pixel 0 and 1 change their roles
    const float x =
        number_at<float>(good, GridFile{}.header().size() + 13 * 4 + 4 * 2, ByteOrder::big);
    overwrite(along_y,
              GridFile{}.header().size() + 13 * 4 + 4 * k,
              k == 2U ? 0.9e-6F : x,
              ByteOrder::big);
  }
  EXPECT_EQ(refusal(read_3ds, along_y),
            "f: its first two pixels follow each other along y: lines along x expected");
  EXPECT_EQ(changed("1.0E-6;2.0E-6;", "1.0E-6;"),
            "f: Grid settings is \"1.0E-6;2.0E-7;1.0E-7;0.0E+0\": centre x; y; width; height; "
            "angle expected");
}

TEST(IgorWave, AsylumImageOfEitherByteOrder) {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    WaveFile file;
    file.order = order;
    const ForeignScan scan = read_ibw("f", file.bytes());
    EXPECT_EQ(scan.kind, "Asylum Research image, version 5");
    expect_near(values(scan, "height"),
                {0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5});
    EXPECT_EQ(channel(scan, "height").unit, "m");
    EXPECT_EQ(channel(scan, "phase1_backward").unit, "rad");
    EXPECT_DOUBLE_EQ(values(scan, "phase1_backward")[0], 12.5 * M_PI / 180.0);
    expect_near(channel(scan, "height").axes[0].values, {2.0e-6, 2.2e-6, 2.4e-6});
    expect_near(channel(scan, "height").axes[1].values, {1.0e-6, 1.1e-6, 1.2e-6, 1.3e-6});
    EXPECT_EQ(iso8601(*scan.recorded), "2024-08-20T14:30:46.000000+00:00");
    EXPECT_EQ(header_value(scan, "Temperature"),
              "28 \xC2\xB0"
              "C");
    EXPECT_EQ(about(scan, "slow_scan_direction"), "down");
  }
}

TEST(IgorWave, FallingScalesAreTurnedRound) {
  WaveFile file;
  file.step = {-1e-7, -2e-7, 1.0, 1.0};
  const ForeignScan scan = read_ibw("f", file.bytes());
  expect_near(channel(scan, "height").axes[1].values, {0.7e-6, 0.8e-6, 0.9e-6, 1.0e-6});
  expect_near(values(scan, "height"),
              {11.5, 10.5, 9.5, 8.5, 7.5, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5});
}

TEST(IgorWave, PlainWavesAreImagesOrCurves) {
  WaveFile image;
  image.size = {4, 3, 0, 0};
  image.labels.clear();
  image.note.clear();
  image.data_unit = "V";
  const ForeignScan plain = read_ibw("f", image.bytes());
  EXPECT_EQ(channel(plain, "wave0").unit, "V");
  EXPECT_EQ(iso8601(*plain.recorded), "2024-08-20T08:30:46.000000+00:00");
  WaveFile long_unit = image;
  long_unit.long_unit = "mV/nm";
  EXPECT_EQ(channel(read_ibw("f", long_unit.bytes()), "wave0").unit, "V/m");
  EXPECT_DOUBLE_EQ(values(read_ibw("f", long_unit.bytes()), "wave0")[0], 0.5e6);
  WaveFile curves = image;
  curves.labels = {"Raw", "Defl", "ZSnsr"};
  curves.labelled = 1;
  const ForeignScan force = read_ibw("f", curves.bytes());
  expect_near(values(force, "defl"), {4.5, 5.5, 6.5, 7.5});
  EXPECT_EQ(channel(force, "z_snsr").axes.size(), 1U);
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    const ForeignScan two = read_ibw("f", wave_2_bytes(order));
    EXPECT_EQ(two.kind, "Igor wave, version 2");
    EXPECT_EQ(channel(two, "current").axes[0].name, "bias");
    expect_near(channel(two, "current").axes[0].values, {0.0, 0.25, 0.5, 0.75, 1.0});
    expect_near(values(two, "current"), {12e-9, 9e-9, 6e-9, 3e-9, 0.0});
    EXPECT_EQ(header_value(two, "key"), "value");
  }
}

TEST(IgorWave, RefusesInOneLine) {
  const std::string good = WaveFile{}.bytes();
  const auto changed = [&](auto value, std::size_t at) {
    std::string bytes = good;
    overwrite(bytes, at, value, ByteOrder::little);
    fix_checksum(bytes, ByteOrder::little);
    return refusal(read_ibw, bytes);
  };
  EXPECT_EQ(refusal(read_ibw, ""), "f: is no Igor wave: it does not begin with version 2 or 5");
  EXPECT_EQ(refusal(read_ibw, good.substr(0, 300)),
            "f: is cut off: 300 bytes, headers of 384 expected");
  EXPECT_EQ(refusal(read_ibw, good.substr(0, 470)),
            "f: is cut off: 470 bytes instead of at least 668");
  std::string damaged = good;
  damaged[100] = '\x55';
  EXPECT_EQ(refusal(read_ibw, damaged),
            "f: the checksum of its headers does not hold: damaged, or no Igor wave");
  EXPECT_EQ(changed(std::int16_t{3}, 0), "f: an Igor wave of version 3: versions 2 and 5 are read");
  EXPECT_EQ(changed(std::int32_t{-1}, 12), "f: noteSize is -1: a size >= 0 expected");
  EXPECT_EQ(changed(std::int32_t{1000}, 4),
            "f: wfmSize is 1000: 416 expected of 24 points of 4 bytes");
  EXPECT_EQ(changed(std::int16_t{3}, 64 + 16), "f: numbers of type 0x3: real numbers expected");
  EXPECT_EQ(changed(std::int32_t{2000000000}, 64 + 68),
            "f: 24 points in dimensions of 6000000000: a wave with data expected");
  EXPECT_EQ(
      changed(std::nan(""), 64 + 84),
      "f: axis x of 4 points from 1e-06 in steps of nan m: finite numbers that ascend expected");
  WaveFile four;
  four.size = {2, 2, 2, 2};
  EXPECT_EQ(refusal(read_ibw, four.bytes()),
            "f: a wave of four dimensions: curves, images or stacks of images expected");
}

TEST(SimpleField, RowsTurnedRoundSoThatYRises) {
  const ForeignScan scan = read_gsf("f", gsf_bytes(gsf_values));
  const ForeignChannel& one = channel(scan, "surface_potential");
  EXPECT_EQ(std::get<std::vector<float>>(one.values),
            (std::vector<float>{4.5F, 5.5F, 6.5F, 1.5F, 2.5F, -3.5F}));
  EXPECT_EQ(one.unit, "V");
  expect_near(one.axes[0].values, {0.5e-7, 1.5e-7});
  expect_near(one.axes[1].values, {1.1e-6, 1.3e-6, 1.5e-6});
  EXPECT_EQ(one.label, "Surface Potential");
  const ForeignScan bare = read_gsf("f", gsf_bytes(gsf_values, "XRes=3\nYRes=2\n"));
  EXPECT_EQ(channel(bare, "image").axes[1].unit, "1");
}

TEST(SimpleField, RefusesInOneLine) {
  const std::string good = gsf_bytes(gsf_values);
  EXPECT_EQ(refusal(read_gsf, "Gwyddion"),
            "f: is no simple field: it does not begin with \"Gwyddion Simple Field 1.0\"");
  EXPECT_EQ(refusal(read_gsf, replaced(good, "1.0\n", "1.0\r\n")),
            "f: header lines end in CR LF: LF expected, the file was changed on its way");
  EXPECT_EQ(refusal(read_gsf, good + "x"), "f: has 165 bytes: 164 expected of 3 x 2 pixels");
  EXPECT_EQ(refusal(read_gsf, good.substr(0, 60)), "f: is cut off: no NUL ends its header");
  EXPECT_EQ(refusal(read_gsf, replaced(good, "XRes = 3", "XRes = 0")),
            "f: XRes = 0: a number from 1 to 65536 expected");
  EXPECT_EQ(refusal(read_gsf, replaced(good, "XReal = 6", "XReal = -")),
            "f: XReal = -e-07: a number expected");
  EXPECT_EQ(refusal(read_gsf, replaced(good, "XReal = 6e-07", "XReal = -6e-7")),
            "f: XReal = -6e-07: a length > 0 expected");
  std::vector<float> turned;
  for (const float v : gsf_values) {
    std::string bytes;
    append(bytes, v, ByteOrder::big);
    turned.push_back(number_at<float>(bytes, 0, ByteOrder::little));
  }
  EXPECT_EQ(refusal(read_gsf, gsf_bytes(turned)),
            "f: its numbers make sense in the opposite byte order only: little-endian expected");
}

TEST(ForeignText, UnitsNamesAndTimes) {
  const auto si = [](std::string_view unit) {
    const SiUnit found = si_unit_of(unit);
    return fmt::format("{:g} {}", found.factor, found.unit);
  };
  EXPECT_EQ(si("m"), "1 m");
  EXPECT_EQ(si("nm"), "1e-09 m");
  EXPECT_EQ(si("\xC2\xB5V"), "1e-06 V");
  EXPECT_EQ(si("\xB5V"), "1e-06 V");  // Latin-1
  EXPECT_EQ(si("kHz"), "1000 Hz");
  EXPECT_EQ(si("mV/nm"), "1e+06 V/m");
  EXPECT_EQ(si("Pa"), "1 Pa");
  EXPECT_EQ(si("min"), "1 min");
  EXPECT_EQ(si("%"), "0.01 1");
  EXPECT_EQ(si(""), "1 1");
  EXPECT_EQ(si("furlong"), "1 furlong");
  EXPECT_EQ(signal_name_of("LI Demod 1 X"), "li_demod_1_x");
  EXPECT_EQ(signal_name_of("ZSensor"), "z_sensor");
  EXPECT_EQ(signal_name_of("Amplitude1"), "amplitude1");
  EXPECT_EQ(signal_name_of("--"), "channel");
  EXPECT_EQ(signal_name_of("2nd"), "channel_2nd");
  EXPECT_EQ(column_label_of("Current [00003] [bwd] (A) [filt]").name,
            "current_sweep_3_filtered_backward");
  EXPECT_EQ(iso8601(*time_of("1.2.2020", "12:05 AM")), "2020-02-01T00:05:00.000000+00:00");
  EXPECT_EQ(iso8601(*time_of("2020-02-29 23:59:59.25")), "2020-02-29T23:59:59.250000+00:00");
  for (const char* wrong : {"30.02.2020 10:00", "1.2.2020 25:00", "1.2.2020", "1.2 10:00", "a b"}) {
    EXPECT_FALSE(time_of(wrong)) << wrong;
  }
  EXPECT_EQ(number_of(" +2.5E-3 "), 2.5e-3);
  EXPECT_FALSE(number_of("2.5 V"));
  EXPECT_FALSE(whole_of("-1"));
  EXPECT_EQ(utf8_of("a\xFF"), "a\xC3\xBF");
}

}  // namespace
}  // namespace halotwin::data::imports
