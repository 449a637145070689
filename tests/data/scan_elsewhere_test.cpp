// Gwyddion reads the same scans: its numbers are the judge of ours.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "data/imports/scan_import.hpp"
#include "data/recording_reader.hpp"
#include "tests/data/foreign_files.hpp"
#include "tests/data/programs.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

class ScanInGwyddion : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("gwyddion")) {
      GTEST_SKIP() << "gwyddion is not installed";
    }
  }

  /// Data of the objects of this type that Gwyddion finds in `file`, in its order.
  std::vector<std::vector<double>> fields_of(const std::filesystem::path& file,
                                             const char* type = "GwyDataField") const {
    const std::string out = (folder_ / "converted.gwy").string();
    EXPECT_EQ(run("gwyddion --convert-to-gwy=" + out + " " + file.string() + " 2>&1").status, 0);
    const std::string bytes = contents(out);
    std::vector<std::vector<double>> fields;
    for (std::size_t at = 0; (at = bytes.find(type, at)) != std::string::npos; ++at) {
      const std::size_t data = bytes.find(std::string("data\0D", 6), at);
      if (data == std::string::npos) {
        break;
      }
      std::uint32_t count = 0;
      std::memcpy(&count, bytes.data() + data + 6, 4);
      fields.emplace_back(count);
      std::memcpy(fields.back().data(), bytes.data() + data + 10, 8UL * count);
    }
    return fields;
  }

  /// Our maps, upside down: Gwyddion's first row is the top.
  std::vector<std::vector<double>> ours(const std::filesystem::path& file) const {
    ScanImport job;
    job.source = file;
    job.output = folder_ / "out.nxs";
    job.overwrite = Overwrite::yes;
    const ImportedScan scan = import_scan(job);
    const RecordingReader reader(job.output);
    std::vector<std::vector<double>> maps;
    for (const std::string& name : scan.signals) {
      const SignalSpec spec = reader.spec(name);
      const std::size_t columns = spec.axes.at(1).values.size();
      const auto values = reader.read<double>(name);
      const double to_deg = spec.unit == "rad" ? 180.0 / M_PI : 1.0;
      maps.emplace_back();
      for (std::size_t row = values.size() / columns; row-- > 0;) {
        for (std::size_t i = 0; i < columns; ++i) {
          maps.back().push_back(to_deg * values[row * columns + i]);
        }
      }
    }
    return maps;
  }

  void expect_same(const std::filesystem::path& file) const {
    const auto theirs = fields_of(file);
    const auto mine = ours(file);
    ASSERT_EQ(mine.size(), theirs.size());
    for (std::size_t k = 0; k < mine.size(); ++k) {
      ASSERT_EQ(mine[k].size(), theirs[k].size());
      for (std::size_t i = 0; i < mine[k].size(); ++i) {
        ASSERT_NEAR(mine[k][i], theirs[k][i], 1e-14 * std::abs(theirs[k][i]))
            << "image " << k << ", value " << i;
      }
    }
  }

  Folder folder_;
};

TEST_F(ScanInGwyddion, NanonisScansUpAndDown) {
  for (const char* slow : {"up", "down"}) {
    SxmFile file;
    file.slow = slow;
    file.nx = 5;
    put_contents(folder_ / "a.sxm", file.bytes());
    expect_same(folder_ / "a.sxm");
  }
}

TEST_F(ScanInGwyddion, NanonisSpectraOnARisingAxis) {
  put_contents(folder_ / "a.dat",
               dat_bytes("Bias calc (V)\tCurrent (A)\tCurrent [bwd] (A)\n1.0E+0\t3E-9\t3.5E-9\n"
                         "0\t1E-10\t2E-10\n-1.0E+0\t-3E-9\t-3.5E-9\n"));
  const auto theirs = fields_of(folder_ / "a.dat", "GwyDataLine");
  ScanImport job;
  job.source = folder_ / "a.dat";
  job.output = folder_ / "out.nxs";
  (void)import_scan(job);
  const RecordingReader reader(job.output);
  ASSERT_EQ(theirs.size(), 2U);
  EXPECT_EQ(reader.read<double>("current"), theirs[0]);
  EXPECT_EQ(reader.read<double>("current_backward"), theirs[1]);
}

TEST_F(ScanInGwyddion, AsylumImagesOfEitherByteOrder) {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    WaveFile file;
    file.order = order;
    put_contents(folder_ / "a.ibw", file.bytes());
    expect_same(folder_ / "a.ibw");
  }
}

TEST_F(ScanInGwyddion, AnImageThatAnAsylumWrote) {
  const std::filesystem::path real = HALOTWIN_SOURCE_DIR "/../shared/data/asylum_scan.ibw";
  if (!std::filesystem::exists(real)) {
    GTEST_SKIP() << real << " is not here";
  }
  expect_same(real);
}

}  // namespace
}  // namespace halotwin::data
