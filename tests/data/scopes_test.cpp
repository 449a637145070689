// Recordings that hold the signals of several steps.
#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "tests/data/programs.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

RecordingHeader header_of_two() {
  RecordingHeader header = small_header();
  header.procedure = "series";
  header.units_total = 24;
  header.sections = {
      {"r00_map", "pm_dns_map", "first", 12, "pixel", ScanArea{0.0, 1e-6, 0.0, 2e-6, 4, 3}},
      {"r01_map", "pm_dns_map", "second", 12, "pixel", std::nullopt}};
  return header;
}

struct Two {
  std::vector<SmallSignals> ids;
  std::vector<SignalId> truths;
  SignalId condition{};
};

Two define_two(RecordingWriter& writer, TruthWriter& truth) {
  Two two;
  for (const char* scope : {"r00_map", "r01_map"}) {
    writer.set_scope(scope);
    two.ids.push_back(define_small(writer));
    writer.add_collection("instrument/lock_in", parse_toml("order = 4\n", "test"), "NXcollection");
    truth.set_scope(scope);
    two.truths.push_back(truth.add_signal(map_spec("density", ElementType::f64, false)));
  }
  writer.set_scope({});
  truth.set_scope({});
  SignalSpec spec{.group = "conditions/temperature",
                  .type = ElementType::f64,
                  .unit = "K",
                  .axes = {{"round", "1", {0.0, 1.0}}}};
  two.condition = writer.add_signal(spec);
  truth.add_collection("specimen", parse_toml("grain_size_m = 3e-7\n", "test"));
  return two;
}

void write_units(
    RecordingWriter& writer, TruthWriter& truth, const Two& two, std::size_t from, std::size_t to) {
  for (std::size_t unit = from; unit < to; ++unit) {
    const std::size_t step = unit / 12;
    write_pixel(writer, two.ids[step], unit % 12);
    truth.write_value(two.truths[step], {unit % 12 / nx, unit % nx}, static_cast<double>(unit));
    writer.save_checkpoint(unit + 1);
  }
  if (to == 24) {
    writer.write(two.condition, {0}, std::vector<double>{300.0, 310.0});
  }
}

void write_two(const std::filesystem::path& path, TruthMode mode = TruthMode::in_file) {
  auto writer = RecordingWriter::create(path, header_of_two());
  TruthWriter truth(writer, mode);
  const Two two = define_two(writer, truth);
  writer.begin();
  write_units(writer, truth, two, 0, 24);
  writer.finish(RunStatus::complete, std::chrono::seconds(1));
}

TEST(Scopes, AStepIsReadAsARecordingOfItsOwn) {
  const Folder folder;
  write_two(folder / "two.nxs");
  const RecordingReader whole(folder / "two.nxs");
  ASSERT_EQ(whole.header().sections.size(), 2U);
  EXPECT_EQ(whole.header().sections[1].title, "second");
  EXPECT_TRUE(whole.has_signal("r01_map/amplitude"));
  EXPECT_FALSE(whole.has_signal("amplitude"));
  EXPECT_EQ(whole.read<double>("conditions/temperature"), (std::vector<double>{300.0, 310.0}));

  const RecordingReader step(folder / "two.nxs", "r01_map");
  EXPECT_EQ(step.scope(), "r01_map");
  EXPECT_EQ(step.header().procedure, "pm_dns_map");
  EXPECT_EQ(step.header().units_total, 12U);
  EXPECT_EQ(step.units_done(), 12U);
  EXPECT_EQ(step.signals(),
            (std::vector<std::string>{
                "amplitude", "demodulated", "overload", "pixel_time", "topography"}));
  EXPECT_EQ(step.read<float>("amplitude")[7 * channels + 2], value_at(7, 2));
  EXPECT_EQ(step.spec("amplitude").long_name, "amplitude (V)");
  EXPECT_TRUE(step.spec("amplitude").is_default_plot);
  EXPECT_TRUE(step.has_collection("instrument/lock_in"));
  EXPECT_EQ(step.header().seed, whole.header().seed);
  EXPECT_EQ(RecordingReader(folder / "two.nxs", "r00_map").header().scan->points_x, 4U);
}

TEST(Scopes, TruthOfAStepInTheFileAndSealed) {
  const Folder folder;
  write_two(folder / "open.nxs");
  write_two(folder / "blind.nxs", TruthMode::sealed);
  for (const char* name : {"open.nxs", "blind.nxs"}) {
    EXPECT_EQ(TruthReader(folder / name, {}, "r01_map").read<double>("density")[9], 21.0) << name;
    EXPECT_TRUE(TruthReader(folder / name).has_collection("specimen")) << name;
    EXPECT_THROW((TruthReader(folder / name, {}, "r02_map")), DataError) << name;
  }
}

TEST(Scopes, UnitsOfAStepAreCountedFromItsFirst) {
  const Folder folder;
  auto writer = RecordingWriter::create(folder / "two.nxs", header_of_two());
  TruthWriter truth(writer, TruthMode::in_file);
  const Two two = define_two(writer, truth);
  writer.begin();
  write_units(writer, truth, two, 0, 15);
  EXPECT_EQ(RecordingReader(folder / "two.nxs", "r00_map").units_done(), 12U);
  EXPECT_EQ(RecordingReader(folder / "two.nxs", "r01_map").units_done(), 3U);
}

TEST(Scopes, GoOnAfterAKillInAnyStep) {
  for (const std::size_t kill_after : {5U, 12U, 17U}) {
    const Folder folder;
    {
      auto writer = RecordingWriter::create(folder / "two.nxs", header_of_two());
      TruthWriter truth(writer, TruthMode::in_file);
      const Two two = define_two(writer, truth);
      writer.begin();
      write_units(writer, truth, two, 0, kill_after);
    }
    {
      auto writer = RecordingWriter::open_for_resume(folder / "two.nxs");
      ASSERT_EQ(writer.header().sections.size(), 2U);
      TruthWriter truth(writer, TruthMode::in_file);
      const Two two = define_two(writer, truth);
      writer.begin();
      ASSERT_EQ(writer.load_checkpoint()->units_done, kill_after);
      write_units(writer, truth, two, kill_after, 24);
      writer.finish(RunStatus::complete, std::chrono::seconds(1));
    }
    for (const char* scope : {"r00_map", "r01_map"}) {
      const auto values = RecordingReader(folder / "two.nxs", scope).read<float>("amplitude");
      for (std::size_t p = 0; p < 12; ++p) {
        EXPECT_EQ(values[p * channels + 1], value_at(p, 1)) << scope << kill_after;
      }
    }
    const auto density = TruthReader(folder / "two.nxs", {}, "r01_map").read<double>("density");
    EXPECT_EQ(density.back(), 23.0);
  }
}

TEST(Scopes, WrongNamesAreRefused) {
  const Folder folder;
  write_two(folder / "two.nxs");
  const auto text =
      message_of<DataError>([&] { (void)RecordingReader(folder / "two.nxs", "r01_mop"); });
  EXPECT_NE(text.find("did you mean \"r01_map\"?"), std::string::npos) << text;
  auto writer = RecordingWriter::create(folder / "other.nxs", header_of_two());
  EXPECT_THROW(writer.set_scope("r07_map"), ParameterError);
  for (const char* bad : {"instrument", "a/b", "", "analysis_x"}) {
    RecordingHeader header = header_of_two();
    header.sections[1].scope = bad;
    EXPECT_THROW((void)RecordingWriter::create(folder / "bad.nxs", header), ParameterError) << bad;
  }
}

TEST(Scopes, OtherProgramsFindTheDefaultPlot) {
  const std::string python = "/usr/bin/python3";
  const Folder folder;
  write_two(folder / "two.nxs");
  const std::string path = (folder / "two.nxs").string();
  if (run(python + " -c 'import h5py' 2>/dev/null").status == 0) {
    const auto outcome =
        run(python + " -c \"import h5py; f = h5py.File('" + path +
            "', 'r'); e = f[f.attrs['default']]; s = e['r01_map']; print(e[e.attrs['default']]."
            "name, s[s.attrs['default']]['data'].shape)\" 2>&1");
    EXPECT_EQ(outcome.output, "/entry/r00_map (3, 4, 5)\n");
  }
  if (run(python + " -c 'import silx.io' 2>/dev/null").status == 0) {
    const auto outcome =
        run(python + " -c \"import silx.io; from silx.io import nxdata; f = silx.io.open('" + path +
            "'); print(nxdata.get_default(f['/entry/r01_map']).signal.shape, "
            "nxdata.get_default(f).signal.shape)\" 2>&1");
    EXPECT_EQ(outcome.output, "(3, 4, 5) (3, 4, 5)\n");
  }
}

}  // namespace
}  // namespace halotwin::data
