// Scores of a movie's analysis against its truth.
#include "validation/score_movie.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "analysis/pipelines/pipeline.hpp"
#include "base/errors.hpp"
#include "session/run.hpp"
#include "validation/scratch_folder.hpp"

namespace halotwin::validation {
namespace {

std::filesystem::path small_movie(const std::filesystem::path& folder) {
  session::Overrides overrides;
  overrides.settings = {"procedure.pl_movie.columns=24",
                        "procedure.pl_movie.rows=24",
                        "procedure.pl_movie.frames=80",
                        "procedure.pl_movie.dark_frames=4"};
  session::RunOptions options;
  options.output = folder / "movie.nxs";
  return session::run(session::load_scenario("clim_quick", overrides), options).recording;
}

double value_of(const std::vector<Measured>& rows, const std::string& beginning) {
  const auto at = std::find_if(
      rows.begin(), rows.end(), [&](const Measured& m) { return m.name.starts_with(beginning); });
  return at == rows.end() ? std::nan("") : at->value;
}

TEST(MovieScore, ComparesTheResultWithTheTruthOfItsField) {
  const ScratchFolder folder("halotwin-score-movie");
  const std::filesystem::path file = small_movie(folder.path());
  EXPECT_THROW(static_cast<void>(score_movie(file, {})), DataError);  // not analysed
  const analysis::Pipeline& clim = analysis::find_pipeline("clim", "");
  clim.analyse({.recording = file});
  const std::vector<Measured> whole = score_movie(file, {});
  EXPECT_EQ(value_of(whole, "pixels scored"), 576.0);
  EXPECT_GT(value_of(whole, "correlation of the mean image"), 0.95);
  EXPECT_LT(std::abs(value_of(whole, "median difference")), 0.05);

  Table part;  // a field of 16 x 16 pixels in the middle
  part.set("field_pixels", Value{std::int64_t{16}, {}});
  clim.analyse({.recording = file, .settings = part});
  const std::vector<Measured> middle = score_movie(file, {});
  EXPECT_EQ(value_of(middle, "pixels scored"), 256.0);
  EXPECT_GT(value_of(middle, "correlation of the mean image"), 0.95);  // at the right pixels
}

}  // namespace
}  // namespace halotwin::validation
