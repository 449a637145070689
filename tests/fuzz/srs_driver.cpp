// What a lock-in answers to its driver: first byte even SR865A, odd SR830; then the answers, line
// by line, whatever is asked. At their end the connection is closed.
#include <cmath>

#include "devices/drivers/srs_lock_in.hpp"
#include "tests/fuzz/held_clock.hpp"

namespace halotwin::fuzz {
namespace {

class Answers final : public devices::ByteStream {
 public:
  explicit Answers(std::string_view& rest) : rest_(&rest) {}
  void send(std::string_view) override {}
  std::string receive_until(char) override {
    if (rest_->empty()) {
      throw devices::WireError(devices::WireFault::closed, "the end");
    }
    return std::string(take_line(*rest_));
  }
  std::string receive(std::size_t) override { return receive_until('\n'); }

 private:
  std::string_view* rest_;
};

void work(devices::LockIn& lock_in) {
  const auto tried = [](const auto& operation) {
    static_cast<void>(accepted<devices::DeviceError>(operation));
  };
  for (int k = 0; k < 2; ++k) {
    tried([&] { lock_in.configure({.reference_hz = 1234.5, .harmonic = 2}); });
    tried([&] { lock_in.set_reference_hz(55.0); });
    tried([&] { lock_in.set_output({.on = true, .amplitude_peak_v = 0.5}); });
    tried([&] { lock_in.set_aux_output(1, {.quantity = devices::AuxQuantity::phase}); });
    tried([&] {
      const devices::LockInReading reading = lock_in.read();
      expect(std::isfinite(reading.x_v) && std::isfinite(reading.y_v), "readings are numbers");
    });
    tried([&] { lock_in.make_safe(); });
    static_cast<void>(lock_in.settling_time(1e-3));
  }
}

const Target target("srs_driver", [](std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  const auto family = bytes[0] % 2 == 0 ? devices::srs::Family::sr86x : devices::srs::Family::sr830;
  bytes.remove_prefix(1);
  HeldClock clock;
  static_cast<void>(accepted<devices::DeviceError>([&] {
    work(*devices::open_srs_lock_in(
        [&] { return std::make_unique<Answers>(bytes); }, clock, "lockin", "sr860://fuzz", family));
  }));
});

}  // namespace
}  // namespace halotwin::fuzz
