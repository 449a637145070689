// A simulated microscope served behind a folder of its own, as Asylum's software.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "devices/drivers/asylum_probe.hpp"
#include "devices/servers/asylum_folder.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::test {

/// An empty folder that goes away with its owner.
struct OwnFolder {
  OwnFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "halotwin_asylum_XXXXXX").string();
    path = mkdtemp(name.data()) == nullptr ? "" : name;
  }
  ~OwnFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  std::filesystem::path path;
};

[[nodiscard]] inline std::string contents(const std::filesystem::path& file) {
  return devices::asylum::read_file(file, std::size_t{1} << 24U).value_or("");
}

struct AsylumWorld {
  explicit AsylumWorld(const sim::Surroundings& surroundings = quiet())
      : world(surroundings, sim::pm_dns_cables(), {}, sim::Specimen(small_film(), 1), 1),
        chain(world,
              std::make_unique<devices::simulated::HarmonicChain>(
                  world, devices::simulated::ChainParams{})),
        probe(world, chain, devices::simulated::ProbeParams{}, "afm"),
        service(probe, folder, [this](const std::string& text) { heard.push_back(text); }),
        time(service, world.clock()) {}

  OwnFolder own;
  std::filesystem::path folder = own.path;
  std::vector<std::string> heard;
  sim::World world;
  devices::simulated::ProbeChain chain;
  devices::simulated::SimulatedProbe probe;
  devices::AsylumFolder service;
  devices::AsylumTime time;
};

}  // namespace halotwin::test
