#include "analysis/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/trace_kernels.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// r of each pixel with its eight neighbours.
class Neighbours {
 public:
  explicit Neighbours(const CorrelationMap& map) : map_(&map) {}

  /// Calls use(neighbour, r) for each neighbour that there is; r may be NaN.
  template <class Use>
  void each(std::size_t p, const Use& use) const {
    const auto nx = static_cast<std::ptrdiff_t>(map_->nx);
    const auto ny = static_cast<std::ptrdiff_t>(map_->ny);
    const auto x = static_cast<std::ptrdiff_t>(p % map_->nx);
    const auto y = static_cast<std::ptrdiff_t>(p / map_->nx);
    for (std::size_t k = 0; k < neighbour_steps.size(); ++k) {
      for (const std::ptrdiff_t side : {1, -1}) {
        const std::ptrdiff_t u = x + side * neighbour_steps[k].x;
        const std::ptrdiff_t v = y + side * neighbour_steps[k].y;
        if (u < 0 || u >= nx || v < 0 || v >= ny) {
          continue;
        }
        const auto q = static_cast<std::size_t>(v * nx + u);
        use(q, map_->r[k][side > 0 ? p : q]);
      }
    }
  }

 private:
  const CorrelationMap* map_;
};

enum class State : unsigned char { free, treated, pruned };

class Growth {
 public:
  Growth(const Traces& traces, const CorrelationMap& map, const ClusterParams& params)
      : traces_(&traces), params_(params), neighbours_(map), state_(traces.pixels(), State::free) {
    for (std::size_t p = 0; p < traces.pixels(); ++p) {
      bool alive = false;
      neighbours_.each(p, [&](std::size_t, double r) { alive |= r >= params_.prune_below; });
      state_[p] = alive ? State::free : State::pruned;
    }
  }

  [[nodiscard]] bool is_free(std::size_t p) const { return state_[p] == State::free; }

  std::vector<std::size_t> grow(std::size_t seed) {
    std::vector<std::size_t> members = {seed};
    state_[seed] = State::treated;
    for (const std::size_t p : candidates(members)) {
      state_[p] = State::treated;
      members.push_back(p);
    }
    sum_.clear();
    summed_ = 0;
    std::vector<std::size_t> last = members;
    for (std::uint64_t round = 0; !last.empty(); ++round) {
      last = passing(candidates(last), members, round);
      for (const std::size_t p : last) {
        state_[p] = State::treated;
        members.push_back(p);
      }
    }
    return members;
  }

 private:
  // Free neighbours of `from` with r >= threshold, each once, ascending.
  [[nodiscard]] std::vector<std::size_t> candidates(const std::vector<std::size_t>& from) const {
    std::vector<std::size_t> out;
    for (const std::size_t p : from) {
      neighbours_.each(p, [&](std::size_t q, double r) {
        if (r >= params_.threshold && state_[q] == State::free) {
          out.push_back(q);
        }
      });
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  std::vector<std::size_t> passing(const std::vector<std::size_t>& candidates,
                                   const std::vector<std::size_t>& members,
                                   std::uint64_t round) {
    if (candidates.empty()) {
      return {};
    }
    std::vector<const float*> rows;
    for (const std::size_t p : candidates) {
      rows.push_back(traces_->data(p));
    }
    std::vector<float> mean;
    std::vector<const float*> judges;
    if (params_.test == MemberTest::mean_trace) {
      mean = running_mean(members);
      judges.push_back(mean.data());
    } else {
      for (const std::size_t p : judging_members(members, round)) {
        judges.push_back(traces_->data(p));
      }
    }
    std::vector<float> r(rows.size() * judges.size());
    kernels::dot_products(rows, judges, traces_->stride, r.data());
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (accepts({r.data() + i * judges.size(), judges.size()})) {
        out.push_back(candidates[i]);
      }
    }
    return out;
  }

  [[nodiscard]] bool accepts(std::span<const float> r) const {
    if (params_.test == MemberTest::mean_trace) {
      return static_cast<double>(r[0]) >= params_.threshold;
    }
    const auto above = std::count_if(
        r.begin(), r.end(), [&](float v) { return static_cast<double>(v) > params_.threshold; });
    return static_cast<double>(above) >= params_.least_share * static_cast<double>(r.size());
  }

  [[nodiscard]] std::vector<std::size_t> judging_members(const std::vector<std::size_t>& members,
                                                         std::uint64_t round) const {
    const auto wanted = static_cast<std::size_t>(params_.tested_members);
    if (members.size() <= wanted) {
      return members;
    }
    std::vector<std::size_t> out;
    if (params_.test == MemberTest::spaced_members) {
      for (std::size_t k = 0; k < wanted; ++k) {
        out.push_back(members[k * members.size() / wanted]);
      }
      return out;
    }
    RandomStream draw(static_cast<std::uint64_t>(params_.seed),
                      Purpose::cluster_members,
                      static_cast<std::uint32_t>(members.front()),
                      round);
    // without replacement: the first `wanted` of a shuffle
    std::vector<std::size_t> pool = members;
    for (std::size_t k = 0; k < wanted; ++k) {
      std::swap(pool[k], pool[k + draw.index(static_cast<std::uint32_t>(pool.size() - k))]);
    }
    pool.resize(wanted);
    return pool;
  }

  std::vector<float> running_mean(const std::vector<std::size_t>& members) {
    sum_.resize(traces_->frames, 0.0);
    for (; summed_ < members.size(); ++summed_) {
      const float* z = traces_->data(members[summed_]);
      for (std::size_t t = 0; t < sum_.size(); ++t) {
        sum_[t] += static_cast<double>(z[t]);
      }
    }
    return normalised(sum_, traces_->stride);
  }

  const Traces* traces_;
  ClusterParams params_;
  Neighbours neighbours_;
  std::vector<State> state_;
  std::vector<double> sum_;  // of the members' traces, for mean_trace
  std::size_t summed_ = 0;
};

}  // namespace

void validate(const ClusterParams& p) {
  require_range("threshold", p.threshold, -1.0, 1.0);
  require_range("prune_below", p.prune_below, -1.0, 1.0);
  require(p.tested_members > 0, "tested_members", p.tested_members, "> 0");
  require_range("least_share", p.least_share, 0.0, 1.0);
  require(p.least_pixels > 0, "least_pixels", p.least_pixels, "> 0");
}

ClusterMap grow_clusters(const Traces& traces,
                         const CorrelationMap& map,
                         const ClusterParams& params) {
  validate(params);
  require(map.nx == traces.nx && map.ny == traces.ny, "map and traces are of different fields");
  ClusterMap out;
  out.nx = traces.nx;
  out.ny = traces.ny;
  out.label.assign(traces.pixels(), 0);
  std::vector<std::size_t> order;
  for (std::size_t p = 0; p < traces.pixels(); ++p) {
    if (!std::isnan(map.mean_r[p])) {
      order.push_back(p);
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return map.mean_r[a] > map.mean_r[b];
  });
  Growth growth(traces, map, params);
  for (const std::size_t seed : order) {
    if (!growth.is_free(seed)) {
      continue;
    }
    std::vector<std::size_t> members = growth.grow(seed);
    if (members.size() < static_cast<std::size_t>(params.least_pixels)) {
      continue;
    }
    out.members.push_back(std::move(members));
    for (const std::size_t p : out.members.back()) {
      out.label[p] = static_cast<int>(out.members.size());
    }
  }
  return out;
}

}  // namespace halotwin::analysis
