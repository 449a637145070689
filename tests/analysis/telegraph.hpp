// Telegraph traces and noise for the tests of the temporal analysis.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace halotwin::analysis {

struct Telegraph {
  double high_frames = 50.0;  // mean dwell on the upper level
  double low_frames = 50.0;
  double low = 0.0;
  double high = 1.0;
  double noise = 0.1;
  std::size_t frames = 4000;
  bool whole_frames = false;  // switches between frames only
};

inline std::vector<float> noise_trace(std::size_t frames, double sigma, std::uint64_t seed) {
  RandomStream random(seed, Purpose::test_data);
  std::vector<float> trace(frames);
  for (float& x : trace) {
    x = static_cast<float>(sigma * random.normal());
  }
  return trace;
}

/// A two-state Markov process in continuous time, averaged over each frame, with white noise.
inline std::vector<float> telegraph_trace(const Telegraph& t, std::uint64_t seed) {
  RandomStream random(seed, Purpose::test_data, 1);
  std::vector<double> on(t.frames, 0.0);
  bool high = random.uniform() < t.high_frames / (t.high_frames + t.low_frames);
  double now = 0.0;
  const auto end = static_cast<double>(t.frames);
  while (now < end) {
    double stay = random.exponential() * (high ? t.high_frames : t.low_frames);
    if (t.whole_frames) {
      stay = std::max(1.0, std::round(stay));
    }
    const double until = std::min(end, now + stay);
    for (auto f = static_cast<std::size_t>(now); high && static_cast<double>(f) < until; ++f) {
      const auto frame = static_cast<double>(f);
      on[f] += std::min(until, frame + 1.0) - std::max(now, frame);
    }
    now += stay;
    high = !high;
  }
  std::vector<float> trace;
  for (const double share : on) {
    trace.push_back(
        static_cast<float>(t.low + (t.high - t.low) * share + t.noise * random.normal()));
  }
  return trace;
}

}  // namespace halotwin::analysis
