#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;
using ::testing::Test;

TEST(Recording, GivesBackWhatWasWritten) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs.part"));
  const RecordingReader reader(folder / "map.nxs");
  EXPECT_EQ(reader.signals(),
            (std::vector<std::string>{
                "amplitude", "demodulated", "overload", "pixel_time", "topography"}));
  const auto amplitude = reader.read<float>("amplitude");
  const auto phasors = reader.read<std::complex<float>>("demodulated");
  const auto overload = reader.read<std::uint8_t>("overload");
  ASSERT_EQ(amplitude.size(), nx * ny * channels);
  for (std::size_t p = 0; p < nx * ny; ++p) {
    for (std::size_t k = 0; k < channels; ++k) {
      EXPECT_EQ(amplitude[p * channels + k], value_at(p, k));
      EXPECT_EQ(phasors[p * channels + k], std::complex<float>(value_at(p, k), -value_at(p, k)));
    }
    EXPECT_EQ(overload[p], p == 7 ? 1 : 0);
  }
  EXPECT_EQ(reader.read<double>("topography")[5], static_cast<double>(5e-9F));
  EXPECT_EQ(reader.read<double>("pixel_time")[11], 2.75);
  EXPECT_EQ(reader.read_errors("amplitude"), std::vector<double>(nx * ny * channels, 0.5));
  std::vector<float> rows(2 * nx * channels);
  reader.read_rows("amplitude", 1, std::span(rows));
  EXPECT_EQ(rows, std::vector<float>(amplitude.begin() + nx * channels, amplitude.end()));
  EXPECT_THROW(reader.read_rows("amplitude", 2, std::span(rows)), ParameterError);
  rows.pop_back();
  EXPECT_THROW(reader.read_rows("amplitude", 1, std::span(rows)), ParameterError);
  EXPECT_EQ(reader.read_block<float>("amplitude", {2, 1, 3}, {1, 2, 1}),
            (std::vector<float>{value_at(9, 3), value_at(10, 3)}));
}

TEST(Recording, GivesBackSpecsWithAxesAndUnits) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const RecordingReader reader(folder / "map.nxs");
  const SignalSpec spec = reader.spec("amplitude");
  EXPECT_EQ(spec.type, ElementType::f32);
  EXPECT_EQ(spec.unit, "V");
  EXPECT_EQ(spec.interpretation, Interpretation::spectrum);
  EXPECT_EQ(spec.description, "modulus of the lock-in reading");
  EXPECT_TRUE(spec.is_default_plot);
  EXPECT_TRUE(spec.with_errors);
  EXPECT_EQ(shape_of(spec), (std::vector<std::size_t>{ny, nx, channels}));
  EXPECT_EQ(spec.axes[2].name, "frequency");
  EXPECT_EQ(spec.axes[2].unit, "Hz");
  EXPECT_EQ(spec.axes[2].long_name, "frequency (Hz)");
  EXPECT_EQ(spec.axes[2].values, linear_spacing(1e3, 5e3, channels));
  EXPECT_EQ(reader.spec("overload").unit, "1");
}

TEST(Recording, GivesBackHeaderConfigurationAndCollections) {
  const Folder folder;
  write_complete(folder / "map.nxs");
  const RecordingReader reader(folder / "map.nxs");
  const RecordingHeader& read = reader.header();
  const RecordingHeader wrote = small_header();
  EXPECT_EQ(read.title, wrote.title);
  EXPECT_EQ(read.seed, wrote.seed);
  EXPECT_EQ(read.start_since_epoch, wrote.start_since_epoch);
  EXPECT_EQ(read.scenario_text, wrote.scenario_text);
  EXPECT_EQ(read.command_line, wrote.command_line);
  EXPECT_EQ(to_toml(read.configuration), to_toml(wrote.configuration));
  EXPECT_EQ(read.devices, wrote.devices);
  EXPECT_EQ(read.noise_sources, wrote.noise_sources);
  EXPECT_EQ(read.faults, wrote.faults);
  EXPECT_EQ(read.software.commit, "abc123");
  EXPECT_EQ(read.scan->points_x, nx);
  EXPECT_EQ(read.scan->y_end_m, 2e-6);
  EXPECT_TRUE(read.sample.simulated);
  const Table lock_in = reader.collection("instrument/lock_in_2");
  EXPECT_EQ(std::get<double>(lock_in.find("time_constant_s")->data), 0.01);
  EXPECT_EQ(std::get<std::int64_t>(lock_in.find("order")->data), 4);
  EXPECT_EQ(std::get<bool>(lock_in.find("low_pass")->data), true);
  EXPECT_EQ(std::get<std::string>(lock_in.find("model")->data), "MFLI");
  EXPECT_EQ(std::get<double>(lock_in.table_at("range")->find("input_v")->data), 1.5);
}

TEST(Recording, UnmeasuredValuesAreNanOrTheFillValue) {
  const Folder folder;
  { const auto writer = write_small(folder / "map.nxs", 5); }  // as after a kill
  EXPECT_FALSE(std::filesystem::exists(folder / "map.nxs"));
  const RecordingReader reader(folder / "map.nxs");
  EXPECT_EQ(reader.status(), RunStatus::running);
  EXPECT_EQ(reader.units_done(), 5U);
  EXPECT_EQ(reader.progress_text(), "running: 5 of 12 pixels valid");
  const auto amplitude = reader.read<float>("amplitude");
  EXPECT_EQ(amplitude[4 * channels], value_at(4, 0));
  EXPECT_TRUE(std::isnan(amplitude[5 * channels]));
  EXPECT_TRUE(std::isnan(reader.read<std::complex<float>>("demodulated")[5 * channels].imag()));
  EXPECT_TRUE(std::isnan(reader.read<double>("pixel_time")[5]));
  EXPECT_EQ(reader.read<std::uint8_t>("overload")[5], 255);
}

TEST(Recording, IsTakenUpAgainWhereItStopped) {
  const Folder folder;
  {
    auto writer = write_small(folder / "map.nxs", 5);
    const std::byte state[] = {std::byte{1}, std::byte{2}, std::byte{3}};
    writer.save_checkpoint(5, state);
    writer.events().write({std::chrono::seconds(1), Level::warning, "afm", "tip changed"});
    writer.finish(RunStatus::interrupted, std::chrono::seconds(2));
  }
  auto writer = RecordingWriter::open_for_resume(folder / "map.nxs");
  EXPECT_TRUE(writer.resumed());
  EXPECT_EQ(writer.header().seed, small_header().seed);
  const auto ids = define_small(writer);
  writer.begin();
  const auto checkpoint = writer.load_checkpoint();
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->units_done, 5U);
  EXPECT_EQ(checkpoint->state, (std::vector<std::byte>{std::byte{1}, std::byte{2}, std::byte{3}}));
  std::vector<float> before(channels);
  writer.read(ids.amplitude, {1, 0}, before);
  EXPECT_EQ(before[1], value_at(4, 1));
  for (std::size_t p = 5; p < nx * ny; ++p) {
    write_pixel(writer, ids, p);
    writer.save_checkpoint(p + 1);
  }
  writer.events().write({std::chrono::seconds(3), Level::info, "run", "resumed"});
  writer.finish(RunStatus::complete, std::chrono::seconds(4));
  write_complete(folder / "whole.nxs");
  const RecordingReader resumed(folder / "map.nxs");
  const RecordingReader whole(folder / "whole.nxs");
  EXPECT_EQ(resumed.status(), RunStatus::complete);
  for (const auto& signal : whole.signals()) {
    if (signal != "demodulated") {
      EXPECT_EQ(resumed.read<double>(signal), whole.read<double>(signal)) << signal;
    }
  }
  const auto events = resumed.events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].text, "tip changed");
  EXPECT_EQ(events[0].level, Level::warning);
  EXPECT_EQ(events[1].time, std::chrono::seconds(3));
}

TEST(Recording, RefusesToGoOnWithAnotherSignal) {
  const Folder folder;
  { const auto writer = write_small(folder / "map.nxs", 2); }
  auto writer = RecordingWriter::open_for_resume(folder / "map.nxs.part");
  auto spec = map_spec("amplitude", ElementType::f32, true);
  spec.axes[2].values.pop_back();
  EXPECT_EQ(message_of<DataError>([&] { writer.add_signal(spec); }),
            "signal \"amplitude\" cannot go on with another shape");
  EXPECT_THROW(writer.add_signal(map_spec("phase", ElementType::f32, true)), DataError);
}

TEST(Recording, ATornCheckpointLeavesTheOneBefore) {
  const Folder folder;
  { const auto writer = write_small(folder / "map.nxs", 6); }
  std::string bytes = contents(folder / "map.nxs.part");
  // the sixth checkpoint lies in slot 0; its head begins with the magic word, sequence 6
  const std::string head = std::string("HLOWCKP1") + '\x06' + std::string(7, '\0') + '\x06';
  const auto at = bytes.find(head);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 16] = '\x09';  // units_done
  put_contents(folder / "map.nxs.part", bytes);
  EXPECT_EQ(RecordingReader(folder / "map.nxs").units_done(), 5U);
}

TEST(Recording, EventsThatFindNoRoomAreCounted) {
  const Folder folder;
  auto header = small_header();
  header.event_capacity = 3;
  auto writer = RecordingWriter::create(folder / "map.nxs", header);
  writer.add_signal(map_spec("a", ElementType::f32, false));
  writer.begin();
  for (int i = 0; i < 10; ++i) {
    writer.events().write({std::chrono::seconds(i), Level::info, "run", std::string(400, 'x')});
  }
  writer.finish(RunStatus::complete, std::chrono::seconds(1));
  const auto events = RecordingReader(folder / "map.nxs").events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].text, std::string(256, 'x'));
  EXPECT_EQ(events[2].text, "8 more events found no room in the recording");
}

TEST(Recording, RefusesWhatDoesNotFitTheSignal) {
  const Folder folder;
  auto writer = write_small(folder / "map.nxs", 1);
  const SignalId amplitude{0};
  const std::vector<float> row(channels + 1);
  EXPECT_THROW(writer.write(amplitude, {ny - 1, nx - 1}, row), ParameterError);
  EXPECT_THROW(writer.write(amplitude, {ny, 0}, row), ParameterError);
  EXPECT_THROW(writer.write(amplitude, {0, 0}, std::vector<double>(channels)), ParameterError);
  EXPECT_THROW(writer.write(SignalId{99}, {0, 0}, row), ParameterError);
  EXPECT_THROW(writer.add_signal(map_spec("late", ElementType::f32, true)), ParameterError);
}

TEST(Recording, RefusesBadSignals) {
  const auto refuse = [](auto change) {
    auto spec = map_spec("a", ElementType::f32, true);
    change(spec);
    EXPECT_THROW(validate(spec), ParameterError);
  };
  refuse([](SignalSpec& s) { s.group = "1st"; });
  refuse([](SignalSpec& s) { s.group = "a//b"; });
  refuse([](SignalSpec& s) { s.axes.clear(); });
  refuse([](SignalSpec& s) { s.axes[0].values.clear(); });
  refuse([](SignalSpec& s) { s.axes[0].values = {1.0, 0.0}; });
  refuse([](SignalSpec& s) { s.axes[0].values = {std::nan("")}; });
  refuse([](SignalSpec& s) { s.axes[1].name = "y"; });
  refuse([](SignalSpec& s) {
    for (auto& axis : s.axes) {
      axis.values = linear_spacing(0.0, 1.0, 100000);
    }
  });
}

}  // namespace
}  // namespace halotwin::data
