#include "sim/dose.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/ordered_sum.hpp"
#include "base/random.hpp"

namespace halotwin::sim {
namespace {

Grid cells() {
  return {20, 10, 100e-9, 100e-9, {50e-9, 50e-9}};
}

TEST(DoseLedger, WhatWasGivenIsInTheBooks) {
  DoseLedger ledger(cells());
  RandomStream draw(1, Purpose::test_data);
  std::vector<double> given;
  for (int k = 0; k < 500; ++k) {
    const Point at{draw.uniform(-0.5e-6, 2.5e-6), draw.uniform(-0.5e-6, 1.5e-6)};
    given.push_back(draw.uniform());
    ledger.add(DoseKind::photons, at, draw.uniform(0.0, 400e-9), given.back());
  }
  const double sum = ordered_sum(given);
  EXPECT_NEAR(ledger.total(DoseKind::photons), sum, 1e-12 * sum);
  EXPECT_NEAR(ordered_sum(ledger.map(DoseKind::photons).values) + ledger.outside(DoseKind::photons),
              sum,
              1e-12 * sum);
  EXPECT_GT(ledger.outside(DoseKind::photons), 0.0);
  EXPECT_EQ(ledger.total(DoseKind::light_j), 0.0);
}

TEST(DoseLedger, ASmallSpotGoesToTheCellThatHoldsIt) {
  DoseLedger ledger(cells());
  ledger.add(DoseKind::bias_time_s, {340e-9, 110e-9}, 10e-9, 2.5);
  EXPECT_EQ(ledger.map(DoseKind::bias_time_s)(3, 1), 2.5);
  ledger.add(DoseKind::bias_time_s, {-1e-9, 110e-9}, 10e-9, 1.0);
  EXPECT_EQ(ledger.outside(DoseKind::bias_time_s), 1.0);
}

TEST(DoseLedger, ALargeDiscIsSpreadEvenly) {
  DoseLedger ledger(cells());
  ledger.add(DoseKind::light_j, {950e-9, 450e-9}, 110e-9, 5.0);  // a cell and its four neighbours
  const auto& map = ledger.map(DoseKind::light_j);
  for (const double value : {map(9, 4), map(8, 4), map(10, 4), map(9, 3), map(9, 5)}) {
    EXPECT_DOUBLE_EQ(value, 1.0);
  }
  EXPECT_EQ(map(8, 3), 0.0);
}

TEST(DoseLedger, ComesBackFromItsSavedState) {
  DoseLedger ledger(cells());
  ledger.add(DoseKind::light_j, {950e-9, 450e-9}, 250e-9, 5.0);
  ledger.add(DoseKind::photons, {9.0, 9.0}, 0.0, 7.0);
  DoseLedger other(cells());
  other.load(ledger.save());
  EXPECT_EQ(other.save(), ledger.save());
  EXPECT_EQ(other.outside(DoseKind::photons), 7.0);
  EXPECT_THROW(other.load(std::vector<double>(3)), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
