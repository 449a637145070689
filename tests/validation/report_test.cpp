// The report: complete, safe, offline; and the same rows for machines and terminals.
#include "validation/report.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "validation/letters.hpp"
#include "validation/number_text.hpp"
#include "validation/scratch_folder.hpp"

namespace halotwin::validation {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<Row> made_up_rows() {
  Row peaks{{"A1", "two <peaks> & \"lines\"", "near 1 kHz", "+-15 % each", nullptr}, {}, 12.0};
  peaks.verdict.met = Met::yes;
  peaks.verdict.calibrated = true;
  peaks.verdict.values = {{"first peak", 1020.3, 8.1, "Hz", ""},
                          {"second peak", nan, nan, "Hz", "loss; not resolved"}};
  peaks.verdict.nulls = {{"peaks without lines", 0.0, nan, "", "should be 0"}};
  peaks.verdict.figures = {{"Spectrum", "Bands: one sigma.", "image/svg+xml", "<svg/>"}};
  peaks.verdict.reproduce = {"halotwin run a -o b", "halotwin run a -o b"};
  Row score{{"A2", "maps", "-", "AUC >= 0.9", nullptr}, {}, 0.5};
  score.verdict.values = {{"AUC", 0.8812, 0.0123, "", ""}};
  score.verdict.note = "Below the limit because of <script>alert('x')</script>.";
  Row range{{"A12", "usable range", "100 Hz", "shown", nullptr}, {}, 0.0};
  range.verdict.met = Met::shown;
  return {peaks, score, range};
}

ReportHeader made_up_header() {
  return {18446744073709551615ULL, true, 312.4, "0.1.0", "abc123", "halotwin validate A --quick"};
}

std::string page_of(const std::vector<Row>& rows, const std::vector<PhysicsCheck>& physics) {
  const ScratchFolder folder("halotwin-report-test");
  write_report(folder.path() / "deep" / "out", made_up_header(), rows, physics);
  std::ifstream file(folder.path() / "deep" / "out" / "report.html");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Report, HoldsEveryRowWithItsVerdict) {
  const std::string page = page_of(made_up_rows(), {{"model", "judge", 1.23e-4, 5e-3}});
  for (const char* part : {"id=\"row-A1\"",
                           "id=\"row-A2\"",
                           "id=\"row-A12\"",
                           "1020(8) Hz",
                           "not resolved",
                           "0.881(12)",
                           "±15 % each",
                           "AUC ≥ 0.9",
                           ">met<",
                           ">NOT met<",
                           ">shown<",
                           ">calibrated<",
                           "peaks without lines",
                           "Bands: one sigma.",
                           "1 of 2 rows met",
                           "1.2 × 10<sup>−4</sup>",
                           "18446744073709551615",
                           "abc123",
                           "0.1.0",
                           "5 min 12 s",
                           "Quick run"}) {
    EXPECT_TRUE(contains(page, part)) << part;
  }
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(Report, EscapesWhatComesFromOutside) {
  const std::string page = page_of(made_up_rows(), {});
  EXPECT_TRUE(contains(page, "two &lt;peaks&gt; &amp; &quot;lines&quot;"));
  EXPECT_TRUE(contains(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_FALSE(contains(page, "<script"));
}

TEST(Report, LoadsNothingFromOutside) {
  const std::string page = page_of(made_up_rows(), {});
  const std::regex reference("(src|href)=\"([^\"]*)\"");
  int count = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), reference), end; it != end; ++it) {
    const std::string address = (*it)[2];
    EXPECT_TRUE(address.starts_with("#") || address.starts_with("data:image/")) << address;
    ++count;
  }
  EXPECT_GE(count, 4);
  for (const char* part : {"http:", "https:", "url(", "@import"}) {
    EXPECT_FALSE(contains(page, part)) << part;
  }
}

TEST(Report, CarriesPicturesInsideWithTextBeside) {
  const std::string page = page_of(made_up_rows(), {});
  EXPECT_TRUE(contains(page, "alt=\"Spectrum\""));
  EXPECT_TRUE(contains(page, "src=\"data:image/svg+xml;base64,PHN2Zy8+\""));  // <svg/>
}

TEST(Report, NamesEachCommandOnce) {
  const std::string page = page_of(made_up_rows(), {});
  const std::size_t first = page.find("halotwin run a -o b");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(page.find("halotwin run a -o b", first + 1), std::string::npos);
}

TEST(Report, ReplacesAnOlderOne) {
  const ScratchFolder folder("halotwin-report-test");
  write_report(folder.path(), made_up_header(), made_up_rows(), {});
  write_report(folder.path(), made_up_header(), {}, {});
  std::ifstream file(folder.path() / "report.html");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(contains(text.str(), "row-A1"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Report, SaysWhereItCannotBeWritten) {
  const ScratchFolder folder("halotwin-report-test");
  std::ofstream(folder.path() / "file") << "no folder";
  EXPECT_THROW(write_report(folder.path() / "file", made_up_header(), {}, {}), DataError);
}

TEST(ReportJson, HasTheFieldsOfTheContract) {
  const auto json = nlohmann::json::parse(to_json(made_up_header(), made_up_rows()));
  EXPECT_EQ(json.at("seed").get<std::uint64_t>(), 18446744073709551615ULL);
  EXPECT_DOUBLE_EQ(json.at("wall_s"), 312.4);
  ASSERT_EQ(json.at("rows").size(), 3U);
  for (const auto& row : json.at("rows")) {
    for (const char* key :
         {"id", "title", "published", "value", "sigma", "unit", "met", "calibrated", "note"}) {
      EXPECT_TRUE(row.contains(key)) << key;
    }
  }
}

TEST(ReportJson, WritesSeveralNumbersAsArraysAndNanAsNull) {
  const auto rows = nlohmann::json::parse(to_json(made_up_header(), made_up_rows())).at("rows");
  EXPECT_EQ(rows[0].at("value"), (nlohmann::json{1020.3, nullptr}));
  EXPECT_EQ(rows[0].at("sigma"), (nlohmann::json{8.1, nullptr}));
  EXPECT_EQ(rows[0].at("unit"), "Hz");
  EXPECT_EQ(rows[1].at("value"), 0.8812);
  EXPECT_TRUE(rows[2].at("value").is_null());
}

TEST(ReportJson, CountsAShownRowAsMet) {
  const auto rows = nlohmann::json::parse(to_json(made_up_header(), made_up_rows())).at("rows");
  EXPECT_EQ(rows[0].at("met"), true);
  EXPECT_EQ(rows[1].at("met"), false);
  EXPECT_EQ(rows[2].at("met"), true);
  EXPECT_EQ(rows[0].at("calibrated"), true);
}

TEST(ReportJson, BearsTextThatIsNoUtf8) {
  auto rows = made_up_rows();
  rows[0].verdict.note = "\xff";
  EXPECT_TRUE(nlohmann::json::accept(to_json(made_up_header(), rows)));
}

TEST(ReportText, FitsATerminalOf100Columns) {
  auto rows = made_up_rows();
  rows[1].verdict.note = std::string(250, 'x') + " and µ µ µ";
  rows[0].verdict.values[0].name = std::string(80, 'y');
  std::istringstream lines(to_text(rows));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(letters(line), 100U) << line;
  }
}

TEST(ReportText, TellsNumbersAndVerdicts) {
  const std::string text = to_text(made_up_rows());
  for (const char* part : {"A1",
                           "1020(8) Hz",
                           "not resolved",
                           "met",
                           "NOT met",
                           "shown",
                           "calibrated",
                           "Below the limit",
                           "1 of 2 met, 1 shown without verdict"}) {
    EXPECT_TRUE(contains(text, part)) << part;
  }
}

TEST(ReportText, KeepsToTheWidthOfTheTerminal) {
  auto rows = made_up_rows();
  rows[0].target.title = "a title that is longer than the terminal is wide, and then some words";
  rows[1].verdict.values[0].value = -1.23456789e-7;
  rows[1].verdict.values[0].unit = std::string(40, 'm');
  for (const std::size_t width : {60U, 72U, 140U}) {
    std::istringstream lines(to_text(rows, width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(letters(line), width) << line;
    }
  }
}

TEST(ReportText, GivesEachValueOneLineWithUnitsBelowEachOther) {
  auto rows = made_up_rows();
  rows[0].verdict.values.push_back({"ratio", 1.5, 0.1, "", ""});
  const std::string text = to_text(rows);
  EXPECT_TRUE(contains(text, "\n                 1020(8) Hz  first peak\n")) << text;
  EXPECT_TRUE(contains(text, "\n            not resolved     second peak (loss; not resolved)\n"));
  EXPECT_TRUE(contains(text, "\n                1.50(10)     ratio\n")) << text;
}

TEST(ReportText, PrintsTheNullBesideTheEffect) {
  EXPECT_TRUE(contains(to_text(made_up_rows()),
                       "\n      null             0     peaks without lines (should be 0)\n"))
      << to_text(made_up_rows());
}

std::string text_of(double value, double sigma) {
  return plain_text({"", value, sigma, "", ""});
}

TEST(NumberText, EndsWhereTheUncertaintyDoes) {
  EXPECT_EQ(text_of(1020.3, 8.1), "1020(8)");
  EXPECT_EQ(text_of(1987.4, 23.0), "1987(23)");
  EXPECT_EQ(text_of(712.2, 143.0), "710(140)");
  EXPECT_EQ(text_of(0.93124, 0.0043), "0.931(4)");
  EXPECT_EQ(text_of(0.827, 0.119), "0.83(12)");
  EXPECT_EQ(text_of(0.827, 0.367), "0.8(4)");
  EXPECT_EQ(text_of(1.234, 0.0967), "1.23(10)");
  EXPECT_EQ(text_of(2.3, 1.4), "2.3(1.4)");
  EXPECT_EQ(text_of(-2.13e-7, 3.1e-9), "-2.130(31)e-7");
  EXPECT_EQ(text_of(0.0, 0.02), "0.000(20)");
  EXPECT_EQ(text_of(-0.004, 0.5), "0.0(5)");
  EXPECT_EQ(text_of(400.0, 6e-14), "400");
}

TEST(NumberText, HasFourDigitsWithoutUncertainty) {
  EXPECT_EQ(text_of(0.123456, nan), "0.1235");
  EXPECT_EQ(text_of(12345.678, nan), "12346");
  EXPECT_EQ(text_of(0.5, 0.0), "0.5");
  EXPECT_EQ(text_of(9.99996, nan), "10");
  EXPECT_EQ(text_of(123456789.0, nan), "123456789");
  EXPECT_EQ(text_of(-3.2e-9, nan), "-3.2e-9");
  EXPECT_EQ(text_of(0.0, nan), "0");
}

TEST(NumberText, ShowsADashForNoNumber) {
  EXPECT_EQ(text_of(nan, nan), "-");
  EXPECT_EQ(plain_text({"", nan, nan, "Hz", "loss; not resolved"}), "not resolved");
  EXPECT_EQ(text_of(std::numeric_limits<double>::infinity(), nan), "inf");
}

}  // namespace
}  // namespace halotwin::validation
