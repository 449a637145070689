#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/nmf.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

std::vector<float> random_spectra(std::uint64_t seed, std::size_t pixels, std::size_t channels) {
  RandomStream draw(seed, Purpose::test_data);
  std::vector<float> x(pixels * channels);
  for (float& v : x) {
    v = static_cast<float>(draw.uniform());
  }
  return x;
}

RC_GTEST_PROP(NmfProperties, ScalingTheDataByPowersOfTwoScalesOnlyTheWeights, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const int exponent = *rc::gen::inRange(-60, 60);
  auto x = random_spectra(seed, 60, 12);
  const NmfOptions options{.random_starts = 0, .max_sweeps = 30};
  const auto before = factorize({x, 12}, options);
  for (float& v : x) {
    v = std::ldexp(v, exponent);
  }
  const auto after = factorize({x, 12}, options);
  RC_ASSERT((before.basis == after.basis).all());
  const RowArrayF scaled = before.weights * std::ldexp(1.0F, exponent);
  RC_ASSERT((scaled == after.weights).all());
}

RC_GTEST_PROP(NmfProperties, PermutingThePixelsPermutesTheWeights, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const std::size_t turn = *rc::gen::inRange<std::size_t>(1, 60);
  const auto x = random_spectra(seed, 60, 12);
  std::vector<float> y(x.begin() + static_cast<std::ptrdiff_t>(turn * 12), x.end());
  y.insert(y.end(), x.begin(), x.begin() + static_cast<std::ptrdiff_t>(turn * 12));
  const NmfOptions options{.random_starts = 0, .max_sweeps = 20};
  const auto a = factorize({x, 12}, options);
  const auto b = factorize({y, 12}, options);
  // Sums in another order: equal to single precision, grown by the sweeps.
  RC_ASSERT(std::abs(a.relative_residual - b.relative_residual) < 1e-4);
}

RC_GTEST_PROP(NmfProperties, MoreComponentsNeverFitWorseThanTheMeanSpectrum, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const auto x = random_spectra(seed, 40, 10);
  const int rank = *rc::gen::inRange(1, 7);
  const auto r = factorize({x, 10}, {.rank = rank, .random_starts = 1, .max_sweeps = 60});
  const auto one = factorize({x, 10}, {.rank = 1, .random_starts = 0});
  RC_ASSERT(r.relative_residual <= one.relative_residual + 1e-6);
  RC_ASSERT(r.weights.isFinite().all() && r.basis.isFinite().all());
}

}  // namespace
}  // namespace halotwin::analysis
