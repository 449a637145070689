#include "devices/drivers/asylum_link.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/device.hpp"
#include "devices/drivers/poll.hpp"

namespace halotwin::devices {

namespace fs = std::filesystem;

namespace {

constexpr double longest_number = 1e6;  // of a command file, then again from 1
constexpr Duration look_again = std::chrono::milliseconds(50);

std::string joined(const std::string& folder, std::string_view file) {
  const bool windows = folder.find('\\') != std::string::npos;
  const bool ends = folder.ends_with('\\') || folder.ends_with('/') || folder.ends_with(':');
  return fmt::format("{}{}{}", folder, ends ? "" : windows ? "\\" : "/", file);
}

}  // namespace

AsylumLink::AsylumLink(AsylumFiles files,
                       Clock& clock,
                       std::string role,
                       const AsylumParams& params)
    : files_(std::move(files)), clock_(&clock), role_(std::move(role)), params_(params) {
  const auto left = asylum::read_file(files_.folder / asylum::readout_file);
  const auto values = left ? asylum::parse_readout(*left) : std::nullopt;
  if (values && values->front() > 0.0 && values->front() < longest_number) {
    number_ = values->front();  // a late answer to who was here before is known by its number
  }
}

void AsylumLink::refuse(const char* operation, const std::string& cause) const {
  throw DeviceError(role_, operation, cause, Retry::no);
}

void AsylumLink::fail(const char* operation, const std::string& cause) const {
  throw DeviceError(role_, operation, cause, Retry::yes);
}

void AsylumLink::write(const char* operation, const std::string& text) const {
  const fs::path file = files_.folder / asylum::command_file;
  std::error_code error;
  if (!fs::is_directory(files_.folder, error)) {
    refuse(operation, fmt::format("there is no folder {}", files_.folder.string()));
  }
  fs::remove(files_.folder / asylum::readout_file, error);
  if (!asylum::replace_file(file, text)) {
    refuse(operation, fmt::format("{} cannot be written", file.string()));
  }
}

// No shell: the program gets the file as it is.
void AsylumLink::send(const char* operation) const {
  if (files_.send.empty()) {
    return;
  }
  std::string program = files_.send.string();
  std::string file = (files_.folder / asylum::command_file).string();
  std::array<char*, 3> arguments{program.data(), file.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0) {
    refuse(operation, fmt::format("{} cannot be started", program));
  }
  WallClock clock;
  int status = 0;
  const auto ended = [&] { return waitpid(child, &status, WNOHANG) != 0; };
  if (!poll_until(clock, std::chrono::milliseconds(5), from_seconds(params_.answer_s), {}, ended)) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    fail(operation, fmt::format("{} does not end", program));
  }
}

std::vector<double> AsylumLink::ask(const char* operation,
                                    std::span<const asylum::Call> commands,
                                    std::span<const asylum::Call> questions) {
  number_ = number_ >= longest_number ? 1.0 : number_ + 1.0;
  std::string text;
  const auto add = [&](const asylum::Command& command, const std::string& comment = {}) {
    text += asylum::text_of(command) + comment + '\n';
  };
  for (const asylum::Call& command : commands) {
    add(command);
  }
  add(asylum::MakeReadout{questions.size() + 1},
      fmt::format(" // file {}, {:.3f} s", number_, seconds(clock_->now())));
  add(asylum::FillReadout{0, number_});
  for (std::size_t i = 0; i < questions.size(); ++i) {
    add(asylum::FillReadout{i + 1, questions[i]});
  }
  add(asylum::SaveReadout{joined(files_.igor, asylum::readout_file)});
  write(operation, text);
  send(operation);
  clock_->sleep(from_seconds(params_.pause_s));

  std::optional<std::string> came;
  std::vector<double> values;
  const auto answered = [&] {
    came = asylum::read_file(files_.folder / asylum::readout_file);
    auto read = came ? asylum::parse_readout(*came) : std::nullopt;
    values = read ? std::move(*read) : std::vector<double>();
    return values.size() == questions.size() + 1 && values.front() == number_;
  };
  const bool done = poll_until(*clock_, look_again, from_seconds(params_.answer_s), {}, answered);
  if (!done && !came) {
    fail(operation,
         fmt::format("nobody executes the commands in {}: no {} came within {} s",
                     files_.folder.string(),
                     asylum::readout_file,
                     params_.answer_s));
  }
  if (!done) {
    fail(operation,
         values.empty() ? fmt::format("{} holds something else than numbers", asylum::readout_file)
                        : fmt::format("{} holds {} numbers of file {}, not {} of file {}",
                                      asylum::readout_file,
                                      values.size(),
                                      values.front(),
                                      questions.size() + 1,
                                      number_));
  }
  values.erase(values.begin());
  return values;
}

}  // namespace halotwin::devices
