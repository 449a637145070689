// A server as a process of its own, which can be stopped, killed and started again.
#pragma once

#include <string>
#include <vector>

namespace halotwin::test {

class ServerProcess {
 public:
  /// Starts it; its input ends with this object.
  explicit ServerProcess(std::vector<std::string> command);
  /// Kills it.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// The next line that it writes; "" when it writes no more.
  std::string line();
  /// Returns when it has stopped, for SIGSTOP.
  void signal(int number) const;
  /// Ends it by the end of its input, or at once; its exit status, 128 + signal for a signal.
  int end();
  int kill_at_once();

 private:
  int wait();

  int process_ = -1;
  int input_ = -1;
  int output_ = -1;
};

/// A port that nobody listens at now.
[[nodiscard]] int free_port();

}  // namespace halotwin::test
