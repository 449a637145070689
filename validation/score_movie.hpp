// Score of a CLIM analysis against the truth of its movie. Internal to validation/.
#pragma once

#include <filesystem>
#include <vector>

#include "validation/target.hpp"

namespace halotwin::validation {

/// The stored result of the pipeline clim: its correlation map without the detector's noise (that
/// with noise where the gain is unknown) against the map of the film without noise, its mean image
/// against the true mean, and its clusters against the quenching domains (on pixels where one
/// centre makes more than half of the variance). `truth`: sealed file, verified; empty = inside or
/// beside. Throws DataError.
[[nodiscard]] std::vector<Measured> score_movie(const std::filesystem::path& recording,
                                                const std::filesystem::path& truth);

}  // namespace halotwin::validation
