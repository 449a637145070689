#include "sim/wiring.hpp"

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::sim {
namespace {

TEST(WiringTest, FindsTheSourceOfAnInput) {
  const Wiring wiring(pm_dns_cables());
  EXPECT_EQ(wiring.source_of("lockin_mechanical.input"), "afm.deflection");
  EXPECT_EQ(wiring.source_of("lockin_electrical.input"), "lockin_mechanical.phase");
  EXPECT_EQ(wiring.source_of("afm.tip_bias"), "lockin_electrical.output");
  EXPECT_EQ(wiring.source_of("afm.deflection"), "") << "an output has no source";
  EXPECT_EQ(Wiring({}).source_of("afm.tip_bias"), "");
}

TEST(WiringTest, AnOutputMayFeedSeveralInputs) {
  const Wiring wiring({{"afm.deflection", "a.input"}, {"afm.deflection", "b.input"}});
  EXPECT_EQ(wiring.source_of("a.input"), "afm.deflection");
  EXPECT_EQ(wiring.source_of("b.input"), "afm.deflection");
}

TEST(WiringTest, AnInputHasOneCable) {
  EXPECT_THROW(Wiring({{"a.output", "afm.tip_bias"}, {"b.output", "afm.tip_bias"}}),
               ParameterError);
}

TEST(WiringTest, PortsAreRoleAndPort) {
  for (const char* bad : {"", "afm", ".input", "afm."}) {
    EXPECT_THROW(Wiring({Cable{"afm.deflection", bad}}), ParameterError) << bad;
    EXPECT_THROW(Wiring({Cable{bad, "lockin.input"}}), ParameterError) << bad;
  }
}

}  // namespace
}  // namespace halotwin::sim
