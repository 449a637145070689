// The sources obey the include table; and the check that says so notices planted violations.
#include "tests/architecture/include_table.hpp"

#include <fstream>
#include <ostream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace halotwin::architecture {
namespace {

/// A small tree that obeys every rule.
Tree good_tree() {
  return {
      {"base/clock.hpp", "#pragma once\n#include <chrono>\n"},
      {"base/parallel.cpp", "#include <tbb/parallel_for.h>\n"},
      {"physics/cantilever.hpp",
       "#pragma once\n#include <Eigen/Core>\n#include \"base/clock.hpp\"\n"},
      {"physics/cantilever.cpp",
       "#include \"physics/cantilever.hpp\"\n#include <Eigen/Eigenvalues>\n"},
      {"sim/world.hpp", "#pragma once\n#include \"physics/cantilever.hpp\"\n"},
      {"devices/lock_in.hpp", "#pragma once\n#include \"base/clock.hpp\"\n"},
      {"devices/simulated/lock_in.hpp",
       "#pragma once\n#include \"devices/lock_in.hpp\"\n#include \"sim/world.hpp\"\n"},
      {"data/recording.hpp", "#pragma once\n#include \"base/clock.hpp\"\n"},
      {"data/recording.cpp", "#include <hdf5.h>\n"},
      {"analysis/nmf.hpp", "#pragma once\n#include \"data/recording.hpp\"\n"},
      {"scenarios/procedures/map.hpp", "#pragma once\n#include \"devices/lock_in.hpp\"\n"},
      {"validation/score.cpp", "#include \"sim/world.hpp\"\n#include \"analysis/nmf.hpp\"\n"},
      {"app/main.cpp", "#include <CLI/CLI.hpp>\nint main() { std::cout << 1; }\n"},
  };
}

std::vector<std::string> with(const std::string& path, const std::string& text) {
  Tree tree = good_tree();
  tree[path] = text;
  return violations(tree);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    out += line + "\n";
  }
  return out;
}

TEST(IncludeTable, IsObeyedByTheSources) {
  const Tree tree = read_tree(HALOTWIN_SOURCE_DIR);
  ASSERT_GT(tree.size(), 20U);
  EXPECT_EQ(joined(violations(tree)), "");
}

TEST(References, OfTheSourcesAreInTheBibliography) {
  std::ifstream file(std::string(HALOTWIN_SOURCE_DIR) + "/docs/references.bib");
  std::ostringstream bibliography;
  bibliography << file.rdbuf();
  const std::regex key(R"(\b[a-z]{3,}(19|20)[0-9]{2}[a-z]?\b)");
  for (const auto& [path, text] : read_tree(HALOTWIN_SOURCE_DIR)) {
    for (std::sregex_iterator match(text.begin(), text.end(), key), end; match != end; ++match) {
      EXPECT_NE(bibliography.str().find("{" + match->str() + ","), std::string::npos)
          << path << ": " << match->str() << " is not in docs/references.bib";
    }
  }
}

TEST(IncludeTable, AcceptsAGoodTree) {
  EXPECT_EQ(joined(violations(good_tree())), "");
}

struct Planted {
  const char* path;
  const char* text;
  const char* expected;  // part of the one message
};

void PrintTo(const Planted& planted, std::ostream* out) {
  *out << planted.path << ": " << planted.text;
}

class PlantedViolation : public testing::TestWithParam<Planted> {};

TEST_P(PlantedViolation, IsFoundAtItsLine) {
  const auto found = with(GetParam().path, GetParam().text);
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found.front().find(GetParam().expected), std::string::npos) << joined(found);
  EXPECT_EQ(found.front().rfind(GetParam().path, 0), 0U) << joined(found);
}

INSTANTIATE_TEST_SUITE_P(
    Includes,
    PlantedViolation,
    testing::Values(
        Planted{"base/up.cpp", "\n#include \"physics/cantilever.hpp\"\n", ":2: base/ may not"},
        Planted{"physics/up.cpp", "#include \"sim/world.hpp\"\n", ":1: physics/ may not"},
        Planted{"devices/top.hpp",
                "#pragma once\n#include \"devices/simulated/lock_in.hpp\"\n",
                ":2: devices/ may not"},
        Planted{"scenarios/wall.cpp", "#include \"sim/world.hpp\"\n", "scenarios/ may not"},
        Planted{"scenarios/procedures/wall.cpp",
                "#include \"devices/simulated/lock_in.hpp\"\n",
                "scenarios/ may not"},
        Planted{"analysis/wall.cpp", "#include \"physics/cantilever.hpp\"\n", "analysis/ may not"},
        Planted{"analysis/wall.cpp", "  #  include \"sim/world.hpp\"\n", "analysis/ may not"},
        Planted{"data/up.cpp", "#include \"analysis/nmf.hpp\"\n", "data/ may not"},
        Planted{"sim/gone.cpp", "#include \"world.hpp\"\n", "not a path from the root"},
        Planted{"else/where.cpp", "\n", "no folder of the include table"}));

INSTANTIATE_TEST_SUITE_P(
    Libraries,
    PlantedViolation,
    testing::Values(
        Planted{"data/heavy.hpp", "#pragma once\n#include <hdf5.h>\n", "headers of data/"},
        Planted{"base/heavy.hpp", "#pragma once\n#include <Eigen/Core>\n", "headers of base/"},
        Planted{"physics/heavy.hpp", "#pragma once\n#include <Eigen/Dense>\n", "headers of phys"},
        Planted{"app/heavy.hpp", "#pragma once\n#include <CLI/CLI.hpp>\n", "headers of app/"},
        Planted{"sim/files.cpp", "#include <hdf5.h>\n", "sources of sim/"},
        Planted{"base/other.cpp", "#include <tbb/parallel_for.h>\n", "base/parallel.cpp alone"},
        Planted{"analysis/other.cpp", "#include <gsl/gsl_math.h>\n", "sources of analysis/"},
        Planted{"devices/socket.cpp", "#include <sys/socket.h>\n", "sources of devices/"},
        Planted{"sim/once.hpp", "#include <vector>\n", "#pragma once"}));

INSTANTIATE_TEST_SUITE_P(
    Words,
    PlantedViolation,
    testing::Values(
        Planted{"physics/w.cpp", "int a = rand();\n", "rand("},
        Planted{"sim/w.cpp", "\n\nstd::random_device d;\n", ":3: "},
        Planted{"base/w.cpp", "auto t = std::chrono::system_clock::now();\n", "system_clock"},
        Planted{"sim/w.cpp", "auto t = std::chrono::steady_clock::now();\n", "from a Clock"},
        Planted{"scenarios/w.cpp", "std::this_thread::sleep_for(1s);\n", "sleep_for"},
        Planted{"analysis/w.cpp", "std::cout << 1;\n", "never prints"},
        Planted{"analysis/w.cpp", "fmt::print(\"x\");\n", "never prints"},
        Planted{"analysis/w.cpp", "auto m = Eigen::ArrayXd::Random(3);\n", "Eigen's"},
        Planted{"analysis/w.cpp", "m.setRandom();\n", "Eigen's"},
        Planted{"tests/sim/w.cpp", "std::shuffle(a, b, g);\n", "shuffle"},
        Planted{"sim/w.cpp", "std::normal_distribution<double> n;\n", "distributions"},
        Planted{"sim/w.cpp", "std::mt19937_64 g;\n", "RandomStream"},
        Planted{"data/w.cpp", "std::getenv(\"HOME\");\n", "environment"},
        Planted{"sim/w.cpp", "auto f = std::async(g);\n", "for_each_chunk"}));

TEST(TheWalls, AreNotCrossedThroughAThirdFile) {
  Tree tree = good_tree();
  tree["data/detour.hpp"] = "#pragma once\n#include \"sim/world.hpp\"\n";
  tree["analysis/crosses.cpp"] = "#include \"analysis/nmf.hpp\"\n#include \"data/detour.hpp\"\n";
  const std::string found = joined(violations(tree));
  EXPECT_NE(found.find("analysis/crosses.cpp:1: the wall: analysis/crosses.cpp -> data/detour.hpp "
                       "-> sim/world.hpp"),
            std::string::npos)
      << found;
}

TEST(TheWalls, SurviveIncludeCycles) {
  Tree tree = good_tree();
  tree["analysis/a.hpp"] = "#pragma once\n#include \"analysis/b.hpp\"\n";
  tree["analysis/b.hpp"] = "#pragma once\n#include \"analysis/a.hpp\"\n";
  EXPECT_EQ(joined(violations(tree)), "");
}

TEST(ForbiddenWords, AreFineInCommentsTextsAndWhereTheyBelong) {
  EXPECT_EQ(joined(with("sim/talk.cpp",
                        "// rand() and system_clock\n/* std::cout\n << */ auto s = \"rand()\";\n"
                        "auto r = R\"x(std::mt19937 \" )\" )x\"; int n = 1'000; char c = '\"';\n")),
            "");
  EXPECT_EQ(joined(with("base/clock.cpp", "std::chrono::system_clock::now(); sleep_for(x);\n")),
            "");
  EXPECT_EQ(joined(with("devices/drivers/tcp.cpp", "std::this_thread::sleep_for(x);\n")), "");
  EXPECT_EQ(joined(with("sim/near.cpp", "int operand(int); int a = operand(1) + strand(2);\n")),
            "");
}

TEST(CodeOnly, KeepsLinesAndCodeBehindLiterals) {
  EXPECT_EQ(code_only("a \"b\\\"c\" d // e\nf"), "a        d     \nf");
  EXPECT_EQ(code_only("#include \"a/b.hpp\" // x\n"), "#include \"a/b.hpp\"     \n");
  EXPECT_EQ(code_only("\"open\nnext"), "     \nnext");
  EXPECT_EQ(code_only("/* open"), "       ");
}

}  // namespace
}  // namespace halotwin::architecture
