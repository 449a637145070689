// Analog outputs CH1 (X or R) and CH2 (Y or theta): what they show, as the twin's auxiliary outputs
// 1 and 2.
//
// X, Y, R: (value / sensitivity - offset) x expand x 10 V; theta: 18 degrees per volt. Sources:
// SR830 operation manual, "CH1 & CH2 outputs", commands DDEF, FPOP, OEXP; SR86x: codes of COUT,
// CEXP, COFA, COFP and CRAT as the maker's Python package srsinst.sr860 has them, the sensitivity
// is SCAL; that its outputs have the same volts is unverified.
#include <cmath>

#include <fmt/format.h>

#include "devices/servers/srs_service.hpp"

namespace halotwin::devices {

double SrsService::sensitivity_peak_v() const {
  return model_->family == srs::Family::sr86x ? srs::sr86x_full_scale_v(kept_.at("SCAL"))
                                              : lock_in_->settings().input_range_v;
}

void SrsService::show_at_output(std::size_t channel) {
  const Output& out = outputs_[channel];
  const bool first = channel == 0;
  AuxQuantity quantity = AuxQuantity::off;  // noise and inputs have no counterpart
  if (out.direct || out.display == 0) {
    quantity = first ? AuxQuantity::x : AuxQuantity::y;
  } else if (out.display == 1) {
    quantity = first ? AuxQuantity::magnitude : AuxQuantity::phase;
  }
  AuxOutput wanted{quantity, srs::theta_v_per_rad, 0.0};
  if (quantity != AuxQuantity::phase) {
    const Expand& expand = expand_[quantity == AuxQuantity::magnitude ? 2 : channel];
    const double volts = srs::full_output_v * std::pow(10.0, expand.factor);
    wanted.scale_v_per_unit = volts / sensitivity_peak_v();
    wanted.offset_v = expand.offset_on ? -0.01 * expand.offset_percent * volts : 0.0;
  }
  lock_in_->set_aux_output(static_cast<int>(channel), wanted);
}

void SrsService::show_at_outputs() {
  outputs_used_ = true;
  show_at_output(0);
  show_at_output(1);
}

int SrsService::code_of(const std::string& text, int last) {
  const auto value = parse_whole(text);
  if (!value || *value < 0 || *value > last) {
    throw Refused{};
  }
  return *value;
}

double SrsService::percent_of(const std::string& text, double most) {
  const auto value = parse_number(text);
  if (!value || std::abs(*value) > most) {
    throw Refused{};
  }
  return *value;
}

void SrsService::add_of_output(const std::string& name,
                               const std::vector<std::string_view>& which,
                               std::size_t values,
                               std::function<std::string(std::size_t)> get,
                               std::function<void(std::size_t, const Words&)> set) {
  add(name,
      [this, which, values, get = std::move(get), set = std::move(set)](
          const TextCommand& c) -> Answer {
        const auto chosen =
            c.arguments.empty() ? std::nullopt : parse_choice(c.arguments[0], which);
        if (!chosen || c.arguments.size() != (c.query ? 1 : 1 + values)) {
          throw Refused{};
        }
        const auto index = static_cast<std::size_t>(*chosen) - (which[0].empty() ? 1 : 0);
        if (c.query) {
          return get(index);
        }
        set(index, {c.arguments.begin() + 1, c.arguments.end()});
        show_at_outputs();
        return std::nullopt;
      });
}

void SrsService::add_sr830_outputs() {
  const std::vector<std::string_view> channels{"", "1", "2"};
  add_of_output(
      "DDEF",
      channels,
      2,
      [this](std::size_t i) {
        return fmt::format("{},{}", outputs_[i].display, outputs_[i].ratio);
      },
      [this](std::size_t i, const Words& to) {
        const int display = code_of(to[0], 4);
        outputs_[i].ratio = code_of(to[1], 2);
        outputs_[i].display = display;
      });
  add_of_output(
      "FPOP",
      channels,
      1,
      [this](std::size_t i) { return outputs_[i].direct ? "1" : "0"; },
      [this](std::size_t i, const Words& to) { outputs_[i].direct = code_of(to[0], 1) == 1; });
  add_of_output(
      "OEXP",
      {"", "1", "2", "3"},
      2,
      [this](std::size_t i) {
        return fmt::format("{},{}", expand_[i].offset_percent, expand_[i].factor);
      },
      [this](std::size_t i, const Words& to) {
        constexpr double most_percent = 105.0;
        expand_[i] = {true, percent_of(to[0], most_percent), code_of(to[1], 2)};
      });
}

void SrsService::add_sr86x_outputs() {
  const std::vector<std::string_view> quantities{"X", "Y", "R"};
  add_of_output(
      "COUT",
      {"OCH1", "OCH2"},
      1,
      [this](std::size_t i) { return std::to_string(outputs_[i].display); },
      [this](std::size_t i, const Words& to) {
        const auto shown = parse_choice(to[0], {"XY", "RTHeta"});
        outputs_[i].display = shown ? *shown : throw Refused{};
      });
  add_of_output(
      "CEXP",
      quantities,
      1,
      [this](std::size_t i) { return std::to_string(expand_[i].factor); },
      [this](std::size_t i, const Words& to) { expand_[i].factor = code_of(to[0], 2); });
  add_of_output(
      "COFA",
      quantities,
      1,
      [this](std::size_t i) { return expand_[i].offset_on ? "1" : "0"; },
      [this](std::size_t i, const Words& to) { expand_[i].offset_on = code_of(to[0], 1) == 1; });
  add_of_output(
      "COFP",
      quantities,
      1,
      [this](std::size_t i) { return fmt::format("{}", expand_[i].offset_percent); },
      [this](std::size_t i, const Words& to) {
        constexpr double most_percent = 999.99;
        expand_[i].offset_percent = percent_of(to[0], most_percent);
      });
  add_of_output(
      "CRAT",  // kept, without effect
      quantities,
      1,
      [this](std::size_t i) { return std::to_string(ratio_[i]); },
      [this](std::size_t i, const Words& to) { ratio_[i] = code_of(to[0], 1); });
  const int last = static_cast<int>(srs::sr86x_sensitivities_v().size()) - 1;
  kept_["SCAL"] = 0;
  add_code(
      "SCAL", last, [this] { return kept_["SCAL"]; }, [this](int k) { set_scale(k); });
}

void SrsService::set_scale(int code) {
  kept_["SCAL"] = code;
  if (outputs_used_) {
    show_at_outputs();
  }
}

}  // namespace halotwin::devices
