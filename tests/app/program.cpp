#include "tests/app/program.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace halotwin::tests {

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void redirect(const std::filesystem::path& file, int descriptor) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(opened, descriptor);
  close(opened);
}

}  // namespace

std::string Outcome::error() const {
  std::istringstream lines(err);
  std::string line;
  std::string found;
  int count = 0;
  while (std::getline(lines, line)) {
    if (line.starts_with("halotwin: ")) {
      found = line.substr(10);
      ++count;
    }
  }
  return count == 1 ? found : "";
}

ProgramTest::ProgramTest() {
  static int counter = 0;
  folder_ = std::filesystem::temp_directory_path() /
            ("halotwin_app_" + std::to_string(getpid()) + "_" + std::to_string(++counter));
  std::filesystem::create_directories(folder_);
}

ProgramTest::~ProgramTest() {
  std::filesystem::remove_all(folder_);
  for (const char* end : {".out", ".err"}) {
    std::filesystem::remove(folder_.string() + end);
  }
}

int ProgramTest::start(const std::vector<std::string>& arguments, std::uint64_t largest_file) {
  std::vector<std::string> words{HALOTWIN_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const pid_t process = fork();
  if (process == 0) {
    redirect(folder_.string() + ".out", STDOUT_FILENO);
    redirect(folder_.string() + ".err", STDERR_FILENO);
    if (largest_file > 0) {
      const rlimit limit{largest_file, largest_file};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (chdir(folder_.c_str()) == 0) {
      execv(argv[0], argv.data());
    }
    _exit(127);
  }
  return process;
}

Outcome ProgramTest::wait(int process) {
  int status = 0;
  waitpid(process, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          content_of(folder_.string() + ".out"),
          content_of(folder_.string() + ".err")};
}

Outcome ProgramTest::call(const std::vector<std::string>& arguments, std::uint64_t largest_file) {
  return wait(start(arguments, largest_file));
}

void ProgramTest::wait_for(const std::string& file) {
  WallClock clock;
  while (!std::filesystem::exists(at(file))) {
    ASSERT_LT(seconds(clock.now()), 60.0) << file;
    clock.sleep(from_seconds(0.002));
  }
}

std::vector<std::string> ProgramTest::map(const std::string& output,
                                          int columns,
                                          int rows,
                                          int frequencies,
                                          const std::vector<std::string>& more) {
  const std::string procedure = "procedure.pm_dns_map.";
  std::vector<std::string> words{"run",
                                 "pm_dns_quick",
                                 "-o",
                                 output,
                                 "--set",
                                 procedure + "columns=" + std::to_string(columns),
                                 "--set",
                                 procedure + "rows=" + std::to_string(rows),
                                 "--set",
                                 procedure + "frequencies.points=" + std::to_string(frequencies)};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string ProgramTest::bytes(const std::string& file) const {
  return content_of(at(file));
}

void ProgramTest::put(const std::string& file, const std::string& content) const {
  std::ofstream(at(file), std::ios::binary) << content;
}

std::vector<std::string> ProgramTest::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace halotwin::tests
