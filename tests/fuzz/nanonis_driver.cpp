// What a controller answers to the driver of its microscope.
#include <array>
#include <cmath>

#include "base/errors.hpp"
#include "devices/drivers/nanonis_probe.hpp"
#include "tests/fuzz/held_clock.hpp"
#include "tests/fuzz/nanonis_answers.hpp"

namespace halotwin::fuzz {
namespace {

void work(devices::ProbeMicroscope& probe) {
  constexpr Duration patience = std::chrono::milliseconds(100);
  const auto tried = [](const auto& operation) {
    static_cast<void>(accepted<devices::DeviceError>(operation));
  };
  tried([&] {
    const Point at = probe.positioner().position();
    expect(std::isfinite(at.x_m) && std::isfinite(at.y_m), "the tip is somewhere");
  });
  tried([&] { probe.positioner().start_move({1e-7, 1e-7}, 1e-6); });
  tried([&] { probe.positioner().wait_move(patience, {}); });
  tried([&] { probe.height().configure({.setpoint_fraction = 0.7}); });
  tried([&] { probe.height().approach(patience, {}); });
  tried([&] { probe.drive().configure({.frequency_hz = 7e4}); });
  tried([&] { probe.drive().tune(7e4, 1e3, 11, {}); });
  tried([&] {
    std::array<double, 1> value{};
    probe.signals().read(std::array<std::size_t, 1>{0}, value);
  });
  if (devices::PointSpectroscopy* spectroscopy = probe.spectroscopy()) {
    devices::SpectroscopySettings settings{
        .from = -1.0, .to = 1.0, .points = 3, .signal_indices = {0}};
    tried([&] { spectroscopy->run(settings, {}); });
    settings.swept = devices::SweptQuantity::height;
    settings.from = -1e-9;
    settings.to = 1e-9;
    tried([&] { spectroscopy->run(settings, {}); });
  }
  if (devices::ImageScanner* scanner = probe.scanner()) {
    const devices::ScanFrame frame{
        .width_m = 1e-7, .height_m = 1e-7, .columns = 4, .rows = 3, .line_time_s = 0.01};
    tried([&] { scanner->configure(frame, std::array<std::size_t, 1>{0}); });
    tried([&] { scanner->start(); });
    tried([&] { scanner->wait_line(patience, {}); });
    tried([&] { static_cast<void>(scanner->data(0, devices::ScanDirection::forward)); });
  }
  if (devices::KelvinController* kelvin = probe.kelvin()) {
    tried([&] { kelvin->configure({.modulation_hz = 1e3, .time_constant_s = 1e-3}); });
    tried([&] { static_cast<void>(kelvin->contact_potential_v()); });
  }
  tried([&] { probe.height().withdraw(1e-6, patience, {}); });
  tried([&] { probe.make_safe(); });
}

const Target target("nanonis_driver", [](std::string_view bytes) {
  HeldClock clock;
  static_cast<void>(accepted<devices::DeviceError>([&] {
    work(*devices::open_nanonis_probe(
        [&] { return std::make_unique<NanonisAnswers>(bytes); }, clock, "afm", "nanonis://fuzz"));
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
