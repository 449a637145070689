#include "data/tiff_metadata.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace halotwin::data {

namespace {

constexpr std::size_t most_planes = 100'000'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const auto first = text.find_first_not_of(white);
  return first == std::string_view::npos
             ? std::string_view{}
             : text.substr(first, text.find_last_not_of(white) - first + 1);
}

template <class T>
std::optional<T> number(std::string_view text) {
  const std::string_view word = trimmed(text);
  T value{};
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
  return status == std::errc{} && end == word.data() + word.size() && !word.empty()
             ? std::optional<T>(value)
             : std::nullopt;
}

std::optional<double> positive(std::string_view text) {
  const auto value = number<double>(text);
  return value && std::isfinite(*value) && *value > 0.0 ? value : std::nullopt;
}

std::optional<std::size_t> count(std::string_view text) {
  const auto value = number<std::size_t>(text);
  return value && *value > 0 && *value <= most_planes ? value : std::nullopt;
}

template <std::size_t N>
std::optional<double> look_up(const std::array<std::pair<std::string_view, double>, N>& table,
                              std::string_view word) {
  for (const auto& [name, value] : table) {
    if (name == word) {
      return value;
    }
  }
  return std::nullopt;
}

/// Character references that occur in units and names.
std::string decoded(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> references{
      {{"&#181;", "\u00b5"},
       {"&#xB5;", "\u00b5"},
       {"&#xb5;", "\u00b5"},
       {"&amp;", "&"},
       {"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&apos;", "'"}}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto* found =
        std::find_if(references.begin(), references.end(), [&](const auto& reference) {
          return text.substr(i).starts_with(reference.first);
        });
    if (found != references.end()) {
      out += found->second;
      i += found->first.size();
    } else {
      out += text[i++];
    }
  }
  return out;
}

/// The start tags of an XML text, one after the other: enough for OME-XML, whose facts are
/// attributes. Comments are skipped, name spaces ignored.
class Tags {
 public:
  explicit Tags(std::string_view text) : text_(text) {}

  /// Goes to the next start tag; false at the end.
  bool next() {
    while (true) {
      const auto open = text_.find('<', at_);
      if (open == std::string_view::npos) {
        return false;
      }
      if (text_.substr(open, 4) == "<!--") {
        const auto close = text_.find("-->", open);
        at_ = close == std::string_view::npos ? text_.size() : close + 3;
        continue;
      }
      const auto close = text_.find('>', open);
      if (close == std::string_view::npos) {
        return false;
      }
      at_ = close + 1;
      tag_ = text_.substr(open + 1, close - open - 1);
      if (!tag_.empty() && tag_.front() != '/' && tag_.front() != '?' && tag_.front() != '!') {
        return true;
      }
    }
  }
  [[nodiscard]] std::string_view name() const {
    const std::string_view full = tag_.substr(0, tag_.find_first_of(" \t\r\n/"));
    const auto colon = full.find(':');
    return colon == std::string_view::npos ? full : full.substr(colon + 1);
  }
  /// The value of an attribute as it is written, or nothing.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view wanted) const {
    std::size_t at = tag_.find_first_of(" \t\r\n");
    while (at != std::string_view::npos) {
      const auto equals = tag_.find('=', at);
      if (equals == std::string_view::npos) {
        return std::nullopt;
      }
      const std::string_view key = trimmed(tag_.substr(at, equals - at));
      const auto open = tag_.find_first_of("\"'", equals);
      if (open == std::string_view::npos) {
        return std::nullopt;
      }
      const auto close = tag_.find(tag_[open], open + 1);
      if (close == std::string_view::npos) {
        return std::nullopt;
      }
      if (key == wanted) {
        return tag_.substr(open + 1, close - open - 1);
      }
      at = close + 1;
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::string_view tag_;
  std::size_t at_ = 0;
};

/// A value with the unit of a second attribute; nothing if either is not understood.
std::optional<double> with_unit(const Tags& tag,
                                std::string_view name,
                                std::string_view default_unit,
                                std::optional<double> (*unit_of)(std::string_view),
                                bool may_be_zero = false) {
  const auto text = tag.attribute(name);
  if (!text) {
    return std::nullopt;
  }
  const auto unit =
      unit_of(decoded(tag.attribute(std::string(name) + "Unit").value_or(default_unit)));
  const auto value = may_be_zero ? number<double>(*text) : positive(*text);
  if (!unit || !value || !std::isfinite(*value * *unit)) {
    return std::nullopt;
  }
  return *value * *unit;
}

void read_pixels(const Tags& tag, TiffDescription& out) {
  const auto size = [&](std::string_view name) {
    return count(tag.attribute(name).value_or("1")).value_or(1);
  };
  out.channels = size("SizeC");
  out.slices = size("SizeZ");
  out.frames = size("SizeT");
  if (out.channels < most_planes / out.slices &&
      out.channels * out.slices < most_planes / out.frames) {
    out.planes = out.channels * out.slices * out.frames;
  }
  out.pixel_width_m = with_unit(tag, "PhysicalSizeX", "\u00b5m", length_unit_m);
  out.pixel_height_m = with_unit(tag, "PhysicalSizeY", "\u00b5m", length_unit_m);
  out.frame_period_s = with_unit(tag, "TimeIncrement", "s", time_unit_s);
}

void settle_axis(TiffDescription& out) {
  if (out.frames > 1 && out.slices == 1) {
    out.axis = PlaneAxis::time;
  } else if (out.slices > 1 && out.frames == 1) {
    out.axis = PlaneAxis::depth;
  }
}

}  // namespace

std::optional<double> length_unit_m(std::string_view word) {
  // ImageJ writes the micro sign as the six characters \u00B5, or in Latin-1
  static constexpr std::array<std::pair<std::string_view, double>, 17> table{{{"m", 1.0},
                                                                              {"meter", 1.0},
                                                                              {"cm", 1e-2},
                                                                              {"mm", 1e-3},
                                                                              {"um", 1e-6},
                                                                              {"micron", 1e-6},
                                                                              {"microns", 1e-6},
                                                                              {"micrometer", 1e-6},
                                                                              {"\u00b5m", 1e-6},
                                                                              {"\u03bcm", 1e-6},
                                                                              {"\\u00B5m", 1e-6},
                                                                              {"\\u00b5m", 1e-6},
                                                                              {"\xb5m", 1e-6},
                                                                              {"nm", 1e-9},
                                                                              {"nanometer", 1e-9},
                                                                              {"pm", 1e-12},
                                                                              {"\u00c5", 1e-10}}};
  return look_up(table, trimmed(word));
}

std::optional<double> time_unit_s(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, double>, 14> table{{{"s", 1.0},
                                                                              {"sec", 1.0},
                                                                              {"second", 1.0},
                                                                              {"seconds", 1.0},
                                                                              {"ms", 1e-3},
                                                                              {"msec", 1e-3},
                                                                              {"us", 1e-6},
                                                                              {"usec", 1e-6},
                                                                              {"\u00b5s", 1e-6},
                                                                              {"\\u00B5s", 1e-6},
                                                                              {"ns", 1e-9},
                                                                              {"min", 60.0},
                                                                              {"h", 3600.0},
                                                                              {"hr", 3600.0}}};
  return look_up(table, trimmed(word));
}

bool is_ome_xml(std::string_view text) {
  return trimmed(text).starts_with('<') && text.find("<OME") != std::string_view::npos &&
         text.find("openmicroscopy.org") != std::string_view::npos;
}

bool is_imagej_text(std::string_view text) {
  return text.starts_with("ImageJ=");
}

std::size_t ome_series(std::string_view text) {
  std::size_t found = 0;
  for (Tags tag(text); tag.next();) {
    found += tag.name() == "Pixels" ? 1U : 0U;
  }
  return found;
}

TiffDescription parse_ome_xml(std::string_view text) {
  TiffDescription out;
  bool seen = false;
  std::vector<std::pair<std::size_t, double>> times;
  for (Tags tag(text); tag.next();) {
    if (tag.name() == "Pixels" && !seen) {
      read_pixels(tag, out);
      seen = true;
    } else if (tag.name() == "Plane") {
      const auto frame = number<std::size_t>(tag.attribute("TheT").value_or(""));
      const auto time = with_unit(tag, "DeltaT", "s", time_unit_s, true);
      if (frame && time) {
        times.emplace_back(*frame, *time);
      }
      if (!out.exposure_s) {
        out.exposure_s = with_unit(tag, "ExposureTime", "s", time_unit_s);
      }
    }
  }
  settle_axis(out);
  std::sort(times.begin(), times.end());
  const bool whole = out.planes == times.size() && out.axis == PlaneAxis::time;
  for (std::size_t i = 0; whole && i < times.size() && times[i].first == i; ++i) {
    out.frame_times_s.push_back(times[i].second);
  }
  if (out.frame_times_s.size() != times.size()) {
    out.frame_times_s.clear();
  }
  return out;
}

TiffDescription parse_imagej_text(std::string_view text) {
  TiffDescription out;
  std::optional<double> interval;
  std::optional<double> rate_hz;
  double time_unit = 1.0;
  bool known_time_unit = true;
  std::optional<double> y_unit;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
      continue;
    }
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "images") {
      out.planes = count(value);
    } else if (key == "channels") {
      out.channels = count(value).value_or(1);
    } else if (key == "slices") {
      out.slices = count(value).value_or(1);
    } else if (key == "frames") {
      out.frames = count(value).value_or(1);
    } else if (key == "unit") {
      out.resolution_unit_m = length_unit_m(value);
    } else if (key == "yunit") {
      y_unit = length_unit_m(value);
    } else if (key == "finterval") {
      interval = positive(value);
    } else if (key == "fps") {
      rate_hz = positive(value);
    } else if (key == "tunit") {
      const auto unit = time_unit_s(value);
      known_time_unit = unit.has_value();
      time_unit = unit.value_or(1.0);
    }
  }
  if (y_unit && y_unit != out.resolution_unit_m) {
    out.resolution_unit_m.reset();  // different units along x and y: not understood
  }
  if (interval && known_time_unit) {
    out.frame_period_s = *interval * time_unit;
  } else if (!interval && rate_hz) {
    out.frame_period_s = 1.0 / *rate_hz;
  }
  settle_axis(out);
  return out;
}

}  // namespace halotwin::data
