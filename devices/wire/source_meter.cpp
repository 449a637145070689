#include "devices/wire/source_meter.hpp"

#include <algorithm>
#include <cmath>

namespace halotwin::devices::source_meter {

const std::vector<Model>& models() {
  static const std::vector<Model> all{
      {"keithley2400", "MODEL 2400", 210.0, 1.05, 21.0, 0.105},
      {"keithley2401", "MODEL 2401", 21.0, 1.05, 21.0, 1.05},
      {"keithley2410", "MODEL 2410", 1100.0, 1.05, 21.0, 0.021},
  };
  return all;
}

const Model* find_model(std::string_view profile) {
  const auto found = std::find_if(
      models().begin(), models().end(), [&](const Model& m) { return m.profile == profile; });
  return found == models().end() ? nullptr : &*found;
}

double max_compliance_a(const Model& model, double voltage_v) {
  return std::abs(voltage_v) > model.full_current_v ? model.high_voltage_max_a
                                                    : model.max_current_a;
}

}  // namespace halotwin::devices::source_meter
