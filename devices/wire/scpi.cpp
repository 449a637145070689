#include "devices/wire/scpi.hpp"

#include <algorithm>
#include <cctype>
#include <span>

#include "base/text.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices::scpi {

namespace {

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

bool part_of_header(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '_' || c == '*';
}

using Words = std::span<const std::string_view>;

bool same(Words pattern, Words given) {
  if (pattern.empty()) {
    return given.empty();
  }
  std::string_view word = pattern.front();
  const bool optional = word.starts_with('[');
  if (optional) {
    word = word.substr(1, word.size() - 2);
  }
  return (!given.empty() && is_word(word, given.front()) &&
          same(pattern.subspan(1), given.subspan(1))) ||
         (optional && same(pattern.subspan(1), given));
}

/// `path` is where it begins, and where the next one does.
Command parse_command(std::string_view text, std::string& path) {
  const std::size_t end = static_cast<std::size_t>(
      std::find_if_not(text.begin(), text.end(), part_of_header) - text.begin());
  std::string_view header = text.substr(0, end);
  std::string_view rest = text.substr(end);
  Command out;
  out.query = rest.starts_with('?');
  rest.remove_prefix(out.query ? 1 : 0);
  const bool apart = rest.empty() || std::isspace(static_cast<unsigned char>(rest.front())) != 0;
  const bool rooted = header.starts_with(':');
  header.remove_prefix(rooted ? 1 : 0);
  if (!apart || header.empty() || header.ends_with(':') ||
      header.find('*', header.front() == '*' ? 1 : 0) != std::string_view::npos) {
    return {};
  }
  if (header.front() == '*') {
    out.header = header;
  } else {
    out.header = (rooted ? "" : path) + std::string(header);
    path = out.header.substr(0, out.header.rfind(':') + 1);  // npos + 1 = 0
  }
  rest = trimmed(rest);
  if (!rest.empty()) {
    for (const std::string_view argument : split(rest, ',')) {
      out.arguments.emplace_back(trimmed(argument));
    }
  }
  return out;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  char quote = '\0';
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == separator) {
      out.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

std::vector<Command> parse(std::string_view line) {
  std::vector<Command> out;
  std::string path;
  for (std::string_view text : split(line, ';')) {
    text = trimmed(text);
    if (!text.empty()) {
      out.push_back(parse_command(text, path));
    }
  }
  return out;
}

bool is_word(std::string_view word, std::string_view given) {
  if (given.size() > 1 && given.ends_with('1')) {
    given.remove_suffix(1);
  }
  const auto* small = std::find_if(word.begin(), word.end(), [](char c) { return c != upper(c); });
  const auto capitals = static_cast<std::size_t>(small - word.begin());
  return (given.size() == capitals || given.size() == word.size()) &&
         std::equal(given.begin(), given.end(), word.begin(), [](char a, char b) {
           return upper(a) == upper(b);
         });
}

bool is_header(std::string_view pattern, std::string_view header) {
  return same(split(pattern, ':'), split(header, ':'));
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<Error> parse_error(std::string_view answer) {
  const std::vector<std::string_view> parts = split(trimmed(answer), ',');
  const auto code = parse_whole(parts[0]);
  if (parts.size() != 2 || !code) {
    return std::nullopt;
  }
  return Error{*code, std::string(unquoted(trimmed(parts[1])))};
}

}  // namespace halotwin::devices::scpi
