// This program, started once more: for rows that kill a run, or that need many runs at once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace halotwin::validation {

/// A child. It must be waited for; the destructor kills one that was not.
class ChildProcess {
 public:
  /// What it prints goes into the file `output`, if there is one. Throws DataError if it cannot be
  /// started.
  ChildProcess(const std::filesystem::path& program,
               std::vector<std::string> arguments,
               const std::filesystem::path& output = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void kill() const;       // SIGKILL
  void interrupt() const;  // SIGINT, as Ctrl-C
  /// Waits; true if it ended by itself with status 0.
  bool wait();
  /// Waits; its exit status, or 128 and the number of the signal that ended it.
  int wait_status();
  /// wait() without waiting: nothing while it runs.
  std::optional<bool> ended();

 private:
  int child_ = 0;
  bool waited_ = false;
};

}  // namespace halotwin::validation
