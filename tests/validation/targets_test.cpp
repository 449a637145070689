// The list of targets and how rows are chosen from it.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "validation/target.hpp"
#include "validation/validate.hpp"

namespace halotwin::validation {
namespace {

TEST(Targets, HaveDistinctNamesAndSayWhatTheyWant) {
  std::set<std::string_view> ids;
  for (const Target& target : all_targets()) {
    EXPECT_TRUE(ids.insert(target.id).second) << target.id;
    EXPECT_FALSE(target.title.empty());
    EXPECT_FALSE(target.tolerance.empty());
    EXPECT_NE(target.check, nullptr);
  }
}

TEST(Targets, AreChosenByRowAndByExperiment) {
  EXPECT_EQ(choose_targets({}).size(), all_targets().size());
  ASSERT_EQ(choose_targets({"A2"}).size(), 1U);
  EXPECT_EQ(choose_targets({"A2"}).front().id, "A2");
  for (const Target& target : choose_targets({"X"})) {
    EXPECT_EQ(target.id.front(), 'X');
  }
  // experiment A brings the rows X that are checked on it
  const auto count = [](char experiment) {
    return std::count_if(all_targets().begin(), all_targets().end(), [&](const Target& target) {
      return target.id.front() == experiment;
    });
  };
  EXPECT_EQ(choose_targets({"A"}).size(), static_cast<std::size_t>(count('A') + count('X')));
  EXPECT_EQ(choose_targets({"D"}).size(), static_cast<std::size_t>(count('D')));
  EXPECT_EQ(choose_targets({"D"}).size(), 11U);
}

TEST(Targets, NameTheNearestRowForAWrongOne) {
  try {
    static_cast<void>(choose_targets({"A22"}));
    FAIL();
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find("A2"), std::string::npos) << error.what();
  }
}

TEST(PhysicsChecks, AreAllMet) {
  for (const PhysicsCheck& check : physics_checks()) {
    EXPECT_TRUE(check.met()) << check.model << ": " << check.deviation << " > " << check.tolerance;
  }
}

TEST(Validation, IsMetOnlyIfEveryRowIs) {
  Validation validation;
  const Target target = all_targets().front();
  validation.rows = {{target, {}, 0.0}, {target, {}, 0.0}};
  validation.rows[0].verdict.met = Met::yes;
  validation.rows[1].verdict.met = Met::shown;
  EXPECT_TRUE(validation.all_met());
  validation.rows[1].verdict.met = Met::no;
  EXPECT_FALSE(validation.all_met());
  validation.rows[1].verdict.met = Met::yes;
  validation.physics = {{"model", "judge", 2.0, 1.0}};
  EXPECT_FALSE(validation.all_met());
}

}  // namespace
}  // namespace halotwin::validation
