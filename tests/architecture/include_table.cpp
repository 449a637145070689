#include "tests/architecture/include_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace halotwin::architecture {

namespace {

using Words = std::vector<std::string_view>;

/// A row: a folder, what it may include of ours, and which libraries.
struct Row {
  std::string_view folder;
  Words ours;     // folders; their sub-folders that have a row of their own are not meant
  Words headers;  // libraries allowed in headers (standard library always)
  Words sources;  // libraries allowed in .cpp files besides
};

const Words everything = {"base",
                          "physics",
                          "sim",
                          "devices",
                          "devices/simulated",
                          "devices/wire",
                          "devices/drivers",
                          "devices/servers",
                          "devices/replay",
                          "devices/open",
                          "data",
                          "analysis",
                          "scenarios",
                          "session",
                          "validation"};

Words and_also(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"base", {}, {}, {"fmt", "tbb", "sanitizer", "random123", "boost", "cerf"}},
      {"physics", {"base"}, {"eigen core"}, {"fmt", "eigen", "boost", "cerf", "sundials"}},
      {"sim", {"base", "physics"}, {"eigen core"}, {"fmt", "eigen", "boost", "sundials"}},
      {"devices", {"base"}, {}, {"fmt"}},
      {"devices/simulated",
       {"base", "devices", "sim", "physics"},
       {"eigen core"},
       {"fmt", "eigen"}},
      {"devices/wire", {"base", "devices"}, {}, {"fmt", "boost"}},
      {"devices/drivers",
       {"base", "devices", "devices/wire"},
       {},
       {"fmt", "posix", "aravis", "tango"}},
      {"devices/servers",
       {"base", "devices", "devices/wire"},
       {},
       {"fmt", "posix", "boost", "aravis", "tango"}},
      {"devices/replay", {"base", "devices"}, {"json"}, {"fmt"}},
      {"devices/open",
       {"base",
        "devices",
        "devices/simulated",
        "devices/wire",
        "devices/drivers",
        "devices/servers",
        "devices/replay",
        "sim"},
       {},
       {"fmt"}},
      {"data",
       {"base"},
       {"eigen core"},
       {"fmt", "eigen", "hdf5", "tomlplusplus", "openssl", "json", "tiff", "posix"}},
      {"analysis",
       {"base", "data"},
       {"eigen core"},
       {"fmt", "eigen", "boost", "cerf", "ceres", "simd"}},
      {"scenarios", {"base", "devices", "data", "analysis"}, {}, {"fmt"}},
      {"session",
       {"base",
        "physics",
        "sim",
        "devices",
        "devices/simulated",
        "devices/wire",
        "devices/servers",
        "devices/replay",
        "devices/open",
        "data",
        "analysis",
        "scenarios"},
       {},
       {"fmt", "posix"}},
      {"validation", everything, {"eigen core"}, {"fmt", "eigen", "json", "posix"}},
      {"app", everything, {}, {"fmt", "eigen", "cli11", "spdlog", "json", "posix"}},
      {"tests",
       and_also(everything, {"app"}),
       {"eigen core", "gtest", "rapidcheck", "tiff", "posix"},
       {"fmt",
        "eigen",
        "boost",
        "cerf",
        "sundials",
        "random123",
        "hdf5",
        "tomlplusplus",
        "tiff",
        "json",
        "posix"}},
      {"benchmarks", everything, {"eigen core"}, {"fmt", "eigen", "benchmark", "posix"}},
      {"docs/snippets", everything, {}, {"fmt", "eigen"}},
  };
  return rows;
}

/// From `folder` no file of `forbidden` may be reached, not even through others.
struct Wall {
  std::string_view folder;
  Words forbidden;
};

const std::vector<Wall>& walls() {
  static const Words hidden = {"sim", "physics", "devices/simulated"};
  static const std::vector<Wall> list = {{"scenarios", hidden}, {"analysis", hidden}};
  return list;
}

/// One library, one place: only this file or folder includes it.
struct SoleUser {
  std::string_view library;
  Words paths;
};

const std::vector<SoleUser>& sole_users() {
  static const std::vector<SoleUser> list = {
      {"tbb", {"base/parallel.cpp"}},
      {"sanitizer", {"base/parallel.cpp"}},
      {"random123", {"base/random.cpp", "tests/base/"}},
      {"tomlplusplus", {"data/", "tests/data/"}},
      {"hdf5", {"data/", "tests/"}},
      {"tiff", {"data/tiff_reader.cpp", "tests/data/"}},
      {"aravis", {"devices/drivers/genicam_link.cpp", "devices/servers/genicam_server.cpp"}},
      {"tango", {"devices/drivers/tango_link.cpp", "devices/servers/tango_library.cpp"}},
      {"cli11", {"app/"}},
      {"sundials", {"physics/dae_solver.cpp", "sim/"}},
  };
  return list;
}

/// How a library is recognised by the name in the angle brackets, first match wins.
struct Library {
  std::string_view name;
  const char* pattern;
};

constexpr std::array libraries{
    Library{"eigen core", "^Eigen/Core$"},
    Library{"sanitizer", "^sanitizer/"},
    Library{"eigen", "^(unsupported/)?Eigen/"},
    Library{"fmt", "^fmt/"},
    Library{"tbb", "^(oneapi/)?tbb/"},
    Library{"random123", "^Random123/"},
    Library{"boost", "^boost/"},
    Library{"cerf", "^cerf\\.h$"},
    Library{"sundials", "^(sundials|cvode|ida|kinsol|nvector|sunmatrix|sunlinsol|sunnonlinsol)/"},
    Library{"ceres", "^ceres/"},
    Library{"hdf5", "^(hdf5(_hl)?|H5.*)\\.h$"},
    Library{"tomlplusplus", "^toml\\+\\+/|^toml(\\+\\+)?\\.h"},
    Library{"openssl", "^openssl/"},
    Library{"json", "^nlohmann/"},
    Library{"tiff", "^tiffio\\.h(xx)?$"},
    Library{"aravis", "^arv\\.h$"},
    Library{"tango", "^tango\\.h$"},
    Library{"spdlog", "^spdlog/"},
    Library{"cli11", "^CLI/"},
    Library{"gtest", "^g(test|mock)/"},
    Library{"rapidcheck", "^rapidcheck(\\.h$|/)"},
    Library{"benchmark", "^benchmark/"},
    Library{
        "posix",
        "^(sys|netinet|arpa|net)/|^(unistd|fcntl|poll|signal|netdb|dlfcn|pty|termios|pthread|spawn)"
        "\\.h$"},
    Library{"simd", "^immintrin\\.h$"},
    Library{"standard", "^[a-z_0-9]+$"},
};

/// A word that code may contain only in files whose path begins with one of `allowed`.
struct ForbiddenWord {
  const char* pattern;
  std::string_view rule;
  Words allowed;
};

const std::vector<ForbiddenWord>& forbidden_words() {
  static const std::vector<ForbiddenWord> list = {
      {R"(\b(s?rand|rand_r|[dlm]rand48)\s*\()", "random numbers come from RandomStream only", {}},
      {R"(\brandom_device\b)", "a seed is given, never drawn", {"app/"}},
      {R"(\bmt19937|\bminstd_rand|\bdefault_random_engine)",
       "random numbers come from RandomStream only",
       {}},
      {R"(\bstd\s*::\s*\w+_distribution\b)", "distributions are those of RandomStream", {}},
      {R"(\bstd\s*::\s*(ranges\s*::\s*)?(shuffle|sample)\b)",
       "shuffle with RandomStream::index",
       {}},
      {R"(\bsetRandom\s*\(|::\s*Random\s*\()", "Eigen's random numbers are not reproducible", {}},
      {R"(\bsystem_clock\b)", "only base/clock.cpp reads the time of day", {"base/clock.cpp"}},
      {R"(\b(steady_clock|high_resolution_clock)\b)",
       "time comes from a Clock",
       {"base/clock.",
        "devices/drivers/",
        "devices/servers/",
        "validation/",
        "app/",
        "tests/",
        "benchmarks/"}},
      {R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)",
       "only a Clock sleeps",
       {"base/clock.cpp", "devices/drivers/", "devices/servers/"}},
      {R"(\bstd\s*::\s*(cout|cerr|clog)\b|\bf?printf\s*\(|\bputs\s*\(|\bfmt\s*::\s*print)",
       "library code never prints",
       {"app/", "tests/", "benchmarks/", "docs/snippets/"}},
      {R"(\bgetenv\b)",
       "library code never reads the environment",
       {"app/", "tests/", "benchmarks/"}},
      {R"(\bstd\s*::\s*(async|execution)\b|#\s*pragma\s+omp)",
       "the one parallel loop is for_each_chunk",
       {}},
      {R"(\bthread_local\b)", "hidden state", {}},
  };
  return list;
}

bool begins_with_any(std::string_view path, const Words& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
    return path.starts_with(prefix);
  });
}

bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The row of the longest folder that the path lies in, or null.
const Row* row_of(std::string_view path) {
  const Row* best = nullptr;
  for (const Row& row : table()) {
    const bool inside = path.size() > row.folder.size() && path.starts_with(row.folder) &&
                        path[row.folder.size()] == '/';
    if (inside && (best == nullptr || row.folder.size() > best->folder.size())) {
      best = &row;
    }
  }
  return best;
}

std::string_view library_of(const std::string& name) {
  for (const Library& library : libraries) {
    if (std::regex_search(name, std::regex(library.pattern))) {
      return library.name;
    }
  }
  return "unknown";
}

struct Include {
  int line;
  std::string name;
  bool ours;  // in quotes
};

std::vector<Include> includes_of(const std::string& code) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(<([^>]+)>|"([^"]+)"))re");
  std::vector<Include> found;
  std::istringstream lines(code);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (line.find("include") != std::string::npos && std::regex_search(line, match, pattern)) {
      found.push_back(
          {number, match[2].matched ? match[2].str() : match[3].str(), match[3].matched});
    }
  }
  return found;
}

class Checker {
 public:
  explicit Checker(const Tree& tree) : tree_(tree) {
    for (const auto& [path, text] : tree) {
      code_[path] = code_only(text);
      includes_[path] = includes_of(code_[path]);
    }
  }

  std::vector<std::string> run() {
    for (const auto& [path, includes] : includes_) {
      const Row* row = row_of(path);
      if (row == nullptr) {
        report(path, 1, "lies in no folder of the include table");
        continue;
      }
      for (const Include& include : includes) {
        include.ours ? check_ours(path, *row, include) : check_library(path, *row, include);
      }
      check_words(path);
      check_walls(path);
      if (path.ends_with(".hpp") && code_[path].find("#pragma once") == std::string::npos) {
        report(path, 1, "a header begins with #pragma once");
      }
    }
    return std::move(found_);
  }

 private:
  void report(const std::string& path, int line, const std::string& rule) {
    found_.push_back(path + ":" + std::to_string(line) + ": " + rule);
  }

  void check_ours(const std::string& path, const Row& row, const Include& include) {
    if (!tree_.contains(include.name)) {
      report(
          path, include.line, "\"" + include.name + "\" is not a path from the root of the tree");
      return;
    }
    const Row* target = row_of(include.name);
    if (target == nullptr || (target != &row && !contains(row.ours, target->folder))) {
      report(path,
             include.line,
             std::string(row.folder) + "/ may not include \"" + include.name + "\"");
    }
  }

  void check_library(const std::string& path, const Row& row, const Include& include) {
    const std::string_view library = library_of(include.name);
    if (library == "standard") {
      return;
    }
    const bool header = path.ends_with(".hpp");
    const bool allowed = contains(row.headers, library) ||
                         (!header && (contains(row.sources, library) ||
                                      (library == "eigen core" && contains(row.sources, "eigen"))));
    if (!allowed) {
      report(path,
             include.line,
             "<" + include.name + "> is not allowed in " + (header ? "headers" : "sources") +
                 " of " + std::string(row.folder) + "/");
    }
    for (const SoleUser& user : sole_users()) {
      if (user.library == library && !begins_with_any(path, user.paths)) {
        report(path,
               include.line,
               "<" + include.name + "> belongs to " + std::string(user.paths.front()) + " alone");
      }
    }
  }

  void check_words(const std::string& path) {
    std::istringstream lines(code_[path]);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      if (std::all_of(line.begin(), line.end(), [](unsigned char c) { return std::isspace(c); })) {
        continue;
      }
      for (std::size_t i = 0; i < words_.size(); ++i) {
        const ForbiddenWord& word = forbidden_words()[i];
        std::smatch match;
        if (!begins_with_any(path, word.allowed) && std::regex_search(line, match, words_[i])) {
          report(path, number, "\"" + match.str() + "\": " + std::string(word.rule));
        }
      }
    }
  }

  void check_walls(const std::string& path) {
    for (const Wall& wall : walls()) {
      if (row_of(path)->folder != wall.folder) {
        continue;
      }
      std::set<std::string> seen;
      const std::string chain = chain_to(path, wall.forbidden, seen);
      if (!chain.empty()) {
        report(path, 1, "the wall: " + chain);
      }
    }
  }

  /// "a -> b -> c" from `path` to a file in one of the forbidden folders, or "".
  std::string chain_to(const std::string& path,
                       const Words& forbidden,
                       std::set<std::string>& seen) {
    if (!seen.insert(path).second) {
      return {};
    }
    const auto here = includes_.find(path);
    if (here == includes_.end()) {
      return {};
    }
    for (const Include& include : here->second) {
      const Row* row = include.ours ? row_of(include.name) : nullptr;
      if (row == nullptr) {
        continue;
      }
      const std::string rest =
          contains(forbidden, row->folder) ? include.name : chain_to(include.name, forbidden, seen);
      if (!rest.empty()) {
        return path + " -> " + rest;
      }
    }
    return {};
  }

  static std::vector<std::regex> compile_words() {
    std::vector<std::regex> compiled;
    for (const ForbiddenWord& word : forbidden_words()) {
      compiled.emplace_back(word.pattern, std::regex::optimize);
    }
    return compiled;
  }

  const Tree& tree_;
  std::map<std::string, std::string> code_;
  std::map<std::string, std::vector<Include>> includes_;
  std::vector<std::regex> words_ = compile_words();
  std::vector<std::string> found_;
};

/// End of the literal or comment that begins at `at`, or `at` if none begins there.
std::size_t skip_end(const std::string& text, std::size_t at, bool keep_quotes) {
  const auto after = [&](std::size_t found, std::size_t length) {
    return found == std::string::npos ? text.size() : found + length;
  };
  if (text.compare(at, 2, "//") == 0) {
    return std::min(text.find('\n', at), text.size());
  }
  if (text.compare(at, 2, "/*") == 0) {
    return after(text.find("*/", at + 2), 2);
  }
  if (text.compare(at, 2, "R\"") == 0 &&
      (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0)) {
    const std::size_t open = text.find('(', at);
    const std::string close =
        ")" + text.substr(at + 2, std::min(open, text.size()) - at - 2) + "\"";
    return after(text.find(close, at), close.size());
  }
  const char quote = text[at];
  const bool separator =  // 1'000
      quote == '\'' && at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0;
  if (keep_quotes || separator || (quote != '"' && quote != '\'')) {
    return at;
  }
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') {
    i += text[i] == '\\' ? 2U : 1U;
  }
  return std::min(i + 1, text.size());
}

}  // namespace

std::string code_only(const std::string& text) {
  std::string out = text;
  bool include_line = false;
  for (std::size_t i = 0; i < text.size();) {
    if (i == 0 || text[i - 1] == '\n') {
      static const std::regex directive("^[ \\t]*#[ \\t]*include");
      include_line = std::regex_search(
          text.begin() + static_cast<std::ptrdiff_t>(i),
          text.begin() + static_cast<std::ptrdiff_t>(std::min(text.find('\n', i), text.size())),
          directive);
    }
    const std::size_t end = skip_end(text, i, include_line);
    for (std::size_t k = i; k < end; ++k) {
      out[k] = text[k] == '\n' ? '\n' : ' ';
    }
    i = std::max(end, i + 1);
  }
  return out;
}

Tree read_tree(const std::string& root) {
  namespace fs = std::filesystem;
  std::set<std::string> tops;
  for (const Row& row : table()) {
    tops.emplace(row.folder.substr(0, row.folder.find('/')));
  }
  Tree tree;
  for (const std::string& top : tops) {
    if (!fs::is_directory(fs::path(root) / top)) {
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / top)) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && (extension == ".hpp" || extension == ".cpp")) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        tree[entry.path().lexically_relative(root).generic_string()] = text.str();
      }
    }
  }
  return tree;
}

std::vector<std::string> violations(const Tree& tree) {
  return Checker(tree).run();
}

}  // namespace halotwin::architecture
