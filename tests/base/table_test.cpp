#include "base/table.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin {
namespace {

Value number(double value) {
  return Value{value, {}};
}

TEST(Table, KeepsTheOrderOfItsKeysAndReplacesInPlace) {
  Table table;
  table.set("b", number(1.0));
  table.set("a", number(2.0));
  table.set("b", number(3.0));
  EXPECT_EQ(table.keys(), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(std::get<double>(table.find("b")->data), 3.0);
  EXPECT_EQ(table.find("c"), nullptr);
  EXPECT_FALSE(table.empty());
}

TEST(Table, FollowsDottedPathsAndMakesMissingTables) {
  Table table;
  table.set_path("procedure.pm_dns_map.dwell_s", number(2.0));
  table.set_path("procedure.pm_dns_map.dwell_s", number(3.0));
  const Table* inner = table.table_at("procedure.pm_dns_map");
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(std::get<double>(inner->find("dwell_s")->data), 3.0);
  EXPECT_EQ(table.table_at("procedure.other"), nullptr);
  EXPECT_EQ(table.table_at("procedure.pm_dns_map.dwell_s"), nullptr);
  EXPECT_EQ(table.table_at(""), nullptr);
}

TEST(Table, RefusesAPathThroughAValue) {
  Table table;
  table.set("seed", number(1.0));
  try {
    table.set_path("seed.more", Value{2.0, {"--set", 0}});
    FAIL() << "no exception";
  } catch (const ParameterError& error) {
    EXPECT_STREQ(error.what(), "--set: seed is a value, not a table");
  }
}

TEST(Table, CopiesAreIndependent) {
  Table original;
  original.set_path("film.thickness_m", number(1.0));
  Table copy = original;
  copy.set_path("film.thickness_m", number(2.0));
  std::get<Table>(copy.find("film")->data).set("extra", number(0.0));
  EXPECT_EQ(std::get<double>(original.table_at("film")->find("thickness_m")->data), 1.0);
  EXPECT_EQ(original.table_at("film")->find("extra"), nullptr);
}

TEST(Place, NamesFileAndLine) {
  EXPECT_EQ((Place{"scenario.toml", 12}.text()), "scenario.toml:12");
  EXPECT_EQ((Place{"--set", 0}.text()), "--set");
  EXPECT_EQ(Place{}.text(), "");
}

TEST(ToToml, WritesValuesBeforeTablesSoThatItReadsBackTheSame) {
  Table table;
  table.set_path("film.grain_size_m", number(100e-9));
  table.set("seed", Value{std::int64_t{20260302}, {}});
  table.set("whole", number(2.0));
  table.set("large", number(1e22));
  table.set("on", Value{true, {}});
  table.set("title", Value{std::string("a \"b\"\\\n\t\x01"), {}});
  table.set("pixels", Value{Array{Value{std::int64_t{64}, {}}, Value{std::int64_t{32}, {}}}, {}});
  table.set_path("film.layer.n", Value{std::int64_t{3}, {}});
  Table item;
  item.set("x", number(0.5));
  table.set("list", Value{Array{Value{item, {}}}, {}});
  EXPECT_EQ(to_toml(table),
            "seed = 20260302\n"
            "whole = 2.0\n"
            "large = 1e+22\n"
            "on = true\n"
            "title = \"a \\\"b\\\"\\\\\\n\\t\\u0001\"\n"
            "pixels = [64, 32]\n"
            "list = [{ x = 0.5 }]\n"
            "\n[film]\n"
            "grain_size_m = 1e-07\n"
            "\n[film.layer]\n"
            "n = 3\n");
}

TEST(ToToml, WritesEveryDigitOfADouble) {
  Table table;
  table.set("third", number(1.0 / 3.0));
  table.set("tiny", number(std::numeric_limits<double>::denorm_min()));
  EXPECT_EQ(to_toml(table), "third = 0.3333333333333333\ntiny = 5e-324\n");
}

TEST(Nearest, FindsTypingErrorsAndMissingUnits) {
  const std::vector<std::string> known = {"tip_radius_m", "bias_v", "dwell_s", "seed"};
  EXPECT_EQ(nearest("tip_radus_m", known), "tip_radius_m");
  EXPECT_EQ(nearest("tip_radius_nm", known), "tip_radius_m");
  EXPECT_EQ(nearest("tip_raduis_m", known), "tip_radius_m");
  EXPECT_EQ(nearest("bias", known), "bias_v");
  EXPECT_EQ(nearest("sede", known), "seed");
  EXPECT_EQ(nearest("completely_else", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("seed", {}), "");
}

}  // namespace
}  // namespace halotwin
