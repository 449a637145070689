#include "sim/focus.hpp"

#include <algorithm>

#include "base/require.hpp"

namespace halotwin::sim {

void Focus::move(double start_s, double end_s, double from_m, double to_m) {
  moves_.push_back({start_s, end_s, from_m, to_m});
  if (moves_.size() > kept_moves) {
    at_start_m_ = moves_.front().to_m;
    moves_.erase(moves_.begin());
  }
}

double Focus::defocus_m(double time_s) const {
  const auto later = std::find_if(
      moves_.begin(), moves_.end(), [&](const Move& move) { return move.start_s > time_s; });
  if (later == moves_.begin()) {
    return at_start_m_;
  }
  const Move& now = *(later - 1);
  if (time_s >= now.end_s) {
    return now.to_m;
  }
  const double part = (time_s - now.start_s) / (now.end_s - now.start_s);
  return now.from_m + part * (now.to_m - now.from_m);
}

std::vector<double> Focus::save() const {
  std::vector<double> state{at_start_m_, static_cast<double>(moves_.size())};
  for (const Move& move : moves_) {
    state.insert(state.end(), {move.start_s, move.end_s, move.from_m, move.to_m});
  }
  state.resize(saved_values, 0.0);
  return state;
}

void Focus::load(std::span<const double> state) {
  require(state.size() == saved_values && state[1] >= 0.0 && state[1] <= kept_moves,
          "the saved state of the focus is damaged");
  at_start_m_ = state[0];
  moves_.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(state[1]); ++i) {
    const auto v = state.subspan(2 + 4 * i, 4);
    moves_.push_back({v[0], v[1], v[2], v[3]});
  }
}

}  // namespace halotwin::sim
