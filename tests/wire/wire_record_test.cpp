// What went over a wire, kept and played.
#include "devices/wire/wire_record.hpp"

#include <filesystem>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/servers/srs_service.hpp"
#include "tests/support/service_stream.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

class WireRecordTest : public testing::Test {
 protected:
  ~WireRecordTest() override { std::filesystem::remove(file_); }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("halotwin_wire_" + std::to_string(getpid()));
  sim::VirtualClock clock_{[](Duration) {}};

  /// Some operations of a driver, and what came of them.
  std::vector<double> use(const Connect& connect) {
    std::vector<double> found;
    const auto lock_in =
        open_srs_lock_in(connect, clock_, "lockin", "sr860://x", srs::Family::sr86x);
    found.push_back(lock_in->configure({.reference_hz = 321.0, .harmonic = 2}).reference_hz);
    for (int k = 0; k < 3; ++k) {
      try {
        const LockInReading r = lock_in->read();
        found.insert(found.end(), {r.x_v, r.y_v});
      } catch (const DeviceError& error) {
        found.push_back(static_cast<double>(std::string(error.what()).size()));
      }
    }
    return found;
  }
};

TEST_F(WireRecordTest, APlayedRecordIsTheInstrumentForADriver) {
  test::LockInWorld world;
  SrsService service{world.lock_in, *srs::find_model("SR860")};
  int lines = 0;
  const Connect served = [&] {
    return std::make_unique<test::ServiceStream>([&](std::string_view line) {
      world.sleep_s(0.1);
      return ++lines == 5 ? std::string("nonsense\n") : service.answer(line);  // a bad answer too
    });
  };
  const auto first = use(recorded(served, WireRecord::create(file_), "lockin"));
  EXPECT_EQ(use(played(file_, "lockin")), first);
  EXPECT_THROW(static_cast<void>(use(played(file_, "another"))), DeviceError) << "no such role";
  EXPECT_THROW(static_cast<void>(WireRecord::create(file_)), ParameterError) << "it exists";
}

TEST_F(WireRecordTest, SaysWhereSomethingElseIsSent) {
  {
    const auto record = WireRecord::create(file_);
    record->write("a", "open", "");
    record->write("b", "open", "");
    record->write("a", ">", "FREQ?\n");
    record->write("a", "<", "1e3\n");
    record->write("a", "silent", "no answer in 2 s");
  }
  const auto stream = played(file_, "a")();
  stream->send("FREQ?\n");
  EXPECT_EQ(stream->receive_until('\n'), "1e3");
  try {
    static_cast<void>(stream->receive_until('\n'));
    FAIL() << "the recorded fault";
  } catch (const WireError& error) {
    EXPECT_EQ(error.fault(), WireFault::silent);
    EXPECT_STREQ(error.what(), "no answer in 2 s");
  }
  const auto again = played(file_, "a")();
  try {
    again->send("HARM?\n");
    FAIL() << "another question";
  } catch (const WireError& error) {
    EXPECT_EQ(error.fault(), WireFault::garbled);
    EXPECT_NE(std::string(error.what()).find(":4: sent is \"HARM?\\n\", recorded \"FREQ?\\n\""),
              std::string::npos)
        << error.what();
  }
}

TEST_F(WireRecordTest, RefusesWhatIsNoRecord) {
  const auto refused = [&](const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    EXPECT_THROW(static_cast<void>(played(file_, "a")), ParameterError) << text;
  };
  refused("");
  refused("hello\n");
  refused("# halotwin wire record 1\n0.1 a\n");
  refused("# halotwin wire record 1\n0.1 a > \\q\n");
  refused("# halotwin wire record 1\n0.1 a > \\x4\n");
}

RC_GTEST_PROP(WireRecord, AnyBytesComeBack, (const std::string& bytes)) {
  const auto back = unescaped(escaped(bytes));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == bytes);
}

RC_GTEST_PROP(WireRecord, AnyTextIsReadOrRefused, (const std::string& text)) {
  static_cast<void>(unescaped(text));
}

}  // namespace
}  // namespace halotwin::devices
