// The controller's fit of a tune: unbiased, with the uncertainties that it claims.
#include <cmath>

#include <gtest/gtest.h>

#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

// Over n tunes the mean of (estimate - truth) / sigma is 0 +- 1/sqrt(n), the mean square 1 +-
// sqrt(2/n); four standard errors are allowed.
TEST(ProbeTune, UncertaintiesAreCalibrated) {
  const auto world = test::small_world();
  ProbeChain chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{}));
  const ProbeParams params;
  SimulatedProbe afm(*world, chain, params, "afm");
  constexpr int n = 400;
  double mean_f = 0.0;
  double mean_q = 0.0;
  double square_f = 0.0;
  double square_q = 0.0;
  for (int i = 0; i < n; ++i) {
    const double centre = params.cantilever.resonance_hz + 3.0 * (i % 100 - 50);
    const TuneResult tune = afm.drive().tune(centre, 1.5e3, 61, {});
    const double f = (tune.resonance_hz - params.cantilever.resonance_hz) / tune.resonance_sigma_hz;
    const double q =
        (tune.quality_factor - params.cantilever.quality_factor) / tune.quality_factor_sigma;
    mean_f += f / n;
    mean_q += q / n;
    square_f += f * f / n;
    square_q += q * q / n;
  }
  EXPECT_NEAR(mean_f, 0.0, 4.0 / std::sqrt(n));
  EXPECT_NEAR(mean_q, 0.0, 4.0 / std::sqrt(n));
  EXPECT_NEAR(square_f, 1.0, 4.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(square_q, 1.0, 4.0 * std::sqrt(2.0 / n));
}

}  // namespace
}  // namespace halotwin::devices::simulated
