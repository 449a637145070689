#include "tests/tango/server_process.hpp"

#include <csignal>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace halotwin::test {

ServerProcess::ServerProcess(std::vector<std::string> command) {
  int in[2] = {-1, -1};
  int out[2] = {-1, -1};
  if (pipe2(static_cast<int*>(in), O_CLOEXEC) != 0 ||
      pipe2(static_cast<int*>(out), O_CLOEXEC) != 0) {
    return;
  }
  std::vector<char*> argv;
  for (std::string& word : command) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

ServerProcess::~ServerProcess() {
  kill_at_once();
  close(input_);
  close(output_);
}

std::string ServerProcess::line() {
  std::string text;
  char byte = 0;
  while (read(output_, &byte, 1) == 1 && byte != '\n') {
    text += byte;
  }
  return text;
}

void ServerProcess::signal(int number) const {
  if (process_ > 0) {
    kill(process_, number);
    if (number == SIGSTOP) {
      waitpid(process_, nullptr, WUNTRACED);
    }
  }
}

int ServerProcess::end() {
  close(input_);
  input_ = -1;
  return wait();
}

int ServerProcess::kill_at_once() {
  signal(SIGKILL);
  return wait();
}

int ServerProcess::wait() {
  int status = 0;
  if (process_ > 0) {
    waitpid(process_, &status, 0);
    process_ = -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int free_port() {
  const int socket_id = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool bound = bind(socket_id, reinterpret_cast<const sockaddr*>(&at), size) == 0 &&
                     getsockname(socket_id, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  close(socket_id);
  return bound ? ntohs(at.sin_port) : 0;
}

}  // namespace halotwin::test
