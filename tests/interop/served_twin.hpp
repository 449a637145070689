// halotwin serve as a process of its own, for clients that are other programs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace halotwin::tests {

class ServedTwin {
 public:
  /// Starts it on free ports and waits until it listens.
  explicit ServedTwin(std::vector<std::string> arguments);
  ~ServedTwin();
  ServedTwin(const ServedTwin&) = delete;
  ServedTwin& operator=(const ServedTwin&) = delete;

  /// "sr860://127.0.0.1:41234"; "" if the role is not served.
  [[nodiscard]] std::string address(const std::string& role) const;
  /// "41234"
  [[nodiscard]] std::string port(const std::string& role) const;
  /// Ctrl-C, and the end; the exit status.
  int stop();
  [[nodiscard]] std::string output() const;

 private:
  std::filesystem::path file_;
  int process_ = -1;
  std::map<std::string, std::string> addresses_;
};

}  // namespace halotwin::tests
