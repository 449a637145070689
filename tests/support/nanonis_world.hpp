// A simulated microscope served as a Nanonis controller, and a connection to it without a network.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "devices/drivers/nanonis_probe.hpp"
#include "devices/servers/nanonis_service.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::test {

/// Answers to one request; nothing: the connection stays silent.
using FrameAnswer = std::function<std::optional<std::string>(std::string_view request)>;

class FrameStream final : public devices::ByteStream {
 public:
  explicit FrameStream(FrameAnswer answer) : answer_(std::move(answer)) {}

  void send(std::string_view bytes) override {
    sent_ += bytes;
    for (;;) {
      const std::size_t size = devices::nanonis_request_bytes(sent_);
      if (size == 0 || size > sent_.size()) {
        return;
      }
      const std::string request = sent_.substr(0, size);
      sent_.erase(0, size);
      unread_ += answer_(request).value_or("");
    }
  }
  std::string receive_until(char) override {
    throw devices::WireError(devices::WireFault::garbled, "there are no lines");
  }
  std::string receive(std::size_t count) override {
    if (unread_.size() < count) {
      throw devices::WireError(devices::WireFault::silent, "no answer in time");
    }
    std::string out = unread_.substr(0, count);
    unread_.erase(0, count);
    return out;
  }

 private:
  FrameAnswer answer_;
  std::string sent_;
  std::string unread_;
};

struct NanonisWorld {
  explicit NanonisWorld(const sim::Surroundings& surroundings = quiet(),
                        std::vector<sim::Cable> cables = sim::pm_dns_cables(),
                        std::vector<sim::Fault> faults = {})
      : world(
            surroundings, std::move(cables), std::move(faults), sim::Specimen(small_film(), 1), 1),
        chain(world,
              std::make_unique<devices::simulated::HarmonicChain>(
                  world, devices::simulated::ChainParams{})),
        probe(world, chain, devices::simulated::ProbeParams{}, "afm"),
        service(probe),
        time(service, world.clock()) {}

  /// As a server does, only that waiting costs simulated time.
  std::string answer(std::string_view request) {
    const Duration start = world.clock().now();
    Duration waited{};
    for (;;) {
      if (auto out = service.answer(request, waited)) {
        return *out;
      }
      time.sleep(std::chrono::milliseconds(1));
      waited = world.clock().now() - start;
    }
  }

  sim::World world;
  devices::simulated::ProbeChain chain;
  devices::simulated::SimulatedProbe probe;
  devices::NanonisService service;
  devices::NanonisTime time;
};

}  // namespace halotwin::test
