#include "validation/served_twin.hpp"

#include <fstream>
#include <sstream>
#include <utility>

#include "base/clock.hpp"
#include "base/errors.hpp"

namespace halotwin::validation {

ServedTwin::ServedTwin(const std::filesystem::path& program,
                       std::vector<std::string> arguments,
                       std::filesystem::path output)
    : file_(std::move(output)) {
  arguments.insert(arguments.begin(), "serve");
  arguments.insert(arguments.end(), {"--port", "0"});
  child_ = std::make_unique<ChildProcess>(program, std::move(arguments), file_);
  WallClock clock;
  constexpr double patience_s = 60.0;
  while (this->output().find("Ctrl-C") == std::string::npos) {
    if (seconds(clock.now()) > patience_s || child_->ended()) {
      throw DataError("halotwin serve does not listen: " + this->output());
    }
    clock.sleep(from_seconds(0.01));
  }
  std::istringstream lines(this->output());
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
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::string ServedTwin::address(const std::string& role) const {
  const auto at = addresses_.find(role);
  return at == addresses_.end() ? "" : at->second;
}

std::string ServedTwin::port(const std::string& role) const {
  const std::string whole = address(role);
  const std::string from_port = whole.substr(whole.rfind(':') + 1);
  return from_port.substr(0, from_port.find_first_not_of("0123456789"));
}

int ServedTwin::stop() {
  if (!child_) {
    return 0;
  }
  child_->interrupt();
  const int status = child_->wait_status();
  child_.reset();
  return status;
}

std::string ServedTwin::output() const {
  std::ifstream stream(file_);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace halotwin::validation
