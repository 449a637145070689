#include "analysis/pipelines/clim_map.hpp"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "analysis/detector_noise.hpp"
#include "analysis/field_median.hpp"
#include "analysis/findings_file.hpp"
#include "analysis/movie_map.hpp"
#include "analysis/pipelines/clim_file.hpp"
#include "analysis/steadied_movie.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// A movie as it is, or without its drift.
class Source {
 public:
  Source(const MovieSource& movie, const ClimMapOptions& options, Threads threads)
      : movie_(&movie) {
    if (!options.correct_drift) {
      return;
    }
    const Drift drift = measure_drift(movie, options.drift, threads);
    if (drift.status == DriftStatus::found) {
      steadied_.emplace(movie, drift);
    }
  }
  [[nodiscard]] const MovieSource& movie() const { return steadied_ ? *steadied_ : *movie_; }
  [[nodiscard]] double first_x() const {
    return steadied_ ? static_cast<double>(steadied_->first_x()) : 0.0;
  }
  [[nodiscard]] double first_y() const {
    return steadied_ ? static_cast<double>(steadied_->first_y()) : 0.0;
  }

 private:
  const MovieSource* movie_;
  std::optional<SteadiedMovie> steadied_;
};

class Page {
 public:
  Page(const Source& source, const CorrelationMap& map)
      : pixel_m_(source.movie().info().pixel_m),
        x_m_(source.first_x() * pixel_m_),
        y_m_(source.first_y() * pixel_m_),
        nx_(map.nx),
        ny_(map.ny) {}

  void median(const std::string& name,
              const std::vector<double>& values,
              const std::string& unit,
              const std::string& note) {
    const Estimate e = median_of_field(values, nx_, pixel_m_);
    findings.values.push_back({name, e.value, e.sigma, unit, note});
  }
  void map(const std::string& name,
           const std::string& title,
           const std::string& unit,
           const std::vector<double>& values,
           const std::string& note) {
    FoundMap found{name, title, unit, nx_, ny_, pixel_m_, pixel_m_, {values.begin(), values.end()}};
    found.x_m = x_m_;
    found.y_m = y_m_;
    found.note = note;
    findings.maps.push_back(std::move(found));
  }

  Findings findings;

 private:
  double pixel_m_;
  double x_m_;
  double y_m_;
  std::size_t nx_;
  std::size_t ny_;
};

Findings map_of_movie(const MovieSource& movie, const ClimMapOptions& options, Threads threads) {
  const Source source(movie, options, threads);
  const MovieInfo& info = source.movie().info();
  const MovieMap found = map_movie(source.movie(), options.first_frames, threads);
  Page page(source, found.map);
  Findings& f = page.findings;
  f.values.push_back({"frames_used", static_cast<double>(found.quality.frames_used), nan, "", ""});
  page.median("median_correlation", found.map.mean_r, "", "mean r with 8 neighbours");
  f.nulls.push_back({"median_correlation",
                     found.shifted_r,
                     nan,
                     "",
                     "neighbours to the east half a record later"});
  page.map("intensity", "mean intensity", "counts", found.map.intensity, "Mean over the frames.");
  page.map("correlation",
           "correlation map",
           "1",
           found.map.mean_r,
           "Mean Pearson r of a pixel with its eight neighbours.");
  if (found.quality.noise_known) {
    const std::vector<double> background = background_of(info).counts;
    const std::vector<double> share = reliability(found.map, info, background);
    const std::vector<double> clean = disattenuated(found.map, share);
    page.median("median_signal",
                signal_electrons(found.map, info, background),
                "electron",
                "photoelectrons of a pixel in a frame");
    page.median("median_reliability",
                share,
                "",
                "share of a pixel's variance that is not noise of the detector");
    page.median("median_disattenuated", clean, "", "r without the detector's noise");
    page.map("correlation_disattenuated",
             "correlation map without the detector's noise",
             "1",
             clean,
             "Each r divided by the square root of both reliabilities.");
    page.map("reliability",
             "share of the variance that is not noise",
             "1",
             share,
             "From gain, excess factor and read noise of the camera.");
  }
  f.warnings = warnings_of(found.quality);
  f.note =
      "Noise of the detector lowers every correlation: the map shows signal over noise as much as "
      "the sample. The optics correlate pixels closer than about 400 nm, whatever the sample does.";
  return std::move(page.findings);
}

}  // namespace

void validate(const ClimMapOptions& p) {
  require(p.first_frames >= 0,
          fmt::format("first_frames = {} (must not be negative)", p.first_frames));
  validate(p.drift);
}

void check_clim_map_settings(const Table& settings) {
  static_cast<void>(options_from<ClimMapOptions>(settings, "clim_map"));
}

Findings run_clim_map_pipeline(const PipelineRun& run) {
  const auto options = options_from<ClimMapOptions>(run.settings, "clim_map");
  Findings f;
  std::string read;
  {
    const RecordedMovie movie(run.recording, run.scope);
    read = movie.signals_read();
    f = map_of_movie(movie, options, run.threads);
  }
  write_findings(run, {"clim_map", effective_fields(options), read}, f);
  return f;
}

}  // namespace halotwin::analysis
