// Scans and spectra of other programs become recordings.
#include "data/imports/scan_import.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "data/exports/gwyddion.hpp"
#include "data/recording_reader.hpp"
#include "tests/data/foreign_files.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using namespace testing;

class ScanImporter : public ::testing::Test {
 protected:
  ScanImport job(const std::string& source) const {
    ScanImport job;
    job.source = folder_ / source;
    job.output = folder_ / "out.nxs";
    job.command_line = "halotwin import " + source;
    return job;
  }
  ImportedScan import(const std::string& name, const std::string& bytes) const {
    put_contents(folder_ / name, bytes);
    ScanImport one = job(name);
    one.overwrite = Overwrite::yes;
    return import_scan(one);
  }
  RecordingReader recording() const { return RecordingReader(folder_ / "out.nxs"); }
  Folder folder_;
};

std::string text_of(const Table& table, std::string_view key) {
  return std::get<std::string>(table.find(key)->data);
}

TEST_F(ScanImporter, ScanBecomesMapsInSi) {
  const std::string bytes = SxmFile{}.bytes();
  const ImportedScan scan = import("a.sxm", bytes);
  EXPECT_EQ(scan.kind, "Nanonis scan");
  EXPECT_EQ(scan.signals, (std::vector<std::string>{"z", "z_backward"}));
  const RecordingReader reader = recording();
  EXPECT_EQ(reader.status(), RunStatus::complete);
  EXPECT_EQ(reader.units_done(), 12U);
  EXPECT_EQ(reader.header().procedure, "imported_scan");
  EXPECT_FALSE(reader.header().sample.simulated);
  EXPECT_EQ(reader.header().sample.name, "a");
  EXPECT_EQ(iso8601(reader.header().start_since_epoch), "2019-03-28T14:01:34.000000+00:00");
  ASSERT_TRUE(reader.header().scan);
  EXPECT_NEAR(reader.header().scan->x_end_m, 1.15e-6, 1e-18);
  const SignalSpec spec = reader.spec("z");
  EXPECT_EQ(spec.type, ElementType::f32);
  EXPECT_EQ(spec.unit, "m");
  EXPECT_EQ(spec.title, "Z (forward)");
  EXPECT_TRUE(spec.is_default_plot);
  EXPECT_EQ(spec.interpretation, Interpretation::image);
  EXPECT_NE(reader.spec("z_backward").description.find("turned round so that x rises"),
            std::string::npos);
  EXPECT_EQ(reader.read<float>("z_backward")[0], 103.5F);
  const Table about = reader.collection("import");
  EXPECT_EQ(text_of(about, "file"), "a.sxm");
  EXPECT_EQ(text_of(about, "sha256"), scan.sha256);
  EXPECT_EQ(text_of(about, "slow_scan_direction"), "up");
  EXPECT_NE(text_of(about, "header_text").find(":SCAN_RANGE:\n           4.0"), std::string::npos);
  const Array keys = std::get<Array>(about.find("header_keys")->data);
  EXPECT_EQ(std::get<std::string>(keys.at(2).data), "REC_DATE");
  EXPECT_EQ(std::get<double>(about.find("centre_x_m")->data), 1e-6);
}

TEST_F(ScanImporter, UnfinishedScanKeepsItsNanAndSaysSo) {
  SxmFile file;
  file.numbers.assign(24, 1e-9F);
  for (const std::size_t image : {0U, 1U}) {
    for (std::size_t p = 8; p < 12; ++p) {
      file.numbers[image * 12 + p] = std::nanf("");
    }
  }
  const ImportedScan scan = import("a.sxm", file.bytes());
  EXPECT_EQ(scan.notes.at(0), "4 of 12 values are not finite, kept as they are, in z, z_backward");
  const auto z = recording().read<float>("z");
  EXPECT_EQ(z[7], 1e-9F);
  EXPECT_TRUE(std::isnan(z[8]));
  EXPECT_EQ(recording().units_done(), 8U);
  ASSERT_FALSE(recording().events().empty());
  EXPECT_EQ(recording().events()[0].text, scan.notes[0]);
}

TEST_F(ScanImporter, SpectraGridsAndWaves) {
  (void)import("s.dat", dat_bytes(dat_rows));
  EXPECT_EQ(recording().header().procedure, "imported_spectra");
  EXPECT_EQ(recording().spec("current").axes.at(0).name, "point");
  EXPECT_TRUE(recording().spec("current").is_default_plot);
  EXPECT_EQ(recording().spec("current").interpretation, Interpretation::spectrum);
  GridFile grid;
  grid.pixels = 4;
  (void)import("g.3ds", grid.bytes());
  EXPECT_EQ(recording().read<double>("current").size(), 24U);
  EXPECT_EQ(recording().progress_text(), "complete: 4 of 6 pixels valid");
  EXPECT_EQ(import("w.ibw", WaveFile{}.bytes()).kind, "Asylum Research image, version 5");
  EXPECT_EQ(recording().header().experiment_technique, "AFM");
  EXPECT_EQ(recording().spec("phase1_backward").unit, "rad");
}

TEST_F(ScanImporter, NamesAreUniqueAndNeverThoseOfTheRecording) {
  SxmFile file;
  file.channels =
      "\t0\tSample\tV\tfwd\t1\t0\n\t1\tZ\tm\tfwd\t1\t0\n\t2\tZ\tm\tfwd\t1\t0\n"
      "\t3\tanalysis_1\tm\tfwd\t1\t0\n\t4\tsample channel\tm\tfwd\t1\t0\n";
  file.images = 5;
  EXPECT_EQ(import("a.sxm", file.bytes()).signals,
            (std::vector<std::string>{
                "sample_channel", "z", "z_2", "analysis_1_channel", "sample_channel_2"}));
}

TEST_F(ScanImporter, SimpleFieldComesOutByteForByte) {
  std::vector<float> field = gsf_values;
  field[2] = std::nanf("");
  const std::string bytes = gsf_bytes(field);
  (void)import("a.gsf", bytes);
  export_gsf(recording(), "surface_potential", folder_ / "b.gsf");
  const std::string again = contents(folder_ / "b.gsf");
  EXPECT_EQ(again.substr(again.size() - 24), bytes.substr(bytes.size() - 24));
  (void)import("b.gsf", again);
  export_gsf(recording(), "surface_potential", folder_ / "c.gsf");
  EXPECT_EQ(contents(folder_ / "c.gsf"), again);
}

TEST_F(ScanImporter, TheContentsTellTheFormatBeforeTheName) {
  put_contents(folder_ / "a.txt", SxmFile{}.bytes());
  put_contents(folder_ / "b.dat", gsf_bytes(gsf_values));
  put_contents(folder_ / "c", WaveFile{}.bytes());
  put_contents(folder_ / "d.SXM", "hello");
  put_contents(folder_ / "e.dat", "II*\0 a movie");
  put_contents(folder_ / "f", dat_bytes(dat_rows));
  put_contents(folder_ / "g", GridFile{}.bytes());
  put_contents(folder_ / "h.bin", "hello");
  const auto kind = [&](const char* name) { return scan_kind_of(folder_ / name); };
  EXPECT_EQ(kind("a.txt"), "Nanonis scan");
  EXPECT_EQ(kind("b.dat"), "Gwyddion field");
  EXPECT_EQ(kind("c"), "Igor wave");
  EXPECT_EQ(kind("d.SXM"), "Nanonis scan");
  EXPECT_EQ(kind("e.dat"), "");
  EXPECT_EQ(kind("f"), "Nanonis spectroscopy");
  EXPECT_EQ(kind("g"), "Nanonis grid");
  EXPECT_EQ(kind("h.bin"), "");
  EXPECT_EQ(kind("none"), "");
  EXPECT_EQ(scan_format_names().size(), 5U);
}

TEST_F(ScanImporter, RefusalsLeaveNothing) {
  const std::string good = SxmFile{}.bytes();
  put_contents(folder_ / "cut.sxm", good.substr(0, good.size() - 10));
  put_contents(folder_ / "wrong.gsf", "hello");
  put_contents(folder_ / "good.sxm", good);
  const auto refusal = [&](const ScanImport& one) {
    return message_of<DataError>([&] { (void)import_scan(one); });
  };
  const std::string folder = folder_.path().string() + "/";
  EXPECT_EQ(refusal(job("cut.sxm")).substr(0, folder.size() + 13), folder + "cut.sxm: has ");
  EXPECT_NE(refusal(job("wrong.gsf")).find("Gwyddion Simple Field 1.0"), std::string::npos);
  EXPECT_EQ(refusal(job("none.sxm")), folder + "none.sxm: does not exist, or is no file");
  EXPECT_EQ(refusal(job(".")), folder + ".: does not exist, or is no file");
  ScanImport same = job("good.sxm");
  same.output = same.source;
  same.overwrite = Overwrite::yes;
  EXPECT_EQ(refusal(same), folder + "good.sxm: source and output are one file");
  ScanImport nowhere = job("good.sxm");
  nowhere.output = folder_ / "no" / "out.nxs";
  EXPECT_NE(refusal(nowhere), "(nothing was thrown)");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    files += entry.is_regular_file() ? 1U : 0U;
  }
  EXPECT_EQ(files, 3U);
  (void)import_scan(job("good.sxm"));
  EXPECT_NE(refusal(job("good.sxm")).find("exists already"), std::string::npos);
}

}  // namespace
}  // namespace halotwin::data
