// halotwin serve
#include "session/serve.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "base/require.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "devices/wire/wire_record.hpp"

namespace halotwin::app {

namespace {

double speed_of(const std::string& text) {
  if (text == "max") {
    return 0.0;
  }
  const auto speed = number_of(text);
  require(speed && *speed > 0.0 && *speed <= 1e6,
          fmt::format("--speed \"{}\" (must be a number above 0, or max)", text));
  return *speed;
}

void print_table(const std::vector<session::Served>& served, const std::string& note) {
  for (const session::Served& one : served) {
    fmt::print("{:<18} {:<18} {}\n", one.role, one.as, one.address);
  }
  fmt::print("{}; Ctrl-C ends it\n", note);
  std::fflush(stdout);  // whoever waits for the addresses reads a pipe
}

int play(const std::string& file, session::ServeOptions options) {
  Console console;
  options.listener = &console;
  options.ready = [&](const auto& served) { print_table(served, "plays " + file); };
  if (session::serve_record(file, options)) {
    fmt::print("everything was said as recorded\n");
    return done;
  }
  fmt::print("not everything was said as recorded\n");
  return not_met;
}

}  // namespace

int serve(const ServeArguments& arguments, const Surroundings& around) {
  session::ServeOptions options;
  options.speed = speed_of(arguments.speed);
  options.listen = arguments.listen;
  options.folder = arguments.folder;
  require(arguments.port >= 0 && arguments.port < 65536,
          fmt::format("--port {} (must be 0 to 65535)", arguments.port));
  options.first_port = static_cast<std::uint16_t>(arguments.port);
  options.threads = {arguments.threads};
  options.stop = around.stop;
  for (const std::string& as : arguments.as) {
    const auto equals = as.find('=');
    require(equals != std::string::npos,
            fmt::format("--as \"{}\" (must be role=protocol, e.g. lockin_electrical=sr830)", as));
    options.as[as.substr(0, equals)] = as.substr(equals + 1);
  }
  if (devices::is_wire_record(arguments.scenario)) {
    return play(arguments.scenario, options);
  }
  const session::Scenario scenario = session::load_scenario(
      arguments.scenario, {.settings = arguments.settings, .seed = arguments.seed});
  options.ready = [&](const auto& served) {
    print_table(served,
                options.speed > 0.0
                    ? fmt::format("time runs at {:g} times real time", options.speed)
                    : "time moves only when a client of the clock sleeps");
  };
  Console console;
  if (!arguments.folder.empty()) {  // a file has no way to tell its writer what was not executed
    options.listener = &console;
  }
  std::uint64_t answers = 0;
  for (const session::Served& one : session::serve(scenario, options)) {
    answers += one.answers;
  }
  fmt::print("stopped after {} commands; the instruments are safe\n", answers);
  return done;
}

}  // namespace halotwin::app
