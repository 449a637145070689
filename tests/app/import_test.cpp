// A movie of another program: import, info, export.
#include <nlohmann/json.hpp>

#include "data/recording_reader.hpp"
#include "data/tiff_writer.hpp"
#include "tests/app/program.hpp"
#include "tests/data/foreign_files.hpp"

namespace halotwin::tests {
namespace {

class Import : public ProgramTest {
 protected:
  /// 3 frames of 4 x 2 pixels.
  void write_movie(const std::string& name) const {
    data::TiffMovieSpec spec;
    spec.width = 4;
    spec.height = 2;
    spec.pixel_m = 90e-9;
    spec.frame_period_s = 0.02;
    data::TiffMovieWriter writer(at(name), spec);
    for (std::uint16_t t = 0; t < 3; ++t) {
      writer.write_frame(std::vector<std::uint16_t>(8, static_cast<std::uint16_t>(500 + t)));
    }
    writer.finish();
  }
};

TEST_F(Import, MovieGoesInAndOut) {
  write_movie("m.ome.tif");
  const Outcome in = call({"import", "m.ome.tif", "-o", "m.nxs", "--gain", "20", "--offset=-3"});
  EXPECT_EQ(in.status, 0) << in.err;
  EXPECT_NE(in.out.find("m.nxs: 3 frames of 4 x 2 pixels, pixel 90 nm, frame time 20 ms"),
            std::string::npos)
      << in.out;
  const auto info = nlohmann::json::parse(call({"info", "--json", "m.nxs"}).out);
  EXPECT_EQ(info["procedure"], "pl_movie");
  EXPECT_EQ(info["truth"], "none");
  {
    const data::RecordingReader recording(at("m.nxs"));
    EXPECT_EQ(recording.read<std::uint16_t>("movie")[17], 502);
    EXPECT_EQ(recording.header().command_line,
              "halotwin import m.ome.tif -o m.nxs --gain 20 --offset=-3");
  }
  EXPECT_EQ(call({"export", "m.nxs", "-o", "again.ome.tif"}).status, 0);
  EXPECT_EQ(bytes("again.ome.tif").size() > 48, true);
  EXPECT_EQ(call({"export", "m.nxs", "-o", "again.ome.tif"}).status, 2);
  EXPECT_EQ(call({"import", "again.ome.tif", "-o", "b.nxs"}).status, 0);
}

TEST_F(Import, BadInputIsOneLineAndLeavesNothing) {
  write_movie("m.ome.tif");
  put("junk.tif", "no movie");
  for (const auto& [arguments, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"import", "junk.tif", "-o", "o.nxs"}, "junk.tif: is neither TIFF nor HDF5"},
           {{"import", "none.tif", "-o", "o.nxs"}, "none.tif: does not exist"},
           {{"import", "m.ome.tif", "-o", "o.nxs", "--pixel-size", "30 ms"}, "--pixel-size: "},
           {{"import", "m.ome.tif", "-o", "o.nxs", "--frame-time", "-1 s"}, "--frame-time = -1"},
           {{"import", "m.ome.tif"}, "--output is required"},
           {{"import", "m.ome.tif", "-o", "m.ome.tif", "--force"}, "are one file"}}) {
    const Outcome outcome = call(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.error().find(why), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(files(), (std::vector<std::string>{"junk.tif", "m.ome.tif"}));
}

using data::testing::gsf_bytes;
using data::testing::gsf_values;
using data::testing::SxmFile;

TEST_F(Import, ScansShowTheirSignals) {
  put("scan.sxm", SxmFile{}.bytes());
  const Outcome in = call({"import", "scan.sxm", "-o", "scan.nxs"});
  EXPECT_EQ(in.status, 0) << in.err;
  EXPECT_NE(in.out.find("scan.nxs: 2 signals (Nanonis scan): z, z_backward\n"), std::string::npos)
      << in.out;
  const auto info = nlohmann::json::parse(call({"info", "--json", "scan.nxs"}).out);
  EXPECT_EQ(info["procedure"], "imported_scan");
  EXPECT_EQ(info["start"], "2019-03-28T14:01:34.000000+00:00");
  EXPECT_EQ(info["signals"][1]["name"], "z_backward");
  EXPECT_EQ(info["signals"][1]["unit"], "m");
  EXPECT_EQ(info["signals"][1]["axes"][0]["name"], "y");
  EXPECT_EQ(info["signals"][1]["axes"][0]["size"], 3);
  EXPECT_EQ(call({"export", "scan.nxs", "-o", "scan.gwy"}).status, 0);
  const Outcome list = call({"list"});
  EXPECT_NE(list.out.find("Nanonis scan (.sxm)"), std::string::npos);
  EXPECT_NE(call({"list", "--json"}).out.find("Igor wave"), std::string::npos);
}

TEST_F(Import, SimpleFieldGoesInAndOut) {
  const std::string field = gsf_bytes(gsf_values);
  put("a.gsf", field);
  EXPECT_EQ(call({"import", "a.gsf", "-o", "a.nxs"}).status, 0);
  EXPECT_EQ(call({"export", "a.nxs", "--signal", "surface_potential", "-o", "b.gsf"}).status, 0);
  const std::string again = bytes("b.gsf");
  EXPECT_EQ(again.substr(again.size() - 24), field.substr(field.size() - 24));
}

TEST_F(Import, BadScansAreOneLineAndLeaveNothing) {
  const std::string scan = SxmFile{}.bytes();
  put("a.sxm", scan);
  put("cut.sxm", scan.substr(0, scan.size() - 3));
  put("junk.ibw", "no wave");
  put("wrong.gsf", scan.substr(1));
  for (const auto& [arguments, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"import", "cut.sxm", "-o", "o.nxs"}, "cut.sxm: has 93 bytes of data: 96 expected"},
           {{"import", "junk.ibw", "-o", "o.nxs"}, "junk.ibw: is no Igor wave"},
           {{"import", "wrong.gsf", "-o", "o.nxs"}, "wrong.gsf: is no simple field"},
           {{"import", "none.sxm", "-o", "o.nxs"}, "none.sxm: does not exist"},
           {{"import", "a.sxm", "-o", "o.nxs", "--pixel-size", "3 nm"},
            "--pixel-size: is for movies; a.sxm is read as Nanonis scan, which has its own scale"},
           {{"import", "a.sxm", "-o", "o.nxs", "--dark", "d.tif"}, "--dark: is for movies"}}) {
    const Outcome outcome = call(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.error().find(why), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(files(), (std::vector<std::string>{"a.sxm", "cut.sxm", "junk.ibw", "wrong.gsf"}));
}

}  // namespace
}  // namespace halotwin::tests
