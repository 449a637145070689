#include "validation/gnuplot.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "validation/scratch_folder.hpp"

namespace halotwin::validation {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) {
    throw DataError(fmt::format("{}: cannot be written", path.string()));
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Gnuplot copies the line, points at the place and says '"script" line 7: undefined function'; a
// comma follows the name in some versions.
std::string first_error(const std::string& messages) {
  std::istringstream lines(messages);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    const bool placed =
        line.find("\" line ") != std::string::npos || line.find("\", line ") != std::string::npos;
    if (placed && line.find("warning:") == std::string::npos) {
      return line;
    }
    if (first.empty() && line.find_first_not_of(" \t^") != std::string::npos) {
      first = line;
    }
  }
  return first.empty() ? "no message" : first;
}

// Starts gnuplot in `folder` and waits for it; its exit status.
int run_in(const fs::path& folder) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(
      &actions, STDERR_FILENO, "messages", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string program = "gnuplot";
  std::string defaults = "-d";
  std::string script = "script";
  std::array<char*, 4> words{program.data(), defaults.data(), script.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, program.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw DataError(fmt::format("gnuplot: cannot be run: {} (Debian package gnuplot-nox)",
                                std::strerror(error)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      throw DataError(fmt::format("gnuplot: {}", std::strerror(errno)));
    }
  }
  return status;
}

}  // namespace

std::string gnuplot_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // digits too: gnuplot would count one behind an escape to its octal number
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (plain) {
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
    } else {
      out += fmt::format("\\{:03o}", byte);
    }
  }
  return out + "\"";
}

std::string gnuplot_tick_text(std::string_view text) {
  std::string doubled;
  for (const char c : text) {
    doubled.append(c == '%' ? 2 : 1, c);
  }
  return gnuplot_text(doubled);
}

std::string run_gnuplot(const std::string& script,
                        const std::map<std::string, std::string>& files) {
  const ScratchFolder folder("halotwin-plot");
  for (const auto& [name, content] : files) {
    write_file(folder.path() / name, content);
  }
  write_file(folder.path() / "script",
             "set encoding utf8\nset output 'picture'\n" + script + "\nset output\n");
  const int status = run_in(folder.path());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw DataError("gnuplot: " + first_error(read_file(folder.path() / "messages")));
  }
  std::string picture = read_file(folder.path() / "picture");
  if (picture.empty()) {
    throw DataError("gnuplot: no picture: " + first_error(read_file(folder.path() / "messages")));
  }
  return picture;
}

}  // namespace halotwin::validation
