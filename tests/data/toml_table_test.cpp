#include "data/toml_table.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "tests/data/support.hpp"

namespace halotwin::data {
namespace {

using testing::message_of;

TEST(TomlTable, KeepsOrderValuesAndPlaces) {
  const Table table = parse_toml(
      "title = \"map\"\nb = 1\na = 2.5\n\n[tip]\nradius_m = \"25 nm\"\nflags = [true, false]\n"
      "when = 2026-01-02\n",
      "film.toml");
  EXPECT_EQ(table.keys(), (std::vector<std::string>{"title", "b", "a", "tip"}));
  EXPECT_EQ(std::get<std::int64_t>(table.find("b")->data), 1);
  EXPECT_EQ(std::get<double>(table.find("a")->data), 2.5);
  EXPECT_EQ(table.find("a")->place.text(), "film.toml:3");
  const Table* tip = table.table_at("tip");
  ASSERT_NE(tip, nullptr);
  EXPECT_EQ(tip->find("radius_m")->place.text(), "film.toml:6");
  EXPECT_EQ(std::get<Array>(tip->find("flags")->data).size(), 2U);
  EXPECT_EQ(std::get<std::string>(tip->find("when")->data), "2026-01-02");
}

TEST(TomlTable, SyntaxErrorsNameFileAndLine) {
  const auto message =
      message_of<DataError>([] { (void)parse_toml("a = 1\nb = = 2\n", "film.toml"); });
  EXPECT_EQ(message.rfind("film.toml:2: ", 0), 0U) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  const auto twice =
      message_of<DataError>([] { (void)parse_toml("a = 1\n\na = 2\n", "film.toml"); });
  EXPECT_EQ(twice.rfind("film.toml:3: ", 0), 0U) << twice;
}

TEST(TomlTable, MissingFileAndFolderAreNamed) {
  const testing::Folder folder;
  EXPECT_EQ(message_of<DataError>([&] { (void)read_toml(folder / "no.toml"); }),
            (folder / "no.toml").string() + ": no such file");
  EXPECT_THROW((void)read_toml(folder.path()), DataError);
}

TEST(TomlTable, TextOfATableReadsBackTheSame) {
  const Table table = testing::small_header().configuration;
  EXPECT_EQ(to_toml(parse_toml(to_toml(table), "again")), to_toml(table));
}

TEST(TomlTable, SettingsAreTomlValuesOrText) {
  Table table = parse_toml("[run]\nrank = 2\n", "film.toml");
  apply_setting(table, "run.rank=3");
  apply_setting(table, "run.dwell_s = 0.25");
  apply_setting(table, "tip.radius_m=25 nm");
  apply_setting(table, "tip.kind=\"cone\"");
  apply_setting(table, "run.list=[1, 2]");
  apply_setting(table, "run.empty=");
  const Table* run = table.table_at("run");
  EXPECT_EQ(std::get<std::int64_t>(run->find("rank")->data), 3);
  EXPECT_EQ(std::get<double>(run->find("dwell_s")->data), 0.25);
  EXPECT_EQ(std::get<Array>(run->find("list")->data).size(), 2U);
  EXPECT_EQ(std::get<std::string>(run->find("empty")->data), "");
  EXPECT_EQ(std::get<std::string>(table.table_at("tip")->find("radius_m")->data), "25 nm");
  EXPECT_EQ(std::get<std::string>(table.table_at("tip")->find("kind")->data), "cone");
  EXPECT_EQ(run->find("rank")->place.text(), "--set");
}

TEST(TomlTable, SettingsWithoutKeyOrValueAreRefused) {
  Table table;
  for (const char* text : {"rank", "=3", ".a=1", "a.=1", "a..b=1", ""}) {
    EXPECT_THROW(apply_setting(table, text), ParameterError) << text;
  }
}

}  // namespace
}  // namespace halotwin::data
