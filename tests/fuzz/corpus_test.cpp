// The kept inputs through every target: seeds, and what once was a finding.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path corpus = fs::path(HALOTWIN_SOURCE_DIR) / "tests/fuzz/corpus";

class Corpus : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Corpus, IsReadOrRefused) {
  const Target& target = targets()[GetParam()];
  std::size_t inputs = 0;
  for (const auto& entry : fs::directory_iterator(corpus / target.name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    try {
      target.run(bytes);
    } catch (const std::exception& error) {
      ADD_FAILURE() << entry.path() << ": " << error.what();
    }
    ++inputs;
  }
  EXPECT_GT(inputs, 0U);
}

TEST_P(Corpus, CutOffAnywhereIsReadOrRefused) {
  const Target& target = targets()[GetParam()];
  constexpr std::size_t most_cuts = 64;
  for (const auto& entry : fs::directory_iterator(corpus / target.name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const std::size_t step = 1 + bytes.size() / most_cuts;
    for (std::size_t length = 0; length < bytes.size(); length += step) {
      try {
        target.run(std::string_view(bytes).substr(0, length));
      } catch (const std::exception& error) {
        ADD_FAILURE() << entry.path() << ", " << length << " bytes: " << error.what();
      }
    }
  }
}

TEST(Corpora, BelongToTargets) {
  for (const auto& entry : fs::directory_iterator(corpus)) {
    bool known = false;
    for (const Target& target : targets()) {
      known = known || entry.path().filename() == target.name;
    }
    EXPECT_TRUE(known) << entry.path();
  }
}

INSTANTIATE_TEST_SUITE_P(Targets,
                         Corpus,
                         ::testing::Range<std::size_t>(0, targets().size()),
                         [](const auto& test) { return targets()[test.param].name; });

}  // namespace
}  // namespace halotwin::fuzz
