#include "validation/child_process.hpp"

#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.hpp"

namespace halotwin::validation {

ChildProcess::ChildProcess(const std::filesystem::path& program,
                           std::vector<std::string> arguments,
                           const std::filesystem::path& output) {
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> argv;
  for (std::string& word : arguments) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string sink = output.empty() ? std::string("/dev/null") : output.string();
  posix_spawn_file_actions_addopen(
      &files, STDOUT_FILENO, sink.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int failed = posix_spawn(&child, program.c_str(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  child_ = child;
  if (failed != 0) {
    throw DataError(fmt::format("{}: cannot be started", program.string()));
  }
}

ChildProcess::~ChildProcess() {
  if (!waited_) {
    kill();
    wait();
  }
}

void ChildProcess::kill() const {
  ::kill(child_, SIGKILL);
}

void ChildProcess::interrupt() const {
  ::kill(child_, SIGINT);
}

bool ChildProcess::wait() {
  return wait_status() == 0;
}

int ChildProcess::wait_status() {
  int status = 0;
  waitpid(child_, &status, 0);
  waited_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::optional<bool> ChildProcess::ended() {
  int status = 0;
  if (waitpid(child_, &status, WNOHANG) == 0) {
    return std::nullopt;
  }
  waited_ = true;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace halotwin::validation
