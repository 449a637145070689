#include "devices/drivers/labone_settings.hpp"

#include <cmath>

#include <fmt/format.h>

#include "devices/device.hpp"

namespace halotwin::devices::labone {

std::vector<double> apply(const Link& link,
                          const std::string& role,
                          const char* operation,
                          const std::vector<Wish>& wishes) {
  for (const Wish& wish : wishes) {
    if (wish.whole) {
      link.set(wish.node, static_cast<std::int64_t>(std::lround(wish.value)));
    } else {
      link.set(wish.node, wish.value);
    }
  }
  link.sync();
  std::vector<double> out;
  for (const Wish& wish : wishes) {
    const double got =
        wish.whole ? static_cast<double>(link.whole(wish.node)) : link.number(wish.node);
    const double apart =
        wish.period > 0.0 ? std::remainder(got - wish.value, wish.period) : got - wish.value;
    if (!(std::abs(apart) <= wish.tolerance)) {
      throw DeviceError(
          role,
          operation,
          fmt::format("{} was set to {} but reads {}", link.path(wish.node), wish.value, got),
          Retry::yes);
    }
    out.push_back(got);
  }
  return out;
}

}  // namespace halotwin::devices::labone
