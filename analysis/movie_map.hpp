// The correlation map of a whole movie in one pass, frames read portion by portion: for fields too
// large to keep traces of.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/correlation_sums.hpp"
#include "analysis/movie.hpp"
#include "analysis/movie_quality.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

struct MovieMap {
  CorrelationMap map;
  MovieQuality quality;
  std::vector<double> mean_frame;  // [frame] mean over the field [counts]
  double shifted_r = 0.0;          // median r with the pixel to the east half a record later: null
};

/// Sums of correlation_sums.hpp over the valid ones of the first `first_frames` frames (0 = all).
/// Memory: 48 bytes a pixel, a portion of 32 MB, and the traces of 500 pairs for the null. Throws
/// ParameterError for fewer than 16 frames, and DataError as the source does.
[[nodiscard]] MovieMap map_movie(const MovieSource& movie,
                                 std::int64_t first_frames = 0,
                                 Threads threads = {});

}  // namespace halotwin::analysis
