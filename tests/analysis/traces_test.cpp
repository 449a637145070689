#include "analysis/traces.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/score.hpp"
#include "analysis/trace_kernels.hpp"
#include "base/errors.hpp"
#include "tests/analysis/synthetic_traces.hpp"

namespace halotwin::analysis {
namespace {

using synthetic::Film;
using synthetic::only;

std::vector<std::uint16_t> two_halves(const Film& f) {
  return synthetic::movie(
      f, 2, [&](std::size_t x, std::size_t) { return only(2 * x < f.nx ? 0 : 1, 2); });
}

std::vector<double> counts_of(const Film& f, const std::vector<std::uint16_t>& m, std::size_t p) {
  std::vector<double> out;
  for (std::size_t t = 0; t < f.frames; ++t) {
    out.push_back(m[t * f.nx * f.ny + p]);
  }
  return out;
}

void expect_parameter_error(const std::function<void()>& run, const std::string& part) {
  try {
    run();
    ADD_FAILURE() << "no ParameterError";
  } catch (const ParameterError& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(Traces, InnerProductsArePearsonsCoefficients) {
  const Film f{7, 5, 333};
  const auto m = two_halves(f);
  const Traces t = synthetic::traces(f, m);
  for (std::size_t p = 0; p < t.pixels(); ++p) {
    EXPECT_NEAR(correlation(t, p, p), 1.0, 1e-6);
    for (std::size_t q = 0; q < p; ++q) {
      EXPECT_NEAR(correlation(t, p, q), pearson(counts_of(f, m, p), counts_of(f, m, q)), 2e-6);
      EXPECT_EQ(correlation(t, p, q), correlation(t, q, p));
    }
  }
}

TEST(Traces, HaveTheNeighbourCorrelationsOfTheExactSums) {
  const Film f{23, 17, 500};
  const auto m = two_halves(f);
  CorrelationSums sums(f.nx, f.ny, {});
  sums.add(m);
  const CorrelationMap exact = correlation_map(sums);
  const CorrelationMap map = correlation_map(synthetic::traces(f, m), {2});
  for (std::size_t p = 0; p < exact.mean_r.size(); ++p) {
    EXPECT_NEAR(map.mean_r[p], exact.mean_r[p], 2e-6);
    EXPECT_NEAR(map.intensity[p], exact.intensity[p], 1e-9 * exact.intensity[p]);
    EXPECT_NEAR(map.variance[p], exact.variance[p], 1e-9 * exact.variance[p]);
  }
}

RC_GTEST_PROP(TracesProperty, PortionsAndThreadsGiveTheSameBits, ()) {
  const Film f{*rc::gen::inRange<std::size_t>(1, 40),
               *rc::gen::inRange<std::size_t>(1, 9),
               *rc::gen::inRange<std::size_t>(2, 60)};
  const auto m = two_halves(f);
  TraceOptions options;
  options.remove_common_mode = *rc::gen::arbitrary<bool>();
  const Traces whole = synthetic::traces(f, m, options);
  options.pixel_m = synthetic::pixel_m;
  TraceBuilder builder(f.nx, f.ny, f.frames, options, {3});
  const std::size_t size = f.nx * f.ny;
  const auto portion = *rc::gen::inRange<std::size_t>(1, 20);
  for (std::size_t t = 0; t < f.frames; t += portion) {
    builder.add({m.data() + t * size, std::min(portion, f.frames - t) * size});
  }
  const Traces parts = std::move(builder).finish();
  RC_ASSERT(parts.z == whole.z);
  RC_ASSERT(parts.variance == whole.variance);
  RC_ASSERT(correlation_map(parts, {3}).mean_r.size() == size);
}

RC_GTEST_PROP(TracesProperty, TheOrderOfFramesDoesNotMatter, ()) {
  const Film f{4, 3, 50};
  auto m = two_halves(f);
  const Traces before = synthetic::traces(f, m);
  const auto turn = *rc::gen::inRange<std::ptrdiff_t>(1, 49);
  std::rotate(m.begin(), m.begin() + turn * 12, m.end());
  const Traces after = synthetic::traces(f, m);
  for (std::size_t p = 1; p < 12; ++p) {
    RC_ASSERT(std::abs(correlation(before, 0, p) - correlation(after, 0, p)) < 1e-6);
  }
}

TEST(Traces, LeftOutFramesDoNotCount) {
  const Film f{6, 4, 80};
  auto m = two_halves(f);
  TraceOptions options;
  options.use_frame.assign(f.frames, 1);
  std::vector<std::uint16_t> kept;
  for (std::size_t t = 0; t < f.frames; ++t) {
    if (t % 7 == 3) {
      options.use_frame[t] = 0;
      std::fill_n(m.begin() + static_cast<std::ptrdiff_t>(t * 24), 24, std::uint16_t{9});
    } else {
      kept.insert(kept.end(),
                  m.begin() + static_cast<std::ptrdiff_t>(t * 24),
                  m.begin() + static_cast<std::ptrdiff_t>((t + 1) * 24));
    }
  }
  Film shorter = f;
  shorter.frames = kept.size() / 24;
  EXPECT_EQ(synthetic::traces(f, m, options).z, synthetic::traces(shorter, kept).z);
}

TEST(Traces, ShiftedFramesAreReadWhereTheSampleStands) {
  // what the camera sees is a larger film, moving by whole pixels
  const Film film{16, 14, 60};
  const auto still = two_halves(film);
  const Film camera{10, 9, 60};
  std::vector<std::uint16_t> seen;
  TraceOptions options;
  for (std::size_t t = 0; t < film.frames; ++t) {
    const PixelShift s{static_cast<int>(t / 20), -static_cast<int>(t / 30)};
    options.frame_shift.push_back(s);
    for (int y = 0; y < 9; ++y) {
      for (int x = 0; x < 10; ++x) {
        // film pixel (3, 2) is at camera pixel (0, 0) in the first frame
        const int u = x + 3 - s.x;
        const int v = y + 2 - s.y;
        seen.push_back(still[t * 224 + static_cast<std::size_t>(v * 16 + u)]);
      }
    }
  }
  const Traces t = synthetic::traces(camera, seen, options);
  EXPECT_EQ(t.nx, 8U);
  EXPECT_EQ(t.ny, 8U);
  EXPECT_EQ(t.first_x, 0U);
  EXPECT_EQ(t.first_y, 1U);
  const Traces truth = crop(synthetic::traces(film, still), 3, 3, 8, 8);
  EXPECT_EQ(t.z, truth.z);
  EXPECT_NE(synthetic::traces(camera, seen).z[0], truth.z[0]);
}

TEST(Traces, CommonModeIsTakenOut) {
  // independent pixels, all lit by one lamp; without removal the lamp correlates them
  Film f{12, 12, 2000};
  f.noise = 100.0;
  const auto m = synthetic::movie(f, 1, [](std::size_t, std::size_t) { return only(0, 1); });
  TraceOptions remove;
  remove.remove_common_mode = true;
  const Traces with = synthetic::traces(f, m);
  const Traces without = synthetic::traces(f, m, remove);
  // r of the lamp: 200^2 / (200^2 + 100^2)
  EXPECT_NEAR(correlation(with, 3, 99), 0.8, 0.03);
  EXPECT_NEAR(correlation(without, 3, 99), 0.0, 4.0 / std::sqrt(2000.0));
  EXPECT_NEAR(std::sqrt(without.variance[50]), 100.0, 8.0);
  // the remaining trace is not correlated with what was removed
  const std::vector<double> rest(without.of(50).begin(), without.of(50).end());
  EXPECT_NEAR(pearson(rest, without.common_mode), 0.0, 1e-6);
}

TEST(Traces, ConstantPixelsHaveNoCorrelation) {
  const Film f{5, 5, 40};
  auto m = two_halves(f);
  for (std::size_t t = 0; t < f.frames; ++t) {
    m[t * 25 + 7] = 65535;
  }
  const Traces t = synthetic::traces(f, m);
  EXPECT_EQ(t.constant[7], 1);
  EXPECT_EQ(std::count(t.constant.begin(), t.constant.end(), 1), 1);
  EXPECT_TRUE(std::isnan(correlation(t, 7, 8)));
  const CorrelationMap map = correlation_map(t);
  EXPECT_TRUE(std::isnan(map.mean_r[7]));
  EXPECT_FALSE(std::isnan(map.mean_r[8]));
}

TEST(Traces, MeanTraceIsInCounts) {
  const Film f{4, 2, 30};
  const auto m = two_halves(f);
  const Traces t = synthetic::traces(f, m);
  const std::vector<std::size_t> pixels = {1, 6};
  const std::vector<double> mean = mean_trace(t, pixels);
  for (std::size_t k = 0; k < f.frames; ++k) {
    EXPECT_NEAR(mean[k], 0.5 * (m[k * 8 + 1] + m[k * 8 + 6]), 1e-3);
  }
  const std::vector<float> z = normalised(mean, t.stride);
  EXPECT_EQ(z.size(), t.stride);
  EXPECT_NEAR(kernels::dot(z.data(), z.data(), t.stride), 1.0, 1e-6);
  for (const float v : normalised(std::vector<double>(30, 12.5), t.stride)) {
    EXPECT_EQ(v, 0.0F);
  }
}

TEST(TraceKernels, BlocksAndSinglePairsGiveTheSameBits) {
  RandomStream draw(4, Purpose::test_data);
  const std::size_t length = 2064;
  std::vector<std::vector<float>> rows(13, std::vector<float>(length));
  std::vector<const float*> pointers;
  for (auto& row : rows) {
    for (float& v : row) {
      v = static_cast<float>(draw.normal());
    }
    pointers.push_back(row.data());
  }
  const std::span<const float* const> all(pointers);
  std::vector<float> out(13 * 7);
  kernels::dot_products(all, all.first(7), length, out.data());
  for (std::size_t i = 0; i < 13; ++i) {
    for (std::size_t j = 0; j < 7; ++j) {
      EXPECT_EQ(out[i * 7 + j], kernels::dot(pointers[i], pointers[j], length));
      double exact = 0.0;
      for (std::size_t t = 0; t < length; ++t) {
        exact += static_cast<double>(rows[i][t]) * static_cast<double>(rows[j][t]);
      }
      EXPECT_NEAR(out[i * 7 + j], exact, 2e-3);  // norms are about 45 each
    }
  }
}

TEST(Traces, RefuseWhatCannotBeMeant) {
  const std::vector<std::uint16_t> one(6, 3);
  expect_parameter_error([] { TraceBuilder(3, 2, 1, {.pixel_m = 1e-7}); }, "at least two frames");
  expect_parameter_error(
      [] {
        TraceBuilder(3, 2, 4, {.pixel_m = 1e-7, .use_frame = {0, 1, 0, 0}});
      },
      "1 of 4 are used");
  expect_parameter_error([] { TraceBuilder(3, 2, 4, {}); }, "pixel_m");
  expect_parameter_error(
      [] {
        TraceBuilder(3, 2, 2, {.pixel_m = 1e-7, .frame_shift = {{0, 0}, {0, 2}}});
      },
      "no pixel");
  expect_parameter_error(
      [&] {
        TraceBuilder b(3, 2, 2, {.pixel_m = 1e-7});
        b.add(one);
        static_cast<void>(std::move(b).finish());
      },
      "1 of 2 frames");
  expect_parameter_error(
      [] {
        TraceBuilder b(3, 2, 2, {.pixel_m = 1e-7});
        b.add(std::vector<std::uint16_t>(7));
      },
      "whole frames");
}

}  // namespace
}  // namespace halotwin::analysis
