#include "devices/replay/tape_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "devices/replay/tape_types.hpp"

namespace halotwin::devices {

using nlohmann::json;

namespace {

constexpr const char* move_operation = "positioner.start_move";
constexpr const char* contact = " contact";
constexpr double same_place_m = 1e-12;  // below what any scanner repeats

std::optional<Point> point_of(const json& target) {
  try {
    return target.get<Point>();
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

/// Of "height.configure" "configure".
std::string last_word(const std::string& operation) {
  return operation.substr(operation.rfind('.') + 1);  // npos + 1 = 0
}

class Rewound {  // a stream that is brought back to where it stood
 public:
  explicit Rewound(std::istream& stream) : stream_(&stream), here_(stream.tellg()) {}
  ~Rewound() {
    stream_->clear();
    stream_->seekg(here_);
  }
  Rewound(const Rewound&) = delete;
  Rewound& operator=(const Rewound&) = delete;

 private:
  std::istream* stream_;
  std::streampos here_;
};

}  // namespace

std::string TapeSettings::changed_by(const TapeRequest& request) {
  const std::string word = last_word(request.operation);
  if (word == "approach" || word == "withdraw") {
    return request.role + contact;
  }
  const bool sets = word == "configure" || word.starts_with("set_") || word == "start_move";
  if (!sets || TapePoints::is_move(request)) {
    return {};
  }
  const json& arguments = request.arguments;  // a channel or an axis comes first
  const bool one_of_several = arguments.size() > 1 && arguments[0].is_number_integer();
  return request.role + " " + request.operation + (one_of_several ? arguments[0].dump() : "");
}

void TapeSettings::follow(const TapeRequest& request) {
  const std::string name = changed_by(request);
  if (name.empty()) {
    return;
  }
  if (last_word(request.operation) == "withdraw") {
    values_.erase(name);  // as before the first approach
  } else if (last_word(request.operation) == "approach") {
    values_[name] = true;
  } else {
    values_[name] = request.arguments;
  }
}

bool TapePoints::is_move(const TapeRequest& request) {
  return request.operation == move_operation;
}

TapePoints::TapePoints(std::istream& tape) {
  const Rewound rewound(tape);
  std::map<std::string, std::size_t> known;  // by their text
  TapeSettings settings;
  TapePlace place{tape.tellg()};
  std::optional<RecordedPoint> point;
  Circumstances with;
  std::set<std::string> were_read;  // roles
  const auto end_of_point = [&] {
    if (point) {
      const json text = {with.settings, with.made_anew};
      const auto [at, is_new] = known.try_emplace(
          text.dump(-1, ' ', false, json::error_handler_t::replace), known.size());
      point->circumstances = at->second;
      if (is_new) {
        circumstances_.push_back(with);
      }
      points_.push_back(*point);
    }
    point.reset();
  };
  while (const auto entry = read_entry(tape)) {
    const TapeRequest& request = entry->request;
    const std::string setting = TapeSettings::changed_by(request);
    if (is_move(request)) {
      end_of_point();
      if (const auto target =
              request.arguments.empty() ? std::nullopt : point_of(request.arguments[0])) {
        point = RecordedPoint{place, *target};
        with = {settings.values(), {}};
        were_read.clear();
      }
    } else if (!setting.empty()) {
      if (!were_read.contains(request.role) && !setting.ends_with(contact)) {
        with.made_anew.insert(setting);
      }
    } else if (last_word(request.operation) != "wait_move" && !entry->answer.is_null()) {
      were_read.insert(request.role);
    }
    settings.follow(request);
    place = {tape.tellg(), place.entries + 1, entry->time};
  }
  end_of_point();
}

std::size_t TapePoints::first_after(std::streamoff here) const {
  const auto first = std::partition_point(
      points_.begin(), points_.end(), [&](const auto& p) { return p.place.offset < here; });
  return static_cast<std::size_t>(first - points_.begin());
}

bool TapePoints::alike(const Circumstances& recorded, const json& settings) {
  const auto holds = [&](const json& these, const json& others) {
    const auto items = these.items();
    return std::all_of(items.begin(), items.end(), [&](const auto& item) {
      const auto other = others.find(item.key());
      return recorded.made_anew.contains(item.key()) ||
             (other != others.end() && *other == item.value());
    });
  };
  return holds(recorded.settings, settings) && holds(settings, recorded.settings);
}

TapePoints::Found TapePoints::nearest(const json& target,
                                      const json& settings,
                                      std::streamoff here) const {
  Found found{.distance_m = std::numeric_limits<double>::infinity()};
  const auto asked = point_of(target);
  if (!asked) {
    return found;
  }
  std::vector<bool> may_stand(circumstances_.size());
  std::transform(
      circumstances_.begin(), circumstances_.end(), may_stand.begin(), [&](const Circumstances& c) {
        return alike(c, settings);
      });
  const std::size_t first = first_after(here);
  for (std::size_t k = 0; k < points_.size() && found.distance_m > same_place_m; ++k) {
    const RecordedPoint& point = points_[(first + k) % points_.size()];
    const double distance_m =
        std::hypot(point.target.x_m - asked->x_m, point.target.y_m - asked->y_m);
    if (may_stand[point.circumstances] && distance_m < found.distance_m - same_place_m) {
      found.place = &point.place;
      found.distance_m = distance_m;
    }
  }
  if (found.place == nullptr && !circumstances_.empty()) {
    found.other_setting = difference(circumstances_.back().settings, settings);
  }
  return found;
}

std::optional<TapePlace> TapePoints::sequel(std::istream& tape,
                                            const TapeRequest& last,
                                            const TapeRequest& next,
                                            std::streamoff here) const {
  const Rewound rewound(tape);
  // from the point that follows `here` to the end, then from the first point to there
  const std::size_t split = first_after(here);
  const auto search = [&](std::size_t from, std::size_t to) -> std::optional<TapePlace> {
    if (from >= to) {
      return std::nullopt;
    }
    const std::streamoff end =
        to < points_.size() ? points_[to].place.offset : std::numeric_limits<std::streamoff>::max();
    TapePlace place = points_[from].place;
    bool after_last = false;
    tape.clear();
    tape.seekg(place.offset);
    while (place.offset < end) {
      const auto entry = read_entry(tape);
      if (!entry) {
        break;
      }
      if (after_last && entry->request == next) {
        return place;
      }
      after_last = entry->request == last;
      place = {tape.tellg(), place.entries + 1, entry->time};
    }
    return std::nullopt;
  };
  const auto ahead = search(split, points_.size());
  return ahead ? ahead : search(0, split);
}

}  // namespace halotwin::devices
