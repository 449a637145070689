// Analog outputs CH1 and CH2 of the SR830: what they show, as the twin's auxiliary outputs 1 and 2.
//
// X, Y, R: (value / sensitivity - offset) x expand x 10 V; theta: 18 degrees per volt. Source:
// SR830 operation manual, "CH1 & CH2 outputs", commands DDEF, FPOP, OEXP.
#include <cmath>

#include <fmt/format.h>

#include "devices/servers/srs_service.hpp"

namespace halotwin::devices {

void SrsService::show_at_output(std::size_t channel) {
  outputs_used_ = true;
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
    const std::size_t value = quantity == AuxQuantity::magnitude ? 2 : channel;
    const double volts = srs::full_output_v * std::pow(10.0, expand_[value].factor);
    wanted.scale_v_per_unit = volts / lock_in_->settings().input_range_v;
    wanted.offset_v = -0.01 * expand_[value].offset_percent * volts;
  }
  lock_in_->set_aux_output(static_cast<int>(channel), wanted);
}

void SrsService::add_outputs() {
  const auto channel_of = [](const TextCommand& c, std::size_t more) -> std::size_t {
    const auto channel = c.arguments.empty() ? std::nullopt : parse_whole(c.arguments[0]);
    if (!channel || *channel < 1 || *channel > 2 ||
        c.arguments.size() != (c.query ? 1 : 1 + more)) {
      throw Refused{};
    }
    return static_cast<std::size_t>(*channel - 1);
  };
  const auto code = [](const std::string& text, int last) {
    const auto value = parse_whole(text);
    if (!value || *value < 0 || *value > last) {
      throw Refused{};
    }
    return *value;
  };
  add("DDEF", [this, channel_of, code](const TextCommand& c) -> Answer {
    const std::size_t channel = channel_of(c, 2);
    Output& out = outputs_[channel];
    if (c.query) {
      return fmt::format("{},{}", out.display, out.ratio);
    }
    const int display = code(c.arguments[1], 4);
    const int ratio = code(c.arguments[2], 2);
    out.display = display;
    out.ratio = ratio;
    show_at_output(channel);
    return std::nullopt;
  });
  add("FPOP", [this, channel_of, code](const TextCommand& c) -> Answer {
    const std::size_t channel = channel_of(c, 1);
    if (c.query) {
      return std::to_string(outputs_[channel].direct ? 1 : 0);
    }
    outputs_[channel].direct = code(c.arguments[1], 1) == 1;
    show_at_output(channel);
    return std::nullopt;
  });
  add("OEXP", [this, code](const TextCommand& c) -> Answer {
    if (c.arguments.size() != (c.query ? 1U : 3U)) {
      throw Refused{};
    }
    const int which = code(c.arguments[0], 3);
    if (which == 0) {
      throw Refused{};
    }
    Expand& expand = expand_[static_cast<std::size_t>(which) - 1];
    if (c.query) {
      return fmt::format("{},{}", expand.offset_percent, expand.factor);
    }
    const auto offset = parse_number(c.arguments[1]);
    constexpr double most_percent = 105.0;
    if (!offset || std::abs(*offset) > most_percent) {
      throw Refused{};
    }
    expand = {*offset, code(c.arguments[2], 2)};
    show_at_output(0);
    show_at_output(1);
    return std::nullopt;
  });
}

}  // namespace halotwin::devices
