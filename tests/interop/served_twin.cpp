#include "tests/interop/served_twin.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace halotwin::tests {

ServedTwin::ServedTwin(std::vector<std::string> arguments) {
  static int counter = 0;
  file_ = std::filesystem::temp_directory_path() /
          ("halotwin_served_" + std::to_string(getpid()) + "_" + std::to_string(++counter));
  arguments.insert(arguments.begin(), {HALOTWIN_PROGRAM, "serve"});
  arguments.insert(arguments.end(), {"--port", "0"});
  std::vector<char*> argv;
  for (std::string& word : arguments) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    const int out = open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  WallClock clock;
  while (output().find("Ctrl-C") == std::string::npos) {
    if (seconds(clock.now()) > 60.0 || waitpid(process_, nullptr, WNOHANG) != 0) {
      throw std::runtime_error("halotwin serve does not listen: " + output());
    }
    clock.sleep(from_seconds(0.01));
  }
  std::istringstream lines(output());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string role;
    words >> role;
    for (std::string word; words >> word;) {
      if (word.find("://") != std::string::npos) {
        addresses_[role] = word;
      }
    }
  }
}

ServedTwin::~ServedTwin() {
  stop();
  std::filesystem::remove(file_);
}

std::string ServedTwin::address(const std::string& role) const {
  const auto at = addresses_.find(role);
  return at == addresses_.end() ? "" : at->second;
}

std::string ServedTwin::port(const std::string& role) const {
  const std::string whole = address(role);
  const std::string port = whole.substr(whole.rfind(':') + 1);
  return port.substr(0, port.find('?'));
}

int ServedTwin::stop() {
  if (process_ <= 0) {
    return 0;
  }
  int status = 0;
  kill(process_, SIGINT);
  waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string ServedTwin::output() const {
  std::ifstream stream(file_);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace halotwin::tests
