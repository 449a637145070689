#include "devices/drivers/nanonis_probe.hpp"

#include <cctype>
#include <cmath>
#include <exception>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "devices/drivers/nanonis_parts.hpp"
#include "devices/drivers/nanonis_spectroscopy.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr double degree = constants::pi / 180.0;
constexpr std::int32_t withdrawn_within_ms = 30'000;

/// "LI Demod 1 X (A)" -> {"li_demod_1_x", "A"}.
Signal signal_of(std::string_view text) {
  Signal out;
  const std::size_t open = text.rfind('(');
  if (open != std::string_view::npos && text.ends_with(')')) {
    out.unit = text.substr(open + 1, text.size() - open - 2);
    text = text.substr(0, open);
  }
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out.name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!out.name.empty() && out.name.back() != '_') {
      out.name += '_';
    }
  }
  if (out.name.ends_with('_')) {
    out.name.pop_back();
  }
  return out;
}

class NanonisProbe final : public ProbeMicroscope {
 public:
  NanonisProbe(Connect connect,
               Clock& clock,
               const std::string& role,
               const std::string& address,
               const NanonisParams& params)
      : link_(std::move(connect), clock, role, address),
        positioner_(link_, params),
        signals_(link_),
        height_(link_, signals_),
        drive_(link_, params),
        scanner_(link_, positioner_, signals_) {
    if (NanonisKelvin::is_there(link_, "open")) {
      kelvin_.emplace(link_, signals_);
    }
    if (NanonisSpectroscopy::is_there(link_, "open")) {
      spectroscopy_.emplace(link_, signals_);
    }
  }

  [[nodiscard]] Identity identity() const override { return link_.identity(); }

  void make_safe() override {
    std::exception_ptr first;
    const auto attempt = [&](const auto& step) {
      try {
        step();
      } catch (const DeviceError&) {
        first = first ? first : std::current_exception();
      }
    };
    attempt([&] { scanner_.stop(); });
    attempt([&] { positioner_.stop_move(); });
    attempt([&] {
      if (spectroscopy_) {
        spectroscopy_->stop();
      }
    });
    attempt([&] {
      if (kelvin_) {
        kelvin_->set_on(false);
      }
    });
    attempt([&] {
      link_.tell("make safe",
                 "ZCtrl.Withdraw",
                 Writer().u32(1).i32(withdrawn_within_ms),
                 {.longer = std::chrono::milliseconds(withdrawn_within_ms)});
    });
    attempt([&] { link_.tell("make safe", "Bias.Set", Writer().f32(0.0)); });
    if (first) {
      std::rethrow_exception(first);
    }
  }

  [[nodiscard]] TipPositioner* find_positioner() override { return &positioner_; }
  [[nodiscard]] HeightControl* find_height() override { return &height_; }
  [[nodiscard]] CantileverDrive* find_drive() override { return &drive_; }
  [[nodiscard]] SignalReader& signals() override { return signals_; }
  [[nodiscard]] ImageScanner* scanner() override {
    return link_.release() != 0 ? &scanner_ : nullptr;
  }
  [[nodiscard]] PointSpectroscopy* spectroscopy() override {
    return spectroscopy_ ? &*spectroscopy_ : nullptr;
  }
  [[nodiscard]] KelvinController* kelvin() override { return kelvin_ ? &*kelvin_ : nullptr; }

 private:
  NanonisLink link_;
  NanonisPositioner positioner_;
  NanonisSignals signals_;
  NanonisHeight height_;
  NanonisDrive drive_;
  NanonisScanner scanner_;
  std::optional<NanonisKelvin> kelvin_;
  std::optional<NanonisSpectroscopy> spectroscopy_;
};

}  // namespace

NanonisSignals::NanonisSignals(NanonisLink& link) : link_(&link) {
  names_ = link.ask("open", "Signals.NamesGet", Writer(), [](Reader& in) { return in.texts(); });
  std::set<std::string> taken;
  for (std::size_t slot = 0; slot < names_.size(); ++slot) {
    Signal signal = signal_of(names_[slot]);
    if (signal.name.empty() || signal.name.starts_with("internal")) {
      continue;
    }
    const std::string name = signal.name;
    for (int k = 2; !taken.insert(signal.name).second; ++k) {
      signal.name = fmt::format("{}_{}", name, k);
    }
    const bool angle = signal.unit == "deg";
    if (angle) {
      signal.unit = "rad";
    }
    signals_.push_back(std::move(signal));
    slots_.push_back(static_cast<std::int32_t>(slot));
    scales_.push_back(angle ? degree : 1.0);
  }
}

std::optional<std::int32_t> NanonisSignals::find_slot(std::string_view part) const {
  for (std::size_t slot = 0; slot < names_.size(); ++slot) {
    if (names_[slot].find(part) != std::string::npos) {
      return static_cast<std::int32_t>(slot);
    }
  }
  return std::nullopt;
}

std::int32_t NanonisSignals::slot(const char* operation, std::size_t index) const {
  if (index >= slots_.size()) {
    link_->refuse(operation, fmt::format("no signal {}", index));
  }
  return slots_[index];
}

void NanonisSignals::read(std::span<const std::size_t> indices, std::span<double> values) {
  constexpr const char* operation = "read signals";
  if (indices.size() != values.size()) {
    link_->refuse(operation, "as many values as indices are needed");
  }
  std::vector<std::int32_t> slots;
  for (const std::size_t index : indices) {
    slots.push_back(slot(operation, index));
  }
  if (slots.empty()) {
    return;
  }
  constexpr std::uint32_t newest = 1;  // an average that began after the question
  const std::vector<float> read =
      link_->ask(operation, "Signals.ValsGet", Writer().i32s(slots).u32(newest), [](Reader& in) {
        return in.f32s();
      });
  if (read.size() != slots.size()) {
    link_->garbled(operation,
                   "Signals.ValsGet",
                   fmt::format("{} values for {} signals", read.size(), slots.size()));
  }
  for (std::size_t k = 0; k < read.size(); ++k) {
    values[k] = scales_[indices[k]] * static_cast<double>(read[k]);
  }
}

WireLimits nanonis_wire_limits() {
  return {.answer = std::chrono::seconds(5),
          .longest_answer = nanonis::header_bytes + nanonis::longest_body};
}

std::unique_ptr<ProbeMicroscope> open_nanonis_probe(Connect connect,
                                                    Clock& clock,
                                                    const std::string& role,
                                                    const std::string& address,
                                                    const NanonisParams& params) {
  return std::make_unique<NanonisProbe>(std::move(connect), clock, role, address, params);
}

}  // namespace halotwin::devices
