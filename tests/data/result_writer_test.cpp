#include "data/result_writer.hpp"

#include <cmath>
#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

ResultWriter result_with(const std::filesystem::path& path, double offset, double sigma) {
  ResultWriter result(
      path,
      {"pm_dns", "halotwin", "0.1.0", parse_toml("rank = 2\nalpha = 0.5\n", "test"), "amplitude"});
  const auto classes = map_spec("classes", ElementType::f64, false);
  result.add_signal(
      classes, std::vector<double>(nx * ny, offset), std::vector<double>(nx * ny, sigma));
  auto labels = map_spec("labels", ElementType::u8, false);
  result.add_signal(labels, std::vector<std::uint8_t>(nx * ny, 1));
  result.add_scalar("peak_hz", 1234.5 + offset, "Hz", sigma);
  result.add_scalar("residual", 0.01, "");
  result.add_text("verdict", "two components suffice");
  return result;
}

TEST(ResultWriter, AddsAndReplacesResults) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const auto raw = RecordingReader(folder / "map.nxs").read<float>("amplitude");
  for (const double offset : {1.0, 2.0, 3.0}) {
    result_with(folder / "map.nxs", offset, 0.1).commit();
    const RecordingReader reader(folder / "map.nxs");
    EXPECT_EQ(reader.results(), std::vector<std::string>{"pm_dns"});
    const Result result = reader.result("pm_dns");
    EXPECT_EQ(result.program, "halotwin");
    EXPECT_EQ(std::get<std::int64_t>(result.parameters.find("rank")->data), 2);
    ASSERT_EQ(result.scalars.size(), 2U);
    EXPECT_EQ(result.scalars[0].value, 1234.5 + offset);
    EXPECT_EQ(result.scalars[0].sigma, 0.1);
    EXPECT_EQ(result.scalars[0].unit, "Hz");
    EXPECT_TRUE(std::isnan(result.scalars[1].sigma));
    EXPECT_EQ(result.texts.front().second, "two components suffice");
    EXPECT_EQ(result.signals, (std::vector<std::string>{"classes", "labels"}));
    EXPECT_EQ(reader.read<double>("analysis_pm_dns/classes")[3], offset);
    EXPECT_EQ(reader.read_errors("analysis_pm_dns/classes")[3], 0.1);
    EXPECT_EQ(reader.read<float>("amplitude"), raw);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.undo"));
}

TEST(ResultWriter, WithoutCommitOrOnFailureTheFileIsAsItWas) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const std::string before = contents(folder / "map.nxs");
  { const auto result = result_with(folder / "map.nxs", 1.0, 0.1); }
  EXPECT_EQ(contents(folder / "map.nxs"), before);
  auto bad = result_with(folder / "map.nxs", 1.0, 0.1);
  EXPECT_THROW(bad.add_signal(map_spec("x", ElementType::f64, false), std::vector<double>(3)),
               ParameterError);
  ResultWriter unnamable(folder / "map.nxs", {"x", "halotwin", "", parse_toml("\"a/b\" = 1", "")});
  EXPECT_THROW(unnamable.commit(), DataError);
  EXPECT_EQ(contents(folder / "map.nxs"), before);
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.undo"));
}

TEST(ResultWriter, AFullDiskLeavesTheFileAsItWas) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const std::string before = contents(folder / "map.nxs");
  const pid_t child = fork();
  if (child == 0) {  // a limit of the size of files stands in for the disk
    std::signal(SIGXFSZ, SIG_IGN);
    auto result = result_with(folder / "map.nxs", 1.0, 0.1);
    const auto many = map_spec("many", ElementType::f64, true);
    auto large = many;
    large.axes[2].values = linear_spacing(0.0, 1.0, 2000);
    result.add_signal(large, std::vector<double>(count_of(large), 1.0));
    const rlim_t limit = before.size() + 100000;
    const rlimit small{limit, limit};
    setrlimit(RLIMIT_FSIZE, &small);
    try {
      result.commit();
      _exit(1);
    } catch (const DataError&) {
      std::exit(7);  // with the end of the HDF5 library, which must not write any more
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(contents(folder / "map.nxs"), before);
  result_with(folder / "map.nxs", 2.0, 0.1).commit();
  EXPECT_EQ(RecordingReader(folder / "map.nxs").result("pm_dns").scalars[0].value, 1236.5);
}

TEST(ResultWriter, AKillInTheMiddleIsUndoneByTheNextReader) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  result_with(folder / "map.nxs", 0.0, 0.1).commit();
  int unfinished = 0;
  for (int trial = 0; trial < 12; ++trial) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 1;; ++i) {
        result_with(folder / "map.nxs", i, 0.1).commit();
      }
    }
    while (!std::filesystem::exists(folder / "map.nxs.undo")) {
      WallClock().sleep(std::chrono::microseconds(100));
    }
    WallClock().sleep(std::chrono::microseconds(400 * trial));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    unfinished += std::filesystem::exists(folder / "map.nxs.undo") ? 1 : 0;
    const RecordingReader reader(folder / "map.nxs");
    EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.undo"));
    const Result result = reader.result("pm_dns");
    EXPECT_EQ(reader.read<double>("analysis_pm_dns/classes")[0] + 1234.5, result.scalars[0].value);
    EXPECT_EQ(reader.read<float>("amplitude")[6], value_at(1, 1));
    EXPECT_EQ(reader.results().size(), 1U);
    EXPECT_FALSE(reader.has_collection("new_result"));
  }
  EXPECT_GT(unfinished, 0) << "no kill fell into a change: the test tested nothing";
}

}  // namespace
}  // namespace halotwin::data
