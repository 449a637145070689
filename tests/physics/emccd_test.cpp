#include "physics/emccd.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include <boost/math/special_functions/gamma.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/emccd_register.hpp"

namespace halotwin::physics {
namespace {

constexpr int stages = 536;

/// Probabilities of the output of a register for `electrons`: the generating function of one stage,
/// s -> (1 - p) s + p s^2, composed n times on the unit circle, to the power `electrons`, and an
/// inverse discrete Fourier transform (radix 2, in place). Needs no random numbers.
std::vector<double> exact_output(double em_gain, int electrons, std::size_t size) {
  const double p = std::expm1(std::log(em_gain) / stages);
  std::vector<std::complex<double>> f(size);
  for (std::size_t k = 0; k < size; ++k) {
    std::complex<double> s =
        std::polar(1.0, -2.0 * constants::pi * static_cast<double>(k) / static_cast<double>(size));
    for (int i = 0; i < stages; ++i) {
      s = s * (1.0 - p + p * s);
    }
    f[k] = std::pow(s, electrons);
  }
  for (std::size_t i = 1, j = 0; i < size; ++i) {
    std::size_t bit = size >> 1U;
    for (; (j & bit) != 0; bit >>= 1U) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      std::swap(f[i], f[j]);
    }
  }
  for (std::size_t length = 2; length <= size; length *= 2) {
    for (std::size_t start = 0; start < size; start += length) {
      for (std::size_t i = 0; i < length / 2; ++i) {
        const auto turn = std::polar(
            1.0, 2.0 * constants::pi * static_cast<double>(i) / static_cast<double>(length));
        const auto a = f[start + i];
        const auto b = f[start + i + length / 2] * turn;
        f[start + i] = a + b;
        f[start + i + length / 2] = a - b;
      }
    }
  }
  std::vector<double> probability(size);
  for (std::size_t k = 0; k < size; ++k) {
    probability[k] = f[k].real() / static_cast<double>(size);
  }
  return probability;
}

std::size_t size_for(double em_gain, int electrons) {
  const double reach = em_gain * (electrons + 8.0 * std::sqrt(electrons) + 25.0);
  return static_cast<std::size_t>(std::exp2(std::ceil(std::log2(reach))));
}

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
  double fourth = 0.0;
};

template <class T>
Moments moments_of(const std::vector<T>& sample) {
  Moments m;
  const auto n = static_cast<double>(sample.size());
  for (const T v : sample) {
    m.mean += static_cast<double>(v) / n;
  }
  for (const T v : sample) {
    const double d = static_cast<double>(v) - m.mean;
    m.variance += d * d / n;
    m.fourth += d * d * d * d / n;
  }
  return m;
}

// 4 standard errors: of a mean sqrt(var / n), of a variance sqrt((mu4 - var^2) / n).
void expect_moments(const Moments& m, double n, double mean, double variance) {
  EXPECT_NEAR(m.mean, mean, 4.0 * std::sqrt(m.variance / n));
  EXPECT_NEAR(m.variance, variance, 4.0 * std::sqrt((m.fourth - m.variance * m.variance) / n));
}

// Wilson and Hilferty 1931; 4 standard deviations.
void expect_chi2(double chi2, double dof) {
  const double variance = 2.0 / (9.0 * dof);
  EXPECT_NEAR(std::cbrt(chi2 / dof), 1.0 - variance, 4.0 * std::sqrt(variance));
}

TEST(Register, ExcessNoiseFactorIsThatOfTheExactDistribution) {
  for (const double gain : {1.5, 5.0, 50.0, 300.0}) {
    const auto probability = exact_output(gain, 1, size_for(gain, 1));
    double mean = 0.0;
    double square = 0.0;
    for (std::size_t k = 0; k < probability.size(); ++k) {
      const auto x = static_cast<double>(k);
      mean += x * probability[k];
      square += x * x * probability[k];
    }
    // Poisson electrons of mean S: variance S <M^2> of a compound Poisson variable
    EXPECT_NEAR(mean, gain, 1e-7 * gain);
    EXPECT_NEAR(square / (gain * gain), excess_noise_factor(gain, stages), 1e-6) << "gain " << gain;
  }
}

TEST(Register, ExcessNoiseFactorHasItsLimits) {
  EXPECT_DOUBLE_EQ(excess_noise_factor(1.0, stages), 1.0);
  for (const double gain : {1.1, 2.0, 7.0, 200.0}) {  // p -> 0: (2 G - 1) / G
    EXPECT_NEAR(excess_noise_factor(gain, 100'000'000), (2.0 * gain - 1.0) / gain, 1e-6);
    // Robbins and Hadwen 2003, eq. for n equal stages
    EXPECT_NEAR(excess_noise_factor(gain, stages),
                2.0 * (gain - 1.0) * std::pow(gain, -(stages + 1.0) / stages) + 1.0 / gain,
                1e-12);
  }
  EXPECT_NEAR(excess_noise_factor(1000.0, stages), 2.0, 0.03);  // 1.4 % less: p = 1.3 %
  EXPECT_NEAR(std::pow(1.0 + doubling_probability(206.0, stages), stages), 206.0, 1e-9);
  EXPECT_NEAR(doubling_probability(206.0, stages), 0.01, 1e-4);  // Hirsch et al. 2013
}

class RegisterGain : public testing::TestWithParam<double> {};

TEST_P(RegisterGain, StageByStageHasTheExactDistribution) {
  const double gain = GetParam();
  const int electrons = gain < 10.0 ? 3 : 1;
  const auto probability = exact_output(gain, electrons, size_for(gain, electrons));
  BulkStream draw(5, Purpose::test_data);
  constexpr std::size_t draws = 4000;
  std::vector<double> count(probability.size(), 0.0);
  for (std::size_t i = 0; i < draws; ++i) {
    const double out =
        multiply_stage_by_stage(electrons, doubling_probability(gain, stages), stages, draw);
    ++count[std::min(static_cast<std::size_t>(out), count.size() - 1)];
  }
  double chi2 = 0.0;
  double bins = 0.0;
  double expected = 0.0;
  double found = 0.0;
  for (std::size_t k = 0; k < count.size(); ++k) {  // neighbours are joined to 50 expected
    expected += draws * probability[k];
    found += count[k];
    if (expected > 50.0) {
      chi2 += (found - expected) * (found - expected) / expected;
      bins += 1.0;
      expected = found = 0.0;
    }
  }
  expect_chi2(chi2, bins - 1.0);
}

/// Distribution function of what the compound register draws for N electrons, at 0 ... size - 1.
std::vector<double> compound_below(double gain, int electrons, std::size_t size) {
  const double p = doubling_probability(gain, stages);
  const double r = (1.0 - p) / (1.0 + p);
  const double n = electrons;
  std::vector<double> below(size, 0.0);
  const double scale = gain < 100.0 ? r * gain - 1.0 : r * gain;
  const double shape = n * (gain - 1.0) / scale;
  double sum = 0.0;
  for (auto k = static_cast<std::size_t>(electrons); k < size; ++k) {
    const double j = static_cast<double>(k) - n;
    if (gain < 100.0) {  // Poisson of a gamma variate: negative binomial
      sum += std::exp(std::lgamma(j + shape) - std::lgamma(shape) - std::lgamma(j + 1.0) +
                      j * std::log(scale / (1.0 + scale)) - shape * std::log1p(scale));
    } else {  // compared in the middle between two counts
      sum = boost::math::gamma_p(shape, (j + 0.5) / scale);
    }
    below[k] = sum;
  }
  return below;
}

TEST_P(RegisterGain, CompoundRegisterIsCloseToTheExactDistribution) {
  const double gain = GetParam();
  for (const int electrons : {1, 10}) {
    const auto probability = exact_output(gain, electrons, size_for(gain, electrons));
    const auto drawn = compound_below(gain, electrons, probability.size());
    double exact = 0.0;
    double distance = 0.0;
    for (std::size_t k = 0; k < probability.size(); ++k) {
      exact += probability[k];
      distance = std::max(distance, std::abs(exact - drawn[k]));
    }
    EXPECT_LT(distance, electrons == 1 ? 0.005 : 5e-4);
    EXPECT_NEAR(drawn.back(), 1.0, 1e-6);
  }
}

TEST_P(RegisterGain, CompoundRegisterDrawsItsMeanAndVariance) {
  const double gain = GetParam();
  const CompoundRegister compound(gain, stages);
  const double factor = excess_noise_factor(gain, stages) - 1.0;
  for (const std::uint32_t electrons : {1U, 7U, 600U}) {
    BulkStream draw(6, Purpose::test_data);
    std::vector<double> sample(100'000);
    std::generate(sample.begin(), sample.end(), [&] { return compound.multiply(electrons, draw); });
    expect_moments(moments_of(sample), 1e5, gain * electrons, electrons * gain * gain * factor);
    EXPECT_GE(*std::min_element(sample.begin(), sample.end()), electrons);
  }
}

INSTANTIATE_TEST_SUITE_P(LowAndHigh,
                         RegisterGain,
                         testing::Values(1.2, 2.0, 5.0, 15.0, 50.0, 99.0, 100.0, 1000.0));

TEST(Register, OneElectronGivesAnExponentialHistogramAtHighGain) {
  constexpr double gain = 300.0;
  const CompoundRegister compound(gain, stages);
  BulkStream draw(7, Purpose::test_data);
  std::vector<double> sample(100'000);
  std::generate(sample.begin(), sample.end(), [&] { return compound.multiply(1, draw); });
  std::sort(sample.begin(), sample.end());
  double distance = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double below = -std::expm1(-sample[i] / gain);
    distance = std::max(
        distance, std::abs(below - static_cast<double>(i) / static_cast<double>(sample.size())));
  }
  EXPECT_LT(distance, 0.01);  // 1 % stages and discrete electrons; sampling alone gives 0.004
}

TEST(Register, OfGainOneAndOfNothingChangesNothing) {
  BulkStream draw(8, Purpose::test_data);
  EXPECT_EQ(CompoundRegister(1.0, stages).multiply(17, draw), 17.0);
  EXPECT_EQ(CompoundRegister(100.0, stages).multiply(0, draw), 0.0);
  EXPECT_EQ(multiply_stage_by_stage(17, 0.0, stages, draw), 17.0);
  EXPECT_EQ(multiply_stage_by_stage(0, 0.01, stages, draw), 0.0);
}

/// A sensor without spikes, whose counts are not clipped.
EmccdParams plain_sensor(double gain) {
  EmccdParams p;
  p.em_gain = gain;
  p.electrons_per_count = std::max(1.0, gain / 8.0);
  p.read_noise_rms_electrons = 3.0 * p.electrons_per_count;
  p.hot_pixel_fraction = 0.0;
  p.cosmic_flux_per_m2_s = 0.0;
  p.register_well_electrons = 1e9;
  return p;
}

std::vector<std::uint16_t> flat_frame(const EmccdParams& p,
                                      double photons,
                                      std::size_t width,
                                      std::size_t height,
                                      std::uint64_t frame = 0) {
  const Emccd sensor(p, width, height, 11);
  const std::vector<float> light(width * height, static_cast<float>(photons));
  std::vector<std::uint16_t> counts(light.size());
  sensor.expose(light, 0.03, frame, counts);
  return counts;
}

TEST(Emccd, CountsHaveTheExpectedMeanAndVariance) {
  for (const double gain : {1.0, 3.0, 30.0, 300.0}) {
    for (const double photons : {0.0, 0.3, 20.0, 600.0}) {
      const EmccdParams p = plain_sensor(gain);
      const auto expected = expected_counts(p, static_cast<float>(photons), 0.03);
      const auto counts = flat_frame(p, photons, 256, 128);
      SCOPED_TRACE("gain " + std::to_string(gain) + ", photons " + std::to_string(photons));
      expect_moments(
          moments_of(counts), 256.0 * 128.0, expected.mean_counts, expected.variance_counts2);
    }
  }
}

TEST(Emccd, EachSwitchedOffSourceLeavesTheOthers) {
  EmccdParams p = plain_sensor(100.0);
  p.shot_noise = false;
  p.quantum_efficiency = 1.0;
  p.clock_induced_electrons = p.dark_electrons_per_s = 0.0;
  auto expected = expected_counts(p, 40.0, 0.03);
  expect_moments(moments_of(flat_frame(p, 40.0, 256, 128)),
                 256.0 * 128.0,
                 expected.mean_counts,
                 expected.variance_counts2);
  p.shot_noise = true;
  p.gain_noise = false;
  expected = expected_counts(p, 40.0, 0.03);
  expect_moments(moments_of(flat_frame(p, 40.0, 256, 128)),
                 256.0 * 128.0,
                 expected.mean_counts,
                 expected.variance_counts2);
  p.shot_noise = false;
  p.read_noise_rms_electrons = 0.0;
  p.electrons_per_count = 10.0;
  for (const auto counts : flat_frame(p, 40.0, 16, 16)) {  // nothing left: 40 x 100 / 10 + 200
    ASSERT_EQ(counts, 600);
  }
}

/// Slope of variance against mean over levels of light.
double photon_transfer_slope(const EmccdParams& p) {
  std::vector<double> x;
  std::vector<double> y;
  for (const double photons : {50.0, 150.0, 250.0, 350.0, 450.0}) {
    const Moments m = moments_of(flat_frame(p, photons, 256, 256));
    x.push_back(m.mean);
    y.push_back(m.variance);
  }
  const Moments mx = moments_of(x);
  double covariance = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    covariance += (x[i] - mx.mean) * y[i] / static_cast<double>(x.size());
  }
  return covariance / mx.variance;
}

TEST(Emccd, PhotonTransferCurveHasTheSlopeOfGainAndExcessNoise) {
  EmccdParams p = plain_sensor(200.0);
  const double gain_per_count = p.em_gain / p.electrons_per_count;
  // a variance of 65536 pixels is known to sqrt(2 / n) = 0.55 %, their slope over 5 levels to 0.9 %
  const double with = photon_transfer_slope(p);
  EXPECT_NEAR(with / gain_per_count, excess_noise_factor(p.em_gain, p.register_stages), 0.05);
  p.gain_noise = false;  // the null: no excess
  EXPECT_NEAR(photon_transfer_slope(p) / gain_per_count, 1.0, 0.03);
}

TEST(Emccd, StageByStageAgreesWithTheCompoundRegisterInAFrame) {
  EmccdParams p = plain_sensor(8.0);
  p.register_model = RegisterModel::stage_by_stage;
  const auto expected = expected_counts(p, 6.0, 0.03);
  expect_moments(moments_of(flat_frame(p, 6.0, 64, 64)),
                 64.0 * 64.0,
                 expected.mean_counts,
                 expected.variance_counts2);
}

TEST(Emccd, ClipsAtTheConverterAtTheWellsAndAtZero) {
  EmccdParams p = plain_sensor(100.0);
  p.bits = 14;
  p.electrons_per_count = 1.0;
  for (const auto counts : flat_frame(p, 1e5, 8, 8)) {
    ASSERT_EQ(counts, 16383);
  }
  p = plain_sensor(100.0);
  p.read_noise_rms_electrons = 0.0;
  p.electrons_per_count = 20.0;
  p.register_well_electrons = 1e5;
  for (const auto counts : flat_frame(p, 1e5, 8, 8)) {
    ASSERT_EQ(counts, 5200);
  }
  p.gain_noise = false;
  p.em_gain = 1.0;
  p.pixel_well_electrons = 2e4;
  for (const auto counts : flat_frame(p, 1e5, 8, 8)) {
    ASSERT_EQ(counts, 1200);
  }
  p.offset_counts = 0.0;
  p.read_noise_rms_electrons = 100.0;
  const auto dark = flat_frame(p, 0.0, 64, 64);
  // half of a symmetric noise is lost at zero (rounding at half a count = 10 of 100 electrons: 54
  // %)
  const auto zeros = static_cast<double>(std::count(dark.begin(), dark.end(), 0));
  const double share = 0.5 * std::erfc(-0.1 / std::sqrt(2.0));
  EXPECT_NEAR(zeros / 4096.0, share, 4.0 * std::sqrt(share * (1.0 - share) / 4096.0));
}

TEST(Emccd, HotPixelsStayInPlaceAndHaveTheirFractionAndMean) {
  EmccdParams p;
  p.hot_pixel_fraction = 0.02;
  p.hot_pixel_electrons_per_s = 40.0;
  const Emccd sensor(p, 256, 256, 3);
  EXPECT_EQ(sensor.dark_map().values, Emccd(p, 256, 256, 3).dark_map().values);
  EXPECT_NE(sensor.dark_map().values, Emccd(p, 256, 256, 4).dark_map().values);
  EXPECT_NE(sensor.dark_map().values, Emccd(p, 256, 256, 3, 1).dark_map().values);
  double hot = 0.0;
  double excess = 0.0;
  for (const float rate : sensor.dark_map().values) {
    const double more = static_cast<double>(rate) - p.dark_electrons_per_s;
    hot += more > 1e-6 ? 1.0 : 0.0;
    excess += more;
  }
  const double n = 65536.0;
  EXPECT_NEAR(hot / n, 0.02, 4.0 * std::sqrt(0.02 * 0.98 / n));
  EXPECT_NEAR(excess / hot, 40.0, 4.0 * 40.0 / std::sqrt(hot));
  // and they show in a dark frame
  p.read_noise_rms_electrons = 0.0;
  const Emccd quiet(p, 256, 256, 3);
  std::vector<std::uint16_t> counts(65536);
  quiet.expose(std::vector<float>(65536, 0.0F), 10.0, 0, counts);
  const auto hottest =
      std::max_element(quiet.dark_map().values.begin(), quiet.dark_map().values.end());
  EXPECT_GT(counts[static_cast<std::size_t>(hottest - quiet.dark_map().values.begin())],
            200 + 100 * 10 * 40 / 12);
}

TEST(Emccd, CosmicEventsHaveTheirRateAndCharge) {
  EmccdParams p;
  p.em_gain = 1.0;
  p.electrons_per_count = 1.0;
  p.read_noise_rms_electrons = 0.0;
  p.clock_induced_electrons = p.dark_electrons_per_s = p.hot_pixel_fraction = 0.0;
  p.cosmic_flux_per_m2_s = 1e7;  // many, to count them
  const Emccd sensor(p, 128, 128, 9);
  const std::vector<float> dark(128 * 128, 0.0F);
  std::vector<std::uint16_t> counts(dark.size());
  double charge = 0.0;
  constexpr int frames = 60;
  for (int frame = 0; frame < frames; ++frame) {
    sensor.expose(dark, 0.1, static_cast<std::uint64_t>(frame), counts);
    for (const auto value : counts) {
      charge += value - 200.0;
    }
  }
  const double area_m2 = std::pow(128.0 * 16e-6, 2);
  const double events = 1e7 * area_m2 * 0.1 * frames;
  // mean path = depth <1 / cos> = 4/3 depth; tracks that leave the sensor lose a part: 128 pixels
  // are 2048 um, the mean projected length is depth <tan> = 15 um x 3 pi / 16 x ... < 20 um, thus <
  // 1 %
  const double each = 8e7 * 15e-6 * 4.0 / 3.0;
  // the spread of a single event is infinite in the second moment of 1 / cos only logarithmically:
  // <1 / cos^2> = 2
  const double error = 4.0 * 8e7 * 15e-6 * std::sqrt(2.0 * events);
  EXPECT_NEAR(charge, events * each, error + 0.01 * events * each);
  EXPECT_GT(charge, 0.9 * events * each);
}

TEST(Emccd, NeighboursInSpaceAndTimeAreUncorrelated) {
  const EmccdParams p = plain_sensor(100.0);
  const auto first = flat_frame(p, 30.0, 128, 128, 0);
  const auto second = flat_frame(p, 30.0, 128, 128, 1);
  const Moments m = moments_of(first);
  const auto correlation = [&](const std::vector<std::uint16_t>& other, std::size_t shift) {
    double sum = 0.0;
    for (std::size_t i = 0; i + shift < first.size(); ++i) {
      sum += (first[i] - m.mean) * (other[i + shift] - m.mean);
    }
    return sum / (static_cast<double>(first.size()) * m.variance);
  };
  for (const std::size_t shift : {std::size_t{1}, std::size_t{128}, std::size_t{129}}) {
    EXPECT_NEAR(correlation(first, shift), 0.0, 4.0 / 128.0);
  }
  EXPECT_NEAR(correlation(second, 0), 0.0, 4.0 / 128.0);
}

TEST(Emccd, GivesTheSameBitsForAnyNumberOfThreads) {
  EmccdParams p;
  p.cosmic_flux_per_m2_s = 1e6;
  p.hot_pixel_fraction = 0.01;
  const Emccd sensor(p, 100, 70, 77);
  std::vector<float> light(7000);
  for (std::size_t i = 0; i < light.size(); ++i) {
    light[i] = static_cast<float>(i % 97);
  }
  std::vector<std::uint16_t> one(light.size());
  std::vector<std::uint16_t> other(light.size());
  for (const std::uint64_t frame : {0ULL, 1ULL, 4'000'000'000ULL}) {
    sensor.expose(light, 0.03, frame, one);
    for (const int threads : {2, 3, 8}) {
      sensor.expose(light, 0.03, frame, other, {threads});
      EXPECT_EQ(one, other);
    }
  }
}

RC_GTEST_PROP(EmccdProperty, ARowDependsOnItsOwnLightOnly, ()) {
  const auto row = *rc::gen::inRange<std::size_t>(0, 12);
  const auto frame = *rc::gen::arbitrary<std::uint32_t>();
  const Emccd sensor(EmccdParams{}, 20, 12, 5);
  std::vector<float> light(240, 10.0F);
  std::vector<std::uint16_t> before(240);
  std::vector<std::uint16_t> after(240);
  sensor.expose(light, 0.03, frame, before);
  std::fill_n(light.begin() + static_cast<std::ptrdiff_t>(20 * row), 20, 900.0F);
  sensor.expose(light, 0.03, frame, after);
  for (std::size_t i = 0; i < 240; ++i) {
    RC_ASSERT((before[i] == after[i]) == (i / 20 != row));
  }
}

TEST(Emccd, RefusesWhatIsNoLightNoSensorAndNoFrame) {
  const Emccd sensor(EmccdParams{}, 4, 4, 1);
  std::vector<std::uint16_t> counts(16);
  for (const float bad : {-1.0F, 1e12F, std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    std::vector<float> light(16, 1.0F);
    light[7] = bad;
    EXPECT_THROW(sensor.expose(light, 0.03, 0, counts), ParameterError);
  }
  EXPECT_THROW(sensor.expose(std::vector<float>(15, 1.0F), 0.03, 0, counts), ParameterError);
  EXPECT_THROW(sensor.expose(std::vector<float>(16, 1.0F), -1.0, 0, counts), ParameterError);
  EXPECT_THROW(Emccd(EmccdParams{}, 0, 4, 1), ParameterError);
  EXPECT_THROW(Emccd(EmccdParams{}, 4, 70'000, 1), ParameterError);
  EmccdParams bad;
  bad.em_gain = 0.5;
  EXPECT_THROW(Emccd(bad, 4, 4, 1), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
