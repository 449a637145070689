// Frames of a foreign movie as camera counts. Internal to data/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/imports/foreign_movie.hpp"

namespace halotwin::data {

/// Frames as counts, and what was done to them on the way.
class CountedFrames {
 public:
  /// `file` for messages. `movie` must outlive it.
  CountedFrames(ForeignMovie& movie, std::string file);
  /// Until the next call. Throws DataError that names frame, row and column of a value outside 0 to
  /// 65535.
  [[nodiscard]] std::span<const std::uint16_t> frame(std::size_t t);
  /// After the last frame. Throws DataError if rounding took the signal away: fractions, and
  /// nothing above 100.
  void add_notes(std::vector<std::string>& notes) const;

 private:
  [[nodiscard]] bool are_counts() const;
  [[nodiscard]] std::uint16_t count(std::size_t t, std::size_t i);

  ForeignMovie& movie_;
  std::string file_;
  std::vector<std::uint16_t> counts_;
  std::vector<double> values_;
  std::size_t fractions_ = 0;
  double squares_ = 0.0;
  double largest_ = 0.0;
};

}  // namespace halotwin::data
