#include "tests/shims/labone_tree.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace halotwin::test {

namespace {

using namespace devices;

constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double degree = 3.14159265358979323846 / 180.0;

bool ends_with_any(const std::string& node, const std::vector<std::string>& ends) {
  return std::any_of(
      ends.begin(), ends.end(), [&](const std::string& end) { return node.ends_with(end); });
}

bool is_whole(const std::string& node) {
  return ends_with_any(node,
                       {"/enable",
                        "/order",
                        "/oscselect",
                        "/harmonic",
                        "/adcselect",
                        "/ac",
                        "/diff",
                        "/imp50",
                        "/on",
                        "/outputselect",
                        "/demodselect"}) ||
         node.find("/enables/") != std::string::npos;
}

bool is_read_only(const std::string& node) {
  return node == "clockbase" || node.starts_with("status/") || node.ends_with("/max") ||
         node.ends_with("/min");
}

}  // namespace

LaboneTree::LaboneTree(ShimInstrument& instrument)
    : instrument_(&instrument),
      texts_{{"features/devtype", instrument.model},
             {"features/serial", instrument.serial.substr(3)},
             {"features/options", instrument.options}} {
  const bool multi = instrument.options.find(hf2() ? "MF" : "MD") != std::string::npos;
  mixer_ = multi ? "0" : hf2() ? "6" : "1";
  const auto several = [&](const std::string& kind,
                           int count,
                           const std::vector<std::pair<std::string, double>>& leaves) {
    for (int k = 0; k < count; ++k) {
      for (const auto& [leaf, value] : leaves) {
        nodes_[kind + "/" + std::to_string(k) + "/" + leaf] = value;
      }
    }
  };
  const LockInSettings now = instrument.lock_in->settings();
  several("oscs", hf2() ? 2 : 1, {{"freq", now.reference_hz}});
  several("demods",
          hf2() ? 6 : 1,
          {{"enable", 0.0},
           {"rate", 0.0},
           {"timeconstant", now.time_constant_s},
           {"order", now.filter_order},
           {"oscselect", 0.0},
           {"harmonic", now.harmonic},
           {"adcselect", 0.0},
           {"phaseshift", now.phase_rad / degree}});
  several("sigins",
          hf2() ? 2 : 1,
          {{"range", now.input_range_v},
           {"ac", now.coupling == Coupling::ac ? 1.0 : 0.0},
           {"imp50", 0.0},
           {"diff", 0.0}});
  several("sigouts", hf2() ? 2 : 1, {{"on", 0.0}, {"range", 1.0}, {"offset", 0.0}});
  for (int k = 0; k < (hf2() ? 8 : 4); ++k) {
    for (const std::string output : {"0", "1"}) {
      if (output == "0" || hf2()) {
        nodes_["sigouts/" + output + "/amplitudes/" + std::to_string(k)] = 0.0;
        nodes_["sigouts/" + output + "/enables/" + std::to_string(k)] = 0.0;
      }
    }
  }
  several("auxouts",
          4,
          {{"outputselect", -1.0}, {"demodselect", 0.0}, {"scale", 1.0}, {"offset", 0.0}});
  const LockInOutput output = instrument.lock_in->output();
  nodes_["sigouts/0/on"] = output.on ? 1.0 : 0.0;
  nodes_["sigouts/0/offset"] = output.offset_v;  // range 1 V: volt and fraction are the same
  nodes_["sigouts/0/amplitudes/" + mixer_] = output.amplitude_peak_v;
  nodes_["sigouts/0/enables/" + mixer_] = output.on ? 1.0 : 0.0;
  nodes_["clockbase"] = hf2() ? 210e6 : 60e6;
  if (hf2()) {
    nodes_["status/flags/adcclip/0"] = 0.0;
    nodes_["status/flags/adcclip/1"] = 0.0;
  } else {
    several("sigins", 1, {{"on", 1.0}, {"scaling", 1.0}, {"max", 0.0}, {"min", 0.0}});
  }
}

std::int32_t LaboneTree::get(const std::string& node, double& value) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) {
    return labone::warning_not_found;
  }
  if (node == "status/flags/adcclip/0" || node == "sigins/0/max" || node == "sigins/0/min") {
    const double sign = node.ends_with("/min") ? -1.0 : 1.0;
    found->second = instrument_->lock_in->read().overload ? sign : 0.0;
  }
  value = found->second;
  return labone::success;
}

std::int32_t LaboneTree::get(const std::string& node, std::string& text) const {
  const auto found = texts_.find(node);
  if (found == texts_.end()) {
    return labone::warning_not_found;
  }
  text = found->second;
  return labone::success;
}

std::int32_t LaboneTree::set(const std::string& node, double value) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) {
    return labone::warning_not_found;
  }
  if (is_read_only(node)) {
    return labone::error_read_only;
  }
  if (!std::isfinite(value)) {
    return labone::error_invalid_argument;
  }
  const double before = found->second;
  found->second = rounded(node, value);
  if (found->second == before) {
    return labone::success;
  }
  try {
    push();
  } catch (const DeviceError&) {
    found->second = before;
    return labone::refused;
  }
  return labone::success;
}

/// What the instrument makes of a value.
double LaboneTree::rounded(const std::string& node, double value) const {
  if (is_whole(node)) {
    return std::round(value);
  }
  if (node.ends_with("/rate")) {
    const double most = hf2() ? 460.8e3 : 60e6 / 70.0;
    const double halvings = std::round(std::log2(most / std::max(value, 0.1)));
    return value > 0.0 ? most * std::exp2(-std::max(halvings, 0.0)) : 0.0;
  }
  if (node.starts_with("sigouts/")) {
    const std::string output = node.substr(0, 10);
    if (node.ends_with("/range")) {
      return value <= 0.01 ? 0.01 : value <= 0.1 ? 0.1 : value <= 1.0 ? 1.0 : 10.0;
    }
    const double most = hf2() ? 1.0 : nodes_.at(output + "range");
    return std::clamp(value, -most, most);
  }
  return value;
}

/// Brings the lock-in behind to what the nodes say, and the nodes to what it made of that.
void LaboneTree::push() {
  LockIn& lock_in = *instrument_->lock_in;
  const auto node = [&](const std::string& name) -> double& { return nodes_.at(name); };
  const LockInSettings applied =
      lock_in.configure({.reference_hz = node("oscs/0/freq"),
                         .harmonic = static_cast<int>(node("demods/0/harmonic")),
                         .phase_rad = node("demods/0/phaseshift") * degree,
                         .time_constant_s = node("demods/0/timeconstant"),
                         .filter_order = static_cast<int>(node("demods/0/order")),
                         .input_range_v = node("sigins/0/range"),
                         .coupling = node("sigins/0/ac") != 0.0 ? Coupling::ac : Coupling::dc});
  node("oscs/0/freq") = applied.reference_hz;
  node("demods/0/harmonic") = applied.harmonic;
  node("demods/0/timeconstant") = applied.time_constant_s;
  node("demods/0/order") = applied.filter_order;
  node("sigins/0/range") = applied.input_range_v;

  const double volt_per_unit = hf2() ? node("sigouts/0/range") : 1.0;
  const bool mixed = node("sigouts/0/enables/" + mixer_) != 0.0;
  lock_in.set_output(
      {.on = node("sigouts/0/on") != 0.0,
       .amplitude_peak_v =
           mixed ? std::abs(node("sigouts/0/amplitudes/" + mixer_)) * volt_per_unit : 0.0,
       .offset_v = node("sigouts/0/offset") * volt_per_unit});

  for (int channel = 0; channel < 4; ++channel) {
    const std::string aux = "auxouts/" + std::to_string(channel) + "/";
    const auto select = static_cast<int>(node(aux + "outputselect"));
    const bool ours = node(aux + "demodselect") == 0.0 && select >= 0 && select <= 3;
    const auto quantity = ours ? static_cast<AuxQuantity>(select + 1) : AuxQuantity::off;
    const double unit = quantity == AuxQuantity::phase ? degree : sqrt_2;
    lock_in.set_aux_output(channel,
                           {.quantity = quantity,
                            .scale_v_per_unit = node(aux + "scale") / unit,
                            .offset_v = node(aux + "offset")});
  }
}

std::int32_t LaboneTree::sample(const std::string& node, labone::DemodSample& out) {
  const std::string demod = node.substr(0, node.size() - std::min<std::size_t>(node.size(), 6));
  if (!node.ends_with("/sample") || !nodes_.contains(demod + "rate")) {
    return labone::warning_not_found;
  }
  if (nodes_.at(demod + "enable") == 0.0 || nodes_.at(demod + "rate") == 0.0) {
    return labone::error_timeout;
  }
  out = {};
  out.time_stamp = ticks();
  if (demod == "demods/0/") {
    try {
      const LockInReading reading = instrument_->lock_in->read();
      const double scaling = hf2() ? 1.0 : nodes_.at("sigins/0/scaling");
      out.x = reading.x_v / sqrt_2 * scaling;
      out.y = reading.y_v / sqrt_2 * scaling;
      out.frequency = reading.frequency_hz;
    } catch (const DeviceError&) {
      return labone::error_timeout;
    }
  }
  return labone::success;
}

std::uint64_t LaboneTree::ticks() const {
  const auto now_ns = static_cast<std::uint64_t>(instrument_->clock->now().count());
  const std::uint64_t ticks_per_us = hf2() ? 210 : 60;
  return now_ns * ticks_per_us / 1000;
}

double LaboneTree::ticks_per_sample(const std::string& sample_node) const {
  return nodes_.at("clockbase") / nodes_.at(sample_node.substr(0, sample_node.size() - 6) + "rate");
}

}  // namespace halotwin::test
