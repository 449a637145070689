// Clusters of CLIM: pixels of a movie that fluctuate together, grown from the best correlated
// pixel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/traces.hpp"

namespace halotwin::analysis {

/// What a pixel at the frontier must correlate with.
/// random_members: `least_share` of members drawn at random once a round (the published rule);
/// spaced_members: the same with members at equal steps in the order of joining, no chance;
/// mean_trace: the mean of the members' normalised traces at the start of the round, no chance. The
/// mean holds less noise than a member, so that the same threshold lets more pixels in (simulated
/// MAPI: clusters of 2.4 um where the other two give 1.4 um).
enum class MemberTest { random_members, spaced_members, mean_trace };
constexpr auto enumerators(MemberTest) {
  return std::array<std::pair<MemberTest, std::string_view>, 3>{
      {{MemberTest::random_members, "random_members"},
       {MemberTest::spaced_members, "spaced_members"},
       {MemberTest::mean_trace, "mean_trace"}}};
}

/// Defaults are those of the public program.
struct ClusterParams {
  double threshold = 0.5;    // of r between neighbours and with the members; paper: 0.5
  double prune_below = 0.2;  // pixels all of whose neighbours' r is below take no part
  MemberTest test = MemberTest::random_members;
  int tested_members = 10;
  double least_share = 0.7;
  int least_pixels = 5;  // smaller clusters are discarded
  std::int64_t seed = 1;
  bool operator==(const ClusterParams&) const = default;
};
void validate(const ClusterParams& p);
void visit_fields(auto& visit, ClusterParams& p) {
  visit("threshold", p.threshold);
  visit("prune_below", p.prune_below);
  visit("test", p.test);
  visit("tested_members", p.tested_members);
  visit("least_share", p.least_share);
  visit("least_pixels", p.least_pixels);
  visit("seed", p.seed);
}

struct ClusterMap {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<int> label;                         // [y][x]; 0 = in no cluster, 1 ... in the order
                                                  // of their first pixels' mean r
  std::vector<std::vector<std::size_t>> members;  // of label 1, 2 ...: pixels as they joined; the
                                                  // first is the seed
  [[nodiscard]] std::size_t count() const { return members.size(); }
};

/// Until no pixel is left: 1. The seed is the remaining pixel with the largest mean r of its eight
/// neighbours (equals: the first). 2. It takes its untreated neighbours with r >= threshold, no
/// further test. 3. Round by round, the untreated neighbours of the pixels that joined last with
/// r >= threshold are candidates; one joins if it passes `test`, else it stays free for others.
/// Members are tested by r > threshold, the mean trace by r >= threshold. 4. Clusters of fewer than
/// `least_pixels` are discarded; their pixels stay treated.
///
/// Source: public program of Louis et al., Adv. Mater. 2024, 2413126, its rule in our words.
/// `map` must be the correlation map of `traces`. Random numbers: Purpose::cluster_members, entity
/// = seed pixel, step = round. Threads do not matter: growth is one sequence.
[[nodiscard]] ClusterMap grow_clusters(const Traces& traces,
                                       const CorrelationMap& map,
                                       const ClusterParams& params = {});

}  // namespace halotwin::analysis
