// What comes and goes; signals. The other modules: nanonis_tip_commands.cpp,
// nanonis_drive_commands.cpp, nanonis_scan_commands.cpp, nanonis_kelvin_commands.cpp,
// nanonis_spectroscopy_commands.cpp.
#include "devices/servers/nanonis_service.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr std::size_t slots = 128;
constexpr std::uint32_t release = 13742;  // whose layouts are spoken

/// A reply of nothing: h u16, u u32, i i32, f f32, d f64, s text, S texts, F f32s, I i32s, T table.
void write_zeros(Writer& out, const std::string& layout) {
  for (const char kind : layout) {
    switch (kind) {
      case 'h':
        out.u16(0);
        break;
      case 'd':
        out.f64(0.0);
        break;
      case 'S':
      case 'T':
        out.i32(0).i32(0);
        break;
      default:
        out.i32(0);  // also the number of what is not there
    }
  }
}

/// "contact_potential", "V" -> "Contact potential (V)".
std::string nanonis_name(const Signal& signal) {
  std::string name = signal.name;
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty()) {
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  }
  return fmt::format("{} ({})", name, signal.unit);
}

/// Where these are in many systems.
std::optional<std::size_t> usual_slot(const std::string& signal) {
  if (signal == "current") {
    return 0;
  }
  if (signal == "bias") {
    return 24;
  }
  return signal == "z" ? std::optional<std::size_t>(30) : std::nullopt;
}

}  // namespace

const std::map<std::size_t, KelvinMode> NanonisService::kelvin_slots{
    {33, KelvinMode::heterodyne}, {34, KelvinMode::sideband}, {35, KelvinMode::amplitude}};

std::size_t nanonis_request_bytes(std::string_view bytes) {
  return bytes.size() < nanonis::header_bytes
             ? 0
             : nanonis::header_bytes + nanonis::decode_header(bytes).body_bytes;
}

NanonisService::NanonisService(ProbeMicroscope& microscope) : microscope_(&microscope) {
  slots_.resize(slots);
  for (std::size_t k = 0; k < slots; ++k) {
    slots_[k].name = fmt::format("Internal {} (V)", k);
    slots_[k].value = [] { return 0.0; };
  }
  TipPositioner& xy = microscope.positioner();
  slots_[31] = {"X (m)", std::nullopt, [&xy] { return xy.position().x_m; }};
  slots_[32] = {"Y (m)", std::nullopt, [&xy] { return xy.position().y_m; }};
  const std::vector<Signal> signals = microscope.signals().signals();
  if (microscope.kelvin() != nullptr) {
    constexpr std::array names{"heterodyne", "sideband", "amplitude"};
    for (const auto& [slot, mode] : kelvin_slots) {
      slots_[slot].name =
          fmt::format("Internal KPFM {} (V)", names[static_cast<std::size_t>(mode)]);
    }
  }
  const auto is_free = [](std::size_t slot) {
    return slot != 0 && slot != 24 && (slot < 30 || slot > 35);
  };
  std::size_t next = 1;
  for (std::size_t k = 0; k < signals.size(); ++k) {
    auto slot = usual_slot(signals[k].name);
    if (!slot) {
      while (!is_free(next)) {
        ++next;
      }
      slot = next++;
    }
    if (*slot < slots) {  // there are no more
      slots_[*slot] = {nanonis_name(signals[k]), k, {}};
    }
  }
  add_general();
  add_signals();
  add_position();
  add_height();
  add_approach();
  add_kelvin();
  add_drive();
  add_sweep();
  add_scan();
  add_frame();
  add_scan_settings();
  add_spectroscopy();
}

std::optional<std::string> NanonisService::answer(std::string_view request, Duration waited) {
  const nanonis::Header header = nanonis::decode_header(request);
  if (request.size() != nanonis::header_bytes + header.body_bytes) {
    throw WireError(WireFault::garbled,
                    fmt::format("{}: {} bytes, not {} and a body of {}",
                                header.command,
                                request.size(),
                                nanonis::header_bytes,
                                header.body_bytes));
  }
  running_ = header.command;
  ++requests_;
  waited_ = waited;
  Writer out;
  const auto fail = [&](const std::string& layout, const std::string& cause) {
    out = Writer();
    write_zeros(out, layout);
    out.error(cause);
  };
  const auto command = commands_.find(header.command);
  if (command == commands_.end()) {
    fail("", fmt::format("{}: unknown command", header.command));
  } else {
    Reader in(request.substr(nanonis::header_bytes));
    try {
      command->second.run(in, out);
      out.no_error();
    } catch (const NotYet&) {
      return header.wants_answer ? std::nullopt : std::optional<std::string>("");
    } catch (const WireError& error) {
      fail(command->second.reply, fmt::format("{}: arguments: {}", header.command, error.what()));
    } catch (const std::exception& error) {
      fail(command->second.reply, error.what());
    }
  }
  return header.wants_answer ? nanonis::encode_response(header.command, out.body()) : "";
}

void NanonisService::refuse(const std::string& cause) const {
  throw DeviceError("Nanonis", running_, cause, Retry::no);
}

std::optional<std::size_t> NanonisService::find(const std::string& signal) const {
  const std::vector<Signal> all = microscope_->signals().signals();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Signal& s) { return s.name == signal; });
  return found == all.end() ? std::nullopt
                            : std::optional(static_cast<std::size_t>(found - all.begin()));
}

std::size_t NanonisService::slot_of(std::int32_t index) const {
  if (index < 0 || static_cast<std::size_t>(index) >= slots_.size()) {
    refuse(fmt::format("no signal {}", index));
  }
  return static_cast<std::size_t>(index);
}

double NanonisService::value(std::size_t slot) {
  if (slots_[slot].value) {
    return slots_[slot].value();
  }
  const std::array<std::size_t, 1> index{*slots_[slot].signal};
  std::array<double, 1> out{};
  microscope_->signals().read(index, out);
  return out[0];
}

void NanonisService::add_general() {
  add("Util.VersionGet", "ssuu", [](Reader& in, Writer& out) {
    in.end();
    out.text("Nanonis SPM Control Software").text("halotwin").u32(release).u32(release);
  });
  add("Util.SessionPathGet", "s", [](Reader& in, Writer& out) {
    in.end();
    out.text("");  // nothing is saved
  });
  add("Piezo.RangeGet", "fff", [this](Reader& in, Writer& out) {
    in.end();
    const TipPositioner::Limits xy = microscope_->positioner().limits();
    const Range z = microscope_->height().range_m();
    out.f32(xy.x_m.high - xy.x_m.low).f32(xy.y_m.high - xy.y_m.low).f32(z.high - z.low);
  });
  add("Bias.Get", "f", [this](Reader& in, Writer& out) {
    in.end();
    const auto bias = find("bias");
    if (!bias) {
      refuse("there is no such signal");
    }
    out.f32(value(*usual_slot("bias")));
  });
  add("Bias.Set", "", [this](Reader& in, Writer&) {
    const double bias_v = in.f32();
    in.end();
    if (bias_v != 0.0) {
      refuse("the bias is that of another device; only 0 V is taken");
    }
  });
  add("Current.Get", "f", [this](Reader& in, Writer& out) {
    in.end();
    if (!find("current")) {
      refuse("there is no such signal");
    }
    out.f32(value(*usual_slot("current")));
  });
}

void NanonisService::add_signals() {
  add("Signals.NamesGet", "S", [this](Reader& in, Writer& out) {
    in.end();
    std::vector<std::string> names;
    for (const Slot& slot : slots_) {
      names.push_back(slot.name);
    }
    out.texts(names);
  });
  add("Signals.ValGet", "f", [this](Reader& in, Writer& out) {
    const std::size_t slot = slot_of(in.i32());
    static_cast<void>(in.u32());  // what is read here is always the newest
    in.end();
    out.f32(value(slot));
  });
  add("Signals.ValsGet", "F", [this](Reader& in, Writer& out) {
    const std::vector<std::int32_t> indices = in.i32s();
    static_cast<void>(in.u32());
    in.end();
    std::vector<std::size_t> asked;  // of the microscope, at one instant
    for (const std::int32_t index : indices) {
      if (const Slot& slot = slots_[slot_of(index)]; !slot.value) {
        asked.push_back(*slot.signal);
      }
    }
    std::vector<double> read(asked.size());
    microscope_->signals().read(asked, read);
    std::vector<float> values;
    std::size_t next = 0;
    for (const std::int32_t index : indices) {
      const Slot& slot = slots_[slot_of(index)];
      values.push_back(static_cast<float>(slot.value ? slot.value() : read[next++]));
    }
    out.f32s(values);
  });
}

}  // namespace halotwin::devices
