#include "app/stop_signal.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace halotwin::app {

namespace {

int pipe_ends[2] = {-1, -1};  // a signal handler reaches nothing but globals

constexpr char stop_byte = 's';
constexpr char quit_byte = 'q';

extern "C" void on_stop_signal(int signal_number) {
  const int kept = errno;
  [[maybe_unused]] const auto written = ::write(pipe_ends[1], &stop_byte, 1);
  std::signal(signal_number, SIG_DFL);  // the next one ends the program
  errno = kept;
}

}  // namespace

StopSignal::StopSignal() {
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "no pipe for signals");
  }
  waiter_ = std::thread([this] {
    char byte = quit_byte;
    while (::read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == stop_byte) {
      source_.request_stop();
    }
  });
  std::signal(SIGINT, on_stop_signal);
  std::signal(SIGTERM, on_stop_signal);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report, not an end
}

StopSignal::~StopSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  [[maybe_unused]] const auto written = ::write(pipe_ends[1], &quit_byte, 1);
  waiter_.join();
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace halotwin::app
