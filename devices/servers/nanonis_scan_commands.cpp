// Raster images: Scan.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "devices/servers/nanonis_service.hpp"

namespace halotwin::devices {

namespace {

constexpr double degree = constants::pi / 180.0;
constexpr std::int32_t most_pixels = 8192;       // on a side
constexpr std::size_t most_samples = 1U << 24U;  // pixels x lines x channels
constexpr std::size_t longest_text = 1024;       // series name, comment
constexpr std::size_t most_channels = 128;

}  // namespace

ImageScanner& NanonisService::scanner() const {
  if (microscope_->scanner() == nullptr) {
    refuse("the microscope does not scan");
  }
  return *microscope_->scanner();
}

void NanonisService::configure_scan(const ScanFrame& frame,
                                    const std::vector<std::int32_t>& channels) {
  ImageScanner& scan = scanner();
  if (channels.empty() || channels.size() > most_channels) {
    refuse(fmt::format("{} channels", channels.size()));
  }
  std::vector<std::size_t> signals;
  for (const std::int32_t channel : channels) {
    const Slot& slot = slots_[slot_of(channel)];
    if (!slot.signal) {
      refuse(fmt::format("\"{}\" cannot be scanned", slot.name));
    }
    signals.push_back(*slot.signal);
  }
  if (frame.columns * frame.rows * channels.size() > most_samples) {
    refuse(fmt::format(
        "{} x {} pixels in {} channels are too many", frame.columns, frame.rows, channels.size()));
  }
  scan_.frame = scan.configure(frame, signals);
  scan_.channels = channels;
  scan_.configured = true;
  scan_.running = false;
  scan_.lines = 0;
}

void NanonisService::follow_scan() {
  while (scan_.running) {
    const std::size_t lines = scanner().wait_line(Duration::zero(), {});
    scan_.running = lines < scan_.frame.rows;
    if (lines == std::exchange(scan_.lines, lines)) {
      return;
    }
  }
}

void NanonisService::let_pass(Clock& clock, Duration duration, const std::stop_token& stop) {
  const Duration until = clock.now() + duration;
  if (approaching_) {
    try {
      approach();
    } catch (const DeviceError&) {  // the tip stays away: that is what the client will see
    }
  }
  while (scan_.running && clock.now() < until) {
    try {
      scan_.lines = scanner().wait_line(until - clock.now(), stop);
    } catch (const DeviceError&) {  // the scan goes on the next time
      break;
    }
    scan_.running = scan_.lines < scan_.frame.rows;
  }
  clock.sleep(std::max(until - clock.now(), Duration::zero()), stop);
}

void NanonisService::stop_scan() {
  if (microscope_->scanner() != nullptr && scan_.running) {
    scan_.running = false;
    microscope_->scanner()->stop();
  }
}

void NanonisService::scan_action(unsigned action) {
  switch (action) {
    case 0:
      if (!scan_.configured) {
        configure_scan(scan_.frame, scan_.channels);
      }
      scanner().start();
      scan_.lines = 0;
      scan_.running = true;
      return;
    case 1:
      stop_scan();
      return;
    case 6:
      follow_scan();
      if (scan_.running) {
        refuse("a scan is under way");
      }
      microscope_->positioner().start_move(scan_.frame.centre,
                                           scan_.frame.width_m / scan_.frame.line_time_s);
      return;
    default:
      refuse(fmt::format("no action {} (start 0, stop 1, go to the centre 6)", action));
  }
}

void NanonisService::add_scan() {
  if (microscope_->scanner() != nullptr) {
    scan_.frame = microscope_->scanner()->frame();
  }
  for (std::size_t k = 0; k < slots_.size(); ++k) {
    if (slots_[k].name == "Z (m)") {
      scan_.channels = {static_cast<std::int32_t>(k)};
    }
  }
  add("Scan.Action", "", [this](Reader& in, Writer&) {
    const unsigned action = in.u16();
    static_cast<void>(in.u32());  // all scans run upwards
    in.end();
    scan_action(action);
  });
  add("Scan.StatusGet", "u", [this](Reader& in, Writer& out) {
    in.end();
    follow_scan();
    out.u32(scan_.running ? 1 : 0);
  });
  add("Scan.WaitEndOfScan", "us", [this](Reader& in, Writer& out) {
    const std::int32_t timeout_ms = in.i32();
    in.end();
    follow_scan();
    if (scan_.running && (timeout_ms < 0 || waited_ < std::chrono::milliseconds(timeout_ms))) {
      throw NotYet{};
    }
    out.u32(scan_.running ? 1 : 0).text("");
  });
  add("Scan.XYPosGet", "ff", [this](Reader& in, Writer& out) {
    static_cast<void>(in.u32());
    in.end();
    follow_scan();
    const Point at = microscope_->positioner().position();
    out.f32(at.x_m).f32(at.y_m);
  });
  add("Scan.FrameDataGrab", "sTu", [this](Reader& in, Writer& out) {
    const auto channel = static_cast<std::int32_t>(in.u32());
    const bool forward = in.u32() != 0;
    in.end();
    follow_scan();
    if (!scan_.configured ||
        std::find(scan_.channels.begin(), scan_.channels.end(), channel) == scan_.channels.end()) {
      refuse(fmt::format("channel {} is not in the buffer", channel));
    }
    const Slot& slot = slots_[slot_of(channel)];
    const Image<float> image =
        scanner().data(*slot.signal, forward ? ScanDirection::forward : ScanDirection::backward);
    nanonis::Table table{image.ny, image.nx, {}};
    table.values.reserve(image.size());
    for (std::size_t row = image.ny; row-- > 0;) {
      const auto line = image.row(row);
      table.values.insert(table.values.end(), line.begin(), line.end());
    }
    out.text(slot.name).table(table).u32(1);
  });
}

void NanonisService::add_frame() {
  add("Scan.FrameGet", "fffff", [this](Reader& in, Writer& out) {
    in.end();
    const ScanFrame& f = scan_.frame;
    out.f32(f.centre.x_m).f32(f.centre.y_m).f32(f.width_m).f32(f.height_m);
    out.f32(f.angle_rad / degree);
  });
  add("Scan.FrameSet", "", [this](Reader& in, Writer&) {
    ScanFrame wanted = scan_.frame;
    wanted.centre.x_m = in.f32();
    wanted.centre.y_m = in.f32();
    wanted.width_m = in.f32();
    wanted.height_m = in.f32();
    wanted.angle_rad = in.f32() * degree;
    in.end();
    if (scan_.keep_speed) {
      wanted.line_time_s *= wanted.width_m / scan_.frame.width_m;
    }
    configure_scan(wanted, scan_.channels);
  });
  add("Scan.BufferGet", "Iii", [this](Reader& in, Writer& out) {
    in.end();
    out.i32s(scan_.channels);
    out.i32(static_cast<std::int32_t>(scan_.frame.columns));
    out.i32(static_cast<std::int32_t>(scan_.frame.rows));
  });
  add("Scan.BufferSet", "", [this](Reader& in, Writer&) {
    const std::vector<std::int32_t> channels = in.i32s();
    const std::int32_t pixels = in.i32();
    std::int32_t lines = in.i32();
    in.end();
    if (pixels < 1 || pixels > most_pixels || lines < 0 || lines > most_pixels) {
      refuse(fmt::format("{} x {} pixels (1 to {})", pixels, lines, most_pixels));
    }
    if (lines == 0) {  // as many as make the pixels square
      const double square = std::round(pixels * scan_.frame.height_m / scan_.frame.width_m);
      lines = static_cast<std::int32_t>(std::clamp(square, 1.0, 1.0 * most_pixels));
    }
    ScanFrame wanted = scan_.frame;
    wanted.columns = static_cast<std::size_t>(pixels);
    wanted.rows = static_cast<std::size_t>(lines);
    configure_scan(wanted, channels);
  });
}

void NanonisService::add_scan_settings() {
  add("Scan.SpeedGet", "ffffhf", [this](Reader& in, Writer& out) {
    in.end();
    const double time_s = scan_.frame.line_time_s;
    const double speed = scan_.frame.width_m / time_s;
    out.f32(speed).f32(speed).f32(time_s).f32(time_s).u16(scan_.keep_speed ? 0 : 1).f32(1.0);
  });
  // There and back are equally fast here: what is asked for the way back does not count.
  add("Scan.SpeedSet", "", [this](Reader& in, Writer&) {
    const double speed_m_per_s = in.f32();
    static_cast<void>(in.f32());
    const double time_s = in.f32();
    static_cast<void>(in.f32());
    const unsigned keep = in.u16();
    static_cast<void>(in.f32());
    in.end();
    if (keep > 2) {
      refuse(fmt::format("no parameter {} to keep constant (0, 1, 2)", keep));
    }
    const bool by_speed = keep == 0 ? scan_.keep_speed : keep == 1;
    ScanFrame wanted = scan_.frame;
    wanted.line_time_s = by_speed ? scan_.frame.width_m / speed_m_per_s : time_s;
    configure_scan(wanted, scan_.channels);
    scan_.keep_speed = by_speed;
  });
  add("Scan.PropsGet", "uuuss", [this](Reader& in, Writer& out) {
    in.end();
    out.u32(0).u32(0).u32(2).text(scan_.series).text(scan_.comment);  // one frame, not saved
  });
  add("Scan.PropsSet", "", [this](Reader& in, Writer&) {
    const std::uint32_t continuous = in.u32();
    const std::uint32_t bouncy = in.u32();
    static_cast<void>(in.u32());  // nothing is saved
    const std::string series = in.text();
    const std::string comment = in.text();
    if (!in.at_end()) {  // from 2024 on
      static_cast<void>(in.texts());
    }
    if (!in.at_end()) {  // from 2025 on
      static_cast<void>(in.u32());
    }
    in.end();
    if (continuous == 1 || bouncy == 1) {
      refuse("frames are scanned one at a time and upwards");
    }
    if (series.size() > longest_text || comment.size() > longest_text) {
      refuse(fmt::format("texts of more than {} characters", longest_text));
    }
    scan_.series = series;
    scan_.comment = comment;
  });
}

}  // namespace halotwin::devices
