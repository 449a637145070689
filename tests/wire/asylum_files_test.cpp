// The files between a program and Asylum's software. Lines: as aespm 1.1 writes them.
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "devices/drivers/asylum_probe.hpp"
#include "devices/wire/asylum.hpp"

namespace halotwin::devices::asylum {
namespace {

using Arguments = std::vector<Argument>;

Command command(std::string_view line) {
  const auto found = parse_command(line);
  EXPECT_TRUE(found.has_value()) << line;
  return found.value_or(MakeReadout{});
}

TEST(AsylumCommands, AreReadAsAespmWritesThem) {
  EXPECT_EQ(command(R"(ARExecuteControl("DownScan_0","MasterPanel",0,""))"),
            Command(press("DownScan_0")));
  EXPECT_EQ(command(R"(ARExecuteControl("ScanSizeSetVar_0","MasterPanel",1e-06,""))"),
            Command(enter("ScanSizeSetVar_0", 1e-6)));
  EXPECT_EQ(command(R"(ARExecuteControl("ImagingModePopup_0","MasterPanel",0,"PFM Mode"))"),
            Command(Call{"ARExecuteControl",
                         {std::string("ImagingModePopup_0"),
                          std::string("MasterPanel"),
                          0.0,
                          std::string("PFM Mode")}}));
  EXPECT_EQ(command(R"(PV("XOffset", -2.5e-06))"), Command(put_value("XOffset", -2.5e-6)));
  EXPECT_EQ(command(R"(td_WriteValue("Cypher.PIDSLoop.2.SetPoint", 0.25))"),
            Command(Call{"td_WriteValue", {std::string("Cypher.PIDSLoop.2.SetPoint"), 0.25}}));
  EXPECT_EQ(command("GetTune()"), Command(Call{"GetTune", {}}));
  EXPECT_EQ(command("Make/N = (3)/O ReadOut // change N to number of parameters to read out"),
            Command(MakeReadout{3}));
  EXPECT_EQ(command(R"(ReadOut[0] = GV("XLVDTSens"))"),
            Command(FillReadout{0, get_value("XLVDTSens")}));
  EXPECT_EQ(command(R"(ReadOut[1] = td_ReadValue("PIDSLoop.0.Setpoint"))"),
            Command(FillReadout{1, read_register("PIDSLoop.0.Setpoint")}));
  EXPECT_EQ(command(R"(Save/O/G/J ReadOut as "C:\\Users\\Asylum User\\readout.txt")"),
            Command(SaveReadout{R"(C:\Users\Asylum User\readout.txt)"}));
}

TEST(AsylumCommands, OtherLinesAreNoCommands) {
  for (const char* line : {"",
                           "PV(\"XOffset\", 1e-6",
                           "PV(\"XOffset\" 1e-6)",
                           "PV(\"XOffset, 1e-6)",
                           "PV(\"XOffset\", 1e-6); KillWaves/A",
                           "ReadOut[-1] = 1",
                           "ReadOut[1.5] = 1",
                           "ReadOut[0] = ",
                           "ReadOut[99999] = 1",
                           "Make/N=(1e9)/O ReadOut",
                           "Make/O ReadOut",
                           "Make/O/N=(2) Other",
                           "Save/O/G/J ReadOut",
                           "Save/O/G/J Other as \"x\"",
                           "f(1,2,3,4,5,6,7,8,9)",
                           "1 + 1"}) {
    EXPECT_FALSE(parse_command(line).has_value()) << line;
  }
}

rc::Gen<Call> calls() {
  const auto name = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  const auto text = rc::gen::container<std::string>(rc::gen::inRange(' ', '~'));
  const auto number = rc::gen::map(rc::gen::arbitrary<int>(), [](int i) { return 1e-7 * i; });
  const auto argument =
      rc::gen::oneOf(rc::gen::map(text, [](std::string s) { return Argument(std::move(s)); }),
                     rc::gen::map(number, [](double d) { return Argument(d); }));
  const auto some = rc::gen::mapcat(rc::gen::inRange(0, 8), [argument](int count) {
    return rc::gen::container<Arguments>(static_cast<std::size_t>(count), argument);
  });
  return rc::gen::map(rc::gen::pair(name, some), [](std::pair<std::string, Arguments> parts) {
    return Call{"f_" + parts.first, std::move(parts.second)};
  });
}

RC_GTEST_PROP(AsylumCommands, AreReadAsTheyWereWritten, ()) {
  const Call call = *calls();
  const auto index = static_cast<std::size_t>(*rc::gen::inRange(0, 1000));
  for (const Command& one : {Command(call),
                             Command(FillReadout{index, call}),
                             Command(FillReadout{index, 1e-3 * static_cast<double>(index)}),
                             Command(MakeReadout{index}),
                             Command(SaveReadout{call.function + "\\a \"b\""})}) {
    RC_ASSERT(parse_command(text_of(one) + " // comment") == std::optional(one));
  }
}

TEST(AsylumReadout, IsOneNumberALineEndedByCr) {
  const std::vector<double> values{17.0, 1e-6, -2.5};
  EXPECT_EQ(readout_text(values), "17\r1e-06\r-2.5\r");
  EXPECT_EQ(parse_readout("17\r1e-06\r-2.5\r"), values);
  EXPECT_EQ(parse_readout("17\r\n1e-06\r\n-2.5\r\n"), values);
  EXPECT_TRUE(std::isnan(parse_readout("1\rNaN\r").value()[1]));
  for (const std::string& text : {std::string(),
                                  std::string("17\r1e-0"),
                                  std::string("17\rx\r"),
                                  std::string("17\r\r18\r"),
                                  readout_text(std::vector<double>(most_numbers + 1, 0.0))}) {
    EXPECT_FALSE(parse_readout(text).has_value()) << text.substr(0, 20);
  }
}

TEST(AsylumAddress, NamesFoldersAndPrograms) {
  const AsylumFiles short_one = parse_asylum_files("/mnt/buffer");
  EXPECT_EQ(short_one.folder, "/mnt/buffer");
  EXPECT_EQ(short_one.images, "/mnt/buffer");
  EXPECT_EQ(short_one.igor, "/mnt/buffer");
  EXPECT_TRUE(short_one.send.empty());
  const AsylumFiles files = parse_asylum_files(
      R"(/mnt/buffer?images=/mnt/images&igor=C:\Users\Asylum User\buffer&send=/usr/bin/true)");
  EXPECT_EQ(files.images, "/mnt/images");
  EXPECT_EQ(files.igor, R"(C:\Users\Asylum User\buffer)");
  EXPECT_EQ(files.send, "/usr/bin/true");
  for (const char* text : {"", "?images=/x", "/a?image=/x", "/a?images=", "/a?send"}) {
    EXPECT_THROW(static_cast<void>(parse_asylum_files(text)), ParameterError) << text;
  }
}

}  // namespace
}  // namespace halotwin::devices::asylum
