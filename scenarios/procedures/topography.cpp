#include "scenarios/procedures/topography.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/require.hpp"

namespace halotwin::scenarios {

namespace {

using devices::ProbeMicroscope;

constexpr const char* name = "topography";

const std::vector<ImageChannel>& known_channels() {
  static const std::vector<ImageChannel> all{
      {"z", "topography", "m", "topography", "as scanned, not levelled"},
      {"amplitude", "amplitude", "m", "amplitude", "setpoint and error of the feedback"},
      {"phase", "phase", "rad", "phase of the oscillation", ""},
      {"deflection", "deflection", "m", "deflection", ""}};
  return all;
}

const ImageChannel* find_channel(const std::string& signal) {
  const auto found = std::find_if(known_channels().begin(),
                                  known_channels().end(),
                                  [&](const auto& channel) { return channel.signal == signal; });
  return found == known_channels().end() ? nullptr : &*found;
}

std::vector<ImageChannel> channels_of(const TopographyPlan& plan) {
  std::vector<ImageChannel> chosen;
  for (const std::string& signal : plan.signals) {
    chosen.push_back(*find_channel(signal));
  }
  return chosen;
}

class Topography final : public Procedure {
 public:
  explicit Topography(const TopographyPlan& plan)
      : plan_(plan), tapping_(plan, name), scan_(plan, channels_of(plan), name) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  void set_up(ProbeMicroscope& afm, const RunContext& context);

  TopographyPlan plan_;
  Tapping tapping_;
  ImageScan scan_;
  data::SignalId tune_;
};

Estimate Topography::estimate() const {
  Estimate e;
  scan_.price(e);
  e.duration = scan_.duration() + from_seconds(plan_.dwell_s);
  e.bytes_per_reading = 4.0;
  return e;
}

void Topography::describe(data::RecordingHeader& header) const {
  scan_.describe(header);
  header.scan_mode = "tapping mode";
}

void Topography::define(data::RecordingWriter& recording) {
  scan_.define(recording);
  tune_ = recording.add_signal({.group = "tune",
                                .type = data::ElementType::f64,
                                .unit = "1",
                                .axes = {{"quantity", "1", {0, 1}}},
                                .title = "cantilever tune",
                                .description = "resonance (Hz), its quality factor; not a number "
                                               "if the operator has tuned"});
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
}

// A run that is taken up again drives where its first part did.
void Topography::set_up(ProbeMicroscope& afm, const RunContext& context) {
  tapping_.set_feedback(afm);
  if (context.first_unit > 0) {
    std::array<double, 2> kept{};
    context.recording.read(tune_, {0}, std::span<double>(kept));
    tapping_.drive(afm, kept[0]);
  } else {
    const devices::TuneResult found = tapping_.tune(afm, context);
    const std::array<double, 2> record{found.resonance_hz, found.quality_factor};
    context.recording.write(tune_, {0}, std::span<const double>(record));
  }
  tapping_.approach(afm, context, scan_.start_place(context.first_unit));
}

void Topography::run(const RunContext& context) {
  auto& afm = context.bench.get<ProbeMicroscope>("afm", "probe microscope");
  const bool is_complete = afm.find_positioner() != nullptr && afm.find_height() != nullptr &&
                           afm.find_drive() != nullptr;
  if (is_complete) {
    set_up(afm, context);
  } else {
    tapping_.say(context, Level::info, "tuned and engaged by the microscope's own software");
  }
  scan_.run(afm, context);
  if (is_complete) {
    tapping_.withdraw(afm, context);
  }
}

}  // namespace

void validate(const TopographyPlan& p) {
  validate(static_cast<const ImageScanPlan&>(p));
  validate(static_cast<const TappingPlan&>(p));
  for (const std::string& signal : p.signals) {
    require(find_channel(signal) != nullptr,
            fmt::format("signals: \"{}\" (known: z, amplitude, phase, deflection)", signal));
    require(std::count(p.signals.begin(), p.signals.end(), signal) == 1,
            fmt::format("signals: \"{}\" twice", signal));
  }
  require(!p.signals.empty(), "signals: none is chosen");
}

std::unique_ptr<Procedure> make_topography(const TopographyPlan& plan) {
  validate(plan);
  return std::make_unique<Topography>(plan);
}

}  // namespace halotwin::scenarios
