#include "devices/drivers/labone_stream.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace halotwin::devices::labone {

namespace {

constexpr std::uint32_t one_poll_ms = 100;
constexpr int most_blocks = 1000;         // of one read()
constexpr double longest_stream_s = 1e8;  // three years

/// Paths come back in upper case.
bool same_path(const char* got, std::size_t room, const std::string& wanted) {
  const std::size_t length = strnlen(got, room);
  return length == wanted.size() &&
         std::equal(wanted.begin(), wanted.end(), got, [](char a, char b) {
           const auto lower = [](char c) {
             return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
           };
           return lower(a) == lower(b);
         });
}

}  // namespace

template <class Operation>
auto DemodStream::guarded(const char* operation, Operation run) {
  try {
    if (!link_->is_open()) {
      throw LinkError(error_connection, "the connection was lost");
    }
    return run();
  } catch (const LinkError& failure) {
    throw DeviceError(role_, operation, failure.what(), failure.passing() ? Retry::yes : Retry::no);
  }
}

DemodStream::DemodStream(const Link& link,
                         Clock& clock,
                         std::string role,
                         std::string demodulator,
                         std::function<bool()> overload,
                         std::function<LockInReading(const DemodSample&)> describe)
    : link_(&link),
      clock_(&clock),
      role_(std::move(role)),
      demodulator_(std::move(demodulator)),
      overload_(std::move(overload)),
      describe_(std::move(describe)) {}

DemodStream::~DemodStream() {
  try {
    stop();
  } catch (const DeviceError&) {
    event_.reset();  // the server forgets the subscription with the connection
  }
}

double DemodStream::start(double rate_hz) {
  constexpr const char* operation = "start stream";
  if (!(rate_hz > 0.0) || !std::isfinite(rate_hz)) {
    throw DeviceError(role_, operation, "the rate must be a positive number", Retry::no);
  }
  stop();
  return guarded(operation, [&] {
    rate_before_hz_ = link_->number(demodulator_ + "rate");
    link_->set(demodulator_ + "rate", rate_hz);
    link_->set(demodulator_ + "enable", std::int64_t{1});
    link_->sync();
    const double rate = link_->number(demodulator_ + "rate");
    clockbase_hz_ = static_cast<double>(link_->whole("clockbase"));
    if (!(rate > 0.0) || !(clockbase_hz_ >= rate)) {
      throw DeviceError(role_,
                        operation,
                        fmt::format("{} samples/s at a clock of {} Hz", rate, clockbase_hz_),
                        Retry::yes);
    }
    ticks_per_sample_ = clockbase_hz_ / rate;
    event_ = {link_->api().allocate_event_ex(), link_->api().deallocate_event_ex};
    if (event_ == nullptr) {
      throw DeviceError(role_, operation, "no memory for samples", Retry::no);
    }
    try {
      anchor_ticks_ = link_->sample(demodulator_ + "sample").time_stamp;
      anchor_time_ = clock_->now();
      last_ticks_ = anchor_ticks_;
      link_->subscribe(demodulator_ + "sample");
    } catch (const LinkError&) {
      event_.reset();
      throw;
    }
    return rate;
  });
}

std::vector<LockInReading> DemodStream::read(Duration timeout, bool& lost) {
  constexpr const char* operation = "read stream";
  lost = false;
  if (!runs()) {
    throw DeviceError(role_, operation, "the stream is not started", Retry::no);
  }
  return guarded(operation, [&] {
    std::vector<LockInReading> readings;
    const double all_ms = std::max(0.0, seconds(timeout) * 1e3);
    double waited_ms = 0.0;
    for (int blocks = 0; blocks < most_blocks;) {
      const double left_ms = readings.empty() ? std::ceil(all_ms - waited_ms) : 0.0;
      const auto wait_ms =
          static_cast<std::uint32_t>(std::clamp(left_ms, 0.0, static_cast<double>(one_poll_ms)));
      lost = !link_->poll(*event_, wait_ms) || lost;
      if (event_->value_type != event_none) {
        ++blocks;
        take(*event_, readings, lost);
        continue;
      }
      waited_ms += wait_ms;
      if (!readings.empty() || waited_ms >= all_ms) {
        break;
      }
    }
    const bool clips = !readings.empty() && overload_();
    for (LockInReading& reading : readings) {
      reading.overload = reading.overload || clips;
    }
    return readings;
  });
}

void DemodStream::take(const Event& event, std::vector<LockInReading>& readings, bool& lost) {
  if (event.value_type != event_demod_samples ||
      !same_path(event.path, sizeof event.path, link_->path(demodulator_ + "sample"))) {
    return;
  }
  const auto* begin = static_cast<const unsigned char*>(event.values);
  const std::size_t room = event_bytes / sizeof(DemodSample);
  const bool inside = begin >= event.data && begin <= event.data + event_bytes;
  if (!inside || event.count > room ||
      event.count * sizeof(DemodSample) >
          static_cast<std::size_t>(event.data + event_bytes - begin)) {
    throw DeviceError(role_,
                      "read stream",
                      fmt::format("an event of {} samples does not fit its buffer", event.count),
                      Retry::no);
  }
  for (std::size_t i = 0; i < event.count; ++i) {
    DemodSample sample;
    std::memcpy(&sample, begin + i * sizeof sample, sizeof sample);
    if (sample.time_stamp <= last_ticks_) {
      continue;  // from before the start
    }
    const auto step = static_cast<double>(sample.time_stamp - last_ticks_);
    lost = lost || (last_ticks_ != anchor_ticks_ && step > 1.5 * ticks_per_sample_);
    last_ticks_ = sample.time_stamp;
    LockInReading reading = describe_(sample);
    const double time_s = static_cast<double>(sample.time_stamp - anchor_ticks_) / clockbase_hz_;
    if (!(time_s < longest_stream_s)) {
      throw DeviceError(role_,
                        "read stream",
                        fmt::format("a time stamp {} s after the start", time_s),
                        Retry::no);
    }
    reading.time = anchor_time_ + from_seconds(time_s);
    readings.push_back(reading);
  }
}

void DemodStream::stop() {
  if (!runs()) {
    return;
  }
  event_.reset();
  if (link_->is_open()) {
    guarded("stop stream", [&] {
      link_->unsubscribe(demodulator_ + "sample");
      link_->set(demodulator_ + "rate", rate_before_hz_);
      link_->sync();
      return true;
    });
  }
}

}  // namespace halotwin::devices::labone
