#include "analysis/nmf.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/nmf_kernels.hpp"
#include "analysis/nmf_rank.hpp"
#include "analysis/score.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

struct Mixture {
  RowArray basis;
  std::vector<float> values;
  std::size_t pixels;
  [[nodiscard]] SpectraView view() const {
    return {values, static_cast<std::size_t>(basis.cols())};
  }
};

/// Gaussian lines that do not overlap fully, weights with pure pixels: a unique factorisation.
Mixture make_mixture(int rank, std::size_t pixels, int channels, double noise, std::uint64_t seed) {
  Mixture m{RowArray(rank, channels), {}, pixels};
  for (int k = 0; k < rank; ++k) {
    for (int c = 0; c < channels; ++c) {
      const double centre = (k + 1.0) * channels / (rank + 1.0);
      const double x = (c - centre) / (0.12 * channels / rank);
      m.basis(k, c) = std::abs(x) < 3.0 ? std::exp(-0.5 * x * x) : 0.0;
    }
  }
  for (std::size_t p = 0; p < pixels; ++p) {
    RandomStream draw(seed, Purpose::test_data, static_cast<std::uint32_t>(p));
    Eigen::ArrayXd w(rank);
    for (int k = 0; k < rank; ++k) {
      const bool is_pure = p % 5 == 0 && static_cast<int>(p / 5) % rank != k;
      w(k) = is_pure ? 0.0 : draw.uniform(0.1, 1.0);
    }
    for (int c = 0; c < channels; ++c) {
      const double v = (w * m.basis.col(c)).sum() + noise * draw.normal();
      m.values.push_back(static_cast<float>(v));
    }
  }
  return m;
}

double direct_residual(const SpectraView& x, const NmfResult& r) {
  double error = 0.0;
  double square = 0.0;
  for (std::size_t p = 0; p < x.pixels(); ++p) {
    for (std::size_t c = 0; c < x.channels; ++c) {
      const double v = std::max(0.0, static_cast<double>(x.row(p)[c]));
      double model = 0.0;
      for (Eigen::Index k = 0; k < r.basis.rows(); ++k) {
        model += static_cast<double>(r.weights(static_cast<Eigen::Index>(p), k)) *
                 r.basis(k, static_cast<Eigen::Index>(c));
      }
      error += (v - model) * (v - model);
      square += v * v;
    }
  }
  return std::sqrt(error / square);
}

TEST(Nmf, RecoversKnownComponentsOfNoiseFreeData) {
  for (const int rank : {1, 2, 3, 4}) {
    const auto m = make_mixture(rank, 3000, 40, 0.0, 3);
    const auto r = factorize(m.view(), {.rank = rank});
    EXPECT_LT(r.relative_residual, 2e-3) << rank;
    for (const double angle : match_bases(m.basis, r.basis).angle_rad) {
      EXPECT_LT(angle, 0.02) << rank;
    }
  }
}

TEST(Nmf, CoordinateDescentRecoversFiveComponents) {
  const auto m = make_mixture(5, 3000, 50, 0.0, 4);
  const auto r = factorize(m.view(), {.rank = 5});
  EXPECT_LT(r.relative_residual, 0.01);
  for (const double angle : match_bases(m.basis, r.basis).angle_rad) {
    EXPECT_LT(angle, 0.1);
  }
}

TEST(Nmf, ResidualFallsWithTheRankAlsoWhereWeightsAreIterated) {
  const auto m = make_mixture(6, 3000, 64, 0.02, 21);
  double last = 1.0;
  for (const int rank : {2, 3, 4, 5, 6}) {
    const double residual =
        factorize(m.view(), {.rank = rank, .random_starts = 1}).relative_residual;
    EXPECT_LT(residual, last) << rank;
    last = residual;
  }
  EXPECT_LT(last, 0.08);  // noise alone: 0.02 over a root mean square near 0.3
}

TEST(Nmf, ResidualWithoutAPassEqualsTheDirectOne) {
  const auto m = make_mixture(3, 1111, 37, 0.03, 5);
  const auto r = factorize(m.view(), {.rank = 3});
  EXPECT_NEAR(r.relative_residual, direct_residual(m.view(), r), 1e-5);
}

TEST(Nmf, CompressedAndFullSweepsReachTheSameResidual) {
  const auto m = make_mixture(3, 2000, 48, 0.03, 6);
  const auto compressed = factorize(m.view(), {.rank = 3});
  const auto full = factorize(m.view(), {.rank = 3, .compressed_directions = 0});
  EXPECT_NEAR(compressed.relative_residual, full.relative_residual, 2e-5);
  const auto match = match_bases(full.basis, compressed.basis);
  for (const double angle : match.angle_rad) {
    EXPECT_LT(angle, 0.01);
  }
}

TEST(Nmf, ResidualNeverRisesBetweenSweeps) {
  const auto m = make_mixture(3, 2000, 48, 0.03, 7);
  for (const int directions : {0, 10}) {
    const auto r = factorize(
        m.view(),
        {.rank = 3, .random_starts = 0, .compressed_directions = directions, .full_sweeps = 0});
    for (std::size_t i = 1; i < r.residual_trace.size(); ++i) {
      EXPECT_LE(r.residual_trace[i], r.residual_trace[i - 1] * (1.0 + 1e-12));
    }
  }
}

TEST(Nmf, SameBitsForAnyNumberOfThreads) {
  const auto m = make_mixture(2, 20000, 33, 0.05, 8);
  const auto one = factorize(m.view(), {}, {1});
  const auto three = factorize(m.view(), {}, {3});
  EXPECT_TRUE((one.basis == three.basis).all());
  EXPECT_TRUE((one.weights == three.weights).all());
  EXPECT_EQ(one.relative_residual, three.relative_residual);
  EXPECT_EQ(one.start_residuals, three.start_residuals);
}

TEST(Nmf, ReusedWorkspaceChangesNothing) {
  const auto big = make_mixture(3, 5000, 40, 0.05, 9);
  const auto small = make_mixture(2, 700, 20, 0.05, 10);
  NmfWorkspace workspace;
  (void)factorize(big.view(), {.rank = 3}, {}, workspace);
  const auto again = factorize(small.view(), {}, {}, workspace);
  const auto fresh = factorize(small.view(), {});
  EXPECT_TRUE((again.weights == fresh.weights).all());
}

TEST(Nmf, BasisIsNormalisedAndOrderedByPeak) {
  const auto m = make_mixture(3, 2000, 48, 0.02, 11);
  for (const auto scale : {NmfScale::peak, NmfScale::sum}) {
    const auto r = factorize(m.view(), {.rank = 3, .scale = scale});
    Eigen::Index last = -1;
    for (Eigen::Index k = 0; k < 3; ++k) {
      Eigen::Index peak = 0;
      const double top = r.basis.row(k).maxCoeff(&peak);
      EXPECT_NEAR(scale == NmfScale::peak ? top : r.basis.row(k).sum(), 1.0, 1e-12);
      EXPECT_GE(peak, last);
      last = peak;
    }
    EXPECT_GE(r.basis.minCoeff(), 0.0);
    EXPECT_GE(r.weights.minCoeff(), 0.0F);
  }
}

TEST(Nmf, NegativeValuesCountAsZero) {
  auto m = make_mixture(2, 500, 24, 0.05, 12);
  const auto r = factorize(m.view());
  for (float& v : m.values) {
    v = std::max(v, 0.0F);
  }
  EXPECT_TRUE((factorize(m.view()).weights == r.weights).all());
}

TEST(Nmf, ZeroDataAndOnePixelAreAnswered) {
  const std::vector<float> zeros(60, 0.0F);
  EXPECT_EQ(factorize({zeros, 6}).stop, NmfStop::zero_data);
  const std::vector<float> one{1.0F, 2.0F, 3.0F};
  const auto r = factorize({one, 3});
  EXPECT_LT(r.relative_residual, 1e-3);
  EXPECT_TRUE(r.weights.isFinite().all());
}

TEST(Nmf, ValuesThatAreNotFiniteAreRefused) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::quiet_NaN()}) {
    auto m = make_mixture(2, 2000, 24, 0.05, 13);
    m.values[777] = bad;
    EXPECT_THROW((void)factorize(m.view()), ParameterError);
  }
}

TEST(NmfKernels, GramMatrixEqualsThePlainOne) {
  const auto m = make_mixture(2, 77, 37, 0.2, 14);
  const kernels::Rows rows{m.values.data(), 77, 37, 2.0F};
  const std::size_t width = kernels::padded(37);
  std::vector<float> fast(width * width, 0.0F);
  const auto sums = kernels::add_gram(rows, fast);
  const auto plain = kernels::plain::gram(rows);
  double trace = 0.0;
  for (std::size_t i = 0; i < 37; ++i) {
    trace += plain[i * 37 + i];
    for (std::size_t j = i; j < 37; ++j) {
      // 77 products, rounded to 6e-8 each
      EXPECT_NEAR(fast[i * width + j], plain[i * 37 + j], 1e-5 * (1.0 + plain[i * 37 + j]));
    }
  }
  EXPECT_NEAR(sums.squares, trace, 1e-6 * trace);
}

TEST(NmfKernels, WeightsOfEveryPixelEqualThePlainSolution) {
  for (const int rank : {1, 2, 3, 4}) {
    const auto m = make_mixture(rank, 53, 21, 0.3, 15);
    const RowArrayF fast = solve_weights(m.view(), m.basis);
    const RowArray normal = (m.basis.matrix() * m.basis.matrix().transpose()).array();
    for (Eigen::Index p = 0; p < 53; ++p) {
      std::vector<double> a(static_cast<std::size_t>(rank), 0.0);
      for (Eigen::Index c = 0; c < 21; ++c) {
        const double x = std::max(0.0F, m.values[static_cast<std::size_t>(p * 21 + c)]);
        for (Eigen::Index k = 0; k < rank; ++k) {
          a[static_cast<std::size_t>(k)] += x * m.basis(k, c);
        }
      }
      const auto plain = kernels::plain::solve_nonnegative(
          {normal.data(), static_cast<std::size_t>(normal.size())}, a);
      for (Eigen::Index k = 0; k < rank; ++k) {
        EXPECT_NEAR(fast(p, k), plain[static_cast<std::size_t>(k)], 1e-5);
      }
    }
  }
}

TEST(NmfKernels, NonNegativeSolutionMeetsItsOptimalityConditions) {
  RandomStream draw(1, Purpose::test_data);
  for (int trial = 0; trial < 200; ++trial) {
    Eigen::Matrix4d h = Eigen::Matrix4d::NullaryExpr([&] { return draw.uniform(); });
    const Eigen::Matrix<double, 4, 4, Eigen::RowMajor> b =
        h * h.transpose() + 0.05 * Eigen::Matrix4d::Identity();
    std::vector<double> a(4);
    for (double& v : a) {
      v = draw.normal();
    }
    const auto w = kernels::plain::solve_nonnegative({b.data(), 16}, a);
    for (Eigen::Index i = 0; i < 4; ++i) {
      double gradient = -a[static_cast<std::size_t>(i)];
      for (Eigen::Index j = 0; j < 4; ++j) {
        gradient += b(i, j) * w[static_cast<std::size_t>(j)];
      }
      EXPECT_GE(gradient, -1e-9);
      EXPECT_NEAR(gradient * w[static_cast<std::size_t>(i)], 0.0, 1e-9);
    }
  }
}

TEST(NmfRank, ThresholdMatchesTheKnownLimits) {
  EXPECT_NEAR(singular_value_threshold(1.0), 4.0 / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(singular_value_threshold(0.0), std::sqrt(2.0), 1e-12);
}

TEST(NmfRank, CountsComponentsAboveTheNoise) {
  // Offset keeps clipping away, which would thin the noise; it adds no rank beyond the lines' span
  // but one.
  auto m = make_mixture(3, 4000, 40, 0.02, 16);
  for (float& v : m.values) {
    v += 0.2F;
  }
  const auto r = factorize(m.view(), {.rank = 3});
  EXPECT_EQ(significant_rank(r.singular_values, 4000, 40, 0.02), 4);
}

TEST(NmfRank, HeldOutResidualStopsFallingAtTheTrueRank) {
  const auto m = make_mixture(2, 2000, 40, 0.1, 17);
  const auto steps = scan_rank(m.view(), 4, {.random_starts = 0});
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_LT(steps[1].held_out_residual, 0.9 * steps[0].held_out_residual);
  EXPECT_GT(steps[2].held_out_residual, 0.995 * steps[1].held_out_residual);
  EXPECT_LT(steps[3].relative_residual, steps[1].relative_residual);
}

TEST(NmfRank, BandClosesForSeparableComponentsAndOpensForMixedOnes) {
  const auto pure = make_mixture(2, 2000, 40, 0.0, 18);
  const auto closed = feasible_band(factorize(pure.view()));
  EXPECT_LT(closed.low_angle_rad, 0.02);
  EXPECT_LT(closed.high_angle_rad, 0.02);
  // Broad lines, weights that never vanish: the extreme pixels are mixtures.
  NmfResult mixed;
  mixed.basis = RowArray(2, 3);
  mixed.basis << 0.5, 0.3, 0.2, 0.2, 0.3, 0.5;
  mixed.weights = RowArrayF(3, 2);
  mixed.weights << 0.6F, 0.4F, 0.5F, 0.5F, 0.4F, 0.6F;
  const auto open = feasible_band(mixed, 0.0);
  // h(t) = (0.5 - 0.3 t, 0.3, 0.2 + 0.3 t): zero at t = 5/3 and t = -2/3.
  EXPECT_NEAR(open.low_outer, -2.0 / 3.0, 1e-12);
  EXPECT_NEAR(open.high_outer, 5.0 / 3.0, 1e-12);
  EXPECT_NEAR(open.low_inner, 0.4, 1e-6);
  EXPECT_NEAR(open.high_inner, 0.6, 1e-6);
  EXPECT_GT(open.low_angle_rad, 0.3);
}

}  // namespace
}  // namespace halotwin::analysis
