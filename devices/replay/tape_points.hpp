// Where on a tape the tip is sent to a point, so that the points can be played in another order.
// Internal to devices/replay.
//
// A tape is cut before every "positioner.start_move". What is measured at a point also hangs on
// what was set before: a recorded point stands for an asked one only if every setting was the same
// when the tip set out (except those that are made anew at the point before their instrument is
// read).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/grid.hpp"
#include "devices/replay/tape_entry.hpp"

namespace halotwin::devices {

/// Where playing can go on.
struct TapePlace {
  std::streamoff offset = 0;
  std::uint64_t entries = 0;  // before this place
  Duration before{};          // time of the last of them
};

/// What was set last, by role and operation; the tip is in contact or not.
class TapeSettings {
 public:
  /// Name of the setting that a request changes; "" if it changes none.
  [[nodiscard]] static std::string changed_by(const TapeRequest& request);
  void follow(const TapeRequest& request);
  [[nodiscard]] const nlohmann::json& values() const { return values_; }

 private:
  nlohmann::json values_ = nlohmann::json::object();
};

class TapePoints {
 public:
  /// Reads the tape once, from where `tape` stands, and leaves it there.
  explicit TapePoints(std::istream& tape);

  [[nodiscard]] static bool is_move(const TapeRequest& request);

  struct Found {
    const TapePlace* place = nullptr;  // null: no point was recorded with these settings
    double distance_m = 0.0;
    std::string other_setting{};  // place is null: what was set otherwise, "" if there are no moves
  };
  /// The nearest point that was recorded with these settings, to `target` (JSON of a Point). Of
  /// points at the same place (within 1 pm) the one that comes first after `here`, the beginning
  /// following the end.
  [[nodiscard]] Found nearest(const nlohmann::json& target,
                              const nlohmann::json& settings,
                              std::streamoff here) const;

  /// Where `next` directly follows `last`, first after `here`, the beginning following the end:
  /// what is done after a last point, whichever point that was. Nothing if nowhere.
  [[nodiscard]] std::optional<TapePlace> sequel(std::istream& tape,
                                                const TapeRequest& last,
                                                const TapeRequest& next,
                                                std::streamoff here) const;

 private:
  struct Circumstances {  // NOLINT(bugprone-exception-escape): as TapeRequest
    nlohmann::json settings;
    std::set<std::string> made_anew{};  // at the point, before their instrument is read
  };
  struct RecordedPoint {
    TapePlace place;
    Point target;
    std::size_t circumstances = 0;
  };
  [[nodiscard]] static bool alike(const Circumstances& recorded, const nlohmann::json& settings);
  [[nodiscard]] std::size_t first_after(std::streamoff here) const;

  std::vector<RecordedPoint> points_;  // as they stand on the tape
  std::vector<Circumstances> circumstances_;
};

}  // namespace halotwin::devices
