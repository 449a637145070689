#include <fmt/format.h>

#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

namespace {

struct Source {
  Signal signal;
  double (*value)(ProbeState& state);
};

// A signal's index is its place in this list.
const std::vector<Source>& sources() {
  static const std::vector<Source> all{
      {{"z", "m"}, [](ProbeState& s) { return s.measured_height(); }},
      {{"amplitude", "m"},
       [](ProbeState& s) {
         s.follow_surface();
         // slope of amplitude against gap is 1 in intermittent contact: the feedback's error shows
         // in the amplitude
         const auto& m = s.chain->settings().mechanical;
         return m.amplitude_m + (m.engaged ? s.gap_error_m - s.height_error_m() : 0.0);
       }},
      {{"phase", "rad"}, [](ProbeState& s) { return s.chain->read().mechanical_phase_rad; }},
      {{"bias", "V"},
       [](ProbeState& s) { return s.chain->settings().electrical.dc_v() + s.kelvin->bias_v(); }},
      {{"contact_potential", "V"}, [](ProbeState& s) { return s.kelvin->signal_v(); }},
      {{"aux_1", "V"}, [](ProbeState& s) { return s.aux_input_v("aux_1"); }},
      {{"aux_2", "V"}, [](ProbeState& s) { return s.aux_input_v("aux_2"); }},
      {{"deflection", "m"},
       [](ProbeState& s) {
         s.follow_surface();
         return s.deflection_m();
       }},
  };
  return all;
}

}  // namespace

std::vector<Signal> ProbeSignals::signals() const {
  std::vector<Signal> names;
  for (const Source& source : sources()) {
    names.push_back(source.signal);
  }
  return names;
}

void ProbeSignals::read(std::span<const std::size_t> indices, std::span<double> values) {
  s_->strike("read signals");
  if (indices.size() != values.size()) {
    throw DeviceError(s_->role, "read signals", "as many values as indices are needed", Retry::no);
  }
  for (std::size_t i = 0; i < indices.size(); ++i) {
    values[i] = value(indices[i]);
  }
}

double ProbeSignals::value(std::size_t index) {
  if (index >= sources().size()) {
    throw DeviceError(s_->role, "read signals", fmt::format("no signal {}", index), Retry::no);
  }
  return sources()[index].value(*s_);
}

}  // namespace halotwin::devices::simulated
