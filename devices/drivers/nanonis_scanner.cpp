// Raster images. The controller tells no line numbers: when a line must be complete its image is
// looked at.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Repeat;
using nanonis::Writer;

constexpr double degree = constants::pi / 180.0;
constexpr std::uint32_t upwards = 1;
constexpr std::size_t most_pixels = 65536;  // on a side
constexpr double longest_line_s = 1.0e4;
constexpr std::uint32_t longer_scan_props = 14000;  // releases from 2025 on are above
constexpr Duration shortest_look = std::chrono::milliseconds(20);

void act(NanonisLink& link, const char* operation, std::uint16_t action) {
  const bool repeat = action != 0;
  link.tell(operation,
            "Scan.Action",
            Writer().u16(action).u32(upwards),
            {.repeat = repeat ? Repeat::yes : Repeat::no});
}

}  // namespace

void NanonisScanner::check(const ScanFrame& wanted) const {
  constexpr const char* operation = "set frame";
  const TipPositioner::Limits limit = positioner_->limits();
  const double c = std::abs(std::cos(wanted.angle_rad));
  const double s = std::abs(std::sin(wanted.angle_rad));
  const double half_x = 0.5 * (c * wanted.width_m + s * wanted.height_m);
  const double half_y = 0.5 * (s * wanted.width_m + c * wanted.height_m);
  const Point at = wanted.centre;
  const bool inside = limit.x_m.contains(at.x_m - half_x) && limit.x_m.contains(at.x_m + half_x) &&
                      limit.y_m.contains(at.y_m - half_y) && limit.y_m.contains(at.y_m + half_y);
  if (!(wanted.width_m > 0.0) || !(wanted.height_m > 0.0) || !inside) {
    link_->refuse(operation, "the frame is empty or beyond the scanner's range");
  }
  if (wanted.columns == 0 || wanted.rows == 0 || wanted.columns > most_pixels ||
      wanted.rows > most_pixels) {
    link_->refuse(operation, fmt::format("1 to {} pixels on a side", most_pixels));
  }
  if (!(wanted.line_time_s > 0.0 && wanted.line_time_s < longest_line_s)) {
    link_->refuse(operation, fmt::format("a time per line of {} s", wanted.line_time_s));
  }
}

void NanonisScanner::apply(const ScanFrame& wanted, const std::vector<std::int32_t>& channels) {
  constexpr const char* operation = "set frame";
  constexpr std::uint16_t keep_time = 2;
  link_->tell(operation,
              "Scan.FrameSet",
              Writer()
                  .f32(wanted.centre.x_m)
                  .f32(wanted.centre.y_m)
                  .f32(wanted.width_m)
                  .f32(wanted.height_m)
                  .f32(wanted.angle_rad / degree));
  link_->tell(operation,
              "Scan.BufferSet",
              Writer()
                  .i32s(channels)
                  .i32(static_cast<std::int32_t>(wanted.columns))
                  .i32(static_cast<std::int32_t>(wanted.rows)));
  const double speed = wanted.width_m / wanted.line_time_s;
  link_->tell(operation,
              "Scan.SpeedSet",
              Writer()
                  .f32(speed)
                  .f32(speed)
                  .f32(wanted.line_time_s)
                  .f32(wanted.line_time_s)
                  .u16(keep_time)
                  .f32(1.0));
}

// Neither continuous nor bouncy; names and the rest stay.
void NanonisScanner::one_frame_at_a_time() {
  constexpr const char* operation = "set frame";
  struct Props {
    bool other = false;
    std::string series;
    std::string comment;
    std::vector<std::string> modules;
    std::uint32_t autopaste = 0;
  };
  const bool longer = link_->release() > longer_scan_props;
  const Props props = link_->ask(operation, "Scan.PropsGet", Writer(), [&](Reader& in) {
    Props out;
    out.other = in.u32() == 1;
    out.other = in.u32() == 1 || out.other;
    static_cast<void>(in.u32());
    out.series = in.text();
    out.comment = in.text();
    if (longer) {
      out.modules = in.texts();
      static_cast<void>(in.i32s());
      const std::int64_t rows = in.i32();
      const std::int64_t columns = in.i32();
      for (std::int64_t k = 0; k < rows * columns; ++k) {
        static_cast<void>(in.text());  // ends, with an error, when the body does
      }
      out.autopaste = in.u32();
    }
    return out;
  });
  if (!props.other) {
    return;
  }
  constexpr std::uint32_t off = 2;
  Writer out;
  out.u32(off).u32(off).u32(0).text(props.series).text(props.comment);
  if (link_->release() != 0) {
    out.texts(props.modules);
  }
  if (longer) {
    out.u32(props.autopaste);
  }
  link_->tell(operation, "Scan.PropsSet", out);
}

NanonisScanner::Buffer NanonisScanner::buffer() const {
  constexpr const char* operation = "read frame";
  Buffer out = link_->ask(operation, "Scan.BufferGet", Writer(), [](Reader& in) {
    Buffer b;
    b.channels = in.i32s();
    b.columns = in.u32();
    b.rows = in.u32();
    return b;
  });
  if (out.columns == 0 || out.rows == 0 || out.columns > most_pixels || out.rows > most_pixels) {
    link_->garbled(
        operation, "Scan.BufferGet", fmt::format("{} x {} pixels", out.columns, out.rows));
  }
  return out;
}

ScanFrame NanonisScanner::frame() const {
  constexpr const char* operation = "read frame";
  ScanFrame out = link_->ask(operation, "Scan.FrameGet", Writer(), [](Reader& in) {
    ScanFrame f;
    f.centre.x_m = nanonis::finite_f32(in);
    f.centre.y_m = nanonis::finite_f32(in);
    f.width_m = nanonis::finite_f32(in);
    f.height_m = nanonis::finite_f32(in);
    f.angle_rad = nanonis::finite_f32(in) * degree;
    return f;
  });
  out.line_time_s = link_->ask(operation, "Scan.SpeedGet", Writer(), [](Reader& in) {
    static_cast<void>(in.f32());
    static_cast<void>(in.f32());
    const double forward_s = nanonis::finite_f32(in);
    static_cast<void>(in.f32());
    static_cast<void>(in.u16());
    static_cast<void>(in.f32());
    return forward_s;
  });
  if (!(out.line_time_s > 0.0 && out.line_time_s < longest_line_s) || !(out.width_m > 0.0) ||
      !(out.height_m > 0.0)) {
    link_->garbled(
        operation,
        "Scan.FrameGet",
        fmt::format("{} m x {} m, a line in {} s", out.width_m, out.height_m, out.line_time_s));
  }
  const Buffer pixels = buffer();
  out.columns = pixels.columns;
  out.rows = pixels.rows;
  return out;
}

ScanFrame NanonisScanner::configure(const ScanFrame& wanted,
                                    std::span<const std::size_t> signal_indices) {
  constexpr const char* operation = "set frame";
  check(wanted);
  std::vector<std::int32_t> channels;
  for (const std::size_t index : signal_indices) {
    channels.push_back(signals_->slot(operation, index));
  }
  if (channels.empty()) {
    link_->refuse(operation, "no signal is to be scanned");
  }
  const ScanFrame before = frame();
  const std::vector<std::int32_t> channels_before = buffer().channels;
  try {
    one_frame_at_a_time();
    apply(wanted, channels);
  } catch (const DeviceError&) {
    try {
      apply(before, channels_before);
    } catch (const DeviceError&) {  // the first error says what is wrong
    }
    throw;
  }
  Buffer now = buffer();
  for (const std::int32_t channel : channels) {
    if (std::find(now.channels.begin(), now.channels.end(), channel) == now.channels.end()) {
      link_->refuse(operation, fmt::format("the controller does not take channel {}", channel));
    }
  }
  channels_ = channels;
  lines_ = 0;
  running_ = false;
  applied_ = frame();
  return *applied_;
}

void NanonisScanner::start() {
  constexpr const char* operation = "start scan";
  if (!applied_) {
    link_->refuse(operation, "no frame and signals configured");
  }
  act(*link_, operation, 0);
  start_ = link_->clock().now();
  lines_ = 0;
  running_ = true;
}

Duration NanonisScanner::due(std::size_t line) const {
  return start_ + from_seconds(2.0 * applied_->line_time_s * static_cast<double>(line + 1));
}

// The image of the way back is complete up to the last complete line. A controller that is slower
// than its time per line says shifts all lines that follow.
void NanonisScanner::look() {
  const bool running =
      link_->ask("scan line", "Scan.StatusGet", Writer(), [](Reader& in) { return in.u32(); }) == 1;
  const Image<float> image = grab(channels_.front(), ScanDirection::backward);
  std::size_t lines = 0;
  for (; lines < image.ny; ++lines) {
    const auto row = image.row(lines);
    if (std::any_of(row.begin(), row.end(), [](float v) { return std::isnan(v); })) {
      break;
    }
  }
  if (lines > lines_) {
    start_ += std::max(Duration::zero(), link_->clock().now() - due(lines - 1));
    lines_ = lines;
  }
  running_ = running && lines_ < applied_->rows;
}

std::size_t NanonisScanner::wait_line(Duration timeout, const std::stop_token& stop) {
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  Clock& clock = link_->clock();
  const Duration start = clock.now();
  const std::size_t before = lines_;
  while (running_) {
    const Duration pause = std::max(shortest_look, from_seconds(0.05 * applied_->line_time_s));
    Duration next = due(lines_);
    if (clock.now() >= next) {
      look();
      if (lines_ > before || !running_) {
        break;
      }
      next = clock.now() + pause;
    }
    const Duration left = timeout - (clock.now() - start);
    if (left <= Duration::zero()) {
      break;
    }
    clock.sleep(std::min(left, next - clock.now()), stop);
  }
  return lines_;
}

void NanonisScanner::stop() {
  act(*link_, "stop scan", 1);
  running_ = false;
}

Image<float> NanonisScanner::grab(std::int32_t channel, ScanDirection direction) const {
  constexpr const char* operation = "scan data";
  constexpr std::string_view command = "Scan.FrameDataGrab";
  struct Grabbed {
    nanonis::Table table;
    bool up = false;
  };
  Grabbed got = link_->ask(operation,
                           command,
                           Writer()
                               .u32(static_cast<std::uint32_t>(channel))
                               .u32(direction == ScanDirection::forward ? 1 : 0),
                           [](Reader& in) {
                             static_cast<void>(in.text());
                             Grabbed g;
                             g.table = in.table();
                             g.up = in.u32() == upwards;
                             return g;
                           });
  if (got.table.columns != applied_->columns || got.table.rows != applied_->rows) {
    link_->garbled(operation,
                   command,
                   fmt::format("{} x {} pixels instead of {} x {}",
                               got.table.columns,
                               got.table.rows,
                               applied_->columns,
                               applied_->rows));
  }
  Image<float> image(got.table.columns, got.table.rows);
  image.values = std::move(got.table.values);
  for (std::size_t k = 0; got.up && k < image.ny / 2; ++k) {  // its row 0 is the top
    const auto low = image.row(k);
    std::swap_ranges(low.begin(), low.end(), image.row(image.ny - 1 - k).begin());
  }
  return image;
}

Image<float> NanonisScanner::data(std::size_t signal_index, ScanDirection direction) const {
  const std::int32_t channel = signals_->slot("scan data", signal_index);
  if (std::find(channels_.begin(), channels_.end(), channel) == channels_.end()) {
    link_->refuse("scan data", "this signal was not scanned");
  }
  Image<float> image = grab(channel, direction);
  if (const double scale = signals_->scale(signal_index); scale != 1.0) {
    for (float& value : image.values) {
      value = static_cast<float>(scale * static_cast<double>(value));
    }
  }
  return image;
}

}  // namespace halotwin::devices
