// halotwin serve as a process of its own, for clients that are other programs.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "validation/child_process.hpp"

namespace halotwin::validation {

class ServedTwin {
 public:
  /// Starts it on free ports and waits until it listens; `output` keeps what it prints. Throws
  /// DataError if it does not.
  ServedTwin(const std::filesystem::path& program,
             std::vector<std::string> arguments,
             std::filesystem::path output);
  ~ServedTwin();
  ServedTwin(const ServedTwin&) = delete;
  ServedTwin& operator=(const ServedTwin&) = delete;

  /// By role: "sr860://127.0.0.1:41234".
  [[nodiscard]] const std::map<std::string, std::string>& addresses() const { return addresses_; }
  /// "" if the role is not served.
  [[nodiscard]] std::string address(const std::string& role) const;
  /// "41234"
  [[nodiscard]] std::string port(const std::string& role) const;
  /// Ctrl-C, and the end; the exit status.
  int stop();
  [[nodiscard]] std::string output() const;

 private:
  std::filesystem::path file_;
  std::unique_ptr<ChildProcess> child_;
  std::map<std::string, std::string> addresses_;
};

}  // namespace halotwin::validation
