// Clients of a served source meter: lines.
#include "devices/servers/keithley_service.hpp"

#include <cmath>

#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

struct HeldSource final : devices::BiasSource {
  [[nodiscard]] devices::Identity identity() const override { return {}; }
  void make_safe() override { now = {}; }
  [[nodiscard]] devices::BiasLimits limits() const override { return {{-200.0, 200.0}, 1.0, 0.0}; }
  devices::BiasSettings configure(const devices::BiasSettings& wanted) override {
    expect(std::isfinite(wanted.voltage_v) && std::isfinite(wanted.compliance_a),
           "settings are finite");
    if (!limits().voltage_v.contains(wanted.voltage_v) || wanted.compliance_a > 1.0) {
      throw devices::DeviceError("source", "configure", "too much", devices::Retry::no);
    }
    return now = wanted;
  }
  [[nodiscard]] devices::BiasSettings settings() const override { return now; }
  [[nodiscard]] bool ramping() override { return false; }
  [[nodiscard]] devices::BiasReading read() override {
    return {.voltage_v = now.voltage_v, .current_a = 1e-9, .compliance = true};
  }
  devices::BiasSettings now{};
};

const Target target("keithley_service", [](std::string_view bytes) {
  HeldSource source;
  devices::KeithleyService service(source, *devices::source_meter::find_model("keithley2400"));
  while (!bytes.empty()) {
    const std::string answer = service.answer(take_line(bytes));
    expect(answer.empty() || answer.find('\n') == answer.size() - 1, "an answer is one line");
  }
});

}  // namespace
}  // namespace halotwin::fuzz
