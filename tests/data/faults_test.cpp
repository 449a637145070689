// What goes wrong with files: each gives one clear line, and nothing is lost.
#include <csignal>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "data/result_writer.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

std::string open_message(const std::filesystem::path& path) {
  return message_of<DataError>([&] { const RecordingReader reader(path); });
}

/// Runs `work` in a child; true if it ended by itself with `_exit(0)`.
template <class Work>
bool in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
      _exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
      _exit(1);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Faults, FilesThatAreNoRecordingAreNamed) {
  const Folder folder;
  EXPECT_EQ(open_message(folder / "no.nxs"), (folder / "no.nxs").string() + ": no such file");
  EXPECT_EQ(open_message(folder.path()), folder.path().string() + ": not a file");
  put_contents(folder / "text.nxs", "hello");
  EXPECT_EQ(open_message(folder / "text.nxs"),
            (folder / "text.nxs").string() + ": not an HDF5 file");
  put_contents(folder / "empty.nxs", "");
  EXPECT_EQ(open_message(folder / "empty.nxs"),
            (folder / "empty.nxs").string() + ": not an HDF5 file");
  EXPECT_THROW(RecordingWriter::open_for_resume(folder / "text.nxs"), DataError);
  EXPECT_THROW(ResultWriter(folder / "text.nxs", {"x"}).commit(), DataError);
}

TEST(Faults, ATruncatedRecordingIsNamed) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const std::string whole = contents(folder / "map.nxs");
  for (const double part : {0.001, 0.01, 0.3, 0.7, 0.999}) {
    const auto size = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
    put_contents(folder / "cut.nxs", whole.substr(0, size));
    const std::string message = open_message(folder / "cut.nxs");
    EXPECT_EQ(message.rfind((folder / "cut.nxs").string() + ": ", 0), 0U) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  EXPECT_NE(open_message(folder / "cut.nxs").find("is cut off"), std::string::npos);
}

TEST(Faults, ExistingFilesAreNotOverwrittenUnasked) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const std::string before = contents(folder / "map.nxs");
  EXPECT_THROW(RecordingWriter::create(folder / "map.nxs", small_header()), DataError);
  EXPECT_EQ(contents(folder / "map.nxs"), before);
  {
    const auto writer = write_small(folder / "map.nxs", 3, Overwrite::yes);
    EXPECT_EQ(contents(folder / "map.nxs"), before) << "replaced before the new run is complete";
  }
  std::filesystem::remove(folder / "map.nxs");
  EXPECT_NE(message_of<DataError>([&] {
              (void)RecordingWriter::create(folder / "map.nxs", small_header());
            }).find("unfinished run"),
            std::string::npos);
  write_small(folder / "map.nxs", 12, Overwrite::yes).finish(RunStatus::complete, {});
  EXPECT_EQ(RecordingReader(folder / "map.nxs").units_done(), 12U);
}

TEST(Faults, ARunThatNeverBeganLeavesNothing) {
  const Folder folder;
  { const auto writer = RecordingWriter::create(folder / "map.nxs", small_header()); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Faults, ARunningRecordingCannotBeTakenByAnotherProgram) {
  const Folder folder;
  const auto writer = write_small(folder / "map.nxs", 3);
  EXPECT_TRUE(in_child([&] {
    EXPECT_THROW(RecordingWriter::open_for_resume(folder / "map.nxs"), DataError);
    EXPECT_THROW(RecordingWriter::create(folder / "map.nxs", small_header(), Overwrite::yes),
                 DataError);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }));
  EXPECT_EQ(RecordingReader(folder / "map.nxs").units_done(), 3U) << "but it can be looked at";
}

TEST(Faults, AReadOnlyFolderIsNamed) {
  const Folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  EXPECT_TRUE(in_child([&] {
    if (geteuid() == 0 && seteuid(65534) != 0) {  // permissions do not bind root
      _exit(0);
    }
    const auto message = message_of<DataError>(
        [&] { (void)RecordingWriter::create(folder / "map.nxs", small_header()); });
    _exit(message.find("map.nxs.new: cannot be created: Permission denied") == std::string::npos);
  }));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Faults, ADiskThatIsTooSmallIsSaidBeforeTheRun) {
  const Folder folder;
  auto writer = RecordingWriter::create(folder / "map.nxs", small_header());
  auto spec = map_spec("huge", ElementType::f64, true);
  spec.axes[0].values = linear_spacing(0.0, 1.0, 30000);
  spec.axes[1].values = linear_spacing(0.0, 1.0, 30000);
  spec.axes[2].values = linear_spacing(0.0, 1.0, 10000);
  writer.add_signal(spec);
  EXPECT_GT(writer.estimated_bytes(), 72000000000000U);
  const auto message = message_of<DataError>([&] { writer.begin(); });
  EXPECT_NE(message.find("needs 72000.0 GB, but only"), std::string::npos) << message;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Faults, ALimitReachedWhileWritingIsADataErrorAndKeepsTheFile) {
  const Folder folder;
  EXPECT_TRUE(in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    auto writer = write_small(folder / "map.nxs", 6);
    const auto size = std::filesystem::file_size(folder / "map.nxs.part");
    const rlimit small{size / 100, size / 100};
    setrlimit(RLIMIT_FSIZE, &small);
    const auto message = message_of<DataError>([&] {
      writer.write_value(SignalId{3}, {1, 2}, 1.0);
    });
    _exit(message != "cannot write the recording: File too large");
  }));
  EXPECT_EQ(RecordingReader(folder / "map.nxs").units_done(), 6U);
}

TEST(Faults, AFullDiskIsADataErrorAndLeavesNothing) {
  const Folder folder;
  if (geteuid() != 0 || mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=3m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system";
  }
  put_contents(folder / "filler", std::string(1400000, 'x'));
  EXPECT_THROW(write_small(folder / "map.nxs", 1), DataError);  // estimated beforehand
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.part"));
  std::filesystem::remove(folder / "filler");
  {
    auto writer = RecordingWriter::create(folder / "map.nxs", small_header());
    (void)define_small(writer);
    put_contents(folder / "filler", std::string(3000000, 'x'));  // the rest of the disk, afterwards
    EXPECT_THROW(writer.begin(), DataError);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.part"));
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

TEST(Faults, AfterAKillAtAnyMomentTheFileOpensWithAllUnitsOfTheCheckpoint) {
  const Folder folder;
  constexpr std::size_t side = 64;
  constexpr std::size_t points = 32;
  const auto spec = [&] {
    SignalSpec s = map_spec("amplitude", ElementType::f32, true);
    s.axes[0].values = linear_spacing(0.0, 1.0, side);
    s.axes[1].values = linear_spacing(0.0, 1.0, side);
    s.axes[2].values = linear_spacing(0.0, 1.0, points);
    return s;
  }();
  auto header = small_header();
  header.units_total = side * side;
  RandomStream random(1, Purpose::test_data, 0, 0);
  std::size_t partial = 0;
  for (int trial = 0; trial < 10; ++trial) {
    const auto path = folder / "map.nxs";
    const pid_t child = fork();
    if (child == 0) {
      auto writer = RecordingWriter::create(path, header, Overwrite::yes);
      const auto id = writer.add_signal(spec);
      writer.begin();
      for (std::size_t round = 0;; ++round) {
        for (std::size_t p = 0; p < side * side; ++p) {
          writer.write(
              id, {p / side, p % side}, std::vector<float>(points, static_cast<float>(p + 1)));
          writer.events().write({std::chrono::seconds(p), Level::info, "run", "pixel"});
          writer.save_checkpoint(p + 1, std::as_bytes(std::span(&p, 1)));
        }
      }
    }
    const auto enough = static_cast<std::size_t>(random.uniform() * 3000.0);
    while (!std::filesystem::exists(folder / "map.nxs.part") ||
           RecordingReader(path).units_done() < enough) {
      WallClock().sleep(std::chrono::microseconds(200));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const RecordingReader reader(path);
    const auto done = reader.units_done();
    const auto values = reader.read<float>("amplitude");
    for (std::size_t i = 0; i < done * points; ++i) {
      ASSERT_EQ(values[i], static_cast<float>(i / points + 1));
    }
    (void)reader.events();
    partial += done > 0 && done < side * side ? 1 : 0;
    std::filesystem::remove(folder / "map.nxs.part");
  }
  EXPECT_GT(partial, 3U) << "hardly any kill fell into the run";
}

TEST(Faults, DamagedFilesGiveErrorsAndNothingElse) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const std::string whole = contents(folder / "map.nxs");
  const std::string toml = small_header().scenario_text + to_toml(small_header().configuration);
  int refused = 0;
  for (std::uint32_t trial = 0; trial < 150; ++trial) {
    RandomStream random(2, Purpose::test_data, trial, 0);
    const auto below = [&](std::size_t n) {
      return static_cast<std::size_t>(random.uniform() * static_cast<double>(n));
    };
    std::string bytes = whole;
    std::string text = toml;
    for (int change = 0; change < 20; ++change) {
      bytes[below(trial % 2 == 0 ? 30000 : bytes.size())] = static_cast<char>(below(256));
      text[below(text.size())] = static_cast<char>(below(256));
    }
    put_contents(folder / "damaged.nxs", bytes);
    try {
      const RecordingReader reader(folder / "damaged.nxs");
      for (const auto& signal : reader.signals()) {
        if (reader.spec(signal).type != ElementType::complex64) {
          (void)reader.read<double>(signal);
        }
      }
      (void)reader.events();
      (void)reader.checkpoint();
    } catch (const DataError&) {
      ++refused;
    }
    try {
      (void)parse_toml(text, "damaged.toml");
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace halotwin::data
