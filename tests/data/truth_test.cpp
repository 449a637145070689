#include "data/truth.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "data/result_writer.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

void write_with_truth(const std::filesystem::path& path, TruthMode mode) {
  auto writer = RecordingWriter::create(path, small_header());
  const auto ids = define_small(writer);
  TruthWriter truth(writer, mode);
  auto spec = map_spec("conductivity", ElementType::f64, false);
  spec.unit = "S/m";
  const auto id = truth.add_signal(spec);
  truth.add_collection("specimen", parse_toml("grain_size_m = 3e-7\n", "test"));
  writer.begin();
  for (std::size_t p = 0; p < nx * ny; ++p) {
    write_pixel(writer, ids, p);
    truth.write_value(id, {p / nx, p % nx}, 0.125 * static_cast<double>(p));
    writer.save_checkpoint(p + 1);
  }
  writer.finish(RunStatus::complete, std::chrono::seconds(1));
}

/// Changes one byte of the values `find` in a file.
void tamper(const std::filesystem::path& path, const void* find, std::size_t size) {
  std::string bytes = contents(path);
  const auto at = bytes.find(std::string(static_cast<const char*>(find), size));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  put_contents(path, bytes);
}

TEST(Truth, InTheFileIsApartFromTheSignals) {
  const Folder folder;
  write_with_truth(folder / "map.nxs", TruthMode::in_file);
  const RecordingReader recording(folder / "map.nxs");
  EXPECT_FALSE(recording.has_signal("conductivity"));
  const TruthReader truth(folder / "map.nxs");
  EXPECT_EQ(truth.signals(), std::vector<std::string>{"conductivity"});
  EXPECT_EQ(truth.read<double>("conductivity")[9], 1.125);
  EXPECT_EQ(std::get<double>(truth.collection("specimen").find("grain_size_m")->data), 3e-7);
  EXPECT_FALSE(is_blind(folder / "map.nxs"));
}

TEST(Truth, SealedIsNotInTheRecordingAndOpensBesideIt) {
  const Folder folder;
  write_with_truth(folder / "map.nxs", TruthMode::sealed);
  EXPECT_TRUE(is_blind(folder / "map.nxs"));
  EXPECT_EQ(contents(folder / "map.nxs").find("conductivity"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder / "map.truth.nxs"));
  EXPECT_NO_THROW(verify_seal(folder / "map.nxs", folder / "map.truth.nxs"));
  EXPECT_EQ(TruthReader(folder / "map.nxs").read<double>("conductivity")[9], 1.125);
}

TEST(Truth, AResultDoesNotBreakTheSeal) {
  const Folder folder;
  write_with_truth(folder / "map.nxs", TruthMode::sealed);
  ResultWriter result(folder / "map.nxs", {"pm_dns"});
  result.add_scalar("rank", 2.0, "");
  result.commit();
  EXPECT_NO_THROW(verify_seal(folder / "map.nxs", folder / "map.truth.nxs"));
}

TEST(Truth, TamperingWithEitherFileIsNoticedAndNamed) {
  const Folder folder;
  write_with_truth(folder / "map.nxs", TruthMode::sealed);
  const auto verify = [&] { verify_seal(folder / "map.nxs", folder / "map.truth.nxs"); };
  const std::string truth = contents(folder / "map.truth.nxs");
  const double value = 1.125;
  tamper(folder / "map.truth.nxs", &value, sizeof(value));
  EXPECT_NE(message_of<DataError>(verify).find("map.truth.nxs: is not the truth"),
            std::string::npos);
  put_contents(folder / "map.truth.nxs", truth);
  EXPECT_NO_THROW(verify());
  const float reading = value_at(6, 3);
  tamper(folder / "map.nxs", &reading, sizeof(reading));
  EXPECT_NE(message_of<DataError>(verify).find("map.nxs: its data are not those"),
            std::string::npos);
}

TEST(Truth, OfAnotherRunIsRefused) {
  const Folder folder;
  write_with_truth(folder / "a.nxs", TruthMode::sealed);
  write_with_truth(folder / "b.nxs", TruthMode::in_file);
  EXPECT_THROW(verify_seal(folder / "b.nxs", folder / "a.truth.nxs"), DataError);
  EXPECT_THROW(verify_seal(folder / "a.nxs", folder / "b.nxs"), DataError);
  EXPECT_THROW(RecordingReader(folder / "a.truth.nxs"), DataError);
}

TEST(Truth, SealedGoesOnAfterAnInterruption) {
  const Folder folder;
  const auto spec = map_spec("conductivity", ElementType::f64, false);
  {
    auto writer = RecordingWriter::create(folder / "map.nxs", small_header());
    (void)define_small(writer);
    TruthWriter truth(writer, TruthMode::sealed);
    truth.write_value((truth.add_signal(spec), writer.begin(), SignalId{0}), {0, 1}, 5.0);
  }
  EXPECT_THROW(TruthReader(folder / "map.nxs.part"), DataError);
  auto writer = RecordingWriter::open_for_resume(folder / "map.nxs");
  (void)define_small(writer);
  TruthWriter truth(writer, TruthMode::sealed);
  const auto id = truth.add_signal(spec);
  writer.begin();
  truth.write_value(id, {0, 2}, 6.0);
  writer.finish(RunStatus::complete, {});
  const auto values = TruthReader(folder / "map.nxs").read<double>("conductivity");
  EXPECT_EQ(values[1], 5.0);
  EXPECT_EQ(values[2], 6.0);
}

}  // namespace
}  // namespace halotwin::data
