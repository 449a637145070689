// halotwin validate
#include "validation/validate.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "validation/report.hpp"

namespace halotwin::app {

namespace {

std::uint64_t seed_from(const std::string& text) {
  if (text.empty()) {
    return 1;
  }
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seed);
  require(
      read.ec == std::errc() && read.ptr == end && seed < (std::uint64_t{1} << 63),
      fmt::format("--seed \"{}\" (must be a whole number from 0 to 9223372036854775807)", text));
  return seed;
}

void write_text(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text << '\n';
  if (!stream.flush()) {
    throw DataError(fmt::format("{}: cannot be written", file));
  }
}

const char* word_of(validation::Met met) {
  return met == validation::Met::yes ? "met" : met == validation::Met::no ? "NOT met" : "shown";
}

}  // namespace

int validate(const ValidateArguments& arguments, const Surroundings& around) {
  Console console;
  validation::ValidateOptions options;
  options.selection = arguments.rows;
  options.seed = seed_from(arguments.seed);
  options.quick = arguments.quick;
  options.threads = threads_from(arguments.threads);
  options.program = std::filesystem::read_symlink("/proc/self/exe");
  options.command_line = around.command_line;
  options.progress = [&](const std::string& line) {
    console.status(line);
    if (around.stop.stop_requested()) {
      throw Interrupted("interrupted");
    }
  };
  options.row_done = [&](const validation::Row& row, std::size_t place, std::size_t count) {
    console.note(fmt::format("{:>2} of {}  {:<4} {:<8} {:>8}  {}",
                             place,
                             count,
                             row.target.id,
                             word_of(row.verdict.met),
                             duration_text(row.wall_s),
                             row.target.title));
  };
  if (!arguments.rows_to.empty()) {
    options.folder = arguments.rows_to;
    validation::check_rows(options);
    return done;
  }
  const validation::Validation validation = validation::run_validation(options);
  console.clear();
  fmt::print("\n{}\n", validation::to_text(validation.rows, line_width()));
  if (!arguments.json.empty()) {
    write_text(arguments.json, validation::to_json(validation.header, validation.rows));
  }
  if (!arguments.report.empty()) {
    validation::write_report(
        arguments.report, validation.header, validation.rows, validation.physics);
    fmt::print("report: {}\n", arguments.report);
  }
  return validation.all_met() ? done : not_met;
}

}  // namespace halotwin::app
