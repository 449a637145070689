// Writes what is behind a photoluminescence movie: centres, carriers, and the movie's correlation
// map without noise.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/recording_header.hpp"
#include "data/truth.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "session/section_truth.hpp"

namespace halotwin::session {

/// On the pixels of the movie, drift left out: "grain" (at the middle), "loss_rate" (k1),
/// "mean_density" of the carriers with each centre on for its duty; with drift, as the movie was
/// taken: "clean_map" (mean correlation with the eight neighbours, no noise, steady
/// light), "clean_mean" and "clean_deviation" (photons of a frame). "quenching_domain": number
/// (from 1) of the centre that makes more than half of a pixel's variance, 0 where none does;
/// "strongest_centre" and "strongest_share": the largest part, whatever it is. Of each centre, in
/// the order of these numbers: "centre_x", "centre_y", "centre_kappa", "centre_on_rate",
/// "centre_off_rate", "centre_tau", "centre_duty", "centre_strong". On the nodes of the carriers:
/// "node_grain", "node_mean_density". Of each frame: "film_offset_x", "film_offset_y", offset and
/// drift together: what a pixel sees lies that far from its nominal place on the film (at the end
/// of the frame, its period being the nominal one).
class MovieTruth final : public SectionTruth {
 public:
  /// Defines the signals: before RecordingWriter::begin(). `truth` and `bench` must outlive it.
  MovieTruth(data::TruthWriter& truth,
             const data::RecordingSection& section,
             const devices::simulated::SimulatedBench& bench);

  void begin() override;
  void measured(std::size_t) override {}
  void recorded(std::size_t done) override;
  [[nodiscard]] std::vector<double> save(std::size_t) const override { return {}; }
  void load(std::span<const double>, std::size_t) override {}

 private:
  void define_centres(const sim::RecombinationFilm& film);
  void define_nodes(const sim::RecombinationFilm& film);
  void define_offsets();
  void write_centres(const sim::RecombinationFilm& film);
  void write_domains(const sim::RecombinationFilm& film);
  void write_fields(const sim::RecombinationFilm& film);
  void write_offsets(double frame_period_s);

  data::TruthWriter* writer_;
  const devices::simulated::SimulatedBench* bench_;
  data::ScanArea scan_;
  std::size_t frames_;
  std::vector<data::SignalId> pixels_;  // grain, loss_rate, mean_density
  std::vector<data::SignalId> clean_;
  std::vector<data::SignalId> centres_;
  std::vector<data::SignalId> nodes_;
  std::vector<data::SignalId> domains_;
  std::vector<data::SignalId> offsets_;
};

/// Whether a section is a movie.
[[nodiscard]] bool is_movie(const data::RecordingSection& section);

}  // namespace halotwin::session
