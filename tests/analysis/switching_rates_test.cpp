#include "analysis/switching_rates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/two_levels.hpp"
#include "base/errors.hpp"
#include "tests/analysis/telegraph.hpp"

namespace halotwin::analysis {
namespace {

constexpr double period_s = 0.03;

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

/// tau = high low / (high + low) of the mean dwells, in frames.
Telegraph telegraph_of(double tau_frames, double low_share, double noise) {
  return {.high_frames = tau_frames / low_share,
          .low_frames = tau_frames / (1.0 - low_share),
          .noise = noise};
}

struct Errors {
  std::vector<double> rate;   // |found / true - 1|, both rates
  std::vector<double> ratio;  // tau found / true
  double squared_z = 0.0;     // of the logarithm of the rates
};

void add(const Telegraph& t, std::uint64_t seed, Errors& errors) {
  const auto found =
      fit_switching(telegraph_trace(t, seed), period_s, {.noise_variance = t.noise * t.noise});
  if (found.status != SwitchingStatus::resolved) {
    return;
  }
  const double to_high = found.to_high_hz * t.low_frames * period_s;
  const double to_low = found.to_low_hz * t.high_frames * period_s;
  errors.rate.push_back(std::abs(to_high - 1.0));
  errors.rate.push_back(std::abs(to_low - 1.0));
  errors.squared_z += std::pow(std::log(to_high) * found.to_high_hz / found.to_high_sigma_hz, 2);
  errors.squared_z += std::pow(std::log(to_low) * found.to_low_hz / found.to_low_sigma_hz, 2);
  errors.ratio.push_back(found.tau_s / period_s /
                         (t.high_frames * t.low_frames / (t.high_frames + t.low_frames)));
}

/// Row D9: tau between 3 frames and a tenth of the record.
TEST(SwitchingRates, AreRecovered) {
  Errors errors;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RandomStream random(seed, Purpose::test_data, 2);
    const double tau = 3.0 * std::pow(400.0 / 3.0, random.uniform());
    add(telegraph_of(tau, random.uniform(0.3, 0.7), random.uniform(0.1, 0.5)), 100 + seed, errors);
  }
  EXPECT_GT(errors.ratio.size(), 45U);  // the rest has too few switches
  EXPECT_LT(median_of(errors.rate), 0.25);
  EXPECT_NEAR(median_of(errors.ratio), 1.0, 0.1);
  const double rms = std::sqrt(errors.squared_z / static_cast<double>(errors.rate.size()));
  EXPECT_GT(rms, 0.7);
  EXPECT_LT(rms, 1.3);
}

TEST(SwitchingRates, FastSwitchingReadsTooSlowByTheStatedShare) {
  Errors errors;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    add(telegraph_of(3.0, 0.5, 0.25), 300 + seed, errors);
  }
  EXPECT_GT(median_of(errors.ratio), 1.08);
  EXPECT_LT(median_of(errors.ratio), 1.17);
}

/// The null: nothing that switches, nothing found.
TEST(SwitchingRates, NoiseAndFlickerAreNotResolved) {
  const auto noise = fit_switching(noise_trace(2000, 1.0, 4), period_s);
  EXPECT_EQ(noise.status, SwitchingStatus::no_two_levels);
  EXPECT_TRUE(std::isnan(noise.tau_s));
  int resolved = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<float> sum(4000, 0.0F);
    for (std::uint64_t k = 0; k < 20; ++k) {
      const auto part = telegraph_trace(telegraph_of(10.0, 0.5, 0.1), 500 + 20 * seed + k);
      for (std::size_t t = 0; t < sum.size(); ++t) {
        sum[t] += part[t];
      }
    }
    const auto flicker = fit_switching(sum, period_s, {.noise_variance = 0.2});
    resolved += flicker.status == SwitchingStatus::resolved ? 1 : 0;
  }
  EXPECT_EQ(resolved, 0);
  EXPECT_EQ(fit_switching(std::vector<float>(100, 5.0F), period_s).status,
            SwitchingStatus::no_two_levels);
}

TEST(SwitchingRates, LevelsScatterAndShareComeOut) {
  Telegraph t = telegraph_of(40.0, 0.3, 8.0);
  t.low = 400.0;
  t.high = 500.0;
  t.frames = 20000;
  const auto found = fit_switching(telegraph_trace(t, 6), period_s, {.noise_variance = 64.0});
  ASSERT_EQ(found.status, SwitchingStatus::resolved);
  EXPECT_NEAR(found.low, 400.0, 1.5);
  EXPECT_NEAR(found.high, 500.0, 1.5);
  EXPECT_NEAR(found.high_sd, 8.0, 1.5);
  EXPECT_NEAR(found.low_share, 0.3, 0.05);
  EXPECT_GT(found.explained, 0.95);
}

TEST(SwitchingRates, UnitsOfTimeAndSignalDoNotMatter) {
  const auto trace = telegraph_trace(telegraph_of(20.0, 0.5, 0.2), 7);
  std::vector<float> other;
  for (const float x : trace) {
    other.push_back(1000.0F + 256.0F * x);
  }
  const auto a = fit_switching(trace, 0.03, {.noise_variance = 0.04});
  const auto b = fit_switching(other, 0.06, {.noise_variance = 0.04 * 65536.0});
  EXPECT_NEAR(b.tau_s / a.tau_s, 2.0, 1e-3);
  EXPECT_NEAR(b.to_low_hz / a.to_low_hz, 0.5, 1e-3);
  EXPECT_NEAR(b.tau_sigma_s / a.tau_sigma_s, 2.0, 1e-3);
}

TEST(SwitchingRates, FramesThatAreNotGoodDoNotCount) {
  auto trace = telegraph_trace(telegraph_of(20.0, 0.5, 0.2), 8);
  const auto clean = fit_switching(trace, period_s, {.noise_variance = 0.04});
  std::vector<std::uint8_t> valid(trace.size(), 1);
  for (std::size_t t = 10; t < trace.size(); t += 20) {
    trace[t] = 50.0F;
    valid[t] = 0;
  }
  const auto marked = fit_switching(trace, period_s, {.noise_variance = 0.04}, valid);
  ASSERT_EQ(marked.status, SwitchingStatus::resolved);
  EXPECT_NEAR(marked.tau_s / clean.tau_s, 1.0, 0.05);
  EXPECT_NEAR(marked.high, clean.high, 0.02);
  const auto blind = fit_switching(trace, period_s, {.noise_variance = 0.04});
  EXPECT_GT(std::abs(blind.high - clean.high), 1.0);  // without the marks the values do harm
}

TEST(SwitchingRates, TooFewSwitchesAndTooFastOnesAreSaid) {
  std::vector<float> once = noise_trace(1000, 0.1, 9);
  for (std::size_t t = 500; t < once.size(); ++t) {
    once[t] += 1.0F;
  }
  EXPECT_EQ(fit_switching(once, period_s).status, SwitchingStatus::too_few_switches);
  // levels drawn anew in each frame
  RandomStream random(3, Purpose::test_data);
  std::vector<float> white = noise_trace(1000, 0.1, 10);
  for (float& x : white) {
    x += random.uniform() < 0.5 ? 1.0F : 0.0F;
  }
  EXPECT_EQ(fit_switching(white, period_s, {.noise_variance = 0.01}).status,
            SwitchingStatus::too_fast);
  EXPECT_THROW((void)fit_switching(white, 0.0), ParameterError);
  EXPECT_THROW((void)fit_switching(white, period_s, {.least_switches = 0.0}), ParameterError);
  white[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW((void)fit_switching(white, period_s), ParameterError);
}

/// Two centres 12 px apart and two 6 px apart, each seen in its neighbourhood.
TEST(CentreCount, FindsEachCentreOnce) {
  constexpr std::size_t nx = 40;
  constexpr std::size_t ny = 20;
  constexpr std::size_t frames = 400;
  const std::vector<std::pair<std::size_t, std::size_t>> places{
      {6, 10}, {18, 10}, {30, 7}, {36, 7}};
  std::vector<std::vector<float>> switching;
  for (std::uint64_t c = 0; c < places.size(); ++c) {
    switching.push_back(telegraph_trace(
        {.high_frames = 8.0, .low_frames = 8.0, .noise = 0.0, .frames = frames}, c));
  }
  std::vector<float> traces(nx * ny * frames);
  std::vector<CentreCandidate> candidates;
  for (std::size_t p = 0; p < nx * ny; ++p) {
    const auto noise = noise_trace(frames, 0.02, 1000 + p);
    double amplitude = 0.0;
    for (std::size_t c = 0; c < places.size(); ++c) {
      const double dx = static_cast<double>(p % nx) - static_cast<double>(places[c].first);
      const double dy =
          std::floor(static_cast<double>(p) / nx) - static_cast<double>(places[c].second);
      const double share = std::exp(-(dx * dx + dy * dy) / 8.0);
      amplitude += share;
      for (std::size_t t = 0; t < frames; ++t) {
        traces[p * frames + t] += static_cast<float>(share) * switching[c][t];
      }
    }
    for (std::size_t t = 0; t < frames; ++t) {
      traces[p * frames + t] += noise[t];
    }
    if (amplitude > 0.3) {
      candidates.push_back({p, amplitude});
    }
  }
  std::vector<float> seen;
  for (const CentreCandidate& c : candidates) {
    const auto* from = traces.data() + c.pixel * frames;
    seen.insert(seen.end(), from, from + frames);
  }
  const CountedField field{nx, ny, 1e-7};
  EXPECT_GT(candidates.size(), 40U);
  const auto count = count_centres(candidates, seen, field);
  ASSERT_EQ(count.centres.size(), 4U);
  const double area_m2 = 40.0 * 20.0 * 1e-14;
  EXPECT_NEAR(count.per_m2, 4.0 / area_m2, 1.0);
  EXPECT_NEAR(count.sigma_per_m2, std::hypot(2.0, 0.15 * 4.0) / area_m2, 1.0);
  for (const auto& [x, y] : places) {
    EXPECT_TRUE(std::any_of(count.centres.begin(),
                            count.centres.end(),
                            [&, px = x, py = y](auto c) { return c.pixel == py * nx + px; }))
        << x;
  }
  const auto none = count_centres({}, {}, field);
  EXPECT_EQ(none.centres.size(), 0U);
  EXPECT_GT(none.sigma_per_m2, 0.0);
  candidates[0].pixel = nx * ny;
  EXPECT_THROW((void)count_centres(candidates, seen, field), ParameterError);
  seen.pop_back();
  EXPECT_THROW((void)count_centres(candidates, seen, field), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
