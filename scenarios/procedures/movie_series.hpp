// The frames of a movie, each in its place in the recording, whatever the camera lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/recording_writer.hpp"
#include "devices/camera.hpp"
#include "scenarios/procedure.hpp"

namespace halotwin::scenarios {

/// Signals "movie", "frame_time", "frame_number", "frame_valid" and "series" (what frames of a
/// second part are counted from). A frame that did not come, or came incomplete, keeps its place:
/// it is marked invalid and repeats the frame before.
class MovieSeries {
 public:
  /// `most_lost`: more lost frames are a failure.
  MovieSeries(std::size_t frames, std::size_t pixels, std::size_t most_lost)
      : frames_(frames), pixels_(pixels), most_lost_(most_lost) {}

  /// `image_axes`: y, x; `period_s` is nominal.
  void define(data::RecordingWriter& recording,
              const std::vector<data::Axis>& image_axes,
              double period_s);
  /// Before the first frame: what an earlier part left in the recording.
  void begin(const RunContext& context, double applied_period_s);
  /// Reads the rest of the movie from a camera that was started.
  void take(devices::Camera& camera, const RunContext& context);
  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  /// Records frame done_, and says so.
  void record(const RunContext& context, double number, double time_s, bool valid);
  void record_missing(const RunContext& context, std::size_t until);
  void place_first(const RunContext& context, const devices::FrameInfo& frame);
  void put(const RunContext& context, const devices::FrameInfo& frame);

  std::size_t frames_;
  std::size_t pixels_;
  std::size_t most_lost_;
  double period_s_ = 0.0;   // as applied
  Duration first_start_{};  // of the exposure of frame 0
  std::size_t shift_ = 0;   // from the numbers of the camera to places in the movie
  bool first_ = true;       // no frame of this part has come yet
  std::size_t done_ = 0;
  std::size_t lost_ = 0;
  std::vector<std::uint16_t> incoming_;
  std::vector<std::uint16_t> last_;  // valid frame
  data::SignalId movie_, time_, number_, valid_, series_;
};

}  // namespace halotwin::scenarios
