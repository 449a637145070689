// Scores of the results of the other pipelines against the truth of their recording.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "validation/target.hpp"

namespace halotwin::validation {

/// Scores the stored result of one pipeline.
struct Scorer {
  std::string_view pipeline;  // "kpfm"
  std::vector<Measured> (*score)(const std::filesystem::path& recording,
                                 const std::filesystem::path& truth);
};

/// All pipelines but pm_dns, whose score takes foreign results too. The one list.
[[nodiscard]] const std::vector<Scorer>& image_scorers();

}  // namespace halotwin::validation
