#include "base/parallel.hpp"

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/ordered_sum.hpp"
#include "base/random.hpp"

namespace halotwin {
namespace {

TEST(Chunks, CoverEveryIndexOnceForAnyLengthAndNumberOfThreads) {
  for (const std::size_t n : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    for (const int threads : {0, 1, 2, 3, 4, 8}) {
      std::vector<std::atomic<int>> visits(n);
      std::atomic<std::size_t> calls = 0;
      for_each_chunk(n, 8, Threads{threads}, [&](std::size_t begin, std::size_t end) {
        EXPECT_EQ(begin % 8, 0U);
        EXPECT_LT(begin, end);
        EXPECT_LE(end - begin, 8U);
        ++calls;
        for (std::size_t i = begin; i < end; ++i) {
          ++visits[i];
        }
      });
      EXPECT_EQ(calls, chunk_count(n, 8));
      for (const auto& count : visits) {
        EXPECT_EQ(count, 1);
      }
    }
  }
}

double noisy_sum(int threads) {
  constexpr std::size_t n = 20'000;
  std::vector<double> partial(chunk_count(n, 256));
  for_each_chunk(n, 256, Threads{threads}, [&](std::size_t begin, std::size_t end) {
    double sum = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
      RandomStream draw(4, Purpose::test_data, static_cast<std::uint32_t>(i));
      sum += std::exp(5.0 * draw.normal());  // wide range: any other order changes the last digits
    }
    partial[begin / 256] = sum;
  });
  return ordered_sum(partial);
}

TEST(Chunks, GiveTheSameBitsForAnyNumberOfThreads) {
  const double one = noisy_sum(1);
  for (int threads = 2; threads <= 8; ++threads) {
    EXPECT_EQ(noisy_sum(threads), one) << threads << " threads";
  }
}

TEST(Chunks, RethrowTheFailureOfTheLowest) {
  for (const int threads : {1, 2, 4, 8}) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      try {
        for_each_chunk(100, 1, Threads{threads}, [](std::size_t begin, std::size_t) {
          if (begin % 10 == 3) {
            throw std::runtime_error(std::to_string(begin));
          }
        });
        FAIL() << "no exception";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "3");
      }
    }
  }
}

TEST(Chunks, MayBeNested) {
  std::vector<double> sums(6);
  for_each_chunk(6, 1, Threads{3}, [&](std::size_t begin, std::size_t) {
    std::vector<double> inner(4);
    for_each_chunk(4, 1, Threads{2}, [&](std::size_t i, std::size_t) {
      inner[i] = static_cast<double>(begin * i);
    });
    sums[begin] = ordered_sum(inner);
  });
  EXPECT_EQ(sums, (std::vector<double>{0, 6, 12, 18, 24, 30}));
}

}  // namespace
}  // namespace halotwin
