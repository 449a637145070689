// The movie of a recording of procedure pl_movie, simulated, measured or imported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "analysis/movie.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

/// Reads frames of the signal `movie` (frame, y, x) portion by portion, so that a movie larger than
/// the memory can be analysed. Signals `frame_time`, `frame_valid`, `dark` and the collections
/// `instrument/camera`, `instrument/light` may be missing: then what they say is unknown, see
/// MovieInfo. Of a recording that broke off, only the frames that were taken are there.
class RecordedMovie : public MovieSource {
 public:
  /// Throws DataError that names what is wrong: no movie, not (frame, y, x), pixels that are not
  /// square, no pixel size or frame period.
  explicit RecordedMovie(const std::filesystem::path& path, std::string_view scope = {});

  [[nodiscard]] const MovieInfo& info() const override { return info_; }
  void read(std::size_t first_frame,
            std::size_t count,
            std::span<std::uint16_t> into) const override;
  /// The signals that were found, for the provenance of a result: "movie, frame_time".
  [[nodiscard]] const std::string& signals_read() const { return signals_read_; }
  [[nodiscard]] const data::RecordingReader& recording() const { return recording_; }

 private:
  data::RecordingReader recording_;
  MovieInfo info_;
  std::string signals_read_ = "movie";
};

}  // namespace halotwin::analysis
