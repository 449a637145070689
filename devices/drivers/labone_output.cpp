#include "devices/drivers/labone_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace halotwin::devices::labone {

namespace {

constexpr std::array mf_ranges_v{0.01, 0.1, 1.0, mf_output_range_v};

double covering_range_v(double peak_v) {
  return *std::find_if(mf_ranges_v.begin(), mf_ranges_v.end() - 1, [&](double range_v) {
    return range_v * (1.0 + 1e-12) >= peak_v;
  });
}

}  // namespace

SignalOutput::SignalOutput(const Link& link, std::string role, int output)
    : link_(&link), role_(std::move(role)), node_(fmt::format("sigouts/{}/", output)) {}

void SignalOutput::identify(bool hf2, int mixer_channel) {
  hf2_ = hf2;
  mixer_ = mixer_channel;
}

LockInOutput SignalOutput::read() const {
  const double volt_per_unit = hf2_ ? link_->number(node_ + "range") : 1.0;
  return {.on = link_->whole(node_ + "on") != 0,
          .amplitude_peak_v = link_->number(amplitude()) * volt_per_unit,
          .offset_v = link_->number(node_ + "offset") * volt_per_unit};
}

LockInOutput SignalOutput::set(const char* operation, const LockInOutput& wanted) const {
  const double peak_v = wanted.amplitude_peak_v + std::abs(wanted.offset_v);
  const double range_v = hf2_ ? hf2_output_range_v : covering_range_v(peak_v);
  const double before_v = link_->number(node_ + "range");
  const Wish range{.node = node_ + "range", .value = range_v, .tolerance = 1e-6 * range_v};
  const double volt_per_unit = hf2_ ? range_v : 1.0;
  const std::vector<Wish> values{{.node = node_ + "offset",
                                  .value = wanted.offset_v / volt_per_unit,
                                  .tolerance = 1e-3 * range_v},
                                 {.node = amplitude(),
                                  .value = wanted.amplitude_peak_v / volt_per_unit,
                                  .tolerance = 1e-3 * range_v},
                                 whole_wish(fmt::format("{}enables/{}", node_, mixer_), 1)};
  if (!wanted.on) {
    apply(operation, {whole_wish(node_ + "on", 0)});
  }
  if (hf2_ && before_v != range_v) {  // not for a moment the old numbers in the new range
    silence(operation);
    apply(operation, {range});
  }
  if (!hf2_ && before_v < range_v) {
    apply(operation, {range});
  }
  apply(operation, values);
  if (!hf2_ && before_v > range_v) {
    apply(operation, {range});
    apply(operation, values);
  }
  if (wanted.on) {
    apply(operation, {whole_wish(node_ + "on", 1)});
  }
  return read();
}

LockInOutput SignalOutput::make_safe(const char* operation) const {
  apply(operation, {whole_wish(node_ + "on", 0)});
  silence(operation);
  return read();
}

void SignalOutput::silence(const char* operation) const {
  constexpr double nothing = 1e-3;  // of the range of a HF2LI, or volt
  apply(operation,
        {{.node = amplitude(), .value = 0.0, .tolerance = nothing},
         {.node = node_ + "offset", .value = 0.0, .tolerance = nothing}});
}

void SignalOutput::apply(const char* operation, const std::vector<Wish>& wishes) const {
  labone::apply(*link_, role_, operation, wishes);
}

std::string SignalOutput::amplitude() const {
  return fmt::format("{}amplitudes/{}", node_, mixer_);
}

}  // namespace halotwin::devices::labone
