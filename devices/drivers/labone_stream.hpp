// The samples of a demodulator as its instrument streams them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "devices/drivers/labone_link.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::devices::labone {

class DemodStream final : public SampleStream {
 public:
  /// `overload` says whether the input clips; `describe` makes a reading of a sample, but for time
  /// and overload.
  DemodStream(const Link& link,
              Clock& clock,
              std::string role,
              std::string demodulator,  // node, "demods/0/"
              std::function<bool()> overload,
              std::function<LockInReading(const DemodSample&)> describe);
  DemodStream(const DemodStream&) = delete;
  DemodStream& operator=(const DemodStream&) = delete;
  ~DemodStream() override;

  double start(double rate_hz) override;
  std::vector<LockInReading> read(Duration timeout, bool& lost) override;
  void stop() override;
  [[nodiscard]] bool runs() const { return event_ != nullptr; }
  /// The connection was opened anew, and with the old one the subscription went.
  void forget() { event_.reset(); }

 private:
  void take(const Event& event, std::vector<LockInReading>& readings, bool& lost);
  template <class Operation>
  auto guarded(const char* operation, Operation run);

  const Link* link_;
  Clock* clock_;
  std::string role_;
  std::string demodulator_;
  std::function<bool()> overload_;
  std::function<LockInReading(const DemodSample&)> describe_;
  std::unique_ptr<Event, void (*)(Event*)> event_{nullptr, nullptr};
  double rate_before_hz_ = 0.0;  // comes back at the end
  double clockbase_hz_ = 0.0;
  double ticks_per_sample_ = 0.0;
  std::uint64_t anchor_ticks_ = 0;  // of the instrument, at anchor_time_ of the bench
  Duration anchor_time_{};
  std::uint64_t last_ticks_ = 0;
};

}  // namespace halotwin::devices::labone
