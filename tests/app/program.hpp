// Calls the program as a user does, in a folder of its own.
#pragma once

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace halotwin::tests {

struct Outcome {
  int status = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;

  /// The one line that says what went wrong, without "halotwin: "; "" if there is not exactly one.
  [[nodiscard]] std::string error() const;
};

/// A folder that is removed at the end, and the program in it.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest();
  ~ProgramTest() override;

  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  /// Runs the program to its end; `largest_file` > 0 limits how far files may grow.
  Outcome call(const std::vector<std::string>& arguments, std::uint64_t largest_file = 0);
  /// Starts it, and later waits for its end.
  [[nodiscard]] int start(const std::vector<std::string>& arguments,
                          std::uint64_t largest_file = 0);
  Outcome wait(int process);
  /// Until the file is there; fails after a minute.
  void wait_for(const std::string& file);

  /// Arguments of a run of pm_dns_quick with this size.
  static std::vector<std::string> map(const std::string& output,
                                      int columns,
                                      int rows,
                                      int frequencies,
                                      const std::vector<std::string>& more = {});
  [[nodiscard]] std::string bytes(const std::string& file) const;
  void put(const std::string& file, const std::string& content) const;
  /// Names of the files, sorted.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace halotwin::tests
