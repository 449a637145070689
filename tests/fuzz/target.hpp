// One target: whatever reads bytes that others wrote, with what must hold for any bytes. It may
// refuse them by the error that its header names; any other exception is a finding, as is what the
// sanitizers see. Each target stands in a file of its own and is built twice: for libFuzzer
// (scripts/fuzz.sh), and into test_fuzz, which runs the kept inputs of corpus/<target>/.
#pragma once

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin::fuzz {

struct Target {
  using Run = void (*)(std::string_view bytes);
  /// Joins targets().
  Target(std::string name, Run run);
  std::string name;
  Run run;
};
[[nodiscard]] const std::vector<Target>& targets();

/// What must hold and does not.
inline void expect(bool holds, const std::string& what) {
  if (!holds) {
    throw std::logic_error(what);
  }
}

/// Whether `work` ended without an `Error`.
template <class Error, class Work>
bool accepted(const Work& work) {
  try {
    work();
  } catch (const Error&) {
    return false;
  }
  return true;
}

/// The first line of `text`, which loses it.
inline std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// A file in memory for those who read files only.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::filesystem::path path() const;

 private:
  int descriptor_;
};

}  // namespace halotwin::fuzz
