#include "tests/fuzz/target.hpp"

#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace halotwin::fuzz {

namespace {

std::vector<Target>& all() {
  static std::vector<Target> list;
  return list;
}

}  // namespace

Target::Target(std::string its_name, Run its_run) : name(std::move(its_name)), run(its_run) {
  all().push_back(*this);
}

const std::vector<Target>& targets() {
  return all();
}

MemoryFile::MemoryFile(std::string_view bytes) : descriptor_(memfd_create("fuzz", 0)) {
  const auto written = write(descriptor_, bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size())) {
    close(descriptor_);
    throw std::runtime_error("no file in memory");
  }
}

MemoryFile::~MemoryFile() {
  close(descriptor_);
}

std::filesystem::path MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace halotwin::fuzz
