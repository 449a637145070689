// Other people's programs open our files: h5py, silx, HyperSpy, Gwyddion.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "data/exports/gwyddion.hpp"
#include "data/result_writer.hpp"
#include "tests/data/programs.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

class OpenWithPython : public ::testing::TestWithParam<const char*> {};

TEST_P(OpenWithPython, ShowsTheDefaultPlotWithAxesAndUnits) {
  const std::string python = "/usr/bin/python3";
  const std::string reader = GetParam();
  if (run(python + " -c 'import h5py, " + reader + "' 2>/dev/null").status != 0) {
    GTEST_SKIP() << reader << " is not installed";
  }
  const Folder folder;
  write_complete(folder / "map.nxs");
  const auto outcome = run(python + " " HALOTWIN_SOURCE_DIR "/tests/data/open_with_python.py " +
                           reader + " " + (folder / "map.nxs").string() + " 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST(OpenWhileWritten, H5pyShowsWhatIsThere) {
  const std::string python = "/usr/bin/python3";
  if (run(python + " -c 'import h5py' 2>/dev/null").status != 0) {
    GTEST_SKIP() << "h5py is not installed";
  }
  const Folder folder;
  const auto writer = write_small(folder / "map.nxs", 5);
  const auto outcome =
      run(python + " -c \"import h5py; f = h5py.File('" + writer.part_path().string() +
          "', 'r'); d = f['/entry/amplitude/data']; print(d[1, 0, 0], d[1, 1, 0])\" 2>&1");
  EXPECT_EQ(outcome.output, "4.0 nan\n");
}

INSTANTIATE_TEST_SUITE_P(Readers,
                         OpenWithPython,
                         ::testing::Values("h5py", "silx", "hyperspy"),
                         [](const auto& test) { return std::string(test.param); });

class Gwyddion : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("gwyddion")) {
      GTEST_SKIP() << "gwyddion is not installed";
    }
    write_small(folder_ / "map.nxs", 11).finish(RunStatus::complete, {});  // one pixel is missing
    SignalSpec weights = map_spec("weights", ElementType::f64, false);
    weights.axes.insert(weights.axes.begin(), {"component", "", {0.0, 1.0}});
    ResultWriter result(folder_ / "map.nxs", {"pm_dns"});
    result.add_signal(weights, std::vector<double>(2 * nx * ny, 0.25));
    result.commit();
  }

  /// Gwyddion reads `file`, is content, and writes it again; returns what it wrote.
  static std::string converted(const std::filesystem::path& file) {
    const auto check = run("gwyddion --check " + file.string() + " 2>&1 >/dev/null");
    EXPECT_EQ(check.output, "");
    const std::string out = file.string() + ".again.gwy";
    EXPECT_EQ(run("gwyddion --convert-to-gwy=" + out + " " + file.string() + " 2>&1").status, 0);
    return contents(out);
  }

  /// The numbers after a component "data" of type D that follows `from`.
  static std::vector<double> numbers(const std::string& bytes, std::size_t from) {
    const auto at = bytes.find(std::string("data\0D", 6), from);
    if (at == std::string::npos) {
      return {};
    }
    std::uint32_t count = 0;
    std::memcpy(&count, bytes.data() + at + 6, 4);
    std::vector<double> values(count);
    std::memcpy(values.data(), bytes.data() + at + 10, 8 * values.size());
    return values;
  }

  Folder folder_;
};

/// Gwyddion's rows begin at the top, ours at the smallest y.
std::size_t from_top(std::size_t pixel) {
  return (ny - 1 - pixel / nx) * nx + pixel % nx;
}

TEST_F(Gwyddion, LoadsImagesMasksAndVolumes) {
  const RecordingReader reader(folder_ / "map.nxs");
  export_gwy(reader, folder_ / "map.gwy");
  const std::string bytes = converted(folder_ / "map.gwy");
  // amplitude is a volume of 4 x 3 x 5, channel slowest
  const auto brick = bytes.find(std::string("/brick/0\0o", 10));
  ASSERT_NE(brick, std::string::npos);
  const auto volume = numbers(bytes, brick);
  ASSERT_EQ(volume.size(), nx * ny * channels);
  EXPECT_EQ(volume[2 * nx * ny + from_top(9)], static_cast<double>(value_at(9, 2)));
  // topography: values as measured, the missing pixel masked
  const auto title = bytes.find("topography");
  ASSERT_NE(title, std::string::npos);
  bool found = false;
  for (std::size_t at = 0; (at = bytes.find("GwyDataField", at)) != std::string::npos; ++at) {
    const auto field = numbers(bytes, at);
    found = found || (field.size() == nx * ny && field[from_top(5)] == static_cast<double>(5e-9F));
  }
  EXPECT_TRUE(found);
  EXPECT_NE(bytes.find("/mask"), std::string::npos);
  EXPECT_NE(bytes.find("weights, component 1"), std::string::npos);
  EXPECT_NE(bytes.find("simulated data"), std::string::npos);
}

TEST_F(Gwyddion, LoadsAVolumeWithUnevenChannels) {
  auto writer = RecordingWriter::create(folder_ / "log.nxs", small_header());
  auto spec = map_spec("amplitude", ElementType::f32, true);
  spec.axes[2].values = log_spacing(1e3, 1e5, channels);
  const auto id = writer.add_signal(spec);
  writer.begin();
  writer.write(id, {}, std::vector<float>(nx * ny * channels, 1.0F));
  writer.finish(RunStatus::complete, {});
  export_gwy(RecordingReader(folder_ / "log.nxs"), folder_ / "log.gwy");
  const std::string bytes = converted(folder_ / "log.gwy");
  const auto calibration = bytes.find("GwyDataLine");
  ASSERT_NE(calibration, std::string::npos);
  EXPECT_EQ(numbers(bytes, calibration), log_spacing(1e3, 1e5, channels));
}

TEST_F(Gwyddion, LoadsASimpleField) {
  export_gsf(RecordingReader(folder_ / "map.nxs"), "topography", folder_ / "map.gsf");
  const std::string bytes = converted(folder_ / "map.gsf");
  const auto field = numbers(bytes, bytes.find("GwyDataField"));
  ASSERT_EQ(field.size(), nx * ny);
  EXPECT_EQ(field[from_top(5)], static_cast<double>(5e-9F));
}

TEST_F(Gwyddion, ExportsDoNotOverwriteAndLeaveNothingHalf) {
  const RecordingReader reader(folder_ / "map.nxs");
  put_contents(folder_ / "map.gwy", "mine");
  EXPECT_THROW(export_gwy(reader, folder_ / "map.gwy"), DataError);
  EXPECT_EQ(contents(folder_ / "map.gwy"), "mine");
  export_gwy(reader, folder_ / "map.gwy", Overwrite::yes);
  EXPECT_EQ(contents(folder_ / "map.gwy").substr(0, 4), "GWYP");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "map.gwy.part"));
  EXPECT_THROW(export_gsf(reader, "amplitude", folder_ / "a.gsf"), DataError);
  EXPECT_THROW(export_gwy(reader, folder_ / "no" / "map.gwy"), DataError);
}

}  // namespace
}  // namespace halotwin::data
