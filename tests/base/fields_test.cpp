#include "base/fields.hpp"

#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/require.hpp"

namespace halotwin {
namespace {

enum class Shape { cone, sphere };
constexpr std::array<std::pair<Shape, std::string_view>, 2> enumerators(Shape) {
  return {{{Shape::cone, "cone"}, {Shape::sphere, "sphere"}}};
}

struct Tip {
  double radius_m = 25e-9;
  Shape shape = Shape::cone;
  bool operator==(const Tip&) const = default;
};
void visit_fields(auto& visit, Tip& p) {
  visit("radius_m", p.radius_m);
  visit("shape", p.shape);
}
void validate(const Tip& p) {
  require_positive("radius_m", p.radius_m);
}

struct Plan {
  std::array<int, 2> pixels{64, 64};
  std::vector<double> frequencies_hz{1e3};
  std::uint64_t seed = 1;
  std::int64_t offset = -4;
  bool noise = true;
  std::string title = "map";
  Tip tip;
  std::vector<Tip> spares;
  bool operator==(const Plan&) const = default;
};
void visit_fields(auto& visit, Plan& p) {
  visit("pixels", p.pixels);
  visit("frequencies_hz", p.frequencies_hz);
  visit("seed", p.seed);
  visit("offset", p.offset);
  visit("noise", p.noise);
  visit("title", p.title);
  visit("tip", p.tip);
  visit("spares", p.spares);
}
void validate(const Plan& p) {
  require(p.pixels[0] > 0, "pixels", p.pixels[0], "> 0");
  validate(p.tip);
}

using Data = decltype(Value::data);

Table at_line(std::string_view path, Data data, int line = 7) {
  Table table;
  table.set_path(path, Value{std::move(data), {"f.toml", line}});
  return table;
}

std::string message_of(const Table& table) {
  Plan plan;
  try {
    load_fields(plan, table, "procedure.map");
  } catch (const ParameterError& error) {
    return error.what();
  }
  return "";
}

Plan loaded(const Table& table) {
  Plan plan;
  load_fields(plan, table, "procedure.map");
  return plan;
}

TEST(LoadFields, OverwritesOnlyWhatTheTableNames) {
  Plan expected;
  EXPECT_EQ(loaded({}), expected);
  expected.tip.radius_m = 10e-9;
  expected.seed = 5;
  Table table = at_line("tip.radius_m", std::string("10 nm"));
  table.set("seed", Value{std::int64_t{5}, {}});
  EXPECT_EQ(loaded(table), expected);
}

TEST(LoadFields, ReadsEveryKindOfField) {
  Table table;
  table.set("pixels", Value{Array{Value{std::int64_t{8}, {}}, Value{4.0, {}}}, {}});
  table.set("frequencies_hz",
            Value{Array{Value{std::string("2 kHz"), {}}, Value{std::int64_t{5}, {}}}, {}});
  table.set("offset", Value{std::int64_t{-9}, {}});
  table.set("noise", Value{false, {}});
  table.set("title", Value{std::string("t"), {}});
  table.set_path("tip.shape", Value{std::string("sphere"), {}});
  table.set("spares", Value{Array{Value{Table{}, {}}, Value{at_line("radius_m", 1e-9), {}}}, {}});
  const Plan plan = loaded(table);
  EXPECT_EQ(plan.pixels, (std::array{8, 4}));
  EXPECT_EQ(plan.frequencies_hz, (std::vector{2e3, 5.0}));
  EXPECT_EQ(plan.offset, -9);
  EXPECT_FALSE(plan.noise);
  EXPECT_EQ(plan.title, "t");
  EXPECT_EQ(plan.tip.shape, Shape::sphere);
  EXPECT_EQ(plan.spares, (std::vector{Tip{}, Tip{.radius_m = 1e-9}}));
}

TEST(LoadFields, GivesBackTheEffectiveValues) {
  Plan plan;
  plan.pixels = {3, 5};
  plan.frequencies_hz = {1.0 / 3.0, 1e9};
  plan.tip = {.radius_m = 1e-300, .shape = Shape::sphere};
  plan.spares = {Tip{}};
  plan.noise = false;
  EXPECT_EQ(loaded(effective_fields(plan)), plan);
  EXPECT_EQ(effective_fields(plan).keys(),
            (std::vector<std::string>{
                "pixels", "frequencies_hz", "seed", "offset", "noise", "title", "tip", "spares"}));
}

struct BadField {
  const char* path;
  Data data;
  const char* message;
};

class LoadFieldsRefuses : public testing::TestWithParam<BadField> {};

TEST_P(LoadFieldsRefuses, WithPlaceFieldAndExpectation) {
  EXPECT_EQ(message_of(at_line(GetParam().path, GetParam().data)), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    BadInput,
    LoadFieldsRefuses,
    testing::Values(
        BadField{
            "pixel", 1.0, "f.toml:7: procedure.map.pixel: unknown key (did you mean \"pixels\"?)"},
        BadField{"tip.radius",
                 1.0,
                 "f.toml:7: procedure.map.tip.radius: unknown key (did you mean \"radius_m\"?)"},
        BadField{"tip.colour",
                 1.0,
                 "f.toml:7: procedure.map.tip.colour: unknown key (known: radius_m, shape)"},
        BadField{"tip.radius_m",
                 std::string("25 V"),
                 "f.toml:7: procedure.map.tip.radius_m: wrong unit \"V\" (expected a number with a "
                 "unit of m)"},
        BadField{"tip.radius_m",
                 true,
                 "f.toml:7: procedure.map.tip.radius_m: expected a number, found true"},
        BadField{"tip.radius_m",
                 std::numeric_limits<double>::quiet_NaN(),
                 "f.toml:7: procedure.map.tip.radius_m: expected a finite number, found nan"},
        BadField{"tip.radius_m",
                 std::numeric_limits<double>::infinity(),
                 "f.toml:7: procedure.map.tip.radius_m: expected a finite number, found inf"},
        BadField{"tip.radius_m", -1.0, "f.toml:7: procedure.map: radius_m = -1 (must be > 0)"},
        BadField{"tip.shape",
                 std::string("cube"),
                 "f.toml:7: procedure.map.tip.shape: expected one of \"cone\", \"sphere\", found "
                 "\"cube\""},
        BadField{"tip", 3.0, "f.toml:7: procedure.map.tip: expected a table, found the number 3"},
        BadField{"pixels",
                 Array{Value{1.0, {}}},
                 "f.toml:7: procedure.map.pixels: expected an array of 2 values, found an array of "
                 "1 values"},
        BadField{
            "pixels",
            Array{Value{1.0, {}}, Value{1.5, {"f.toml", 8}}},
            "f.toml:8: procedure.map.pixels[1]: expected a whole number, found the number 1.5"},
        BadField{
            "pixels",
            Array{Value{1.0, {}}, Value{std::int64_t{1} << 40, {"f.toml", 8}}},
            "f.toml:8: procedure.map.pixels[1]: expected a whole number of at most nine digits, "
            "found 1099511627776"},
        BadField{"frequencies_hz",
                 5.0,
                 "f.toml:7: procedure.map.frequencies_hz: expected an array, found the number 5"},
        BadField{"seed",
                 std::int64_t{-1},
                 "f.toml:7: procedure.map.seed: expected a whole number >= 0, found -1"},
        BadField{"offset",
                 std::numeric_limits<double>::quiet_NaN(),
                 "f.toml:7: procedure.map.offset: expected a whole number, found the number nan"},
        BadField{"noise",
                 std::int64_t{1},
                 "f.toml:7: procedure.map.noise: expected true or false, found the number 1"},
        BadField{"title",
                 1.0,
                 "f.toml:7: procedure.map.title: expected a text in quotes, found the number 1"}));

TEST(LoadFields, RefusesAnInvalidDefaultWithoutAPlace) {
  Tip tip{.radius_m = -1.0};
  try {
    load_fields(tip, {}, "tip");
    FAIL() << "no exception";
  } catch (const ParameterError& error) {
    EXPECT_STREQ(error.what(), "tip: radius_m = -1 (must be > 0)");
  }
}

TEST(NamedEnum, KnowsItsNames) {
  EXPECT_EQ(name_of(Shape::sphere), "sphere");
}

}  // namespace
}  // namespace halotwin
